"""When a job is due: by cron text in the machine's local time, or every so many minutes.

APScheduler reads the cron text and finds the wall-clock times; what a time zone does to them is
decided here: a time that the clock skips comes an hour later, one that it shows twice comes once.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from app.errors import WrongUse

if TYPE_CHECKING:  # imported when first asked: most commands have nothing to do with jobs
    from apscheduler.triggers.cron import CronTrigger  # type: ignore[import-untyped]  # has none

_MINUTE_S = 60
MOST_MINUTES = 31 * 24 * 60
_LONGEST_GAP_S = 3600.0
_JUST_AFTER = timedelta(microseconds=1)
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKDAY_PART = re.compile(r"(?:(\*)|([0-7])(?:-([0-7]))?)(?:/([1-7]))?")
_PARTS = 5


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a job is due: either of the two.

    Attributes:
        cron: Minute, hour, day of the month, month, day of the week (0 and 7 are Sunday).
        every_minutes: Counted from midnight UTC on 1 January 1970, so 15 is on the quarter hours.
    """

    cron: str = ""
    every_minutes: int = 0

    def __post_init__(self) -> None:
        """Refuse what never could be due; raises `WrongUse`."""
        if bool(self.cron) == bool(self.every_minutes):
            raise WrongUse(
                "A job has one schedule.", 'Give either --cron "0 2 * * *" or --every MINUTES.'
            )
        if self.cron:
            _trigger(self.cron)
        elif not 1 <= self.every_minutes <= MOST_MINUTES:
            raise WrongUse(
                f"A job cannot run every {self.every_minutes:,} minutes.",
                f"Give 1 to {MOST_MINUTES:,}.",
            )

    def __str__(self) -> str:
        if self.cron:
            return self.cron
        return f"every {self.every_minutes} min"


def next_due(schedule: Schedule, after: float, zone: tzinfo | None = None) -> float | None:
    """Return the first due time later than `after`, in seconds since 1970 UTC.

    None where none ever comes (30 February). `zone` None is the machine's own.
    """
    if schedule.every_minutes:
        step = schedule.every_minutes * _MINUTE_S
        return float((int(after // step) + 1) * step)
    trigger = _trigger(schedule.cron)
    # Begun early: a time that was skipped just before `after` comes later than `after`.
    wall = _wall(after - _LONGEST_GAP_S, zone)
    while True:
        found = trigger.get_next_fire_time(None, wall.replace(tzinfo=UTC) + _JUST_AFTER)
        if found is None:
            return None
        wall = found.replace(tzinfo=None)
        due = _instant(wall, zone)
        if due > after:
            return due


def _wall(instant: float, zone: tzinfo | None) -> datetime:
    """Return what the clock on the wall shows."""
    return datetime.fromtimestamp(instant, zone).replace(tzinfo=None, fold=0)


def _instant(wall: datetime, zone: tzinfo | None) -> float:
    """Return when the clock first shows a time, or would have: `fold=0` (PEP 495)."""
    return wall.replace(tzinfo=zone, fold=0).timestamp()


def _trigger(cron: str) -> "CronTrigger":
    from apscheduler.triggers.cron import CronTrigger  # noqa: PLC0415 - as above

    parts = cron.split()
    if len(parts) != _PARTS:
        raise _wrong(cron, "five parts are wanted: minute hour day month weekday")
    if parts[2] != "*" and parts[4] != "*":
        # cron itself then takes either, APScheduler both: neither is what everybody expects.
        raise _wrong(cron, "day of the month and day of the week cannot both be given")
    try:
        minute, hour, day, month, weekday = *parts[:4], _weekdays(parts[4])
        return CronTrigger(
            minute=minute, hour=hour, day=day, month=month, day_of_week=weekday, timezone=UTC
        )
    except ValueError as error:
        raise _wrong(cron, str(error)) from error


def _weekdays(text: str) -> str:
    """Return cron's weekdays by name: to cron 0 is Sunday, to APScheduler Monday."""
    if text == "*" or re.search("[a-z]", text, re.IGNORECASE):
        return text
    names: dict[str, None] = {}
    for part in text.split(","):
        found = _WEEKDAY_PART.fullmatch(part)
        if found is None:
            raise ValueError(f"{part!r} is no day of the week")
        first = int(found[2] or 0)
        last = int(found[3] or (6 if found[1] or found[4] else first))
        if last < first:
            raise ValueError(f"{part!r} ends before it begins")
        names.update(dict.fromkeys(_WEEKDAYS[first : last + 1 : int(found[4] or 1)]))
    return ",".join(names)


def _wrong(cron: str, why: str) -> WrongUse:
    return WrongUse(f"The schedule {cron!r} cannot be read: {why}.", 'Write it like "0 2 * * *".')
