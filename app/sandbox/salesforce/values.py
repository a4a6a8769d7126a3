"""Values between JSON and the store: what a field takes, how it is kept, how it is written."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from functools import lru_cache
from typing import Any

from app.sandbox.salesforce.errors import RequestError, SalesforceError
from app.sandbox.salesforce.ids import normalized
from app.sandbox.salesforce.schema import Field

Stored = str | int | None
Reader = Callable[[Any], Any]

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1700, 4000
_INT_LIMIT = 2**31
_SHOWN = 100
_KEPT = 65536


def stamp(moment: datetime) -> str:
    """Return a time as REST writes it and as the store keeps it: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def reader(field: Field) -> Reader | None:
    """Return what turns a stored value, not None, into JSON; None where it is that already."""
    if field.is_number:
        return _decimals(field.scale).__getitem__
    return bool if field.type == "boolean" else None


class _Decimals(dict[int, Decimal]):
    """The decimals of stored units at one scale; the same few come again and again."""

    def __init__(self, scale: int) -> None:
        super().__init__()
        self._scale = scale

    def __missing__(self, units: int) -> Decimal:
        if len(self) >= _KEPT:
            self.clear()
        self[units] = found = decimal_of(units, self._scale)
        return found


@lru_cache(maxsize=32)
def _decimals(scale: int) -> _Decimals:
    return _Decimals(scale)


@lru_cache(maxsize=_KEPT)
def decimal_of(units: int, scale: int) -> Decimal:
    """Return `units` / 10^`scale` with at least one decimal, as REST writes it."""
    while scale > 1 and units % 10 == 0:
        units, scale = units // 10, scale - 1
    if scale == 0:
        units, scale = units * 10, 1
    return Decimal(units).scaleb(-scale)


def stored(field: Field, value: object) -> Stored:
    """Return a value of JSON as the store keeps it: "" is null, text is trimmed.

    Raises:
        RequestError: The type is wrong, which refuses the whole request.
        SalesforceError: The row is refused: too long, out of range, not in the picklist, no id.
    """
    if value is None or value == "":
        return 0 if field.type == "boolean" else None
    return _TAKERS.get(field.type, _text)(field, value)


def _text(field: Field, value: object) -> Stored:
    if value.__class__ is not str and (
        isinstance(value, bool) or not isinstance(value, str | int | Decimal)
    ):
        raise wrong_type(field, value, "string")
    text = str(value).strip()
    if len(text) > field.length:
        shown = text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
        message = f"{field.label}: data value too large: {shown} (max length={field.length})"
        raise SalesforceError("STRING_TOO_LONG", message, fields=[field.name])
    return text or None


def _email(field: Field, value: object) -> Stored:
    text = _text(field, value)
    if text is not None and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", str(text)):
        message = f"{field.label}: invalid email address: {text}"
        raise SalesforceError("INVALID_EMAIL_ADDRESS", message, fields=[field.name])
    return text


def _picklist(field: Field, value: object) -> Stored:
    text = _text(field, value)
    if text is None:
        return None
    same = {each.lower(): each for each in field.values}.get(str(text).lower())
    if same is None and field.restricted:
        message = f"{field.label}: bad value for restricted picklist field: {text}"
        code = "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
        raise SalesforceError(code, message, fields=[field.name])
    return same or text


def _number(field: Field, value: object) -> Stored:
    number = _decimal(field, value, field.type)
    if abs(number) >= 10 ** (field.precision - field.scale):
        raise _out_of_range(field, value)
    with localcontext() as context:
        context.prec = 60
        context.rounding = ROUND_HALF_UP
        return int(number.scaleb(field.scale).to_integral_value())


def _integer(field: Field, value: object) -> Stored:
    number = _decimal(field, value, "int")
    if number != number.to_integral_value():
        raise wrong_type(field, value, "int")
    if abs(number) >= (10**field.digits if field.digits else _INT_LIMIT):
        raise _out_of_range(field, value)
    return int(number)


def _decimal(field: Field, value: object, kind: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise wrong_type(field, value, kind)
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise wrong_type(field, value, kind) from error
    if not number.is_finite():
        raise wrong_type(field, value, kind)
    return number


def _out_of_range(field: Field, value: object) -> SalesforceError:
    message = f"{field.label}: value outside of valid range on numeric field: {value}"
    return SalesforceError("NUMBER_OUTSIDE_VALID_RANGE", message, fields=[field.name])


def _boolean(field: Field, value: object) -> Stored:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and value.strip().lower() in {"true", "false"}:
        return int(value.strip().lower() == "true")
    raise wrong_type(field, value, "boolean")


def _date(field: Field, value: object) -> Stored:
    if not isinstance(value, str):
        raise wrong_type(field, value, "date")
    text = value.strip()
    try:
        found = date.fromisoformat(text) if _DATE.fullmatch(text) else _moment(text).date()
    except ValueError as error:
        raise wrong_type(field, value, "date") from error
    _check_year(field, found.year, value)
    return found.isoformat()


def _datetime(field: Field, value: object) -> Stored:
    if not isinstance(value, str):
        raise wrong_type(field, value, "datetime")
    try:
        found = _moment(value.strip())
    except ValueError as error:
        raise wrong_type(field, value, "datetime") from error
    _check_year(field, found.year, value)
    return stamp(found)


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _check_year(field: Field, year: int, value: object) -> None:
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        message = f"{field.label}: invalid date: {value}"
        raise SalesforceError("NUMBER_OUTSIDE_VALID_RANGE", message, fields=[field.name])


def _reference(field: Field, value: object) -> Stored:
    if not isinstance(value, str):
        raise wrong_type(field, value, "ID")
    found = normalized(value.strip())
    if found is None:
        message = f"{field.label}: id value of incorrect type: {value}"
        raise SalesforceError("MALFORMED_ID", message, fields=[field.name])
    return found


def wrong_type(field: Field, value: object, kind: str) -> RequestError:
    """Return the error of a JSON value that a field of this kind cannot take."""
    del field  # the real message does not name it either
    message = (
        f"Cannot deserialize instance of {kind} from {_token(value)} value {_shown(value)} "
        "or request may be missing a required field"
    )
    return RequestError("JSON_PARSER_ERROR", message)


def _token(value: object) -> str:
    if isinstance(value, bool):
        return "VALUE_TRUE" if value else "VALUE_FALSE"
    names: dict[type, str] = {
        str: "VALUE_STRING",
        int: "VALUE_NUMBER_INT",
        Decimal: "VALUE_NUMBER_FLOAT",
        list: "START_ARRAY",
        dict: "START_OBJECT",
    }
    return names.get(type(value), "VALUE_NULL")


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "["
    return "{" if isinstance(value, dict) else str(value)[:_SHOWN]


_TAKERS: dict[str, Callable[[Field, object], Stored]] = {
    "email": _email,
    "picklist": _picklist,
    "double": _number,
    "currency": _number,
    "percent": _number,
    "int": _integer,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "id": _reference,
    "reference": _reference,
}
