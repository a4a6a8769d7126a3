"""Changes of accounts and plan instances, and the groups and methods that nothing uses."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.connectors.aria.account_histories import plan_history_rows, status_history_rows
from app.connectors.aria.accounts import (
    DUNNING,
    PLAN_HISTORY,
    STATUS_HISTORY,
    Facts,
    billing_group_rows,
    dunning_group_rows,
    followed_dunning_rows,
)
from app.domain.control import CancelToken
from app.sandbox.launch import Sandbox
from tests.connectors.aria_accounts import Held, entities, fresh, running, value

TOKEN = CancelToken()
CHANGE: dict[str, Any] = {
    "plan_instance_no": 70, "update_date": "2026-01-31", "old_plan_units": 3, "new_plan_units": 5,
    "old_plan_name": "Small", "new_plan_name": "Large",
}  # fmt: skip


def told(call: str, array: str, *rows: dict[str, Any]) -> Facts:
    return Facts(7, {}, answers={call: [{array: list(rows)}]})


def plan_keys(*rows: dict[str, Any]) -> list[str]:
    return [row["=key"] for row in plan_history_rows(told(PLAN_HISTORY, "plan_history", *rows))]


def test_a_change_of_a_plan_instance_is_known_by_when_and_what() -> None:
    first, again, other = plan_keys(CHANGE, CHANGE, {**CHANGE, "new_plan_units": 6})
    assert first.startswith("7|2026-01-31|")
    assert again == f"{first}|2"
    assert other.partition("|2026-01-31|")[2] not in {"", first.rpartition("|")[2]}


def test_neither_quotes_nor_a_plans_new_name_make_it_another_change() -> None:
    quoted = {**CHANGE, "plan_instance_no": "70", "old_plan_units": "3.0", "new_plan_name": "New"}
    assert plan_keys(quoted) == plan_keys(CHANGE)


def test_a_change_without_a_day_has_a_key_too() -> None:
    assert plan_keys({**CHANGE, "update_date": None})[0].startswith("7|-|")


def test_changes_of_status_are_told_by_day_and_new_status() -> None:
    row = {
        "date_entered": "2026-01-31 10:00:00",
        "acct_status": "Active",
        "new_status": "Suspended",
    }
    first, again = status_history_rows(told(STATUS_HISTORY, "stat_hist", row, row))
    assert first["=name"] == "2026-01-31 Suspended"
    assert again["=key"] == f"{first['=key']}|2"


def test_a_dunning_group_that_no_plan_follows_is_told_by_its_own_call() -> None:
    master = {"dunning_group_no": "5", "dunning_group_name": "Main"}
    groups = [{"dunning_group_no": 5}, {"dunning_group_no": 6, "dunning_group_name": "Spare"}]
    answers = {DUNNING: [{"dunning_group_details": groups, "dunning_groups": [{}]}]}
    found = list(dunning_group_rows(Facts(7, {"master_plans_info": [master]}, answers=answers)))
    assert [(row["=key"], row["=followed"]) for row in found] == [("7|5", 1), ("7|6", 0)]
    assert [row["dunning_group_name"] for row in found] == ["Main", "Spare"]


def test_where_the_call_tells_no_numbers_the_followed_groups_are_there() -> None:
    answers = {DUNNING: [{"dunning_groups": [{"dunning_group_name": "Main"}]}]}
    some = Facts(7, {"master_plans_info": {"dunning_group_no": 5}}, answers=answers)
    assert list(dunning_group_rows(some)) == list(followed_dunning_rows(some)) != []


def test_a_billing_group_names_the_method_that_it_falls_back_on() -> None:
    group = {"billing_group_no": 8, "primary_payment_method_no": 1, "backup_payment_method_no": "2"}
    (row,) = billing_group_rows(Facts(7, {"billing_groups_info": group}))
    assert (row["=primary_payment_method"], row["=backup_payment_method"]) == ("7|1", "7|2")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running() as started:
        yield started


@pytest.fixture
def held(sandbox: Sandbox) -> Iterator[Held]:
    with fresh(sandbox) as found:
        yield found


def test_a_change_in_aria_becomes_one_more_record_of_history(held: Held) -> None:
    some = entities("plan_history", "status_history")
    number = held.numbers[0]
    before = held.one(some, number)
    instance = next(r for r in held.system.state("plan_instance") if r["acct_no"] == number)
    client = held.connector._client
    about = {"plan_instance_no": instance["plan_instance_no"], "plan_units": 77, "acct_no": number}
    client.core("update_acct_plan_m", {**about, "assignment_directive": 2}, TOKEN)
    client.core("update_acct_status_m", {"account_no": number, "status_cd": -1}, TOKEN)
    after = held.one(some, number)
    (change,) = (one for one in after["plan_history"] if one not in before["plan_history"])
    assert value(change, "new_units", "plan_history") == 77
    (status,) = (one for one in after["status_history"] if one not in before["status_history"])
    assert (value(status, "old_status", "status_history")) == "Active"


def test_secondary_methods_and_spare_groups_are_read(held: Held) -> None:
    found = held.all(entities("billing_group", "dunning_group", "payment_method"))
    methods = {one.key for one in found["payment_method"]}
    second = {value(one, "secondary_method", "billing_group") for one in found["billing_group"]}
    assert second - {None} <= methods
    assert len(second) > 2
    followed = [value(one, "followed", "dunning_group") for one in found["dunning_group"]]
    assert set(followed) == {True, False}
