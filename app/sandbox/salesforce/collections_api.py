"""sObject collections: up to 200 rows in one call, each with its own result (salesforce.md §7)."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from app.sandbox.salesforce import fetch
from app.sandbox.salesforce.api import Call, Route
from app.sandbox.salesforce.bulk_chunks import locked
from app.sandbox.salesforce.errors import RequestError, SalesforceError
from app.sandbox.salesforce.locks import new_owner
from app.sandbox.salesforce.row_works import (
    Json,
    Work,
    deleting,
    inserting,
    save_each,
    updating,
    upserting,
)
from app.sandbox.salesforce.rows_api import saving
from app.sandbox.salesforce.saving import external_id, sobject_named
from app.sandbox.salesforce.schema import SObject
from app.sandbox.wire import Response

MOST_ROWS = 200
_MOST_READ = 2000
_MOST_RUNS = 10


class _RolledBack(Exception):  # noqa: N818 - the end of a transaction, not a failure of ours
    """A row failed where all or none was asked for."""


def _run(call: Call, works: Sequence[Work], *, all_or_none: bool, grows: bool) -> Response:
    """Save rows in order and answer with their results; a row that fails stops no other."""
    results: list[Json] = []
    try:
        with locked(call.org, new_owner(), works) as able:
            _save(call, able, results, all_or_none=all_or_none, grows=grows)
    except _RolledBack:
        results = [_rolled_back(r) if r["success"] else r for r in results]
    return Response.json(results)


def _save(
    call: Call, works: Sequence[Work], results: list[Json], *, all_or_none: bool, grows: bool
) -> None:
    with saving(call, len(works) if grows else 0) as saver:
        save_each(saver, works, results)
        if all_or_none:
            _demand_success(results)


def _demand_success(results: Sequence[Json]) -> None:
    if not all(result["success"] for result in results):
        raise _RolledBack


def _rolled_back(result: Json) -> Json:
    message = (
        "Record rolled back because not all records were valid and the request was using "
        "AllOrNone header"
    )
    error = SalesforceError("ALL_OR_NONE_OPERATION_ROLLED_BACK", message, fields=[])
    kept = {"id": result["id"]} if "id" in result else {}
    return {**kept, "success": False, "errors": [error.row()]}


def _records(call: Call) -> tuple[list[Json], bool]:
    """Return the records of the body and whether all or none is to be saved."""
    body = call.json_object()
    records = body.get("records")
    if not isinstance(records, list) or not all(isinstance(each, dict) for each in records):
        message = "Json Deserialization failed on token 'records'"
        raise RequestError("JSON_PARSER_ERROR", message)
    _check_count(len(records))
    return records, body.get("allOrNone") is True


def _check_count(count: int) -> None:
    if count > MOST_ROWS:
        message = f"record limit reached. cannot submit more than {MOST_ROWS} records"
        raise RequestError("EXCEEDED_ID_LIMIT", message)


def _sobjects(call: Call, records: Sequence[Json]) -> list[SObject]:
    """Return the sObject of each record by its attributes; at most ten runs of equal ones."""
    found: list[SObject] = []
    for record in records:
        attributes = record.get("attributes")
        name = attributes.get("type") if isinstance(attributes, Mapping) else None
        if not isinstance(name, str):
            message = "Each record needs attributes with a type"
            raise RequestError("INVALID_INPUT", message)
        sobject = call.org.schema.find(name)
        if sobject is None:
            message = f"sObject type '{name}' is not supported."
            raise RequestError("INVALID_TYPE", message)
        found.append(sobject)
    if sum(1 for _ in groupby(found, lambda each: each.name)) > _MOST_RUNS:
        message = f"cannot process more than {_MOST_RUNS} types at a time"
        raise RequestError("INVALID_TYPE", message)
    return found


def insert(call: Call) -> Response:
    """Answer `POST composite/sobjects`."""
    records, all_or_none = _records(call)
    works = [
        inserting(sobject, record)
        for sobject, record in zip(_sobjects(call, records), records, strict=True)
    ]
    return _run(call, works, all_or_none=all_or_none, grows=True)


def update(call: Call) -> Response:
    """Answer `PATCH composite/sobjects`."""
    records, all_or_none = _records(call)
    works = [
        updating(sobject, record)
        for sobject, record in zip(_sobjects(call, records), records, strict=True)
    ]
    return _run(call, works, all_or_none=all_or_none, grows=False)


def upsert(call: Call) -> Response:
    """Answer `PATCH composite/sobjects/X/{field}`: one type, the key in each record."""
    sobject = sobject_named(call.org, call.params["name"])
    key = external_id(call.org, sobject, call.params["key"])
    records, all_or_none = _records(call)
    if any(each.name != sobject.name for each in _sobjects(call, records)):
        message = f"All records have to be of type {sobject.name}"
        raise RequestError("INVALID_INPUT", message)
    works = [upserting(sobject, key, record) for record in records]
    return _run(call, works, all_or_none=all_or_none, grows=True)


def delete(call: Call) -> Response:
    """Answer `DELETE composite/sobjects?ids=`."""
    record_ids = [each.strip() for each in call.query("ids").split(",") if each.strip()]
    _check_count(len(record_ids))
    all_or_none = call.request.query.get("allOrNone", "").lower() == "true"
    works = [deleting(call.org.schema, record_id) for record_id in record_ids]
    return _run(call, works, all_or_none=all_or_none, grows=False)


def read(call: Call) -> Response:
    """Answer `GET composite/sobjects/X?ids=&fields=`."""
    return _read(call, call.query("ids").split(","), call.query("fields").split(","))


def read_by_body(call: Call) -> Response:
    """Answer `POST composite/sobjects/X` with ids and fields in the body."""
    body = call.json_object()
    record_ids, names = body.get("ids"), body.get("fields")
    if not isinstance(record_ids, list) or not isinstance(names, list):
        message = "The body has to have the lists ids and fields"
        raise RequestError("JSON_PARSER_ERROR", message)
    return _read(call, [str(each) for each in record_ids], [str(each) for each in names])


def _read(call: Call, record_ids: Sequence[str], names: Sequence[str]) -> Response:
    sobject = sobject_named(call.org, call.params["name"])
    if len(record_ids) > _MOST_READ:
        message = f"cannot retrieve more than {_MOST_READ} records"
        raise RequestError("EXCEEDED_ID_LIMIT", message)
    fields = fetch.fields_named(call, sobject, names)
    with call.org.store.read() as connection:
        found = fetch.by_ids(call, connection, sobject, [i.strip() for i in record_ids], fields)
    return Response.json(found)


ROUTES = (
    Route(
        "composite/sobjects",
        "composite/sobjects",
        {"POST": insert, "PATCH": update, "DELETE": delete},
    ),
    Route("composite/sobjects/{name}", "composite/sobjects", {"GET": read, "POST": read_by_body}),
    Route("composite/sobjects/{name}/{key}", "composite/sobjects", {"PATCH": upsert}),
)
