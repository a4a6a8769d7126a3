"""Supplemental fields: from the values that are held to those that are wanted."""

import pytest

from app.connectors.aria.field_edits import ADD, CHANGE, DELETE, FieldEdit, edits, values_held


@pytest.mark.parametrize(
    ("wanted", "held", "expected"),
    [
        ("a", [], [("a", ADD)]),
        ("b", ["a"], [("b", CHANGE)]),
        ("a", ["a"], []),
        ("", [], []),
        ("", ["a", "b"], [("a", DELETE), ("b", DELETE)]),
        ("b; c", ["a", "b"], [("a", DELETE), ("c", ADD)]),
        ("b", ["a", "b"], [("a", DELETE)]),
        ("one; text", ["a"], [("one; text", CHANGE)]),  # a field with one value keeps one
        ("one; text", [], [("one; text", ADD)]),
    ],
)
def test_only_what_differs_is_told(
    wanted: str, held: list[str], expected: list[tuple[str, int]]
) -> None:
    assert list(edits("f", wanted, held)) == [FieldEdit("f", *each) for each in expected]


def test_values_are_held_by_field_in_their_order() -> None:
    rows = [
        {"field_name": "f", "field_value": "b"},
        {"field_name": "g", "field_value": None},
        {"field_name": "f", "field_value": "a"},
    ]
    assert values_held(rows, "field") == {"f": ["b", "a"], "g": []}
