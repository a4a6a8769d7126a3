"""Pairings: which Salesforce record counts as which of billing's; made, listed and undone.

A pairing moves the record to the link of the key that it gets. What both links held by themselves
is kept with the pairing, so that an undo leaves everything as it was.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, cast

import orjson

from app.domain.convert import decode_each, text
from app.domain.mapping import EntityMapping
from app.domain.pairing import Candidate, candidate
from app.domain.record import Record, Side, Values, canonical, content_hash
from app.errors import NotFound, WrongUse
from app.store.mirror import remove_links
from app.store.mirror_page import put_page
from app.store.rekey import (
    TWINS,
    Place,
    drop_loose,
    drop_pairing,
    mark,
    put_loose,
)
from app.store.slots import BILLING, SALESFORCE
from app.store.workspace import Store

_REFRESH = "Refresh, compare and look at `concord pair suggest` again."
# The words of the partial index `link_differs`, so that it is walked alone.
_ALONE = (
    " FROM link JOIN document ON document.id = link.id * 4 + ?2 WHERE link.entity = ?1"
    " AND (link.billing_hash IS NOT link.salesforce_hash OR link.duplicate)"
)
_ROWS_AT_ONCE = 2000
KEY_PUT_BACK = "key put back"


@dataclass(frozen=True, slots=True)
class Pairing:
    """One Salesforce record that counts as one of billing's though it bears another key.

    Attributes:
        key: Billing's key, as which it counts.
        own_key: The key that it bears, `""` for none.
        rule: The mapping's rule that paired it, or how a person came to it.
        score: How sure that was, of 100.
        at: When, ISO 8601, UTC.
    """

    entity: str
    key: str
    side_id: str
    own_key: str
    rule: str
    score: int
    who: str
    at: str


class _Before(NamedTuple):
    """What a link held by itself: its base and whose that was, and what a person chose of it.

    `key` is the link's, None where an older Concord kept it.
    """

    base: str | None = None
    agreed: str | None = None
    ticked: int | None = None
    take: str | None = None
    key: str | None = None


def pairings(store: Store) -> tuple[Pairing, ...]:
    """Return all pairings, by entity and key."""
    names = {number: name for name, number in store.entity_ids.items()}
    with store.translating():
        rows = store.reader.execute(
            "SELECT entity, key, side_id, own_key, rule, score, who, at FROM pairing"
            " ORDER BY entity, key"
        ).fetchall()
    return tuple(Pairing(names[row[0]], *row[1:]) for row in rows if row[0] in names)


def ids_of_pairs(store: Store, entity: EntityMapping) -> dict[str, str]:
    """Return key → Salesforce's id, of an entity's paired records."""
    with store.translating():
        rows = store.reader.execute(
            "SELECT key, side_id FROM pairing WHERE entity = ?", (store.entity_ids[entity.name],)
        )
        return dict(rows.fetchall())


def keys_borne(store: Store, entity: EntityMapping) -> dict[str, str]:
    """Return the keys that an entity's paired records bear → as which they count."""
    with store.translating():
        rows = store.reader.execute(
            "SELECT own_key, key FROM pairing WHERE entity = ? AND own_key <> ''",
            (store.entity_ids[entity.name],),
        )
        return dict(rows.fetchall())


def alone_in_billing(store: Store, entity: EntityMapping, key: str = "") -> Iterator[Candidate]:
    """Yield billing's records that have no twin, in no order; with a `key`, that one."""
    where = (
        f" AND link.salesforce_hash IS NULL AND NOT link.duplicate & {TWINS}"
        " AND ?3 IN ('', link.key)"
    )
    yield from _candidates(
        store,
        entity,
        f"SELECT link.key, link.key, document.body, link.billing_hash{_ALONE}{where}",
        (store.entity_ids[entity.name], BILLING, key),
    )


def alone_in_salesforce(
    store: Store, entity: EntityMapping, side_id: str = ""
) -> Iterator[Candidate]:
    """Yield Salesforce's records that have no twin, with a key that billing lacks or with none.

    With a `side_id`, that one.
    """
    number = store.entity_ids[entity.name]
    where = (
        " AND link.billing_hash IS NULL AND NOT link.duplicate AND document.side_id <> ''"
        " AND ?3 IN ('', document.side_id)"
    )
    yield from _candidates(
        store,
        entity,
        f"SELECT document.side_id, link.key, document.body, link.salesforce_hash{_ALONE}{where}",
        (number, SALESFORCE, side_id),
    )
    loose = "SELECT side_id, '', body, NULL FROM loose WHERE entity = ? AND ? IN ('', side_id)"
    yield from _candidates(store, entity, loose, (number, side_id))


