"""From Aria's answers to rows: signs, states, keys."""

from decimal import Decimal
from typing import Any

import pytest

from app.connectors.aria.transactions import (
    CHARGES,
    CREDITS,
    comment_rows,
    credit_rows,
    family_row,
    invoice_row,
    line_rows,
    memo_rows,
    payment_row,
    raises_balance,
    refund_row,
    statement_rows,
    transaction_row,
    usage_rows,
    write_off_rows,
)
from app.connectors.aria.values import rows
from app.sandbox.aria.accounts.ledger import TYPES, is_charge

WHO = {"acct_no": 55, "acct_currency": "eur"}


def booked(kind: int, amount: str = "10.00", **more: Any) -> dict[str, Any]:
    found = {"transaction_type_no": kind, "amount": Decimal(amount), **more}
    return dict(transaction_row(found))


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_each_type_moves_the_balance_once_and_its_void_moves_it_back(kind: int) -> None:
    signed = booked(kind)["=signed"]
    assert signed == (10 if is_charge(kind) else -10)
    assert booked(-kind)["=signed"] == -signed


def test_every_type_of_aria_is_known() -> None:
    assert set(TYPES) == CHARGES | CREDITS
    assert not CHARGES & CREDITS


@pytest.mark.parametrize(("told", "signed"), [(1, 10), ("0", -10)])
def test_what_aria_says_of_a_type_counts_more_than_our_list(told: object, signed: int) -> None:
    assert booked(1, is_charge_type=told)["=signed"] == signed
    assert booked(77, is_charge_type=told)["=signed"] == signed


def test_a_void_turns_the_sign_whatever_is_told_of_it() -> None:
    assert booked(-1, is_charge_type=1)["=signed"] == -10
    assert booked("-2", is_charge_type=0)["=signed"] == 10  # type: ignore[arg-type]


def test_an_unknown_type_of_which_nothing_is_told_has_no_sign() -> None:
    row = booked(77)
    assert (row["=signed"], row["=charge"], row["=credit"]) == (None, None, None)
    assert raises_balance({}) is None


@pytest.mark.parametrize(
    ("kind", "amount", "charge", "credit"),
    [
        (1, "10", 10, None),
        (3, "10", None, 10),
        (1, "-4", None, 4),
        (10, "-4", 4, None),
        (1, "0", 0, None),
        (10, "0", None, 0),
    ],
)
def test_an_amount_stands_in_the_column_of_its_effect(
    kind: int, amount: str, charge: int | None, credit: int | None
) -> None:
    row = booked(kind, amount)
    assert (row["=charge"], row["=credit"]) == (charge, credit)


def test_what_is_void_or_a_void_has_nothing_left_to_apply() -> None:
    assert booked(3, total_amount_applied="2.50")["=unapplied"] == Decimal("7.50")
    assert booked(3)["=unapplied"] == 10
    assert booked(3, void_date="2026-01-31 10:00:00")["=unapplied"] == 0
    assert booked(-3)["=unapplied"] == 0
    assert transaction_row({"transaction_type_no": 3})["=unapplied"] is None


@pytest.mark.parametrize(("kind", "invoice"), [(1, 9), (-1, 9), (3, None), (22, None)])
def test_only_what_books_or_voids_an_invoice_names_it(kind: int, invoice: int | None) -> None:
    assert booked(kind, type_specific_id=9)["=invoice"] == invoice


@pytest.mark.parametrize("nothing", [0, "0", "", None])
def test_a_number_that_names_nothing_is_nothing(nothing: object) -> None:
    row = booked(3, acct_no=55, master_plan_instance_no=nothing, aria_statement_no=nothing)
    assert (row["=plan_instance"], row["aria_statement_no"]) == ("", None)


def test_a_plan_instance_is_called_as_the_account_calls_it() -> None:
    assert booked(3, acct_no="55", master_plan_instance_no="7")["=plan_instance"] == "55|7"


def test_core_and_object_query_name_a_transaction_alike() -> None:
    row = family_row(
        {"transaction_id": 7, "transaction_type": -3, "transaction_amt": "5.00", "acct_no": 55}
    )
    assert transaction_row(row)["=signed"] == 5
    assert (row["aria_event_no"], row["acct_no"]) == (7, 55)


