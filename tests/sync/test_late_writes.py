"""A write that a dead process had sent, carried out only after the resume has looked."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from app.connectors.protocol import Batch
from app.domain.control import CancelToken, no_report
from app.domain.diff import Kind
from app.domain.plan import Outcome, OutcomeState
from app.domain.record import Side
from app.errors import ConnectionFailed
from app.store.workspace import Store
from app.sync.commit import commit, resume
from app.sync.compare import compare
from app.sync.planner import Selection, build_plan
from app.sync.refresh import RefreshRequest, refresh
from app.sync.workbench import Workbench
from tests.fakes import FakeSide, small_mapping

TOKEN = CancelToken()


@dataclass
class LateSide(FakeSide):
    """A side that takes a write only if nobody has changed the record since it was read.

    The first write ends with its process; what somebody makes of the record comes before the next.
    """

    price: int = 0
    attempts: int = 0

    def write(self, batch: Batch, cancel: CancelToken) -> Iterator[Outcome]:
        self.attempts += 1
        if self.attempts == 1:
            raise ConnectionFailed("the process is no more", "resume")
        self.put("plan", "A", "Pro", Decimal(self.price), None)
        cancel.check()
        for operation in batch.operations:
            yield Outcome(operation, OutcomeState.STALE, "Somebody changed it.")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    """Return a workbench where billing has raised a price on which both sides had agreed."""
    mapping = small_mapping()
    sides = {side: LateSide(side, mapping) for side in Side}
    made = Workbench("test", mapping, Store(tmp_path / "s.sqlite", mapping), sides)
    for price in (49, 59):
        sides[Side.BILLING].put("plan", "A", "Pro", Decimal(price), None)
        if price == 49:
            sides[Side.SALESFORCE].put("plan", "A", "Pro", Decimal(price), None)
        refresh(made, RefreshRequest(), TOKEN, no_report)
        compare(made, TOKEN, no_report)
    yield made
    made.store.close()


@pytest.mark.parametrize(("price", "written", "stale"), [(59, 1, 0), (55, 0, 1)])
def test_our_own_late_write_is_found_written_and_anybody_elses_stays_stale(
    bench: Workbench, price: int, written: int, stale: int
) -> None:
    salesforce = bench.connectors[Side.SALESFORCE]
    assert isinstance(salesforce, LateSide)
    salesforce.price = price
    plan = build_plan(bench, Selection(), TOKEN, no_report)
    assert commit(bench, plan, TOKEN, no_report).skipped == 1
    done = resume(bench, TOKEN, no_report)
    assert done is not None
    assert (done.written, done.stale) == (written, stale)
    refresh(bench, RefreshRequest(), TOKEN, no_report)
    same = compare(bench, TOKEN, no_report)["plan"][Kind.IDENTICAL]
    assert same == written
