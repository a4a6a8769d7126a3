"""Choosing kinds of record from the command line: counted, left out, deleted, taken back."""

from collections.abc import Iterator

import pytest

from app.connectors.spec import variable
from tests.end_to_end.front_door import Concord, Door

FEW = ("plan", "customer", "subscription")


@pytest.fixture
def orb(concord: Concord, door: Door, monkeypatch: pytest.MonkeyPatch) -> Iterator[Concord]:
    """Return Concord with a workspace of Orb, nothing prepared yet."""
    monkeypatch.setenv(variable("orb-demo", "api_key"), concord.ready["orb"]["api_key"])
    words = ("--billing", "orb-demo", "--salesforce", "salesforce-demo")
    assert concord("workspace", "create", "orb", *words).status == 0
    yield Concord(concord.base, concord.ready, "orb")
    door.reset(drift=True)


def types(orb: Concord, *words: str) -> dict[str, object]:
    ran = orb("workspace", "types", "-w", orb.workspace, *words, "--json")
    assert ran.status == 0, ran.err
    found: dict[str, object] = ran.json
    return found


def test_kinds_are_counted_with_storage_and_calls(orb: Concord, door: Door) -> None:
    rows = {row["entity"]: row for row in types(orb)["types"]}  # type: ignore[attr-defined] # JSON
    customers = len(door.state("orb", "customer"))
    assert rows["customer"]["records"] == customers
    assert rows["customer"]["storage_bytes"] == customers * 2048
    assert max(rows, key=lambda name: rows[name]["records"]) == "daily_line_item_revenue"
    assert all(row["calls"]["salesforce"] for row in rows.values())
    table = orb("workspace", "types", "orb").out
    assert "left in Salesforce:" in table


def test_what_is_left_out_is_neither_made_nor_read(orb: Concord) -> None:
    assert types(orb, "--only", ",".join(FEW))["staying"] == {}
    assert orb.work("prepare", "--yes").status == 0
    read = orb.document("refresh")["read"]["billing"]
    assert set(read) == set(FEW)
    assert set(orb.document("compare")["entities"]) == set(FEW)
    assert types(orb, "--all")["without"] == []
    assert len(orb.document("compare")["entities"]) == 8


def test_records_of_what_is_left_out_stay_or_are_deleted_by_a_plan(
    orb: Concord, door: Door
) -> None:
    types(orb, "--only", ",".join(FEW))
    assert orb.work("prepare", "--yes").status == 0
    words = [word for name in FEW for word in ("--entity", name)]
    orb.document("refresh", *words)
    orb.settle()
    orb.document("refresh", "--side", "salesforce")
    held = len(door.state("salesforce", "OrbSubscription__c"))
    file = str(orb.plan_file)
    ran = orb("workspace", "types", "orb", "--without", "subscription", "--delete", "-o", file)
    assert ran.status == 0, ran.err
    assert held > 0
    assert orb.commit()["written"] == held
    assert door.state("salesforce", "OrbSubscription__c") == []
    orb.document("refresh", "--side", "salesforce")
    found = types(orb, "--without", "plan,subscription,invoice,credit_ledger_entry")
    assert found["staying"] == {"plan": len(door.state("salesforce", "OrbPlan__c"))}
    assert set(orb.document("refresh", *words[2:4])["read"]["billing"]) == {"customer"}


def test_of_a_system_that_cannot_count_the_last_reading_is_told(
    concord: Concord, door: Door
) -> None:
    aria = Concord(concord.base, concord.ready, "w")
    aria.document("refresh")
    found = types(aria)["types"]
    assert isinstance(found, list)
    rows = {row["entity"]: row for row in found}
    assert not rows["plan"]["exact"]
    assert 0 < rows["plan"]["records"] <= len(door.state("aria", "plan"))
    assert "about" in concord("workspace", "types", "w").out
