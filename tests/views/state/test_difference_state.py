"""How a difference is told, in signs and words."""

import pytest

from app.domain.diff import Kind
from app.domain.plan import Verb
from app.domain.proposal import Choice
from app.domain.record import Side
from app.views.state.difference import (
    DIFFERENCES,
    TONES,
    Arrow,
    Intent,
    arrow_word,
    field_label,
    glyph,
    kind_word,
    one_sided_intent,
    sides_by_owner,
    update_intent,
)
from tests.fakes import catalog_mapping

INSERT = Intent(Verb.INSERT, Arrow.TO_SALESFORCE)


@pytest.mark.parametrize(
    ("kind", "holder", "wish", "verb", "arrow"),
    [
        (Kind.ONLY_IN_BILLING, Side.BILLING, "", Verb.INSERT, Arrow.TO_SALESFORCE),
        (Kind.ONLY_IN_BILLING, Side.BILLING, "salesforce", Verb.DELETE, Arrow.TO_BILLING),
        (Kind.ONLY_IN_SALESFORCE, Side.SALESFORCE, "", Verb.DELETE, Arrow.TO_SALESFORCE),
        (Kind.ONLY_IN_SALESFORCE, Side.SALESFORCE, "salesforce", Verb.INSERT, Arrow.TO_BILLING),
        (Kind.ONLY_IN_BILLING, Side.BILLING, "skip", None, Arrow.SKIP),
        (Kind.CONFLICT, Side.BILLING, "", None, Arrow.SKIP),
    ],
)
def test_a_record_on_one_side_is_put_back_or_goes(
    kind: Kind, holder: Side, wish: str, verb: Verb | None, arrow: Arrow
) -> None:
    choice = Choice(take={"*": wish} if wish else {})
    assert one_sided_intent(kind, holder, choice) == Intent(verb, arrow)


def test_every_kind_has_a_word_and_a_tone() -> None:
    assert all(kind_word(kind) for kind in Kind)
    assert set(TONES) == set(Kind)


def test_every_difference_has_a_glyph_so_that_colour_is_never_alone() -> None:
    assert all(glyph(kind, Intent(None, Arrow.NONE)) for kind in DIFFERENCES)


def test_the_glyph_follows_what_would_be_done() -> None:
    assert glyph(Kind.ONLY_IN_SALESFORCE, INSERT) == "+"
    assert glyph(Kind.CONFLICT, INSERT) == "!"


def test_a_deleted_record_is_said_to_be_deleted() -> None:
    assert kind_word(Kind.ONLY_IN_BILLING, deleted=True) == "deleted in Salesforce"
    assert kind_word(Kind.ONLY_IN_SALESFORCE, deleted=True) == "deleted in billing"


def test_the_owner_tells_the_direction_unless_both_own_the_field() -> None:
    plan = catalog_mapping().entity("plan")
    assert sides_by_owner(plan, ["number"]) == frozenset({Side.SALESFORCE})
    assert sides_by_owner(plan, ["family", "number"]) == frozenset(Side)
    assert sides_by_owner(plan, ["number", "name"]) is None


def test_an_update_may_go_both_ways_or_nowhere() -> None:
    assert update_intent(Side) == Intent(Verb.UPDATE, Arrow.BOTH)
    assert update_intent([]) == Intent(None, Arrow.SKIP)
    assert all(arrow_word(arrow) for arrow in Arrow if arrow is not Arrow.NONE)


def test_a_fields_name_is_made_readable() -> None:
    assert field_label("rate_per_unit") == "Rate per unit"
    assert field_label("gl_code") == "GL code"
