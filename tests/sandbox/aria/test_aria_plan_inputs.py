"""Inputs that say when and how plan instances change, and what is shown of them (aria.md §2.5)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.sandbox.launch import Sandbox

Call = Callable[..., dict[str, Any]]
Row = dict[str, Any]

BUSY = 55010002
PLAN = "VOICE-CLOUD-PBX-STARTER"
TODAY = datetime.now(UTC).date()
OTHER_DAY = 15 if TODAY.day != 15 else 10
AHEAD = (TODAY + timedelta(days=40)).isoformat()
BEHIND = (TODAY - timedelta(days=40)).isoformat()
COUPON, SKU = "SPRING5", "PHONE-COM-01"
CARD = [{"cc_num": "4111111111111111"}]


@pytest.fixture
def own(core: Call) -> int:
    """Return the number of a new account with one master plan instance, P-1, billed to a card."""
    whole = {
        "acct_currency": "usd",
        "payment_method": CARD,
        "billing_group": [{"payment_option": "Methods"}],
        "master_plans_detail": [{"client_plan_id": PLAN, "client_plan_instance_id": "P-1"}],
    }
    return int(core("create_acct_complete_m", acct=[whole])["out_acct"][0]["acct_no"])


def plans(core: Call, number: int) -> dict[str, Row]:
    rows = core("get_acct_plans_m", acct_no=number)["acct_plans_m"]
    return {row["client_plan_instance_id"]: row for row in rows}


def another_plan(core: Call, number: int) -> str:
    found = core("get_avail_plans_for_acct_m", acct_no=number)["all_client_avail_plans"]
    masters = [row for row in found if row["parent_plan_instance_no"] is None]
    return str(next(row["client_plan_id"] for row in masters if row["client_plan_id"] != PLAN))


def assigned(core: Call, number: int, **more: Any) -> Row:
    wish = {"new_client_plan_id": PLAN, "client_plan_instance_id": "P-2", **more}
    answer = core("assign_acct_plan_m", acct_no=number, **wish)
    assert answer["error_code"] == 0, answer
    return dict(answer)


def test_a_plan_that_starts_later_waits_inactive(core: Call, own: int) -> None:
    assigned(core, own, alt_start_date=AHEAD, include_plan_instance_queue="true")
    row = plans(core, own)["P-2"]
    assert (row["plan_date"], row["next_bill_date"]) == (AHEAD, AHEAD)
    assert row["plan_instance_status_cd"] == 0
    waiting = core("get_acct_plan_queued_changes_m", acct_no=own)["queued_change_details"][-1]
    assert (waiting["effective_date"], waiting["target_plan_inst_status_2"]) == (AHEAD, 1)


def test_until_then_it_has_the_status_asked_for(core: Call, own: int) -> None:
    assigned(core, own, alt_bill_day=OTHER_DAY, status_until_alt_start=31)
    row = plans(core, own)["P-2"]
    assert (row["bill_day"], row["plan_instance_status_cd"]) == (OTHER_DAY, 31)
    assert row["next_bill_date"] > TODAY.isoformat()


def test_a_prorated_invoice_leads_to_the_bill_day(core: Call, own: int) -> None:
    whole = assigned(core, own, invoicing_option=1)["total"]
    short = assigned(
        core,
        own,
        client_plan_instance_id="P-3",
        invoicing_option=2,
        alt_bill_day=OTHER_DAY,
    )["total"]
    assert 0 < short < whole
    row = plans(core, own)["P-3"]
    assert (row["plan_instance_status_cd"], row["bill_day"]) == (1, OTHER_DAY)


def test_a_retroactive_plan_started_in_the_past(core: Call, own: int) -> None:
    assigned(core, own, retroactive_start_date=BEHIND, invoicing_option=1)
    row = plans(core, own)["P-2"]
    assert (row["plan_date"], row["next_bill_date"] > TODAY.isoformat()) == (BEHIND, True)
    wish = {"new_client_plan_id": PLAN, "retroactive_start_date": AHEAD}
    assert core("assign_acct_plan_m", acct_no=own, **wish)["error_code"] == 1016


def test_groups_and_a_method_are_made_with_the_plan(core: Call, own: int) -> None:
    assigned(
        core,
        own,
        client_def_billing_group_id="BG-2",
        primary_pay_method_type=13,
        primary_pay_method_cdid="PM-2",
        client_dunning_group_id="DG-2",
        stmt_email="bills@example.com",
    )
    details = core("get_acct_details_all_m", acct_no=own)
    master = details["master_plans_info"][-1]
    assert master["client_billing_group_id"] == "BG-2"
    assert master["client_dunning_group_id"] == "DG-2"
    group = details["billing_groups_info"][-1]
    assert group["client_primary_payment_method_id"] == "PM-2"
    assert group["stmt_email"] == "bills@example.com"


def test_a_queue_is_answered_when_asked_for(core: Call, own: int) -> None:
    later = {"effective_date": AHEAD, "invoicing_option": 2}
    assert "plan_instance_queue" not in assigned(core, own, **later)
    more = {"client_plan_instance_id": "P-3", "include_plan_instance_queue": "true"}
    assert len(assigned(core, own, **later, **more)["plan_instance_queue"]) == 1


def test_an_anniversary_change_is_put_off_by_months(core: Call, own: int) -> None:
    wish = {"acct_no": own, "client_plan_instance_id": "P-1", "assignment_directive": 1}
    wish["new_client_plan_id"] = another_plan(core, own)
    core("replace_acct_plan_m", **wish)
    core("replace_acct_plan_m", **wish, offset_months=2)
    rows = core("get_acct_plan_queued_changes_m", acct_no=own)["queued_change_details"]
    first, second = (datetime.fromisoformat(row["effective_date"]) for row in rows)
    assert (second.year - first.year) * 12 + second.month - first.month == 2


@pytest.mark.parametrize("name", ["replace_acct_plan_m", "cancel_acct_plan_m"])
@pytest.mark.parametrize("flag", ["true", "false"])
def test_usage_is_invoiced_before_the_plan_goes(core: Call, own: int, name: str, flag: str) -> None:
    services = core("get_acct_plans_all_m", acct_no=own, include_plan_services="true")
    listed = services["all_acct_plans_m"][0]["plan_instance_services"]
    usage_type = next(row["usage_type_cd"] for row in listed if row["is_usage_based_ind"])
    core("record_usage_m", acct_no=own, usage_type_code=usage_type, usage_units=99999)
    wish = {"acct_no": own, "client_plan_instance_id": "P-1", "assignment_directive": 3}
    more = {"new_client_plan_id": another_plan(core, own)} if name.startswith("replace") else {}
    done = core(name, **wish, **more, invoice_unbilled_usage=flag)
    days = {"date_range_start": "2020-01-01", "date_range_end": "2099-12-31"}
    (row,) = core("get_usage_history_m", acct_no=own, **days)["usage_history_recs"]
    assert row["invoice_no"] == done["invoice_no"]
    assert (done["invoice_no"] is None) == (flag == "false")


def test_proration_starts_on_another_day(core: Call, own: int) -> None:
    wish = {"acct_no": own, "client_plan_instance_id": "P-1", "do_write": "false"}
    whole = core("cancel_acct_plan_m", **wish)["total_credit"]
    day = (TODAY + timedelta(days=10)).isoformat()
    less = core("cancel_acct_plan_m", **wish, alt_proration_start_date=day)["total_credit"]
    assert 0 < less < whole
    early = core("cancel_acct_plan_m", **wish, alt_proration_start_date=BEHIND)
    assert early["error_code"] == 1016


def test_a_plan_status_waits_for_days_and_has_a_dunning_state(core: Call, own: int) -> None:
    wish = {"acct_no": own, "client_plan_instance_id": "P-1", "status_cd": -1}
    core("update_acct_plan_status_m", **wish, queue_days=40)
    waiting = core("get_acct_plan_queued_changes_m", acct_no=own)["queued_change_details"][-1]
    assert waiting["effective_date"] == AHEAD
    core("update_acct_plan_status_m", **wish, dunning_state=1)
    row = plans(core, own)["P-1"]
    assert (row["dunning_state"], row["plan_instance_status_cd"]) == (1, -1)
    assert core("update_acct_plan_status_m", **wish, dunning_state=3)["error_code"] == 1016


def test_units_are_added_one_by_one(core: Call, own: int) -> None:
    more = [{"new_client_plan_unit_inst_id": "U-1"}, {"new_client_plan_unit_inst_id": "U-2"}]
    wish = {"acct_no": own, "client_plan_inst_id": "P-1"}
    core("modify_acct_plan_unit_instances_m", **wish, new_client_plan_unit_inst=more)
    assert plans(core, own)["P-1"]["plan_units"] == 3


@pytest.mark.parametrize("name", ["update_acct_plan_m", "replace_acct_plan_m"])
def test_coupons_are_put_on_a_plan_that_changes(core: Call, own: int, name: str) -> None:
    wish = {"acct_no": own, "client_plan_instance_id": "P-1", "assignment_directive": 3}
    more = {"new_client_plan_id": another_plan(core, own)} if name.startswith("replace") else {}
    core(name, **wish, **more, coupon_codes=[{"coupon_codes": COUPON}])
    found = core("get_acct_coupon_details_m", acct_no=own)["coupons_detail"]
    assert [row["out_coupon_cd"] for row in found] == [COUPON]


def multi(core: Call, number: int, row: Row, **more: Any) -> Row:
    return dict(core("update_acct_plan_multi_m", acct_no=number, plan_updates=[row], **more))


def test_a_coupon_directive_adds_and_removes(core: Call, own: int) -> None:
    def change(directive: int) -> int:
        coupon = [{"coupon_cd": COUPON, "coupon_directive": directive}]
        row = {"plan_directive": 3, "existing_client_plan_instance_id": "P-1"}
        return int(multi(core, own, {**row, "coupon_code_updates": coupon})["error_code"])

    def coupons() -> int:
        return len(core("get_acct_coupon_details_m", acct_no=own)["coupons_detail"])

    assert (change(2), change(3), change(1), coupons()) == (1013, 1039, 0, 1)
    assert (change(2), coupons()) == (0, 0)


def test_items_are_ordered_with_a_plan_change(core: Call, own: int) -> None:
    items = [{"client_sku": SKU, "item_units": 2}]
    row = {"plan_directive": 3, "existing_client_plan_instance_id": "P-1", "nso_item_array": items}
    done = multi(core, own, row)
    (order,) = core("get_order_m", acct_no=own, details_flag=1)["orders"]
    assert [one["units"] for one in order["order_items"]] == [2]
    assert order["invoice_no"] in [r["invoice_no"] for r in done["multi_plan_invoice_details"]]


def test_methods_and_groups_are_made_for_new_plans(core: Call, own: int) -> None:
    done = multi(
        core,
        own,
        {
            "plan_directive": 1,
            "new_client_plan_id": PLAN,
            "new_client_plan_instance_id": "P-2",
            "billing_group_idx": 5,
        },
        acct_payment_methods=[
            {
                "payment_method_idx": 2,
                "client_payment_method_id": "PM-2",
                "payment_method_type": 13,
                "bill_agreement_id": "tok-1",
            }
        ],
        acct_billing_groups=[
            {
                "billing_group_directive": 1,
                "billing_group_idx": 5,
                "new_client_billing_group_id": "BG-5",
                "primary_payment_method_idx": 2,
            }
        ],
        invoicing_option=2,
        alt_bill_day=OTHER_DAY,
    )
    assert done["billing_groups_updated"][0]["client_billing_groups_id"] == "BG-5"
    assert len(done["multi_plan_invoice_details"]) == 1
    details = core("get_acct_details_all_m", acct_no=own)
    assert details["billing_groups_info"][-1]["client_primary_payment_method_id"] == "PM-2"
    master = details["master_plans_info"][-1]
    assert (master["client_billing_group_id"], master["bill_day"]) == ("BG-5", OTHER_DAY)


def test_a_group_that_there_is_is_changed(core: Call, own: int) -> None:
    number = core("get_acct_details_all_m", acct_no=own)["billing_groups_info"][0][
        "billing_group_no"
    ]
    group = {
        "billing_group_directive": 2,
        "existing_billing_group_no": number,
        "payment_option": "Terms",
        "payment_terms_no": 2,
    }
    row = {"plan_directive": 3, "existing_client_plan_instance_id": "P-1"}
    multi(core, own, row, acct_billing_groups=[group])
    found = core("get_acct_details_all_m", acct_no=own)["billing_groups_info"]
    assert [one["payment_terms_no"] for one in found] == [2]


@pytest.mark.parametrize("declined", [False, True])
def test_a_plan_change_is_collected_or_rolled_back(
    core: Call, own: int, sandbox: Sandbox, *, declined: bool
) -> None:
    core("collect_from_account_m", acct_no=own)
    sandbox.systems["aria"].edit("setting", "declines", {"value": declined})
    row = {"plan_directive": 3, "existing_client_plan_instance_id": "P-1", "plan_units": 9}
    both = {"auto_collect_on_plan_chng": 1, "rollback_plan_chng_collect_fail": 1}
    done = multi(core, own, row, **both)
    assert done["error_code"] == (4011 if declined else 0)
    assert plans(core, own)["P-1"]["plan_units"] == (1 if declined else 9)
    assert Decimal(core("get_acct_balance_m", acct_no=own)["acct_balance"]) == 0


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"combine_invoices": 4}, 1016),
        ({"auto_collect_on_plan_chng": 2}, 1016),
        ({"alt_bill_day": 32}, 5020),
        ({"acct_billing_groups": [{"primary_payment_method_idx": 3}]}, 4006),
    ],
)
def test_a_wrong_input_changes_no_plan(core: Call, own: int, more: Row, code: int) -> None:
    row = {"plan_directive": 1, "new_client_plan_id": PLAN, "new_client_plan_instance_id": "P-2"}
    assert multi(core, own, row, **more)["error_code"] == code
    assert "P-2" not in plans(core, own)


def test_custom_rates_wait_with_the_change_that_is_queued(core: Call, own: int) -> None:
    wish = {"acct_no": own, "client_plan_instance_id": "P-1"}
    later = core("update_acct_plan_m", **wish, plan_units=4, effective_date=AHEAD)
    queue = later["plan_instance_queue"][0]["queue_id"]
    listed = core("get_acct_plans_all_m", acct_no=own, include_plan_services="true")
    services = listed["all_acct_plans_m"][0]["plan_instance_services"]
    service = next(row for row in services if row["is_recurring_ind"])
    rates = [
        {name: row[name] for name in ("rate_seq_no", "from_unit", "to_unit")}
        | {"rate_per_unit": "1"}
        for row in service["plan_service_rates"]
    ]
    rates_wish = {**wish, "service_no": service["service_no"], "custom_acct_rates": rates}
    rates_wish = {name: value for name, value in rates_wish.items() if value is not None}
    assert (
        core("assign_custom_acct_plan_rates_m", **rates_wish, plan_queue_id=1)["error_code"] == 1013
    )
    done = core("assign_custom_acct_plan_rates_m", **rates_wish, plan_queue_id=queue)
    assert done["error_code"] == 0
    waiting = core("get_acct_plan_queued_changes_m", acct_no=own)["queued_change_details"][-1]
    assert len(waiting["queued_plan_custom_rates"]) == len(rates)
    again = core("get_acct_plans_all_m", acct_no=own, include_plan_services="true")
    assert again == listed


def test_parts_of_plans_are_left_out_or_added(core: Call, own: int) -> None:
    def shown(**flags: str) -> Row:
        found = core("get_acct_plans_all_m", acct_no=own, include_plan_services="true", **flags)
        return dict(found["all_acct_plans_m"][0])

    whole = shown()
    bare = shown(include_rate_schedule="false", include_dunning_info="false")
    assert {"rate_schedule_no", "dunning_state"} <= whole.keys() - bare.keys()
    service = shown(include_service_supp_fields="true")["plan_instance_services"][0]
    assert service["all_service_supp_fields"] == []


def test_plans_are_filtered_by_client_defined_ids(core: Call, own: int) -> None:
    assigned(core, own)
    masters = [{"client_master_plan_instance_id": "P-2"}]
    found = core("get_acct_plans_all_m", acct_no=own, master_plan_instance_filter=masters)
    assert [row["client_plan_instance_id"] for row in found["all_acct_plans_m"]] == ["P-2"]
    whole = core("get_acct_plans_all_m", acct_no=own, include_plan_services="true")
    services = whole["all_acct_plans_m"][0]["plan_instance_services"]
    wanted = services[-1]["client_service_id"]
    flags = {"include_plan_services": "true", "service_no_filter": [{"client_service_id": wanted}]}
    found = core("get_acct_plans_all_m", acct_no=own, **flags)
    listed = found["all_acct_plans_m"][0]["plan_instance_services"]
    assert [row["client_service_id"] for row in listed] == [wanted]


def test_available_plans_are_those_of_an_instance_or_a_promotion(
    core: Call, own: int, aria: Row
) -> None:
    number = plans(core, own)["P-1"]["plan_instance_no"]
    every = core("get_avail_plans_for_acct_m", acct_no=own)["all_client_avail_plans"]
    under = core("get_avail_plans_for_acct_m", acct_no=own, client_plan_instance_id="P-1")
    wanted = [row for row in every if row["parent_plan_instance_no"] == number]
    assert under["all_client_avail_plans"] == wanted
    promoted = core("get_plans_by_promo_code_m", promo_code=aria["promo_code"])["plan_details"]
    found = core("get_avail_plans_for_acct_m", acct_no=own, promo_cd=aria["promo_code"])
    masters = {
        r["plan_no"] for r in found["all_client_avail_plans"] if not r["parent_plan_instance_no"]
    }
    assert masters <= {row["plan_no"] for row in promoted}
    none = core("get_avail_plans_for_acct_m", acct_no=own, promo_cd="NONE")
    assert none["all_client_avail_plans"] == []
    short = core("get_avail_plans_for_acct_m", acct_no=own, include_rs_summary="false")
    assert all("plan_rate_schedules_details" not in r for r in short["all_client_avail_plans"])


def test_a_contract_names_what_it_rolls_over_to(core: Call, own: int) -> None:
    other = another_plan(core, own)
    plan = core("get_client_plans_basic_m", client_plan_id=other)["plan_details"][0]["plan_no"]
    wish = {"type_no": 8, "length_months": 12}
    row = {"client_plan_instance_id": "P-1", "rollover_plan_no": plan}
    wrong = [{**row, "rollover_rate_sched_no": 1}]
    assert (
        core("create_instance_contract_m", acct_no=own, **wish, contract_plan_instances=wrong)[
            "error_code"
        ]
        == 1013
    )
    rates = [{"custom_rate_service_no": 7, "custom_rate_seq_no": 1, "custom_rate_per_unit": "2.5"}]
    core(
        "create_instance_contract_m",
        acct_no=own,
        **wish,
        contract_plan_instances=[row],
        contract_rollover_custom_rates=rates,
    )
    found = core("get_instance_contract_m", acct_no=own)["contract_plan_instance_details"]
    assert [one["rollover_client_plan_id"] for one in found] == [other]
    shown = found[0]["contract_rollover_custom_rate_info"]
    assert [one["custom_rate_per_unit"] for one in shown] == ["2.5"]
    flags = {"include_contract_and_rollover_info": "true"}
    shown = core("get_acct_plans_all_m", acct_no=own, **flags)["all_acct_plans_m"][0]
    assert shown["contract_rollover_plan_no"] == plan


def test_statements_tell_their_activity_unless_told_not_to(core: Call) -> None:
    wish = {"acct_no": BUSY, "include_invoice_activity_eligibility": "false"}
    rows = core("get_acct_statement_history_m", **wish)["statements_history"]
    assert rows
    assert all("invoice_activity_ind" not in row for row in rows)
