"""Answers that are late, cut, wrong or lost: repeated where that helps, nothing written twice."""

from typing import Any

import pytest

from tests.end_to_end.front_door import Concord, Door, only

pytestmark = pytest.mark.usefixtures("quick_retries")
AT_ONCE = {"retry_after": 0}
PLANS = {"system": "aria", "endpoint": "get_client_plans_all_m"}
QUERIES = {"system": "salesforce", "endpoint": "query"}
SAVES = {"system": "salesforce", "endpoint": "composite/sobjects"}
EDITS = {"system": "aria", "endpoint": "edit_plan_m"}
FEW = ("--entity", "coupon", "--entity", "item_price", "--entity", "item")
READS = pytest.mark.parametrize("at", [PLANS, QUERIES], ids=["aria", "salesforce"])


def rule(at: dict[str, str], kind: str, **more: Any) -> dict[str, Any]:
    return {**at, "kind": kind, **more}


@READS
@pytest.mark.parametrize("kind", ["unavailable", "too_many", "server_error", "drop_before"])
def test_a_read_that_fails_twice_is_repeated(
    concord: Concord, door: Door, at: dict[str, str], kind: str
) -> None:
    entity = "plan" if at is PLANS else "coupon"
    side = "billing" if at is PLANS else "salesforce"
    door.fault(rule(at, kind, times=2, **AT_ONCE))
    ran = concord.document("refresh", "--side", side, "--entity", entity)
    assert door.calls(at["system"])[at["endpoint"]] == 3
    assert ran["calls"][side] == door.calls(at["system"]).total()
    assert ran["read"][side][entity] > 0


@READS
@pytest.mark.parametrize("kind", ["truncate", "not_json", "unavailable", "drop_after"])
def test_a_read_that_always_fails_ends_and_keeps_the_mirror(
    reviewed: Concord, door: Door, at: dict[str, str], kind: str
) -> None:
    before = reviewed.document("compare")
    door.fault(rule(at, kind, times=None, **AT_ONCE))
    ran = reviewed.work("refresh")
    error = ran.json["error"]
    assert ran.status == 3
    assert ("aria-demo" if at is PLANS else "salesforce-demo") in error["summary"]
    assert error["hint"]
    door.fault()
    assert reviewed.document("compare") == before


def test_aria_says_an_error_with_http_200_and_it_is_not_taken_for_data(
    reviewed: Concord, door: Door
) -> None:
    before = reviewed.document("compare")
    door.fault(rule(PLANS, "server_error", times=None))
    ran = reviewed.work("refresh")
    assert ran.status == 1
    assert "get_client_plans_all_m" in ran.json["error"]["summary"]
    assert "1001: unexpected error" in ran.json["error"]["summary"]
    assert reviewed.document("compare") == before


def test_a_truncated_answer_that_comes_whole_the_second_time_is_no_error(
    concord: Concord, door: Door
) -> None:
    door.fault(rule(PLANS, "truncate"), rule(QUERIES, "truncate"))
    assert concord.work("refresh").status == 0


def test_an_expired_session_is_renewed_once_for_all_threads(
    concord: Concord, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONCORD_SALESFORCE_DEMO_ACCESS_TOKEN", "00D000000000001!dead")
    printed = concord.document("refresh", "--side", "salesforce")
    assert door.calls("salesforce")["oauth2/token"] == 1
    assert printed["calls"]["salesforce"] == door.calls("salesforce").total()


@pytest.mark.parametrize("at", [QUERIES, SAVES], ids=["preflight", "save"])
def test_a_session_that_ends_in_the_middle_of_a_commit_is_renewed_once(
    reviewed: Concord, door: Door, at: dict[str, str]
) -> None:
    reviewed.plan(*FEW)
    door.fault(rule(at, "session_expired", after=1))
    done = reviewed.commit()
    assert done["written"] == done["selected"] > 0
    assert door.calls("salesforce")["oauth2/token"] == 1
    assert done["calls"]["salesforce"] == door.calls("salesforce").total()


LOST = [
    "drop_before",
    "drop_after",
    "truncate",
    "not_json",
    "unavailable",
    "server_error",
    "too_many",
]


@pytest.mark.parametrize("kind", LOST)
def test_a_save_that_goes_wrong_once_ends_as_if_it_had_not(
    reviewed: Concord, door: Door, kind: str
) -> None:
    planned = len(reviewed.plan(*FEW)["operations"])
    door.fault(rule(SAVES, kind, **AT_ONCE))
    done = reviewed.commit()
    assert (done["written"], done["failed"], done["stale"]) == (planned, 0, 0)
    assert len(door.salesforce("coupon", "WINTER20-1")) == 1
    reviewed.document("refresh", *FEW)
    assert reviewed.plan(*FEW)["operations"] == []
    assert reviewed.document("resume")["selected"] == 0


@pytest.mark.parametrize("kind", LOST)
def test_an_edit_in_aria_that_goes_wrong_once_is_made_once(
    reviewed: Concord, door: Door, kind: str
) -> None:
    plan = reviewed.plan("--entity", "plan", "--only", "update")
    operations = [o for o in plan["operations"] if o["side"] == "billing"]
    door.fault(rule(EDITS, kind, **AT_ONCE))
    done = reviewed.commit()
    assert (done["written"], done["failed"]) == (len(plan["operations"]), 0)
    carried_out = len(operations) if kind in {"drop_after", "truncate"} else len(operations) + 1
    assert door.calls("aria")["edit_plan_m"] == carried_out
    for operation in operations:
        if "family" in operation["changes"]:
            after = operation["changes"]["family"][1]
            assert door.aria("plan", operation["key"])["sf_family"] == after


@pytest.mark.parametrize("kind", ["drop_after", "unavailable"])
def test_saves_that_always_fail_stay_open_until_resume(
    reviewed: Concord, door: Door, kind: str
) -> None:
    planned = len(reviewed.plan(*FEW)["operations"])
    door.fault(rule(SAVES, kind, times=None, **AT_ONCE))
    ran = reviewed.work("commit", str(reviewed.plan_file), "--yes")
    assert ran.status == 1
    assert ran.json["selected"] == planned == ran.json["sent"] + ran.json["skipped"]
    door.fault()
    resumed = reviewed.document("resume")
    assert (resumed["selected"], resumed["written"]) == (planned, planned)
    assert only(reviewed.document("history")["commits"])["state"] == "finished"
    reviewed.document("refresh", *FEW)
    assert reviewed.plan(*FEW)["operations"] == []


def test_rows_that_fail_are_named_and_the_others_are_written(reviewed: Concord, door: Door) -> None:
    planned = len(reviewed.plan("--entity", "rate", "--only", "update")["operations"])
    row = {"statusCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "not on a Sunday"}
    door.fault(rule(SAVES, "row_error", times=None, rows_every=3, row=row))
    done = reviewed.commit()
    assert done["failed"] == planned // 3
    assert done["written"] == planned - planned // 3
    messages = {failure["message"] for failure in done["failures"]}
    assert messages == {"FIELD_CUSTOM_VALIDATION_EXCEPTION: not on a Sunday"}


def test_a_locked_row_is_tried_again(reviewed: Concord, door: Door) -> None:
    reviewed.plan("--entity", "rate", "--only", "update")
    door.fault(rule(SAVES, "row_error", times=1, rows_every=3))
    done = reviewed.commit()
    assert done["written"] == done["selected"] > 3
