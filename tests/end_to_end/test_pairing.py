"""Pairing through the front door: a record that lost its key in Salesforce gets it back."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.front_door import ROOT, SOBJECTS, Concord, Door, only


def lose_key(door: Door, entity: str, *, to: str | None = None) -> tuple[str, str]:
    """Change a record's key by hand, as a person does; return its key and its id."""
    row = next(
        row for row in door.state("salesforce", SOBJECTS[entity]) if is_once(door, entity, row)
    )
    door.edit("salesforce", SOBJECTS[entity], row["Id"], Aria_Key__c=to)
    return row["Aria_Key__c"], row["Id"]


def is_once(door: Door, entity: str, row: dict[str, Any]) -> bool:
    """Return whether both sides hold a record, and nobody made it twice."""
    key = row["Aria_Key__c"]
    aria = [each for each in door.state("aria", entity) if each["key"] == key]
    return len(door.salesforce(entity, key)) == len(aria) == 1


def key_of(door: Door, entity: str, side_id: str) -> str | None:
    rows = door.state("salesforce", SOBJECTS[entity])
    key: str | None = only([row for row in rows if row["Id"] == side_id])["Aria_Key__c"]
    return key or None


def refreshed(concord: Concord, *words: str) -> None:
    assert concord.work("refresh", *words).status == 0


@pytest.mark.parametrize("words", [(), ("--full",)])
def test_a_row_whose_key_was_cleared_is_suggested_confirmed_and_written(
    agreed: Concord, door: Door, words: tuple[str, ...]
) -> None:
    door.reset(drift=False)
    refreshed(agreed)
    key, side_id = lose_key(door, "coupon")
    refreshed(agreed, *words)
    assert agreed.counts() == {"only_in_billing": 1}
    suggested = only(agreed.document("pair", "suggest", "--entity", "coupon")["suggested"])
    assert (suggested["key"], suggested["salesforce_id"], suggested["score"]) == (key, side_id, 100)
    agreed.document("pair", "confirm", "coupon", key, side_id)
    plan = agreed.plan()
    assert [o["changes"] for o in plan["operations"]] == [{"@key": [None, key]}]
    assert agreed.commit()["written"] == 1
    assert key_of(door, "coupon", side_id) == key
    refreshed(agreed, *words)
    assert agreed.counts() == {}
    assert agreed.document("pair", "list")["pairings"] == []


@pytest.mark.parametrize("own_key", [None, "SOMETHING_ELSE"])
def test_the_commit_and_then_the_pairing_are_undone(
    agreed: Concord, door: Door, own_key: str | None
) -> None:
    door.reset(drift=False)
    refreshed(agreed)
    key, side_id = lose_key(door, "coupon", to=own_key)
    refreshed(agreed)
    alone = agreed.counts()
    agreed.document("pair", "confirm", "coupon", key, side_id)
    run = agreed.settle()["commit"]
    agreed.document("undo", run, "-o", str(agreed.plan_file))
    assert agreed.commit()["written"] == 1
    assert key_of(door, "coupon", side_id) == own_key
    assert agreed.counts() == {"different": 1}
    refreshed(agreed)
    assert agreed.counts() == {"different": 1}
    agreed.document("pair", "undo", "coupon", key)
    assert agreed.counts() == alone
    refreshed(agreed, "--full")
    assert agreed.counts() == alone


def test_a_pair_whose_children_refer_to_it_is_in_step_after_one_commit(
    agreed: Concord, door: Door
) -> None:
    door.reset(drift=False)
    refreshed(agreed)
    key, side_id = lose_key(door, "item")
    refreshed(agreed, "--full")
    agreed.document("pair", "confirm", "item", key, side_id)
    result = agreed.settle()
    assert (result["written"], result["failed"]) == (result["selected"], 0)
    refreshed(agreed)
    assert agreed.counts() == {}
    assert len(door.salesforce("item", key)) == 1


def test_many_pairs_go_in_one_bulk_job(
    agreed: Concord, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.connectors.salesforce.writes.MOST_BY_COLLECTIONS", 2)
    door.reset(drift=False)
    refreshed(agreed)
    rows = [r for r in door.state("salesforce", SOBJECTS["coupon"]) if is_once(door, "coupon", r)]
    for row in rows[:3]:
        door.edit("salesforce", SOBJECTS["coupon"], row["Id"], Aria_Key__c=None)
    refreshed(agreed)
    for row in rows[:3]:
        agreed.document("pair", "confirm", "coupon", row["Aria_Key__c"], row["Id"])
    assert agreed.settle()["written"] == 3
    assert [key_of(door, "coupon", r["Id"]) for r in rows[:3]] == [
        r["Aria_Key__c"] for r in rows[:3]
    ]
    assert any("jobs/ingest" in call for call in door.calls("salesforce"))


@pytest.fixture
def ruled(concord: Concord, door: Door, tmp_path: Path) -> Concord:
    """Return Concord on a workspace whose mapping pairs coupons by their names, both sides read."""
    door.reset(drift=False)
    shipped = (ROOT / "resources" / "mappings" / "aria_catalog.toml").read_text("utf-8")
    rule = '\n[[entity.pair]]\nname = "same name"\nfields = ["name"]\nhow = "name"\n'
    mapping = tmp_path / "ruled.toml"
    mapping.write_text(shipped + rule, "utf-8")  # the last entity is the coupon
    sides = ("--billing", "aria-demo", "--salesforce", "salesforce-demo")
    assert concord("workspace", "create", "r", *sides, "--mapping", str(mapping)).status == 0
    made = replace(concord, workspace="r")
    refreshed(made)
    return made


def test_a_refresh_tells_what_rules_could_pair_and_auto_pairs_it(
    ruled: Concord, door: Door
) -> None:
    key, side_id = lose_key(door, "coupon")
    out = ruled("refresh", "-w", "r").out
    assert "1 record could be paired: concord pair -w r suggest" in out
    shown = ruled("pair", "-w", "r", "suggest").out
    assert all(words in shown for words in (key, side_id, "no key", "rule same name"))
    (made,) = ruled.document("pair", "auto")["paired"]
    assert (made["key"], made["salesforce_id"], made["rule"]) == (key, side_id, "same name")
    assert ruled.settle()["written"] == 1
    assert "could be paired" not in ruled("refresh", "-w", "r").out
    assert ruled.counts() == {}


def test_what_is_ambiguous_is_listed_and_never_paired(ruled: Concord, door: Door) -> None:
    (one, first), (_other, second) = lose_key(door, "coupon"), lose_key(door, "coupon")
    for side_id in (first, second):
        door.edit("salesforce", SOBJECTS["coupon"], side_id, Name=one, Description__c="one text")
    refreshed(ruled)
    assert ruled.document("pair", "auto")["paired"] == []
    (unclear,) = ruled.document("pair", "suggest")["ambiguous"]
    assert {found["id"] for found in unclear["salesforce"]} == {first, second}
    shown = ruled("pair", "-w", "r", "suggest").out
    assert "ambiguous: same name" in shown


def test_words_that_cannot_mean_anything_are_told(agreed: Concord) -> None:
    assert agreed("pair", "-w", "w", "list").out == "Nothing is paired.\n"
    ran = agreed.work("pair", "confirm", "coupon")
    assert (ran.status, "BILLING_KEY SALESFORCE_ID" in ran.err) == (2, True)
    ran = agreed.work("pair", "undo", "coupon", "nosuch")
    assert (ran.status, "nosuch" in ran.err) == (2, True)
    assert agreed.document("pair", "auto")["paired"] == []
