"""Single rows and rows by id, in the shape of a record."""

import sqlite3
from collections.abc import Sequence

from app.sandbox.salesforce.api import Call
from app.sandbox.salesforce.errors import RequestError
from app.sandbox.salesforce.ids import normalized
from app.sandbox.salesforce.schema import Field, SObject
from app.sandbox.salesforce.soql_ast import Item, Path, Query
from app.sandbox.salesforce.soql_compile import Context, compile_query
from app.sandbox.salesforce.soql_run import later_page
from app.sandbox.salesforce.soql_shape import JsonRecord


def fields_named(call: Call, sobject: SObject, names: Sequence[str] | None) -> list[Field]:
    """Return fields by name, or all that are visible; RequestError for one that is not."""
    if names is None:
        return call.org.schema.visible_fields(sobject)
    found: list[Field] = []
    for name in names:
        field = call.org.schema.visible(sobject, name.strip())
        if field is None:
            message = f"No such column '{name.strip()}' on entity '{sobject.name}'"
            raise RequestError("INVALID_FIELD", message)
        found.append(field)
    return found


def by_ids(
    call: Call,
    connection: sqlite3.Connection,
    sobject: SObject,
    record_ids: Sequence[str],
    fields: Sequence[Field],
) -> list[JsonRecord | None]:
    """Return the live records of ids, in their order; None for one that there is not."""
    wanted = [normalized(each) for each in record_ids]
    numbers = {each: _number(connection, sobject, each) for each in wanted if each is not None}
    names = dict.fromkeys(["Id", *(field.name for field in fields)])
    query = Query(tuple(Item(Path((n,), 0), None) for n in names), sobject.name, 0)
    context = Context(call.org.schema, call.org.clock.now(), f"{call.root}/sobjects/")
    compiled = compile_query(query, "", context)
    rows = [number for number in numbers.values() if number is not None]
    found = {record["Id"]: record for record in later_page(connection, compiled, rows)}
    if not any(field.name == "Id" for field in fields):
        return [_without_id(found.get(each or "")) for each in wanted]
    return [found.get(each or "") for each in wanted]


def _without_id(record: JsonRecord | None) -> JsonRecord | None:
    return record and {name: value for name, value in record.items() if name != "Id"}


def _number(connection: sqlite3.Connection, sobject: SObject, record_id: str) -> int | None:
    row = connection.execute(
        f'SELECT seq FROM "{sobject.name}" WHERE Id = ? AND IsDeleted = 0', (record_id,)
    ).fetchone()
    return None if row is None else int(row[0])
