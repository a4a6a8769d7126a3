"""One page of records into the mirror: new links, changed documents, kept bases."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from app.domain.convert import text
from app.domain.mapping import NUMBERS, EntityMapping
from app.domain.record import Record, Side, canonical, content_hash
from app.store.migrations import BILLING, SALESFORCE

SLOT = {Side.BILLING: BILLING, Side.SALESFORCE: SALESFORCE}
HASH_COLUMN = {Side.BILLING: "billing_hash", Side.SALESFORCE: "salesforce_hash"}
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
    title: str
    sort: str
    group: str | None


class _Known(NamedTuple):
    """A link as it stands before the page."""

    id: int
    base: int | None
    billing: int | None
    salesforce: int | None
    parent: str | None
    title: str
    sort: str


def put_page(
    connection: sqlite3.Connection,
    number: int,
    entity: EntityMapping,
    side: Side,
    records: Iterable[Record],
) -> Stored:
    """Write records (each key once) inside the caller's transaction."""
    rows = list(_rows(entity, records))
    known = _known_links(connection, number, [row.record.key for row in rows])
    fresh = [row for row in rows if row.record.key not in known]
    links = _insert(connection, number, side, fresh)
    old = [(known[row.record.key], row) for row in rows if row.record.key in known]
    changed = [(link, row) for link, row in old if _hash(link, side) != row.content]
    if changed:
        _keep_agreements(connection, [link for link, _row in changed])
        _update(connection, side, changed)
    _move(connection, side, old)
    return Stored([*links, *(link.id for link, _row in old)], len(fresh) + len(changed))


def _rows(entity: EntityMapping, records: Iterable[Record]) -> Iterator[_Row]:
    title_at = entity.index[entity.title]
    group_at = entity.index[entity.group_by] if entity.group_by else None
    numeric = entity.fields[title_at].type in NUMBERS
    for record in records:
        body = canonical(record.values)
        title = text(record.values[title_at]) or record.key
        group = None if group_at is None else text(record.values[group_at])
        sort = title.rjust(_SORT_WIDTH) if numeric else title.casefold()
        if group:
            sort = f"{group}\x1f{sort}"
        yield _Row(record, body, content_hash(body), title, sort, group)


def _known_links(
    connection: sqlite3.Connection, number: int, keys: list[str]
) -> Mapping[str, _Known]:
    found: dict[str, _Known] = {}
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        some = keys[start : start + _KEYS_AT_ONCE]
        rows = connection.execute(
            "SELECT key, id, base_hash, billing_hash, salesforce_hash, parent, title, sort"
            f" FROM link WHERE entity = ? AND key IN ({','.join('?' * len(some))})",
            (number, *some),
        )
        for key, *rest in rows:
            found[key] = _Known(*rest)
    return found


def _insert(connection: sqlite3.Connection, number: int, side: Side, rows: list[_Row]) -> range:
    if not rows:
        return range(0)
    start = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM link").fetchone()[0]
    links = range(start, start + len(rows))
    connection.executemany(
        f"INSERT INTO link (id, entity, key, parent, title, sort, grp, {HASH_COLUMN[side]})"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (link, number, row.record.key, row.record.parent, *row[3:], row.content)
            for link, row in zip(links, rows, strict=True)
        ],
    )
    connection.executemany(
        _PUT_DOCUMENT,
        [_document(link, side, row) for link, row in zip(links, rows, strict=True)],
    )
    return links


def _update(connection: sqlite3.Connection, side: Side, changed: list[tuple[_Known, _Row]]) -> None:
    connection.executemany(
        f"UPDATE link SET {HASH_COLUMN[side]} = ? WHERE id = ?",
        [(row.content, link.id) for link, row in changed],
    )
    connection.executemany(_PUT_DOCUMENT, [_document(link.id, side, row) for link, row in changed])


def _keep_agreements(connection: sqlite3.Connection, links: list[_Known]) -> None:
    """Before a side moves away, what both sides hold becomes the stored base."""
    agreed = [link for link in links if _agrees(link)]
    connection.executemany(
        "INSERT OR REPLACE INTO document (id, body) SELECT ?, body FROM document WHERE id = ?",
        [(link.id * 4, link.id * 4 + BILLING) for link in agreed],
    )
    connection.executemany(
        "UPDATE link SET base_hash = ? WHERE id = ?", [(link.billing, link.id) for link in agreed]
    )


def _move(connection: sqlite3.Connection, side: Side, old: list[tuple[_Known, _Row]]) -> None:
    """Give links the title and the place in the tree that billing says, Salesforce where alone."""
    connection.executemany(
        "UPDATE link SET parent = ?, title = ?, sort = ?, grp = ? WHERE id = ?",
        [
            (row.record.parent, row.title, row.sort, row.group, link.id)
            for link, row in old
            if (side is Side.BILLING or link.billing is None)
            and (link.parent, link.title, link.sort) != (row.record.parent, row.title, row.sort)
        ],
    )


def _document(link: int, side: Side, row: _Row) -> tuple[object, ...]:
    record = row.record
    return (link * 4 + SLOT[side], row.body, record.side_id, record.changed_at, record.changed_by)


def _hash(link: _Known, side: Side) -> int | None:
    return link.billing if side is Side.BILLING else link.salesforce


def _agrees(link: _Known) -> bool:
    return link.billing is not None and link.billing == link.salesforce
