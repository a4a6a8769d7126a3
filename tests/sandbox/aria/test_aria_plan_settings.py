"""What a plan says beside its prices: written, read back, and followed (aria.md §2.2)."""

from collections.abc import Callable
from typing import Any

import pytest

Call = Callable[..., dict[str, Any]]
Row = dict[str, Any]

BUSY = 55010002
PLAN = "VOICE-CLOUD-PBX-STARTER"


def new_plan(**more: Any) -> Row:
    names = {"schedule_name": "USD", "currency_cd": "usd", "client_rate_schedule_id": "NEW-USD"}
    return {
        "plan_type": "Master Recurring Plan",
        "currency": "usd",
        "plan_name": "New",
        "client_plan_id": "NEW",
        "schedule": [{**names, "is_default": 1}],
        **more,
    }


def test_settings_of_a_plan_are_read_back(admin: Call) -> None:
    sent = {
        "init_free_period_duration": 2,
        "init_free_period_uom_cd": 3,
        "rollover_plan_status_cd": -1,
        "acct_status_cd": 41,
        "rollover_status_days": 28,
        "dunning_client_plan_id": PLAN,
        "how_to_apply_minimum_fee": "once",
        "plan_cancel_min_month": 6,
        "exclusion_plans": [PLAN],
    }
    made = admin("create_new_plan_m", **new_plan(**sent))
    found = admin("get_plan_details_m", plan_no=made["plan_no"])
    same = ("init_free_period_duration", "init_free_period_uom_cd", "rollover_plan_status_cd")
    assert {name: found[name] for name in same} == {name: sent[name] for name in same}
    assert (found["acct_status_cd"], found["rollover_acct_status_days"]) == ("41", 28)
    assert found["dunning_client_plan_id"] == PLAN
    assert (found["how_to_apply_min_fee"], found["plan_cancel_min_months"]) == ("once", "6")
    assert found["exclusion_plans"] == [found["dunning_plan_no"]]


def test_an_edit_leaves_settings_alone_that_it_does_not_send(admin: Call) -> None:
    number = admin("create_new_plan_m", **new_plan(rollover_plan_duration=12))["plan_no"]
    admin("edit_plan_m", **new_plan(plan_no=number, rollover_plan_uom_cd=3))
    found = admin("get_plan_details_m", plan_no=number)
    assert (found["rollover_plan_duration"], found["rollover_plan_uom_cd"]) == (12, 3)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"init_free_period_uom_cd": 6}, 1016),
        ({"rollover_status_days": 29}, 1016),
        ({"acct_status_cd": 2}, 1016),
        ({"dunning_plan_no": 1}, 1010),
        ({"exclusion_plans": ["NONE"]}, 1010),
    ],
)
def test_a_wrong_setting_is_refused(admin: Call, sent: Row, code: int) -> None:
    assert admin("create_new_plan_m", **new_plan(**sent))["error_code"] == code
    assert admin("get_plan_details_m", client_plan_id="NEW")["error_code"] == 1010


def test_an_instance_begins_in_the_status_of_its_plan(admin: Call, core: Call) -> None:
    admin("create_new_plan_m", **new_plan(initial_plan_status_cd=41))
    core("assign_acct_plan_m", acct_no=BUSY, new_client_plan_id="NEW", client_plan_instance_id="N")
    rows = core("get_acct_plans_m", acct_no=BUSY)["acct_plans_m"]
    found = {row["client_plan_instance_id"]: row["plan_instance_status_cd"] for row in rows}
    assert found["N"] == 41


def test_a_coupon_is_given_a_rule_that_there_is(admin: Call) -> None:
    rules = admin("get_discount_rules_m")["discount_rules"]
    coupon = {"coupon_cd": "NEW", "status_ind": 1, "start_date": "2025-01-01"}
    coupon["end_date"] = "2099-01-01"
    wish = {"existing_discount_rule_id": [rules[0]["rule_id"]]}
    assert admin("create_coupon_m", **coupon, **wish)["error_code"] == 0
    shown = admin("get_coupon_details_m", coupon_cd="NEW")["discount_rule"]
    assert [row["rule_no"] for row in shown] == [rules[0]["rule_no"]]
    other = {"existing_discount_rule": [rules[1]["rule_no"]]}
    admin("update_coupon_m", **coupon, **other)
    shown = admin("get_coupon_details_m", coupon_cd="NEW")["discount_rule"]
    assert [row["rule_no"] for row in shown] == [rules[1]["rule_no"]]
    none = admin("update_coupon_m", **coupon, existing_discount_rule=[1])
    both = admin("update_coupon_m", **coupon, **wish, **other)
    assert (none["error_code"], both["error_code"]) == (1013, 1014)


@pytest.mark.parametrize(
    ("locale", "code"),
    [
        ({"locale_no": 1, "locale_name": "US_English"}, 0),
        ({"locale_no": 2}, 1067),
        ({"locale_name": "Klingon"}, 1066),
    ],
)
def test_a_locale_is_one_that_the_client_has(
    core: Call, admin: Call, locale: Row, code: int
) -> None:
    assert core("get_client_plans_basic_m", **locale)["error_code"] == code
    assert admin("get_plans_m", **locale)["error_code"] == code
