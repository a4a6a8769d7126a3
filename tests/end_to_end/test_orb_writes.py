"""What people do in Orb through Concord: actions, edits in Salesforce, records made from it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.connectors.spec import variable
from tests.end_to_end.front_door import Concord, Door, only

ENTITIES = (
    *("customer", "plan", "subscription", "subscription_version"),
    *("invoice", "credit_ledger_entry"),
)
READ = [word for name in ENTITIES for word in ("--entity", name)]
NEXT_YEAR = datetime(datetime.now(UTC).year + 1, 6, 1, tzinfo=UTC)
LONGEST = 255


@pytest.fixture
def orb(concord: Concord, door: Door, monkeypatch: pytest.MonkeyPatch) -> Iterator[Concord]:
    """Return Concord with a workspace of Orb in which both sides agree."""
    monkeypatch.setenv(variable("orb-demo", "api_key"), concord.ready["orb"]["api_key"])
    words = ("--billing", "orb-demo", "--salesforce", "salesforce-demo")
    assert concord("workspace", "create", "orb", *words).status == 0
    given = Concord(concord.base, concord.ready, "orb")
    assert given.work("prepare", "--yes").status == 0
    for row in door.state("orb", "customer"):
        if len(row["name"]) > LONGEST:  # which Salesforce would refuse
            door.edit("orb", "customer", row["id"], name=row["name"][:LONGEST])
    given.document("refresh", *READ)
    assert given.settle()["failed"] == 0
    refreshed(given)
    assert given.counts() == {}
    yield given
    door.reset(drift=True)


def refreshed(orb: Concord) -> None:
    orb.document("refresh", *READ)


def act(orb: Concord, action: str, key: str, **given: object) -> Any:
    """Plan an action, commit it, refresh; return the plan."""
    words = [word for name, value in given.items() for word in ("--set", f"{name}={value}")]
    orb.document("act", action, key, *words, "-o", str(orb.plan_file))
    plan = json.loads(orb.plan_file.read_bytes())
    done = orb.commit()
    assert (done["written"], done["failed"]) == (1, 0), done["failures"]
    assert done["calls"] == done["forecast"]["calls"]
    return plan


def undone(orb: Concord) -> Any:
    """Take the last commit back; return the plan of that."""
    run = orb.document("history")["commits"][0]["commit"]
    plan = orb.document("undo", run, "-o", str(orb.plan_file))
    done = orb.commit()
    assert done["written"] == 1
    assert done["calls"] == done["forecast"]["calls"]
    return plan


def active(door: Door) -> dict[str, Any]:
    """Return a subscription that is under way, without an end, on a plan with a fixed fee."""
    return next(
        row
        for row in door.state("orb", "subscription")
        if row["status"] == "active"
        and row["end_date"] is None
        and row["fixed_fee_quantity_schedule"]
    )


def held(door: Door, kind: str, key: str) -> dict[str, Any]:
    return only([row for row in door.state("orb", kind) if row["id"] == key])


def test_a_cancellation_is_reviewed_written_and_taken_back(orb: Concord, door: Door) -> None:
    key = active(door)["id"]
    plan = act(orb, "cancel_subscription", key, date=f"{NEXT_YEAR:%Y-%m-%d}")
    assert only(plan["operations"])["changes"].keys() == {"end_date"}
    assert any("may void or credit" in each["message"] for each in plan["problems"])
    row = held(door, "subscription", key)
    there = ZoneInfo(row["customer"]["timezone"])
    assert datetime.fromisoformat(row["end_date"]) == NEXT_YEAR.replace(tzinfo=there)
    refreshed(orb)
    assert orb.kinds()["subscription", key] == "different"
    undone(orb)
    assert held(door, "subscription", key)["end_date"] is None
    refreshed(orb)
    assert orb.counts() == {}


def test_a_quantity_is_changed_with_its_price_in_words(orb: Concord, door: Door) -> None:
    row = active(door)
    before = row["fixed_fee_quantity_schedule"]
    given = {"price": before[0]["price_id"], "quantity": 77, "date": f"{NEXT_YEAR:%Y-%m-%d}"}
    plan = act(orb, "change_quantity", row["id"], **given)
    assert any("→ 77 from" in each["message"] for each in plan["problems"])
    after = held(door, "subscription", row["id"])["fixed_fee_quantity_schedule"]
    assert 77 in [each["quantity"] for each in after]
    refreshed(orb)
    undone(orb)
    assert held(door, "subscription", row["id"])["fixed_fee_quantity_schedule"] == before


def test_a_quantity_that_is_changed_today_is_taken_back_the_same_day(
    orb: Concord, door: Door
) -> None:
    row = active(door)
    before = row["fixed_fee_quantity_schedule"][0]
    act(orb, "change_quantity", row["id"], price=before["price_id"], quantity=77)
    refreshed(orb)
    undone(orb)
    now = held(door, "subscription", row["id"])["fixed_fee_quantity_schedule"]
    mine = [one["quantity"] for one in now if one["price_id"] == before["price_id"]]
    assert mine[-1] == before["quantity"]


def test_a_price_is_added_and_taken_away_as_of_its_start(orb: Concord, door: Door) -> None:
    row = active(door)
    price = row["price_intervals"][0]["price"]
    new = {
        "model_type": "unit",
        "unit_config": {"unit_amount": "12.50"},
        "name": "Extra seats",
        "item_id": price["item"]["id"],
        "cadence": "monthly",
        "currency": price["currency"],
        "fixed_price_quantity": 2,
    }
    day = f"{NEXT_YEAR:%Y-%m-%d}"
    act(orb, "add_price", row["id"], price=json.dumps(new), start_date=day)
    assert len(held(door, "subscription", row["id"])["price_intervals"]) == 1 + len(
        row["price_intervals"]
    )
    refreshed(orb)
    act(orb, "end_price", row["id"], price="Extra seats", end_date=day)
    now = held(door, "subscription", row["id"])["price_intervals"]
    assert [one["id"] for one in now] == [one["id"] for one in row["price_intervals"]]


def test_a_new_customer_goes_again_by_an_undo(orb: Concord, door: Door) -> None:
    known = {row["id"] for row in door.state("orb", "customer")}
    act(orb, "create_customer", "", name="Kite", email="ap@kite.example")
    assert len(door.state("orb", "customer")) == len(known) + 1
    refreshed(orb)
    (told,) = (each for each in undone(orb)["problems"] if each["severity"] == "warning")
    assert "for good" in told["message"]
    assert {row["id"] for row in door.state("orb", "customer")} == known
    refreshed(orb)
    assert orb.counts() == {}


def test_metadata_is_set_and_taken_back(orb: Concord, door: Door) -> None:
    row = active(door)
    whose = {"subscription": row["id"], "customer": row["customer"]["id"]}
    for kind, key in whose.items():
        before = held(door, kind, key)["metadata"]
        act(orb, f"set_{kind}_metadata", key, name="tier", value="gold")
        assert held(door, kind, key)["metadata"] == {**before, "tier": "gold"}
        refreshed(orb)
        undone(orb)
        assert held(door, kind, key)["metadata"] == before


def test_a_cancellation_at_the_end_of_the_term_is_unscheduled(orb: Concord, door: Door) -> None:
    key = active(door)["id"]
    act(orb, "cancel_subscription", key, when="end_of_term")
    assert held(door, "subscription", key)["end_date"]
    refreshed(orb)
    act(orb, "unschedule_cancellation", key)
    assert held(door, "subscription", key)["end_date"] is None
    refreshed(orb)
    assert orb.counts() == {}


def test_a_change_of_plan_is_scheduled_and_taken_back(orb: Concord, door: Door) -> None:
    row = active(door)
    other = next(
        plan["id"]
        for plan in door.state("orb", "plan")
        if plan["status"] == "active"
        and plan["id"] != row["plan"]["id"]
        and plan["invoicing_currency"] == row["plan"]["invoicing_currency"]
    )
    act(orb, "change_plan", row["id"], plan=other, when="date", date=f"{NEXT_YEAR:%Y-%m-%d}")
    versions = door.state("orb", "subscription_version")
    mine = [one for one in versions if one["subscription_id"] == row["id"]]
    assert other in [one["plan"]["id"] for one in mine]
    refreshed(orb)
    undone(orb)
    assert len(door.state("orb", "subscription_version")) == len(versions) - 1


def test_credits_are_added_and_voided(orb: Concord, door: Door) -> None:
    customer = active(door)["customer"]["id"]
    known = {row["id"] for row in door.state("orb", "ledger_entry")}
    act(orb, "add_credits", customer, amount=12, description="Sorry")
    refreshed(orb)
    new = only([row for row in door.state("orb", "ledger_entry") if row["id"] not in known])
    assert (new["amount"], new["description"]) == (12, "Sorry")
    assert orb.counts() == {"only_in_billing": 1}
    act(orb, "void_credits", new["id"])
    block = new["credit_block"]["id"]
    assert not [
        row for row in door.state("orb", "credit_block") if row["id"] == block and row["balance"]
    ]


def test_a_record_made_in_salesforce_is_made_in_orb_and_gets_its_id(
    orb: Concord, door: Door
) -> None:
    values = {"Name": "Kestrel", "Name__c": "Kestrel", "Email__c": "ap@kestrel.example"}
    door.edit("salesforce", "OrbCustomer__c", "", **values)
    row = only([r for r in door.state("salesforce", "OrbCustomer__c") if r["Name"] == "Kestrel"])
    refreshed(orb)
    file = str(orb.plan_file)
    orb.document("act", "create_customer", "--from", row["Id"], "-o", file)
    assert orb.commit()["written"] == 1
    made = only([r for r in door.state("orb", "customer") if r["name"] == "Kestrel"])
    assert made["external_customer_id"] == row["Id"]
    refreshed(orb)
    assert orb.kinds()["customer", made["id"]] == "different"  # its key
    assert orb.settle()["written"] == 1
    again = only([r for r in door.state("salesforce", "OrbCustomer__c") if r["Id"] == row["Id"]])
    assert (again["Id__c"], again["ExternalCustomerId__c"]) == (made["id"], row["Id"])
    refreshed(orb)
    assert orb.counts() == {}


def made_there(door: Door, sobject: str, **values: str) -> str:
    """Make a record in the org; return its id."""
    before = {row["Id"] for row in door.state("salesforce", sobject)}
    door.edit("salesforce", sobject, "", **values)
    return str(only([r for r in door.state("salesforce", sobject) if r["Id"] not in before])["Id"])


def test_an_account_and_its_order_become_a_customer_and_a_subscription(
    orb: Concord, door: Door
) -> None:
    account, file = made_there(door, "Account", Name="Otter Mills"), str(orb.plan_file)
    words = ("--from", account, "--set", "email=ap@otter.example")
    orb.document("act", "create_customer", *words, "-o", file)
    assert orb.commit()["written"] == 1
    customer = only([r for r in door.state("orb", "customer") if r["name"] == "Otter Mills"])
    assert customer["external_customer_id"] == account
    refreshed(orb)
    orb.settle()
    orb.document("match", "-o", file)
    assert orb.commit()["written"] == 1
    start = f"{NEXT_YEAR:%Y-%m-%d}"
    deal = {"AccountId": account, "EffectiveDate": start, "Status": "Draft"}
    order = made_there(door, "Order", Name="Order 7", **deal)
    plan = active(door)["plan"]["id"]
    words = ("--from", order, "--set", f"plan={plan}")
    orb.document("act", "create_subscription", *words, "-o", file)
    assert orb.commit()["written"] == 1
    made = [r for r in door.state("orb", "subscription") if r["name"] == "Order 7"]
    assert only(made)["customer"]["id"] == customer["id"]


def test_a_subscription_is_started_and_brought_to_salesforce(orb: Concord, door: Door) -> None:
    row = active(door)
    known = {each["id"] for each in door.state("orb", "subscription")}
    given = {"plan": row["plan"]["id"], "start_date": f"{NEXT_YEAR:%Y-%m-%d}", "name": "Second"}
    plan = act(orb, "create_subscription", row["customer"]["id"], **given)
    assert any(each["message"].startswith("Plan ") for each in plan["problems"])
    made = only([r for r in door.state("orb", "subscription") if r["id"] not in known])
    assert (made["name"], made["customer"]["id"]) == ("Second", row["customer"]["id"])
    refreshed(orb)
    assert orb.settle()["failed"] == 0
    refreshed(orb)
    assert orb.counts() == {}


def test_edits_in_salesforce_change_a_subscription(orb: Concord, door: Door) -> None:
    key = active(door)["id"]
    row = only([r for r in door.state("salesforce", "OrbSubscription__c") if r["Id__c"] == key])
    end = (NEXT_YEAR + timedelta(days=1)).isoformat()
    values = {"NetTerms__c": 77, "EndDate__c": end, "Metadata__c": '{"from":"Salesforce"}'}
    door.edit("salesforce", "OrbSubscription__c", row["Id"], **values)
    refreshed(orb)
    said = [each["message"] for each in orb.plan()["problems"]]
    assert any(words.startswith("It ends at ") for words in said)
    assert orb.commit()["written"] == 1
    after = held(door, "subscription", key)
    assert (after["net_terms"], after["metadata"]) == (77, {"from": "Salesforce"})
    assert datetime.fromisoformat(after["end_date"]) == NEXT_YEAR + timedelta(days=1)


def test_what_cannot_be_done_is_said_before_anything_is_planned(orb: Concord, door: Door) -> None:
    key = active(door)["id"]
    file = str(orb.plan_file)
    for words, said in (
        (("nosuch",), "no action 'nosuch'"),
        (("cancel_subscription",), "about one subscription"),
        (("cancel_subscription", "nosuch"), "Billing has no Orb subscription 'nosuch'"),
        (("cancel_subscription", key, "--set", "when=soon"), "when cannot be 'soon'"),
        (("change_plan", key, "--set", "plan=nosuch"), "Orb has no plan 'nosuch'"),
        (("unschedule_cancellation", key), "No cancellation is yet to come"),
    ):
        ran = orb.work("act", *words, "-o", file)
        assert ran.status == 2
        assert said in ran.err
    assert len(orb.document("act")["actions"]) > 10
