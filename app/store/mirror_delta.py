"""What changed on a side since a cursor, put into the mirror; nothing else is looked at."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from app.domain.mapping import EntityMapping
from app.domain.record import Record, Side
from app.domain.records import Records
from app.store.cursors import keep_cursor
from app.store.left import all_left, forget_left, leaving, note_left
from app.store.mirror import arranged, read_what_refers_to, remove_links
from app.store.mirror_page import Slot, known_links, put_among
from app.store.ready import Ready
from app.store.rekey import Place, drop_loose, forget_deleted, has_pairings, mark, put_loose
from app.store.slots import SLOT
from app.store.workspace import Store

_IDS_AT_ONCE = 5000


class _Held(NamedTuple):
    """A record that the mirror holds: its own id, and its link with its key."""

    side_id: str
    link: int
    key: str


@dataclass
class MirrorDelta:
    """A read of what changed of one entity of one side.

    Attributes:
        doubtful: A key came under another id than the mirror knows: made anew, or a second record
            with the same key. Only a whole read can tell; the page that brings it forgets the
            cursor, since the next read of it would meet the id that it put there.
        moved: Records whose key changed: what refers to them carries the old key.
    """

    store: Store
    entity: EntityMapping
    side: Side
    count: int = 0
    changed: int = 0
    doubtful: bool = False
    moved: int = 0

    def put(
        self, records: Sequence[Record], gone: Sequence[str] = (), loose: Sequence[Record] = ()
    ) -> int:
        """Store a page of changed records, and take away those whose ids are gone.

        What is `loose` has no key any more: it is kept beside, unless a pairing gives it one.
        Returns how many of these stay without a key.
        """
        number, connection = self.store.entity_ids[self.entity.name], self.store.mirror
        moved = self.moved
        with self.store.transaction(connection):
            self._index(connection)
            came = arranged(connection, number, self.side, records, loose)
            by_key = {record.key: record for record in came.records}
            ids = {record.side_id for record in came.records}
            self.doubtful = self.doubtful or len(ids) > len(by_key)
            self._take_away(connection, set(gone) - ids, [r.side_id for r in came.loose])
            self._forget_pairings(connection, number, set(gone) - ids)
            self._leave_old_keys(connection, by_key)
            now = {**dict.fromkeys(gone), **{r.side_id: "" for r in came.loose}}
            now |= {record.side_id: key for key, record in by_key.items()}
            self.moved += self._found_again(connection, now)
            slot = Slot(number, self.entity, self.side)
            known = known_links(connection, slot, list(by_key))
            left = leaving(known, ((key, record.side_id) for key, record in by_key.items()))
            note_left(connection, self.store, self.side, self.entity, left)
            self.doubtful = self.doubtful or bool(left)
            if self.doubtful:
                keep_cursor(connection, self.store, self.side, self.entity.name, "")
            ready = Ready.of(self.entity, Records.of(list(by_key.values())))
            stored = put_among(connection, slot, ready, known)
            if self.side is Side.SALESFORCE:
                drop_loose(connection, number, gone)
                self.moved += drop_loose(connection, number, ids)
                put_loose(connection, self.entity, came.loose, Place(number))
                self.moved += mark(connection, number, by_key.values())
            if self.moved > moved:  # now: should the read break off, the next one sees no move
                read_what_refers_to(connection, self.store, self.entity, self.side)
        self.count += len(came.records)
        self.changed += stored.changed
        return len(came.loose)

    def _take_away(
        self, connection: sqlite3.Connection, gone: Iterable[str], lost: Iterable[str]
    ) -> None:
        """Remove records that are gone, and those that lost their key: references to them move."""
        lost_links = self._links(connection, lost)
        self.moved += len(lost_links)
        links = {held.link for held in (*self._links(connection, gone), *lost_links)}
        self.changed += self._remove(connection, links)

    def _forget_pairings(
        self, connection: sqlite3.Connection, number: int, gone: Iterable[str]
    ) -> None:
        """Forget the pairings of records that are gone, though another one has their key by now."""
        if self.side is Side.SALESFORCE and has_pairings(connection, number):
            for side_id in gone:
                forget_deleted(connection, number, side_id)

    def finish(self, cursor: str) -> None:
        """After the last page: keep the cursor, unless a whole read has to follow."""
        with self.store.transaction(self.store.mirror) as connection:
            kept = "" if self.doubtful else cursor
            keep_cursor(connection, self.store, self.side, self.entity.name, kept)

    def _index(self, connection: sqlite3.Connection) -> None:
        # Made here and not with the store: a first load is faster without it.
        connection.execute("CREATE INDEX IF NOT EXISTS document_side_id ON document(side_id)")

    def _links(self, connection: sqlite3.Connection, ids: Iterable[str]) -> list[_Held]:
        """Return id, link and key of this side's records of the entity that the mirror holds.

        One has two links where a commit has just found it under another key. Other entities may
        have records of the same number: a billing system counts each kind for itself.
        """
        found: list[_Held] = []
        wanted = [side_id for side_id in ids if side_id]
        number = self.store.entity_ids[self.entity.name]
        for start in range(0, len(wanted), _IDS_AT_ONCE):
            some = wanted[start : start + _IDS_AT_ONCE]
            rows = connection.execute(
                "SELECT document.side_id, link.id, link.key FROM document JOIN link"
                " ON link.id = document.id >> 2 AND link.entity = ?"
                f" WHERE side_id IN ({','.join('?' * len(some))}) AND (document.id & 3) = ?",
                (number, *some, SLOT[self.side]),
            )
            found += map(_Held._make, rows)
        return found

    def _leave_old_keys(self, connection: sqlite3.Connection, records: dict[str, Record]) -> None:
        keys = {record.side_id: record.key for record in records.values()}
        held = self._links(connection, keys)
        old = [one.link for one in held if one.key != keys[one.side_id]]
        self.moved += len(old)
        self.changed += self._remove(connection, old)

    def _found_again(self, connection: sqlite3.Connection, now: Mapping[str, str | None]) -> int:
        """Return how many come under another key than that at which they were missed."""
        left = all_left(connection, self.side, self.entity.name)
        came = left.keys() & now.keys()
        if came:
            others = {side_id: key for side_id, key in left.items() if side_id not in came}
            forget_left(connection, self.side, self.entity.name, others)
        return sum(now[side_id] not in {left[side_id], None} for side_id in came)

    def _remove(self, connection: sqlite3.Connection, links: Iterable[int]) -> int:
        gone = list(links)
        remove_links(connection, self.entity, self.side, gone)
        return len(gone)


def has_twins(store: Store, side: Side, entity: EntityMapping) -> bool:
    """Return whether records of a side share a key: only a whole read can tell when that ends."""
    with store.translating():
        row = store.reader.execute(
            # The words of the partial index `link_differs`, so that it walks that alone.
            "SELECT 1 FROM link WHERE entity = ? AND (billing_hash IS NOT salesforce_hash"
            " OR duplicate) AND duplicate & ? LIMIT 1",
            (store.entity_ids[entity.name], SLOT[side]),
        ).fetchone()
    return row is not None
