"""What a connector can do besides setting fields."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from app.domain.action import Action, Asked, Planned
from app.domain.mapping import EntityMapping


@runtime_checkable
class Acts(Protocol):
    """A connector that offers actions; none of these calls anybody."""

    def actions(self, entity: EntityMapping) -> Sequence[Action]:
        """Return what can be done about records of an entity."""
        ...

    def planned(self, asked: Asked) -> Planned:
        """Return the operation that an action becomes.

        Raises:
            WrongUse: It cannot be done to this record, or not so.
        """
        ...
