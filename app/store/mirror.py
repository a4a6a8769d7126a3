"""The mirror: pages of records in, changed rows out; the base is kept as it is overwritten.

The base needs no room while both sides stand still: it is what they agree on, field by field. Only
when one side moves away is that agreement put into the base's slot: an unchanged record is free.
"""

import secrets
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from operator import not_

import orjson

from app.domain.mapping import EntityMapping
from app.domain.record import Record, Side, canonical
from app.domain.records import Records
from app.store import link_counts
from app.store.cursors import keep_cursor
from app.store.left import all_left, forget_left, leaving, note_left
from app.store.mirror_page import (
    Known,
    Slot,
    keep_agreements,
    known_links,
    put_among,
    show_what_is_left,
)
from app.store.moved import WholeRead, any_moved
from app.store.ready import Ready
from app.store.rekey import (
    Arranged,
    Place,
    arrange,
    drop_loose,
    forget_gone,
    forget_unseen,
    keep_loose_of,
    mark,
    put_loose,
)
from app.store.seen import Seen
from app.store.slots import HASH_COLUMN, SLOT
from app.store.unread import mark_read
from app.store.workspace import Store

_LINKS_AT_ONCE = 5000
_LISTED = "(SELECT value FROM json_each(?))"


@dataclass
class MirrorRead:
    """One read of one entity of one side into the mirror, page by page.

    With `whole`, `finish` removes what was not seen; without, records are only added and changed.
    Raises `StoreError` only; a page is stored whole or not at all.

    Attributes:
        moved: Whether records are under another key than before, or under none: what refers to
            them carries the old one. Known after `finish`, where anything refers to the entity.
    """

    store: Store
    entity: EntityMapping
    side: Side
    whole: bool = True
    count: int = 0
    changed: int = 0
    moved: bool = False
    twins: list[Record] = field(default_factory=list)
    _seen: Seen = field(default_factory=Seen)
    _read: int = field(default_factory=lambda: secrets.randbits(32))

    def put(self, records: Sequence[Record], loose: Sequence[Record] = ()) -> int:
        """Store a page; a key that was seen before in this read is kept aside as a twin.

        What is `loose` has no key: it is kept beside, unless a pairing gives it one. Returns how
        many of these stay without a key.
        """
        number, connection = self.store.entity_ids[self.entity.name], self.store.mirror
        with self.store.transaction(connection):
            came = arranged(connection, number, self.side, records, loose)
            first = self._first_of_each(came.records)
            slot = Slot(number, self.entity, self.side)
            known = known_links(connection, slot, first.keys)
            held = {key: link for key, link in known.items() if link.hash is not None}
            if self.whole and held:
                first = self._without_seen(first, held)
                left = leaving(held, zip(first.keys, first.side_ids, strict=True))
                note_left(connection, self.store, self.side, self.entity, left)
                if left:  # what became of them only a whole read tells, if not this, the next
                    keep_cursor(connection, self.store, self.side, self.entity.name, "")
            stored = put_among(connection, slot, Ready.of(self.entity, first), known)
            if self.side is Side.SALESFORCE and mark(connection, number, first):
                self.moved = True
                read_what_refers_to(connection, self.store, self.entity)
            put_loose(connection, self.entity, came.loose, Place(number, self._read))
        if self.whole:
            self._seen.add(stored.links)
        self.count += len(came.records)
        self.changed += stored.changed
        return len(came.loose)

    def _first_of_each(self, records: Sequence[Record]) -> Records:
        """Return the first record of each key of a page; later ones of a key are twins."""
        given = Records.of(records)
        if len(set(given.keys)) == len(given):
            return given
        places = {key: place for place, key in reversed(list(enumerate(given.keys)))}
        is_first = [places[key] == place for place, key in enumerate(given.keys)]
        self.twins.extend(given.only(list(map(not_, is_first))))
        return given.only(is_first)

    def _without_seen(self, records: Records, held: Mapping[str, Known]) -> Records:
        """Return the records whose keys this read saw for the first time; the others are twins."""
        again = set(compress(held, self._seen.has(link.id for link in held.values())))
        if not again:
            return records
        self.twins.extend(records.only([key in again for key in records.keys]))
        return records.only([key not in again for key in records.keys])

    def finish(self, cursor: str = "") -> None:
        """After the last page of a whole read: drop what is gone, note keys that stand twice.

        The cursor from which a later read goes on is kept with the last of the records.
        """
        if not self.whole:
            return
        connection = self.store.mirror
        with self.store.transaction(connection):
            unseen = self._unseen(connection)
            self._look_who_moved(connection, unseen)
            remove_links(connection, self.entity, self.side, unseen)
            self.changed += len(unseen)
            self._note_twins(connection)
            if self.side is Side.SALESFORCE:
                number = self.store.entity_ids[self.entity.name]
                keep_loose_of(connection, Place(number, self._read))
                forget_unseen(connection, number)
            forget_left(connection, self.side, self.entity.name)
            keep_cursor(connection, self.store, self.side, self.entity.name, cursor)
            mark_read(connection, self.side, self.entity.name)
        self._seen = Seen()

    def _unseen(self, connection: sqlite3.Connection) -> list[int]:
        number = self.store.entity_ids[self.entity.name]
        held = f"FROM link WHERE entity = ? AND {HASH_COLUMN[self.side]} IS NOT NULL"
        count = connection.execute(f"SELECT count(*) {held}", (number,)).fetchone()[0]
        if count == len(self._seen):  # nothing else is there, and to count costs a fifth
            return []
        rows = connection.execute(f"SELECT id {held}", (number,))
        return self._seen.missing(link for (link,) in rows)

    def _look_who_moved(self, connection: sqlite3.Connection, unseen: Sequence[int]) -> None:
        """Have what refers to a record that moved read whole, now or by the next refresh."""
        number, slot = self.store.entity_ids[self.entity.name], SLOT[self.side]
        if not self.store.mapping.referring(self.entity):
            self.moved = False
            return
        place = Place(number, self._read)
        left = all_left(connection, self.side, self.entity.name)
        read = WholeRead(place, slot, self._seen, unseen, left, self.twins)
        self.moved = self.moved or any_moved(connection, read)
        if self.moved:
            read_what_refers_to(connection, self.store, self.entity, self.side)

    def _note_twins(self, connection: sqlite3.Connection) -> None:
        number, slot = self.store.entity_ids[self.entity.name], SLOT[self.side]
        connection.execute(
            "DELETE FROM twin WHERE side = ?2"
            " AND EXISTS (SELECT 1 FROM link WHERE link.id = twin.link AND entity = ?1)",
            (number, slot),
        )
        connection.execute(
            "UPDATE link SET duplicate = duplicate & ~?2 WHERE entity = ?1 AND duplicate"
            # The words of the partial index `link_differs`, so that it is walked alone.
            " AND (billing_hash IS NOT salesforce_hash OR duplicate)",
            (number, slot),
        )
        for record in self.twins:
            link = (number, record.key)
            connection.execute(
                "INSERT INTO twin (link, side, side_id, body)"
                " SELECT id, ?3, ?4, ?5 FROM link WHERE entity = ?1 AND key = ?2",
                (*link, slot, record.side_id, canonical(record.values)),
            )
            connection.execute(
                "UPDATE link SET duplicate = duplicate | ?3 WHERE entity = ?1 AND key = ?2",
                (*link, slot),
            )


