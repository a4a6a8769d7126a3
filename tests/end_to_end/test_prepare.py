"""Prepare from the command line: an org without our objects, and one that has them."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from app.errors import ExitStatus
from tests.end_to_end.front_door import SOBJECTS, Concord, Door, Ran

DEPLOYED = "metadata/deployRequest"


def deleted(concord: Concord, kind: str, *names: str) -> None:
    """Delete metadata as an admin does, past Concord."""
    members = "".join(f"<members>{name}</members>" for name in names)
    head = '<Package xmlns="http://soap.sforce.com/2006/04/metadata">'
    tail = "<version>66.0</version></Package>"
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("package.xml", head + tail)
        types = f"<types>{members}<name>{kind}</name></types>"
        archive.writestr("destructiveChanges.xml", head + types + tail)
    salesforce = concord.ready["salesforce"]
    url = f"{salesforce['instance_url']}/services/data/v66.0/{DEPLOYED}"
    signed = {"Authorization": f"Bearer {salesforce['access_token']}"}
    options = json.dumps({"deployOptions": {"singlePackage": True, "rollbackOnError": True}})
    parts = {
        "json": (None, options, "application/json"),
        "file": ("package.zip", held.getvalue(), "application/zip"),
    }
    started = requests.post(url, files=parts, headers=signed, timeout=20).json()
    while True:
        answer = requests.get(f"{url}/{started['id']}", headers=signed, timeout=20).json()
        if answer["deployResult"]["done"]:
            assert answer["deployResult"]["success"], answer
            return


@pytest.fixture
def bare(concord: Concord, door: Door) -> Iterator[Concord]:
    """Return Concord before an org that has none of the mapping's objects."""
    deleted(concord, "CustomObject", *SOBJECTS.values())
    door.forget_calls()
    yield concord
    door.reset(drift=True)  # for others: the sandbox is one for all tests


@pytest.fixture
def given(concord: Concord, door: Door) -> Iterator[Concord]:
    """Return Concord before the sandbox's org as it is."""
    yield concord
    door.reset(drift=True)


def prepared(concord: Concord, *words: str) -> tuple[int, dict[str, Any]]:
    ran: Ran = concord.work("prepare", *words)
    return ran.status, ran.json


def test_an_org_without_the_objects_is_prepared_once(bare: Concord, door: Door) -> None:
    status, found = prepared(bare, "--check")
    assert (status, found["deployed"]) == (ExitStatus.DIFFERENCES, 0)
    assert len(found["missing"]) == 154
    assert door.calls("salesforce")[DEPLOYED] == 0
    status, done = prepared(bare)
    assert (status, done["deployed"], done["failures"]) == (ExitStatus.DONE, 154, [])
    door.forget_calls()
    status, again = prepared(bare)
    assert (status, again["missing"], again["deployed"]) == (ExitStatus.DONE, [], 0)
    assert door.calls("salesforce")[DEPLOYED] == 0


def test_the_catalog_can_be_committed_into_a_prepared_org(given: Concord, door: Door) -> None:
    door.reset(drift=False)  # with it, some names are too long for Salesforce
    deleted(given, "CustomObject", *SOBJECTS.values())
    refused = given.work("refresh")
    assert refused.status == ExitStatus.NO_CONNECTION
    assert "concord prepare" in refused.err
    prepared(given)
    given.document("refresh")
    outcome = given.settle()
    assert (outcome["failures"], outcome["written"] > 1000) == ([], True)
    given.document("refresh")
    assert given.counts() == {}


def test_an_undo_deletes_what_was_made_and_nothing_else(bare: Concord, door: Door) -> None:
    prepared(bare)
    asked = bare.work("prepare", "--undo")
    assert asked.status == ExitStatus.WRONG_USE
    assert "--yes" in asked.err
    status, gone = prepared(bare, "--undo", "--yes")
    assert (status, gone["deleted"], gone["failures"]) == (ExitStatus.DONE, 154, [])
    assert not set(SOBJECTS.values()) & set(door._ask("GET", "state/salesforce"))
    assert bare.work("prepare", "--undo", "--yes").status == ExitStatus.WRONG_USE


def test_an_undo_leaves_the_objects_that_were_there(given: Concord, door: Door) -> None:
    plans = len(door.state("salesforce", "Client_Plan__c"))
    status, done = prepared(given)
    assert (status, done["failures"]) == (ExitStatus.DONE, [])
    assert {row["kind"] for row in done["missing"]}.isdisjoint({"object", "field"})
    prepared(given, "--undo", "--yes")
    assert len(door.state("salesforce", "Client_Plan__c")) == plans
    assert prepared(given, "--check")[0] == ExitStatus.DIFFERENCES


def test_a_part_can_be_made_alone(given: Concord) -> None:
    status, done = prepared(given, "--only", "Concord_Client_Plan")
    assert (status, done["deployed"]) == (ExitStatus.DONE, 1)
    left = prepared(given, "--check")[1]["missing"]
    assert "Concord_Client_Plan" not in {row["name"] for row in left}
    nothing = given.work("prepare", "--only", "nosuch")
    assert nothing.status == ExitStatus.WRONG_USE
    assert "nosuch" in nothing.err


def test_keys_that_are_not_unique_are_advice_and_no_lack(given: Concord) -> None:
    prepared(given)
    status, found = prepared(given, "--check")
    assert (status, found["missing"]) == (ExitStatus.DONE, [])
    names = {row["name"] for row in found["advice"]}
    assert names == {"Aria_Item__c.Aria_Key__c", "Aria_Coupon__c.Aria_Key__c"}


def test_production_is_changed_only_after_a_yes(given: Concord, door: Door) -> None:
    file = given.base / "connections" / "salesforce-demo.json"
    kept = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps(kept | {"production": True}), "utf-8")
    door.forget_calls()
    ran = given.work("prepare")
    assert ran.status == ExitStatus.WRONG_USE
    assert "before it changes production" in ran.err
    assert door.calls("salesforce")[DEPLOYED] == 0
    assert prepared(given, "--yes")[0] == ExitStatus.DONE


def test_people_read_a_table(given: Concord) -> None:
    ran = given("prepare", "-w", "w")
    assert ran.status == ExitStatus.DONE
    assert "permission set" in ran.out
    assert "71 parts made or changed." in ran.out
    again = given("prepare", "-w", "w", "--check")
    assert "Nothing is lacking." in again.out
    assert "advice: field Aria_Item__c.Aria_Key__c is not unique" in again.out


def test_an_org_that_cannot_be_reached_is_status_3(concord: Concord, door: Door) -> None:
    door.fault({"system": "salesforce", "kind": "session_expired", "times": 99})
    ran = concord.work("prepare", "--check")
    door.fault()
    assert ran.status == ExitStatus.NO_CONNECTION
