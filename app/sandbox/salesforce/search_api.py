"""The resources search and parameterizedSearch: rows by the words in them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.sandbox.salesforce.api import Call, Route
from app.sandbox.salesforce.errors import RequestError
from app.sandbox.salesforce.query_api import rows_found
from app.sandbox.salesforce.saving import sobject_named
from app.sandbox.salesforce.schema import Field, SObject
from app.sandbox.salesforce.sosl import (
    SCOPES,
    Returned,
    Search,
    Test,
    count,
    malformed,
    matcher,
    parse,
)
from app.sandbox.wire import Response

_TEXTS = frozenset({"string", "textarea", "email", "phone", "url", "picklist"})
_OF_SCOPE = {"EMAIL": frozenset({"email"}), "PHONE": frozenset({"phone"})}
_MOST_ROWS = 2000
_OBJECT_SINCE = 37.0  # before, the answer was a bare list
Json = dict[str, Any]


def search(call: Call) -> Response:
    """Answer `GET search?q=`: SOSL."""
    return _answer(call, parse(call.query("q")))


def parameterized(call: Call) -> Response:
    """Answer parameterizedSearch, be it by the address or by a body."""
    wish = call.json_object() if call.request.method == "POST" else _by_address(call.request.query)
    shared = {"fields": wish.get("fields"), "limit": wish.get("defaultLimit")}
    returned = [_returned({**shared, **each}) for each in _objects(wish.get("sobjects"))]
    scope = str(wish.get("in") or "ALL").upper()
    most = count(_text(wish.get("overallLimit")))
    return _answer(call, Search(_text(wish.get("q")), scope, tuple(returned), most))


def _by_address(query: Mapping[str, str]) -> Json:
    """Return what the address says in the form of a body; `Account.fields` are one object's."""
    found = []
    for name in filter(None, query.get("sobject", "").split(",")):
        own = {key.rpartition(".")[2]: value for key, value in query.items()
               if key.startswith(f"{name}.")}  # fmt: skip
        found.append({"name": name, **own})
    return {**query, "sobjects": found}


def _objects(wishes: object) -> list[Json]:
    found = wishes or []
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise RequestError("JSON_PARSER_ERROR", "sobjects have to be a list of objects")
    return found


def _returned(wish: Mapping[str, Any]) -> Returned:
    fields = wish.get("fields") or ""
    if not isinstance(fields, str | list):
        raise RequestError("JSON_PARSER_ERROR", "fields have to be a list of names")
    text = fields if isinstance(fields, str) else ", ".join(str(each) for each in fields)
    limit = count(_text(wish.get("limit")))
    return Returned(_text(wish.get("name")), text, _text(wish.get("where")), "", limit)


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _answer(call: Call, wish: Search) -> Response:
    if wish.scope not in SCOPES:
        raise malformed(f"unexpected token: '{wish.scope}'")
    test = matcher(wish.term)
    returned = wish.returned or [
        Returned(each.name) for each in call.org.schema if each.name_field is not None
    ]
    most = min(wish.limit or _MOST_ROWS, _MOST_ROWS)
    records: list[Json] = []
    for each in returned:
        records += _found(call, each, wish.scope, test, most - len(records))
    if call.version_number < _OBJECT_SINCE:
        return Response.json(records)
    return Response.json({"searchRecords": records})


def _found(call: Call, wish: Returned, scope: str, test: Test, room: int) -> list[Json]:
    """Return the rows of one object that fit, at most `room`."""
    sobject = sobject_named(call.org, wish.sobject)
    ids = list(_ids(call, sobject, scope, test))[:_MOST_ROWS]
    limit = min(wish.limit if wish.limit is not None else room, room)
    if not ids or limit <= 0:
        return []
    listed = ", ".join(f"'{each}'" for each in ids)
    soql = f"SELECT {wish.fields or 'Id'} FROM {sobject.name} WHERE Id IN ({listed})"
    soql += f" AND ({wish.condition})" if wish.condition else ""
    soql += f" ORDER BY {wish.order}" if wish.order else ""
    soql += f" LIMIT {limit}" + (f" OFFSET {wish.offset}" if wish.offset else "")
    return rows_found(call, soql, _MOST_ROWS)


def _ids(call: Call, sobject: SObject, scope: str, test: Test) -> Iterator[str]:
    fields = _searched(call.org.schema.visible_fields(sobject), scope)
    if not fields:
        return
    names = ", ".join(f'"{each.name}"' for each in fields)
    with call.org.store.read() as connection:
        for row in connection.execute(
            f'SELECT Id, {names} FROM "{sobject.name}" WHERE IsDeleted = 0 ORDER BY seq'
        ):
            if test("\n".join(str(each) for each in row[1:] if each is not None)):
                yield row[0]


def _searched(fields: Sequence[Field], scope: str) -> list[Field]:
    if scope == "NAME":
        return [each for each in fields if each.name_field]
    kinds = _OF_SCOPE.get(scope, _TEXTS)
    return [each for each in fields if each.type in kinds]


ROUTES = (
    Route("search", "search", {"GET": search}),
    Route("parameterizedSearch", "search", {"GET": parameterized, "POST": parameterized}),
)
