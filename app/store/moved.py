"""Records that a whole read found under another key than before: what refers to them is old."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import NamedTuple

import orjson

from app.domain.record import Record
from app.store.rekey import Place
from app.store.seen import Seen
from app.store.slots import SALESFORCE

_AT_ONCE = 5000

Held = tuple[str, str]  # the id that its side gave a record, and the key under which it stands


class WholeRead(NamedTuple):
    """What is known when the last page of a whole read is stored, before anything is dropped.

    Attributes:
        place: The entity's number in the store, and the read's own.
        slot: The side's.
        unseen: Links that it has not seen.
        left: Ids → keys under which another record stands now.
        twins: What stands beside the record of its key.
    """

    place: Place
    slot: int
    seen: Seen
    unseen: Sequence[int]
    left: Mapping[str, str]
    twins: Sequence[Record]


def any_moved(connection: sqlite3.Connection, read: WholeRead) -> bool:
    """Return whether a record has left its key and is there, under another one or under none."""
    beside = {(record.side_id, record.key) for record in read.twins}
    old = (_dropped(connection, read), _old_twins(connection, read), _old_loose(connection, read))
    gone = chain(read.left.items(), *old)
    while was := dict(islice(gone, _AT_ONCE)):
        now = {*_now(connection, read, list(was)), *beside}
        if any(held[0] in was and (held[0], was[held[0]]) not in now for held in now):
            return True
    return False


def _dropped(connection: sqlite3.Connection, read: WholeRead) -> Iterator[Held]:
    for start in range(0, len(read.unseen), _AT_ONCE):
        some = orjson.dumps(read.unseen[start : start + _AT_ONCE]).decode()
        yield from connection.execute(
            "SELECT side_id, key FROM document JOIN link ON link.id = document.id >> 2"
            " WHERE document.id IN (SELECT value * 4 + ? FROM json_each(?)) AND side_id <> ''",
            (read.slot, some),
        ).fetchall()


def _old_twins(connection: sqlite3.Connection, read: WholeRead) -> list[Held]:
    return connection.execute(
        "SELECT side_id, key FROM twin JOIN link ON link.id = twin.link"
        " WHERE entity = ? AND side = ? AND side_id <> ''",
        (read.place.number, read.slot),
    ).fetchall()


def _old_loose(connection: sqlite3.Connection, read: WholeRead) -> list[Held]:
    """Return what had no key before, of which the read saw that it has one now, or is gone."""
    if read.slot != SALESFORCE:
        return []
    return connection.execute(
        "SELECT side_id, '' FROM loose WHERE entity = ? AND read <> ?", read.place
    ).fetchall()


def _now(connection: sqlite3.Connection, read: WholeRead, ids: Sequence[str]) -> set[Held]:
    connection.execute("CREATE INDEX IF NOT EXISTS document_side_id ON document(side_id)")
    wanted = orjson.dumps(ids).decode()
    rows = connection.execute(
        "SELECT side_id, key, link.id FROM document JOIN link ON link.id = document.id >> 2"
        " AND entity = ? WHERE side_id IN (SELECT value FROM json_each(?))"
        " AND document.id & 3 = ?",
        (read.place.number, wanted, read.slot),
    ).fetchall()
    found = {
        (row[0], row[1])
        for row, is_seen in zip(rows, read.seen.has(row[2] for row in rows), strict=True)
        if is_seen
    }
    loose = connection.execute(
        "SELECT side_id, '' FROM loose WHERE entity = ? AND read = ?"
        " AND side_id IN (SELECT value FROM json_each(?))",
        (*read.place, wanted),
    )
    return {*found, *loose}
