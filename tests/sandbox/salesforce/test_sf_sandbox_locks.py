"""Row locks: bulk work that shares parents, at the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.sandbox.salesforce.locks import RowLocks

if TYPE_CHECKING:
    from tests.sandbox.salesforce.conftest import SandboxClient

_TIMES = 2000


def _start(org: SandboxClient, keys: range, plan: str) -> str:
    body = {"object": "Aria_Service__c", "operation": "insert", "lineEnding": "LF"}
    job: str = org.post("jobs/ingest", body).json()["id"]
    rows = "".join(f"k{n},n{n},{plan}\n" for n in keys)
    text = "Aria_Key__c,Name,Plan__r.Aria_Key__c\n" + rows
    org.send("PUT", f"jobs/ingest/{job}/batches", data=text, headers={"Content-Type": "text/csv"})
    org.patch(f"jobs/ingest/{job}", {"state": "UploadComplete"})
    return job


def _failures(org: SandboxClient, job: str) -> str:
    for _ in range(_TIMES):
        if org.get(f"jobs/ingest/{job}").json()["state"] == "JobComplete":
            break
    return org.get(f"jobs/ingest/{job}/failedResults").text


def test_jobs_that_share_a_parent_fail_rows_if_they_hold_it_for_long(org: SandboxClient) -> None:
    org.sandbox.systems["salesforce"].edit("Bulk", "", {"hold_seconds": 0.3, "lock_seconds": 0.05})
    jobs = [_start(org, range(1), "PRO"), _start(org, range(1, 2), "PRO")]
    found = [_failures(org, job) for job in jobs]
    words = "UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record or 1 records: a0"
    assert sum(words in each for each in found) == 1


def test_jobs_with_parents_of_their_own_do_not_meet(org: SandboxClient) -> None:
    org.sandbox.systems["salesforce"].edit("Bulk", "", {"hold_seconds": 0.2, "lock_seconds": 0.05})
    jobs = [_start(org, range(1), "PRO"), _start(org, range(1, 2), "OLD")]
    assert [_failures(org, job).count("\n") for job in jobs] == [1, 1]


def test_jobs_wait_for_a_parent_as_long_as_they_may(org: SandboxClient) -> None:
    org.sandbox.systems["salesforce"].edit("Bulk", "", {"hold_seconds": 0.1, "lock_seconds": 5})
    jobs = [_start(org, range(1), "PRO"), _start(org, range(1, 2), "PRO")]
    assert [_failures(org, job).count("\n") for job in jobs] == [1, 1]


def test_a_request_meets_the_locks_of_a_job_too(org: SandboxClient) -> None:
    org.sandbox.systems["salesforce"].edit("Bulk", "", {"hold_seconds": 0.5, "lock_seconds": 0.05})
    job = _start(org, range(1), "PRO")
    for _ in range(_TIMES):
        if org.get(f"jobs/ingest/{job}").json()["state"] == "InProgress":
            break
    plan = {"Plan__r": {"Aria_Key__c": "PRO"}}
    record = {"attributes": {"type": "Aria_Service__c"}, "Name": "x", "Aria_Key__c": "x", **plan}
    codes = []
    for n in range(20):
        row = {**record, "Aria_Key__c": f"x{n}"}
        (result,) = org.post("composite/sobjects", {"records": [row]}).json()
        codes += [each["statusCode"] for each in result["errors"]]
        single = org.post("sobjects/Aria_Service__c", {"Name": "y", **plan})
        codes += [each["errorCode"] + "!" for each in single.json() if single.status_code == 400]
    assert {"UNABLE_TO_LOCK_ROW", "UNABLE_TO_LOCK_ROW!"} <= set(codes)
    _failures(org, job)


def test_who_waits_holds_nothing() -> None:
    locks = RowLocks()
    with locks.held("a", {"1"}, 0) as none:
        assert none == frozenset()
        with locks.held("b", {"1", "2"}, 0.01) as busy:
            assert busy == {"1"}
            with locks.held("c", {"2"}, 0) as other:
                assert other == {"2"}
    with locks.held("d", {"1", "2"}, 0) as free:
        assert free == frozenset()
