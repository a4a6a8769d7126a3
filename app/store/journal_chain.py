"""The journal's chain: events that are only ever added, each bound to the one before by a hash.

An event stands for a whole transaction (all intents of a commit, the outcomes of a batch), so that
a commit of many rows pays for few of them. The hash is taken over the digest of the event's body,
not over the body: what retention takes away leaves a chain that can still be followed.
"""

import logging
import sqlite3
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from xxhash import xxh3_64_digest

from app.store.journal_head import GENESIS, Head, note_head

if TYPE_CHECKING:  # the store's migrations need the chain, and the store its migrations
    from app.store.workspace import Store

log = logging.getLogger(__name__)

INTENT_COLUMNS = "id, entity, key, side, verb, changes, expects, side_id, idempotency_key"
RUN_COLUMNS = "id, who, CAST(plan AS BLOB), started_at, connections"
MARK_BYTES = 8
MARKS_AT_ONCE = 50_000  # more of a commit stand in events of their own
EVENT_COLUMNS = "id, at, kind, run, digest, CAST(body AS BLOB), hash"


class EventKind(Enum):
    """What an event tells; the words are stored, so they never change."""

    MARKS = "marks"
    INTENTS = "intents"
    OUTCOMES = "outcomes"
    FINISHED = "finished"
    TAKEN_OVER = "taken over"
    PRUNED = "pruned"


class Event(NamedTuple):
    """One event as it is stored; `body` is None where retention took it away."""

    number: int
    at: str
    kind: str
    run: str
    digest: str
    body: bytes | None
    hash: str


class LastEvent(NamedTuple):
    """Where the chain ends: what the next event is bound to."""

    number: int
    at: str
    hash: str


@dataclass
class ChainWriter:
    """Adds events inside one transaction; `at` is the instant that all of it carries."""

    connection: sqlite3.Connection
    at: str
    head: Head = field(default_factory=Head)

    def append(self, kind: EventKind, run: str, body: Any) -> None:
        """Add an event; `body` is anything that JSON can hold."""
        written = orjson.dumps(body)
        digest = sha256(written).hexdigest()
        number = self.head.number + 1
        linked = event_hash(self.head.hash, (number, self.at, kind.value, run, digest))
        self.connection.execute(
            "INSERT INTO journal_event VALUES (?, ?, ?, ?, ?, ?, ?)",
            (number, self.at, kind.value, run, digest, written, linked),
        )
        self.head = Head(number, linked)


@contextmanager
def chained(store: "Store", *, synced: bool = False) -> Iterator[ChainWriter]:
    """Run a durable transaction that adds to the chain, then note the chain's end."""
    with store.transaction(store.durable) as connection:
        writer = _writer_of(store, connection)
        before = writer.head
        yield writer
    if writer.head != before:
        note_head(store.path, writer.head, synced=synced)


def _writer_of(store: "Store", connection: sqlite3.Connection) -> ChainWriter:
    """Return what adds to the chain, inside a transaction of the caller.

    Its instant is now, but never before the last event's: the journal does not run backwards when
    somebody sets the clock back. That is told once: a commit has many transactions.
    """
    last = last_event(connection)
    now = now_text()
    if last is None:
        return ChainWriter(connection, now)
    if last.at > now and not store.clock_told:
        store.clock_told = True
        log.warning(
            "The clock of this computer was set back: the journal is at %s, the clock at %s."
            " Until the clock has caught up, entries carry the journal's time.",
            last.at,
            now,
        )
    return ChainWriter(connection, max(now, last.at), Head(last.number, last.hash))


def now_text() -> str:
    """Return this instant in UTC, to the second, as the journal writes it."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def last_event(connection: sqlite3.Connection) -> LastEvent | None:
    """Return the chain's last event, without what it holds, which may be much."""
    row = connection.execute(
        "SELECT id, at, hash FROM journal_event ORDER BY id DESC LIMIT 1"
    ).fetchone()
    return None if row is None else LastEvent(*row)


