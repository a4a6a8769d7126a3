"""Reads a request's body, JSON or form, into one nested value (aria.md §1.3)."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl

from app.sandbox.aria.errors import AriaError, Code, invalid
from app.sandbox.wire import BadJson, Request

_BRACKETS = re.compile(r"\[([^\[\]]*)\]")
_CALL_IN_JSON = re.compile(rb'"rest_call"\s*:\s*"(\w{1,80})"')
_CALL_IN_FORM = re.compile(rb"(?:^|&)rest_call=(\w{1,80})")
_MAX_ROWS = 10_000  # a sparse index must not make a list of millions


def read_body(request: Request) -> dict[str, Any]:
    """Return the inputs of a call; numbers of a JSON body are int or Decimal, of a form text.

    Raises:
        AriaError: 1012 for a body that cannot be read, 1016 for badly indexed form arrays.
    """
    if _is_form(request):
        return _unflatten(request.body)
    try:
        value = request.json()
    except BadJson as error:
        raise AriaError(Code.FORMAT, f"invalid input format: {error}") from error
    if not isinstance(value, dict):
        raise AriaError(Code.FORMAT, "invalid input format: the body is no JSON object")
    return value


def call_name(request: Request) -> str:
    """Return the value of `rest_call` without reading the whole body, or "unknown"."""
    pattern = _CALL_IN_FORM if _is_form(request) else _CALL_IN_JSON
    match = pattern.search(request.body)
    return match[1].decode("ascii") if match else "unknown"


def _is_form(request: Request) -> bool:
    kind = request.headers.get("content-type", "")
    return "form" in kind or ("json" not in kind and not request.body.lstrip().startswith(b"{"))


def _unflatten(body: bytes) -> dict[str, Any]:
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True)
    except UnicodeDecodeError as error:
        raise AriaError(Code.FORMAT, "invalid input format: the body is not UTF-8") from error
    tree: dict[str | int, Any] = {}
    for name, value in pairs:
        _place(tree, name, list(_path(name)), value)
    return {str(key): _listed(value) for key, value in tree.items()}


def _path(name: str) -> Iterator[str | int]:
    """Yield the steps of `service[0][tier][1][from]`; `[]` appends and is the step -1."""
    stem, bracket, _ = name.partition("[")
    yield stem
    if not bracket:
        return
    rest = name[len(stem) :]
    if _BRACKETS.sub("", rest):
        raise invalid(name, "is badly indexed")
    for step in _BRACKETS.findall(rest):
        if step == "":
            yield -1
        else:
            yield int(step) if step.isascii() and step.isdigit() else step


def _place(tree: dict[str | int, Any], name: str, path: list[str | int], value: str) -> None:
    """Put `value` at `path`; arrays are index first, then field (aria.md §1.3)."""
    if any(isinstance(a, str) == isinstance(b, str) for a, b in pairwise(path)):
        raise invalid(name, "is badly indexed: the index stands before the field's name")
    node: Any = tree
    for step, following in zip(path, [*path[1:], None], strict=True):
        place = len(node) if step == -1 else step
        if isinstance(place, int) and place >= _MAX_ROWS:
            raise invalid(name, "index is too large")
        if following is None:
            node[place] = value
            return
        node = node.setdefault(place, {})
        if not isinstance(node, dict):
            raise invalid(name, "is sent both as a value and as an array")


def _listed(node: Any) -> Any:
    """Turn nodes with numbered steps into lists; an index that was left out stays as None."""
    if not isinstance(node, dict):
        return node
    if all(isinstance(key, int) for key in node):
        return [_listed(node.get(index)) for index in range(max(node) + 1)]
    return {str(key): _listed(value) for key, value in node.items()}
