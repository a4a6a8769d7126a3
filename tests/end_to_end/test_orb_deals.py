"""Orders and opportunities with their lines become subscriptions and changes of plan in Orb."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from app.connectors.spec import variable
from tests.end_to_end.front_door import Concord, Door, only

ENTITIES = ("customer", "plan", "subscription", "subscription_version")
READ = [word for name in ENTITIES for word in ("--entity", name)]
LONGEST = 255
START = "2031-02-01"


@pytest.fixture
def orb(concord: Concord, door: Door, monkeypatch: pytest.MonkeyPatch) -> Iterator[Concord]:
    """Return Concord with a workspace of Orb that has read what subscriptions need."""
    monkeypatch.setenv(variable("orb-demo", "api_key"), concord.ready["orb"]["api_key"])
    words = ("--billing", "orb-demo", "--salesforce", "salesforce-demo")
    assert concord("workspace", "create", "orb", *words).status == 0
    given = Concord(concord.base, concord.ready, "orb")
    assert given.work("prepare", "--yes").status == 0
    for row in door.state("orb", "customer"):
        if len(row["name"]) > LONGEST:  # which Salesforce would refuse
            door.edit("orb", "customer", row["id"], name=row["name"][:LONGEST])
    given.document("refresh", *READ)
    yield given
    door.reset(drift=True)


@dataclass(frozen=True, slots=True)
class Shop:
    """What is sold in the org."""

    door: Door
    account: str

    def made(self, sobject: str, **values: object) -> str:
        before = {row["Id"] for row in self.door.state("salesforce", sobject)}
        self.door.edit("salesforce", sobject, "", **values)
        rows = self.door.state("salesforce", sobject)
        return str(only([row for row in rows if row["Id"] not in before])["Id"])

    def entry(self, code: str, price: object) -> str:
        """Return a new price book entry of a new product with that code."""
        product = self.made("Product2", Name=f"Product {code}", ProductCode=code, IsActive=True)
        pair = {"Pricebook2Id": self.book, "Product2Id": product}
        return self.made("PricebookEntry", UnitPrice=price, IsActive=True, **pair)

    @property
    def book(self) -> str:
        rows = self.door.state("salesforce", "Pricebook2")
        return str(only([row for row in rows if row["IsStandard"]])["Id"])

    def order(self, *lines: tuple[str, object, object]) -> str:
        """Return a new order; of each line code, quantity and unit price are given."""
        deal = {"AccountId": self.account, "EffectiveDate": START, "Pricebook2Id": self.book}
        order = self.made("Order", Name="Order 7", Status="Draft", **deal)
        for code, quantity, price in lines:
            of = {"OrderId": order, "PricebookEntryId": self.entry(code, price)}
            self.made("OrderItem", Quantity=quantity, UnitPrice=price, **of)
        return order

    def opportunity(self, *lines: tuple[str, object, object, object]) -> str:
        """Return a new opportunity; of each line code, quantity, price and discount are given."""
        deal = {"AccountId": self.account, "CloseDate": START, "StageName": "Closed Won"}
        found = self.made("Opportunity", Name="Deal 7", **deal)
        for code, quantity, price, discount in lines:
            of = {"OpportunityId": found, "PricebookEntryId": self.entry(code, price)}
            more = {"Quantity": quantity, "UnitPrice": price, "Discount": discount}
            self.made("OpportunityLineItem", **more, **of)
        return found


@pytest.fixture
def shop(orb: Concord, door: Door) -> Shop:
    del orb
    shop = Shop(door, "")
    return Shop(door, shop.made("Account", Name="Otter Mills"))


def seats(door: Door) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a plan with one fee that comes again, and that fee."""
    for plan in door.state("orb", "plan"):
        fees = [one for one in plan["prices"] if one["price_type"] == "fixed_price"]
        again = [one for one in fees if one["cadence"] != "one_time"]
        usable = plan["status"] == "active" and not plan["plan_phases"]
        if usable and len(again) == 1 and again[0]["model_type"] == "unit":
            return plan, again[0]
    message = "the sandbox has no such plan"
    raise AssertionError(message)


