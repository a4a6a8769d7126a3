"""A plan says what refers to a record that it deletes, and does not go with it."""

from decimal import Decimal
from pathlib import Path

import pytest

from app.domain.control import CancelToken, no_report
from app.domain.plan import CommitPlan, Verb
from app.domain.record import Side
from app.sync import left_hanging
from app.sync.compare import compare
from app.sync.left_hanging import TOO_MANY
from app.sync.planner import Selection, build_plan
from app.sync.refresh import RefreshRequest, refresh
from app.sync.workbench import Workbench
from tests.fakes import make_bench, side_of

DELETES = frozenset({Verb.DELETE})


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    """Return a workbench with plans that Salesforce alone has, one of them with five tiers."""
    bench = make_bench(tmp_path)
    there = side_of(bench, Side.SALESFORCE)
    for key in ("P1", "P2"):
        there.put("plan", key, key, Decimal(1), None)
    for number in range(5):
        there.put("tier", f"T{number}", Decimal(number), "P1")
    return bench


def plan_of(
    bench: Workbench, *entities: str, verbs: frozenset[Verb] | None = DELETES
) -> CommitPlan:
    refresh(bench, RefreshRequest(), CancelToken(), no_report)
    compare(bench, CancelToken(), no_report)
    return build_plan(bench, Selection(entities, verbs), CancelToken(), no_report)


def test_what_refers_to_a_deleted_record_is_named(bench: Workbench) -> None:
    (problem,) = plan_of(bench, "plan").problems
    assert (problem.severity, problem.entity, problem.key) == ("warning", "plan", "P1")
    assert "do not go with it: tier T0, tier T1, tier T2 and 2 more. Salesf" in problem.message


def test_what_goes_with_it_is_not_named(bench: Workbench) -> None:
    plan = plan_of(bench)
    assert (plan.counts[Verb.DELETE], plan.problems) == (7, ())


def test_what_the_plan_gives_another_parent_is_not_named(bench: Workbench) -> None:
    for side in Side:
        side_of(bench, side).put("plan", "P3", "P3", Decimal(1), None)
    for number in range(5):
        side_of(bench, Side.BILLING).put("tier", f"T{number}", Decimal(number), "P3")
    plan = plan_of(bench, verbs=frozenset({Verb.UPDATE, Verb.DELETE}))
    assert (plan.counts[Verb.UPDATE], plan.counts[Verb.DELETE], plan.problems) == (5, 2, ())


def test_of_too_many_it_is_said_that_nobody_looked(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(left_hanging, "_MOST_KEPT", 1)
    plan = plan_of(bench, "plan")
    assert plan.problems == ()
    assert TOO_MANY in plan.not_checked
