"""What becomes of stored documents when the mapping of an entity changes."""

import sqlite3
from collections.abc import Sequence

import orjson

from app.domain.mapping import EntityMapping
from app.domain.record import Side, content_hash
from app.store.mirror_page import keep_agreements
from app.store.slots import BASE, BILLING, SALESFORCE


def reshape(connection: sqlite3.Connection, number: int, entity: EntityMapping) -> None:
    """Keep the base field by field, drop the entity's mirror: the next refresh reads it again.

    Called inside a transaction, before the entity's new shape is stored.
    """
    old = orjson.loads(
        connection.execute("SELECT fields FROM entity WHERE id = ?", (number,)).fetchone()[0]
    )
    links = connection.execute("SELECT id FROM link WHERE entity = ?", (number,)).fetchall()
    keep_agreements(connection, (link for (link,) in links))
    _move_bases(connection, number, entity, old)
    slots = (number, BILLING, SALESFORCE)
    connection.execute(
        "DELETE FROM document WHERE (id & 3) IN (?2, ?3)"
        " AND id / 4 IN (SELECT id FROM link WHERE entity = ?1)",
        slots,
    )
    connection.execute(
        "DELETE FROM diff WHERE link IN (SELECT id FROM link WHERE entity = ?)", (number,)
    )
    # What is read again comes with the new fields; kept bases have the old ones.
    connection.execute("DELETE FROM loose WHERE entity = ?", (number,))
    connection.execute("UPDATE pairing SET before = NULL WHERE entity = ?", (number,))
    if links:  # noted for `unread.unread`
        connection.executemany(
            "INSERT OR REPLACE INTO note VALUES (?, '')",
            [(f"unread/{side.value}/{entity.name}",) for side in Side],
        )
    connection.executemany(  # by `unread.mark_read`: the ids go with the documents
        "DELETE FROM note WHERE name = ?",
        [(f"read/{side.value}/{entity.name}",) for side in Side],
    )
    # A hash of 0 is no document's: the side held the record, and what it holds is not known now.
    connection.execute(
        "UPDATE link SET billing_hash = billing_hash * 0, duplicate = 0,"
        " salesforce_hash = salesforce_hash * 0 WHERE entity = ?",
        (number,),
    )


def _move_bases(
    connection: sqlite3.Connection, number: int, entity: EntityMapping, old: Sequence[Sequence[str]]
) -> None:
    places = {(name, kind): position for position, (name, kind) in enumerate(old)}
    order = [places.get((field.name, field.type.value)) for field in entity.fields]
    rows = connection.execute(
        "SELECT link.id, body FROM link JOIN document ON document.id = link.id * 4 + ?2"
        " WHERE entity = ?1",
        (number, BASE),
    ).fetchall()
    for link, body in rows:
        values = orjson.loads(body)
        moved = orjson.dumps([[] if place is None else values[place] for place in order])
        connection.execute("UPDATE document SET body = ? WHERE id = ?", (moved, link * 4))
        connection.execute(
            "UPDATE link SET base_hash = ? WHERE id = ?", (content_hash(moved), link)
        )
