"""Entities whose mirror was dropped when the mapping changed, until a side is read again.

Their links remain, so that bases and choices do; but what the sides hold is not known, and two
unknown things must not pass for equal ones.
"""

import sqlite3

from app.domain.record import Side
from app.store.workspace import Store

_UNREAD = "unread"


def mark_read(connection: sqlite3.Connection, side: Side, entity: str) -> None:
    """Note, inside the caller's transaction, that a side was read whole."""
    connection.execute("DELETE FROM note WHERE name = ?", (f"{_UNREAD}/{side.value}/{entity}",))


def unread(store: Store) -> tuple[str, ...]:
    """Return the entities that were not read on both sides since their mapping changed."""
    with store.translating():
        rows = store.reader.execute(
            "SELECT name FROM note WHERE name BETWEEN ? AND ?", (f"{_UNREAD}/", f"{_UNREAD}0")
        ).fetchall()
    names = {name.rpartition("/")[2] for (name,) in rows}
    return tuple(entity.name for entity in store.mapping.entities if entity.name in names)
