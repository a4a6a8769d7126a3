"""A commit that is killed at any instant comes to the same end by `resume`: no loss, no twin."""

import signal
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from tests.end_to_end.front_door import Concord, Door, only, until

SLOW_S = 0.12


def slow(door: Door) -> None:
    """Let each call that writes take a moment, before it is carried out."""
    endpoints = ("composite/*", "edit_*", "update_*")
    rules: list[dict[str, Any]] = [
        {"endpoint": endpoint, "kind": "latency", "times": None, "seconds": SLOW_S}
        for endpoint in endpoints
    ]
    door.fault(*rules)


def kill_a_commit(concord: Concord, door: Door, *, at_write: int) -> None:
    """Start a commit and kill it when its n-th call that writes has reached a system."""
    slow(door)
    with concord.start("commit", "-w", "w", str(concord.plan_file), "--yes") as process:
        until(lambda: door.writes() >= at_write or process.poll() is not None, "a call that writes")
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    door.fault()


@pytest.mark.parametrize("at_write", [1, 6, 11])
def test_a_killed_commit_comes_to_the_same_end_by_resume(
    reviewed: Concord, door: Door, settled: dict[str, list[str]], at_write: int
) -> None:
    planned = len(reviewed.plan()["operations"])
    kill_a_commit(reviewed, door, at_write=at_write)
    done = reviewed.document("resume")
    assert done["selected"] == planned == done["sent"] + done["stale"] + done["skipped"]
    assert (done["failed"], done["stale"], done["skipped"]) == (2, 0, 3), done["failures"]
    until(lambda: door.catalog() == settled, "the end that an undisturbed commit comes to")
    again = reviewed.document("resume")
    assert (again["selected"], again["failures"]) == (0, [])
    assert only(reviewed.document("history")["commits"])["state"] == "finished"


def test_the_killed_process_left_its_intents_on_disk(reviewed: Concord, door: Door) -> None:
    planned = len(reviewed.plan()["operations"])
    kill_a_commit(reviewed, door, at_write=1)
    run = only(reviewed.document("history")["commits"])
    assert run["state"] == "running"
    assert sum(run["outcomes"].values()) == planned
    with closing(sqlite3.connect(reviewed.base / "stores" / "w.sqlite")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    ran = reviewed("doctor", "--json")
    checks = {check["check"]: check for check in ran.json["checks"]}
    assert "did not come to its end" in checks["workspace w"]["detail"]
    assert "concord resume -w w" in checks["workspace w"]["hint"]


def test_an_edit_between_the_kill_and_resume_is_not_overwritten(
    reviewed: Concord, door: Door
) -> None:
    plan = reviewed.plan("--entity", "plan", "--entity", "rate", "--only", "update")
    last = [o for o in plan["operations"] if o["entity"] == "rate"][-1]["key"]
    kill_a_commit(reviewed, door, at_write=1)
    door.edit("salesforce", "Rate_Tier__c", last, Rate__c=123.45)
    done = reviewed.document("resume")
    assert [(f["key"], f["outcome"]) for f in done["failures"]] == [(last, "stale")]
    assert float(only(door.salesforce("rate", last))["Rate__c"]) == 123.45


def test_a_resume_that_is_killed_is_resumed(
    reviewed: Concord, door: Door, settled: dict[str, list[str]]
) -> None:
    reviewed.plan()
    kill_a_commit(reviewed, door, at_write=2)
    slow(door)
    before = door.writes()
    with reviewed.start("resume", "-w", "w") as process:
        until(lambda: door.writes() > before, "a call that writes")
        process.kill()
        process.wait()
    door.fault()
    assert reviewed.document("resume")["stale"] == 0
    until(lambda: door.catalog() == settled, "the end that an undisturbed commit comes to")


def test_an_interrupt_ends_a_commit_between_two_calls(reviewed: Concord, door: Door) -> None:
    planned = len(reviewed.plan()["operations"])
    slow(door)
    words = ("commit", "-w", "w", str(reviewed.plan_file), "--yes", "--json")
    with reviewed.start(*words) as process:
        until(lambda: door.writes() >= 1, "a call that writes")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 1, err
    door.fault()
    assert '"stopped_by": "Stopped at your request."' in out
    done = reviewed.document("resume")
    assert (done["selected"], done["stale"]) == (planned, 0)


def test_a_killed_refresh_is_begun_again(agreed: Concord, door: Door) -> None:
    door.fault(
        {"endpoint": "query", "kind": "latency", "times": None, "seconds": SLOW_S, "after": 2}
    )
    with agreed.start("refresh", "-w", "w", "--full") as process:
        until(lambda: door.calls("salesforce")["query"] > 4, "a query")
        process.kill()
        process.wait()
    door.fault()
    read = agreed.document("refresh", "--full")["read"]["salesforce"]["rate"]
    assert read == len(door.state("salesforce", "Rate_Tier__c"))
