"""Salesforce records by their ids; those without a twin are what somebody made there."""

from typing import cast

from app.domain.convert import decode_each
from app.domain.mapping import EntityMapping
from app.domain.record import Values
from app.store.slots import SALESFORCE
from app.store.workspace import Store


def alone(store: Store, entity: EntityMapping, most: int) -> list[tuple[str, Values]]:
    """Return ids and values of so many records that have no twin, the newest first."""
    number = store.entity_ids[entity.name]
    with store.translating():
        found = store.reader.execute(
            "SELECT side_id, body FROM loose WHERE entity = ?1 AND side_id <> ''"
            " UNION ALL SELECT document.side_id, body FROM document"
            " JOIN link ON link.id = document.id >> 2"
            " WHERE document.id & 3 = ?2 AND link.entity = ?1 AND document.side_id <> ''"
            " AND link.billing_hash IS NULL AND link.salesforce_hash IS NOT NULL"
            " ORDER BY 1 DESC LIMIT ?3",
            (number, SALESFORCE, most),
        ).fetchall()
    bodies = decode_each([row[1] for row in found], entity)
    return [(str(row[0]), cast("Values", body)) for row, body in zip(found, bodies, strict=True)]


def alone_by_id(store: Store, entity: EntityMapping, side_id: str) -> tuple[str, Values] | None:
    """Return key (`""` if it has none) and values of a record by its id; None if it has a twin."""
    number = store.entity_ids[entity.name]
    with store.translating():
        row = store.reader.execute(
            "SELECT '', body FROM loose WHERE entity = ?1 AND side_id = ?2"
            " UNION ALL SELECT key, body FROM document JOIN link ON link.id = document.id >> 2"
            " WHERE document.side_id = ?2 AND document.id & 3 = ?3 AND link.entity = ?1"
            " AND link.billing_hash IS NULL AND link.salesforce_hash IS NOT NULL",
            (number, side_id, SALESFORCE),
        ).fetchone()
    if row is None or not side_id:
        return None
    (values,) = decode_each([row[1]], entity)
    return str(row[0]), cast("Values", values)


def key_by_id(store: Store, entity: EntityMapping, side_id: str) -> str:
    """Return the key of a Salesforce record by its id; `""` where it has none or is not known."""
    with store.translating():
        row = store.reader.execute(
            "SELECT key FROM document JOIN link ON link.id = document.id >> 2"
            " WHERE document.side_id = ?2 AND document.id & 3 = ?3 AND link.entity = ?1",
            (store.entity_ids[entity.name], side_id, SALESFORCE),
        ).fetchone()
    return str(row[0]) if row is not None and side_id else ""
