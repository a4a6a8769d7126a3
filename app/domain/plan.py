"""CommitPlan: chosen operations, what each expects to find, and what the whole will cost."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, IntEnum
from hashlib import sha256
from typing import NamedTuple

import msgspec

from app.domain.forecast import Forecast
from app.domain.mapping import KEY
from app.domain.record import BaseValue, RecordKey, Side


class Verb(Enum):
    """What an operation does; Salesforce's own words."""

    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"


class OutcomeState(IntEnum):
    """What became of an operation; the numbers are stored, so they never change."""

    INTENT = 0
    WRITTEN = 1
    FAILED = 2
    STALE = 3
    SKIPPED = 4
    UNKNOWN = 5


class FieldChange(msgspec.Struct, frozen=True, gc=False):
    """One field of an operation: what it is, what it is to become.

    No dataclass, since tens of millions are made: one costs three times as much to make, and
    the collector of garbage walks it. `gc=False` holds because no value leads back to it.
    """

    name: str
    before: BaseValue
    after: BaseValue


@dataclass(frozen=True, slots=True)
class Operation:
    """One write on one side.

    Attributes:
        changes: For an insert all fields, for an update those that change, for a delete the values
            that go (so that they can be put back).
        expects: The content hash of the record that must be found, None where none may be there.
        side_id: The side's own id of the record, where it is known.
        idempotency_key: Names this one intent of one commit for ever; a repeated send carries the
            same. A plan has none: it may be committed more than once.
    """

    entity: str
    key: str
    side: Side
    verb: Verb
    changes: tuple[FieldChange, ...]
    expects: int | None
    side_id: str = ""
    idempotency_key: str = ""

    @property
    def record_key(self) -> RecordKey:
        """The record that it writes."""
        return RecordKey(self.entity, self.key)

    @property
    def key_change(self) -> FieldChange | None:
        """What it does to the record's own key, where that is or becomes another than `key`.

        Such a record is named by its id alone.
        """
        return next((change for change in self.changes if change.name == KEY), None)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one operation.

    Attributes:
        message: The target's own words where it refused.
        field: The field that the target named, if any.
        side_id: The record's id on the target, where the target told it.
        key: The key that the target gave a new record, where it gives keys itself; `""` where it
            is the operation's.
    """

    operation: Operation
    state: OutcomeState
    message: str = ""
    field: str = ""
    side_id: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that will or may go wrong; `key` is "" where it concerns the whole plan."""

    severity: str
    entity: str
    key: str
    message: str


class Part(NamedTuple):
    """What operations are counted by."""

    entity: str
    side: Side
    verb: Verb


@dataclass(frozen=True, slots=True)
class Approval:
    """Somebody read a plan and found it good; `at` is ISO 8601, UTC."""

    who: str
    at: str


@dataclass(frozen=True, slots=True)
class CommitPlan:
    """An ordered set of chosen operations; `operations` stand in the order of sending.

    They may stand in a file: reading them through more than once costs.

    Attributes:
        instances: Side → the organisation or client that the plan was made for.
        tally: How many operations there are of each part.
    """

    workspace: str
    mapping: str
    operations: Sequence[Operation]
    forecast: Forecast
    problems: tuple[Problem, ...] = ()
    not_checked: tuple[str, ...] = ()
    created_at: str = ""
    created_by: str = ""
    instances: Mapping[Side, str] = field(default_factory=dict)
    approvals: tuple[Approval, ...] = ()
    tally: Mapping[Part, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.tally and self.operations:
            object.__setattr__(self, "tally", tally(self.operations))

    @property
    def counts(self) -> Counter[Verb]:
        """How many operations of each verb."""
        counts: Counter[Verb] = Counter()
        for part, count in self.tally.items():
            counts[part.verb] += count
        return counts


def tally(operations: Iterable[Operation]) -> Counter[Part]:
    """Return how many operations there are of each part."""
    return Counter(Part(item.entity, item.side, item.verb) for item in operations)


def number(operation: Operation, seed: str) -> Operation:
    """Return an operation with its idempotency key: 32 letters and digits, the same for one seed.

    Alphanumeric, since Aria's client_receipt_id must be (aria.md §1.9).
    """
    parts = (seed, operation.entity, operation.key, operation.side.value, operation.verb.value)
    return replace(operation, idempotency_key=sha256("\0".join(parts).encode()).hexdigest()[:32])
