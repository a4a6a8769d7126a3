"""The org's rows in SQLite: one table an sObject, one writer at a time, any number of readers."""

import queue
import sqlite3
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from app.sandbox.salesforce.pubsub.change import RowChange
from app.sandbox.salesforce.schema import Field, SObject

_READ_WAIT_S = 30
Observer = Callable[[Sequence[RowChange]], None]


def quoted(name: str) -> str:
    """Return a name of ours as an SQL identifier."""
    return f'"{name}"'


class Store:
    """A throw-away database. Columns are named as fields; `seq` orders, `deleted_at` dates deletes.

    Numbers are kept as integers times ten to the field's scale, times as REST writes them.
    """

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(
            prefix="concord-sandbox-", ignore_cleanup_errors=True
        )
        self._path = Path(self._directory.name) / "org.db"
        self._lock = threading.RLock()
        self._owner: int | None = None
        self._depth = 0
        self._idle: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._all: list[sqlite3.Connection] = []
        weakref.finalize(self, _close_all, self._all)
        self._writer = self._connect()
        self._writer.execute("PRAGMA journal_mode = WAL")
        self._tables: list[str] = []
        self._observer: Observer | None = None
        self._noted: list[RowChange] = []
        self._marks: list[int] = []  # how much was noted when each part began
        self._kept: list[str] = []  # the tables of the last snapshot
        self.log_begins = ""  # since when deletions are told; "" for as long as there are rows

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=_READ_WAIT_S, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA synchronous = OFF")
        connection.create_function("fold", 1, _fold, deterministic=True)
        self._all.append(connection)
        return connection

    def create_table(self, sobject: SObject) -> None:
        """Make the table of an sObject with its indexes."""
        columns = ", ".join(_column(each) for each in sobject.fields)
        table = quoted(sobject.name)
        with self.write() as connection:
            connection.execute(
                f"CREATE TABLE {table} (seq INTEGER PRIMARY KEY, {columns}, deleted_at TEXT)"
            )
            connection.execute(f"CREATE UNIQUE INDEX {_index(sobject, 'Id')} ON {table} (Id)")
            connection.execute(  # so that the live rows are counted as all less the deleted
                f"CREATE INDEX {_index(sobject, 'bin')} ON {table} (IsDeleted) WHERE IsDeleted = 1"
            )
            for each in sobject.fields:
                if _searched(each):
                    self._add_index(connection, sobject, each)
        self._tables.append(sobject.name)

    def _add_index(self, connection: sqlite3.Connection, sobject: SObject, field: Field) -> None:
        columns = quoted(field.name)
        if field.name == "SystemModstamp":  # what changed, in order, without a look at the rows
            columns += ", Id, IsDeleted"
        connection.execute(
            f"CREATE INDEX {_index(sobject, field.name)} ON {quoted(sobject.name)} ({columns})"
        )

    def drop_table(self, sobject: SObject) -> None:
        """Remove the table of an sObject with all its rows."""
        with self.write() as connection:
            connection.execute(f"DROP TABLE IF EXISTS {quoted(sobject.name)}")
        self._tables.remove(sobject.name)

    def change_table(self, old: SObject, new: SObject) -> None:
        """Give a table the columns of a changed sObject: rows keep what fits, new ones default."""
        aside = quoted(f"old {old.name}")
        with self.write() as connection:
            connection.execute(f"ALTER TABLE {quoted(old.name)} RENAME TO {aside}")
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ? "
                "AND sql IS NOT NULL",
                (f"old {old.name}",),
            ).fetchall():
                connection.execute(f"DROP INDEX {quoted(name)}")
            self._tables.remove(old.name)
            self.create_table(new)
            columns = ", ".join(quoted(each.name) for each in new.fields)
            values = ", ".join(_carried(old, each) for each in new.fields)
            connection.execute(
                f"INSERT INTO {quoted(new.name)} (seq, {columns}, deleted_at) "
                f"SELECT seq, {values}, deleted_at FROM {aside}"
            )
            connection.execute(f"DROP TABLE {aside}")

    @property
    def in_own_transaction(self) -> bool:
        """Whether this thread is in the midst of a write."""
        return self._owner == threading.get_ident()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Give the writing connection in a transaction; within one, in a part that can roll back.

        An exception that leaves the block undoes what the block wrote.
        """
        with self._lock:
            self._begin()
            try:
                yield self._writer
            except BaseException:
                self._end("ROLLBACK")
                raise
            self._end("COMMIT")

    def _begin(self) -> None:
        inner = self._depth > 0
        self._writer.execute(f"SAVEPOINT p{self._depth}" if inner else "BEGIN IMMEDIATE")
        self._marks.append(len(self._noted))
        self._depth += 1
        self._owner = threading.get_ident()

    def _end(self, verb: str) -> None:
        self._depth -= 1
        mark = self._marks.pop()
        if verb == "ROLLBACK":
            del self._noted[mark:]
        point = f"p{self._depth}"
        if self._depth:
            if verb == "ROLLBACK":
                self._writer.execute(f"ROLLBACK TO {point}")
            self._writer.execute(f"RELEASE {point}")
            return
        self._owner = None
        noted, self._noted = self._noted, []
        self._writer.execute(verb)
        if noted and self._observer is not None:
            self._observer(noted)

    def observe(self, observer: Observer) -> None:
        """Let `observer` have the changes of each transaction that is committed, in their order."""
        self._observer = observer

    def note(self, change: RowChange) -> None:
        """Note what was done to a row; to be called within the write that did it."""
        if self._observer is not None:
            self._noted.append(change)

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Give a connection to read with; within a write of this thread, the one that sees it."""
        if self._owner == threading.get_ident():
            yield self._writer
            return
        try:
            connection = self._idle.get_nowait()
        except queue.Empty:
            with self._lock:
                connection = self._connect()
        try:
            yield connection
        finally:
            self._idle.put(connection)

    def snapshot(self) -> None:
        """Remember all rows as they are, for restore()."""
        with self.write() as connection:
            for table in self._tables:
                kept = quoted(f"kept {table}")
                connection.execute(f"DROP TABLE IF EXISTS {kept}")
                connection.execute(f"CREATE TABLE {kept} AS SELECT * FROM {quoted(table)}")
        self._kept = list(self._tables)

    def restore(self, now: str) -> None:
        """Put back the rows of the last snapshot; the log of deletions begins anew."""
        with self.write() as connection:
            for table in self._kept:
                connection.execute(f"DELETE FROM {quoted(table)}")
                connection.execute(
                    f"INSERT INTO {quoted(table)} SELECT * FROM {quoted('kept ' + table)}"
                )
        self.log_begins = now

    def close(self) -> None:
        """Close every connection and remove the file."""
        with self._lock:
            _close_all(self._all)
        self._directory.cleanup()


