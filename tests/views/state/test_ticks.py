"""What clicks on boxes and arrows change."""

from array import array

from app.domain.diff import Kind
from app.domain.plan import Verb
from app.domain.proposal import NO_CHOICE, Ability, Choice
from app.domain.record import Side
from app.store.pager import Row
from app.sync.choosing import directed, field_directed, needs_direction, turned
from app.views.state.survey import Tally
from app.views.state.ticks import directions, field_directions, turned_group
from tests.fakes import catalog_mapping

PLAN = catalog_mapping().entity("plan")
READ_ONLY = {
    Side.BILLING: Ability(frozenset({Verb.UPDATE}), frozenset({"name"})),
    Side.SALESFORCE: Ability(frozenset(Verb), frozenset(PLAN.index)),
}


def row(kind: Kind, *, billing: bool = True, salesforce: bool = True) -> Row:
    fields = ("name", "number") if billing and salesforce else ()
    return Row(
        link=1, entity="plan", key="PRO", parent=None, title="Pro", group=None, kind=kind,
        fields=fields, deleted=False, in_billing=billing, in_salesforce=salesforce, ticked=None,
    )  # fmt: skip


def test_unticking_is_noted_and_ticking_again_is_forgotten() -> None:
    off = turned(Kind.DIFFERENT, NO_CHOICE)
    assert off == Choice(ticked=False)
    assert turned(Kind.DIFFERENT, off) == NO_CHOICE


def test_a_delete_is_ticked_by_hand() -> None:
    assert turned(Kind.ONLY_IN_SALESFORCE, NO_CHOICE) == Choice(ticked=True)


def test_a_groups_box_leaves_deletes_and_conflicts_alone() -> None:
    kinds = {1: Kind.DIFFERENT, 2: Kind.ONLY_IN_SALESFORCE, 3: Kind.CONFLICT, 4: Kind.DIFFERENT}
    tally = Tally(members=array("q", [1, 2, 3, 4]), safe=array("q", [1, 4]))
    ticked = turned_group(tally, kinds, {1: Choice(ticked=False)})
    assert ticked == {1: NO_CHOICE}


def test_a_groups_box_unticks_everything_once_all_is_ticked() -> None:
    kinds = {1: Kind.DIFFERENT, 2: Kind.ONLY_IN_SALESFORCE}
    tally = Tally(members=array("q", [1, 2]), safe=array("q", [1]))
    unticked = turned_group(tally, kinds, {2: Choice(ticked=True)})
    assert unticked == {1: Choice(ticked=False), 2: NO_CHOICE}


def test_a_conflict_needs_a_direction_before_its_tick_means_anything() -> None:
    assert needs_direction(Kind.CONFLICT, NO_CHOICE)
    decided = directed(row(Kind.CONFLICT), NO_CHOICE, "billing")
    assert decided == Choice(ticked=True, take={"*": "billing"})
    assert not needs_direction(Kind.CONFLICT, decided)


def test_turning_an_insert_into_a_delete_does_not_tick_it() -> None:
    only = row(Kind.ONLY_IN_BILLING, salesforce=False)
    assert directed(only, NO_CHOICE, "salesforce") == Choice(ticked=False, take={"*": "salesforce"})


def test_the_rule_forgets_the_choice() -> None:
    assert directed(row(Kind.DIFFERENT), Choice(ticked=True, take={"*": "skip"}), "") == NO_CHOICE


def test_one_decided_field_ticks_a_conflict_and_skipping_unticks_it() -> None:
    decided = field_directed(Kind.CONFLICT, NO_CHOICE, "name", "salesforce")
    assert decided == Choice(ticked=True, take={"name": "salesforce"})
    assert field_directed(Kind.CONFLICT, decided, "name", "skip") == Choice(None, {"name": "skip"})
    assert field_directed(Kind.CONFLICT, decided, "name", "") == NO_CHOICE


def test_what_a_side_cannot_do_cannot_be_chosen() -> None:
    only = row(Kind.ONLY_IN_SALESFORCE, billing=False)
    offered = {d.label: d.enabled for d in directions(PLAN, only, NO_CHOICE, READ_ONLY)}
    assert offered["Insert into billing"] is False
    assert offered["Delete in Salesforce"] is True


def test_a_fields_menu_knows_which_fields_can_be_written() -> None:
    offered = {d.wish: d.enabled for d in field_directions(PLAN, "number", NO_CHOICE, READ_ONLY)}
    assert offered == {
        "billing": True, "salesforce": False, "typed": True, "skip": True, "": True,
    }  # fmt: skip


def test_records_that_share_a_key_offer_nothing() -> None:
    assert directions(PLAN, row(Kind.DUPLICATE_KEY), NO_CHOICE, READ_ONLY) == ()
