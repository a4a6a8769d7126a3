"""A simulated system: what it really holds, who wrote it, and how it takes a write again."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

from app.domain.diff import same
from app.domain.mapping import EntityMapping, WorkspaceMapping
from app.domain.plan import FieldChange, Operation, Verb
from app.domain.record import FieldValue, Record, RecordKey, Side
from tests.simulation.fate import HOUR_S, Fate


@dataclass(frozen=True, slots=True)
class Semantics:
    """How a system treats a write that reaches it again.

    Attributes:
        upserts: An insert of a key that is there is an update of it (Salesforce, by external id).
        replay_s: For how long the answer to an idempotency key is kept and given again, with
            nothing done (Orb: 48 hours, orb.md §1). Of that record a read of what changed tells
            again, since an earlier one may have gone past it: of what Orb takes it tells changes
            of the ledger alone, and that read looks back for 35 days (`LOOK_BACK`).
        refuses_used: A key that a successful write used is refused (Aria: 1012, aria.md §1.9).
    """

    name: str
    upserts: bool = False
    replay_s: float = 0
    refuses_used: bool = False


SALESFORCE = Semantics("salesforce", upserts=True)
ORB = Semantics("orb", replay_s=48 * HOUR_S)
ARIA = Semantics("aria", refuses_used=True)
USED = "1012 client_receipt_id already used"
CLASH = "409 the idempotency key was used with another body"


@dataclass(frozen=True, slots=True)
class Sent:
    """A write on its way: the operation, and when the engine last read the record before it.

    Attributes:
        read_at: The time of the last read by key in this commit, None where there was none.
        late: It arrives after the engine had given up waiting.
    """

    operation: Operation
    read_at: int | None
    late: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What the system says to one write; an empty refusal is success."""

    refusal: str = ""
    side_id: str = ""


@dataclass
class Row:
    """A record as the system holds it.

    Attributes:
        edited: Field → when a person last wrote it; without what the engine has written since.
        made_by: The idempotency key under which the engine made it, `""` where a person did.
    """

    values: list[FieldValue]
    side_id: str
    edited: dict[str, int] = field(default_factory=dict)
    made_by: str = ""
    made_at: int = 0


class Place(NamedTuple):
    """Where a record is found."""

    key: RecordKey
    row: Row


@dataclass(frozen=True, slots=True)
class _Used:
    """An idempotency key that was used: by which operation, when, with what answer."""

    operation: Operation
    at_s: float
    answer: Answer


