"""The mirror: pages of records in, changed rows out; the base is kept as it is overwritten.

A pair whose hashes are equal needs no base of its own: what both sides hold *is* the base. Only
when one side moves away is that agreement copied into the base's slot: an unchanged record is free.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from app.domain.convert import text
from app.domain.mapping import NUMBERS, EntityMapping
from app.domain.record import Record, Side, canonical, content_hash
from app.store.migrations import BILLING, SALESFORCE
from app.store.workspace import Store

SLOT = {Side.BILLING: BILLING, Side.SALESFORCE: SALESFORCE}
HASH_COLUMN = {Side.BILLING: "billing_hash", Side.SALESFORCE: "salesforce_hash"}
_SORT_WIDTH = 12
_PAGE_TABLE = (
    "CREATE TEMP TABLE IF NOT EXISTS page (key TEXT PRIMARY KEY, parent TEXT, title TEXT,"
    " sort TEXT, grp TEXT, hash INTEGER, body BLOB, side_id TEXT, changed_at TEXT,"
    " changed_by TEXT) WITHOUT ROWID"
)


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
        connection = self.store.mirror
        with self.store.transaction(connection):
            number = fill_page(self.store, connection, self.entity, self.side, first.values())
            seen = self._see_page(connection, number) if self.whole else frozenset()
            self.changed += write_page(connection, number, self.side)
        self.twins.extend(first[key] for key in seen)

    def finish(self) -> None:
        """After the last page of a whole read: drop what is gone, note keys that stand twice."""
        if not self.whole:
            return
        connection = self.store.mirror
        with self.store.transaction(connection):
            self.changed += self._drop_unseen(connection)
            self._note_twins(connection)
            connection.execute(f"DROP TABLE IF EXISTS {self._seen_table}")

    @property
    def _seen_table(self) -> str:
        return f"temp.seen_{self.store.entity_ids[self.entity.name]}_{SLOT[self.side]}"

    def _make_seen_table(self, connection: sqlite3.Connection) -> None:
        if not self._started:
            # What an earlier read left behind that broke off was not seen by this one.
            connection.execute(f"DROP TABLE IF EXISTS {self._seen_table}")
            connection.execute(f"CREATE TABLE {self._seen_table} (link INTEGER PRIMARY KEY)")
            self._started = True

    def _see_page(self, connection: sqlite3.Connection, number: int) -> frozenset[str]:
        """Mark the page's links as seen; drop and return the keys that an earlier page had."""
        self._make_seen_table(connection)
        rows = connection.execute(
            f"SELECT page.key FROM page JOIN link ON link.entity = ? AND link.key = page.key"
            f" WHERE link.id IN {self._seen_table}",
            (number,),
        )
        again = frozenset(str(row[0]) for row in rows)
        connection.executemany("DELETE FROM page WHERE key = ?", ((key,) for key in again))
        connection.execute(
            f"INSERT INTO {self._seen_table} SELECT link.id FROM page"
            " JOIN link ON link.entity = ? AND link.key = page.key",
            (number,),
        )
        return again

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
    number = fill_page(store, connection, entity, side, records)
    return write_page(connection, number, side)


def fill_page(
    store: Store,
    connection: sqlite3.Connection,
    entity: EntityMapping,
    side: Side,
    records: Iterable[Record],
) -> int:
    """Put records into the connection's page table and make their links; return the entity's id."""
    number = store.entity_ids[entity.name]
    connection.execute(_PAGE_TABLE)
    connection.execute("DELETE FROM page")
    connection.executemany(
        "INSERT INTO page VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _page_rows(entity, records)
    )
    _link_page(connection, number, side)
    return number


def write_page(connection: sqlite3.Connection, number: int, side: Side) -> int:
    """Write what differs of the page table into the mirror; return how many records changed."""
    column = HASH_COLUMN[side]
    changed = _count_changed(connection, number, column)
    if changed:
        _keep_base(connection, number, column)
        _write_documents(connection, number, SLOT[side], column)
    return changed


