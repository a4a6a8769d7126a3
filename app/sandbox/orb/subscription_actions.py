"""What can be done to a subscription after it was made (orb.md §2.3)."""

from datetime import timedelta

from app.sandbox.orb.amounts import plain
from app.sandbox.orb.billing import plan_next_bill, quantity_at
from app.sandbox.orb.coupons_used import redeem
from app.sandbox.orb.errors import constraint, not_found
from app.sandbox.orb.fixed_fees import change_quantity, drop_later_quantities
from app.sandbox.orb.plan_changes import (
    change_moment,
    drop_plan_changes,
    lift_cancellation,
    schedule_plan_change,
)
from app.sandbox.orb.router import Call
from app.sandbox.orb.subscription_ends import check_end, end_intervals
from app.sandbox.orb.subscription_rows import (
    active_phase,
    current_period,
    is_alive,
    show_subscription,
    status_of,
    timezone_of,
)
from app.sandbox.orb.times import day_or_moment, parse, stamp
from app.sandbox.orb.world import Row, World


def _alive(call: Call) -> Row:
    """Return the subscription of a call, which has not ended."""
    row = call.record("subscription")
    if status_of(call.world, row) == "ended":
        raise constraint("The subscription has ended.")
    return row


def _answer(call: Call, row: Row) -> Row:
    return {**show_subscription(call.world, row), "changed_resources": None}


def _may_credit(call: Call) -> bool:
    return call.sent("allow_invoice_credit_or_void") is not False


def cancel(call: Call) -> Row:
    """End a subscription now, at a date, or at the end of its term."""
    world, row = call.world, _alive(call)
    option = call.body["cancel_option"]
    end = change_moment(world, row, option, call.sent("cancellation_date"))
    if status_of(world, row) == "upcoming":
        if option != "immediate":
            raise constraint("An upcoming subscription can only be cancelled immediately.")
        end = row["start_date"]
    if end < row["start_date"]:
        raise constraint("The cancellation lies before the start of the subscription.")
    check_end(world, row, end, allow=_may_credit(call))
    lift_cancellation(world, row)
    before = _before_cancel(row, end)
    drop_plan_changes(row, end)
    end_intervals(world, row, end)
    row["end_date"] = end
    row["_schedule"][-1]["end_date"] = end
    if end > world.now:
        row["_before_cancel"] = before
    world.later(max(end, world.now), "end", row["id"])
    shown = show_subscription(world, row)
    world.emit("subscription.cancellation_scheduled", shown, cancellation_date=end)
    return _answer(call, row)


def _before_cancel(row: Row, end: str) -> Row:
    """Return what is needed to take a cancellation back."""
    intervals = (*row["price_intervals"], *row["adjustment_intervals"])
    return {
        "end_date": row["end_date"],
        "ends": {each["id"]: each["end_date"] for each in intervals},
        "dropped": [each for each in row["price_intervals"] if each["start_date"] >= end],
    }


def unschedule_cancellation(call: Call) -> Row:
    """Take back a cancellation that is yet to come."""
    row = _alive(call)
    end = row["end_date"]
    if not lift_cancellation(call.world, row):
        raise constraint("No cancellation is scheduled.")
    shown = show_subscription(call.world, row)
    call.world.emit("subscription.cancellation_unscheduled", shown, original_cancellation_date=end)
    return _answer(call, row)


def change_plan(call: Call) -> Row:
    """Plan a change of plan, or make it at once."""
    row = _alive(call)
    schedule_plan_change(call.world, row, call.body)
    return _answer(call, row)


def unschedule_plan_changes(call: Call) -> Row:
    """Forget all changes of plan that are yet to come."""
    row = _alive(call)
    if not row["_plan_changes"]:
        raise constraint("No plan change is scheduled.")
    drop_plan_changes(row, call.world.now)
    return _answer(call, row)


