"""List views: the one of all rows that each object has, and those that were deployed.

Source: the List View resources of the REST API guide. A view that cannot be put into SOQL says so
(`soqlCompatible`) and is refused when it is described or run, as the real org does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.sandbox.salesforce.api import Call, Route
from app.sandbox.salesforce.errors import RequestError, not_found
from app.sandbox.salesforce.ids import normalized
from app.sandbox.salesforce.metadata.listing import given_id
from app.sandbox.salesforce.metadata.xml_tree import Node
from app.sandbox.salesforce.query_api import rows_found
from app.sandbox.salesforce.saving import sobject_named
from app.sandbox.salesforce.schema import Field, Schema, SObject
from app.sandbox.wire import Response

Json = dict[str, Any]
_PREFIX = "00B"
_ROWS, _MOST_ROWS = 25, 2000
_ALWAYS = ("Id", "CreatedDate", "LastModifiedDate", "SystemModstamp")
_COLUMNS = {
    "name": "Name", "created_date": "CreatedDate", "last_update": "LastModifiedDate",
    "createdby_user": "CreatedById", "updatedby_user": "LastModifiedById",
}  # fmt: skip
_COMPARED = {
    "equals": "=", "notEqual": "!=", "lessThan": "<", "greaterThan": ">", "lessOrEqual": "<=",
    "greaterOrEqual": ">=",
}  # fmt: skip
_LIKE = {"contains": "%{}%", "startsWith": "{}%"}
_QUOTED = frozenset({"string", "textarea", "picklist", "email", "phone", "url", "reference", "id"})


class _NoSoqlError(ValueError):
    """A filter that cannot be put into SOQL."""


@dataclass(frozen=True, slots=True)
class ListView:
    """A list view of an object, with its columns and its WHERE clause."""

    sobject: SObject
    id: str
    name: str
    label: str
    columns: tuple[Field, ...]
    where: str | None  # None where it cannot be put into SOQL

    @property
    def soql(self) -> str:
        """The query that the view stands for."""
        fields = dict.fromkeys([*(each.name for each in self.columns), *_ALWAYS])
        order = f"{self.columns[0].name} ASC NULLS FIRST, Id ASC NULLS FIRST"
        return f"SELECT {', '.join(fields)} FROM {self.sobject.name}{self.where} ORDER BY {order}"


def _views(call: Call, sobject: SObject) -> Iterator[ListView]:
    schema = call.org.schema
    named = tuple(each for each in schema.visible_fields(sobject) if each.name_field)
    label = f"All {sobject.plural}"
    view_id = given_id(call.org, f"{sobject.name} list view", _PREFIX)
    yield ListView(
        sobject,
        str(normalized(view_id)),
        label.replace(" ", "_"),
        label,
        named or (_id(sobject),),
        "",
    )
    start = f"{sobject.name.lower()}."
    for held in call.org.metadata.shelf.of_kind("ListView"):
        if held.full_name.lower().startswith(start):
            name = held.full_name.partition(".")[2]
            columns = tuple(_columns(schema, sobject, held.node)) or named or (_id(sobject),)
            label = held.node.get("label")
            where = _where(schema, sobject, held.node)
            yield ListView(sobject, str(normalized(held.id)), name, label, columns, where)


def _id(sobject: SObject) -> Field:
    return sobject.by_name["id"]


def _columns(schema: Schema, sobject: SObject, node: Node) -> Iterator[Field]:
    for each in node.all("columns"):
        found = _field(schema, sobject, each.text.strip())
        if found is not None:
            yield found


def _field(schema: Schema, sobject: SObject, name: str) -> Field | None:
    return schema.visible(sobject, _COLUMNS.get(name.lower(), name))


def _where(schema: Schema, sobject: SObject, node: Node) -> str | None:
    if node.has("booleanFilter"):
        return None
    try:
        found = [_condition(schema, sobject, each) for each in node.all("filters")]
    except _NoSoqlError:
        return None
    return f" WHERE {' AND '.join(found)}" if found else ""


def _condition(schema: Schema, sobject: SObject, node: Node) -> str:
    field = _field(schema, sobject, node.get("field"))
    if field is None:
        raise _NoSoqlError
    wishes = [each.strip() for each in node.get("value").split(",")]
    found = [_compared(field, node.get("operation"), each) for each in wishes]
    joined = " AND " if node.get("operation") == "notEqual" else " OR "
    return found[0] if len(found) == 1 else f"({joined.join(found)})"


def _compared(field: Field, operation: str, value: str) -> str:
    text = value.replace("\\", "\\\\").replace("'", "\\'")
    if operation in _LIKE and field.type in _QUOTED:
        return f"{field.name} LIKE '{_LIKE[operation].format(text)}'"
    if operation not in _COMPARED or field.type in {"date", "datetime"}:
        raise _NoSoqlError
    return f"{field.name} {_COMPARED[operation]} {_literal(field, text)}"


def _literal(field: Field, text: str) -> str:
    if not text:
        return "NULL"
    if field.type == "boolean":
        return "TRUE" if text in {"1", "true", "True"} else "FALSE"
    return f"'{text}'" if field.type in _QUOTED else text


def _found(call: Call) -> ListView:
    wish = normalized(call.params["id"])
    for view in _views(call, sobject_named(call.org, call.params["name"])):
        if view.id == wish:
            return view
    raise not_found()


def _in_soql(call: Call) -> ListView:
    view = _found(call)
    if view.where is None:
        message = f"List view {view.name} cannot be expressed in SOQL"
        raise RequestError("UNSUPPORTED_OPERATION", message)
    return view


def _entry(call: Call, view: ListView) -> Json:
    own = f"{call.root}/sobjects/{view.sobject.name}/listviews/{view.id}"
    return {
        "describeUrl": f"{own}/describe",
        "developerName": view.name,
        "id": view.id,
        "label": view.label,
        "resultsUrl": f"{own}/results",
        "soqlCompatible": view.where is not None,
        "url": own,
    }


def _list(call: Call) -> Response:
    sobject = sobject_named(call.org, call.params["name"])
    found = [_entry(call, each) for each in _views(call, sobject)]
    return Response.json(
        {
            "done": True,
            "listviews": found,
            "nextRecordsUrl": None,
            "size": len(found),
            "sobjectType": sobject.name,
        }
    )


def _read(call: Call) -> Response:
    return Response.json(_entry(call, _found(call)))


def _describe(call: Call) -> Response:
    view = _in_soql(call)
    first = view.columns[0].name
    order = [
        {"fieldNameOrPath": name, "nullsPosition": "first", "sortDirection": "ascending"}
        for name in (first, "Id")
    ]
    return Response.json(
        {
            "columns": [_column(each, sorted_=each.name == first) for each in view.columns],
            "id": view.id,
            "orderBy": order,
            "query": view.soql,
            "scope": "everything",
            "sobjectType": view.sobject.name,
            "whereCondition": {},
        }
    )


def _column(field: Field, *, sorted_: bool) -> Json:
    return {
        "ascendingLabel": "Z-A",
        "descendingLabel": "A-Z",
        "fieldNameOrPath": field.name,
        "hidden": False,
        "label": field.label,
        "selectListItem": field.name,
        "sortDirection": "ascending" if sorted_ else None,
        "sortIndex": 0 if sorted_ else None,
        "sortable": True,
        "type": field.type,
    }


def _results(call: Call) -> Response:
    view = _in_soql(call)
    most = min(_number(call, "limit", _ROWS), _MOST_ROWS)
    start = _number(call, "offset", 0)
    rows = rows_found(call, f"{view.soql} LIMIT {most} OFFSET {start}", most)
    hidden = [view.sobject.by_name[name.lower()] for name in _ALWAYS]
    columns = [_column(each, sorted_=each is view.columns[0]) for each in view.columns]
    columns += [
        {**_column(each, sorted_=False), "hidden": True}
        for each in hidden
        if each not in view.columns
    ]
    names = [each["fieldNameOrPath"] for each in columns]
    records = [
        {"columns": [{"fieldNameOrPath": name, "value": _shown(row[name])} for name in names]}
        for row in rows
    ]
    return Response.json(
        {
            "columns": columns,
            "developerName": view.name,
            "done": True,
            "id": view.id,
            "label": view.label,
            "records": records,
            "size": len(records),
        }
    )


def _number(call: Call, name: str, usual: int) -> int:
    text = call.request.query.get(name, "")
    return int(text) if text.isdecimal() else usual


def _shown(value: object) -> str | None:
    """Return a value as list views give it: text, whatever it is."""
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)


_ROOT = "sobjects/{name}/listviews"
ROUTES = (
    Route(_ROOT, "sobjects/listviews", {"GET": _list}),
    Route(f"{_ROOT}/{{id}}", "sobjects/listviews", {"GET": _read}),
    Route(f"{_ROOT}/{{id}}/describe", "sobjects/listviews", {"GET": _describe}),
    Route(f"{_ROOT}/{{id}}/results", "sobjects/listviews", {"GET": _results}),
)
