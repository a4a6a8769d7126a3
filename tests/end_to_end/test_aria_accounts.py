"""Accounts through the front door: edited in Salesforce, reviewed, written to Aria.

One sandbox and one loaded workspace for all tests; each works on an account of its own.
"""

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.connectors.spec import variable
from app.credentials import Credentials
from app.domain.proposal import WHOLE_RECORD, Choice
from app.sandbox.launch import Sandbox, SandboxOptions
from app.services import Services
from app.store.choices import choose
from app.store.comparison import find_link
from tests.end_to_end.front_door import Concord, Door, only

pytestmark = pytest.mark.usefixtures("quick_retries")
COMPLETE = {"system": "aria", "endpoint": "update_acct_complete_m"}
READS = {"system": "aria", "endpoint": "get_acct_*"}
CALLS = ("update_", "assign_", "cancel_", "replace_", "modify_", "toggle_", "set_")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Return a sandbox that no test resets: what was prepared and loaded stays."""
    ready = tmp_path_factory.mktemp("accounts") / "ready.json"
    with Sandbox(SandboxOptions(ready_file=ready, size=1)) as running:
        yield running


@pytest.fixture(scope="module")
def secrets_of(sandbox: Sandbox) -> dict[str, str]:
    salesforce = sandbox.ready["salesforce"]
    found = {variable("aria-demo", "auth_key"): sandbox.ready["aria"]["auth_key"]}
    for name in ("access_token", "refresh_token", "client_secret"):
        found[variable("salesforce-demo", name)] = salesforce[name]
    return found


@pytest.fixture(scope="module")
def loaded_home(
    sandbox: Sandbox, secrets_of: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return a folder whose workspace `a` has brought all accounts to a prepared org."""
    base, ready = tmp_path_factory.mktemp("loaded"), sandbox.options.ready_file
    door = Door(sandbox.ready["control_url"])
    door.reset(drift=False)
    door.close()
    concord = Concord(base, sandbox.ready, "a")
    file = str(base / "first.json")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**secrets_of, "CONCORD_HOME": str(base)}.items():
            patch.setenv(name, value)
        for words in (
            ["connect", "--ready-file", str(ready)],
            ["workspace", "create", "a", "--billing", "aria-demo", "--salesforce",
             "salesforce-demo", "--mapping", "aria_accounts"],
            ["prepare", "-w", "a", "--yes"],
            ["refresh", "-w", "a"],
            ["plan", "-w", "a", "-o", file],
            ["commit", "-w", "a", file, "--yes"],
            ["refresh", "-w", "a"],
        ):  # fmt: skip
            ran = concord.run_apart(*words)
            assert ran.status == 0, (words, ran.err)
    return base


@pytest.fixture
def door(sandbox: Sandbox, loaded_home: Path) -> Iterator[Door]:
    del loaded_home
    found = Door(sandbox.ready["control_url"])
    found.fault()
    found.forget_calls()
    yield found
    found.fault()
    found.close()


@pytest.fixture
def concord(  # noqa: PLR0917 - fixtures
    sandbox: Sandbox,
    loaded_home: Path,
    concord_home: Path,
    secrets_of: dict[str, str],
    root_log: logging.Logger,
    monkeypatch: pytest.MonkeyPatch,
) -> Concord:
    """Return Concord with the loaded workspace."""
    del root_log
    for name, value in secrets_of.items():
        monkeypatch.setenv(name, value)
    shutil.copytree(loaded_home, concord_home, dirs_exist_ok=True)
    return Concord(concord_home, sandbox.ready, "a")


def row_of(door: Door, sobject: str, key: str) -> dict[str, Any]:
    column = "Aria_Id__c" if sobject == "Account" else "Aria_Key__c"
    return only([row for row in door.state("salesforce", sobject) if row[column] == key])


def edit(door: Door, sobject: str, key: str, **values: Any) -> None:
    door.edit("salesforce", sobject, row_of(door, sobject, key)["Id"], **values)


def truth(door: Door, kind: str, acct_no: int, **wanted: Any) -> list[dict[str, Any]]:
    """Return what Aria holds of an account, of it what has those values."""
    return [
        row
        for row in door.state("aria", kind)
        if row["acct_no"] == acct_no and all(row[name] == value for name, value in wanted.items())
    ]