def customer(door: Door, plan: dict[str, Any]) -> str:
    """Return a customer of the plan's currency."""
    rows = door.state("orb", "customer")
    return str(next(r["id"] for r in rows if r["currency"] == plan["invoicing_currency"]))


def act(orb: Concord, action: str, *words: str) -> list[str]:
    """Plan an action and commit it; return what its plan said."""
    orb.document("act", action, *words, "-o", str(orb.plan_file))
    said = [each["message"] for each in json.loads(orb.plan_file.read_bytes())["problems"]]
    done = orb.commit()
    assert (done["written"], done["failed"]) == (1, 0), done["failures"]
    return said


def test_an_orders_lines_become_plan_quantity_and_price(
    orb: Concord, door: Door, shop: Shop
) -> None:
    plan, fee = seats(door)
    known = {row["id"] for row in door.state("orb", "subscription")}
    price = Decimal(fee["unit_config"]["unit_amount"]) + Decimal("0.25")
    order = shop.order((plan["external_plan_id"], 7, float(price)))
    said = act(orb, "create_subscription", customer(door, plan), "--from", order)
    made = only([r for r in door.state("orb", "subscription") if r["id"] not in known])
    assert (made["name"], made["plan"]["id"]) == ("Order 7", plan["id"])
    instead = only([i["price"] for i in made["price_intervals"] if i["price"]["replaces_price_id"]])
    assert instead["replaces_price_id"] == fee["id"]
    assert (instead["fixed_price_quantity"], instead["cadence"]) == (7, fee["cadence"])
    assert Decimal(instead["unit_config"]["unit_amount"]) == price
    assert any(f"Line 1 (Product {plan['external_plan_id']}" in words for words in said)
    assert any(words.startswith(f"{fee['name']}: quantity 7, not 1") for words in said)


def test_a_discounted_price_finds_its_plan(orb: Concord, door: Door, shop: Shop) -> None:
    plan, fee = seats(door)
    known = {row["id"] for row in door.state("orb", "subscription")}
    deal = shop.opportunity((fee["external_price_id"], 3, fee["unit_config"]["unit_amount"], 50))
    act(orb, "create_subscription", customer(door, plan), "--from", deal)
    made = only([r for r in door.state("orb", "subscription") if r["id"] not in known])
    assert made["plan"]["id"] == plan["id"]
    instead = only([i["price"] for i in made["price_intervals"] if i["price"]["replaces_price_id"]])
    half = Decimal(fee["unit_config"]["unit_amount"]) / 2
    assert (instead["fixed_price_quantity"], instead["name"]) == (3, fee["name"])
    assert Decimal(instead["unit_config"]["unit_amount"]) == half


def test_a_line_that_orb_does_not_know_is_named_and_nothing_is_planned(
    orb: Concord, door: Door, shop: Shop
) -> None:
    plan, fee = seats(door)
    words = ["create_subscription", customer(door, plan)]
    unit = fee["unit_config"]["unit_amount"]
    order = shop.order((fee["external_price_id"], 2, unit), ("SPARE-9", 1, 5))
    ran = orb.work("act", *words, "--from", order, "-o", str(orb.plan_file))
    assert ran.status == 2
    assert "Line 2 (Product SPARE-9, SPARE-9) is no plan and no price" in ran.err
    assert not orb.plan_file.exists()
    said = act(orb, *words, "--from", order, "--set", f"plan={plan['id']}")
    assert any("Line 2" in message and "left out" in message for message in said)


