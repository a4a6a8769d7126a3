"""From an object's describe to the rules of its fields (salesforce.md §12)."""

from collections.abc import Iterator, Mapping

from app.connectors.salesforce.schema import FieldShape
from app.connectors.salesforce.standard_prices import ENTRY
from app.domain.constraint import Constraints, FieldRule, Precedence
from app.domain.mapping import EntityMapping

_FIRST_DAY, _LAST_DAY = "1700-01-01", "4000-12-31"
_DAYS = frozenset({"date", "datetime"})
_NUMBERS = frozenset({"double", "currency", "percent"})
_PRICE = "whether each product has its standard price before a custom one"
_CURRENCY = "whether each product has its standard price in the currency of a custom one"


def constraints_of(
    entity: EntityMapping, fields: Mapping[str, FieldShape], prices: Precedence | None = None
) -> Constraints:
    """Return the rules of an entity's mapped fields, and what an insert must give besides.

    `prices` is what is known of standard prices (`standard_prices`).
    """
    mapped = {field.name: fields[field.salesforce] for field in entity.fields}
    filled = {field.salesforce for field in entity.fields} | {entity.salesforce_key}
    return Constraints(
        {name: _rule(shape) for name, shape in mapped.items()},
        tuple(_wanted(fields, filled)),
        tuple(_unknown(entity, fields, prices)),
        prices,
    )


def _unknown(
    entity: EntityMapping, fields: Mapping[str, FieldShape], prices: Precedence | None
) -> Iterator[str]:
    if entity.sobject == ENTRY and prices is None:
        yield _PRICE
    elif entity.sobject == ENTRY and "CurrencyIsoCode" in fields:
        yield _CURRENCY


def _rule(shape: FieldShape) -> FieldRule:
    kind = str(shape.get("type", ""))
    scale = int(shape.get("scale") or 0)
    precision = int(shape.get("precision") or 0)
    fixed = kind in _NUMBERS and precision > 0
    restricted = bool(shape.get("restrictedPicklist"))
    listed = shape.get("picklistValues") or () if restricted else ()
    return FieldRule(
        required=_must_be_given(shape),
        length=int(shape.get("length") or 0) if kind not in {"reference", "id"} else 0,
        digits=precision - scale if fixed else int(shape.get("digits") or 0),
        scale=scale if fixed else None,
        values=tuple(str(each["value"]) for each in listed if each.get("active", True)),
        unique=bool(shape.get("unique")),
        insertable=shape.get("createable") is not False,
        updatable=shape.get("updateable") is not False,
        earliest=_FIRST_DAY if kind in _DAYS else "",
        latest=_LAST_DAY if kind in _DAYS else "",
    )


def _must_be_given(shape: FieldShape) -> bool:
    return (
        shape.get("nillable") is False
        and not shape.get("defaultedOnCreate")
        and shape.get("createable") is not False
        and shape.get("type") != "boolean"
    )


def _wanted(fields: Mapping[str, FieldShape], filled: set[str]) -> Iterator[str]:
    return (name for name, shape in fields.items() if _must_be_given(shape) and name not in filled)
