"""Who is told what: subscriptions, destinations, the switch of transmission (aria.md §3.1)."""

from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from app.sandbox.aria.accounts.store import Note
from app.sandbox.aria.events.catalog import EVENTS, LETTERS, PRODUCTS, class_of
from app.sandbox.aria.events.payload import Message, as_form, as_xml
from app.sandbox.aria.events.sender import Delivery, Destination, Sender
from app.sandbox.clock import Clock

_FIRST_TRANSACTION = 5501001
_MOST_ATTEMPTS = 9
_FORMS = {"nvp": as_form, "xml": as_xml}
_FIELDS = frozenset({"class_no", "url", "form", "server_response", "attempts", "delay_s"})


class Board:
    """Turns what happened into messages for the destinations of each class."""

    def __init__(self, clock: Clock, client_no: int, auth_key: str) -> None:
        self._sender = Sender(clock)
        self._client_no, self._auth_key = client_no, auth_key
        self._transactions = count(_FIRST_TRANSACTION)
        self._numbers = count(1)
        self.clear()

    def clear(self) -> None:
        """Go back to no destination, and all classes but products subscribed."""
        self._sender.clear()
        self.destinations: dict[int, Destination] = {}
        self.classes = {number for number in LETTERS if number != PRODUCTS}
        self.events = set(EVENTS)
        self.is_on = True

    def tell(self, notes: Iterable[Note]) -> None:
        """Send the events of one call: one message an account, class and record."""
        groups: dict[tuple[int, int, int | None], list[Note]] = {}
        for note in notes:
            if note.event_id in self.events and class_of(note.event_id) in self.classes:
                record = note.transaction_id or note.order_no
                key = (note.account.no, class_of(note.event_id), record)
                groups.setdefault(key, []).append(note)
        for (_, class_no, record), group in groups.items():
            ids = tuple(dict.fromkeys(note.event_id for note in group))
            message = Message(
                next(self._transactions),
                class_no,
                ids,
                group[-1].account,
                self._client_no,
                self._auth_key,
                group[-1].receipt,
                record,
            )
            self._send(message)

    def _send(self, message: Message) -> None:
        for where in self.destinations.values():
            if where.class_no != message.class_no:
                continue
            body = _FORMS[where.form](message)
            delivery = Delivery(
                message.transaction_id, message.account.no, message.event_ids, where, body
            )
            if self.is_on:
                self._sender.send(delivery)
            else:
                self._sender.hold(delivery)

    def add(self, values: Mapping[str, Any]) -> None:
        """Register a destination for a class of events.

        Raises:
            ValueError: A value is missing or cannot be used.
        """
        unknown = set(values) - _FIELDS
        if unknown or not {"class_no", "url"} <= set(values):
            raise ValueError(f"A destination has {', '.join(sorted(_FIELDS))}; it needs the URL.")
        where = Destination(next(self._numbers), **values)
        if urlsplit(where.url).scheme not in {"http", "https"} or where.form not in _FORMS:
            raise ValueError("A destination is an HTTP address; its form is nvp or xml.")
        if where.class_no not in LETTERS or not 1 <= where.attempts <= _MOST_ATTEMPTS:
            raise ValueError(f"Classes are {', '.join(map(str, LETTERS))}; attempts 1 to 9.")
        self.destinations[where.number] = where

    def rows(self) -> list[dict[str, Any]]:
        """Return the destinations."""
        return [
            {"key": str(where.number), **{name: getattr(where, name) for name in sorted(_FIELDS)}}
            for where in self.destinations.values()
        ]

    def deliveries(self) -> list[dict[str, Any]]:
        """Return what became of each message, oldest first."""
        return self._sender.rows()

    def wait_until_idle(self, timeout_s: float) -> bool:
        """Wait until nothing is due; False if that took too long."""
        return self._sender.wait_until_idle(timeout_s)

    def clock_moved(self) -> None:
        """Look at once at what is due."""
        self._sender.clock_moved()

    def close(self) -> None:
        """End the thread that sends."""
        self._sender.close()
