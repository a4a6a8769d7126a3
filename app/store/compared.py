"""How often the differences changed: by this a window sees that another Concord changed them."""

import sqlite3

from app.store.workspace import Store

_NAME = "compared"


def note_compared(connection: sqlite3.Connection) -> None:
    """Count on, inside the transaction that changes the differences."""
    connection.execute(
        "INSERT INTO note VALUES (?, '1') ON CONFLICT (name) DO UPDATE SET value = value + 1",
        (_NAME,),
    )


def compared_count(store: Store) -> int:
    """Return how often the differences changed; a later change counts up."""
    with store.translating():
        row = store.reader.execute("SELECT value FROM note WHERE name = ?", (_NAME,)).fetchone()
    return int(row[0]) if row else 0
