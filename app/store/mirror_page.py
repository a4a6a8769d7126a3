"""One page of records into the mirror: new links, changed documents, kept bases."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import compress, groupby, islice
from operator import itemgetter, not_
from typing import Any, NamedTuple, cast

import orjson

from app.domain.convert import decode_each, text
from app.domain.mapping import EntityMapping
from app.domain.record import (
    Record,
    Side,
    Values,
    content_hash,
    merged_base,
)
from app.domain.records import Records
from app.store import link_counts
from app.store.ready import Ready
from app.store.slots import BASE, BILLING, HASH_COLUMN, SALESFORCE, SLOT

_SORT_WIDTH = 12
_KEYS_AT_ONCE = 5000
_ROWS_AT_ONCE = 50  # with more, binding holds Python's lock, for which the window waits
_PUT_DOCUMENTS = "INSERT OR REPLACE INTO document ({}) VALUES {}"
_UPSERT = "INSERT INTO link ({}) VALUES {} ON CONFLICT (id) DO UPDATE SET"
# Its index would be written with it: to look costs less, and most stand where they stood.
_MOVE = f"{_UPSERT} parent = excluded.parent WHERE parent IS NOT excluded.parent"
Column = Sequence[object] | int | None
Columns = Mapping[str, Column]
"""Column → its values, row by row, or the one number (or nothing) that stands in every row."""


class Stored(NamedTuple):
    """The links of a page, and how many of its records were not as the mirror had them."""

    links: Sequence[int]
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


def put_page(
    connection: sqlite3.Connection,
    number: int,
    entity: EntityMapping,
    side: Side,
    records: Sequence[Record],
) -> Stored:
    """Write records (each key once) inside the caller's transaction.

    One that holds what the mirror holds, but under another id (made anew), gets that: it has not
    changed, and deletes go by it.
    """
    slot, ready = Slot(number, entity, side), Ready.of(entity, Records.of(records))
    return put_among(connection, slot, ready, known_links(connection, slot, ready.keys))


def put_among(
    connection: sqlite3.Connection,
    slot: Slot,
    ready: Ready,
    known: Mapping[str, Known],
) -> Stored:
    """Write records as `put_page` does; `known` has the links that there are of their keys."""
    if not known:
        links = _insert(connection, slot, ready)
        return Stored(links, len(links))
    is_old = [key in known for key in ready.keys]
    links = range(0)
    if not all(is_old):
        links = _insert(connection, slot, ready.only(list(map(not_, is_old))))
    old = ready.only(is_old)
    before = [known[key] for key in old.keys]
    # While a side is read for the first time, it holds none of them.
    is_held = any(link.hash is not None or link.duplicate for link in before)
    if is_held:
        _change_places(connection, SLOT[slot.side], before, old.side_ids)
    is_changed = [link.hash != content for link, content in zip(before, old.hashes, strict=True)]
    changed = list(compress(before, is_changed))
    if changed:
        both = (link.id for link in changed if None not in (link.hash, link.other_hash))
        keep_agreements(connection, both if is_held else ())
        _update(connection, slot, changed, old.only(is_changed))
    if is_held:
        _rename(connection, SLOT[slot.side], before, old.side_ids)
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
        ).fetchall()
        found.update(zip(map(itemgetter(0), rows), map(Known._make, rows), strict=True))
    return found


def _insert(connection: sqlite3.Connection, slot: Slot, fresh: Ready) -> range:
    if not fresh.keys:
        return range(0)
    start = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM link").fetchone()[0]
    links = range(start, start + len(fresh))
    rows: Columns = {
        "id": links,
        "entity": slot.number,
        "key": fresh.keys,
        **_places(fresh),
        HASH_COLUMN[slot.side]: fresh.hashes,
    }
    _write(connection, "INSERT INTO link ({}) VALUES {}", rows)
    _write(connection, _PUT_DOCUMENTS, _documents(fresh, links, slot.side))
    link_counts.add(connection, slot.number, len(links))
    return links


def _documents(ready: Ready, links: Sequence[int], side: Side) -> Columns:
    slot = SLOT[side]
    return {
        "id": [link * 4 + slot for link in links],
        # A quarter of the time that `bytes` takes to hand over, which may adapt themselves.
        "body": list(map(bytearray, ready.bodies)),
        "side_id": ready.side_ids,
        "changed_at": ready.changed_at,
        "changed_by": ready.changed_by,
    }


def _places(ready: Ready) -> Columns:
    return {
        "parent": ready.parents,
        "title": ready.titles,
        "sort": ready.sorts,
        "grp": ready.groups,
    }


def _change_places(
    connection: sqlite3.Connection, slot: int, links: Sequence[Known], came: Sequence[str]
) -> None:
    """Have a record that stands beside the one of its key change places with that one.

    So none stands twice and none is lost, until a whole read tells which share the key.
    """
    for link, side_id in zip(links, came, strict=True):
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
    connection: sqlite3.Connection, slot: int, links: Sequence[Known], came: Sequence[str]
) -> None:
    connection.executemany(
        "UPDATE document SET side_id = ? WHERE id = ?",
        [
            (side_id, link.id * 4 + slot)
            for link, side_id in zip(links, came, strict=True)
            if side_id != link.side_id and side_id and link.side_id is not None
        ],
    )


def _update(
    connection: sqlite3.Connection, slot: Slot, links: Sequence[Known], changed: Ready
) -> None:
    is_shown = [slot.side is Side.BILLING or link.other_hash is None for link in links]
    # Where both sides name a record, billing's title and place in the tree are shown.
    for which, places in ((is_shown, True), (list(map(not_, is_shown)), False)):
        if any(which):
            some = list(compress(links, which))
            _update_links(connection, slot, some, changed.only(which), places=places)
    ids = [link.id for link in links]
    _write(connection, _PUT_DOCUMENTS, _documents(changed, ids, slot.side))


def _update_links(
    connection: sqlite3.Connection,
    slot: Slot,
    links: Sequence[Known],
    changed: Ready,
    *,
    places: bool,
) -> None:
    """Give links the hashes of what came, and with `places` what they show and where."""
    who: Columns = {
        "id": [link.id for link in links],
        "entity": slot.number,
        "key": [link.key for link in links],
    }
    columns: dict[str, Column] = {HASH_COLUMN[slot.side]: changed.hashes}
    shown = _places(changed) if places else {}
    columns |= {name: values for name, values in shown.items() if name != "parent"}
    given = ", ".join(f"{name} = excluded.{name}" for name in columns)
    _write(connection, f"{_UPSERT} {given}", {**who, **columns})
    if places and slot.entity.parent:
        _write(connection, _MOVE, {**who, "parent": changed.parents})


def show_what_is_left(connection: sqlite3.Connection, entity: EntityMapping, links: str) -> None:
    """Give links (a JSON array) that billing has left the title and place of Salesforce's record.

    Those of billing's were shown until then.
    """
    rows = connection.execute(
        "SELECT link.entity, key, link.id, body FROM link"
        f" JOIN document ON document.id = link.id * 4 + {SALESFORCE}"
        " WHERE link.id IN (SELECT value FROM json_each(?)) AND salesforce_hash IS NOT NULL",
        (links,),
    ).fetchall()
    if not rows:
        return
    left = [Known(key, link, None, None, None, 0) for _, key, link, _ in rows]
    decoded = cast("Sequence[Values]", decode_each([body for *_, body in rows], entity))
    records = [
        Record(link.key, values, parent=_parent(entity, values))
        for link, values in zip(left, decoded, strict=True)
    ]
    slot = Slot(rows[0][0], entity, Side.SALESFORCE)
    _update_links(connection, slot, left, Ready.of(entity, Records.of(records)), places=True)


def _parent(entity: EntityMapping, values: Values) -> str | None:
    return (text(values[entity.index[entity.parent_field]]) or None) if entity.parent else None


def _write(connection: sqlite3.Connection, statement: str, columns: Columns) -> None:
    """Run a statement for rows (its two `{}` are for names and values), some at a time.

    To run one costs as much as what it does for two rows, to hand over nothing (None) as much as
    four texts: what is the same in all rows stands in the statement.
    """
    given = {name: values for name, values in columns.items() if values is not None}
    varying = [values for values in given.values() if not isinstance(values, int)]
    count, width = len(varying[0]), len(varying)
    if not count:
        return
    marks = ",".join(str(one) if isinstance(one, int) else "?" for one in given.values())
    flat: list[Any] = [None] * (count * width)
    for place, values in enumerate(varying):
        flat[place::width] = values
    for rows, start in _pieces(count):
        made = statement.format(",".join(given), ",".join([f"({marks})"] * rows))
        connection.execute(made, flat[start * width : (start + rows) * width])


def _pieces(count: int) -> Iterator[tuple[int, int]]:
    """Yield sizes and starts of pieces: few sizes, so that few statements are prepared."""
    start = 0
    for size in (_ROWS_AT_ONCE, 1):
        while count - start >= size:
            yield size, start
            start += size


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
            _PUT_DOCUMENTS,
            {
                "id": [link * 4 + BASE for link, _merged, _side_id in made],
                "body": [merged for _link, merged, _side_id in made],
                "side_id": [side_id for _link, _merged, side_id in made],
            },
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
