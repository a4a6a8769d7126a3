"""What reads and what writes a family of Aria's entities: catalog, accounts, transactions."""

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

from app.connectors.protocol import Below, Held, Lasting, Page, ReadRequest
from app.domain.constraint import Constraints
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping
from app.domain.plan import Operation, Outcome, Verb


class ReadFamily(Protocol):
    """Reads some entities; all that it is given are among `entities`."""

    @property
    def entities(self) -> frozenset[str]:
        """The names of the entities that it reads."""
        ...

    def groups(self, entities: Sequence[EntityMapping]) -> Sequence[tuple[EntityMapping, ...]]:
        """Return the entities in groups that the same calls read."""
        ...

    def pages(self, request: ReadRequest, cancel: CancelToken) -> Iterator[Page]:
        """Yield the records asked for; with `Scope.ACCOUNT` of any of the family's entities."""
        ...

    def incremental(self, entity: EntityMapping) -> bool:
        """Return whether what changed of an entity can be asked for."""
        ...

    def forecast(self, entity: EntityMapping, keys: int) -> int:
        """Return the calls that a read of that many keys takes, each as `read_once` says."""
        ...

    def read_once(self, entity: EntityMapping, key: str) -> str:
        """Return what the read of a key asks for: of keys for which it is the same, only once."""
        ...


class WriteFamily(Protocol):
    """Writes some entities, one operation at a time."""

    @property
    def entities(self) -> frozenset[str]:
        """The names of the entities that it writes."""
        ...

    def verbs(self, entity: EntityMapping) -> frozenset[Verb]:
        """Return what can be done to an entity."""
        ...

    def writable(self, entity: EntityMapping) -> frozenset[str]:
        """Return the mapping's names of the fields that can be set."""
        ...

    def write(self, entity: EntityMapping, operation: Operation, cancel: CancelToken) -> Outcome:
        """Return the outcome of one operation; raises an `AppError` only if nothing was sent."""
        ...

    def calls(self, entity: EntityMapping, operation: Operation) -> int:
        """Return how many calls one operation takes, the reads before and after it included."""
        ...


@runtime_checkable
class TellingFamily(WriteFamily, Protocol):
    """A family that knows what Aria refuses, and what of a write stays for ever."""

    def constraints(self, entity: EntityMapping) -> Constraints:
        """Return what Aria takes in the fields of an entity, as far as it is known."""
        ...

    def foreseen(self, entity: EntityMapping, operation: Operation, held: Held) -> Iterator[str]:
        """Yield in words why Aria will refuse an operation, as far as `held` shows."""
        ...

    def ended(
        self, entity: EntityMapping, operation: Operation, held: Held, below: Below
    ) -> Iterator[str]:
        """Yield in words what else Aria ends with an operation, as far as the mirror shows."""
        ...

    def lasting(self, entity: EntityMapping, operation: Operation) -> Lasting:
        """Return what stays of an operation that was written."""
        ...
