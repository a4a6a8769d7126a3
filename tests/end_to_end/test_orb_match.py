"""Orb's customers are matched to Salesforce accounts: by id at once, by name when confirmed."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.connectors.spec import variable
from tests.end_to_end.front_door import Concord, Door, only

CUSTOMER = "OrbCustomer__c"
LONGEST = 255


@pytest.fixture
def orb(concord: Concord, door: Door, monkeypatch: pytest.MonkeyPatch) -> Iterator[Concord]:
    """Return Concord with a workspace of Orb whose customers are in Salesforce."""
    monkeypatch.setenv(variable("orb-demo", "api_key"), concord.ready["orb"]["api_key"])
    words = ("--billing", "orb-demo", "--salesforce", "salesforce-demo")
    assert concord("workspace", "create", "orb", *words).status == 0
    given = Concord(concord.base, concord.ready, "orb")
    assert given.work("prepare", "--yes").status == 0
    for row in door.state("orb", "customer"):
        if len(row["name"]) > LONGEST:  # which Salesforce would refuse
            door.edit("orb", "customer", row["id"], name=row["name"][:LONGEST])
    given.document("refresh", "--entity", "customer")
    assert given.settle()["failed"] == 0
    yield given
    door.reset(drift=True)


def account(door: Door, name: str, website: str = "") -> str:
    """Make a Salesforce account and return its id."""
    known = {row["Id"] for row in door.state("salesforce", "Account")}
    door.edit("salesforce", "Account", "", Name=name, Website=website)
    rows = door.state("salesforce", "Account")
    return str(only([row for row in rows if row["Id"] not in known])["Id"])


def of_one_name(door: Door) -> list[dict[str, Any]]:
    """Return customers whose names are their own, the sandbox's parents last."""
    rows = door.state("orb", "customer")
    names = [row["name"] for row in rows]
    return [row for row in rows if names.count(row["name"]) == 1]


def matched(orb: Concord) -> dict[str, Any]:
    return {one["key"]: one for one in orb.document("match")["matches"]}


def lookups(door: Door) -> dict[str, str]:
    rows = door.state("salesforce", CUSTOMER)
    return {row["Id__c"]: row["AccountLookup__c"] for row in rows if row["AccountLookup__c"]}


def test_an_account_that_orb_names_is_filled_in_without_asking(orb: Concord, door: Door) -> None:
    first, second, *_rest = of_one_name(door)
    one = account(door, "Not at all alike")
    for row in (first, second):  # two customers of one account
        door.edit("orb", "customer", row["id"], metadata={"salesforce": one[:15]})
    orb.document("refresh", "--entity", "customer")
    found = orb.document("match")
    assert {each["key"] for each in found["matches"] if each["sure"]} == {first["id"], second["id"]}
    assert sorted(found["sharing"][one]) == sorted([first["id"], second["id"]])
    orb.document("match", "-o", str(orb.plan_file))
    assert orb.commit()["written"] == 2
    assert lookups(door) == {first["id"]: one, second["id"]: one}
    orb.document("refresh", "--entity", "customer")
    assert orb.document("match")["already"] == 2
    assert not [one for one in orb.plan()["operations"] if "account" in one["changes"]]


def test_a_name_is_only_suggested_and_then_confirmed(orb: Concord, door: Door) -> None:
    first, second, third, *_rest = of_one_name(door)
    domain = first["email"].partition("@")[2]
    one = account(door, f"{first['name']}", f"https://www.{domain}")
    other = [account(door, second["name"]), account(door, second["name"])]
    found = matched(orb)
    assert found[first["id"]]["why"] == "same name and domain"
    assert found[second["id"]]["ambiguous"]
    assert [target["id"] for target in found[second["id"]]["targets"]] == sorted(other)
    assert orb.document("match", "-o", str(orb.plan_file))["operations"]["update"] == 0
    words = ("--set", f"{second['id']}={other[1]}", "--set", f"{third['id']}={one}")
    orb.document("match", "--suggested", *words, "-o", str(orb.plan_file))
    assert orb.commit()["failed"] == 0
    held = lookups(door)
    assert (held[first["id"]], held[second["id"]], held[third["id"]]) == (one, other[1], one)


def test_a_match_is_undone_like_any_commit(orb: Concord, door: Door) -> None:
    first, *_rest = of_one_name(door)
    one = account(door, "Another")
    orb.document("match", "--set", f"{first['id']}={one}", "-o", str(orb.plan_file))
    run = orb.commit()["commit"]
    assert lookups(door)[first["id"]] == one
    orb.document("undo", run, "-o", str(orb.plan_file))
    assert orb.commit()["written"] == 1
    assert first["id"] not in lookups(door)


def test_what_cannot_be_matched_is_said(orb: Concord, door: Door, concord: Concord) -> None:
    file = str(orb.plan_file)
    ran = orb.work("match", "--set", "nosuch=001000000000001AAA", "-o", file)
    assert (ran.status, "no Orb customer 'nosuch' yet" in ran.err) == (2, True)
    key = of_one_name(door)[0]["id"]
    ran = orb.work("match", "--set", f"{key}=Acme", "-o", file)
    assert (ran.status, "is no id of Salesforce" in ran.err) == (2, True)
    assert "-o plan.json" in orb.work("match", "--suggested").err
    assert "have one already" in orb("match", "-w", "orb").out
    ran = Concord(concord.base, concord.ready, "w").work("match")
    assert (ran.status, "no customers that look up" in ran.err) == (2, True)
