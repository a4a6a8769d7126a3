"""The mirror: pages of records in, changed rows out; the base is kept as it is overwritten.

The base needs no room while both sides stand still: it is what they agree on, field by field. Only
when one side moves away is that agreement put into the base's slot: an unchanged record is free.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from app.domain.mapping import EntityMapping
from app.domain.record import Record, Side, canonical
from app.store import link_counts
from app.store.cursors import keep_cursor
from app.store.mirror_page import HASH_COLUMN, SLOT, keep_agreements, put_page
from app.store.workspace import Store


@dataclass
class MirrorRead:
    """One read of one entity of one side into the mirror, page by page.

    With `whole`, `finish` removes what was not seen; without, records are only added and changed.
    Raises `StoreError` only; a page is stored whole or not at all.
    """

    store: Store
    entity: EntityMapping
    side: Side
    whole: bool = True
    count: int = 0
    changed: int = 0
    twins: list[Record] = field(default_factory=list)
    _started: bool = False

    def put(self, records: Sequence[Record]) -> None:
        """Store a page; a key that was seen before in this read is kept aside as a twin."""
        first: dict[str, Record] = {}
        for record in records:
            if record.key in first:
                self.twins.append(record)
            else:
                first[record.key] = record
        self.count += len(records)
        number, connection = self.store.entity_ids[self.entity.name], self.store.mirror
        with self.store.transaction(connection):
            if self.whole:
                self._keep_twins(connection, number, first)
            stored = put_page(connection, number, self.entity, self.side, first.values())
            if self.whole:
                connection.executemany(
                    f"INSERT INTO {self._seen_table} VALUES (?)", [(link,) for link in stored.links]
                )
        self.changed += stored.changed

    def finish(self, cursor: str = "") -> None:
        """After the last page of a whole read: drop what is gone, note keys that stand twice.

        The cursor from which a later read goes on is kept with the last of the records.
        """
        if not self.whole:
            return
        connection = self.store.mirror
        with self.store.transaction(connection):
            self.changed += self._drop_unseen(connection)
            self._note_twins(connection)
            connection.execute(f"DROP TABLE IF EXISTS {self._seen_table}")
            keep_cursor(connection, self.store, self.side, self.entity.name, cursor)

    @property
    def _seen_table(self) -> str:
        return f"temp.seen_{self.store.entity_ids[self.entity.name]}_{SLOT[self.side]}"

    def _make_seen_table(self, connection: sqlite3.Connection) -> None:
        if not self._started:
            # What an earlier read left behind that broke off was not seen by this one.
            connection.execute(f"DROP TABLE IF EXISTS {self._seen_table}")
            connection.execute(f"CREATE TABLE {self._seen_table} (link INTEGER PRIMARY KEY)")
            self._started = True

    def _keep_twins(
        self, connection: sqlite3.Connection, number: int, records: dict[str, Record]
    ) -> None:
        """Move aside the records whose key an earlier page of this read had."""
        if not self._started:
            self._make_seen_table(connection)
            return
        marks = ",".join("?" * len(records))
        # The + keeps SQLite from walking all that was seen instead of the page's few keys.
        rows = connection.execute(
            f"SELECT key FROM link WHERE entity = ? AND key IN ({marks})"
            f" AND +id IN {self._seen_table}",
            (number, *records),
        ).fetchall()
        self.twins.extend(records.pop(key) for (key,) in rows)

    def _drop_unseen(self, connection: sqlite3.Connection) -> int:
        column, number = HASH_COLUMN[self.side], self.store.entity_ids[self.entity.name]
        self._make_seen_table(connection)
        rows = connection.execute(
            f"SELECT id FROM link WHERE entity = ? AND {column} IS NOT NULL"
            f" AND id NOT IN {self._seen_table}",
            (number,),
        ).fetchall()
        remove_links(connection, self.side, [row[0] for row in rows])
        return len(rows)

    def _note_twins(self, connection: sqlite3.Connection) -> None:
        number, slot = self.store.entity_ids[self.entity.name], SLOT[self.side]
        connection.execute(
            "DELETE FROM twin WHERE side = ?2 AND link IN (SELECT id FROM link WHERE entity = ?1)",
            (number, slot),
        )
        connection.execute(
            "UPDATE link SET duplicate = duplicate & ~?2 WHERE entity = ?1 AND duplicate",
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
    """Write records (each key once) inside a transaction of the caller; return how many changed."""
    return put_page(connection, store.entity_ids[entity.name], entity, side, records).changed


def remove_links(connection: sqlite3.Connection, side: Side, links: Sequence[int]) -> None:
    """Take a side's records away; what both sides agreed on becomes the base."""
    column, slot = HASH_COLUMN[side], SLOT[side]
    keep_agreements(connection, links)
    for link in links:
        connection.execute(f"UPDATE link SET {column} = NULL WHERE id = ?", (link,))
        connection.execute("DELETE FROM document WHERE id = ?", (link * 4 + slot,))
        _forget_if_nowhere(connection, link)


def _forget_if_nowhere(connection: sqlite3.Connection, link: int) -> None:
    nowhere = connection.execute(
        "SELECT entity FROM link WHERE id = ? AND billing_hash IS NULL AND salesforce_hash IS NULL",
        (link,),
    ).fetchone()
    if nowhere:
        link_counts.add(connection, nowhere[0], -1)
        connection.execute("DELETE FROM document WHERE id = ?", (link * 4,))
        for table, column in (
            ("link", "id"),
            ("diff", "link"),
            ("choice", "link"),
            ("twin", "link"),
        ):
            connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (link,))
