"""The engine without a network: a commit, its undo, and a resume of half, against each other.

The memory that the undo's plan needs is that of a process of its own, on the store that another one
left behind: is it flat, five times as many records on?

Run it by itself: `python benchmarks/engine_undo.py [RECORDS]`; for the memory alone
`python benchmarks/engine_undo.py memory RECORDS FEWER`.
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
from contender import Stopwatch, Took, run_apart, tell
from engine_memory import EndlessSide

from app.domain.control import CancelToken, no_report
from app.domain.plan import Operation
from app.domain.record import Side
from app.store.journal import runs
from app.store.workspace import Store
from app.sync.commit import commit, resume
from app.sync.compare import compare
from app.sync.planner import Selection, build_plan
from app.sync.refresh import RefreshRequest, refresh
from app.sync.undo import build_undo
from app.sync.workbench import Workbench
from tests.fakes import FakeSide, make_bench, side_of, small_mapping

RECORDS = 10_000
MANY = 100_000
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
        *grown(min(count, MANY), min(count, MANY) // 5),
    ]


def grown(many: int, fewer: int) -> list[Claim]:
    """Return how much more memory the undo's plan needs of many records than of fewer."""
    few, all_of_them = (_apart(number) for number in (fewer, many))
    growth, times = all_of_them.peak_mib / few.peak_mib, many / fewer
    return [Claim(f"memory of an undo's plan, {times:g} times", growth, 1.2, at_most=True)]


def _apart(count: int) -> Took:
    with tempfile.TemporaryDirectory() as folder:
        run_apart("engine_undo", "commit", folder, str(count))
        took = run_apart("engine_undo", "plan", folder, str(count))
    if took.found != count:
        raise RuntimeError(f"the undo of {count} has {took.found} operations")
    print(f"  {count:,} records: {took.total:.1f} s, {took.peak_mib:.0f} MiB", flush=True)
    return took


def apart_commit(folder: str, count: str) -> None:
    """Leave a store behind on which so many records were committed."""
    watch, bench = Stopwatch(), _endless(folder, Side.BILLING, int(count))
    refresh(bench, RefreshRequest(), _TOKEN, no_report)
    compare(bench, _TOKEN, no_report)
    plan = build_plan(bench, Selection(), _TOKEN, no_report)
    tell(watch, commit(bench, plan, _TOKEN, no_report).written)
    bench.store.close()


def apart_plan(folder: str, count: str) -> None:
    """Plan the undo of the commit on that store."""
    bench = _endless(folder, Side.SALESFORCE, int(count))
    (done,) = runs(bench.store)
    watch = Stopwatch()
    plan = build_undo(bench, done.id, _TOKEN, no_report)
    watch.step("undo")
    tell(watch, len(plan.operations))
    bench.store.close()


def _endless(folder: str, full: Side, count: int) -> Workbench:
    """Return a workbench of which one side has so many records, the other none."""
    mapping = small_mapping()
    sides = {side: EndlessSide(side, mapping) for side in Side}
    sides[full].count = count
    return Workbench("bench", mapping, Store(Path(folder) / "s.sqlite", mapping), sides)


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
    if sys.argv[1:2] == ["commit"]:
        apart_commit(*sys.argv[2:])
    elif sys.argv[1:2] == ["plan"]:
        apart_plan(*sys.argv[2:])
    else:
        memory = sys.argv[1:2] == ["memory"]
        counts = [int(word) for word in sys.argv[1 + memory :]]
        for claim in grown(*counts) if memory else run(*(counts or [MANY])):
            print(claim.row)
