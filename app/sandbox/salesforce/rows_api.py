"""Resources of single rows (salesforce.md §6)."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from app.sandbox.salesforce import fetch
from app.sandbox.salesforce.api import Call, Route
from app.sandbox.salesforce.conditional import check, etag, http_date
from app.sandbox.salesforce.errors import (
    RequestError,
    SalesforceError,
    SeveralMatchesError,
    not_found,
)
from app.sandbox.salesforce.ids import normalized
from app.sandbox.salesforce.locks import new_owner, not_locked, parents_of
from app.sandbox.salesforce.org import Org
from app.sandbox.salesforce.saving import Saved, Saver, external_id, sobject_named
from app.sandbox.salesforce.schema import Field, SObject
from app.sandbox.salesforce.values import stored
from app.sandbox.wire import Response

_ANSWERS_UPDATES_SINCE = 46.0
_FREE = frozenset({"PricebookEntry", "OpportunityLineItem", "QuoteLineItem", "OrderItem"})


@contextmanager
def saving(call: Call, records: int = 0) -> Iterator[Saver]:
    """Give a saver in a transaction; `records` may be added at most.

    Raises:
        SalesforceError: The org has no room for them.
    """
    with call.org.store.write() as connection:
        if records and call.org.usage.room_for(count_all(call.org, connection)) < records:
            raise SalesforceError("STORAGE_LIMIT_EXCEEDED", "storage limit exceeded", fields=[])
        yield Saver(call.org, connection, call.request.row_fault)


def count_all(org: Org, connection: sqlite3.Connection) -> int:
    """Return how many records count against the org's storage: neither prices nor lines (§13)."""
    tables = [each.name for each in org.schema if each.writable and each.name not in _FREE]
    parts = " + ".join(f'(SELECT COUNT(*) FROM "{name}")' for name in tables)
    return int(connection.execute(f"SELECT {parts}").fetchone()[0])


@contextmanager
def _unlocked(call: Call, sobject: SObject, body: dict[str, Any]) -> Iterator[None]:
    """Hold the parents of a row while the block runs; UNABLE_TO_LOCK_ROW if somebody else does."""
    org, owner = call.org, new_owner()
    if not org.locks.contended(owner):
        yield
        return
    with org.store.read() as connection:
        parents = parents_of(org.schema, sobject, body, Saver(org, connection).matches)
    own = normalized(str(body.get("Id", "")))
    wanted = parents | {own} if own else parents
    wait_s = 0.0 if org.store.in_own_transaction else org.bulk.settings.lock_seconds
    with org.locks.held(owner, wanted, wait_s) as busy:
        if busy:
            raise not_locked(min(busy))
        yield


def _sobject(call: Call) -> SObject:
    return sobject_named(call.org, call.params["name"])


def _result(saved: Saved) -> dict[str, Any]:
    return {"id": saved.record_id, "success": True, "errors": [], "created": saved.created}


def insert(call: Call) -> Response:
    """Answer `POST sobjects/X`."""
    sobject, body = _sobject(call), call.json_object()
    with _unlocked(call, sobject, body), saving(call, 1) as saver:
        record_id = saver.insert(sobject, body)
    return _created(call, sobject, record_id)


def _created(call: Call, sobject: SObject, record_id: str) -> Response:
    body = {"id": record_id, "success": True, "errors": []}
    return Response.json(body, 201, {"Location": call.url(sobject.name, record_id)})


def read(call: Call) -> Response:
    """Answer `GET sobjects/X/{id}`."""
    sobject = _sobject(call)
    return _read(call, sobject, live_id(call, sobject))


def _read(call: Call, sobject: SObject, record_id: str) -> Response:
    modified, tag = _version(call, sobject, record_id)
    refusal = check(call.request, modified, tag)
    headers = {"Last-Modified": http_date(modified), **({"ETag": tag} if tag else {})}
    if refusal is not None:
        return Response(refusal.status, b"", headers)
    wish = call.request.query.get("fields")
    fields = fetch.fields_named(call, sobject, wish.split(",") if wish else None)
    with call.org.store.read() as connection:
        records = fetch.by_ids(call, connection, sobject, [record_id], fields)
    return Response.json(records[0], 200, headers)


def live_id(call: Call, sobject: SObject) -> str:
    """Return the id in the address; 404 for one of no row, or of a deleted one."""
    text = call.params["id"]
    with call.org.store.read() as connection:
        try:
            return Saver(call.org, connection).existing(sobject, text)
        except SalesforceError as error:
            if error.code == "ENTITY_IS_DELETED" or (
                error.code == "MALFORMED_ID" and normalized(text) is not None
            ):
                raise
            provided = f"Provided external ID field does not exist or is not accessible: {text}"
            raise not_found(provided if not normalized(text) else _MISSING) from error


