"""One page of records into the mirror: new links, changed documents, kept bases."""

import sqlite3
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from app.domain.convert import text
from app.domain.mapping import NUMBERS, EntityMapping
from app.domain.record import Record, Side, canonical, content_hash, merged_base
from app.store import link_counts
from app.store.slots import BASE, BILLING, HASH_COLUMN, SALESFORCE, SLOT

_SORT_WIDTH = 12
_KEYS_AT_ONCE = 5000
_PUT_DOCUMENT = (
    "INSERT OR REPLACE INTO document (id, body, side_id, changed_at, changed_by)"
    " VALUES (?, ?, ?, ?, ?)"
)


class Stored(NamedTuple):
    """The links of a page, and how many of its records were not as the mirror had them."""

    links: list[int]
    changed: int


class _Row(NamedTuple):
    """A record made ready for the store."""

    record: Record
    body: bytes
    content: int


class _Place(NamedTuple):
    """Where a record stands in the tree, and under which title."""

    parent: str | None
    title: str
    sort: str
    group: str | None


class _Known(NamedTuple):
    """A link as it stands before the page."""

    id: int
    billing: int | None
    salesforce: int | None
    side_id: str | None
    duplicate: int


def put_page(
    connection: sqlite3.Connection,
    number: int,
    entity: EntityMapping,
    side: Side,
    records: Iterable[Record],
) -> Stored:
    """Write records (each key once) inside the caller's transaction.

    One that holds what the mirror holds, but under another id (made anew), gets that: it has not
    changed, and deletes go by it.
    """
    rows = []
    for record in records:
        body = canonical(record.values)
        rows.append(_Row(record, body, content_hash(body)))
    known = _known_links(connection, number, [row.record.key for row in rows], SLOT[side])
    fresh = [row for row in rows if row.record.key not in known]
    links = _insert(connection, number, _Slot(entity, side), fresh)
    old = [(known[row.record.key], row) for row in rows if row.record.key in known]
    _change_places(connection, SLOT[side], old)
    changed = [(link, row) for link, row in old if _hash(link, side) != row.content]
    if changed:
        both = (link.id for link, _row in changed if None not in (link.billing, link.salesforce))
        keep_agreements(connection, both)
        _update(connection, _Slot(entity, side), changed)
    renamed = [
        (link, row)
        for link, row in old
        if row.record.side_id and link.side_id not in {None, row.record.side_id}
    ]
    if renamed:
        connection.executemany(
            "UPDATE document SET side_id = ? WHERE id = ?",
            [(row.record.side_id, link.id * 4 + SLOT[side]) for link, row in renamed],
        )
    return Stored([*links, *(link.id for link, _row in old)], len(fresh) + len(changed))


class _Slot(NamedTuple):
    """One side's place for the records of an entity."""

    entity: EntityMapping
    side: Side

    def place(self, record: Record) -> _Place:
        """Return where a record stands: by its group, then by its title, numbers as numbers."""
        entity = self.entity
        title_at = entity.index[entity.title]
        title = text(record.values[title_at]) or record.key
        group = text(record.values[entity.index[entity.group_by]]) if entity.group_by else None
        numeric = entity.fields[title_at].type in NUMBERS
        sort = title.rjust(_SORT_WIDTH) if numeric else title.casefold()
        return _Place(record.parent, title, f"{group}\x1f{sort}" if group else sort, group)


def _known_links(
    connection: sqlite3.Connection, number: int, keys: list[str], slot: int
) -> Mapping[str, _Known]:
    found: dict[str, _Known] = {}
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        some = keys[start : start + _KEYS_AT_ONCE]
        rows = connection.execute(
            "SELECT key, link.id, billing_hash, salesforce_hash, side_id, duplicate FROM link"
            " LEFT JOIN document ON document.id = link.id * 4 + ?"
            f" WHERE entity = ? AND key IN ({','.join('?' * len(some))})",
            (slot, number, *some),
        )
        for key, *rest in rows:
            found[key] = _Known(*rest)
    return found


