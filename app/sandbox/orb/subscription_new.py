"""Creating a subscription (orb.md §2.3)."""

from collections.abc import Mapping
from typing import Any

from app.sandbox.orb.billing import plan_next_bill
from app.sandbox.orb.coupons_used import redeem
from app.sandbox.orb.customers import named_customer
from app.sandbox.orb.errors import constraint, invalid
from app.sandbox.orb.metadata import merged
from app.sandbox.orb.subscription_build import (
    Frame,
    build_adjustment_intervals,
    build_price_intervals,
    phase_spans,
)
from app.sandbox.orb.subscription_rows import show_subscription, status_of
from app.sandbox.orb.times import later, local_day, midnight, parse, stamp
from app.sandbox.orb.world import Row, World

_MOST_SUBSCRIPTIONS = 100


def named_plan(world: World, sent: Mapping[str, Any]) -> Row:
    """Return the plan that a body names by one of its ids.

    Raises:
        OrbError: None or both are given, there is none, or it is a draft.
    """
    plain, external = sent.get("plan_id"), sent.get("external_plan_id")
    if (plain is None) == (external is None):
        raise invalid("plan_id: exactly one of plan_id and external_plan_id is needed")
    plan = world.at("plan", plain) if plain else world.external("plan", str(external))
    if plan["status"] == "draft":
        raise constraint("The plan is a draft.")
    return plan


def version_of(plan: Row, sent: Mapping[str, Any]) -> int:
    """Return the number of the plan version that a body asks for, else the default one."""
    found = sent.get("plan_version_number") or plan["version"]
    if found not in plan["_versions"]:
        raise constraint(f"The plan has no version {found}.")
    return int(found)


def frame_of(world: World, plan: Row, customer: Row, sent: Mapping[str, Any]) -> Frame:
    """Return what the intervals of a new subscription share."""
    timezone = customer["timezone"]
    today = midnight(local_day(world.now, timezone), timezone)
    start = sent.get("start_date")
    start = today if start is None else stamp(parse(start))
    end = sent.get("end_date")
    end = None if end is None else stamp(parse(end))
    if end is not None and end <= start:
        raise constraint("The end_date lies after the start_date.")
    days = sent.get("trial_duration_days")
    if days is None:
        days = plan["trial_config"]["trial_period"]
    anchor = sent.get("billing_cycle_anchor_configuration") or {}
    aligned = sent.get("align_billing_with_subscription_start_date")
    day = local_day(start, timezone).day if aligned else 1
    return Frame(
        start=start,
        end=end,
        timezone=timezone,
        day=anchor.get("day", day),
        month=anchor.get("month"),
        trial_end=later(start, days=days) if days else None,
        phases=phase_spans(plan, start, timezone, sent.get("initial_phase_order")),
    )


def new_subscription(world: World, sent: Mapping[str, Any]) -> Row:
    """Store a new subscription from a verified body, with its first billing planned; return it.

    Raises:
        OrbError: It refers to what is not there, or breaks a rule.
    """
    customer, plan = named_customer(world, sent), named_plan(world, sent)
    _check(world, customer, plan, sent)
    frame = frame_of(world, plan, customer, sent)
    number = version_of(plan, sent)
    version = plan["_versions"][number]
    currency = plan["invoicing_currency"]
    row = _row(world, plan, customer, sent, frame)
    row["price_intervals"] = build_price_intervals(world, version, sent, frame, currency)
    row["adjustment_intervals"] = build_adjustment_intervals(world, version, sent, frame)
    row["_version"] = number
    if sent.get("coupon_redemption_code") is not None:
        redeem(world, row, {"coupon_redemption_code": sent["coupon_redemption_code"]}, frame.start)
    world.add("subscription", row)
    customer["_subscriptions"].append(row["id"])  # not before: what is refused leaves nothing
    _plan_ahead(world, row)
    world.emit("subscription.created", show_subscription(world, row))
    return row


def _check(world: World, customer: Row, plan: Row, sent: Mapping[str, Any]) -> None:
    asked = sent.get("currency") or plan["invoicing_currency"]
    if asked != plan["invoicing_currency"] or customer["currency"] not in {None, asked}:
        raise constraint("The currency of the plan is not that of the customer.")
    table = world.table("subscription").rows
    mine = [table[each] for each in customer.setdefault("_subscriptions", [])]
    count = sum(status_of(world, row) != "ended" for row in mine)
    if count >= _MOST_SUBSCRIPTIONS:
        raise constraint(f"A customer has at most {_MOST_SUBSCRIPTIONS} subscriptions.")


def invoicing_settings(plan: Row, sent: Mapping[str, Any]) -> Row:
    """Return how a subscription is invoiced on a plan: what is not told is the plan's.

    Where the plan has nothing to say, null stands for what the customer has (orb.md §2.3).
    """
    terms, memo = sent.get("net_terms"), sent.get("default_invoice_memo")
    return {
        "default_invoice_memo": plan["default_invoice_memo"] if memo is None else memo,
        "auto_collection": sent.get("auto_collection"),
        "auto_issuance": sent.get("auto_issuance"),
        "net_terms": (plan["net_terms"] or 0) if terms is None else terms,
        "invoicing_threshold": sent.get("invoicing_threshold"),
    }


def _row(world: World, plan: Row, customer: Row, sent: Mapping[str, Any], frame: Frame) -> Row:
    anchor = sent.get("billing_cycle_anchor_configuration") or {"day": frame.day}
    found: Row = {
        "metadata": merged({}, sent.get("metadata")),
        "id": world.new_id("subscription"),
        "name": sent.get("name") or plan["name"],
        "start_date": frame.start,
        "end_date": frame.end,
        "created_at": world.now,
        "trial_info": {"end_date": frame.trial_end},
        **invoicing_settings(plan, sent),
        "redeemed_coupon": None,
        "billing_cycle_day": frame.day,
        "billing_cycle_anchor_configuration": {"month": None, "year": None, **anchor},
        "_customer": customer["id"],
        "_plan": plan["id"],
        "_currency": plan["invoicing_currency"],
        "_phases": list(frame.phases),
        "_pending_change": None,
        "_plan_changes": [],
        "_usage": {},
        "_usage_customers": sent.get("usage_customer_ids") or [customer["id"]],
        "_schedule": [],
        "_invoices": [],
    }
    found["_schedule"].append(
        {
            "start_date": frame.start,
            "end_date": frame.end,
            "created_at": world.now,
            "_plan": plan["id"],
        }
    )
    return found


def _plan_ahead(world: World, row: Row) -> None:
    world.later(max(row["start_date"], world.now), "start", row["id"])
    if row["end_date"] is not None:
        world.later(row["end_date"], "end", row["id"])
    if row["trial_info"]["end_date"] is not None:
        world.later(row["trial_info"]["end_date"], "end_trial", row["id"])
    plan_next_bill(world, row)