def test_states_come_from_what_happened() -> None:
    assert invoice_row({})["=status"] == "Open"
    assert invoice_row({"paid_date": "2026-01-31"})["=status"] == "Paid"
    assert invoice_row({"paid_date": "2026-01-31", "voiding_event_no": "7"})["=status"] == "Void"
    assert payment_row({"collection_status_text": "Declined"})["=status"] == "Declined"
    assert payment_row({"voiding_event_no": 7})["=status"] == "Void"
    assert refund_row({"refund_is_voided_ind": "1"})["=status"] == "Void"
    assert refund_row({"refund_is_voided_ind": 0})["=status"] == "Issued"


def test_a_line_is_named_by_its_comment_or_by_what_it_is_of() -> None:
    lines = [
        {"line_item_no": 1, "comments": "Fee", "plan_name": "Pro"},
        {"line_item_no": 2, "plan_name": "Pro", "service_name": "Seats"},
        {"line_item_no": "3", "client_sku": "BOX"},
    ]
    found = list(line_rows({"invoice_no": "8", "currency_cd": "usd", "invoice_line_m": lines}))
    assert [row["=text"] for row in found] == ["Fee", "Pro: Seats", "BOX"]
    assert [row["=key"] for row in found] == ["8|1", "8|2", "8|3"]
    assert {row["=currency"] for row in found} == {"usd"}


def test_a_credit_has_the_currency_of_its_account() -> None:
    (row,) = credit_rows(WHO, [{"credit_no": 4, "credit_type": "Cash", "unapplied_amount": "0"}])
    assert (row["=key"], row["=currency"], row["=kind"]) == ("55|4", "eur", "cash")
    assert row["=status"] == "Applied"


@pytest.mark.parametrize(
    ("row", "status"),
    [({"unapplied_amount": "1.00"}, "Open"), ({"void_transaction_id": 9}, "Void")],
)
def test_a_credit_tells_whether_something_of_it_is_left(row: dict[str, Any], status: str) -> None:
    assert next(credit_rows(WHO, [row]))["=status"] == status


def test_a_credit_memo_is_a_credit_with_a_key_of_its_own() -> None:
    memo = {"cm_no": 4, "cm_total": "2.00", "is_voided": "false", "cm_reason_code_2": 3}
    (row,) = memo_rows(WHO, rows({"cm_details_all": [memo]}, "cm_details_all"))
    assert (row["=key"], row["=kind"], row["=status"]) == ("55|memo 4", "memo", "Issued")
    assert (row["=amount"], row["=reason_code"]) == ("2.00", 3)
    assert next(memo_rows(WHO, [{"cm_no": None}]))["=key"] == ""


def test_a_dispute_is_told_from_a_write_off() -> None:
    found = write_off_rows(WHO, [{"rec_no": 1, "dispute_ind": "1"}, {"rec_no": 2}])
    assert [row["=kind"] for row in found] == ["Dispute", "Write-off"]


def test_a_statement_is_called_by_its_own_sequence() -> None:
    found = statement_rows(
        WHO, [{"statement_no": 3, "seq_statement_id": "S-3"}, {"statement_no": 4}]
    )
    assert [(row["=name"], row["=status"]) for row in found] == [("S-3", "Open"), ("4", "Open")]


def test_a_comment_said_twice_in_a_second_is_two_comments() -> None:
    said = {
        "comment_author": "api",
        "comment_date_time": "2026-01-31 09:00:00",
        "comment": "Hi\nyou",
    }
    found = list(comment_rows(WHO, [said, {**said, "comment": "Bye"}, said]))
    keys = [row["=key"] for row in found]
    assert keys[2] == f"{keys[0]}|2"
    assert len(set(keys)) == 3
    assert found[0]["=name"] == "Hi you"
    assert [row["=key"] for row in comment_rows(WHO, [said])] == keys[:1]


def test_billed_and_unbilled_usage_are_apart() -> None:
    row = {"out_plan_instance_no": None, "usage_type_no": 410, "usage_type_cd": "CALLS"}
    found = list(usage_rows(WHO, [{**row, "billed_ind": "1"}, {**row, "billed_ind": 0}]))
    assert [row["=key"] for row in found] == ["55|0|410|billed", "55|0|410|unbilled"]
    assert [row["=name"] for row in found] == ["CALLS", "CALLS"]
