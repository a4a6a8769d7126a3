"""Bulk API 2.0 ingest over real HTTP (salesforce.md §9)."""

from __future__ import annotations

import csv
import io
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from app.sandbox.faults import rules_from
from app.sandbox.salesforce import bulk_ingest_api

if TYPE_CHECKING:
    from tests.sandbox.salesforce.conftest import SandboxClient

_END = {"JobComplete", "Failed", "Aborted"}
_TICK = threading.Event()


def _create(org: SandboxClient, operation: str = "insert", **changes: Any) -> dict[str, Any]:
    body = {"object": "Client_Plan__c", "operation": operation, "contentType": "CSV", **changes}
    answer = org.post("jobs/ingest", body)
    assert answer.status_code == 200, answer.text
    info: dict[str, Any] = answer.json()
    return info


def _put(org: SandboxClient, job_id: str, data: bytes | Iterator[bytes]) -> int:
    head = {"Content-Type": "text/csv"}
    return org.send("PUT", f"jobs/ingest/{job_id}/batches", data=data, headers=head).status_code


def _close(org: SandboxClient, job_id: str) -> dict[str, Any]:
    answer = org.patch(f"jobs/ingest/{job_id}", {"state": "UploadComplete"})
    assert answer.status_code == 200, answer.text
    return _wait(org, job_id)


def _wait(org: SandboxClient, job_id: str) -> dict[str, Any]:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        info: dict[str, Any] = org.get(f"jobs/ingest/{job_id}").json()
        if info["state"] in _END:
            return info
        _TICK.wait(0.005)
    raise TimeoutError


def _run(org: SandboxClient, data: str, operation: str = "insert", **more: Any) -> dict[str, Any]:
    job = _create(org, operation, **more)
    assert _put(org, job["id"], data.encode()) == 201
    return _close(org, job["id"])


def _rows(org: SandboxClient, job: dict[str, Any], kind: str) -> list[dict[str, str]]:
    answer = org.get(f"jobs/ingest/{job['id']}/{kind}/")
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))


def _table(count: int) -> str:
    return "Name,Aria_Key__c\n" + "".join(f"n{n},k{n}\n" for n in range(count))


def test_a_job_tells_all_documented_keys(org: SandboxClient) -> None:
    info = _create(org, "upsert", externalIdFieldName="aria_key__C")
    assert info["id"].startswith("750")
    assert (info["state"], info["apiVersion"], info["jobType"]) == ("Open", 66.0, "V2Ingest")
    assert info["contentUrl"] == f"services/data/v66.0/jobs/ingest/{info['id']}/batches"
    assert info["externalIdFieldName"] == "Aria_Key__c"
    assert set(info) == {
        "id", "operation", "object", "createdById", "createdDate", "systemModstamp", "state",
        "externalIdFieldName", "concurrencyMode", "contentType", "apiVersion", "jobType",
        "contentUrl", "lineEnding", "columnDelimiter", "retries", "totalProcessingTime",
        "apiActiveProcessingTime", "apexProcessingTime", "numberRecordsProcessed",
        "numberRecordsFailed", "errorMessage", "assignmentRuleId",
    }  # fmt: skip


def test_rows_are_inserted_and_told_in_another_order(org: SandboxClient) -> None:
    info = _run(org, _table(450))
    assert (info["state"], info["numberRecordsProcessed"]) == ("JobComplete", 450)
    rows = _rows(org, info, "successfulResults")
    names = [row["Name"] for row in rows]
    assert sorted(names) == sorted(f"n{n}" for n in range(450))
    assert names != [f"n{n}" for n in range(450)]
    assert {row["sf__Created"] for row in rows} == {"true"}
    assert org.plan_id("k449") in {row["sf__Id"] for row in rows}


