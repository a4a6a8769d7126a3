"""Aria's plans with their services' rates, to be laid beside another system's (aria.md §2)."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from app.domain.convert import text
from app.domain.mapping import EntityMapping, WorkspaceMapping
from app.domain.offer import Offer, Price, Step
from app.domain.record import FieldValue, Record

FIELDS = {
    "plan": ("number", "name", "currency"),
    "service": ("name", "plan", "usage_based", "setup", "pricing_rule"),
    "rate_schedule": ("name", "currency", "usage_interval", "recurring_interval"),
    "rate": ("service", "rate_schedule", "sequence", "rate_per_unit", "to_unit"),
}
_HOW = {
    "Standard": "each unit by its tier",
    "Volume Discount": "by volume",
    "Flat Rate Per Tier": "flat by tier",
}
_Named = Mapping[str, FieldValue]


def offers(mapping: WorkspaceMapping, records: Mapping[str, Sequence[Record]]) -> Iterator[Offer]:
    """Yield the plans, each with a price for each service and rate schedule."""
    found = {name: _named(mapping.entity(name), records[name]) for name in FIELDS}
    rates: dict[tuple[str, str], list[_Named]] = defaultdict(list)
    for rate in found["rate"].values():
        rates[text(rate["service"]), text(rate["rate_schedule"])].append(rate)
    prices: dict[str, list[Price]] = defaultdict(list)
    for (service, schedule), some in rates.items():
        if service in found["service"] and schedule in found["rate_schedule"]:
            plan = text(found["service"][service]["plan"])
            made = _price(found["service"][service], found["rate_schedule"][schedule], some)
            prices[plan].append(made)
    for key, sold in found["plan"].items():
        keys = (key, text(sold["number"]))
        yield Offer(keys, text(sold["name"]), text(sold["currency"]), tuple(prices[key]))


def _named(entity: EntityMapping, records: Sequence[Record]) -> dict[str, _Named]:
    names = [field.name for field in entity.fields]
    return {one.key: dict(zip(names, one.values, strict=True)) for one in records}


def _price(service: _Named, schedule: _Named, rates: Sequence[_Named]) -> Price:
    usage = bool(service["usage_based"])
    months = schedule["usage_interval" if usage else "recurring_interval"]
    if service["setup"]:
        months = 0
    how = text(service["pricing_rule"])
    return Price(
        name=text(service["name"]),
        currency=text(schedule["currency"]),
        months=months if isinstance(months, int) else None,
        how=_HOW.get(how, how),
        steps=_steps(rates),
        words=text(schedule["name"]),
    )


def _steps(rates: Sequence[_Named]) -> tuple[Step, ...] | None:
    """Return the tiers in their order; the last one is for all that are left."""
    ordered = sorted(rates, key=lambda rate: Decimal(text(rate["sequence"]) or 0))
    amounts = [rate["rate_per_unit"] for rate in ordered]
    if not all(isinstance(amount, Decimal) for amount in amounts):
        return None
    ends = [rate["to_unit"] for rate in ordered]
    return tuple(
        Step(end if isinstance(end, Decimal) and place < len(ends) - 1 else None, amount)
        for place, (end, amount) in enumerate(zip(ends, amounts, strict=True))
        if isinstance(amount, Decimal)
    )
