"""What becomes of collecting an invoice: the nested errors of compound calls (aria.md §1.6)."""

from app.sandbox.aria.accounts import ledger
from app.sandbox.aria.accounts.ledger import Books
from app.sandbox.aria.accounts.money_acts import pay
from app.sandbox.aria.accounts.rates import ZERO
from app.sandbox.aria.errors import Code
from app.sandbox.aria.tables import Row

DECLINES = "declines"  # the setting that makes every card be declined
_NOT_ATTEMPTED = -1


def is_declined(own: Books) -> bool:
    """Tell whether the sandbox was set to decline every collection."""
    setting = own.catalog.get("setting", DECLINES)
    return bool(setting and setting["value"])


def collection(own: Books, invoice: Row | None) -> Row:
    """Return the collection error pair for an invoice.

    Nothing is attempted without an invoice, or for a billing group on payment terms.
    """
    group_no = invoice["billing_group_no"] if invoice else None
    group = own.account.find("billing_group", "billing_group_no", group_no) or {}
    if group.get("payment_option") == "Methods" and is_declined(own):
        code, text = int(Code.DECLINED), "authorisation failed"
    else:
        code, text = _NOT_ATTEMPTED, "Collection not attempted"
    return {"collection_error_code": code, "collection_error_msg": text}


def collect(own: Books, group: Row, invoice_no: int | None = None) -> tuple[Row, Row | None]:
    """Charge the payment method of a billing group for an invoice, or for all that it owes.

    Returns the collection error pair and the transaction. Nothing is attempted on payment terms,
    or where nothing is open.
    """
    not_attempted: Row = {
        "collection_error_code": _NOT_ATTEMPTED,
        "collection_error_msg": "Collection not attempted",
    }
    numbers = [
        row["invoice_no"]
        for row in own.account.where("invoice", "billing_group_no", group["billing_group_no"])
        if invoice_no in (None, row["invoice_no"])
    ]
    charges = ledger.open_charges(own.account, numbers)
    due = sum((ledger.open_amount(row) for row in charges), ZERO)
    if group["payment_option"] != "Methods" or due <= ZERO:
        return not_attempted, None
    if is_declined(own):
        text = "authorisation failed"
        return {"collection_error_code": int(Code.DECLINED), "collection_error_msg": text}, None
    stored = group["primary_payment_method_no"]
    row = pay(own, ledger.ELECTRONIC, due, charges, payment_method_no=stored)
    return {"collection_error_code": 0, "collection_error_msg": "OK"}, row


def billing_error(own: Books, group: Row, invoices: list[Row]) -> Row:
    """Return the row of `billing_errors` for a billing group."""
    number = group["billing_group_no"]
    mine = next((row for row in invoices if row["billing_group_no"] == number), None)
    return {
        "invoicing_error_code": 0,
        "invoicing_error_msg": "OK",
        **collection(own, mine),
        "statement_error_code": 0,
        "statement_error_msg": "OK",
        "billing_group_no": number,
    }
