"""What a subscriber asks for: read from its stream of requests, counted down as it is served."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import grpc

from app.sandbox.salesforce.pubsub.refusals import PubSubError, invalid_fetch

MOST_PENDING = 100
"""Events that a subscriber may have asked for and not yet got (salesforce.md §16)."""


class Demand:
    """The requests of one subscription; its attributes are read while `changed` is held."""

    def __init__(self, changed: threading.Condition, clock: Callable[[], float]) -> None:
        self._changed = changed
        self._clock = clock
        self.first: Any = None
        self.pending = 0
        self.asked_at = clock()
        self.refused: PubSubError | None = None
        self.ended = False

    def follow(self, requests: Iterator[Any]) -> None:
        """Take requests until the subscriber has no more, or is gone."""
        try:
            for request in requests:
                with self._changed:
                    self._take(request)
                    self._changed.notify_all()
        except grpc.RpcError:
            pass  # the call is over, whichever way
        except PubSubError as error:
            self.refused = error
        finally:
            self.end()

    def end(self) -> None:
        """Note that nothing more will be asked for."""
        with self._changed:
            self.ended = True
            self._changed.notify_all()

    def serve(self, count: int) -> None:
        """Note that so many events are being sent."""
        self.pending -= count
        self.asked_at = self._clock()

    def _take(self, request: Any) -> None:
        if request.num_requested <= 0:
            message = "The requested number of events must be greater than zero."
            raise invalid_fetch("requested.events.invalid", message)
        if self.first is None:
            self.first = request
        elif request.topic_name not in {"", self.first.topic_name}:
            message = "The topic name differs from that of the first request."
            raise invalid_fetch("topic.mismatch", message)
        self.pending = min(MOST_PENDING, self.pending + request.num_requested)
        self.asked_at = self._clock()
