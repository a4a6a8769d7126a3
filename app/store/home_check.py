"""Whether a store is where it was last written, and as it was left there.

A copy of a store goes its own way: the original may be written at the same time, and what the copy
takes for agreed may be long gone. So a store from elsewhere can be read, and is written only after
somebody has said that this is the one that counts (`take_over`).
"""

from typing import TYPE_CHECKING

from app.errors import StoreForeign
from app.store.journal_chain import EventKind, chained, last_event
from app.store.journal_head import Head, begin_heads, note_head, noted_head
from app.store.machine import host_name, machine_id

if TYPE_CHECKING:  # the store asks this before it is written
    from app.store.workspace import Store

_HINT = (
    "It can be read here. If this is the one that counts: `concord workspace adopt NAME`, then"
    " refresh."
)


def check_home(store: "Store") -> None:
    """Make sure that the store may be written; called by the process that holds its lock.

    Raises:
        StoreForeign: As `look_home` does.
    """
    look_home(store)
    if noted_head(store.path) is None:
        begin_heads(store.path)
    if machine_id() and not _note(store, "machine"):
        _note_machine(store)


def look_home(store: "Store") -> None:
    """Look whether the store may be written here; nothing is noted.

    Raises:
        StoreForeign: It was last written on another computer, or its journal does not end as the
            note beside it says.
    """
    noted, here = _note(store, "machine"), machine_id()
    if noted and here and noted != here:
        host = _note(store, "host")
        raise StoreForeign(
            f"The store {store.path} was last written on another computer ({host}).", _HINT
        )
    words = end_trouble(store, noted_head(store.path))
    if words:
        raise StoreForeign(f"The store {store.path} is not as it was left here: {words}.", _HINT)


def end_trouble(store: "Store", noted: Head | None) -> str:
    """Return how the journal's end differs from the note beside the store; `""` if it agrees.

    A note that lags behind agrees: it is written after the store.
    """
    if noted is None:
        return "" if _is_empty(store) else "the note of its journal's end is missing"
    if not noted.number:
        return ""
    with store.translating():
        last = last_event(store.reader)
        found = store.reader.execute(
            "SELECT hash FROM journal_event WHERE id = ?", (noted.number,)
        ).fetchone()
    if found is None:
        end = 0 if last is None else last.number
        return (
            f"its journal ends at event {end}, it was at {noted.number}: this is an older copy, or"
            " its end was cut off"
        )
    return "" if found[0] == noted.hash else "its journal is another one"


def take_over(store: "Store", who: str) -> None:
    """Say that a store from elsewhere is the one that counts from now on; the journal tells of it.

    The caller holds the store's lock.
    """
    noted = noted_head(store.path)
    with chained(store, synced=True) as chain:
        body = {
            "who": who,
            "from": _note(store, "host"),
            "to": host_name(),
            "noted": str(noted or ""),
            "found": str(chain.head),
        }
        chain.append(EventKind.TAKEN_OVER, "", body)
    _note_machine(store)


def note_end(store: "Store") -> None:
    """Note where the chain ends now, after a migration that gave the store its chain."""
    last = last_event(store.durable)
    if last is not None:
        note_head(store.path, Head(last.number, last.hash), synced=True)


def _is_empty(store: "Store") -> bool:
    with store.translating():
        return last_event(store.reader) is None


def _note_machine(store: "Store") -> None:
    with store.transaction(store.durable) as connection:
        connection.executemany(
            "INSERT OR REPLACE INTO note VALUES (?, ?)",
            [("machine", machine_id()), ("host", host_name())],
        )


def _note(store: "Store", name: str) -> str:
    with store.translating():
        row = store.reader.execute("SELECT value FROM note WHERE name = ?", (name,)).fetchone()
    return "" if row is None else str(row[0])
