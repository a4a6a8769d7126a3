"""The journal: every intent before it is sent, every outcome as it comes, synced to disk."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from app.domain.mapping import WorkspaceMapping
from app.domain.plan import (
    Operation,
    Outcome,
    OutcomeState,
    Verb,
    changes_from_json,
    changes_json,
)
from app.domain.record import Record, Side
from app.errors import NotFound
from app.store.mirror import remove_links, write_records
from app.store.workspace import Store

_OPERATION = "id, entity, key, side, verb, changes, expects, side_id, idempotency_key"


@dataclass(frozen=True, slots=True)
class Run:
    """One commit: who, when, how it stands.

    Attributes:
        state: `running` until every operation has a final outcome, then `finished`.
        counts: Outcome state → how many operations; `INTENT` counts what was not sent.
    """

    id: str
    who: str
    state: str
    started_at: str
    finished_at: str
    calls: Mapping[str, int]
    seconds: float
    counts: Mapping[OutcomeState, int]


@dataclass(frozen=True, slots=True)
class Entry:
    """One operation in the journal, with what became of it."""

    id: int
    run: str
    operation: Operation
    state: OutcomeState
    message: str
    field: str
    intent_at: str
    done_at: str


def now_text() -> str:
    """Return this instant in UTC, to the second, as the journal writes it."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def begin(store: Store, run: str, who: str, operations: Sequence[Operation], plan: bytes) -> None:
    """Write a run and one intent for each operation, synced to disk before this returns."""
    now = now_text()
    rows = (
        (
            run, o.entity, o.key, o.side.value, o.verb.value,
            orjson.dumps(changes_json(o.changes)).decode(), o.expects, o.side_id,
            o.idempotency_key, OutcomeState.INTENT.value, now,
        )
        for o in operations
    )  # fmt: skip
    with store.transaction(store.durable) as connection:
        connection.execute(
            "INSERT INTO commit_run (id, who, plan, state, started_at) VALUES (?, ?, ?, ?, ?)",
            (run, who, plan, "running", now),
        )
        connection.executemany(
            "INSERT INTO journal (run, entity, key, side, verb, changes, expects, side_id,"
            " idempotency_key, state, intent_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )


def mark(store: Store, run: str, outcomes: Sequence[Outcome]) -> None:
    """Write outcomes that touch neither mirror nor base: stale, skipped, failed, unknown."""
    with store.transaction(store.durable) as connection:
        connection.executemany(_UPDATE, [_outcome_row(run, outcome) for outcome in outcomes])


def settle(store: Store, run: str, outcomes: Sequence[tuple[Outcome, Record | None]]) -> None:
    """Write outcomes with the records as they stand now on the side written, in one transaction.

    The record of a written delete is None; that of a failed operation is not looked at.
    """
    with store.transaction(store.durable) as connection:
        connection.executemany(_UPDATE, [_outcome_row(run, outcome) for outcome, _ in outcomes])
        for outcome, record in outcomes:
            if outcome.state is not OutcomeState.WRITTEN:
                continue
            operation = outcome.operation
            entity = store.mapping.entity(operation.entity)
            if record is not None:
                write_records(store, connection, entity, operation.side, [record])
                continue
            row = connection.execute(
                "SELECT id FROM link WHERE entity = ? AND key = ?",
                (store.entity_ids[entity.name], operation.key),
            ).fetchone()
            if row:
                remove_links(connection, operation.side, [row[0]])


def finish(store: Store, run: str, calls: Mapping[str, int], seconds: float) -> None:
    """Add what a run cost; it is finished when nothing of it is open."""
    with store.transaction(store.durable) as connection:
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
        connection.execute(
            "UPDATE commit_run SET state = ?, finished_at = ?, calls = ?, seconds = ? WHERE id = ?",
            (state, now_text(), orjson.dumps(total).decode(), before_s + seconds, run),
        )


def runs(store: Store) -> list[Run]:
    """Return all commits, newest first."""
    with store.translating():
        rows = store.reader.execute(
            "SELECT id, who, state, started_at, finished_at, calls, seconds FROM commit_run"
            " ORDER BY rowid DESC"
        ).fetchall()
        counts = store.reader.execute(
            "SELECT run, state, count(*) FROM journal GROUP BY run, state"
        ).fetchall()
    by_run: dict[str, dict[OutcomeState, int]] = {}
    for run, state, count in counts:
        by_run.setdefault(run, {})[OutcomeState(state)] = count
    return [
        Run(r[0], r[1], r[2], r[3], r[4] or "", orjson.loads(r[5] or "{}"), r[6] or 0.0,
            by_run.get(r[0], {}))
        for r in rows
    ]  # fmt: skip


def find_run(store: Store, run: str) -> Run:
    """Return one commit; raises `NotFound`."""
    for found in runs(store):
        if found.id == run:
            return found
    raise NotFound(f"There is no commit {run!r} in this workspace.", "See `concord history`.")


def open_runs(store: Store) -> list[str]:
    """Return the commits that broke off or were stopped, oldest first."""
    with store.translating():
        rows = store.reader.execute(
            "SELECT id FROM commit_run WHERE state = 'running' ORDER BY rowid"
        )
        return [row[0] for row in rows.fetchall()]


def entries(
    store: Store,
    *,
    run: str = "",
    record: tuple[str, str] | None = None,
    states: Sequence[OutcomeState] = (),
) -> Iterator[Entry]:
    """Yield journal entries in the order of sending, of one commit, one record, some states."""
    where, values = ["true"], list[Any]()
    if run:
        where.append("run = ?")
        values.append(run)
    if record:
        where.append("entity = ? AND key = ?")
        values.extend(record)
    if states:
        where.append(f"state IN ({','.join(str(state.value) for state in states)})")
    with store.translating():
        cursor = store.reader.execute(
            f"SELECT {_OPERATION}, run, state, message, field, intent_at, done_at FROM journal"
            f" WHERE {' AND '.join(where)} ORDER BY id",
            values,
        )
        for row in cursor.fetchall():
            yield _entry(row, store.mapping)


_UPDATE = (
    "UPDATE journal SET state = ?, message = ?, field = ?, done_at = ?,"
    " side_id = CASE WHEN ? <> '' THEN ? ELSE side_id END"
    " WHERE run = ? AND idempotency_key = ?"
)


def _outcome_row(run: str, outcome: Outcome) -> tuple[Any, ...]:
    return (
        outcome.state.value, outcome.message, outcome.field, now_text(), outcome.side_id,
        outcome.side_id, run, outcome.operation.idempotency_key,
    )  # fmt: skip


def _entry(row: Sequence[Any], mapping: WorkspaceMapping) -> Entry:
    number, entity, key, side, verb, changes, expects, side_id, receipt = row[:9]
    run, state, message, field, intent_at, done_at = row[9:]
    operation = Operation(
        entity=entity,
        key=key,
        side=Side(side),
        verb=Verb(verb),
        changes=changes_from_json(orjson.loads(changes), mapping.entity(entity)),
        expects=expects,
        side_id=side_id,
        idempotency_key=receipt,
    )
    return Entry(
        number, run, operation, OutcomeState(state), message or "", field or "", intent_at,
        done_at or "",
    )  # fmt: skip
