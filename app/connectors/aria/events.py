"""Aria's event notifications: whether one is to be believed, and what it has read again.

Aria signs nothing (aria.md §3.2). What counts is the path that nobody else knows, the key and the
client number where a payload has them, and the network that it comes from.
"""

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from http import HTTPStatus

from app.connectors.aria.event_payload import PayloadError, values_of
from app.connectors.aria.event_reads import is_of_catalog, is_plain, reads
from app.connectors.listening import (
    NOT_FROM_THERE,
    NOT_HERE,
    Answer,
    Heard,
    Posted,
    Sources,
    sources,
)
from app.connectors.spec import Given
from app.errors import NotSignedIn, WrongUse

PATH_SECRET, KEY_SECRET = "event_path", "event_key"  # names of secrets, none themselves
PREFIX = "/aria/"
_SHORTEST_PATH = 16
_PATH = re.compile(r"[A-Za-z0-9._~-]+")
_ADDED, _DELETED = "A", "D"
_ACCOUNTS = "A"
_KEY_LENGTH = 32


def notifications(given: Given) -> "AriaEvents":
    """Return what understands the notifications of a connection's client.

    Secrets are asked for when it is first used: a refresh needs none of them.

    Raises:
        WrongUse: A setting cannot be what it says.
    """
    where = f"Connection {given.connection!r}: the setting 'event_sources'"
    return AriaEvents(
        given.number("client_no"),
        given.setting("event_answer"),
        sources(given.setting("event_sources"), where),
        lambda: given.secret_value(PATH_SECRET),
        lambda: (given.secret_value("auth_key"), given.secret_value(KEY_SECRET)),
    )


@dataclass(frozen=True)
class AriaEvents:
    """Understands the notifications of one client.

    Attributes:
        answer: The text by which Aria sees that a notification arrived: its *Server Response*.
        path: Returns the secret part of the path.
        keys: Returns the keys of which a payload may have one.
    """

    client_no: int
    answer: str
    sources: Sources
    path: Callable[[], str] = field(repr=False)
    keys: Callable[[], tuple[str, ...]] = field(repr=False)

    def ready(self) -> None:
        """Return if there is a secret path, and it is long enough to be one."""
        if not self._secret_path:
            raise NotSignedIn(
                "Aria's events cannot be told from anybody's: there is no secret event_path.",
                "Make up 32 letters and digits, give them with `concord connect … --secret"
                " event_path=-`, and set the destination in Aria to end with /aria/ and these.",
            )
        if len(self._secret_path) < _SHORTEST_PATH or not _PATH.fullmatch(self._secret_path):
            raise WrongUse(
                "The secret event_path cannot be one.",
                f"Take at least {_SHORTEST_PATH} letters, digits, - and _; 32 are good.",
            )

    def admits(self, path: str, source: str) -> Answer | None:
        """Refuse another path, and what comes from elsewhere than the networks of the setting."""
        wanted = (PREFIX + self._secret_path).encode()
        if not self._secret_path or not hmac.compare_digest(path.encode(), wanted):
            return NOT_HERE
        return None if source in self.sources else NOT_FROM_THERE

    def heard(self, posted: Posted, now: datetime) -> Heard:
        """Return what a notification told; it has no time of its own, so `now` does not count."""
        del now
        refusal = self.admits(posted.path, posted.source)
        if refusal is not None:
            return Heard(refusal, "its path or its address is not the right one")
        try:
            values = values_of(posted.body)
        except PayloadError as error:
            return _refused(HTTPStatus.BAD_REQUEST, str(error))
        if problem := self._forged(values):
            return _refused(HTTPStatus.FORBIDDEN, problem)
        if not any(values.get(name) for name in ("event_id", "event_no", "transaction_id")):
            return _refused(HTTPStatus.BAD_REQUEST, "it is no event notification")
        return self._told(values)

    @cached_property
    def _secret_path(self) -> str:
        return self.path()

    @cached_property
    def _known_keys(self) -> tuple[bytes, ...]:
        return tuple(key.encode() for key in self.keys() if key)

    def _forged(self, values: Mapping[str, tuple[str, ...]]) -> str:
        """Return what a payload says that Aria would not say to us, `""` where nothing."""
        if any(number != str(self.client_no) for number in values.get("client_no", ())):
            return "it is of another client number"
        for key in values.get("auth_key", ()):
            if not any(hmac.compare_digest(key.encode(), known) for known in self._known_keys):
                return "its key is not one of ours"
        return ""

    def _told(self, values: Mapping[str, tuple[str, ...]]) -> Heard:
        events = (*values.get("event_id", ()), *values.get("event_no", ()))
        letter = _first(values, "class") or _first(values, "class_name")
        entities: frozenset[str] = frozenset()
        unknown = []
        for event in events:
            more, is_known = reads(event, letter)
            entities |= more
            if not is_known:
                unknown.append(event[:20])
        accounts = tuple(dict.fromkeys(values.get("acct_no", ())))
        if is_of_catalog(entities):
            accounts = ()
        return Heard(
            Answer(body=self.answer.encode()),
            delivery=_delivery(values, letter),
            accounts=accounts,
            entities=entities if accounts or is_of_catalog(entities) else frozenset(),
            changes=len(events),
            receipt=_key(values) if letter[:1].upper() == _ACCOUNTS and is_plain(entities) else "",
            unknown=tuple(unknown),
        )


def _first(values: Mapping[str, tuple[str, ...]], name: str) -> str:
    return next(iter(values.get(name, ())), "")


def _key(values: Mapping[str, tuple[str, ...]]) -> str:
    """Return the idempotency key in the receipt of a plain change, `""` for any other.

    A receipt is the key and a letter for the call (`steps`); what was added or deleted may have
    brought more records than we asked for.
    """
    if _first(values, "action").upper() in {_ADDED, _DELETED, ""}:
        return ""
    return _first(values, "client_receipt_id")[:_KEY_LENGTH]


def _delivery(values: Mapping[str, tuple[str, ...]], letter: str) -> str:
    """Return what is the same for a repeat alone.

    The number does not do by itself: whether one may stand on two messages is not documented.
    """
    names = ("transaction_id", "client_receipt_id", "acct_no", "event_id", "event_no")
    parts = [letter, *(",".join(values.get(name, ())) for name in names)]
    return sha256("\0".join(parts).encode()).hexdigest()[:32]


def _refused(status: HTTPStatus, why: str) -> Heard:
    return Heard(Answer(status, b"Refused."), why)
