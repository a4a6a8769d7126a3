"""Preflight: read again what is about to be written, and tell what is no longer as expected."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum

from app.connectors.protocol import ReadRequest, Scope
from app.domain.control import CancelToken, Progress, Report
from app.domain.convert import text
from app.domain.mapping import EntityMapping
from app.domain.plan import Operation, Verb
from app.domain.record import (
    NO_BASE,
    FieldValue,
    Record,
    RecordKey,
    Side,
    canonical,
    content_hash,
)
from app.store.comparison import find_link
from app.store.cursors import cursor_of
from app.store.mirror import remove_links, write_records
from app.store.mirrored import mirrored
from app.sync.refresh import RefreshRequest, refresh
from app.sync.workbench import Workbench

_READERS = 4
_DELTA = 4  # calls that a read of what changed takes, about


class Found(Enum):
    """How the live record stands to an operation."""

    BEFORE = "before"
    AFTER = "after"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Live:
    """What a side holds now of the records asked for; a key that stands twice has two records."""

    records: dict[tuple[Side, RecordKey], tuple[Record, ...]] = field(default_factory=dict)

    def of(self, operation: Operation) -> tuple[Record, ...]:
        """Return the live records of an operation's key."""
        return self.records.get((operation.side, operation.record_key), ())


def read_live(
    bench: Workbench, operations: Sequence[Operation], cancel: CancelToken, report: Report
) -> Live:
    """Read the records that operations are about to write, several entities at a time.

    Where a side can tell what changed, and that takes fewer calls than asking for each key, the
    mirror is brought up to date and looked at instead.
    """
    lots: dict[tuple[Side, str], list[str]] = defaultdict(list)
    for operation in operations:
        lots[operation.side, operation.entity].append(operation.key)
    told = _told_by_cursor(bench, lots)
    for side in Side:
        if entities := tuple(entity for where, entity in told if where is side):
            refresh(bench, RefreshRequest((side,), entities), cancel, report)
    records: dict[tuple[Side, RecordKey], tuple[Record, ...]] = {}
    done = 0
    with ThreadPoolExecutor(_READERS, thread_name_prefix="preflight") as pool:
        read = {
            lot: pool.submit(_mirrored if lot in told else _read, bench, lot, keys, cancel)
            for lot, keys in lots.items()
        }
        for (side, entity), future in read.items():
            for record in future.result():
                place = (side, RecordKey(entity, record.key))
                records[place] = (*records.get(place, ()), record)
            done += len(lots[side, entity])
            report(Progress(done, len(operations), "Reading again", "preflight"))
    return Live(records)


def stands(operation: Operation, live: Sequence[Record], entity: EntityMapping) -> Found:
    """Return how the live records stand to an operation, by its hash and its fields."""
    if len(live) > 1:
        return Found.NEITHER
    if not live:
        if operation.verb is Verb.DELETE:
            return Found.AFTER
        return Found.BEFORE if operation.verb is Verb.INSERT else Found.NEITHER
    record = live[0]
    if operation.expects is not None and operation.expects == _hash(record):
        return Found.BEFORE
    if operation.verb is Verb.DELETE:
        return Found.NEITHER
    return Found.AFTER if _holds_after(operation, record, entity) else Found.NEITHER


def why_stale(operation: Operation, live: Sequence[Record], entity: EntityMapping) -> str:
    """Return in words what is no longer as the plan expected."""
    side = operation.side.label
    if len(live) > 1:
        return f"{len(live)} records in {side} share the key"
    if not live:
        return f"gone from {side} since the review"
    if operation.expects is None:
        return f"made in {side} since the review"
    now = live[0].values
    changed = [
        f"{change.name} is now {text(now[entity.index[change.name]]) or 'empty'!r}"
        for change in operation.changes
        if now[entity.index[change.name]] != change.before
    ]
    return "changed since the review: " + ("; ".join(changed) or "in other fields")


def note_live(bench: Workbench, operations: Iterable[Operation], live: Live) -> None:
    """Put what was found into the mirror, so that the next review shows it."""
    for operation in operations:
        entity, found = bench.mapping.entity(operation.entity), live.of(operation)
        with bench.store.transaction(bench.store.mirror) as connection:
            if found:
                write_records(bench.store, connection, entity, operation.side, found[:1])
            elif (link := find_link(bench.store, entity, operation.key)) is not None:
                remove_links(connection, operation.side, [link])


def record_after(operation: Operation, live: Sequence[Record], entity: EntityMapping) -> Record:
    """Return the record as it stands once an insert or update is written."""
    old = live[0] if live else None
    values: list[FieldValue] = list(old.values) if old else [None] * len(entity.fields)
    for change in operation.changes:
        if change.after is not NO_BASE:
            values[entity.index[change.name]] = change.after
    parent = text(values[entity.index[entity.parent_field]]) if entity.parent else ""
    side_id = operation.side_id or (old.side_id if old else "")
    return Record(operation.key, tuple(values), side_id, parent or None)


def _told_by_cursor(
    bench: Workbench, lots: Mapping[tuple[Side, str], Sequence[str]]
) -> frozenset[tuple[Side, str]]:
    """Return the lots for which a read of what changed costs less than a read of the keys."""
    return frozenset(
        (side, name)
        for (side, name), keys in lots.items()
        if bench.connectors[side].incremental(bench.mapping.entity(name))
        and cursor_of(bench.store, side, name)
        and bench.connectors[side].forecast_reads(bench.mapping.entity(name), len(keys)) > _DELTA
    )


def _mirrored(
    bench: Workbench, lot: tuple[Side, str], keys: Sequence[str], cancel: CancelToken
) -> list[Record]:
    cancel.check()
    side, entity = lot
    return list(mirrored(bench.store, bench.mapping.entity(entity), side, keys))


def _read(
    bench: Workbench, lot: tuple[Side, str], keys: Sequence[str], cancel: CancelToken
) -> list[Record]:
    side, entity = lot
    request = ReadRequest((bench.mapping.entity(entity),), Scope.KEYS, tuple(keys))
    wanted = set(keys)
    return [
        record
        for page in bench.connectors[side].read(request, cancel)
        for record in page.records
        if record.key in wanted and page.entity == entity
    ]


def _hash(record: Record) -> int:
    return content_hash(canonical(record.values))


def _holds_after(operation: Operation, record: Record, entity: EntityMapping) -> bool:
    return all(
        record.values[entity.index[change.name]] == change.after for change in operation.changes
    )
