"""Event notifications: who is told what, in which form, how often (aria.md §3)."""

import http.server
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs
from xml.etree import ElementTree as ET

import pytest
import requests

from app.sandbox.launch import Sandbox

Call = Callable[..., dict[str, Any]]
ONE, BUSY = 55010001, 55010002


class Receiver(http.server.HTTPServer):
    """Keeps what was posted, and answers what `answers` says, "OK" at its end."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies: list[bytes] = []
        self.kinds: list[str] = []
        self.answers: list[bytes] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/events/secret"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append(body)
        self.server.kinds.append(self.headers["Content-Type"])
        answer = self.server.answers.pop(0) if self.server.answers else b"OK"
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server, ThreadPoolExecutor(1) as pool:
        pool.submit(server.serve_forever, 0.02)
        yield server
        server.shutdown()


@pytest.fixture
def system(sandbox: Sandbox, aria: dict[str, Any]) -> Any:
    del aria  # it resets
    return sandbox.systems["aria"]


def register(sandbox: Sandbox, receiver: Receiver, **more: Any) -> None:
    wish = {"class_no": 1, "url": receiver.url, **more}
    url = f"{sandbox.ready['control_url']}/edit/aria/event_destination/"
    assert requests.post(url, json=wish, timeout=10).json() == {"done": True}


def test_a_change_is_told_as_a_form(
    core: Call, sandbox: Sandbox, system: Any, receiver: Receiver
) -> None:
    register(sandbox, receiver)
    core("write_acct_comment_m", acct_no=ONE, comment="Hi", client_receipt_id="r1")
    assert system.wait_until_idle(5)
    found = parse_qs(receiver.bodies[0].decode())
    assert receiver.kinds == ["application/x-www-form-urlencoded"]
    assert found["acct_no"] == [str(ONE)]
    assert (found["event_id[]"], found["class_name"]) == (["712"], ["A"])
    assert found["auth_key"] == [sandbox.ready["aria"]["auth_key"]]
    assert found["client_receipt_id"] == ["r1"]
    assert "client_acct_id" not in found


def test_a_change_is_told_as_xml(
    core: Call, sandbox: Sandbox, system: Any, receiver: Receiver
) -> None:
    register(sandbox, receiver, form="xml")
    core("update_acct_complete_m", acct_no=ONE, company_name="A & B", status_cd=-1)
    assert system.wait_until_idle(5)
    root = ET.fromstring(receiver.bodies[0])  # noqa: S314 - our own sandbox wrote it
    assert root.tag == "apf2doc"
    assert root.findtext(".//client_acct_id") == "NWT-10001"
    assert [row.text for row in root.iter("event_id")] == ["702", "704"]


def test_money_is_told_to_its_own_class(
    core: Call, sandbox: Sandbox, system: Any, receiver: Receiver
) -> None:
    register(sandbox, receiver, class_no=3)
    core("write_acct_comment_m", acct_no=ONE, comment="Hi")
    found = core("apply_cash_credit_m", acct_no=ONE, credit_amount=5, credit_reason_cd=1)
    assert found["error_code"] == 0
    assert system.wait_until_idle(5)
    [body] = receiver.bodies
    assert parse_qs(body.decode())["event_id[]"] == ["919"]


def test_another_answer_than_ok_is_tried_again_after_the_delay(
    core: Call, sandbox: Sandbox, system: Any, receiver: Receiver
) -> None:
    receiver.answers = [b"busy", b"busy"]
    register(sandbox, receiver, attempts=3, delay_s=300)
    core("write_acct_comment_m", acct_no=ONE, comment="Hi")
    for expected in ("Failed", "Failed", "Successful"):
        assert system.wait_until_idle(5)
        assert system.state("event")[0]["status"] == expected
        sandbox.clock.advance(301)
        system.clock_moved()
    assert len(set(receiver.bodies)) == 1
    assert len(receiver.bodies) == 3


def test_after_the_last_attempt_the_event_is_lost(
    core: Call, sandbox: Sandbox, system: Any, receiver: Receiver
) -> None:
    receiver.answers = [b"no"]
    register(sandbox, receiver, attempts=1)
    core("write_acct_comment_m", acct_no=ONE, comment="Hi")
    assert system.wait_until_idle(5)
    assert system.state("event")[0]["status"] == "Fatal"


def test_a_preview_and_a_refusal_tell_nothing(
    core: Call, sandbox: Sandbox, system: Any, receiver: Receiver
) -> None:
    register(sandbox, receiver)
    number = core("get_acct_plans_m", acct_no=BUSY)["acct_plans_m"][0]["plan_instance_no"]
    change = {"acct_no": BUSY, "plan_instance_no": number}
    core("update_acct_plan_m", **change, plan_units=7, do_write="false")
    core("update_acct_plan_m", **change, plan_units=-7)
    assert system.state("event") == []


def test_classes_and_events_are_chosen(
    core: Call, sandbox: Sandbox, system: Any, receiver: Receiver
) -> None:
    register(sandbox, receiver)
    core("unsubscribe_events_m", event_list=[{"event_list": 712}])
    core("write_acct_comment_m", acct_no=ONE, comment="Hi")
    core("unsubscribe_event_class_m", class_no=1)
    assert core("client_has_event_class_m", class_no=1)["response"] == "false"
    assert core("subscribe_events_m", event_list=[{"event_list": 701}])["error_code"] == 1016
    core("toggle_test_account_m", account_no=ONE)
    assert system.state("event") == []
    found = core("subscribe_event_class_m", class_no=1)["events"]
    assert {"event_id": 701, "event_state": "subscribed"}.items() <= found[0].items()


def test_while_transmission_is_off_nothing_is_sent(
    core: Call, sandbox: Sandbox, system: Any, receiver: Receiver
) -> None:
    register(sandbox, receiver)
    core("set_prov_engine_m", on_off_indicator="off")
    core("write_acct_comment_m", acct_no=ONE, comment="Hi")
    core("set_prov_engine_m", on_off_indicator="on")
    assert system.wait_until_idle(5)
    assert (receiver.bodies, system.state("event")[0]["status"]) == ([], "Not sent")


def test_an_edit_by_a_person_is_told_too(sandbox: Sandbox, system: Any, receiver: Receiver) -> None:
    register(sandbox, receiver)
    system.edit("account", "NWT-10001", {"city": "Salem"})
    system.edit("plan_instance", "NWT-10002-M1", {"plan_units": 9})
    assert system.wait_until_idle(5)
    found = [parse_qs(body.decode())["event_id[]"] for body in receiver.bodies]
    assert found == [["702"], ["718"]]


@pytest.mark.parametrize(
    "wish", [{"url": "x"}, {"class_no": 1, "url": "ftp://x"}, {"class_no": 9, "url": "http://x"}]
)
def test_a_destination_that_cannot_be_is_refused(system: Any, wish: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"destination|Classes|needs"):
        system.edit("event_destination", "", wish)
