"""Adding and editing the prices and adjustments of one subscription (orb.md §2.3)."""

from collections.abc import Mapping
from typing import Any

from app.sandbox.orb.adjustments import NEW_ADJUSTMENT, make_adjustment, new_interval
from app.sandbox.orb.billing import plan_next_bill
from app.sandbox.orb.checks import KINDS, Shape, either, list_of, loose, one_of
from app.sandbox.orb.errors import constraint, invalid, not_found
from app.sandbox.orb.periods import charged_by, last_charge
from app.sandbox.orb.prices import NEW_ALLOCATION, NEW_FLOATING_PRICE
from app.sandbox.orb.router import Call
from app.sandbox.orb.subscription_build import Frame, price_interval, referred_price
from app.sandbox.orb.subscription_rows import (
    current_period,
    show_subscription,
    status_of,
    term_end,
    timezone_of,
)
from app.sandbox.orb.times import parse, stamp
from app.sandbox.orb.world import Row, World

_TERMS = ("start_of_term", "end_of_term")
_WHEN = either(KINDS["moment"], one_of(*_TERMS))
_QUANTITIES = list_of(loose("quantity*:number effective_date*:moment"))
_DATES = {"start_date": _WHEN, "end_date": _WHEN}
BODY = Shape(
    "add! edit! add_adjustments! edit_adjustments! can_defer_billing:flag "
    "allow_invoice_credit_or_void:flag",
    add=list_of(
        loose(
            "usage_customer_ids:text[] filter price_id external_price_id price allocation_price "
            "start_date* end_date can_defer_billing:flag fixed_fee_quantity_transitions discounts "
            "minimum_amount:number maximum_amount:number metric_parameter_overrides:object",
            price=NEW_FLOATING_PRICE,
            allocation_price=NEW_ALLOCATION,
            fixed_fee_quantity_transitions=_QUANTITIES,
            discounts=list_of(loose("discount_type")),
            **_DATES,
        )
    ),
    edit=list_of(
        loose(
            "usage_customer_ids:text[] filter price_interval_id* start_date! end_date "
            "fixed_fee_quantity_transitions billing_cycle_day:whole can_defer_billing:flag "
            "metric_parameter_overrides:object",
            fixed_fee_quantity_transitions=_QUANTITIES,
            **_DATES,
        )
    ),
    add_adjustments=list_of(
        loose(
            "adjustment_id adjustment start_date* end_date",
            adjustment=NEW_ADJUSTMENT,
            **_DATES,
        )
    ),
    edit_adjustments=list_of(loose("adjustment_interval_id* start_date! end_date", **_DATES)),
)


def add_and_edit(call: Call) -> Row:
    """Add and edit price intervals and adjustment intervals, all or none."""
    world, row, sent = call.world, call.record("subscription"), call.body
    if status_of(world, row) == "ended":
        raise constraint("The subscription has ended.")
    for each in sent.get("edit", []):
        _find(row["price_intervals"], each["price_interval_id"], "price interval")
    for each in sent.get("edit_adjustments", []):
        _find(row["adjustment_intervals"], each["adjustment_interval_id"], "adjustment interval")
    added = [_added(world, row, each) for each in sent.get("add", [])]
    adjustments = [_added_adjustment(world, row, each) for each in sent.get("add_adjustments", [])]
    row["price_intervals"] += added
    row["adjustment_intervals"] += adjustments
    for each in sent.get("edit", []):
        _edit(world, row, each)
    for each in sent.get("edit_adjustments", []):
        found = _find(row["adjustment_intervals"], each["adjustment_interval_id"], "interval")
        _move(world, row, found, each)
    for kind in ("price_intervals", "adjustment_intervals"):
        row[kind] = [each for each in row[kind] if each["end_date"] != each["start_date"]]
    plan_next_bill(world, row)
    return {**show_subscription(world, row), "changed_resources": None}


