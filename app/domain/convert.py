"""Converters: what a system writes, to the value of a field's type, and back."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache, partial
from typing import Any, cast

import orjson

from app.domain.mapping import KEY, EntityMapping, FieldMapping, FieldType
from app.domain.record import (
    NO_BASE,
    BaseValue,
    BaseValues,
    FieldValue,
    Side,
    Unreadable,
    decimal_text,
    exact,
    exact_column,
    utc_text,
)

Converter = Callable[[Any], FieldValue]
Typer = Callable[[Any], FieldValue]
ColumnConverter = Callable[[Sequence[Any]], Sequence[FieldValue]]

_FLAGS: Mapping[Any, bool] = {
    **dict.fromkeys((1, "1", "true", "y", "yes", "t", "on"), True),
    **dict.fromkeys((0, "0", "false", "n", "no", "f", "off"), False),
}


def converter(field: FieldMapping, side: Side) -> Converter:
    """Return the function that turns a raw value of one side into the field's type.

    Null, an empty text and an absent value are all None; what cannot be converted becomes
    `Unreadable`. Never raises for a JSON value.
    """
    native, parse = _parser(field)
    translate = _translator(field) if side is Side.BILLING else None
    if field.type in _TEXTS and translate is None:
        return _convert_text
    nothing = False if field.type is FieldType.BOOLEAN else None

    def convert(raw: Any) -> FieldValue:
        if raw.__class__ is native and translate is None:
            return cast("FieldValue", raw)
        if raw is None or raw == "":
            return nothing
        try:
            return parse(raw if translate is None else translate(raw))
        except (ValueError, TypeError, InvalidOperation, OverflowError):
            return Unreadable(str(raw))

    return convert


def column_converter(field: FieldMapping, side: Side) -> ColumnConverter:
    """Return what converts a field's values of many rows at once, each as `converter` would."""
    convert = converter(field, side)
    if side is Side.BILLING and _translator(field) is not None:
        return partial(_each_once, convert)
    if field.type is FieldType.TEXT:
        return _text_column
    if field.type in {FieldType.DECIMAL, FieldType.MONEY}:
        return partial(_decimal_column, convert, _quantum(field.scale))
    native = _NATIVE.get(field.type)
    if native is None:
        return partial(_each_once, convert)
    types = {native} if field.type is FieldType.BOOLEAN else {native, type(None)}

    def column(raws: Sequence[Any]) -> Sequence[FieldValue]:
        alike = types.issuperset(map(type, raws))
        return raws if alike else _each_once(convert, raws)

    return column


def _each_once(convert: Converter, raws: Sequence[Any]) -> Sequence[FieldValue]:
    """Convert each text once: codes, dates and a CSV's booleans repeat within a page."""
    if not _WORDS.issuperset(map(type, raws)):  # of other types, unlike values may be equal
        return [convert(raw) for raw in raws]
    made = {raw: convert(raw) for raw in set(raws)}
    return [made[raw] for raw in raws]


def _text_column(raws: Sequence[Any]) -> Sequence[FieldValue]:
    try:
        is_plain = "\r" not in "".join(raws)
    except TypeError:  # one of them is none, or no text
        return [
            raw.strip() or None if raw.__class__ is str and "\r" not in raw else _convert_text(raw)
            for raw in raws
        ]
    if not is_plain:
        return list(map(_convert_text, raws))
    found = list(map(str.strip, raws))
    return found if all(found) else [one or None for one in found]


def _decimal_column(
    convert: Converter, quantum: Decimal | None, raws: Sequence[Any]
) -> Sequence[FieldValue]:
    if not _DECIMALS.issuperset(map(type, raws)):
        return _each_once(convert, raws)
    try:
        if quantum is not None:
            raws = [None if raw is None else raw.quantize(quantum, ROUND_HALF_UP) for raw in raws]
        return exact_column(raws)
    except (InvalidOperation, ValueError):  # one of them is too long, or no number
        return [convert(raw) for raw in raws]


