"""A single update: only if nobody has changed the record since it was read."""

from datetime import date
from typing import Any

import pytest

from app.domain.plan import Operation, OutcomeState
from app.domain.record import Record, Unreadable
from app.errors import AppError
from tests.connectors.world import World, make_operation

WRITTEN, FAILED, UNKNOWN = OutcomeState.WRITTEN, OutcomeState.FAILED, OutcomeState.UNKNOWN


def read(world: World) -> Record:
    """Return a coupon, read by its key as before a commit."""
    key = world.state("salesforce", "Aria_Coupon__c")[0]["Aria_Key__c"]
    return world.record("salesforce", "coupon", key)


def change(record: Record, **after: Any) -> Operation:
    return make_operation("coupon", record.key, side_id=record.side_id, **after)


def later(world: World, seconds: float = 5) -> None:
    world._control("POST", "clock", {"advance_seconds": seconds})


def test_an_update_of_what_was_just_read_is_one_conditional_call(world: World) -> None:
    record = read(world)
    before = world.calls("salesforce").get("sobjects/rows", 0)
    outcomes = world.write(
        "salesforce", "coupon", change(record, scope="x", expires_on=date(2031, 2, 3))
    )
    assert [(o.state, o.side_id) for o in outcomes] == [(WRITTEN, record.side_id)]
    assert world.calls("salesforce")["sobjects/rows"] == before + 1
    assert world.value("salesforce", "coupon", record.key, "expires_on") == date(2031, 2, 3)


def test_what_somebody_changed_meanwhile_is_stale_and_stays(world: World) -> None:
    record = read(world)
    later(world)
    world.edit("salesforce", "Aria_Coupon__c", record.side_id, Description__c="a person's")
    (outcome,) = world.write("salesforce", "coupon", change(record, description="ours"))
    assert outcome.state is OutcomeState.STALE
    assert world.value("salesforce", "coupon", record.key, "description") == "a person's"
    later(world, -5)


def test_what_is_gone_is_stale_and_not_made_again(world: World) -> None:
    record = read(world)
    world.edit("salesforce", "Aria_Coupon__c", record.side_id, __delete__=True)
    (outcome,) = world.write("salesforce", "coupon", change(record, scope="x"))
    assert outcome.state is OutcomeState.STALE
    assert world.read("salesforce", "coupon", [record.key]) == []


def test_a_refusal_names_the_field(world: World) -> None:
    record = read(world)
    (outcome,) = world.write("salesforce", "coupon", change(record, scope="x" * 300))
    assert (outcome.state, outcome.field) == (FAILED, "scope")
    assert outcome.message.startswith("STRING_TOO_LONG: ")


def test_an_unreadable_value_is_not_sent(world: World) -> None:
    record = read(world)
    (outcome,) = world.write("salesforce", "coupon", change(record, expires_on=Unreadable("soon")))
    assert outcome.state is FAILED


def test_a_row_that_others_hold_is_sent_again(world: World) -> None:
    record = read(world)
    world.fault(system="salesforce", endpoint="sobjects/rows", kind="row_error")
    (outcome,) = world.write("salesforce", "coupon", change(record, scope="x"))
    assert outcome.state is WRITTEN


def test_a_lost_answer_is_not_asked_for_again_on_the_old_condition(world: World) -> None:
    record = read(world)
    world.fault(system="salesforce", endpoint="sobjects/rows", kind="drop_after")
    (outcome,) = world.write("salesforce", "coupon", change(record, scope="x"))
    assert outcome.state is UNKNOWN
    assert world.value("salesforce", "coupon", record.key, "scope") == "x"


def test_an_outage_raises_and_nothing_is_written(world: World) -> None:
    record = read(world)
    world.fault(system="salesforce", endpoint="sobjects/rows", kind="unavailable", times=None)
    with pytest.raises(AppError, match="503"):
        world.write("salesforce", "coupon", change(record, scope="x"))


def test_a_second_write_after_one_read_has_no_condition_to_fail(world: World) -> None:
    record = read(world)
    for scope in ("x", "y"):
        (outcome,) = world.write("salesforce", "coupon", change(record, scope=scope))
        assert outcome.state is WRITTEN
        later(world, 2)
    later(world, -4)