def _when(world: World, row: Row, value: str | None) -> str | None:
    if value is None:
        return None
    if value == "start_of_term":
        period = current_period(world, row)
        return period.start if period else str(row["start_date"])
    return term_end(world, row) if value == "end_of_term" else stamp(parse(value))


def _span(world: World, row: Row, sent: Mapping[str, Any]) -> tuple[str, str | None]:
    start = _when(world, row, sent["start_date"])
    end = _when(world, row, sent.get("end_date")) or row["end_date"]
    if start is None or start < row["start_date"]:
        raise constraint("An interval does not begin before its subscription.")
    if end is not None and end < start:
        raise constraint("An interval does not end before it begins.")
    return start, end


def _added(world: World, row: Row, sent: Mapping[str, Any]) -> Row:
    span = _span(world, row, sent)
    price = referred_price(world, sent, row["_currency"])
    frame = Frame(
        start=row["start_date"],
        end=row["end_date"],
        timezone=timezone_of(world, row),
        day=row["billing_cycle_day"],
        month=row["billing_cycle_anchor_configuration"]["month"],
        trial_end=None,
        phases=(),
    )
    found = price_interval(world, price, span, frame, sent)
    if sent.get("fixed_fee_quantity_transitions") is not None:
        found["fixed_fee_quantity_transitions"] = _quantities(price, sent)
    return found


def _quantities(price: Row, sent: Mapping[str, Any]) -> list[Row]:
    if price["price_type"] != "fixed_price":
        raise constraint("Only a fixed fee has quantities.")
    return [
        {
            "price_id": price["id"],
            "effective_date": stamp(parse(each["effective_date"])),
            "quantity": each["quantity"],
        }
        for each in sent["fixed_fee_quantity_transitions"]
    ]


def _added_adjustment(world: World, row: Row, sent: Mapping[str, Any]) -> Row:
    span = _span(world, row, sent)
    if sent.get("adjustment") is not None:
        return new_interval(world, make_adjustment(world, sent["adjustment"], None), *span)
    for interval in row["adjustment_intervals"]:
        if interval["adjustment"]["id"] == sent.get("adjustment_id"):
            return new_interval(world, interval["adjustment"], *span)
    if sent.get("adjustment_id") is None:
        raise invalid("add_adjustments: one of adjustment and adjustment_id is needed")
    raise not_found("adjustment", sent["adjustment_id"])


def _find(rows: list[Row], interval_id: str, kind: str) -> Row:
    for each in rows:
        if each["id"] == interval_id:
            return each
    raise not_found(kind, interval_id)


def _edit(world: World, row: Row, sent: Mapping[str, Any]) -> None:
    found = _find(row["price_intervals"], sent["price_interval_id"], "price interval")
    if found["_billed"] and sent.get("start_date") is not None:
        raise constraint("The start of an interval that has been billed cannot be moved.")
    timezone = timezone_of(world, row)
    charged = last_charge(found, timezone)
    end = _when(world, row, sent.get("end_date"))
    if end is not None and end < charged:
        raise constraint("An interval does not end before what has been billed of it.")
    _move(world, row, found, sent)
    if sent.get("fixed_fee_quantity_transitions") is not None:
        found["fixed_fee_quantity_transitions"] = _quantities(found["price"], sent)
    for name in ("billing_cycle_day", "can_defer_billing", "filter", "usage_customer_ids"):
        if sent.get(name) is not None:
            found[name] = sent[name]
    if sent.get("billing_cycle_day") is not None:
        found["_billed"] = charged_by(found, charged, timezone)


def _move(world: World, row: Row, found: Row, sent: Mapping[str, Any]) -> None:
    start, end = found["start_date"], found["end_date"]
    if sent.get("start_date") is not None:
        start = _when(world, row, sent["start_date"])
    if "end_date" in sent:
        end = _when(world, row, sent["end_date"])
    if end is not None and end < start:
        raise constraint("An interval does not end before it begins.")
    found["start_date"], found["end_date"] = start, end
