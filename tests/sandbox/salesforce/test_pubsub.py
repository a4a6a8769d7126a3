"""Change events over real gRPC: topics, schemas, flow control, replay, and how it refuses."""

import io
import json
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from fastavro import parse_schema, schemaless_reader

from app.sandbox.dataset import Dataset
from app.sandbox.faults import rules_from
from app.sandbox.launch import Sandbox, SandboxOptions
from app.sandbox.salesforce.pubsub.messages import (
    CUSTOM,
    EARLIEST,
    LATEST,
    METHODS,
    SERVICE,
    encoded,
    new,
    parser,
)

ALL = "/data/ChangeEvents"
PLANS = "/data/Client_Plan__ChangeEvent"
DAYS_4 = 4 * 24 * 3600
STATUS = grpc.StatusCode


@dataclass
class Stream:
    """A Subscribe call: what is asked goes in, responses come out."""

    asked: "queue.SimpleQueue[Any]"
    call: Any

    def ask(self, **fields: Any) -> None:
        self.asked.put(new("FetchRequest", **fields))

    def next(self) -> Any:
        return next(self.call)

    def events(self, count: int) -> list[Any]:
        found: list[Any] = []
        while len(found) < count:
            found += self.next().events
        return found


class Subscriber:
    """A caller of the Pub/Sub API, signed in unless told otherwise."""

    def __init__(self, org: Any, channel: grpc.Channel) -> None:
        self.org = org
        self.channel = channel
        token = str(org.http.headers["Authorization"]).removeprefix("Bearer ")
        organization = org.query("SELECT Id FROM Organization")[0]["Id"]
        self.metadata = {
            "accesstoken": token,
            "instanceurl": org.host,
            "tenantid": organization,
        }

    def unary(self, name: str, **fields: Any) -> Any:
        method = METHODS[name]
        call = self.channel.unary_unary(f"/{SERVICE}/{name}", encoded, parser(method.response))
        request = new(method.request, **fields)
        return call(request, metadata=list(self.metadata.items()), timeout=10)

    def streaming(self, name: str, requests: Iterator[Any]) -> Any:
        parse = parser(METHODS[name].response)
        call = self.channel.stream_stream(f"/{SERVICE}/{name}", encoded, parse)
        return call(requests, metadata=list(self.metadata.items()), timeout=30)

    @contextmanager
    def subscribed(self, topic: str = ALL, most: int = 100, **start: Any) -> Iterator[Stream]:
        asked: queue.SimpleQueue[Any] = queue.SimpleQueue()
        call = self.streaming("Subscribe", iter(asked.get, None))
        stream = Stream(asked, call)
        stream.ask(topic_name=topic, num_requested=most, **start)
        try:
            yield stream
        finally:
            call.cancel()
            asked.put(None)

    @contextmanager
    def waiting(self, topic: str = ALL) -> Iterator[Stream]:
        """Give a stream from now on, once the server has taken it up."""
        self.turn(keepalive_seconds=0.01)
        with self.subscribed(topic, replay_preset=LATEST) as stream:
            assert not stream.next().events
            yield stream

    def decoded(self, event: Any) -> dict[str, Any]:
        info = self.unary("GetSchema", schema_id=event.event.schema_id)
        schema = parse_schema(json.loads(info.schema_json))
        found = schemaless_reader(io.BytesIO(event.event.payload), schema, None)
        assert isinstance(found, dict)
        return found

    def heads(self, stream: Stream, count: int) -> list[dict[str, Any]]:
        return [self.decoded(each)["ChangeEventHeader"] for each in stream.events(count)]

    def turn(self, **knobs: Any) -> None:
        self.org.sandbox.systems["salesforce"].edit("ChangeEvents", "", knobs)


@pytest.fixture
def subscriber(org: Any) -> Iterator[Subscriber]:
    with grpc.insecure_channel(org.ready["pubsub"]) as channel:
        yield Subscriber(org, channel)


def refusal(error: pytest.ExceptionInfo[grpc.RpcError]) -> tuple[grpc.StatusCode, str]:
    call: Any = error.value
    code = dict(call.trailing_metadata()).get("error-code", "")
    return call.code(), str(code).removeprefix("sfdc.platform.eventbus.grpc.")


def fields_at(event: dict[str, Any], schema: list[str], name: str) -> list[str]:
    (bits,) = event["ChangeEventHeader"][name]
    return [each for place, each in enumerate(schema) if int(bits, 16) >> place & 1]


