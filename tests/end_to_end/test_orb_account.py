"""One Orb customer through the front door: its records alone are read, planned and committed."""

from collections import Counter
from collections.abc import Iterator

import pytest

from app.connectors.spec import variable
from tests.end_to_end.front_door import Concord, Door, keys_of

LONGEST = 255


@pytest.fixture
def orb(concord: Concord, door: Door, monkeypatch: pytest.MonkeyPatch) -> Iterator[Concord]:
    """Return Concord with a workspace of Orb, prepared and not yet read."""
    monkeypatch.setenv(variable("orb-demo", "api_key"), concord.ready["orb"]["api_key"])
    words = ("--billing", "orb-demo", "--salesforce", "salesforce-demo")
    assert concord("workspace", "create", "orb", *words).status == 0
    given = Concord(concord.base, concord.ready, "orb")
    assert given.work("prepare", "--yes").status == 0
    for row in door.state("orb", "customer"):
        if len(row["name"]) > LONGEST:  # which Salesforce would refuse
            door.edit("orb", "customer", row["id"], name=row["name"][:LONGEST])
    given.document("refresh", "--entity", "plan")
    assert given.settle()["failed"] == 0
    with door.still():
        yield given
    door.reset(drift=True)


def busiest(door: Door) -> str:
    """Return the customer with most invoices that belongs to no other."""
    alone = {row["id"] for row in door.state("orb", "customer") if not row["hierarchy"]["parent"]}
    counts: Counter[str] = Counter(row["customer"]["id"] for row in door.state("orb", "invoice"))
    return next(key for key, _ in counts.most_common() if key in alone)


def test_one_customer_is_read_brought_over_and_agrees(orb: Concord, door: Door) -> None:
    key = busiest(door)
    read = orb.document("refresh", "--account", key)["read"]["billing"]
    assert read["customer"] == 1
    issued = [row for row in door.state("orb", "invoice") if row["customer"]["id"] == key]
    assert read["invoice"] == len([row for row in issued if row["status"] != "draft"])
    assert orb.settle("--account", key)["failed"] == 0
    again = orb.document("refresh", "--account", key)["read"]
    assert again["salesforce"] == again["billing"]
    assert orb.counts() == {}
    assert len(door.state("salesforce", "OrbCustomer__c")) == 1


def test_what_another_customer_has_is_left_alone(orb: Concord, door: Door) -> None:
    key = busiest(door)
    others = [row for row in door.state("orb", "customer") if row["id"] != key]
    orb.document("refresh", "--entity", "customer")
    for row in (others[0], *[r for r in door.state("orb", "customer") if r["id"] == key]):
        door.edit("orb", "customer", row["id"], email="new@edited.example")
    orb.document("refresh", "--account", key)
    plan = orb.plan("--account", key)
    assert keys_of(plan, entity="customer") == {key}


def test_transactions_of_a_customer_are_what_its_days_bring(orb: Concord, door: Door) -> None:
    key = busiest(door)
    orb.document("refresh", "--account", key)
    found = orb.document("refresh", "--account", key, "--transactions")
    moving = {"invoice", "invoice_line_item_billing", "daily_line_item_revenue"}
    assert moving <= set(found["read"]["billing"]) <= {*moving, "credit_ledger_entry"}
    assert found["calls"]["billing"] < 20
