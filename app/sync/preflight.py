"""Preflight: read again what is about to be written, and tell what is no longer as expected."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple

from app.connectors.protocol import ReadRequest, Scope
from app.domain.control import CancelToken, Progress, Report
from app.domain.convert import text
from app.domain.mapping import KEY, EntityMapping
from app.domain.plan import Operation, Verb
from app.domain.record import (
    NO_BASE,
    FieldValue,
    Record,
    RecordKey,
    Side,
    Values,
    canonical,
    content_hash,
)
from app.store.comparison import find_link, side_details
from app.store.left import note_missed
from app.store.mirror import remove_links
from app.store.mirrored import mirrored
from app.store.other_letters import in_other_letters
from app.store.pairing import ids_of_pairs, keys_borne
from app.store.twins import pairs_beside, put_found
from app.sync.look_costs import Lot, cheaper_by_cursor
from app.sync.refresh import RefreshRequest, refresh
from app.sync.workbench import Workbench

_READERS = 4
_LONGEST_SHOWN = 100  # characters of a value: some fields hold whole documents


class Found(Enum):
    """How the live record stands to an operation."""

    BEFORE = "before"
    AFTER = "after"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Live:
    """What a side holds now of the records asked for; a key that stands twice has two records.

    One that bears the key, but is paired with another, has that as `key` and what it bears as
    `own_key`.

    Attributes:
        by_id: Salesforce's records that were asked for by their id → it.
    """

    records: dict[tuple[Side, RecordKey], tuple[Record, ...]] = field(default_factory=dict)
    by_id: dict[RecordKey, str] = field(default_factory=dict)

    def of(self, operation: Operation) -> tuple[Record, ...]:
        """Return the live records of an operation's key."""
        return self.records.get((operation.side, operation.record_key), ())

    def asked_id(self, operation: Operation) -> str:
        """Return the id by which an operation's record was asked for, `""` where only by key."""
        is_salesforce = operation.side is Side.SALESFORCE
        return self.by_id.get(operation.record_key, "") if is_salesforce else ""


def read_live(
    bench: Workbench,
    operations: Sequence[Operation],
    cancel: CancelToken,
    report: Report,
    sent: Mapping[Lot, int] = MappingProxyType({}),
) -> Live:
    """Read the records that operations are about to write, several entities at a time.

    Where a side can tell what changed, and that takes fewer calls than asking for each key, the
    mirror is brought up to date and looked at instead. A record of which a pairing says what its
    key is, or whose key is to change, is read by its id.

    Args:
        bench: The workspace.
        operations: What is about to be written.
        cancel: Stops the reads.
        report: Told how far they are.
        sent: How many were sent a moment ago: they are among what changed.
    """
    asked = _asked_for(bench, operations)
    told = cheaper_by_cursor(bench, asked.lots, sent)
    for side in Side:
        if entities := tuple(entity for where, entity in told if where is side):
            refresh(bench, RefreshRequest((side,), entities), cancel, report)
    return _read_all(bench, asked._replace(made=_made(operations)), told, cancel, report)


def read_told(
    bench: Workbench,
    operations: Sequence[Operation],
    told: frozenset[Lot],
    cancel: CancelToken,
    report: Report,
) -> Live:
    """Read as `read_live` does where the mirror has what changed of the `told` lots already."""
    return _read_all(bench, _asked_for(bench, operations), told, cancel, report)


def _read_all(
    bench: Workbench, asked: "_Asked", told: frozenset[Lot], cancel: CancelToken, report: Report
) -> Live:
    records: dict[tuple[Side, RecordKey], tuple[Record, ...]] = {}
    done = 0
    with ThreadPoolExecutor(_READERS, thread_name_prefix="preflight") as pool:
        reads = [
            ((Side.SALESFORCE, name), len(keys), pool.submit(_read_ids, bench, name, keys, cancel))
            for name, keys in asked.by_id.items()
        ]
        for lot, keys in asked.lots.items():
            read, made = (_mirrored if lot in told else _read), asked.made.get(lot, frozenset())
            reads.append((lot, len(keys), pool.submit(read, bench, lot, keys, cancel, made)))
        for (side, entity), count, future in reads:
            for record in future.result():
                place = (side, RecordKey(entity, record.key))
                found = records.get(place, ())
                # What was asked for by id and by key comes twice; billing's may have no ids.
                by_id = side is Side.SALESFORCE and asked.by_id[entity]
                if not by_id or all(record.side_id != one.side_id for one in found):
                    pairs = asked.counts_as.get(entity, {}) if side is Side.SALESFORCE else {}
                    records[place] = (*found, _paired(record, pairs))
            done = min(done + count, asked.total)  # some are read in two ways
            report(Progress(done, asked.total, "Reading again", "preflight"))
    return Live(records, asked.ids())


