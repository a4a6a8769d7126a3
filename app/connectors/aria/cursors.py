"""Cursors of lists that tell when something changed: a client and a moment of Aria's own clock."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TypeVar

from app.connectors.aria.client import UNEXPECTED, AriaClient, AriaRefused
from app.connectors.aria.object_query import condition
from app.connectors.aria.values import text
from app.domain.control import CancelToken
from app.errors import CursorRefused

_REACH_BACK = timedelta(minutes=15)
"""How far before its cursor a read of what changed begins: late commits (aria.md §5)."""
_STAMP = "%Y-%m-%d %H:%M:%S"
_Found = TypeVar("_Found")


def cursor_now(client: AriaClient, cancel: CancelToken) -> str:
    """Return the cursor of a read that begins now; one call.

    Aria's clock may be ahead of the real one on a stage instance (aria.md §1.7). `""` where it
    cannot be read: then the next read is a whole one.
    """
    try:
        answer = client.core("get_virtual_datetime_m", {}, cancel)
    except AriaRefused:  # a call that not every client may make
        return ""
    told = f"{text(answer.get('virtual_date'))[:10]} {text(answer.get('virtual_time'))}"
    try:
        began = datetime.fromisoformat(told.strip())
    except ValueError:
        return ""
    return f"{client.account.client_no}|{began.strftime(_STAMP)}"


def changed_since(client: AriaClient, cursor: str, field: str) -> str:
    """Return the condition for what changed since a cursor, and a little before it.

    Raises:
        CursorRefused: The cursor is of another client, or none of ours.
    """
    instance, _, told = cursor.rpartition("|")
    ours = str(client.account.client_no)
    if instance != ours:
        raise CursorRefused(f"The cursor is of client {instance or 'nobody'}, this is {ours}.")
    try:
        moment = datetime.fromisoformat(told)
    except ValueError as error:
        raise CursorRefused(f"{told!r} is no time.") from error
    return condition(field, ">=", (moment - _REACH_BACK).strftime(_STAMP))


def whole_if_refused(changed: Iterator[_Found]) -> Iterator[_Found]:
    """Yield what changed.

    Raises:
        CursorRefused: Aria will not search for changes: the whole can be read instead.
    """
    try:
        yield from changed
    except AriaRefused as error:
        if error.code == UNEXPECTED:
            raise
        raise CursorRefused(error.summary) from error
