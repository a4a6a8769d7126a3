"""The resource graphql: queries of records, `uiapi { query { Account(first: 5) { … } } }`.

Source: the GraphQL API Developer Guide. Its refusals come with status 200, in `errors`.
"""

from collections.abc import Sequence
from typing import Any

from app.sandbox.salesforce.api import Call, Route
from app.sandbox.salesforce.errors import SalesforceError
from app.sandbox.salesforce.graphql.document import GraphqlError, Selection, operation
from app.sandbox.salesforce.graphql.records import Reading, window_of
from app.sandbox.salesforce.graphql.to_soql import Names
from app.sandbox.salesforce.query_api import page_found
from app.sandbox.wire import Response

Json = dict[str, Any]


def graphql(call: Call) -> Response:
    """Answer `POST graphql`."""
    body = call.json_object()
    try:
        asked = operation(
            str(body.get("query") or ""),
            _variables(body),
            str(body.get("operationName") or ""),
        )
        return Response.json({"data": _data(call, asked), "errors": []})
    except GraphqlError as error:
        return _refused(str(error), error.kind)
    except SalesforceError as error:
        return _refused(error.message, error.code)


def _variables(body: Json) -> Json:
    found = body.get("variables") or {}
    if not isinstance(found, dict):
        raise GraphqlError("Validation error : variables have to be an object")
    return found


def _refused(message: str, kind: str) -> Response:
    error = {
        "message": message,
        "locations": [],
        "paths": [],
        "extensions": {"ErrorType": kind},
    }
    return Response.json({"data": {}, "errors": [error]})


def _data(call: Call, asked: Sequence[Selection]) -> Json:
    return {
        api.key: {kind.key: _queried(call, kind) for kind in _named(api.children, "query")}
        for api in _named(asked, "uiapi")
    }


def _named(asked: Sequence[Selection], name: str) -> Sequence[Selection]:
    for each in asked:
        if each.name != name:
            message = f"Validation error (FieldUndefined) : Field '{each.name}' is undefined"
            raise GraphqlError(message)
    return asked


def _queried(call: Call, query: Selection) -> Json:
    names = Names(call.org.schema)
    found: Json = {}
    for each in query.children:
        sobject = call.org.schema.find(each.name)
        if sobject is None:
            message = f"Validation error (FieldUndefined) : Field '{each.name}' in type"
            raise GraphqlError(f"{message} 'RecordQuery' is undefined")
        reading = Reading(names, sobject, each)
        page = page_found(call, reading.soql(), window_of(each).stop)
        found[each.key] = reading.connection(page.records, page.total)
    return found


ROUTES = (Route("graphql", "graphql", {"POST": graphql}),)
