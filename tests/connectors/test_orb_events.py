"""Orb's webhooks: which of them has what read again, and of which customer."""

import json
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import pytest

from app.connectors.listening import Heard, Posted, sources
from app.connectors.orb.event_reads import reads
from app.connectors.orb.events import OrbEvents
from app.connectors.orb.reads import GROUPS
from app.errors import NotSignedIn
from app.sandbox.orb.delivery import sign
from app.sandbox.orb.webhook_types import EVENT_TYPES

SECRET = "whsec"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
STAMP = "2026-11-22T09:00:00"
ORB = OrbEvents(lambda: SECRET)


def hear(kind: str, secret: str = SECRET, path: str = "/orb", **more: Any) -> Heard:
    told = {"id": "ev1", "created_at": STAMP, "type": kind, "properties": {}, **more}
    body = json.dumps(told).encode()
    headers = {"x-orb-timestamp": STAMP, "x-orb-signature": sign(secret, STAMP, body)}
    return ORB.heard(Posted(path, headers, body, "198.51.100.7"), NOW)


@pytest.mark.parametrize(
    ("kind", "more", "entities"),
    [
        ("customer.edited", {"customer": {"id": "c1"}}, {"customer"}),
        (
            "subscription.plan_changed",
            {"subscription": {"id": "s1", "customer": {"id": "c1"}}},
            {"subscription", "subscription_version", "invoice", "invoice_line_item_billing"},
        ),
        (
            "customer.credit_ledger_incremented",
            {"customer": {"id": "c1"}},
            {"customer", "credit_ledger_entry"},
        ),
        (
            "credit_note.issued",
            {"credit_note": {"customer": {"id": "c1"}}},
            {"invoice", "invoice_line_item_billing", "customer", "credit_ledger_entry"},
        ),
        ("backfill.reflected", {"backfill": {"customer_id": "c1"}}, {"daily_line_item_revenue"}),
    ],
)
def test_an_event_names_its_customer_and_what_to_read(
    kind: str, more: dict[str, Any], entities: set[str]
) -> None:
    heard = hear(kind, **more)
    assert heard.accounts == ("c1",)
    assert heard.entities == entities
    assert (heard.delivery, heard.changes, heard.answer.status) == ("ev1", 1, HTTPStatus.OK)


def test_a_plan_is_nobodys() -> None:
    heard = hear("plan.version_created", plan={"id": "p1", "customer": {"id": "c1"}})
    assert (heard.accounts, heard.entities) == ((), {"plan"})


def test_an_event_that_names_no_customer_is_about_all() -> None:
    heard = hear("payment_method.created", payment_method=None)
    assert (heard.accounts, heard.entities) == ((), {"customer"})


def test_every_type_of_the_reference_is_known_and_reads_what_there_is() -> None:
    known = frozenset[str]().union(*GROUPS)
    for kind in EVENT_TYPES:
        entities, is_known = reads(kind)
        assert is_known, kind
        assert entities <= known


def test_a_new_type_is_told_and_not_refused() -> None:
    heard = hear("weather.changed")
    assert heard.unknown == ("weather.changed",)
    assert (heard.answer.status, heard.entities) == (HTTPStatus.OK, frozenset())
    assert hear("customer.adopted", customer={"id": "c1"}).entities == {"customer"}


def test_the_test_event_is_taken_and_reads_nothing() -> None:
    heard = hear("resource_event.test")
    assert (heard.answer.status, heard.entities, heard.unknown) == (HTTPStatus.OK, frozenset(), ())


def test_a_forged_signature_is_refused() -> None:
    heard = hear("customer.edited", secret="guessed", customer={"id": "c1"})
    assert heard.answer.status is HTTPStatus.UNAUTHORIZED
    assert heard.refused
    assert not heard.delivery


def test_another_path_does_not_exist_and_other_networks_may_not_post() -> None:
    assert hear("customer.edited", path="/orb/x").answer.status is HTTPStatus.NOT_FOUND
    narrow = OrbEvents(lambda: SECRET, sources("203.0.113.0/24", "here"))
    refusal = narrow.admits("/orb", "198.51.100.7")
    assert refusal is not None
    assert refusal.status is HTTPStatus.FORBIDDEN


def test_nothing_is_listened_to_without_the_secret() -> None:
    ORB.ready()
    with pytest.raises(NotSignedIn, match="webhook_secret"):
        OrbEvents(lambda: "").ready()
    assert OrbEvents(lambda: "").admits("/orb", "127.0.0.1") is not None


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b'{"type":3}'])
def test_whatever_is_posted_is_answered(body: bytes) -> None:
    headers = {"X-Orb-Timestamp": STAMP, "X-Orb-Signature": sign(SECRET, STAMP, body)}
    assert ORB.heard(Posted("/orb", headers, body, "::1"), NOW).refused
