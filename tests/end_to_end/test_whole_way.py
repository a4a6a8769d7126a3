"""The whole way through the command line: what it prints, and what then stands on both systems."""

import json
from pathlib import Path

from tests.end_to_end.front_door import SOBJECTS, Concord, Door, assert_shape, keys_of, only

NUMBER = (int, float)
CALLS = {"billing": int, "salesforce": int}
KINDS = dict.fromkeys(
    ("only_in_billing", "only_in_salesforce", "different", "conflict", "duplicate_key", "ignored",
     "identical"),
    int,
)  # fmt: skip
REFRESH = {
    "workspace": str,
    "read": {"billing": dict.fromkeys(SOBJECTS, int), "salesforce": dict.fromkeys(SOBJECTS, int)},
    "calls": CALLS,
    "seconds": NUMBER,
}
COMPARE = {"workspace": str, "entities": dict.fromkeys(SOBJECTS, KINDS), "total": KINDS}
PLAN = {
    "file": str,
    "operations": {"insert": int, "update": int, "delete": int},
    "forecast": {"calls": CALLS, "bytes": int, "storage_bytes": int, "seconds": NUMBER},
    "problems": list,
    "not_checked": [str],
}
COMMIT = {
    "commit": str,
    **dict.fromkeys(("selected", "sent", "written", "failed", "stale", "skipped"), int),
    "calls": CALLS,
    "seconds": NUMBER,
    "failures": [{"entity": str, "key": str, "field": str, "message": str}],
}


def test_each_document_has_the_shape_that_scripts_rely_on(agreed: Concord) -> None:
    assert_shape(agreed.document("refresh"), REFRESH)
    assert_shape(agreed.document("compare"), COMPARE)
    assert_shape(agreed.document("plan", "-o", str(agreed.plan_file)), PLAN)
    assert_shape(agreed.commit(), COMMIT)
    assert_shape(agreed.document("resume"), COMMIT)


def test_nothing_but_the_document_is_on_stdout_and_nothing_at_all_on_stderr(
    agreed: Concord,
) -> None:
    for words in (["refresh"], ["compare"], ["plan", "-o", str(agreed.plan_file)]):
        ran = agreed.work(*words)
        assert isinstance(json.loads(ran.out), dict)
        assert ran.err == ""


def test_a_refresh_reads_what_the_systems_hold(agreed: Concord, door: Door) -> None:
    read = agreed.document("refresh", "--full")["read"]
    for entity, sobject in SOBJECTS.items():
        assert read["salesforce"][entity] == len(door.state("salesforce", sobject))
    retired = sum(not plan["active_ind"] for plan in door.state("aria", "plan"))
    assert retired
    assert read["billing"]["plan"] == len(door.state("aria", "plan")) - retired
    assert read["billing"]["coupon"] == len(door.state("aria", "coupon"))


def test_the_calls_printed_are_the_calls_that_the_systems_counted(
    agreed: Concord, door: Door
) -> None:
    plan = str(agreed.plan_file)
    for words in (["refresh"], ["plan", "-o", plan], ["commit", plan, "--yes"]):
        door.forget_calls()
        printed = agreed.document(*words).get("calls", {"billing": 0, "salesforce": 0})
        assert printed["billing"] == door.calls("aria").total()
        assert printed["salesforce"] == door.calls("salesforce").total()


def test_the_numbers_of_a_commit_add_up(agreed: Concord) -> None:
    agreed.document("refresh")
    done = agreed.settle("--only", "insert,update,delete")
    assert done["selected"] == done["sent"] + done["stale"] + done["skipped"]
    assert done["sent"] == done["written"] + done["failed"]
    assert len(done["failures"]) == done["failed"] + done["stale"] + done["skipped"]
    assert done["written"] > 50


def test_after_the_commit_a_refresh_finds_nothing_of_what_was_written(reviewed: Concord) -> None:
    chosen = {(o["entity"], o["key"]) for o in reviewed.plan()["operations"]}
    failed = {(f["entity"], f["key"]) for f in reviewed.commit()["failures"]}
    assert failed < chosen
    reviewed.document("refresh")
    assert (chosen - failed).isdisjoint(reviewed.kinds())


