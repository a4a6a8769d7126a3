"""One page of records into the mirror: new links, changed documents, kept bases."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, compress, groupby, islice, repeat
from operator import attrgetter, not_
from typing import Any, NamedTuple

import orjson

from app.domain.convert import text
from app.domain.mapping import NUMBERS, EntityMapping
from app.domain.record import Record, Side, canonical, content_hash, merged_base
from app.store import link_counts
from app.store.slots import BASE, BILLING, HASH_COLUMN, SALESFORCE, SLOT

_SORT_WIDTH = 12
_KEYS_AT_ONCE = 5000
_ROWS_AT_ONCE = 50
_PUT_DOCUMENTS = (
    "INSERT OR REPLACE INTO document (id, body, side_id, changed_at, changed_by) VALUES {}"
)
_MOVE = (
    "INSERT INTO link (id, entity, key, parent, title, sort, grp) VALUES {}"
    " ON CONFLICT (id) DO UPDATE SET parent = excluded.parent, title = excluded.title,"
    " sort = excluded.sort, grp = excluded.grp"
    # To look costs less than to write, and most stand where they stood.
    " WHERE (parent, title, sort, grp)"
    " IS NOT (excluded.parent, excluded.title, excluded.sort, excluded.grp)"
)


class Stored(NamedTuple):
    """The links of a page, and how many of its records were not as the mirror had them."""

    links: list[int]
    changed: int


class Slot(NamedTuple):
    """One side's place for the records of an entity; `number` is the entity's in the store."""

    number: int
    entity: EntityMapping
    side: Side


class Known(NamedTuple):
    """A link as it stands before the page; `hash` and `side_id` are of the page's side."""

    key: str
    id: int
    hash: int | None
    other_hash: int | None
    side_id: str | None
    duplicate: int


class _Ready(NamedTuple):
    """Records made ready for the store, column by column: half the time of row by row."""

    records: Sequence[Record]
    bodies: Sequence[bytes]
    hashes: Sequence[int]

    def only(self, which: Sequence[bool]) -> "_Ready":
        return _Ready(
            list(compress(self.records, which)),
            list(compress(self.bodies, which)),
            list(compress(self.hashes, which)),
        )

    def documents(self, links: Sequence[int], side: Side) -> Iterable[tuple[object, ...]]:
        slot, records = SLOT[side], self.records
        return zip(
            [link * 4 + slot for link in links],
            self.bodies,
            map(attrgetter("side_id"), records),
            map(attrgetter("changed_at"), records),
            map(attrgetter("changed_by"), records),
            strict=True,
        )


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
    slot, given = Slot(number, entity, side), list(records)
    return put_among(
        connection, slot, given, known_links(connection, slot, [record.key for record in given])
    )


def put_among(
    connection: sqlite3.Connection,
    slot: Slot,
    records: Sequence[Record],
    known: Mapping[str, Known],
) -> Stored:
    """Write records as `put_page` does; `known` has the links that there are of their keys."""
    bodies = [canonical(record.values) for record in records]
    ready = _Ready(records, bodies, list(map(content_hash, bodies)))
    is_old = [record.key in known for record in records]
    fresh = ready.only(list(map(not_, is_old)))
    links = _insert(connection, slot, fresh)
    old = ready.only(is_old)
    before = [known[record.key] for record in old.records]
    _change_places(connection, SLOT[slot.side], before, old.records)
    is_changed = [link.hash != content for link, content in zip(before, old.hashes, strict=True)]
    changed = list(compress(before, is_changed))
    if changed:
        keep_agreements(
            connection, (link.id for link in changed if None not in (link.hash, link.other_hash))
        )
        _update(connection, slot, changed, old.only(is_changed))
    _rename(connection, SLOT[slot.side], before, old.records)
    return Stored([*links, *(link.id for link in before)], len(links) + len(changed))


def known_links(
    connection: sqlite3.Connection, slot: Slot, keys: Sequence[str]
) -> Mapping[str, Known]:
    """Return key → link of those of the keys that have one."""
    own, other = HASH_COLUMN[slot.side], HASH_COLUMN[slot.side.other]
    found: dict[str, Known] = {}
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        some = keys[start : start + _KEYS_AT_ONCE]
        rows = connection.execute(
            f"SELECT key, id, {own}, {other}, CASE WHEN {own} IS NOT NULL THEN"
            " (SELECT side_id FROM document WHERE document.id = link.id * 4 + ?) END,"
            f" duplicate FROM link WHERE entity = ? AND key IN ({','.join('?' * len(some))})",
            (SLOT[slot.side], slot.number, *some),
        )
        found.update((row[0], Known._make(row)) for row in rows)
    return found


def _insert(connection: sqlite3.Connection, slot: Slot, fresh: _Ready) -> range:
    if not fresh.records:
        return range(0)
    start = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM link").fetchone()[0]
    links = range(start, start + len(fresh.records))
    keys = map(attrgetter("key"), fresh.records)
    rows = zip(links, repeat(slot.number), keys, *_places(slot.entity, fresh.records), fresh.hashes)
    _write(
        connection,
        "INSERT INTO link (id, entity, key, parent, title, sort, grp,"
        f" {HASH_COLUMN[slot.side]}) VALUES {{}}",
        rows,
    )
    _write(connection, _PUT_DOCUMENTS, fresh.documents(links, slot.side))
    link_counts.add(connection, slot.number, len(links))
    return links


