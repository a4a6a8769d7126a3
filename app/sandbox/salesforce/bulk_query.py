"""Query jobs: one SELECT written out as CSV, of which pages are cut (salesforce.md §10)."""

import sqlite3
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from app.sandbox.salesforce.bulk_jobs import Job
from app.sandbox.salesforce.errors import RequestError
from app.sandbox.salesforce.org import Org
from app.sandbox.salesforce.schema import Field
from app.sandbox.salesforce.soql_compile import Compiled, Context, compile_query
from app.sandbox.salesforce.soql_parser import parse
from app.sandbox.salesforce.values import decimal_of

_ROWS_AT_ONCE = 1000

CellOf = Callable[[Any], str]


def compiled(org: Org, soql: str, *, deleted: bool) -> Compiled:
    """Return a statement compiled, if a bulk query may be it.

    Raises:
        RequestError: It is no SOQL, or has what bulk queries must not have.
    """
    query = parse(soql)
    found = compile_query(query, soql, Context(org.schema, org.clock.now(), "", deleted))
    if found.children or found.aggregate or found.counts_only:
        message = "Aggregate Relationships not supported in Bulk V2 Query with CSV content type"
        raise RequestError("API_ERROR", message)
    if query.offset:
        raise RequestError("API_ERROR", "OFFSET not supported in Bulk V2 Query")
    return found


def run(org: Org, job: Job, query: Compiled) -> None:
    """Write a job's results; it ends JobComplete, or Aborted."""
    if not job.move("InProgress", {"UploadComplete"}):
        return
    with org.store.read() as connection:
        _write(job, texts(connection, query))
    job.move("JobComplete", {"InProgress"})


def texts(connection: sqlite3.Connection, query: Compiled) -> Iterator[list[str]]:
    """Yield the rows of a query as the cells of a table."""
    cells = [_cell_of(selected.column.field) for selected in query.selected]
    columns = [selected.column.sql for selected in query.selected]
    for row in connection.execute(query.select(columns) + query.window(), query.values):
        yield ["" if v is None else cell(v) for cell, v in zip(cells, row, strict=True)]


def _write(job: Job, found: Iterator[list[str]]) -> None:
    shape = job.asked.shape
    while rows := list(islice(found, _ROWS_AT_ONCE)):
        if job.stop.is_set():
            return
        lines = []
        end = job.results.size
        for row in rows:
            lines.append(line := shape.text([row]))
            job.rows.append(end := end + len(line))
        job.results.append(b"".join(lines))
        job.count(len(rows), 0)


def _cell_of(field: Field) -> CellOf:
    """Return what writes a stored value, not null, into a cell; times end in Z here."""
    if field.is_number:
        scale = field.scale
        return lambda value: f"{decimal_of(value, scale):f}"
    if field.type == "boolean":
        return lambda value: "true" if value else "false"
    if field.type == "datetime":
        return lambda value: str(value).replace("+0000", "Z")
    return str


def page(job: Job, header: bytes, start: int, count: int) -> tuple[bytes, int]:
    """Return rows from `start` as CSV with the header, and the number of them."""
    end = min(start + count, len(job.rows))
    if end <= start:
        return header, 0
    first = job.rows[start - 1] if start else 0
    return header + job.results.read(first, job.rows[end - 1]), end - start
