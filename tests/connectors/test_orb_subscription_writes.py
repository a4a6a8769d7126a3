"""Writes of subscriptions: made, edited, cancelled, moved to another plan, and read back."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.connectors.orb.client import Row
from app.connectors.orb.quantities import change_quantities
from app.connectors.orb.sendable import NotSendable
from app.connectors.orb.subscription_body import new_body
from app.connectors.orb.subscription_writes import interval_changes
from app.domain.control import CancelToken
from app.domain.plan import OutcomeState, Verb
from app.domain.record import FieldValue
from app.errors import ConnectionFailed
from tests.connectors.orb_each_write import NEXT_YEAR, START, made_subscription, usable_plans
from tests.connectors.orb_world import OrbWorld

SUBSCRIPTION, VERSION = "subscription", "subscription_version"


@pytest.fixture
def made(own_orb: OrbWorld) -> str:
    """Make a customer and a subscription of it; return the subscription's id."""
    return made_subscription(own_orb, net_terms=15, metadata='{"a":"1","b":"2"}')


def held(world: OrbWorld, key: str) -> dict[str, Any]:
    (row,) = [row for row in world.state("test:subscription") if row["id"] == key]
    return row


def test_a_new_one_belongs_to_the_customer_of_that_external_id(
    own_orb: OrbWorld, made: str
) -> None:
    row = held(own_orb, made)
    (customer,) = own_orb.state("test:customer")
    assert (customer["external_customer_id"], customer["name"]) == ("ACC-1", "Kestrel")
    assert row["customer"]["id"] == customer["id"]
    assert (row["net_terms"], row["metadata"]) == (15, {"a": "1", "b": "2"})
    assert datetime.fromisoformat(row["start_date"]) == START


def test_a_new_customer_can_be_named_by_what_named_its_record(own_orb: OrbWorld) -> None:
    account = "001000000000001AAA"
    words = {"name": "Kestrel", "email": "ap@kestrel.example", "account": account}
    customer = own_orb.write("customer", "a0X1", Verb.INSERT, **words).key
    given: dict[str, Any] = {"plan_id": usable_plans(own_orb)[0]["id"], "start_date": START}
    outcome = own_orb.write(SUBSCRIPTION, "a0X2", Verb.INSERT, customer="a0X1", **given)
    assert outcome.state is OutcomeState.WRITTEN, outcome.message
    assert held(own_orb, outcome.key)["customer"]["id"] == customer
    unknown = own_orb.write(SUBSCRIPTION, "a0X3", Verb.INSERT, customer="nosuch", **given)
    assert unknown.state is OutcomeState.FAILED


def test_the_plain_fields_are_set_and_metadata_made_so(own_orb: OrbWorld, made: str) -> None:
    values: dict[str, Any] = {
        "net_terms": 45,
        "auto_collection": "false",
        "default_invoice_memo": "Thank you",
        "metadata": '{"b":"3"}',
    }
    outcome = own_orb.write(SUBSCRIPTION, made, Verb.UPDATE, **values)
    assert outcome.state is OutcomeState.WRITTEN, outcome.message
    row = held(own_orb, made)
    assert (row["net_terms"], row["auto_collection"], row["metadata"]) == (45, False, {"b": "3"})


def test_an_end_cancels_and_no_end_takes_it_back(own_orb: OrbWorld, made: str) -> None:
    outcome = own_orb.write(SUBSCRIPTION, made, Verb.UPDATE, end_date=NEXT_YEAR)
    assert outcome.state is OutcomeState.WRITTEN, outcome.message
    assert datetime.fromisoformat(held(own_orb, made)["end_date"]) == NEXT_YEAR
    outcome = own_orb.write(SUBSCRIPTION, made, Verb.UPDATE, end_date=None)
    assert outcome.state is OutcomeState.WRITTEN, outcome.message
    assert held(own_orb, made)["end_date"] is None


def test_another_plan_counts_at_once(own_orb: OrbWorld, made: str) -> None:
    other = usable_plans(own_orb)[1]["id"]
    outcome = own_orb.write(SUBSCRIPTION, made, Verb.UPDATE, plan_id=other, plan=other)
    assert outcome.state is OutcomeState.WRITTEN, outcome.message
    assert held(own_orb, made)["plan"]["id"] == other


def test_an_id_and_its_lookup_that_disagree_are_not_sent(own_orb: OrbWorld, made: str) -> None:
    outcome = own_orb.write(SUBSCRIPTION, made, Verb.UPDATE, plan_id="one", plan="two")
    assert outcome.state is OutcomeState.FAILED
    assert outcome.message == "Not sent: plan is 'two', another field says 'one'."


