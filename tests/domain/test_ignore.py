from decimal import Decimal

import pytest

from app.domain.diff import Kind, diff_record
from app.domain.ignore import covers, rule_from, rule_to_json
from app.domain.mapping import IgnoreRule
from app.domain.mapping_file import parse_mapping
from app.domain.record import FieldValue
from app.errors import MappingInvalid, WrongUse
from tests.fakes import SMALL_MAPPING, small_mapping

PLAN = small_mapping().entity("plan")


def rule(**said: object) -> IgnoreRule:
    return rule_from({"name": "r", "field": "name", **said}, "plan")


@pytest.mark.parametrize(
    ("said", "billing", "salesforce", "ignored"),
    [
        ({}, "a", "b", True),
        ({"billing": "a"}, "a", "b", True),
        ({"billing": "a"}, "c", "b", False),
        ({"salesforce": ""}, "a", None, True),
        ({"billing": "a", "salesforce": "c"}, "a", "b", False),
        ({"billing": "12.50"}, Decimal("12.5"), "b", True),
        ({"billing": "12.51"}, Decimal("12.5"), "b", False),
        ({"billing": "much"}, Decimal("12.5"), "b", False),
        ({"billing": "12.50"}, "12.5", "b", False),
        ({"salesforce": True}, "a", True, True),
        ({"salesforce": "1"}, "a", True, False),
        ({"case": True}, "Pro", "PRO", True),
        ({"case": True}, "Pro", "PRO ", False),
        ({"spaces": True}, " Pro  plan", "Pro plan\n", True),
        ({"pattern": r" \(old\)$"}, "Pro (old)", "Pro", True),
        ({"pattern": r" \(old\)$"}, "Pro (old)", "Basic", False),
        ({"pattern": "x", "case": True}, "PRx", "pr", True),
        ({"tolerance": "0.01"}, Decimal("1.00"), Decimal("1.01"), True),
        ({"tolerance": "0.01"}, Decimal("1.00"), Decimal("1.02"), False),
        ({"tolerance": "0.01"}, "1", "1.001", False),
    ],
)
def test_a_rule_covers_what_it_says(
    said: dict[str, object], billing: FieldValue, salesforce: FieldValue, *, ignored: bool
) -> None:
    assert covers(rule(**said), billing, salesforce) is ignored


def test_a_pair_whose_differences_are_all_ignored_is_same_when_ignored() -> None:
    left, right = ("Pro", Decimal(1), None), ("PRO", Decimal(1), None)
    diff = diff_record(PLAN, "P", None, left, right, rules=[rule(case=True)])
    assert (diff.kind, diff.fields) == (Kind.IGNORED, ())
    assert diff.ignored == (("name", "r"),)


def test_what_no_rule_ignores_still_differs() -> None:
    left, right = ("Pro", Decimal(1), None), ("PRO", Decimal(2), None)
    diff = diff_record(PLAN, "P", None, left, right, rules=[rule(case=True)])
    assert diff.kind is Kind.DIFFERENT
    assert [field.name for field in diff.fields] == ["price"]


def test_a_conflict_that_is_ignored_is_none() -> None:
    left, right = ("Pro", Decimal(1), None), ("PRO", Decimal(1), None)
    assert diff_record(PLAN, "P", None, left, right).kind is Kind.CONFLICT
    assert diff_record(PLAN, "P", None, left, right, rules=[rule()]).kind is Kind.IGNORED


@pytest.mark.parametrize(
    "said",
    [{}, {"case": True, "spaces": True}, {"tolerance": "0.5"}, {"billing": "", "pattern": "x"}],
)
def test_a_rule_written_down_is_the_same_rule(said: dict[str, object]) -> None:
    made = rule(**said)
    assert rule_from(rule_to_json(made), "plan") == made


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"pattern": "("}, "pattern that is none"),
        ({"tolerance": "much"}, "tolerance 'much'"),
        ({"tolerance": "-1"}, "tolerance '-1'"),
        ({"field": ""}, "lacks its field"),
        ({"upper": True}, "no setting 'upper'"),
    ],
)
def test_a_wrong_rule_is_refused_in_words(said: dict[str, object], words: str) -> None:
    with pytest.raises(WrongUse, match=words):
        rule(**said)


def test_a_mapping_file_may_hold_rules() -> None:
    text = SMALL_MAPPING.replace(
        'title = "name"\n',
        'title = "name"\nignore = [{ name = "case", field = "name", case = true }]\n',
    )
    assert parse_mapping(text, "m.toml").entity("plan").ignore == (
        IgnoreRule("case", "plan", "name", case=True),
    )


def test_a_rule_of_a_mapping_for_an_unknown_field_names_file_and_line() -> None:
    text = SMALL_MAPPING.replace(
        'title = "name"\n', 'title = "name"\nignore = [{ name = "case", field = "nam" }]\n', 1
    )
    with pytest.raises(MappingInvalid, match=r"m\.toml:\d+: 'plan': the ignore rule 'case' names"):
        parse_mapping(text, "m.toml")