def test_what_was_planned_stands_on_the_systems_afterwards(reviewed: Concord, door: Door) -> None:
    reviewed.plan()
    done = reviewed.commit()
    missing = {failure["key"] for failure in done["failures"]}
    plan = json.loads(reviewed.plan_file.read_bytes())
    for entity in SOBJECTS:
        held = {row["Aria_Key__c"] for row in door.state("salesforce", SOBJECTS[entity])}
        assert keys_of(plan, entity=entity, verb="insert") - missing <= held
        assert held.isdisjoint(missing & keys_of(plan, entity=entity, verb="insert"))
    renamed = keys_of(plan, entity="plan", side="billing", verb="update")
    for key in renamed:
        row = only(door.salesforce("plan", key))
        assert door.aria("plan", key)["plan_name"] == row["Name"]


def test_deletes_are_carried_out_only_where_asked_for(agreed: Concord, door: Door) -> None:
    agreed.document("refresh")
    agreed.settle()
    assert agreed.counts()["only_in_salesforce"] > 0
    before = len(door.state("salesforce", "Aria_Coupon__c"))
    agreed.settle("--only", "delete", "--entity", "coupon")
    assert len(door.state("salesforce", "Aria_Coupon__c")) == before - 3
    assert agreed.counts("coupon").get("only_in_salesforce", 0) == 0


def test_the_second_commit_of_a_plan_finds_everything_stale(reviewed: Concord, door: Door) -> None:
    reviewed.settle()
    first = door.catalog()
    again = reviewed.commit()
    assert again["written"] == 0
    assert again["selected"] == again["stale"] + again["skipped"] + again["failed"]
    assert door.catalog() == first


def test_a_plan_of_some_keys_writes_these_alone(
    reviewed: Concord, door: Door, tmp_path: Path
) -> None:
    keys = tmp_path / "keys.txt"
    keys.write_text("coupon\tWINTER20-1\nitem,5GBOX-01\n")
    reviewed.plan("--keys", str(keys))
    assert reviewed.commit()["written"] == 2
    assert door.salesforce("coupon", "WINTER20-1")
    assert not door.salesforce("coupon", "WINTER30-1")


def test_the_exit_status_tells_done_from_differences_left(agreed: Concord, door: Door) -> None:
    assert agreed.work("refresh").status == 0
    assert agreed.work("compare").status == 1
    assert agreed.work("plan", "-o", str(agreed.plan_file)).status == 0
    assert agreed.work("commit", str(agreed.plan_file), "--yes").status == 1
    door.reset(drift=False)
    agreed.document("refresh")
    assert agreed.work("compare").status == 0
    agreed.plan()
    assert agreed.work("commit", str(agreed.plan_file), "--yes").status == 0


def test_history_tells_what_became_of_each_operation(reviewed: Concord) -> None:
    done = reviewed.settle()
    (run,) = reviewed.document("history")["commits"]
    assert (run["commit"], run["state"]) == (done["commit"], "finished")
    assert run["outcomes"]["written"] == done["written"]
    rows = reviewed.document("history", "--commit", done["commit"])["operations"]
    assert len(rows) == done["selected"]
    (row,) = reviewed.document("history", "--record", "coupon", "WINTER20-1")["operations"]
    assert row["changes"]["description"] == {"before": None, "after": "Winter — 20 %"}


def test_a_commit_and_its_undo_take_the_calls_that_were_forecast(reviewed: Concord) -> None:
    """Supplemental plans and their services are among what is written to Aria."""
    forecast = reviewed.document("plan", "-o", str(reviewed.plan_file))["forecast"]
    done = reviewed.commit()
    assert done["calls"] == forecast["calls"]
    told = reviewed.document("undo", done["commit"], "-o", str(reviewed.plan_file))["forecast"]
    assert reviewed.commit()["calls"] == told["calls"]


def test_the_whole_way_works_in_processes_of_its_own(agreed: Concord, door: Door) -> None:
    refreshed = agreed.run_apart("refresh", "-w", "w", "--json")
    assert refreshed.status == 0
    assert_shape(refreshed.json, REFRESH)
    agreed.plan("--entity", "coupon")
    done = agreed.run_apart("commit", "-w", "w", str(agreed.plan_file), "--yes", "--json")
    assert (done.status, done.json["failed"]) == (0, 0)
    assert only(door.salesforce("coupon", "WINTER20-1"))["Description__c"] == "Winter — 20 %"


def test_a_report_goes_to_its_file_and_the_counts_to_stdout(reviewed: Concord) -> None:
    file = reviewed.base / "report.csv"
    counts = reviewed.document("compare", "--format", "csv", "-o", str(file))
    assert_shape(counts, COMPARE)
    assert file.read_text().startswith("entity,key,kind,field,base,billing,salesforce,verdict")
