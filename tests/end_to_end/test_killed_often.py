"""A commit whose process is killed again and again: counted at the servers, nothing twice or lost.

With `CONCORD_LONG=1` in the environment: 5,040 records and up to 54 kills by collections, and as
many by Bulk jobs; else 560 records and 8 kills by collections.
"""

import os
import signal
import time
from collections import Counter
from random import Random
from threading import Event
from typing import Any, NamedTuple

import pytest

from tests.end_to_end.front_door import Concord, Door, only

IS_LONG = os.environ.get("CONCORD_LONG") == "1"
ROUNDS, KILLS = (9, 6) if IS_LONG else (1, 8)
RECORDS = 560
TIER = "Rate_Tier__c"
_LATENCY_S = 0.03
_LONGEST_S = 10.0
# The program as it is, but with small calls: there are more moments between which it can die.
SMALL_CALLS = """
import sys
import app.connectors.salesforce.collections as collections
import app.connectors.salesforce.writes as writes
import app.sync.pieces as pieces
from app.__main__ import main
collections.MOST_ROWS = writes.MOST_ROWS = 10
pieces.SEGMENT = 200
sys.exit(main(sys.argv[1:]))
"""
SMALL_JOBS = SMALL_CALLS.replace(
    "pieces.SEGMENT", "writes.MOST_BY_COLLECTIONS, writes.JOB_ROWS = 20, 50\npieces.SEGMENT"
)
PROGRAMS = {"composite": SMALL_CALLS, "jobs/ingest": SMALL_JOBS}
AT_CALL = {"composite": (2, 9), "jobs/ingest": (6, 25)}  # a job takes more calls than one
WAYS = list(PROGRAMS) if IS_LONG else ["composite"]


def tiers(door: Door) -> dict[str, dict[str, Any]]:
    """Return what Salesforce holds of each tier besides what it fills in by itself."""
    rows = door.state("salesforce", TIER)
    counts = Counter(row["Aria_Key__c"] for row in rows)
    assert set(counts.values()) <= {1}, [key for key, count in counts.items() if count > 1]
    told = ("Rate__c", "Sequence__c", "From_Unit__c", "To_Unit__c", "Currency__c")
    links = ("Service__c", "Rate_Schedule__c")
    return {row["Aria_Key__c"]: {name: row[name] for name in told + links} for row in rows}


def lose(door: Door, keys: list[str]) -> None:
    """Take records away in Salesforce: each is an insert that would be doubled or lost."""
    for key in keys:
        door.edit("salesforce", TIER, key, __delete__=True)


def is_open(concord: Concord) -> bool:
    """Return whether the newest commit has not come to its end."""
    commits = concord.document("history")["commits"]
    return bool(commits) and commits[0]["state"] == "running"


class Command(NamedTuple):
    """What is run, and by which of `PROGRAMS`."""

    way: str
    words: tuple[str, ...]


def kill_once(concord: Concord, door: Door, command: Command, at_call: int) -> bool:
    """Run a command until its n-th call has reached Salesforce, then kill it; False if it ended.

    Where it takes long to come so far (a job is waited for), it is killed wherever it is.
    """
    door.forget_calls()
    with concord.start(*command.words, code=PROGRAMS[command.way]) as process:
        end, pause = time.monotonic() + _LONGEST_S, Event()
        while door.calls("salesforce").total() < at_call and process.poll() is None:
            if time.monotonic() > end:
                break
            pause.wait(0.015)
        process.send_signal(signal.SIGKILL)
        status = process.wait()
        assert status in {0, 1, -signal.SIGKILL}, process.stderr and process.stderr.read()
        return status == -signal.SIGKILL


def is_half_done(concord: Concord) -> bool:
    """Return whether the newest commit has outcomes, and operations without one."""
    commits = concord.document("history")["commits"]
    return bool(commits) and len(commits[0]["outcomes"]) > 1


class Deaths(NamedTuple):
    """How many kills struck; how many of them in the midst: a job under way, or half was done."""

    struck: int
    midway: int


def die_and_resume(concord: Concord, door: Door, way: str, random: Random) -> Deaths:
    """Commit `plan_file` one way, killed again and again, then to its end."""
    slow = {"endpoint": "*", "kind": "latency", "times": None, "seconds": _LATENCY_S}
    struck = midway = 0
    door.fault(slow)
    for _ in range(KILLS):
        words: tuple[str, ...] = ("commit", "-w", "w", str(concord.plan_file), "--yes")
        if is_open(concord):
            words = ("resume", "-w", "w")
        elif midway:  # it came to its end before it could be killed
            break
        struck += kill_once(concord, door, Command(way, words), random.randint(*AT_CALL[way]))
        job_begun = any(call.startswith("jobs/ingest") for call in door.calls("salesforce"))
        midway += job_begun or is_half_done(concord)
    door.fault()
    if not concord.document("history")["commits"]:
        concord.commit()
    while is_open(concord):
        concord.document("resume")
    return Deaths(struck, midway)


@pytest.mark.timeout(1200 if IS_LONG else 120)
@pytest.mark.parametrize("seed", range(ROUNDS))
@pytest.mark.parametrize("way", WAYS)
def test_however_often_it_dies_every_record_is_written_once(
    agreed: Concord, door: Door, way: str, seed: int
) -> None:
    random = Random(seed)  # noqa: S311 - drawn from a seed, nothing is secret
    door.reset(drift=False)
    before = tiers(door)
    lose(door, random.sample(sorted(before), RECORDS))
    agreed.document("refresh", "--entity", "rate", "--side", "salesforce")
    agreed.plan("--entity", "rate", "--only", "insert")
    deaths = die_and_resume(agreed, door, way, random)
    assert deaths.struck > KILLS // 2
    assert deaths.midway > 0
    assert tiers(door) == before
    run = only(agreed.document("history")["commits"])
    assert run["outcomes"] == {"written": RECORDS}
