"""What a connector can do besides setting fields, and what it can say of an operation."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, runtime_checkable

from app.domain.action import Action, Asked, Named, Planned
from app.domain.deal import Deal, Sold
from app.domain.mapping import EntityMapping
from app.domain.plan import Operation


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


@runtime_checkable
class Sells(Protocol):
    """A connector that knows what the lines of an order are in its system."""

    def sold(self, deal: Deal) -> Sold:
        """Return which inputs of an action the lines of a deal tell; nobody is called."""
        ...


@runtime_checkable
class Explains(Protocol):
    """A connector that can say what an operation will bring, where no dry run of it can be had."""

    def explained(
        self, operation: Operation, look: Callable[[str, str], Named | None]
    ) -> Iterator[str]:
        """Yield what a person should know before it is committed; nobody is called.

        Args:
            operation: One on this connector's side.
            look: Gives a record of this side by entity and key, as last read.
        """
        ...


@runtime_checkable
class Tells(Protocol):
    """A connector that has words for what its system keeps in a form for machines."""

    def told(self, entity: EntityMapping, name: str, value: str) -> str:
        """Return what the text of a field says to a person; `""` where it is plain already."""
        ...
