"""Webhooks: who gets them, how they are signed, and what becomes of those that fail."""

import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import pytest

from app.sandbox.orb.webhook_types import EVENT_TYPES
from app.sandbox.server import HttpServer
from app.sandbox.wire import Request, Response
from tests.sandbox.orb.client import Orb

SECRET = "webhook_secret"


@dataclass
class Receiver:
    """Takes webhooks; `refuse` says how many of the next ones it answers with 500."""

    url: str = ""
    refuse: int = 0
    taken: list[Request] = field(default_factory=list)

    def __call__(self, request: Request) -> Response:
        self.taken.append(request)
        if self.refuse > 0:
            self.refuse -= 1
            return Response(500)
        return Response(200)

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(each.body) for each in self.taken]

    def types(self) -> list[str]:
        return [each["type"] for each in self.bodies()]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    with HttpServer(found) as server:
        found.url = f"{server.url}/hooks"
        yield found


@pytest.fixture
def hooked(orb: Orb, receiver: Receiver) -> Orb:
    """Return an Orb that sends its events to the receiver, signed with the ready file's secret."""
    orb.control("POST", "/edit/orb/webhook_endpoint/", {"url": receiver.url})
    return orb


def _only_new_customers(orb: Orb, receiver: Receiver) -> None:
    """Keep out what else happens while the clock moves."""
    wanted = {"url": receiver.url, "enabled_event_types": ["customer.created"]}
    orb.control("POST", "/edit/orb/webhook_endpoint/", wanted)


def _settled(orb: Orb) -> None:
    assert orb.system.wait_for_webhooks()


def test_an_event_is_signed_over_its_raw_body(hooked: Orb, receiver: Receiver) -> None:
    hooked.make("/customers", {"name": "A", "email": "a@a.example"})
    _settled(hooked)
    got = receiver.taken[0]
    timestamp = got.headers["x-orb-timestamp"]
    message = f"v1:{timestamp}:".encode() + got.body
    key = hooked.ready[SECRET].encode()
    expected = hmac.new(key, message, sha256).hexdigest()
    assert got.headers["x-orb-signature"] == f"v1={expected}"
    body = receiver.bodies()[0]
    assert (body["type"], body["payload_style"]) == ("customer.created", "expanded")
    assert body["customer"]["hierarchy"] == {"parent": None, "children": []}


def test_a_refused_event_is_sent_again_as_the_clock_moves(orb: Orb, receiver: Receiver) -> None:
    _only_new_customers(orb, receiver)
    receiver.refuse = 2
    orb.make("/customers", {"name": "A", "email": "a@a.example"})
    _settled(orb)
    assert len(receiver.taken) == 1
    for seconds, tries in ((30, 1), (60, 2), (400, 3), (90000, 3)):
        orb.control("POST", "/clock", {"advance_seconds": seconds})
        _settled(orb)
        assert len(receiver.taken) == tries
    rows = orb.control("GET", "/state/orb/webhook_delivery")
    assert [(row["status"], row["answers"]) for row in rows] == [("delivered", [500, 500, 200])]
    assert len({each["id"] for each in receiver.bodies()}) == 1


def test_an_event_that_is_never_taken_is_given_up(orb: Orb, receiver: Receiver) -> None:
    _only_new_customers(orb, receiver)
    receiver.refuse = 1000
    orb.make("/customers", {"name": "A", "email": "a@a.example"})
    for _ in range(10):
        _settled(orb)
        orb.advance(2)
    assert orb.control("GET", "/state/orb/webhook_delivery")[0]["status"] == "failed"
    assert len(receiver.taken) == 8


def test_events_come_twice_and_out_of_order_where_asked(hooked: Orb, receiver: Receiver) -> None:
    trouble = {"duplicate_every": 2, "disorder_every": 3, "lose_every": 0}
    hooked.control("POST", "/edit/orb/Webhooks/", trouble)
    for number in range(4):
        hooked.make("/customers", {"name": f"N{number}", "email": "a@a.example"})
    _settled(hooked)
    names = [each["customer"]["name"] for each in receiver.bodies()]
    assert names == ["N0", "N1", "N1", "N3", "N3", "N2"]


def test_an_endpoint_gets_only_what_it_wants_in_the_style_it_wants(
    orb: Orb, receiver: Receiver
) -> None:
    wanted = {"enabled_event_types": ["invoice.issued"], "payload_style": "standard"}
    made = orb.make("/webhook_endpoints", {"url": receiver.url, **wanted})
    assert "secret" in made
    assert "secret" not in orb.get(f"/webhook_endpoints/{made['id']}")
    orb.advance(40)
    _settled(orb)
    assert set(receiver.types()) == {"invoice.issued"}
    assert "line_items" not in receiver.bodies()[0]["invoice"]
    orb.post(f"/webhook_endpoints/{made['id']}/disable")
    before = len(receiver.taken)
    orb.advance(40)
    _settled(orb)
    assert len(receiver.taken) == before


def test_the_life_of_a_subscription_is_told_in_order(hooked: Orb, receiver: Receiver) -> None:
    customer = hooked.make("/customers", {"name": "A", "email": "a@a.example"})
    body = {"customer_id": customer["id"], "plan_id": hooked.ready["plan_ids"][0]}
    row = hooked.make("/subscriptions", body)
    path = f"/subscriptions/{row['id']}"
    hooked.put(path, {"net_terms": 12})
    hooked.post(f"{path}/cancel", {"cancel_option": "immediate"})
    hooked.put(f"/customers/{customer['id']}", {"name": "B"})
    _settled(hooked)
    assert [each for each in receiver.types() if each.startswith(("subscription", "customer"))] == [
        "customer.created",
        "subscription.created",
        "subscription.started",
        "subscription.edited",
        "subscription.cancellation_scheduled",
        "subscription.ended",
        "customer.edited",
    ]
    assert receiver.bodies()[-1]["properties"] == {"previous_attributes": {"name": "A"}}


def test_an_alert_is_told_once_a_period(hooked: Orb, receiver: Receiver) -> None:
    customer = hooked.make("/customers", {"name": "A", "email": "a@a.example"})
    body = {"customer_id": customer["id"], "plan_id": hooked.ready["plan_ids"][0]}
    row = hooked.make("/subscriptions", body)
    body = {"type": "cost_exceeded", "thresholds": [{"value": 0.01}]}
    hooked.make(f"/alerts/subscription_id/{row['id']}", body)
    hooked.advance(2)
    _settled(hooked)
    told = [each for each in receiver.bodies() if each["type"] == "subscription.cost_exceeded"]
    periods = [each["properties"]["timeframe_start"] for each in told]
    assert len(set(periods)) == len(periods) > 0
    assert told[0]["properties"]["alert_configuration"]["type"] == "cost_exceeded"


def test_every_event_type_of_the_reference_can_be_sent(hooked: Orb, receiver: Receiver) -> None:
    assert len(EVENT_TYPES) == 81
    invoice = hooked.get("/invoices?limit=1")["data"][0]["id"]
    for kind in EVENT_TYPES:
        about = {"id": invoice} if kind.startswith("invoice.") else {}
        hooked.control("POST", "/edit/orb/webhook_event/", {"type": kind, **about})
    _settled(hooked)
    assert receiver.types() == list(EVENT_TYPES)
    for body in receiver.bodies():
        assert set(body["properties"]) == set(EVENT_TYPES[body["type"]])
