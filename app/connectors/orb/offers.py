"""Orb's plans with their prices, to be laid beside another system's (orb.md §2.2)."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from app.connectors.orb.preview import in_words
from app.connectors.orb.price_words import limit_words
from app.domain.convert import text
from app.domain.mapping import WorkspaceMapping
from app.domain.offer import Offer, Price, Step
from app.domain.record import Record

FIELDS = {"plan": ("status", "external_plan_id", "name", "invoicing_currency", "prices")}
_MONTHS = {"one_time": 0, "monthly": 1, "quarterly": 3, "semi_annual": 6, "annual": 12}
_TIERS = {"tiered": ("last_unit", "each unit by its tier"), "bulk": ("maximum_units", "by volume")}
_LIMITS = ("minimum", "maximum", "discount")
_WHOLE = "Whole plan"
_decoder = msgspec.json.Decoder(list[dict[str, Any]], float_hook=Decimal)


def offers(mapping: WorkspaceMapping, records: Mapping[str, Sequence[Record]]) -> Iterator[Offer]:
    """Yield the plans that are sold; of drafts and archived ones nothing is said."""
    index = mapping.entity("plan").index
    for record in records["plan"]:
        values = {name: text(record.values[place]) for name, place in index.items()}
        if values["status"] == "active":
            keys = tuple(filter(None, (record.key, values["external_plan_id"])))
            prices = map(_price, _decoder.decode(values["prices"] or "[]"))
            currency = values["invoicing_currency"]
            found = (*prices, *_of_whole_plan(values, currency))
            yield Offer(keys, values["name"], currency, found)


def _price(price: Mapping[str, Any]) -> Price:
    model, currency = str(price.get("model_type")), str(price.get("currency") or "")
    # With a minimum, a maximum or a discount a price costs something else than its tiers say.
    is_plain = not any(limit_words(price, currency))
    return Price(
        name=str(price.get("name") or ""),
        currency=currency,
        months=_MONTHS.get(str(price.get("cadence"))),
        how=_TIERS.get(model, ("", ""))[1],
        steps=_steps_told(model, price.get(f"{model}_config") or {}) if is_plain else None,
        words=in_words(price),
    )


def _of_whole_plan(values: Mapping[str, str], currency: str) -> Iterator[Price]:
    """Yield minimum, maximum and discount of a plan, as one price; nothing where it has none."""
    held = {name: _object(values.get(name, "")) for name in _LIMITS}
    if words := ", ".join(limit_words(held, currency)):
        yield Price(_WHOLE, currency, None, "", None, words)


def _object(value: str) -> Any:
    try:
        return msgspec.json.decode(value or "null")
    except msgspec.DecodeError:
        return None


def _steps_told(model: str, config: Mapping[str, Any]) -> tuple[Step, ...] | None:
    """Return a price's tiers, None where its config is not as Orb describes it."""
    try:
        return _steps(model, config)
    except (KeyError, TypeError, InvalidOperation):
        return None


def _steps(model: str, config: Mapping[str, Any]) -> tuple[Step, ...] | None:
    """Return a price's tiers, None for a model that has other parts than tiers."""
    if model == "unit":
        return (Step(None, Decimal(str(config["unit_amount"]))),)
    if model not in _TIERS:
        return None
    last, _how = _TIERS[model]
    return tuple(
        Step(
            None if row.get(last) is None else Decimal(str(row[last])),
            Decimal(str(row["unit_amount"])),
        )
        for row in config["tiers"]
    )
