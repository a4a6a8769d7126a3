"""REST in XML, for callers that send `Accept: application/xml` or a body of it (§3)."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from app.sandbox.salesforce.metadata.xml_tree import Node, XmlError, parse
from app.sandbox.wire import BadJson, Request, Response, parse_json

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_ENTRIES = {"Errors": "Error", "Versions": "Version", "Results": "Result"}
_ROOTS = (
    (re.compile(r"/services/data"), "Versions"),
    (re.compile(r"/services/data/v[\d.]+"), "urls"),
    (re.compile(r"/services/data/v[\d.]+/query(All)?(/.*)?"), "QueryResult"),
    (re.compile(r"/services/data/v[\d.]+/sobjects"), "DescribeGlobal"),
    (re.compile(r"/services/data/v[\d.]+/sobjects/\w+/describe"), "DescribeSObject"),
    (re.compile(r"/services/data/v[\d.]+/limits"), "LimitsSnapshot"),
    (re.compile(r"/services/oauth2/token"), "OAuth"),
    (re.compile(r"/services/oauth2/userinfo|/id/.*"), "user"),
)


def wanted(request: Request) -> bool:
    """Tell whether the caller wants XML, and would not rather have JSON."""
    accepted = request.headers.get("accept", "").lower()
    return "application/xml" in accepted and "json" not in accepted and "html" not in accepted


def in_xml(request: Request, response: Response) -> Response:
    """Return a JSON response as XML; others stay as they are."""
    if not response.body or "json" not in response.headers.get("Content-Type", ""):
        return response
    value = parse_json(response.body)
    text = _DECLARATION + _element(_root(request, response, value), value)
    headers = {**response.headers, "Content-Type": "application/xml;charset=UTF-8"}
    return replace(response, body=text.encode(), headers=headers)


def _root(request: Request, response: Response, value: Any) -> str:
    if response.status >= 400:  # noqa: PLR2004 - where HTTP's errors begin
        return "Errors" if isinstance(value, list) else "OAuth"
    if isinstance(value, Mapping):
        if "attributes" in value:
            return str(value["attributes"]["type"])
        if {"id", "success"} <= value.keys():
            return "Result"
    elif value and isinstance(value[0], Mapping) and "success" in value[0]:
        return "Results"
    return next((name for rule, name in _ROOTS if rule.fullmatch(request.path)), "response")


def _element(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        kept = {k: v for k, v in value.items() if k != "attributes"}
        own = value.get("attributes")
        marks = own.items() if isinstance(own, Mapping) else ()
        attributes = "".join(f" {key}={quoteattr(str(each))}" for key, each in marks)
        return f"<{name}{attributes}>{''.join(map(_member, kept, kept.values()))}</{name}>"
    if isinstance(value, list):
        entry = _ENTRIES.get(name, name)
        return f"<{name}>{''.join(_element(entry, each) for each in value)}</{name}>"
    if value is None:
        return f"<{name}/>"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"<{name}>{escape(text)}</{name}>"


def _member(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, each) for each in value)
    return _element(name, value)


def record_of(body: bytes) -> dict[str, Any]:
    """Return the fields of a record that came as XML: its children, text or a parent's key.

    Raises:
        BadJson: It is no XML.
    """
    try:
        return _fields(parse(body))
    except XmlError as error:
        raise BadJson(str(error)) from error


def _fields(node: Node) -> dict[str, Any]:
    return {
        each.name: _fields(each) if each.children else None if _nil(each) else each.text
        for each in node.children
    }


def _nil(node: Node) -> bool:
    return node.attributes.get("nil") in {"true", "1"}
