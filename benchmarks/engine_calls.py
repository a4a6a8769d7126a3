"""Commits through the sandbox: calls used against the least possible, memory, an undo's time.

What is counted at the server and in the journal has to be what the commit says.

Run it by itself: `python benchmarks/engine_calls.py [RECORDS]`.
"""

import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

import requests
from claims import Claim
from records import collect_as_program
from salesforce_bulk import SOBJECT, make_key, mapping

from app.connectors import registry
from app.demo import sandbox_process
from app.domain.control import CancelToken, no_report
from app.domain.plan import OutcomeState
from app.domain.record import Side
from app.store.journal import runs
from app.store.workspace import Store
from app.sync.commit import CommitResult, commit
from app.sync.compare import compare
from app.sync.planner import Selection, build_plan
from app.sync.refresh import RefreshRequest, refresh
from app.sync.undo import build_undo
from app.sync.workbench import Workbench
from tests.fakes import FakeSide

MANY, FEW = 100_000, 2_000
_AT_ONCE = 20_000
_LATER = timedelta(minutes=10)  # between a commit and its undo, so that somebody has looked at it
_TOKEN = CancelToken()
_ROWS_OF_A_CALL = 200  # of a collection (salesforce.md §7)
_ROWS_OF_A_JOB = 10_000  # of one of Salesforce's own batches (§9); a job may hold several
_CALLS_OF_A_JOB = 7  # made, uploaded, started, asked once, three results


@dataclass(frozen=True, slots=True)
class Ran:
    """What a commit of so many records, and its undo, took.

    Attributes:
        held: MB of memory at most before the plan was made, billing's records among them.
        peak: MB of memory at most until the undo was done.
    """

    records: int
    planned: float
    committed: float
    undone: float
    calls: Counter[str]
    held: int
    peak: int

    @property
    def undone_by_done(self) -> float:
        """Time of the undo in times of the commit, each with its plan."""
        return self.undone / (self.planned + self.committed)

    @property
    def writes(self) -> int:
        """Calls that write, or belong to a job that writes."""
        return sum(n for name, n in self.calls.items() if _writes(name))


def run(count: int) -> list[Claim]:
    """Return the claims about calls and times, with at most `MANY` records."""
    collect_as_program()
    few = _ran(min(count, FEW))  # first, since memory is told at its most
    at_once = _ran(min(count, _AT_ONCE), later=timedelta(0))
    many = _ran(min(count, MANY))
    for ran in (few, at_once, many):
        print(
            f"  {ran.records:,}: plan {ran.planned:.1f} s, commit {ran.committed:.1f} s, undo"
            f" {ran.undone:.1f} s; {ran.writes} calls that write of {ran.calls.total()};"
            f" memory {ran.held} MB, {ran.peak} MB at most",
            flush=True,
        )
    least = _CALLS_OF_A_JOB * -(-many.records // _ROWS_OF_A_JOB)
    return [
        Claim(
            "calls of 2,000 by collections, times the least",
            few.writes / -(-few.records // _ROWS_OF_A_CALL),
            1,
            at_most=True,
        ),
        Claim("calls of 100,000 by jobs, times the least", many.writes / least, None),
        Claim("undo with its plan, times the commit", many.undone_by_done, 1, at_most=True),
        Claim("the same within seconds of the commit", at_once.undone_by_done, None),
        Claim("plan of 100,000, records a second", many.records / many.planned, None),
    ]


def _ran(records: int, later: timedelta = _LATER) -> Ran:
    with (
        sandbox_process(["--size", "small"]) as (_file, ready),
        tempfile.TemporaryDirectory() as folder,
    ):
        make_key(ready)
        bench = _bench(Path(folder), ready, records)
        control = f"{ready['control_url']}/calls"
        refresh(bench, RefreshRequest(), _TOKEN, no_report)
        compare(bench, _TOKEN, no_report)
        made: dict[str, Any] = {}
        held, there = _peak_mb(), _count(ready)
        planned = _seconds(lambda: made.update(plan=_plan(bench)))
        requests.delete(control, timeout=30)
        committed = _seconds(
            lambda: made.update(done=commit(bench, made["plan"], _TOKEN, no_report))
        )
        calls = Counter(requests.get(control, timeout=30).json()["salesforce"])
        _check(bench, made["done"], records, _count(ready) - there)
        _advance_clock(ready, later)
        undone = _seconds(lambda: _undo(bench, made["done"].commit))
        if _count(ready) != there:
            raise RuntimeError(f"the undo left {_count(ready) - there} records behind")
        bench.store.close()
    return Ran(records, planned, committed, undone, calls, held, _peak_mb())


def _check(bench: Workbench, done: CommitResult, records: int, made: int) -> None:
    """Raise where commit, journal and server do not say the same."""
    (run,) = runs(bench.store)
    said = (done.selected, done.sent, done.written, made, run.counts)
    if said != (*[records] * 4, {OutcomeState.WRITTEN: records}) or run.state != "finished":
        raise RuntimeError(f"of {records}: {said}, the commit is {run.state}")


def _advance_clock(ready: dict[str, Any], by: timedelta) -> None:
    seconds = {"advance_seconds": by.total_seconds()}
    requests.post(f"{ready['control_url']}/clock", json=seconds, timeout=30).raise_for_status()


def _count(ready: dict[str, Any]) -> int:
    """Return how many records the server really holds."""
    return int(requests.get(f"{ready['control_url']}/state/salesforce", timeout=60).json()[SOBJECT])


def _peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _plan(bench: Workbench) -> Any:
    return build_plan(bench, Selection(), _TOKEN, no_report)


def _undo(bench: Workbench, name: str) -> None:
    done = commit(bench, build_undo(bench, name, _TOKEN, no_report), _TOKEN, no_report)
    if done.failed or done.stale or done.skipped:
        raise RuntimeError("the undo left something behind")


def _bench(folder: Path, ready: dict[str, Any], records: int) -> Workbench:
    whole = mapping()
    billing = FakeSide(Side.BILLING, whole, page_size=2000)
    (entity,) = whole.entities
    for number in range(records):
        values = [f"text {number} of {place}" for place in range(len(entity.fields))]
        typed: list[Any] = list(values)
        typed[entity.index["annualrevenue"]] = Decimal(number)
        typed[entity.index["numberofemployees"]] = number
        billing.put("row", f"K{number:08}", *typed)
    known = registry.from_ready("salesforce", ready["salesforce"])
    salesforce = registry.connect(
        "salesforce", "b", known.settings, known.secrets.get, mapping=whole
    )
    sides = {Side.BILLING: billing, Side.SALESFORCE: salesforce}
    return Workbench("bench", whole, Store(folder / "bench.sqlite", whole), sides)


def _writes(name: str) -> bool:
    return name.startswith(("composite", "jobs/ingest"))


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    for claim in run(int(sys.argv[1]) if len(sys.argv) > 1 else MANY):
        print(claim.row)
