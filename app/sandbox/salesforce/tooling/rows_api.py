"""Rows of the Tooling API: custom fields are made, changed and deleted here, one a call (§18)."""

from typing import Any

from app.sandbox.salesforce.api import Call, Route
from app.sandbox.salesforce.errors import SalesforceError, method_not_allowed, not_found
from app.sandbox.salesforce.metadata.deploying import save
from app.sandbox.salesforce.metadata.messages import Message
from app.sandbox.salesforce.metadata.problems import Problem
from app.sandbox.salesforce.metadata.steps import Step
from app.sandbox.salesforce.metadata.xml_tree import leaf
from app.sandbox.salesforce.schema import Field, SObject
from app.sandbox.salesforce.soql_ast import FieldsOf, Query
from app.sandbox.salesforce.soql_compile import Context, compile_query
from app.sandbox.salesforce.soql_run import later_page
from app.sandbox.salesforce.tooling.api import basics, named
from app.sandbox.salesforce.tooling.catalog_rows import field_id, object_id
from app.sandbox.salesforce.tooling.metadata_json import node_of
from app.sandbox.wire import Response, parse_json

_LIMIT = 200


def create(call: Call) -> Response:
    """Answer `POST tooling/sobjects/CustomField`."""
    _writable(call, "POST")
    body = call.json_object()
    full_name = str(body.get("FullName") or "")
    owner, dot, name = full_name.partition(".")
    sobject = call.org.schema.find(owner)
    if not dot or sobject is None:
        message = f"Entity '{owner}' not found." if dot else "FullName is Object.Field__c"
        raise SalesforceError("INVALID_CROSS_REFERENCE_KEY", message, fields=["FullName"])
    if name.lower() in sobject.by_name:
        message = f"There is already a field named {name.removesuffix('__c')} on {owner}."
        raise SalesforceError("DUPLICATE_DEVELOPER_NAME", message, fields=["FullName"])
    _saved(call, sobject, name, body)
    field = call.org.schema.by_names()[sobject.name].by_name[name.lower()]
    found = field_id(call.org, sobject, field)
    done: dict[str, Any] = {"id": found, "success": True, "errors": [], "warnings": [], "infos": []}
    place = f"{call.root}/tooling/sobjects/CustomField/{found}"
    return Response.json(done, 201, {"Location": place})


def _writable(call: Call, method: str) -> None:
    if named(call).name != "CustomField":
        raise method_not_allowed(method, ["GET"])


def _saved(call: Call, sobject: SObject, name: str, body: dict[str, Any]) -> None:
    wish = body.get("Metadata")
    if not isinstance(wish, dict):
        message = "Required fields are missing: [Metadata]"
        raise SalesforceError("REQUIRED_FIELD_MISSING", message, fields=["Metadata"])
    node = node_of("fields", wish).without("fullName")
    node = node.with_children([leaf("fullName", name), *node.children])
    _run(call, Step("CustomField", f"{sobject.name}.{name}", "", node, sobject.name))


def _run(call: Call, step: Step) -> Message:
    (message,) = save(call.org, [step])
    if message.failed:
        problem = message.problem or Problem("unknown")
        raise SalesforceError(problem.code, problem.text, fields=[])
    return message


def _field(call: Call) -> tuple[SObject, Field]:
    """Return the custom field of the id in the address; 404 if there is none."""
    wish = call.params["id"][:15]
    for sobject in call.org.schema:
        for field in sobject.fields:
            if field.custom and field_id(call.org, sobject, field)[:15] == wish:
                return sobject, field
    raise not_found()


def update(call: Call) -> Response:
    """Answer `PATCH tooling/sobjects/CustomField/{id}`."""
    _writable(call, "PATCH")
    sobject, field = _field(call)
    _saved(call, sobject, field.name, call.json_object())
    return Response(204)


def delete(call: Call) -> Response:
    """Answer `DELETE tooling/sobjects/CustomField/{id}`, and of a CustomObject."""
    kind = named(call).name
    if kind == "CustomObject":
        wish = call.params["id"][:15]
        found = [e for e in call.org.schema if e.custom and object_id(call.org, e)[:15] == wish]
        if not found:
            raise not_found()
        _run(call, Step(kind, found[0].name, "", None))
        return Response(204)
    _writable(call, "DELETE")
    sobject, field = _field(call)
    _run(call, Step("CustomField", f"{sobject.name}.{field.name}", "", None))
    return Response(204)


def read(call: Call) -> Response:
    """Answer `GET tooling/sobjects/X/{id}`."""
    sobject = named(call)
    query = Query((FieldsOf("ALL", 0),), sobject.name, 0, limit=_LIMIT)
    schema = call.org.metadata.catalog.schema(call.org)
    context = Context(schema, call.org.clock.now(), f"{call.root}/tooling/sobjects/")
    compiled = compile_query(query, "", context)
    with call.org.metadata.catalog.read(call.org) as connection:
        row = connection.execute(
            f'SELECT seq FROM "{sobject.name}" WHERE substr(Id, 1, 15) = substr(?, 1, 15)',
            (call.params["id"],),
        ).fetchone()
        records = later_page(connection, compiled, [row[0]]) if row is not None else []
    if not records:
        raise not_found()
    record = records[0]
    if isinstance(record.get("Metadata"), str):
        record["Metadata"] = parse_json(record["Metadata"].encode())
    return Response.json(record)


ROUTES = (
    Route("tooling/sobjects/{name}", "tooling/sobjects", {"GET": basics, "POST": create}),
    Route(
        "tooling/sobjects/{name}/{id}",
        "tooling/sobjects",
        {"GET": read, "PATCH": update, "DELETE": delete},
    ),
)
