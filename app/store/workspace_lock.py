"""Who may write a workspace: one process at a time, by a lock of the operating system.

The lock lives and dies with its process, so that a crash leaves nothing to clear away. The file
stays and says who held it last; only the lock counts. Threads of one process share it.
"""

import getpass
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson

from app.errors import StoreError, WorkspaceBusy
from app.store.machine import host_name

# Windows keeps others from reading what is locked: lock a byte far behind what is written.
_LOCKED_BYTE = 1 << 30
_UNKNOWN = "another Concord"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a workspace; all `""` and 0 where it cannot be told."""

    user: str = ""
    pid: int = 0
    host: str = ""
    since: str = ""

    def __str__(self) -> str:
        if not self.user:
            return _UNKNOWN
        return f"{self.user} (process {self.pid} on {self.host}, since {self.since})"


@dataclass
class _Hold:
    """The lock as this process has it, and for how many stores."""

    file: int
    pid: int
    count: int = 1


_held: dict[Path, _Hold] = {}
_guard = threading.Lock()


def lock_file(store: Path) -> Path:
    """Return the file on which a store's lock is held."""
    return store.with_name(f"{store.name}.lock").absolute()


def take(store: Path) -> Holder | None:
    """Take the lock of a store and return None; or return who holds it.

    Each success is given back with `give_back`.

    Raises:
        StoreError: The lock's file cannot be made.
    """
    path = lock_file(store)
    with _guard:
        hold = _held.get(path)
        if hold is not None and hold.pid == os.getpid():
            hold.count += 1
            return None
        file = _opened(path)
        if not _lock(file):
            holder = _read_holder(file)
            os.close(file)
            return holder
        _write_holder(file)
        _held[path] = _Hold(file, os.getpid())
        return None


def give_back(store: Path) -> None:
    """Give the lock of a store back; the last of this process frees it for others."""
    path = lock_file(store)
    with _guard:
        hold = _held.get(path)
        if hold is None or hold.pid != os.getpid():
            return
        hold.count -= 1
        if not hold.count:
            del _held[path]
            os.close(hold.file)


def busy(store: Path, holder: Holder) -> WorkspaceBusy:
    """Return the error for a store that somebody else holds."""
    return WorkspaceBusy(
        f"The workspace's store {store} is held by {holder}.",
        "It can be read here. To write, close that Concord or wait until it is done.",
    )


@contextmanager
def holding(store: Path) -> Iterator[None]:
    """Hold the lock of a store for a while; a store that is not there needs none.

    Raises:
        WorkspaceBusy: Another process holds it.
    """
    if not store.exists():
        yield
        return
    holder = take(store)
    if holder is not None:
        raise busy(store, holder)
    try:
        yield
    finally:
        give_back(store)


def check_free(store: Path) -> None:
    """Make sure that no other process holds a store just now; raises `WorkspaceBusy`."""
    with holding(store):
        return


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise StoreError(
            f"The lock {path} cannot be made: {error.strerror}.",
            "Check the folder's rights and the space on the disk.",
        ) from error


def _lock(file: int) -> bool:
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415 - there is none elsewhere

        os.lseek(file, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl  # noqa: PLC0415 - there is none on Windows

    try:
        # Not flock: a child made by fork would inherit that and outlive a killed holder.
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _write_holder(file: int) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    held = {"user": getpass.getuser(), "pid": os.getpid(), "host": host_name(), "since": now}
    os.lseek(file, 0, os.SEEK_SET)
    os.ftruncate(file, 0)
    os.write(file, orjson.dumps(held))


def _read_holder(file: int) -> Holder:
    os.lseek(file, 0, os.SEEK_SET)
    try:
        found = orjson.loads(os.read(file, 4096))
        return Holder(
            str(found["user"]), int(found["pid"]), str(found["host"]), str(found["since"])
        )
    except (OSError, ValueError, KeyError, TypeError):
        return Holder()
