"""Bulk API 2.0 query over real HTTP (salesforce.md §10)."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from requests import Response

    from tests.sandbox.salesforce.conftest import SandboxClient

_TIERS = "SELECT Aria_Key__c FROM Rate_Tier__c ORDER BY Sequence__c"


def _run(org: SandboxClient, soql: str, operation: str = "query", **more: str) -> str:
    made = org.post("jobs/query", {"operation": operation, "query": soql, **more})
    assert (made.status_code, made.json()["state"]) == (200, "UploadComplete"), made.text
    path = f"jobs/query/{made.json()['id']}"
    until = time.monotonic() + 20
    while org.get(path).json()["state"] != "JobComplete" and time.monotonic() < until:
        threading.Event().wait(0.005)
    return path


def _page(org: SandboxClient, path: str, query: str = "") -> Response:
    answer = org.get(f"{path}/results{query}")
    assert answer.status_code == 200, answer.text
    return answer


def test_cells_are_quoted_and_times_end_in_z(org: SandboxClient) -> None:
    fields = "Id, Name, Aria_Number__c, Plan_Set__r.Name, IsDeleted, CreatedDate"
    path = _run(org, f"SELECT {fields} FROM Client_Plan__c WHERE Aria_Key__c IN ('PRO', 'lite')")
    head, pro, lite = _page(org, path).content.decode().splitlines()
    assert head == '"Id","Name","Aria_Number__c","Plan_Set__r.Name","IsDeleted","CreatedDate"'
    assert pro.startswith(f'"{org.plan_id("PRO")}","Fibre Pro","7.0","Fibre","false","')
    assert pro.endswith('.000Z"')
    assert '"Übersee Lite","","","false"' in lite


def test_pages_have_a_header_and_a_locator_until_the_end(org: SandboxClient) -> None:
    path = _run(org, _TIERS)
    keys: list[str] = []
    locator, counts = "", []
    while locator != "null":
        query = f"?maxRecords=200&locator={locator}" if locator else "?maxRecords=200"
        page = _page(org, path, query)
        head, *rows = page.text.splitlines()
        assert head == '"Aria_Key__c"'
        keys += rows
        counts.append(page.headers["Sforce-NumberOfRecords"])
        locator = page.headers["Sforce-Locator"]
    assert keys == [f'"T{n}"' for n in range(450)]
    assert counts == ["200", "200", "50"]


def test_result_pages_can_be_loaded_side_by_side(org: SandboxClient) -> None:
    org.sandbox.systems["salesforce"].edit("Bulk", "", {"page_rows": 80})
    path = _run(org, _TIERS)
    first = org.get(f"{path}/resultPages").json()
    assert (len(first["resultPages"]), first["done"]) == (5, False)
    rest = org.get(first["nextRecordsUrl"]).json()
    assert (len(rest["resultPages"]), rest["done"], rest["nextRecordsUrl"]) == (1, True, None)
    pages = [org.get(p["resultUrl"]).text for p in first["resultPages"] + rest["resultPages"]]
    assert [len(page.splitlines()) for page in pages] == [81] * 5 + [51]


def test_results_stay_as_they_were_found(org: SandboxClient) -> None:
    path = _run(org, "SELECT Name FROM Client_Plan__c WHERE Aria_Key__c = 'PRO'")
    org.patch(f"sobjects/Client_Plan__c/{org.plan_id()}", {"Name": "Later"})
    assert _page(org, path).text == '"Name"\n"Fibre Pro"\n'


def test_query_all_finds_deleted_rows_and_nothing_is_a_header(org: SandboxClient) -> None:
    org.send("DELETE", f"sobjects/Client_Plan__c/{org.plan_id('OLD')}")
    soql = "SELECT Aria_Key__c FROM Client_Plan__c WHERE Aria_Key__c = 'OLD'"
    shape = {"columnDelimiter": "PIPE", "lineEnding": "CRLF"}
    assert _page(org, _run(org, soql, "queryAll", **shape)).text == '"Aria_Key__c"\r\n"OLD"\r\n'
    nothing = _page(org, _run(org, soql))
    assert (nothing.text, nothing.headers["Sforce-Locator"]) == ('"Aria_Key__c"\n', "null")


@pytest.mark.parametrize(
    "soql",
    [
        "SELECT COUNT() FROM Account",
        "SELECT COUNT(Id) FROM Account",
        "SELECT Name FROM Client_Plan__c GROUP BY Name",
        "SELECT Id, (SELECT Id FROM Services__r) FROM Client_Plan__c",
        "SELECT Id FROM Account LIMIT 1 OFFSET 1",
        "SELECT Nope__c FROM Account",
    ],
)
def test_what_bulk_queries_may_not_have_is_refused(org: SandboxClient, soql: str) -> None:
    assert org.post("jobs/query", {"operation": "query", "query": soql}).status_code == 400


def test_another_version_or_locator_is_refused(org: SandboxClient) -> None:
    path = _run(org, _TIERS)
    assert org.get(f"/services/data/v65.0/{path}/results").status_code == 409
    assert org.get(f"{path}/results?locator=%21").status_code == 400
    assert org.get(f"{path}/results?maxRecords=0").status_code == 400
    assert org.get(f"jobs/ingest/{path.rpartition('/')[2]}").status_code == 404


def test_jobs_are_counted_listed_and_deleted(org: SandboxClient) -> None:
    left = org.get("limits").json()["DailyBulkV2QueryJobs"]["Remaining"]
    path = _run(org, _TIERS)
    assert org.get("limits").json()["DailyBulkV2QueryJobs"]["Remaining"] == left - 1
    assert [j["jobType"] for j in org.get("jobs/query").json()["records"]] == ["V2Query"]
    assert org.patch(path, {"state": "Aborted"}).status_code == 400
    assert org.send("DELETE", path).status_code == 204
    assert org.get(f"{path}/results").status_code == 404
