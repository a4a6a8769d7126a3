"""The journal: every intent before it is sent, every outcome as it comes, synced to disk."""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import orjson

from app.domain.mapping import EntityMapping
from app.domain.plan import Operation, Outcome, OutcomeState
from app.domain.plan_json import changes_json
from app.domain.record import Record, Side
from app.errors import NotFound
from app.store.cursors import instance_of
from app.store.journal_chain import (
    INTENT_COLUMNS,
    ChainWriter,
    EventKind,
    RowDigest,
    chained,
    intents_body,
    now_text,
)
from app.store.journal_entry import (
    ENTRY_COLUMNS,
    EVERYWHERE,
    Entry,
    Span,
    entry_of,
    not_as_written,
)
from app.store.mirror import remove_links, write_records
from app.store.pairing import keep_pairing
from app.store.rekey import forget_pairs
from app.store.slots import SLOT
from app.store.workspace import Store

__all__ = [
    "Entry",
    "Run",
    "begin",
    "entries",
    "find_run",
    "finish",
    "mark",
    "now_text",
    "open_runs",
    "runs",
    "settle",
]


_ROWS_AT_ONCE = 2000
_STATES = {state.value: state for state in OutcomeState}


@dataclass(frozen=True, slots=True)
class Run:
    """One commit: who, when, how it stands.

    Attributes:
        state: `running` until every operation has a final outcome, then `finished`.
        counts: Outcome state → how many operations; `INTENT` counts what was not sent.
        connections: Side → the connection that it went over: `name`, `kind`, its settings, and
            the `instance` (organisation, client) that the mirror was read from.
    """

    id: str
    who: str
    state: str
    started_at: str
    finished_at: str
    calls: Mapping[str, int]
    seconds: float
    counts: Mapping[OutcomeState, int]
    connections: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def begin(store: Store, run: str, who: str, operations: Iterable[Operation], plan: bytes) -> None:
    """Write a run and one intent for each operation, synced to disk before this returns.

    Raises:
        StoreError: Nothing of it was written: another Concord holds the workspace, the disk is
            full, or the store came from elsewhere.
    """
    connections = orjson.dumps(_connections(store)).decode()
    digest = RowDigest()
    with chained(store, synced=True) as chain:
        row = (run, who, plan, chain.at, connections)
        chain.connection.execute(
            "INSERT INTO commit_run (id, who, plan, started_at, connections, state)"
            " VALUES (?, ?, ?, ?, ?, 'running')",
            row,
        )
        (last,) = chain.connection.execute("SELECT coalesce(max(id), 0) FROM journal").fetchone()
        intents = (
            (
                number, o.entity, o.key, o.side.value, o.verb.value,
                orjson.dumps(changes_json(o.changes)).decode(), o.expects, o.side_id,
                o.idempotency_key,
            )
            for number, o in enumerate(operations, start=last + 1)
        )  # fmt: skip
        chain.connection.executemany(
            f"INSERT INTO journal ({INTENT_COLUMNS}, run, state, intent_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (*intent, run, OutcomeState.INTENT.value, chain.at)
                for intent in digest.over(intents, partial(chain.append, EventKind.MARKS, run))
            ),
        )
        chain.append(EventKind.INTENTS, run, intents_body(row, digest))


def _connections(store: Store) -> Mapping[str, Mapping[str, str]]:
    return {
        side.value: {
            **store.connections.get(side.value, {}),
            "instance": instance_of(store, side),
        }
        for side in Side
    }


def mark(store: Store, run: str, outcomes: Sequence[Outcome]) -> None:
    """Write outcomes that touch neither mirror nor base: stale, skipped, failed, unknown."""
    with chained(store) as chain:
        _write_outcomes(chain, run, outcomes)


def settle(store: Store, run: str, outcomes: Sequence[tuple[Outcome, Record | None]]) -> None:
    """Write outcomes with the records as they stand now on the side written, in one transaction.

    The record of a written delete is None; that of a failed operation is not looked at.
    """
    with chained(store) as chain:
        connection = chain.connection
        _write_outcomes(chain, run, [outcome for outcome, _ in outcomes])
        written: dict[tuple[str, Side], list[Record]] = {}
        deleted: dict[tuple[str, Side], list[Operation]] = {}
        for outcome, record in outcomes:
            place = (outcome.operation.entity, outcome.operation.side)
            if outcome.state is not OutcomeState.WRITTEN:
                continue
            if record is not None:
                if record.own_key is not None:  # another than ours was written, or is kept
                    keep_pairing(connection, store.entity_ids[place[0]], record, run)
                written.setdefault(place, []).append(record)
            else:
                deleted.setdefault(place, []).append(outcome.operation)
        for (entity, side), operations in deleted.items():
            _forget(store, connection, store.mapping.entity(entity), side, operations)
        for (entity, side), records in written.items():
            write_records(store, connection, store.mapping.entity(entity), side, records)


def _forget(
    store: Store,
    connection: sqlite3.Connection,
    entity: EntityMapping,
    side: Side,
    deleted: Sequence[Operation],
) -> None:
    """Take deleted records out of the mirror; another one may have the key of one by now."""
    number = store.entity_ids[entity.name]
    ids = {operation.key: operation.side_id for operation in deleted}
    rows = connection.execute(
        "SELECT link.id, key, side_id FROM link LEFT JOIN document ON document.id = link.id * 4 + ?"
        " WHERE entity = ? AND key IN (SELECT value FROM json_each(?))",
        (SLOT[side], number, orjson.dumps(list(ids)).decode()),
    ).fetchall()
    gone = [link for link, key, held in rows if not held or ids[key] in {held, ""}]
    remove_links(connection, entity, side, gone)
    if side is Side.SALESFORCE:
        forget_pairs(connection, number, ((one.key, one.side_id) for one in deleted))