def test_an_upsert_inserts_updates_and_finds_parents(org: SandboxClient) -> None:
    data = "Aria_Key__c,Name,Plan_Set__r.Aria_Key__c\nPRO,Renamed,\nNEW,New,FIBRE\nBAD,Bad,None\n"
    info = _run(org, data, "upsert", externalIdFieldName="Aria_Key__c")
    created = {r["Aria_Key__c"]: r["sf__Created"] for r in _rows(org, info, "successfulResults")}
    assert created == {"PRO": "false", "NEW": "true"}
    assert org.names("Plan_Set__r.Aria_Key__c = 'FIBRE'") == ["New", "Renamed"]
    (bad,) = _rows(org, info, "failedResults")
    assert bad["sf__Error"].startswith("INVALID_FIELD:Foreign key external ID: None not found")
    assert (info["numberRecordsProcessed"], info["numberRecordsFailed"]) == (3, 1)


def test_an_empty_cell_leaves_and_na_clears(org: SandboxClient) -> None:
    plan = org.plan_id("PRO")
    info = _run(org, f"Id,Name,Aria_Number__c,Plan_Set__c\n{plan},,#N/A,\n", "update")
    assert info["numberRecordsFailed"] == 0
    soql = "SELECT Name, Aria_Number__c, Plan_Set__r.Name FROM Client_Plan__c WHERE Id = "
    (row,) = org.query(f"{soql}'{plan}'")
    assert (row["Name"], row["Aria_Number__c"]) == ("Fibre Pro", None)
    assert row["Plan_Set__r"]["Name"] == "Fibre"


@pytest.mark.parametrize(("operation", "left"), [("delete", 1), ("hardDelete", 0)])
def test_rows_are_deleted_by_id(org: SandboxClient, operation: str, left: int) -> None:
    plan = org.plan_id("OLD")
    info = _run(org, f"Id\n{plan}\n{plan}\nx\n", operation)
    assert org.names("Name = 'Old 100% plan'") == []
    errors = sorted(row["sf__Error"] for row in _rows(org, info, "failedResults"))
    assert [error.partition(":")[0] for error in errors] == ["DUPLICATE_VALUE", "MALFORMED_ID"]
    soql = f"SELECT Id FROM Client_Plan__c WHERE Id = '{plan}'"
    assert len(org.get("queryAll", params={"q": soql}).json()["records"]) == left


def test_errors_of_rows_name_code_message_and_fields(org: SandboxClient) -> None:
    data = f"Name,Aria_Number__c\n{'x' * 81},\nok,ten\n,1\n"
    info = _run(org, data)
    errors = {row["Aria_Number__c"]: row["sf__Error"] for row in _rows(org, info, "failedResults")}
    assert errors[""].startswith("STRING_TOO_LONG:")
    assert errors[""].endswith(":Name --")
    assert "value not of required type: ten:Aria_Number__c --" in errors["ten"]
    assert info["state"] == "JobComplete"


def test_a_row_that_is_no_csv_fails_alone(org: SandboxClient) -> None:
    info = _run(org, 'Name,Aria_Key__c\n"a" ,k1\nb\n"c ""d"", e",k3\n')
    assert [r["Name"] for r in _rows(org, info, "successfulResults")] == ['c "d", e']
    assert len(_rows(org, info, "failedResults")) == 2


def test_booleans_come_in_many_words(org: SandboxClient) -> None:
    data = "Name,Aria_Key__c,Plan__r.Aria_Key__c,Recurring__c\n"
    data += "".join(f"s{w},s{w},PRO,{w}\n" for w in ("Yes", "1", "ON", "f", "no"))
    info = _run(org, data, object="Aria_Service__c")
    assert info["numberRecordsFailed"] == 0
    soql = "SELECT Name FROM Aria_Service__c WHERE Recurring__c = true AND Name LIKE 's%'"
    assert {row["Name"] for row in org.query(soql)} == {"sYes", "s1", "sON"}