def raw_value(
    field: FieldMapping, side: Side, value: FieldValue
) -> str | bool | int | Decimal | None:
    """Return a value as a side's interface takes it: the reverse of `converter`.

    Dates and times are text; a decimal stays one. Billing gets its own codes back.
    """
    plain: str | bool | int | Decimal | None
    if isinstance(value, Unreadable):
        message = f"{field.name}: {value.text!r} cannot be written"
        raise TypeError(message)
    if isinstance(value, datetime):
        plain = utc_text(value)
    elif isinstance(value, date):
        plain = value.isoformat()
    else:
        plain = value
    if side is Side.BILLING and isinstance(plain, str):
        codes = {meaning: code for code, meaning in field.value_map.items()}
        plain = codes.get(plain, plain)
        return plain.lower() if field.upper else plain
    return plain


def text(value: BaseValue) -> str:
    """Return a value as a person reads it; nothing is `""`."""
    if value is None or value is NO_BASE:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, datetime):
        return utc_text(value)
    if isinstance(value, Unreadable):
        return value.text
    return str(value)


def decode_each(
    documents: Sequence[bytes | None], entity: EntityMapping
) -> tuple[BaseValues | None, ...]:
    """Return the values of canonical documents; None stays None."""
    return tuple([None if one is None else _decoded(one, entity) for one in documents])


def _decoded(document: bytes, entity: EntityMapping) -> BaseValues:
    values, decoders = orjson.loads(document), _decoders(entity)
    # Most documents hold nothing but values, and most values are as JSON has them.
    if b"{" not in document and document.rfind(b"[") == 0 and len(values) == len(decoders):
        for place, typed in _converted(entity):
            if values[place] is not None:
                values[place] = typed(values[place])
        return tuple(values)
    return tuple([_from_plain(raw, typed) for raw, typed in zip(values, decoders, strict=True)])


def decode_pair(
    base: bytes | None, billing: bytes, salesforce: bytes, entity: EntityMapping
) -> tuple[BaseValues, BaseValues, BaseValues]:
    """Return base, billing and Salesforce of a record that both sides hold.

    What both say is one object in all three, and is the base, whatever the base was before
    (`merged_base` says the same of documents).
    """
    left = orjson.loads(billing)
    right = orjson.loads(salesforce)
    old = [[]] * len(left) if base is None else orjson.loads(base)
    found = []
    for one, other, was, typed in zip(left, right, old, _decoders(entity), strict=True):
        value = _from_plain(one, typed)
        if one == other:
            found.append((value, value, value))
        else:
            found.append((_from_plain(was, typed), value, _from_plain(other, typed)))
    bases, billings, salesforces = zip(*found, strict=True)
    return bases, billings, salesforces


def plain_value(value: BaseValue) -> Any:
    """Return a value as the JSON of journals, plans and `--json` holds it (`canonical`'s form)."""
    if value is None or value.__class__ is str:  # by far the most
        return value
    if value is NO_BASE:
        return []
    if isinstance(value, Unreadable):
        return {"text": value.text}
    if isinstance(value, bool | int):
        return value
    return text(value)


def typed_value(raw: Any, kind: FieldType) -> BaseValue:
    """Return the value of a field from the JSON that `plain_value` made.

    Raises:
        ValueError: The JSON cannot be a value of that type.
    """
    try:
        return typed_by(raw, _FROM_PLAIN[kind])
    except ValueError as error:
        message = f"{raw!r} is no {kind.value}"
        raise ValueError(message) from error


def typed_by(raw: Any, typer: Typer) -> BaseValue:
    """Return what `typed_value` does, by one of `typers`; most values are texts as they are."""
    if raw is None or (typer is str and raw.__class__ is str):
        plain: BaseValue = raw
        return plain
    try:
        return _from_plain(raw, typer)
    except (TypeError, InvalidOperation) as error:
        message = f"{raw!r} cannot be a value of the field"
        raise ValueError(message) from error


@lru_cache(maxsize=256)
def typers(entity: EntityMapping) -> Mapping[str, Typer]:
    """Return field → what makes its values of JSON, in the mapping's order, the key first."""
    names = (KEY, *entity.index)
    return {name: _FROM_PLAIN[entity.field_of(name).type] for name in names}


def _from_plain(raw: Any, typed: Callable[[Any], FieldValue]) -> BaseValue:
    if raw is None:
        return None
    if raw.__class__ is dict:
        return Unreadable(raw["text"])
    return NO_BASE if raw == [] else typed(raw)


@lru_cache(maxsize=256)
def _decoders(entity: EntityMapping) -> tuple[Callable[[Any], FieldValue], ...]:
    return tuple(_FROM_PLAIN[kind] for kind in entity.types)


