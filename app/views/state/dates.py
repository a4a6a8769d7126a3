"""Days and times as the user's locale writes them."""

from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo

MIDNIGHT = (0, 0, 0)


def _day(value: date) -> str:
    return f"{value:%d %b %Y}"


def _clock(value: datetime) -> str:
    return f"{value:%H:%M}"


class _Locale:
    """Holds how this process writes days and times of day; ours until the window says otherwise."""

    day: Callable[[date], str] = staticmethod(_day)
    clock: Callable[[datetime], str] = staticmethod(_clock)


def install(day: Callable[[date], str], clock: Callable[[datetime], str]) -> None:
    """Write days and times of day with functions from now on; the application does this once."""
    _Locale.day, _Locale.clock = staticmethod(day), staticmethod(clock)


def day_text(value: date) -> str:
    """Return a day."""
    return _Locale.day(value)


def time_text(value: datetime, zone: tzinfo = UTC) -> str:
    """Return a time in the user's zone; midnight in `zone` is a day, and is written as one."""
    told = value.astimezone(zone)
    if (told.hour, told.minute, told.second) == MIDNIGHT:
        return _Locale.day(told.date())
    return minute_text(value.astimezone())


def second_text(value: datetime) -> str:
    """Return a time to the second, in UTC, in which the editor of a time has it too."""
    told = value.astimezone(UTC)
    return f"{_Locale.day(told.date())}, {told:%H:%M:%S} UTC"


def minute_text(value: datetime) -> str:
    """Return day and time of day, also where that is midnight, in the zone that it is told in."""
    return f"{_Locale.day(value.date())}, {_Locale.clock(value)}"
