"""Calls that are done once however often they are sent (orb.md §1)."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256

from app.sandbox.orb.errors import CONFLICT, OrbError, invalid
from app.sandbox.orb.times import later
from app.sandbox.wire import Request, Response

HEADER = "idempotency-key"
METHODS = frozenset({"POST", "PATCH"})
_LONGEST = 64
_KEPT_H = 48
_REFUSED = 400


@dataclass(frozen=True, slots=True)
class _Kept:
    at: str
    digest: bytes
    response: Response | None  # None while the first call still runs


class IdempotencyStore:
    """Answers by key, kept 48 hours of the sandbox's clock; safe to ask from several threads.

    A call that was refused did nothing, so that its key is free again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}

    def clear(self) -> None:
        """Forget every key."""
        with self._lock:
            self._kept.clear()

    def once(self, request: Request, now: str, answer: Callable[[], Response]) -> Response:
        """Answer a request, or repeat the answer that its key had before.

        Raises:
            OrbError: The key is too long (400), was used for another call, or its first call
                still runs (409).
        """
        key = request.headers.get(HEADER)
        if key is None or request.method not in METHODS:
            return answer()
        if not 0 < len(key) <= _LONGEST:
            raise invalid(f"header.Idempotency-Key: has to have 1 to {_LONGEST} characters")
        digest = sha256(b"\n".join((request.method.encode(), request.path.encode(), request.body)))
        mine = _Kept(now, digest.digest(), None)
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None and kept.at >= later(now, hours=-_KEPT_H):
                return _repeated(key, kept, mine.digest)
            self._kept[key] = mine
        return self._first(key, mine, answer)

    def _first(self, key: str, mine: _Kept, answer: Callable[[], Response]) -> Response:
        done: Response | None = None
        try:
            done = answer()
        finally:
            with self._lock:
                if done is None or done.status >= _REFUSED:
                    self._kept.pop(key, None)
                else:
                    self._kept[key] = replace(mine, response=done)
        return replace(done, headers={**done.headers, "Idempotency-Key": key})


def _repeated(key: str, kept: _Kept, digest: bytes) -> Response:
    if kept.digest != digest:
        raise OrbError(CONFLICT, "The Idempotency-Key was already used for another request.")
    if kept.response is None:
        raise OrbError(CONFLICT, "A request with this Idempotency-Key is still being processed.")
    again = {"Idempotency-Key": key, "Idempotent-Replayed": "true"}
    return replace(kept.response, headers={**kept.response.headers, **again})
