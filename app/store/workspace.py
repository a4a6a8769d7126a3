"""One SQLite file a workspace: opening, versions, connections, and what SQLite's errors mean."""

import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import orjson

from app.domain.mapping import EntityMapping, WorkspaceMapping
from app.errors import StoreError, StoreForeign, WorkspaceBusy
from app.store import workspace_lock
from app.store.home_check import check_home, note_end, take_over
from app.store.journal_head import begin_heads
from app.store.link_counts import count_missing
from app.store.migrations import VERSION, migrate
from app.store.reshape import reshape

BUSY_TIMEOUT_S = 5.0
_PAGE_BYTES = 16_384
"""Of a new store: with pages of 4 KiB, SQLite's default, a read takes a fifth longer to store."""
_LONG_WAL = 2_000  # pages that a read leaves in the WAL: much of it is written again meanwhile
# A sort of millions leaves memory.
_OF_ALL = ("PRAGMA temp_store = FILE", "PRAGMA cache_size = -16000")
CHAINED_SINCE = 2


class Store:
    """The store of one workspace.

    Connections belong to the thread that asks for them. `mirror` connections sync at checkpoints
    only, since the mirror can be read again; `durable` ones sync every transaction.

    Any number of processes may read. The first write takes the workspace for this process
    (`claim`), until the store is closed.

    Attributes:
        clock_told: Whether it was said that this computer's clock is behind the journal.
    """

    def __init__(
        self,
        path: Path,
        mapping: WorkspaceMapping,
        connections: Mapping[str, Mapping[str, str]] | None = None,
        *,
        adopt_by: str = "",
    ) -> None:
        """Open the file, make it where there is none, migrate it where it is old.

        Args:
            path: The SQLite file.
            mapping: What the workspace's records are.
            connections: Side → name, kind and settings of its connection, for the journal.
            adopt_by: Who says that the store is to be written from now on, wherever it came from
                (`home_check.take_over`); `""` for nobody.

        Raises:
            StoreError: It is no store, is of a newer version, is locked, or cannot be written.
        """
        self.path = path
        self.mapping = mapping
        self.connections = connections or {}
        self.entity_ids: dict[str, int] = {}
        self.refused: StoreError | None = None
        self.clock_told = False
        self._adopt_by = adopt_by
        self._claimed = False
        self._claiming = threading.RLock()
        self._writing = threading.RLock()
        self._local = threading.local()
        self._threads: weakref.WeakSet[_OfThread] = weakref.WeakSet()
        self._lock = threading.Lock()
        try:
            with self.translating():
                self._prepare()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    @property
    def mirror(self) -> sqlite3.Connection:
        """This thread's connection for the mirror (`synchronous=NORMAL`)."""
        return self._connection(
            "mirror", "PRAGMA synchronous = NORMAL", f"PRAGMA wal_autocheckpoint = {_LONG_WAL}"
        )

    @property
    def durable(self) -> sqlite3.Connection:
        """This thread's connection for the journal and outcomes (`synchronous=FULL`)."""
        return self._connection("durable", "PRAGMA synchronous = FULL")

    @property
    def reader(self) -> sqlite3.Connection:
        """This thread's read-only connection."""
        return self._connection("reader", "PRAGMA query_only = ON")

    def entity(self, entity_id: int) -> EntityMapping:
        """Return the entity with that number in the store."""
        name = next(name for name, number in self.entity_ids.items() if number == entity_id)
        return self.mapping.entity(name)

    def close(self) -> None:
        """Close the connections of all threads; none may be at work."""
        with self._lock:
            for held in self._threads:
                _close_all(held.connections)
            self._local = threading.local()
            if self._claimed:
                self._claimed = False
                workspace_lock.give_back(self.path)

    def claim(self) -> None:
        """Take the workspace for writing, as every write does by itself; it costs nothing twice.

        Raises:
            WorkspaceBusy: Another process holds it; the words say who.
            StoreForeign: The store came from elsewhere (`home_check`).
        """
        with self._claiming:
            if self._claimed:
                return
            with self._holding():
                check_home(self)

    def read_only(self) -> StoreError | None:
        """Take the workspace for writing if that can be; return, and keep in `refused`, why not."""
        try:
            self.claim()
        except (WorkspaceBusy, StoreForeign) as error:
            self.refused = error
        else:
            self.refused = None
        return self.refused

    @contextmanager
    def translating(self) -> Iterator[None]:
        """Turn SQLite's errors into `StoreError`, here and nowhere else."""
        try:
            yield
        except sqlite3.Error as error:
            raise translated(error, self.path) from error

    @contextmanager
    def transaction(
        self, connection: sqlite3.Connection, *, shared: bool = False
    ) -> Iterator[sqlite3.Connection]:
        """Run one write transaction; all of it is kept, or nothing.

        A `shared` one does not take the workspace: for what can be worked out again, by anybody.
        Threads of this process wait for each other, however long: only another program's hold on
        the file ends in an error (a piece of 10,000 outcomes can take longer than SQLite waits).
        """
        if not shared:
            self.claim()
        with self._writing, self.translating():
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    @contextmanager
    def _holding(self) -> Iterator[None]:
        """Take the lock, and give it back if what comes next fails."""
        if self._claimed:
            yield
            return
        holder = workspace_lock.take(self.path)
        if holder is not None:
            raise workspace_lock.busy(self.path, holder)
        self._claimed = True
        try:
            yield
        except BaseException:
            self._claimed = False
            workspace_lock.give_back(self.path)
            raise

    def _connection(self, name: str, *pragmas: str) -> sqlite3.Connection:
        held: _OfThread | None = getattr(self._local, "held", None)
        if held is None:
            held = self._local.held = _OfThread()
            with self._lock:
                self._threads.add(held)
        if name not in held.connections:
            with self.translating():
                held.connections[name] = self._connect(*pragmas)
        return held.connections[name]

    def _connect(self, *pragmas: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        try:
            for pragma in (*_OF_ALL, *pragmas):
                connection.execute(pragma)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Made before SQLite opens it: its WAL files take over the file's mode. One that is
            # there is not opened: closing it would free the locks of this process's other stores.
            with suppress(FileExistsError):
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except OSError as error:
            raise StoreError(
                f"The store {self.path} cannot be written: {error.strerror}.",
                "Check the folder's rights and the space on the disk.",
            ) from error
        connection = self.durable
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version > VERSION:
            raise StoreError(
                f"The store {self.path} was written by a newer Concord"
                f" (version {version}, this one knows {VERSION}).",
                "Use that Concord; nothing was changed.",
            )
        if version < VERSION:
            self._migrate(connection)
        if self._adopt_by:
            with self._claiming, self._holding():
                take_over(self, self._adopt_by)
        self._adopt_mapping(connection)
        count_missing(connection)
        self._forget_judgements(connection)

    def _migrate(self, connection: sqlite3.Connection) -> None:
        with self._claiming, self._holding():
            # Asked again under the lock: another process may just have done it.
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if version == 0:
                connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
            connection.execute("PRAGMA journal_mode = WAL")
            if version < CHAINED_SINCE:
                begin_heads(self.path)
            migrate(connection, version)
            if version < CHAINED_SINCE:
                note_end(self)
        # Whoever only reads need not keep it; who writes claims it, and the home is checked.
        self._claimed = False
        workspace_lock.give_back(self.path)

    def _adopt_mapping(self, connection: sqlite3.Connection) -> None:
        stored = {
            name: (number, shape)
            for number, name, shape in connection.execute("SELECT id, name, shape FROM entity")
        }
        for entity in self.mapping.entities:
            number, shape = stored.get(entity.name, (None, None))
            if shape == entity.shape:
                self.entity_ids[entity.name] = number
                continue
            with self.transaction(connection):
                fields = orjson.dumps([[f.name, f.type.value] for f in entity.fields]).decode()
                if number is not None:
                    reshape(connection, number, entity)
                row = (number, entity.name, entity.shape, fields)
                cursor = connection.execute(
                    "INSERT OR REPLACE INTO entity VALUES (?, ?, ?, ?)", row
                )
                self.entity_ids[entity.name] = number or int(cursor.lastrowid or 0)

    def _forget_judgements(self, connection: sqlite3.Connection) -> None:
        """Judge every difference anew after a change of the mapping: an owner may have changed."""
        row = connection.execute("SELECT value FROM note WHERE name = 'mapping'").fetchone()
        if row is not None and row[0] == self.mapping.fingerprint:
            return
        with self.transaction(connection):
            connection.execute("DELETE FROM diff")
            connection.execute(
                "INSERT OR REPLACE INTO note VALUES ('mapping', ?)", (self.mapping.fingerprint,)
            )


class _OfThread:
    """A thread's connections by name; closed when the thread ends, or nobody holds the store.

    A commit of millions starts threads for each of its pieces: without this, files stay open, each
    with its cache, until the store is closed.
    """

    def __init__(self) -> None:
        self.connections: dict[str, sqlite3.Connection] = {}
        weakref.finalize(self, _close_all, self.connections)


def _close_all(connections: dict[str, sqlite3.Connection]) -> None:
    for connection in connections.values():
        connection.close()
    connections.clear()


_NO_SPACE = frozenset(
    # SHMSIZE: the file beside the log could not grow, which comes as soon as a store is opened
    {"SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC", "SQLITE_IOERR_SHMSIZE"}
)


def translated(error: sqlite3.Error, path: Path) -> StoreError:
    """Return what an error of SQLite's means to people."""
    words = str(error)
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreError(
            f"The store {path} is in use by another program.",
            "Close the other Concord that works on this workspace, then try again.",
        )
    if name in _NO_SPACE:
        return StoreError(
            f"There is no space left for the store {path}.",
            "Free some space; what was written before is kept, and `concord resume` goes on.",
        )
    if name in {"SQLITE_NOTADB", "SQLITE_CORRUPT"}:
        return StoreError(
            f"The store {path} is damaged or is no store of Concord: {words}.",
            "Put the last good copy in its place, or delete it and refresh again.",
        )
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return StoreError(
            f"The store {path} cannot be opened for writing: {words}.",
            "Check the rights of the file and of its folder: SQLite keeps more files in it.",
        )
    return StoreError(f"The store {path} failed: {words}.", "See the log for the statement.")
