"""Writes to Orb: customers are updated and read back; what cannot be sent is told."""

import json
from decimal import Decimal
from typing import Any

import pytest

from app.connectors.orb.client import OrbRefused
from app.connectors.protocol import OperationCounts
from app.domain.control import CancelToken
from app.domain.mapping import WorkspaceMapping
from app.domain.plan import Operation, Outcome, OutcomeState, Verb
from app.domain.record import NO_BASE, Side
from tests.connectors.far_end import FarEnd, Told, far_end, in_turn, told
from tests.connectors.orb_each_write import made_subscription
from tests.connectors.orb_world import OrbWorld, connected

METADATA = {"tier": "gold", "region": "north"}


@pytest.fixture
def customer(own_orb: OrbWorld) -> str:
    """Make a customer and return its id."""
    values = {"name": "Kestrel", "email": "ap@kestrel.example", "metadata": METADATA}
    made = own_orb.connector.desk.create(values, "made-once", CancelToken())
    return str(made["id"])


def held(world: OrbWorld, key: str) -> dict[str, Any]:
    (row,) = [row for row in world.state("test:customer") if row["id"] == key]
    return row


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("name", "Kestrel Robotics", "Kestrel Robotics"),
        ("email", "new@kestrel.example", "new@kestrel.example"),
        ("external_customer_id", "EXT/1 ä", "EXT/1 ä"),
        ("additional_emails", '["a@b.example","c@d.example"]', ["a@b.example", "c@d.example"]),
        ("auto_collection", "false", False),
        ("email_delivery", "False", False),
        ("payment_provider", "netsuite", "netsuite"),
    ],
)
def test_an_update_is_what_orb_then_holds(
    field: str, value: str, kept: object, own_orb: OrbWorld, customer: str
) -> None:
    outcome = own_orb.update(customer, **{field: value})
    assert (outcome.state, outcome.side_id) == (OutcomeState.WRITTEN, customer)
    assert held(own_orb, customer)[field] == kept
    assert own_orb.values("customer", customer)["metadata"] == json.dumps(
        dict(sorted(METADATA.items())), separators=(",", ":")
    )


def test_an_address_is_written_whole_and_cleared(own_orb: OrbWorld, customer: str) -> None:
    parts = {"city": "Bern", "country": "CH", "line1": "Gasse 1", "line2": None}
    address = json.dumps(
        {**parts, "postal_code": "3000", "state": None}, separators=(",", ":"), sort_keys=True
    )
    assert own_orb.update(customer, billing_address=address).state is OutcomeState.WRITTEN
    assert own_orb.values("customer", customer)["billing_address"] == address
    assert own_orb.update(customer, billing_address=None).state is OutcomeState.WRITTEN
    assert held(own_orb, customer)["billing_address"] is None


def test_a_key_that_left_the_metadata_goes_in_orb_too(own_orb: OrbWorld, customer: str) -> None:
    outcome = own_orb.update(customer, metadata='{"region":"south","new":"1"}')
    assert outcome.state is OutcomeState.WRITTEN
    assert held(own_orb, customer)["metadata"] == {"region": "south", "new": "1"}
    assert own_orb.update(customer, metadata=None).state is OutcomeState.WRITTEN
    assert held(own_orb, customer)["metadata"] == {}


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("billing_address", "{oops", "no JSON object"),
        ("metadata", '{"a":1}', "no JSON object"),
        ("additional_emails", "a@b.example", "no JSON list"),
        ("auto_collection", "perhaps", "neither true nor false"),
        ("name", None, "cannot be without name"),
        ("timezone", "Europe/Paris", "timezone of Orb customers cannot be set"),
        ("email", NO_BASE, "cannot be set"),
    ],
)
def test_what_cannot_be_sent_is_told_and_not_sent(
    field: str, value: Any, words: str, own_orb: OrbWorld, customer: str
) -> None:
    before = own_orb.connector.calls
    outcome = own_orb.update(customer, **{field: value})
    assert (outcome.state, outcome.field) == (OutcomeState.FAILED, field)
    assert words in outcome.message
    assert own_orb.connector.calls == before


