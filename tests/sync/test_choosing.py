"""Typed values, ignore rules and conflicts settled for all: from choice to what is written."""

from pathlib import Path

import pytest

from app.domain.control import CancelToken
from app.domain.diff import Kind
from app.domain.mapping import IgnoreRule
from app.domain.plan import CommitPlan
from app.domain.proposal import TYPED, Choice
from app.domain.record import Side
from app.errors import NotFound, WrongUse
from app.store.choices import choice_of, choose
from app.store.comparison import find_link
from app.sync.commit import commit
from app.sync.compare import compare
from app.sync.ignoring import add_rule, remove_rule, rules_of
from app.sync.planner import Selection, build_plan
from app.sync.refresh import RefreshRequest, refresh
from app.sync.report import report_rows
from app.sync.workbench import Workbench
from tests.fakes import make_bench, side_of

RULE = IgnoreRule("names", "plan", "name", case=True)


def quiet(*_args: object) -> None:
    """Say nothing."""


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    bench = make_bench(tmp_path)
    side_of(bench, Side.BILLING).put("plan", "A", "Pro", 1, None)
    side_of(bench, Side.SALESFORCE).put("plan", "A", "PRO", 1, None)
    refresh(bench, RefreshRequest(), CancelToken(), quiet)
    return bench


def typed(value: str | None) -> Choice:
    return Choice(ticked=True, take={"name": TYPED}, typed={"name": value})


def kinds(bench: Workbench) -> dict[Kind, int]:
    counts = compare(bench, CancelToken(), quiet)["plan"]
    return {kind: count for kind, count in counts.items() if count}


def plan_of(bench: Workbench, selection: Selection | None = None) -> CommitPlan:
    return build_plan(bench, selection or Selection(), CancelToken(), quiet)


def link_of(bench: Workbench) -> int:
    return find_link(bench.store, bench.mapping.entity("plan"), "A") or 0


def test_a_typed_value_goes_to_both_sides(bench: Workbench) -> None:
    kinds(bench)
    choose(
        bench.store,
        {link_of(bench): typed("Professional")},
    )
    plan = plan_of(bench)
    assert [operation.side for operation in plan.operations] == [Side.BILLING, Side.SALESFORCE]
    assert commit(bench, plan, CancelToken(), quiet).written == 2
    for side in Side:
        assert side_of(bench, side).values("plan")["A"][0] == "Professional"
    assert kinds(bench) == {Kind.IDENTICAL: 1}


def test_a_typed_value_that_one_side_has_is_written_to_the_other_only(bench: Workbench) -> None:
    kinds(bench)
    choose(
        bench.store,
        {link_of(bench): typed("Pro")},
    )
    assert [o.side for o in plan_of(bench).operations] == [Side.SALESFORCE]


def test_a_typed_value_survives_the_store(bench: Workbench) -> None:
    kinds(bench)
    made = Choice(ticked=True, take={"name": TYPED, "price": "billing"}, typed={"name": None})
    choose(bench.store, {link_of(bench): made})
    assert choice_of(bench.store, link_of(bench)) == made


def test_a_typed_value_is_cleared_by_nothing(bench: Workbench) -> None:
    kinds(bench)
    choose(
        bench.store,
        {link_of(bench): typed(None)},
    )
    assert [o.changes[0].after for o in plan_of(bench).operations] == [None, None]


def test_an_ignored_difference_is_a_kind_of_its_own_and_is_not_planned(bench: Workbench) -> None:
    assert kinds(bench) == {Kind.CONFLICT: 1}
    add_rule(bench, RULE)
    assert kinds(bench) == {Kind.IGNORED: 1}
    assert plan_of(bench, Selection(take=Side.BILLING)).operations == ()
    assert [row.verdict for row in report_rows(bench)] == ["ignored by the rule names"]


def test_a_rule_taken_away_brings_the_difference_back(bench: Workbench) -> None:
    add_rule(bench, RULE)
    kinds(bench)
    remove_rule(bench, "names")
    assert kinds(bench) == {Kind.CONFLICT: 1}
    with pytest.raises(NotFound):
        remove_rule(bench, "names")


def test_a_rule_needs_a_field_that_there_is_and_a_name_of_its_own(bench: Workbench) -> None:
    with pytest.raises(WrongUse, match="no field 'colour'"):
        add_rule(bench, IgnoreRule("x", "plan", "colour"))
    add_rule(bench, RULE)
    with pytest.raises(WrongUse, match="already"):
        add_rule(bench, RULE)
    assert rules_of(bench, bench.mapping.entity("plan")) == (RULE,)


def test_conflicts_can_be_settled_for_all_that_is_selected(bench: Workbench) -> None:
    kinds(bench)
    assert plan_of(bench).operations == ()
    plan = plan_of(bench, Selection(take=Side.SALESFORCE))
    assert [(o.side, o.changes[0].after) for o in plan.operations] == [(Side.BILLING, "PRO")]


def test_a_conflict_that_a_person_decided_is_not_settled_otherwise(bench: Workbench) -> None:
    kinds(bench)
    choose(bench.store, {link_of(bench): Choice(ticked=True, take={"name": "billing"})})
    plan = plan_of(bench, Selection(take=Side.SALESFORCE))
    assert [o.side for o in plan.operations] == [Side.SALESFORCE]


def test_a_conflict_that_a_person_had_unticked_is_not_settled_for_all(bench: Workbench) -> None:
    kinds(bench)
    choose(bench.store, {link_of(bench): Choice(ticked=False)})
    assert plan_of(bench, Selection(take=Side.SALESFORCE)).operations == ()
