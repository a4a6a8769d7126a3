"""The sandbox's own time: real time plus an offset that can be moved, or a time that stands."""

import threading
from datetime import UTC, datetime, timedelta


class Clock:
    """UTC now, settable: stamps, date literals and the life of tokens all come from here."""

    def __init__(self, now: datetime | None = None) -> None:
        self._lock = threading.Lock()
        self._offset = timedelta(0)
        self._stands_at: datetime | None = None
        if now is not None:
            self.set(now)

    def now(self) -> datetime:
        """Return the sandbox's present, aware, in UTC."""
        with self._lock:
            return self._present()

    def advance(self, seconds: float) -> datetime:
        """Move the clock on by `seconds` (negative: back) and return the new present."""
        with self._lock:
            return self._put(self._present() + timedelta(seconds=seconds))

    def set(self, now: datetime) -> datetime:
        """Make `now`, an aware time, the present; the clock goes on from there if it runs."""
        if now.tzinfo is None:
            raise ValueError(f"The clock needs a time with an offset, not {now.isoformat()}.")
        with self._lock:
            return self._put(now.astimezone(UTC))

    def run(self, *, runs: bool) -> datetime:
        """Let the clock stand still, or go on from where it stands."""
        with self._lock:
            present, self._stands_at = self._present(), None
            self._put(present)
            self._stands_at = None if runs else present
            return present

    def _present(self) -> datetime:
        return self._stands_at or datetime.now(UTC) + self._offset

    def _put(self, now: datetime) -> datetime:
        if self._stands_at is None:
            self._offset = now - datetime.now(UTC)
        else:
            self._stands_at = now
        return now
