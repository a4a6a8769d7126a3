"""Inputs that say what money is for: payments, credits, invoices, orders, usage (aria.md §2.8)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.sandbox.launch import Sandbox

Call = Callable[..., dict[str, Any]]
Row = dict[str, Any]

SHOWCASE, BUSY, PENDING, OPEN = 55010001, 55010002, 55010008, 55010011
PLAN, SKU = "VOICE-CLOUD-PBX-STARTER", "PHONE-COM-01"
TODAY = datetime.now(UTC).date()
CARD = [{"cc_num": "4111111111111111"}]
EVER = {"date_range_start": "2020-01-01", "date_range_end": "2099-12-31"}


@pytest.fixture
def two(core: Call) -> Row:
    """Return a new account with two master plans, each with an open invoice, and a card."""
    plans = [{"client_plan_id": PLAN, "client_plan_instance_id": f"T-{n}"} for n in (1, 2)]
    whole = {
        "acct_currency": "usd",
        "payment_method": CARD,
        "billing_group": [{"payment_option": "Methods", "client_billing_group_id": "T-BG"}],
        "master_plans_detail": plans,
    }
    return dict(core("create_acct_complete_m", acct=[whole])["out_acct"][0])


def charges(core: Call, number: int) -> dict[int, Row]:
    """Return the invoice transactions of an account by their numbers."""
    rows = core("get_acct_trans_history_m", account_no=number, transaction_type=1)["history"]
    return {row["transaction_id"]: row for row in rows}


def left(core: Call, number: int, name: str) -> Decimal:
    """Return what a master plan instance owes."""
    rows = core("get_acct_balance_m", acct_no=number)["master_plan_instances"]
    found = {row["client_def_master_plan_instance_id"]: row for row in rows}
    return Decimal(found[name]["master_plan_instance_balance"])


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("record_external_payment_m", {"reference_code": "R-9", "payment_amount": 5}),
        ("collect_from_account_m", {"amount_to_collect": 5}),
    ],
)
def test_a_payment_is_for_the_instances_that_it_names(
    core: Call, two: Row, name: str, more: Row
) -> None:
    number = two["acct_no"]
    before = left(core, number, "T-1"), left(core, number, "T-2")
    wish = [{"client_master_plan_instance_id": "T-2"}]
    done = core(name, acct_no=number, **more, specific_master_plan_instances_list=wish)
    assert done["error_code"] == 0
    assert (left(core, number, "T-1"), left(core, number, "T-2")) == (before[0], before[1] - 5)
    wrong = [{"master_plan_instance_no": 1}]
    refused = core(name, acct_no=number, **more, specific_master_plan_instances_list=wrong)
    assert refused["error_code"] in {1015, 14046}


def test_a_payment_is_used_in_the_turn_it_names(core: Call, two: Row, sandbox: Sandbox) -> None:
    number, invoices = two["acct_no"], [row["invoice_no"] for row in two["invoice_info"]]
    late = (TODAY + timedelta(days=90)).isoformat()
    sandbox.systems["aria"].edit("invoice", str(invoices[0]), {"due_date": late})
    pay = {"acct_no": number, "payment_amount": 1}
    core("record_external_payment_m", **pay, reference_code="A", payment_application_method=2)
    core("record_external_payment_m", **pay, reference_code="B", payment_application_method=1)
    core("record_external_payment_m", **pay, reference_code="C", payment_application_method=3)
    wrong = core(
        "record_external_payment_m", **pay, reference_code="D", payment_application_method=4
    )
    assert wrong["error_code"] == 1016
    rows = core("get_acct_payment_history_m", acct_no=number, details_flag=1)
    used = [
        [use["invoice_no"] for use in row["payment_application_details"]]
        for row in rows["acct_payment_history"]
    ]
    assert used == [[], [invoices[0]], [invoices[1]]]


def test_a_stored_method_to_collect_from_is_named_by_its_id(core: Call, two: Row) -> None:
    wish = {"acct_no": two["acct_no"], "amount_to_collect": 1}
    core("update_payment_method_m", acct_no=two["acct_no"], client_payment_method_id="SECOND")
    core("collect_from_account_m", **wish, client_payment_method_id="SECOND")
    row = core("get_acct_payment_history_m", acct_no=two["acct_no"])["acct_payment_history"][0]
    assert row["client_payment_method_id"] == "SECOND"
    wrong = core("collect_from_account_m", **wish, client_payment_method_id="NONE")
    assert wrong["error_code"] == 4006


def test_a_cash_credit_is_parted_among_transactions(core: Call, two: Row) -> None:
    number = two["acct_no"]
    numbers = sorted(charges(core, number))
    parts = [{"transaction_id": no, "trans_credit_amount": n} for n, no in enumerate(numbers, 1)]
    wish = {"acct_no": number, "credit_reason_cd": 1, "specific_transactions": parts}
    assert core("apply_cash_credit_m", **wish)["amount"] == 3
    rows = charges(core, number)
    assert [rows[no]["transaction_applied_amount"] for no in numbers] == [1, 2]
    wish["specific_transactions"] = [{"transaction_id": 1, "trans_credit_amount": 1}]
    assert core("apply_cash_credit_m", **wish)["error_code"] == 2001


def test_a_credit_memo_keeps_its_note_and_takes_the_line_it_names(core: Call, two: Row) -> None:
    invoice = two["invoice_info"][0]["invoice_no"]
    line = core("get_invoice_details_m", invoice_no=invoice)["invoice_line_details"][0]
    wish = {
        "acct_no": two["acct_no"],
        "cm_comments": "x",
        "orig_invoice_no": invoice,
        "customer_facing_comments": "Sorry",
        "credit_ref_type": 2,
        "cm_line_items": [{"line_no": 1, "cm_line_amount": 1}],
    }
    made = core("create_cm_m", **wish)
    found = core("get_cm_details_m", acct_no=two["acct_no"], cm_no=made["cm_no"])
    assert (found["customer_note"], found["credit_ref_type"]) == ("Sorry", "2")
    assert found["cm_line_details"][0]["service_no"] == line["service_no"]
    wish["cm_line_items"] = [{"line_no": 99, "cm_line_amount": 1}]
    assert core("create_cm_m", **wish)["error_code"] == 1013
    asked = core("get_cm_details_m", acct_no=two["acct_no"], client_cm_seq_id_in="none")
    assert asked["error_code"] == 1013


def test_a_refund_is_reckoned_from_the_lines_it_reverses(core: Call, two: Row) -> None:
    number, invoice = two["acct_no"], two["invoice_info"][0]["invoice_no"]
    paid = core("collect_from_account_m", acct_no=number)["transaction_id"]
    line = core("get_invoice_details_m", invoice_no=invoice)["invoice_line_details"][0]
    wish = {
        "acct_no": number,
        "payment_transaction_id": paid,
        "total_refund_amount": 1,
        "auto_calc_refund": "true",
        "invoice_trans_to_reverse": [{"invoice_no": invoice, "invoice_line_no": 1}],
    }
    assert core("issue_refund_to_acct_m", **wish, reason_code=8)["error_code"] == 1016
    done = core("issue_refund_to_acct_m", **wish, reason_code=99999999)
    assert done["applied_total_refund_amount"] == line["amount"]


def test_a_write_off_has_the_date_it_was_given(core: Call, two: Row) -> None:
    wish = {"invoice_no": two["invoice_info"][0]["invoice_no"], "reason_code": 4, "comments": "x"}
    day = "2025-02-03"
    core("create_writeoff_or_dispute_m", acct_no=two["acct_no"], **wish, writeoff_date=day)
    rows = core("get_acct_writeoff_or_disputes_m", acct_no=two["acct_no"])["writeoff_dispute_info"]
    assert [row["created_date"] for row in rows] == [day]


def test_an_invoice_is_made_ahead_for_one_instance(core: Call, two: Row) -> None:
    wish = {"acct_no": two["acct_no"], "client_master_plan_instance_id": "T-2"}
    assert core("gen_invoice_m", **wish)["out_invoices_list"] == []
    made = core("gen_invoice_m", **wish, invoice_mode=1)["out_invoices_list"]
    assert len(made) == 1
    line = core("get_invoice_details_m", invoice_no=made[0]["invoice_no"])["invoice_line_details"][
        0
    ]
    assert line["client_mp_instance_id"] == "T-2"
    assert line["date_range_start"] > TODAY.isoformat()


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"invoice_mode": 2}, 1016),
        ({"combine_invoices": 4}, 1016),
        ({"alt_bill_day": 40}, 5020),
        ({"billing_group_no": 1}, 1013),
    ],
)
def test_a_wrong_wish_for_an_invoice_is_refused(core: Call, wish: Row, code: int) -> None:
    assert core("gen_invoice_m", acct_no=BUSY, **wish)["error_code"] == code


def test_invoices_of_a_billing_group_alone_are_made(core: Call, two: Row) -> None:
    number = two["acct_no"]
    core("create_acct_billing_group_m", acct_no=number, client_billing_group_id="EMPTY")
    wish = {"acct_no": number, "invoice_mode": 1}
    made = core("gen_invoice_m", **wish, client_billing_group_id="EMPTY")
    assert made["out_invoices_list"] == []
    made = core("gen_invoice_m", **wish, client_billing_group_id="T-BG")
    assert len(made["out_invoices_list"]) == 2


def test_a_bill_day_is_set_with_an_invoice(core: Call, two: Row) -> None:
    wish = {"acct_no": two["acct_no"], "client_master_plan_instance_id": "T-1"}
    core("gen_invoice_m", **wish, alt_bill_day=15, invoice_mode=1)
    rows = core("get_acct_plans_m", acct_no=two["acct_no"])["acct_plans_m"]
    assert rows[0]["bill_day"] == 15
    assert rows[0]["next_bill_date"].endswith("-15")


def test_an_invoice_forced_to_wait_is_approved_with_notes_and_collected(
    core: Call, two: Row
) -> None:
    number = two["acct_no"]
    core("collect_from_account_m", acct_no=number)
    wish = {"acct_no": number, "client_master_plan_instance_id": "T-1"}
    core("gen_invoice_m", **wish, invoice_mode=1, force_pending="true")
    assert core("gen_invoice_m", acct_no=number)["error_code"] == 3011
    other = {**wish, "client_master_plan_instance_id": "T-2"}
    assert core("manage_pending_invoice_m", **other)["error_code"] == 5022
    notes = {"custom_status_label": "Checked", "client_notes": "By Ada"}
    done = core("manage_pending_invoice_m", **wish, **notes, alt_collect_on_approve="true")
    assert done["collection_error_code"] == 0
    found = core("get_invoice_details_m", invoice_no=done["new_invoice_no"])
    assert (found["custom_status_label"], found["client_notes"]) == ("Checked", "By Ada")
    assert Decimal(core("get_acct_balance_m", acct_no=number)["acct_balance"]) == 0


def test_an_order_is_lowered_by_its_coupon(core: Call) -> None:
    number = core("get_acct_plans_m", acct_no=BUSY)["acct_plans_m"][0]["plan_instance_no"]
    order = {
        "acct_no": BUSY,
        "plan_instance_no": number,
        "order_line_items": [{"client_sku": SKU, "units": 2}],
    }
    plain = core("create_order_m", **order)
    done = core("create_order_m", **order, coupon_cd="SPRING5")
    assert done["total_credit"] > plain["total_credit"] == 0
    lines = core("get_invoice_details_m", invoice_no=done["invoice_no"])["invoice_line_details"]
    assert [line["credit_coupon_code"] for line in lines if line["line_type"] == 4] == ["SPRING5"]
    assert core("create_order_m", **order, coupon_cd="NONE")["error_code"] == 1013


@pytest.mark.parametrize(("day", "code"), [("soon", 3041), ("2020-01-01", 3043), ("2099-01-01", 0)])
def test_an_order_is_fulfilled_on_a_day_to_come(core: Call, day: str, code: int) -> None:
    number = core("get_acct_plans_m", acct_no=BUSY)["acct_plans_m"][0]["plan_instance_no"]
    order = {"order_line_items": [{"client_sku": SKU, "units": 1}], "bill_immediately": 0}
    made = core(
        "create_order_m", acct_no=BUSY, plan_instance_no=number, **order, fulfilled_date=day
    )
    assert made["error_code"] == code


def test_usage_has_four_qualifiers_a_rate_and_a_master(core: Call, two: Row) -> None:
    usage = {"acct_no": two["acct_no"], "usage_type_code": "VOICE_NAT", "usage_units": 4}
    told = {f"qualifier_{n}": str(n) for n in range(1, 5)}
    master = {"client_master_plan_instance_id": "T-2"}
    core("record_usage_m", **usage, **told, **master, rate="0.25")
    (row,) = core("get_usage_history_m", acct_no=two["acct_no"], **EVER)["usage_history_recs"]
    assert {name: row[name] for name in told} == told
    assert (row["specific_record_charge_amount"], row["pre_rated_rate"]) == (1, Decimal("0.25"))
    assert row["client_plan_instance_id"] == "T-2"


def test_usage_left_out_of_billing_is_shown_when_asked_for(core: Call, two: Row) -> None:
    usage = {"acct_no": two["acct_no"], "usage_type_code": "VOICE_NAT", "usage_units": 4}
    core("record_usage_m", **usage, exclude_from_billing="true")
    wish = {"acct_no": two["acct_no"], **EVER}
    assert core("get_usage_history_m", **wish)["usage_history_recs"] == []
    found = core("get_usage_history_m", **wish, retrieve_excluded_usage="true")
    assert [row["is_excluded"] for row in found["usage_history_recs"]] == ["true"]
