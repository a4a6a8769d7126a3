"""SOAP 1.1 envelopes: what a request asks for, and how answers and faults are written."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from app.sandbox.salesforce.errors import SalesforceError
from app.sandbox.salesforce.metadata.xml_tree import Node, XmlError, parse
from app.sandbox.wire import Response

PARTNER = "urn:partner.soap.sforce.com"
ENTERPRISE = "urn:enterprise.soap.sforce.com"
APEX = "http://soap.sforce.com/2006/08/apex"
_SOBJECTS = {
    PARTNER: "urn:sobject.partner.soap.sforce.com",
    ENTERPRISE: "urn:sobject.enterprise.soap.sforce.com",
}
_FAULTS = {
    PARTNER: "urn:fault.partner.soap.sforce.com",
    ENTERPRISE: "urn:fault.enterprise.soap.sforce.com",
}
_FAULT_NAMES = {
    "INVALID_LOGIN": "LoginFault",
    "INVALID_FIELD": "InvalidFieldFault",
    "INVALID_TYPE": "InvalidSObjectFault",
    "MALFORMED_QUERY": "MalformedQueryFault",
    "INVALID_QUERY_LOCATOR": "InvalidQueryLocatorFault",
    "MALFORMED_SEARCH": "MalformedSearchFault",
    "INVALID_ID_FIELD": "InvalidIdFault",
}
_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_KIND = {"Content-Type": "text/xml;charset=UTF-8"}
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class SoapCall:
    """A request: the first element of the body, whatever its prefix, and who sends it."""

    operation: Node
    session: str  # "" where the header names none
    all_or_none: bool = False
    batch_size: str = ""  # the wish for the rows of a page


@dataclass(frozen=True, slots=True)
class Typed:
    """A value whose element says its type, as abstract types have to."""

    type: str
    children: Sequence[Node]


NIL = Typed("", ())


def read_call(body: bytes) -> SoapCall:
    """Return what an envelope asks for.

    Raises:
        SalesforceError: It is no envelope, or its body is empty.
    """
    try:
        root = parse(body)
    except XmlError as error:
        message = f"Error parsing the request: {error} ({error.line}:{error.column})"
        raise SalesforceError("MALFORMED_REQUEST", message) from error
    content = root.child("Body") if root.name == "Envelope" else None
    if content is None or not content.children:
        raise SalesforceError("MALFORMED_REQUEST", "No operation available for request")
    header = root.child("Header") or Node("Header")
    session = header.child("SessionHeader") or Node("SessionHeader")
    wish = header.child("AllOrNoneHeader") or Node("AllOrNoneHeader")
    all_or_none = wish.flag("allOrNone")
    size = (header.child("QueryOptions") or Node("QueryOptions")).get("batchSize")
    return SoapCall(content.children[0], session.get("sessionId"), all_or_none, size)


def answer(operation: str, result: Any, namespace: str) -> Response:
    """Return the answer of an operation: its result once, or several times for a list."""
    inner = "".join(_written("result", result))
    body = f'<{operation}Response xmlns="{namespace}">{inner}</{operation}Response>'
    return _response(200, body, _SOBJECTS.get(namespace, ""))


def fault(error: SalesforceError, namespace: str) -> Response:
    """Return a refusal of the whole request."""
    text = escape(f"{error.code}: {error.message}")
    code = f"sf:{error.code}"
    body = f"<soapenv:Fault><faultcode>{code}</faultcode><faultstring>{text}</faultstring>"
    if namespace in _FAULTS:
        body += _detail(error)
    return _response(_SERVER_ERROR, body + "</soapenv:Fault>", _FAULTS.get(namespace, namespace))


def _detail(error: SalesforceError) -> str:
    """Return what a fault is called and says; clients look for the names with their prefix."""
    name = _FAULT_NAMES.get(error.code, "UnexpectedErrorFault")
    said = (
        f"<sf:exceptionCode>{error.code}</sf:exceptionCode>"
        f"<sf:exceptionMessage>{escape(error.message)}</sf:exceptionMessage>"
    )
    return f'<detail><sf:{name} xsi:type="sf:{name}">{said}</sf:{name}></detail>'


def _response(status: int, body: str, sf: str = "") -> Response:
    """Return an envelope; `sf` is what that prefix stands for."""
    faults = f' xmlns:sf="{sf}"' if sf else ""
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<soapenv:Envelope xmlns:soapenv="{_ENVELOPE}"{faults} xmlns:xsi="{_INSTANCE}">'
        f"<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    )
    return Response(status, text.encode(), _KIND)


def _written(name: str, value: Any) -> Iterator[str]:
    if value is None:
        return
    if isinstance(value, list | tuple):
        for each in value:
            yield from _written(name, each)
    elif isinstance(value, Typed):
        yield _typed(name, value)
    elif isinstance(value, Mapping):
        inner = "".join(part for key, each in value.items() for part in _written(key, each))
        yield f"<{name}>{inner}</{name}>"
    else:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        yield f"<{name}>{escape(text)}</{name}>"


def _typed(name: str, value: Typed) -> str:
    if not value.type:
        return f'<{name} xsi:nil="true"/>'
    inner = "".join(_node(each) for each in value.children)
    return f"<{name} xsi:type={quoteattr(value.type)}>{inner}</{name}>"


def _node(node: Node) -> str:
    inner = "".join(_node(each) for each in node.children) or escape(node.text)
    marks = "".join(f" {name}={quoteattr(value)}" for name, value in node.attributes.items())
    return f"<{node.name}{marks}>{inner}</{node.name}>"
