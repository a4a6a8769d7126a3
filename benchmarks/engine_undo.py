"""The engine without a network: a commit, its undo, and a resume of half, against each other.

Run it by itself: `python benchmarks/engine_undo.py [RECORDS]`.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from claims import Claim

from app.domain.control import CancelToken, no_report
from app.domain.plan import Operation
from app.domain.record import Side
from app.sync.commit import commit, resume
from app.sync.compare import compare
from app.sync.planner import Selection, build_plan
from app.sync.refresh import RefreshRequest, refresh
from app.sync.undo import build_undo
from app.sync.workbench import Workbench
from tests.fakes import FakeSide, make_bench, side_of

RECORDS = 10_000
_TOKEN = CancelToken()


def run(count: int) -> list[Claim]:
    """Return how long an undo and a resume of half take, in times of the commit."""
    records = min(count, RECORDS)
    committed, undone = _commit_and_undo(records)
    resumed = _resume_of_half(records)
    print(f"  {records} records: commit {committed:.2f} s, undo {undone:.2f} s,", end=" ")
    print(f"resume of half {resumed:.2f} s")
    return [
        Claim("undo, times the commit (each with its plan)", undone / committed, 1.0, at_most=True),
        Claim("resume of half, times the commit", resumed / committed, 1.0, at_most=True),
    ]


def _commit_and_undo(records: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        bench = _bench(Path(folder), records)
        name = ""

        def forth() -> None:
            nonlocal name
            plan = build_plan(bench, Selection(), _TOKEN, no_report)
            name = commit(bench, plan, _TOKEN, no_report).commit

        def back() -> None:
            commit(bench, build_undo(bench, name, _TOKEN, no_report), _TOKEN, no_report)

        committed, undone = _seconds(forth), _seconds(back)
        if _salesforce(bench).values("plan"):
            raise RuntimeError("the undo left something behind")
        bench.store.close()
        return committed, undone


def _resume_of_half(records: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        bench = _bench(Path(folder), records)
        plan, token = build_plan(bench, Selection(), _TOKEN, no_report), CancelToken()
        salesforce = _salesforce(bench)

        def stop_at_half(_operation: Operation) -> str:
            if len(salesforce.written) * 2 >= records:
                token.cancel()
            return ""

        salesforce.fault = stop_at_half
        commit(bench, plan, token, no_report)
        taken = _seconds(lambda: resume(bench, _TOKEN, no_report))
        if not len(salesforce.values("plan")) == len(salesforce.written) == records:
            raise RuntimeError("the resume lost or doubled something")
        bench.store.close()
        return taken


def _bench(folder: Path, records: int) -> Workbench:
    bench = make_bench(folder)
    for side in Side:
        far = side_of(bench, side)
        far.page_size, far.rows_in_batch = 2000, 200
    billing = side_of(bench, Side.BILLING)
    for number in range(records):
        billing.put("plan", f"P{number:07}", f"name {number}", Decimal(number), None)
    refresh(bench, RefreshRequest(), _TOKEN, no_report)
    compare(bench, _TOKEN, no_report)
    return bench


def _salesforce(bench: Workbench) -> FakeSide:
    return side_of(bench, Side.SALESFORCE)


def _seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


if __name__ == "__main__":
    for claim in run(int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS):
        print(claim.row)
