"""Which inserts are held back: their differences are of their own kind; of the first, the reason.

What stands below a record that is held back is held back with it; only the former has a reason.
"""

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, cast

import msgspec

from app.domain.convert import decode_each
from app.domain.diff import Kind
from app.domain.mapping import EntityMapping
from app.domain.record import Values
from app.store.slots import BILLING
from app.store.workspace import Store

_NOTE = "doubles/"
_NEW, _HELD = int(Kind.ONLY_IN_BILLING), int(Kind.HELD_BACK)


class Held(NamedTuple):
    """A record that is held back for a reason of its own."""

    link: int
    entity: str
    key: str
    title: str
    why: str


class NewRecord(NamedTuple):
    """A record that only billing has, held back or not; `content` is the hash of its values."""

    link: int
    key: str
    values: Values
    content: int


class Doubles(NamedTuple):
    """Which new records Salesforce may have already, and of what that was found out.

    Attributes:
        mark: The same as long as nothing has changed by which it was found out.
        whys: Key → why it may be so.
    """

    mark: str = ""
    whys: Mapping[str, str] = {}


def new_records(store: Store, entity: EntityMapping) -> Iterator[NewRecord]:
    """Yield what only billing has of an entity, by what the last compare found."""
    with store.translating():
        rows = store.reader.execute(
            "SELECT link.id, link.key, document.body, link.billing_hash FROM diff"
            " JOIN link ON link.id = diff.link JOIN document ON document.id = link.id * 4 + ?"
            f" WHERE diff.entity = ? AND diff.kind IN ({_NEW}, {_HELD})",
            (BILLING, store.entity_ids[entity.name]),
        ).fetchall()
    for link, key, body, content in rows:
        yield NewRecord(link, key, cast("Values", decode_each([body], entity)[0]), content)


def mark_of_alone(store: Store, entity: EntityMapping) -> str:
    """Return what changes when a record of Salesforce's that has no twin comes, goes or changes."""
    number = store.entity_ids[entity.name]
    with store.translating():
        loose = store.reader.execute(
            "SELECT count(*), max(changed_at), total(length(body)) FROM loose WHERE entity = ?",
            (number,),
        ).fetchone()
        # The words of the partial index `link_differs`, so that it is walked alone.
        alone = store.reader.execute(
            "SELECT count(*), total(salesforce_hash) FROM link WHERE entity = ?"
            " AND (billing_hash IS NOT salesforce_hash OR duplicate) AND billing_hash IS NULL",
            (number,),
        ).fetchone()
    return "|".join(str(value) for value in (*loose, *alone))


def known_doubles(store: Store, entity: EntityMapping) -> Doubles:
    """Return what was found out last."""
    with store.translating():
        row = store.reader.execute(
            "SELECT value FROM note WHERE name = ?", (_NOTE + entity.name,)
        ).fetchone()
    return Doubles() if row is None else msgspec.json.decode(row[0], type=Doubles)


def keep_doubles(store: Store, entity: EntityMapping, found: Doubles) -> None:
    """Keep what was found out."""
    with store.transaction(store.mirror, shared=True) as connection:
        value = msgspec.json.encode(found).decode()
        connection.execute(
            "INSERT OR REPLACE INTO note VALUES (?, ?)", (_NOTE + entity.name, value)
        )


def below(store: Store, entity: EntityMapping, parent: str) -> list[Values]:
    """Return billing's records of an entity under a parent's key."""
    with store.translating():
        rows = store.reader.execute(
            "SELECT document.body FROM link JOIN document ON document.id = link.id * 4 + ?"
            " WHERE link.entity = ? AND link.parent = ? AND link.billing_hash IS NOT NULL",
            (BILLING, store.entity_ids[entity.name], parent),
        ).fetchall()
    return [cast("Values", decode_each([body], entity)[0]) for (body,) in rows]


