"""Three-way with a base: who moved decides, and nobody's edit is overwritten unseen."""

import pytest

from tests.end_to_end.front_door import Concord, Door, keys_of, only


def some_keys(door: Door, entity: str, count: int) -> list[str]:
    """Return keys of records that no drift touches, since the drift is taken away first."""
    return [row["key"] for row in door.state("aria", entity)[:count]]


@pytest.fixture
def four_edits(agreed: Concord, door: Door) -> list[str]:
    """Edit coupons in step: by billing, by sales, by both apart, by both alike; return the keys."""
    door.reset(drift=False)
    moved_here, moved_there, moved_apart, moved_alike = some_keys(door, "coupon", 4)
    for key in (moved_here, moved_apart):
        door.edit("aria", "coupon", key, coupon_desc="by billing")
    for key in (moved_there, moved_apart):
        door.edit("salesforce", "Aria_Coupon__c", key, Description__c="by sales")
    door.edit("aria", "coupon", moved_alike, coupon_desc="alike")
    door.edit("salesforce", "Aria_Coupon__c", moved_alike, Description__c="alike")
    agreed.document("refresh", "--entity", "coupon")
    return [moved_here, moved_there, moved_apart, moved_alike]


def test_with_a_base_only_both_sides_moving_apart_is_a_conflict(
    agreed: Concord, four_edits: list[str]
) -> None:
    moved_here, moved_there, moved_apart, _ = four_edits
    assert agreed.kinds() == {
        ("coupon", moved_here): "different",
        ("coupon", moved_there): "different",
        ("coupon", moved_apart): "conflict",
    }


def test_each_move_is_carried_to_the_other_side_and_a_conflict_is_left(
    agreed: Concord, four_edits: list[str], door: Door
) -> None:
    moved_here, moved_there, moved_apart, _ = four_edits
    agreed.settle()
    assert only(door.salesforce("coupon", moved_here))["Description__c"] == "by billing"
    assert door.aria("coupon", moved_there)["coupon_desc"] == "by sales"
    assert only(door.salesforce("coupon", moved_apart))["Description__c"] == "by sales"
    assert door.aria("coupon", moved_apart)["coupon_desc"] == "by billing"


def test_without_a_base_a_shared_field_that_differs_is_a_conflict(
    concord: Concord, door: Door
) -> None:
    door.reset(drift=False)
    (key,) = some_keys(door, "coupon", 1)
    door.edit("salesforce", "Aria_Coupon__c", key, Description__c="by sales")
    concord.document("refresh", "--entity", "coupon")
    assert concord.counts() == {"conflict": 1}
    assert concord.plan()["operations"] == []


def test_what_both_sides_agree_on_is_the_new_base(agreed: Concord, door: Door) -> None:
    door.reset(drift=False)
    (key,) = some_keys(door, "coupon", 1)
    door.edit("aria", "coupon", key, coupon_desc="agreed")
    door.edit("salesforce", "Aria_Coupon__c", key, Description__c="agreed")
    agreed.document("refresh", "--entity", "coupon")
    assert agreed.counts() == {}
    door.edit("salesforce", "Aria_Coupon__c", key, Description__c="and on")
    agreed.document("refresh", "--entity", "coupon")
    (operation,) = agreed.plan()["operations"]
    assert operation["side"] == "billing"
    assert operation["changes"] == {"description": ["agreed", "and on"]}


def test_a_field_that_salesforce_owns_is_written_back_to_aria(
    reviewed: Concord, door: Door
) -> None:
    plan = reviewed.plan("--entity", "plan")
    families = {
        o["key"]: o["changes"]["family"][1] for o in plan["operations"] if "family" in o["changes"]
    }
    assert "Über-Familie & Partner" in families.values()
    before = {key: door.aria("plan", key) for key in families}
    door.forget_calls()
    reviewed.commit()
    for key, family in families.items():
        assert door.aria("plan", key)["sf_family"] == family
        assert door.aria("plan", key) == {**before[key], "sf_family": family}
    assert door.calls("aria")["edit_plan_m"] == len(keys_of(plan, side="billing"))


def test_writing_a_plan_back_keeps_its_services_and_rates(reviewed: Concord, door: Door) -> None:
    kinds = ("service", "rate_schedule", "rate", "plan_relationship", "plan_set")
    catalog = door.catalog()
    before = {f"aria {kind}": catalog[f"aria {kind}"] for kind in kinds}
    assert keys_of(reviewed.plan("--entity", "plan"), side="billing")
    reviewed.commit()
    after = door.catalog()
    assert {kind: after[kind] for kind in before} == before


def test_an_edit_after_the_review_is_never_overwritten(reviewed: Concord, door: Door) -> None:
    plan = reviewed.plan("--entity", "plan")
    there = min(keys_of(plan, verb="update", side="salesforce"))
    here = min(keys_of(plan, verb="update", side="billing") - {there})
    door.edit("salesforce", "Client_Plan__c", there, Description__c="a colleague was quicker")
    door.edit("aria", "plan", here, plan_desc="a colleague was quicker")
    done = reviewed.commit()
    assert {(f["key"], f["outcome"]) for f in done["failures"]} >= {
        (there, "stale"),
        (here, "stale"),
    }
    assert done["stale"] >= 2
    assert only(door.salesforce("plan", there))["Description__c"] == "a colleague was quicker"
    assert door.aria("plan", here)["plan_desc"] == "a colleague was quicker"


def test_drift_against_the_owner_is_written_back(reviewed: Concord, door: Door) -> None:
    plan = reviewed.plan("--entity", "rate", "--only", "update")
    reviewed.commit()
    rates = {row["key"]: row["rate_per_unit"] for row in door.state("aria", "rate")}
    for key in keys_of(plan):
        assert float(only(door.salesforce("rate", key))["Rate__c"]) == float(rates[key])


def test_a_record_gone_in_aria_and_edited_in_salesforce_is_a_conflict(
    agreed: Concord, door: Door
) -> None:
    door.reset(drift=False)
    kept, gone = some_keys(door, "coupon", 2)
    for key in (kept, gone):
        door.edit("aria", "coupon", key, __delete__=True)
    door.edit("salesforce", "Aria_Coupon__c", kept, Description__c="still in use")
    agreed.document("refresh", "--entity", "coupon")
    assert agreed.kinds() == {
        ("coupon", kept): "conflict",
        ("coupon", gone): "only in salesforce",
    }
    agreed.settle("--only", "insert,update,delete")
    assert door.salesforce("coupon", kept)
    assert not door.salesforce("coupon", gone)
