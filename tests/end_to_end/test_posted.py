"""Events that the billing systems post: from the edit over there to the difference on the list."""

import json
import logging
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from app.connectors.receiver import Desk, Receiver, Reception, place
from app.connectors.spec import variable
from app.credentials import Credentials
from app.domain.plan import Operation, Verb
from app.domain.record import Side
from app.sandbox.launch import Sandbox, SandboxOptions
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


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Return a sandbox that no test resets: the org stays prepared."""
    ready = tmp_path_factory.mktemp("posted") / "ready.json"
    with Sandbox(SandboxOptions(ready_file=ready, size=1)) as running:
        yield running


@pytest.fixture(scope="module")
def secrets_of(sandbox: Sandbox) -> dict[str, str]:
    wanted = {
        "aria": ("auth_key",),
        "orb": ("api_key", "webhook_secret"),
        "salesforce": ("access_token", "refresh_token", "client_secret"),
    }
    found = {
        variable(f"{kind}-demo", name): sandbox.ready[kind][name]
        for kind, names in wanted.items()
        for name in names
    }
    return {**found, variable("aria-demo", "event_path"): PATH}


@pytest.fixture(scope="module")
def read_home(
    sandbox: Sandbox, secrets_of: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return a folder with the workspaces `accounts` and `orb` on a prepared org, read once."""
    base = tmp_path_factory.mktemp("read")
    concord, root = Concord(base, sandbox.ready), logging.getLogger()
    handlers, level = list(root.handlers), root.level
    sides = ("--salesforce", "salesforce-demo", "--billing")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**secrets_of, "CONCORD_HOME": str(base)}.items():
            patch.setenv(name, value)
        for words in (
            ("connect", "--ready-file", str(sandbox.options.ready_file)),
            ("workspace", "create", "accounts", *sides, "aria-demo", "--mapping", "aria"),
            ("workspace", "create", "orb", *sides, "orb-demo"),
            ("prepare", "-w", "accounts", "--yes"),
            ("prepare", "-w", "orb", "--yes"),
            ("refresh", "-w", "accounts"),
            ("refresh", "-w", "orb", "--entity", "customer", "--entity", "plan"),
        ):
            ran = concord(*words)
            assert ran.status == 0, (words, ran.err)
    for handler in [each for each in root.handlers if each not in handlers]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
    return base


@pytest.fixture
def door(sandbox: Sandbox) -> Iterator[Door]:
    found = Door(sandbox.ready["control_url"])
    yield found
    found.close()


@pytest.fixture
def shop(  # noqa: PLR0917 - fixtures
    sandbox: Sandbox,
    read_home: Path,
    concord_home: Path,
    secrets_of: dict[str, str],
    root_log: logging.Logger,
    monkeypatch: pytest.MonkeyPatch,
) -> Concord:
    """Return Concord with the workspace `accounts`."""
    del root_log
    for name, value in secrets_of.items():
        monkeypatch.setenv(name, value)
    shutil.copytree(read_home, concord_home, dirs_exist_ok=True)
    return Concord(concord_home, sandbox.ready, "accounts")


@pytest.fixture
def orb(shop: Concord) -> Concord:
    """Return Concord with the workspace `orb`."""
    return replace(shop, workspace="orb")


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
        door.edit("aria", "account", "NWT-10001", city=f"Salem {form}")
        until(lambda: bool(server.rounds("event")), "the event")
        assert time.monotonic() - edited < 10  # a second or two where nothing else runs
        [told] = server.rounds("event")
        assert told["accounts"] == [ONE]
        assert told["changed"] >= 1
        until(lambda: told_of(door, server.url) == ["Successful"], "the answer")


def test_an_account_that_is_new_in_aria_is_read_by_its_event(shop: Concord, door: Door) -> None:
    with serving(shop) as server:
        door.edit("aria", "setting", "accounts", value=len(door.state("aria", "account")) + 1)
        new = str(door.state("aria", "account")[-1]["acct_no"])
        posted = requests.post(
            f"{server.url}/aria/{PATH}", pairs(acct_no=new, event_id="701"), timeout=10
        )
        assert posted.text == "OK"
        until(lambda: server.read_accounts() == {new}, "the new account")
    assert shop.kinds()[("account", new)] == "only in billing"


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
            until(lambda: told_of(door, url) == ["Successful"], "the answer")
            assert inbox.waiting() == []
            update_aria(shop, city="Bend", client_receipt_id="somebody")
            until(lambda: [one.account for one in inbox.waiting()] == [ONE], "what others wrote")


def update_aria(shop: Concord, **values: str) -> None:
    aria = shop.ready["aria"]
    common = {"client_no": aria["client_no"], "auth_key": aria["auth_key"], "acct_no": ONE}
    sent = {"rest_call": "update_acct_complete_m", "output_format": "json", **common, **values}
    assert requests.post(aria["core_url"], json=sent, timeout=10).json()["error_code"] == 0


def told_of(door: Door, url: str) -> list[str]:
    return [row["status"] for row in door.state("aria", "event") if row["url"].startswith(url)]


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


def test_without_the_secret_path_nothing_listens(
    shop: Concord, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shop("serve", "-w", "accounts", "--listen", "nowhere").status == 2
    monkeypatch.delenv(variable("aria-demo", "event_path"))
    ran = shop("serve", "-w", "accounts", "--listen", "127.0.0.1:0")
    assert ran.status == 3
    assert "event_path" in ran.err
