"""The sandbox's own time: real time plus an offset that can be moved."""

import threading
from datetime import UTC, datetime, timedelta


class Clock:
    """UTC now, settable: stamps, date literals and the life of tokens all come from here."""

    def __init__(self, now: datetime | None = None) -> None:
        self._lock = threading.Lock()
        self._offset = timedelta(0)
        if now is not None:
            self.set(now)

    def now(self) -> datetime:
        """Return the sandbox's present, aware, in UTC."""
        with self._lock:
            return datetime.now(UTC) + self._offset

    def advance(self, seconds: float) -> datetime:
        """Move the clock on by `seconds` (negative: back) and return the new present."""
        with self._lock:
            self._offset += timedelta(seconds=seconds)
        return self.now()

    def set(self, now: datetime) -> datetime:
        """Make `now`, an aware time, the present; the clock goes on from there."""
        if now.tzinfo is None:
            raise ValueError(f"The clock needs a time with an offset, not {now.isoformat()}.")
        with self._lock:
            self._offset = now.astimezone(UTC) - datetime.now(UTC)
        return self.now()
