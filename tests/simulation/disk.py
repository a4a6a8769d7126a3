"""The disk under the store: real SQLite files, on which a process may die and power may fail."""

import shutil
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from app.store import workspace_lock
from tests.simulation.fate import Fate

_HOLDS = (
    "SELECT 1 FROM link JOIN document ON document.id = link.id * 4 + 2 WHERE side_id = ?1"
    " AND key = ?2 AND salesforce_hash IS NOT NULL UNION ALL"
    " SELECT 1 FROM loose WHERE side_id = ?1 AND ?2 = ''"
)
_NO_CHECKPOINT = "PRAGMA wal_autocheckpoint = 0"


class Disk:
    """Connections to the store's file that pass every statement to fate.

    Nothing waits for a real disk: which bytes a power cut would keep is counted instead. A
    transaction of a `synchronous=FULL` connection keeps all of the log that stands before it.
    """

    def __init__(self, folder: Path, fate: Fate, template: Path) -> None:
        self._fate = fate
        self._open: list[_Connection] = []
        self.path = folder / "store.sqlite"
        self.kept_bytes = 0
        self._template = template
        shutil.copyfile(template, self.path)

    def new(self) -> Path:
        """Return an empty store's file beside the one that may be cut off."""
        path = self.path.with_name("new.sqlite")
        shutil.copyfile(self._template, path)
        return path

    def connect(self, path: Path | str, **options: Any) -> sqlite3.Connection:
        """Stand in for `sqlite3.connect`."""
        connection = sqlite3.Connection.__new__(_Connection)
        _Connection.__init__(connection, str(path), **options)
        assert isinstance(connection, _Connection)
        connection.disk, connection.fate = self, self._fate
        sqlite3.Connection.execute(connection, _NO_CHECKPOINT)
        self._open.append(connection)
        return connection

    def holds(self, side_id: str, key: str) -> bool:
        """Return whether the store has a record of Salesforce under a key, `""` for none."""
        connection = sqlite3.Connection(str(self.path))
        try:
            found = connection.execute(_HOLDS, (side_id, key)).fetchone()
        finally:
            connection.close()
        return found is not None

    def note_commit(self, *, is_synced: bool) -> None:
        """Note that a transaction is in the log; a synced one outlives a power cut."""
        if is_synced:
            self.kept_bytes = self._log.stat().st_size

    def crash(self, *, power_cut: bool) -> None:
        """Go on with the files as the dead process left them; its connections are gone.

        With `power_cut`, what no transaction had synced is lost from the log.
        """
        left = self.path.read_bytes()
        log = self._log.read_bytes() if self._log.exists() else b""
        # Closing tidies the files up, which a dead process does not: they are put back after it.
        self.close()
        workspace_lock.give_back(self.path)
        self.path.write_bytes(left)
        self._log.write_bytes(log[: self.kept_bytes] if power_cut else log)
        Path(f"{self.path}-shm").unlink(missing_ok=True)
        self.kept_bytes = self._log.stat().st_size

    def close(self) -> None:
        """Close what is open, at the end of a run."""
        for connection in self._open:
            sqlite3.Connection.close(connection)
        self._open.clear()

    @property
    def _log(self) -> Path:
        return Path(f"{self.path}-wal")


class _Connection(sqlite3.Connection):
    """A connection that asks fate before each statement, and tells of each transaction's end."""

    disk: Disk
    fate: Fate
    is_synced = True

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        if sql.startswith("PRAGMA synchronous"):
            self.is_synced = "FULL" in sql
            return super().execute("PRAGMA synchronous = OFF")
        if sql.startswith("BEGIN"):
            self.fate.touch("begin")
        self.fate.disk(sql)
        return super().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
        self.fate.disk(sql)
        return super().executemany(sql, parameters)

    def commit(self) -> None:
        self.fate.touch("before the end of a transaction")
        try:
            self.fate.disk("COMMIT")
        except sqlite3.OperationalError:
            super().rollback()  # as SQLite does where the log cannot take a transaction's end
            raise
        super().commit()
        self.disk.note_commit(is_synced=self.is_synced)
        self.fate.touch("after the end of a transaction")

    def rollback(self) -> None:
        if not self.fate.dead:
            super().rollback()
