"""What every connector can do. Nothing above this layer knows more of a system than this."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from app.domain.control import CancelToken
from app.domain.forecast import Forecast
from app.domain.mapping import EntityMapping
from app.domain.plan import Operation, Outcome, Verb
from app.domain.record import Record


class Scope(Enum):
    """How much a read asks for."""

    ALL = "all"
    KEYS = "keys"


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """What to read: entities that this connector reads together, whole or by keys.

    Attributes:
        entities: One element of `Reader.groups`.
        keys: With `Scope.KEYS`, the keys wanted of the one entity; any number.
    """

    entities: tuple[EntityMapping, ...]
    scope: Scope = Scope.ALL
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Some records of one entity, in no order; a key may stand twice where the system has it twice.

    Attributes:
        unkeyed: How many rows were left out because they have no key.
    """

    entity: str
    records: Sequence[Record]
    unkeyed: int = 0


@dataclass(frozen=True, slots=True)
class Quota:
    """A limit of the system: how much is left of how much."""

    name: str
    left: int
    maximum: int


@dataclass(frozen=True, slots=True)
class Health:
    """Who we are on a system and how it is.

    Attributes:
        instance: The organisation or client number: what must not change under a workspace.
        missing: What the mapping needs and the system lacks, in words.
    """

    instance: str
    user: str
    version: str
    quotas: tuple[Quota, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """Operations of one entity that may be sent together, none depending on another."""

    entity: EntityMapping
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class OperationCounts:
    """How many operations of each verb an entity has, and how large they are together."""

    entity: EntityMapping
    verbs: Mapping[Verb, int] = field(default_factory=dict)
    size_bytes: int = 0

    @property
    def total(self) -> int:
        """All operations."""
        return sum(self.verbs.values())


class Reader(Protocol):
    """A connector as code sees it that only reads: a type that cannot write."""

    @property
    def calls(self) -> int:
        """How many calls this connector has made so far (each HTTP request is one)."""
        ...

    def check(self, entities: Sequence[EntityMapping], cancel: CancelToken) -> Health:
        """Return who we are, and what the entities need that the system lacks."""
        ...

    def groups(self, entities: Sequence[EntityMapping]) -> Sequence[tuple[EntityMapping, ...]]:
        """Return the entities in groups, each read by one request; groups may be read at once."""
        ...

    def read(self, request: ReadRequest, cancel: CancelToken) -> Iterator[Page]:
        """Yield the records asked for; several reads may run at once, each in its own thread."""
        ...

    def forecast_reads(self, entity: EntityMapping, keys: int) -> int:
        """Return the calls that a read of that many keys takes."""
        ...


class Connector(Reader, Protocol):
    """A connector that may write."""

    def verbs(self, entity: EntityMapping) -> frozenset[Verb]:
        """Return what can be done to an entity here; empty where it is read only."""
        ...

    def writable(self, entity: EntityMapping) -> frozenset[str]:
        """Return the names of the fields that an update can set here."""
        ...

    @property
    def batch_size(self) -> int:
        """The most operations that one `Batch` may hold."""
        ...

    def write(self, batch: Batch, cancel: CancelToken) -> Iterator[Outcome]:
        """Yield one outcome for each operation, in any order; several writes may run at once.

        A batch is never cut in two by a cancel. An operation whose answer was lost comes back as
        `UNKNOWN`; what the target refuses as `FAILED` with the target's words. Raises an
        `AppError` only when nothing of the batch was carried out.
        """
        ...

    def forecast(self, counts: OperationCounts) -> Forecast:
        """Return what the operations of one entity cost."""
        ...
