"""Orb from the command line: prepared, loaded, compared, edited on either side, beside Aria."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from app.connectors.orb.revenue import Days, daily
from app.connectors.spec import variable
from tests.end_to_end.front_door import Concord, Door, only

SOBJECTS = {
    "plan": "OrbPlan__c",
    "customer": "OrbCustomer__c",
    "subscription": "OrbSubscription__c",
    "subscription_version": "OrbSubscriptionVersion__c",
    "invoice": "OrbInvoice__c",
    "invoice_line_item_billing": "OrbInvoiceLineItemBilling__c",
    "credit_ledger_entry": "OrbCommittedLedgerEntry__c",
}
REVENUE = "daily_line_item_revenue"
ENTITIES = [word for name in SOBJECTS for word in ("--entity", name)]
LONGEST = 255


@pytest.fixture
def orb(concord: Concord, door: Door, monkeypatch: pytest.MonkeyPatch) -> Iterator[Concord]:
    """Return Concord with a workspace of Orb and the org of the workspace `w`, prepared."""
    monkeypatch.setenv(variable("orb-demo", "api_key"), concord.ready["orb"]["api_key"])
    words = ("--billing", "orb-demo", "--salesforce", "salesforce-demo")
    assert concord("workspace", "create", "orb", *words).status == 0
    given = Concord(concord.base, concord.ready, "orb")
    assert given.work("prepare", "--yes").status == 0
    for row in door.state("orb", "customer"):
        if len(row["name"]) > LONGEST:  # which Salesforce would refuse
            door.edit("orb", "customer", row["id"], name=row["name"][:LONGEST])
    yield given
    door.reset(drift=True)


@pytest.fixture
def loaded(orb: Concord) -> Concord:
    """Return the same after everything but revenue was loaded and read again."""
    orb.document("refresh", *ENTITIES)
    assert orb.settle()["failed"] == 0
    orb.document("refresh", *ENTITIES)
    assert orb.counts() == {}
    return orb


def test_the_first_load_brings_every_record(orb: Concord, door: Door) -> None:
    read = orb.document("refresh", *ENTITIES)["read"]
    assert set(orb.counts()) == {"only_in_billing"}
    done = orb.settle()
    assert done["written"] == done["selected"] == sum(read["billing"].values())
    again = orb.document("refresh", "--full", *ENTITIES)["read"]
    assert again["salesforce"] == again["billing"] == read["billing"]
    assert orb.counts() == {}
    held = {name: len(door.state("salesforce", sobject)) for name, sobject in SOBJECTS.items()}
    assert held == read["billing"]


@pytest.mark.usefixtures("loaded")
def test_lookups_lead_to_the_records_that_ids_name(door: Door) -> None:
    customers = {row["Id"]: row["Id__c"] for row in door.state("salesforce", "OrbCustomer__c")}
    for name in ("OrbSubscription__c", "OrbInvoice__c", "OrbCommittedLedgerEntry__c"):
        rows = door.state("salesforce", name)
        assert rows
        assert all(customers[row["CustomerLookup__c"]] == row["CustomerId__c"] for row in rows)


def test_an_edit_in_orb_is_one_difference(loaded: Concord, door: Door) -> None:
    customer = door.state("orb", "customer")[0]["id"]
    door.edit("orb", "customer", customer, email="new@edited.example")
    loaded.document("refresh", *ENTITIES)
    assert loaded.kinds() == {("customer", customer): "different"}
    assert loaded.settle()["written"] == 1
    row = only([r for r in door.state("salesforce", "OrbCustomer__c") if r["Id__c"] == customer])
    assert row["Email__c"] == "new@edited.example"


def test_an_edit_in_salesforce_goes_to_orb(loaded: Concord, door: Door) -> None:
    row = door.state("salesforce", "OrbCustomer__c")[0]
    wanted = '{"from":"Salesforce"}'
    door.edit("salesforce", "OrbCustomer__c", row["Id"], Metadata__c=wanted)
    loaded.document("refresh", "--entity", "customer")
    assert loaded.settle()["written"] == 1
    held = only([each for each in door.state("orb", "customer") if each["id"] == row["Id__c"]])
    assert held["metadata"] == {"from": "Salesforce"}
    loaded.document("refresh", "--entity", "customer")
    assert loaded.counts() == {}


def test_an_edit_of_what_orb_alone_can_change_is_put_back(loaded: Concord, door: Door) -> None:
    row = door.state("salesforce", "OrbPlan__c")[0]
    door.edit("salesforce", "OrbPlan__c", row["Id"], Description__c="Somebody's own")
    loaded.document("refresh", "--side", "salesforce", "--entity", "plan")
    before = door.state("orb", "plan")
    assert loaded.settle()["written"] == 1
    assert door.state("orb", "plan") == before
    again = only([r for r in door.state("salesforce", "OrbPlan__c") if r["Id"] == row["Id"]])
    assert again["Description__c"] == row["Description__c"]


def test_aria_and_orb_on_one_org_leave_each_other_alone(loaded: Concord, door: Door) -> None:
    def rows(prefix: str) -> Counter[str]:
        names = [*SOBJECTS.values(), "Client_Plan__c", "Rate_Tier__c", "Aria_Service__c"]
        return Counter(
            f"{name} {sorted(row.items(), key=str)}"
            for name in names
            if name.startswith("Orb") == (prefix == "Orb")
            for row in door.state("salesforce", name)
        )

    aria = Concord(loaded.base, loaded.ready, "w")
    before = rows("Orb")
    aria.document("refresh")
    assert aria.settle()["written"]
    assert rows("Orb") == before
    loaded.document("refresh", *ENTITIES)
    assert loaded.counts() == {}
    mine, left = rows("Aria"), aria.counts()
    door.edit("orb", "plan", door.state("orb", "plan")[0]["id"], description="Other words")
    loaded.document("refresh", *ENTITIES)
    assert loaded.settle()["written"] == 1
    assert rows("Aria") == mine
    aria.document("refresh")
    assert aria.counts() == left


def test_revenue_is_read_whole_then_what_is_new(orb: Concord) -> None:
    first = orb.document("refresh", "--side", "billing", "--entity", REVENUE)
    found = orb.counts(REVENUE)
    later = orb.document("refresh", "--side", "billing", "--entity", REVENUE)
    assert 0 < later["read"]["billing"][REVENUE] < first["read"]["billing"][REVENUE]
    assert orb.counts(REVENUE) == found == {"only_in_billing": first["read"]["billing"][REVENUE]}


def test_a_day_that_came_to_cost_nothing_goes(
    orb: Concord, monkeypatch: pytest.MonkeyPatch
) -> None:
    orb.document("refresh", "--side", "billing", "--entity", REVENUE)
    before = orb.counts(REVENUE)["only_in_billing"]
    gone: list[str] = []

    def corrected(*given: Any) -> Days:
        days = daily(*given)
        if gone or not days.rows:
            return days
        gone.append(days.rows[0]["=key"])
        return Days(days.rows[1:], (*days.empty, *gone))

    monkeypatch.setattr("app.connectors.orb.reads.daily", corrected)
    orb.document("refresh", "--side", "billing", "--entity", REVENUE)
    assert orb.counts(REVENUE) == {"only_in_billing": before - 1}


def test_a_limit_of_calls_slows_a_refresh_and_does_not_end_it(orb: Concord, door: Door) -> None:
    limit: dict[str, Any] = {"requests": 12, "seconds": 0.5, "headers": True}
    door.edit("orb", "RateLimit", "", **limit)
    found = orb.document("refresh", "--side", "billing", "--entity", "subscription_version")
    assert found["read"]["billing"]["subscription_version"] > limit["requests"]


def test_a_name_too_long_for_salesforce_fails_alone_with_what_needs_it(
    orb: Concord, door: Door
) -> None:
    customer = next(row for row in door.state("orb", "customer") if not row["hierarchy"]["parent"])
    door.edit("orb", "customer", customer["id"], name="n" * (LONGEST + 1))
    orb.document("refresh", "--entity", "customer", "--entity", "subscription", "--entity", "plan")
    plan = orb.document("plan", "-o", str(orb.plan_file))
    assert any("256 characters" in each["message"] for each in plan["problems"])
    done = orb.commit()
    assert {each["key"] for each in done["failures"] if each["entity"] == "customer"} >= {
        customer["id"]
    }
    assert done["written"] > len(door.state("orb", "plan"))


@pytest.mark.parametrize(("mode", "production"), [("live", True), ("test", False)])
def test_a_live_key_makes_a_production_connection(
    mode: str,
    production: bool,  # noqa: FBT001 - a parameter
    concord: Concord,
) -> None:
    words = ("--set", f"mode={mode}", "--set", "base_url=https://api.withorb.com/v1")
    made = concord("connect", "orb", "mine", *words, "--json").json
    assert made["connections"][0]["production"] is production
