"""Whether the journal is as it was written: the chain followed, and each commit held against it."""

from base64 import b64decode
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import orjson

from app.domain.control import CancelToken
from app.domain.plan import OutcomeState
from app.store.home_check import end_trouble
from app.store.journal_chain import (
    EVENT_COLUMNS,
    INTENT_COLUMNS,
    MARK_BYTES,
    RUN_COLUMNS,
    Event,
    EventKind,
    RowDigest,
    event_hash,
    intents_body,
)
from app.store.journal_head import Head, noted_head
from app.store.workspace import Store

_EVENTS_AT_ONCE = 20  # one holds the outcomes of a whole batch
_FAULTS_A_RUN = 20
_OUTCOMES_AT_ONCE = 100_000
_OUTCOME_COLUMNS = "idempotency_key, state, message, field, done_at, made_id, entity, key"


@dataclass(frozen=True, slots=True)
class Fault:
    """One place where the journal is not as it was written.

    Attributes:
        run: The commit, `""` where it is an event of none.
        record: Entity and key of the row, where one row can be named.
    """

    run: str
    words: str
    record: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check of the journal found.

    Attributes:
        head: The chain's end as it is now; noted elsewhere, it proves later that nothing was cut.
        remarks: What is no fault but should be known: what was pruned, and taken over from where.
    """

    events: int
    runs: int
    head: Head
    faults: tuple[Fault, ...]
    remarks: tuple[str, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Whether the journal is as it was written."""
        return not self.faults


@dataclass
class _Story:
    """What the chain tells: of each commit its beginning, its outcomes so far, its end."""

    begun: dict[str, dict[str, Any]] = field(default_factory=dict)
    marks: dict[str, bytearray] = field(default_factory=lambda: defaultdict(bytearray))
    finished: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    pruned: dict[str, str] = field(default_factory=dict)
    bare: set[str] = field(default_factory=set)
    bad: set[int] = field(default_factory=set)
    remarks: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def verify(store: Store, cancel: CancelToken, expected: Head | None = None) -> Verification:
    """Follow the chain and hold each commit against it; any change after the fact is a fault.

    Args:
        store: The workspace's store; it is only read.
        cancel: Asked between commits.
        expected: A head that was noted elsewhere earlier, which the chain must contain.
    """
    story, head = _Story(), Head()
    # Read before the snapshot begins: what a commit under way adds meanwhile is in neither.
    noted = noted_head(store.path)
    with _snapshot(store):
        for event in _events(store):
            head = _follow(event, head, story)
        _check_bare(story)
        story.faults += _ends(store, noted, expected)
        runs = [row[0] for row in store.reader.execute("SELECT id FROM commit_run ORDER BY rowid")]
        story.faults += _strangers(store, story, runs)
        for run in runs:
            cancel.check()
            story.faults += _check_run(store, run, story)
    return Verification(head.number, len(runs), head, tuple(story.faults), tuple(story.remarks))


@contextmanager
def _snapshot(store: Store) -> Iterator[None]:
    with store.translating():
        store.reader.execute("BEGIN")
        try:
            yield
        finally:
            store.reader.rollback()


def _events(store: Store, run: str = "") -> Iterator[Event]:
    where, values = ("WHERE run = ?", [run]) if run else ("", [])
    cursor = store.reader.execute(
        f"SELECT {EVENT_COLUMNS} FROM journal_event {where} ORDER BY id", values
    )
    while rows := cursor.fetchmany(_EVENTS_AT_ONCE):
        yield from (Event(*row) for row in rows)


