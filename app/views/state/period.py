"""How far back a page looks, and whose records it shows."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

from app.views.state.language import tr


class Period(Enum):
    """How far back a page looks; the value is its name in the window's settings."""

    DAYS_30 = "30"
    DAYS_60 = "60"
    DAYS_90 = "90"
    DAYS_180 = "180"
    YEAR_1 = "1y"
    YEARS_2 = "2y"
    ALL = "all"

    @property
    def label(self) -> str:
        """What it is called."""
        days = {Period.DAYS_30: 30, Period.DAYS_60: 60, Period.DAYS_90: 90, Period.DAYS_180: 180}
        if self in days:
            return tr("{count} days").format(count=days[self])
        return {
            Period.YEAR_1: tr("1 year"),
            Period.YEARS_2: tr("2 years"),
            Period.ALL: tr("All"),
        }[self]

    def first_day(self, today: date) -> date | None:
        """Return the first day that counts, None for all of them."""
        if self is Period.ALL:
            return None
        if self in {Period.YEAR_1, Period.YEARS_2}:
            year = today.year - (1 if self is Period.YEAR_1 else 2)
            # From the last of February of a leap year there is no day a year ago.
            return today.replace(year=year, day=min(today.day, _shortest(today)))
        return today - timedelta(days=int(self.value))


@dataclass(frozen=True, slots=True)
class TransactionsWanted:
    """What the page is to show: a period up to today, one subscription's records or all."""

    today: date
    period: Period = Period.DAYS_90
    subscription: str = ""

    def in_period(self, day: date | None) -> bool:
        """Return whether a day counts; what has no day always does."""
        first = self.period.first_day(self.today)
        return day is None or first is None or day >= first


def _shortest(today: date) -> int:
    """Return the last day that a month has in every year."""
    february, days = 2, 28
    return days if today.month == february else 31
