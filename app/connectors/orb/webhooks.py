"""Webhooks of Orb: whether one is really Orb's, and what it says first (orb.md §4)."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from app.errors import RemoteRefused

TIMESTAMP, SIGNATURE = "X-Orb-Timestamp", "X-Orb-Signature"
WINDOW = timedelta(minutes=5)
_VERSION = "v1"


class NotGenuine(RemoteRefused):
    """A webhook is not Orb's, or is not of now; nothing in it may be believed."""


@dataclass(frozen=True, slots=True)
class Event:
    """One verified event: drop repeats by `id`; no order is promised, so go by `created_at`.

    Attributes:
        kind: `<resource>.<verb>`, any text: new ones come (orb.md §6.21).
        resource: The resource under its own name, `{}` where the event carries none.
    """

    id: str
    created_at: datetime
    kind: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    resource: Mapping[str, Any] = field(default_factory=dict)


def verified(body: bytes, headers: Mapping[str, str], secret: str, now: datetime) -> Event:
    """Return the event that a request carries.

    Args:
        body: The body as it came, byte by byte; never one that was written anew.
        headers: The request's headers, their names in any case.
        secret: The endpoint's secret.
        now: The present, aware.

    Raises:
        NotGenuine: A header is missing, the time is more than five minutes off, or no signature
            is that of this body, or it is no event.
    """
    given = {name.lower(): value for name, value in headers.items()}
    stamp, signatures = given.get(TIMESTAMP.lower()), given.get(SIGNATURE.lower())
    if not stamp or not signatures:
        raise _refused(f"it lacks the header {SIGNATURE if stamp else TIMESTAMP}")
    if not secret:
        raise _refused("there is no secret to check it with")
    if abs(now - _moment(stamp)) > WINDOW:
        raise _refused("its time is more than five minutes off")
    if not _is_signed(body, stamp, signatures, secret):
        raise _refused("its signature is not that of its body")
    return _event(body)


def _is_signed(body: bytes, stamp: str, signatures: str, secret: str) -> bool:
    """Return whether one of the signatures is right; how long that takes tells nothing of it."""
    message = f"{_VERSION}:{stamp}:".encode() + body
    wanted = hmac.new(secret.encode(), message, hashlib.sha256).hexdigest().encode()
    parts = (each.partition("=") for each in signatures.split())
    found = [value.encode() for version, _, value in parts if version == _VERSION]
    # All are compared: with several secrets in turn there are several signatures.
    return sum(hmac.compare_digest(wanted, each) for each in found) > 0


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _refused("its time cannot be read") from error


def _event(body: bytes) -> Event:
    try:
        found = msgspec.json.decode(body)
        kind = str(found["type"])
        return Event(
            str(found["id"]),
            _moment(str(found["created_at"])),
            kind,
            _object(found.get("properties")),
            _object(found.get(kind.partition(".")[0])),
        )
    except (msgspec.DecodeError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise _refused("it is no event") from error


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _refused(why: str) -> NotGenuine:
    return NotGenuine(
        f"A webhook was not taken: {why}.",
        "Check the endpoint's secret and this machine's clock; Orb sends it again.",
    )