@pytest.mark.parametrize(
    ("data", "operation", "message"),
    [
        ("Name,Nope__c\nx,y\n", "insert", "InvalidBatch : Field name not found : Nope__c"),
        ("Name\r\nx\r\n", "insert", "Current LineEnding setting is LF"),
        ("Id,Name\n1,2\n", "delete", "InvalidBatch : The 'delete' batch must contain only ids"),
        ("Name\nx\n", "update", "InvalidBatch : Field name not found : Id"),
        ("", "insert", "InvalidBatch : No header row found"),
        ("Name\n\udcff\n", "insert", "not valid UTF-8"),
    ],
)
def test_a_bad_upload_fails_the_job_and_leaves_all(
    org: SandboxClient, data: str, operation: str, message: str
) -> None:
    job = _create(org, operation)
    _put(org, job["id"], raw := data.encode(errors="surrogateescape"))
    info = _close(org, job["id"])
    assert info["state"] == "Failed"
    assert message in info["errorMessage"]
    assert org.get(f"jobs/ingest/{job['id']}/unprocessedrecords").content == raw


def test_delimiters_and_line_endings_are_those_declared(org: SandboxClient) -> None:
    data = 'Name;Aria_Key__c\r\n"a\nb;c";k1\r\n'
    info = _run(org, data, columnDelimiter="SEMICOLON", lineEnding="CRLF")
    answer = org.get(f"jobs/ingest/{info['id']}/successfulResults")
    assert answer.content.startswith(b'"sf__Id";"sf__Created";"Name";"Aria_Key__c"\r\n')
    assert b'"a\nb;c";"k1"\r\n' in answer.content
    wrong = _run(org, "Name\nx\n", lineEnding="CRLF")
    assert "Current LineEnding setting is CRLF" in wrong["errorMessage"]


def test_job_and_data_may_come_in_one_form(org: SandboxClient) -> None:
    job = b'{"object": "Client_Plan__c", "operation": "insert", "contentType": "CSV"}'
    files = {
        "job": (None, job, "application/json"),
        "content": ("content", b"Name\nForm\n", "text/csv"),
    }
    answer = org.send("POST", "jobs/ingest", files=files)
    assert (answer.status_code, answer.json()["object"]) == (200, "Client_Plan__c")
    assert _wait(org, answer.json()["id"])["numberRecordsProcessed"] == 1
    assert org.names("Name = 'Form'") == ["Form"]


def test_a_job_takes_one_upload_and_its_states_in_order(org: SandboxClient) -> None:
    job = _create(org)["id"]
    assert org.send("DELETE", f"jobs/ingest/{job}").status_code == 400
    assert org.get(f"jobs/ingest/{job}/successfulResults").status_code == 400
    assert [_put(org, job, b"Name\nx\n") for _ in range(2)] == [201, 400]
    _close(org, job)
    for state in ("UploadComplete", "Aborted", "Open"):
        assert org.patch(f"jobs/ingest/{job}", {"state": state}).status_code == 400
    assert _put(org, job, b"Name\nx\n") == 400
    assert org.send("DELETE", f"jobs/ingest/{job}/").status_code == 204
    assert org.get(f"jobs/ingest/{job}").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"operation": "merge"},
        {"object": "Nope__c"},
        {"contentType": "XML"},
        {"lineEnding": "CR"},
        {"columnDelimiter": "DOT"},
        {"operation": "upsert"},
        {"operation": "upsert", "externalIdFieldName": "Family__c"},
    ],
)
def test_a_job_that_cannot_be_is_refused(org: SandboxClient, body: dict[str, str]) -> None:
    whole = {"object": "Client_Plan__c", "operation": "insert", **body}
    assert org.post("jobs/ingest", whole).status_code == 400