def _places(entity: EntityMapping, records: Sequence[Record]) -> Sequence[Sequence[str | None]]:
    """Return parents, titles, sort keys and groups: by group, then by title, numbers as numbers."""
    title_at = entity.index[entity.title]
    titles = [text(record.values[title_at]) or record.key for record in records]
    if entity.fields[title_at].type in NUMBERS:
        sorts = [title.rjust(_SORT_WIDTH) for title in titles]
    else:
        sorts = [title.casefold() for title in titles]
    groups: list[str | None] = [None] * len(records)
    if entity.group_by:
        group_at = entity.index[entity.group_by]
        groups = [text(record.values[group_at]) for record in records]
        sorts = [
            f"{group}\x1f{sort}" if group else sort
            for group, sort in zip(groups, sorts, strict=True)
        ]
    return [record.parent for record in records], titles, sorts, groups


def _change_places(
    connection: sqlite3.Connection, slot: int, links: Sequence[Known], came: Sequence[Record]
) -> None:
    """Have a record that stands beside the one of its key change places with that one.

    So none stands twice and none is lost, until a whole read tells which share the key.
    """
    for link, record in zip(links, came, strict=True):
        side_id = record.side_id
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


def _rename(
    connection: sqlite3.Connection, slot: int, links: Sequence[Known], came: Sequence[Record]
) -> None:
    connection.executemany(
        "UPDATE document SET side_id = ? WHERE id = ?",
        [
            (record.side_id, link.id * 4 + slot)
            for link, record in zip(links, came, strict=True)
            if record.side_id != link.side_id and record.side_id and link.side_id is not None
        ],
    )


def _update(
    connection: sqlite3.Connection, slot: Slot, links: Sequence[Known], changed: _Ready
) -> None:
    column = HASH_COLUMN[slot.side]
    _write(
        connection,
        f"INSERT INTO link (id, entity, key, {column}) VALUES {{}}"
        f" ON CONFLICT (id) DO UPDATE SET {column} = excluded.{column}",
        [
            (link.id, slot.number, link.key, content)
            for link, content in zip(links, changed.hashes, strict=True)
        ],
    )
    _write(connection, _PUT_DOCUMENTS, changed.documents([link.id for link in links], slot.side))
    # Where both sides name a record, billing's title and place in the tree are shown.
    is_shown = [slot.side is Side.BILLING or link.other_hash is None for link in links]
    places = zip(*_places(slot.entity, changed.only(is_shown).records), strict=True)
    _write(
        connection,
        _MOVE,
        [
            (link.id, slot.number, link.key, *place)
            for link, place in zip(compress(links, is_shown), places, strict=True)
        ],
    )


def _write(
    connection: sqlite3.Connection, statement: str, rows: Iterable[tuple[object, ...]]
) -> None:
    """Run a statement for rows (`{}` is where they stand), some at a time.

    To run one costs as much as what it does for two rows.
    """
    given = list(rows)
    if not given:
        return
    marks = f"({','.join('?' * len(given[0]))})"
    several = statement.format(",".join([marks] * _ROWS_AT_ONCE))
    whole = len(given) - len(given) % _ROWS_AT_ONCE
    for start in range(0, whole, _ROWS_AT_ONCE):
        some: list[Any] = list(chain.from_iterable(given[start : start + _ROWS_AT_ONCE]))
        connection.execute(several, some)
    connection.executemany(statement.format(marks), given[whole:])


def keep_agreements(connection: sqlite3.Connection, links: Iterable[int]) -> None:
    """Before a side moves away, store what both sides agree on as the base, field by field.

    Until then the base needs no room: it stands in the two documents. With it stands which record
    of Salesforce it was that agreed: of another one it says nothing (`pairing.py`).
    """
    left = iter(links)
    while some := sorted(islice(left, _KEYS_AT_ONCE)):
        made = list(_agreements(connection, some))
        _write(
            connection,
            "INSERT OR REPLACE INTO document (id, body, side_id) VALUES {}",
            [(link * 4 + BASE, merged, side_id) for link, merged, side_id in made],
        )
        connection.executemany(
            "UPDATE link SET base_hash = ? WHERE id = ?",
            [(content_hash(merged), link) for link, merged, _side_id in made],
        )


def _agreements(
    connection: sqlite3.Connection, links: Sequence[int]
) -> Iterator[tuple[int, bytes, str | None]]:
    """Yield links whose base is to change, the base, and whose it is; only both sides have one."""
    rows = connection.execute(
        "SELECT document.id, body, side_id FROM json_each(?) AS wanted CROSS JOIN document"
        f" ON document.id BETWEEN wanted.value * 4 AND wanted.value * 4 + {SALESFORCE}",
        (orjson.dumps(links).decode(),),
    )
    for link, group in groupby(rows, lambda row: row[0] >> 2):
        documents = {number & 3: (body, side_id) for number, body, side_id in group}
        if BILLING not in documents or SALESFORCE not in documents:
            continue
        base, _ = documents.get(BASE, (None, None))
        billing, _ = documents[BILLING]
        salesforce, side_id = documents[SALESFORCE]
        merged = merged_base(base, billing, salesforce)
        if merged != base:
            yield link, merged, side_id
