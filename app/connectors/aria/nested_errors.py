"""Errors inside an answer that says OK at the top: what compound calls hide (aria.md §1.6)."""

import re
from collections.abc import Iterator
from typing import Any

from app.connectors.aria.values import Row, number, text

_CODE = re.compile(r"(?P<what>.+)_error_(?P<kind>code|cd)(_2)?")
_NOT_ATTEMPTED = -1  # of a collection: normal for customers on payment terms
_CLASSES = "third_party_errors"


def nested_errors(answer: Row) -> tuple[str, ...]:
    """Return each failure within an answer once, as `what: code: words`, in the answer's order."""
    return tuple(dict.fromkeys(_found(answer)))


def _found(row: Row) -> Iterator[str]:
    for name, value in row.items():
        if isinstance(value, dict | list):
            yield from _within(name, value)
        elif match := _CODE.fullmatch(name):
            yield from _of_code(row, match["what"], value)


def _within(name: str, value: Any) -> Iterator[str]:
    for row in value if isinstance(value, list) else [value]:
        if not isinstance(row, dict):
            continue
        if name == _CLASSES and text(row.get("error_class")):
            words = (text(held) for held in row.values())
            yield f"third party: {', '.join(filter(None, words))}"
        yield from _found(row)


def _of_code(row: Row, what: str, value: Any) -> Iterator[str]:
    code = number(value)
    if not code or (code == _NOT_ATTEMPTED and "coll" in what):
        return
    words = text(row.get(f"{what}_error_msg")) or "no words given"
    yield f"{what.replace('_', ' ')}: {code}: {words}"