def test_quantities_change_from_a_day_on_and_back(own_orb: OrbWorld, made: str) -> None:
    before = held(own_orb, made)["fixed_fee_quantity_schedule"]
    price = before[0]["price_id"]
    later = {"price_id": price, "quantity": 7, "start_date": f"{NEXT_YEAR:%Y-%m-%d}T00:00:00+02:00"}
    after = json.dumps([*before, later])
    outcome = own_orb.write(SUBSCRIPTION, made, Verb.UPDATE, fixed_fee_quantity_schedule=after)
    assert outcome.state is OutcomeState.WRITTEN, outcome.message
    rows = [r for r in held(own_orb, made)["fixed_fee_quantity_schedule"] if r["price_id"] == price]
    assert [row["quantity"] for row in rows] == [before[0]["quantity"], 7]
    back = json.dumps(before)
    outcome = own_orb.write(SUBSCRIPTION, made, Verb.UPDATE, fixed_fee_quantity_schedule=back)
    assert outcome.state is OutcomeState.WRITTEN, outcome.message
    assert held(own_orb, made)["fixed_fee_quantity_schedule"] == before


def test_a_quantity_that_began_today_is_taken_back(own_orb: OrbWorld, made: str) -> None:
    before = held(own_orb, made)["fixed_fee_quantity_schedule"]
    zone = ZoneInfo(held(own_orb, made)["customer"]["timezone"])
    today = datetime.now(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    step = {**before[0], "quantity": 7, "start_date": today.isoformat()}
    after = json.dumps([*before, step])
    outcome = own_orb.write(SUBSCRIPTION, made, Verb.UPDATE, fixed_fee_quantity_schedule=after)
    assert outcome.state is OutcomeState.WRITTEN, outcome.message
    back = json.dumps(before)
    outcome = own_orb.write(SUBSCRIPTION, made, Verb.UPDATE, fixed_fee_quantity_schedule=back)
    assert outcome.state is OutcomeState.WRITTEN, outcome.message
    now = held(own_orb, made)["fixed_fee_quantity_schedule"]
    assert [row["quantity"] for row in now][-1] == before[0]["quantity"]


def test_what_began_on_a_former_day_is_refused_before_anything_is_sent() -> None:
    def never(name: str, _body: Row) -> Row:
        raise AssertionError(name)

    first = {"price_id": "p", "quantity": 1, "start_date": "2020-01-01T00:00:00+00:00"}
    second = {"price_id": "p", "quantity": 2, "start_date": "2020-02-01T00:00:00+00:00"}
    with pytest.raises(NotSendable, match="what began on 2020-02-01 cannot be taken back"):
        change_quantities({"fixed_fee_quantity_schedule": [first, second]}, [first], never)


def test_an_interval_that_ends_as_it_begins_is_gone(own_orb: OrbWorld, made: str) -> None:
    before = held(own_orb, made)["price_intervals"]
    added = {"price_id": before[0]["price"]["id"], "start_date": NEXT_YEAR.isoformat()}
    after = json.dumps([*before, added], default=str)
    own_orb.write(SUBSCRIPTION, made, Verb.UPDATE, price_intervals=after)
    now = held(own_orb, made)["price_intervals"]
    now[-1]["end_date"] = now[-1]["start_date"]
    outcome = own_orb.write(SUBSCRIPTION, made, Verb.UPDATE, price_intervals=json.dumps(now))
    assert outcome.state is OutcomeState.WRITTEN, outcome.message
    assert held(own_orb, made)["price_intervals"] == before


def test_a_price_interval_is_added_and_ended(own_orb: OrbWorld, made: str) -> None:
    before = held(own_orb, made)["price_intervals"]
    price = before[0]["price"]["id"]
    added = {"price_id": price, "start_date": NEXT_YEAR.isoformat()}
    after = json.dumps([*before, added], default=str)
    outcome = own_orb.write(SUBSCRIPTION, made, Verb.UPDATE, price_intervals=after)
    assert outcome.state is OutcomeState.WRITTEN, outcome.message
    now = held(own_orb, made)["price_intervals"]
    assert len(now) == len(before) + 1
    end = (NEXT_YEAR + timedelta(days=30)).isoformat()
    now[-1]["end_date"] = end
    outcome = own_orb.write(SUBSCRIPTION, made, Verb.UPDATE, price_intervals=json.dumps(now))
    assert outcome.state is OutcomeState.WRITTEN, outcome.message
    assert held(own_orb, made)["price_intervals"][-1]["end_date"] == end


def test_a_coupon_is_redeemed(own_orb: OrbWorld, made: str) -> None:
    discount = {"discount_type": "percentage", "percentage_discount": 0.1}
    body = {"redemption_code": "TENTH", "discount": discount}
    coupon = own_orb.connector._client.post("coupons", body, "c", CancelToken())["id"]
    wrong = own_orb.write(SUBSCRIPTION, made, Verb.UPDATE, redeemed_coupon="{}")
    assert "named by coupon_id or redemption_code" in wrong.message
    code = '{"redemption_code":"TENTH"}'
    outcome = own_orb.write(SUBSCRIPTION, made, Verb.UPDATE, redeemed_coupon=code)
    assert outcome.state is OutcomeState.WRITTEN, outcome.message
    assert held(own_orb, made)["redeemed_coupon"]["coupon_id"] == coupon


def test_the_next_phase_begins(own_orb: OrbWorld, made: str) -> None:
    plan = next(row for row in own_orb.state("test:plan") if len(row["plan_phases"] or ()) > 1)
    words = {"name": "Phased", "email": "a@b.example"}
    customer = own_orb.write("customer", "ACC-2", Verb.INSERT, **words).key
    given: dict[str, Any] = {
        "plan_id": plan["id"],
        "start_date": datetime.now(UTC).replace(microsecond=0),
    }
    key = own_orb.write(SUBSCRIPTION, "p", Verb.INSERT, customer_id=customer, **given).key
    assert held(own_orb, key)["active_plan_phase_order"] == 1
    far = own_orb.write(SUBSCRIPTION, key, Verb.UPDATE, active_plan_phase_order=3)
    assert "only the next can begin" in far.message
    outcome = own_orb.write(SUBSCRIPTION, key, Verb.UPDATE, active_plan_phase_order=2)
    assert outcome.state is OutcomeState.WRITTEN, outcome.message
    none = own_orb.write(SUBSCRIPTION, made, Verb.UPDATE, active_plan_phase_order=1)
    assert "is in phase none" in none.message


def test_an_interval_that_is_left_out_is_not_guessed_at() -> None:
    with pytest.raises(NotSendable, match="price interval a is missing"):
        interval_changes([{"id": "a"}], [])
    with pytest.raises(NotSendable, match="has no price interval b"):
        interval_changes([], [{"id": "b"}])


def test_a_refusal_of_the_first_call_says_that_nothing_was_done(
    own_orb: OrbWorld, made: str
) -> None:
    code = '{"redemption_code":"NOSUCH"}'
    outcome = own_orb.write(SUBSCRIPTION, made, Verb.UPDATE, redeemed_coupon=code)
    assert outcome.state is OutcomeState.FAILED
    assert "part" not in outcome.message


def test_what_was_done_before_a_refusal_is_told(own_orb: OrbWorld, made: str) -> None:
    outcome = own_orb.write(SUBSCRIPTION, made, Verb.UPDATE, net_terms=60, plan_id="nosuch")
    assert outcome.state is OutcomeState.FAILED
    assert outcome.message.startswith("Only a part was carried out (net_terms), then: ")
    assert held(own_orb, made)["net_terms"] == 60


def test_a_later_change_of_plan_is_a_version(own_orb: OrbWorld, made: str) -> None:
    other = usable_plans(own_orb)[1]["id"]
    key = f"{made}|{NEXT_YEAR:%Y-%m-%dT%H:%M:%SZ}"
    outcome = own_orb.write(VERSION, key, Verb.INSERT, plan_id=other, start_date=NEXT_YEAR)
    assert (outcome.state, outcome.side_id) == (OutcomeState.WRITTEN, key), outcome.message
    assert own_orb.values(VERSION, key)["plan_id"] == other
    outcome = own_orb.write(VERSION, key, Verb.DELETE)
    assert outcome.state is OutcomeState.WRITTEN, outcome.message
    assert own_orb.read(VERSION, [key]) == []
    outcome = own_orb.write(VERSION, key, Verb.DELETE)
    assert "has begun, or is not there" in outcome.message


def test_one_of_several_changes_is_not_taken_back(own_orb: OrbWorld, made: str) -> None:
    keys = []
    for plan, at in zip(usable_plans(own_orb)[:2], (0, 30), strict=True):
        start = NEXT_YEAR + timedelta(days=at)
        keys.append(f"{made}|{start:%Y-%m-%dT%H:%M:%SZ}")
        own_orb.write(VERSION, keys[-1], Verb.INSERT, plan_id=plan["id"])
    outcome = own_orb.write(VERSION, keys[0], Verb.DELETE)
    assert outcome.state is OutcomeState.FAILED
    assert "Orb takes all changes back at once" in outcome.message


def test_quantities_prices_and_a_trial_of_a_new_one(own_orb: OrbWorld, made: str) -> None:
    plan = usable_plans(own_orb)[0]
    fee = next(price for price in plan["prices"] if price["price_type"] == "fixed_price")
    outcome = own_orb.write(
        SUBSCRIPTION,
        "another",
        Verb.INSERT,
        customer_id=held(own_orb, made)["customer"]["id"],
        plan_id=plan["id"],
        start_date=NEXT_YEAR,
        trial_end_date=NEXT_YEAR + timedelta(days=14),
        fixed_fee_quantity_schedule=json.dumps(
            [{"price_id": fee["id"], "quantity": 12, "start_date": NEXT_YEAR.isoformat()}]
        ),
    )
    assert outcome.state is OutcomeState.WRITTEN, outcome.message
    row = held(own_orb, outcome.key)
    assert datetime.fromisoformat(row["trial_info"]["end_date"]) == NEXT_YEAR + timedelta(days=14)
    replaced = [i["price"] for i in row["price_intervals"] if i["price"]["replaces_price_id"]]
    assert [(p["replaces_price_id"], p["fixed_price_quantity"]) for p in replaced] == [
        (fee["id"], 12)
    ]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"plan_id": "p"}, "needs a customer"),
        ({"customer_id": "c"}, "needs a plan"),
        ({"customer_id": "c", "plan_id": "p", "metadata": "x"}, "metadata: it is no JSON"),
    ],
)
def test_what_a_new_one_lacks_is_told(
    values: dict[str, Any], words: str, own_orb: OrbWorld
) -> None:
    outcome = own_orb.write(SUBSCRIPTION, "new", Verb.INSERT, **values)
    assert outcome.state is OutcomeState.FAILED
    assert words in outcome.message