def _follow(event: Event, head: Head, story: _Story) -> Head:
    """Check one event against the one before, and take in what it tells."""
    number, at, kind, run, digest, body, linked = event
    if number != head.number + 1:
        missing = f"{head.number + 1} to {number - 1}" if number > head.number + 1 else number
        story.faults.append(Fault("", f"events {missing} are missing"))
    elif linked != event_hash(head.hash, (number, at, kind, run, digest)):
        story.faults.append(Fault(run, f"event {number} ({kind}, {at}) was changed"))
        story.bad.add(number)
    if body is None:
        story.bare.add(run)
    elif sha256(body).hexdigest() != digest:
        story.faults.append(Fault(run, f"what event {number} ({kind}, {at}) holds was changed"))
        story.bad.add(number)
    elif number not in story.bad:
        _take_in(event, orjson.loads(body), story)
    return Head(number, linked)


def _take_in(event: Event, body: Any, story: _Story) -> None:
    if event.kind == EventKind.MARKS.value:
        story.marks[event.run] += b64decode(body["marks"])
    elif event.kind == EventKind.INTENTS.value:
        story.begun[event.run] = body
        story.marks[event.run] += b64decode(body["marks"])
    elif event.kind == EventKind.FINISHED.value:
        story.finished[event.run] = (event.at, body)
    elif event.kind == EventKind.PRUNED.value:
        for run in body["commits"]:
            story.pruned[run] = event.at
        words = f"{len(body['commits'])} commits were pruned by {body['who']} ({body['policy']})"
        story.remarks.append(f"{event.at}: {words}")
    elif event.kind == EventKind.TAKEN_OVER.value:
        words = f"taken over by {body['who']} on {body['to']}, last written on"
        words += f" {body['from'] or 'an unknown computer'}; the chain stood at event"
        noted, found = (body[end].split(":")[0] or "none" for end in ("noted", "found"))
        story.remarks.append(f"{event.at}: {words} {found}, its note at {noted}")


def _check_bare(story: _Story) -> None:
    """Only what a pruning event names may have lost what it held."""
    for run in sorted(story.bare - story.pruned.keys()):
        story.faults.append(Fault(run, "what the chain held of the commit was taken away"))


def _ends(store: Store, noted: Head | None, expected: Head | None) -> Iterator[Fault]:
    words = end_trouble(store, noted)
    if words:
        yield Fault("", words)
    if expected is None or not expected.number:
        return
    row = store.reader.execute(
        "SELECT hash FROM journal_event WHERE id = ?", (expected.number,)
    ).fetchone()
    if row is None or row[0] != expected.hash:
        yield Fault("", f"the chain does not hold the head {expected} that was expected")


def _strangers(store: Store, story: _Story, runs: list[str]) -> Iterator[Fault]:
    known = story.begun.keys() - story.pruned.keys()
    for run in sorted(known - set(runs)):
        yield Fault(run, "the commit was deleted")
    for run in sorted(set(runs) - known):
        yield Fault(run, "the commit was added after the fact")
    in_order = [run for run in story.begun if run in set(runs)]
    if in_order != [run for run in runs if run in known]:
        yield Fault("", "the commits stand in another order")
    for (run,) in store.reader.execute(
        "SELECT DISTINCT run FROM journal WHERE run NOT IN (SELECT id FROM commit_run)"
    ):
        yield Fault(run, "there are changes of a commit that is not there")


def _check_run(store: Store, run: str, story: _Story) -> Iterator[Fault]:
    begun = story.begun.get(run)
    if begun is None:
        return
    row = store.reader.execute(
        f"SELECT {RUN_COLUMNS}, state, finished_at, calls, seconds FROM commit_run WHERE id = ?",
        (run,),
    ).fetchone()
    digest = RowDigest()
    for intent in store.reader.execute(
        f"SELECT {INTENT_COLUMNS} FROM journal WHERE run = ? ORDER BY id", (run,)
    ):
        digest.add(intent)
    found = intents_body(row[:5], digest)
    for name in ("who", "plan", "started_at", "connections"):
        if found[name] != begun[name]:
            yield Fault(run, f"{name.replace('_', ' ')} of the commit was changed")
    if (found["count"], found["rows"]) != (begun["count"], begun["rows"]):
        yield from _changed_rows(store, run, begun, story.marks[run])
    yield from _moved_rows(store, run, begun["started_at"])
    if not _ends_as_told(row[5:], story.finished.get(run)):
        yield Fault(run, "the state or the cost of the commit was changed")
    yield from _check_outcomes(store, run, story, begun["count"])


