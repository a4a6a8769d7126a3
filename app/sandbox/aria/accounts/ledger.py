"""Money of an account: transactions, their signs, what is applied to what, voids."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.sandbox.aria.accounts.account import Account
from app.sandbox.aria.accounts.dates import stamp
from app.sandbox.aria.accounts.rates import ZERO
from app.sandbox.aria.errors import AriaError, Code, not_found
from app.sandbox.aria.tables import Row, Tables

INVOICE, CHECK, ELECTRONIC, WRITE_OFF, CASH_CREDIT = 1, 2, 3, 6, 10
TRANSFER_TO, TRANSFER_FROM = 4, 5
REFUND_REQUEST, ELECTRONIC_REFUND, CHECK_REFUND = 8, 12, 13
REINSTATED_CHARGE, REINSTATED_PAYMENT = 16, 17
CREDIT_LINE, CREDIT_MEMO_LINE = 22, 24
PAYMENTS = frozenset({CHECK, ELECTRONIC, REINSTATED_PAYMENT, 19})
REFUNDS = frozenset({REFUND_REQUEST, ELECTRONIC_REFUND, CHECK_REFUND, 20})

TYPES = {
    1: "Invoice",
    2: "Check Payment",
    3: "Electronic Payment",
    4: "Balance Transfer To",
    5: "Balance Transfer From",
    6: "Write-Off",
    7: "Out-of-Band Electronic Credit",
    8: "Refund Request",
    9: "Balance Forward",
    10: "Cash Credit",
    11: "Credit from Overpayment",
    12: "Electronic Refund Disbursement",
    13: "Check Refund Disbursement",
    14: "External Charge",
    15: "Dunning Charge",
    16: "Reinstated Charge",
    17: "Reinstated Payment",
    18: "Negative Balance Forward",
    19: "Third-Party Payment",
    20: "Third-Party Refund",
    21: "Invoice Charge Line",
    22: "Invoice Credit Line",
    24: "Credit Memo Line",
}
# Which types raise the balance; aria.md §2.8 has the column, not its values (inferred).
CHARGES = frozenset({1, 4, 8, 9, 12, 13, 14, 15, 16, 20, 21})


@dataclass(slots=True)
class Books:
    """An account that is being written, with the catalog, the time and the numbers it needs."""

    account: Account
    catalog: Tables
    now: datetime
    number: Callable[[str], int]
    receipt: str = ""


def is_charge(kind: int) -> bool:
    """Tell whether a transaction of a type raises the balance; a void does the opposite."""
    return (abs(kind) in CHARGES) == (kind > 0)


def describe(kind: int) -> str:
    """Return the words for a type of transaction."""
    return TYPES[kind] if kind > 0 else f"Void {TYPES[-kind]}"


def balance(account: Account, instance_no: int | None = None) -> Decimal:
    """Return what an account, or one of its master plan instances, owes."""
    total = ZERO
    for row in account.rows("transaction"):
        if instance_no is None or row["master_plan_instance_no"] == instance_no:
            amount = row["transaction_amount"]
            total += amount if is_charge(row["transaction_type"]) else -amount
    return total


def book(books: Books, kind: int, amount: Decimal, **more: Any) -> Row:
    """Add a transaction; `more` replaces columns such as transaction_source_id.

    Its number is the globally unique event number (aria.md §2.8).
    """
    number, now = books.number("transaction"), stamp(books.now)
    row = {
        "transaction_id": number,
        "transaction_type": kind,
        "transaction_desc": describe(kind),
        "transaction_amount": amount,
        "transaction_applied_amount": ZERO,
        "transaction_currency": books.account.row["acct_currency"],
        "transaction_create_date": now,
        "transaction_void_date": None,
        "transaction_void_reason": "",
        "transaction_comments": "",
        "transaction_source_id": number,
        "transaction_ref_code": "",
        "statement_no": None,
        "seq_statement_id": "",
        "invoice_no": None,
        "master_plan_instance_no": None,
        "client_receipt_id": books.receipt,
        "voiding_event_no": None,
        "update_date": now,
        **more,
    }
    return books.account.add("transaction", row)


def open_amount(row: Row) -> Decimal:
    """Return what of a transaction is not applied yet."""
    if row["transaction_void_date"] is not None or row["transaction_type"] < 0:
        return ZERO
    return Decimal(row["transaction_amount"] - row["transaction_applied_amount"])


def open_charges(account: Account, invoices: list[int] | None = None) -> list[Row]:
    """Return the charges with something left to pay, oldest first."""
    return [
        row
        for row in account.rows("transaction")
        if is_charge(row["transaction_type"])
        and row["transaction_type"] not in REFUNDS
        and open_amount(row) > ZERO
        and (invoices is None or row["invoice_no"] in invoices)
    ]


def apply(books: Books, credit_row: Row, charges: list[Row], most: Decimal | None = None) -> Row:
    """Use a payment or credit, at most so much of it, on charges in their order.

    Returns its row as it is then.
    """
    left = open_amount(credit_row) if most is None else min(most, open_amount(credit_row))
    for one in charges:
        used = min(left, open_amount(one))
        if used <= ZERO:
            continue
        left -= used
        _use(books, one, used)
        credit_row = _use(books, credit_row, used)
        books.account.add(
            "payment_application",
            {
                "application_no": books.number("payment_application"),
                "payment_transaction_id": credit_row["transaction_id"],
                "charge_transaction_id": one["transaction_id"],
                "invoice_no": one["invoice_no"],
                "amount": used,
                "date_applied": stamp(books.now),
            },
        )
    return credit_row


def _use(books: Books, row: Row, amount: Decimal) -> Row:
    account = books.account
    changed = account.change(
        "transaction",
        row,
        transaction_applied_amount=row["transaction_applied_amount"] + amount,
        update_date=stamp(books.now),
    )
    if changed["transaction_type"] == INVOICE:
        _touch_invoice(books, changed)
    return changed


def _touch_invoice(books: Books, row: Row) -> None:
    paid = None if open_amount(row) > ZERO else books.now.date().isoformat()
    invoice = books.account.find("invoice", "invoice_no", row["invoice_no"])
    if invoice is not None:
        books.account.change("invoice", invoice, paid_date=paid, last_updated=stamp(books.now))


def unapply(books: Books, row: Row) -> None:
    """Take back everything that was applied from or to a transaction."""
    account, number = books.account, row["transaction_id"]
    for one in list(account.rows("payment_application")):
        ends = (one["payment_transaction_id"], one["charge_transaction_id"])
        if number not in ends:
            continue
        account.remove("payment_application", one)
        for end in ends:
            held = account.find("transaction", "transaction_id", end)
            if held is not None:
                _use(books, held, -one["amount"])


def void(books: Books, transaction_id: int, reason: str, comments: str = "") -> Row:
    """Void a transaction: a second one of the negative type, the first gets the date.

    Raises:
        AriaError: 2001 for an unknown transaction, 1014 for one that is void or a void.
    """
    account = books.account
    row = account.find("transaction", "transaction_id", transaction_id)
    if row is None:
        raise AriaError(Code.NO_TRANSACTION, "transaction not found")
    if row["transaction_type"] < 0 or row["transaction_void_date"] is not None:
        raise AriaError(Code.NOT_ALLOWED, "action not allowed: the transaction is already void")
    unapply(books, row)
    opposite = book(
        books,
        -row["transaction_type"],
        row["transaction_amount"],
        transaction_source_id=row["transaction_source_id"],
        invoice_no=row["invoice_no"],
        master_plan_instance_no=row["master_plan_instance_no"],
        transaction_comments=comments,
    )
    now = stamp(books.now)
    account.change(
        "transaction",
        row,
        transaction_void_date=now,
        transaction_void_reason=reason,
        voiding_event_no=opposite["transaction_id"],
        update_date=now,
    )
    _void_source(books, row, opposite)
    return opposite


def _void_source(books: Books, row: Row, opposite: Row) -> None:
    """Mark what a transaction stands for: its invoice, credit, write-off."""
    account, number = books.account, opposite["transaction_id"]
    marks: dict[int, tuple[str, str, dict[str, Any]]] = {
        INVOICE: (
            "invoice",
            "invoice_no",
            {"is_voided_ind": 1, "voiding_event_no": number, "last_updated": stamp(books.now)},
        ),
        CASH_CREDIT: ("credit", "credit_no", {"void_transaction_id": number}),
        WRITE_OFF: ("writeoff", "rec_no", {"voiding_event_no": number}),
        CREDIT_MEMO_LINE: ("credit_memo", "cm_no", {"is_voided": 1}),
    }
    if row["transaction_type"] not in marks:
        return
    kind, column, values = marks[row["transaction_type"]]
    held = account.find(kind, column, row["transaction_source_id"])
    if held is not None:
        account.change(kind, held, **values)


def invoice_transaction(account: Account, invoice_no: int) -> Row:
    """Return the transaction that booked an invoice.

    Raises:
        AriaError: 1013 when the account has no such invoice.
    """
    for row in account.where("transaction", "invoice_no", invoice_no):
        if row["transaction_type"] == INVOICE:
            return row
    raise not_found("invoice_no")
