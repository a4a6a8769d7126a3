"""The Streaming API over real HTTP: Bayeux messages, long polls, replay, and how it refuses."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

ACCOUNTS = "/data/AccountChangeEvent"
ALL = "/data/ChangeEvents"


def insert(org: Any, sobject: str, **values: Any) -> str:
    return str(org.post(f"sobjects/{sobject}", values).json()["id"])


class Listener:
    """A Bayeux client that has shaken hands, if the server let it."""

    def __init__(self, org: Any, token: str = "") -> None:
        self.org = org
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.greeting = self.send("/meta/handshake", version="1.0")[0]
        self.id = self.greeting.get("clientId")

    def send(self, channel: str, **more: Any) -> list[dict[str, Any]]:
        message = {"channel": channel, "id": "7", **more}
        response = self.org.post("/cometd/66.0/", [message], headers=self.headers)
        found = response.json()
        assert isinstance(found, list)
        return found

    def subscribe(self, channel: str, replay: int | None = None) -> dict[str, Any]:
        ext = {} if replay is None else {"ext": {"replay": {channel: replay}}}
        return self.send("/meta/subscribe", clientId=self.id, subscription=channel, **ext)[0]

    def connect(self, **more: Any) -> list[dict[str, Any]]:
        return self.send("/meta/connect", clientId=self.id, connectionType="long-polling", **more)

    def events(self) -> list[dict[str, Any]]:
        return [each["data"] for each in self.connect() if "data" in each]

    def turn(self, **knobs: Any) -> None:
        self.org.sandbox.systems["salesforce"].edit("ChangeEvents", "", knobs)


@pytest.fixture
def listener(org: Any) -> Listener:
    found = Listener(org)
    found.connect()  # the first is answered at once
    return found


def test_a_client_is_told_what_changes_from_now_on(org: Any, listener: Listener) -> None:
    insert(org, "Account", Name="Before")
    assert listener.subscribe(ACCOUNTS)["successful"]
    record_id = insert(org, "Account", Name="Acme", BillingCity="Bonn")
    (event,) = listener.events()
    header = event["payload"]["ChangeEventHeader"]
    assert (header["changeType"], header["recordIds"]) == ("CREATE", [record_id])
    assert event["payload"]["Name"] == "Acme"
    assert event["payload"]["BillingAddress"] == {"City": "Bonn"}
    assert event["payload"]["CreatedDate"].endswith("Z")
    assert header["changedFields"] == []


def test_a_connect_waits_for_what_is_still_to_come(org: Any, listener: Listener) -> None:
    listener.subscribe(ALL)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(listener.events)
        insert(org, "Account", Name="Later")
        assert [each["payload"]["Name"] for each in waiting.result(10)] == ["Later"]


def test_an_update_names_its_fields_and_tells_nulls(org: Any, listener: Listener) -> None:
    record_id = insert(org, "Contact", LastName="Doe", FirstName="Jo")
    listener.subscribe("/data/ContactChangeEvent")
    org.patch(f"sobjects/Contact/{record_id}", {"FirstName": None})
    (event,) = listener.events()
    assert event["payload"]["Name"] == {"FirstName": None}
    assert "Name.FirstName" in event["payload"]["ChangeEventHeader"]["changedFields"]


def test_who_comes_back_is_told_what_it_missed(org: Any, listener: Listener) -> None:
    listener.subscribe(ACCOUNTS)
    insert(org, "Account", Name="One")
    seen = listener.events()[0]["event"]["replayId"]
    insert(org, "Account", Name="Two")
    for replay, names in ((seen, ["Two"]), (-2, ["One", "Two"])):
        again = Listener(org)
        again.connect()
        again.subscribe(ACCOUNTS, replay)
        assert [each["payload"]["Name"] for each in again.events()] == names


def test_a_replay_id_or_channel_of_nothing_is_refused(listener: Listener) -> None:
    refused = listener.subscribe(ALL, 999_999)
    assert refused["error"].startswith("400::The replayId {999999} you provided was invalid.")
    refused = listener.subscribe("/topic/None")
    assert (refused["successful"], refused["subscription"]) == (False, "/topic/None")
    assert refused["error"].startswith("404::")


def test_a_dead_session_is_denied(org: Any) -> None:
    denied = Listener(org, "00D!dead").greeting
    assert (denied["successful"], denied["error"]) == (False, "403::Handshake denied")
    assert denied["ext"]["sfdc"]["failureReason"] == "401::Authentication invalid"
    assert denied["advice"]["reconnect"] == "none"


def test_who_is_cut_off_has_to_shake_hands_again(listener: Listener) -> None:
    listener.turn(cut=True)
    (told,) = listener.connect()
    assert told["error"] == "403::Unknown client"
    assert told["advice"]["reconnect"] == "handshake"


def test_a_poll_without_events_ends_in_time(listener: Listener) -> None:
    listener.subscribe(ALL)
    listener.turn(poll_seconds=0.01)
    (told,) = listener.connect()
    assert (told["successful"], told["advice"]["timeout"]) == (True, 10)


def test_a_later_connect_takes_the_place_of_one_that_waits(org: Any, listener: Listener) -> None:
    listener.subscribe(ALL)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(listener.connect)
        assert listener.connect(advice={"timeout": 0})[-1]["successful"]
        insert(org, "Account", Name="Told once")
        found = [*first.result(10), *listener.connect(advice={"timeout": 0})]
    assert [each["data"]["payload"]["Name"] for each in found if "data" in each] == ["Told once"]


def test_who_has_left_is_unknown(listener: Listener) -> None:
    assert listener.send("/meta/disconnect", clientId=listener.id)[0]["successful"]
    assert listener.connect()[0]["error"] == "403::Unknown client"


def test_who_unsubscribes_is_told_nothing(org: Any, listener: Listener) -> None:
    listener.subscribe(ALL)
    listener.send("/meta/unsubscribe", clientId=listener.id, subscription=ALL)
    insert(org, "Account", Name="Unheard")
    assert listener.connect(advice={"timeout": 0})[-1]["successful"]
    assert not listener.send("/data/AccountChangeEvent", clientId=listener.id)[0]["successful"]


def test_a_retired_version_and_a_wrong_body_are_refused(org: Any) -> None:
    assert org.post("/cometd/20.0/", []).status_code == 410
    assert org.post("/cometd/66.0/", [1]).status_code == 400
    assert org.send("POST", "/cometd/66.0/", data="{").status_code == 400
    assert org.get("/cometd/66.0/").status_code == 405
    assert org.post("/cometd/x", []).status_code == 404


def test_an_org_without_events_lets_nobody_listen(listener: Listener) -> None:
    listener.turn(licensed=False)
    assert listener.subscribe(ALL)["error"].startswith("403::")
