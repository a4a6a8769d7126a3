"""Pages of a SOQL query, several fetched ahead, and the records in them."""

import re
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, cast
from urllib.parse import urlsplit

import requests
from simple_salesforce.api import Salesforce

from app.connectors.overlap import overlapped
from app.connectors.protocol import Page
from app.connectors.salesforce.selection import Selection
from app.connectors.salesforce.session import SalesforceSession
from app.connectors.salesforce.tables import NestedTable
from app.connectors.salesforce.typed_rows import Decode, QueryPage, typed_by
from app.domain.control import CancelToken
from app.domain.reader import About, RecordReader
from app.domain.record import Side, utc_text
from app.domain.table import Table
from app.errors import AnswerUnreadable, RemoteRefused

_PAGES_AHEAD = 12  # more than calls at once, so that none of those waits for a slow early page
_PLACE = re.compile(r"(.*/query(?:All)?/\w+)-(\d+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a query: its rows, how many rows there are in all, where it goes on."""

    table: Table
    total: int
    next_path: str
    typed: Decode | None = None


def first_page(
    session: SalesforceSession,
    soql: str,
    cancel: CancelToken,
    chosen: Selection | None = None,
    *,
    deleted: bool = False,
) -> Found:
    """Return a query's first page; with `deleted` of the rows in the recycle bin too (§5.1).

    The rows of a statement with the columns of a `chosen` selection are decoded by their types.
    """
    typed = None if chosen is None else typed_by(chosen)
    return _asked(session, lambda api: api.query(soql, include_deleted=deleted), typed, cancel)


def later_pages(session: SalesforceSession, first: Found, cancel: CancelToken) -> Iterator[Found]:
    """Yield the pages after the first, in order, several of them fetched ahead.

    The path to a page ends in the number of rows before it (`…/01g…-2000`, salesforce.md §5.1), so
    pages are asked for before their paths are told. A page may be smaller than it was asked to be:
    what lacks up to the next is followed path by path, and all is where the server knows no jumps.
    """
    jump = _Jump.of(first)
    if jump is None:
        yield from _followed(session, first, None, cancel)
        return
    places = range(jump.size, first.total, jump.size)
    tasks = [partial(_fetched, session, jump.path(place), first.typed, cancel) for place in places]
    before = first
    pages = overlapped(tasks, _PAGES_AHEAD, cancel)
    with closing(pages):
        for place, found in zip(places, pages, strict=True):
            if found is None:  # no other place will be known either
                break
            if before.next_path == jump.path(place):
                yield found
                before = found
            for lacking in _followed(session, before, place + jump.size, cancel):
                yield lacking
                before = lacking
    yield from _followed(session, before, None, cancel)


def tables(
    session: SalesforceSession, soql: str, cancel: CancelToken, chosen: Selection | None = None
) -> Iterator[Table]:
    """Yield the rows of a query page by page; the end is `done`, whatever a page's length."""
    first = first_page(session, soql, cancel, chosen)
    cancel.check()
    yield first.table
    for found in later_pages(session, first, cancel):
        cancel.check()
        yield found.table


def rows(session: SalesforceSession, soql: str, cancel: CancelToken) -> list[dict[str, Any]]:
    """Return all rows of a short query as JSON has them."""
    found = (cast("NestedTable", table).rows for table in tables(session, soql, cancel))
    return [dict(row) for page in found for row in page]


@dataclass(frozen=True, slots=True)
class _Jump:
    """How the paths of a query's pages are made."""

    base: str
    size: int

    @classmethod
    def of(cls, first: Found) -> "_Jump | None":
        match = _PLACE.fullmatch(first.next_path)
        size = len(first.table)
        if match is None or int(match[2]) != size or not size:
            return None
        return cls(match[1], size)

    def path(self, place: int) -> str:
        return f"{self.base}-{place}"


def _followed(
    session: SalesforceSession, before: Found, until: int | None, cancel: CancelToken
) -> Iterator[Found]:
    """Yield the pages after one, path by path, up to that of row `until` (None: to the end)."""
    path, typed = before.next_path, before.typed
    while path and (until is None or _place(path) < until):
        cancel.check()
        found = _asked(session, partial(more, path), typed, cancel)
        yield found
        path = found.next_path


def _place(path: str) -> int:
    match = _PLACE.fullmatch(path)
    return int(match[2]) if match is not None else 0


def _fetched(
    session: SalesforceSession, path: str, typed: Decode | None, cancel: CancelToken
) -> Found | None:
    """Return the page at a path that we made; None where the server does not know it.

    Whatever it says then: that path was not told to anybody.
    """
    try:
        return _asked(session, partial(more, path), typed, cancel)
    except RemoteRefused:
        return None


def more(path: str, api: Salesforce) -> Any:
    """Return what stands at a `nextRecordsUrl`, whatever version that is of."""
    return api.query_more(path, identifier_is_url=True)


def _asked(
    session: SalesforceSession,
    ask: Callable[[Salesforce], Any],
    typed: Decode | None,
    cancel: CancelToken,
) -> Found:
    def decoded(answer: requests.Response) -> Any:
        page = None if typed is None else typed(answer.content)
        return session.http.decoded(answer) if page is None else page

    answer = session.call(cancel, ask, decoded)
    page = answer if isinstance(answer, QueryPage) else _page(answer)
    if page is None or not (page.onward or page.done):
        raise AnswerUnreadable(
            f"Salesforce connection {session.http.connection!r}: a query's answer has no rows.",
            "Try again; if it stays so, check the instance's URL.",
        )
    # A path as documented (salesforce.md §5.1); with a host before it, that is not followed.
    onward = "" if page.done else page.onward
    path = urlsplit(onward)._replace(scheme="", netloc="").geturl()
    return Found(page.table, page.total, path, typed)


def _page(answer: Any) -> QueryPage | None:
    records = answer.get("records") if isinstance(answer, dict) else None
    if not isinstance(records, list):
        return None
    total, onward = answer.get("totalSize"), answer.get("nextRecordsUrl")
    return QueryPage(
        NestedTable(records),
        total if isinstance(total, int) else len(records),
        done=answer.get("done") is True,
        onward=str(onward or ""),
    )


def page_of(
    chosen: Selection,
    reader: RecordReader,
    table: Table,
    wanted: Container[str] | None = None,
) -> Page:
    """Return the records of rows; with `wanted`, those with exactly these keys.

    Salesforce compares text without case, and two keys that differ in case are two for us, unless
    `wanted` is `AnyCase`.
    """
    made = reader.records(
        table,
        About(
            [str(one or "") for one in table.column("Id")],
            _times(table.column("LastModifiedDate")),
            [one or "" for one in table.column("LastModifiedBy.Name")],
        ),
    )
    if wanted is None and all(made.keys):
        return Page(chosen.entity.name, made)
    records = made.only([key and (wanted is None or key in wanted) for key in made.keys])
    loose = made.only([not key for key in made.keys])
    return Page(chosen.entity.name, records, len(loose), loose=loose)


class AnyCase:
    """Keys, each in whatever case."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys = frozenset(key.casefold() for key in keys)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key.casefold() in self._keys


def reader_of(chosen: Selection) -> RecordReader:
    """Return the reader of a selection's rows."""
    paths = {lookup.column: lookup.path for lookup in chosen.lookups}
    return RecordReader(chosen.entity, Side.SALESFORCE, paths)


def _times(texts: Sequence[str | None]) -> list[str]:
    """Return Salesforce's `…+0000` as `…Z`; any other zone is converted."""
    return [
        f"{one[:-5]}Z" if one and one.endswith("+0000") else _utc(one) if one else ""
        for one in texts
    ]


def _utc(text: str) -> str:
    return text if text.endswith("Z") else utc_text(datetime.fromisoformat(text))
