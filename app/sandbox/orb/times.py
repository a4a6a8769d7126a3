"""Orb's times: ISO 8601 in UTC with whole seconds, so that they compare as text (orb.md §1)."""

import calendar
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_MONTHS = {"monthly": 1, "quarterly": 3, "semi_annual": 6, "annual": 12}
_MICROSECONDS_A_DAY = 86_400_000_000


def stamp(moment: datetime) -> str:
    """Return an aware time as Orb writes it: `2022-05-01T07:01:31+00:00`."""
    return moment.astimezone(UTC).replace(microsecond=0).isoformat()


def parse(text: str) -> datetime:
    """Return an ISO time, in UTC; without an offset it is taken as UTC.

    Raises:
        ValueError: `text` is no time, or none of UTC's.
    """
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        return found.replace(tzinfo=UTC)
    try:
        return found.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(text) from error


@lru_cache(maxsize=512)
def zone(name: str) -> ZoneInfo | None:
    """Return the time zone of an IANA name, or None if there is no such zone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


@lru_cache(maxsize=20_000)
def midnight(day: date, timezone: str) -> str:
    """Return the beginning of a day in a customer's time zone."""
    return stamp(datetime.combine(day, time(), zone(timezone) or UTC))


@lru_cache(maxsize=20_000)
def local_day(moment: str, timezone: str) -> date:
    """Return the day that a moment belongs to in a customer's time zone."""
    return parse(moment).astimezone(zone(timezone) or UTC).date()


def day_or_moment(text: str, timezone: str) -> str:
    """Return a request's `YYYY-MM-DD` as midnight of the customer, or its time as a stamp."""
    if len(text) == len("2022-05-01"):
        return midnight(date.fromisoformat(text), timezone)
    return stamp(parse(text))


@lru_cache(maxsize=20_000)
def add_months(day: date, months: int, anchor_day: int) -> date:
    """Return the `anchor_day` (or the last day before it) of the month `months` after `day`'s."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(anchor_day, last))


def later(moment: str, *, days: float = 0, hours: float = 0, seconds: float = 0) -> str:
    """Return a stamp so much later than another."""
    return stamp(parse(moment) + timedelta(days=days, hours=hours, seconds=seconds))


def months_of(cadence: str) -> int:
    """Return how many months a cadence has; 0 for `one_time`, `custom` and `daily`."""
    return _MONTHS.get(cadence, 0)


@lru_cache(maxsize=20_000)
def days_between(start: str, end: str) -> Decimal:
    """Return the days from one stamp to another, with a fraction."""
    microseconds = (parse(end) - parse(start)) // timedelta(microseconds=1)
    return Decimal(microseconds) / _MICROSECONDS_A_DAY
