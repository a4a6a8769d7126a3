"""Date literals: each is a range of days (salesforce.md §5.4). The user's time zone is UTC."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

_QUARTER = 3
_YEAR = 12


@dataclass(frozen=True, slots=True)
class Days:
    """The days from `first` up to, but not including, `end`."""

    first: date
    end: date


def days_of(literal: str, now: datetime) -> Days | None:
    """Return the days of a literal such as THIS_WEEK or LAST_N_DAYS:30; None if it is none.

    Weeks begin on Sunday (en_US); fiscal years are calendar years. None too where the calendar
    ends before the days do.
    """
    try:
        return _days_of(literal, now.date())
    except (OverflowError, ValueError):
        return None


def _days_of(literal: str, today: date) -> Days | None:
    name, _, count = literal.upper().partition(":")
    name = name.replace("FISCAL_", "")
    if not count:
        return _plain(name, today)
    n = int(count)
    if name == "N_DAYS_AGO":
        return Days(today - timedelta(n), today - timedelta(n - 1))
    if name == "LAST_N_DAYS":  # midnight n days ago up to today, today included
        return Days(today - timedelta(n), today + timedelta(1))
    if name == "NEXT_N_DAYS":
        return Days(today + timedelta(1), today + timedelta(n + 1))
    return _counted(name, n, today)


def _plain(name: str, today: date) -> Days | None:
    offsets = {"YESTERDAY": -1, "TODAY": 0, "TOMORROW": 1}
    if name in offsets:
        first = today + timedelta(offsets[name])
        return Days(first, first + timedelta(1))
    if name == "LAST_90_DAYS":
        return Days(today - timedelta(90), today + timedelta(1))
    if name == "NEXT_90_DAYS":
        return Days(today + timedelta(1), today + timedelta(91))
    when, _, unit = name.partition("_")
    step = {"LAST": -1, "THIS": 0, "NEXT": 1}.get(when)
    return None if step is None else _units(unit, today, step, step + 1)


def _counted(name: str, n: int, today: date) -> Days | None:
    unit = name.removesuffix("_AGO").removeprefix("LAST_").removeprefix("NEXT_")
    unit = unit.removeprefix("N_").removesuffix("S")
    if name.endswith("_AGO"):
        return _units(unit, today, -n, -n + 1)
    if name.startswith("LAST_N_"):
        return _units(unit, today, -n, 0)
    return _units(unit, today, 1, n + 1) if name.startswith("NEXT_N_") else None


def _units(unit: str, today: date, first: int, end: int) -> Days | None:
    """Return the days from the start of the `first`-th unit from now to that of the `end`-th."""
    if unit == "WEEK":
        sunday = today - timedelta((today.weekday() + 1) % 7)
        return Days(sunday + timedelta(weeks=first), sunday + timedelta(weeks=end))
    months = {"MONTH": 1, "QUARTER": _QUARTER, "YEAR": _YEAR}.get(unit)
    if months is None:
        return None
    start = today.year * 12 + (today.month - 1) // months * months
    return Days(_month(start + first * months), _month(start + end * months))


def _month(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)
