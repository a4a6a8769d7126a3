"""Open queries: the row numbers of those that did not fit into one page."""

from __future__ import annotations  # array[int] is for readers only before 3.12

import threading
from array import array
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.sandbox.clock import Clock
from app.sandbox.salesforce.errors import RequestError
from app.sandbox.salesforce.ids import IdSource

_LIFE = timedelta(days=2)  # salesforce.md §5.1
_MOST = 500


@dataclass(frozen=True, slots=True)
class Cursor:
    """A query with the rows that it found when it was first asked."""

    soql: str
    rows: array[int]
    page_size: int
    deleted: bool  # asked by queryAll
    opened_at: datetime


class Cursors:
    """Keeps the last few hundred cursors; they live for two days of the sandbox's clock."""

    def __init__(self, clock: Clock, ids: IdSource) -> None:
        self._clock = clock
        self._ids = ids
        self._lock = threading.Lock()
        self._open: OrderedDict[str, Cursor] = OrderedDict()

    def open(self, soql: str, rows: array[int], page_size: int, *, deleted: bool) -> str:
        """Remember a query and return its locator, without the place."""
        locator = self._ids.next("01g")
        with self._lock:
            self._open[locator] = Cursor(soql, rows, page_size, deleted, self._clock.now())
            while len(self._open) > _MOST:
                self._open.popitem(last=False)
        return locator

    def find(self, locator: str) -> Cursor:
        """Return a cursor.

        Raises:
            RequestError: There is none any more (INVALID_QUERY_LOCATOR).
        """
        with self._lock:
            cursor = self._open.get(locator)
        if cursor is None or self._clock.now() - cursor.opened_at > _LIFE:
            raise RequestError("INVALID_QUERY_LOCATOR", "invalid query locator")
        return cursor

    def clear(self) -> None:
        """Forget every cursor."""
        with self._lock:
            self._open.clear()