def put_pairings(store: Store, made: Iterable[Pairing]) -> None:
    """Have Salesforce records count as billing's of those keys, all or none of them.

    The caller compares again. What a pairing says of `own_key` is not looked at.

    Raises:
        WrongUse: One of two is not there, or has a twin already.
    """
    with store.transaction(store.durable) as connection:
        connection.execute("CREATE INDEX IF NOT EXISTS document_side_id ON document(side_id)")
        for pairing in made:
            entity = store.mapping.entity(pairing.entity)
            _put_pairing(connection, store.entity_ids[entity.name], entity, pairing)


def keep_pairing(connection: sqlite3.Connection, number: int, record: Record, run: str) -> None:
    """Pair a record again whose own key a commit put back, inside the caller's transaction."""
    row = (number, SALESFORCE, record.side_id, record.key, record.own_key, KEY_PUT_BACK, run)
    connection.execute(
        "INSERT OR IGNORE INTO pairing (entity, side, side_id, key, own_key, rule, score, who, at)"
        " SELECT ?, ?, ?, ?, ?, ?, 100, coalesce(who, ''), strftime('%Y-%m-%dT%H:%M:%SZ')"
        " FROM commit_run WHERE id = ?",
        row,
    )


def drop_pair(store: Store, entity: EntityMapping, key: str) -> Pairing:
    """Undo a pairing: the record counts as what it bears again; return what was undone.

    Base and choices of the pair are forgotten, those from before it come back.

    Raises:
        NotFound: There is no such pairing.
        WrongUse: Other records bear the key too, so that a refresh has to tell which is which.
    """
    number = store.entity_ids[entity.name]
    mine = (one for one in pairings(store) if (one.entity, one.key) == (entity.name, key))
    found = next(mine, None)
    if found is None:
        raise NotFound(
            f"No {entity.name} {key!r} was paired.", "See `concord pair list`; a key that was "
            "written is taken back by `concord undo`."
        )  # fmt: skip
    with store.transaction(store.durable) as connection:
        row = connection.execute(
            "SELECT link.id, document.body, changed_at, changed_by, pairing.before FROM pairing"
            " JOIN link ON link.entity = pairing.entity AND link.key = pairing.key"
            " JOIN document ON document.id = link.id * 4 + pairing.side"
            " AND document.side_id = pairing.side_id"
            f" WHERE pairing.entity = ? AND pairing.key = ? AND NOT link.duplicate & {TWINS}",
            (number, key),
        ).fetchone()
        if row is None:
            raise WrongUse(f"The pair {key!r} is not as it was made.", _REFRESH)
        link, body, changed_at, changed_by, before = row
        record = _record(entity, found.own_key, (found.side_id, changed_at, changed_by), body)
        remove_links(connection, entity, Side.SALESFORCE, [link])
        drop_pairing(connection, number, key)
        was = [_Before(*one) for one in orjson.loads(before)] if before else [_Before()] * 2
        _put_back(connection, link, was[0])
        own = _put_under_own_key(connection, entity, number, record)
        if own is not None and was[1].key in {None, record.key}:  # else it was of another key
            _put_back(connection, own, was[1])
    return found


def _candidates(
    store: Store, entity: EntityMapping, query: str, values: tuple[object, ...]
) -> Iterator[Candidate]:
    with store.translating():
        cursor = store.reader.execute(query, values)
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            for record_id, own_key, body, content in rows:
                (found,) = decode_each([body], entity)
                shown = content_hash(body) if content is None else content
                yield candidate(entity, record_id, own_key, cast("Values", found), shown)


def _put_pairing(
    connection: sqlite3.Connection, number: int, entity: EntityMapping, pairing: Pairing
) -> None:
    link = _free_link(connection, number, pairing)
    record, old = _free_record(connection, entity, number, pairing.side_id)
    before = [_before(connection, one) for one in (link, old)]
    if old is not None:
        remove_links(connection, entity, Side.SALESFORCE, [old])
    _forget(connection, link, base=before[0].agreed != record.side_id)
    kept = orjson.dumps([*map(tuple, before)]).decode()
    connection.execute(
        "INSERT INTO pairing VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(number, SALESFORCE, record.side_id, pairing.key, record.key, pairing.rule),
            *(pairing.score, pairing.who, pairing.at, kept),
        ),
    )
    paired = record._replace(key=pairing.key, own_key=record.key)
    put_page(connection, number, entity, Side.SALESFORCE, [paired])
    drop_loose(connection, number, [record.side_id])
    mark(connection, number, [paired])


def _free_link(connection: sqlite3.Connection, number: int, pairing: Pairing) -> int:
    """Return the link of billing's record, which has no twin."""
    what = f"{pairing.entity} {pairing.key}"
    row = connection.execute(
        "SELECT id, salesforce_hash, duplicate FROM link"
        " WHERE entity = ? AND key = ? AND billing_hash IS NOT NULL",
        (number, pairing.key),
    ).fetchone()
    if row is None:
        raise WrongUse(f"Billing has no {what}.", _REFRESH)
    if row[1] is not None or row[2] & TWINS:
        raise WrongUse(f"{what} has a twin in Salesforce already.", "See `concord pair list`.")
    return int(row[0])


