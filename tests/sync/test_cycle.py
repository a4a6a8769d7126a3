"""Refresh, compare, plan, commit between two fake sides."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.control import CancelToken, Progress, no_report
from app.domain.diff import Kind
from app.domain.plan import CommitPlan, OutcomeState, Verb
from app.domain.proposal import Choice
from app.domain.record import RecordKey, Side, Unreadable
from app.errors import Cancelled, ConnectionFailed, WrongUse
from app.store import journal
from app.store.choices import choose
from app.store.comparison import find_link
from app.sync.commit import CommitResult, commit, resume
from app.sync.compare import compare, diff_of
from app.sync.planner import Selection, build_plan
from app.sync.refresh import RefreshRequest, refresh
from app.sync.workbench import Workbench
from tests.fakes import FakeSide, make_bench, side_of

TOKEN = CancelToken()


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return make_bench(tmp_path)


def billing(bench: Workbench) -> FakeSide:
    return side_of(bench, Side.BILLING)


def salesforce(bench: Workbench) -> FakeSide:
    return side_of(bench, Side.SALESFORCE)


def look(bench: Workbench) -> Mapping[str, Mapping[Kind, int]]:
    refresh(bench, RefreshRequest(), TOKEN, no_report)
    return compare(bench, TOKEN, no_report)


def plan_all(bench: Workbench, *verbs: Verb) -> CommitPlan:
    return build_plan(bench, Selection(verbs=frozenset(verbs) or None), TOKEN, no_report)


def settle(bench: Workbench, *verbs: Verb) -> CommitResult:
    return commit(bench, plan_all(bench, *verbs), TOKEN, no_report)


def in_step(bench: Workbench) -> None:
    for side in (billing(bench), salesforce(bench)):
        side.put("plan", "P", "Pro", Decimal(49), "Core")
        side.put("tier", "T", Decimal("0.5"), "P")
    look(bench)


def test_what_is_missing_in_salesforce_comes_with_its_parent_first(bench: Workbench) -> None:
    billing(bench).put("plan", "P", "Pro", Decimal(49), None)
    billing(bench).put("tier", "T", Decimal("0.5"), "P")
    assert look(bench)["plan"][Kind.ONLY_IN_BILLING] == 1
    result = settle(bench)
    assert (result.selected, result.written) == (2, 2)
    assert [o.entity for o in salesforce(bench).written] == ["plan", "tier"]
    assert salesforce(bench).values("tier") == billing(bench).values("tier")


def test_after_a_commit_a_refresh_finds_nothing_left(bench: Workbench) -> None:
    in_step(bench)
    billing(bench).put("plan", "P", "Pro", Decimal(59), "Core")
    look(bench)
    settle(bench)
    assert compare(bench, TOKEN, no_report)["plan"][Kind.DIFFERENT] == 0
    assert look(bench)["plan"][Kind.IDENTICAL] == 1


def test_each_owner_wins_on_the_side_that_is_not_his(bench: Workbench) -> None:
    in_step(bench)
    billing(bench).put("plan", "P", "Pro", Decimal(59), "Core")
    salesforce(bench).put("plan", "P", "Pro", Decimal(49), "Premium")
    look(bench)
    settle(bench)
    assert billing(bench).values("plan") == {"P": ("Pro", Decimal(59), "Premium")}
    assert salesforce(bench).values("plan") == billing(bench).values("plan")


def test_both_changed_is_a_conflict_and_stays_until_somebody_decides(bench: Workbench) -> None:
    in_step(bench)
    billing(bench).put("plan", "P", "Pro B", Decimal(49), "Core")
    salesforce(bench).put("plan", "P", "Pro S", Decimal(49), "Core")
    assert look(bench)["plan"][Kind.CONFLICT] == 1
    assert plan_all(bench).operations == ()
    link = find_link(bench.store, bench.mapping.entity("plan"), "P")
    assert link
    choose(bench.store, {link: Choice(ticked=True, take={"name": "salesforce"})})
    settle(bench)
    assert billing(bench).values("plan")["P"][0] == "Pro S"


def test_both_changed_alike_is_agreement_and_the_new_base(bench: Workbench) -> None:
    in_step(bench)
    for side in (billing(bench), salesforce(bench)):
        side.put("plan", "P", "Pro 2", Decimal(49), "Core")
    assert look(bench)["plan"][Kind.IDENTICAL] == 1
    salesforce(bench).put("plan", "P", "Pro 3", Decimal(49), "Core")
    look(bench)
    (operation,) = plan_all(bench).operations
    assert (operation.side, operation.changes[0].after) == (Side.BILLING, "Pro 3")


def test_deletes_are_only_planned_when_asked_for(bench: Workbench) -> None:
    in_step(bench)
    billing(bench).drop("tier", "T")
    billing(bench).drop("plan", "P")
    look(bench)
    assert plan_all(bench).operations == ()
    settle(bench, Verb.DELETE)
    assert [o.key for o in salesforce(bench).written] == ["T", "P"]
    assert look(bench)["plan"][Kind.IDENTICAL] == 0


def test_a_key_that_stands_twice_is_never_written(bench: Workbench) -> None:
    in_step(bench)
    place = next(key for key in salesforce(bench).records if key.entity == "plan")
    salesforce(bench).records[place] *= 2
    billing(bench).put("plan", "P", "Pro", Decimal(59), "Core")
    assert look(bench)["plan"][Kind.DUPLICATE_KEY] == 1
    assert plan_all(bench, *Verb).operations == ()


def test_a_value_that_cannot_be_read_is_shown_and_not_written(bench: Workbench) -> None:
    in_step(bench)
    billing(bench).put("plan", "P", "Pro", Unreadable("12,5"), "Core")
    assert look(bench)["plan"][Kind.NOT_COMPARABLE] == 1
    assert plan_all(bench, *Verb).operations == ()


def test_a_child_brings_the_parent_it_needs_and_says_so(bench: Workbench) -> None:
    billing(bench).put("plan", "P", "Pro", Decimal(49), None)
    billing(bench).put("tier", "T", Decimal("0.5"), "P")
    look(bench)
    only_tier = Selection(keys={"tier": frozenset({"T"})})
    plan = build_plan(bench, only_tier, TOKEN, no_report)
    assert [o.entity for o in plan.operations] == ["plan", "tier"]
    assert any("needs it" in problem.message for problem in plan.problems)


def test_what_the_plan_deletes_is_not_brought_to_the_other_side(bench: Workbench) -> None:
    in_step(bench)
    salesforce(bench).put("plan", "Q", "Quick", Decimal(9), None)
    salesforce(bench).put("tier", "T", Decimal("0.5"), "Q")
    look(bench)
    tier, other = (
        find_link(bench.store, bench.mapping.entity(entity), key) or 0
        for entity, key in (("tier", "T"), ("plan", "Q"))
    )
    taken = Choice(ticked=True, take={"*": "salesforce"})
    choose(bench.store, {tier: taken, other: Choice(ticked=True)})
    plan = plan_all(bench)
    assert [(o.side, o.verb, o.key) for o in plan.operations] == [
        (Side.BILLING, Verb.UPDATE, "T"),
        (Side.SALESFORCE, Verb.DELETE, "Q"),
    ]
    assert "it refers to plan Q, which the plan deletes" in {one.message for one in plan.problems}


def test_a_record_that_changed_after_the_review_is_stale(bench: Workbench) -> None:
    in_step(bench)
    billing(bench).put("plan", "P", "Pro", Decimal(59), "Core")
    look(bench)
    plan = plan_all(bench)
    salesforce(bench).put("plan", "P", "Edited", Decimal(49), "Core")
    result = commit(bench, plan, TOKEN, no_report)
    assert (result.selected, result.sent, result.stale) == (1, 0, 1)
    assert salesforce(bench).values("plan")["P"][0] == "Edited"
    assert compare(bench, TOKEN, no_report)["plan"][Kind.DIFFERENT] == 1


def test_a_failed_row_does_not_stop_the_others_but_its_children(bench: Workbench) -> None:
    for key in ("A", "B"):
        billing(bench).put("plan", key, key, Decimal(1), None)
        billing(bench).put("tier", f"T{key}", Decimal(1), key)
    salesforce(bench).fault = lambda o: "TOO_LONG: name" if o.key == "A" else ""
    look(bench)
    result = settle(bench)
    assert (result.selected, result.written, result.failed, result.skipped) == (4, 2, 1, 1)
    messages = {failure.key: failure.message for failure in result.failures}
    assert messages == {"A": "TOO_LONG: name", "TA": "its plan A was not written"}


def test_a_lost_answer_is_looked_up_and_nothing_is_written_twice(bench: Workbench) -> None:
    in_step(bench)
    billing(bench).put("plan", "P", "Pro", Decimal(59), "Core")
    look(bench)
    salesforce(bench).lose = 1
    result = settle(bench)
    assert (result.written, result.failed) == (1, 0)
    assert len(salesforce(bench).written) == 1


def test_a_cancel_leaves_the_rest_for_resume(bench: Workbench) -> None:
    for number in range(40):
        billing(bench).put("plan", f"P{number}", "Pro", Decimal(number), None)
    look(bench)
    token = CancelToken()
    salesforce(bench).fault = lambda _o: token.cancel() or ""
    result = commit(bench, plan_all(bench), token, no_report)
    assert 0 < result.written < 40
    assert result.selected == result.sent + result.stale + result.skipped == 40
    salesforce(bench).fault = lambda _o: ""
    again = resume(bench, TOKEN, no_report)
    assert again
    assert again.written == 40
    assert len(salesforce(bench).written) == 40
    assert resume(bench, TOKEN, no_report) is None


def test_the_same_plan_committed_again_writes_nothing(bench: Workbench) -> None:
    billing(bench).put("plan", "P", "Pro", Decimal(49), None)
    look(bench)
    plan = plan_all(bench)
    commit(bench, plan, TOKEN, no_report)
    assert commit(bench, plan, TOKEN, no_report).stale == 1
    assert len(salesforce(bench).written) == 1


def test_the_journal_tells_before_and_after(bench: Workbench) -> None:
    in_step(bench)
    billing(bench).put("plan", "P", "Pro", Decimal(59), "Core")
    look(bench)
    run = settle(bench).commit
    (entry,) = journal.entries(bench.store, run=run)
    (change,) = entry.operation.changes
    assert (change.before, change.after) == (Decimal(49), Decimal(59))
    assert (entry.state, journal.find_run(bench.store, run).state) == (
        OutcomeState.WRITTEN,
        "finished",
    )


def test_a_side_that_cannot_be_read_stops_the_refresh_and_loses_nothing(bench: Workbench) -> None:
    in_step(bench)

    def fail(_request: object) -> None:
        raise ConnectionFailed("no route")

    salesforce(bench).on_read = fail
    with pytest.raises(ConnectionFailed):
        refresh(bench, RefreshRequest(), TOKEN, no_report)
    assert compare(bench, TOKEN, no_report)["plan"][Kind.IDENTICAL] == 1


def test_a_cancelled_refresh_ends(bench: Workbench) -> None:
    token = CancelToken()
    billing(bench).on_read = lambda _request: token.cancel()
    with pytest.raises(Cancelled):
        refresh(bench, RefreshRequest(), token, no_report)


def test_progress_is_told(bench: Workbench) -> None:
    billing(bench).put("plan", "P", "Pro", Decimal(49), None)
    seen: list[Progress] = []
    refresh(bench, RefreshRequest(), TOKEN, seen.append)
    assert any("Plans" in progress.what for progress in seen)


def test_an_unknown_entity_is_wrong_use(bench: Workbench) -> None:
    with pytest.raises(WrongUse, match="plann"):
        refresh(bench, RefreshRequest(entities=("plann",)), TOKEN, no_report)
    with pytest.raises(WrongUse, match="plann"):
        build_plan(bench, Selection(entities=("plann",)), TOKEN, no_report)


def test_a_second_compare_judges_only_what_changed(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_step(bench)
    billing(bench).put("plan", "P", "Pro", Decimal(59), "Core")
    look(bench)
    monkeypatch.setattr("app.sync.compare.opened", lambda *_: pytest.fail("judged again"))
    assert compare(bench, TOKEN, no_report)["plan"][Kind.DIFFERENT] == 1


def test_the_window_sees_what_a_commit_would_do(bench: Workbench) -> None:
    in_step(bench)
    billing(bench).put("plan", "P", "Pro", Decimal(59), "Core")
    look(bench)
    link = find_link(bench.store, bench.mapping.entity("plan"), "P")
    assert link
    opened = diff_of(bench, link)
    assert opened
    assert [c.name for c in opened.proposal.operations[0].changes] == ["price"]


RECORDS = st.dictionaries(
    st.sampled_from("ABCDEF"),
    st.tuples(st.sampled_from(["x", "y", None]), st.integers(0, 2).map(Decimal), st.none()),
    max_size=6,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(RECORDS, RECORDS, RECORDS)
def test_committing_makes_the_sides_equal_but_for_conflicts(
    tmp_path_factory: pytest.TempPathFactory,
    base: dict[str, tuple[object, ...]],
    left: dict[str, tuple[object, ...]],
    right: dict[str, tuple[object, ...]],
) -> None:
    bench = make_bench(tmp_path_factory.mktemp("w"))
    try:
        for state in ((base, base), (left, right)):
            for side, rows in zip((billing(bench), salesforce(bench)), state, strict=True):
                side.records.clear()
                for key, values in rows.items():
                    side.put("plan", key, *values)  # type: ignore[arg-type]
            look(bench)
        result = settle(bench, *Verb)
        assert result.is_clean
        counts = look(bench)["plan"]
        left_over = {kind for kind in Kind if counts[kind] and kind is not Kind.IDENTICAL}
        assert left_over <= {Kind.CONFLICT}
    finally:
        bench.store.close()


def test_a_record_made_anew_is_not_deleted_in_place_of_the_one_reviewed(bench: Workbench) -> None:
    in_step(bench)
    billing(bench).drop("tier", "T")
    look(bench)
    plan = plan_all(bench, Verb.DELETE)
    key = RecordKey("tier", "T")
    made_anew = salesforce(bench).records[key][0]._replace(side_id="tier:anew")
    salesforce(bench).records[key] = [made_anew]
    result = commit(bench, plan, TOKEN, no_report)
    assert (result.written, result.stale) == (0, 1)
    assert "another record in Salesforce has its key now" in result.failures[0].message
    assert salesforce(bench).records[key] == [made_anew]
