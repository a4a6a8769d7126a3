"""Who listens to the Streaming API: a client, its subscriptions, and how it waits for events."""

import secrets
import time
from dataclasses import dataclass, field
from typing import NamedTuple

from app.sandbox.salesforce.pubsub.bus import EventBus, Placed, replay_id
from app.sandbox.salesforce.streaming.events import ChangeFeeds

NEW_ONLY, ALL_KEPT = -1, -2
_MOST = 100  # events in one answer
_FORGOTTEN_S = 300.0


@dataclass(slots=True)
class Subscription:
    """A channel that a client listens to, and the number up to which it has been told."""

    channel: str
    entity: str
    position: int


@dataclass(slots=True)
class Client:
    """One client; the bus's `changed` guards it."""

    id: str
    cuts: int
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    turns: int = 0  # how often it connected: the latest connect alone is told events
    seen_at: float = field(default_factory=time.monotonic)


class Told(NamedTuple):
    """An event for one subscription."""

    channel: str
    placed: Placed


class UnknownChannel(LookupError):  # noqa: N818 - reads as what happened
    """There is no such channel."""


class Clients:
    """All clients of the Streaming API."""

    def __init__(self, bus: EventBus, feeds: ChangeFeeds) -> None:
        self._bus = bus
        self._feeds = feeds
        self._all: dict[str, Client] = {}

    def greet(self) -> Client:
        """Return a new client; who has been silent for long is forgotten."""
        now = time.monotonic()
        with self._bus.changed:
            silent = [each.id for each in self._all.values() if now - each.seen_at > _FORGOTTEN_S]
            for client_id in silent:
                del self._all[client_id]
            client = Client(secrets.token_hex(14), self._bus.cuts)
            self._all[client.id] = client
        return client

    def find(self, client_id: str) -> Client | None:
        """Return a client; None of one that is unknown, or cut off by the control door."""
        with self._bus.changed:
            client = self._all.get(client_id)
            if client is None or client.cuts != self._bus.cuts:
                self._all.pop(client_id, None)
                return None
            client.seen_at = time.monotonic()
            return client

    def part(self, client: Client) -> None:
        """Forget a client and end what it waits for."""
        with self._bus.changed:
            self._all.pop(client.id, None)
            client.turns += 1
            self._bus.changed.notify_all()

    def subscribe(self, client: Client, channel: str, replay: int) -> None:
        """Listen to a channel, from an event on that the bus still holds.

        Raises:
            UnknownChannel: There is no such channel.
            InvalidReplay: The bus does not hold that event.
        """
        entity = self._feeds.entity(channel)
        if entity is None:
            raise UnknownChannel(channel)
        with self._bus.changed:
            start = self._start(replay)
            client.subscriptions[channel] = Subscription(channel, entity, start)
            self._bus.changed.notify_all()  # its connect may be waiting already

    def _start(self, replay: int) -> int:
        if replay == NEW_ONLY:
            return self._bus.tip()
        if replay == ALL_KEPT:
            return self._bus.earliest()
        return self._bus.after(replay_id(replay) if replay >= 0 else b"")

    def unsubscribe(self, client: Client, channel: str) -> None:
        """Listen to a channel no more."""
        with self._bus.changed:
            client.subscriptions.pop(channel, None)

    def wait(self, client: Client, seconds: float) -> list[Told]:
        """Return the client's next events; none once the time is over or it connects anew.

        The first connect is answered at once, as the real server does.
        """
        began = time.monotonic()
        with self._bus.changed:
            client.turns += 1
            turn, first = client.turns, client.turns == 1
            self._bus.changed.notify_all()
            while client.turns == turn and not self._bus.closed and client.cuts == self._bus.cuts:
                found = [each for one in client.subscriptions.values() for each in self._next(one)]
                left = seconds - (time.monotonic() - began)
                if found or first or left <= 0:
                    return sorted(found, key=lambda told: told.placed.number)
                self._bus.changed.wait(left)
        return []

    def _next(self, one: Subscription) -> list[Told]:
        while True:
            found = self._bus.read(one.position, _MOST, one.entity)
            moved, one.position = found.upto > one.position, found.upto
            if found.events or not moved:
                return [Told(one.channel, each) for each in found.events]
