"""Aria's accounts from the command line: prepared, loaded, matched, imported, kept by jobs."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.end_to_end.front_door import Concord, Door, keys_of, only

FEW = 4  # the account with every type of transaction, the busy one, and two more
JOBS = ["aria-catalog", "aria-details", "aria-supplemental-fields", "aria-plans"]


@pytest.fixture
def aria(concord: Concord, door: Door) -> Iterator[Concord]:
    """Return Concord with a workspace of all of Aria, and an org in step that is prepared."""
    yield prepared(concord, door, "aria")
    door.reset(drift=True)


@pytest.fixture
def accounts(concord: Concord, door: Door) -> Iterator[Concord]:
    """Return the same without transactions, which take the most time."""
    yield prepared(concord, door, "aria_accounts")
    door.reset(drift=True)


@pytest.fixture
def loaded(accounts: Concord) -> Concord:
    """Return Concord with a workspace of Aria's accounts after their first load."""
    accounts.document("refresh")
    done = accounts.settle()
    assert (done["failed"], done["calls"]) == (0, done["forecast"]["calls"])
    assert accounts.counts() == {}
    return accounts


def prepared(concord: Concord, door: Door, mapping: str) -> Concord:
    door.reset(drift=False)
    door.edit("aria", "setting", "accounts", value=FEW)
    words = ("--billing", "aria-demo", "--salesforce", "salesforce-demo", "--mapping", mapping)
    assert concord("workspace", "create", "a", *words).status == 0
    given = Concord(concord.base, concord.ready, "a")
    assert given.document("prepare", "--yes")["failures"] == []
    return given


def account(door: Door, place: int) -> dict[str, Any]:
    return door.state("aria", "account")[place]


def in_salesforce(door: Door, number: object) -> dict[str, Any]:
    rows = door.state("salesforce", "Account")
    return only([row for row in rows if row["Aria_Id__c"] == str(number)])


def why(concord: Concord) -> dict[str, str]:
    """Return which accounts are held back, and why."""
    return {row["key"]: row["why"] for row in concord.document("held")["held_back"]}


def test_the_org_is_prepared_once_with_all_that_people_need(aria: Concord, door: Door) -> None:
    again = aria.document("prepare", "--yes")
    assert (again["missing"], again["deployed"]) == ([], 0)
    held = set(door._ask("GET", "state/salesforce"))
    assert {"Aria_Account_Plan__c", "Aria_Transaction__c", "Aria_Usage__c"} <= held


def test_the_first_load_brings_accounts_and_transactions(aria: Concord, door: Door) -> None:
    read = aria.document("refresh")["read"]["billing"]
    assert set(aria.counts()) == {"only_in_billing"}
    done = aria.settle()
    assert (done["failures"], done["written"]) == ([], done["selected"])
    again = aria.document("refresh", "--full")["read"]
    assert again["salesforce"] == again["billing"] == read
    assert aria.counts() == {}
    assert len(door.state("salesforce", "Account")) == FEW
    plan = door.state("salesforce", "Aria_Account_Plan__c")[0]
    assert plan["Account__c"] in {row["Id"] for row in door.state("salesforce", "Account")}


def test_an_account_waits_until_its_plan_is_in_salesforce(accounts: Concord, door: Door) -> None:
    number = account(door, 3)["acct_no"]
    masters = {
        row["client_plan_id"]
        for row in plan_rows(door)
        if row["acct_no"] == number and not row["supp_plan_ind"]
    }
    for plan in masters:
        door.edit("salesforce", "Client_Plan__c", plan, __delete__=True)
    accounts.document("refresh")
    assert "none of its plans" in why(accounts)[str(number)]
    plan = accounts.plan()
    assert masters <= keys_of(plan, entity="plan", verb="insert")
    assert str(number) not in keys_of(plan, entity="account")
    accounts.commit()
    assert why(accounts) == {}
    assert accounts.settle()["failed"] == 0
    assert accounts.counts() == {}


def test_accounts_behind_another_promotion_code_wait_and_are_named(
    accounts: Concord, door: Door
) -> None:
    sets = {row["promo_plan_set_no"]: row["plan_nos"] for row in door.state("aria", "plan_set")}
    masters = [row for row in door.state("aria", "plan_instance") if not row["supp_plan_ind"]]
    codes = {
        row["promo_cd"]: set(sets[row["promo_plan_set_no"]])
        for row in door.state("aria", "promotion")
    }
    code = min(codes, key=lambda one: (masters[0]["plan_no"] not in codes[one], len(codes[one])))
    behind = {str(row["acct_no"]) for row in masters if row["plan_no"] in codes[code]}
    others = {str(row["acct_no"]) for row in masters} - behind
    file = accounts.base / "connections" / "aria-demo.json"
    said = json.loads(file.read_text("utf-8"))
    said["settings"]["promo_code"] = code
    file.write_text(json.dumps(said), "utf-8")
    accounts.document("refresh")
    assert behind
    assert others
    assert set(why(accounts)) >= others
    assert keys_of(accounts.plan(), entity="account", verb="insert") <= behind


