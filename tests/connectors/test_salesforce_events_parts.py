"""The parts of listening: names behind bitmaps, spans of asking, cursors, ways to the service."""

import io
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

import grpc
import pytest
from fastavro import parse_schema, schemaless_writer

from app.connectors.salesforce.events_change import Change, ChangeKind, Position, position_of
from app.connectors.salesforce.events_poll import Poller
from app.connectors.salesforce.events_schema import event_reader, field_names
from app.connectors.salesforce.events_stream import Meaning, trouble_of
from app.connectors.salesforce.events_wire import open_channel
from app.domain.control import CancelToken
from app.errors import AnswerUnreadable, CursorRefused, RemoteRefused, WrongUse

NOON = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
ORG = "00DHs0000000001MAA"
TEXTS = {"type": "array", "items": "string"}
HEADER = {
    "type": "record",
    "name": "ChangeEventHeader",
    "fields": [
        {"name": "entityName", "type": "string"},
        {"name": "recordIds", "type": TEXTS},
        {"name": "changeType", "type": "string"},
        {"name": "commitTimestamp", "type": "long"},
        {"name": "changedFields", "type": TEXTS},
        {"name": "nulledFields", "type": TEXTS},
    ],
}
ADDRESS = {
    "type": "record",
    "name": "Address",
    "fields": [{"name": name, "type": ["null", "string"]} for name in ("Street", "City")],
}
PERSON = {
    "type": "record",
    "name": "Switchable_PersonName",
    "fields": [{"name": name, "type": ["null", "string"]} for name in ("FirstName", "LastName")],
}
PLACE = {
    "type": "record",
    "name": "Location",
    "fields": [{"name": name, "type": ["null", "double"]} for name in ("Latitude", "Longitude")],
}
SCHEMA = {
    "type": "record",
    "name": "AccountChangeEvent",
    "namespace": "com.sforce.eventbus",
    "fields": [
        {"name": "ChangeEventHeader", "type": HEADER},
        {"name": "Name", "type": ["null", "string", PERSON]},
        {"name": "Phone", "type": ["null", "string"]},
        {"name": "BillingAddress", "type": ["null", ADDRESS]},
        {"name": "ShippingAddress", "type": ["null", "com.sforce.eventbus.Address"]},
        {"name": "Place__c", "type": ["null", PLACE]},
    ],
}


def payload(**head: Any) -> bytes:
    usual = {
        "entityName": "Account",
        "recordIds": ["001"],
        "changeType": "UPDATE",
        "commitTimestamp": round(NOON.timestamp() * 1000),
        "changedFields": [],
        "nulledFields": [],
    }
    out = io.BytesIO()
    schema = parse_schema(json.loads(json.dumps(SCHEMA)))
    schemaless_writer(out, schema, {"ChangeEventHeader": {**usual, **head}})
    return out.getvalue()


@pytest.mark.parametrize(
    ("bitmaps", "names"),
    [
        (["0x04"], ["Phone"]),
        (["0x02"], ["Name"]),
        (["0x04", "1-0x02"], ["Phone", "LastName"]),
        (["3-0x02", "4-0x01"], ["BillingCity", "ShippingStreet"]),
        (["5-0x03"], ["Place__Latitude__s", "Place__Longitude__s"]),
        (["0x08"], ["BillingStreet", "BillingCity"]),
        (["0x0000"], []),
        (["Phone"], ["Phone"]),
    ],
)
def test_bitmaps_name_the_fields_as_rest_does(bitmaps: list[str], names: list[str]) -> None:
    assert list(field_names(bitmaps, event_reader(json.dumps(SCHEMA)).slots)) == names


def test_an_event_says_when_in_utc_and_what_without_double_names() -> None:
    reader = event_reader(json.dumps(SCHEMA))
    change = reader.change(payload(changedFields=["0x04"], nulledFields=["0x04"]))
    assert change.committed_at == NOON
    assert change.fields == ("Phone",)


@pytest.mark.parametrize(
    "broken",
    [payload()[:10], b"", payload(changeType="SNAPSHOT"), payload(changedFields=["99-0x01"])],
)
def test_an_event_that_makes_no_sense_is_told(broken: bytes) -> None:
    with pytest.raises(AnswerUnreadable):
        event_reader(json.dumps(SCHEMA)).change(broken)


@pytest.mark.parametrize(
    "text", ["", "{}", '{"fields": []}', '{"fields": [{"name": "Id", "type": "string"}]}']
)
def test_a_schema_of_something_else_is_told(text: str) -> None:
    with pytest.raises(AnswerUnreadable):
        event_reader(text)


def test_a_cursor_is_read_as_it_was_written() -> None:
    for replay in (b"", b"\x00\xff\x10 any"):
        position = Position(ORG, NOON, replay)
        assert position_of(position.cursor, ORG) == position


def test_time_in_a_position_never_goes_back() -> None:
    position = Position(ORG, NOON).moved(NOON - timedelta(hours=1), b"x")
    assert (position.at, position.replay) == (NOON, b"x")


def test_a_client_is_known_by_its_whole_name() -> None:
    change = Change("Account", (), ChangeKind.UPDATE, NOON, origin="com/api;client=NotConcord")
    assert not change.is_from()


