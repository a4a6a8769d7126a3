"""Changes as they happen, over real gRPC and HTTP on loopback: told, resumed, caught up on."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.connectors.http import Policy
from app.connectors.salesforce.events import EventOptions, changes
from app.connectors.salesforce.events_change import Change, ChangeBatch, ChangeKind
from app.connectors.salesforce.session import SalesforceSession
from app.domain.control import CancelToken
from app.domain.mapping import WorkspaceMapping
from app.errors import Cancelled, CursorRefused, NotSignedIn
from app.sandbox.dataset import Dataset
from app.sandbox.faults import rules_from
from app.sandbox.launch import Sandbox, SandboxOptions
from tests.connectors.world import connected

COUPON, SET = "Aria_Coupon__c", "Aria_Plan_Set__c"
OBJECTS = (COUPON, SET)
KEYS = [f"C{number:03}" for number in range(250)]
FOUR_DAYS = 4 * 24 * 3600
QUICK = Policy(backoff_s=0.001)


def _dataset() -> Dataset:
    rows: dict[str, list[dict[str, Any]]] = {
        COUPON: [{"Aria_Key__c": key, "Name": key} for key in KEYS],
        SET: [{"Aria_Key__c": "FIBRE", "Name": "Fibre"}],
    }
    return Dataset(aria={}, salesforce=rows, drift=())


class Org:
    """A running org as a listener and a person at the keyboard meet it."""

    def __init__(self, sandbox: Sandbox, mapping: WorkspaceMapping) -> None:
        self.sandbox = sandbox
        self.system = sandbox.systems["salesforce"]
        self.ready = sandbox.ready["salesforce"]
        connector: Any = connected("salesforce", self.ready, mapping)
        self.session: SalesforceSession = connector._session
        self.cancel = CancelToken()

    def edit(self, key: str = "C000", sobject: str = COUPON, **values: Any) -> str:
        """Edit a record by hand; a poll finds it in the second after, which is now."""
        record = self.id_of(key, sobject)
        self.system.edit(sobject, key, values or {"Name": f"{key}, edited"})
        self.sandbox.clock.advance(1)
        return record

    def id_of(self, key: str, sobject: str = COUPON) -> str:
        rows = self.system.state(sobject)
        return next(str(row["Id"]) for row in rows if row["Aria_Key__c"] == key)

    def turn(self, **knobs: Any) -> None:
        self.system.edit("ChangeEvents", "", knobs)

    def options(self, **changed: Any) -> EventOptions:
        usual = {"endpoint": self.ready["pubsub"], "now": self.sandbox.clock.now, "policy": QUICK}
        return EventOptions(**{**usual, **changed})

    @contextmanager
    def listening(self, since: str = "", **options: Any) -> Iterator["Ear"]:
        found = changes(self.session, OBJECTS, since, self.cancel, options=self.options(**options))
        ear = Ear(found)
        try:
            yield ear
        finally:
            ear.close()

    @contextmanager
    def hearing(self) -> Iterator["Ear"]:
        """Listen, once the subscription has begun."""
        self.turn(keepalive_seconds=0.01)
        with self.listening() as ear:
            ear.next()
            ear.until(lambda batch: not batch.polled)
            self.turn(keepalive_seconds=60)
            yield ear

    @contextmanager
    def settled(self) -> Iterator["Ear"]:
        """Listen, once what was before the subscription is known too: cursors have a replay id."""
        self.turn(keepalive_seconds=0.01)
        with self.listening(gap_s=0.02) as ear:
            ear.next()
            self.settle(ear)
            self.turn(keepalive_seconds=60)
            yield ear

    def settle(self, ear: "Ear") -> None:
        """Listen until what was before the subscription is known."""
        ear.until(lambda batch: not batch.polled)
        self.sandbox.clock.advance(1)
        ear.until(lambda batch: len(batch.cursor.split()) == 4)


class Ear:
    """Takes batches; remembers the last cursor."""

    def __init__(self, batches: Iterator[ChangeBatch]) -> None:
        self._batches: Any = batches
        self.cursor = ""
        self.polled = False

    def next(self) -> ChangeBatch:
        batch: ChangeBatch = next(self._batches)
        self.cursor, self.polled = batch.cursor, batch.polled
        return batch

    def until(self, wanted: Callable[[ChangeBatch], bool]) -> ChangeBatch:
        while not wanted(batch := self.next()):
            pass
        return batch

    def heard(self, count: int = 1) -> list[Change]:
        found: list[Change] = []
        while len(found) < count:
            found += self.next().changes
        return found

    def close(self) -> None:
        self._batches.close()


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(SandboxOptions(systems=["salesforce"], dataset=_dataset())) as sandbox:
        yield sandbox


@pytest.fixture
def org(running: Sandbox, mapping: WorkspaceMapping) -> Org:
    running.clock.set(datetime.now(UTC))
    running.faults.replace([])
    running.systems["salesforce"].reset(drift=False)
    running.clock.advance(120)  # deletions are told since the reset, and asked for by the minute
    running.calls.clear()
    return Org(running, mapping)


def fault(org: Org, kind: str, times: int | None = 1, endpoint: str = "pubsub/Subscribe") -> None:
    rule = {"kind": kind, "endpoint": endpoint, "times": times}
    org.sandbox.faults.replace(rules_from([rule]))


def calls(org: Org, name: str) -> int:
    return org.sandbox.calls.counts()["salesforce"].get(name, 0)


def test_a_change_is_told_with_its_record_fields_and_kind(org: Org) -> None:
    with org.hearing() as ear:
        record = org.edit(Name="Twice", Description__c=None)
        (change,) = ear.heard()
    assert (change.sobject, change.record_ids, change.kind) == (
        COUPON,
        (record,),
        ChangeKind.UPDATE,
    )
    assert change.fields == ("Name", "LastModifiedDate")
    assert abs(change.committed_at - org.sandbox.clock.now()) < timedelta(minutes=1)
    assert not change.is_from()


def test_what_was_inserted_and_deleted_is_told_in_order(org: Org) -> None:
    with org.hearing() as ear:
        org.system.edit(SET, "", {"Aria_Key__c": "NEW", "Name": "New"})
        new = org.id_of("NEW", SET)
        org.edit("NEW", SET, __delete__=True)
        told = ear.heard(2)
    assert [(change.kind, change.record_ids) for change in told] == [
        (ChangeKind.CREATE, (new,)),
        (ChangeKind.DELETE, (new,)),
    ]


def test_objects_that_nobody_asked_for_are_left_out(org: Org) -> None:
    with org.hearing() as ear:
        org.system.edit("Account", "", {"Name": "Not ours"})
        record = org.edit()
        assert ear.heard()[0].record_ids == (record,)


def test_our_own_writes_can_be_told_from_others(org: Org) -> None:
    path = f"sobjects/{COUPON}/{org.id_of('C001')}"
    with org.hearing() as ear:
        org.session.save("PATCH", path, b'{"Name": "Ours"}', org.cancel)
        (change,) = ear.heard()
    assert change.origin == "com/salesforce/api/rest/66.0;client=Concord"
    assert change.is_from()
    assert not change.is_from("Another")


def test_more_changes_than_may_be_asked_for_at_once_come_in_their_order(org: Org) -> None:
    with org.hearing() as ear:
        records = [org.edit(key) for key in KEYS]
        told = ear.heard(len(KEYS))
    assert [change.record_ids[0] for change in told] == records


def test_a_change_of_many_records_comes_as_one(org: Org) -> None:
    ids = [org.id_of(key) for key in KEYS[:150]]
    records = [{"attributes": {"type": COUPON}, "Id": each, "Name": "Same"} for each in ids]
    with org.hearing() as ear:
        body = json.dumps({"allOrNone": False, "records": records}).encode()
        org.session.save("PATCH", "composite/sobjects", body, org.cancel)
        assert ear.heard()[0].record_ids == tuple(ids)


def test_listening_goes_on_where_it_ended(org: Org) -> None:
    with org.settled() as ear:
        org.edit("C001")
        ear.heard()
        cursor = ear.cursor
    missed = [org.edit(key) for key in ("C002", "C003")]
    with org.listening(cursor) as ear:
        told = ear.heard(2)
    assert [change.record_ids[0] for change in told] == missed
    assert not ear.polled


def test_a_cut_connection_loses_and_repeats_nothing(org: Org) -> None:
    with org.settled() as ear:
        first = org.edit("C001")
        told = ear.heard()
        org.turn(cut=True)
        then = [org.edit(key) for key in ("C002", "C003")]
        told += ear.heard(2)
    assert [change.record_ids[0] for change in told] == [first, *then]
    assert calls(org, "pubsub/Subscribe") == 2


@pytest.mark.parametrize("kind", ["unavailable", "too_many", "server_error", "drop_before"])
def test_a_service_in_trouble_is_asked_again(org: Org, kind: str) -> None:
    fault(org, kind, times=3)
    with org.hearing() as ear:
        record = org.edit()
        assert ear.heard()[0].record_ids == (record,)
    assert calls(org, "pubsub/Subscribe") == 4


def test_an_expired_session_is_renewed(org: Org) -> None:
    with org.settled() as ear:
        before = calls(org, "oauth2/token")
        org.sandbox.clock.advance(3 * 3600)
        org.turn(cut=True)
        record = org.edit()
        assert ear.heard()[0].record_ids == (record,)
    assert calls(org, "oauth2/token") == before + 1


def test_a_session_that_cannot_be_renewed_for_a_while_is_tried_again(org: Org) -> None:
    with org.settled() as ear:
        org.sandbox.clock.advance(3 * 3600)
        fault(org, "unavailable", 6, "oauth2/token")  # five make one sign-in that failed
        org.turn(cut=True)
        record = org.edit()
        assert ear.heard()[0].record_ids == (record,)


def test_a_stream_that_breaks_behind_its_events_repeats_none(org: Org) -> None:
    with org.settled() as ear:
        fault(org, "drop_after", times=2)
        org.turn(cut=True)
        records = [org.edit(key) for key in KEYS[:3]]
        told = ear.heard(len(records))
    assert [change.record_ids[0] for change in told] == records


def test_a_stream_that_the_server_ended_goes_on_where_it_was(org: Org) -> None:
    with org.settled() as ear:
        cursor = ear.cursor
    records = [org.edit(key) for key in KEYS[:120]]
    org.turn(idle_seconds=0)
    with org.listening(cursor) as ear:
        told = ear.heard(len(records))
    assert [change.record_ids[0] for change in told] == records


def test_a_stream_that_fell_silent_is_opened_anew(
    org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    with org.settled() as ear:
        monkeypatch.setattr("app.connectors.salesforce.events_stream._SILENCE_S", 0.02)
        monkeypatch.setattr("app.connectors.salesforce.events_stream._POLL_S", 0.01)
        ear.until(lambda batch: batch.polled)  # after five that were silent from the start
    assert calls(org, "pubsub/Subscribe") == 5


def test_a_session_that_is_refused_however_new_is_no_loop(org: Org) -> None:
    fault(org, "session_expired", times=None)
    with org.listening() as ear, pytest.raises(NotSignedIn, match="opened just now"):
        ear.heard()
    assert calls(org, "pubsub/Subscribe") == 2


def test_a_cursor_that_has_grown_too_old_is_caught_up_on_by_asking(org: Org) -> None:
    with org.settled() as ear:
        org.edit("C001")
        ear.heard()
        cursor = ear.cursor
    record, gone = org.edit("C002"), org.edit("C003")
    org.edit("C003", __delete__=True)
    org.sandbox.clock.advance(FOUR_DAYS)
    org.turn(keepalive_seconds=0.01)
    with org.listening(cursor, gap_s=0.02) as ear:
        told = ear.heard(2)
        assert ear.polled
        org.settle(ear)
        after = org.edit("C004")
        assert [each.record_ids for each in ear.heard()] == [(after,)]
        assert not ear.polled
    assert record in told[0].record_ids
    assert (told[1].kind, told[1].record_ids) == (ChangeKind.DELETE, (gone,))


def test_what_happens_before_the_subscription_has_begun_is_not_lost(org: Org) -> None:
    org.turn(keepalive_seconds=0.01)
    with org.listening(gap_s=0.02) as ear:
        ear.next()
        record = org.edit()
        assert record in [each for change in ear.heard() for each in change.record_ids]


def test_a_cursor_older_than_salesforce_remembers_is_refused(org: Org) -> None:
    with org.settled() as ear:
        cursor = ear.cursor
    org.sandbox.clock.advance(5 * FOUR_DAYS)
    with org.listening(cursor) as ear, pytest.raises(CursorRefused, match="Refresh Salesforce"):
        ear.heard()


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "events1 00D000000000001AAA 2026-01-01T00:00:00+00:00",
        "events1 00D000000000001AAA yesterday",
    ],
)
def test_a_cursor_of_elsewhere_is_refused(org: Org, cursor: str) -> None:
    with org.listening(cursor) as ear, pytest.raises(CursorRefused):
        ear.next()


def test_an_org_without_events_is_asked_instead(org: Org) -> None:
    org.turn(licensed=False)
    with org.listening(poll_s=0.01) as ear:
        ear.until(lambda batch: batch.polled)
        record = org.edit()
        found = ear.until(lambda batch: any(record in c.record_ids for c in batch.changes))
    assert found.changes[0].kind is ChangeKind.UPDATE
    assert found.changes[0].fields is None
    assert calls(org, "pubsub/Subscribe") == 1


def test_without_an_endpoint_nobody_is_asked_but_rest(org: Org) -> None:
    with org.listening(endpoint="", poll_s=0.01) as ear:
        ear.next()  # from here on: seconds do not count, but the minute does
        record = org.edit()
        assert record in ear.heard()[0].record_ids
    assert calls(org, "pubsub/Subscribe") == 0


def test_events_that_cannot_be_reached_are_tried_again_later(org: Org) -> None:
    fault(org, "unavailable", times=2)
    org.turn(keepalive_seconds=0.01)
    with org.listening(attempts=2, retry_s=0.01) as ear:
        ear.until(lambda batch: batch.polled)
        ear.until(lambda batch: not batch.polled)
        record = org.edit()
        ear.until(lambda batch: any(record in c.record_ids for c in batch.changes))
    assert calls(org, "pubsub/Subscribe") == 3


def test_a_gap_tells_the_records_and_an_overflow_the_object(org: Org) -> None:
    with org.hearing() as ear:
        org.turn(most_event_bytes=10)
        record = org.edit("C001")
        (gap,) = ear.heard()
        org.turn(most_changes=0)
        org.edit("C002")
        (overflow,) = ear.heard()
    assert (gap.kind, gap.record_ids, gap.fields) == (ChangeKind.UPDATE, (record,), None)
    assert (overflow.kind, overflow.sobject) == (ChangeKind.OVERFLOW, COUPON)
    assert overflow.record_ids == ()


def test_events_come_over_tls_where_its_certificate_is_trusted(
    org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", org.ready["ca_file"])
    org.turn(keepalive_seconds=0.01)
    with org.listening(endpoint=f"https://{org.ready['pubsub_tls']}") as ear:
        ear.next()
        ear.until(lambda batch: not batch.polled)
    assert calls(org, "pubsub/Subscribe") == 1


def test_an_event_that_makes_no_sense_is_asked_for_instead(
    org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    with org.hearing() as ear:
        monkeypatch.setattr(
            "app.sandbox.salesforce.pubsub.topics.EventSchema.payload", lambda *_: b"\xff"
        )
        record = org.edit()
        assert record in ear.heard()[0].record_ids
        assert ear.polled


def test_a_cancel_ends_the_wait(org: Org) -> None:
    with org.hearing() as ear, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ear.heard)
        org.cancel.cancel()
        assert isinstance(waiting.exception(5), Cancelled)


def test_a_cancel_ends_the_wait_between_two_rounds_of_asking(org: Org) -> None:
    with org.listening(endpoint="") as ear, ThreadPoolExecutor(1) as pool:
        ear.until(lambda batch: batch.polled)
        waiting = pool.submit(ear.heard)
        org.cancel.cancel()
        assert isinstance(waiting.exception(5), Cancelled)


def test_a_network_that_is_down_for_a_while_is_waited_out_when_asking(org: Org) -> None:
    with org.listening(endpoint="", poll_s=0.01) as ear:
        ear.next()
        fault(org, "unavailable", 5, "sobjects/updated")
        record = org.edit()
        assert record in ear.heard()[0].record_ids
