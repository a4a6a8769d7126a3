"""Changing the plan of a subscription, now or later (orb.md §2.3)."""

from collections.abc import Mapping
from typing import Any

from app.sandbox.orb.billing import plan_next_bill
from app.sandbox.orb.coupons_used import redeem
from app.sandbox.orb.errors import constraint
from app.sandbox.orb.subscription_build import (
    Frame,
    build_adjustment_intervals,
    build_price_intervals,
    phase_spans,
)
from app.sandbox.orb.subscription_ends import end_intervals
from app.sandbox.orb.subscription_new import invoicing_settings, named_plan, version_of
from app.sandbox.orb.subscription_rows import show_subscription, status_of, term_end
from app.sandbox.orb.times import later, local_day, parse, stamp
from app.sandbox.orb.world import Row, World


def change_moment(world: World, row: Row, option: str, date: str | None) -> str:
    """Return when a change happens; `date` belongs to `requested_date` and to nothing else."""
    if (option == "requested_date") != (date is not None):
        raise constraint("A date is given with requested_date, and only then.")
    if option == "immediate":
        return world.now
    if option == "end_of_subscription_term":
        return term_end(world, row)
    return stamp(parse(str(date)))


def schedule_plan_change(world: World, row: Row, sent: Mapping[str, Any]) -> None:
    """Plan a change of plan; one that is due happens at once.

    It replaces changes planned for the same time or later, and lifts a cancellation that is not
    before it.

    Raises:
        OrbError: The subscription has ended, or the request breaks a rule.
    """
    if status_of(world, row) == "ended":
        raise constraint("The subscription has ended.")
    plan = named_plan(world, sent)
    version_of(plan, sent)
    if plan["invoicing_currency"] != row["_currency"]:
        raise constraint("The currency of the plan is not that of the subscription.")
    at = change_moment(world, row, sent["change_option"], sent.get("change_date"))
    if at < row["start_date"]:
        raise constraint("The change lies before the start of the subscription.")
    if row["end_date"] is not None and at <= row["end_date"]:
        lift_cancellation(world, row)
    drop_plan_changes(row, at)
    row["_plan_changes"].append({"at": at, "sent": dict(sent), "plan": plan["id"]})
    _enter_schedule(world, row, at, plan["id"])
    about = {"change_date": at, "new_plan_id": plan["id"], "previous_plan_id": row["_plan"]}
    world.emit("subscription.plan_change_scheduled", show_subscription(world, row), **about)
    if at <= world.now:
        carry_out_plan_change(world, row)
    else:
        world.later(at, "change_plan", row["id"])


def drop_plan_changes(row: Row, at: str) -> None:
    """Forget the plan changes planned for a moment or later."""
    row["_plan_changes"] = [each for each in row["_plan_changes"] if each["at"] < at]
    kept = [
        each for each in row["_schedule"] if not each.get("_planned") or each["start_date"] < at
    ]
    row["_schedule"] = kept
    kept[-1]["end_date"] = row["end_date"]


def _enter_schedule(world: World, row: Row, at: str, plan_id: str) -> None:
    row["_schedule"][-1]["end_date"] = at
    row["_schedule"].append(
        {
            "start_date": at,
            "end_date": row["end_date"],
            "created_at": world.now,
            "_plan": plan_id,
            "_planned": True,
        }
    )


def lift_cancellation(world: World, row: Row) -> bool:
    """Take back a cancellation that has not happened yet; False if there was none."""
    before = row.pop("_before_cancel", None)
    if before is None:
        return False
    row["end_date"] = before["end_date"]
    row["price_intervals"] += before["dropped"]
    for each in (*row["price_intervals"], *row["adjustment_intervals"]):
        each["end_date"] = before["ends"].get(each["id"], each["end_date"])
    row["_schedule"][-1]["end_date"] = row["end_date"]
    plan_next_bill(world, row)
    return True


def carry_out_plan_change(world: World, row: Row) -> None:
    """Change the plan, if a change is due."""
    due = [each for each in row["_plan_changes"] if each["at"] <= world.now]
    for change in due:
        row["_plan_changes"].remove(change)
        _change(world, row, change["at"], change["sent"], world.table("plan")[change["plan"]])


def _change(world: World, row: Row, at: str, sent: Mapping[str, Any], plan: Row) -> None:
    before = row["_plan"]
    end_intervals(world, row, at)
    number = version_of(plan, sent)
    frame = _frame(world, row, at, sent, plan)
    version = plan["_versions"][number]
    row["_plan"], row["_version"], row["_phases"] = plan["id"], number, list(frame.phases)
    row["price_intervals"] += build_price_intervals(world, version, sent, frame, row["_currency"])
    row["adjustment_intervals"] += build_adjustment_intervals(world, version, sent, frame)
    row["billing_cycle_day"] = frame.day
    row["name"] = plan["name"]
    row.update(invoicing_settings(plan, sent))
    anchor = sent.get("billing_cycle_anchor_configuration") or {"day": frame.day}
    row["billing_cycle_anchor_configuration"] = {"month": None, "year": None, **anchor}
    if sent.get("usage_customer_ids"):
        row["_usage_customers"] = sent["usage_customer_ids"]
    if frame.trial_end is not None:
        row["trial_info"] = {"end_date": frame.trial_end}
        world.later(frame.trial_end, "end_trial", row["id"])
    if sent.get("coupon_redemption_code") is not None:
        redeem(world, row, {"coupon_redemption_code": sent["coupon_redemption_code"]}, at)
    for entry in row["_schedule"]:
        if entry["start_date"] == at:
            entry.pop("_planned", None)
    plan_next_bill(world, row)
    shown_now = show_subscription(world, row)
    world.emit("subscription.plan_changed", shown_now, previous_plan_id=before)


def _frame(world: World, row: Row, at: str, sent: Mapping[str, Any], plan: Row) -> Frame:
    customer = world.table("customer")[row["_customer"]]
    timezone = customer["timezone"]
    alignment = sent.get("billing_cycle_alignment") or "unchanged"
    if sent.get("align_billing_with_plan_change_date"):
        alignment = "plan_change_date"
    anchor = sent.get("billing_cycle_anchor_configuration") or {}
    days = {
        "unchanged": row["billing_cycle_day"],
        "plan_change_date": local_day(at, timezone).day,
        "start_of_month": 1,
    }
    return Frame(
        start=at,
        end=row["end_date"],
        timezone=timezone,
        day=anchor.get("day", days[alignment]),
        month=anchor.get("month"),
        trial_end=later(at, days=sent["trial_duration_days"])
        if sent.get("trial_duration_days")
        else None,
        phases=phase_spans(plan, at, timezone, sent.get("initial_phase_order")),
    )