def finish(store: Store, run: str, calls: Mapping[str, int], seconds: float) -> None:
    """Add what a run cost; it is finished when nothing of it is open."""
    with chained(store, synced=True) as chain:
        connection = chain.connection
        earlier, before_s = connection.execute(
            "SELECT calls, coalesce(seconds, 0) FROM commit_run WHERE id = ?", (run,)
        ).fetchone()
        total = Counter(orjson.loads(earlier or "{}"))
        total.update(calls)
        open_states = (run, OutcomeState.INTENT.value, OutcomeState.UNKNOWN.value)
        left = connection.execute(
            "SELECT count(*) FROM journal WHERE run = ? AND state IN (?, ?)", open_states
        ).fetchone()[0]
        state = "running" if left else "finished"
        cost = orjson.dumps(total).decode()
        connection.execute(
            "UPDATE commit_run SET state = ?, finished_at = ?, calls = ?, seconds = ? WHERE id = ?",
            (state, chain.at, cost, before_s + seconds, run),
        )
        body = {"state": state, "calls": cost, "seconds": before_s + seconds}
        chain.append(EventKind.FINISHED, run, body)


def runs(store: Store) -> list[Run]:
    """Return all commits, newest first.

    Raises:
        StoreError: One was tampered with, so that it says nothing.
    """
    with store.translating():
        rows = store.reader.execute(
            "SELECT id, who, state, started_at, finished_at, calls, seconds, connections"
            " FROM commit_run ORDER BY rowid DESC"
        ).fetchall()
        counts = store.reader.execute(
            "SELECT run, state, count(*) FROM journal GROUP BY run, state"
        ).fetchall()
    by_run: dict[str, dict[OutcomeState, int]] = {}
    for run, state, count in counts:
        if state not in _STATES:
            raise not_as_written(run)
        by_run.setdefault(run, {})[_STATES[state]] = count
    return [
        Run(r[0], r[1], r[2], r[3], r[4] or "", _object(r[0], r[5]), r[6] or 0.0,
            by_run.get(r[0], {}), _object(r[0], r[7]))
        for r in rows
    ]  # fmt: skip


def _object(run: str, text: str | None) -> dict[str, Any]:
    try:
        found = orjson.loads(text or "{}")
    except (ValueError, TypeError):
        found = None
    if not isinstance(found, dict):
        raise not_as_written(run)
    return found


def find_run(store: Store, run: str) -> Run:
    """Return one commit; raises `NotFound`."""
    for found in runs(store):
        if found.id == run:
            return found
    raise NotFound(f"There is no commit {run!r} in this workspace.", "See `concord history`.")


def plan_of(store: Store, run: str) -> Mapping[str, Any]:
    """Return what the plan of a commit said besides its operations (`plan_json.head_of`)."""
    with store.translating():
        row = store.reader.execute("SELECT plan FROM commit_run WHERE id = ?", (run,)).fetchone()
    found: dict[str, Any] = orjson.loads(row[0]) if row and row[0] else {}
    return found


def open_runs(store: Store) -> list[str]:
    """Return the commits that broke off or were stopped, oldest first."""
    with store.translating():
        rows = store.reader.execute(
            "SELECT id FROM commit_run WHERE state = 'running' ORDER BY rowid"
        )
        return [row[0] for row in rows.fetchall()]


def last_before_others(store: Store, run: str) -> int | None:
    """Return the number of a commit's last entry; None where no later commit has any."""
    with store.translating():
        row = store.reader.execute(
            "SELECT (SELECT max(id) FROM journal WHERE run = ?), (SELECT max(id) FROM journal)",
            (run,),
        ).fetchone()
    last, end = row
    return None if last is None or last == end else int(last)


def entries(
    store: Store,
    *,
    run: str = "",
    record: tuple[str, str] | None = None,
    states: Sequence[OutcomeState] = (),
    span: Span = EVERYWHERE,
    limit: int = -1,
) -> Iterator[Entry]:
    """Yield journal entries in the order of sending, of one commit, one record, some states.

    Args:
        store: The workspace's store.
        run: The commit; `""` for all.
        record: Entity and key; None for all.
        states: The outcomes wanted; none for all.
        span: Between which numbers the entries stand.
        limit: The most entries; -1 for all.
    """
    where, values = ["id > ? AND id <= ?"], list[Any](span)
    if run:
        where.append("run = ?")
        values.append(run)
    if record:
        where.append("entity = ? AND key = ?")
        values.extend(record)
    if states:
        where.append(f"state IN ({','.join(str(state.value) for state in states)})")
    columns, found = ENTRY_COLUMNS, " AND ".join(where)
    with store.translating():
        cursor = store.reader.execute(
            f"SELECT {columns} FROM journal WHERE {found} ORDER BY id LIMIT ?", [*values, limit]
        )
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            yield from (entry_of(row, store.mapping) for row in rows)


_UPDATE = (
    "UPDATE journal SET state = ?, message = ?, field = ?, done_at = ?,"
    " made_id = CASE WHEN ? <> '' THEN ? ELSE made_id END"
    " WHERE run = ? AND idempotency_key = ?"
)


def _write_outcomes(chain: ChainWriter, run: str, outcomes: Sequence[Outcome]) -> None:
    if not outcomes:
        return
    rows = [
        (o.operation.idempotency_key, o.state.value, o.message, o.field, o.side_id)
        for o in outcomes
    ]
    chain.connection.executemany(
        _UPDATE,
        [
            (state, message, name, chain.at, made, made, run, receipt)
            for receipt, state, message, name, made in rows
        ],
    )
    chain.append(EventKind.OUTCOMES, run, rows)
