"""Large reads: by bulk jobs or by pages fetched ahead, and always the same records."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from time import monotonic
from typing import Any

import pytest

from app.connectors.protocol import ReadRequest
from app.connectors.salesforce.query import first_page, later_pages
from app.connectors.salesforce.selection import key_statements, selection
from app.domain.control import CancelToken
from app.domain.mapping import WorkspaceMapping
from app.domain.record import Record
from app.errors import AnswerUnreadable, Cancelled
from tests.connectors.far_end import Asked, Script, Told, far_end, told
from tests.connectors.test_salesforce_writes import org
from tests.connectors.world import World, connected

HARD = 'a "quote", a comma\nthen\n\u2028 and \u00fcml\u00e4ut'


@pytest.fixture
def bulk(world: World) -> Iterator[World]:
    """A world in which reads of more than ten rows are bulk jobs with pages of 100."""
    made: Any = world.connectors["salesforce"]
    made.reads.most_by_query = 10
    world.edit("salesforce", "Bulk", "", page_rows=100)
    yield world
    world.edit("salesforce", "Bulk", "", page_rows=50_000)


def by_pages(world: World, entity: str) -> list[Record]:
    plain = connected("salesforce", world.ready["salesforce"], world.mapping)
    request = ReadRequest((world.mapping.entity(entity),))
    return sorted(r for page in plain.read(request, CancelToken()) for r in page.records)


@pytest.mark.parametrize("version", ["66.0", "57.0"])
def test_a_bulk_read_gives_what_pages_give(version: str, bulk: World) -> None:
    row = bulk.state("salesforce", "Client_Plan__c")[0]
    bulk.edit("salesforce", "Client_Plan__c", row["Id"], Description__c=HARD)
    made: Any = bulk.connectors["salesforce"]
    made._session.version = version
    for entity in ("plan", "rate", "rate_schedule"):
        assert sorted(bulk.read("salesforce", entity)) == by_pages(bulk, entity)
    assert bulk.calls("salesforce")["jobs/query/results"] > 5


def test_of_an_object_known_to_be_large_no_page_is_asked_for(bulk: World) -> None:
    bulk.read("salesforce", "rate")
    before = bulk.calls("salesforce")["query"]
    bulk.read("salesforce", "rate")
    assert bulk.calls("salesforce")["query"] == before


def test_many_keys_are_read_with_the_whole_where_that_is_less(bulk: World) -> None:
    keys = [record.key for record in bulk.read("salesforce", "rate")]
    before = bulk.connectors["salesforce"].calls
    assert len(bulk.read("salesforce", "rate", keys)) == len(keys)
    assert bulk.connectors["salesforce"].calls - before < 40


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "truncate", "unavailable"])
def test_one_bad_page_of_results_goes_unnoticed(kind: str, bulk: World) -> None:
    bulk.fault(system="salesforce", endpoint="jobs/query/results", kind=kind, after=1)
    assert sorted(bulk.read("salesforce", "rate")) == by_pages(bulk, "rate")


def test_where_no_job_can_be_had_pages_are_read(bulk: World) -> None:
    bulk.edit("salesforce", "Limits", "DailyBulkV2QueryJobs", Max=0)
    try:
        assert sorted(bulk.read("salesforce", "rate")) == by_pages(bulk, "rate")
    finally:
        bulk.edit("salesforce", "Limits", "DailyBulkV2QueryJobs", Max=10_000)


def test_a_cancel_does_not_wait_for_a_bulk_reads_answer(bulk: World) -> None:
    token = CancelToken()
    bulk.fault(
        system="salesforce", endpoint="jobs/query", kind="latency", seconds=20, after=1, times=1
    )
    request = ReadRequest((bulk.mapping.entity("rate"),))
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(lambda: list(bulk.connectors["salesforce"].read(request, token)))
        while bulk.calls("salesforce").get("jobs/query", 0) < 2:
            token.wait(0.01)
        began = monotonic()
        token.cancel()
        with pytest.raises(Cancelled):
            reading.result()
    assert monotonic() - began < 10


def test_fewer_rows_than_a_page_announces_are_no_page(
    mapping: WorkspaceMapping, token: CancelToken
) -> None:
    def script(asked: Asked) -> Told:
        if asked.path.endswith("/resultPages"):
            urls = [{"resultUrl": "/services/data/v66.0/jobs/query/750/results?locator=a"}]
            return told({"resultPages": urls, "done": True})
        csv = b'"Id","Name"\n"1","x"\n'
        return Told(200, csv, {"Sforce-NumberOfRecords": "2", "Sforce-Locator": "null"})

    with org(script, mapping) as (made, _):
        anything: Any = made
        rows = anything.reads._bulk.rows("750", ("Id", "Name"), 10, token)
        with pytest.raises(AnswerUnreadable, match="1 rows where 2"):
            list(rows)


def paged(sizes: list[int], *, jumps: bool = True) -> Script:
    """Return an org whose one query has pages of these sizes."""
    starts = [sum(sizes[:n]) for n in range(len(sizes))]

    def script(asked: Asked) -> Told:
        tail = asked.path.rpartition("/01g-")[2]
        start = int(tail) if tail.isdigit() else 0
        if start not in starts and not jumps:
            return told([{"errorCode": "INVALID_QUERY_LOCATOR", "message": "invalid"}], 400)
        size = sizes[starts.index(start)] if start in starts else 1
        end, total = start + size, sum(sizes)
        body: dict[str, Any] = {"totalSize": total, "done": end >= total}
        if end < total:
            body["nextRecordsUrl"] = f"/services/data/v66.0/query/01g-{end}"
        return told({**body, "records": [{"Id": n} for n in range(start, end)]})

    return script


@pytest.mark.parametrize("jumps", [True, False])
@pytest.mark.parametrize("sizes", [[5, 5, 5, 2], [5, 3, 5, 5, 1], [5, 5, 1, 1], [4], [5, 5]])
def test_pages_fetched_ahead_leave_nothing_out_and_tell_nothing_twice(
    sizes: list[int], *, jumps: bool, mapping: WorkspaceMapping, token: CancelToken
) -> None:
    with org(paged(sizes, jumps=jumps), mapping) as (made, _):
        anything: Any = made
        session = anything._session
        first = first_page(session, "SELECT Id FROM X", token)
        found = [first, *later_pages(session, first, token)]
    ids = [one for page in found for one in page.table.column("Id")]
    assert ids == list(range(sum(sizes)))


def test_pages_come_side_by_side(mapping: WorkspaceMapping, token: CancelToken) -> None:
    script, lock = paged([5] * 9), Lock()
    at_once: list[int] = [0]

    def slow(asked: Asked) -> Told:
        with lock:
            at_once.append(at_once[-1] + 1)
        token.wait(0.15)
        with lock:
            at_once.append(at_once[-1] - 1)
        return script(asked)

    with far_end(slow) as end:
        made: Any = connected("salesforce", {"instance_url": end.url, "access_token": "t"}, mapping)
        first = first_page(made._session, "SELECT Id FROM X", token)
        assert len(list(later_pages(made._session, first, token))) == 8
    assert max(at_once) > 1


def test_pages_are_short_where_rows_have_several_long_texts(orb_mapping: WorkspaceMapping) -> None:
    """As by describe, so by the mapping while the object is not described yet (§5.1)."""
    names = ("daily_line_item_revenue", "invoice_line_item_billing")
    rows = [selection(orb_mapping.entity(name), orb_mapping, {}).page_rows for name in names]
    assert rows == [2000, 200]
    line = orb_mapping.entity("invoice_line_item_billing")
    described = {field.salesforce: {"length": 80} for field in line.fields}
    assert selection(line, orb_mapping, described).page_rows == 2000
    keys = [f"line{number:03}" for number in range(250)]
    assert len(list(key_statements(selection(line, orb_mapping, {}), keys))) == 2