class _Asked(NamedTuple):
    """What is read: side and entity → keys; of Salesforce's entities also id → key.

    Attributes:
        counts_as: Salesforce's entity → id of a paired record → the key as which it counts.
        total: How many operations ask.
        made: The keys under which records are to be made: who has one in other letters is told.
    """

    lots: dict[Lot, list[str]]
    by_id: dict[str, dict[str, str]]
    counts_as: dict[str, dict[str, str]]
    total: int
    made: Mapping[Lot, frozenset[str]] = MappingProxyType({})

    def ids(self) -> dict[RecordKey, str]:
        """Return by which ids records of Salesforce are asked for."""
        return {
            RecordKey(name, key): side_id
            for name, keys in self.by_id.items()
            for side_id, key in keys.items()
        }


def _asked_for(bench: Workbench, operations: Sequence[Operation]) -> _Asked:
    """Return what is read before operations are sent.

    Where a record is made or is to get a key, who bears that key is asked too: there may be one by
    now, and a write by key would meet it.
    """
    lots: dict[Lot, list[str]] = defaultdict(list)
    by_id: dict[str, dict[str, str]] = defaultdict(dict)
    paired: dict[str, dict[str, str]] = {}
    for operation in operations:
        name, key = operation.entity, operation.key_change
        if operation.side is Side.SALESFORCE and name not in paired:
            paired[name] = ids_of_pairs(bench.store, bench.mapping.entity(name))
        side_id = operation.side_id if key else paired.get(name, {}).get(operation.key, "")
        if side_id and operation.side is Side.SALESFORCE:
            by_id[name][side_id] = operation.key
            gets_key = operation.verb is Verb.INSERT if key is None else key.after == operation.key
            if not gets_key:
                continue
        lots[operation.side, name].append(operation.key)
    counts_as = {name: {one: key for key, one in ids.items()} for name, ids in paired.items()}
    return _Asked(lots, by_id, counts_as, len(operations))


def _made(operations: Iterable[Operation]) -> Mapping[Lot, frozenset[str]]:
    """Return the keys of Salesforce's inserts: a text key may be one in any letters there.

    An external id takes no heed of case unless it was made so (salesforce.md §4), and an insert is
    an upsert by it: it would write over the record that has the key in other letters.
    """
    keys: dict[Lot, set[str]] = defaultdict(set)
    for operation in operations:
        if operation.side is Side.SALESFORCE and operation.verb is Verb.INSERT:
            keys[operation.side, operation.entity].add(operation.key)
    return {lot: frozenset(some) for lot, some in keys.items()}


def stands(operation: Operation, live: Sequence[Record], entity: EntityMapping) -> Found:
    """Return how the live records stand to an operation, by its hash and its fields."""
    if len(live) > 1 or any(_is_another(operation, record) for record in live):
        return Found.NEITHER
    if not live:
        if operation.verb is Verb.DELETE:
            return Found.AFTER
        return Found.BEFORE if operation.verb is Verb.INSERT else Found.NEITHER
    record = live[0]
    key_stands = _key_stands(operation, record, entity)
    if key_stands and operation.expects is not None and operation.expects == _hash(record):
        return Found.BEFORE
    if operation.verb is Verb.DELETE or (operation.key_change is None and not key_stands):
        return Found.NEITHER
    return Found.AFTER if _holds_after(operation, record, entity) else Found.NEITHER


def expected(bench: Workbench, operation: Operation, live: Sequence[Record]) -> Values | None:
    """Return the values that an operation expects; None where the mirror does not hold them now."""
    if len(live) != 1 or operation.expects is None:
        return None
    entity = bench.mapping.entity(operation.entity)
    held = mirrored(bench.store, entity, operation.side, [operation.key])
    return next((one.values for one in held if _hash(one) == operation.expects), None)


def why_stale(
    operation: Operation,
    live: Sequence[Record],
    entity: EntityMapping,
    was: Values | None = None,
) -> str:
    """Return in words what is no longer as the plan expected; `was`: the values that it did."""
    side = operation.side.label
    if not live:
        by_id = operation.key_change is not None
        return f"gone from {side} since the review" + ("" if by_id else ", or its key was changed")
    if len(live) > 1:
        if any(record.own_key is not None for record in live):
            return f"another record in {side} has this key, beside the one that is paired with it"
        return f"{len(live)} records in {side} share the key"
    if operation.expects is None:
        return _why_not_made(operation, live[0])
    if stands(operation, live, entity) is Found.AFTER:
        return f"somebody has written the same in {side} since the review"
    return _why_left_alone(operation, live[0], entity, was)


