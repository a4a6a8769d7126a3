"""The mapping page's words and choices, without a window."""

from collections.abc import Sequence

import pytest

from app.domain.column import Column
from app.domain.mapping import FieldType, Owner
from app.domain.mapping_change import Effect, change_between
from app.domain.mapping_edit import add_field, change_field, draft_of, remove_field
from app.domain.mapping_suggest import Pairing
from app.errors import MappingInvalid, NotFound
from app.views.state.mapping import (
    Cell,
    blank_field,
    buttons,
    cell_settings,
    change_row,
    choices,
    field_lines,
    free_name,
    map_objection,
    new_field,
    objection,
    offered,
    problem_words,
    save_words,
)
from tests.fakes import SMALL_MAPPING, catalog_mapping

CATALOG = catalog_mapping()
PLAN = CATALOG.entity("plan")
DRAFT = draft_of(SMALL_MAPPING, "small.toml")


def cells(name: str) -> tuple[str, ...]:
    return next(line.cells for line in field_lines(PLAN, CATALOG) if line.name == name)


def test_a_field_is_shown_with_both_names_type_owner_and_conversion() -> None:
    assert cells("family") == (
        "family", "=field:sf_family", "Family__c", "text", "Salesforce", "as it is",
    )  # fmt: skip
    assert cells("plan_set")[Cell.TYPE] == "reference to Plan set"
    assert cells("currency")[Cell.CONVERSION] == "upper case"
    assert cells("proration_timing")[Cell.CONVERSION] == "2 values"


def test_every_shown_cell_that_is_chosen_is_among_its_choices() -> None:
    for entity in CATALOG.entities:
        for line in field_lines(entity, CATALOG):
            for cell in (Cell.TYPE, Cell.OWNER):
                assert line.cells[cell] in [c.words for c in choices(cell, CATALOG)]


@pytest.mark.parametrize(
    ("cell", "words", "settings"),
    [
        (Cell.NAME, " size ", {"name": "size"}),
        (Cell.BILLING, "x", {"billing": "x"}),
        (Cell.TYPE, "money", {"type": "money"}),
        (Cell.TYPE, "reference to Plan", {"type": "reference", "to": "plan"}),
        (Cell.OWNER, "Salesforce", {"owner": "salesforce"}),
        (Cell.CONVERSION, "as it is", {"convert": None, "map": None}),
        (Cell.CONVERSION, "3 values", {}),
        (Cell.PROBLEM, "x", {}),
    ],
)
def test_a_typed_cell_stands_for_settings(
    cell: Cell, words: str, settings: dict[str, object]
) -> None:
    assert cell_settings(cell, words, CATALOG) == settings


def test_what_would_be_wrong_is_said_with_its_line() -> None:
    words = objection(DRAFT, "plan", "price", {"name": "name"})
    assert words == "Line 15: 'name' of 'plan': field 'name' stands twice. Rename or remove one."
    assert objection(DRAFT, "plan", "price", {"name": "cost"}) == ""
    assert problem_words(NotFound("Gone.", "Look.")) == "Gone. Look."
    assert problem_words(MappingInvalid("no place.", "Mend.")) == "no place. Mend."


def test_what_is_like_the_typed_text_is_offered_first() -> None:
    columns = [Column("plan_no"), Column("currency_cd"), Column("plan_name")]
    assert offered(columns, "curr") == ["currency_cd", "plan_name", "plan_no"]


@pytest.mark.parametrize(
    ("there", "settings"),
    [
        (Column("R__c", length=40), {"type": "text", "length": 40}),
        (Column("R__c", type=FieldType.MONEY, scale=2), {"type": "money", "scale": 2}),
        (
            Column("R__c", type=FieldType.PICKLIST, values=("a", "b"), length=255),
            {"type": "picklist", "values": ["a", "b"]},
        ),
        (Column("R__c", type=FieldType.REFERENCE, points_at=("Account",)), {"type": "text"}),
    ],
)
def test_a_pair_becomes_a_field_of_salesforces_type(
    there: Column, settings: dict[str, object]
) -> None:
    made = new_field(Pairing(Column("=field:sf region"), there, 90), PLAN)
    said = {name: value for name, value in made.items() if value is not None}
    assert said == {
        "name": "sf_region", "billing": "=field:sf region", "salesforce": "R__c",
        "owner": Owner.BILLING.value, **settings,
    }  # fmt: skip


def test_a_new_field_gets_a_name_that_is_free() -> None:
    assert free_name("plan_name", PLAN) == "plan_name"
    assert free_name("name", PLAN) == "name_2"
    assert free_name("=field:9 lives", PLAN) == "field_9_lives"
    assert free_name("=", PLAN) == "field"
    assert add_field(DRAFT, "plan", blank_field(DRAFT.mapping.entity("plan")))


def test_saving_needs_a_change_and_the_right_to_write() -> None:
    other = change_field(DRAFT, "plan", "price", {"owner": "both"})
    free = buttons(other, DRAFT.text, field="price", steps=1)
    assert (free.can_save, free.can_undo, free.can_remove) == (True, True, True)
    assert not buttons(DRAFT, DRAFT.text, field="", steps=0).can_save
    held = buttons(other, DRAFT.text, field="price", steps=1, refused="Held by ann.")
    assert (held.can_edit, held.can_save, held.state) == (False, False, "Held by ann.")
    assert not buttons(None, "", field="", steps=0).can_edit


def test_what_saving_means_is_told_in_words() -> None:
    new = change_field(DRAFT, "plan", "family", {"salesforce": "Kin__c"})
    new = remove_field(change_field(new, "plan", "name", {"type": "picklist"}), "plan", "price")
    change = change_between(DRAFT.mapping, new.mapping)
    rows = [change_row(each, new.mapping) for each in change.changes]
    assert [(row[0], row[1], row[4]) for row in rows] == [
        ("Plan \u00b7 name", "another type", "forgotten: the owner's value wins"),
        ("Plan \u00b7 family", "another column", "kept from the former column"),
        ("Plan \u00b7 price", "removed", "forgotten"),
    ]
    words = save_words(change, new.mapping)
    assert "read again by the next refresh: Plans." in words
    assert "give it another name too" in words
    nothing = save_words(change_between(DRAFT.mapping, DRAFT.mapping), DRAFT.mapping)
    assert nothing.startswith("Only comments")


def test_every_effect_has_words() -> None:
    new = add_field(DRAFT, "plan", blank_field(DRAFT.mapping.entity("plan")))
    (change,) = change_between(DRAFT.mapping, new.mapping).changes
    for effect in Effect:
        other = type(change)(change.entity, "", effect)
        assert all(change_row(other, new.mapping)[:2])


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([("1", "One"), ("2", "Two")], ""),
        ([], ""),
        ([("1", "")], "Each code needs a meaning"),
        ([("1", "One"), ("1", "Two")], "The code 1 stands twice"),
        ([("1", "One"), ("2", "One")], "One stands twice"),
    ],
)
def test_a_value_map_can_be_turned_round(pairs: Sequence[tuple[str, str]], words: str) -> None:
    assert map_objection(pairs).startswith(words)
    assert bool(map_objection(pairs)) is bool(words)
