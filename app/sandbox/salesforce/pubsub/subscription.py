"""One subscription: its events as they come, as many as were asked for, and signs of life."""

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from app.sandbox.salesforce.pubsub.bus import EventBus, InvalidReplay, Placed, replay_id
from app.sandbox.salesforce.pubsub.demand import Demand
from app.sandbox.salesforce.pubsub.messages import CUSTOM, EARLIEST, new
from app.sandbox.salesforce.pubsub.refusals import cut_off, invalid_fetch
from app.sandbox.salesforce.pubsub.topics import Topic, Topics


@dataclass(slots=True)
class Subscription:
    """Serves one Subscribe call; `cut_after_events` breaks it once it has sent some."""

    bus: EventBus
    topics: Topics
    user_id: str
    demand: Demand
    alive: Callable[[], bool]
    cut_after_events: bool = False
    _position: int = field(default=0, init=False)
    _cuts: int = field(default=0, init=False)

    def responses(self) -> Iterator[Any]:
        """Yield FetchResponses until the subscriber goes, or asks for nothing more.

        Raises:
            PubSubError: The topic or replay id is none, a request is wrong, the stream is cut.
        """
        topic = self._begin()
        if topic is None:
            return
        while True:
            events = self._awaited(topic)
            if events is None:
                return
            response = self._response(events)
            if response is None:
                continue
            yield response
            if self.cut_after_events and events:
                raise cut_off()

    def _begin(self) -> Topic | None:
        """Wait for the first request and take up the position that it asks for."""
        demand = self.demand
        with self.bus.changed:
            while demand.first is None and not demand.ended:
                self.bus.changed.wait()
            self._cuts = self.bus.cuts
        if demand.refused is not None:
            raise demand.refused
        if demand.first is None:
            return None
        topic = self.topics.topic(demand.first.topic_name)
        self._position = self._start(demand.first)
        return topic

    def _start(self, request: Any) -> int:
        if request.replay_preset == EARLIEST:
            return self.bus.earliest()
        if request.replay_preset != CUSTOM:
            return self.bus.tip()
        if not request.replay_id:
            message = "The replay preset is CUSTOM, but no replay ID is set."
            raise invalid_fetch("replayid.validation.failed", message)
        try:
            return self.bus.after(request.replay_id)
        except InvalidReplay as error:
            message = (
                "The Replay ID validation failed. Ensure that the Replay ID is valid and within "
                "the retention window."
            )
            raise invalid_fetch("replayid.corrupted", message) from error

    def _awaited(self, topic: Topic) -> list[Placed] | None:
        """Return the next events, none when it is time for a sign of life; None at the end."""
        began = time.monotonic()
        with self.bus.changed:
            while True:
                self._check()
                if not self.alive() or (self.demand.ended and not self.demand.pending):
                    return None
                knobs = self.bus.knobs
                if self.demand.pending:
                    found = self.bus.read(self._position, self.demand.pending, topic.entity)
                    moved, self._position = found.upto > self._position, found.upto
                    if found.events:
                        self.demand.serve(len(found.events))
                        return found.events
                    if moved:  # there may be more behind what was passed over
                        self.bus.changed.wait(0)  # let go of the lock, and go on
                        continue
                    left = knobs.keepalive_seconds - (time.monotonic() - began)
                    if left <= 0:
                        self._position = self.bus.tip()
                        return []
                else:
                    left = knobs.idle_seconds - (time.monotonic() - self.demand.asked_at)
                    if left <= 0:
                        return None
                self.bus.changed.wait(left)

    def _check(self) -> None:
        if self.demand.refused is not None:
            raise self.demand.refused
        if self.bus.cuts != self._cuts:
            raise cut_off()

    def _response(self, placed: list[Placed]) -> Any:
        """Return events as a response; None if none of them can be told any more."""
        most = self.bus.knobs.most_event_bytes
        events = []
        for each in placed:
            written = self.topics.written(each.event, self.user_id, most)
            if written is not None:
                inner = new(
                    "ProducerEvent",
                    id=str(uuid.uuid4()),
                    schema_id=written.schema_id,
                    payload=written.payload,
                )
                events.append(new("ConsumerEvent", event=inner, replay_id=replay_id(each.number)))
        if placed and not events:
            return None
        return new(
            "FetchResponse",
            events=events,
            latest_replay_id=replay_id(placed[-1].number if placed else self._position),
            rpc_id=str(uuid.uuid4()),
            pending_num_requested=self.demand.pending,
        )
