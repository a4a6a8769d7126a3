import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.forecast import Forecast
from app.domain.mapping_file import parse_mapping
from app.domain.plan import CommitPlan, FieldChange, Operation, Problem, Verb, number
from app.domain.plan_json import plan_from_json, plan_to_json
from app.domain.record import Side
from app.domain.stages import batches, points_at, stages, whole_batches
from app.errors import PlanRefused
from tests.fakes import small_mapping

MAPPING = small_mapping()


def insert(entity: str, key: str, *changes: FieldChange) -> Operation:
    return Operation(entity, key, Side.SALESFORCE, Verb.INSERT, changes, None)


def delete(entity: str, key: str) -> Operation:
    return Operation(entity, key, Side.SALESFORCE, Verb.DELETE, (), 7, "id")


def made_plan() -> CommitPlan:
    made = (
        insert("plan", "P", FieldChange("price", None, Decimal("49.90"))),
        insert("tier", "T", FieldChange("plan", None, "P")),
    )
    forecast = Forecast({Side.BILLING: 0, Side.SALESFORCE: 2}, 10, 4096, 1.5)
    return CommitPlan("w", MAPPING.fingerprint, made, forecast, (Problem("info", "", "", "x"),))


def damaged(**changes: object) -> bytes:
    return json.dumps(json.loads(plan_to_json(made_plan())) | changes).encode()


def test_a_plan_comes_back_from_its_file() -> None:
    assert plan_from_json(plan_to_json(made_plan()), MAPPING, "w") == made_plan()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (plan_to_json(made_plan())[:-40], "no whole JSON"),
        (b"[]", "no plan"),
        (damaged(concord_plan=3), "version 3"),
        (b'{"concord_plan": 3, "steps": []}', "version 3"),
        (damaged(workspace="other"), "'other'"),
        (damaged(mapping="x"), "mapping was changed"),
        (damaged(operations=[]), "changed after it was made"),
        (damaged(forecast={}), "changed after it was made"),
    ],
)
def test_a_plan_file_that_cannot_be_used_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(PlanRefused, match=words):
        plan_from_json(data, MAPPING, "w")


def test_stages_wait_for_what_they_point_at() -> None:
    mixed = [insert("tier", "B"), insert("plan", "D"), delete("plan", "A"), delete("tier", "C")]
    found = [(s.deletes, [lot.entity for lot in s.lots]) for s in stages(mixed, MAPPING)]
    assert found == [(False, ["plan"]), (False, ["tier"]), (True, ["tier"]), (True, ["plan"])]


def test_batches_hold_no_more_than_the_target_takes() -> None:
    (stage,) = stages([insert("plan", str(n)) for n in range(7)], MAPPING)
    cut = batches(stage.lots[0], 3, lambda _operation: "")
    assert [[o.key for o in some] for some in cut] == [list("012"), list("6"), list("345")]


def test_children_of_one_parent_stand_together() -> None:
    mixed = [insert("tier", f"{parent}{n}") for n in range(4) for parent in "AB"]
    (stage,) = stages(mixed, MAPPING)
    cut = batches(stage.lots[0], 4, lambda operation: operation.key[0])
    assert [{o.key[0] for o in some} for some in cut] == [{"A"}, {"B"}]


def test_keys_of_intents_differ_by_record_and_by_plan_and_are_alphanumeric() -> None:
    one, two = (number(insert("plan", key), "seed") for key in "AB")
    other = number(insert("plan", "A"), "other seed")
    assert len({one.idempotency_key, two.idempotency_key, other.idempotency_key}) == 3
    assert one.idempotency_key.isalnum()
    assert len(one.idempotency_key) <= 50


def test_an_insert_names_what_it_points_at() -> None:
    operation = insert("tier", "T", FieldChange("plan", None, "P"), FieldChange("rate", None, None))
    assert [tuple(key) for key in points_at(operation, MAPPING)] == [("plan", "P")]
    assert list(points_at(replace(operation, verb=Verb.DELETE), MAPPING)) == []


OWN_KIND = """
schema = 1
name = "tree"
billing = "fake"

[[entity]]
name = "account"
label = "Account"
plural = "Accounts"
sobject = "Account"
key = { billing = "id", salesforce = "Key__c" }
title = "parent"

[[entity.fields]]
name = "parent"
billing = "parent"
salesforce = "ParentId"
type = "reference"
to = "account"
owner = "billing"
"""


@pytest.mark.parametrize(("verb", "order"), [(Verb.INSERT, "CBADX"), (Verb.DELETE, "DXABC")])
def test_what_points_at_its_own_kind_waits_for_it(verb: Verb, order: str) -> None:
    parents = {"A": "B", "B": "C", "D": "C", "X": "gone"}
    tree = parse_mapping(OWN_KIND, "tree.toml")
    made = []
    for key in order:
        values = (None, parents.get(key)) if verb is Verb.INSERT else (parents.get(key), None)
        change = FieldChange("parent", *values)
        made.append(Operation("account", key, Side.SALESFORCE, verb, (change,), None))
    found = [{o.key for lot in stage.lots for o in lot.operations} for stage in stages(made, tree)]
    inserts = [{"C", "X"}, {"B", "D"}, {"A"}]
    assert found == (inserts if verb is Verb.INSERT else [{"A", "D", "X"}, {"B"}, {"C"}])


@given(st.lists(st.integers(0, 6), max_size=40), st.integers(1, 9))
def test_whole_batches_cut_no_family_in_two(families: list[int], size: int) -> None:
    made = [insert("plan", f"{family}-{n}") for n, family in enumerate(families)]
    for stage in stages(made, MAPPING):
        cut = whole_batches(stage.lots[0], size, lambda operation: operation.key[0])
        assert sorted(o.key for batch in cut for o in batch) == sorted(o.key for o in made)
        homes = [{o.key[0] for o in batch} for batch in cut]
        assert sum(map(len, homes)) == len(set(families))
        assert all(
            len(batch) <= size or len(home) == 1 for batch, home in zip(cut, homes, strict=True)
        )
