"""Undo between two fake sides: what a commit wrote is put back, what people changed is not."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from app.domain.control import CancelToken, no_report
from app.domain.mapping_file import parse_mapping
from app.domain.plan import CommitPlan, Verb
from app.domain.record import Side
from app.errors import NotFound, WrongUse
from app.store.cursors import note_instance
from app.store.workspace import Store
from app.sync.commit import CommitResult, commit
from app.sync.compare import compare
from app.sync.planner import Selection, build_plan
from app.sync.refresh import RefreshRequest, refresh
from app.sync.undo import UndoPart, build_undo
from app.sync.workbench import Workbench
from tests.fakes import SMALL_MAPPING, FakeSide, make_bench, side_of

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


def part(*keys: str, fields: str = "", entity: str = "plan") -> UndoPart:
    chosen = {entity: frozenset(keys)} if keys else None
    return UndoPart(chosen, frozenset(fields.split(",")) if fields else None)


def undo_part(bench: Workbench, run: str, wanted: UndoPart) -> CommitPlan:
    return build_undo(bench, run, TOKEN, no_report, wanted)


def said(plan: CommitPlan) -> dict[str, str]:
    return {problem.key: problem.message for problem in plan.problems}


def test_the_live_state_counts_and_not_what_the_last_refresh_saw(bench: Workbench) -> None:
    run = settle(bench)
    salesforce(bench).put("plan", "changed", "Old", Decimal(9), "Core")
    salesforce(bench).drop("plan", "new")
    plan = undo(bench, run)
    assert [operation.key for operation in plan.operations] == ["gone"]
    assert said(plan) == {
        "changed": "price changed since, it is left alone",
        "new": "it is not there any more",
    }
    assert carry_out(bench, plan).is_clean


def test_some_records_of_a_commit_are_undone(bench: Workbench) -> None:
    run = settle(bench)
    plan = undo_part(bench, run, part("changed", "gone"))
    assert {operation.key for operation in plan.operations} == {"changed", "gone"}
    assert carry_out(bench, plan).is_clean
    assert salesforce(bench).values("plan")["changed"] == OLD
    assert "new" in salesforce(bench).values("plan")


def test_some_fields_of_a_commit_are_undone(bench: Workbench) -> None:
    billing = side_of(bench, Side.BILLING)
    billing.put("plan", "changed", "Renamed", Decimal(2), "Core")
    look(bench)
    plan = undo_part(bench, settle(bench), part(fields="name"))
    (operation,) = plan.operations
    assert [change.name for change in operation.changes] == ["name"]
    assert said(plan) == {
        "new": "the commit made it: it can be undone as a whole only",
        "gone": "the commit deleted it: it can be undone as a whole only",
    }
    assert carry_out(bench, plan).is_clean
    assert salesforce(bench).values("plan")["changed"] == ("Old", Decimal(2), "Core")


@pytest.mark.parametrize("wanted", [part("nosuch"), part(fields="nosuch")])
def test_a_part_that_the_commit_does_not_have_is_an_error(
    bench: Workbench, wanted: UndoPart
) -> None:
    run = settle(bench)
    with pytest.raises(WrongUse, match="nosuch"):
        undo_part(bench, run, wanted)


def test_a_field_that_cannot_be_set_is_named_before(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = settle(bench)
    monkeypatch.setattr(salesforce(bench), "writable", lambda _entity: frozenset({"name"}))
    plan = undo_part(bench, run, part("changed"))
    assert plan.operations == ()
    assert said(plan) == {"changed": "Salesforce does not let price be set"}


def with_tiers(bench: Workbench, key: str) -> None:
    """Let billing have a tier of a plan; commit it with all else."""
    side_of(bench, Side.BILLING).put("tier", f"{key}-1", Decimal("0.5"), key)
    look(bench)


def test_a_record_that_others_hang_on_by_now_stays_and_they_are_named(bench: Workbench) -> None:
    run = settle(bench)
    salesforce(bench).put("tier", "mine", Decimal("0.5"), "new")
    look(bench)
    plan = undo(bench, run)
    assert {operation.key for operation in plan.operations} == {"changed", "gone"}
    assert said(plan) == {"new": "it cannot go, since these hang on it: tier mine"}


def test_what_was_made_together_goes_together_or_not_at_all(bench: Workbench) -> None:
    with_tiers(bench, "new")
    run = settle(bench)
    assert said(undo_part(bench, run, part("new"))) == {
        "new": "it cannot go, since these hang on it: tier new-1"
    }
    plan = undo_part(
        bench, run, UndoPart({"plan": frozenset({"new"}), "tier": frozenset({"new-1"})})
    )
    assert [operation.key for operation in plan.operations] == ["new-1", "new"]
    assert carry_out(bench, plan).is_clean


def deleted_with_its_tier(bench: Workbench) -> str:
    salesforce(bench).put("tier", "gone-1", Decimal("0.5"), "gone")
    look(bench)
    return settle(bench)


def test_what_a_chosen_record_needs_is_brought_back_too(bench: Workbench) -> None:
    plan = undo_part(bench, deleted_with_its_tier(bench), part("gone-1", entity="tier"))
    assert [operation.key for operation in plan.operations] == ["gone", "gone-1"]
    assert said(plan) == {"gone": "added, since tier gone-1 needs it"}
    assert carry_out(bench, plan).is_clean


def test_what_refers_to_something_that_is_not_there_is_left_out(bench: Workbench) -> None:
    run = deleted_with_its_tier(bench)
    salesforce(bench).allowed = frozenset({Verb.INSERT, Verb.UPDATE, Verb.DELETE})
    bench.store.durable.execute("UPDATE journal SET state = 2 WHERE key = 'gone'")
    plan = undo_part(bench, run, part("gone-1", entity="tier"))
    assert plan.operations == ()
    assert said(plan) == {"gone-1": "it refers to plan gone, which Salesforce lacks"}


def test_a_commit_to_another_organisation_is_not_undone_here(bench: Workbench) -> None:
    run = settle(bench)
    note_instance(bench.store, Side.SALESFORCE, "other")
    plan = undo(bench, run)
    assert plan.operations == ()
    assert "went to Salesforce fake, connected now is other" in plan.problems[0].message


def test_what_the_mapping_lost_since_is_named_and_the_rest_undone(bench: Workbench) -> None:
    run = settle(bench)
    bench.store.close()
    smaller = parse_mapping(
        SMALL_MAPPING.replace('name = "price"', 'name = "amount"'), "small.toml"
    )
    for side in Side:
        side_of(bench, side).mapping = smaller
    with Store(bench.store.path, smaller) as store:
        plan = undo(replace(bench, store=store, mapping=smaller), run)
    assert {operation.key for operation in plan.operations} == {"new", "gone"}
    assert any("no field price" in problem.message for problem in plan.problems)
