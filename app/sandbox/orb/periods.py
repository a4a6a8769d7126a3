"""Billing periods of a price interval, in the customer's time zone (orb.md §1, §2.3)."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from app.sandbox.orb.times import add_months, days_between, local_day, midnight, months_of
from app.sandbox.orb.world import Row


@dataclass(frozen=True, slots=True)
class Period:
    """A billing period, its end exclusive; `share` is how much of a whole period it covers."""

    start: str
    end: str
    share: Decimal


@dataclass(frozen=True, slots=True)
class _Cycle:
    months: int
    days: int


def _cycle(price: Row) -> _Cycle:
    if price["cadence"] == "custom":
        given = price["billing_cycle_configuration"]
        if given["duration_unit"] == "day":
            return _Cycle(0, max(1, given["duration"]))
        return _Cycle(max(1, given["duration"]), 0)
    return _Cycle(months_of(price["cadence"]) or 1, 0)


def period_of(interval: Row, count: int, timezone: str) -> Period | None:
    """Return the period number `count` (from 0) of a price interval, None beyond its end."""
    price = interval["price"]
    if price["cadence"] == "one_time" and count > 0:
        return None
    first = local_day(interval["start_date"], timezone)
    cycle = _cycle(price)
    if cycle.days:
        full_start = midnight(first + timedelta(days=cycle.days * count), timezone)
        full_end = midnight(first + timedelta(days=cycle.days * (count + 1)), timezone)
    else:
        day = interval["billing_cycle_day"]
        anchor = _anchor(first, day, cycle.months, interval.get("_anchor_month"))
        full_start = midnight(add_months(anchor, cycle.months * count, day), timezone)
        full_end = midnight(add_months(anchor, cycle.months * (count + 1), day), timezone)
    start = max(full_start, interval["start_date"])
    end = min(full_end, interval["end_date"] or full_end)
    if end <= start:
        return None
    return Period(start, end, days_between(start, end) / days_between(full_start, full_end))


def period_at(interval: Row, moment: str, timezone: str) -> Period | None:
    """Return the period of a price interval that a moment lies in, or None."""
    count = 0
    while (period := period_of(interval, count, timezone)) is not None:
        if period.start <= moment < period.end:
            return period
        if period.start > moment:
            return None
        count += 1
    return None


def _anchor(first: date, day: int, months: int, month: int | None) -> date:
    """Return the last day on which a cycle begins that is not after `first`."""
    found = add_months(first, 0, day)
    if found > first:
        found = add_months(first, -1, day)
    while month is not None and (found.month - month) % months:
        found = add_months(found, -1, day)
    return found


def charged_at(interval: Row, period: Period) -> str:
    """Return when a period is charged: at its start in advance, else at its end."""
    price = interval["price"]
    early = price["billing_mode"] == "in_advance" or price["cadence"] == "one_time"
    return period.start if early else period.end


def charged_by(interval: Row, moment: str, timezone: str) -> int:
    """Return how many periods of a price interval are charged by a moment."""
    count = 0
    while (period := period_of(interval, count, timezone)) is not None:
        if charged_at(interval, period) > moment:
            break
        count += 1
    return count


def last_charge(interval: Row, timezone: str) -> str:
    """Return when the last of the billed periods was charged; empty where none was."""
    period = period_of(interval, interval["_billed"] - 1, timezone) if interval["_billed"] else None
    return "" if period is None else charged_at(interval, period)