def _ends_as_told(stored: tuple[Any, ...], told: tuple[str, dict[str, Any]] | None) -> bool:
    if told is None:
        return stored == ("running", None, None, None)
    at, body = told
    return stored == (body["state"], at, body["calls"], body["seconds"])


def _changed_rows(
    store: Store, run: str, begun: dict[str, Any], marks: bytes | bytearray
) -> Iterator[Fault]:
    """Say which rows are not what the commit began with, by their marks where none is lost."""
    if len(marks) != begun["count"] * MARK_BYTES:
        yield Fault(run, "its changes are not those it began with")
        return
    first = begun["first"]
    missing = set(range(first, first + begun["count"]))
    faults, digest = [], RowDigest()
    for row in store.reader.execute(
        f"SELECT {INTENT_COLUMNS} FROM journal WHERE run = ? ORDER BY id", (run,)
    ):
        number, mark, name = row[0], digest.add(row), f"{row[1]} {row[2]}"
        at = (number - first) * MARK_BYTES
        if number not in missing:
            faults.append(Fault(run, "the change was added after the fact", name))
        elif marks[at : at + MARK_BYTES] != mark:
            faults.append(Fault(run, "the change was edited", name))
        missing.discard(number)
    faults += [
        Fault(run, f"change {number - first + 1} of {begun['count']} was deleted")
        for number in sorted(missing)
    ]
    yield from faults[:_FAULTS_A_RUN] or [Fault(run, "its changes are not those it began with")]


def _moved_rows(store: Store, run: str, started_at: str) -> Iterator[Fault]:
    """Say which rows do not carry the instant of their commit, as all intents do."""
    for row in store.reader.execute(
        "SELECT entity, key FROM journal WHERE run = ? AND intent_at IS NOT ? ORDER BY id LIMIT ?",
        (run, started_at, _FAULTS_A_RUN),
    ):
        yield Fault(run, "the time of the change was edited", f"{row[0]} {row[1]}")


def _check_outcomes(store: Store, run: str, story: _Story, count: int) -> Iterator[Fault]:
    """Hold the outcomes against what the chain tells of them; of many, a share at a time."""
    shares, faults = 1 + count // _OUTCOMES_AT_ONCE, 0
    for share in range(shares):

        def is_mine(receipt: str, share: int = share) -> bool:
            return hash(receipt) % shares == share

        told = _told(store, run, story, is_mine)
        if told is None:
            return
        cursor = store.reader.execute(
            f"SELECT {_OUTCOME_COLUMNS} FROM journal WHERE run = ?", (run,)
        )
        for receipt, state, message, name, done_at, made, entity, key in cursor:
            if not is_mine(receipt):
                continue
            found = (state, message or "", name or "", done_at or "", made or "")
            wanted = told.get(receipt, (OutcomeState.INTENT.value, "", "", "", ""))
            if found != wanted and faults < _FAULTS_A_RUN:
                faults += 1
                yield Fault(run, "its outcome was changed", f"{entity} {key}")


def _told(
    store: Store, run: str, story: _Story, wanted: Callable[[str], bool]
) -> dict[str, tuple[Any, ...]] | None:
    """Return the last outcome of each receipt; None where an event is not to be trusted."""
    told: dict[str, tuple[Any, ...]] = {}
    for event in _events(store, run):
        if event.kind != EventKind.OUTCOMES.value or event.body is None:
            continue
        if event.number in story.bad:
            return None  # said already
        for receipt, state, message, name, made in orjson.loads(event.body):
            if wanted(receipt):
                made_id = made or told.get(receipt, ("",))[-1]
                told[receipt] = (state, message or "", name or "", event.at, made_id)
    return told
