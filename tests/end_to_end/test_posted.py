"""Events that the billing systems post: from the edit over there to the difference on the list."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from app.connectors.receiver import Desk, Receiver, Reception, place
from app.connectors.spec import variable
from app.credentials import Credentials
from app.domain.plan import Operation, Verb
from app.domain.record import Side
from app.services import Services
from app.store import journal
from app.store.inbox import Inbox
from app.sync.event_desk import EventDesk
from tests.end_to_end.front_door import Concord, Door, until

PATH = "Xk29sPq7Lw3vB8nT"
ONE, BUSY = "55010001", "55010002"


@dataclass
class Server:
    """`concord serve --listen` in a process of its own, and the lines that it printed."""

    process: Any
    said: list[dict[str, Any]] = field(default_factory=list)

    def read(self) -> None:
        for line in self.process.stdout:
            self.said.append(json.loads(line))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.said[0]['port']}"

    def rounds(self, because: str) -> list[dict[str, Any]]:
        return [one for one in self.said if one["because"] == because]

    def read_accounts(self) -> set[str]:
        return {key for one in self.rounds("event") for key in one.get("accounts", ())}


@contextmanager
def serving(concord: Concord, starts: int = 2) -> Iterator[Server]:
    """Serve until the end; yield once the first reads are through."""
    words = ("serve", "-w", concord.workspace, "--listen", "127.0.0.1:0", "--json")
    with ThreadPoolExecutor(1) as pool, concord.start(*words) as process:
        server = Server(process)
        pool.submit(server.read)
        until(lambda: len(server.rounds("start")) == starts, "the first reads")
        yield server
        process.kill()
        process.wait()


@pytest.fixture
def shop(concord: Concord, door: Door, monkeypatch: pytest.MonkeyPatch) -> Iterator[Concord]:
    """Return Concord with a workspace of Aria's accounts, in step with a prepared org."""
    monkeypatch.setenv(variable("aria-demo", "event_path"), PATH)
    words = ("--billing", "aria-demo", "--salesforce", "salesforce-demo", "--mapping", "aria")
    assert concord("workspace", "create", "accounts", *words).status == 0
    given = Concord(concord.base, concord.ready, "accounts")
    assert given.work("prepare", "--yes").status == 0
    given.document("refresh")
    yield given
    door.reset(drift=True)


def subscribe(door: Door, server: Server, form: str, *classes: int) -> None:
    for number in classes:
        url = f"{server.url}/aria/{PATH}"
        door.edit("aria", "event_destination", "", class_no=number, url=url, form=form)


def pairs(**changed: str) -> str:
    return urlencode({
        "transaction_id": "1", "class_name": "A", "action": "M",
        "acct_no": ONE, "event_id[]": "702", **changed,
    })  # fmt: skip


@pytest.mark.parametrize("form", ["nvp", "xml"])
def test_an_edit_in_aria_is_read_within_seconds(shop: Concord, door: Door, form: str) -> None:
    with serving(shop) as server:
        subscribe(door, server, form, 1, 3)
        edited = time.monotonic()
        door.edit("aria", "account", "NWT-10001", city="Salem")
        until(lambda: bool(server.rounds("event")), "the event")
        assert time.monotonic() - edited < 10  # a second or two where nothing else runs
        [told] = server.rounds("event")
        assert told["accounts"] == [ONE]
        assert told["changed"] >= 1
        until(lambda: door.state("aria", "event")[0]["status"] == "Successful", "the answer")


def test_what_was_answered_with_ok_survives_a_kill(shop: Concord) -> None:
    with serving(shop) as server:
        assert requests.post(f"{server.url}/aria/{PATH}", pairs(), timeout=10).text == "OK"
        server.process.kill()
        server.process.wait()
        assert server.rounds("event") == []
    with Inbox(shop.base / "stores" / "accounts.sqlite") as inbox:
        assert [one.account for one in inbox.waiting()] == [ONE]
    with serving(shop) as server:
        until(lambda: ONE in server.read_accounts(), "what was left")


def test_forgeries_are_refused_and_read_nothing(shop: Concord) -> None:
    with serving(shop) as server:
        right = f"{server.url}/aria/{PATH}"
        for url, body, status in (
            (f"{server.url}/aria/{PATH[:-1]}x", pairs(), 404),
            (f"{server.url}/orb", pairs(), 404),
            (right, pairs(auth_key="guessed"), 403),
            (right, pairs(client_no="9000009"), 403),
            (right, "<!DOCTYPE a><a/>", 400),
            (right, "hello", 400),
        ):
            answer = requests.post(url, body, timeout=10)
            assert (answer.status_code, answer.text == "OK") == (status, False)
        assert requests.post(right, pairs(acct_no=BUSY), timeout=10).text == "OK"
        until(lambda: bool(server.rounds("event")), "the one that is right")
        assert server.read_accounts() == {BUSY}