def test_a_refusal_is_told_in_orbs_words(own_orb: OrbWorld, customer: str) -> None:
    own_orb.update(customer, external_customer_id="one")
    outcome = own_orb.update(customer, external_customer_id="two")
    assert outcome.state is OutcomeState.FAILED
    assert outcome.message == "The external_customer_id can be set only while it is empty."
    assert own_orb.update("nosuch", name="x").state is OutcomeState.FAILED
    assert "no customer nosuch" in own_orb.update("nosuch", metadata="{}").message


def test_a_customer_is_made_once_for_each_key(own_orb: OrbWorld, customer: str) -> None:
    values = {"name": "Kestrel", "email": "ap@kestrel.example", "metadata": METADATA}
    again = own_orb.connector.desk.create(values, "made-once", CancelToken())
    assert again["id"] == customer
    with pytest.raises(OrbRefused, match="already used"):
        own_orb.connector.desk.create({**values, "name": "B"}, "made-once", CancelToken())
    assert len(own_orb.state("test:customer")) == 1


def test_another_value_kept_by_orb_is_no_success(orb_mapping: WorkspaceMapping) -> None:
    with far_end(in_turn(told({"id": "c", "name": "Other"}))) as end:
        outcome = _world(end, orb_mapping).update("c", name="New")
    assert outcome.state is OutcomeState.FAILED
    assert "another value of name" in outcome.message


def test_what_was_made_is_written_though_orb_keeps_another_value(
    orb_mapping: WorkspaceMapping,
) -> None:
    with far_end(in_turn(told({"id": "c9", "name": "Other", "email": "a@b.example"}))) as end:
        words = {"name": "New", "email": "a@b.example"}
        outcome = _world(end, orb_mapping).write("customer", "mine", Verb.INSERT, **words)
    assert (outcome.state, outcome.key) == (OutcomeState.WRITTEN, "c9")
    assert "another value of external_customer_id, name" in outcome.message


@pytest.mark.parametrize("answer", [Told(drop=True), Told(200, b"<html>")])
def test_an_answer_that_stays_away_is_unknown(answer: Told, orb_mapping: WorkspaceMapping) -> None:
    with far_end(in_turn(answer)) as end:
        outcome = _world(end, orb_mapping).update("c", name="New")
    assert outcome.state is OutcomeState.UNKNOWN


def test_a_customer_on_whom_nothing_hangs_is_deleted(own_orb: OrbWorld, customer: str) -> None:
    for _ in range(2):  # one that is gone already is as it should be
        outcome = own_orb.write("customer", customer, Verb.DELETE)
        assert outcome.state is OutcomeState.WRITTEN, outcome.message
        assert customer not in [row["id"] for row in own_orb.state("test:customer")]


def test_a_customer_with_a_subscription_stays(own_orb: OrbWorld) -> None:
    key = made_subscription(own_orb)
    (row,) = [row for row in own_orb.state("test:subscription") if row["id"] == key]
    outcome = own_orb.write("customer", row["customer"]["id"], Verb.DELETE)
    assert outcome.state is OutcomeState.FAILED
    assert "has subscriptions, which Orb would delete" in outcome.message
    assert held(own_orb, row["customer"]["id"])


def test_a_customer_with_a_draft_of_an_invoice_stays(own_orb: OrbWorld, customer: str) -> None:
    """Orb's list hides drafts and voids unless it is asked for them (orb.md §2.4)."""
    line: dict[str, Any] = {"name": "Set-up", "quantity": 1, "model_type": "unit"}
    line |= {"item_id": own_orb.state("test:plan")[0]["prices"][0]["item"]["id"]}
    line |= {"start_date": "2026-01-01", "end_date": "2026-01-31"}
    line |= {"unit_config": {"unit_amount": "100.00"}}
    body: dict[str, Any] = {"customer_id": customer, "currency": "USD", "line_items": [line]}
    body |= {"invoice_date": "2026-02-01T00:00:00+00:00", "net_terms": 30}
    own_orb.connector.desk.client.post("invoices", body, "draft-1", CancelToken())
    outcome = own_orb.write("customer", customer, Verb.DELETE)
    assert outcome.state is OutcomeState.FAILED
    assert "has invoices, which Orb would delete" in outcome.message
    assert held(own_orb, customer)


def test_a_customer_with_credits_stays(own_orb: OrbWorld, customer: str) -> None:
    added = own_orb.write(
        "credit_ledger_entry",
        "new",
        Verb.INSERT,
        customer_id=customer,
        entry_type="increment",
        amount=Decimal(25),
        currency="credits",
    )
    assert added.state is OutcomeState.WRITTEN, added.message
    outcome = own_orb.write("customer", customer, Verb.DELETE)
    assert outcome.state is OutcomeState.FAILED
    assert "has credits, which Orb would delete" in outcome.message