def update_quantity(call: Call) -> Row:
    """Change the quantity of a fixed fee."""
    world, row = call.world, _alive(call)
    if status_of(world, row) != "active":
        raise constraint("The subscription is not active.")
    interval = _fee(world, row, call.body["price_id"])
    option = call.sent("change_option") or (
        "effective_date" if call.sent("effective_date") else "immediate"
    )
    date = call.sent("effective_date")
    if (option == "effective_date") != (date is not None):
        raise constraint("An effective_date is given with that change_option, and only then.")
    at = world.now
    if option == "upcoming_invoice":
        period = current_period(world, row)
        at = period.end if period else world.now
    elif date is not None:
        at = day_or_moment(date, timezone_of(world, row))
    new, old = call.body["quantity"], quantity_at(interval, at)
    if new < 0:
        raise constraint("A quantity is not negative.")
    change_quantity(world, row, interval, at, new)
    world.emit(
        "subscription.fixed_fee_quantity_updated",
        show_subscription(world, row),
        effective_date=at,
        new_quantity=new,
        old_quantity=plain(old),
        price_id=interval["price"]["id"],
    )
    return _answer(call, row)


def _fee(world: World, row: Row, price_id: str) -> Row:
    for interval in row["price_intervals"]:
        price = interval["price"]
        if price_id in {price["id"], price["replaces_price_id"]} and (
            interval["end_date"] is None or interval["end_date"] > world.now
        ):
            if price["price_type"] != "fixed_price":
                raise constraint("The price is no fixed fee.")
            found: Row = interval
            return found
    raise not_found("price of the subscription", price_id)


def unschedule_quantities(call: Call) -> Row:
    """Forget the changes of a fixed fee's quantity that are yet to come."""
    row = _alive(call)
    drop_later_quantities(call.world, _fee(call.world, row, call.body["price_id"]))
    return _answer(call, row)


def update_trial(call: Call) -> Row:
    """Move the end of a trial; the fixed fees begin when it ends."""
    world, row = call.world, _alive(call)
    before = row["trial_info"]["end_date"]
    if before is None or before <= world.now:
        raise constraint("The subscription is not in a trial.")
    asked = call.body["trial_end_date"]
    end = world.now if asked == "immediate" else day_or_moment(asked, timezone_of(world, row))
    if end < world.now:
        raise constraint("The trial ends now or later.")
    shifts = bool(call.sent("shift"))
    if shifts:
        _shift(row, before, parse(end) - parse(before))
    for interval in row["price_intervals"]:
        fixed = interval["price"]["price_type"] == "fixed_price"
        unbilled = interval["_billed"] == 0
        if not shifts and fixed and interval["start_date"] == before and unbilled:
            interval["start_date"] = end
    row["trial_info"] = {"end_date": end}
    world.later(end, "end_trial", row["id"])
    plan_next_bill(world, row)
    return _answer(call, row)


def _shift(row: Row, since: str, by: timedelta) -> None:
    """Move what begins at a moment or later and was not billed; each keeps its duration."""
    for kind in ("price_intervals", "adjustment_intervals"):
        for each in row[kind]:
            if each["start_date"] >= since and each.get("_billed", 0) == 0:
                each["start_date"] = stamp(parse(each["start_date"]) + by)
                each["end_date"] = _moved(each["end_date"], by)
    for phase in row["_phases"]:
        if phase["start"] >= since:
            phase["start"] = stamp(parse(phase["start"]) + by)
            phase["end"] = _moved(phase["end"], by)


def _moved(moment: str | None, by: timedelta) -> str | None:
    return None if moment is None else stamp(parse(moment) + by)


def trigger_phase(call: Call) -> Row:
    """Begin the next phase of the plan now or at a date."""
    world, row = call.world, _alive(call)
    date = call.sent("effective_date")
    at = world.now if date is None else day_or_moment(date, timezone_of(world, row))
    order = active_phase(world, row)
    later = [each for each in row["_phases"] if order is not None and each["order"] > order]
    if not later:
        raise constraint("The plan has no further phase.")
    here = next(each for each in row["_phases"] if each["order"] == order)
    following = later[0]
    for interval in row["price_intervals"]:
        phase = interval["price"]["plan_phase_order"]
        if phase == order and is_alive(interval, at):
            interval["end_date"] = at
        elif phase == following["order"] and interval["_billed"] == 0:
            interval["start_date"] = at
    here["end"] = following["start"] = at
    plan_next_bill(world, row)
    return _answer(call, row)


def redeem_coupon(call: Call) -> Row:
    """Redeem a coupon on a subscription."""
    row = _alive(call)
    at = change_moment(call.world, row, call.body["change_option"], call.sent("change_date"))
    redeem(call.world, row, call.body, at)
    return _answer(call, row)
