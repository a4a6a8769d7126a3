"""What is left of the org's limits, as its answers tell, and the part that is never touched."""

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from time import monotonic

from app.connectors.protocol import Quota, Resource
from app.errors import LimitReached, WrongUse

DAILY_CALLS = "DailyApiRequests"
_BELIEVED_S = 600.0  # what was told longer ago refuses no call: only a call can tell it anew
_WHOLE = 100
_CLOCK_SET = timedelta(seconds=5)
_CALLS = re.compile(r"(?<!per-app-)api-usage=(\d+)/(\d+)")
_APP_CALLS = re.compile(r"per-app-api-usage=(\d+)/(\d+)\(appName=([^)]*)\)")
_RESERVE = re.compile(r"(\d{1,9})\s*(%?)", re.ASCII)


_Seen = tuple[datetime, float]
"""A time of the server's clock, and when by our own it was known."""


@dataclass(frozen=True, slots=True)
class Reserve:
    """The calls of a day that Concord leaves to others: a share of all, or a number."""

    percent: int = 5
    calls: int = 0

    def of(self, maximum: int) -> int:
        """Return the calls kept back of so many a day."""
        return max(self.calls, maximum * self.percent // _WHOLE)


def reserve_of(text: str, connection: str) -> Reserve:
    """Return the reserve that a setting names: `5%`, or a number of calls.

    Raises:
        WrongUse: It is neither.
    """
    found = _RESERVE.fullmatch(text.strip())
    if found is None or (found[2] and int(found[1]) >= _WHOLE):
        raise WrongUse(
            f"Connection {connection!r}: the setting 'reserve' is neither a percentage below 100 "
            "nor a number of calls.",
            "Write it like 5% or 500; 0 keeps nothing back.",
        )
    amount = int(found[1])
    return Reserve(percent=amount) if found[2] else Reserve(percent=0, calls=amount)


class Usage:
    """Follows an org's limits; safe to use from any number of threads.

    Every answer tells the day's calls (`Sforce-Limit-Info`, salesforce.md §3.1) and the server's
    time; `limits` holds what `/limits` told last.
    """

    def __init__(self, reserve: Reserve | None = None) -> None:
        self._reserve = reserve or Reserve()
        self._lock = threading.Lock()
        self._daily: Quota | None = None
        self._app: Quota | None = None
        self._limits: tuple[Quota, ...] = ()
        self._told_at = 0.0
        self._under_way = 0
        self._server: _Seen | None = None

    @property
    def daily(self) -> Quota | None:
        """The day's calls as the last answer told them, None before the first."""
        return self._daily

    @property
    def quotas(self) -> tuple[Quota, ...]:
        """All that is known: the day's calls from the last answer, the rest from `/limits`."""
        live = tuple(quota for quota in (self._daily, self._app) if quota is not None)
        names = {quota.name for quota in live}
        return (*live, *(quota for quota in self._limits if quota.name not in names))

    def take_limits(self, limits: Sequence[Quota]) -> None:
        """Keep what `/limits` told."""
        self._limits = tuple(limits)

    def note(self, headers: Mapping[str, str]) -> None:
        """Take what an answer's head tells of calls and time."""
        told = headers.get("Sforce-Limit-Info", "")
        calls, app = _CALLS.search(told), _APP_CALLS.search(told)
        moment = None
        with suppress(ValueError, TypeError):
            moment = parsedate_to_datetime(headers.get("Date", ""))
        with self._lock:
            if calls is not None:
                self._daily = replace(_quota(DAILY_CALLS, calls), counts=Resource.CALLS)
                self._told_at = monotonic()
            if app is not None:
                self._app = _quota(f"{DAILY_CALLS} of {app[3]}", app)
            if moment is not None:
                self._server = _later(self._server, (moment.astimezone(UTC), monotonic()))

    def server_time(self) -> datetime | None:
        """Return the server's present, at most a second or two behind it, never before it."""
        with self._lock:
            known = self._server
        return None if known is None else known[0] + timedelta(seconds=monotonic() - known[1])

    @contextmanager
    def call(self, connection: str, *, begun: bool = False) -> Iterator[None]:
        """Count a call that is about to be made, while it runs.

        Args:
            connection: Whose name stands in the error.
            begun: Whether it ends what was begun; that is done whatever is left.

        Raises:
            LimitReached: It would go below the reserve; nothing is sent.
        """
        with self._lock:
            if not begun:
                self._demand(connection, 1)
            self._under_way += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1

    def demand(self, connection: str, calls: int) -> None:
        """Make sure that so many calls may be made; raises `LimitReached` as `call` does."""
        with self._lock:
            self._demand(connection, calls)

    def _demand(self, connection: str, calls: int) -> None:
        daily = self._daily
        if daily is None or monotonic() - self._told_at > _BELIEVED_S:
            return
        kept = self._reserve.of(daily.maximum)
        if kept and daily.left - self._under_way - calls < kept:
            raise LimitReached(
                f"Salesforce connection {connection!r}: {daily.left:,} of {daily.maximum:,} API "
                f"calls are left for today, and the last {kept:,} are kept for others.",
                "Go on when calls are free again, or lower the connection's setting 'reserve'.",
            )


def _later(known: _Seen | None, seen: _Seen) -> _Seen:
    """Return what tells most of the server's clock: dates are cut to seconds, and come late.

    One that is far behind what was known is that of a clock that was set back.
    """
    if known is None:
        return seen
    expected = known[0] + timedelta(seconds=seen[1] - known[1])
    return known if timedelta(0) < expected - seen[0] < _CLOCK_SET else seen


def _quota(name: str, found: re.Match[str]) -> Quota:
    used, maximum = int(found[1]), int(found[2])
    return Quota(name, max(0, maximum - used), maximum)
