"""A connector to a simulated system: the Protocol as it stands, with every trouble of a network."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

from app.connectors.protocol import (
    Batch,
    Health,
    OperationCounts,
    Page,
    Quota,
    ReadRequest,
    Scope,
)
from app.domain.constraint import Constraints
from app.domain.control import CancelToken
from app.domain.forecast import Forecast
from app.domain.mapping import KEY, EntityMapping
from app.domain.plan import Operation, Outcome, OutcomeState, Verb
from app.domain.record import Record, RecordKey
from app.errors import ConnectionFailed, CursorRefused, LimitReached, NotSignedIn
from tests.simulation.fate import Fate
from tests.simulation.keyed_server import NO_KEY, KeyedServer
from tests.simulation.server import USED, Sent, Server

_REFUSES = {"503": ConnectionFailed, "429": LimitReached, "expired session": NotSignedIn}
_ARRIVES_IN = 40
_DEAR = 1000
_INSTANCE = "simulated"


@dataclass(frozen=True, slots=True)
class Ways:
    """How a simulated system is spoken to.

    Attributes:
        jobs: Writes are jobs of the system's own, which go on when the client is gone (Bulk).
        tells_changes: It can be read since a cursor.
        dear_keys: A read by keys costs so much that the engine asks for what changed instead.
    """

    page_size: int = 3
    rows_in_batch: int = 3
    jobs: bool = False
    tells_changes: bool = False
    dear_keys: bool = False
    verbs: frozenset[Verb] = frozenset(Verb)

    def __str__(self) -> str:
        told = {"jobs": self.jobs, "changes": self.tells_changes, "dear keys": self.dear_keys}
        verbs = " ".join(sorted(verb.value for verb in self.verbs))
        return (
            f"pages of {self.page_size}, batches of {self.rows_in_batch}, {verbs},"
            f" {', '.join(name for name, is_so in told.items() if is_so)}"
        )


@dataclass
class _Late:
    """A request that is still on its way after its sender has given up."""

    due: int
    writes: list[Sent]


@dataclass
class SimulatedConnector:
    """Implements `app.connectors.protocol.Connector` over a `Server`."""

    server: Server
    fate: Fate
    ways: Ways
    calls: int = 0
    sent_keys: set[str] = field(default_factory=set)
    _read_at: dict[RecordKey, int] = field(default_factory=dict)
    _looked_at: dict[str, int] = field(default_factory=dict)
    _read_ids: dict[str, int] = field(default_factory=dict)
    _late: list[_Late] = field(default_factory=list)
    _jobs: dict[str, list[Sent]] = field(default_factory=dict)
    _ran: dict[str, list[Outcome]] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)
    _job_numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def name(self) -> str:
        return self.server.side.value

    @property
    def quotas(self) -> Sequence[Quota]:
        return ()

    def instance(self, cancel: CancelToken) -> str:
        self._call(cancel, f"{self.name}: who is there")
        return _INSTANCE

    def check(self, entities: Sequence[EntityMapping], cancel: CancelToken) -> Health:
        del entities, cancel
        return Health(_INSTANCE, "nobody", "1")

    def incremental(self, entity: EntityMapping) -> bool:
        del entity
        return self.ways.tells_changes

    def groups(self, entities: Sequence[EntityMapping]) -> Sequence[tuple[EntityMapping, ...]]:
        return [(entity,) for entity in entities]

    def forecast_reads(self, entity: EntityMapping, keys: int, key_size: int = 0) -> int:
        del entity, key_size
        return keys * _DEAR if self.ways.dear_keys else -(-keys // self.ways.page_size)

    def forecast_changed(self, entity: EntityMapping, changed: int) -> int:
        del entity
        return 1 + changed // self.ways.page_size

    def verbs(self, entity: EntityMapping) -> frozenset[Verb]:
        del entity
        return self.ways.verbs

    def writable(self, entity: EntityMapping) -> frozenset[str]:
        key = [KEY] if isinstance(self.server, KeyedServer) else []
        return frozenset((*entity.index, *key))

    def batch_size(self, counts: OperationCounts) -> int:
        del counts
        return self.ways.rows_in_batch

    def constraints(self, entity: EntityMapping, cancel: CancelToken) -> Constraints:
        self._call(cancel, f"{self.name}: rules of {entity.name}")
        return Constraints()

    def forecast(self, counts: OperationCounts) -> Forecast:
        calls = -(-counts.total // self.ways.rows_in_batch)
        return Forecast({self.server.side: calls}, counts.size_bytes)

    # Reading

    def read(self, request: ReadRequest, cancel: CancelToken) -> Iterator[Page]:
        for entity in request.entities:
            if request.scope is Scope.KEYS:
                places = [RecordKey(entity.name, key) for key in dict.fromkeys(request.keys)]
                yield from self._pages(entity, places, cancel)
            elif request.scope is Scope.IDS:
                yield from self._by_id(entity, request.keys, cancel)
            elif request.scope is Scope.ACCOUNT:
                yield from self._of_account(entity, request.account, cancel)
            elif request.scope is Scope.SINCE:
                yield from self._changes(entity, request.cursor, cancel)
            else:
                yield from self._whole(entity, cancel)

    def _pages(
        self, entity: EntityMapping, places: Sequence[RecordKey], cancel: CancelToken
    ) -> Iterator[Page]:
        for start in range(0, len(places), self.ways.page_size):
            self._call(cancel, f"{self.name}: read {entity.name} by key")
            records: list[Record] = []
            for place in places[start : start + self.ways.page_size]:
                self._read_at[place] = self.fate.time
                records += self.server.records(place)
            yield _page(entity, records)

    def _by_id(
        self, entity: EntityMapping, ids: Sequence[str], cancel: CancelToken
    ) -> Iterator[Page]:
        for start in range(0, len(ids), self.ways.page_size):
            self._call(cancel, f"{self.name}: read {entity.name} by id")
            some = ids[start : start + self.ways.page_size]
            self._read_ids |= dict.fromkeys(some, self.fate.time)
            held = [r for p in self.server.places(entity.name) for r in self.server.records(p)]
            yield _page(entity, [record for record in held if record.side_id in some])

    def _of_account(
        self, entity: EntityMapping, account: str, cancel: CancelToken
    ) -> Iterator[Page]:
        """Yield the plan that is the account, or the tiers that name it."""
        self._call(cancel, f"{self.name}: read {entity.name} of {account}")
        places = [RecordKey(entity.name, account)]
        if entity.parent:
            places = self.server.places(entity.name)
        for place in places:
            self._read_at[place] = self.fate.time
        found = [record for place in places for record in self.server.records(place)]
        records = [record for record in found if not entity.parent or record.parent == account]
        size = self.ways.page_size
        for start in range(0, max(len(records), 1), size):
            yield _page(entity, records[start : start + size])

    def _whole(self, entity: EntityMapping, cancel: CancelToken) -> Iterator[Page]:
        cursor, last = self._cursor(), None
        self._looked_at[entity.name] = self.fate.time
        while True:
            self._call(cancel, f"{self.name}: read {entity.name}")
            # By key, so that what people insert and delete between two pages moves no other row.
            places = [p for p in self.server.places(entity.name) if last is None or p.key > last]
            some = places[: self.ways.page_size]
            records = [record for place in some for record in self.server.records(place)]
            is_last = len(some) == len(places)
            yield _page(entity, records, cursor=cursor if is_last else "")
            if is_last:
                return
            last = some[-1].key

    def _changes(self, entity: EntityMapping, since: str, cancel: CancelToken) -> Iterator[Page]:
        instance, _, at = since.partition("/")
        if instance != _INSTANCE:
            raise CursorRefused(f"the cursor {since!r} is of another instance")
        cursor, after = self._cursor(), int(at)
        self._call(cancel, f"{self.name}: what changed of {entity.name}")
        changed = self.server.changed_at
        self._looked_at[entity.name] = self.fate.time
        places = [p for p in self.server.places(entity.name) if changed[p] >= after]
        gone = tuple(
            side_id
            for side_id, (place, when) in self.server.gone.items()
            if place.entity == entity.name and when >= after
        )
        records = [record for place in places for record in self.server.records(place)]
        size = self.ways.page_size
        starts = range(0, max(len(records), 1), size)
        for start in starts:
            is_last = start == starts[-1]
            yield _page(
                entity,
                records[start : start + size],
                cursor=cursor if is_last else "",
                gone=gone if is_last else (),
            )

    def _cursor(self) -> str:
        return f"{_INSTANCE}/{self.fate.time}"

    def _call(self, cancel: CancelToken, where: str) -> None:
        self.fate.touch(where)
        cancel.check()
        self.calls += 1
        self.fate.read_trouble(where)

    # Writing

    def write(self, batch: Batch, cancel: CancelToken) -> Iterator[Outcome]:
        del cancel  # a batch is never cut in two
        where = f"{self.name}: write {len(batch.operations)} {batch.entity.name}"
        self.fate.touch(where)
        trouble = self.fate.write_trouble(where)
        if trouble in _REFUSES:
            raise _REFUSES[trouble](f"simulated: {where}")
        self.calls += 1
        writes = [Sent(o, self._last_look(o)) for o in batch.operations]
        self.server.violations += [
            f"written twice: {o.verb.value} {o.record_key}, which a job had told to be written"
            for o in batch.operations
            if o.idempotency_key in self._told
        ]
        if self.ways.jobs:
            yield from self._job(batch, writes, trouble)
            return
        self.sent_keys |= {o.idempotency_key for o in batch.operations}
        yield from self._send(writes, trouble)

    def conclude(
        self,
        job: str,
        entity: EntityMapping,
        operations: Sequence[Operation],
        cancel: CancelToken,
    ) -> Iterator[Outcome]:
        self._call(cancel, f"{self.name}: conclude {job} of {entity.name}")
        mine = {operation.idempotency_key for operation in operations}
        for outcome in self._end_of(job):
            if outcome.operation.idempotency_key in mine:
                if outcome.state is OutcomeState.WRITTEN:
                    self._told.add(outcome.operation.idempotency_key)
                yield outcome

    def forget_reads(self) -> None:
        """Begin another call of the engine: what an earlier one read is not this one's."""
        self._read_at.clear()
        self._looked_at.clear()
        self._read_ids.clear()

    def _last_look(self, operation: Operation) -> int | None:
        if operation.key_change is not None:  # its key says nothing of what it bears
            return self._read_ids.get(operation.side_id)
        place = operation.record_key
        looks = [self._read_at.get(place), self._looked_at.get(place.entity)]
        looks.append(self._read_ids.get(operation.side_id))
        return max((look for look in looks if look is not None), default=None)

    def arrive(self, *, all_of_them: bool = False) -> None:
        """Let requests that are on their way arrive, those whose time has come or all."""
        now = self.fate.time
        due = [late for late in self._late if all_of_them or late.due <= now]
        self._late = [late for late in self._late if late not in due]
        for late in due:
            for sent in late.writes:
                self.server.carry_out(sent)
        if all_of_them or (self._jobs and self.fate.chance(1 / 20)):
            for job in list(self._jobs):
                self._end_of(job)

    def _job(self, batch: Batch, writes: list[Sent], trouble: str) -> Iterator[Outcome]:
        job = f"{self.name}-job-{next(self._job_numbers)}"
        batch.begun(job)
        self.fate.touch(f"{self.name}: upload {job}")
        if trouble == "lost request":
            yield from self._unknown(writes, "the upload was not answered")
            return
        self.sent_keys |= {sent.operation.idempotency_key for sent in writes}
        self._jobs[job] = [Sent(sent.operation, sent.read_at, late=True) for sent in writes]
        self.fate.touch(f"{self.name}: poll {job}")
        if trouble:
            # It is still being worked on when the connector gives up to ask for it.
            yield from self._unknown(writes, "the job did not come to its end")
            return
        outcomes = self._end_of(job)
        self.fate.touch(f"{self.name}: results of {job}")
        yield from outcomes

    def _end_of(self, job: str) -> list[Outcome]:
        """Bring a job to its end, unless it came there by itself; return its results."""
        if job in self._jobs:
            self._ran[job] = [self._one(sent) for sent in self._jobs.pop(job)]
        return self._ran.get(job, [])

    def _send(self, writes: list[Sent], trouble: str) -> Iterator[Outcome]:
        if trouble == "lost request":
            yield from self._unknown(writes, "no answer")
            return
        late = [Sent(sent.operation, sent.read_at, late=True) for sent in writes]
        if trouble == "late":
            due = self.fate.time + self.fate.random.randint(1, _ARRIVES_IN)
            self._late.append(_Late(due, late))
            yield from self._unknown(writes, "no answer in time")
            return
        outcomes = []
        for number, sent in enumerate(writes):
            if number:
                self.fate.touch(f"{self.name}: within a call")
            outcomes.append(self._one(sent))
        if trouble == "twice":
            # Sent again since no answer came: a refusal says nothing of the first sending.
            again = [self._one(sent) for sent in late]
            outcomes = [_doubtful(o) if o.state is OutcomeState.FAILED else o for o in again]
        self.fate.touch(f"{self.name}: answer")
        if trouble == "lost answer":
            yield from self._unknown(writes, "no answer")
            return
        yield from outcomes

    def _one(self, sent: Sent) -> Outcome:
        operation = sent.operation
        if not self.fate.dead and self.fate.chance(self.fate.rates.row):
            self.fate.struck["row"] += 1
            return Outcome(operation, OutcomeState.FAILED, "UNABLE_TO_LOCK_ROW: simulated")
        answer = self.server.carry_out(sent)
        if answer.refusal == USED:
            # An earlier send under it had succeeded; whether that still stands nobody knows.
            return Outcome(operation, OutcomeState.UNKNOWN, USED)
        if answer.refusal:
            return Outcome(operation, OutcomeState.FAILED, answer.refusal)
        return Outcome(operation, OutcomeState.WRITTEN, side_id=answer.side_id)

    @staticmethod
    def _unknown(writes: Sequence[Sent], words: str) -> Iterator[Outcome]:
        return (Outcome(sent.operation, OutcomeState.UNKNOWN, words) for sent in writes)


def _page(
    entity: EntityMapping, records: Sequence[Record], cursor: str = "", gone: tuple[str, ...] = ()
) -> Page:
    loose = [record for record in records if record.key == NO_KEY]
    keyed = [record for record in records if record.key != NO_KEY]
    return Page(entity.name, keyed, len(loose), cursor, gone, loose)


def _doubtful(outcome: Outcome) -> Outcome:
    return Outcome(outcome.operation, OutcomeState.UNKNOWN, outcome.message)
