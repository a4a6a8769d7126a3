"""Values that are typed, and rules made of differences."""

from datetime import date
from decimal import Decimal

import pytest

from app.domain.constraint import FieldRule
from app.domain.control import CancelToken
from app.domain.mapping import IgnoreRule
from app.domain.record import FieldValue, Side
from app.errors import Cancelled, WrongUse
from app.sync.ignoring import add_rule
from app.sync.workbench import Workbench
from app.views.state.ignore_rules import (
    RuleDraft,
    free_name,
    rule_lines,
    rule_of,
    rule_words,
    would_ignore,
)
from app.views.state.typed_value import Editor, ValueForm, read_typed, room_words, value_form
from tests.fakes import catalog_mapping
from tests.views.catalog import change
from tests.views.conftest import read

ANY = FieldRule()
MAPPING = catalog_mapping()


def form(entity: str, name: str, rule: FieldRule = ANY) -> ValueForm:
    return value_form(MAPPING.entity(entity), name, {Side.SALESFORCE: rule}, None)


@pytest.mark.parametrize(
    ("entity", "name", "editor"),
    [
        ("plan", "name", Editor.LINE),
        ("plan", "description", Editor.PAGE),
        ("plan", "number", Editor.NUMBER),
        ("plan", "billable", Editor.YES_NO),
        ("plan", "currency", Editor.LIST),
        ("coupon", "expires_on", Editor.DATE),
        ("rate", "rate_per_unit", Editor.NUMBER),
    ],
)
def test_each_type_has_its_editor(entity: str, name: str, editor: Editor) -> None:
    assert form(entity, name).editor is editor


@pytest.mark.parametrize(
    ("entity", "name", "words", "value"),
    [
        ("plan", "name", "  Pro ", "Pro"),
        ("plan", "name", "", None),
        ("plan", "number", "12", 12),
        ("plan", "billable", "true", True),
        ("rate", "rate_per_unit", "1250.50", Decimal("1250.5")),
        ("coupon", "expires_on", "2026-11-30", date(2026, 11, 30)),
    ],
)
def test_words_become_values_of_the_fields_type(
    entity: str, name: str, words: str, value: FieldValue
) -> None:
    found = read_typed(form(entity, name), words)
    assert (found.value, found.objection) == (value, "")


@pytest.mark.parametrize(
    ("entity", "name", "words", "told"),
    [
        ("plan", "number", "1.5", "whole number"),
        ("rate", "rate_per_unit", "1,5", "with a point"),
        ("rate", "rate_per_unit", "NaN", "with a point"),
        ("coupon", "expires_on", "tomorrow", "2026-11-22"),
        ("plan", "name", "x" * 81, "81 characters, the field holds 80"),
    ],
)
def test_what_cannot_be_taken_is_said(entity: str, name: str, words: str, told: str) -> None:
    assert told in read_typed(form(entity, name), words).objection


def test_a_list_holds_what_all_sides_take() -> None:
    rules = {Side.BILLING: FieldRule(values=("USD", "CHF")), Side.SALESFORCE: ANY}
    made = value_form(MAPPING.entity("plan"), "currency", rules, "EUR")
    assert made.values == ("USD",)


def test_more_decimals_than_are_kept_are_remarked() -> None:
    found = read_typed(form("rate", "rate_per_unit", FieldRule(scale=2)), "1.2345")
    assert found.objection == ""
    assert "kept as" in found.remark


def test_the_room_that_is_left_is_told() -> None:
    made = form("plan", "name")
    assert room_words(made, read_typed(made, "Pro")) == "3 of 80 characters"
    assert room_words(form("plan", "number"), read_typed(form("plan", "number"), "1")) == ""


def test_a_rule_is_counted_before_it_is_made(bench: Workbench) -> None:
    change(bench, Side.SALESFORCE, "plan", "TEAM", name="VOICE TEAM")
    read(bench)
    case = IgnoreRule("case", "plan", "name", case=True)
    every = IgnoreRule("every", "plan", "name")
    assert would_ignore(bench, case, CancelToken()) == 1
    assert would_ignore(bench, every, CancelToken()) == 2
    add_rule(bench, case)
    read(bench)
    assert would_ignore(bench, every, CancelToken()) == 1, "one is ignored already"


def test_counting_can_be_stopped(bench: Workbench) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        would_ignore(bench, IgnoreRule("every", "plan", "name"), token)


def test_a_draft_becomes_a_rule_or_says_what_is_wrong() -> None:
    draft = RuleDraft("cents", "rate", "rate_per_unit", tolerance=" 0.01 ")
    assert rule_of(draft).tolerance == Decimal("0.01")
    with pytest.raises(WrongUse, match="lacks its name"):
        rule_of(RuleDraft(" ", "rate", "rate_per_unit"))
    with pytest.raises(WrongUse, match="pattern"):
        rule_of(RuleDraft("p", "plan", "name", pattern="("))


def test_rules_are_told_in_words(bench: Workbench) -> None:
    add_rule(bench, IgnoreRule("names", "plan", "name", billing="A", spaces=True))
    (line,) = rule_lines(bench)
    assert line.words == "billing is \u201cA\u201d and the same but for white space"
    assert (line.entity, line.field, line.own) == ("Plan", "Name", True)
    assert rule_words(IgnoreRule("n", "plan", "name")) == "every difference of the field"


def test_a_name_that_is_taken_gets_a_number() -> None:
    assert free_name("Plan name", ()) == "Plan name"
    assert free_name("Plan name", ("Plan name", "Plan name 2")) == "Plan name 3"