def settle(concord: Concord, acct_no: int) -> Any:
    """Refresh, plan and commit one account; return what the commit printed."""
    concord.document("refresh", "--account", str(acct_no))
    return concord.settle("--account", str(acct_no))


def left(concord: Concord, acct_no: int) -> list[dict[str, Any]]:
    """Return what a plan would still do to an account after it was read again."""
    concord.document("refresh", "--account", str(acct_no))
    found: list[dict[str, Any]] = concord.plan("--account", str(acct_no))["operations"]
    return found


def writes(door: Door) -> int:
    """Return how many calls that change something reached Aria, previews among them."""
    return sum(n for call, n in door.calls("aria").items() if call.startswith(CALLS))


def master(door: Door, acct_no: int) -> dict[str, Any]:
    return truth(door, "plan_instance", acct_no, supp_plan_ind=0, status_cd=1)[0]


def decide(concord: Concord, entity: str, key: str, choice: Choice) -> None:
    """Choose as a person does in the window."""
    with Services(concord.base, Credentials()).workbench("a") as bench:
        link = find_link(bench.store, bench.mapping.entity(entity), key)
        assert link is not None
        choose(bench.store, {link: choice})


def test_accounts_stand_in_salesforce_as_aria_has_them(door: Door) -> None:
    rows = {row["Aria_Id__c"]: row for row in door.state("salesforce", "Account")}
    numbers = {row["Id"]: number for number, row in rows.items()}
    accounts = door.state("aria", "account")
    for held in accounts:
        row = rows[str(held["acct_no"])]
        told = (row["Aria_Invoice_Approval_Required__c"], row["Aria_Consumer_Account__c"])
        assert told == (bool(held["invoice_approval_required"]), bool(held["consumer_acct_ind"]))
        assert numbers.get(row["ParentId"]) == (
            held["senior_acct_no"] and str(held["senior_acct_no"])
        )
    assert {bool(held["invoice_approval_required"]) for held in accounts} == {True, False}
    one = rows["55010010"]  # which no other test changes
    plans = door.state("salesforce", "Aria_Account_Plan__c")
    assert one["Aria_MRR_Total__c"] == pytest.approx(
        sum(plan["MRR__c"] for plan in plans if plan["Account__c"] == one["Id"])
    )


def test_account_plans_bear_the_fields_of_the_instance_and_of_its_plan(door: Door) -> None:
    families = {row["client_plan_id"]: row["sf_family"] for row in door.state("aria", "plan")}
    fields = [
        row for row in door.state("aria", "instance_field") if row["field_name"] == "sf_line_id"
    ]
    lines = {row["plan_instance_no"]: row["field_value"] for row in fields}
    own = truth(door, "plan_instance", 55010010)
    for held in own:
        key = f"55010010|{held['plan_instance_no']}"
        row = row_of(door, "Aria_Account_Plan__c", key)
        assert (row["Family__c"] or "") == (families[held["client_plan_id"]] or "")
        assert row["Line_Id__c"] == lines.get(held["plan_instance_no"])
    assert any(families[held["client_plan_id"]] for held in own)
    assert any(held["plan_instance_no"] in lines for held in own)


def test_items_of_an_account_go_to_aria(concord: Concord, door: Door) -> None:
    edit(
        door, "Account", "55010012", Aria_Client_Account_ID__c="MINE-12",
        Aria_Notify_Method__c="HTML Mail", Aria_Test_Account__c=True, Aria_Region__c="APAC",
    )  # fmt: skip
    done = settle(concord, 55010012)
    assert (done["selected"], done["written"]) == (1, 1)
    held = only(truth(door, "account", 55010012))
    assert (held["client_acct_id"], held["notify_method"], held["test_acct_ind"]) == (
        "MINE-12", 1, 1,
    )  # fmt: skip
    fields = truth(door, "acct_supp_field", 55010012, supp_field_name="region")
    assert [row["supp_field_value"] for row in fields] == ["APAC"]
    assert left(concord, 55010012) == []


