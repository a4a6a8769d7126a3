"""Trees of new records: `POST composite/tree/X` (salesforce.md §8)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.sandbox.salesforce.api import Call, Route
from app.sandbox.salesforce.errors import RequestError, SalesforceError
from app.sandbox.salesforce.rows_api import saving
from app.sandbox.salesforce.saving import Saver, sobject_named
from app.sandbox.salesforce.schema import Field, SObject
from app.sandbox.wire import Response

Json = dict[str, Any]

_MOST_RECORDS = 200
_MOST_LEVELS = 5
_MOST_TYPES = 5


@dataclass(frozen=True, slots=True)
class _Node:
    """A record to be inserted, with the lookup that leads to its parent."""

    sobject: SObject
    reference: str
    fields: Json
    parent: str
    lookup: Field | None


class _FailedError(Exception):
    """Records of the tree were refused."""

    def __init__(self, errors: list[Json]) -> None:
        super().__init__()
        self.errors = errors


def insert(call: Call) -> Response:
    """Answer with the ids of all records, or insert nothing and name those that were refused."""
    sobject = sobject_named(call.org, call.params["name"])
    nodes = list(_nodes(call, sobject, call.json_object(), None, 1))
    _check(nodes)
    results: list[Json] = []
    try:
        with saving(call, len(nodes)) as saver:
            _insert_each(saver, nodes, results)
    except _FailedError as failed:
        return Response.json({"hasErrors": True, "results": failed.errors}, 400)
    return Response.json({"hasErrors": False, "results": results}, 201)


def _insert_each(saver: Saver, nodes: Sequence[_Node], results: list[Json]) -> None:
    ids: dict[str, str] = {}
    errors: list[Json] = []
    for node in nodes:
        if node.lookup is not None and node.parent not in ids:
            continue  # the parent was refused
        link = {node.lookup.name: ids[node.parent]} if node.lookup is not None else {}
        try:
            ids[node.reference] = saver.insert(node.sobject, {**node.fields, **link})
            results.append({"referenceId": node.reference, "id": ids[node.reference]})
        except SalesforceError as error:
            errors.append({"referenceId": node.reference, "errors": [error.row()]})
    if errors:
        raise _FailedError(errors)


def _nodes(
    call: Call,
    sobject: SObject,
    body: Mapping[str, Any],
    above: tuple[str, Field] | None,
    level: int,
) -> Iterator[_Node]:
    """Yield the records of a body, parents before their children."""
    records = body.get("records")
    if not isinstance(records, list) or level > _MOST_LEVELS:
        message = f"A tree has lists named records, at most {_MOST_LEVELS} levels deep"
        raise RequestError("INVALID_INPUT", message)
    children = {(c.field.children or "").lower(): c for c in call.org.schema.children(sobject)}
    for record in records:
        reference = _reference(record)
        below = {k: v for k, v in record.items() if isinstance(v, dict) and "records" in v}
        fields = {k: v for k, v in record.items() if k not in below}
        parent, lookup = above or ("", None)
        yield _Node(sobject, reference, fields, parent, lookup)
        for name, inner in below.items():
            child = children.get(name.lower())
            if child is None:
                message = f"{name} is no child relationship of {sobject.name}"
                raise RequestError("INVALID_INPUT", message)
            yield from _nodes(call, child.sobject, inner, (reference, child.field), level + 1)


def _reference(record: object) -> str:
    attributes = record.get("attributes") if isinstance(record, Mapping) else None
    found = attributes.get("referenceId") if isinstance(attributes, Mapping) else None
    if not isinstance(found, str) or not found:
        message = "Include a reference ID for each record in the request."
        raise RequestError("INVALID_INPUT", message)
    return found


def _check(nodes: Sequence[_Node]) -> None:
    if len(nodes) > _MOST_RECORDS:
        message = f"The request can't contain more than {_MOST_RECORDS} records"
        raise RequestError("INVALID_INPUT", message)
    if len({node.sobject.name for node in nodes}) > _MOST_TYPES:
        message = f"The request can't contain more than {_MOST_TYPES} types"
        raise RequestError("INVALID_INPUT", message)
    if len({node.reference for node in nodes}) < len(nodes):
        message = "Duplicate ReferenceId provided in the request."
        raise RequestError("INVALID_INPUT", message)


ROUTES = (Route("composite/tree/{name}", "composite/tree", {"POST": insert}),)
