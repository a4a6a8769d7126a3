"""From Aria's answers about an account's money to flat rows, one kind of row an entity."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import xxhash

from app.connectors.aria.values import Row, is_on, joined, number, rows, text, whole

INVOICE = 1
CHARGES = frozenset({1, 4, 8, 9, 12, 13, 14, 15, 16, 20, 21})
"""Types that raise the balance. Aria's own `is_charge_type` counts where it is told: the column is
documented, its values are not, so these are inferred (aria.md §2.8)."""
CREDITS = frozenset({2, 3, 5, 6, 7, 10, 11, 17, 18, 19, 22, 24})
"""Types that lower it."""
_TITLE = 80
_NAMING = (
    "aria_statement_no", "billing_group_no", "invoice_no", "order_no", "plan_no",
    "ref_payment_event_no", "service_no", "transaction_id", "type_specific_id",
    "void_transaction_id", "voiding_event_no",
)  # fmt: skip
MEMO = "memo"
"""The kind of a credit that is a credit memo; in its key it stands before the number."""


def raises_balance(row: Row) -> bool | None:
    """Return whether a transaction raises what the account owes; None where nothing tells.

    A void is a transaction of its own with the negative number of a type, and does the opposite of
    what it voids. Every transaction counts, once, the lines 21 and 22 too: each is a movement with
    a number of its own (aria.md §2.8). That a line does not stand beside a transaction of its whole
    invoice is our reading (inferred).
    """
    kind = whole(row.get("transaction_type_no"))
    told = whole(row.get("is_charge_type"))
    if kind is not None and kind < 0 and -kind in CHARGES | CREDITS:
        return -kind not in CHARGES
    if told is not None:
        return told == 1
    return kind in CHARGES if kind in CHARGES | CREDITS else None


def transaction_row(row: Row) -> Row:
    """Return a transaction with its sign: a charge is above zero, a credit below."""
    amount, raises = number(row.get("amount")), raises_balance(row)
    signed = None
    if amount is not None and raises is not None:
        signed = amount if raises else -amount
    return {
        **_settled(row),
        "=signed": signed,
        "=charge": signed if _is_debit(row, signed) else None,
        "=credit": None if signed is None or _is_debit(row, signed) else -signed,
        "=unapplied": _unapplied(row, amount),
        "=invoice": _booked_invoice(row),
        "=plan_instance": _instance(row.get("acct_no"), row.get("master_plan_instance_no")),
    }


def _is_debit(row: Row, signed: Decimal | None) -> bool:
    """Return whether an amount stands among the charges; an amount of nothing by its type."""
    return signed is not None and (signed > 0 or (not signed and raises_balance(row) is True))


def _unapplied(row: Row, amount: Decimal | None) -> Decimal | None:
    """Return what is not applied yet; nothing of what is void, or is a void."""
    if amount is None:
        return None
    if text(row.get("void_date")) or (whole(row.get("transaction_type_no")) or 0) < 0:
        return Decimal(0)
    return amount - (number(row.get("total_amount_applied")) or Decimal(0))


def _booked_invoice(row: Row) -> Any:
    """Return the invoice that a transaction books or voids: the source of its type."""
    is_invoice = abs(whole(row.get("transaction_type_no")) or 0) == INVOICE
    return row.get("type_specific_id") if is_invoice else None


def family_row(row: Row) -> Row:
    """Return a transaction of get_family_trans_history_m under Object Query's names (§4.7)."""
    return {
        "aria_event_no": row.get("transaction_id"),
        "transaction_date": row.get("transaction_create_date"),
        "transaction_type": row.get("transaction_desc"),
        "transaction_type_no": row.get("transaction_type"),
        "type_specific_id": row.get("transaction_source_id"),
        "acct_no": row.get("acct_no"),
        "amount": row.get("transaction_amt"),
        "currency_cd": row.get("transaction_currency"),
        "aria_statement_no": row.get("transaction_stmt_no"),
        "total_amount_applied": row.get("transaction_applied_amt"),
        "void_date": row.get("transaction_void_date"),
        "master_plan_instance_no": row.get("master_plan_instance_no"),
    }


def invoice_row(row: Row) -> Row:
    """Return an invoice with its state."""
    state = "Paid" if text(row.get("paid_date")) else "Open"
    return {**_settled(row), "=status": "Void" if whole(row.get("voiding_event_no")) else state}


def line_rows(invoice: Row) -> Iterator[Row]:
    """Yield the lines of an invoice; a line has no number of its own beside the invoice's."""
    for line in rows(invoice, "invoice_line_m"):
        yield {
            **_settled(line),
            "=key": joined(invoice.get("invoice_no"), line.get("line_item_no")),
            "=invoice": invoice.get("invoice_no"),
            "=currency": invoice.get("currency_cd"),
            "=text": _line_text(line),
            "=plan_instance": _instance(
                invoice.get("acct_no"), line.get("master_plan_instance_id")
            ),
        }


def _line_text(line: Row) -> str:
    named = ": ".join(filter(None, (text(line.get("plan_name")), text(line.get("service_name")))))
    return text(line.get("comments")) or named or text(line.get("client_sku"))


