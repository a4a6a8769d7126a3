"""What every connector can do. Nothing above this layer knows more of a system than this."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol, runtime_checkable

from app.domain.constraint import Constraints
from app.domain.control import CancelToken
from app.domain.forecast import Forecast
from app.domain.mapping import EntityMapping
from app.domain.plan import Operation, Outcome, Verb
from app.domain.record import FieldValue, Record


class Scope(Enum):
    """How much a read asks for."""

    ALL = "all"
    SINCE = "since"
    KEYS = "keys"
    IDS = "ids"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """What to read: entities that this connector reads together: whole, what changed, or some.

    Attributes:
        entities: One element of `Reader.groups`; with `Scope.ACCOUNT` any that belong to accounts.
        keys: With `Scope.KEYS`, the keys wanted of the one entity; with `Scope.IDS` the side's own
            ids, which only a side needs to serve that fills `Page.loose`; any number.
        cursor: With `Scope.SINCE`, what an earlier read of the entities left in `Page.cursor`.
        account: With `Scope.ACCOUNT`, the key of the account whose records are wanted, and no
            others; the reader overlaps its calls itself, and reads nothing twice.
        any_case: With `Scope.KEYS`, whether records come too whose keys are those wanted but for
            upper and lower case, where the side takes two such keys for one.
    """

    entities: tuple[EntityMapping, ...]
    scope: Scope = Scope.ALL
    keys: tuple[str, ...] = ()
    cursor: str = ""
    account: str = ""
    any_case: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Some records of one entity, in no order; a key may stand twice where the system has it twice.

    Attributes:
        unkeyed: How many rows were left out because they have no key.
        cursor: On an entity's last page: from where a later read with `Scope.SINCE` goes on. It
            names the instance it is of, and reaches back a little for clocks that differ.
        gone: With `Scope.SINCE`, the side's own ids of records that are no longer there.
        loose: The rows without a key as records, their key `""`, where a pairing can give them one.
    """

    entity: str
    records: Sequence[Record]
    unkeyed: int = 0
    cursor: str = ""
    gone: tuple[str, ...] = ()
    loose: Sequence[Record] = ()


class Resource(Enum):
    """What a limit may be a limit of, where a forecast can be held against it."""

    CALLS = "calls"
    STORAGE_MB = "storage_mb"


@dataclass(frozen=True, slots=True)
class Quota:
    """A limit of the system: how much is left of how much.

    Attributes:
        counts: What it limits, for those that a forecast is held against.
    """

    name: str
    left: int
    maximum: int
    counts: Resource | None = None


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
    """Operations of one entity that may be sent together, none depending on another.

    Attributes:
        begun: Called with the id of a job of the target's own before anything is sent to it, so
            that `Connector.conclude` can find it after a crash.
        together: Tells which operations stand or fall together: those for which it returns the
            same. None where each stands by itself. A target that has no such call ignores it.
    """

    entity: EntityMapping
    operations: tuple[Operation, ...]
    begun: Callable[[str], None] = field(default=lambda _job: None, compare=False)
    together: Callable[[Operation], str] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class OperationCounts:
    """How many operations of each verb an entity has, and how large they are together.

    Attributes:
        calls: What they take together by `Weighing.calls_of`, of a connector that weighs them.
        turns: How often operations wait for others of the entity, at which their records point.
        most_before: The operations of the entity that has most of those that are sent before.
    """

    entity: EntityMapping
    verbs: Mapping[Verb, int] = field(default_factory=dict)
    size_bytes: int = 0
    most_before: int = 0
    calls: int = 0
    turns: int = 0

    @property
    def total(self) -> int:
        """All operations."""
        return sum(self.verbs.values())


@dataclass(frozen=True, slots=True)
class Notice:
    """A side told that records changed there.

    Attributes:
        entities: Those to be read again; none if only the cursor moved on.
        changes: How many changes were told, ours left out.
        cursor: From where to go on listening once these were read.
    """

    entities: frozenset[str]
    changes: int
    cursor: str


@runtime_checkable
class Watcher(Protocol):
    """A connector whose system tells of changes as they happen."""

    def watch(
        self, entities: Sequence[EntityMapping], since: str, cancel: CancelToken
    ) -> Iterator[Notice]:
        """Yield notices without end, the first at once; what we changed ourselves is left out.

        Raises:
            CursorRefused: `since` is of another instance or too old: read everything, then listen
                from now on (`""`).
        """
        ...


@dataclass(frozen=True, slots=True)
class Lasting:
    """What of a write stays when somebody wants it undone.

    Attributes:
        refused: Why it cannot be taken back at all, `""` if it can.
        stays: What remains when it was taken back, `""` for nothing.
    """

    refused: str = ""
    stays: str = ""


@runtime_checkable
class Remembering(Protocol):
    """A connector some of whose writes cannot be taken back, or not without a trace."""

    def lasting(self, entity: EntityMapping, operation: Operation) -> Lasting:
        """Return what stays of an operation that was written; no call."""
        ...


