"""Calls that read invoices, their lines, and statements (aria.md §2.8)."""

from html import escape

from app.sandbox.aria.accounts.account import Account
from app.sandbox.aria.accounts.account_reads import owner_of
from app.sandbox.aria.accounts.invoicing import TAX
from app.sandbox.aria.accounts.ledger import invoice_transaction
from app.sandbox.aria.accounts.lookups import account, names_of, of_master
from app.sandbox.aria.context import Answer, Context
from app.sandbox.aria.errors import not_found
from app.sandbox.aria.inputs import Inputs
from app.sandbox.aria.tables import Row

_ALL_MASTERS = -1
_HTML = "text/html"


def get_invoice_history(context: Context, sent: Inputs) -> Answer:
    """Answer get_invoice_history_m: headers, oldest first; master_plan_instance_id -1 is all."""
    held = account(context, sent)
    wanted = _wanted(held, sent)
    first, last = sent.get("start_bill_date", ""), sent.get("end_bill_date", "9999")
    rows = [
        row
        for row in held.rows("invoice")
        if wanted in (None, row["master_plan_instance_no"])
        and first <= row["bill_date"] <= last
        and (sent.get("include_voided", False) or not row["is_voided_ind"])
        and not row["is_pending_ind"]
    ]
    return {"invoice_hist": [_header(held, row) for row in rows]}


def _wanted(held: Account, sent: Inputs) -> int | None:
    number = sent.get("master_plan_instance_id")
    if number is None or number == _ALL_MASTERS:
        named = {name: sent[name] for name in ("client_master_plan_instance_id",) if name in sent}
        return of_master(held, named)
    return of_master(held, {"master_plan_instance_no": number})


def _header(held: Account, row: Row) -> Row:
    group = held.find("billing_group", "billing_group_no", row["billing_group_no"]) or {}
    return {
        "invoice_no": row["invoice_no"],
        "outacct_no": held.no,
        "outclient_acct_id": held.row["client_acct_id"],
        "billing_group_no": row["billing_group_no"],
        "client_billing_group_id": group.get("client_billing_group_id", ""),
        "master_plan_no": row["plan_no"],
        "master_plan_name": row["plan_name"],
        "currency_cd": row["currency_cd"],
        "bill_date": row["bill_date"],
        "paid_date": row["paid_date"],
        "amount": row["amount"],
        "credit": row["credit"],
        "recurring_bill_from": row["from_date"],
        "recurring_bill_thru": row["to_date"],
        "usage_bill_from": row["usage_bill_from"],
        "usage_bill_thru": row["usage_bill_thru"],
        "is_voided_ind": row["is_voided_ind"],
        "client_master_plan_id": row["client_plan_id"],
        "invoice_type_cd": row["invoice_type_cd"],
        "orig_invoice_no": None,
        "rb_flag": 0,
        "overall_bill_from_date": row["usage_bill_from"] or row["from_date"],
        "overall_bill_thru_date": row["to_date"],
    }


def get_invoice_details(context: Context, sent: Inputs) -> Answer:
    """Answer get_invoice_details_m: lines, and tax both as lines and beside them."""
    held, row = the_invoice(context, sent)
    lines = held.where("invoice_line", "invoice_no", row["invoice_no"])
    group = held.find("billing_group", "billing_group_no", row["billing_group_no"]) or {}
    wanted = sent.get("master_plan_instance_no")
    charge = None if row["is_pending_ind"] else invoice_transaction(held, row["invoice_no"])
    return {
        "invoice_line_details": [
            _line(context, held, line, charge)
            for line in lines
            if wanted in (None, line["master_plan_instance_no"])
        ],
        "tax_details": [_tax(line) for line in lines if line["line_type"] == TAX],
        "custom_status_label": row["custom_status_label"],
        "client_notes": row["client_notes"],
        "invoice_type_cd": row["invoice_type_cd"],
        "from_date": row["from_date"],
        "to_date": row["to_date"],
        "client_billing_group_no": group.get("client_billing_group_id", ""),
        "rb_flag": 0,
        "orig_invoice_no": None,
        "is_pending_ind_2": row["is_pending_ind"],
        "billing_group_no_2": row["billing_group_no"],
        "acct_locale_name": "US_English",
        "acct_locale_no_2": 1,
    }


_LINE = (
    "line_no",
    "service_no",
    "service_name",
    "units",
    "rate_per_unit",
    "amount",
    "description",
    "date_range_start",
    "date_range_end",
    "usage_type_no",
    "plan_no",
    "plan_name",
    "credit_reason_cd",
    "client_sku",
    "order_no",
    "item_no",
    "client_service_id",
    "client_plan_id",
    "proration_factor",
    "line_type",
    "rate_schedule_no",
    "credit_coupon_code",
    "plan_instance_no",
    "master_plan_instance_no",
    "po_num",
)


