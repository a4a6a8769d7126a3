"""Making a subscription: phases, price intervals with overrides, adjustments (orb.md §2.3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from app.sandbox.orb.adjustments import NEW_ADJUSTMENT, make_adjustment, new_interval
from app.sandbox.orb.checks import Check, Shape, list_of, loose, whole
from app.sandbox.orb.errors import constraint, invalid, not_found
from app.sandbox.orb.prices import (
    NEW_ALLOCATION,
    allocation_price,
    make_price,
    price_shape,
    remember,
)
from app.sandbox.orb.times import add_months, local_day, midnight, months_of, parse, stamp
from app.sandbox.orb.world import Row, World

_NEW_PRICE = price_shape("currency reference_id")
ANCHOR = Shape("day* month year:whole", day=whole(1, 31), month=whole(1, 12))
_PRICE_REF = "price_id external_price_id price allocation_price metric_parameter_overrides:object "
_OLD = "minimum_amount:amount maximum_amount:amount discounts:object[] "
_PRICES: dict[str, Check] = {"price": _NEW_PRICE, "allocation_price": NEW_ALLOCATION}
OVERRIDES: dict[str, Check] = {
    "add_prices": list_of(
        loose(
            f"{_PRICE_REF} {_OLD} start_date:moment end_date:moment plan_phase_order:whole",
            **_PRICES,
        )
    ),
    "remove_prices": list_of(loose("price_id external_price_id")),
    "replace_prices": list_of(
        loose(
            f"{_PRICE_REF} {_OLD} fixed_price_quantity:number replaces_price_id*",
            **_PRICES,
        )
    ),
    "add_adjustments": list_of(
        loose(
            "adjustment* start_date:moment end_date:moment plan_phase_order:whole",
            adjustment=NEW_ADJUSTMENT,
        )
    ),
    "remove_adjustments": list_of(loose("adjustment_id*")),
    "replace_adjustments": list_of(
        loose("adjustment* replaces_adjustment_id*", adjustment=NEW_ADJUSTMENT)
    ),
    "price_overrides": list_of(loose("id model_type")),
    "trial_duration_days": whole(0),
    "billing_cycle_anchor_configuration": ANCHOR,
}
COMMON = (
    "usage_customer_ids:text[] filter plan_id external_plan_id per_credit_overage_amount:number "
    "credits_overage_rate:number net_terms:terms auto_collection:flag auto_issuance:flag "
    "default_invoice_memo coupon_redemption_code invoicing_threshold:amount "
    "initial_phase_order:whole plan_version_number:whole " + " ".join(OVERRIDES)
)


@dataclass(frozen=True, slots=True)
class Frame:
    """What all intervals of a subscription on one plan share."""

    start: str
    end: str | None
    timezone: str
    day: int
    month: int | None
    trial_end: str | None
    phases: Sequence[Row]


def phase_spans(plan: Row, start: str, timezone: str, initial: int | None) -> list[Row]:
    """Return order, start and end of each phase of a plan from a moment on."""
    found: list[Row] = []
    at: str | None = start
    for phase in sorted(plan["plan_phases"] or [], key=lambda each: each["order"]):
        if initial is not None and phase["order"] < initial:
            continue
        if at is None:
            break
        end = _phase_end(at, phase, timezone)
        aligned = phase["order"] in plan.get("_aligned_phases", ())
        found.append({"order": phase["order"], "start": at, "end": end, "aligned": aligned})
        at = end
    if initial is not None and plan["plan_phases"] and not found:
        raise constraint(f"The plan has no phase {initial}.")
    return found


def _phase_end(start: str, phase: Row, timezone: str) -> str | None:
    if phase["duration"] is None:
        return None
    day = local_day(start, timezone)
    if phase["duration_unit"] == "daily":
        return midnight(day + timedelta(days=phase["duration"]), timezone)
    months = phase["duration"] * months_of(phase["duration_unit"])
    return midnight(add_months(day, months, day.day), timezone)


def _span(frame: Frame, order: int | None) -> tuple[str, str | None] | None:
    """Return when something of a phase begins and ends; None if that phase never comes."""
    if order is None or not frame.phases:
        return frame.start, frame.end
    for phase in frame.phases:
        if phase["order"] == order:
            ends = [each for each in (phase["end"], frame.end) if each is not None]
            return phase["start"], min(ends, default=None)
    return None


def _aligned(frame: Frame, order: int | None) -> Frame:
    """Return the frame of a phase: billed on the day it begins, where the plan says so."""
    for phase in frame.phases:
        if phase["order"] == order and phase["aligned"]:
            return replace(frame, day=local_day(phase["start"], frame.timezone).day)
    return frame


def price_interval(
    world: World, price: Row, span: tuple[str, str | None], frame: Frame, sent: Mapping[str, Any]
) -> Row:
    """Return a price at work from a start to an end."""
    fixed = price["price_type"] == "fixed_price"
    return {
        "id": world.new_id("price_interval"),
        "start_date": span[0],
        "end_date": span[1],
        "price": price,
        "billing_cycle_day": frame.day,
        "can_defer_billing": bool(sent.get("can_defer_billing")),
        "fixed_fee_quantity_transitions": [] if fixed else None,
        "filter": sent.get("filter"),
        "usage_customer_ids": sent.get("usage_customer_ids"),
        "metric_parameter_overrides": sent.get("metric_parameter_overrides"),
        "_billed": 0,
        "_anchor_month": frame.month,
    }


def build_price_intervals(
    world: World, version: Row, sent: Mapping[str, Any], frame: Frame, currency: str
) -> list[Row]:
    """Return the price intervals of a plan version with the overrides of a request."""
    found: list[Row] = []
    for price in _overridden(world, version["prices"], sent, currency):
        span = _span(frame, price["plan_phase_order"])
        if span is None:
            continue
        if frame.trial_end is not None and price["price_type"] == "fixed_price":
            span = max(span[0], frame.trial_end), span[1]
        if span[1] is None or span[0] < span[1]:
            in_phase = _aligned(frame, price["plan_phase_order"])
            found.append(price_interval(world, price, span, in_phase, sent))
    for each in sent.get("add_prices") or []:
        price = referred_price(world, each, currency)
        whole_span = _span(frame, each.get("plan_phase_order")) or (frame.start, frame.end)
        start, end = each.get("start_date"), each.get("end_date")
        span = (
            whole_span[0] if start is None else stamp(parse(start)),
            whole_span[1] if end is None else stamp(parse(end)),
        )
        found.append(price_interval(world, price, span, frame, sent))
    return found


def referred_price(world: World, sent: Mapping[str, Any], currency: str) -> Row:
    """Return the price that an entry names or describes; a described one is stored."""
    if any(sent.get(name) for name in ("minimum_amount", "maximum_amount", "discounts")):
        raise constraint("Minimums, maximums and discounts of a price are given as adjustments.")
    if sent.get("price_id") is not None:
        return world.at("price", sent["price_id"])
    if sent.get("external_price_id") is not None:
        return world.external("price", sent["external_price_id"])
    phase = sent.get("plan_phase_order")
    if sent.get("price") is not None:
        return remember(world, make_price(world, sent["price"], currency, phase))
    if sent.get("allocation_price") is not None:
        return remember(world, allocation_price(world, sent["allocation_price"], phase))
    raise invalid("price_id: one of price_id, external_price_id, price, allocation_price is needed")


def _overridden(
    world: World, prices: Sequence[Row], sent: Mapping[str, Any], currency: str
) -> list[Row]:
    """Return a plan's prices without the removed ones, the replaced ones exchanged."""
    ids = {name: price["id"] for price in prices for name in _names(price)}
    removed = {
        value
        for each in sent.get("remove_prices") or []
        for value in (each.get("price_id"), each.get("external_price_id"))
        if value is not None
    }
    replaced = {each["replaces_price_id"]: each for each in sent.get("replace_prices") or []}
    old = {str(each.get("id")): each for each in sent.get("price_overrides") or []}
    unknown = (removed | set(replaced) | set(old)) - set(ids)
    if unknown:
        raise not_found("price of the plan", str(min(unknown)))
    found = []
    for price in prices:
        if removed & _names(price):
            continue
        if price["id"] in replaced:
            found.append(_replacement(world, price, replaced[price["id"]], currency))
        elif price["id"] in old:
            found.append(_old_override(world, price, old[price["id"]]))
        else:
            found.append(price)
    return found