def write_records(
    store: Store,
    connection: sqlite3.Connection,
    entity: EntityMapping,
    side: Side,
    records: Iterable[Record],
) -> int:
    """Write records (each key once) inside a transaction of the caller; return how many changed.

    One with an `own_key` goes where that says, unless a pairing holds: to its own key's link.
    """
    number = store.entity_ids[entity.name]
    given = list(records)
    came = arranged(connection, number, side, given)
    slot = Slot(number, entity, side)
    moved = _leave(connection, slot, given, came)
    ready = Ready.of(entity, Records.of(came.records))
    known = known_links(connection, slot, ready.keys)
    taken = leaving(known, zip(ready.keys, ready.side_ids, strict=True))
    note_left(connection, store, side, entity, taken)
    changed = put_among(connection, slot, ready, known).changed
    if side is Side.SALESFORCE:
        moved += drop_loose(connection, number, [record.side_id for record in came.records])
        put_loose(connection, entity, came.loose, Place(number))
        moved += mark(connection, number, came.records)
        if moved:
            read_what_refers_to(connection, store, entity)
    return changed


def arranged(
    connection: sqlite3.Connection,
    number: int,
    side: Side,
    records: Sequence[Record],
    loose: Sequence[Record] = (),
) -> Arranged:
    """Return records under the keys by which they count; only Salesforce's may have others."""
    if side is Side.BILLING:
        return Arranged(records, ())
    return arrange(connection, number, records, loose)


