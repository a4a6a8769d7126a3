"""One choice for all that a filter shows."""

import pytest

from app.domain.control import CancelToken, no_report
from app.domain.diff import Kind
from app.domain.proposal import TYPED, Choice
from app.domain.record import Side
from app.store.choices import all_choices, choose
from app.store.comparison import find_link
from app.store.pager import Filter, Row
from app.store.wanted import Wanted
from app.sync.choosing_many import Bulk, BulkDraft, Left, bulk_choice, draft_bulk
from app.sync.workbench import Workbench
from app.views.state.bulk import bulk_label, form_for_all, left_words, question
from tests.fakes import side_of


def draft(bench: Workbench, bulk: Bulk, wanted: Filter | None = None) -> BulkDraft:
    return draft_bulk(bench, wanted or Filter(), bulk, CancelToken(), no_report)


def link(bench: Workbench, entity: str, key: str) -> int:
    return find_link(bench.store, bench.mapping.entity(entity), key) or 0


def test_unticking_takes_all_that_can_be_ticked(bench: Workbench) -> None:
    made = draft(bench, Bulk.UNTICK)
    assert len(made.changes) == 5
    assert all(choice == Choice(ticked=False) for choice in made.changes.values())


def test_ticking_leaves_deletes_and_conflicts(bench: Workbench) -> None:
    choose(bench.store, draft(bench, Bulk.UNTICK).changes)
    made = draft(bench, Bulk.TICK)
    assert len(made.changes) == 5
    assert made.left == {Left.CONFLICT: 1, Left.DELETE: 1}
    assert link(bench, "coupon", "STALE") not in made.changes


@pytest.mark.parametrize("bulk", [Bulk.TICK, Bulk.BILLING])
def test_what_is_held_back_is_ticked_one_by_one(bench: Workbench, bulk: Bulk) -> None:
    entity = bench.mapping.entity("plan")
    held = Row(1, "plan", "P", None, "P", None, Kind.HELD_BACK, (), False, True, False, None)  # noqa: FBT003 - a row
    made = bulk_choice(entity, held, Choice(), bulk, bench.abilities(entity))
    assert made == (Choice(), Left.HELD)


def test_taking_salesforce_makes_deletes_of_inserts_and_ticks_none(bench: Workbench) -> None:
    made = draft(bench, Bulk.SALESFORCE)
    new = made.changes[link(bench, "coupon", "NEW")]
    assert new == Choice(ticked=False, take={"*": "salesforce"})
    conflict = made.changes[link(bench, "plan", "BASIC")]
    assert conflict == Choice(ticked=True, take={"*": "salesforce"})
    assert made.left[Left.DELETE] == 2


def test_a_delete_that_was_ticked_by_hand_stays_ticked(bench: Workbench) -> None:
    stale = link(bench, "coupon", "STALE")
    choose(bench.store, {stale: Choice(ticked=True)})
    assert draft(bench, Bulk.BILLING).changes[stale] == Choice(ticked=True, take={"*": "billing"})
    turned = {stale: Choice(ticked=True, take={"*": "salesforce"})}
    choose(bench.store, turned)
    assert draft(bench, Bulk.BILLING).changes[stale].ticked is None, "it was an insert"


def test_only_what_the_filter_shows_is_changed(bench: Workbench) -> None:
    made = draft(bench, Bulk.SKIP, Filter(frozenset({Kind.DIFFERENT}), "team"))
    assert set(made.changes) == {link(bench, "plan", "TEAM")}
    assert draft(bench, Bulk.SKIP, Filter(frozenset({Kind.IDENTICAL}))).changes == {}


def test_what_a_side_cannot_do_is_left(bench: Workbench) -> None:
    side_of(bench, Side.BILLING).allowed = frozenset()
    made = draft(bench, Bulk.SALESFORCE)
    assert made.left == {Left.UNABLE: 7}
    assert made.changes == {}


def test_back_to_the_rule_forgets_every_choice(bench: Workbench) -> None:
    choose(bench.store, draft(bench, Bulk.SALESFORCE).changes)
    choose(bench.store, draft(bench, Bulk.RULE).changes)
    assert all_choices(bench.store) == {}


def test_the_question_has_the_counts(bench: Workbench) -> None:
    made = draft(bench, Bulk.SALESFORCE)
    assert question(made) == f"Take Salesforce's value for {len(made.changes)} differences?"
    assert left_words(made).startswith("2 would be deletes")
    assert question(BulkDraft(Bulk.TICK)) == "Nothing would change."
    assert all(bulk_label(bulk).endswith("\u2026") for bulk in Bulk)


def test_only_records_in_which_the_field_differs_are_changed(bench: Workbench) -> None:
    made = draft(bench, Bulk.UNTICK, Wanted(field="family"))
    assert set(made.changes) == {link(bench, "plan", "TEAM")}


def test_a_typed_value_is_taken_where_the_field_differs(bench: Workbench) -> None:
    team, wanted = link(bench, "plan", "TEAM"), Wanted(field="family")
    made = draft_bulk(bench, wanted, Bulk.TYPED, CancelToken(), no_report, words="Both")
    assert made.changes == {team: Choice(take={"family": TYPED}, typed={"family": "Both"})}
    assert question(made) == "Take the typed value for 1 differences?"
    choose(bench.store, made.changes)
    again = draft_bulk(bench, wanted, Bulk.TYPED, CancelToken(), no_report, words="Both")
    assert (again.changes, again.left) == ({}, {Left.ALIKE: 1})


def test_a_typed_value_that_an_entity_cannot_take_is_left(bench: Workbench) -> None:
    wanted = Wanted(field="price")
    made = draft_bulk(bench, wanted, Bulk.TYPED, CancelToken(), no_report, words="much")
    assert not made.changes
    assert set(made.left) <= {Left.UNABLE}


def test_a_value_is_asked_for_only_of_a_field_that_some_side_takes(bench: Workbench) -> None:
    form = form_for_all(bench, "family")
    assert form is not None
    assert form.heading == "Family"
    assert form_for_all(bench, "nosuch") is None
    assert form_for_all(bench, "") is None