def test_a_new_parent_and_who_pays_go_to_aria(concord: Concord, door: Door) -> None:
    parent = row_of(door, "Account", "55010002")["Id"]
    edit(door, "Account", "55010021", ParentId=parent, Aria_Responsibility_Level__c="Parent Pay")
    assert settle(concord, 55010021)["written"] == 1
    assert only(truth(door, "account", 55010021))["senior_acct_no"] == 55010002
    masters = truth(door, "plan_instance", 55010021, supp_plan_ind=0)
    assert {row["resp_level_cd"] for row in masters} == {2}


def test_contacts_go_to_aria_with_and_without_an_email(concord: Concord, door: Door) -> None:
    contacts = {row["role"]: row for row in truth(door, "contact", 55010014)}
    for role, values in {
        "account": {"MailingCity": "Salem", "MailingStreet": "1 Mill Lane\nFloor 2"},
        "billing": {"Email": None, "FirstName": "Zoe"},
        "statement": {"Email": "new@customer.example"},
    }.items():
        edit(door, "Contact", f"55010014|{role}|{contacts[role]['contact_no']}", **values)
    done = settle(concord, 55010014)  # which is looked at once for all three
    assert (done["written"], done["calls"]) == (3, done["forecast"]["calls"])
    now = {row["role"]: row for row in truth(door, "contact", 55010014)}
    assert (now["account"]["address2"], now["billing"]["first_name"]) == ("Floor 2", "Zoe")
    assert (now["billing"]["email"], now["statement"]["email"]) == ("", "new@customer.example")
    assert left(concord, 55010014) == []


def test_units_and_status_of_a_plan_go_to_aria_and_its_numbers_come_back(
    concord: Concord, door: Door
) -> None:
    held = master(door, 55010003)
    key = f"55010003|{held['plan_instance_no']}"
    edit(door, "Aria_Account_Plan__c", key, Units__c=held["plan_units"] + 5)
    assert settle(concord, 55010003)["written"] == 1
    now = truth(door, "plan_instance", 55010003, plan_instance_no=held["plan_instance_no"])
    assert only(now)["plan_units"] == held["plan_units"] + 5
    mrr = row_of(door, "Aria_Account_Plan__c", key)["MRR__c"]
    assert settle(concord, 55010003)["failed"] == 0  # what Aria reckoned anew
    assert row_of(door, "Aria_Account_Plan__c", key)["MRR__c"] > mrr
    assert left(concord, 55010003) == []


def rate_key(door: Door, row: dict[str, Any]) -> str:
    """Return the key of a custom rate as Aria holds it."""
    services = door.state("aria", "service_definition")
    name = only([s for s in services if s["service_no"] == row["service_no"]])["client_service_id"]
    return f"{row['acct_no']}|{row['plan_instance_no']}|{name}|{row['rate_seq_no']}"


def test_units_of_a_supplemental_plan_go_up_and_down(concord: Concord, door: Door) -> None:
    held = truth(door, "plan_instance", 55010011, supp_plan_ind=1, status_cd=1)[0]
    key = f"55010011|{held['plan_instance_no']}"
    for units in (held["plan_units"] + 4, held["plan_units"] + 1):
        edit(door, "Aria_Account_Plan__c", key, Units__c=units)
        assert settle(concord, 55010011)["written"] >= 1
        now = truth(door, "plan_instance", 55010011, plan_instance_no=held["plan_instance_no"])
        assert only(now)["plan_units"] == units
    settle(concord, 55010011)  # what Aria reckoned anew
    assert left(concord, 55010011) == []


def test_a_custom_rate_goes_to_aria_with_all_tiers_of_its_service(
    concord: Concord, door: Door
) -> None:
    own = truth(door, "custom_rate", 55010006)
    first = own[0]
    key = rate_key(door, first)
    edit(door, "Aria_Account_Plan_Rate__c", key, Rate__c=1.5)
    concord.document("refresh", "--account", "55010006")
    decide(concord, "plan_instance_rate", key, Choice(take={"rate_per_unit": "salesforce"}))
    assert concord.settle("--account", "55010006")["written"] == 1
    after = {row["key"]: row["rate_per_unit"] for row in truth(door, "custom_rate", 55010006)}
    assert after == {row["key"]: row["rate_per_unit"] for row in own} | {first["key"]: 1.5}


