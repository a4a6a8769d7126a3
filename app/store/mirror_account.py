"""One read of one account's records into the mirror; all other accounts' stay as they are."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from app.domain.convert import decode_each, text
from app.domain.mapping import EntityMapping
from app.domain.record import Record, Side
from app.store.belonging import keys_of, links_of
from app.store.left import note_missed
from app.store.mirror import MirrorRead, remove_links
from app.store.mirror_delta import MirrorDelta
from app.store.pairing import ids_of_pairs
from app.store.slots import HASH_COLUMN, SLOT
from app.store.workspace import Store


@dataclass
class MirrorAccount:
    """The records of one entity that belong to one account, as one side has them now.

    `finish` removes what the mirror had of the account and this read did not see. What belongs to
    the account is settled when the read is made: those of all entities are made before any ends,
    since a record is found through the one above it.
    """

    store: Store
    entity: EntityMapping
    side: Side
    account: str
    count: int = 0
    changed: int = 0
    _seen: set[str] = field(default_factory=set)
    _seen_ids: set[str] = field(default_factory=set)
    _links: list[int] = field(init=False)
    _parents: frozenset[str] | None = field(init=False)

    def __post_init__(self) -> None:
        """Note what the mirror has of the account."""
        # Numbers that billing counts within each account (payment methods) name no record alone.
        by_id = self.side is Side.SALESFORCE
        self._read: MirrorDelta | MirrorRead = (
            MirrorDelta(self.store, self.entity, self.side)
            if by_id
            else MirrorRead(self.store, self.entity, self.side, whole=False)
        )
        with self.store.translating():
            connection, chain = self.store.mirror, self.store.mapping.above(self.entity)
            self._links = links_of(connection, self.store, self.entity, self.account)
            self._parents = None
            if len(chain) > 1:
                above = links_of(connection, self.store, chain[1], self.account)
                self._parents = frozenset(keys_of(connection, above))

    def put(self, records: Sequence[Record], loose: Sequence[Record] = ()) -> int:
        """Store a page; returns how many records stay without a key."""
        unkeyed = self._read.put(records, loose=loose)
        self._seen.update(record.key for record in records)
        self._seen_ids.update(record.side_id for record in (*records, *loose))
        self.count, self.changed = self._read.count, self._read.changed
        return unkeyed

    def finish(self, cursor: str) -> None:
        """After the last page: drop what the side no longer has. No cursor comes of one account."""
        del cursor
        if self.side is Side.SALESFORCE:  # what is paired stands under another key than it bears
            pairs = ids_of_pairs(self.store, self.entity)
            self._seen.update(key for key, side_id in pairs.items() if side_id in self._seen_ids)
        with self.store.transaction(self.store.mirror) as connection:
            gone = list(self._gone(connection))
            note_missed(connection, self.store, self.side, self.entity, gone)
            remove_links(connection, self.entity, self.side, gone)
        self.changed += len(gone)

    def _gone(self, connection: sqlite3.Connection) -> Iterator[int]:
        for link in self._links:
            row = connection.execute(
                f"SELECT key, {HASH_COLUMN[self.side]}, body FROM link JOIN document"
                " ON document.id = link.id * 4 + ? WHERE link.id = ?",
                (SLOT[self.side], link),
            ).fetchone()
            if row and row[1] is not None and row[0] not in self._seen and self._is_ours(row[2]):
                yield link

    def _is_ours(self, body: bytes) -> bool:
        """Return whether the side's own record names a parent of the account.

        One that the side has under another account now is not gone: it was not asked for.
        """
        if self._parents is None:
            return True
        values = decode_each((body,), self.entity)[0]
        named = values[self.entity.index[self.entity.parent_field]] if values else None
        return text(named) in self._parents
