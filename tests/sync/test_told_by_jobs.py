"""What a job of the target's own tells, which knows its rows by the keys of their records."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.connectors.protocol import Batch
from app.domain.control import CancelToken, no_report
from app.domain.mapping import EntityMapping
from app.domain.mapping_file import parse_mapping
from app.domain.plan import CommitPlan, Operation, Outcome, OutcomeState
from app.domain.record import Side
from app.store.workspace import Store
from app.sync.commit import commit, resume
from app.sync.compare import compare
from app.sync.planner import Selection, build_plan
from app.sync.refresh import RefreshRequest, refresh
from app.sync.workbench import Workbench
from tests.fakes import FakeSide
from tests.sync.test_plan_order import TREE

TOKEN = CancelToken()


@dataclass
class JobSide(FakeSide):
    """A side that writes each batch by a job; `lose` of them are asked for in vain."""

    jobs: dict[str, list[str]] = field(default_factory=dict)

    def write(self, batch: Batch, cancel: CancelToken) -> Iterator[Outcome]:
        job = f"job {len(self.jobs)}"
        self.jobs[job] = [operation.key for operation in batch.operations]
        batch.begun(job)
        return super().write(batch, cancel)

    def conclude(
        self,
        job: str,
        entity: EntityMapping,  # noqa: ARG002
        operations: Sequence[Operation],
        cancel: CancelToken,  # noqa: ARG002
    ) -> Iterator[Outcome]:
        waiting = {operation.key: operation for operation in operations}
        told = (waiting[key] for key in self.jobs[job] if key in waiting)
        return (Outcome(operation, OutcomeState.WRITTEN, side_id="id") for operation in told)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    """Return a workbench where billing alone has two accounts that hang on each other."""
    mapping = parse_mapping(TREE, "tree.toml")
    sides = {side: JobSide(side, mapping) for side in Side}
    for key, parent in (("A", "B"), ("B", "A")):
        sides[Side.BILLING].put("account", key, f"Account {key}", parent)
    made = Workbench("test", mapping, Store(tmp_path / "s.sqlite", mapping), sides)
    yield made
    made.store.close()


def salesforce(bench: Workbench) -> JobSide:
    side = bench.connectors[Side.SALESFORCE]
    assert isinstance(side, JobSide)
    return side


def planned(bench: Workbench) -> CommitPlan:
    refresh(bench, RefreshRequest(), TOKEN, no_report)
    compare(bench, TOKEN, no_report)
    return build_plan(bench, Selection(), TOKEN, no_report)


@pytest.mark.parametrize("lost", [1, 2])
def test_what_closes_a_circle_is_sent_though_a_job_told_of_its_record(
    bench: Workbench, lost: int
) -> None:
    salesforce(bench).lose = lost
    commit(bench, planned(bench), TOKEN, no_report)
    while found := resume(bench, TOKEN, no_report):
        assert found.failed == 0
    assert salesforce(bench).values("account") == {
        "A": ("Account A", "B"),
        "B": ("Account B", "A"),
    }
