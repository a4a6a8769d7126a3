"""The end of the journal's chain, kept in a small file beside the store.

The chain shows a change in its middle by itself; that its end was cut off, or that an older copy of
the store was put in place, shows only against something that is not in the store.
"""

import logging
import os
from dataclasses import dataclass
from pathlib import Path

from xxhash import xxh3_64_hexdigest

from app.errors import StoreError

log = logging.getLogger(__name__)

GENESIS = "0" * 64
_SLOT_BYTES = 128


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
        text = head_file(store).read_bytes()
    except OSError:
        return None
    found = [_head_of(text[at : at + _SLOT_BYTES]) for at in (0, _SLOT_BYTES)]
    return max((head for head in found if head), key=lambda head: head.number, default=None)


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
    """Note a head; a failure is logged only, since a note that lags behind is still true.

    The note has two places. One that is not synced to disk goes into the second alone: whatever a
    power cut leaves of it, the first is whole.
    """
    try:
        _write(store, head, synced=synced)
    except OSError as error:
        log.warning("The journal's end is not noted in %s: %s", head_file(store), error)


def _write(store: Path, head: Head, *, synced: bool) -> None:
    said = str(head).encode()
    slot = (said + b" " + _check(said)).ljust(_SLOT_BYTES - 1) + b"\n"
    number = os.open(head_file(store), os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        if synced:
            os.write(number, slot * 2)
            os.fsync(number)
        else:
            os.lseek(number, _SLOT_BYTES, os.SEEK_SET)
            os.write(number, slot)
    finally:
        os.close(number)


def _head_of(slot: bytes) -> Head | None:
    said, _, check = slot.strip().partition(b" ")
    if check != _check(said):
        return None
    number, _, linked = said.decode().partition(":")
    return Head(int(number), linked)


def _check(said: bytes) -> bytes:
    return xxh3_64_hexdigest(said).encode()