@dataclass
class Server:
    """One system in memory. The truth that the invariants look at.

    Attributes:
        applied: Idempotency key → how many times a write under it had an effect.
        late_keys: The keys of writes that had an effect after the engine had given up waiting.
        violations: Promises that the engine broke, in words.
        in_window: Edits made between the last look and the write, and so overwritten unseen:
            neither system offers a write that would prevent it (docs/architecture.md).
        changed_at: When each place last changed; what a read since a cursor goes by.
        gone: The system's own id of what was deleted → its place, and when.
        written_at: Idempotency key → when the last write under it had an effect.
        left: What was left at a place, and when: values of a record, None where it was deleted.
    """

    side: Side
    mapping: WorkspaceMapping
    semantics: Semantics
    fate: Fate
    refused: frozenset[str] = frozenset()
    rows: dict[RecordKey, list[Row]] = field(default_factory=dict)
    applied: "Counter[str]" = field(default_factory=Counter)
    late_keys: set[str] = field(default_factory=set)
    violations: list[str] = field(default_factory=list)
    in_window: int = 0
    history: dict[tuple[RecordKey, str], set[FieldValue]] = field(
        default_factory=lambda: defaultdict(set)
    )
    changed_at: dict[RecordKey, int] = field(default_factory=dict)
    gone: dict[str, tuple[RecordKey, int]] = field(default_factory=dict)
    written_at: dict[str, int] = field(default_factory=dict)
    left: dict[RecordKey, list[tuple[int, tuple[FieldValue, ...] | None]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _used: dict[str, _Used] = field(default_factory=dict)
    _ids: Iterator[int] = field(default_factory=lambda: count(1))

    # What a reader sees

    def records(self, place: RecordKey) -> list[Record]:
        """Return the records under a key as a connector would give them."""
        entity = self.mapping.entity(place.entity)
        return [self._record(place, entity, row) for row in self.rows.get(place, [])]

    def places(self, entity: str) -> list[RecordKey]:
        """Return the keys of an entity, sorted."""
        return sorted(place for place in self.rows if place.entity == entity)

    def values(self) -> Mapping[RecordKey, list[tuple[FieldValue, ...]]]:
        """Return all that the system holds."""
        return {place: [tuple(row.values) for row in rows] for place, rows in self.rows.items()}

    def find(self, entity: str, side_id: str) -> Place | None:
        """Return where the record of an id stands now."""
        for place, rows in self.rows.items():
            for row in rows:
                if place.entity == entity and row.side_id == side_id:
                    return Place(place, row)
        return None

    def moved_since(self, entity: str, since: int) -> bool:
        """Return whether a person gave a record of an entity another key after a time."""
        del entity, since
        return False

    # What people do

    def put(self, place: RecordKey, values: list[FieldValue], *, twin: bool = False) -> None:
        """Let a person make a record; with `twin` beside one that has the key already."""
        row = self._new(place, values)
        row.edited = dict.fromkeys(self.mapping.entity(place.entity).index, self.fate.time)
        if not twin:
            assert place not in self.rows
        self.rows.setdefault(place, []).append(row)
        self.left[place].append((self.fate.time, tuple(row.values)))

    def edit(self, place: RecordKey, name: str, value: FieldValue) -> None:
        """Let a person write one field of all records under a key."""
        for row in self.rows[place]:
            self._set(place, row, name, value)
            row.edited[name] = self.fate.time
            self.left[place].append((self.fate.time, tuple(row.values)))

    def drop(self, place: RecordKey) -> None:
        """Let a person delete what stands under a key."""
        for row in self.rows.pop(place):
            self.gone[row.side_id] = (place, self.fate.time)
        self.left[place].append((self.fate.time, None))

    def refusal(self, verb: Verb, place: RecordKey, values: Mapping[str, FieldValue]) -> str:
        """Return why the system would refuse a write, `""` if it would not; people obey it too."""
        if verb is Verb.DELETE:
            pointing = any(self._points_at(place, other) for other in self.rows)
            return "DELETE_FAILED: it is referred to" if pointing else ""
        for item in self.mapping.entity(place.entity).references:
            target = values.get(item.name)
            if isinstance(target, str) and RecordKey(item.to, target) not in self.rows:
                return f"INVALID_CROSS_REFERENCE_KEY: there is no {item.to} {target}"
        if any(value in self.refused for value in values.values() if isinstance(value, str)):
            return "FIELD_CUSTOM_VALIDATION_EXCEPTION: not this value"
        return ""

    # What the engine writes

    def carry_out(self, sent: Sent) -> Answer:
        """Take one write as the system's semantics say, and watch what it overwrites."""
        operation = sent.operation
        key = operation.idempotency_key
        used = self._used.get(key)
        if used is not None and self.semantics.refuses_used:
            return Answer(USED)
        if used is not None and self.fate.clock_s - used.at_s < self.semantics.replay_s:
            same_body = (used.operation.verb, used.operation.changes) == (
                operation.verb,
                operation.changes,
            )
            if same_body:
                self._tell_again(operation.entity, used.answer.side_id)
            return used.answer if same_body else Answer(CLASH)
        after = {change.name: change.after for change in operation.changes}
        refusal = self.refusal(operation.verb, operation.record_key, after)  # type: ignore[arg-type]
        if refusal:
            return Answer(refusal)
        answer = self._apply(sent)
        if not answer.refusal:
            self._used[key] = _Used(operation, self.fate.clock_s, answer)
            self.applied[key] += 1
            self.written_at[key] = self.fate.time
            if sent.late:
                self.late_keys.add(key)
        return answer

    def _tell_again(self, entity: str, side_id: str) -> None:
        """Have the next read of what changed tell where a record is now, or that it is gone."""
        found = self.find(entity, side_id)
        if found is not None:
            self.changed_at[found.key] = self.fate.time
        elif side_id in self.gone:
            self.gone[side_id] = (self.gone[side_id][0], self.fate.time)

    def _apply(self, sent: Sent) -> Answer:
        operation, place = sent.operation, sent.operation.record_key
        rows = self.rows.get(place, [])
        if operation.verb is Verb.INSERT and not (rows and self.semantics.upserts):
            return self._create(sent)
        if not rows:
            return Answer("ENTITY_IS_DELETED: entity is deleted")
        if len(rows) > 1:
            return Answer("DUPLICATE_EXTERNAL_ID: several records have it")
        row = rows[0]
        if operation.verb is Verb.INSERT:
            self._watch_insert(sent, rows)
        self._watch(sent, row)
        if operation.verb is Verb.DELETE:
            self.drop(place)
            return Answer()
        for change in operation.changes:
            self._set(place, row, change.name, change.after)  # type: ignore[arg-type]
            row.edited.pop(change.name, None)
        self.left[place].append((self.fate.time, tuple(row.values)))
        return Answer(side_id=row.side_id)

    def _create(self, sent: Sent) -> Answer:
        place = sent.operation.record_key
        self._watch_insert(sent, self.rows.get(place, []))
        after = {change.name: change.after for change in sent.operation.changes}
        names = [item.name for item in self.mapping.entity(place.entity).fields]
        row = self._new(place, [after.get(name) for name in names])  # type: ignore[misc]
        row.made_by, row.made_at = sent.operation.idempotency_key, self.fate.time
        self.rows.setdefault(place, []).append(row)
        return Answer(side_id=row.side_id)

    def _watch(self, sent: Sent, row: Row) -> None:
        """See that nothing is overwritten which a person wrote and nobody was shown."""
        operation = sent.operation
        entity = self.mapping.entity(operation.entity)
        deletes = operation.verb is Verb.DELETE
        changes = {change.name: change for change in operation.changes}
        for name in entity.index if deletes else changes:
            at, now = row.edited.get(name), row.values[entity.index[name]]
            change = changes.get(name)
            if at is None or (change is not None and not deletes and same(change.after, now)):
                continue
            if sent.read_at is not None and at > sent.read_at:
                self.in_window += 1
            elif change is None or not self._was_shown(row, change, now):
                self.violations.append(
                    f"lost edit: {operation.verb.value} {operation.record_key} overwrote"
                    f" {name}={now!r} of time {at}, last read at {sent.read_at}"
                )

    def _was_shown(self, row: Row, change: FieldChange, now: FieldValue) -> bool:
        del row
        return same(change.before, now)

    def _watch_insert(self, sent: Sent, rows: list[Row]) -> None:
        """See that nothing is made where the engine knows, or should, that it has made it."""
        key = sent.operation.idempotency_key
        for row in rows:
            if not row.made_by or row.made_by == key:
                continue
            seen = sent.read_at is None or row.made_at <= sent.read_at
            if seen:
                self.violations.append(f"written twice: insert {sent.operation.record_key}")

    def _new(self, place: RecordKey, values: list[FieldValue]) -> Row:
        row = Row(list(values), f"{self.side.value[0]}{next(self._ids)}")
        for name, position in self.mapping.entity(place.entity).index.items():
            self.history[place, name].add(row.values[position])
        self.changed_at[place] = self.fate.time
        return row

    def _set(self, place: RecordKey, row: Row, name: str, value: FieldValue) -> None:
        row.values[self.mapping.entity(place.entity).index[name]] = value
        self.history[place, name].add(value)
        self.changed_at[place] = self.fate.time

    def _points_at(self, place: RecordKey, other: RecordKey) -> bool:
        entity = self.mapping.entity(other.entity)
        return any(
            item.to == place.entity and row.values[entity.index[item.name]] == place.key
            for item in entity.references
            for row in self.rows[other]
        )

    @staticmethod
    def _record(place: RecordKey, entity: EntityMapping, row: Row) -> Record:
        parent = row.values[entity.index[entity.parent_field]] if entity.parent else None
        return Record(
            place.key, tuple(row.values), row.side_id, None if parent is None else str(parent)
        )
