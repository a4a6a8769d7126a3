"""Queries carried out: pages of records, and what is needed to go on (salesforce.md §5.1)."""

import sqlite3
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.sandbox.salesforce.errors import RequestError
from app.sandbox.salesforce.soql_compile import ChildQuery, Compiled
from app.sandbox.salesforce.soql_shape import AggregateShape, JsonRecord, Row
from app.sandbox.wire import to_json

_MOST_GROUPS = 2000


@dataclass(frozen=True, slots=True)
class Page:
    """Records of a query; `rows` are the numbers of all its rows where one page did not do."""

    total: int
    records: list[JsonRecord]
    rows: "array[int] | None" = None


def first_page(connection: sqlite3.Connection, query: Compiled, page_size: int) -> Page:
    """Return the first page of a query, and its total.

    Raises:
        RequestError: More groups than one page holds.
    """
    if query.counts_only:
        inner = query.select(["1"]) + query.window()
        return Page(_number(connection, f"SELECT COUNT(*) FROM ({inner})", query), [])
    if isinstance(query.shape, AggregateShape):
        return _groups(connection, query, query.shape)
    sql = query.select(query.columns) + query.window(page_size + 1)
    rows = connection.execute(sql, query.values).fetchall()
    if len(rows) <= page_size:
        return Page(len(rows), _records(connection, query, rows))
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


def _number(connection: sqlite3.Connection, sql: str, query: Compiled) -> int:
    return int(connection.execute(sql, query.values).fetchone()[0])


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
    make = query.shape.record
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
