"""Alerts on the use and cost of subscriptions: looked at a few times a day (orb.md §2.6, §4)."""

from decimal import Decimal

from app.sandbox.orb.amounts import money, number, plain
from app.sandbox.orb.billing import price_lines
from app.sandbox.orb.periods import Period
from app.sandbox.orb.subscription_rows import (
    current_period,
    is_alive,
    show_subscription,
    status_of,
)
from app.sandbox.orb.times import later
from app.sandbox.orb.usage import used
from app.sandbox.orb.world import Row, World, shown

_EVERY_H = 6


def alerts_of(world: World, row: Row) -> list[Row]:
    """Return the live alerts that watch a subscription, its plan's too."""
    return [
        alert
        for alert in world.table("alert").rows.values()
        if not alert.get("_deleted")
        and (
            alert.get("_subscription") == row["id"]
            or (alert.get("_plan") is not None and alert["_plan"] == row["_plan"])
        )
    ]


def start_watching(world: World, row: Row) -> None:
    """Look at a subscription's alerts now and from now on."""
    if not row.get("_watched"):
        row["_watched"] = True
        world.later(world.now, "watch", row["id"])


def watch_subscription(world: World, row: Row) -> None:
    """Set off the alerts whose thresholds were passed, once a period each."""
    alerts = alerts_of(world, row)
    period = current_period(world, row)
    for alert in alerts if period is not None else ():
        if alert["enabled"] and row["id"] not in alert["_disabled_for"] and period is not None:
            _evaluate(world, row, alert, period)
    if alerts and status_of(world, row) != "ended":
        world.later(later(world.now, hours=_EVERY_H), "watch", row["id"])
    else:
        row["_watched"] = False


def _evaluate(world: World, row: Row, alert: Row, period: Period) -> None:
    value = _value(world, row, alert, period)
    done = alert["_fired"].setdefault(f"{row['id']} {period.start}", [])
    for threshold in alert["thresholds"] or []:
        limit = threshold["value"]
        if value < number(limit) or limit in done:
            continue
        done.append(limit)
        about: Row = {"timeframe_start": period.start, "timeframe_end": period.end}
        if alert["type"] == "usage_exceeded":
            about["billable_metric_id"] = alert["metric"]["id"]
            about |= {"evaluated_quantity": plain(value), "quantity_threshold": limit}
        else:
            about |= {"evaluated_amount": money(value), "amount_threshold": str(limit)}
        kind = f"subscription.{alert['type']}"
        shown_row = show_subscription(world, row)
        world.emit(kind, shown_row, alert_configuration=shown(alert), **about)


def _value(world: World, row: Row, alert: Row, period: Period) -> Decimal:
    span = period.start, world.now
    if alert["type"] == "usage_exceeded":
        slices = used(world, row, alert["metric"]["id"], (), span)
        return sum(slices.values(), Decimal(0))
    part = Period(period.start, world.now, period.share)
    due = [
        (interval, part)
        for interval in row["price_intervals"]
        if is_alive(interval, world.now) and interval["price"]["credit_allocation"] is None
    ]
    lines = price_lines(world, row, due)
    return sum((number(line["adjusted_subtotal"]) for line in lines), Decimal(0))