def plan_rows(door: Door) -> list[dict[str, Any]]:
    """Return Aria's plan instances with the client-defined ids of their plans."""
    names = {row["plan_no"]: row["key"] for row in door.state("aria", "plan")}
    return [
        {**row, "client_plan_id": names[row["plan_no"]]}
        for row in door.state("aria", "plan_instance")
    ]


def test_one_account_is_imported_by_its_number(loaded: Concord, door: Door) -> None:
    door.edit("aria", "setting", "accounts", value=FEW + 1)
    number = str(account(door, FEW)["acct_no"])
    loaded.document("refresh", "--account", number)
    done = loaded.settle("--account", number)
    assert (done["failures"], done["written"]) == ([], done["selected"])
    row = in_salesforce(door, number)
    plans = door.state("salesforce", "Aria_Account_Plan__c")
    assert row["Name"] == account(door, FEW)["company_name"]
    assert row["Id"] in {plan["Account__c"] for plan in plans}
    loaded.document("refresh", "--account", number)
    assert loaded.counts() == {}


def test_an_account_that_salesforce_has_under_another_name_is_no_second_one(
    loaded: Concord, door: Door
) -> None:
    door.edit("aria", "setting", "accounts", value=FEW + 1)
    new = account(door, FEW)
    number, name = str(new["acct_no"]), f"{new['company_name']}, Ltd."
    door.edit("salesforce", "Account", "", Name=name)
    side_id = only([r for r in door.state("salesforce", "Account") if r["Name"] == name])["Id"]
    said = loaded("refresh", "-w", "a", "--account", number).out
    assert f"account {number} is held back: Salesforce has '{name}' ({side_id})" in said
    assert loaded.plan("--account", number)["operations"] == []
    suggested = loaded.document("pair", "suggest", "--entity", "account", "--key", number)
    assert only(suggested["suggested"])["salesforce_id"] == side_id
    loaded.document("pair", "confirm", "account", number, side_id)
    assert loaded.settle("--account", number, "--take", "billing")["failed"] == 0
    assert in_salesforce(door, number)["Id"] == side_id
    loaded.document("refresh", "--account", number)
    assert loaded.counts() == {}


def test_a_rule_finds_the_account_by_its_client_id(loaded: Concord, door: Door) -> None:
    row = in_salesforce(door, account(door, 2)["acct_no"])
    door.edit("salesforce", "Account", row["Id"], Aria_Id__c=None, Name="Quite another name")
    loaded.document("refresh")
    assert "by the rule client account id" in why(loaded)[row["Aria_Id__c"]]
    (made,) = loaded.document("pair", "auto")["paired"]
    assert (made["salesforce_id"], made["rule"]) == (row["Id"], "client account id")
    assert loaded.settle()["failed"] == 0
    assert in_salesforce(door, row["Aria_Id__c"])["Id"] == row["Id"]


def test_what_somebody_wants_though_it_is_held_back_comes(loaded: Concord, door: Door) -> None:
    door.edit("aria", "setting", "accounts", value=FEW + 1)
    new = account(door, FEW)
    door.edit("salesforce", "Account", "", Name=new["company_name"])
    loaded.document("refresh")
    assert list(why(loaded)) == [str(new["acct_no"])]
    assert loaded.settle("--held")["failed"] == 0
    assert in_salesforce(door, new["acct_no"])["Name"] == new["company_name"]
    assert why(loaded) == {}


def test_the_nightly_jobs_are_there_paused_and_read_their_part(aria: Concord, door: Door) -> None:
    listed = aria.document("jobs", "list")["jobs"]
    assert [row["job"] for row in listed] == ["nightly", "delta", *JOBS]
    assert not any(row["enabled"] or row["commit"] for row in listed)
    said = aria.document("jobs", "run", "aria-catalog")
    news = len(door.state("aria", "discount_rule")) + len(door.state("aria", "email_template"))
    assert (said["error"], said["waiting"]) == ("", news)  # an org in step has the rest
    said = aria.document("jobs", "run", "aria-plans")
    assert (said["error"], said["waiting"] > FEW) == ("", True)
    read = {entity for entity, _key in aria.kinds()}
    assert {"account", "plan_instance", "contract", "order"} <= read
    assert not {"invoice", "contact", "usage"} & read


def test_one_account_is_pushed_by_a_job_of_its_own(loaded: Concord, door: Door) -> None:
    first, second = (account(door, place)["acct_no"] for place in (0, 2))
    for number in (first, second):
        door.edit("aria", "account", str(number), po_num="PO-7")
    words = ("--every", "600", "--commit", "update", "--entity", "account")
    loaded.document("jobs", "add", "push", *words, "--account", str(first))
    assert loaded.document("jobs", "run", "push")["written"] == 1
    assert in_salesforce(door, first)["Aria_PO_Number__c"] == "PO-7"
    assert in_salesforce(door, second)["Aria_PO_Number__c"] is None
    once = loaded.document("jobs", "run", "nightly", "--account", str(second))
    assert (once["job"], once["waiting"]) == (f"nightly {second}", 1)
    loaded.document("jobs", "add", "prices", "--every", "600", "--entity", "rate")
    ran = loaded.work("jobs", "run", "prices", "--account", str(second))
    assert (ran.status, "nothing that belongs to an account" in ran.err) == (2, True)