def test_an_update_names_its_fields_by_position_and_holds_them_alone(
    subscriber: Subscriber,
) -> None:
    plan = subscriber.org.plan_id()
    with subscriber.subscribed(PLANS, replay_preset=EARLIEST) as stream:
        change = {"Name": "Fibre Max", "Currency__c": None, "Aria_Number__c": 7}
        subscriber.org.patch(f"sobjects/Client_Plan__c/{plan}", change)
        event = subscriber.decoded(stream.events(1)[0])
    names = list(event)
    assert set(fields_at(event, names, "changedFields")) >= {"Name", "Currency__c"}
    assert "Aria_Number__c" not in fields_at(event, names, "changedFields")
    assert fields_at(event, names, "nulledFields") == ["Currency__c"]
    assert (event["Name"], event["Currency__c"], event["Aria_Number__c"]) == (
        "Fibre Max",
        None,
        None,
    )


def test_the_header_says_what_who_when_and_by_which_client(subscriber: Subscriber) -> None:
    headers = {"Sforce-Call-Options": "client=Concord"}
    with subscriber.subscribed(replay_preset=EARLIEST) as stream:
        answer = subscriber.org.post("sobjects/Account", {"Name": "Ada Ltd"}, headers=headers)
        (head,) = subscriber.heads(stream, 1)
    assert (head["entityName"], head["changeType"]) == ("Account", "CREATE")
    assert head["recordIds"] == [answer.json()["id"]]
    assert head["changeOrigin"] == "com/salesforce/api/rest/66.0;client=Concord"
    now = subscriber.org.sandbox.clock.now().timestamp() * 1000
    assert abs(head["commitTimestamp"] - now) < 60_000
    assert head["changedFields"] == head["nulledFields"] == head["diffFields"] == []


def test_compound_fields_are_records_with_bitmaps_of_their_own(subscriber: Subscriber) -> None:
    contact = subscriber.org.insert("Contact", LastName="Lovelace", MailingCity="London")
    with subscriber.waiting("/data/ContactChangeEvent") as stream:
        change = {"FirstName": "Ada", "MailingCity": None}
        subscriber.org.patch(f"sobjects/Contact/{contact}", change)
        event = subscriber.decoded(stream.events(1)[0])
    names = list(event)
    top, *nested = event["ChangeEventHeader"]["changedFields"]
    assert top.startswith("0x")
    name, address = names.index("Name"), names.index("MailingAddress")
    assert nested == [f"{name}-0x02", f"{address}-0x02"]
    assert event["ChangeEventHeader"]["nulledFields"] == [f"{address}-0x02"]
    assert event["Name"]["FirstName"] == "Ada"


def test_the_same_change_of_many_records_in_a_transaction_is_one_event(
    subscriber: Subscriber,
) -> None:
    ids = [row["Id"] for row in subscriber.org.query("SELECT Id FROM Rate_Tier__c LIMIT 150")]
    records = [{"attributes": {"type": "Rate_Tier__c"}, "Id": i, "Rate__c": 9.5} for i in ids]
    with subscriber.subscribed(replay_preset=EARLIEST) as stream:
        subscriber.org.patch("composite/sobjects", {"records": records})
        first, ours = subscriber.org.plan_id("lite"), subscriber.heads(stream, 1)
        subscriber.org.send("DELETE", f"sobjects/Client_Plan__c/{first}")
        (gone,) = subscriber.heads(stream, 1)
    assert ours[0]["recordIds"] == ids
    assert (gone["changeType"], gone["recordIds"]) == ("DELETE", [first])
    assert gone["transactionKey"] != ours[0]["transactionKey"]
    assert gone["commitNumber"] > ours[0]["commitNumber"]


def test_a_transaction_numbers_its_events_and_one_rolled_back_has_none(
    subscriber: Subscriber,
) -> None:
    good = {"attributes": {"type": "Account"}, "Name": "Good"}
    bad = {"attributes": {"type": "Account"}}
    other = {"attributes": {"type": "Account"}, "Name": "Other"}
    with subscriber.subscribed(replay_preset=EARLIEST) as stream:
        post = subscriber.org.post
        post("composite/sobjects", {"allOrNone": True, "records": [good, bad]})
        post("composite/sobjects", {"allOrNone": False, "records": [good, bad, other]})
        heads = subscriber.heads(stream, 2)
    assert [head["sequenceNumber"] for head in heads] == [1, 2]
    assert heads[0]["transactionKey"] == heads[1]["transactionKey"]


