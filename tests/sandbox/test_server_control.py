"""The control door, with the sandboxed Salesforce behind it."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import requests

from app.sandbox.dataset import Dataset, Edit
from app.sandbox.launch import Sandbox, SandboxOptions

_ROWS = {"Client_Plan__c": [{"Aria_Key__c": "PRO", "Name": "Pro"}]}
_EDIT = "/edit/salesforce/Client_Plan__c"
_DRIFT = (Edit("salesforce", "update", "Client_Plan__c", "PRO", {"Name": "Drifted"}),)


class Door:
    """A caller of the control door."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.url = str(sandbox.ready["control_url"])

    def send(self, method: str, path: str, body: object = None) -> requests.Response:
        return requests.request(method, self.url + path, json=body, timeout=5)

    def name(self) -> str:
        rows = self.send("GET", "/state/salesforce/Client_Plan__c").json()
        return str(rows[0]["Name"])

    def call_salesforce(self, path: str) -> int:
        ready = self.sandbox.ready["salesforce"]
        headers = {"Authorization": f"Bearer {ready['access_token']}"}
        url = f"{ready['instance_url']}/services/data/v66.0/{path}"
        return requests.get(url, headers=headers, timeout=5).status_code


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    data = Dataset(aria={}, salesforce=_ROWS, drift=_DRIFT)
    with Sandbox(SandboxOptions(dataset=data, systems=["salesforce"])) as sandbox:
        yield sandbox


@pytest.fixture
def door(running: Sandbox) -> Door:
    running.faults.replace([])
    running.calls.clear()
    running.systems["salesforce"].reset(drift=True)
    return Door(running)


def test_the_state_shows_what_is_really_held(door: Door) -> None:
    assert door.send("GET", "/state/salesforce").json()["Client_Plan__c"] == 1
    assert door.name() == "Drifted"


def test_drift_comes_on_top_of_what_was_added(door: Door) -> None:
    door.send("POST", "/reset", {"drift": False})
    door.send("POST", f"{_EDIT}/", {"Aria_Key__c": "NEW", "Name": "New"})
    assert door.name() == "Pro"
    assert door.send("POST", "/drift", {}).json() == {"drift": True}
    assert door.name() == "Drifted"
    assert len(door.send("GET", "/state/salesforce/Client_Plan__c").json()) == 2


def test_calls_are_counted_and_zeroed(door: Door) -> None:
    for path in ("query?q=SELECT+Id+FROM+User", "composite/sobjects", "limits"):
        door.call_salesforce(path)
    expected = {"salesforce": {"query": 1, "composite/sobjects": 1, "limits": 1}}
    assert door.send("GET", "/calls").json() == expected
    assert door.send("DELETE", "/calls").json() == {"salesforce": {}}


def test_faults_are_put_shown_and_cleared(door: Door) -> None:
    rule = {"system": "salesforce", "endpoint": "lim*", "kind": "session_expired"}
    assert door.send("PUT", "/faults", {"rules": [rule]}).json()["rules"][0]["times"] == 1
    assert [door.call_salesforce("limits") for _ in range(2)] == [401, 200]
    assert len(door.send("GET", "/faults").json()["rules"]) == 1
    assert door.send("PUT", "/faults", {"rules": []}).json() == {"rules": []}


@pytest.mark.parametrize(
    ("kind", "status"),
    [("unavailable", 503), ("server_error", 500), ("too_many", 403), ("session_expired", 401)],
)
def test_salesforce_words_its_own_failures(door: Door, kind: str, status: int) -> None:
    door.send("PUT", "/faults", {"rules": [{"kind": kind}]})
    assert door.call_salesforce("limits") == status


def test_a_bad_rule_is_a_400_that_names_it(door: Door) -> None:
    answer = door.send("PUT", "/faults", {"rules": [{"kind": "unheard of"}]})
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("bad rule 1: kind is one of")


def test_the_clock_advances_and_is_set(door: Door) -> None:
    now = door.send("POST", "/clock", {"now": "2030-01-31T12:00:00Z"}).json()["now"]
    assert now.startswith("2030-01-31T12:00:00")
    later = door.send("POST", "/clock", {"advance_seconds": 3600}).json()["now"]
    assert later.startswith("2030-01-31T13:00:0")
    assert door.send("GET", "/clock").json()["now"].startswith("2030-01-31T13:00:0")
    dated = requests.get(
        f"{door.sandbox.ready['salesforce']['instance_url']}/services/data/", timeout=5
    )
    assert dated.headers["Date"].startswith("Thu, 31 Jan 2030 13:00:0")
    for bad in (
        *({}, {"now": "soon"}, {"now": "2030-01-31T12:00:00"}),
        *({"advance_seconds": "x"}, {"runs": "no"}),
    ):
        assert door.send("POST", "/clock", bad).status_code == 400
    door.sandbox.clock.set(door.sandbox.clock.now().replace(year=2026))


def test_the_clock_stands_and_goes_on_from_there(door: Door) -> None:
    clock = door.sandbox.clock
    stands = door.send("POST", "/clock", {"runs": False}).json()["now"]
    assert stands == door.send("GET", "/clock").json()["now"] == clock.now().isoformat()
    later = door.send("POST", "/clock", {"advance_seconds": 3600}).json()["now"]
    assert clock.now().isoformat() == later > stands
    assert door.send("POST", "/clock", {"runs": True}).json()["now"] == later
    moved = clock.now() - datetime.fromisoformat(later)
    assert timedelta(0) < moved < timedelta(minutes=1)
    clock.advance(-3600)


def test_a_person_edits(door: Door) -> None:
    path = "/edit/salesforce/Client_Plan__c/PRO"
    assert door.send("POST", path, {"Name": "By hand"}).json() == {"done": True}
    assert door.name() == "By hand"
    new = {"Name": "New", "Aria_Key__c": "N"}
    assert door.send("POST", "/edit/salesforce/Client_Plan__c", new).status_code == 200
    assert door.send("POST", path, {"__delete__": True}).status_code == 200
    assert door.name() == "New"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("POST", f"{_EDIT}/NO", {"Name": "x"}, 404, "no Client_Plan__c 'NO'"),
        ("POST", f"{_EDIT}/PRO", {"Nope": 1}, 400, "No such column 'Nope'"),
        ("POST", f"{_EDIT}/PRO", [], 400, "JSON object"),
        ("POST", "/edit/orb/Plan/1", {}, 404, "No system 'orb' here; there is salesforce."),
        ("GET", "/state/salesforce/Nope", None, 404, "nothing called 'Nope'"),
        ("GET", "/nonsense", None, 404, "No such door: GET /nonsense. There are GET /state"),
        ("PUT", "/calls", {}, 405, "PUT is nothing that /calls does"),
        ("POST", "/reset", {"drift": "no"}, 400, "true or false"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said(
    door: Door, method: str, path: str, body: object, *, status: int, words: str
) -> None:
    answer = door.send(method, path, body)
    assert answer.status_code == status
    assert words in answer.json()["error"]


def test_a_reset_has_drift_unless_told_otherwise(door: Door) -> None:
    assert door.send("POST", "/reset", {"drift": False}).json() == {"drift": False}
    assert door.name() == "Pro"
    assert door.send("POST", "/reset").json() == {"drift": True}
    assert door.name() == "Drifted"
