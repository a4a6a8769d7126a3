"""Pairing through a whole cycle: found, confirmed, committed, undone, taken apart."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from app.domain.control import CancelToken
from app.domain.diff import Kind
from app.domain.mapping import KEY
from app.domain.plan import CommitPlan, OutcomeState
from app.domain.proposal import Choice
from app.domain.record import RecordKey, Side, exact
from app.errors import NotFound, WrongUse
from app.store.choices import choose
from app.store.comparison import find_link
from app.store.journal import entries
from app.store.pairing import KEY_PUT_BACK, pairings
from app.sync.commit import CommitResult, commit, resume
from app.sync.compare import compare, diff_of
from app.sync.pairing import confirm, pair_by_rules, surveys, take_apart, waiting
from app.sync.planner import Selection, build_plan
from app.sync.refresh import RefreshRequest, refresh
from app.sync.undo import build_undo
from app.sync.workbench import Workbench
from tests.keyed_side import KeyedSide, keyed, keyed_bench

NEVER = CancelToken()
PRO, BASIC = ("Pro GmbH", exact(Decimal(49)), None), ("Basic", exact(Decimal(9)), None)


def quiet(_progress: object) -> None:
    """Report nothing."""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    """Return a workbench with plans A and B on both sides, and tier A/1."""
    made = keyed_bench(tmp_path)
    for side in Side:
        keyed(made, side).add("plan", "A", "idA", *PRO)
        keyed(made, side).add("plan", "B", "idB", *BASIC)
        keyed(made, side).add("tier", "A/1", "idT", exact(Decimal(1)), "A")
    again(made)
    yield made
    made.store.close()


def again(bench: Workbench) -> dict[Kind, int]:
    refresh(bench, RefreshRequest(full=True), NEVER, quiet)
    counts = compare(bench, NEVER, quiet)["plan"]
    return {kind: n for kind, n in counts.items() if n}


def org(bench: Workbench) -> KeyedSide:
    return keyed(bench, Side.SALESFORCE)


def kinds(bench: Workbench, entity: str = "plan") -> dict[Kind, int]:
    return {kind: n for kind, n in compare(bench, NEVER, quiet)[entity].items() if n}


def plan(bench: Workbench, entity: str = "plan") -> CommitPlan:
    return build_plan(bench, Selection(entities=(entity,)), NEVER, quiet)


def done(bench: Workbench, planned: CommitPlan) -> CommitResult:
    result = commit(bench, planned, NEVER, quiet)
    compare(bench, NEVER, quiet)
    return result


def lose_key(bench: Workbench, *, to: str = "") -> None:
    org(bench).rekey("plan", "idA", to)
    again(bench)


def pair_a(bench: Workbench) -> None:
    confirm(bench, "plan", "A", "idA")
    kinds(bench)


def test_a_record_that_lost_its_key_is_matched_by_rule_and_waits(bench: Workbench) -> None:
    lose_key(bench)
    assert kinds(bench) == {Kind.IDENTICAL: 1, Kind.ONLY_IN_BILLING: 1}
    (found,) = [one.found for one in surveys(bench, ["plan"], NEVER)]
    (match,) = found.matched
    assert (match.billing.id, match.salesforce.id, match.rule) == ("A", "idA", "name and price")
    assert waiting(bench, NEVER) == 1


@pytest.mark.parametrize("own_key", ["", "old"])
def test_a_pair_differs_by_its_key_alone(bench: Workbench, own_key: str) -> None:
    lose_key(bench, to=own_key)
    pair_a(bench)
    assert kinds(bench) == {Kind.IDENTICAL: 1, Kind.DIFFERENT: 1}
    link = find_link(bench.store, bench.mapping.entity("plan"), "A")
    opened = diff_of(bench, link or 0)
    assert opened
    assert [(f.name, f.billing, f.salesforce) for f in opened.diff.fields] == [
        (KEY, "A", own_key or None)
    ]
    (operation,) = opened.proposal.operations
    assert (operation.side, operation.side_id) == (Side.SALESFORCE, "idA")


@pytest.mark.parametrize("own_key", ["", "old"])
def test_the_commit_writes_the_key_and_the_next_refresh_finds_it(
    bench: Workbench, own_key: str
) -> None:
    lose_key(bench, to=own_key)
    pair_a(bench)
    result = done(bench, plan(bench))
    assert (result.selected, result.written) == (1, 1)
    assert org(bench).found("plan", "idA").key == "A"
    assert kinds(bench) == {Kind.IDENTICAL: 2}
    assert pairings(bench.store) == ()
    assert again(bench) == {Kind.IDENTICAL: 2}


@pytest.mark.parametrize("own_key", ["", "old"])
def test_an_undo_of_the_commit_puts_the_old_key_and_the_pairing_back(
    bench: Workbench, own_key: str
) -> None:
    lose_key(bench, to=own_key)
    pair_a(bench)
    run = done(bench, plan(bench)).commit
    undo = build_undo(bench, run, NEVER, quiet)
    assert undo.problems == ()
    assert done(bench, undo).written == 1
    assert org(bench).found("plan", "idA").key == own_key
    assert kinds(bench) == {Kind.IDENTICAL: 1, Kind.DIFFERENT: 1}
    assert [(one.key, one.rule) for one in pairings(bench.store)] == [("A", KEY_PUT_BACK)]
    assert again(bench) == {Kind.IDENTICAL: 1, Kind.DIFFERENT: 1}
    take_apart(bench, "plan", "A")
    alone = {Kind.ONLY_IN_SALESFORCE: 1} if own_key else {}
    assert again(bench) == {Kind.IDENTICAL: 1, Kind.ONLY_IN_BILLING: 1, **alone}


def test_an_undo_names_a_key_that_another_record_has_by_now(bench: Workbench) -> None:
    lose_key(bench, to="old")
    pair_a(bench)
    run = done(bench, plan(bench)).commit
    org(bench).add("plan", "old", "idNew", *BASIC)
    again(bench)
    undo = build_undo(bench, run, NEVER, quiet)
    assert len(undo.operations) == 0
    assert "another record in Salesforce has its key 'old' by now" in undo.problems[0].message


def test_a_pair_stays_over_refreshes(bench: Workbench) -> None:
    lose_key(bench)
    pair_a(bench)
    assert again(bench) == again(bench) == {Kind.IDENTICAL: 1, Kind.DIFFERENT: 1}


def test_a_pair_without_a_key_is_not_counted_as_left_out(bench: Workbench) -> None:
    lose_key(bench)
    assert refresh(bench, RefreshRequest(full=True), NEVER, quiet).unkeyed == 1
    pair_a(bench)
    assert refresh(bench, RefreshRequest(full=True), NEVER, quiet).unkeyed == 0


def test_a_key_that_a_person_writes_ends_the_pairing(bench: Workbench) -> None:
    lose_key(bench)
    pair_a(bench)
    org(bench).rekey("plan", "idA", "A")
    assert again(bench) == {Kind.IDENTICAL: 2}
    assert pairings(bench.store) == ()


def test_another_record_with_the_key_makes_both_twins(bench: Workbench) -> None:
    lose_key(bench)
    pair_a(bench)
    org(bench).add("plan", "A", "idNew", *PRO)
    assert again(bench) == {Kind.IDENTICAL: 1, Kind.DUPLICATE_KEY: 1}
    org(bench).records[RecordKey("plan", "A")].clear()
    assert again(bench) == {Kind.IDENTICAL: 1, Kind.DIFFERENT: 1}


def test_a_deleted_record_ends_the_pairing(bench: Workbench) -> None:
    lose_key(bench)
    pair_a(bench)
    org(bench).records[RecordKey("plan", "")].clear()
    assert again(bench) == {Kind.IDENTICAL: 1, Kind.ONLY_IN_BILLING: 1}
    assert pairings(bench.store) == ()


def test_a_key_that_is_to_stay_is_kept_while_other_fields_are_written(bench: Workbench) -> None:
    lose_key(bench, to="old")
    keyed(bench, Side.BILLING).put("plan", "A", "Pro", Decimal(59), None)
    again(bench)
    pair_a(bench)
    link = find_link(bench.store, bench.mapping.entity("plan"), "A") or 0
    choose(bench.store, {link: Choice(ticked=True, take={KEY: "skip", "name": "billing"})})
    kinds(bench)
    assert done(bench, plan(bench)).written == 1
    record = org(bench).found("plan", "idA")
    assert (record.key, record.values[:2]) == ("old", ("Pro", Decimal(59)))
    assert kinds(bench) == {Kind.IDENTICAL: 1, Kind.DIFFERENT: 1}


def test_a_key_that_changed_since_the_review_makes_it_stale(bench: Workbench) -> None:
    lose_key(bench)
    pair_a(bench)
    planned = plan(bench)
    org(bench).rekey("plan", "idA", "other")
    result = done(bench, planned)
    assert (result.stale, org(bench).found("plan", "idA").key) == (1, "other")
    assert "its key is now 'other'" in result.failures[0].message


def test_a_lost_answer_is_settled_by_looking_at_the_record(bench: Workbench) -> None:
    lose_key(bench)
    pair_a(bench)
    org(bench).lose = 1
    result = done(bench, plan(bench))
    assert (result.written, len(org(bench).written)) == (1, 1)
    assert kinds(bench) == {Kind.IDENTICAL: 2}


def test_a_lost_answer_of_an_undo_is_settled_too(bench: Workbench) -> None:
    lose_key(bench)
    pair_a(bench)
    undo = build_undo(bench, done(bench, plan(bench)).commit, NEVER, quiet)
    org(bench).lose = 1
    assert done(bench, undo).written == 1
    assert resume(bench, NEVER, quiet) is None
    assert kinds(bench) == {Kind.IDENTICAL: 1, Kind.DIFFERENT: 1}


def test_what_refers_to_a_pair_brings_its_key_along(bench: Workbench) -> None:
    lose_key(bench)
    keyed(bench, Side.BILLING).add("tier", "A/2", "idT2", exact(Decimal(2)), "A")
    again(bench)
    pair_a(bench)
    planned = plan(bench, "tier")
    assert [(o.entity, o.key) for o in planned.operations] == [("plan", "A"), ("tier", "A/2")]
    assert done(bench, planned).written == 2


def test_an_undo_of_an_earlier_commit_names_a_pair_by_its_id(bench: Workbench) -> None:
    keyed(bench, Side.BILLING).put("plan", "A", "Pro GmbH", Decimal(59), None)
    again(bench)
    run = done(bench, plan(bench)).commit
    lose_key(bench)
    pair_a(bench)
    assert done(bench, build_undo(bench, run, NEVER, quiet)).written == 1
    record = org(bench).found("plan", "idA")
    assert (record.key, record.values[1], len(org(bench).records)) == ("", Decimal(49), 3)


def test_a_plan_made_before_the_pairing_is_stale(bench: Workbench) -> None:
    keyed(bench, Side.BILLING).put("plan", "A", "Pro GmbH", Decimal(59), None)
    again(bench)
    planned = plan(bench)
    lose_key(bench)
    pair_a(bench)
    result = done(bench, planned)
    assert (result.stale, result.written) == (1, 0)
    assert result.failures[0].message.endswith("it has no key now")


def test_rules_pair_what_they_match_and_nothing_ambiguous(bench: Workbench) -> None:
    lose_key(bench)
    org(bench).rekey("plan", "idB", "")
    org(bench).add("plan", "", "idB2", *BASIC)
    again(bench)
    assert [one.key for one in pair_by_rules(bench, (), NEVER)] == ["A"]
    (found,) = [one.found for one in surveys(bench, ["plan"], NEVER)]
    assert {one.id for unclear in found.ambiguous for one in unclear.salesforce} == {"idB", "idB2"}


def test_what_cannot_be_paired_is_refused(bench: Workbench) -> None:
    lose_key(bench)
    with pytest.raises(WrongUse, match="Billing has no plan nosuch"):
        confirm(bench, "plan", "nosuch", "idA")
    with pytest.raises(WrongUse, match="has a twin"):
        confirm(bench, "plan", "B", "idA")
    with pytest.raises(WrongUse, match="already"):
        confirm(bench, "plan", "A", "idB")
    with pytest.raises(WrongUse, match="no twin"):
        confirm(bench, "plan", "A", "nosuch")
    with pytest.raises(NotFound):
        take_apart(bench, "plan", "A")
    with pytest.raises(WrongUse, match="no entity"):
        surveys(bench, ["nosuch"], NEVER)


def test_the_journal_says_what_became_of_the_key(bench: Workbench) -> None:
    lose_key(bench, to="old")
    pair_a(bench)
    run = done(bench, plan(bench)).commit
    (entry,) = entries(bench.store, run=run, states=[OutcomeState.WRITTEN])
    (change,) = entry.operation.changes
    assert (change.name, change.before, change.after) == (KEY, "old", "A")
    assert entry.unmapped == ()


def test_a_key_that_another_record_got_since_the_review_is_not_written(bench: Workbench) -> None:
    lose_key(bench)
    pair_a(bench)
    planned = plan(bench)
    org(bench).add("plan", "A", "idNew", *PRO)
    result = done(bench, planned)
    assert (result.stale, org(bench).found("plan", "idA").key) == (1, "")
    assert result.failures[0].message.startswith("another record in Salesforce has this key")
