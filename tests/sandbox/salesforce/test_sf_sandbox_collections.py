"""sObject collections: a result for every row, in the order sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.sandbox.faults import rules_from

if TYPE_CHECKING:
    from tests.sandbox.salesforce.conftest import SandboxClient


def _plan(**fields: Any) -> dict[str, Any]:
    return {"attributes": {"type": "Client_Plan__c"}, **fields}


def test_a_bad_row_stops_no_other_and_its_error_has_a_status_code(org: SandboxClient) -> None:
    records = [_plan(Name="a"), _plan(Name="x" * 81), _plan(Name="b")]
    results = org.post("composite/sobjects", {"records": records}).json()
    assert [result["success"] for result in results] == [True, False, True]
    assert "id" not in results[1]
    error = results[1]["errors"][0]
    assert (error["statusCode"], error["fields"]) == ("STRING_TOO_LONG", ["Name"])


def test_all_or_none_rolls_back_and_says_why(org: SandboxClient) -> None:
    body = {"allOrNone": True, "records": [_plan(Name="a"), _plan()]}
    good, bad = org.post("composite/sobjects", body).json()
    assert good["errors"][0]["statusCode"] == "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    assert bad["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    assert org.names("Name = 'a'") == []


def test_an_upsert_says_what_it_created(org: SandboxClient) -> None:
    records = [_plan(Aria_Key__c="PRO", Name="p"), _plan(Aria_Key__c="NEW", Name="n")]
    path = "composite/sobjects/Client_Plan__c/Aria_Key__c"
    results = org.patch(path, {"records": records}).json()
    assert [result["created"] for result in results] == [False, True]
    assert results[0]["id"] == org.plan_id("PRO")


def test_an_upsert_refuses_keys_that_are_doubled_missing_or_ambiguous(org: SandboxClient) -> None:
    kind = {"attributes": {"type": "Aria_Coupon__c"}, "Name": "x"}
    keys = ("A", "a", None, "TWICE")
    body = {"records": [{**kind, "Aria_Key__c": key} for key in keys]}
    results = org.patch("composite/sobjects/Aria_Coupon__c/Aria_Key__c", body).json()
    codes = [result["errors"][0]["statusCode"] for result in results[1:]]
    assert results[0]["success"]
    assert codes == ["DUPLICATE_VALUE", "MISSING_ARGUMENT", "DUPLICATE_EXTERNAL_ID"]
    assert all("id" not in result for result in results[1:])


def test_an_update_changes_rows_by_id_once(org: SandboxClient) -> None:
    pro = org.plan_id()
    records = [_plan(id=pro, Name="one"), _plan(Id=pro, Name="two"), _plan(Name="three")]
    results = org.patch("composite/sobjects", {"records": records}).json()
    assert [result["success"] for result in results] == [True, False, False]
    assert org.names(f"Id = '{pro}'") == ["one"]


def test_a_row_that_is_gone_is_an_error_of_its_own(org: SandboxClient) -> None:
    pro = org.plan_id()
    deleted = org.send("DELETE", "composite/sobjects", params={"ids": f"{pro},{pro[:15]},bad"})
    codes = [result["errors"][0]["statusCode"] for result in deleted.json()[1:]]
    assert (deleted.json()[0], codes) == (
        {"id": pro, "success": True, "errors": []},
        ["DUPLICATE_VALUE", "MALFORMED_ID"],
    )
    again = org.patch("composite/sobjects", {"records": [_plan(id=pro, Name="x")]}).json()
    assert again[0]["errors"][0]["statusCode"] == "ENTITY_IS_DELETED"


def test_rows_are_read_by_ids_in_their_order_with_null_for_missing_ones(org: SandboxClient) -> None:
    ids = [org.plan_id("OLD"), "a02Hs00000zzzzzIAA", org.plan_id("PRO")]
    query = {"ids": ",".join(ids), "fields": "Name"}
    got = org.get("composite/sobjects/Client_Plan__c", params=query).json()
    body = {"ids": ids, "fields": ["Name"]}
    assert org.post("composite/sobjects/Client_Plan__c", body).json() == got
    assert [row and row["Name"] for row in got] == ["Old 100% plan", None, "Fibre Pro"]


def test_a_malformed_request_is_refused_whole(org: SandboxClient) -> None:
    for body in (
        {"records": [_plan(Name="x")] * 201},
        {"records": "x"},
        {"records": [{"Name": "x"}]},
        {"records": [_plan(Name="x"), _plan(Name="y", Nope__c=1)]},
        {"records": [_plan(Name="x", Aria_Number__c="ten")]},
        {"records": [{"attributes": {"type": "Nope__c"}}]},
    ):
        assert org.post("composite/sobjects", body).status_code == 400
    assert org.names("Name = 'x'") == []


def test_ten_runs_of_one_type_are_the_most(org: SandboxClient) -> None:
    pair = [_plan(Name="x"), {"attributes": {"type": "Account"}, "Name": "x"}]
    assert org.post("composite/sobjects", {"records": pair * 5}).status_code == 200
    assert org.post("composite/sobjects", {"records": pair * 6}).status_code == 400


def test_two_hundred_rows_are_one_api_call(org: SandboxClient) -> None:
    before = org.get("limits").json()["DailyApiRequests"]["Remaining"]
    org.post("composite/sobjects", {"records": [_plan(Name="x")] * 200})
    assert org.get("limits").json()["DailyApiRequests"]["Remaining"] == before - 2


def test_a_fault_can_fail_every_third_row(org: SandboxClient) -> None:
    row = {"statusCode": "UNABLE_TO_LOCK_ROW", "message": "locked"}
    rule = {"endpoint": "composite/sobjects", "kind": "row_error", "row": row, "rows_every": 3}
    org.sandbox.faults.replace(rules_from([rule]))
    body = {"records": [_plan(Name=f"n{n}") for n in range(6)]}
    results = org.post("composite/sobjects", body).json()
    assert [result["success"] for result in results] == [True, True, False] * 2
    assert results[2]["errors"][0] == {**row, "fields": []}
    assert org.names("Name LIKE 'n_'") == ["n0", "n1", "n3", "n4"]


def test_a_full_org_refuses_new_rows(org: SandboxClient) -> None:
    system = org.sandbox.systems["salesforce"]
    system.edit("Limits", "DataStorageMB", {"Max": 0})
    try:
        answer = org.post("composite/sobjects", {"records": [_plan(Name="x")]})
        assert "STORAGE_LIMIT_EXCEEDED" in answer.text
    finally:
        system.edit("Limits", "DataStorageMB", {"Max": 10_240})
