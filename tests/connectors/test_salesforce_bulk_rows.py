"""Rows of a bulk job are found again by what its results say, and a job is asked in good time."""

from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from app.connectors.salesforce.bodies import Bodies
from app.connectors.salesforce.bulk_csv import ResultRow, RowMaker, result_rows
from app.connectors.salesforce.bulk_jobs import COMPLETE, RUNNING, BulkJobs, JobInfo
from app.connectors.salesforce.bulk_pace import Pace, Taken
from app.connectors.salesforce.bulk_rows import INSERT, UPSERT, JobRows, Load
from app.connectors.salesforce.session import SalesforceSession
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping, FieldMapping, FieldType, Owner, WorkspaceMapping
from app.domain.plan import FieldChange, Operation, Verb
from app.domain.record import Side

FIELDS = (FieldMapping("name", "name", "Name", FieldType.TEXT, Owner.BILLING),)
ENTITY = EntityMapping("row", "Row", "Rows", "Row__c", "key", "Key__c", "name", FIELDS)
BODIES = Bodies(WorkspaceMapping("w", "b", (ENTITY,)), str)


def operation(key: str, name: str = "x") -> Operation:
    changes = (FieldChange("name", None, name),)
    return Operation("row", key, Side.SALESFORCE, Verb.INSERT, changes, None)


def rows_of(kind: str, *operations: Operation) -> JobRows:
    maker = RowMaker(BODIES, ENTITY, operations, "Key__c")
    rows = JobRows(Load(ENTITY, kind), maker.header)
    for each in operations:
        rows.put(maker, each, each.key, None)
    return rows


def result(*cells: str) -> ResultRow:
    return ResultRow("001", created=True, error="", cells=cells)


def test_rows_that_are_alike_are_told_of_one_by_one() -> None:
    twins = [operation("k"), operation("k"), operation("k")]
    rows = rows_of(INSERT, *twins, operation("k", "other"))
    assert len(rows) == 4
    taken = [rows.take(result("k", "x")) for _ in range(4)]
    assert taken == [*twins, None]
    assert rows.left == [operation("k", "other")]


def test_what_was_not_told_of_is_left_with_all_that_are_alike() -> None:
    rows = rows_of(INSERT, operation("k"), operation("k"))
    assert rows.left == [operation("k")] * 2
    assert rows.take(result("k", "x")) == operation("k")
    assert rows.left == [operation("k")]


def test_an_upsert_is_known_by_its_key_alone() -> None:
    rows = rows_of(UPSERT, operation("a"), operation("b", ""))
    assert rows.columns == ("Key__c",)
    assert rows.take(result("b")) == operation("b", "")
    assert rows.take(result("c")) is None
    assert not rows_of(UPSERT)


def test_a_column_that_a_result_lacks_is_empty(tmp_path: Path) -> None:
    file = tmp_path / "r.csv"
    file.write_text('sf__Id,sf__Created,Name\n001,true,"a\nb"\n002,false,c\n003,tr', "utf-8")
    assert list(result_rows(file, ("Name", "Key__c"))) == [
        ResultRow("001", created=True, error="", cells=["a\nb", ""]),
        ResultRow("002", created=False, error="", cells=["c", ""]),
    ]


class Waits(CancelToken):
    """A token whose waits take no time, but are noted."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = 0.0
        self.pauses: list[float] = []

    def wait(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.clock += seconds


class Tenths(BulkJobs):
    """A job of 100 rows that has a tenth of them after each second."""

    def __init__(self, token: Waits) -> None:
        super().__init__(cast("SalesforceSession", None), "ingest")
        self.token = token

    def info(self, job: str, cancel: CancelToken) -> JobInfo:
        cancel.check()
        done = min(100, int(self.token.clock * 10))
        return JobInfo(job, COMPLETE if done == 100 else RUNNING, processed=done)


@pytest.mark.parametrize(("rows", "late_s"), [(100, 0.6), (0, 5.1)])
def test_a_job_whose_rows_are_known_is_asked_when_it_is_done(
    rows: int, late_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = Waits()
    monkeypatch.setattr("app.connectors.salesforce.bulk_jobs.monotonic", lambda: token.clock)
    assert Tenths(token).ended("1", token, rows).has_ended
    assert 10 <= token.clock < 10 + late_s
    assert token.pauses == [pause for pause in token.pauses if pause >= 0.1]
    assert len(token.pauses) < 30


def test_the_job_after_it_is_asked_when_it_should_be_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token = Waits()
    monkeypatch.setattr("app.connectors.salesforce.bulk_jobs.monotonic", lambda: token.clock)
    jobs = Tenths(token)
    jobs.ended("1", token, 100, "upsert")
    token.pauses, token.clock = [], 0.0
    jobs.ended("2", token, 100, "upsert")
    assert 10 <= token.clock < 11.2
    assert len(token.pauses) == 1


def test_jobs_that_go_as_fast_as_ever_are_not_waited_for_ever_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token = Waits()
    monkeypatch.setattr("app.connectors.salesforce.bulk_jobs.monotonic", lambda: token.clock)
    jobs, asked, taken = Tenths(token), 0, 0.0
    for _ in range(30):
        token.pauses, token.clock = [], 0.0
        jobs.ended("1", token, 100, "upsert")
        asked, taken = asked + len(token.pauses), taken + token.clock
    assert taken / 30 < 11
    assert asked / 30 < 2


@pytest.mark.parametrize(("lasted", "waited"), [(None, 9.2), (30.0, 9.2), (3.0, 3.5)])
def test_a_job_that_was_waited_for_too_long_tells_how_long_it_lasted(
    lasted: float | None, waited: float
) -> None:
    pace = Pace(100, Taken(100, 9.0))
    assert pace.told(10.0, lasted) == (100, pytest.approx(waited))


@pytest.mark.parametrize(("rows", "first_s"), [(50, 5.25), (100, 10.5), (100_000, 10.5)])
def test_a_job_of_more_rows_than_the_last_is_asked_when_that_was_done(
    rows: int, first_s: float
) -> None:
    assert Pace(rows, Taken(100, 10.0)).first_s == pytest.approx(first_s)


def test_a_delete_is_not_waited_for_as_long_as_an_upsert_took(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token = Waits()
    monkeypatch.setattr("app.connectors.salesforce.bulk_jobs.monotonic", lambda: token.clock)
    jobs = Tenths(token)
    jobs.ended("1", token, 100, "upsert")
    token.pauses, token.clock = [], 0.0
    jobs.ended("2", token, 100, "delete")
    assert token.pauses[0] < 1


class Lingering(Tenths):
    """A job that has all of its rows after ten seconds, and ends after thirty."""

    def info(self, job: str, cancel: CancelToken) -> JobInfo:
        found = super().info(job, cancel)
        return found if self.token.clock >= 30 else replace(found, state=RUNNING)


def test_a_job_that_has_all_rows_but_does_not_end_is_asked_ever_more_seldom(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token = Waits()
    monkeypatch.setattr("app.connectors.salesforce.bulk_jobs.monotonic", lambda: token.clock)
    assert Lingering(token).ended("1", token, 100).has_ended
    after = [sum(token.pauses[:n]) for n in range(len(token.pauses)) if sum(token.pauses[:n]) >= 10]
    assert len(after) <= 6
    assert token.clock <= 45