class Asked:
    """A session that remembers the spans asked for, and refuses those that are too long."""

    def __init__(self, longest: timedelta | None = None, code: str = "EXCEEDED_ID_LIMIT") -> None:
        self.longest = longest
        self.code = code
        self.spans: list[tuple[str, datetime, datetime]] = []
        self.covered = NOON
        self.earliest = NOON - timedelta(days=15)
        self.ids: Sequence[str] = ("a1",)

    def get(self, path: str, cancel: CancelToken) -> Any:
        cancel.check()
        what, start, end = self._span(path)
        if self.longest is not None and end - start > self.longest:
            raise RemoteRefused("too many", code=self.code)
        self.spans.append((what, start, end))
        upto = min(end, self.covered).isoformat()
        if what == "updated":
            return {"ids": list(self.ids), "latestDateCovered": upto}
        gone = [{"id": "a9", "deletedDate": upto}]
        earliest = self.earliest.isoformat()
        return {
            "deletedRecords": gone,
            "earliestDateAvailable": earliest,
            "latestDateCovered": upto,
        }

    @staticmethod
    def _span(path: str) -> tuple[str, datetime, datetime]:
        parts = urlsplit(path)
        query = parse_qs(parts.query)
        start, end = (datetime.fromisoformat(query[name][0]) for name in ("start", "end"))
        return parts.path.rstrip("/").rpartition("/")[2], start, end


def poller(asked: Any, since: datetime) -> Poller:
    return Poller(asked, ["X__c"], since, lambda: NOON)


def test_asking_goes_on_where_salesforce_says_it_ended() -> None:
    asked = Asked()
    asked.covered = NOON - timedelta(minutes=5)
    asking = poller(asked, NOON - timedelta(hours=1))
    list(asking.changes(CancelToken()))
    assert asking.covered == asked.covered
    list(asking.changes(CancelToken()))
    assert asked.spans[-1][1] == asked.covered.replace(second=0)


def test_spans_are_whole_minutes_and_include_the_one_that_is_not_over() -> None:
    asked = Asked()
    list(poller(asked, NOON).changes(CancelToken()))
    minute = NOON.replace(second=0)
    assert asked.spans == [
        (what, minute, minute + timedelta(minutes=1)) for what in ("updated", "deleted")
    ]


def test_a_span_with_too_many_records_is_asked_for_in_pieces() -> None:
    asked = Asked(longest=timedelta(minutes=20))
    found = list(poller(asked, NOON - timedelta(hours=1)).changes(CancelToken()))
    spans = [(start, end) for what, start, end in asked.spans if what == "updated"]
    assert all(end == start for (_, end), (start, _) in pairwise(spans))
    assert spans[0][0] == (NOON - timedelta(hours=1)).replace(second=0)
    assert spans[-1][1] == NOON.replace(second=0) + timedelta(minutes=1)
    assert len(found) == 2 * len(spans)


def test_another_refusal_is_handed_on() -> None:
    asked = Asked(longest=timedelta(0), code="INVALID_TYPE")
    with pytest.raises(RemoteRefused):
        list(poller(asked, NOON).changes(CancelToken()))


def test_deletions_that_may_be_forgotten_are_no_changes_to_rely_on() -> None:
    asked = Asked()
    asked.earliest = NOON - timedelta(minutes=10)
    with pytest.raises(CursorRefused, match="since 2026-03-01 11:00"):
        list(poller(asked, NOON - timedelta(hours=1)).changes(CancelToken()))


def test_many_ids_come_in_changes_of_a_bounded_size() -> None:
    asked = Asked()
    asked.ids = [f"id{number}" for number in range(4_500)]
    found = list(poller(asked, NOON).changes(CancelToken()))
    assert [len(change.record_ids) for change in found] == [2000, 2000, 500, 1]
    assert found[-1].kind is ChangeKind.DELETE


@pytest.mark.parametrize(
    "endpoint",
    ["", "http://api.example.com:7443", "ftp://127.0.0.1:1", "api.example.com:port"],
)
def test_no_endpoint_that_is_wrong_or_open_to_the_network(endpoint: str) -> None:
    with pytest.raises(WrongUse):
        open_channel(endpoint)


def test_a_missing_file_of_certificates_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    with pytest.raises(WrongUse, match="REQUESTS_CA_BUNDLE"):
        open_channel("api.example.com:7443")


class Refused(grpc.RpcError):
    """An error as gRPC raises it."""

    def __init__(self, status: grpc.StatusCode, code: str = "") -> None:
        super().__init__()
        self._status, self._code = status, code

    def code(self) -> grpc.StatusCode:
        return self._status

    def trailing_metadata(self) -> Iterator[tuple[str, str]]:
        found = [("error-code", f"sfdc.platform.eventbus.grpc.{self._code}")] if self._code else []
        return iter(found)


@pytest.mark.parametrize(
    ("status", "code", "meaning"),
    [
        (grpc.StatusCode.UNAVAILABLE, "", Meaning.TRY_AGAIN),
        (grpc.StatusCode.INTERNAL, "subscription.internal.error", Meaning.TRY_AGAIN),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "subscription.limit.exceeded", Meaning.NO_EVENTS),
        (grpc.StatusCode.UNAUTHENTICATED, "service.auth.error", Meaning.SIGN_IN),
        (grpc.StatusCode.PERMISSION_DENIED, "", Meaning.NO_EVENTS),
        (
            grpc.StatusCode.INVALID_ARGUMENT,
            "subscription.fetch.replayid.corrupted",
            Meaning.TOO_OLD,
        ),
    ],
)
def test_an_error_means_what_its_code_says(
    status: grpc.StatusCode, code: str, meaning: Meaning
) -> None:
    assert trouble_of(Refused(status, code)).meaning is meaning