def test_lines_of_two_plans_are_never_one_subscription(
    orb: Concord, door: Door, shop: Shop
) -> None:
    plan, _fee = seats(door)
    rows = door.state("orb", "plan")
    other = next(r for r in rows if r["status"] == "active" and r["id"] != plan["id"])
    order = shop.order((plan["id"], 1, 5), (other["id"], 1, 5))
    words = ("create_subscription", customer(door, plan), "--from", order)
    ran = orb.work("act", *words, "-o", str(orb.plan_file))
    assert ran.status == 2
    assert f"several plans: {plan['name']} ({plan['id']}) or " in ran.err


def test_a_later_order_changes_the_plan_on_its_day(orb: Concord, door: Door, shop: Shop) -> None:
    rows = door.state("orb", "subscription")
    row = next(r for r in rows if r["status"] == "active" and r["end_date"] is None)
    other = next(
        plan
        for plan in door.state("orb", "plan")
        if plan["status"] == "active"
        and plan["id"] != row["plan"]["id"]
        and plan["invoicing_currency"] == row["plan"]["invoicing_currency"]
    )
    order = shop.order((other["external_plan_id"], 9, 0))
    said = act(orb, "change_plan", row["id"], "--from", order)
    assert any(words.startswith("The lines say other quantities than") for words in said)
    versions = door.state("orb", "subscription_version")
    mine = [one for one in versions if one["subscription_id"] == row["id"]]
    new = only([one for one in mine if one["plan"]["id"] == other["id"]])
    assert new["start_date"].startswith(START)


OWN = """
schema = 1
name = "ours"
billing = "orb"
include = ["orb"]

[[source]]
name = "subscription_of_order"
action = "create_subscription"
sobject = "Order"
prefix = "801"
account = "AccountId"
fields = { name = "PoNumber", start_date = "EffectiveDate" }
lines = { sobject = "OrderItem", parent = "OrderId", product = "Product2Id", quantity = "Quantity", unit_price = "UnitPrice" }
product = { sobject = "Product2", name = "Name", codes = ["CODE"] }
"""  # noqa: E501 - an inline table is one line


def own_mapping(orb: Concord, code: str) -> Concord:
    """Return Concord with a workspace whose mapping looks for ids in another field."""
    file, name = orb.base / f"{code}.toml", code.lower()
    file.write_text(OWN.replace("CODE", code), encoding="utf-8")
    words = ("--billing", "orb-demo", "--salesforce", "salesforce-demo", "--mapping", str(file))
    ran = orb("workspace", "create", name, *words)
    assert ran.status == 0, ran.err
    given = Concord(orb.base, orb.ready, name)
    given.document("refresh", *READ)
    return given


def test_a_mapping_of_ones_own_says_where_an_order_tells_what(
    orb: Concord, door: Door, shop: Shop
) -> None:
    plan, fee = seats(door)
    order = shop.order((fee["external_price_id"], 4, fee["unit_config"]["unit_amount"]))
    door.edit("salesforce", "Order", order, PoNumber="PO 77")
    row = only([r for r in door.state("salesforce", "OrderItem") if r["OrderId"] == order])
    door.edit("salesforce", "Product2", row["Product2Id"], Description=plan["id"])
    ours = own_mapping(orb, "Description")
    act(ours, "create_subscription", customer(door, plan), "--from", order)
    made = only([r for r in door.state("orb", "subscription") if r["name"] == "PO 77"])
    assert made["plan"]["id"] == plan["id"]


def test_a_field_that_the_org_lacks_is_named(orb: Concord, door: Door, shop: Shop) -> None:
    plan, _fee = seats(door)
    order, ours = shop.order((plan["id"], 1, 1)), own_mapping(orb, "Orb_Plan__c")
    words = ("create_subscription", customer(door, plan), "--from", order)
    ran = ours.work("act", *words, "-o", str(ours.plan_file))
    assert ran.status not in {0, 1}
    assert "field Orb_Plan__c of Product2 is missing or hidden" in ran.err
    assert "correct the [[source]] of the mapping" in ran.err
    (found,) = [a for a in ours.document("act")["actions"] if a["name"] == "create_subscription"]
    assert found["takes_from"] == ["Opportunity", "Order"]
