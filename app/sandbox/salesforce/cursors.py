"""Open queries: the row numbers of those that did not fit into one page."""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.sandbox.clock import Clock
from app.sandbox.salesforce.errors import RequestError
from app.sandbox.salesforce.ids import IdSource

_LIFE = timedelta(days=2)  # salesforce.md §5.1
_MOST = 500


@dataclass(frozen=True, slots=True)
class Whole:
    """All rows of an sObject that there were: how many, and the number of the last.

    `starts` says for places that were reached after which row they begin.
    """

    total: int
    last: int
    starts: dict[int, int]

    def __len__(self) -> int:
        """Return how many rows there were."""
        return self.total


Rows = Sequence[int] | Whole


@dataclass(frozen=True, slots=True)
class Cursor:
    """A query with the rows that it found when it was first asked."""

    soql: str
    rows: Rows
    page_size: int
    deleted: bool  # asked by queryAll
    opened_at: datetime


@dataclass(slots=True)
class QuerySettings:
    """How queries go here; changed through the control door."""

    page_rows: int = 0  # most rows of a page; 0: as the sandbox was started
    timeout: bool = False  # every query runs for too long

    def set(self, values: Mapping[str, Any]) -> None:
        """Change settings by name.

        Raises:
            KeyError: There is no such setting.
            ValueError: The value is of another type.
        """
        known: dict[str, type] = {"page_rows": int, "timeout": bool}
        for name, value in values.items():
            if type(value) is not known[name]:
                raise ValueError(f"{name} is a {known[name].__name__}, not {value!r}")
            setattr(self, name, value)


class Cursors:
    """Keeps the last few hundred cursors; they live for two days of the sandbox's clock."""

    def __init__(self, clock: Clock, ids: IdSource) -> None:
        self._clock = clock
        self._ids = ids
        self._lock = threading.Lock()
        self.settings = QuerySettings()
        self._open: OrderedDict[str, Cursor] = OrderedDict()

    def open(self, soql: str, rows: Rows, page_size: int, *, deleted: bool) -> str:
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
        """Forget every cursor; the settings are as at the start."""
        self.settings = QuerySettings()
        with self._lock:
            self._open.clear()
