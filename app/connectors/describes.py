"""What a connector offers that can tell which columns or fields its system has."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from app.domain.column import Column
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping


@runtime_checkable
class Describes(Protocol):
    """A connector whose system tells what there is, beyond what the mapping names.

    Raises, everywhere: an `AppError` where the system cannot be asked.
    """

    def columns(self, entity: EntityMapping, cancel: CancelToken) -> Sequence[Column]:
        """Return what the system tells of an entity's columns; none where it lacks the entity."""
        ...

    def objects(self, cancel: CancelToken) -> Sequence[str]:
        """Return the names that an entity could have on the system, none where names are fixed."""
        ...
