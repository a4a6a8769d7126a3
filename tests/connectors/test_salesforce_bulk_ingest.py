"""Bulk writes: exact cells, every row's own outcome, and none of it lost when something breaks."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from time import monotonic
from typing import Any

import pytest

from app.connectors.protocol import Batch, OperationCounts
from app.domain.control import CancelToken
from app.domain.plan import Operation, Outcome, OutcomeState, Verb
from app.domain.record import Unreadable
from app.errors import AppError, Cancelled, ConnectionFailed, LimitReached
from tests.connectors.world import World, make_operation

WRITTEN, FAILED, UNKNOWN = OutcomeState.WRITTEN, OutcomeState.FAILED, OutcomeState.UNKNOWN
CUTS = ["drop_before", "drop_after", "unavailable", "too_many", "server_error", "session_expired"]
HARD = 'a "quote", a comma\r\nthen \r alone\n\u2028 and \u00fcml\u00e4ut'


@pytest.fixture
def bulk(world: World) -> Iterator[World]:
    """A world whose Salesforce connector writes everything by bulk jobs."""
    made: Any = world.connectors["salesforce"]
    made._writes._most_by_collections = 0
    made._bulk._pause_s = 0.001
    yield world
    world.edit("salesforce", "Bulk", "", chunk_seconds=0, fail_after_rows=None)
    world.edit("salesforce", "Limits", "DailyApiRequests", Max=100_000)


def inserts(count: int, **more: Any) -> tuple[Operation, ...]:
    return tuple(
        make_operation("promotion", f"N{n}", Verb.INSERT, name=f"N{n}", **more)
        for n in range(count)
    )


def written(world: World, count: int) -> int:
    """How many of so many inserts the org really holds."""
    keys = {f"N{n}" for n in range(count)}
    rows = world.state("salesforce", "Aria_Promotion__c")
    return sum(row["Aria_Key__c"] in keys for row in rows)


def load(
    world: World, operations: tuple[Operation, ...], cancel: CancelToken | None = None
) -> tuple[list[Outcome], list[str]]:
    jobs: list[str] = []
    batch = Batch(world.mapping.entity(operations[0].entity), operations, jobs.append)
    made = world.connectors["salesforce"]
    return list(made.write(batch, cancel or CancelToken())), jobs


def states(outcomes: list[Outcome]) -> Counter[OutcomeState]:
    return Counter(outcome.state for outcome in outcomes)


def test_many_rows_are_one_job_that_is_told_of_before_its_upload(bulk: World) -> None:
    before = bulk.calls("salesforce")
    told: list[dict[str, int]] = []
    batch = Batch(
        bulk.mapping.entity("promotion"),
        inserts(300),
        lambda job: told.append(bulk.calls("salesforce") | {job: 1}),
    )
    outcomes = list(bulk.connectors["salesforce"].write(batch, CancelToken()))
    assert states(outcomes) == {WRITTEN: 300}
    assert all(len(outcome.side_id) == 18 for outcome in outcomes)
    assert "jobs/ingest/batches" not in told[0]
    assert bulk.calls("salesforce")["jobs/ingest/batches"] == 1
    assert "composite/sobjects" not in before


def test_every_cell_arrives_as_it_is(bulk: World) -> None:
    operations = inserts(2, description=HARD, expires_on=date(2031, 2, 3))
    load(bulk, operations)
    row = next(r for r in bulk.state("salesforce", "Aria_Promotion__c") if r["Aria_Key__c"] == "N1")
    assert row["Description__c"] == HARD
    assert row["Expires_On__c"] == "2031-02-03"


def test_none_clears_and_what_is_not_named_stays(bulk: World) -> None:
    load(bulk, inserts(2, description="text", expires_on=date(2031, 2, 3)))
    first = make_operation("promotion", "N0", description=None)
    other = make_operation("promotion", "N1", expires_on=None)
    outcomes, _ = load(bulk, (first, other))
    assert states(outcomes) == {WRITTEN: 2}
    assert bulk.record("salesforce", "promotion", "N0").values[1:] == (None, date(2031, 2, 3))
    assert bulk.record("salesforce", "promotion", "N1").values[1:] == ("text", None)


def test_references_are_written_by_their_key(bulk: World) -> None:
    plan = bulk.read("salesforce", "plan")[0]
    other = next(r.key for r in bulk.read("salesforce", "plan_set") if r.key != plan.parent)
    outcomes, _ = load(bulk, (make_operation("plan", plan.key, plan_set=other),))
    assert states(outcomes) == {WRITTEN: 1}
    assert bulk.record("salesforce", "plan", plan.key).parent == other


def test_a_refused_row_says_code_words_and_field_and_stops_no_other(bulk: World) -> None:
    long = make_operation("promotion", "LONG", Verb.INSERT, name="x" * 81)
    outcomes, _ = load(bulk, (*inserts(3), long))
    (failed,) = [outcome for outcome in outcomes if outcome.state is FAILED]
    assert (failed.operation, failed.field) == (long, "name")
    assert failed.message.startswith("STRING_TOO_LONG: ")
    assert states(outcomes)[WRITTEN] == 3


def test_what_a_csv_cannot_say_goes_another_way(bulk: World) -> None:
    odd = make_operation("promotion", "ODD", Verb.INSERT, name="#N/A")
    bad = make_operation("promotion", "BAD", Verb.INSERT, expires_on=Unreadable("soon"))
    half = make_operation("promotion", "HALF", Verb.INSERT, name="\ud800")
    outcomes, _ = load(bulk, (*inserts(2), odd, bad, half))
    found = {outcome.operation.key: outcome.state for outcome in outcomes}
    assert found == {"N0": WRITTEN, "N1": WRITTEN, "ODD": WRITTEN, "BAD": FAILED, "HALF": FAILED}
    assert bulk.record("salesforce", "promotion", "ODD").values[0] == "#N/A"


def test_an_update_that_created_its_record_is_not_called_written(bulk: World) -> None:
    outcomes, _ = load(bulk, (make_operation("promotion", "GONE", name="x"),))
    assert outcomes[0].state is UNKNOWN


def test_deletes_go_by_id_and_what_is_gone_already_is_done(bulk: World) -> None:
    outcomes, _ = load(bulk, inserts(3))
    gone = tuple(
        make_operation("promotion", o.operation.key, Verb.DELETE, side_id=o.side_id, name="x")
        for o in outcomes
    )
    bulk.edit("salesforce", "Aria_Promotion__c", gone[0].side_id, __delete__=True)
    deleted, jobs = load(bulk, gone)
    assert states(deleted) == {WRITTEN: 3}
    assert (written(bulk, 3), len(jobs)) == (0, 1)


def test_without_an_external_id_rows_are_known_by_what_is_in_them(bulk: World) -> None:
    made: Any = bulk.connectors["salesforce"]
    made._schema._objects["Aria_Promotion__c"] = {
        "Aria_Key__c": {"externalId": False, "idLookup": False}
    }
    twins = (*inserts(2, description=HARD), *inserts(2, description=HARD))
    outcomes, _ = load(bulk, twins)
    assert states(outcomes)[WRITTEN] >= 2
    assert len({outcome.side_id for outcome in outcomes if outcome.side_id}) == written(bulk, 2)


def test_rows_that_others_hold_are_sent_again_in_turn(bulk: World) -> None:
    bulk.fault(system="salesforce", endpoint="jobs/ingest/batches", kind="row_error", rows_every=4)
    outcomes, _ = load(bulk, inserts(40))
    assert states(outcomes) == {WRITTEN: 40}
    assert bulk.calls("salesforce")["composite/sobjects"] == 1


@pytest.mark.parametrize("kind", CUTS)
@pytest.mark.parametrize("endpoint", ["jobs/ingest", "jobs/ingest/batches", "jobs/ingest/results"])
def test_one_fault_at_any_point_changes_nothing(endpoint: str, kind: str, bulk: World) -> None:
    for after in range(2 if endpoint == "jobs/ingest" else 1):
        bulk.reset()
        bulk.fault(system="salesforce", endpoint=endpoint, kind=kind, after=after, retry_after=0)
        outcomes, _ = load(bulk, inserts(20))
        assert states(outcomes) == {WRITTEN: 20}
        assert written(bulk, 20) == 20


def test_results_that_never_come_leave_their_rows_unknown(bulk: World) -> None:
    bulk.fault(system="salesforce", endpoint="jobs/ingest/results", kind="truncate", times=None)
    outcomes, jobs = load(bulk, inserts(20))
    assert states(outcomes) == {UNKNOWN: 20}
    bulk.fault(system="salesforce", endpoint="none", kind="latency")
    entity = bulk.mapping.entity("promotion")
    again = bulk.connectors["salesforce"].conclude(jobs[0], entity, inserts(20), CancelToken())
    assert states(list(again)) == {WRITTEN: 20}


def test_an_upload_that_never_succeeds_raises_and_nothing_is_written(bulk: World) -> None:
    bulk.fault(system="salesforce", endpoint="jobs/ingest/batches", kind="drop_after", times=None)
    with pytest.raises(ConnectionFailed):
        load(bulk, inserts(20))
    assert written(bulk, 20) == 0


def test_a_job_that_fails_half_way_tells_each_row_its_own(bulk: World) -> None:
    bulk.edit("salesforce", "Bulk", "", fail_after_rows=400)
    outcomes, _ = load(bulk, inserts(1000))
    assert states(outcomes) == {WRITTEN: 400, FAILED: 600}
    assert written(bulk, 1000) == 400
    failed = next(outcome for outcome in outcomes if outcome.state is FAILED)
    assert "Retried" in failed.message


def test_a_job_that_somebody_aborts_tells_each_row_its_own(bulk: World) -> None:
    bulk.edit("salesforce", "Bulk", "", chunk_seconds=0.1)
    made: Any = bulk.connectors["salesforce"]
    token = CancelToken()
    with ThreadPoolExecutor(1) as pool:
        jobs: list[str] = []
        batch = Batch(bulk.mapping.entity("promotion"), inserts(2000), jobs.append)
        loading = pool.submit(lambda: list(made.write(batch, token)))
        while bulk.calls("salesforce").get("jobs/ingest", 0) < 4:
            token.wait(0.01)
        made._bulk._jobs.abort(jobs[0], CancelToken())
        outcomes = loading.result()
    assert states(outcomes)[WRITTEN] == written(bulk, 2000) < 2000
    assert states(outcomes)[FAILED] == 2000 - written(bulk, 2000)


def test_a_column_that_is_unknown_fails_every_row_with_the_job_s_words(bulk: World) -> None:
    bulk.read("salesforce", "promotion", ["none"])
    bulk.edit(
        "salesforce", "FieldPermissions", "Aria_Promotion__c.Description__c", PermissionsRead=False
    )
    outcomes, _ = load(bulk, inserts(3, description="x"))
    assert states(outcomes) == {FAILED: 3}
    assert "Field name not found : Description__c" in outcomes[0].message


def test_a_table_that_is_too_large_becomes_several_jobs(bulk: World) -> None:
    made: Any = bulk.connectors["salesforce"]
    made._bulk._most_bytes = 2_000_000 + 300
    outcomes, jobs = load(bulk, inserts(50))
    assert states(outcomes) == {WRITTEN: 50}
    assert len(jobs) > 1


def test_without_calls_to_spare_no_job_is_begun(bulk: World) -> None:
    bulk.read("salesforce", "promotion", ["none"])
    told = bulk.connectors["salesforce"].quotas[0]
    used = told.maximum - told.left
    bulk.edit("salesforce", "Limits", "DailyApiRequests", Max=used + 20)
    bulk.read("salesforce", "promotion", ["none"])
    with pytest.raises(LimitReached, match="are kept for others"):
        load(bulk, inserts(20))


@pytest.mark.parametrize(
    ("endpoint", "after", "latency_s", "chunk_s"),
    [
        ("jobs/ingest", 0, 0.7, 2),
        ("jobs/ingest/batches", 0, 0.7, 2),
        ("jobs/ingest", 2, 0.7, 2),
        ("jobs/ingest/results", 0, 20, 0.02),
    ],
)
def test_a_cancel_does_not_wait_for_the_end_in_any_phase(
    endpoint: str, after: int, latency_s: float, chunk_s: float, bulk: World
) -> None:
    bulk.edit("salesforce", "Bulk", "", chunk_seconds=chunk_s)
    bulk.fault(
        system="salesforce",
        endpoint=endpoint,
        kind="latency",
        seconds=latency_s,
        after=after,
        times=1,
    )
    token, reached = CancelToken(), bulk.calls("salesforce").get(endpoint, 0) + after
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(_outcomes_or_error, bulk, token)
        while bulk.calls("salesforce").get(endpoint, 0) <= reached:
            token.wait(0.01)
        began = monotonic()
        token.cancel()
        ended = loading.result()
    assert monotonic() - began < 10
    if isinstance(ended, Cancelled):
        assert written(bulk, 3000) == 0
    else:
        assert states(ended)[WRITTEN] <= written(bulk, 3000)


def _outcomes_or_error(world: World, token: CancelToken) -> list[Outcome] | AppError:
    try:
        return load(world, inserts(3000), token)[0]
    except AppError as error:
        return error


def test_a_cancel_while_the_job_works_says_which_rows_are_written(bulk: World) -> None:
    bulk.edit("salesforce", "Bulk", "", chunk_seconds=0.05)
    token = CancelToken()
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(load, bulk, inserts(4000), token)
        while not written(bulk, 400):
            pass
        token.cancel()
        outcomes, _ = loading.result()
    count = written(bulk, 4000)
    assert 0 < count < 4000
    assert states(outcomes) == {WRITTEN: count, UNKNOWN: 4000 - count}


def test_a_dead_commit_s_job_that_was_never_started_is_stopped(bulk: World) -> None:
    made: Any = bulk.connectors["salesforce"]
    wish = {
        "object": "Aria_Promotion__c", "operation": "upsert", "externalIdFieldName": "Aria_Key__c"
    }  # fmt: skip
    job = made._bulk._jobs.create(wish, CancelToken()).id
    entity = bulk.mapping.entity("promotion")
    assert list(made.conclude(job, entity, inserts(3), CancelToken())) == []
    assert made._bulk._jobs.info(job, CancelToken()).state == "Aborted"


def test_a_dead_commit_s_job_at_work_is_waited_for_and_read(bulk: World) -> None:
    made: Any = bulk.connectors["salesforce"]
    bulk.edit("salesforce", "Bulk", "", chunk_seconds=0.05)
    bulk.fault(
        system="salesforce", endpoint="jobs/ingest", kind="session_expired", after=2, times=None
    )
    long = make_operation("promotion", "LONG", Verb.INSERT, name="x" * 81)
    outcomes, jobs = load(bulk, (*inserts(600), long))
    assert states(outcomes)[UNKNOWN] == 601
    bulk.fault(system="salesforce", endpoint="none", kind="latency")
    entity = bulk.mapping.entity("promotion")
    told = list(made.conclude(jobs[0], entity, (*inserts(600), long), CancelToken()))
    assert states(told) == {WRITTEN: 600, FAILED: 1}


def test_a_job_that_is_not_known_any_more_tells_nothing(bulk: World) -> None:
    made = bulk.connectors["salesforce"]
    entity = bulk.mapping.entity("promotion")
    assert list(made.conclude("750000000000001AAA", entity, inserts(1), CancelToken())) == []


def test_batches_are_collections_while_few_and_jobs_when_many(bulk: World) -> None:
    made, entity = bulk.connectors["salesforce"], bulk.mapping.entity("plan")
    counts = [OperationCounts(entity, {Verb.UPDATE: n}, n * 700) for n in (1, 2000, 2001, 900_000)]
    assert [made.batch_size(count) for count in counts] == [200, 200, 10_000, 10_000]
    huge = OperationCounts(entity, {Verb.INSERT: 10_000}, 10_000 * 20_000)
    assert made.batch_size(huge) == 5000
    assert sum(made.forecast(counts[3]).calls.values()) == 90 * 6 + 135 + 2 * 6 + 1
    later = replace(counts[3], most_before=10_000)  # how long a job takes is known by then
    assert sum(made.forecast(later).calls.values()) == 90 * 6 + 135 + 1