_MISSING = "The requested resource does not exist"


def _version(call: Call, sobject: SObject, record_id: str) -> tuple[datetime, str | None]:
    """Return when a row was last changed, and its ETag where rows have one: accounts."""
    with call.org.store.read() as connection:
        row = connection.execute(
            f'SELECT LastModifiedDate FROM "{sobject.name}" WHERE Id = ?', (record_id,)
        ).fetchone()
    modified = datetime.fromisoformat(row[0])
    return modified, etag(record_id, modified) if sobject.name == "Account" else None


def update(call: Call) -> Response:
    """Answer `PATCH sobjects/X/{id}`."""
    sobject, body = _sobject(call), call.json_object()
    own = {**body, "Id": call.params["id"]}
    with _unlocked(call, sobject, own), saving(call) as saver:
        record_id = live_id(call, sobject)
        check(call.request, *_version(call, sobject, record_id))
        _refuse_key(body, "Id")
        saver.update(sobject, record_id, body)
    return Response(204)


def delete(call: Call) -> Response:
    """Answer `DELETE sobjects/X/{id}`."""
    sobject = _sobject(call)
    with saving(call) as saver:
        saver.delete(sobject, live_id(call, sobject))
    return Response(204)


def _refuse_key(body: dict[str, Any], name: str) -> None:
    if any(key.lower() == name.lower() for key in body):
        message = f"The {name} field should not be specified in the sobject data."
        raise RequestError("INVALID_FIELD", message)


def read_by_key(call: Call) -> Response:
    """Answer `GET sobjects/X/{field}/{value}`; 300 where several rows have it."""
    sobject = _sobject(call)
    with call.org.store.read() as connection:
        found = _one(call, Saver(call.org, connection), sobject)
    return found if isinstance(found, Response) else _read(call, sobject, found)


def delete_by_key(call: Call) -> Response:
    """Answer `DELETE sobjects/X/{field}/{value}`."""
    sobject = _sobject(call)
    with saving(call) as saver:
        found = _one(call, saver, sobject)
        if isinstance(found, Response):
            return found
        saver.delete(sobject, found)
    return Response(204)


def _one(call: Call, saver: Saver, sobject: SObject) -> str | Response:
    """Return the one id that the address names, or the 300 that lists several."""
    key = external_id(call.org, sobject, call.params["key"])
    matches = saver.matches(sobject, key, stored(key, call.params["value"]))
    if not matches:
        raise not_found()
    return matches[0] if len(matches) == 1 else _several(call, sobject, matches)


def _several(call: Call, sobject: SObject, record_ids: list[str]) -> Response:
    return Response.json([call.url(sobject.name, each) for each in record_ids], 300)


def upsert(call: Call) -> Response:
    """Answer `PATCH sobjects/X/{field}/{value}`: insert, update, or 300."""
    sobject, body = _sobject(call), call.json_object()
    key = external_id(call.org, sobject, call.params["key"])
    _refuse_key(body, key.name)
    try:
        with _unlocked(call, sobject, body), saving(call, 1) as saver:
            _check_target(call, saver, sobject, key)
            saved = saver.upsert(sobject, key, call.params["value"], body)
    except SeveralMatchesError as several:
        return _several(call, sobject, list(several.record_ids))
    if not saved.created and call.version_number < _ANSWERS_UPDATES_SINCE:
        return Response(204)
    headers = {"Location": call.url(sobject.name, saved.record_id)} if saved.created else {}
    return Response.json(_result(saved), 201 if saved.created else 200, headers)


def _check_target(call: Call, saver: Saver, sobject: SObject, key: Field) -> None:
    """Refuse an upsert that may not insert, or whose condition the row does not meet."""
    matches = saver.matches(sobject, key, stored(key, call.params["value"]))
    if not matches and call.request.query.get("updateOnly", "").lower() == "true":
        raise not_found()
    if len(matches) == 1:
        check(call.request, *_version(call, sobject, matches[0]))


ROUTES = (
    Route("sobjects/{name}/Id", "sobjects/rows", {"POST": insert}),  # an upsert on an empty id
    Route(
        "sobjects/{name}/{id}", "sobjects/rows", {"GET": read, "PATCH": update, "DELETE": delete}
    ),
    Route(
        "sobjects/{name}/{key}/{value}",
        "sobjects/rows",
        {"GET": read_by_key, "PATCH": upsert, "DELETE": delete_by_key},
    ),
)