def test_a_price_in_anothers_place_says_no_other_quantity_than_what_is_asked(
    own_orb: OrbWorld,
) -> None:
    cheaper = {"replaces_price_id": "p1", "price": {"name": "Seat", "fixed_price_quantity": 1}}
    fee = {"price_id": "p1", "quantity": 7, "start_date": NEXT_YEAR.isoformat()}
    values: dict[str, FieldValue] = {
        "customer.external_customer_id": "c1",
        "plan.id": "pro",
        "price_intervals": json.dumps([cheaper]),
        "fixed_fee_quantity_schedule": json.dumps([fee]),
    }
    (sent,) = new_body(own_orb.connector._client, values, CancelToken())["replace_prices"]
    assert (sent["fixed_price_quantity"], sent["price"]["fixed_price_quantity"]) == (7, 7)


def test_a_read_back_that_fails_leaves_it_unknown(
    own_orb: OrbWorld, made: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = own_orb.connector._client
    get = client.get
    asked: list[str] = []

    def broken(path: str, *given: Any) -> dict[str, Any]:
        asked.append(path)
        if len(asked) > 1:
            raise ConnectionFailed("It is gone.", "")
        return get(path, *given)

    monkeypatch.setattr(client, "get", broken)
    outcome = own_orb.write(SUBSCRIPTION, made, Verb.UPDATE, net_terms=21)
    assert outcome.state is OutcomeState.UNKNOWN
    assert outcome.message.startswith("It was sent; what Orb then holds could not be read")
    assert held(own_orb, made)["net_terms"] == 21


def test_a_connection_that_ends_between_two_calls_leaves_it_unknown(
    own_orb: OrbWorld, made: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_given: Any) -> dict[str, Any]:
        raise ConnectionFailed("It is gone.", "")

    monkeypatch.setattr(own_orb.connector._client, "post", broken)
    outcome = own_orb.write(SUBSCRIPTION, made, Verb.UPDATE, net_terms=22, end_date=NEXT_YEAR)
    assert outcome.state is OutcomeState.UNKNOWN
    assert (held(own_orb, made)["net_terms"], held(own_orb, made)["end_date"]) == (22, None)
    with pytest.raises(ConnectionFailed):  # of one call nothing was sent
        own_orb.write(SUBSCRIPTION, made, Verb.UPDATE, end_date=NEXT_YEAR)