def _why_not_made(operation: Operation, found: Record) -> str:
    side = operation.side.label
    if found.key != operation.key:
        paired = f"the record in {side} that is paired with {found.key!r}"
        return f"{paired} still has this key: write that one's key first, then plan again"
    if found.own_key is None:
        return f"made in {side} since the review"
    if found.own_key.casefold() == operation.key.casefold():
        return f"{side} has a record with the key {found.own_key!r}, and takes the two for one"
    bears = f"the key {found.own_key!r}" if found.own_key else "no key"
    return f"paired since the review with a record in {side} that has {bears}"


def _why_left_alone(
    operation: Operation, found: Record, entity: EntityMapping, was: Values | None
) -> str:
    if _is_another(operation, found):
        return f"another record in {operation.side.label} has its key now"
    if found.key != operation.key and operation.verb is not Verb.DELETE:
        return f"paired with {found.key!r} since the review"
    changed = _changed(operation, found, entity) or _elsewhere(found, entity, was)
    return "changed since the review: " + ("; ".join(changed) or "in other fields")


def _changed(operation: Operation, found: Record, entity: EntityMapping) -> list[str]:
    changed = [
        f"{change.name} is now {_shown(now)}"
        for change in operation.changes
        if change.name != KEY and (now := value_of(found, change.name, entity)) != change.before
    ]
    if not _key_stands(operation, found, entity):
        key = value_of(found, KEY, entity)
        changed.append(f"its key is now {_shown(key)}" if key else "it has no key now")
    return changed


def _elsewhere(found: Record, entity: EntityMapping, was: Values | None) -> list[str]:
    """Return what changed in fields that the operation does not write."""
    pairs = zip(entity.fields, found.values, found.values if was is None else was, strict=True)
    return [f"{mapped.name} is now {_shown(now)}" for mapped, now, before in pairs if now != before]


def _shown(value: FieldValue) -> str:
    words = text(value)
    if len(words) > _LONGEST_SHOWN:
        words = f"{words[:_LONGEST_SHOWN]}…"
    return repr(words) if words else "empty"


def note_live(bench: Workbench, operations: Iterable[Operation], live: Live) -> None:
    """Put what was found into the mirror, so that the next review shows it.

    That the record of an id is gone says nothing of another one that has its key by now.
    """
    for operation in operations:
        entity, found = bench.mapping.entity(operation.entity), live.of(operation)
        with bench.store.transaction(bench.store.mirror) as connection:
            if found:
                put_found(bench.store, connection, entity, operation.side, found)
            elif (link := find_link(bench.store, entity, operation.key)) is not None:
                asked = live.asked_id(operation)
                held, *_ = side_details(bench.store, link, operation.side)
                if not asked or held in {asked, ""}:
                    note_missed(connection, bench.store, operation.side, entity, [link])
                    remove_links(connection, entity, operation.side, [link])


def record_after(operation: Operation, live: Sequence[Record], entity: EntityMapping) -> Record:
    """Return the record as it stands once an insert or update is written."""
    old = live[0] if live else None
    own_key = old.own_key if old else None
    values: list[FieldValue] = list(old.values) if old else [None] * len(entity.fields)
    for change in operation.changes:
        if change.name == KEY:
            own_key = None if change.after == operation.key else text(change.after)
        elif change.after is not NO_BASE:
            values[entity.index[change.name]] = change.after
    parent = text(values[entity.index[entity.parent_field]]) if entity.parent else ""
    # What stands there may be another record by now that holds just what was to be written.
    side_id = (old.side_id if old else "") or operation.side_id
    return Record(operation.key, tuple(values), side_id, parent or None, own_key=own_key)


def value_of(record: Record, name: str, entity: EntityMapping) -> FieldValue:
    """Return a field of a record, or with `KEY` the key that it bears itself."""
    if name == KEY:
        return record.key if record.own_key is None else record.own_key or None
    return record.values[entity.index[name]]


