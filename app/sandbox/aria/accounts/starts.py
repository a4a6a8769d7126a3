"""When a master plan instance starts and on which day it is billed (aria.md §2.5)."""

from dataclasses import dataclass
from datetime import date, timedelta

from app.sandbox.aria.accounts.dates import months_after
from app.sandbox.aria.accounts.ledger import Books
from app.sandbox.aria.errors import AriaError, Code, invalid
from app.sandbox.aria.inputs import Inputs, inputs
from app.sandbox.aria.tables import Row

FULL_INVOICE, PRORATED_INVOICE = 1, 2
AT_ONCE = frozenset({FULL_INVOICE, PRORATED_INVOICE})  # invoicing_option
START_INPUTS = inputs(
    "alt_start_date:date alt_bill_day:int retroactive_start_date:date status_until_alt_start:int"
)
_BILL_DAYS = range(1, 32)


@dataclass(frozen=True, slots=True)
class Start:
    """The columns that the start gives a plan instance, and the day it waits for, if any."""

    columns: Row
    waits_until: str | None


def checked_bill_day(day: int) -> int:
    """Return a day of the month.

    Raises:
        AriaError: 5020 outside 1 to 31.
    """
    if day not in _BILL_DAYS:
        raise AriaError(Code.BAD_BILL_DAY, f"invalid bill day: {day}")
    return day


def next_bill_day(after: date, bill_day: int) -> date:
    """Return the first bill day later than a day."""
    same = months_after(after, 0, bill_day)
    return same if same > after else months_after(after, 1, bill_day)


def starting(own: Books, sent: Inputs) -> Start:
    """Return how a new master plan instance starts.

    It is billed from alt_start_date or retroactive_start_date on, or from today; its bill day is
    that day's unless alt_bill_day names another. An alternative day that no invoice goes before is
    waited for: until then the instance has `status_until_alt_start`.

    Raises:
        AriaError: 5020 for a bill day that is none, 1016 for a retroactive start that lies ahead.
    """
    today = own.now.date()
    retroactive = sent.get("retroactive_start_date")
    if retroactive is not None and retroactive > today.isoformat():
        raise invalid("retroactive_start_date", "lies ahead")
    given = sent.get("alt_start_date") or retroactive
    first = date.fromisoformat(given) if given else today
    bill_day = first.day
    if "alt_bill_day" in sent:
        bill_day = checked_bill_day(sent["alt_bill_day"])
        waits = given is None and sent.get("invoicing_option") not in AT_ONCE
        if waits and today.day != bill_day:
            first = next_bill_day(today, bill_day)
    day = first.isoformat()
    columns: Row = {"bill_day": bill_day, "next_bill_date": day, "plan_date": day}
    return Start(columns, day if first > today else None)


def first_period(day: date, bill_day: int, months: int) -> tuple[date, date]:
    """Return when the first period ends that starts off the bill day, and where a whole one starts.

    Both are exclusive ends and inclusive starts, as billing counts days.
    """
    end = next_bill_day(day, bill_day)
    return end, months_after(end, -months, bill_day)


def days_between(first: date, end: date) -> int:
    """Return how many days a period has, its end not counted."""
    return (end - first) // timedelta(days=1)
