"""What systems posted to us and is not yet read again, in a file of its own beside the store.

Of its own, so that a post is kept and answered in a moment whatever a refresh is writing meanwhile.
It holds numbers of accounts and names of entities, nothing of what was posted besides.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Self

from app.errors import StoreError
from app.store.workspace import BUSY_TIMEOUT_S, translated

_VERSION = 1
_TABLES = (
    "CREATE TABLE delivery (id TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID",
    (
        "CREATE TABLE waiting (serial INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL,"
        " entities TEXT NOT NULL, changes INTEGER NOT NULL)"
    ),
    "CREATE INDEX waiting_account ON waiting (account)",
    f"PRAGMA user_version = {_VERSION}",
)


class Delivery(NamedTuple):
    """What one post told.

    Attributes:
        id: By what a repeat of it is known again.
        accounts: Keys of accounts; none where it is about what no account has.
        at: Seconds since 1970 UTC.
    """

    id: str
    accounts: tuple[str, ...]
    entities: frozenset[str]
    changes: int
    at: float


class Waiting(NamedTuple):
    """Entities of one account (`""`: of all) that are to be read again; newer ones count up."""

    serial: int
    account: str
    entities: frozenset[str]
    changes: int


class Inbox:
    """The file; may be used by several threads, one after the other."""

    def __init__(self, store: Path) -> None:
        """Open the file that belongs to a store, make it where there is none.

        Raises:
            StoreError: It cannot be written, or is of a newer version.
        """
        self.path = store.with_name(f"{store.name}.inbox")
        self._lock = threading.Lock()
        self._connection = self._opened()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def keep(self, deliveries: Sequence[Delivery]) -> list[list[Waiting]]:
        """Keep what several posts told; return for each what waits now, nothing for a repeat.

        It is on the disk when this returns.

        Raises:
            StoreError: Nothing of it was kept.
        """
        with self._transaction() as connection:
            return [_kept(connection, one) for one in deliveries]

    def waiting(self) -> list[Waiting]:
        """Return all that waits, the oldest first."""
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT serial, account, entities, changes FROM waiting ORDER BY serial"
            ).fetchall()
        return [Waiting(row[0], row[1], frozenset(row[2].split()), row[3]) for row in rows]

    def settle(self, account: str, serial: int) -> None:
        """Drop what waited of an account up to a number: it was read."""
        with self._transaction() as connection:
            connection.execute(
                "DELETE FROM waiting WHERE account = ? AND serial <= ?", (account, serial)
            )

    def forget(self, before: float) -> None:
        """Forget by what repeats are known of posts before a time; none comes so late."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM delivery WHERE at < ?", (before,))

    def _opened(self) -> sqlite3.Connection:
        try:
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            raise StoreError(
                f"The file {self.path} cannot be written: {error.strerror}.",
                "Check the folder's rights and the space on the disk.",
            ) from error
        connection = sqlite3.connect(
            self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        try:
            self._prepare(connection)
        except BaseException as error:
            connection.close()
            if isinstance(error, sqlite3.Error):
                raise translated(error, self.path) from error
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version > _VERSION:
            raise StoreError(
                f"The file {self.path} was written by a newer Concord.", "Use that Concord."
            )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        if version < _VERSION:
            connection.execute("BEGIN IMMEDIATE")
            for statement in _TABLES:
                connection.execute(statement)
            connection.commit()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                self._connection.commit()
            except sqlite3.Error as error:
                raise translated(error, self.path) from error
            finally:
                if self._connection.in_transaction:
                    self._connection.rollback()


def _kept(connection: sqlite3.Connection, one: Delivery) -> list[Waiting]:
    new = connection.execute("INSERT OR IGNORE INTO delivery VALUES (?, ?)", (one.id, one.at))
    if not new.rowcount:
        return []
    found = []
    for account in one.accounts or ("",):
        cursor = connection.execute(
            "INSERT INTO waiting (account, entities, changes) VALUES (?, ?, ?)",
            (account, " ".join(sorted(one.entities)), one.changes),
        )
        found.append(Waiting(int(cursor.lastrowid or 0), account, one.entities, one.changes))
    return found
