"""Money: signs, voids, payments, credits, refunds, orders, usage (aria.md §2.7 to §2.9)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from app.sandbox.aria.accounts.ledger import CHARGES, TYPES
from app.sandbox.launch import Sandbox

Call = Callable[..., dict[str, Any]]
Row = dict[str, Any]

SHOWCASE, BUSY, PENDING, OPEN = 55010001, 55010002, 55010008, 55010011


def history(core: Call, number: int, **more: Any) -> list[Row]:
    return list(core("get_acct_trans_history_m", account_no=number, **more)["history"])


def balance(core: Call, number: int) -> Decimal:
    return Decimal(core("get_acct_balance_m", acct_no=number)["acct_balance"])


def signed(row: Row) -> Decimal:
    raises = (abs(row["transaction_type"]) in CHARGES) == (row["transaction_type"] > 0)
    return Decimal(row["transaction_amount"] if raises else -row["transaction_amount"])


@pytest.mark.parametrize("number", [SHOWCASE, BUSY, OPEN])
@pytest.mark.parametrize("voids", ["true", "false"])
def test_the_balance_follows_from_the_signs(core: Call, number: int, voids: str) -> None:
    rows = history(core, number, include_void_transactions=voids)
    assert sum(signed(row) for row in rows) == balance(core, number)


def test_every_type_and_its_void_occurs(core: Call) -> None:
    rows = history(core, SHOWCASE, include_void_transactions="true")
    assert {row["transaction_type"] for row in rows} == {*TYPES, *(-kind for kind in TYPES)}


def test_a_busy_account_has_three_hundred_transactions(core: Call) -> None:
    rows = history(core, BUSY)
    assert len(rows) >= 300
    numbers = [row["transaction_id"] for row in rows]
    assert numbers == sorted(numbers, reverse=True)
    dates = [row["transaction_create_date"] for row in rows]
    assert dates == sorted(dates, reverse=True)


def test_history_is_narrowed_by_date_type_and_count(core: Call) -> None:
    day = history(core, BUSY)[5]["transaction_create_date"][:10]
    rows = history(core, BUSY, start_date=day, end_date=day, transaction_type=1)
    assert {(row["transaction_create_date"][:10], row["transaction_type"]) for row in rows} <= {
        (day, 1)
    }
    assert len(history(core, BUSY, record_limit=7)) == 7


def test_lines_add_up_to_their_invoice(core: Call) -> None:
    for row in core("get_invoice_history_m", acct_no=BUSY)["invoice_hist"][:12]:
        found = core("get_invoice_details_m", invoice_no=row["invoice_no"])
        assert sum(line["amount"] for line in found["invoice_line_details"]) == row["amount"]
        assert sum(tax["debit"] for tax in found["tax_details"]) == sum(
            line["amount"] for line in found["invoice_line_details"] if line["line_type"] == 2
        )


def test_a_void_adds_its_opposite_and_stamps_the_first(core: Call) -> None:
    before, row = balance(core, BUSY), history(core, BUSY, transaction_type=3)[0]
    number = row["transaction_id"]
    void = {"account_no": BUSY, "transaction_id": number, "reason_code": 3, "comments": "Wrong"}
    new = core("void_transaction_m", **void)["new_transaction_id"]
    rows = {r["transaction_id"]: r for r in history(core, BUSY, include_void_transactions="true")}
    assert rows[new]["transaction_type"] == -3
    assert rows[new]["transaction_source_id"] == row["transaction_source_id"]
    assert rows[number]["transaction_void_date"] is not None
    assert balance(core, BUSY) == before + row["transaction_amount"]
    assert core("void_transaction_m", **void)["error_code"] == 1014


def test_a_transaction_that_is_not_there_is_2001(core: Call) -> None:
    void = {"account_no": BUSY, "transaction_id": 1, "reason_code": 3, "comments": "Wrong"}
    assert core("void_transaction_m", **void)["error_code"] == 2001


def test_a_payment_pays_the_oldest_charge_first(core: Call) -> None:
    before = balance(core, OPEN)
    pay = {"acct_no": OPEN, "reference_code": "R-1", "payment_amount": "1.50"}
    number = core("record_external_payment_m", **pay)["transaction_id"]
    assert balance(core, OPEN) == before - Decimal("1.50")
    rows = core("get_acct_payment_history_m", acct_no=OPEN, details_flag=1)["acct_payment_history"]
    assert rows[0]["transaction_id"] == number
    assert rows[0]["payment_application_details"][0]["invoice_pay_applied_amount"] == Decimal("1.5")
    assert core("record_external_payment_m", **pay)["error_code"] == 1015


def test_a_cash_credit_lowers_the_balance_and_a_service_credit_does_not(core: Call) -> None:
    before = balance(core, OPEN)
    core("apply_cash_credit_m", acct_no=OPEN, credit_amount=3, credit_reason_cd=1)
    assert balance(core, OPEN) == before - 3
    master = core("get_acct_plans_m", acct_no=OPEN)["acct_plans_m"][0]["plan_instance_no"]
    core(
        "apply_service_credit_m",
        acct_no=OPEN,
        master_plan_instance_no=master,
        credit_amount=4,
        credit_reason_code=1,
    )
    assert balance(core, OPEN) == before - 3
    kinds = [row["credit_type"] for row in core("get_acct_credits_m", acct_no=OPEN)["all_credits"]]
    assert kinds[-2:] == ["cash", "service"]


def test_no_more_is_refunded_than_was_paid(core: Call) -> None:
    row = history(core, BUSY, transaction_type=3)[0]
    refund = {"acct_no": BUSY, "payment_transaction_id": row["transaction_id"], "reason_code": 1}
    half = str(row["transaction_amount"] / 2)
    assert core("issue_refund_to_acct_m", **refund, total_refund_amount=half)["error_code"] == 0
    again = core(
        "issue_refund_to_acct_m", **refund, total_refund_amount=str(row["transaction_amount"])
    )
    assert again["error_code"] == 1016
    found = core("get_refund_details_m", acct_no=BUSY)["refund_details"][-1]
    assert found["ref_payment_transaction_id"] == row["transaction_id"]


def test_a_preview_of_a_refund_moves_nothing(core: Call) -> None:
    before, row = balance(core, BUSY), history(core, BUSY, transaction_type=3)[0]
    refund = {"acct_no": BUSY, "payment_transaction_id": row["transaction_id"], "reason_code": 1}
    found = core("issue_refund_to_acct_m", **refund, total_refund_amount=1, do_write="false")
    assert (found["error_code"], found["applied_total_refund_amount"]) == (0, 1)
    assert balance(core, BUSY) == before


def test_a_dispute_moves_no_money_and_a_write_off_does(core: Call) -> None:
    rows = core("get_invoice_history_m", acct_no=OPEN)["invoice_hist"]
    number = [row for row in rows if row["paid_date"] is None][-1]["invoice_no"]
    wish = {"acct_no": OPEN, "invoice_no": number, "reason_code": 4, "comments": "?"}
    before = balance(core, OPEN)
    core("create_writeoff_or_dispute_m", **wish, do_dispute=1)
    assert balance(core, OPEN) == before
    done = core("create_writeoff_or_dispute_m", **wish)["writeoff_transactions"][0]
    assert balance(core, OPEN) == before - done["amount"]
    assert core("create_writeoff_or_dispute_m", **wish)["error_code"] == 1014


def test_an_order_is_billed_once(core: Call) -> None:
    master = core("get_acct_plans_m", acct_no=BUSY)["acct_plans_m"][0]["plan_instance_no"]
    lines = [{"client_sku": "PHONE-COM-01", "units": 2}]
    wish = {"acct_no": BUSY, "plan_instance_no": master, "client_order_id": "O-NEW"}
    made = core("create_order_m", **wish, order_line_items=lines, bill_immediately=0)
    assert made["invoice_no"] is None
    again = core("create_order_m", **wish, order_line_items=lines)
    assert again["error_code"] == 3118
    billed = core("update_order_m", order_no=made["order_no"], bill_immediately=1)
    assert billed["invoice_no"] is not None
    cancelled = core("cancel_order_m", acct_no=BUSY, order_no=made["order_no"])
    assert cancelled["error_code"] == 1014


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([], 1008),
        ([{"client_sku": "NO", "units": 1}], 3109),
        ([{"client_sku": "PHONE-COM-01", "units": 0}], 3010),
    ],
)
def test_wrong_order_lines_are_refused(core: Call, lines: list[Row], code: int) -> None:
    master = core("get_acct_plans_m", acct_no=BUSY)["acct_plans_m"][0]["plan_instance_no"]
    wish = {"acct_no": BUSY, "plan_instance_no": master, "order_line_items": lines}
    assert core("create_order_m", **wish)["error_code"] == code


def test_a_pending_invoice_blocks_until_it_is_approved(core: Call) -> None:
    number = core("get_pending_invoice_no_m", acct_no=PENDING)["pending_invoice"][0]["invoice_no"]
    before = balance(core, PENDING)
    assert core("gen_invoice_m", acct_no=PENDING)["error_code"] == 3011
    assert core("manage_pending_invoice_m", invoice_no=number)["new_invoice_no"] == number
    assert balance(core, PENDING) > before
    assert core("manage_pending_invoice_m", invoice_no=number)["error_code"] == 5022


def test_usage_sums_by_type_are_those_of_the_records(core: Call) -> None:
    records = core("get_usage_history_m", acct_no=BUSY)["usage_history_recs"]
    sums = core("get_usage_summary_by_type_m", acct_no=BUSY)["usage_summary_recs"]
    assert sum(row["total_units"] for row in sums) == sum(row["units"] for row in records)


def test_bad_usage_records_are_told_one_by_one(core: Call) -> None:
    good = {"acct_no": BUSY, "usage_type_code": "VOICE_NAT", "usage_units": 4}
    rows = [
        {**good, "client_record_id": "u-1"},
        {**good, "acct_no": 1, "client_record_id": "u-2"},
        {**good, "client_record_id": "u-1"},
    ]
    found = core("bulk_record_usage_m", usage_recs=rows)
    assert found["error_code"] == 0
    codes = [row["record_error_code"] for row in found["error_records"]]
    assert codes == [1009, 1015]


def test_a_statement_is_a_page(core: Call) -> None:
    row = core("get_acct_statement_history_m", acct_no=BUSY)["statements_history"][-1]
    found = core("get_statement_content_m", acct_no=BUSY, statement_no=row["statement_no"])
    assert found["mime_type"] == "text/html"
    assert str(row["invoice_no"]) in found["statement_content"]


def test_a_declined_card_is_a_nested_error(core: Call, sandbox: Sandbox) -> None:
    sandbox.systems["aria"].edit("setting", "declines", {"value": True})
    plan = [{"client_plan_id": "VOICE-CLOUD-PBX-STARTER"}]
    card = [{"payment_method_idx": 1, "cc_num": "4111111111111111", "pay_method_type": 1}]
    wish = {"client_acct_id": "C-1", "acct_currency": "usd", "payment_method": card}
    groups = [{"payment_option": "Methods"}, {"payment_option": "Terms"}]
    found = core(
        "create_acct_complete_m",
        acct=[{**wish, "billing_group": groups, "master_plans_detail": plan}],
    )
    assert found["error_code"] == 0
    errors = found["out_acct"][0]["billing_errors"]
    assert [row["collection_error_code"] for row in errors] == [4011, -1]
    taken = core("collect_from_account_m", client_acct_id="C-1")
    assert (taken["error_code"], taken["transaction_id"]) == (0, None)
    assert taken["collection_errors"][0]["collection_error_code"] == 4011
