"""The store's schema, one forward step a version; `PRAGMA user_version` counts them."""

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING

from app.domain.folding import folded
from app.store.journal_chain import chain_what_is_there

if TYPE_CHECKING:
    from sqlite_utils import Database


def _first(connection: sqlite3.Connection) -> None:
    # Imported late: it costs half a second, and only a new or old store needs it.
    from sqlite_utils import Database  # noqa: PLC0415

    db = Database(connection)
    db.table("note").create({"name": str, "value": str}, pk="name", not_null={"value"})
    db.table("entity").create(
        {"id": int, "name": str, "shape": str, "fields": str}, pk="id", not_null={"name", "shape"}
    )
    db.table("entity").create_index(["name"], unique=True)
    _create_link(db)
    db.table("document").create(
        {"id": int, "body": bytes, "side_id": str, "changed_at": str, "changed_by": str}, pk="id"
    )
    db.table("twin").create(
        {"id": int, "link": int, "side": int, "side_id": str, "body": bytes}, pk="id"
    )
    db.table("twin").create_index(["link"])
    _create_comparison(db)
    _create_journal(db)


def _create_link(db: "Database") -> None:
    link = db.table("link")
    link.create(
        {
            "id": int,
            "entity": int,
            "key": str,
            "parent": str,
            "title": str,
            "sort": str,
            "grp": str,
            "base_hash": int,
            "billing_hash": int,
            "salesforce_hash": int,
            "duplicate": int,
        },
        pk="id",
        not_null={"entity", "key", "duplicate"},
        defaults={"duplicate": 0},
    )
    link.create_index(["entity", "key"], unique=True)
    link.create_index(["entity", "parent"])
    link.db.execute(
        "CREATE INDEX link_differs ON link(entity)"
        " WHERE billing_hash IS NOT salesforce_hash OR duplicate"
    )


def _create_comparison(db: "Database") -> None:
    diff = db.table("diff")
    diff.create(
        {
            "link": int,
            "entity": int,
            "kind": int,
            "fields": str,
            "deleted": int,
            "base_hash": int,
            "billing_hash": int,
            "salesforce_hash": int,
        },
        pk="link",
        not_null={"kind", "deleted"},
    )
    diff.create_index(["entity", "kind"])
    db.table("choice").create({"link": int, "ticked": int, "take": str}, pk="link")


def _create_journal(db: "Database") -> None:
    db.table("commit_run").create(
        {
            "id": str,
            "who": str,
            "plan": bytes,
            "state": str,
            "started_at": str,
            "finished_at": str,
            "calls": str,
            "seconds": float,
        },
        pk="id",
    )
    journal = db.table("journal")
    journal.create(
        {
            "id": int,
            "run": str,
            "entity": str,
            "key": str,
            "side": str,
            "verb": str,
            "changes": str,
            "expects": int,
            "side_id": str,
            "idempotency_key": str,
            "state": int,
            "message": str,
            "field": str,
            "intent_at": str,
            "done_at": str,
        },
        pk="id",
        not_null={"run", "state"},
    )
    journal.create_index(["run", "idempotency_key"])
    journal.create_index(["run", "state"])
    journal.create_index(["entity", "key"])


def _chain(connection: sqlite3.Connection) -> None:
    """Add the journal's chain, and what a commit was connected to."""
    connection.execute("ALTER TABLE commit_run ADD COLUMN connections TEXT")
    # What the target calls a record that was made: beside the id that the intent was written with.
    connection.execute("ALTER TABLE journal ADD COLUMN made_id TEXT")
    connection.execute(
        "CREATE TABLE journal_event (id INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL,"
        " run TEXT NOT NULL, digest TEXT NOT NULL, body BLOB, hash TEXT NOT NULL)"
    )
    connection.execute("CREATE INDEX idx_journal_event_run ON journal_event (run)")
    chain_what_is_there(connection)


def _pairing(connection: sqlite3.Connection) -> None:
    """Add what counts as one record though its key does not say so, and records without a key."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS pairing (entity INTEGER NOT NULL,"
        " side INTEGER NOT NULL, side_id TEXT NOT NULL, key TEXT NOT NULL, own_key TEXT NOT NULL,"
        " rule TEXT NOT NULL, score INTEGER NOT NULL, who TEXT NOT NULL, at TEXT NOT NULL,"
        " before TEXT, PRIMARY KEY (entity, side, side_id))"
    )
    connection.execute(
        "CREATE UNIQUE INDEX IF NOT EXISTS pairing_key ON pairing (entity, side, key)"
    )
    connection.execute(
        "CREATE TABLE IF NOT EXISTS loose (entity INTEGER NOT NULL, side_id TEXT NOT NULL,"
        " title TEXT, body BLOB NOT NULL, changed_at TEXT, changed_by TEXT, read INTEGER NOT NULL,"
        " PRIMARY KEY (entity, side_id))"
    )


def _holding(connection: sqlite3.Connection) -> None:
    """Add why inserts are held back."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS held (link INTEGER PRIMARY KEY, why TEXT NOT NULL)"
    )


def _roots(connection: sqlite3.Connection) -> None:
    """Leave records without a parent out of the index of parents: they are most of many."""
    connection.execute("DROP INDEX IF EXISTS idx_link_entity_parent")
    connection.execute(
        "CREATE INDEX idx_link_entity_parent ON link(entity, parent) WHERE parent IS NOT NULL"
    )


def _accents(connection: sqlite3.Connection) -> None:
    """Take accents out of what names are sorted and found by; it had them.

    Not by a function of SQL: Python 3.11 ends with a segmentation fault where a connection that
    has one is closed by the end of a thread that Qt started.
    """
    beyond_ascii = f"*[^{chr(1)}-{chr(127)}]*"
    found = connection.execute("SELECT id, sort FROM link WHERE sort GLOB ?", (beyond_ascii,))
    connection.executemany(
        "UPDATE link SET sort = ? WHERE id = ?",
        [(_without_accents(sort), link) for link, sort in found],
    )


def _without_accents(sort: str) -> str:
    group, mark, name = sort.rpartition("\x1f")
    return f"{group}{mark}{folded(name)}"


STEPS: tuple[Callable[[sqlite3.Connection], None], ...] = (
    _first,
    _chain,
    _pairing,
    _holding,
    _roots,
    _accents,
)
VERSION = len(STEPS)


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """Bring a store of an older version to `VERSION`, each step in one transaction."""
    for number, step in enumerate(STEPS[version:], start=version + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            step(connection)
            connection.execute(f"PRAGMA user_version = {number}")
        except BaseException:
            connection.rollback()
            raise
        connection.commit()