def _insert(connection: sqlite3.Connection, number: int, slot: _Slot, rows: list[_Row]) -> range:
    if not rows:
        return range(0)
    start = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM link").fetchone()[0]
    links = range(start, start + len(rows))
    connection.executemany(
        f"INSERT INTO link (id, entity, key, parent, title, sort, grp, {HASH_COLUMN[slot.side]})"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (link, number, row.record.key, *slot.place(row.record), row.content)
            for link, row in zip(links, rows, strict=True)
        ],
    )
    connection.executemany(
        _PUT_DOCUMENT,
        [_document(link, slot.side, row) for link, row in zip(links, rows, strict=True)],
    )
    link_counts.add(connection, number, len(rows))
    return links


def _change_places(
    connection: sqlite3.Connection, slot: int, came: list[tuple[_Known, _Row]]
) -> None:
    """Have a record that stands beside the one of its key change places with that one.

    So none stands twice and none is lost, until a whole read tells which share the key.
    """
    for link, row in came:
        side_id = row.record.side_id
        if not link.duplicate & slot or not side_id or side_id == link.side_id:
            continue
        beside = connection.execute(
            "DELETE FROM twin WHERE link = ? AND side = ? AND side_id = ?", (link.id, slot, side_id)
        )
        if beside.rowcount:
            connection.execute(
                "INSERT INTO twin (link, side, side_id, body)"
                " SELECT ?, ?, side_id, body FROM document WHERE id = ?",
                (link.id, slot, link.id * 4 + slot),
            )


def _update(
    connection: sqlite3.Connection, slot: _Slot, changed: list[tuple[_Known, _Row]]
) -> None:
    connection.executemany(
        f"UPDATE link SET {HASH_COLUMN[slot.side]} = ? WHERE id = ?",
        [(row.content, link.id) for link, row in changed],
    )
    connection.executemany(
        _PUT_DOCUMENT, [_document(link.id, slot.side, row) for link, row in changed]
    )
    # Where both sides name a record, billing's title and place in the tree are shown.
    connection.executemany(
        "UPDATE link SET parent = ?, title = ?, sort = ?, grp = ? WHERE id = ?",
        [
            (*slot.place(row.record), link.id)
            for link, row in changed
            if slot.side is Side.BILLING or link.billing is None
        ],
    )


def keep_agreements(connection: sqlite3.Connection, links: Iterable[int]) -> None:
    """Before a side moves away, store what both sides agree on as the base, field by field.

    Until then the base needs no room: it stands in the two documents. With it stands which record
    of Salesforce it was that agreed: of another one it says nothing (`pairing.py`).
    """
    for link in links:
        rows = connection.execute(
            "SELECT id & 3, body, side_id FROM document WHERE id BETWEEN ? AND ? ORDER BY id",
            (link * 4, link * 4 + SALESFORCE),
        ).fetchall()
        bodies = {slot: body for slot, body, _ in rows}
        if BILLING not in bodies or SALESFORCE not in bodies:
            continue
        merged = merged_base(bodies.get(BASE), bodies[BILLING], bodies[SALESFORCE])
        if merged != bodies.get(BASE):
            connection.execute(
                "INSERT OR REPLACE INTO document (id, body, side_id) VALUES (?, ?, ?)",
                (link * 4, merged, rows[-1][2]),
            )
            connection.execute(
                "UPDATE link SET base_hash = ? WHERE id = ?", (content_hash(merged), link)
            )


def _document(link: int, side: Side, row: _Row) -> tuple[object, ...]:
    record = row.record
    return (link * 4 + SLOT[side], row.body, record.side_id, record.changed_at, record.changed_by)


def _hash(link: _Known, side: Side) -> int | None:
    return link.billing if side is Side.BILLING else link.salesforce
