"""Every kind of drift comes out as what it is, and is settled or refused rightly."""

from collections.abc import Iterator

import pytest

from app.sandbox.dataset import Dataset, Edit, build
from tests.end_to_end.front_door import SOBJECTS, Concord, Door, keys_of

ENTITIES = {sobject: entity for entity, sobject in SOBJECTS.items()}
REJECTED = {"plan": "SUPPORT-CONTINUITY", "rate_schedule": "-SEK-M"}
Keys = set[tuple[str, str]]


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return build(1, 1)


def edits(dataset: Dataset, system: str, verb: str) -> Iterator[tuple[tuple[str, str], Edit]]:
    for edit in dataset.drift:
        entity = ENTITIES.get(edit.type_name, edit.type_name)
        if edit.system == system and edit.verb == verb and entity in SOBJECTS:
            yield (entity, edit.key), edit


def keys(dataset: Dataset, system: str, verb: str) -> Keys:
    return {place for place, _ in edits(dataset, system, verb)}


def in_step(dataset: Dataset) -> Keys:
    return {
        (ENTITIES[sobject], row["Aria_Key__c"])
        for sobject, rows in dataset.salesforce.items()
        for row in rows
    }


def of_retired_plan(dataset: Dataset) -> Keys:
    (plan,) = [k for k, e in edits(dataset, "aria", "update") if e.values.get("active_ind") == 0]
    schedules = {
        ("rate_schedule", row["Aria_Key__c"])
        for row in dataset.salesforce["Rate_Schedule__c"]
        if row["Plan__r"]["Aria_Key__c"] == plan[1]
    }
    named = {place for place in in_step(dataset) if plan[1] in place[1].split("|")}
    return schedules | named


def test_what_is_new_or_was_deleted_in_salesforce_is_only_in_billing(
    reviewed: Concord, dataset: Dataset
) -> None:
    found = {place for place, kind in reviewed.kinds().items() if kind == "only in billing"}
    assert found == keys(dataset, "aria", "insert") | keys(dataset, "salesforce", "delete")


def test_what_is_stale_or_retired_in_aria_is_only_in_salesforce(
    reviewed: Concord, dataset: Dataset
) -> None:
    found = {place for place, kind in reviewed.kinds().items() if kind == "only in salesforce"}
    stale = keys(dataset, "salesforce", "insert") - in_step(dataset)
    assert found == stale | of_retired_plan(dataset)


def test_a_key_that_stands_twice_is_a_duplicate(reviewed: Concord, dataset: Dataset) -> None:
    found = {place for place, kind in reviewed.kinds().items() if kind == "duplicate key"}
    assert found == keys(dataset, "salesforce", "insert") & in_step(dataset)


def test_conflicts_are_where_both_sides_moved_to_different_words(
    reviewed: Concord, dataset: Dataset
) -> None:
    here = dict(edits(dataset, "aria", "update"))
    there = dict(edits(dataset, "salesforce", "update"))
    moved = {
        place
        for place in here.keys() & there.keys()
        if set(here[place].values.values()).isdisjoint(there[place].values.values())
    }
    assert moved
    kinds = reviewed.kinds()
    assert {place for place, kind in kinds.items() if kind == "conflict"} == moved
    assert (here.keys() & there.keys() - moved).isdisjoint(kinds)


def test_what_moved_on_one_side_is_different_and_null_for_empty_is_not(
    reviewed: Concord, dataset: Dataset
) -> None:
    here, there = keys(dataset, "aria", "update"), keys(dataset, "salesforce", "update")
    found = {place for place, kind in reviewed.kinds().items() if kind == "different"}
    assert silent(dataset)
    assert found == (here ^ there) - silent(dataset) - of_retired_plan(dataset)


def silent(dataset: Dataset) -> Keys:
    """Return Aria's edits that change nothing mapped: members of a set, empty for null."""
    blank = {row["client_plan_id"] for row in dataset.aria["plan"] if not row["plan_desc"]}
    return {
        place
        for place, edit in edits(dataset, "aria", "update")
        if "plan_nos" in edit.values
        or (place[1] in blank and list(edit.values.values()) in ([""], [None]))
    }


def test_records_that_share_a_key_are_never_written(reviewed: Concord, door: Door) -> None:
    twins = {k for k, kind in reviewed.kinds().items() if kind == "duplicate key"}
    before = {place: door.salesforce(*place) for place in twins}
    plan = reviewed.plan("--only", "insert,update,delete")
    assert twins.isdisjoint((o["entity"], o["key"]) for o in plan["operations"])
    reviewed.settle()
    assert {place: door.salesforce(*place) for place in twins} == before
    assert all(len(rows) == 2 for rows in before.values())


def test_a_key_that_was_doubled_after_the_review_is_not_written(
    reviewed: Concord, door: Door
) -> None:
    plan = reviewed.plan("--entity", "coupon")
    key = min(keys_of(plan, verb="update", side="salesforce"))
    door.edit("salesforce", "Aria_Coupon__c", "", Aria_Key__c=key, Name=key)
    before = door.salesforce("coupon", key)
    done = reviewed.commit()
    assert [f["key"] for f in done["failures"]] == [key]
    assert done["stale"] == 1
    assert door.salesforce("coupon", key) == before


def test_what_salesforce_rejects_is_a_failure_that_names_the_field(reviewed: Concord) -> None:
    failed = [f for f in reviewed.settle()["failures"] if f["outcome"] == "failed"]
    assert {(f["entity"], f["field"]) for f in failed} == {
        ("plan", "name"),
        ("rate_schedule", "currency"),
    }
    for failure in failed:
        assert failure["key"].endswith(REJECTED[failure["entity"]])
        assert failure["message"].startswith(("STRING_TOO_LONG", "INVALID_OR_NULL_FOR"))


def test_the_children_of_a_rejected_record_are_skipped_and_say_why(
    reviewed: Concord, door: Door
) -> None:
    done = reviewed.settle()
    skipped = {f["entity"]: f["message"] for f in done["failures"] if f["outcome"] == "skipped"}
    assert set(skipped) == {"service", "rate_schedule", "rate"}
    assert skipped["service"] == "its plan SUPPORT-CONTINUITY was not written"
    assert done["skipped"] == 3
    rates = door.state("salesforce", "Rate_Tier__c")
    assert not [row for row in rates if "SUPPORT-CONTINUITY" in row["Aria_Key__c"]]


def test_the_plan_foretells_what_salesforce_will_reject(reviewed: Concord) -> None:
    problems = reviewed.document("plan", "-o", str(reviewed.plan_file))["problems"]
    errors = {(p["entity"], p["key"]) for p in problems if p["severity"] == "error"}
    failed = [f for f in reviewed.commit()["failures"] if f["outcome"] == "failed"]
    assert errors == {(f["entity"], f["key"]) for f in failed}


def test_a_rejected_record_is_left_for_the_next_review(reviewed: Concord) -> None:
    reviewed.settle()
    left = reviewed.plan()["operations"]
    assert {(o["entity"], o["verb"]) for o in left} == {
        ("plan", "insert"),
        ("service", "insert"),
        ("rate_schedule", "insert"),
        ("rate", "insert"),
    }
    assert len(left) == 5
