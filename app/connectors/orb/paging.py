"""Lists of Orb, page by page, the next page fetched before it is asked for; long ones cut by time.

A list gives its pages one after the other, newest first, each by the cursor of the one before
(orb.md §1). Where it can be narrowed by a time, what is left of it is cut in halves, as long as
there are threads that would else have nothing to do.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from app.connectors.orb.client import OrbClient, Row
from app.connectors.orb.rows import moment
from app.domain.control import CancelToken
from app.errors import AnswerUnreadable

MOST = 100
MOST_LEDGER = 1000
_POLL_S = 0.05
_BEGINNING = datetime(2021, 1, 1, tzinfo=UTC)  # a guess of the oldest, by which to halve only
_SHORTEST = timedelta(minutes=10)  # a time that is not cut any further
_SHOWN = timedelta(seconds=1)  # Orb shows whole seconds, and may go by finer ones
_WORTH = 4  # pages that a slice should still have, about, to be cut: a cut costs up to one call


@dataclass(frozen=True, slots=True)
class Listing:
    """What to list.

    Attributes:
        window: The time by whose range the list can be narrowed and is ordered; `""` for none.
    """

    path: str
    filters: tuple[tuple[str, str], ...] = ()
    window: str = ""
    limit: int = MOST


@dataclass(frozen=True, slots=True)
class _Slice:
    """A part of a list: from `since` to before `until`; the rows `seen` came already."""

    since: datetime | None = None
    until: datetime | None = None
    cursor: str = ""
    seen: frozenset[str] = frozenset()

    def params(self, listing: Listing) -> list[tuple[str, str]]:
        """Return the query of the slice's next page; filters go along with a cursor."""
        bounds = {"gte": self.since, "lt": self.until}
        return [
            ("limit", str(listing.limit)),
            *listing.filters,
            *((f"{listing.window}[{n}]", at.isoformat()) for n, at in bounds.items() if at),
            *([("cursor", self.cursor)] if self.cursor else []),
        ]


def pages(
    client: OrbClient, listing: Listing, at_once: int, cancel: CancelToken
) -> Iterator[list[Row]]:
    """Yield the rows of a list, each once, in pages of no order, `at_once` requests under way.

    Raises:
        OrbRefused: Orb refused the list.
        AnswerUnreadable: What came is no list.
    """
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="orb-list")
    running: dict[Future[dict[str, Any]], _Slice] = {}

    def ask(part: _Slice) -> None:
        task = pool.submit(client.get, listing.path, cancel, part.params(listing))
        running[task] = part

    try:
        ask(_Slice())
        while running:
            done, _ = wait(running, timeout=_POLL_S, return_when=FIRST_COMPLETED)
            cancel.check()
            for task in done:
                part = running.pop(task)
                found = task.result()
                for left in _left(listing, part, found, halve=len(running) + 1 < at_once):
                    ask(left)
                rows = [row for row in _rows(found) if row.get("id") not in part.seen]
                if rows:
                    yield rows
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _rows(found: Row) -> Sequence[Row]:
    rows = found.get("data")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise AnswerUnreadable(
            "Orb answered with something else than a list.", "Check the setting 'base_url'."
        )
    return rows


def _left(listing: Listing, part: _Slice, found: Row, *, halve: bool) -> list[_Slice]:
    """Return what of a slice is still to be read: nothing, one slice, or two halves.

    The cursor alone says whether there is more; an empty page ends the list too (orb.md §1), and
    so does a cursor that leads back to the page it came with.
    """
    rows = _rows(found)
    cursor = (found.get("pagination_metadata") or {}).get("next_cursor")
    if not cursor or not rows or cursor == part.cursor:
        return []
    seen = frozenset(str(row.get("id")) for row in rows)
    rest = replace(part, cursor=str(cursor), seen=seen)
    if not halve or not listing.window:
        return [rest]
    newest, last = (moment(rows[place].get(listing.window)) for place in (0, -1))
    first = part.since or _BEGINNING
    if newest - last < 2 * _SHOWN or last - first < max(_SHORTEST, (newest - last) * _WORTH):
        return [rest]
    middle = (first + (last - first) / 2).replace(microsecond=0)
    newer = _Slice(since=middle, until=last + _SHOWN, seen=seen)
    return [newer, _Slice(since=part.since, until=middle)]