def test_what_we_wrote_ourselves_is_answered_and_not_read(shop: Concord, door: Door) -> None:
    key = "0123456789abcdef" * 2
    written = Operation("account", ONE, Side.BILLING, Verb.UPDATE, (), None, "", key)
    with Services(shop.base, Credentials()).workbench("accounts") as bench:
        journal.begin(bench.store, "run", "ada", [written], b"{}")
        with (
            EventDesk(bench) as desk,
            Receiver(Reception(place("127.0.0.1:0")), Desk(desk.admits, desk.take)) as receiver,
            Inbox(bench.store.path) as inbox,
        ):
            url = f"http://127.0.0.1:{receiver.port}/aria/{PATH}"
            door.edit("aria", "event_destination", "", class_no=1, url=url)
            update_aria(shop, city="Salem", client_receipt_id=f"{key}c")
            until(lambda: told_of(door) == ["Successful"], "the answer")
            assert inbox.waiting() == []
            update_aria(shop, city="Bend", client_receipt_id="somebody")
            until(lambda: [one.account for one in inbox.waiting()] == [ONE], "what others wrote")


def update_aria(shop: Concord, **values: str) -> None:
    aria = shop.ready["aria"]
    common = {"client_no": aria["client_no"], "auth_key": aria["auth_key"], "acct_no": ONE}
    sent = {"rest_call": "update_acct_complete_m", "output_format": "json", **common, **values}
    assert requests.post(aria["core_url"], json=sent, timeout=10).json()["error_code"] == 0


def told_of(door: Door) -> list[str]:
    return [row["status"] for row in door.state("aria", "event")]


def test_the_log_has_no_path_and_no_body(shop: Concord) -> None:
    with serving(shop) as server:
        body = pairs(password="hash-of-it", event_id="799")
        requests.post(f"{server.url}/aria/{PATH}", body, timeout=10)
        requests.post(f"{server.url}/aria/{PATH}", pairs(auth_key="guessed-key"), timeout=10)
        requests.post(f"{server.url}/aria/{PATH}x", body, timeout=10)
    text = (shop.base / "logs" / "concord.log").read_text("utf-8")
    assert "799" in text
    assert "refused" in text
    assert not [word for word in (PATH, "hash-of-it", "guessed-key") if word in text]


@pytest.fixture
def orb(concord: Concord, door: Door, monkeypatch: pytest.MonkeyPatch) -> Iterator[Concord]:
    """Return Concord with a workspace of Orb and a prepared org."""
    for name in ("api_key", "webhook_secret"):
        monkeypatch.setenv(variable("orb-demo", name), concord.ready["orb"][name])
    words = ("--billing", "orb-demo", "--salesforce", "salesforce-demo")
    assert concord("workspace", "create", "orb", *words).status == 0
    given = Concord(concord.base, concord.ready, "orb")
    assert given.work("prepare", "--yes").status == 0
    given.document("refresh", "--entity", "customer", "--entity", "plan")
    yield given
    door.reset(drift=True)


def test_webhooks_of_orb_are_read_though_doubled_and_out_of_order(orb: Concord, door: Door) -> None:
    customers = [row["id"] for row in door.state("orb", "customer")[:3]]
    with serving(orb) as server:
        door.edit("orb", "webhook_endpoint", "", url=f"{server.url}/orb")
        door.edit("orb", "Webhooks", "", duplicate_every=2, disorder_every=3)
        # One more than every third, which is held back until another one is sent.
        for number, customer in enumerate((*customers, *customers, customers[0])):
            door.edit("orb", "customer", customer, email=f"new{number}@edited.example")
        until(lambda: server.read_accounts() == set(customers), "all of them")
        forged = requests.post(f"{server.url}/orb", b"{}", timeout=10)
        assert forged.status_code == 401
    assert sum(one["changed"] for one in server.rounds("event")) == 3


def test_without_the_secret_path_nothing_listens(concord: Concord) -> None:
    ran = concord("serve", "-w", "w", "--listen", "127.0.0.1:0")
    assert ran.status == 3
    assert "event_path" in ran.err
    ran = concord("serve", "-w", "w", "--listen", "nowhere")
    assert ran.status == 2
