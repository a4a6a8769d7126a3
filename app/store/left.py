"""Records that are not under their key any more: gone, or where a later page or read tells.

The mirror holds one record a key, and forgets the id of the one that stood there. What refers to
that one is old where it is found under another key; the read that finds it may be another one than
the read, or the commit, that missed it.
"""

import sqlite3
from collections.abc import Iterable, Mapping

import orjson

from app.domain.mapping import EntityMapping
from app.domain.record import Side
from app.store.mirror_page import Known
from app.store.slots import SLOT
from app.store.workspace import Store


def leaving(known: Mapping[str, Known], came: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return ids → keys of the records whose keys others (keys and ids) have now."""
    found: dict[str, str] = {}
    for key, side_id in came:
        link = known.get(key)
        if link is not None and link.side_id and side_id and link.side_id != side_id:
            found[link.side_id] = key
    return found


def note_left(
    connection: sqlite3.Connection,
    store: Store,
    side: Side,
    entity: EntityMapping,
    left: Mapping[str, str],
) -> None:
    """Note, inside the caller's transaction, the keys that records (ids) have left.

    Where nothing refers to such records, nothing is old, and nothing is noted.
    """
    if store.mapping.referring(entity):
        _note(connection, side, entity.name, left)


def _note(connection: sqlite3.Connection, side: Side, entity: str, left: Mapping[str, str]) -> None:
    if left:
        notes = _notes(connection, side, entity)
        last = max((int(name.rpartition("/")[2]) for name, _ in notes), default=0)
        row = (f"left/{side.value}/{entity}/{last + 1:08}", orjson.dumps(dict(left)).decode())
        connection.execute("INSERT INTO note VALUES (?, ?)", row)


def note_missed(
    connection: sqlite3.Connection,
    store: Store,
    side: Side,
    entity: EntityMapping,
    links: Iterable[int],
) -> None:
    """Note the records of links before they are dropped, since their keys alone were asked for."""
    rows = connection.execute(
        "SELECT side_id, key FROM link JOIN document ON document.id = link.id * 4 + ?"
        " WHERE link.id IN (SELECT value FROM json_each(?)) AND side_id <> ''",
        (SLOT[side], orjson.dumps(list(links)).decode()),
    )
    note_left(connection, store, side, entity, dict(rows.fetchall()))


def all_left(connection: sqlite3.Connection, side: Side, entity: str) -> dict[str, str]:
    """Return ids → the keys that they were the first to leave, since the last whole read."""
    found: dict[str, str] = {}
    for _, left in reversed(_notes(connection, side, entity)):
        found |= orjson.loads(left)
    return found


def forget_left(
    connection: sqlite3.Connection, side: Side, entity: str, kept: Mapping[str, str] | None = None
) -> None:
    """Forget what was noted of an entity, but what is `kept`."""
    connection.execute("DELETE FROM note WHERE name BETWEEN ? AND ?", _between(side, entity))
    _note(connection, side, entity, kept or {})


def _notes(connection: sqlite3.Connection, side: Side, entity: str) -> list[tuple[str, str]]:
    return connection.execute(
        "SELECT name, value FROM note WHERE name BETWEEN ? AND ? ORDER BY name",
        _between(side, entity),
    ).fetchall()


def _between(side: Side, entity: str) -> tuple[str, str]:
    return f"left/{side.value}/{entity}/", f"left/{side.value}/{entity}0"
