"""Memory of the engine, from refresh to commit: is it flat, five times as many records on?

Run it by itself: `python benchmarks/engine_memory.py [RECORDS [FEWER]]`; without FEWER, a fifth.
"""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from claims import Claim
from contender import Stopwatch, Took, run_apart, tell

from app.connectors.protocol import Batch, OperationCounts, Page, ReadRequest, Scope
from app.domain.control import CancelToken, no_report
from app.domain.mapping import WorkspaceMapping
from app.domain.plan import Outcome, OutcomeState
from app.domain.record import Record, Side, exact
from app.store.workspace import Store
from app.sync.commit import commit
from app.sync.compare import compare
from app.sync.plan_file import load_plan, save_plan
from app.sync.planner import Selection, build_plan
from app.sync.refresh import RefreshRequest, refresh
from app.sync.workbench import Workbench
from tests.fakes import FakeSide, small_mapping

RECORDS = 200_000
_PAGE = 2000
_TOKEN = CancelToken()


@dataclass
class EndlessSide(FakeSide):
    """A side that makes its plans up as they are read, and keeps nothing of what is written."""

    count: int = 0
    taken: int = field(default=0)

    def read(self, request: ReadRequest, cancel: CancelToken) -> Iterator[Page]:
        """Yield plans of the numbers asked for; Salesforce has none."""
        self.calls += 1
        name = request.entities[0].name
        numbers: Sequence[int] = range(self.count if name == "plan" else 0)
        if request.scope is Scope.KEYS:
            numbers = [int(key[1:]) for key in request.keys] if self.count else []
        for start in range(0, max(1, len(numbers)), _PAGE):
            cancel.check()
            yield Page(name, [_plan(number) for number in numbers[start : start + _PAGE]])

    def batch_size(self, counts: OperationCounts) -> int:
        """Return a job's rows where there are many, as Salesforce's connector does."""
        return 10_000 if counts.total > _PAGE else 200

    def write(self, batch: Batch, cancel: CancelToken) -> Iterator[Outcome]:
        """Say that everything is written."""
        cancel.check()
        for operation in batch.operations:
            self.taken += 1
            yield Outcome(operation, OutcomeState.WRITTEN, side_id=f"id{self.taken}")


def run(count: int) -> list[Claim]:
    """Return how much memory the way from refresh to commit needs, against a fifth of it."""
    many = min(count, RECORDS)
    return grown(many, many // 5)


def grown(many: int, fewer: int) -> list[Claim]:
    """Return how much more memory many records need than fewer."""
    few, all_of_them = (apart(number) for number in (fewer, many))
    growth = all_of_them.peak_mib / few.peak_mib
    times = many / fewer
    return [Claim(f"memory of the engine, {times:g} times the records", growth, 1.2, at_most=True)]


def apart(count: int) -> Took:
    """Run the way in a process of its own."""
    took = run_apart("engine_memory", "whole", str(count))
    steps = ", ".join(f"{step} {seconds:.1f} s" for step, seconds in took.seconds.items())
    print(f"  {count:,} records: {steps}; {took.peak_mib:.0f} MiB", flush=True)
    return took


def whole(count: int) -> None:
    """Refresh, compare, plan to a file and back, commit."""
    watch = Stopwatch()
    with tempfile.TemporaryDirectory() as folder:
        mapping: WorkspaceMapping = small_mapping()
        sides = {side: EndlessSide(side, mapping) for side in Side}
        sides[Side.BILLING].count = count
        with Store(Path(folder) / "s.sqlite", mapping) as store:
            bench = Workbench("bench", mapping, store, sides)
            refresh(bench, RefreshRequest(), _TOKEN, no_report)
            watch.step("refresh")
            compare(bench, _TOKEN, no_report)
            watch.step("compare")
            file = Path(folder) / "plan.json"
            save_plan(build_plan(bench, Selection(), _TOKEN, no_report), file)
            watch.step("plan")
            written = commit(bench, load_plan(bench, file), _TOKEN, no_report).written
            watch.step("commit")
    tell(watch, written)


def _plan(number: int) -> Record:
    values = (f"Plan number {number}", exact(Decimal(number) / 100), None)
    return Record(f"P{number:08}", values, f"id{number}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["whole"]:
        whole(int(sys.argv[2]))
    else:
        counts = [int(word) for word in sys.argv[1:]]
        for claim in grown(*counts) if len(counts) > 1 else run(*(counts or [RECORDS])):
            print(claim.row)
