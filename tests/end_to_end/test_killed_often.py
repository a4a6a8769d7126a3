"""A commit whose process is killed again and again: counted at the servers, nothing twice or lost.

With `CONCORD_LONG=1` in the environment: 5,040 records and 54 kills; else 560 records and 8.
"""

import os
import signal
from collections import Counter
from random import Random
from typing import Any

import pytest

from tests.end_to_end.front_door import Concord, Door, only, until

IS_LONG = os.environ.get("CONCORD_LONG") == "1"
ROUNDS, KILLS = (9, 6) if IS_LONG else (1, 8)
RECORDS = 560
TIER = "Rate_Tier__c"
_LATENCY_S = 0.03
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


def kill_once(concord: Concord, door: Door, words: tuple[str, ...], at_call: int) -> bool:
    """Run a command until its n-th call has reached Salesforce, then kill it; False if it ended."""
    door.forget_calls()
    with concord.start(*words, code=SMALL_CALLS) as process:
        until(
            lambda: door.calls("salesforce").total() >= at_call or process.poll() is not None,
            "a call",
        )
        process.send_signal(signal.SIGKILL)
        status = process.wait()
        assert status in {0, 1, -signal.SIGKILL}, process.stderr and process.stderr.read()
        return status == -signal.SIGKILL


def is_half_done(concord: Concord) -> bool:
    """Return whether the newest commit has outcomes, and operations without one."""
    commits = concord.document("history")["commits"]
    return bool(commits) and len(commits[0]["outcomes"]) > 1


def die_and_resume(concord: Concord, door: Door, random: Random) -> tuple[int, int]:
    """Commit `plan_file`, killed again and again, then to its end.

    Returns how many kills struck, and after how many of them the commit was half done.
    """
    slow = {"endpoint": "*", "kind": "latency", "times": None, "seconds": _LATENCY_S}
    struck = half_done = 0
    door.fault(slow)
    for _ in range(KILLS):
        words: tuple[str, ...] = ("commit", "-w", "w", str(concord.plan_file), "--yes")
        if is_open(concord):
            words = ("resume", "-w", "w")
        struck += kill_once(concord, door, words, random.randint(2, 9))
        half_done += is_half_done(concord)
    door.fault()
    if not is_open(concord):
        concord.commit()
    while is_open(concord):
        concord.document("resume")
    return struck, half_done


@pytest.mark.timeout(1200 if IS_LONG else 120)
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_however_often_it_dies_every_record_is_written_once(
    agreed: Concord, door: Door, seed: int
) -> None:
    random = Random(seed)  # noqa: S311 - drawn from a seed, nothing is secret
    door.reset(drift=False)
    before = tiers(door)
    lose(door, random.sample(sorted(before), RECORDS))
    agreed.document("refresh", "--entity", "rate", "--side", "salesforce")
    agreed.plan("--entity", "rate", "--only", "insert")
    struck, half_done = die_and_resume(agreed, door, random)
    assert struck == KILLS
    assert half_done > 0
    assert tiers(door) == before
    run = only(agreed.document("history")["commits"])
    assert run["outcomes"] == {"written": RECORDS}
