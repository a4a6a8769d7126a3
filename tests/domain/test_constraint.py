from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from app.domain.constraint import Constraints, FieldRule, Precedence, objection, rounded
from app.domain.record import BaseValue, Unreadable

DAYS = FieldRule(earliest="1700-01-01", latest="4000-12-31")


@pytest.mark.parametrize(
    ("rule", "value", "words"),
    [
        (FieldRule(), None, ""),
        (FieldRule(required=True), None, "must have a value"),
        (FieldRule(), Unreadable("x"), "cannot be read"),
        (FieldRule(length=3), "abc", ""),
        (FieldRule(length=3), "abcd", "4 characters, the field holds 3"),
        (FieldRule(values=("a", "b")), "b", ""),
        (FieldRule(values=("a", "b")), "c", "'c' is not among a, b"),
        (FieldRule(digits=2), Decimal("99.999"), ""),
        (FieldRule(digits=2), Decimal(-100), "more than 2 digits"),
        (FieldRule(digits=2), 100, "more than 2 digits"),
        (FieldRule(digits=0, scale=2), Decimal(123), ""),
        (FieldRule(digits=1), True, ""),
        (FieldRule(insertable=False), "x", "cannot be set"),
        (DAYS, date(2026, 1, 1), ""),
        (DAYS, date(1699, 12, 31), "is not between 1700-01-01 and 4000-12-31"),
        (DAYS, datetime(4001, 1, 1, tzinfo=UTC), "is not between"),
    ],
)
def test_a_rule_objects_to_what_the_target_would_refuse(
    rule: FieldRule, value: BaseValue, words: str
) -> None:
    found = objection(rule, value, insert=True)
    assert words in found if words else not found


def test_a_field_may_be_set_once_and_never_changed() -> None:
    rule = FieldRule(updatable=False)
    assert objection(rule, "x", insert=True) == ""
    assert objection(rule, "x", insert=False) == "it cannot be changed"


def test_decimals_that_are_not_kept_are_told() -> None:
    assert rounded(FieldRule(scale=2), Decimal("1.005")) == "1.005 will be kept as 1"
    assert rounded(FieldRule(scale=2), Decimal("1.5")) == ""
    assert rounded(FieldRule(), Decimal("1.00005")) == ""


def test_rules_written_down_are_the_same_rules() -> None:
    fields = {"a": FieldRule(required=True, values=("x",), scale=0), "b": FieldRule()}
    order = Precedence("item", "book", "01s1", frozenset({"01t1", "01t2"}), "no price yet")
    rules = Constraints(fields, ("c",), ("d",), order)
    assert Constraints.from_json(rules.to_json()) == rules