def _mirrored(
    bench: Workbench,
    lot: Lot,
    keys: Sequence[str],
    cancel: CancelToken,
    made: frozenset[str] = frozenset(),
) -> list[Record]:
    """Return what a read of the keys would: a paired record is found by the key that it bears.

    Whether a key in other letters is another one only the side itself can tell.
    """
    cancel.check()
    side, entity = lot[0], bench.mapping.entity(lot[1])
    found = list(mirrored(bench.store, entity, side, keys))
    if side is Side.SALESFORCE and (ids := ids_of_pairs(bench.store, entity)):
        found += _bearing(bench, entity, ids, keys, cancel)
    lacking = made.difference(record.key for record in found)
    if doubtful := in_other_letters(bench.store, entity, side, lacking):
        asked = _read(bench, lot, doubtful, cancel, made)
        found += [record for record in asked if record.own_key is not None]
    return found


def _bearing(
    bench: Workbench,
    entity: EntityMapping,
    ids: Mapping[str, str],
    keys: Sequence[str],
    cancel: CancelToken,
) -> Iterator[Record]:
    """Yield paired records (key → id) that bear one of the keys themselves, under that key.

    Of one that stands beside another the mirror does not say what key it bears by now.
    """
    beside = pairs_beside(bench.store, entity)
    borne = keys_borne(bench.store, entity)
    own_keys = {borne[key]: key for key in keys if key in borne}
    for one in mirrored(bench.store, entity, Side.SALESFORCE, list(own_keys)):
        if one.side_id == ids[one.key] and one.side_id not in beside:
            yield one._replace(key=own_keys[one.key], own_key=None)
    wanted = frozenset(keys)
    for one in _read_ids(bench, entity.name, beside, cancel) if beside else ():
        if one.own_key in wanted:
            yield one._replace(key=one.own_key, own_key=None)


def _read(
    bench: Workbench,
    lot: Lot,
    keys: Sequence[str],
    cancel: CancelToken,
    made: frozenset[str] = frozenset(),
) -> list[Record]:
    """Return the records of some keys; of a `made` one that is in other letters, what has it so."""
    side, entity = lot
    asked = (bench.mapping.entity(entity),)
    request = ReadRequest(asked, Scope.KEYS, tuple(keys), any_case=bool(made))
    wanted = set(keys)
    came = [
        record
        for page in bench.connectors[side].read(request, cancel)
        for record in page.records
        if page.entity == entity
    ]
    found = [record for record in came if record.key in wanted]
    lacking = made.difference(record.key for record in found)
    folded = {key.casefold(): key for key in lacking & wanted}
    return found + [
        record._replace(key=folded[record.key.casefold()], own_key=record.key)
        for record in came
        if record.key not in wanted and record.key.casefold() in folded
    ]


def _read_ids(
    bench: Workbench, name: str, keys: Mapping[str, str], cancel: CancelToken
) -> list[Record]:
    """Return Salesforce's records of these ids under the keys by which they count."""
    request = ReadRequest((bench.mapping.entity(name),), Scope.IDS, tuple(keys))
    pages = bench.connectors[Side.SALESFORCE].read(request, cancel)
    found = []
    for record in (record for page in pages for record in (*page.records, *page.loose)):
        key = keys.get(record.side_id, record.key)
        own_key = None if key == record.key else record.key
        found.append(record._replace(key=key, own_key=own_key))
    return found


def _paired(record: Record, counts_as: Mapping[str, str]) -> Record:
    """Return a record that was found by the key that it bears under the key as which it counts."""
    key = counts_as.get(record.side_id, record.key)
    if record.own_key is not None or key == record.key:
        return record
    return record._replace(key=key, own_key=record.key)


def _is_another(operation: Operation, record: Record) -> bool:
    """Return whether a delete would meet another record than the one that was reviewed.

    One that was made anew may hold just what the deleted one held; a target that remembers the
    key of the delete would answer that it is done, and the new one would stay.
    """
    ids = {operation.side_id, record.side_id} - {""}
    return operation.verb is Verb.DELETE and len(ids) > 1


def _key_stands(operation: Operation, record: Record, entity: EntityMapping) -> bool:
    """Return whether a record bears the key that an operation expects.

    An update that does not say otherwise names it by its key; a delete goes by its id.
    """
    if operation.key_change is None:
        return record.own_key is None or operation.verb is Verb.DELETE
    return value_of(record, KEY, entity) == operation.key_change.before


def _hash(record: Record) -> int:
    return content_hash(canonical(record.values))


def _holds_after(operation: Operation, record: Record, entity: EntityMapping) -> bool:
    return all(
        value_of(record, change.name, entity) == change.after for change in operation.changes
    )
