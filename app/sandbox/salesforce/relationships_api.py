"""Rows reached from another by names of relationships, as `sobjects/Contact/003…/Account`."""

from dataclasses import replace

from app.sandbox.salesforce import query_api, rows_api
from app.sandbox.salesforce.api import Call, Route
from app.sandbox.salesforce.errors import not_found
from app.sandbox.salesforce.fetch import fields_named
from app.sandbox.salesforce.saving import sobject_named
from app.sandbox.salesforce.schema import Child, SObject
from app.sandbox.wire import Response

_STEPS = ("first", "second", "third", "fourth", "fifth")  # as many levels as SOQL takes


def read(call: Call) -> Response:
    """Answer `GET`: a parent as its row, children as a query."""
    *way, last = _way(call)
    here = _walked(_start(call), way)
    child = _child(here, last)
    if child is None:
        return rows_api.read(_walked(here, [last]))
    record_id = rows_api.live_id(here, _sobject(here))
    wish = call.request.query.get("fields")
    fields = fields_named(call, child.sobject, wish.split(",") if wish else None)
    soql = f"SELECT {', '.join(each.name for each in fields)} FROM {child.sobject.name}"
    return query_api.answer(call, f"{soql} WHERE {child.field.name} = '{record_id}'")


def update(call: Call) -> Response:
    """Answer `PATCH`: the parent is changed."""
    return rows_api.update(_walked(_start(call), _way(call)))


def delete(call: Call) -> Response:
    """Answer `DELETE`: the parent goes."""
    return rows_api.delete(_walked(_start(call), _way(call)))


def _way(call: Call) -> list[str]:
    return [call.params[step] for step in _STEPS if step in call.params]


def _start(call: Call) -> Call:
    """Return the same call for the row that the way begins at."""
    params = {"name": call.params["name"], "id": call.params["record_id"]}
    return replace(call, params=params)


def _sobject(call: Call) -> SObject:
    return sobject_named(call.org, call.params["name"])


def _walked(here: Call, way: list[str]) -> Call:
    """Return the same call for the row at the end of a way of parents.

    Raises:
        RequestError: A row on the way, or its relationship, is not there (404).
    """
    for name in way:
        sobject = _sobject(here)
        lookup = sobject.by_relationship.get(name.lower())
        record_id = rows_api.live_id(here, sobject)
        if lookup is None or not here.org.schema.can_see(sobject, lookup):
            raise not_found()
        select = f'SELECT "{lookup.name}" FROM "{sobject.name}" WHERE Id = ?'
        with here.org.store.read() as connection:
            parent_id = connection.execute(select, (record_id,)).fetchone()[0] or ""
        parent = here.org.schema.by_prefix(parent_id)
        if parent is None:
            raise not_found()
        here = replace(here, params={"name": parent.name, "id": parent_id})
    return here


def _child(call: Call, name: str) -> Child | None:
    children = call.org.schema.children(_sobject(call))
    return next((c for c in children if (c.field.children or "").lower() == name.lower()), None)


def _route(levels: int) -> Route:
    blanks = "/".join(f"{{{step}}}" for step in _STEPS[:levels])
    methods = {"GET": read, "PATCH": update, "DELETE": delete}
    return Route(f"sobjects/{{name}}/{{record_id}}/{blanks}", "sobjects/relationships", methods)


ROUTES = tuple(_route(levels) for levels in range(1, len(_STEPS) + 1))
