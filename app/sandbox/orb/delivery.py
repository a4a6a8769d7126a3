"""Sending webhooks: signed, tried again, at least once, in no promised order (orb.md §4)."""

import heapq
import hmac
import http.client
import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from app.sandbox.clock import Clock

log = logging.getLogger(__name__)

RETRIES_S = (60, 300, 1800, 7200, 18000, 36000, 86400)  # Orb's own steps are not public
_TIMEOUT_S = 5
_POLL_S = 0.2
_KEPT = 10_000
_GOOD = range(200, 300)


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Return the signature header of a body: `v1=` and the HMAC-SHA256 in hex (orb.md §4)."""
    message = b"v1:" + timestamp.encode() + b":" + body
    return "v1=" + hmac.new(secret.encode(), message, sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Target:
    """Where an event goes, and the key that signs it."""

    endpoint_id: str
    url: str
    secret: str = field(repr=False)


@dataclass(slots=True)
class Delivery:
    """One event on its way to one endpoint."""

    event_id: str
    kind: str
    target: Target
    body: bytes
    attempts: int = 0
    status: str = "waiting"
    answers: list[int] = field(default_factory=list)  # HTTP statuses; 0 where none came
    next_attempt_at: str | None = None

    def as_row(self) -> dict[str, Any]:
        """Return what became of it, without the secret."""
        return {
            "event_id": self.event_id,
            "type": self.kind,
            "endpoint_id": self.target.endpoint_id,
            "url": self.target.url,
            "attempts": self.attempts,
            "answers": list(self.answers),
            "status": self.status,
            "next_attempt_at": self.next_attempt_at,
        }


@dataclass(frozen=True, slots=True)
class Trouble:
    """Faults of delivery: every n-th event is sent twice, is held back, has its first try lost."""

    duplicate_every: int = 0
    disorder_every: int = 0
    lose_every: int = 0


class Courier:
    """Delivers events from a thread of its own, retries by the sandbox's clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._change = threading.Condition()
        self._queue: list[tuple[datetime, int, Delivery]] = []
        self._serials = count(1)
        self._sent: deque[Delivery] = deque(maxlen=_KEPT)
        self._count = 0
        self._held: Delivery | None = None
        self._trouble = Trouble()
        self._busy = False
        self._closed = False
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="orb-webhooks")
        self._work: Future[None] | None = None

    def set_trouble(self, values: Mapping[str, Any]) -> None:
        """Take `duplicate_every`, `disorder_every` and `lose_every` (0: never).

        Raises:
            ValueError: A name is unknown or a value no whole number from 0.
        """
        names = Trouble.__dataclass_fields__
        for name, value in values.items():
            if name not in names or not isinstance(value, int) or value < 0:
                raise ValueError(f"{name!r}: a whole number from 0 for one of {', '.join(names)}")
        with self._change:
            self._trouble = Trouble(**values)

    def trouble(self) -> dict[str, int]:
        """Return the faults in force."""
        found = self._trouble
        return {name: getattr(found, name) for name in Trouble.__dataclass_fields__}

    def send(self, delivery: Delivery) -> None:
        """Take an event to be delivered."""
        with self._change:
            self._sent.append(delivery)
            self._count += 1
            number, trouble = self._count, self._trouble
            if _hits(trouble.lose_every, number):
                self._retry(delivery, 0)
                return
            if _hits(trouble.disorder_every, number) and self._held is None:
                self._held = delivery
                return
            self._put(delivery)
            if _hits(trouble.duplicate_every, number):
                self._put(delivery)
            if self._held is not None:
                self._put(self._held)
                self._held = None

    def clock_moved(self) -> None:
        """Look at once at what is due, and let go of what was held back."""
        with self._change:
            if self._held is not None:
                self._put(self._held)
                self._held = None
            self._change.notify_all()

    def rows(self) -> list[dict[str, Any]]:
        """Return what became of each event, oldest first."""
        with self._change:
            return [delivery.as_row() for delivery in self._sent]

    def wait_until_idle(self, timeout_s: float) -> bool:
        """Wait until nothing is due; False if that took too long."""
        with self._change:
            return self._change.wait_for(lambda: not self._busy and not self._is_due(), timeout_s)

    def clear(self) -> None:
        """Forget everything that is on its way, and the faults."""
        with self._change:
            self._queue.clear()
            self._sent.clear()
            self._count, self._held, self._trouble = 0, None, Trouble()

    def close(self) -> None:
        """End the thread; what was not delivered stays so."""
        with self._change:
            self._closed = True
            self._change.notify_all()
        self._pool.shutdown()

    def _put(self, delivery: Delivery) -> None:
        heapq.heappush(self._queue, (self._clock.now(), next(self._serials), delivery))
        if self._work is None:
            self._work = self._pool.submit(self._run)
        self._change.notify_all()

    def _retry(self, delivery: Delivery, tries: int) -> None:
        if tries >= len(RETRIES_S):
            delivery.status, delivery.next_attempt_at = "failed", None
            return
        at = self._clock.now() + timedelta(seconds=RETRIES_S[tries])
        delivery.status, delivery.next_attempt_at = "waiting", at.isoformat()
        heapq.heappush(self._queue, (at, next(self._serials), delivery))
        if self._work is None:
            self._work = self._pool.submit(self._run)

    def _is_due(self) -> bool:
        return bool(self._queue) and self._queue[0][0] <= self._clock.now()

    def _run(self) -> None:
        while True:
            with self._change:
                while not self._closed and not self._is_due():
                    self._change.wait(_POLL_S if self._queue else None)
                if self._closed:
                    return
                _, _, delivery = heapq.heappop(self._queue)
                self._busy = True
            status = _post(delivery, self._clock.now)
            with self._change:
                self._busy = False
                self._took(delivery, status)
                self._change.notify_all()

    def _took(self, delivery: Delivery, status: int) -> None:
        delivery.attempts += 1
        delivery.answers.append(status)
        if status in _GOOD:
            delivery.status, delivery.next_attempt_at = "delivered", None
        elif delivery.status != "delivered":
            self._retry(delivery, delivery.attempts - 1)


def _hits(every: int, number: int) -> bool:
    return every > 0 and number % every == 0


def _post(delivery: Delivery, now: Callable[[], datetime]) -> int:
    """Post an event and return the status of the answer, 0 where none came in time."""
    address = urlsplit(delivery.target.url)
    timestamp = now().isoformat(timespec="seconds")
    headers = {
        "Content-Type": "application/json",
        "X-Orb-Timestamp": timestamp,
        "X-Orb-Signature": sign(delivery.target.secret, timestamp, delivery.body),
    }
    path = address.path or "/"
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = kind(address.hostname or "", address.port, timeout=_TIMEOUT_S)
    try:
        target = f"{path}?{address.query}" if address.query else path
        connection.request("POST", target, delivery.body, headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        log.debug("A webhook to %s did not arrive: %s", delivery.target.url, error)
        return 0
    finally:
        connection.close()