def test_the_dry_run_knows_of_tiers_that_no_longer_fit(concord: Concord, door: Door) -> None:
    own = truth(door, "custom_rate", 55010018)[0]
    key = rate_key(door, own)
    door.edit("aria", "custom_rate", own["key"], to_unit=7777)
    edit(door, "Aria_Account_Plan_Rate__c", key, Rate__c=2.5)
    concord.document("refresh", "--account", "55010018")
    decide(concord, "plan_instance_rate", key, Choice(take={"rate_per_unit": "salesforce"}))
    plan = concord.plan("--account", "55010018")
    told = [each["message"] for each in plan["problems"] if each["severity"] == "error"]
    assert only(told) == "14014: tier 2 begins at 6, tier 1 ends at 7777"
    failure = only(concord.commit()["failures"])
    assert failure["message"].startswith("Not sent: 14014: ")
    assert door.calls("aria")["assign_custom_acct_plan_rates_m"] == 0


def test_supplemental_plans_that_another_plan_ends_are_named_before_it_is_committed(
    concord: Concord, door: Door
) -> None:
    above = master(door, 55010007)
    under = truth(door, "plan_instance", 55010007, status_cd=1, supp_plan_ind=1)
    plan, offered = some_offered(door, {row["plan_no"] for row in under})
    kept = {row["key"] for row in under if row["plan_no"] in offered}
    key = f"55010007|{above['plan_instance_no']}"
    edit(
        door, "Aria_Account_Plan__c", key, Client_Plan__c=row_of(door, "Client_Plan__c", plan)["Id"]
    )
    concord.document("refresh", "--account", "55010007")
    decide(concord, "plan_instance", key, Choice(take={"plan": "salesforce"}))
    problems = concord.plan("--account", "55010007")["problems"]
    (told,) = (each["message"] for each in problems if "does not offer" in each["message"])
    gone = [row for row in under if row["key"] not in kept]
    assert 0 < len(gone) < len(under)
    named = {row["key"] for row in under if f"55010007|{row['plan_instance_no']}" in told}
    assert named == {row["key"] for row in gone}
    assert concord.commit()["written"] == 1
    after = truth(door, "plan_instance", 55010007, status_cd=-2)
    assert {row["key"] for row in after} == named


def some_offered(door: Door, wanted: set[int]) -> tuple[str, set[int]]:
    """Return a master plan in euros that offers some of the plans, not all, and those it does."""
    sold = {row["plan_no"] for row in door.state("aria", "rate_schedule")
            if row["schedule_currency"] == "eur"}  # fmt: skip
    offered: dict[int, set[int]] = {}
    for link in door.state("aria", "plan_relationship"):
        offered.setdefault(link["parent_plan_no"], set()).add(link["plan_no"])
    plans = {row["plan_no"]: row for row in door.state("aria", "plan")}
    number = next(
        one
        for one, some in offered.items()
        if one in sold
        and plans[one]["active_ind"]
        and not plans[one]["supp_plan_ind"]
        and some & wanted
        and wanted - some
    )
    return plans[number]["client_plan_id"], offered[number] & wanted


def made_in_salesforce(door: Door, acct_no: int, key: str) -> None:
    """Let somebody make a supplemental plan in Salesforce, under the account's first master."""
    above = master(door, acct_no)
    plans = {row["plan_no"]: row["client_plan_id"] for row in door.state("aria", "plan")}
    links = door.state("aria", "plan_relationship")
    plan = next(plans[x["plan_no"]] for x in links if x["parent_plan_no"] == above["plan_no"])
    parent = row_of(door, "Aria_Account_Plan__c", f"{acct_no}|{above['plan_instance_no']}")
    door.edit(
        "salesforce", "Aria_Account_Plan__c", "", Name=key, Aria_Key__c=key, Units__c=2,
        Account__c=row_of(door, "Account", str(acct_no))["Id"],
        Client_Plan__c=row_of(door, "Client_Plan__c", plan)["Id"],
        Parent_Account_Plan__c=parent["Id"],
    )  # fmt: skip