def test_too_large_an_upload_is_refused(
    org: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bulk_ingest_api.MOST_BYTES == 104_857_600
    monkeypatch.setattr(bulk_ingest_api, "MOST_BYTES", 10)
    assert _put(org, _create(org)["id"], b"Name\n123456\n") == 413


def test_an_aborted_job_keeps_what_it_did(org: SandboxClient) -> None:
    org.sandbox.systems["salesforce"].edit("Bulk", "", {"chunk_seconds": 30})
    job = _create(org)["id"]
    _put(org, job, _table(300).encode())
    assert org.patch(f"jobs/ingest/{job}", {"state": "UploadComplete"}).status_code == 200
    info = org.patch(f"jobs/ingest/{job}", {"state": "Aborted"}).json()
    assert (info["state"], info["numberRecordsProcessed"]) == ("Aborted", 0)
    assert len(_rows(org, info, "unprocessedRecords")) == 300
    assert org.names("Name LIKE 'n%'") == []


def test_a_job_can_fail_half_way(org: SandboxClient) -> None:
    org.sandbox.systems["salesforce"].edit("Bulk", "", {"fail_after_rows": 200})
    info = _run(org, _table(500))
    assert (info["state"], info["numberRecordsProcessed"]) == ("Failed", 200)
    assert info["errorMessage"].startswith("InternalServerError")
    kinds = ("successfulResults", "failedResults", "unprocessedrecords")
    assert [len(_rows(org, info, kind)) for kind in kinds] == [200, 0, 300]
    assert _run(org, "Name\nx\n")["state"] == "JobComplete"


def test_rows_fail_by_fault_rules(org: SandboxClient) -> None:
    rule = {"endpoint": "jobs/ingest/batches", "kind": "row_error", "rows_every": 3}
    org.sandbox.faults.replace(rules_from([rule]))
    info = _run(org, _table(9))
    assert info["numberRecordsFailed"] == 3
    errors = {row["sf__Error"] for row in _rows(org, info, "failedResults")}
    assert {error.partition(":")[0] for error in errors} == {"UNABLE_TO_LOCK_ROW"}


def test_batches_are_counted_and_run_out(org: SandboxClient) -> None:
    left = org.get("limits").json()["DailyBulkApiBatches"]["Remaining"]
    _run(org, _table(10_001))
    assert org.get("limits").json()["DailyBulkApiBatches"]["Remaining"] == left - 2
    system = org.sandbox.systems["salesforce"]
    system.edit("Limits", "DailyBulkApiBatches", {"Max": 0})
    try:
        assert _run(org, _table(1))["errorMessage"].startswith("ExceededQuota")
    finally:
        system.edit("Limits", "DailyBulkApiBatches", {"Max": 15_000})


def test_jobs_are_listed_and_calls_counted(org: SandboxClient) -> None:
    org.sandbox.calls.clear()
    ids = [_create(org)["id"] for _ in range(2)]
    listed = org.get("jobs/ingest", params={"jobType": "V2Ingest"}).json()
    assert [job["id"] for job in listed["records"]] == ids
    assert (listed["done"], listed["nextRecordsUrl"]) == (True, None)
    assert org.get("jobs/ingest?queryLocator=1").json()["records"][0]["id"] == ids[1]
    assert org.get("jobs/ingest?jobType=Classic").json()["records"] == []
    assert org.sandbox.calls.counts()["salesforce"]["jobs/ingest"] == 5


def test_an_upload_in_thousands_of_chunks_takes_no_longer_than_it_should(
    org: SandboxClient,
) -> None:
    rows = [b"Name\n", *(b"n%d\n" % n for n in range(50_000))]
    job = _create(org)["id"]
    began = time.monotonic()
    assert _put(org, job, iter(rows)) == 201
    assert time.monotonic() - began < 10
    assert org.patch(f"jobs/ingest/{job}", {"state": "Aborted"}).json()["state"] == "Aborted"
    assert org.get(f"jobs/ingest/{job}/unprocessedrecords").content == b"".join(rows)


def test_a_full_org_refuses_the_new_rows(org: SandboxClient) -> None:
    system = org.sandbox.systems["salesforce"]
    system.edit("Limits", "DataStorageMB", {"Max": 0})
    try:
        (row,) = _rows(org, _run(org, "Name\nx\n"), "failedResults")
        assert row["sf__Error"] == "STORAGE_LIMIT_EXCEEDED:storage limit exceeded:--"
    finally:
        system.edit("Limits", "DataStorageMB", {"Max": 10_240})


def test_jobs_are_forgotten_after_seven_days(org: SandboxClient) -> None:
    job = _create(org)["id"]
    org.sandbox.clock.advance(8 * 24 * 3600)
    org.http.headers["Authorization"] = f"Bearer {org.sign_in()}"
    assert org.get(f"jobs/ingest/{job}").status_code == 404
