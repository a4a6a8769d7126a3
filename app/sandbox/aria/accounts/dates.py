"""Dates as Aria writes them: days, times without an offset, and months of billing."""

import calendar
from datetime import date, datetime

_TIME = "%Y-%m-%d %H:%M:%S"


def stamp(moment: datetime) -> str:
    """Return a date-time as Aria writes it (aria.md §1.7)."""
    return moment.strftime(_TIME)


def months_after(day: date, months: int, bill_day: int | None = None) -> date:
    """Return the day so many months later, on the bill day or on the month's last day."""
    count = day.year * 12 + day.month - 1 + months
    year, month = count // 12, count % 12 + 1
    last = calendar.monthrange(year, month)[1]
    return date(year, month, min(bill_day or day.day, last))