Held = Callable[[str, Sequence[str]], Sequence[Mapping[str, FieldValue]]]
"""Gives, of an entity and keys of its records, those that the mirror has: by billing's columns."""


@runtime_checkable
class Foreseeing(Protocol):
    """A connector that knows, from what was read before, of operations that will be refused."""

    def foreseen(self, entity: EntityMapping, operation: Operation, held: Held) -> Iterator[str]:
        """Yield in words why an operation will be refused; nothing where that is not known."""
        ...


@runtime_checkable
class Weighing(Protocol):
    """A connector of a system without batches, which knows what each operation costs by itself."""

    def calls_of(self, entity: EntityMapping, operation: Operation) -> int:
        """Return the calls of one operation, with what is read right before and after it.

        None is made. An operation that will not be sent, for a value that cannot be, takes none.
        """
        ...

    def read_once(self, entity: EntityMapping, key: str) -> str:
        """Return what the read of a key asks for: of keys for which it is the same, only once.

        `""` where a key such as a new record may have asks for nothing.
        """
        ...


Below = Callable[[str, str], Sequence[Mapping[str, FieldValue]]]
"""Gives, of an entity, the billing records that the mirror has under a parent's key: by columns."""


@runtime_checkable
class Ending(Protocol):
    """A billing connector whose system ends other records together with one."""

    def ended(
        self, entity: EntityMapping, operation: Operation, held: Held, below: Below
    ) -> Iterator[str]:
        """Yield in words what else an operation ends; nothing where that is not known."""
        ...


class Reader(Protocol):
    """A connector as code sees it that only reads: a type that cannot write."""

    @property
    def calls(self) -> int:
        """How many calls this connector has made so far (each HTTP request is one)."""
        ...

    @property
    def quotas(self) -> Sequence[Quota]:
        """What is known, without a call, of the system's limits: from the last answers."""
        ...

    def instance(self, cancel: CancelToken) -> str:
        """Return which organisation or client this is, as `Health.instance`; at most one call."""
        ...

    def check(self, entities: Sequence[EntityMapping], cancel: CancelToken) -> Health:
        """Return who we are, and what the entities need that the system lacks."""
        ...

    def incremental(self, entity: EntityMapping) -> bool:
        """Return whether the system can tell what changed of an entity since a cursor."""
        ...

    def groups(self, entities: Sequence[EntityMapping]) -> Sequence[tuple[EntityMapping, ...]]:
        """Return the entities in groups, each read by one request; groups may be read at once."""
        ...

    def read(self, request: ReadRequest, cancel: CancelToken) -> Iterator[Page]:
        """Yield the records asked for; several reads may run at once, each in its own thread.

        Raises:
            CursorRefused: The cursor is of another instance or too old: read the whole.
        """
        ...

    def forecast_reads(self, entity: EntityMapping, keys: int, key_size: int = 0) -> int:
        """Return the calls that a read of that many keys takes.

        Args:
            entity: What is read.
            keys: How many.
            key_size: Their average length in a URL, 0 where it is not known.
        """
        ...

    def forecast_changed(self, entity: EntityMapping, changed: int) -> int:
        """Return the calls that a read of what changed takes, where so many records did."""
        ...


class Connector(Reader, Protocol):
    """A connector that may write."""

    def verbs(self, entity: EntityMapping) -> frozenset[Verb]:
        """Return what can be done to an entity here; empty where it is read only."""
        ...

    def writable(self, entity: EntityMapping) -> frozenset[str]:
        """Return the names of the fields that an update can set here."""
        ...

    def batch_size(self, counts: OperationCounts) -> int:
        """Return how many operations one `Batch` should hold where there are so many to send."""
        ...

    def constraints(self, entity: EntityMapping, cancel: CancelToken) -> Constraints:
        """Return what the target takes, as far as it tells; no call where it was read before."""
        ...

    def conclude(
        self, job: str, entity: EntityMapping, operations: Sequence[Operation], cancel: CancelToken
    ) -> Iterator[Outcome]:
        """Bring a job that a dead commit had begun to its end; yield what it tells of operations.

        What it cannot tell of is not yielded: the caller reads the target to learn it. After the
        last outcome the job will write nothing more.
        """
        ...

    def write(self, batch: Batch, cancel: CancelToken) -> Iterator[Outcome]:
        """Yield one outcome for each operation, in any order; several writes may run at once.

        A batch is never cut in two by a cancel. An operation whose answer was lost comes back as
        `UNKNOWN`; what the target refuses as `FAILED` with the target's words. Raises an
        `AppError` only when nothing of the batch was carried out.
        """
        ...

    def forecast(self, counts: OperationCounts) -> Forecast:
        """Return what the operations of one entity cost, with what a new process asks once."""
        ...
