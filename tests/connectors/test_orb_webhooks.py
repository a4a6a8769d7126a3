"""Webhooks: only what Orb signed, just now, byte for byte, is taken."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
import requests

from app.connectors.orb.webhooks import Event, NotGenuine, verified
from tests.connectors.far_end import Asked, Told, far_end
from tests.connectors.orb_world import OrbWorld

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SECRET = "whsec"
BODY = (
    b'{"id":"ev1","created_at":"2026-11-22T08:59:58+00:00","type":"customer.edited",'
    b'"properties":{"previous_attributes":{"name":"Old"}},"customer":{"id":"c1","name":"N\xc3\xa9w"}}'
)


def signed(
    body: bytes = BODY, stamp: str = "2026-11-22T09:00:00", secret: str = SECRET
) -> dict[str, str]:
    """Return the headers that Orb would send with a body (orb.md §4)."""
    message = b"v1:" + stamp.encode() + b":" + body
    digest = hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
    return {"X-Orb-Timestamp": stamp, "X-Orb-Signature": f"v1={digest}"}


def test_what_orb_signed_is_an_event() -> None:
    event = verified(BODY, signed(), SECRET, NOW)
    assert event == Event(
        "ev1",
        datetime(2026, 11, 22, 8, 59, 58, tzinfo=UTC),
        "customer.edited",
        {"previous_attributes": {"name": "Old"}},
        {"id": "c1", "name": "Néw"},
    )


def test_headers_may_be_written_in_any_case() -> None:
    headers = {name.lower(): value for name, value in signed().items()}
    assert verified(BODY, headers, SECRET, NOW).id == "ev1"


def test_one_right_signature_of_several_will_do() -> None:
    headers = signed()
    headers["X-Orb-Signature"] = f"v0=aa v1={'0' * 64} {headers['X-Orb-Signature']}"
    assert verified(BODY, headers, SECRET, NOW).id == "ev1"


@pytest.mark.parametrize("minutes", [-5, 0, 5])
def test_a_time_within_five_minutes_is_of_now(minutes: int) -> None:
    assert verified(BODY, signed(), SECRET, NOW + timedelta(minutes=minutes)).id == "ev1"


@pytest.mark.parametrize("seconds", [-301, 301, 86400])
def test_a_time_further_off_is_refused(seconds: int) -> None:
    with pytest.raises(NotGenuine, match="five minutes"):
        verified(BODY, signed(), SECRET, NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("body", "headers", "secret", "why"),
    [
        (BODY + b" ", signed(), SECRET, "signature"),
        (json.dumps(json.loads(BODY)).encode(), signed(), SECRET, "signature"),
        (BODY, signed(secret="other"), SECRET, "signature"),
        (BODY, {**signed(), "X-Orb-Signature": "v2=aa"}, SECRET, "signature"),
        (BODY, {**signed(), "X-Orb-Timestamp": "2026-11-22T09:00:01"}, SECRET, "signature"),
        (BODY, {**signed(), "X-Orb-Timestamp": "yesterday"}, SECRET, "time cannot be read"),
        (BODY, {"X-Orb-Signature": "v1=a"}, SECRET, "X-Orb-Timestamp"),
        (BODY, {"X-Orb-Timestamp": "2026-11-22T09:00:00"}, SECRET, "X-Orb-Signature"),
        (BODY, signed(secret=""), "", "no secret"),
        (b"[]", signed(b"[]"), SECRET, "no event"),
        (b"\xff", signed(b"\xff"), SECRET, "no event"),
        (b'{"id":"a"}', signed(b'{"id":"a"}'), SECRET, "no event"),
        (b"[" * 100_000, signed(b"[" * 100_000), SECRET, "no event"),
    ],
)
def test_anything_else_is_refused(
    body: bytes, headers: dict[str, str], secret: str, why: str
) -> None:
    with pytest.raises(NotGenuine, match=why) as caught:
        verified(body, headers, secret, NOW)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("properties", [b"null", b"[1]", b'"x"'])
def test_an_event_of_a_new_kind_passes(properties: bytes) -> None:
    body = b'{"id":"e","created_at":"2026-11-22T09:00:00Z","type":"moon.landed","properties":%b}'
    body %= properties
    event = verified(body, signed(body), SECRET, NOW)
    assert (event.kind, event.properties, event.resource) == ("moon.landed", {}, {})


def test_what_the_sandbox_sends_is_taken(own_orb: OrbWorld) -> None:
    ready = own_orb.sandbox.ready
    with far_end(lambda _asked: Told()) as end:
        door = f"{ready['control_url']}/edit/orb/test:"
        requests.post(f"{door}webhook_endpoint/", json={"url": end.url}, timeout=5)
        values = {"name": "A", "email": "a@b.example"}
        requests.post(f"{door}customer/", json=values, timeout=5)
        assert own_orb.system.wait_for_webhooks()
        asked: Asked = end.asked[0]
    event = verified(asked.body, asked.headers, ready["orb"]["webhook_secret"], datetime.now(UTC))
    assert event.kind == "customer.created"
    assert event.resource["name"] == "A"
