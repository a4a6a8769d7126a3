"""Entities whose mirror was dropped when the mapping changed, until a side is read again.

Their links remain, so that bases and choices do; but what the sides hold is not known, and two
unknown things must not pass for equal ones.
"""

import sqlite3

from app.domain.record import Side
from app.store.cursors import cursor_of
from app.store.workspace import Store

_UNREAD = "unread"


def _read(side: Side, entity: str) -> str:
    return f"read/{side.value}/{entity}"


def mark_read(connection: sqlite3.Connection, side: Side, entity: str) -> None:
    """Note, inside the caller's transaction, that a side was read whole."""
    connection.execute("DELETE FROM note WHERE name = ?", (f"{_UNREAD}/{side.value}/{entity}",))
    connection.execute("INSERT OR IGNORE INTO note VALUES (?, '')", (_read(side, entity),))


def was_read(store: Store, side: Side, entity: str) -> bool:
    """Return whether a side was ever read whole, so that it is known which keys its records bore.

    A store of an earlier Concord does not say so; there a cursor does.
    """
    query = "SELECT 1 FROM note WHERE name = ?"
    with store.translating():
        noted = store.reader.execute(query, (_read(side, entity),)).fetchone()
    return noted is not None or bool(cursor_of(store, side, entity))


def forget_read(connection: sqlite3.Connection, side: Side) -> None:
    """Note, inside the caller's transaction, that nothing is known of what a side held."""
    names = (f"read/{side.value}/", f"read/{side.value}0")
    connection.execute("DELETE FROM note WHERE name BETWEEN ? AND ?", names)


def unread(store: Store) -> tuple[str, ...]:
    """Return the entities that were not read on both sides since their mapping changed."""
    with store.translating():
        rows = store.reader.execute(
            "SELECT name FROM note WHERE name BETWEEN ? AND ?", (f"{_UNREAD}/", f"{_UNREAD}0")
        ).fetchall()
    names = {name.rpartition("/")[2] for (name,) in rows}
    return tuple(entity.name for entity in store.mapping.entities if entity.name in names)
