"""What Aria's answers may look like, made one: arrays, twins, quoted numbers (aria.md §4)."""

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from app.domain.record import decimal_text

Row = Mapping[str, Any]
_TWIN = "_2"
_DAY = 10  # characters of yyyy-mm-dd
_ENDLESS = 999_999_999_999


def rows(parent: Row, name: str) -> list[Row]:
    """Return the rows of an array; absent, null or empty are none, an object is one row.

    A member with a `_2` twin takes the twin's value (aria.md §4.2, §4.5).
    """
    found = _twin(parent, name)
    if isinstance(found, dict):
        found = found.get(f"{name}_row", [found])  # how XML and forms wrap rows (aria.md §1.3)
    if isinstance(found, dict):
        found = [found]
    if not isinstance(found, list):
        return []
    return [_settled(row) for row in found if isinstance(row, dict)]


def scalars(parent: Row, name: str) -> list[Any]:
    """Return the values of a scalar array: plain, or objects with one key (aria.md §4.3)."""
    found = _twin(parent, name)
    listed = found if isinstance(found, list) else [] if found in (None, "") else [found]
    single = (next(iter(x.values()), None) if isinstance(x, dict) else x for x in listed)
    return [value for value in single if value not in (None, "")]


def text(value: Any) -> str:
    """Return a value as text; nothing is `""`, a number has no trailing zeros."""
    if value.__class__ is str:
        return str.strip(value)
    if value is None:
        return ""
    return decimal_text(value) if isinstance(value, Decimal) else str(value).strip()


def number(value: Any) -> Decimal | None:
    """Return a number that may come quoted; None for anything else."""
    if isinstance(value, bool) or value in (None, ""):
        return None
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def whole(value: Any) -> int | None:
    """Return a whole number that may come quoted; None for anything else."""
    if value.__class__ is int:
        return int(value)
    found = number(value)
    return None if found is None or found != found.to_integral_value() else int(found)


def named(value: Any) -> int | None:
    """Return the number by which a record is named; None for none, of which 0 is one (§4.5)."""
    return whole(value) or None


def tier_end(value: Any) -> Decimal | None:
    """Return the last unit of a tier; None for no end, as a very large number says too (§4.15)."""
    found = number(value)
    return None if found is None or found >= _ENDLESS else found


def is_on(value: Any) -> bool:
    """Return whether an indicator is set: 1, `"1"`, `"true"`, `Y`, `Yes` (aria.md §4.6)."""
    return str(value).strip().lower() in {"1", "true", "y", "yes"}


def flag(value: Any) -> int | None:
    """Return an indicator as an input takes it, 0 or 1; None where it is not told (§4.6)."""
    return None if value in (None, "") else int(is_on(value))


def day(value: Any) -> str:
    """Return a date as an input takes it: Aria may print it with a time (aria.md §1.7)."""
    return text(value)[:_DAY]


def given(pairs: Mapping[str, Any]) -> dict[str, Any]:
    """Return what has a value; an empty text equals not sending it (aria.md §1.3)."""
    return {name: value for name, value in pairs.items() if value not in (None, "", [])}


def joined(*parts: Any) -> str:
    """Return the composite key of those parts, `""` where one is missing."""
    texts = [text(part) for part in parts]
    return "|".join(texts) if all(texts) else ""


def supplemental(fields: list[Row], name: str) -> str | None:
    """Return a supplemental field's value; several are joined with `; ` (aria.md §4.17)."""
    return "; ".join(dict(_supplemental_values(fields)).get(name, [])) or None


def supplemental_fields(fields: list[Row]) -> dict[str, list[str]]:
    """Return all supplemental fields of a plan, each with its values in order."""
    return dict(_supplemental_values(fields))


def _supplemental_values(fields: list[Row]) -> Iterator[tuple[str, list[str]]]:
    names = dict.fromkeys(text(row.get("plan_supp_field_name")) for row in fields)
    for name in filter(None, names):
        same = (row for row in fields if text(row.get("plan_supp_field_name")) == name)
        values = (row.get("plan_supp_field_value") for row in same)
        yield name, [str(value) for value in values if value not in (None, "")]


def _twin(parent: Row, name: str) -> Any:
    found = parent.get(name + _TWIN)
    return parent.get(name) if found is None else found


def _settled(row: dict[str, Any]) -> Row:
    twins = _twin_names(tuple(row))
    if not twins:
        return row
    found = {name: row[name] for name in twins if row[name] is not None}
    return row | {name.removesuffix(_TWIN): value for name, value in found.items()}


@lru_cache(maxsize=1024)
def _twin_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return which members are twins; rows of one array nearly all have the same members."""
    return tuple(name for name in names if name.endswith(_TWIN))
