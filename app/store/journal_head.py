"""The end of the journal's chain, kept in a small file beside the store.

The chain shows a change in its middle by itself; that its end was cut off, or that an older copy of
the store was put in place, shows only against something that is not in the store.
"""

import logging
import os
from dataclasses import dataclass
from pathlib import Path

import orjson

from app.errors import StoreError

log = logging.getLogger(__name__)

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class Head:
    """The last event of a chain: its number (0: there is none yet) and its hash."""

    number: int = 0
    hash: str = GENESIS

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


def head_file(store: Path) -> Path:
    """Return where the head of a store's journal is noted."""
    return store.with_name(f"{store.name}.head")


def noted_head(store: Path) -> Head | None:
    """Return the head as it was last noted; None where there is no readable note."""
    try:
        found = orjson.loads(head_file(store).read_bytes())
        return Head(int(found["number"]), str(found["hash"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def begin_heads(store: Path) -> None:
    """Note that the chain is empty, before its first event is written.

    Raises:
        StoreError: The note cannot be written.
    """
    try:
        _write(store, Head(), synced=True)
    except OSError as error:
        raise StoreError(
            f"The note {head_file(store)} cannot be written: {error.strerror}.",
            "Check the folder's rights and the space on the disk.",
        ) from error


def note_head(store: Path, head: Head, *, synced: bool) -> None:
    """Note a head; a failure is logged only, since a note that lags behind is still true."""
    try:
        _write(store, head, synced=synced)
    except OSError as error:
        log.warning("The journal's end is not noted in %s: %s", head_file(store), error)


def _write(store: Path, head: Head, *, synced: bool) -> None:
    file = head_file(store)
    new = file.with_name(f"{file.name}.new")
    number = os.open(new, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    try:
        os.write(number, orjson.dumps({"number": head.number, "hash": head.hash}) + b"\n")
        if synced:
            os.fsync(number)
    finally:
        os.close(number)
    new.replace(file)
