"""One subscription to change events: responses as they come, and what its errors mean."""

import queue
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import grpc

from app.connectors.salesforce.events_change import Change
from app.connectors.salesforce.events_schema import EventReader, event_reader
from app.connectors.salesforce.events_wire import CUSTOM, LATEST, Line, fetch_request
from app.domain.control import CancelToken

MOST_EVENTS = 100
"""Events that may be asked for and not yet here (salesforce.md §16)."""
_TOPIC = "/data/ChangeEvents"  # one stream for all objects keeps the order of the commits
_POLL_S = 0.2  # how late a cancel may be noticed
_SILENCE_S = 300.0  # a sign of life comes within 270 (salesforce.md §16)
_SCHEMA_S = 30.0
_PREFIX = "sfdc.platform.eventbus.grpc."


class Meaning(Enum):
    """What to do about an error."""

    TRY_AGAIN = auto()
    SIGN_IN = auto()
    TOO_OLD = auto()  # the replay id
    NO_EVENTS = auto()  # not in this org, or not for this user


@dataclass(frozen=True, slots=True)
class Trouble:
    """An error of the service in a form that can be acted on; `words` hold no secret."""

    meaning: Meaning
    words: str


class StreamEnded(Exception):  # noqa: N818 - the server may: it is no failure
    """The stream ended without an error, or fell silent."""


@dataclass(frozen=True, slots=True)
class Response:
    """Changes that came together, and the replay id behind them."""

    changes: tuple[Change, ...]
    replay: bytes
    count: int


class Subscription:
    """A running Subscribe call; nothing is sent but what was asked for with `ask`."""

    def __init__(self, line: Line, replay: bytes, readers: dict[str, EventReader]) -> None:
        self._line = line
        self._readers = readers
        self._asked: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._heard = time.monotonic()
        self._next: Future[Any] | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="change-events")
        place = {"replay_preset": CUSTOM, "replay_id": replay} if replay else {}
        first = {"topic_name": _TOPIC, "replay_preset": LATEST} | place
        self._asked.put(fetch_request(MOST_EVENTS, **first))
        self._call = line.subscribe(iter(self._asked.get, None))

    def ask(self, count: int) -> None:
        """Ask for so many more events: those that were dealt with."""
        if count:
            self._asked.put(fetch_request(count))

    def response(self, timeout_s: float, cancel: CancelToken) -> Response | None:
        """Return the next response; None if none comes in time.

        Raises:
            grpc.RpcError: The call has ended with an error.
            StreamEnded: It has ended, or nothing was heard for longer than there may be silence.
            AnswerUnreadable: An event or its schema makes no sense.
        """
        if self._next is None:
            self._next = self._pool.submit(next, self._call, None)
        until = time.monotonic() + timeout_s
        while not self._next.done():
            cancel.check()
            now = time.monotonic()
            if now - self._heard > _SILENCE_S:
                raise StreamEnded
            if now >= until:
                return None
            wait([self._next], min(_POLL_S, until - now))
        cancel.check()
        found, self._next = self._next.result(), None
        if found is None:
            raise StreamEnded
        self._heard = time.monotonic()
        return self._read(found, cancel)

    def close(self) -> None:
        """End the call and its thread."""
        self._call.cancel()
        self._asked.put(None)
        self._pool.shutdown()

    def _read(self, found: Any, cancel: CancelToken) -> Response:
        changes = tuple(self._changes(found.events, cancel))
        replay = found.events[-1].replay_id if found.events else found.latest_replay_id
        return Response(changes, bytes(replay), len(found.events))

    def _changes(self, events: Any, cancel: CancelToken) -> Iterator[Change]:
        for each in events:
            schema_id = each.event.schema_id
            if schema_id not in self._readers:
                self._readers[schema_id] = event_reader(self._schema(schema_id, cancel))
            yield self._readers[schema_id].change(each.event.payload)

    def _schema(self, schema_id: str, cancel: CancelToken) -> str:
        call = self._line.schema(schema_id, _SCHEMA_S)
        try:
            while True:
                cancel.check()
                try:
                    return str(call.result(timeout=_POLL_S).schema_json)
                except grpc.FutureTimeoutError:
                    continue
        finally:
            call.cancel()


_BY_CODE = {
    "subscription.fetch.replayid.corrupted": Meaning.TOO_OLD,
    "subscription.fetch.replayid.validation.failed": Meaning.TOO_OLD,
    "subscription.limit.exceeded": Meaning.NO_EVENTS,  # a day's deliveries are used up
    "subscription.topic.cannot.subscribe": Meaning.NO_EVENTS,
    "service.tenant.license": Meaning.NO_EVENTS,
    "topic.not.found": Meaning.NO_EVENTS,
    "topic.meta.permission": Meaning.NO_EVENTS,
}
_BY_STATUS = {
    grpc.StatusCode.UNAUTHENTICATED: Meaning.SIGN_IN,
    grpc.StatusCode.PERMISSION_DENIED: Meaning.NO_EVENTS,
    grpc.StatusCode.NOT_FOUND: Meaning.NO_EVENTS,
    grpc.StatusCode.UNIMPLEMENTED: Meaning.NO_EVENTS,
}


def trouble_of(error: grpc.RpcError) -> Trouble:
    """Return what an error of a call means: by Salesforce's own code, else by the status.

    Source: developer.salesforce.com/docs/platform/pub-sub-api/guide/handling-errors.html
    """
    call: Any = error  # gRPC's errors are calls as well, which their base class does not tell
    trailers: Mapping[str, str] = dict(call.trailing_metadata() or ())
    code = str(trailers.get("error-code", "")).removeprefix(_PREFIX)
    status = call.code()
    meaning = _BY_CODE.get(code) or _BY_STATUS.get(status, Meaning.TRY_AGAIN)
    return Trouble(meaning, code or status.name)
