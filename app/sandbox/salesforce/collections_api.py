"""sObject collections: up to 200 rows in one call, each with its own result (salesforce.md §7)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from app.sandbox.salesforce import fetch
from app.sandbox.salesforce.api import Call, Route
from app.sandbox.salesforce.errors import RequestError, SalesforceError
from app.sandbox.salesforce.ids import normalized
from app.sandbox.salesforce.rows_api import saving
from app.sandbox.salesforce.saving import Saver, external_id, sobject_named
from app.sandbox.salesforce.schema import Field, SObject
from app.sandbox.wire import Response

MOST_ROWS = 200
_MOST_READ = 2000
_MOST_RUNS = 10

Json = dict[str, Any]


class _RolledBack(Exception):  # noqa: N818 - the end of a transaction, not a failure of ours
    """A row failed where all or none was asked for."""


@dataclass(frozen=True, slots=True)
class _Work:
    """One row to be saved, and what tells it from the others of its request, if anything does."""

    sobject: SObject
    save: Callable[[Saver], Json]
    identity: str = ""


def _run(call: Call, works: Sequence[_Work], *, all_or_none: bool, grows: bool) -> Response:
    """Save rows in order and answer with their results; a row that fails stops no other."""
    results: list[Json] = []
    try:
        with saving(call, len(works) if grows else 0) as saver:
            _save_each(saver, works, results)
            if all_or_none:
                _demand_success(results)
    except _RolledBack:
        results = [_rolled_back(r) if r["success"] else r for r in results]
    return Response.json(results)


def _demand_success(results: Sequence[Json]) -> None:
    if not all(result["success"] for result in results):
        raise _RolledBack


def _save_each(saver: Saver, works: Sequence[_Work], results: list[Json]) -> None:
    seen: set[str] = set()
    for work in works:
        try:
            _refuse_twice(work, seen)
            results.append(work.save(saver))
        except RequestError:
            raise
        except SalesforceError as error:
            results.append({"success": False, "errors": [error.row()]})


def _refuse_twice(work: _Work, seen: set[str]) -> None:
    if work.identity and work.identity in seen:
        what = work.identity.partition(" ")[2]
        message = f"Duplicate external id specified: {what}"
        if normalized(what) == what:
            message = f"duplicate id in list: {what}"
        raise SalesforceError("DUPLICATE_VALUE", message, fields=[])
    seen.add(work.identity)


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
        _Work(sobject, _inserting(sobject, record))
        for sobject, record in zip(_sobjects(call, records), records, strict=True)
    ]
    return _run(call, works, all_or_none=all_or_none, grows=True)


def _inserting(sobject: SObject, record: Json) -> Callable[[Saver], Json]:
    def save(saver: Saver) -> Json:
        if _record_id(record):
            message = "cannot specify Id in an insert call"
            raise SalesforceError("INVALID_FIELD_FOR_INSERT_UPDATE", message, fields=["Id"])
        return {"id": saver.insert(sobject, _without_id(record)), "success": True, "errors": []}

    return save


def update(call: Call) -> Response:
    """Answer `PATCH composite/sobjects`."""
    records, all_or_none = _records(call)
    works = [
        _Work(sobject, _updating(sobject, record), _identity(sobject, _record_id(record)))
        for sobject, record in zip(_sobjects(call, records), records, strict=True)
    ]
    return _run(call, works, all_or_none=all_or_none, grows=False)


def _updating(sobject: SObject, record: Json) -> Callable[[Saver], Json]:
    def save(saver: Saver) -> Json:
        record_id = _record_id(record)
        if not record_id:
            message = "Id not specified in an update call"
            raise SalesforceError("MISSING_ARGUMENT", message, fields=["Id"])
        saver.update(sobject, record_id, _without_id(record))
        return {"id": normalized(record_id), "success": True, "errors": []}

    return save


def _identity(sobject: SObject, record_id: str) -> str:
    full = normalized(record_id)
    return f"{sobject.name} {full}" if full else ""


def upsert(call: Call) -> Response:
    """Answer `PATCH composite/sobjects/X/{field}`: one type, the key in each record."""
    sobject = sobject_named(call.org, call.params["name"])
    key = external_id(call.org, sobject, call.params["key"])
    records, all_or_none = _records(call)
    if any(each.name != sobject.name for each in _sobjects(call, records)):
        message = f"All records have to be of type {sobject.name}"
        raise RequestError("INVALID_INPUT", message)
    works = [_upserting(sobject, key, record) for record in records]
    return _run(call, works, all_or_none=all_or_none, grows=True)


def _upserting(sobject: SObject, key: Field, record: Json) -> _Work:
    value = next((v for name, v in record.items() if name.lower() == key.name.lower()), None)
    rest = {name: v for name, v in record.items() if name.lower() != key.name.lower()}

    def save(saver: Saver) -> Json:
        if key.name != "Id" and _record_id(record):
            message = "The Id field should not be specified in the sobject data."
            raise RequestError("INVALID_FIELD", message)
        saved = saver.upsert(sobject, key, value, rest)
        done = {"id": saved.record_id, "success": True, "errors": []}
        return {**done, "created": saved.created}

    folded = str(value) if key.case_sensitive or key.is_id else str(value).casefold()
    return _Work(sobject, save, f"{sobject.name} {folded}" if value not in {None, ""} else "")


def _record_id(record: Json) -> str:
    found = next((value for name, value in record.items() if name.lower() == "id"), None)
    return str(found) if found else ""


def _without_id(record: Json) -> Json:
    return {name: value for name, value in record.items() if name.lower() != "id"}


def delete(call: Call) -> Response:
    """Answer `DELETE composite/sobjects?ids=`."""
    record_ids = [each.strip() for each in call.query("ids").split(",") if each.strip()]
    _check_count(len(record_ids))
    all_or_none = call.request.query.get("allOrNone", "").lower() == "true"
    works = [_deleting(call, record_id) for record_id in record_ids]
    return _run(call, works, all_or_none=all_or_none, grows=False)


def _deleting(call: Call, record_id: str) -> _Work:
    full = normalized(record_id)
    sobject = call.org.schema.by_prefix(full) if full else None

    def save(saver: Saver) -> Json:
        if full is None:
            message = f"malformed id {record_id}"
            raise SalesforceError("MALFORMED_ID", message, fields=[])
        if sobject is None:
            message = "invalid cross reference id"
            raise SalesforceError("INVALID_CROSS_REFERENCE_KEY", message, fields=[])
        saver.delete(sobject, full)
        return {"id": full, "success": True, "errors": []}

    anything = sobject or next(iter(call.org.schema))
    return _Work(anything, save, _identity(anything, record_id) if sobject else "")


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