@lru_cache(maxsize=256)
def _converted(entity: EntityMapping) -> tuple[tuple[int, Typer], ...]:
    """Return the places of values that are not as JSON has them, and what makes them."""
    return tuple(
        (place, typed)
        for place, typed in enumerate(_decoders(entity))
        if typed not in {str, int, bool}
    )


_FROM_PLAIN: Mapping[FieldType, Callable[[Any], FieldValue]] = {
    FieldType.TEXT: str,
    FieldType.PICKLIST: str,
    FieldType.REFERENCE: str,
    FieldType.INTEGER: int,
    FieldType.BOOLEAN: bool,
    FieldType.DECIMAL: lambda raw: exact(Decimal(raw)),
    FieldType.MONEY: lambda raw: exact(Decimal(raw)),
    FieldType.DATE: date.fromisoformat,
    FieldType.DATETIME: datetime.fromisoformat,
}


def _parser(field: FieldMapping) -> tuple[type | None, Converter]:
    """Return the type whose values need no conversion, and the function for all others."""
    if field.type in {FieldType.DECIMAL, FieldType.MONEY}:
        return None, _decimal_parser(field.scale)
    return _NATIVE.get(field.type), _PARSERS[field.type]


def _decimal_parser(scale: int | None) -> Converter:
    quantum = _quantum(scale)

    def parse(raw: Any) -> Decimal:
        # A float has lost digits already: its shortest text is what the sender wrote.
        value = raw if raw.__class__ is Decimal else Decimal(str(raw).strip())
        if quantum is not None and value != (rounded := value.quantize(quantum, ROUND_HALF_UP)):
            value = rounded
        return exact(value)

    return parse


def _quantum(scale: int | None) -> Decimal | None:
    return None if scale is None else Decimal(1).scaleb(-scale)


def _parse_text(raw: Any) -> FieldValue:
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, Decimal):
        return decimal_text(raw)
    if isinstance(raw, dict | list):
        raise TypeError(raw)
    # Salesforce trims text when it saves, so blanks at the ends could never agree.
    return str(raw).replace("\r\n", "\n").strip() or None


def _convert_text(raw: Any) -> FieldValue:
    """Convert text that needs no translation: most of what is read, hence without detours."""
    if raw.__class__ is str:
        return (raw.replace("\r\n", "\n") if "\r" in raw else raw).strip() or None
    if raw is None:
        return None
    try:
        return _parse_text(raw)
    except TypeError:
        return Unreadable(str(raw))


def _parse_integer(raw: Any) -> FieldValue:
    if isinstance(raw, int):
        return int(raw)  # a boolean
    value = raw if raw.__class__ is Decimal else Decimal(str(raw).strip())
    whole = int(value)
    if whole != value:
        raise ValueError(raw)
    return whole


def _parse_boolean(raw: Any) -> FieldValue:
    found = _FLAGS.get(raw)
    if found is None:
        found = _FLAGS.get(str(raw).strip().lower())
    if found is None:
        raise ValueError(raw)
    return found


def _parse_date(raw: Any) -> FieldValue:
    return date.fromisoformat(str(raw).strip()[:10])


def _parse_datetime(raw: Any) -> FieldValue:
    value = datetime.fromisoformat(str(raw).strip())
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


_PARSERS: Mapping[FieldType, Converter] = {
    FieldType.TEXT: _parse_text,
    FieldType.PICKLIST: _parse_text,
    FieldType.REFERENCE: _parse_text,
    FieldType.INTEGER: _parse_integer,
    FieldType.BOOLEAN: _parse_boolean,
    FieldType.DATE: _parse_date,
    FieldType.DATETIME: _parse_datetime,
}


_NATIVE: Mapping[FieldType, type] = {
    FieldType.INTEGER: int,
    FieldType.BOOLEAN: bool,
    FieldType.DATE: date,
}
_WORDS = frozenset({str, type(None)})
_DECIMALS = frozenset({Decimal, type(None)})
_TEXTS = frozenset({FieldType.TEXT, FieldType.PICKLIST, FieldType.REFERENCE})


def _translator(field: FieldMapping) -> Callable[[Any], Any] | None:
    if field.value_map:
        return lambda raw: field.value_map.get(str(raw), raw)
    if field.upper:
        return lambda raw: str(raw).upper()
    return None