def keep_held(store: Store, whys: Mapping[int, str]) -> None:
    """Hold back the records of these links, with all below them, and no others."""
    with store.transaction(store.mirror, shared=True) as connection:
        known = dict(connection.execute("SELECT link, why FROM held").fetchall())
        connection.executemany(
            "DELETE FROM held WHERE link = ?", [(link,) for link in known if link not in whys]
        )
        changed = [(link, why) for link, why in whys.items() if known.get(link) != why]
        connection.executemany("INSERT OR REPLACE INTO held VALUES (?, ?)", changed)
        for name in store.mapping.order:
            _mark(connection, store, store.mapping.entity(name))


def held_back(store: Store, entities: Sequence[str] = ()) -> list[Held]:
    """Return what is held back for reasons of its own, by entity and key; of some or all."""
    names = {number: name for name, number in store.entity_ids.items()}
    with store.translating():
        rows = store.reader.execute(
            "SELECT link.id, link.entity, link.key, link.title, held.why FROM held"
            " JOIN link ON link.id = held.link JOIN diff ON diff.link = held.link"
            f" WHERE diff.kind = {_HELD} ORDER BY link.entity, link.key"
        ).fetchall()
    found = (Held(link, names.get(number, ""), *rest) for link, number, *rest in rows)
    return [one for one in found if one.entity and (not entities or one.entity in entities)]


def held_with(store: Store, links: Collection[int]) -> list[int]:
    """Return those of some records that are held back, with all that is so only because of them.

    What stands below and is held back for a reason of its own is not among it, nor what is below
    that.
    """
    found: list[int] = []
    keys: dict[str, set[str]] = {name: set() for name in store.mapping.order}
    for name in store.mapping.order:
        above = keys.get(store.mapping.entity(name).parent, ())
        with store.translating():
            rows = store.reader.execute(
                "SELECT link.id, link.key, link.parent, held.link FROM diff"
                " JOIN link ON link.id = diff.link LEFT JOIN held ON held.link = diff.link"
                f" WHERE diff.entity = ? AND diff.kind = {_HELD}",
                (store.entity_ids[name],),
            ).fetchall()
        for link, key, parent, own in rows:
            if link in links or (own is None and parent in above):
                found.append(link)
                keys[name].add(key)
    return found


def is_held(store: Store, link: int) -> bool:
    """Return whether a record is held back."""
    with store.translating():
        row = store.reader.execute("SELECT kind FROM diff WHERE link = ?", (link,)).fetchone()
    return row is not None and row[0] == _HELD


def own_reason(store: Store, link: int) -> str:
    """Return why a record is held back by itself, `""` where it is not, or only with another."""
    with store.translating():
        row = store.reader.execute("SELECT why FROM held WHERE link = ?", (link,)).fetchone()
    return "" if row is None else str(row[0])


def parent_key(store: Store, link: int) -> str:
    """Return the key of what a record stands below, `""` for none."""
    with store.translating():
        row = store.reader.execute("SELECT parent FROM link WHERE id = ?", (link,)).fetchone()
    return "" if row is None else str(row[0] or "")


def _mark(connection: sqlite3.Connection, store: Store, entity: EntityMapping) -> None:
    """Give the differences of an entity their kind; those above it have theirs already."""
    number = store.entity_ids[entity.name]
    above = store.entity_ids.get(entity.parent, -1)
    connection.execute(
        f"UPDATE diff SET kind = {_NEW} WHERE entity = ?1 AND kind = {_HELD}"
        " AND link NOT IN (SELECT link FROM held) AND NOT EXISTS (SELECT 1 FROM link"
        " JOIN link up ON up.entity = ?2 AND up.key = link.parent JOIN diff d ON d.link = up.id"
        f" WHERE link.id = diff.link AND d.kind = {_HELD})",
        (number, above),
    )
    # From the few that are held back down to what is below them, never the other way.
    connection.execute(
        f"UPDATE diff SET kind = {_HELD} WHERE kind = {_NEW} AND entity = ?1 AND link IN"
        " (SELECT link FROM held UNION ALL"
        " SELECT link.id FROM diff d CROSS JOIN link up ON up.id = d.link"
        " CROSS JOIN link ON link.entity = ?1 AND link.parent = up.key"
        f" WHERE d.entity = ?2 AND d.kind = {_HELD})",
        (number, above),
    )
