"""A subscription as Orb shows it (orb.md §2.3)."""

from app.sandbox.orb.customers import brief, show_customer
from app.sandbox.orb.periods import Period, period_at
from app.sandbox.orb.plan_rows import brief_plan, show_plan
from app.sandbox.orb.times import months_of
from app.sandbox.orb.world import Row, World, shown


def status_of(world: World, row: Row) -> str:
    """Return whether a subscription is upcoming, active or ended."""
    if row["end_date"] is not None and row["end_date"] <= world.now:
        return "ended"
    return "upcoming" if row["start_date"] > world.now else "active"


def is_alive(interval: Row, moment: str) -> bool:
    """Tell whether a price or adjustment interval holds at a moment."""
    end = interval["end_date"]
    return bool(interval["start_date"] <= moment and (end is None or moment < end))


def timezone_of(world: World, row: Row) -> str:
    """Return the time zone of a subscription's customer."""
    return str(world.table("customer")[row["_customer"]]["timezone"])


def current_period(world: World, row: Row) -> Period | None:
    """Return the billing period that a subscription is in: that of its shortest cadence."""
    if status_of(world, row) != "active":
        return None
    found = [
        interval
        for interval in row["price_intervals"]
        if is_alive(interval, world.now) and interval["price"]["cadence"] != "one_time"
    ]
    if not found:
        return None
    shortest = min(found, key=lambda each: months_of(each["price"]["cadence"]))
    return period_at(shortest, world.now, timezone_of(world, row))


def term_end(world: World, row: Row) -> str:
    """Return when the term ends: the end of the period of the longest cadence (orb.md §2.3)."""
    timezone = timezone_of(world, row)
    ends = [
        period.end
        for interval in row["price_intervals"]
        if is_alive(interval, world.now)
        and interval["price"]["cadence"] != "one_time"
        and (period := period_at({**interval, "end_date": None}, world.now, timezone))
    ]
    return max(ends, default=world.now)


def show_interval(world: World, row: Row, interval: Row) -> Row:
    """Return a price interval."""
    period = None
    if is_alive(interval, world.now) and interval["price"]["cadence"] != "one_time":
        period = period_at(interval, world.now, timezone_of(world, row))
    return {
        **shown(interval),
        "price": shown(interval["price"]),
        "current_billing_period_start_date": period.start if period else None,
        "current_billing_period_end_date": period.end if period else None,
    }


def _quantities(row: Row) -> list[Row]:
    """Return the schedule of the quantities of fixed fees."""
    found: list[Row] = []
    for interval in row["price_intervals"]:
        price = interval["price"]
        if price["price_type"] != "fixed_price":
            continue
        changes = [(interval["start_date"], price["fixed_price_quantity"])]
        for each in interval["fixed_fee_quantity_transitions"] or []:
            if each["effective_date"] <= interval["start_date"]:
                changes = [(interval["start_date"], each["quantity"])]
            else:
                changes.append((each["effective_date"], each["quantity"]))
        ends = [start for start, _ in changes[1:]] + [interval["end_date"]]
        found += [
            {"price_id": price["id"], "start_date": start, "end_date": end, "quantity": quantity}
            for (start, quantity), end in zip(changes, ends, strict=True)
        ]
    return found


def _old_intervals(row: Row, kinds: tuple[str, ...]) -> list[Row]:
    """Return adjustment intervals in the deprecated form of their kind."""
    found = []
    for interval in row["adjustment_intervals"]:
        adjustment = interval["adjustment"]
        kind = adjustment["adjustment_type"]
        if kind not in kinds:
            continue
        old = {name: interval[name] for name in ("start_date", "end_date")}
        old["filters"] = adjustment["filters"]
        old["applies_to_price_interval_ids"] = interval["applies_to_price_interval_ids"]
        if kind.endswith("_discount"):
            old["discount_type"] = kind.removesuffix("_discount")
        name = f"{kind}_amount" if kind in {"minimum", "maximum"} else kind
        name = "tiers" if kind == "tiered_percentage_discount" else name
        found.append({**old, name: adjustment[name]})
    return found


_DISCOUNTS = (
    "amount_discount",
    "percentage_discount",
    "usage_discount",
    "tiered_percentage_discount",
)


def active_phase(world: World, row: Row) -> int | None:
    """Return the order of the plan phase that a subscription is in, None without phases."""
    found = [each["order"] for each in row["_phases"] if each["start"] <= world.now]
    return max(found, default=None) if row["_phases"] else None


def show_subscription(world: World, row: Row) -> Row:
    """Return a subscription, whole."""
    period = current_period(world, row)
    plan = world.table("plan").rows.get(row["_plan"] or "")
    pending = row["_pending_change"]
    intervals = [
        {**shown(each), "adjustment": shown(each["adjustment"])}
        for each in row["adjustment_intervals"]
    ]
    return {
        **shown(row),
        "customer": show_customer(world, world.table("customer")[row["_customer"]]),
        "plan": None if plan is None else show_plan(plan),
        "status": status_of(world, row),
        "current_billing_period_start_date": period.start if period else None,
        "current_billing_period_end_date": period.end if period else None,
        "active_plan_phase_order": active_phase(world, row),
        "fixed_fee_quantity_schedule": _quantities(row),
        "price_intervals": [show_interval(world, row, each) for each in row["price_intervals"]],
        "adjustment_intervals": intervals,
        "discount_intervals": _old_intervals(row, _DISCOUNTS),
        "minimum_intervals": _old_intervals(row, ("minimum",)),
        "maximum_intervals": _old_intervals(row, ("maximum",)),
        "pending_subscription_change": None if pending is None else {"id": pending},
    }


def show_summary(world: World, row: Row) -> Row:
    """Return the few fields of a subscription that its summary has."""
    names = ("id", "name", "start_date", "end_date", "created_at", "metadata")
    return {
        **{name: row[name] for name in names},
        "status": status_of(world, row),
        "customer": brief(world.table("customer")[row["_customer"]]),
        "plan": brief_plan(world.table("plan").rows.get(row["_plan"] or "")),
    }