def assign(concord: Concord, key: str) -> Any:
    """Read all, let a person send a plan of Salesforce's to Aria; return what was printed."""
    concord.document("refresh")
    decide(concord, "plan_instance", key, Choice(ticked=True, take={WHOLE_RECORD: "salesforce"}))
    file = concord.base / "keys.txt"
    file.write_text(f"plan_instance\t{key}\n")
    return concord.settle("--keys", str(file))


def test_a_plan_made_in_salesforce_is_assigned_once_and_gets_arias_number(
    concord: Concord, door: Door
) -> None:
    made_in_salesforce(door, 55010004, "PLAN-A")
    done = assign(concord, "PLAN-A")
    assert (done["selected"], done["written"]) == (1, 1), done["failures"]
    row = only(truth(door, "plan_instance", 55010004, client_plan_instance_id="PLAN-A"))
    concord.document("refresh")
    assert concord.settle("--entity", "plan_instance")["failed"] == 0
    key = f"55010004|{row['plan_instance_no']}"
    assert row_of(door, "Aria_Account_Plan__c", key)["Aria_Number__c"] == row["plan_instance_no"]
    rows = door.state("salesforce", "Aria_Account_Plan__c")
    assert not [one for one in rows if one["Aria_Key__c"] == "PLAN-A"]
    assert [one for one in left(concord, 55010004) if one["side"] == "billing"] == []


def test_a_master_plan_made_in_salesforce_may_be_one_that_the_account_has_already(
    concord: Concord, door: Door
) -> None:
    held = master(door, 55010009)
    door.edit(
        "salesforce", "Aria_Account_Plan__c", "", Name="PLAN-D", Aria_Key__c="PLAN-D", Units__c=1,
        Account__c=row_of(door, "Account", "55010009")["Id"],
        Client_Plan__c=row_of(door, "Client_Plan__c", held["client_plan_id"])["Id"],
    )  # fmt: skip
    done = assign(concord, "PLAN-D")
    assert (done["selected"], done["written"]) == (1, 1), done["failures"]
    same = truth(door, "plan_instance", 55010009, plan_no=held["plan_no"], supp_plan_ind=0)
    assert {row["client_plan_instance_id"] for row in same} >= {"PLAN-D"}
    assert len(same) == 2
    assert settle(concord, 55010009)["failed"] == 0
    key = f"55010009|{held['plan_instance_no']}"
    assert row_of(door, "Aria_Account_Plan__c", key)["Aria_Number__c"] == held["plan_instance_no"]


def test_a_lost_assignment_is_found_and_not_made_twice(concord: Concord, door: Door) -> None:
    made_in_salesforce(door, 55010005, "PLAN-B")
    door.fault({"system": "aria", "endpoint": "assign_acct_plan_m", "kind": "drop_after",
                "after": 1})  # fmt: skip
    done = assign(concord, "PLAN-B")
    assert (done["selected"], done["written"]) == (1, 1), done["failures"]
    assert len(truth(door, "plan_instance", 55010005, client_plan_instance_id="PLAN-B")) == 1
    assert door.calls("aria")["assign_acct_plan_m"] == 2


@pytest.mark.parametrize(
    ("kind", "acct_no", "calls"),
    [("drop_after", 55010015, 1), ("server_error", 55010016, 2), ("drop_before", 55010017, 2),
     ("truncate", 55010022, 1)],
)  # fmt: skip
def test_an_answer_that_goes_wrong_once_writes_once(
    kind: str, acct_no: int, calls: int, concord: Concord, door: Door
) -> None:
    edit(door, "Account", str(acct_no), Aria_Notify_Method__c="Data Export")
    door.fault({**COMPLETE, "kind": kind})
    done = settle(concord, acct_no)
    assert (done["written"], done["failed"], done["stale"]) == (1, 0, 0)
    assert only(truth(door, "account", acct_no))["notify_method"] == 4
    assert writes(door) == calls
    assert left(concord, acct_no) == []