def test_no_more_comes_than_was_asked_for(subscriber: Subscriber) -> None:
    for number in range(5):
        subscriber.org.insert("Account", Name=f"Account {number}")
    with subscriber.subscribed(most=2, replay_preset=EARLIEST) as stream:
        assert len(stream.events(2)) == 2
        stream.ask(num_requested=3)
        response = stream.next()
    assert (len(response.events), response.pending_num_requested) == (3, 0)


def test_more_than_a_hundred_cannot_be_asked_for(subscriber: Subscriber) -> None:
    subscriber.org.insert("Account", Name="One")
    with subscriber.subscribed(most=5000, replay_preset=EARLIEST) as stream:
        assert stream.next().pending_num_requested == 99


def test_replay_goes_on_behind_an_event_in_the_order_of_the_commits(
    subscriber: Subscriber,
) -> None:
    ids = [subscriber.org.insert("Account", Name=f"Account {n}") for n in range(4)]
    with subscriber.subscribed(replay_preset=EARLIEST) as stream:
        first, second, *_ = stream.events(4)
    assert first.replay_id < second.replay_id
    start = {"replay_preset": CUSTOM, "replay_id": second.replay_id}
    with subscriber.subscribed("/data/AccountChangeEvent", **start) as stream:
        heads = subscriber.heads(stream, 2)
    assert [head["recordIds"] for head in heads] == [[ids[2]], [ids[3]]]


def test_latest_leaves_out_what_was_before(subscriber: Subscriber) -> None:
    subscriber.org.insert("Account", Name="Before")
    with subscriber.waiting() as stream:
        after = subscriber.org.insert("Account", Name="After")
        assert subscriber.heads(stream, 1)[0]["recordIds"] == [after]


def test_a_replay_id_is_worth_nothing_after_72_hours(subscriber: Subscriber) -> None:
    subscriber.org.insert("Account", Name="Old")
    with subscriber.subscribed(replay_preset=EARLIEST) as stream:
        old = stream.events(1)[0].replay_id
    subscriber.org.sandbox.clock.advance(DAYS_4)
    subscriber.metadata["accesstoken"] = subscriber.org.sign_in()
    with (
        subscriber.subscribed(replay_preset=CUSTOM, replay_id=old) as stream,
        pytest.raises(grpc.RpcError) as error,
    ):
        stream.next()
    expected = "subscription.fetch.replayid.corrupted"
    assert refusal(error) == (STATUS.INVALID_ARGUMENT, expected)


def test_a_waiting_subscriber_gets_signs_of_life_with_a_place_to_go_on(
    subscriber: Subscriber,
) -> None:
    with subscriber.waiting() as stream:
        place = stream.next()
    after = subscriber.org.insert("Account", Name="After")
    start = {"replay_preset": CUSTOM, "replay_id": place.latest_replay_id}
    with subscriber.subscribed(**start) as stream:
        assert subscriber.heads(stream, 1)[0]["recordIds"] == [after]


def test_a_subscriber_that_asks_for_nothing_more_is_let_go(subscriber: Subscriber) -> None:
    subscriber.turn(idle_seconds=0.01)
    subscriber.org.insert("Account", Name="One")
    with subscriber.subscribed(most=1, replay_preset=EARLIEST) as stream:
        assert len(stream.events(1)) == 1
        with pytest.raises(StopIteration):
            stream.next()


def test_too_large_an_event_is_a_gap_with_ids_alone(subscriber: Subscriber) -> None:
    subscriber.turn(most_event_bytes=300)
    plan = subscriber.org.plan_id()
    with subscriber.subscribed(replay_preset=EARLIEST) as stream:
        change = {"Description__c": "x" * 400}
        subscriber.org.patch(f"sobjects/Client_Plan__c/{plan}", change)
        event = subscriber.decoded(stream.events(1)[0])
    head = event["ChangeEventHeader"]
    assert (head["changeType"], head["recordIds"]) == ("GAP_UPDATE", [plan])
    assert event["Description__c"] is None
    assert head["changedFields"] == []


def test_too_large_a_transaction_overflows(subscriber: Subscriber) -> None:
    subscriber.turn(most_changes=2)
    records = [{"attributes": {"type": "Account"}, "Name": f"N{n}"} for n in range(4)]
    with subscriber.subscribed(replay_preset=EARLIEST) as stream:
        subscriber.org.post("composite/sobjects", {"records": records})
        heads = subscriber.heads(stream, 3)
    assert [head["changeType"] for head in heads] == ["CREATE", "CREATE", "GAP_OVERFLOW"]
    assert (heads[2]["entityName"], heads[2]["recordIds"]) == ("Account", [])


