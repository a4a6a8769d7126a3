"""What people do with an account's money: pay, credit, refund, write off, dispute, order."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from app.sandbox.aria.accounts import ledger
from app.sandbox.aria.accounts.dates import stamp
from app.sandbox.aria.accounts.invoicing import (
    ORDER,
    Period,
    coupon_line,
    issue,
    plain_line,
    tax_lines,
)
from app.sandbox.aria.accounts.ledger import Books
from app.sandbox.aria.accounts.rates import ZERO, money
from app.sandbox.aria.errors import AriaError, Code, invalid, not_found
from app.sandbox.aria.tables import Row

REASONS = {
    1: "Goodwill",
    2: "Service outage",
    3: "Billing error",
    4: "Uncollectable",
    5: "Promotion",
    6: "Dissatisfied",
    7: "Other",
}
DISPUTE_DAYS = 30
QUALIFIERS = ("qualifier_1", "qualifier_2", "qualifier_3", "qualifier_4")  # of usage
_PENDING, _BILLED, _CANCELLED = "Pending", "Billed", "Cancelled"


def reason(code: int) -> str:
    """Return the words for a reason code."""
    return REASONS.get(code, f"Reason {code}")


def pay(
    books: Books, kind: int, amount: Decimal, charges: list[Row] | None = None, **about: Any
) -> Row:
    """Book a payment and use it on charges, oldest first unless told; return its transaction.

    `about` replaces columns of the payment: method, reference, source, date received.
    """
    targets = ledger.open_charges(books.account) if charges is None else charges
    instances = {row["master_plan_instance_no"] for row in targets}
    row = ledger.book(
        books,
        kind,
        amount,
        transaction_ref_code=about.get("reference", ""),
        transaction_comments=about.get("comments", ""),
        master_plan_instance_no=instances.pop() if len(instances) == 1 else None,
    )
    stored = about.get("payment_method_no")
    method = books.account.find("payment_method", "payment_method_no", stored)
    books.account.add(
        "payment",
        {
            "transaction_id": row["transaction_id"],
            "payment_trans_type": kind,
            "payment_source": method["pay_method_name"] if method else ledger.describe(kind),
            "payment_method_no": stored,
            "pay_method_type": method["pay_method_type"] if method else -1,
            "cc_suffix": method["suffix"] if method else "",
            "client_payment_method_id": method["client_payment_method_id"] if method else "",
            "payment_timestamp": stamp(books.now),
            "payment_received_date": about.get("received") or books.now.date().isoformat(),
            "reference": about.get("reference", ""),
            "proc_payment_id": f"proc-{row['transaction_id']}" if method else "",
        },
    )
    return ledger.apply(books, row, targets)


def cash_credit(books: Books, amount: Decimal, code: int, comments: str) -> Row:
    """Grant a cash credit: it lowers the balance at once; return the credit."""
    number = books.number("credit")
    row = ledger.book(
        books,
        ledger.CASH_CREDIT,
        amount,
        transaction_source_id=number,
        transaction_comments=comments,
    )
    return _credit(books, number, amount, code, kind="cash", transaction_id=row["transaction_id"])


def service_credit(
    books: Books, amount: Decimal, code: int, master_no: int | None, comments: str
) -> Row:
    """Grant a service credit: it lowers the next invoice; return the credit."""
    number = books.number("credit")
    more = {"master_plan_instance_no": master_no, "comments": comments}
    return _credit(books, number, amount, code, kind="service", **more)


def _credit(
    books: Books, number: int, amount: Decimal, code: int, *, kind: str, **more: Any
) -> Row:
    return books.account.add(
        "credit",
        {
            "credit_no": number,
            "master_plan_instance_no": None,
            "created_by": "api",
            "created_date": books.now.date().isoformat(),
            "amount": amount,
            "credit_type": kind,
            "applied_amount": ZERO,
            "reason_code": code,
            "reason_text": reason(code),
            "comments": "",
            "transaction_id": None,
            "void_transaction_id": None,
            **more,
        },
    )


def refund(books: Books, payment_id: int, amount: Decimal, code: int, **about: Any) -> Row:
    """Pay money back; the lines named in `reversals` are credited. Returns the refund.

    Raises:
        AriaError: 2001 for no payment, 1016 for more than is left of it.
    """
    account = books.account
    payment = account.find("payment", "transaction_id", payment_id)
    paid = account.find("transaction", "transaction_id", payment_id)
    if payment is None or paid is None or paid["transaction_void_date"] is not None:
        raise AriaError(Code.NO_TRANSACTION, "transaction not found")
    earlier = account.where("refund", "ref_payment_transaction_id", payment_id)
    back = sum((row["refund_amount"] for row in earlier if not row["is_voided_ind"]), ZERO)
    if amount <= ZERO or amount > paid["transaction_amount"] - back:
        raise invalid("total_refund_amount", "is more than what is left of the payment")
    check = about.get("check_number", "")
    kind = ledger.CHECK_REFUND if check else ledger.ELECTRONIC_REFUND
    comments = about.get("comments", "")
    row = ledger.book(books, kind, amount, transaction_comments=comments)
    reversals = [_reverse(books, one) for one in about.get("reversals", ())]
    return account.add(
        "refund",
        {
            "transaction_id": row["transaction_id"],
            "transaction_type": kind,
            "refund_amount": amount,
            "create_date": books.now.date().isoformat(),
            "reason_code": code,
            "ref_payment_transaction_id": payment_id,
            "ref_payment_transaction_type": paid["transaction_type"],
            "ref_payment_amount": paid["transaction_amount"],
            "pay_method_type": payment["pay_method_type"],
            "payment_src_suffix": payment["cc_suffix"],
            "refund_check_num": check,
            "is_voided_ind": 0,
            "reversals": reversals,
        },
    )


def _reverse(books: Books, wish: Row) -> Row:
    line = find_line(books, wish["invoice_no"], wish["invoice_line_no"])
    amount = Decimal(wish.get("invoice_line_reversing_amount") or line["amount"])
    if not ZERO < amount <= line["amount"]:
        raise invalid("invoice_line_reversing_amount", "is more than the line")
    row = ledger.book(
        books,
        ledger.CREDIT_LINE,
        amount,
        invoice_no=wish["invoice_no"],
        master_plan_instance_no=line["master_plan_instance_no"],
    )
    return {
        "invoice_no": wish["invoice_no"],
        "invoice_line_no": wish["invoice_line_no"],
        "total_line_debit": line["amount"],
        "reversed_line_amount": amount,
        "reversed_line_start_date": line["date_range_start"],
        "reversed_line_end_date": line["date_range_end"],
        "transaction_id": row["transaction_id"],
        "reversal_date": books.now.date().isoformat(),
        "service_no": line["service_no"],
        "client_service_id": line["client_service_id"],
    }


def find_line(books: Books, invoice_no: int, line_no: int) -> Row:
    """Return a line of an invoice.

    Raises:
        AriaError: 1013 when there is none.
    """
    for row in books.account.where("invoice_line", "invoice_no", invoice_no):
        if row["line_no"] == line_no:
            return row
    raise not_found("invoice_line_no")


def write_off(books: Books, invoice_no: int, code: int, comments: str, *, dispute: bool) -> Row:
    """Write off what is open of an invoice, or hold it in dispute; return the record.

    A dispute moves no money (inferred).

    Raises:
        AriaError: 1013 for no invoice, 1014 when nothing of it is open.
    """
    account = books.account
    invoice = account.find("invoice", "invoice_no", invoice_no)
    charge = ledger.invoice_transaction(account, invoice_no)
    amount = ledger.open_amount(charge)
    if invoice is None or amount <= ZERO:
        raise AriaError(Code.NOT_ALLOWED, "action not allowed: nothing of the invoice is open")
    number, today = books.number("writeoff"), books.now.date()
    transaction_id = None
    if not dispute:
        row = ledger.book(
            books,
            ledger.WRITE_OFF,
            amount,
            transaction_source_id=number,
            invoice_no=invoice_no,
            master_plan_instance_no=charge["master_plan_instance_no"],
            transaction_comments=comments,
        )
        transaction_id = row["transaction_id"]
        ledger.apply(books, row, [charge])
    return account.add(
        "writeoff",
        {
            "rec_no": number,
            "created_by": "api",
            "created_date": today.isoformat(),
            "amount": amount,
            "invoice_no": invoice_no,
            "invoice_date": invoice["bill_date"],
            "invoice_amt": invoice["amount"],
            "master_plan_instance_no": charge["master_plan_instance_no"],
            "reason_code": code,
            "comments": comments,
            "dispute_ind": int(dispute),
            "dispute_creation_date": today.isoformat() if dispute else None,
            "dispute_exp_date": (today + timedelta(days=DISPUTE_DAYS)).isoformat()
            if dispute
            else None,
            "transaction_id": transaction_id,
            "charge_transaction_id": charge["transaction_id"],
            "voiding_event_no": None,
        },
    )


def credit_memo(books: Books, wishes: Iterable[Row], comments: str, **about: Any) -> Row:
    """Book a credit memo, one transaction a line, used on its invoice; return the memo."""
    number, lines = books.number("credit_memo"), []
    invoice_no = about.get("invoice_no")
    for place, wish in enumerate(wishes, 1):
        amount = wish["cm_line_amount"]
        if amount <= ZERO:
            raise invalid("cm_line_amount", "must be above zero")
        master = wish.get("master_plan_instance_no")
        row = ledger.book(
            books,
            ledger.CREDIT_MEMO_LINE,
            amount,
            transaction_source_id=number,
            invoice_no=invoice_no,
            master_plan_instance_no=master,
            transaction_comments=comments,
        )
        charges = ledger.open_charges(books.account, None if invoice_no is None else [invoice_no])
        ledger.apply(books, row, charges)
        lines.append(
            {
                "cm_line_no": place,
                "cm_transaction_id": row["transaction_id"],
                "cm_line_amount": amount,
                "service_no": wish.get("service_no"),
                "master_plan_instance_no": master,
            }
        )
    return books.account.add(
        "credit_memo",
        {
            "cm_no": number,
            "created_by": "api",
            "created_date": books.now.date().isoformat(),
            "cm_total": sum((line["cm_line_amount"] for line in lines), ZERO),
            "invoice_no": invoice_no,
            "is_voided": 0,
            "reason_code": about.get("reason_code"),
            "comments": comments,
            "customer_note": about.get("customer_note", ""),
            "credit_ref_type": about.get("ref_type"),
            "lines": lines,
        },
    )


def new_order(books: Books, master: Row, client_id: str, wishes: list[Row], **about: Any) -> Row:
    """Add an order of items; each wish holds item, units, amount and comments. Not billed yet."""
    number, today = books.number("order"), books.now.date().isoformat()
    for place, wish in enumerate(wishes, 1):
        item = wish["item"]
        books.account.add(
            "order_item",
            {
                "order_no": number,
                "line_no": place,
                "item_no": item["item_no"],
                "client_sku": item["client_sku"],
                "label": item["item_label"],
                "long_desc": item["item_desc"],
                "units": wish["units"],
                "unit_amount": wish["amount"],
                "line_amount": money(wish["units"] * wish["amount"]),
                "line_comments": wish.get("comments", ""),
                "taxable": bool(item["taxable_ind"]),
            },
        )
    lines = books.account.where("order_item", "order_no", number)
    return books.account.add(
        "order",
        {
            "order_no": number,
            "client_order_id": client_id,
            "amount": sum((row["line_amount"] for row in lines), ZERO),
            "currency_cd": books.account.row["acct_currency"],
            "status_label": _PENDING,
            "plan_instance_no": master["plan_instance_no"],
            "client_plan_instance_id": master["client_plan_instance_id"],
            "invoice_no": None,
            "transaction_id": None,
            "create_date": today,
            "update_date": today,
            "comments": about.get("comments", ""),
            "statement_message": about.get("statement_message", ""),
            "po_num": about.get("po_num", ""),
            "fulfilled_date": about.get("fulfilled_date"),
            "coupon_cd": about.get("coupon_cd", ""),
            "last_updated": stamp(books.now),
        },
    )


def bill_order(books: Books, order: Row) -> Row:
    """Invoice an order; return its row as it is then.

    Raises:
        AriaError: 1014 for an order that is billed or cancelled.
    """
    account = books.account
    if order["status_label"] != _PENDING:
        raise AriaError(
            Code.NOT_ALLOWED, f"action not allowed: the order is {order['status_label']}"
        )
    master = account.find("plan_instance", "plan_instance_no", order["plan_instance_no"])
    lines = [
        plain_line(
            ORDER,
            row["line_amount"],
            row["label"],
            units=row["units"],
            rate_per_unit=row["unit_amount"],
            order_no=order["order_no"],
            item_no=row["item_no"],
            client_sku=row["client_sku"],
            taxable=row["taxable"],
            master_plan_instance_no=order["plan_instance_no"],
        )
        for row in account.where("order_item", "order_no", order["order_no"])
    ]
    day = books.now.date()
    if order["coupon_cd"]:
        lines += coupon_line(books, order, lines)
    lines += tax_lines(books, lines)
    invoice = issue(books, lines, master=master, period=Period(day, day), type_cd="O")
    charge = ledger.invoice_transaction(account, invoice["invoice_no"])
    return account.change(
        "order",
        order,
        status_label=_BILLED,
        invoice_no=invoice["invoice_no"],
        transaction_id=charge["transaction_id"],
        update_date=day.isoformat(),
        last_updated=stamp(books.now),
    )


def cancel_order(books: Books, order: Row) -> Row:
    """Cancel an order that is not billed.

    Raises:
        AriaError: 1014 for one that is billed or cancelled.
    """
    if order["status_label"] != _PENDING:
        raise AriaError(
            Code.NOT_ALLOWED, f"action not allowed: the order is {order['status_label']}"
        )
    return books.account.change(
        "order",
        order,
        status_label=_CANCELLED,
        update_date=books.now.date().isoformat(),
        last_updated=stamp(books.now),
    )


def record_usage(books: Books, instance: Row, usage_type: Row, units: Decimal, **about: Any) -> Row:
    """Load a usage record on a plan instance and return it."""
    number = books.number("usage")
    return books.account.add(
        "usage",
        {
            "usage_rec_no": number,
            "client_record_id": about.get("client_record_id", ""),
            "plan_instance_no": instance["plan_instance_no"],
            "master_plan_instance_no": instance["master_plan_instance_no"],
            "usage_type_no": usage_type["usage_type_no"],
            "usage_type_code": usage_type["usage_type_code"],
            "usage_date": about.get("usage_date") or stamp(books.now),
            "units": units,
            "amount": about.get("amount"),
            "invoice_no": None,
            "is_excluded": "true" if about.get("excluded") else "false",
            "rate": about.get("rate"),
            **{name: about.get(name, "") for name in QUALIFIERS},
            "comments": about.get("comments", ""),
        },
    )
