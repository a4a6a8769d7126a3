"""Pages of a list: a limit, an opaque cursor, newest first (orb.md §1)."""

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from app.sandbox.orb.errors import invalid
from app.sandbox.orb.query import Query
from app.sandbox.orb.world import Row, Table

PARAMETERS = ("limit", "cursor")
MOST = 100
MOST_LEDGER = 1000
_USUAL = 20


def page_of(
    table: Table,
    query: Query,
    show: Callable[[Row], Row],
    keep: Callable[[Row], bool] = lambda _: True,
    most: int = MOST,
) -> Row:
    """Return one page of a table's rows that `keep` lets pass, as `show` writes them."""
    limit = query.whole("limit", _USUAL, 1, most)
    rows = ((place, row) for place, row in table.newest(_place(query)) if keep(row))
    found = list(islice(rows, limit + 1))
    more = len(found) > limit
    cursor = _cursor(found[limit - 1][0]) if more else None
    return _page([show(row) for _, row in found[:limit]], cursor)


def page_of_list(rows: Iterable[Row], query: Query) -> Row:
    """Return one page of rows that have an order of their own, counted from the start."""
    limit = query.whole("limit", _USUAL, 1, MOST)
    place = _place(query)
    start = place[1] if place else 0
    found = list(islice(_from(rows, start), limit + 1))
    return _page(found[:limit], _cursor(("", start + limit)) if len(found) > limit else None)


def whole_page(rows: list[Row]) -> Row:
    """Return rows that always fit into one page."""
    return _page(rows, None)


def _from(rows: Iterable[Row], start: int) -> Iterator[Row]:
    return islice(rows, start, None)


def _page(rows: list[Row], cursor: str | None) -> Row:
    metadata = {"has_more": cursor is not None, "next_cursor": cursor}
    return {"data": rows, "pagination_metadata": metadata}


def _cursor(place: tuple[str, int]) -> str:
    return base64.urlsafe_b64encode(f"{place[0]}|{place[1]}".encode()).decode().rstrip("=")


def _place(query: Query) -> tuple[str, int] | None:
    cursor = query.one("cursor")
    if not cursor:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        value, _, serial = (
            base64.b64decode(padded, altchars=b"-_", validate=True).decode().rpartition("|")
        )
        return value, int(serial)
    except (binascii.Error, ValueError):
        raise invalid("query.cursor: invalid cursor") from None