def event_hash(before: str, parts: Sequence[object]) -> str:
    """Return the hash that binds an event (number, instant, kind, commit, digest) to its past."""
    # str, repr: what was tampered with may be of a type that JSON has not
    return sha256(str(before).encode() + orjson.dumps(parts, default=repr)).hexdigest()


class RowDigest:
    """The digest over the intents of a commit, taken row by row, with a short mark of each row.

    The digest proves, the marks name the row that is not what it was. Of millions, the marks are
    given away as they fill, so that a commit's beginning needs no memory for them.
    """

    def __init__(self) -> None:
        self._digest = sha256()
        self.first = 0
        self.count = 0
        self.marks = bytearray()

    def over(
        self, rows: Iterable[tuple[Any, ...]], full: Callable[[Mapping[str, Any]], None]
    ) -> Iterator[tuple[Any, ...]]:
        """Yield the rows (`INTENT_COLUMNS`) as they are, once they are counted in and marked.

        Args:
            rows: The intents, in the order in which they are stored.
            full: Told the body of a `MARKS` event; the marks of the last rows stay in `marks`.
        """
        for row in rows:
            self.marks += self.add(row)
            if len(self.marks) >= MARKS_AT_ONCE * MARK_BYTES:
                full({"marks": self.marks_text()})
                self.marks.clear()
            yield row

    def add(self, row: Sequence[Any]) -> bytes:
        """Count a row in and return its mark."""
        if not self.count:
            self.first = row[0]
        self.count += 1
        line = orjson.dumps(row, default=repr)
        self._digest.update(line)
        self._digest.update(b"\n")
        mark: bytes = xxh3_64_digest(line)
        return mark

    def marks_text(self) -> str:
        """Return the marks that were not given away, as the chain keeps them."""
        return b64encode(self.marks).decode()

    @property
    def hex(self) -> str:
        """The digest over the rows so far."""
        return self._digest.hexdigest()


def intents_body(run: Sequence[Any], rows: RowDigest) -> dict[str, Any]:
    """Return what the chain keeps of a commit's beginning: `run` has the `RUN_COLUMNS`.

    The marks are those of the last rows; `MARKS` events before it have those of the others.
    """
    _id, who, plan, started_at, connections = run
    return {
        "who": who,
        "plan": sha256(plan or b"").hexdigest(),
        "started_at": started_at,
        "connections": connections or "{}",
        "count": rows.count,
        "rows": rows.hex,
        "first": rows.first,
        "marks": rows.marks_text(),
    }


def chain_what_is_there(connection: sqlite3.Connection) -> None:
    """Give the commits of a store that had no chain their events, as they stand."""
    head = Head(0, GENESIS)
    runs = connection.execute(
        f"SELECT {RUN_COLUMNS}, state, finished_at, calls, seconds FROM commit_run ORDER BY rowid"
    ).fetchall()
    for row in runs:
        run, finished = row[:5], row[5:]
        rows = RowDigest()
        writer = ChainWriter(connection, run[3], head)
        intents = connection.execute(
            f"SELECT {INTENT_COLUMNS} FROM journal WHERE run = ? ORDER BY id", (run[0],)
        )
        for _intent in rows.over(intents, partial(writer.append, EventKind.MARKS, run[0])):
            pass
        writer.append(EventKind.INTENTS, run[0], intents_body(run, rows))
        _chain_outcomes(writer, run[0])
        state, finished_at, calls, seconds = finished
        if finished_at:
            writer.at = finished_at
            body = {"state": state, "calls": calls, "seconds": seconds}
            writer.append(EventKind.FINISHED, run[0], body)
        head = writer.head


def _chain_outcomes(writer: ChainWriter, run: str) -> None:
    by_instant: dict[str, list[Sequence[Any]]] = {}
    for done_at, *outcome in writer.connection.execute(
        "SELECT done_at, idempotency_key, state, message, field, '' FROM journal"
        " WHERE run = ? AND state <> 0 ORDER BY id",
        (run,),
    ):
        by_instant.setdefault(done_at or "", []).append(outcome)
    for instant in sorted(by_instant):
        writer.at = instant
        writer.append(EventKind.OUTCOMES, run, by_instant[instant])
