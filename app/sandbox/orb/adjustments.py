"""Adjustments: discounts, minimums and maximums on the lines of an invoice (orb.md §2.2)."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from app.sandbox.orb.amounts import cents, money, number
from app.sandbox.orb.checks import Check, list_of, loose, tagged
from app.sandbox.orb.errors import constraint
from app.sandbox.orb.prices import PRICE_FILTER
from app.sandbox.orb.world import Row, World, shown

_VALUE = {
    "percentage_discount": "percentage_discount*:number",
    "usage_discount": "usage_discount*:number",
    "amount_discount": "amount_discount*:amount",
    "minimum": "minimum_amount*:amount item_id*",
    "maximum": "maximum_amount*:amount",
    "tiered_percentage_discount": "tiers*",
}
_COMMON = (
    "adjustment_type* applies_to_price_ids:text[] applies_to_item_ids:text[] applies_to_all:flag "
    "filters currency price_type:usage|fixed_in_advance|fixed_in_arrears|fixed|in_arrears "
    "is_invoice_level!:flag reason "
)
_TIERS = list_of(loose("lower_bound*:number upper_bound:number percentage*:number"))
NEW_ADJUSTMENT: Check = tagged(
    "adjustment_type",
    {
        kind: loose(f"{_COMMON} {spec}", filters=list_of(PRICE_FILTER), tiers=_TIERS)
        for kind, spec in _VALUE.items()
    },
)
_ZERO = Decimal(0)


def make_adjustment(world: World, sent: Mapping[str, Any], phase: int | None) -> Row:
    """Return an adjustment from a verified body."""
    kind = sent["adjustment_type"]
    ids = list(sent.get("applies_to_price_ids") or [])
    filters = list(sent.get("filters") or [])
    if ids:
        filters.append({"field": "price_id", "operator": "includes", "values": ids})
    items = sent.get("applies_to_item_ids")
    if items:
        filters.append({"field": "item_id", "operator": "includes", "values": list(items)})
    names = [word.split("*")[0] for word in _VALUE[kind].split()]
    if kind == "percentage_discount" and not 0 <= sent["percentage_discount"] <= 1:
        raise constraint("A percentage_discount is from 0 to 1.")
    return {
        "id": world.new_id("adjustment"),
        "is_invoice_level": sent.get("is_invoice_level", True),
        "filters": filters,
        "applies_to_price_ids": ids,
        "reason": sent.get("reason"),
        "replaces_adjustment_id": None,
        "adjustment_type": kind,
        **{name: sent[name] for name in names},
        "plan_phase_order": phase,
    }


def new_interval(world: World, adjustment: Row, start: str, end: str | None) -> Row:
    """Return an adjustment at work on a subscription from `start` to `end`."""
    return {
        "id": world.new_id("adjustment_interval"),
        "adjustment": adjustment,
        "start_date": start,
        "end_date": end,
        "applies_to_price_interval_ids": [],
    }


def _value_of(price: Row, name: str) -> object:
    return {
        "price_id": price["id"],
        "item_id": price["item"]["id"],
        "price_type": price["price_type"],
        "currency": price["currency"],
    }.get(name)


def applies(adjustment: Row, price: Row) -> bool:
    """Tell whether an adjustment is about a price, or about what that price replaced."""
    for each in adjustment["filters"]:
        inside = _value_of(price, each["field"]) in each["values"]
        if each["field"] == "price_id" and price["replaces_price_id"] in each["values"]:
            inside = True
        if inside != (each["operator"] == "includes"):
            return False
    return True


def adjust(lines: Sequence[Row], intervals: Iterable[Row]) -> None:
    """Apply adjustments to the lines whose period begins within them, in the order given."""
    for interval in intervals:
        adjustment = interval["adjustment"]
        mine = [
            line
            for line in lines
            if applies(adjustment, line["price"])
            and interval["start_date"] <= line["start_date"]
            and (interval["end_date"] is None or line["start_date"] < interval["end_date"])
        ]
        if mine:
            _apply(adjustment, mine)


def _apply(adjustment: Row, lines: Sequence[Row]) -> None:
    whole = sum((number(line["adjusted_subtotal"]) for line in lines), _ZERO)
    kind = adjustment["adjustment_type"]
    left = _change(adjustment, whole)
    for line in lines:
        now = number(line["adjusted_subtotal"])
        if kind == "usage_discount":
            part = -_worth(line, number(adjustment["usage_discount"]))
        elif kind in {"percentage_discount", "tiered_percentage_discount"}:
            part = cents(left * now / whole) if whole else _ZERO
        elif kind == "minimum":
            part = left
        else:
            part = max(-now, left)
        left = left - part if kind in {"amount_discount", "maximum", "minimum"} else left
        if part == 0:
            continue
        line["adjusted_subtotal"] = money(now + part)
        line["adjustments"].append(monetary(adjustment, abs(part)))


def _worth(line: Row, units: Decimal) -> Decimal:
    quantity = number(line["quantity"])
    if quantity <= 0:
        return _ZERO
    return cents(number(line["adjusted_subtotal"]) * min(units, quantity) / quantity)


def _change(adjustment: Row, whole: Decimal) -> Decimal:
    """Return by how much an adjustment moves a sum."""
    kind = adjustment["adjustment_type"]
    if kind == "percentage_discount":
        return -whole * number(adjustment["percentage_discount"])
    if kind == "amount_discount":
        return -min(whole, number(adjustment["amount_discount"]))
    if kind == "minimum":
        return max(_ZERO, number(adjustment["minimum_amount"]) - whole)
    if kind == "maximum":
        return min(_ZERO, number(adjustment["maximum_amount"]) - whole)
    if kind == "tiered_percentage_discount":
        return -sum((_tier_discount(tier, whole) for tier in adjustment["tiers"]), _ZERO)
    return _ZERO


def _tier_discount(tier: Row, whole: Decimal) -> Decimal:
    lower = number(tier["lower_bound"])
    upper = whole if tier.get("upper_bound") is None else min(whole, number(tier["upper_bound"]))
    return max(_ZERO, upper - lower) * number(tier["percentage"])


def monetary(adjustment: Row, amount: Decimal) -> Row:
    """Return an adjustment as the line of an invoice shows it."""
    found = {**shown(adjustment), "amount": money(amount)}
    del found["plan_phase_order"]
    return found
