"""`concord choose`: what a person decides at a terminal is what is planned and written."""

from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.front_door import Concord, Door, keys_of, only


def of_kind(concord: Concord, kind: str, entity: str) -> list[str]:
    """Return the keys of an entity's differences of a kind, in order."""
    found = concord.kinds().items()
    return sorted(key for (name, key), one in found if one == kind and name == entity)


def choices(concord: Concord, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = concord.document("choose", "list", *words)["choices"]
    return found


def test_a_conflict_is_settled_by_name_and_written(reviewed: Concord, door: Door) -> None:
    key = of_kind(reviewed, "conflict", "plan")[0]
    before = only(door.salesforce("plan", key))
    said = reviewed.document("choose", "salesforce", "plan", key)
    assert said == {"workspace": "w", "changed": 1, "left": {}}
    row = only(choices(reviewed))
    assert (row["entity"], row["key"], row["kind"]) == ("plan", key, "conflict")
    assert (row["ticked"], row["take"], row["values"]) == (True, {"*": "salesforce"}, {})
    plan = reviewed.plan()
    assert key in keys_of(plan, entity="plan", side="billing")
    assert reviewed.commit()["stale"] == 0
    assert door.aria("plan", key)["plan_name"] == before["Name"]


def test_a_value_that_is_typed_goes_to_both_sides(reviewed: Concord, door: Door) -> None:
    key = of_kind(reviewed, "conflict", "coupon")[0]
    words = ("--field", "description", "--value", "agreed by phone")
    assert reviewed.document("choose", "value", "coupon", key, *words)["changed"] == 1
    assert only(choices(reviewed))["values"] == {"description": "agreed by phone"}
    reviewed.settle()
    assert door.aria("coupon", key)["coupon_desc"] == "agreed by phone"
    assert only(door.salesforce("coupon", key))["Description__c"] == "agreed by phone"


def test_a_direction_of_one_field_leaves_the_others_to_the_rule(reviewed: Concord) -> None:
    rows = [row for row in reviewed.plan()["operations"] if row["verb"] == "update"]
    one = next(row for row in rows if len(row["changes"]) > 1)
    field, *others = one["changes"]
    words = ("skip", one["entity"], one["key"], "--field", field)
    assert reviewed.document("choose", *words)["changed"] == 1
    after = reviewed.plan()["operations"]
    kept = [row["changes"] for row in after if row["key"] == one["key"] and row["verb"] == "update"]
    assert [list(changes) for changes in kept] == [others]
    assert reviewed.document("choose", "rule", one["entity"], one["key"])["changed"] == 1
    assert choices(reviewed) == []


def test_a_delete_is_ticked_by_name_alone(reviewed: Concord, tmp_path: Path) -> None:
    keys = of_kind(reviewed, "only in salesforce", "plan")
    many = reviewed.work("choose", "tick", "--entity", "plan", "--kind", "only_in_salesforce")
    assert (many.status, many.json["changed"]) == (1, 0)
    assert many.json["left"] == {"delete": len(keys)}
    assert keys_of(reviewed.plan(), verb="delete") == set()
    file = tmp_path / "keys.txt"
    file.write_text("".join(f"plan\t{key}\n" for key in keys), "utf-8")
    assert reviewed.document("choose", "tick", "--keys", str(file))["changed"] == len(keys)
    assert keys_of(reviewed.plan(), verb="delete") >= set(keys)


def test_all_of_a_kind_are_unticked_and_given_back(reviewed: Concord) -> None:
    planned = keys_of(reviewed.plan())
    assert planned
    reviewed.document("choose", "untick")
    assert keys_of(reviewed.plan()) == set()
    listed = reviewed("choose", "-w", "w", "list", "--entity", "plan")
    assert "only in billing" in listed.out
    assert {row["entity"] for row in choices(reviewed, "--entity", "plan")} == {"plan"}
    reviewed.document("choose", "rule")
    assert keys_of(reviewed.plan()) == planned


def test_what_needs_a_direction_is_left_and_said(reviewed: Concord) -> None:
    key = of_kind(reviewed, "conflict", "plan")[0]
    ran = reviewed("choose", "-w", "w", "tick", "plan", key)
    assert ran.status == 1
    assert ran.out.splitlines() == [
        "0 choices were changed.",
        "1 left: conflicts need `billing`, `salesforce` or `value` first.",
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("tick", "nope", "X"), "no entity 'nope'"),
        (("tick", "plan", "X"), "Plan X stands on neither side"),
        (("tick", "plan"), "named by two words"),
        (("tick", "plan", "X", "--entity", "coupon"), "one by one, by a file"),
        (("value", "plan", "X", "--value", "1"), "--field"),
        (("value", "--field", "name"), "--value TEXT"),
        (("billing", "--value", "1"), "A value goes with `choose value`"),
        (("untick", "--field", "name"), "about whole records"),
        (("skip", "--field", "nope"), "has a field nope"),
        (("value", "--field", "from_unit", "--value", "much"), "cannot be read as"),
        (("tick", "--keys", "nowhere.txt"), "nowhere.txt"),
    ],
)
def test_what_does_not_go_together_is_an_error_and_nothing_changes(
    reviewed: Concord, words: tuple[str, ...], told: str
) -> None:
    ran = reviewed("choose", "-w", "w", *words)
    assert (ran.status, ran.out) == (2, "")
    assert told in ran.err
    assert choices(reviewed) == []
