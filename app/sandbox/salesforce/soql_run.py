"""Queries carried out: pages of records, and what is needed to go on (salesforce.md §5.1)."""

import sqlite3
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.sandbox.salesforce.cursors import Rows, Whole
from app.sandbox.salesforce.errors import RequestError
from app.sandbox.salesforce.soql_compile import ChildQuery, Compiled
from app.sandbox.salesforce.soql_shape import AggregateShape, JsonRecord, Row
from app.sandbox.salesforce.store import quoted
from app.sandbox.wire import to_json

_MOST_GROUPS = 2000


@dataclass(frozen=True, slots=True)
class Page:
    """Records of a query; `rows` are the numbers of all its rows where one page did not do."""

    total: int
    records: list[JsonRecord]
    rows: "Rows | None" = None


def first_page(connection: sqlite3.Connection, query: Compiled, page_size: int) -> Page:
    """Return the first page of a query, and its total.

    Raises:
        RequestError: More groups than one page holds.
    """
    if query.counts_only:
        return Page(_count(connection, query), [])
    if isinstance(query.shape, AggregateShape):
        return _groups(connection, query, query.shape)
    sql = query.select(query.columns) + query.window(page_size + 1)
    rows = connection.execute(sql, query.values).fetchall()
    if len(rows) <= page_size:
        return Page(len(rows), _records(connection, query, rows))
    if query.whole:
        found = _whole(connection, query, {0: 0, page_size: rows[page_size - 1][0]})
        return Page(found.total, _records(connection, query, rows[:page_size]), found)
    sql = query.select([query.columns[0]]) + query.window()
    numbers = array("q", (row[0] for row in connection.execute(sql, query.values)))
    return Page(len(numbers), _records(connection, query, rows[:page_size]), numbers)


def later_page(
    connection: sqlite3.Connection, query: Compiled, numbers: Sequence[int]
) -> list[JsonRecord]:
    """Return the records of rows by their numbers, in that order; gone ones are left out."""
    key = query.columns[0]
    sql = (
        f"SELECT {', '.join(query.columns)} {query.scope.from_sql} "
        f"WHERE {key} IN (SELECT value FROM json_each(?))"
    )
    found = {row[0]: row for row in connection.execute(sql, (_list(list(numbers)),))}
    return _records(connection, query, [found[n] for n in numbers if n in found])


def _count(connection: sqlite3.Connection, query: Compiled) -> int:
    if query.whole:
        return _whole(connection, query, {}).total
    if query.limit is None and not query.offset:
        return _number(connection, query.select(["COUNT(*)"], ordered=False), query)
    inner = query.select(["1"], ordered=False) + query.window()
    return _number(connection, f"SELECT COUNT(*) FROM ({inner})", query)


def _whole(connection: sqlite3.Connection, query: Compiled, starts: dict[int, int]) -> Whole:
    """Return all rows of an sObject, told by how many there are instead of one by one."""
    table = quoted(query.sobject.name)
    total = _number(connection, f"SELECT COUNT(*) FROM {table}")
    if not query.deleted:
        total -= _number(connection, f"SELECT COUNT(*) FROM {table} WHERE IsDeleted = 1")
    last = _number(connection, f"SELECT coalesce(max(seq), 0) FROM {table}")
    return Whole(total, last, starts)


def whole_page(
    connection: sqlite3.Connection, query: Compiled, whole: Whole, place: slice
) -> list[JsonRecord]:
    """Return the records at a place, counted from 0, among all rows of an sObject.

    Rows deleted since are left out, and rows inserted since do not come.
    """
    after = whole.starts.get(place.start)
    skip = 0 if after is not None else place.start
    key = query.columns[0]
    sql = query.select(query.columns, f"{key} > ? AND {key} <= ?")
    bounds = (after or 0, whole.last, place.stop - place.start, skip)
    rows = connection.execute(f"{sql} LIMIT ? OFFSET ?", bounds).fetchall()
    if rows:
        whole.starts[place.stop] = rows[-1][0]
    return _records(connection, query, rows)


def _number(connection: sqlite3.Connection, sql: str, query: Compiled | None = None) -> int:
    return int(connection.execute(sql, query.values if query else ()).fetchone()[0])


def _groups(connection: sqlite3.Connection, query: Compiled, shape: AggregateShape) -> Page:
    sql = query.select(query.columns) + query.window(_MOST_GROUPS + 1)
    rows = connection.execute(sql, query.values).fetchall()
    if len(rows) > _MOST_GROUPS:
        message = (
            "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a "
            "single batch"
        )
        raise RequestError("EXCEEDED_ID_LIMIT", message)
    return Page(len(rows), [shape.record(row) for row in rows])


def _records(
    connection: sqlite3.Connection, query: Compiled, rows: Sequence[Row]
) -> list[JsonRecord]:
    make = query.shape.record if isinstance(query.shape, AggregateShape) else query.shape.maker()
    records = [record for row in rows if (record := make(row)) is not None]
    for child in query.children:
        found = _children(connection, child, [str(row[1]) for row in rows])
        for row, record in zip(rows, records, strict=True):
            mine = found.get(row[1])
            record[child.name] = mine and {"totalSize": len(mine), "done": True, "records": mine}
    return records


def _children(
    connection: sqlite3.Connection, child: ChildQuery, parents: list[str]
) -> dict[str, list[JsonRecord]]:
    """Return the children by parent id; the subquery's LIMIT and OFFSET count for each parent."""
    query = child.compiled
    condition = f"{child.lookup} IN (SELECT value FROM json_each(?))"
    sql = query.select([*query.columns, child.lookup], condition)
    by_parent: dict[str, list[Any]] = {}
    for row in connection.execute(sql, (*query.values, _list(parents))):
        by_parent.setdefault(row[-1], []).append(row)
    end = None if query.limit is None else query.offset + query.limit
    cut = {parent: rows[query.offset : end] for parent, rows in by_parent.items()}
    return {parent: _records(connection, query, rows) for parent, rows in cut.items() if rows}


def _list(values: Sequence[object]) -> str:
    return to_json(values).decode()