def _line(context: Context, held: Account, line: Row, charge: Row | None) -> Row:
    schedule = context.tables.get("rate_schedule", line["rate_schedule_no"]) or {}
    return {
        **{name: line[name] for name in _LINE},
        "client_rate_schedule_id": schedule.get("client_rate_schedule_id", ""),
        "client_plan_instance_id": names_of(held, line["plan_instance_no"])[1],
        "client_mp_instance_id": names_of(held, line["master_plan_instance_no"])[1],
        "tax_related_ind": int(line["line_type"] == TAX),
        "invoice_transaction_id": charge["transaction_id"] if charge else None,
        "client_acct_id": held.row["client_acct_id"],
    }


def _tax(line: Row) -> Row:
    return {
        "tax_detail_line": line["line_no"],
        "seq_num": line["line_no"],
        "taxed_seq_num": line["taxed_line"],
        "debit": line["amount"],
        "tax_authority_level": 1,
        "tax_rate": line["tax_rate"],
        "orig_was_tax_inclusive": 0,
        "tax_srv_tax_type_desc": line["description"],
    }


def get_pending_invoice_no(context: Context, sent: Inputs) -> Answer:
    """Answer get_pending_invoice_no_m."""
    held = account(context, sent)
    wanted = of_master(held, sent)
    found = []
    for row in held.where("invoice", "is_pending_ind", 1):
        if wanted not in (None, row["master_plan_instance_no"]):
            continue
        group = held.find("billing_group", "billing_group_no", row["billing_group_no"]) or {}
        found.append(
            {
                "invoice_no": row["invoice_no"],
                "acct_no": held.no,
                "client_master_plan_instance_id": row["client_master_plan_instance_id"],
                "billing_group_no": row["billing_group_no"],
                "client_billing_group_id": group.get("client_billing_group_id", ""),
            }
        )
    return {"pending_invoice": found}


def the_invoice(context: Context, sent: Inputs) -> tuple[Account, Row]:
    """Return an invoice and the account that has it; the account need not be named.

    Raises:
        AriaError: 1013 when the account, or no account, has it.
    """
    number = sent["invoice_no"]
    named = "acct_no" in sent or "client_acct_id" in sent
    held = account(context, sent) if named else owner_of(context, "invoice", number, "invoice_no")
    row = held.find("invoice", "invoice_no", number)
    if row is None:
        raise not_found("invoice_no")
    return held, row


def get_acct_statement_history(context: Context, sent: Inputs) -> Answer:
    """Answer get_acct_statement_history_m, oldest first."""
    held = account(context, sent)
    wanted = of_master(held, sent)
    first, last = sent.get("start_date", ""), sent.get("end_date", "9999")
    rows = [
        _statement(held, row)
        for row in held.rows("statement")
        if wanted in (None, row["master_plan_instance_no"]) and first <= row["create_date"] <= last
    ]
    for row in () if sent.get("include_invoice_activity_eligibility", True) else rows:
        del row["invoice_activity_ind"]
    return {"statements_history": rows}


def _statement(held: Account, row: Row) -> Row:
    invoice = held.find("invoice", "invoice_no", row["invoice_no"]) or {}
    number, name = names_of(held, row["master_plan_instance_no"])
    same = (
        "statement_no",
        "create_date",
        "currency_cd",
        "due_date",
        "new_charges_amount",
        "new_payments_amount",
        "balance_forward_amount",
        "total_amount",
        "seq_statement_id",
        "invoice_no",
    )
    return {
        **{column: row[column] for column in same},
        "due_date_plus_grace_period": row["due_date"],
        "is_paid_ind": int(bool(invoice.get("paid_date"))),
        "invoice_activity_ind": 1,
        "statement_master_plan_instances": [
            {"master_plan_instance_no": number, "client_master_plan_instance_id": name}
        ],
    }


def get_statement_for_invoice(context: Context, sent: Inputs) -> Answer:
    """Answer get_statement_for_invoice_m: the statement as HTML."""
    held, row = the_invoice(context, sent)
    return {"out_statement": _page(held, row), "mime_type": _HTML}


def get_statement_content(context: Context, sent: Inputs) -> Answer:
    """Answer get_statement_content_m: the same by the statement's number."""
    held = account(context, sent)
    statement = held.find("statement", "statement_no", sent["statement_no"])
    if statement is None:
        raise not_found("statement_no")
    row = held.find("invoice", "invoice_no", statement["invoice_no"])
    if row is None:
        raise not_found("invoice_no")
    return {"statement_content": _page(held, row), "mime_type": _HTML}


def _page(held: Account, row: Row) -> str:
    name = held.row["company_name"] or f"{held.row['first_name']} {held.row['last_name']}"
    lines = "".join(
        f"<tr><td>{escape(line['description'])}</td><td>{line['amount']}</td></tr>"
        for line in held.where("invoice_line", "invoice_no", row["invoice_no"])
    )
    head = f"<h1>Invoice {row['invoice_no']}</h1><p>{escape(name)}, {row['bill_date']}</p>"
    total = f"<p>Total {row['amount']} {row['currency_cd'].upper()}</p>"
    return f"<html><body>{head}<table>{lines}</table>{total}</body></html>"