def test_a_plan_says_that_a_delete_is_for_good_and_what_stands_in_its_way(
    own_orb: OrbWorld,
) -> None:
    def said(verb: Verb, **below: int) -> list[str]:
        operation = Operation("customer", "c1", Side.BILLING, verb, (), 1)
        entity = own_orb.mapping.entity("customer")
        hanging: dict[tuple[str, str], list[Any]] = {
            (kind, "c1"): [{}] * count for kind, count in below.items()
        }
        return list(
            own_orb.connector.ended(
                entity, operation, lambda *_: (), lambda *at: hanging.get(at, [])
            )
        )

    assert said(Verb.UPDATE, subscription=2) == []
    assert len(said(Verb.DELETE)) == 1
    (good, stands) = said(Verb.DELETE, subscription=2)
    assert "for good" in good
    assert "it has subscriptions (2)" in stands


WRITTEN = {
    "customer": {Verb.INSERT, Verb.UPDATE, Verb.DELETE},
    "subscription": {Verb.INSERT, Verb.UPDATE},
    "subscription_version": {Verb.INSERT, Verb.DELETE},
    "credit_ledger_entry": {Verb.INSERT},
}


def test_what_orb_alone_changes_cannot_be_written(orb: OrbWorld) -> None:
    for entity in orb.mapping.entities:
        verbs = orb.connector.verbs(entity)
        assert verbs == WRITTEN.get(entity.name, set())
        assert bool(orb.connector.writable(entity)) == (Verb.UPDATE in verbs)
    entity = orb.mapping.entity("plan")
    operation = Operation("plan", "p", Side.BILLING, Verb.UPDATE, (), 1)
    outcome: Outcome = orb.connector.desk.write(entity, operation, CancelToken())
    assert outcome.message == "Not sent: Concord cannot update Orb plans in Orb."


@pytest.mark.parametrize(
    ("given", "external"),
    [
        ({}, "mine"),
        ({"account": "001000000000001AAA"}, "001000000000001AAA"),
        ({"account": "001000000000001AAA", "external_customer_id": "own"}, "own"),
    ],
)
def test_a_new_customer_is_known_by_an_external_id(
    given: dict[str, str], external: str, own_orb: OrbWorld
) -> None:
    words = {"name": "Kestrel", "email": "ap@kestrel.example", "timezone": "Asia/Tokyo", **given}
    outcome = own_orb.write("customer", "mine", Verb.INSERT, **words)
    assert outcome.state is OutcomeState.WRITTEN
    assert outcome.key == outcome.side_id != "mine"
    row = held(own_orb, outcome.key)
    assert (row["external_customer_id"], row["timezone"]) == (external, "Asia/Tokyo")


def test_the_same_operation_makes_one_customer(own_orb: OrbWorld) -> None:
    words = {"name": "Kestrel", "email": "ap@kestrel.example"}
    first = own_orb.write("customer", "mine", Verb.INSERT, **words)
    own_orb.written -= 1  # sent again, as `resume` does
    assert own_orb.write("customer", "mine", Verb.INSERT, **words).key == first.key
    assert len(own_orb.state("test:customer")) == 1


def test_a_new_customer_without_an_email_is_not_sent(own_orb: OrbWorld) -> None:
    outcome = own_orb.write("customer", "mine", Verb.INSERT, name="Kestrel")
    assert outcome.message == "Not sent: a new customer needs email."


def test_rules_and_cost_are_known_before_a_write(orb: OrbWorld) -> None:
    entity = orb.mapping.entity("customer")
    rules = orb.connector.constraints(entity, CancelToken()).fields
    assert rules["name"].required
    assert rules["name"].length == 500
    counts = OperationCounts(entity, {Verb.UPDATE: 3}, 10, calls=6)
    assert orb.connector.forecast(counts).calls == {Side.BILLING: 6}
    assert orb.connector.batch_size(counts) == 1


def _world(end: FarEnd, mapping: WorkspaceMapping) -> OrbWorld:
    """Return a world whose Orb is a scripted server."""
    return OrbWorld(None, mapping, connected(end.url, mapping))  # type: ignore[arg-type] # not asked
