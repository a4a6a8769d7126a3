"""Pages of a query, queryAll and column metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.sandbox.salesforce.conftest import SandboxClient


_SEQUENCES = "SELECT Id, Sequence__c FROM Rate_Tier__c ORDER BY Sequence__c"


def _first(org: SandboxClient) -> dict[str, Any]:
    headers = {"Sforce-Query-Options": "batchSize=200"}
    page: dict[str, Any] = org.get("query", params={"q": _SEQUENCES}, headers=headers).json()
    return page


def test_pages_follow_each_other_to_the_end(org: SandboxClient) -> None:
    page = _first(org)
    assert (page["totalSize"], page["done"], len(page["records"])) == (450, False, 200)
    assert page["nextRecordsUrl"].endswith("-200")
    sequences = [record["Sequence__c"] for record in page["records"]]
    while not page["done"]:
        page = org.get(page["nextRecordsUrl"]).json()
        sequences += [record["Sequence__c"] for record in page["records"]]
    assert sequences == list(range(450))
    assert "nextRecordsUrl" not in page


def test_a_later_page_leaves_out_what_was_deleted_meanwhile(org: SandboxClient) -> None:
    page = _first(org)
    last = org.query("SELECT Id FROM Rate_Tier__c WHERE Sequence__c = 300")[0]["Id"]
    org.send("DELETE", f"sobjects/Rate_Tier__c/{last}")
    later = org.get(page["nextRecordsUrl"]).json()
    assert 300.0 in [record["Sequence__c"] for record in later["records"]]
    assert later["totalSize"] == 450


def test_a_locator_that_is_none_is_refused(org: SandboxClient) -> None:
    answer = org.get("query/01gHs0000000zzzIAA-200")
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")


def test_a_locator_dies_after_two_days(org: SandboxClient) -> None:
    page = _first(org)
    org.sandbox.clock.advance(50 * 3600)
    org.http.headers["Authorization"] = f"Bearer {org.sign_in()}"
    answer = org.get(page["nextRecordsUrl"])
    assert answer.json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_batch_sizes_stay_between_200_and_2000(org: SandboxClient) -> None:
    for wish, size in (("50", 200), ("9000", 450)):
        options = {"headers": {"Sforce-Query-Options": f"batchSize={wish}"}}
        soql = {"q": "SELECT Id FROM Rate_Tier__c"}
        assert len(org.get("query", params=soql, **options).json()["records"]) == size


def test_query_all_sees_the_recycle_bin(org: SandboxClient) -> None:
    org.send("DELETE", f"sobjects/Client_Plan__c/{org.plan_id('OLD')}")
    soql = "SELECT Name, IsDeleted FROM Client_Plan__c WHERE IsDeleted = true"
    assert org.query(soql) == []
    found = org.get("queryAll", params={"q": soql}).json()["records"]
    assert [record["Name"] for record in found] == ["Old 100% plan"]


def test_columns_true_describes_the_columns_instead(org: SandboxClient) -> None:
    soql = "SELECT Name, Plan_Set__r.Name, Aria_Number__c FROM Client_Plan__c"
    found = org.get("query", params={"q": soql, "columns": "true"}).json()
    names = [column["columnName"] for column in found["columnMetadata"]]
    assert (found["entityName"], names) == (
        "Client_Plan__c",
        ["Name", "Plan_Set__r", "Aria_Number__c"],
    )
    parent = found["columnMetadata"][1]
    assert parent["foreignKeyName"] == "Plan_Set__c"
    assert [column["columnName"] for column in parent["joinColumns"]] == ["Name"]
    assert found["columnMetadata"][2]["numberType"] is True


def test_two_long_texts_make_pages_small(org: SandboxClient) -> None:
    record = {"attributes": {"type": "Client_Plan_Relationship__c"}}
    for count in (200, 5):
        org.post("composite/sobjects", {"records": [record] * count})
    soql = "SELECT Id, {}__r.Description__c{} FROM Client_Plan_Relationship__c"
    assert len(org.query(soql.format("Child_Plan", ""))) == 205
    assert len(org.query(soql.format("Child_Plan", ", Parent_Plan__r.Description__c"))) == 200
