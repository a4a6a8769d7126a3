"""Undo between two fake sides: what a commit wrote is put back, what people changed is not."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from app.domain.control import CancelToken, no_report
from app.domain.plan import CommitPlan, Verb
from app.domain.record import Side
from app.errors import NotFound
from app.sync.commit import CommitResult, commit
from app.sync.compare import compare
from app.sync.planner import Selection, build_plan
from app.sync.refresh import RefreshRequest, refresh
from app.sync.undo import build_undo
from app.sync.workbench import Workbench
from tests.fakes import FakeSide, make_bench, side_of

TOKEN = CancelToken()
OLD = ("Old", Decimal(1), "Core")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    """Return a workbench on which one plan is to be changed, one inserted, one deleted."""
    made = make_bench(tmp_path)
    for side in (side_of(made, side) for side in Side):
        side.put("plan", "changed", *OLD)
        side.put("plan", "gone", *OLD)
    look(made)
    billing = side_of(made, Side.BILLING)
    billing.put("plan", "changed", "Old", Decimal(2), "Core")
    billing.put("plan", "new", "New", Decimal(3), None)
    billing.drop("plan", "gone")
    look(made)
    yield made
    made.store.close()


def salesforce(bench: Workbench) -> FakeSide:
    return side_of(bench, Side.SALESFORCE)


def look(bench: Workbench) -> None:
    refresh(bench, RefreshRequest(), TOKEN, no_report)
    compare(bench, TOKEN, no_report)


def carry_out(bench: Workbench, plan: CommitPlan) -> CommitResult:
    return commit(bench, plan, TOKEN, no_report)


def settle(bench: Workbench) -> str:
    selection = Selection(verbs=frozenset(Verb))
    return carry_out(bench, build_plan(bench, selection, TOKEN, no_report)).commit


def undo(bench: Workbench, run: str) -> CommitPlan:
    return build_undo(bench, run, TOKEN, no_report)


def test_an_undo_puts_every_value_back(bench: Workbench) -> None:
    before = dict(salesforce(bench).values("plan"))
    run = settle(bench)
    assert salesforce(bench).values("plan") != before
    assert carry_out(bench, undo(bench, run)).is_clean
    assert salesforce(bench).values("plan") == before


def test_an_undo_can_be_undone(bench: Workbench) -> None:
    run = settle(bench)
    after = dict(salesforce(bench).values("plan"))
    undone = carry_out(bench, undo(bench, run)).commit
    carry_out(bench, undo(bench, undone))
    assert salesforce(bench).values("plan") == after


def test_what_somebody_changed_since_is_left_alone_and_named(bench: Workbench) -> None:
    run = settle(bench)
    salesforce(bench).put("plan", "changed", "Old", Decimal(9), "Core")
    salesforce(bench).put("plan", "new", "Edited", Decimal(3), None)
    look(bench)
    plan = undo(bench, run)
    assert [operation.key for operation in plan.operations] == ["gone"]
    said = {problem.key: problem.message for problem in plan.problems}
    assert said == {
        "changed": "price changed since, it is left alone",
        "new": "changed since: name",
    }


def test_what_changed_after_the_undo_was_planned_is_stale(bench: Workbench) -> None:
    plan = undo(bench, settle(bench))
    salesforce(bench).put("plan", "changed", "Old", Decimal(9), "Core")
    result = carry_out(bench, plan)
    assert (result.selected, result.stale) == (3, 1)
    assert salesforce(bench).values("plan")["changed"][1] == Decimal(9)


def test_what_is_gone_or_there_again_is_named(bench: Workbench) -> None:
    run = settle(bench)
    salesforce(bench).drop("plan", "new")
    salesforce(bench).put("plan", "gone", *OLD)
    look(bench)
    said = {problem.key: problem.message for problem in undo(bench, run).problems}
    assert said == {"new": "it is not there any more", "gone": "it is there again"}


def test_a_side_that_cannot_do_it_is_named(bench: Workbench) -> None:
    run = settle(bench)
    salesforce(bench).allowed = frozenset({Verb.UPDATE})
    said = {problem.key: problem.message for problem in undo(bench, run).problems}
    assert said == {"new": "Salesforce offers no delete", "gone": "Salesforce offers no insert"}


def test_only_what_was_written_is_undone(bench: Workbench) -> None:
    salesforce(bench).fault = lambda operation: "no" if operation.key == "new" else ""
    keys = {operation.key for operation in undo(bench, settle(bench)).operations}
    assert keys == {"changed", "gone"}


def test_an_unknown_commit_is_an_error(bench: Workbench) -> None:
    with pytest.raises(NotFound, match="nosuch"):
        undo(bench, "nosuch")
