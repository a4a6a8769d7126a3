"""From an action to the operation that it becomes: what is set, what is said, what is refused."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from app.connectors.orb.action_list import ACTIONS
from app.connectors.orb.actions import planned
from app.connectors.orb.preview import explained
from app.domain.action import Asked, Planned
from app.domain.mapping import WorkspaceMapping
from app.domain.plan import FieldChange, Operation, Verb
from app.domain.record import FieldValue, Side
from app.errors import WrongUse

NOW = datetime(2026, 11, 22, 9, 30, 15, 7, tzinfo=UTC)
JUNE = date(2027, 6, 1)
JUNE_UTC = datetime(2027, 6, 1, tzinfo=UTC)
JUNE_THERE = datetime(2027, 5, 31, 22, tzinfo=UTC)
"""That day's beginning where the customer is: in Paris."""
SEAT = {
    "id": "p1",
    "name": "Seat",
    "model_type": "unit",
    "unit_config": {"unit_amount": "10.00"},
    "currency": "USD",
    "cadence": "monthly",
}
FEE = {
    "price_id": "p1",
    "quantity": 5,
    "start_date": "2026-01-01T00:00:00+00:00",
    "end_date": None,
}
INTERVAL = {
    "id": "i1",
    "price": SEAT,
    "start_date": "2026-01-01T00:00:00+00:00",
    "current_billing_period_end_date": "2027-01-01T00:00:00+00:00",
}
SUBSCRIPTION: dict[str, FieldValue] = {
    "customer_id": "c1",
    "status": "active",
    "start_date": datetime(2026, 1, 1, tzinfo=UTC),
    "end_date": None,
    "fixed_fee_quantity_schedule": json.dumps([FEE]),
    "price_intervals": json.dumps([INTERVAL]),
    "metadata": '{"a":"1"}',
}
MIRROR: dict[tuple[str, str], dict[str, FieldValue]] = {
    ("plan", "pro"): {"name": "Pro", "version": 2, "prices": json.dumps([SEAT])},
    ("customer", "c1"): {"timezone": "Europe/Paris"},
}


def become(
    wanted: str, record: Mapping[str, FieldValue] = SUBSCRIPTION, /, **given: Any
) -> Planned:
    action = next(each for each in ACTIONS if each.name == wanted)
    assert given.keys() <= {each.name for each in action.inputs}
    look = MIRROR.get
    return planned(Asked(action, "s1", record, given, NOW, lambda e, k: look((e, k))))


def said(made: Planned) -> list[str]:
    """Return what a plan with that operation says of it."""
    changes = tuple(FieldChange(name, None, value) for name, value in made.values.items())
    operation = Operation(made.entity, made.key, Side.BILLING, made.verb, changes, None)
    look = {**MIRROR, ("subscription", "s1"): SUBSCRIPTION}.get
    return list(explained(operation, lambda e, k: look((e, k))))


def test_actions_name_entities_and_fields_of_the_mapping(orb_mapping: WorkspaceMapping) -> None:
    assert len({action.name for action in ACTIONS}) == len(ACTIONS)
    for action in ACTIONS:
        assert action.entity in orb_mapping.by_name
        assert action.undo
    for made in (
        become("cancel_subscription"),
        become("change_plan", plan="pro", date=JUNE),
        become("create_subscription", plan="pro", start_date=JUNE, trial_days=7, phase=1),
        become("create_customer", name="A", email="a@b.example"),
        become("add_credits", amount=Decimal(1)),
    ):
        assert made.values.keys() <= orb_mapping.entity(made.entity).index.keys()