def test_only_selected_objects_have_events(subscriber: Subscriber) -> None:
    subscriber.turn(selected=["Contact"])
    with subscriber.subscribed(replay_preset=EARLIEST) as stream:
        subscriber.org.insert("Account", Name="Nobody told")
        subscriber.org.insert("Contact", LastName="Told")
        assert subscriber.heads(stream, 1)[0]["entityName"] == "Contact"


def test_a_hidden_field_is_not_told(subscriber: Subscriber) -> None:
    system = subscriber.org.sandbox.systems["salesforce"]
    system.edit("Client_Plan__c", "lite", {"Family__c": "Fibre", "Name": "Seen"})
    system.edit("FieldPermissions", "Client_Plan__c.Family__c", {"PermissionsRead": False})
    with subscriber.subscribed(PLANS, replay_preset=EARLIEST) as stream:
        event = subscriber.decoded(stream.events(1)[0])
    assert (event["Name"], event["Family__c"]) == ("Seen", None)
    assert "Family__c" not in fields_at(event, list(event), "changedFields")


def test_a_reset_ends_the_worth_of_replay_ids(subscriber: Subscriber) -> None:
    subscriber.org.insert("Account", Name="Before")
    with subscriber.subscribed(replay_preset=EARLIEST) as stream:
        old = stream.events(1)[0].replay_id
    subscriber.org.sandbox.systems["salesforce"].reset(drift=False)
    with (
        subscriber.subscribed(replay_preset=CUSTOM, replay_id=old) as stream,
        pytest.raises(grpc.RpcError),
    ):
        stream.next()


def test_bulk_jobs_tell_who_asked_for_them(subscriber: Subscriber) -> None:
    job = {"object": "Account", "operation": "insert", "contentType": "CSV"}
    client = {"Sforce-Call-Options": "client=Loader"}
    org = subscriber.org
    with subscriber.subscribed(replay_preset=EARLIEST) as stream:
        job_id = org.post("jobs/ingest", job).json()["id"]
        org.send("PUT", f"jobs/ingest/{job_id}/batches", data="Name\nA\nB\n", headers={
            "Content-Type": "text/csv"})  # fmt: skip
        org.patch(f"jobs/ingest/{job_id}", {"state": "UploadComplete"}, headers=client)
        heads = subscriber.heads(stream, 2)
    assert {head["changeOrigin"] for head in heads} == {
        "com/salesforce/api/bulkapi/66.0;client=Loader"
    }


def test_topics_are_found_with_their_schema(subscriber: Subscriber) -> None:
    topic = subscriber.unary("GetTopic", topic_name=PLANS)
    info = subscriber.unary("GetSchema", schema_id=topic.schema_id)
    schema = json.loads(info.schema_json)
    assert (topic.can_subscribe, topic.can_publish) == (True, False)
    assert schema["name"] == "Client_Plan__ChangeEvent"
    assert schema["fields"][0]["name"] == "ChangeEventHeader"
    assert all(each["type"][0] == "null" for each in schema["fields"][1:])
    assert len(topic.schema_id) == 22


@pytest.mark.parametrize(
    ("name", "fields", "status", "code"),
    [
        ("GetTopic", {"topic_name": "/data/Nothing"}, STATUS.NOT_FOUND, "topic.not.found"),
        ("GetTopic", {}, STATUS.INVALID_ARGUMENT, "topic.validation.empty"),
        ("GetSchema", {}, STATUS.INVALID_ARGUMENT, "schema.validation.failed"),
        ("Publish", {"topic_name": ALL}, STATUS.PERMISSION_DENIED, "topic.meta.permission"),
    ],
)
def test_what_is_not_there_is_refused(
    subscriber: Subscriber, name: str, fields: dict[str, Any], status: Any, code: str
) -> None:
    with pytest.raises(grpc.RpcError) as error:
        subscriber.unary(name, **fields)
    assert refusal(error) == (status, code)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"num_requested": 0}, "requested.events.invalid"),
        ({"num_requested": 1, "replay_preset": CUSTOM}, "replayid.validation.failed"),
        ({"num_requested": 1, "replay_preset": CUSTOM, "replay_id": b"x"}, "replayid.corrupted"),
    ],
)
def test_a_wrong_request_ends_the_stream(
    subscriber: Subscriber, fields: dict[str, Any], code: str
) -> None:
    request = new("FetchRequest", topic_name=ALL, **fields)
    with pytest.raises(grpc.RpcError) as error:
        next(subscriber.streaming("Subscribe", iter([request])))
    assert refusal(error) == (STATUS.INVALID_ARGUMENT, f"subscription.fetch.{code}")


