"""Records of one side that share a key: one stands in the mirror, the others beside it."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import cast

from app.domain.convert import decode_each
from app.domain.mapping import EntityMapping
from app.domain.record import Record, Side, Values, canonical
from app.store.mirror import arranged, write_records
from app.store.rekey import drop_loose
from app.store.slots import HASH_COLUMN, SALESFORCE, SLOT
from app.store.workspace import Store


def put_found(
    store: Store,
    connection: sqlite3.Connection,
    entity: EntityMapping,
    side: Side,
    found: Sequence[Record],
) -> None:
    """Write all that a side holds under a key, inside a transaction of the caller.

    Of several that count as one key, the one that the mirror holds stays there, else the first by
    its id comes there. The others stand beside it, and the key shows as one that records share, as
    after a whole read; the next refresh is one, since nothing else tells when that ends.
    """
    number = store.entity_ids[entity.name]
    keys = {one.side_id: one.key for one in arranged(connection, number, side, found).records}
    sharing: dict[str, list[Record]] = defaultdict(list)
    for record in sorted(found, key=lambda one: one.side_id):
        if record.side_id in keys:
            sharing[keys[record.side_id]].append(record)
        else:  # nothing gives it a key
            write_records(store, connection, entity, side, [record])
    for key, records in sharing.items():
        held = _held(connection, number, key, side)
        records.sort(key=lambda one: one.side_id != held)
        write_records(store, connection, entity, side, records[:1])
        if records[1:]:
            _put_beside(connection, number, key, SLOT[side], records[1:])


def pairs_beside(store: Store, entity: EntityMapping) -> dict[str, str]:
    """Return Salesforce's id → key of paired records beside which another bears that key."""
    with store.translating():
        rows = store.reader.execute(
            "SELECT pairing.side_id, pairing.key FROM pairing"
            " JOIN link ON link.entity = pairing.entity AND link.key = pairing.key"
            " JOIN twin ON twin.link = link.id AND twin.side = pairing.side"
            " AND twin.side_id = pairing.side_id WHERE pairing.entity = ?",
            (store.entity_ids[entity.name],),
        )
        return dict(rows.fetchall())


def beside(store: Store, entity: EntityMapping) -> Iterator[tuple[Side, Values]]:
    """Yield what stands beside the record of its key that the mirror holds, with its side."""
    sides = {slot: side for side, slot in SLOT.items()}
    with store.translating():
        cursor = store.reader.execute(
            "SELECT twin.side, twin.body FROM twin JOIN link ON link.id = twin.link"
            " WHERE link.entity = ?",
            (store.entity_ids[entity.name],),
        )
        for slot, body in cursor:
            (values,) = decode_each([body], entity)
            yield sides[slot], cast("Values", values)


def _held(connection: sqlite3.Connection, number: int, key: str, side: Side) -> str:
    row = connection.execute(
        "SELECT side_id FROM link JOIN document ON document.id = link.id * 4 + ?"
        f" WHERE entity = ? AND key = ? AND {HASH_COLUMN[side]} IS NOT NULL",
        (SLOT[side], number, key),
    ).fetchone()
    return "" if row is None else str(row[0] or "")


def _put_beside(
    connection: sqlite3.Connection, number: int, key: str, slot: int, records: Sequence[Record]
) -> None:
    (link,) = connection.execute(
        "SELECT id FROM link WHERE entity = ? AND key = ?", (number, key)
    ).fetchone()
    connection.execute("DELETE FROM twin WHERE link = ? AND side = ?", (link, slot))
    connection.executemany(
        "INSERT INTO twin (link, side, side_id, body) VALUES (?, ?, ?, ?)",
        [(link, slot, record.side_id, canonical(record.values)) for record in records],
    )
    connection.execute("UPDATE link SET duplicate = duplicate | ? WHERE id = ?", (slot, link))
    if slot == SALESFORCE:
        drop_loose(connection, number, [record.side_id for record in records])