@pytest.mark.parametrize(
    ("given", "end"),
    [
        ({}, NOW.replace(microsecond=0)),
        ({"when": "end_of_term"}, datetime(2027, 1, 1, tzinfo=UTC)),
        ({"when": "date", "date": JUNE}, JUNE_THERE),
        ({"date": JUNE}, JUNE_THERE),
        ({"date": JUNE_UTC.replace(hour=9)}, JUNE_UTC.replace(hour=9)),
        ({"date": JUNE_UTC}, JUNE_UTC),  # a time that was told with its zone is itself
        ({"when": "end_of_term", "date": None}, datetime(2027, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_cancellation_is_an_end_date(given: dict[str, Any], end: datetime) -> None:
    made = become("cancel_subscription", **given)
    assert (made.verb, made.key, made.values) == (Verb.UPDATE, "s1", {"end_date": end})


def test_a_quantity_counts_from_the_customers_day_on() -> None:
    made = become("change_quantity", price="Seat", quantity=Decimal(8), date=JUNE)
    rows = json.loads(str(made.values["fixed_fee_quantity_schedule"]))
    start = "2027-05-31T22:00:00+00:00"  # midnight in Paris
    assert [(row["quantity"], row["start_date"], row["end_date"]) for row in rows] == [
        (5, FEE["start_date"], start),
        (8, start, None),
    ]
    (words,) = said(made)
    assert "quantity 5 → 8 from 2027-06-01 on" in words
    assert "USD 50 → USD 80 each time" in words


def test_a_plan_changes_at_once_or_as_a_version() -> None:
    now = become("change_plan", plan="pro")
    assert (now.entity, now.verb, now.values["plan_id"]) == ("subscription", Verb.UPDATE, "pro")
    later = become("change_plan", plan="pro", date=JUNE)
    assert (later.entity, later.verb) == ("subscription_version", Verb.INSERT)
    assert later.key == "s1|2027-05-31T22:00:00Z"
    price = "Seat: unit: USD 10.00 per unit; in USD, monthly"
    assert said(later) == ["Plan Pro, version 2:", price]
    assert said(now)[-1].startswith("The plan changes at once. Orb may void")


def test_a_coupon_and_the_next_phase_are_fields() -> None:
    made = become("redeem_coupon", code="TENTH")
    assert made.values == {"redeemed_coupon": '{"redemption_code":"TENTH"}'}
    phased = become("begin_next_phase", {"active_plan_phase_order": 1})
    assert phased.values == {"active_plan_phase_order": 2}
    assert said(phased)[0].startswith("Phase 2 of the plan begins today.")
    with pytest.raises(WrongUse, match="no phases"):
        become("begin_next_phase")
    with pytest.raises(WrongUse, match="its code or its id"):
        become("redeem_coupon")


def test_metadata_is_changed_by_one_name() -> None:
    set_one = become("set_subscription_metadata", name="b", value="2")
    assert set_one.values == {"metadata": '{"a":"1","b":"2"}'}
    assert become("set_subscription_metadata", name="a").values == {"metadata": "{}"}


def test_prices_are_added_and_ended_as_intervals() -> None:
    added = become("add_price", price="p2", start_date=JUNE)
    rows = json.loads(str(added.values["price_intervals"]))
    assert rows[1] == {"price_id": "p2", "start_date": JUNE_THERE.isoformat()}
    ended = become("end_price", price="p1", end_date=JUNE)
    (row,) = json.loads(str(ended.values["price_intervals"]))
    assert row["end_date"] == JUNE_THERE.isoformat()


def test_quantities_of_a_new_one_are_read_from_words() -> None:
    made = become("create_subscription", plan="pro", start_date=JUNE, quantities="p1=5, p2=2.5")
    rows = json.loads(str(made.values["fixed_fee_quantity_schedule"]))
    assert [(row["price_id"], row["quantity"]) for row in rows] == [("p1", 5), ("p2", 2.5)]
    with pytest.raises(WrongUse, match="names no quantity"):
        become("create_subscription", plan="pro", start_date=JUNE, quantities="p1")


def test_a_new_one_says_what_it_has_otherwise_than_its_plan() -> None:
    cheaper = {**SEAT, "unit_config": {"unit_amount": "8.00"}}
    rows = [{"replaces_price_id": "p1", "price": cheaper}, {"price_id": "p9"}]
    given = {"quantities": "p1=5", "prices": json.dumps(rows)}
    words = said(become("create_subscription", plan="pro", start_date=JUNE, **given))
    assert words[-3] == "Seat: quantity 5."
    assert words[-2].startswith("Seat: unit: USD 8.00 per unit")
    assert ", not unit: USD 10.00 per unit" in words[-2]
    assert words[-1] == "A price: p9, besides those of the plan."


@pytest.mark.parametrize(
    "odd", ["[1]", '["x"]', "[[]]", "{}", '[{"price": 3}]', '[{"price_id": []}]']
)
def test_odd_prices_and_quantities_are_left_to_the_write(odd: str) -> None:
    made = become("create_subscription", plan="pro", start_date=JUNE, prices=odd)
    values = {**made.values, "fixed_fee_quantity_schedule": odd}
    assert said(replace(made, values=values))


def test_a_day_of_a_new_one_begins_where_the_customer_is() -> None:
    action = next(each for each in ACTIONS if each.name == "create_subscription")
    nine = JUNE_UTC.replace(hour=9)
    given: dict[str, FieldValue] = {"plan": "pro", "start_date": JUNE, "end_date": nine}
    made = planned(Asked(action, "c1", {}, given, NOW, lambda e, k: MIRROR.get((e, k))))
    assert made.values["start_date"] == JUNE_THERE
    assert made.values["end_date"] == nine


def test_credits_expire_as_a_day_begins_where_the_customer_is() -> None:
    paris = MIRROR["customer", "c1"]
    made = become("add_credits", paris, amount=Decimal(25), expiry_date=JUNE)
    assert made.values["credit_block_expiry_date"] == JUNE_THERE
    assert become("add_credits", paris, amount=1).values["credit_block_expiry_date"] is None


def test_a_date_beside_another_when_says_how_to_go_on() -> None:
    with pytest.raises(WrongUse) as both:
        become("change_plan", plan="pro", when="now", date=JUNE)
    assert both.value.hint == "Leave one of the two empty: a date alone is enough."
    with pytest.raises(WrongUse) as neither:
        become("change_plan", plan="pro", when="date")
    assert neither.value.hint == "Add --set date=2027-01-31."
    now = become("change_plan", plan="pro", when="now", date=None)
    assert (now.entity, now.verb) == ("subscription", Verb.UPDATE)


def test_an_edit_of_a_field_is_explained_as_an_action_is() -> None:
    def edited(name: str, value: FieldValue) -> list[str]:
        return said(Planned("subscription", "s1", Verb.UPDATE, {name: value}))

    assert edited("end_date", None) == ["The cancellation is taken back."]
    assert edited("end_date", JUNE_UTC)[0].startswith("It ends at 2027-06-01 00:00 UTC.")
    assert edited("net_terms", 30) == []
    assert edited("plan_id", "never read") == [edited("plan_id", "pro")[-1]]
    assert edited("fixed_fee_quantity_schedule", "no JSON") == []
    begin = {"price_id": "p1", "quantity": 5, "start_date": "2025-01-01T00:00:00+00:00"}
    (gone, *_new) = edited("fixed_fee_quantity_schedule", json.dumps([begin]))
    assert gone == "Seat: quantity 5 from 2026-01-01 on is taken back."
    credit: dict[str, FieldValue] = {
        "entry_type": "void",
        "void_amount": Decimal("2.50"),
        "currency": "USD",
    }
    assert said(Planned("credit_ledger_entry", "n", Verb.INSERT, credit)) == [
        "2.5 USD go; Orb refuses it if fewer are left."
    ]


ENDED = {**SUBSCRIPTION, "status": "ended"}
BEGUN = {"start_date": datetime(2026, 1, 1, tzinfo=UTC)}


@pytest.mark.parametrize(
    ("name", "record", "given", "words"),
    [
        ("cancel_subscription", ENDED, {}, "has ended"),
        ("cancel_subscription", SUBSCRIPTION, {"when": "date"}, "belongs to when=date"),
        ("cancel_subscription", {"status": "active"}, {"when": "end_of_term"}, "in no term"),
        ("change_plan", SUBSCRIPTION, {"plan": "nosuch"}, "no plan 'nosuch'"),
        ("change_plan", SUBSCRIPTION, {"plan": "pro", "date": NOW}, "day is past"),
        ("unschedule_plan_change", BEGUN, {}, "has begun"),
        ("void_credits", {"entry_type": "decrement"}, {}, "Only credits that were added"),
        ("void_credits", {"entry_type": "increment"}, {"amount": Decimal(0)}, "above 0"),
        ("add_credits", {}, {"amount": Decimal(-5)}, "above 0"),
        ("end_price", SUBSCRIPTION, {"price": "x", "end_date": JUNE}, "It has: Seat|no price 'x'"),
        ("add_price", SUBSCRIPTION, {"price": "{x", "start_date": JUNE}, "is no JSON"),
    ],
)
def test_what_cannot_be_done_is_refused(
    name: str, record: dict[str, FieldValue], given: dict[str, Any], words: str
) -> None:
    with pytest.raises(WrongUse, match=words):
        become(name, record, **given)
