"""From where the next read of what changed goes on, and which instance of a system was read."""

import sqlite3
from collections.abc import Iterable

import orjson

from app.domain.record import Side
from app.store.workspace import Store

_CURSOR, _INSTANCE, _EVENTS = "cursor", "instance", "events"


def cursor_of(store: Store, side: Side, entity: str) -> str:
    """Return the cursor of an entity, `""` where it has to be read whole.

    One that was kept under another mapping does not count: fields may have come since.
    """
    kept = _note(store, f"{_CURSOR}/{side.value}/{entity}")
    if not kept:
        return ""
    said = orjson.loads(kept)
    return str(said["cursor"]) if said["mapping"] == store.mapping.fingerprint else ""


def keep_cursor(
    connection: sqlite3.Connection, store: Store, side: Side, entity: str, cursor: str
) -> None:
    """Keep a cursor inside the transaction that ends a read; `""` forgets it."""
    name = f"{_CURSOR}/{side.value}/{entity}"
    if not cursor:
        connection.execute("DELETE FROM note WHERE name = ?", (name,))
        return
    value = orjson.dumps({"cursor": cursor, "mapping": store.mapping.fingerprint}).decode()
    connection.execute("INSERT OR REPLACE INTO note VALUES (?, ?)", (name, value))


def forget_cursors(store: Store, side: Side, entities: Iterable[str]) -> None:
    """Have the entities read whole the next time."""
    with store.transaction(store.mirror) as connection:
        for entity in entities:
            keep_cursor(connection, store, side, entity, "")


def instance_of(store: Store, side: Side) -> str:
    """Return which instance a side's mirror was read from, `""` before the first read."""
    return _note(store, f"{_INSTANCE}/{side.value}")


def events_cursor(store: Store, side: Side) -> str:
    """Return from where to go on listening to a side's events, `""` for from now on."""
    return _note(store, f"{_EVENTS}/{side.value}")


def keep_events_cursor(store: Store, side: Side, cursor: str) -> None:
    """Keep from where to go on listening, once what was told is read."""
    with store.transaction(store.mirror) as connection:
        connection.execute(
            "INSERT OR REPLACE INTO note VALUES (?, ?)", (f"{_EVENTS}/{side.value}", cursor)
        )


def note_instance(store: Store, side: Side, instance: str) -> None:
    """Note which instance a side's mirror will be of, before its first read."""
    with store.transaction(store.mirror) as connection:
        keep_instance(connection, side, instance)


def keep_instance(connection: sqlite3.Connection, side: Side, instance: str) -> None:
    """Note which instance a side's mirror is of, inside the caller's transaction."""
    connection.execute(
        "INSERT OR REPLACE INTO note VALUES (?, ?)", (f"{_INSTANCE}/{side.value}", instance)
    )


def _note(store: Store, name: str) -> str:
    with store.translating():
        row = store.reader.execute("SELECT value FROM note WHERE name = ?", (name,)).fetchone()
    return str(row[0]) if row else ""
