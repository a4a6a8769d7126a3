"""How many requests a second the account may make; without a setting, as many as it likes."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.sandbox.orb.errors import TOO_MANY_REQUESTS, OrbError
from app.sandbox.wire import Response

_NAMES = ("requests", "seconds", "headers")


@dataclass(frozen=True, slots=True)
class Allowance:
    """So many requests in each window of so many seconds."""

    requests: int
    seconds: float
    headers: bool = True


class RateLimit:
    """Counts requests in windows of real time; asked under the system's lock.

    Orb describes neither numbers nor headers (orb.md §1), so both are a setting here.
    """

    def __init__(self) -> None:
        self._allowance: Allowance | None = None
        self._window = 0.0
        self._count = 0

    def set(self, values: Mapping[str, Any]) -> None:
        """Take `requests` (null: no limit), `seconds` and `headers`.

        Raises:
            ValueError: A name is unknown, or a value is not usable.
        """
        unknown = sorted(set(values) - set(_NAMES))
        if unknown:
            raise ValueError(f"{unknown[0]!r} is none of {', '.join(_NAMES)}")
        requests = values.get("requests")
        seconds = float(values.get("seconds", 1))
        if requests is None:
            self._allowance = None
        elif int(requests) < 1 or seconds <= 0:
            raise ValueError("requests and seconds have to be more than 0")
        else:
            headers = values.get("headers", True) is True
            self._allowance = Allowance(int(requests), seconds, headers)
        self._window, self._count = 0.0, 0

    def as_row(self) -> dict[str, Any]:
        """Return the setting."""
        found = self._allowance
        if found is None:
            return {"requests": None, "seconds": 1, "headers": True}
        return {"requests": found.requests, "seconds": found.seconds, "headers": found.headers}

    def count(self) -> dict[str, str]:
        """Count a request and return the headers of its answer."""
        if self._allowance is None:
            return {}
        window = time.monotonic() // self._allowance.seconds
        if window != self._window:
            self._window, self._count = window, 0
        self._count += 1
        return self._headers(self._allowance)

    def refusal(self) -> Response | None:
        """Return the answer to a request beyond the limit, else None."""
        if self._allowance is None or self._count <= self._allowance.requests:
            return None
        refused = OrbError(TOO_MANY_REQUESTS, "You have exceeded the rate limit.").response()
        headers = self._headers(self._allowance)
        if headers:
            headers["Retry-After"] = headers["RateLimit-Reset"]
        return Response(refused.status, refused.body, {**refused.headers, **headers})

    def _headers(self, allowance: Allowance) -> dict[str, str]:
        if not allowance.headers:
            return {}
        left = allowance.seconds - time.monotonic() % allowance.seconds
        return {
            "RateLimit-Limit": str(allowance.requests),
            "RateLimit-Remaining": str(max(0, allowance.requests - self._count)),
            "RateLimit-Reset": str(math.ceil(left)),
        }
