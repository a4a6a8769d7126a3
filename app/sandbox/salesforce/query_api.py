"""The resources query and queryAll (salesforce.md §5.1)."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from app.sandbox.salesforce import query_columns
from app.sandbox.salesforce.api import Call, Route
from app.sandbox.salesforce.cursors import Whole
from app.sandbox.salesforce.errors import RequestError
from app.sandbox.salesforce.soql_compile import Compiled, Context, compile_query
from app.sandbox.salesforce.soql_lexer import too_complicated
from app.sandbox.salesforce.soql_parser import parse
from app.sandbox.salesforce.soql_run import Page, first_page, later_page, whole_page
from app.sandbox.wire import Response

_SMALLEST, _LARGEST = 200, 2000
_LONG_TEXTS = 2


def query(call: Call) -> Response:
    """Answer `GET query?q=`: live rows alone."""
    return _first(call, deleted=False)


def query_all(call: Call) -> Response:
    """Answer `GET queryAll?q=`: rows in the recycle bin too."""
    return _first(call, deleted=True)


def _first(call: Call, *, deleted: bool) -> Response:
    _refuse_as_set(call)
    if "explain" in call.request.query:
        return _explained(call, deleted=deleted)
    soql = call.query("q")
    compiled = _compiled(call, soql, deleted=deleted)
    if call.request.query.get("columns", "").lower() == "true":
        return Response.json(query_columns.columns(compiled))
    return _answered(call, soql, compiled)


def answer(call: Call, soql: str) -> Response:
    """Answer with the first page of a query of our own making."""
    return _answered(call, soql, _compiled(call, soql, deleted=False))


def _answered(call: Call, soql: str, compiled: Compiled) -> Response:
    size = _page_size(call, compiled)
    with call.org.store.read() as connection, _within_limits():
        page = first_page(connection, compiled, size)
    body: dict[str, Any] = {"totalSize": page.total, "done": page.rows is None}
    if page.rows is not None:
        locator = call.org.cursors.open(soql, page.rows, size, deleted=compiled.deleted)
        body["nextRecordsUrl"] = _next_url(call, locator, len(page.records))
    return Response.json({**body, "records": page.records})


def rows_found(call: Call, soql: str, most: int) -> list[dict[str, Any]]:
    """Return the first `most` rows of a query of our own making."""
    return page_found(call, soql, most).records


def page_found(call: Call, soql: str, most: int) -> Page:
    """Return the first `most` rows of such a query, and how many there are in all."""
    compiled = _compiled(call, soql, deleted=False)
    with call.org.store.read() as connection, _within_limits():
        return first_page(connection, compiled, most)


def _explained(call: Call, *, deleted: bool) -> Response:
    soql = call.query("explain")
    compiled = _compiled(call, soql, deleted=deleted)
    with call.org.store.read() as connection, _within_limits():
        return Response.json(query_columns.explained(connection, compiled, soql))


@contextmanager
def _within_limits() -> Iterator[None]:
    """Word what the database finds too much as Salesforce does."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "too" not in str(error):  # "too many …", "… tree is too large"
            raise
        raise too_complicated() from error


def _refuse_as_set(call: Call) -> None:
    if call.org.cursors.settings.timeout:
        message = "Your query request was running for too long."
        raise RequestError("QUERY_TIMEOUT", message)


def query_more(call: Call) -> Response:
    """Answer `GET query/{locator}-{place}`: the next page."""
    match = re.fullmatch(r"(\w{15,18})-(\d+)", call.params["locator"])
    if match is None:
        raise RequestError("INVALID_QUERY_LOCATOR", "invalid query locator")
    cursor = call.org.cursors.find(match[1])
    start = int(match[2])
    if start >= len(cursor.rows):
        raise RequestError("INVALID_QUERY_LOCATOR", "invalid query locator")
    compiled = _compiled(call, cursor.soql, deleted=cursor.deleted)
    end = start + cursor.page_size
    with call.org.store.read() as connection:
        if isinstance(cursor.rows, Whole):
            records = whole_page(connection, compiled, cursor.rows, slice(start, end))
        else:
            records = later_page(connection, compiled, cursor.rows[start:end])
    body: dict[str, Any] = {"totalSize": len(cursor.rows), "done": end >= len(cursor.rows)}
    if end < len(cursor.rows):
        body["nextRecordsUrl"] = _next_url(call, match[1], end)
    return Response.json({**body, "records": records})


def _compiled(call: Call, soql: str, *, deleted: bool) -> Compiled:
    org = call.org
    context = Context(org.schema, org.clock.now(), f"{call.root}/sobjects/", deleted)
    return compile_query(parse(soql), soql, context)


def _next_url(call: Call, locator: str, place: int) -> str:
    return f"{call.root}/query/{locator}-{place}"


def _page_size(call: Call, compiled: Compiled) -> int:
    """Return the page size: the caller's wish within bounds, less for several long texts."""
    options = call.request.headers.get("sforce-query-options", "")
    wish = re.search(r"batchSize\s*=\s*(\d+)", options, re.IGNORECASE)
    size = min(max(int(wish[1]), _SMALLEST), _LARGEST) if wish else _LARGEST
    long_texts = [s for s in compiled.selected if s.column.field.long_text]
    if sum(s.column.field.custom for s in long_texts) >= _LONG_TEXTS:
        size = _SMALLEST
    return min(size, call.org.cursors.settings.page_rows or call.org.page_size)


ROUTES = (
    Route("query", "query", {"GET": query}),
    Route("queryAll", "queryAll", {"GET": query_all}),
    Route("query/{locator}", "query", {"GET": query_more}),
    Route("queryAll/{locator}", "queryAll", {"GET": query_more}),
)
