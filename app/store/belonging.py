"""Which records of the mirror belong to one account, and which account a text may mean."""

import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import orjson

from app.domain.folding import folded
from app.domain.mapping import EntityMapping
from app.store.comparison import Pair, one_pair
from app.store.pager import NAME
from app.store.workspace import Store

_KEYS_AT_ONCE = 500
_LIKE = re.compile(r"[\\%_]")
_MOST_NAMED = 200  # candidates by title; a person types on where there are more


class AccountHit(NamedTuple):
    """An account that a text may mean."""

    link: int
    key: str
    title: str


def links_of(
    connection: sqlite3.Connection, store: Store, entity: EntityMapping, account: str
) -> list[int]:
    """Return the links of an entity's records whose line of parents ends at an account.

    Where the sides name different parents, billing's counts: that is the place in the tree.
    """
    chain = store.mapping.above(entity)
    numbers = [store.entity_ids[one.name] for one in chain]
    condition = "key = ?"
    for number in reversed(numbers[1:]):
        condition = f"parent IN (SELECT key FROM link WHERE entity = {number} AND {condition})"
    rows = connection.execute(
        f"SELECT id FROM link WHERE entity = {numbers[0]} AND {condition}", (account,)
    )
    return [link for (link,) in rows]


def keys_of_account(
    store: Store, account: str, entities: Sequence[EntityMapping]
) -> dict[str, frozenset[str]]:
    """Return entity → keys of an account's records, on either side."""
    found = {}
    with store.translating():
        for entity in entities:
            links = links_of(store.reader, store, entity, account)
            found[entity.name] = frozenset(keys_of(store.reader, links))
    return found


def keys_of(connection: sqlite3.Connection, links: Sequence[int]) -> Iterator[str]:
    """Yield the keys of links."""
    for start in range(0, len(links), _KEYS_AT_ONCE):
        some = links[start : start + _KEYS_AT_ONCE]
        marks = ",".join("?" * len(some))
        rows = connection.execute(f"SELECT key FROM link WHERE id IN ({marks})", some)
        yield from (key for (key,) in rows)


def records_of(store: Store, entity: EntityMapping, account: str) -> Iterator[Pair]:
    """Yield an account's records of an entity, both sides opened, in the order of the tree."""
    with store.translating():
        links = links_of(store.reader, store, entity, account)
    for link in links:
        found = one_pair(store, link)
        if found is not None and (found[1].billing or found[1].salesforce) is not None:
            yield found[1]


def find_accounts(store: Store, words: str, limit: int = 20) -> list[AccountHit]:
    """Return the accounts whose key, name or other number holds a text; the exact key first.

    Only the mirror is looked at; empty where the mapping has no account.
    """
    entity, wanted = store.mapping.account, words.strip()
    if entity is None or not wanted:
        return []
    number = store.entity_ids[entity.name]
    pattern = "%" + _LIKE.sub(r"\\\g<0>", wanted) + "%"
    with store.translating():
        rows = store.reader.execute(
            "SELECT id, key, title FROM link WHERE entity = ?1 AND (billing_hash IS NOT NULL OR"
            f" salesforce_hash IS NOT NULL) AND (key LIKE ?2 ESCAPE '\\'"
            f" OR {NAME} LIKE ?5 ESCAPE '\\'"
            " OR EXISTS (SELECT 1 FROM document WHERE document.id BETWEEN link.id * 4 + 1 AND"
            " link.id * 4 + 2 AND instr(lower(CAST(body AS TEXT)), lower(?3))))"
            " ORDER BY key <> ?3, sort LIMIT ?4",
            (number, pattern, wanted, min(limit, _MOST_NAMED), folded(pattern)),
        ).fetchall()
    return [AccountHit(*row) for row in rows]


def _in_json(words: str) -> str:
    """Return a text as it stands in a document."""
    return orjson.dumps(words).decode()[1:-1]


def pointing_at(
    store: Store, entity: EntityMapping, field: str, key: str, limit: int
) -> list[AccountHit]:
    """Return the records of an entity whose field holds a key on either side, by title.

    No index leads to what a document holds: all of the entity's are looked through.
    """
    place = f"$[{entity.index[field]}]"
    with store.translating():
        rows = store.reader.execute(
            "SELECT id, key, title FROM link WHERE entity = ?1 AND EXISTS (SELECT 1 FROM document"
            " WHERE (document.id = link.id * 4 + 1 AND link.billing_hash IS NOT NULL OR document.id"
            " = link.id * 4 + 2 AND link.salesforce_hash IS NOT NULL) AND"
            " instr(CAST(body AS TEXT), ?2) AND json_extract(CAST(body AS TEXT), ?3) = ?4)"
            " ORDER BY sort, key LIMIT ?5",
            (store.entity_ids[entity.name], _in_json(key), place, key, limit),
        ).fetchall()
    return [AccountHit(*row) for row in rows]


def titles_of(store: Store, entity: EntityMapping, keys: Iterable[str]) -> dict[str, str]:
    """Return key → title of an entity's records, for the keys that the mirror knows."""
    number, wanted, found = store.entity_ids[entity.name], sorted(set(keys)), dict[str, str]()
    with store.translating():
        for start in range(0, len(wanted), _KEYS_AT_ONCE):
            some = wanted[start : start + _KEYS_AT_ONCE]
            marks = ",".join("?" * len(some))
            rows = store.reader.execute(
                f"SELECT key, title FROM link WHERE entity = ? AND key IN ({marks})",
                (number, *some),
            )
            found.update((key, title) for key, title in rows if title)
    return found


def accounts_by_name(store: Store, limit: int) -> list[AccountHit]:
    """Return the first accounts of the mirror by name; empty where the mapping has none."""
    entity = store.mapping.account
    if entity is None:
        return []
    with store.translating():
        rows = store.reader.execute(
            "SELECT id, key, title FROM link WHERE entity = ? AND (billing_hash IS NOT NULL OR"
            " salesforce_hash IS NOT NULL) ORDER BY sort, key LIMIT ?",
            (store.entity_ids[entity.name], limit),
        ).fetchall()
    return [AccountHit(*row) for row in rows]