def _free_record(
    connection: sqlite3.Connection, entity: EntityMapping, number: int, side_id: str
) -> tuple[Record, int | None]:
    """Return Salesforce's record of that id, which has no twin, and its link if it has one."""
    rows = connection.execute(
        "SELECT '', body, changed_at, changed_by, NULL, NULL, 0 FROM loose"
        " WHERE entity = ?1 AND side_id = ?2"
        " UNION ALL SELECT key, body, changed_at, changed_by, link.id, billing_hash, duplicate"
        " FROM document JOIN link ON link.id = document.id >> 2 AND salesforce_hash IS NOT NULL"
        " WHERE document.side_id = ?2 AND document.id & 3 = ?3 AND link.entity = ?1",
        (number, side_id, SALESFORCE),
    ).fetchall()
    if not rows or not side_id:
        raise WrongUse(
            f"Salesforce has no {entity.label} with the id {side_id!r} that has no twin.", _REFRESH
        )
    if len(rows) > 1:  # a whole read that broke off leaves a record under its old key, too
        raise WrongUse(f"The record {side_id} was read under two keys.", _REFRESH)
    own_key, body, changed_at, changed_by, link, billing, duplicate = rows[0]
    if billing is not None or duplicate:
        raise WrongUse(
            f"The record {side_id} is that of {entity.name} {own_key!r} already.", _REFRESH
        )
    return _record(entity, own_key, (side_id, changed_at, changed_by), body), link


def _record(
    entity: EntityMapping, key: str, details: tuple[str, str | None, str | None], body: bytes
) -> Record:
    (found,) = decode_each([body], entity)
    values = cast("Values", found)
    parent = text(values[entity.index[entity.parent_field]]) if entity.parent else ""
    side_id, changed_at, changed_by = details
    return Record(key, values, side_id, parent or None, changed_at or "", changed_by or "")


def _before(connection: sqlite3.Connection, link: int | None) -> _Before:
    if link is None:
        return _Before()
    (key,) = connection.execute("SELECT key FROM link WHERE id = ?", (link,)).fetchone()
    base = connection.execute(
        "SELECT CAST(body AS TEXT), side_id FROM document WHERE id = ?", (link * 4,)
    ).fetchone()
    row = connection.execute("SELECT ticked, take FROM choice WHERE link = ?", (link,)).fetchone()
    ticked, take = row or (None, None)
    body, agreed = base or (None, None)
    return _Before(body, agreed, ticked, take, key)


def _forget(connection: sqlite3.Connection, link: int, *, base: bool = True) -> None:
    """Forget what was chosen of a link, and its base where that is another record's."""
    if base:
        connection.execute("DELETE FROM document WHERE id = ?", (link * 4,))
        connection.execute("UPDATE link SET base_hash = NULL WHERE id = ?", (link,))
    for table in ("choice", "diff"):
        connection.execute(f"DELETE FROM {table} WHERE link = ?", (link,))


def _put_back(connection: sqlite3.Connection, link: int, was: _Before) -> None:
    """Give a link back what it held by itself, if it is still there."""
    _forget(connection, link)
    if connection.execute("SELECT 1 FROM link WHERE id = ?", (link,)).fetchone() is None:
        return
    if was.base is not None:
        base = was.base.encode()
        connection.execute(
            "INSERT INTO document (id, body, side_id) VALUES (?, ?, ?)",
            (link * 4, base, was.agreed),
        )
        connection.execute("UPDATE link SET base_hash = ? WHERE id = ?", (content_hash(base), link))
    if was.take is not None:
        connection.execute("INSERT INTO choice VALUES (?, ?, ?)", (link, was.ticked, was.take))


def _put_under_own_key(
    connection: sqlite3.Connection, entity: EntityMapping, number: int, record: Record
) -> int | None:
    """Put a record where its own key says; return the link where it is alone again, else None."""
    if not record.key:
        put_loose(connection, entity, [record], Place(number))
        return None
    row = connection.execute(
        "SELECT id, salesforce_hash FROM link WHERE entity = ? AND key = ?", (number, record.key)
    ).fetchone()
    if row is None:
        return put_page(connection, number, entity, Side.SALESFORCE, [record]).links[0]
    if row[1] is None:
        put_page(connection, number, entity, Side.SALESFORCE, [record])
        return None
    connection.execute(
        "INSERT INTO twin (link, side, side_id, body) VALUES (?, ?, ?, ?)",
        (row[0], SALESFORCE, record.side_id, canonical(record.values)),
    )
    connection.execute(
        "UPDATE link SET duplicate = duplicate | ? WHERE id = ?", (SALESFORCE, row[0])
    )
    return None
