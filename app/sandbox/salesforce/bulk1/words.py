"""What Bulk API 1.0 says and is told, in its XML or as JSON."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from app.sandbox.salesforce.bulk1.errors import AsyncError
from app.sandbox.salesforce.metadata.xml_tree import Node, XmlError, parse
from app.sandbox.wire import BadJson, Request, Response, parse_json

_NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
Json = dict[str, Any]


def wants_json(request: Request, content_type: str = "") -> bool:
    """Tell whether an answer is JSON: as the caller asks, as it speaks, or as its job does.

    What a caller says of a body counts only where there is one or no job is known: loaders that
    write JSON in every head read the batches of a CSV job as XML (Singer's tap, sfdclib).
    """
    heard = ("accept",) if content_type and not request.body else ("accept", "content-type")
    for name in heard:
        header = request.headers.get(name, "")
        if "json" in header or "xml" in header:
            return "xml" not in header
    return content_type == "JSON"


def answer(name: str, body: Any, *, json: bool, status: int = 200) -> Response:
    """Return a body as JSON, or as XML with a root of this name."""
    if json:
        return Response.json(body, status)
    return xml_response(element(name, body, f' xmlns="{_NAMESPACE}"'), status)


def xml_response(text: str, status: int = 200) -> Response:
    """Return an XML document without its declaration as a response."""
    kind = {"Content-Type": "application/xml;charset=UTF-8"}
    return Response(status, (_DECLARATION + text).encode(), kind)


def element(name: str, value: Any, attributes: str = "") -> str:
    """Return a value as XML: an object's keys are elements, a list's entries repeat its name."""
    if isinstance(value, Mapping):
        inner = "".join(_repeated(key, each) for key, each in value.items())
        return f"<{name}{attributes}>{inner}</{name}>"
    if value is None:
        return f'<{name}{attributes} xsi:nil="true" xmlns:xsi={quoteattr(_INSTANCE)}/>'
    return f"<{name}{attributes}>{escape(_text(value))}</{name}>"


def _repeated(key: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(element(key, each) for each in value)
    return element(key, value)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def told(request: Request) -> dict[str, Any]:
    """Return the object in a body, be it XML or JSON.

    Raises:
        AsyncError: It is neither.
    """
    if "json" in request.headers.get("content-type", ""):
        found = json_body(request.body)
        if not isinstance(found, dict):
            raise AsyncError("InvalidJob", "Unable to parse Job")
        return found
    return {each.name: each.text.strip() for each in xml_body(request.body).children}


def json_body(body: bytes) -> Any:
    """Return a body of JSON; AsyncError if it is none."""
    try:
        return parse_json(body)
    except BadJson as error:
        raise AsyncError("InvalidBatch", f"Failed to parse JSON: {error}") from error


def xml_body(body: bytes) -> Node:
    """Return the root of a body of XML; AsyncError if it is none."""
    try:
        return parse(body)
    except XmlError as error:
        raise AsyncError("InvalidBatch", f"Failed to parse XML: {error}") from error


def xml_records(body: bytes) -> Iterator[Json]:
    """Yield the records of `<sObjects>`; AsyncError if the body is no XML."""
    for each in xml_body(body).all("sObject"):
        yield _record(each)


def _record(node: Node) -> Json:
    found: Json = {}
    for each in node.children:
        if each.attributes.get("nil") in {"true", "1"}:
            found[each.name] = None
        elif each.children:  # a parent named by an external id
            inner = each.child("sObject") or each
            found[each.name] = {k: v for k, v in _record(inner).items() if k != "type"}
        elif each.text.strip() or each.name == "Id":
            found[each.name] = each.text
    return found


def result_json(results: Sequence[Json]) -> list[Json]:
    """Return the results of saves as a JSON batch lists them."""
    return [
        {
            "success": each["success"],
            "created": each["created"],
            "id": each.get("id"),
            "errors": [{**error, "extendedErrorDetails": None} for error in each["errors"]],
        }
        for each in results
    ]


def result_xml(results: Sequence[Json]) -> str:
    """Return the results of saves as an XML batch lists them."""
    parts = [element("result", _plain(each)) for each in results]
    return f'<results xmlns="{_NAMESPACE}">{"".join(parts)}</results>'


def _plain(result: Json) -> Json:
    kept = {"id": result["id"]} if result.get("id") else {}
    errors = {"errors": result["errors"]} if result["errors"] else {}
    return {**errors, **kept, "success": result["success"], "created": result["created"]}


def records_xml(records: Sequence[Json]) -> str:
    """Return the records of a query as an XML batch lists them."""
    parts = "".join(_sobject("records", each) for each in records)
    return f'<queryResult xmlns="{_NAMESPACE}" xmlns:xsi="{_INSTANCE}">{parts}</queryResult>'


def _sobject(name: str, record: Json) -> str:
    inner = [f"<type>{escape(str(record['attributes']['type']))}</type>"]
    for key, value in record.items():
        if key == "attributes":
            continue
        if isinstance(value, dict):
            inner.append(_sobject(key, value))
        elif value is None:
            inner.append(f'<{key} xsi:nil="true"/>')
        else:
            inner.append(element(key, value))
    return f'<{name} xsi:type="sObject">{"".join(inner)}</{name}>'