def _close_all(connections: list[sqlite3.Connection]) -> None:
    for connection in connections:
        connection.close()
    connections.clear()


def _searched(field: Field) -> bool:
    """Tell whether rows are found by the field often enough for an index."""
    if field.name == "Id":
        return False  # it has its own
    lookup = field.type == "reference" and field.createable and field.name != "OwnerId"
    return lookup or field.id_lookup or field.name == "SystemModstamp"


def _column(field: Field) -> str:
    if field.is_number or field.type in {"int", "boolean"}:
        return f"{quoted(field.name)} INTEGER"
    exact = field.case_sensitive or field.is_id or field.type in {"date", "datetime"}
    return f"{quoted(field.name)} TEXT COLLATE {'BINARY' if exact else 'NOCASE'}"


def _carried(old: SObject, new: Field) -> str:
    """Return SQL for what a column of a changed table takes over from the old one."""
    known = old.by_name.get(new.name.lower())
    if known is None:
        if new.default is None:
            return "0" if new.type == "boolean" else "NULL"
        return str(new.default) if isinstance(new.default, int) else _literal(new.default)
    if known.is_number and new.is_number:
        shift = new.scale - known.scale
        if shift >= 0:
            return f"{quoted(known.name)} * {10**shift}"
        return f"CAST(ROUND({quoted(known.name)} * 1.0 / {10**-shift}) AS INTEGER)"
    return quoted(known.name) if known.is_number == new.is_number else "NULL"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _index(sobject: SObject, column: str) -> str:
    return quoted(f"{sobject.name}.{column}")


def _fold(value: str | None) -> str | None:
    return None if value is None else str(value).casefold()


def placeholders(values: Sequence[object]) -> str:
    """Return as many question marks as there are values, for an IN list."""
    return ",".join("?" * len(values))
