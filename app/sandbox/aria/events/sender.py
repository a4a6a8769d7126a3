"""Sends event notifications: attempts, delay, acknowledgement (aria.md §3.1)."""

import heapq
import http.client
import logging
import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from app.sandbox.clock import Clock

log = logging.getLogger(__name__)

_TIMEOUT_S = 5
_POLL_S = 0.2
_KEPT = 20_000
_LONGEST_ANSWER = 4096
_OK = 200


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the events of a class go, and what answer counts as received."""

    number: int
    class_no: int
    url: str
    form: str = "nvp"  # or xml
    server_response: str = "OK"
    attempts: int = 3
    delay_s: int = 300


@dataclass(slots=True)
class Delivery:
    """One message on its way to one destination."""

    transaction_id: int
    acct_no: int
    event_ids: tuple[int, ...]
    destination: Destination
    body: bytes = field(repr=False)  # it holds the key
    status: str = "Waiting"
    attempts: int = 0
    next_attempt_at: str | None = None

    def as_row(self) -> dict[str, Any]:
        """Return what became of it, without the body."""
        return {
            "key": str(self.transaction_id),
            "transaction_id": self.transaction_id,
            "acct_no": self.acct_no,
            "event_ids": list(self.event_ids),
            "url": self.destination.url,
            "status": self.status,
            "attempts": self.attempts,
            "next_attempt_at": self.next_attempt_at,
        }


class Sender:
    """Sends messages from a thread of its own; delays go by the sandbox's clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._change = threading.Condition()
        self._queue: list[tuple[datetime, int, Delivery]] = []
        self._serials = count()
        self._log: deque[Delivery] = deque(maxlen=_KEPT)
        self._busy = False
        self._closed = False
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="aria-events")
        self._work: Future[None] | None = None

    def send(self, delivery: Delivery) -> None:
        """Take a message to be delivered at once."""
        with self._change:
            self._log.append(delivery)
            self._put(delivery, self._clock.now())

    def hold(self, delivery: Delivery) -> None:
        """Note a message that is not sent because transmission is off."""
        delivery.status = "Not sent"
        with self._change:
            self._log.append(delivery)

    def clock_moved(self) -> None:
        """Look at once at what is due."""
        with self._change:
            self._change.notify_all()

    def rows(self) -> list[dict[str, Any]]:
        """Return what became of each message, oldest first."""
        with self._change:
            return [delivery.as_row() for delivery in self._log]

    def wait_until_idle(self, timeout_s: float) -> bool:
        """Wait until nothing is due; False if that took too long."""
        with self._change:
            return self._change.wait_for(lambda: not self._busy and not self._is_due(), timeout_s)

    def clear(self) -> None:
        """Forget everything that is on its way."""
        with self._change:
            self._queue.clear()
            self._log.clear()

    def close(self) -> None:
        """End the thread; what was not delivered stays so."""
        with self._change:
            self._closed = True
            self._change.notify_all()
        self._pool.shutdown()

    def _put(self, delivery: Delivery, at: datetime) -> None:
        heapq.heappush(self._queue, (at, next(self._serials), delivery))
        if self._work is None:
            self._work = self._pool.submit(self._run)
        self._change.notify_all()

    def _is_due(self) -> bool:
        return bool(self._queue) and self._queue[0][0] <= self._clock.now()

    def _run(self) -> None:
        while True:
            with self._change:
                while not self._closed and not self._is_due():
                    self._change.wait(_POLL_S if self._queue else None)
                if self._closed:
                    return
                delivery = heapq.heappop(self._queue)[2]
                self._busy = True
            answer = _post(delivery)
            with self._change:
                self._busy = False
                self._took(delivery, answer)
                self._change.notify_all()

    def _took(self, delivery: Delivery, answer: str | None) -> None:
        delivery.attempts += 1
        delivery.next_attempt_at = None
        where = delivery.destination
        if answer == where.server_response:
            delivery.status = "Successful"
        elif delivery.attempts >= where.attempts:
            delivery.status = "Fatal"
        else:
            delivery.status = "Failed"
            at = self._clock.now() + timedelta(seconds=where.delay_s)
            delivery.next_attempt_at = at.isoformat()
            self._put(delivery, at)


def _post(delivery: Delivery) -> str | None:
    """Post a message; return the text of a good answer, or None."""
    where = delivery.destination
    address = urlsplit(where.url)
    kind = "text/xml; charset=UTF-8" if where.form == "xml" else "application/x-www-form-urlencoded"
    secure = address.scheme == "https"
    maker = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = maker(address.hostname or "", address.port, timeout=_TIMEOUT_S)
    target = f"{address.path or '/'}?{address.query}" if address.query else address.path or "/"
    try:
        connection.request("POST", target, delivery.body, {"Content-Type": kind})
        response = connection.getresponse()
        text = response.read(_LONGEST_ANSWER).decode("utf-8", "replace").strip()
    except (OSError, http.client.HTTPException) as error:
        log.debug("An event for %s did not arrive: %s", address.hostname, type(error).__name__)
        return None
    else:
        return text if response.status == _OK else None
    finally:
        connection.close()