def remove_links(connection: sqlite3.Connection, side: Side, links: Sequence[int]) -> None:
    """Take a side's records away; the last agreement becomes the base."""
    column, slot = HASH_COLUMN[side], SLOT[side]
    for link in links:
        connection.execute(
            "INSERT OR REPLACE INTO document (id, body)"
            " SELECT l.id * 4, d.body FROM link l JOIN document d ON d.id = l.id * 4 + ?2"
            " WHERE l.id = ?1 AND l.billing_hash = l.salesforce_hash",
            (link, slot),
        )
        connection.execute(
            f"UPDATE link SET base_hash = CASE WHEN billing_hash = salesforce_hash"
            f" THEN billing_hash ELSE base_hash END, {column} = NULL WHERE id = ?",
            (link,),
        )
        connection.execute("DELETE FROM document WHERE id = ?", (link * 4 + slot,))
        _forget_if_nowhere(connection, link)


def _forget_if_nowhere(connection: sqlite3.Connection, link: int) -> None:
    nowhere = connection.execute(
        "SELECT 1 FROM link WHERE id = ? AND billing_hash IS NULL AND salesforce_hash IS NULL",
        (link,),
    ).fetchone()
    if nowhere:
        connection.execute("DELETE FROM document WHERE id = ?", (link * 4,))
        for table, column in (
            ("link", "id"),
            ("diff", "link"),
            ("choice", "link"),
            ("twin", "link"),
        ):
            connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (link,))


def _page_rows(entity: EntityMapping, records: Iterable[Record]) -> Iterable[tuple[object, ...]]:
    title_at = entity.index[entity.title]
    group_at = entity.index[entity.group_by] if entity.group_by else None
    numeric = entity.fields[title_at].type in NUMBERS
    for record in records:
        body = canonical(record.values)
        title = text(record.values[title_at]) or record.key
        group = None if group_at is None else text(record.values[group_at])
        sort = title.rjust(_SORT_WIDTH) if numeric else title.casefold()
        yield (
            record.key, record.parent, title, f"{group or ''}\x1f{sort}", group,
            content_hash(body), body, record.side_id, record.changed_at, record.changed_by,
        )  # fmt: skip


def _link_page(connection: sqlite3.Connection, number: int, side: Side) -> None:
    # Where both sides name a record, billing's title and place in the tree are shown.
    mine = "1" if side is Side.BILLING else "billing_hash IS NULL"
    connection.execute(
        "INSERT INTO link (entity, key, parent, title, sort, grp)"
        " SELECT ?, key, parent, title, sort, grp FROM page WHERE true"
        " ON CONFLICT (entity, key) DO UPDATE SET parent = excluded.parent, title = excluded.title,"
        f" sort = excluded.sort, grp = excluded.grp WHERE {mine} AND (parent IS NOT excluded.parent"
        " OR sort IS NOT excluded.sort OR title IS NOT excluded.title)",
        (number,),
    )


def _count_changed(connection: sqlite3.Connection, number: int, column: str) -> int:
    row = connection.execute(
        "SELECT count(*) FROM page JOIN link ON link.entity = ? AND link.key = page.key"
        f" WHERE link.{column} IS NOT page.hash",
        (number,),
    ).fetchone()
    return int(row[0])


def _keep_base(connection: sqlite3.Connection, number: int, column: str) -> None:
    agreed = (
        f"page JOIN link l ON l.entity = ?1 AND l.key = page.key WHERE l.{column} IS NOT page.hash"
        " AND l.billing_hash = l.salesforce_hash"
    )
    connection.execute(
        "INSERT OR REPLACE INTO document (id, body)"
        f" SELECT l.id * 4, (SELECT body FROM document WHERE id = l.id * 4 + 1) FROM {agreed}",
        (number,),
    )
    connection.execute(
        f"UPDATE link SET base_hash = billing_hash WHERE id IN (SELECT l.id FROM {agreed})",
        (number,),
    )


def _write_documents(connection: sqlite3.Connection, number: int, slot: int, column: str) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO document (id, body, side_id, changed_at, changed_by)"
        " SELECT l.id * 4 + ?2, page.body, page.side_id, page.changed_at, page.changed_by"
        " FROM page JOIN link l ON l.entity = ?1 AND l.key = page.key",
        (number, slot),
    )
    connection.execute(
        f"UPDATE link SET {column} = page.hash FROM page"
        f" WHERE link.entity = ? AND link.key = page.key AND link.{column} IS NOT page.hash",
        (number,),
    )
