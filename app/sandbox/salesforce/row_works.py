"""Rows to be saved together: each has its own result, and one that fails stops no other (§7)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.sandbox.salesforce.errors import RequestError, SalesforceError
from app.sandbox.salesforce.ids import normalized
from app.sandbox.salesforce.saving import Saver
from app.sandbox.salesforce.schema import Field, Schema, SObject

Json = dict[str, Any]
Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Work:
    """One row to be saved, and what tells it from the others of its request, if anything does."""

    save: Callable[[Saver], Json]
    identity: str = ""
    sobject: SObject | None = None  # with `record`: what tells which parents the save locks
    record: Record = field(default_factory=dict)


def save_each(saver: Saver, works: Iterable[Work], results: list[Json]) -> None:
    """Save rows in order and add their results, one a row.

    Raises:
        RequestError: A row is such that the whole request is refused.
    """
    seen: set[str] = set()
    for work in works:
        try:
            _refuse_twice(work, seen)
            results.append(work.save(saver))
        except RequestError:
            raise
        except SalesforceError as error:
            results.append({"success": False, "errors": [error.row()]})


def _refuse_twice(work: Work, seen: set[str]) -> None:
    if work.identity and work.identity in seen:
        what = work.identity.partition(" ")[2]
        message = f"Duplicate external id specified: {what}"
        if normalized(what) == what:
            message = f"duplicate id in list: {what}"
        raise SalesforceError("DUPLICATE_VALUE", message, fields=[])
    seen.add(work.identity)


def inserting(sobject: SObject, record: Record) -> Work:
    """Return the work of inserting a record, which must not name an id."""

    def save(saver: Saver) -> Json:
        if record_id(record):
            message = "cannot specify Id in an insert call"
            raise SalesforceError("INVALID_FIELD_FOR_INSERT_UPDATE", message, fields=["Id"])
        return {"id": saver.insert(sobject, _without_id(record)), "success": True, "errors": []}

    return Work(save, "", sobject, record)


def updating(sobject: SObject, record: Record) -> Work:
    """Return the work of updating the record whose id is named."""

    def save(saver: Saver) -> Json:
        found = record_id(record)
        if not found:
            message = "Id not specified in an update call"
            raise SalesforceError("MISSING_ARGUMENT", message, fields=["Id"])
        saver.update(sobject, found, _without_id(record))
        return {"id": normalized(found), "success": True, "errors": []}

    return Work(save, _identity(sobject, record_id(record)), sobject, record)


def upserting(sobject: SObject, key: Field, record: Record) -> Work:
    """Return the work of inserting or updating by an external id; the result has `created`."""
    own = key.name.lower()
    value = next((v for name, v in record.items() if name.lower() == own), None)
    rest = {name: v for name, v in record.items() if name.lower() != own}

    def save(saver: Saver) -> Json:
        if key.name != "Id" and record_id(record):
            message = "The Id field should not be specified in the sobject data."
            raise RequestError("INVALID_FIELD", message)
        saved = saver.upsert(sobject, key, value, rest)
        done = {"id": saved.record_id, "success": True, "errors": []}
        return {**done, "created": saved.created}

    folded = str(value) if key.case_sensitive or key.is_id else str(value).casefold()
    identity = f"{sobject.name} {folded}" if value not in (None, "") else ""
    return Work(save, identity, sobject, rest)


def deleting(schema: Schema, text: str, *, erase: bool = False) -> Work:
    """Return the work of deleting the record of an id, whatever its sObject.

    `erase` takes it out of the recycle bin too.
    """
    full = normalized(text)
    sobject = schema.by_prefix(full) if full else None

    def save(saver: Saver) -> Json:
        if full is None:
            message = f"malformed id {text}"
            raise SalesforceError("MALFORMED_ID", message, fields=[])
        if sobject is None:
            message = "invalid cross reference id"
            raise SalesforceError("INVALID_CROSS_REFERENCE_KEY", message, fields=[])
        saver.delete(sobject, full)
        if erase:
            saver.erase(sobject, full)
        return {"id": full, "success": True, "errors": []}

    return Work(save, _identity(sobject, text) if sobject else "")


def _identity(sobject: SObject, text: str) -> str:
    full = normalized(text)
    return f"{sobject.name} {full}" if full else ""


def record_id(record: Record) -> str:
    """Return the id that a record names, or ""."""
    found = next((value for name, value in record.items() if name.lower() == "id"), None)
    return str(found) if found else ""


def _without_id(record: Record) -> Json:
    return {name: value for name, value in record.items() if name.lower() != "id"}
