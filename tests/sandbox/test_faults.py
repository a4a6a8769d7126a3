"""Fault rules: which requests they hit, and what a client sees of them."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import requests

from app.sandbox.faults import BadRule, Faults, rules_from
from app.sandbox.server import Calls, Gate, HttpServer
from app.sandbox.wire import Request, Response


class _System:
    """A system that counts what it carries out."""

    name = "fake"

    def __init__(self) -> None:
        self.done = 0

    def handle(self, request: Request) -> Response:
        self.done += 1
        error = request.row_fault.error_for_next_row() if request.row_fault else None
        return Response.json({"row": error})

    def endpoint(self, request: Request) -> str:
        return request.path.strip("/")

    def fault(self, kind: str, request: Request) -> Response:
        return Response.json({"kind": kind, "path": request.path}, 503)

    def ready(self, base_url: str) -> dict[str, Any]:
        return {"url": base_url}

    def types(self) -> list[str]:
        return []

    def state(self, type_name: str) -> list[dict[str, Any]]:
        raise KeyError(type_name)

    def edit(self, type_name: str, record_id: str, values: Mapping[str, Any]) -> None:
        raise KeyError(type_name, record_id, values)

    def reset(self, *, drift: bool) -> None:
        raise ValueError(drift)


class _Stage:
    """A fake system behind a gate on a port."""

    def __init__(self) -> None:
        self.system = _System()
        self.calls = Calls()
        self.faults = Faults()
        self.server = HttpServer(Gate(self.system, self.calls, self.faults))

    def rule(self, **rule: Any) -> None:
        self.faults.replace(rules_from({"rules": [rule]}))

    def get(self, path: str = "a") -> requests.Response:
        return requests.get(f"{self.server.url}/{path}", timeout=5)

    def post(self, path: str = "a") -> requests.Response:
        return requests.post(f"{self.server.url}/{path}", timeout=5)


@pytest.fixture
def stage() -> Iterator[_Stage]:
    made = _Stage()
    with made.server:
        yield made


def _hits(faults: Faults, count: int, endpoint: str = "a") -> list[int]:
    return [n for n in range(1, count + 1) if faults.strike("fake", endpoint, "POST")]


@pytest.mark.parametrize(
    ("rule", "hits"),
    [
        ({}, [1]),
        ({"after": 2}, [3]),
        ({"times": 3}, [1, 2, 3]),
        ({"times": None, "every": 4}, [4, 8]),
        ({"after": 1, "every": 2, "times": 2}, [3, 5]),
        ({"times": 0}, []),
        ({"system": "other"}, []),
        ({"endpoint": "b*"}, []),
        ({"endpoint": "a*", "system": "fa?e"}, [1]),
    ],
)
def test_a_rule_hits_the_requests_that_it_names(rule: dict[str, Any], hits: list[int]) -> None:
    faults = Faults()
    faults.replace(rules_from([{"kind": "unavailable", **rule}]))
    assert _hits(faults, 9) == hits


def test_rules_put_in_force_again_count_from_the_start() -> None:
    faults = Faults()
    rules = rules_from([{"kind": "unavailable"}])
    for _ in range(2):
        faults.replace(rules)
        assert _hits(faults, 3) == [1]
    faults.replace([])
    assert _hits(faults, 3) == []


def test_row_errors_wait_for_a_request_that_may_save() -> None:
    faults = Faults()
    faults.replace(rules_from([{"kind": "row_error"}]))
    assert faults.strike("fake", "a", "GET") == []
    assert len(faults.strike("fake", "a", "PATCH")) == 1


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (5, "are a list"),
        ({"rules": {}}, "are a list"),
        (["x"], "bad rule 1: a rule is an object"),
        ([{"kind": "latency"}, {"kind": "nonsense"}], "bad rule 2: kind is one of"),
        ([{"kind": "latency", "sceonds": 1}], "bad rule 1: unknown key 'sceonds'"),
        ([{"kind": "latency", "seconds": -1}], "seconds is a number from 0, not -1"),
        ([{"kind": "latency", "every": 0}], "every is a whole number from 1"),
        ([{"kind": "latency", "times": True}], "times is a whole number from 0"),
        ([{"kind": "latency", "endpoint": None}], "endpoint is text"),
        ([{"kind": "row_error", "row": "x"}], "row is an object"),
    ],
)
def test_a_bad_rule_is_refused_by_name(document: object, words: str) -> None:
    with pytest.raises(BadRule) as refused:
        rules_from(document)
    assert words in str(refused.value)


def test_an_answer_fault_speaks_for_the_system_and_nothing_is_done(stage: _Stage) -> None:
    stage.rule(kind="too_many", retry_after=1.5)
    answer = stage.get()
    assert (answer.status_code, answer.json()) == (503, {"kind": "too_many", "path": "/a"})
    assert answer.headers["Retry-After"] == "1.5"
    assert (stage.system.done, stage.get().status_code) == (0, 200)


def test_not_json_is_a_page(stage: _Stage) -> None:
    stage.rule(kind="not_json")
    answer = stage.get()
    assert (answer.status_code, answer.text[:6]) == (200, "<html>")


@pytest.mark.parametrize(("kind", "done"), [("drop_before", 0), ("drop_after", 1), ("truncate", 1)])
def test_a_cut_connection_shows_as_such(stage: _Stage, kind: str, done: int) -> None:
    stage.rule(kind=kind)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        stage.get()
    assert stage.system.done == done
    assert stage.get().status_code == 200


def test_latency_makes_an_answer_wait(stage: _Stage) -> None:
    stage.rule(kind="latency", seconds=0.1)
    assert stage.get().elapsed.total_seconds() >= 0.1
    assert stage.get().elapsed.total_seconds() < 0.1


def test_rows_fail_at_their_turn_over_several_requests(stage: _Stage) -> None:
    row = {"statusCode": "X", "message": "y"}
    stage.rule(kind="row_error", row=row, rows_every=2, times=None)
    assert [stage.post().json()["row"] for _ in range(4)] == [None, row, None, row]


def test_calls_are_counted_by_endpoint_faults_too(stage: _Stage) -> None:
    stage.rule(kind="unavailable")
    for path in ("a", "a", "b/c"):
        stage.get(path)
    assert stage.calls.counts() == {"fake": {"a": 2, "b/c": 1}}
    stage.calls.clear()
    assert stage.calls.counts() == {"fake": {}}
