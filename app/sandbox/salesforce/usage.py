"""The org's limits, and how much of them is used (salesforce.md §13)."""

import threading
from collections import Counter
from datetime import timedelta

from app.sandbox.clock import Clock
from app.sandbox.salesforce.errors import RequestError

_DAY = timedelta(hours=24)
BATCHES = "DailyBulkApiBatches"
_RECORD_KB = 2
_KB_IN_MB = 1024

_FIXED = {
    BATCHES: 15_000,
    "DailyBulkV2QueryJobs": 10_000,
    "DailyBulkV2QueryFileStorageMB": 976_562,
    "DailyAsyncApexExecutions": 250_000,
    "DailyStreamingApiEvents": 1_000_000,
    "DailyDurableStreamingApiEvents": 1_000_000,
    "FileStorageMB": 10_240,
    "HourlyTimeBasedWorkflow": 1_000,
    "SingleEmail": 5_000,
}


class Usage:
    """Counts API requests in windows of 24 hours; an Enterprise org's limits unless changed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._began = clock.now()
        self._used = 0
        self._spent: Counter[str] = Counter()
        self._most = {"DailyApiRequests": 100_000, "DataStorageMB": 10_240, **_FIXED}

    def count(self) -> None:
        """Count one API request.

        Raises:
            RequestError: The day's limit is used up.
        """
        with self._lock:
            self._renew()
            if self._used >= self._most["DailyApiRequests"]:
                message = "TotalRequests Limit exceeded."
                raise RequestError("REQUEST_LIMIT_EXCEEDED", message, status=403)
            self._used += 1

    def spend(self, name: str, amount: int = 1) -> None:
        """Count so much of another daily limit, such as DailyBulkApiBatches.

        Raises:
            RequestError: Not so much of it is left today.
        """
        with self._lock:
            self._renew()
            if self._spent[name] + amount > self._most[name]:
                raise RequestError("EXCEEDED_QUOTA", f"{name} Limit exceeded.", status=403)
            self._spent[name] += amount

    def _renew(self) -> None:
        now = self._clock.now()
        if not timedelta(0) <= now - self._began < _DAY:
            self._began, self._used = now, 0
            self._spent.clear()

    def header(self) -> str:
        """Return the value of Sforce-Limit-Info."""
        with self._lock:
            return f"api-usage={self._used}/{self._most['DailyApiRequests']}"

    def limits(self, records: int) -> dict[str, dict[str, int]]:
        """Return the body of `/limits` for an org that holds so many records."""
        with self._lock:
            most, used = dict(self._most), self._used
            remaining = {name: max(0, each - self._spent[name]) for name, each in most.items()}
        remaining["DailyApiRequests"] -= min(used, most["DailyApiRequests"])
        remaining["DataStorageMB"] = max(0, most["DataStorageMB"] - _megabytes(records))
        return {name: {"Max": most[name], "Remaining": remaining[name]} for name in sorted(most)}

    def room_for(self, records: int) -> int:
        """Return how many more records fit into an org that holds so many."""
        with self._lock:
            return self._most["DataStorageMB"] * _KB_IN_MB // _RECORD_KB - records

    def set_limit(self, name: str, most: int) -> None:
        """Change a limit; KeyError for one that there is not."""
        with self._lock:
            if name not in self._most:
                raise KeyError(name)
            self._most[name] = most


def _megabytes(records: int) -> int:
    return records * _RECORD_KB // _KB_IN_MB