def test_a_commit_that_broke_off_after_a_write_is_resumed_and_writes_nothing_twice(
    concord: Concord, door: Door
) -> None:
    edit(door, "Account", "55010019", Aria_Notify_Method__c="None")
    concord.document("refresh", "--account", "55010019")
    concord.plan("--account", "55010019")
    door.forget_calls()
    door.fault(
        {**COMPLETE, "kind": "drop_after"},
        {**READS, "kind": "unavailable", "after": 3, "times": None},
    )
    ran = concord.work("commit", str(concord.plan_file), "--yes")
    assert ran.status == 1
    assert ran.json["unknown"] == 1
    door.fault()
    resumed = concord.document("resume")
    assert (resumed["selected"], resumed["written"]) == (1, 1)
    assert writes(door) == 1
    assert only(truth(door, "account", 55010019))["notify_method"] == 0


def test_what_aria_refuses_is_told_in_its_words(concord: Concord, door: Door) -> None:
    edit(door, "Account", "55010020", Aria_Client_Account_ID__c="NWT-10001")
    done = settle(concord, 55010020)
    failure = only(done["failures"])
    assert (failure["entity"], failure["field"]) == ("account", "client_id")
    assert failure["message"].startswith("1015: ")


def test_what_went_wrong_inside_a_write_stands_in_the_history(concord: Concord, door: Door) -> None:
    held = master(door, 55010008)
    key = f"55010008|{held['plan_instance_no']}"
    edit(door, "Aria_Account_Plan__c", key, Units__c=held["plan_units"] + 50)
    door.edit("aria", "setting", "declines", value=True)
    run = settle(concord, 55010008)
    door.edit("aria", "setting", "declines", value=False)
    assert run["written"] == 1
    told = concord.document("history", "--commit", run["commit"])["operations"]
    assert "collection: 4011: authorisation failed" in only(told)["message"]


def test_an_undo_puts_units_back_and_says_what_stays(concord: Concord, door: Door) -> None:
    held = master(door, 55010024)
    key = f"55010024|{held['plan_instance_no']}"
    edit(door, "Aria_Account_Plan__c", key, Units__c=held["plan_units"] + 2)
    run = settle(concord, 55010024)["commit"]
    plan = concord.document("undo", run, "-o", str(concord.plan_file))
    assert "what Aria invoiced for the change stays" in only(plan["problems"])["message"]
    assert concord.commit()["written"] == 1
    now = truth(door, "plan_instance", 55010024, plan_instance_no=held["plan_instance_no"])
    assert only(now)["plan_units"] == held["plan_units"]


def test_an_undo_of_an_assignment_cancels_it(concord: Concord, door: Door) -> None:
    made_in_salesforce(door, 55010002, "PLAN-C")
    run = assign(concord, "PLAN-C")["commit"]
    concord.document("refresh", "--account", "55010002")
    plan = concord.document("undo", run, "-o", str(concord.plan_file))
    assert plan["operations"] == {"insert": 0, "update": 0, "delete": 1}
    assert "it will be cancelled" in only(plan["problems"])["message"]
    done = concord.commit()
    assert (done["written"], done["failures"]) == (1, [])
    row = only(truth(door, "plan_instance", 55010002, client_plan_instance_id="PLAN-C"))
    assert row["status_cd"] == -2
    told = concord.document("history", "--commit", done["commit"])["operations"]
    assert "Aria keeps it as Cancelled" in only(told)["message"]


def test_an_undo_names_a_cancellation_that_cannot_be_taken_back(
    concord: Concord, door: Door
) -> None:
    held = master(door, 55010023)
    key = f"55010023|{held['plan_instance_no']}"
    edit(door, "Aria_Account_Plan__c", key, Status__c="Cancelled")
    run = settle(concord, 55010023)
    assert run["written"] == 1
    assert truth(door, "plan_instance", 55010023, plan_instance_no=held["plan_instance_no"],
                 status_cd=-2)  # fmt: skip
    plan = concord.document("undo", run["commit"], "-o", str(concord.plan_file))
    assert sum(plan["operations"].values()) == 0
    assert "Aria brings no ended plan instance back" in only(plan["problems"])["message"]
