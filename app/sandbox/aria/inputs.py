"""The inputs of calls: types, and errors for values that do not fit (aria.md §1.3, §1.6)."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from app.sandbox.aria.errors import AriaError, Code, invalid, missing

Inputs = Mapping[str, Any]

CLEAR = "~"  # clears a nullable text (aria.md §1.3)
LOCALE_NO, LOCALE_NAME = 1, "US_English"
_LONGEST_LONG = 19  # digits of a 64-bit integer
_INTEGER = re.compile(r"[+-]?\d+")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Input:
    """One input of a call: `kind` is int, num, str, flag, ind, date, datetime, list or rows."""

    name: str
    kind: str = "str"
    required: bool = False
    max_length: int | None = None
    rows: tuple["Input", ...] = field(default=())


def inputs(*specs: str, **rows: tuple[Input, ...]) -> tuple[Input, ...]:
    """Return inputs written as `plan_no:int` or `plan_name(100)*`; keywords are arrays."""
    scalars = [_parsed(word) for spec in specs for word in spec.split()]
    return (*scalars, *(Input(name, "rows", rows=columns) for name, columns in rows.items()))


def _parsed(word: str) -> Input:
    required = word.endswith("*")
    name, _, kind = word.removesuffix("*").partition(":")
    name, bracket, length = name.partition("(")
    return Input(name, kind or "str", required, int(length.rstrip(")")) if bracket else None)


def checked(specs: Iterable[Input], sent: Mapping[str, Any], where: str = "") -> dict[str, Any]:
    """Return the inputs that were sent, each as its type; unknown ones are ignored.

    An empty text counts as not sent (aria.md §1.3). `where` is put before names in messages.

    Raises:
        AriaError: 1010 for a missing one, 1012, 1016, 1024, 1033 for one of a wrong type.
    """
    found: dict[str, Any] = {}
    for spec in specs:
        value = sent.get(spec.name)
        name = f"{where}{spec.name}"
        if value in (None, "") or (spec.required and value == []):
            if spec.required:
                raise missing(name)
            continue
        found[spec.name] = (
            _rows(spec, name, value) if spec.kind == "rows" else _scalar(spec, name, value)
        )
    return found


def check_locale(sent: Inputs) -> None:
    """Refuse a locale that the client does not have (aria.md §1.6); it has one.

    Raises:
        AriaError: 1066 for an unknown name, 1067 for an unknown number.
    """
    if sent.get("locale_no", LOCALE_NO) != LOCALE_NO:
        raise AriaError(Code.NO_LOCALE_NUMBER, f"invalid locale_no: {sent['locale_no']}")
    if sent.get("locale_name", LOCALE_NAME) != LOCALE_NAME:
        raise AriaError(Code.NO_LOCALE_NAME, f"invalid locale_name: {sent['locale_name'][:40]}")


def _scalar(spec: Input, name: str, value: Any) -> Any:
    if spec.kind == "list":
        return _items(name, value)
    if isinstance(value, dict | list):
        raise invalid(name, "is no array")
    result = _READERS[spec.kind](name, value)
    if spec.max_length is not None and len(str(result)) > spec.max_length:
        raise invalid(name, f"is longer than {spec.max_length} characters")
    return result


def _rows(spec: Input, name: str, value: Any) -> list[dict[str, Any]]:
    listed = [value] if isinstance(value, dict) else value
    if not isinstance(listed, list) or not all(isinstance(row, dict | None) for row in listed):
        raise invalid(name, "is a badly indexed array")
    return [
        checked(spec.rows, row, f"{name}[{index}].") if row else {}  # an index left out
        for index, row in enumerate(listed)
    ]


def _items(name: str, value: Any) -> list[Any]:
    """Return a scalar array: a list, a list of one-key objects (aria.md §4.3), or a pipe list."""
    if isinstance(value, str):
        return [part.strip() for part in value.split("|") if part.strip()]
    listed = value if isinstance(value, list) else [value]
    items = [next(iter(x.values())) if isinstance(x, dict) and len(x) == 1 else x for x in listed]
    if any(isinstance(item, dict | list) for item in items):
        raise invalid(name, "is a badly indexed array")
    return [item for item in items if item not in (None, "")]


def read_int(name: str, value: Any) -> int:
    """Return a long; JSON numbers and digits in text are both accepted (aria.md §1.3)."""
    text = str(value).strip()
    if isinstance(value, bool) or not _INTEGER.fullmatch(text):
        raise invalid(name, f"{_short(value)} is not a valid long")
    if len(text.lstrip("+-")) > _LONGEST_LONG:
        raise AriaError(Code.FORMAT, f"invalid input format: {name} is too long a number")
    return int(text)


def read_number(name: str, value: Any) -> Decimal:
    """Return a decimal number, never by way of a float."""
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if isinstance(value, bool) or not number.is_finite():
        raise invalid(name, f"{_short(value)} is not a valid number")
    if number and abs(number.adjusted()) > _LONGEST_LONG:
        raise AriaError(Code.FORMAT, f"invalid input format: {name} is too long a number")
    return number


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        raise invalid(name, "is no text")
    return str(value)


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, str) or value.lower() not in {"true", "false"}:
        wrong = "a parameter that represents a true or false value contains invalid input"
        raise AriaError(Code.BAD_BOOLEAN, f"{wrong}: {name}")
    return value.lower() == "true"


def _indicator(name: str, value: Any) -> int:
    number = read_int(name, value)
    if number not in (0, 1):
        raise invalid(name, f"{number} is neither 0 nor 1")
    return number


def _switch(name: str, value: Any) -> int:
    """Read what schedules take for `is_default`: 1, true, t, yes, y and their opposites."""
    word = str(value).lower()
    if word not in {"1", "true", "t", "yes", "y", "0", "false", "f", "no", "n"}:
        raise AriaError(Code.BAD_BOOLEAN, f"invalid true or false value: {name}")
    return int(word in {"1", "true", "t", "yes", "y"})


def _date(name: str, value: Any) -> str:
    text = str(value)
    if text == CLEAR:
        return text
    try:
        date.fromisoformat(text if _DATE.fullmatch(text) else "")
    except ValueError:
        raise AriaError(Code.BAD_DATE, f"invalid date format: {name}") from None
    return text


def _datetime(name: str, value: Any) -> str:
    """Read `yyyy-mm-dd`, with or without ` hh24:mi:ss` (aria.md §1.7)."""
    text = str(value)
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise AriaError(Code.BAD_DATE, f"invalid date format: {name}") from None
    return text


def _short(value: Any) -> str:
    return str(value)[:40]


_READERS: dict[str, Callable[[str, Any], Any]] = {
    "int": read_int,
    "num": read_number,
    "str": _text,
    "flag": _flag,
    "ind": _indicator,
    "switch": _switch,
    "date": _date,
    "datetime": _datetime,
}