def _leave(
    connection: sqlite3.Connection, slot: Slot, given: Sequence[Record], came: Arranged
) -> int:
    """Take records away from the keys under which they do not count any more; return how many."""
    left = 0
    kept = {record.side_id: record.key for record in came.records}
    for record in given:
        if record.own_key is None or kept.get(record.side_id) == record.key:
            continue
        rows = connection.execute(
            "SELECT link.id FROM link JOIN document ON document.id = link.id * 4 + ?"
            " WHERE entity = ? AND key = ? AND document.side_id = ?",
            (SLOT[slot.side], slot.number, record.key, record.side_id),
        )
        links = [link for (link,) in rows.fetchall()]
        remove_links(connection, slot.entity, slot.side, links)
        left += len(links)
    return left


def read_what_refers_to(
    connection: sqlite3.Connection,
    store: Store,
    entity: EntityMapping,
    side: Side = Side.SALESFORCE,
) -> None:
    """Have what refers to an entity read whole: a reference reads as the key that the target bears.

    The record that refers was not changed itself, so no read of changes tells of it.
    """
    for name in store.mapping.referring(entity):
        keep_cursor(connection, store, side, name, "")


def remove_links(
    connection: sqlite3.Connection, entity: EntityMapping, side: Side, links: Sequence[int]
) -> None:
    """Take a side's records of an entity away; what both sides agreed on becomes the base."""
    column, slot = HASH_COLUMN[side], SLOT[side]
    keep_agreements(connection, links)
    for start in range(0, len(links), _LINKS_AT_ONCE):
        some = orjson.dumps(links[start : start + _LINKS_AT_ONCE]).decode()
        if side is Side.SALESFORCE:
            forget_gone(connection, some)
        connection.execute(f"UPDATE link SET {column} = NULL WHERE id IN {_LISTED}", (some,))
        connection.execute(
            "DELETE FROM document WHERE id IN (SELECT value * 4 + ? FROM json_each(?))",
            (slot, some),
        )
        _forget_what_is_nowhere(connection, some)
        if side is Side.BILLING:
            show_what_is_left(connection, entity, some)


def _forget_what_is_nowhere(connection: sqlite3.Connection, links: str) -> None:
    """Remove those of the links (a JSON array) that no side has a record of any more."""
    found = connection.execute(
        "SELECT id, entity FROM link WHERE billing_hash IS NULL AND salesforce_hash IS NULL"
        f" AND id IN {_LISTED}",
        (links,),
    ).fetchall()
    for number, count in Counter(entity for _, entity in found).items():
        link_counts.add(connection, number, -count)
    nowhere = orjson.dumps([link for link, _ in found]).decode()
    connection.execute(
        "DELETE FROM document WHERE id IN (SELECT value * 4 FROM json_each(?))", (nowhere,)
    )
    for table, column in (("link", "id"), ("diff", "link"), ("choice", "link"), ("twin", "link")):
        connection.execute(f"DELETE FROM {table} WHERE {column} IN {_LISTED}", (nowhere,))