def test_a_topic_cannot_change_on_the_way(subscriber: Subscriber) -> None:
    requests = [new("FetchRequest", topic_name=each, num_requested=1) for each in (ALL, PLANS)]
    with pytest.raises(grpc.RpcError) as error:
        next(subscriber.streaming("Subscribe", iter(requests)))
    assert refusal(error)[1] == "subscription.fetch.topic.mismatch"


def test_managed_subscriptions_and_publishing_streams_are_refused(
    subscriber: Subscriber,
) -> None:
    managed = new("ManagedFetchRequest", developer_name="Mine", num_requested=1)
    with pytest.raises(grpc.RpcError) as error:
        next(subscriber.streaming("ManagedSubscribe", iter([managed])))
    assert refusal(error)[0] is STATUS.NOT_FOUND
    with pytest.raises(grpc.RpcError) as error:
        next(subscriber.streaming("PublishStream", iter([new("PublishRequest", topic_name=ALL)])))
    assert refusal(error)[0] is STATUS.PERMISSION_DENIED


@pytest.mark.parametrize(
    ("header", "value", "code"),
    [
        ("accesstoken", "00D!dead", "service.auth.error"),
        ("tenantid", "00D000000000001AAA", "service.auth.error"),
        ("instanceurl", "elsewhere", "service.auth.error"),
        ("instanceurl", "https://other.my.salesforce.com", "service.auth.error"),
        ("tenantid", "", "service.auth.headers.invalid"),
    ],
)
def test_who_is_not_signed_in_is_refused(
    subscriber: Subscriber, header: str, value: str, code: str
) -> None:
    subscriber.metadata[header] = value
    with pytest.raises(grpc.RpcError) as error:
        subscriber.unary("GetTopic", topic_name=ALL)
    assert refusal(error) == (STATUS.UNAUTHENTICATED, code)


def test_an_org_without_the_license_is_refused(subscriber: Subscriber) -> None:
    subscriber.turn(licensed=False)
    with pytest.raises(grpc.RpcError) as error:
        subscriber.unary("GetTopic", topic_name=ALL)
    assert refusal(error) == (STATUS.PERMISSION_DENIED, "service.tenant.license")


def test_all_subscriptions_can_be_cut_off(subscriber: Subscriber) -> None:
    with subscriber.waiting() as stream:
        subscriber.org.insert("Account", Name="One")
        assert len(stream.events(1)) == 1
        subscriber.turn(cut=True)
        with pytest.raises(grpc.RpcError) as error:
            stream.events(1)
    assert refusal(error)[0] is STATUS.UNAVAILABLE


def test_it_is_served_over_tls_too(subscriber: Subscriber, sandbox: Sandbox) -> None:
    ready = sandbox.ready["salesforce"]
    credentials = grpc.ssl_channel_credentials(Path(ready["ca_file"]).read_bytes())
    with grpc.secure_channel(ready["pubsub_tls"], credentials) as channel:
        subscriber.channel = channel
        assert subscriber.unary("GetTopic", topic_name=ALL).topic_name == ALL


def test_a_port_that_is_taken_is_told(org: Any) -> None:
    port = int(org.ready["pubsub"].rpartition(":")[2])
    options = SandboxOptions(
        systems=["salesforce"], dataset=Dataset({}, {}, ()), ports={"salesforce_pubsub": port}
    )
    with pytest.raises(OSError, match=f"port {port}"):
        Sandbox(options).start()


def test_faults_strike_calls_that_are_not_http_too(subscriber: Subscriber) -> None:
    rules = rules_from([{"kind": "unavailable", "endpoint": "pubsub/GetTopic"}])
    subscriber.org.sandbox.faults.replace(rules)
    with pytest.raises(grpc.RpcError) as error:
        subscriber.unary("GetTopic", topic_name=ALL)
    assert refusal(error) == (STATUS.UNAVAILABLE, "service.unavailable")
    counts = subscriber.org.sandbox.calls.counts()["salesforce"]
    assert counts["pubsub/GetTopic"] >= 1


def test_a_wrong_knob_is_refused_by_name(subscriber: Subscriber) -> None:
    with pytest.raises(ValueError, match="keepalive_seconds is a number"):
        subscriber.turn(keepalive_seconds="soon")
    with pytest.raises(KeyError):
        subscriber.turn(volume=11)