def _names(price: Row) -> set[str]:
    return {price["id"], price["external_price_id"] or price["id"]}


def _replacement(world: World, price: Row, sent: Mapping[str, Any], currency: str) -> Row:
    names = ("price_id", "external_price_id", "price", "allocation_price")
    if any(sent.get(name) is not None for name in names):
        new = referred_price(world, sent, currency)
    else:
        new = {**price, "id": world.new_id("price"), "created_at": world.now}
        world.add("price", new)
    quantity = sent.get("fixed_price_quantity")
    changes = {"replaces_price_id": price["id"], "plan_phase_order": price["plan_phase_order"]}
    if quantity is not None:
        if price["price_type"] != "fixed_price":
            raise constraint("Only a fixed fee has a fixed_price_quantity.")
        changes["fixed_price_quantity"] = quantity
    new.update(changes)
    return new


def _old_override(world: World, price: Row, sent: Mapping[str, Any]) -> Row:
    """Return a price as the deprecated price_overrides change it."""
    model = sent.get("model_type")
    if model != price["model_type"]:
        raise constraint("An override keeps the model of its price.")
    kept = {f"{model}_config", "fixed_price_quantity", "conversion_rate", "currency"}
    changes = {name: value for name, value in sent.items() if name in kept and value is not None}
    new = {**price, **changes, "id": world.new_id("price"), "replaces_price_id": price["id"]}
    return world.add("price", new)


def build_adjustment_intervals(
    world: World, version: Row, sent: Mapping[str, Any], frame: Frame
) -> list[Row]:
    """Return the adjustment intervals of a plan version with the overrides of a request."""
    gone = {each["adjustment_id"] for each in sent.get("remove_adjustments") or []}
    replaced = sent.get("replace_adjustments") or []
    gone |= {each["replaces_adjustment_id"] for each in replaced}
    unknown = gone - {each["id"] for each in version["adjustments"]}
    if unknown:
        raise not_found("adjustment of the plan", str(min(unknown)))
    found = []
    for adjustment in version["adjustments"]:
        span = _span(frame, adjustment["plan_phase_order"])
        if adjustment["id"] not in gone and span is not None:
            found.append(new_interval(world, adjustment, *span))
    for each in [*replaced, *(sent.get("add_adjustments") or [])]:
        made = make_adjustment(world, each["adjustment"], each.get("plan_phase_order"))
        made["replaces_adjustment_id"] = each.get("replaces_adjustment_id")
        span = _span(frame, each.get("plan_phase_order")) or (frame.start, frame.end)
        start, end = each.get("start_date"), each.get("end_date")
        found.append(
            new_interval(
                world,
                made,
                span[0] if start is None else stamp(parse(start)),
                span[1] if end is None else stamp(parse(end)),
            )
        )
    return found