def payment_row(row: Row) -> Row:
    """Return a payment with its state: void, else what its collection says."""
    is_void = bool(whole(row.get("voiding_event_no")))
    said = text(row.get("collection_status_text"))
    return {**_settled(row), "=status": "Void" if is_void else said}


def refund_row(row: Row) -> Row:
    """Return a refund with its state."""
    status = "Void" if is_on(row.get("refund_is_voided_ind")) else "Issued"
    return {**_settled(row), "=status": status}


def credit_rows(account: Row, credits_: Iterable[Row]) -> Iterator[Row]:
    """Yield cash and service credits; their currency is the account's (aria.md §2.8)."""
    for row in credits_:
        yield {
            **_settled(row),
            **_of(account, row.get("credit_no")),
            "=name": text(row.get("credit_no")),
            "=number": row.get("credit_no"),
            "=kind": text(row.get("credit_type")).lower(),
            "=amount": row.get("amount"),
            "=reason_code": row.get("reason_code"),
            "=status": _credit_status(row),
            "=plan_instance": _instance(
                account.get("acct_no"), row.get("out_master_plan_instance_no")
            ),
        }


def _credit_status(row: Row) -> str:
    if whole(row.get("void_transaction_id")):
        return "Void"
    return "Open" if number(row.get("unapplied_amount")) else "Applied"


def memo_rows(account: Row, memos: Iterable[Row]) -> Iterator[Row]:
    """Yield credit memos, as credits of a kind of their own."""
    for row in memos:
        yield {
            **_settled(row),
            **_of(account, f"{MEMO} {text(row.get('cm_no'))}" if row.get("cm_no") else None),
            "=name": f"Memo {text(row.get('cm_no'))}",
            "=number": row.get("cm_no"),
            "=kind": MEMO,
            "=amount": row.get("cm_total"),
            "=reason_code": row.get("cm_reason_code"),  # the twin with _2 stands under this name
            "=status": "Void" if is_on(row.get("is_voided")) else "Issued",
        }


def write_off_rows(account: Row, found: Iterable[Row]) -> Iterator[Row]:
    """Yield write-offs and disputes."""
    for row in found:
        kind = "Dispute" if is_on(row.get("dispute_ind")) else "Write-off"
        yield {**_settled(row), **_of(account, row.get("rec_no")), "=kind": kind}


def statement_rows(account: Row, found: Iterable[Row]) -> Iterator[Row]:
    """Yield statements."""
    for row in found:
        name = text(row.get("seq_statement_id")) or text(row.get("statement_no"))
        status = "Paid" if is_on(row.get("is_paid_ind")) else "Open"
        yield {
            **_settled(row),
            **_of(account, row.get("statement_no")),
            "=name": name,
            "=status": status,
        }


def comment_rows(account: Row, found: Iterable[Row]) -> Iterator[Row]:
    """Yield comments; they have no number, so what they say is a part of the key."""
    seen: Counter[str] = Counter()
    for row in found:
        words = text(row.get("comment"))
        said = f"{text(row.get('comment_author'))}\n{words}"
        key = f"{text(row.get('comment_date_time'))}|{xxhash.xxh3_64_hexdigest(said.encode())}"
        seen[key] += 1
        again = f"|{seen[key]}" if seen[key] > 1 else ""
        yield {
            **_settled(row),
            **_of(account, key + again),
            "=name": " ".join(words.split())[:_TITLE],
        }


def usage_rows(account: Row, found: Iterable[Row]) -> Iterator[Row]:
    """Yield usage summed by type and plan instance, what is billed apart from what is not."""
    for row in found:
        status = "Billed" if is_on(row.get("billed_ind")) else "Unbilled"
        instance, kind = text(row.get("out_plan_instance_no")) or "0", row.get("usage_type_no")
        label = text(row.get("usage_type_label")) or text(row.get("usage_type_cd"))
        yield {
            **_settled(row),
            **_of(account, joined(instance, kind, status.lower())),
            "=name": (label or text(kind))[:_TITLE],
            "=status": status,
            "=plan_instance": _instance(account.get("acct_no"), row.get("out_plan_instance_no")),
        }


def _instance(acct_no: Any, number_: Any) -> str:
    """Return the key of an account's plan instance, `""` for none."""
    return joined(acct_no, whole(number_) or None)


def _settled(row: Row) -> Row:
    """Return a row in which a number that names nothing is nothing; Aria may say 0 (§4.5)."""
    nothing = {name: None for name in _NAMING if name in row and not whole(row[name])}
    return {**row, **nothing}


def _of(account: Row, name: Any) -> dict[str, Any]:
    """Return what a row that an account was asked for has of the account, and its key.

    The key begins with the account, since only the account can be asked for the record.
    """
    return {
        "=key": joined(account.get("acct_no"), name),
        "=account": account.get("acct_no"),
        "=currency": account.get("acct_currency"),
    }


ROWS: Mapping[str, Callable[[Row], Row]] = {
    "transaction": transaction_row,
    "invoice": invoice_row,
    "payment": payment_row,
    "refund": refund_row,
}
"""What one row of Object Query gives, by entity."""
