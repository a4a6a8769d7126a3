"""Calls that read payments, credits, credit memos, refunds, write-offs (aria.md §2.8)."""

from app.sandbox.aria.accounts.account import Account
from app.sandbox.aria.accounts.invoice_reads import the_invoice
from app.sandbox.aria.accounts.ledger import PAYMENTS, describe, open_amount
from app.sandbox.aria.accounts.lookups import account, names_of, of_master
from app.sandbox.aria.accounts.money_acts import reason
from app.sandbox.aria.accounts.rates import ZERO
from app.sandbox.aria.context import Answer, Context
from app.sandbox.aria.errors import missing, not_found
from app.sandbox.aria.inputs import Inputs
from app.sandbox.aria.tables import Row

_EVERY = 10**9
_DISPUTES, _WRITE_OFFS = 1, 2


def get_acct_payment_history(context: Context, sent: Inputs) -> Answer:
    """Answer get_acct_payment_history_m: newest first; details_flag 1 adds what was paid."""
    held = account(context, sent)
    wanted = of_master(held, sent)
    first, last = sent.get("start_date", ""), sent.get("end_date", "9999")
    found = []
    for payment in reversed(held.rows("payment")):
        row = held.find("transaction", "transaction_id", payment["transaction_id"])
        if row is None or wanted not in (None, row["master_plan_instance_no"]):
            continue
        if not first <= payment["payment_timestamp"][:10] <= last:
            continue
        found.append(_payment(held, payment, row, details=bool(sent.get("details_flag", 0))))
    unapplied = ZERO
    if sent.get("include_unapplied_payments", 0):
        rows = held.rows("transaction")
        paid = (open_amount(row) for row in rows if row["transaction_type"] in PAYMENTS)
        unapplied = sum(paid, ZERO)
    return {
        "acct_payment_history": found[: sent.get("limit_records", _EVERY)],
        "unapplied_payment_summary": unapplied,
    }


def _payment(held: Account, payment: Row, row: Row, *, details: bool) -> Row:
    found = {
        "transaction_id": row["transaction_id"],
        "payment_source": payment["payment_source"],
        "payment_status": "Voided" if row["voiding_event_no"] else "Approved",
        "payment_date": payment["payment_timestamp"][:10],
        "payment_trans_type": row["transaction_type"],
        "payment_currency": row["transaction_currency"],
        "payment_amount": row["transaction_amount"],
        "payment_amount_left_to_apply": open_amount(row),
        "voiding_event_no": row["voiding_event_no"],
        "voidable_flag": int(row["voiding_event_no"] is None),
        "cc_suffix": payment["cc_suffix"],
        "pay_method_type": payment["pay_method_type"],
        "proc_status_code": "",
        "proc_payment_id": payment["proc_payment_id"],
        "payment_timestamp": payment["payment_timestamp"],
        "payment_method_no": payment["payment_method_no"],
        "client_payment_method_id": payment["client_payment_method_id"],
        "payment_received_date": payment["payment_received_date"],
    }
    if details:
        uses = held.where("payment_application", "payment_transaction_id", row["transaction_id"])
        found["payment_application_details"] = [_application(held, use) for use in uses]
    return found


def _application(held: Account, use: Row) -> Row:
    charge = held.find("transaction", "transaction_id", use["charge_transaction_id"]) or {}
    invoice = held.find("invoice", "invoice_no", use["invoice_no"]) or {}
    return {
        "invoice_no": use["invoice_no"],
        "invoice_date": invoice.get("bill_date"),
        "invoice_from_date": invoice.get("from_date"),
        "invoice_to_date": invoice.get("to_date"),
        "invoice_pay_applied_amount": use["amount"],
        "invoice_charge": invoice.get("amount"),
        "invoice_credit": invoice.get("credit"),
        "invoice_bal_due": open_amount(charge) if charge else None,
        "applied_transactions": [
            {
                "transaction_id": use["charge_transaction_id"],
                "original_amount": charge.get("transaction_amount"),
                "amount_applied": use["amount"],
                "date_applied": use["date_applied"],
            }
        ],
    }


def get_payments_on_invoice(context: Context, sent: Inputs) -> Answer:
    """Answer get_payments_on_invoice_m; is_voided is text here (aria.md §2.8)."""
    held, invoice = the_invoice(context, sent)
    found = []
    for use in held.where("payment_application", "invoice_no", invoice["invoice_no"]):
        row = held.find("transaction", "transaction_id", use["payment_transaction_id"]) or {}
        payment = held.find("payment", "transaction_id", use["payment_transaction_id"]) or {}
        found.append(
            {
                "transaction_id": use["payment_transaction_id"],
                "transaction_type": row["transaction_type"],
                "description": row["transaction_desc"],
                "amount": row["transaction_amount"],
                "applied_amount": use["amount"],
                "currency_code": row["transaction_currency"],
                "transaction_date": row["transaction_create_date"],
                "is_voided": "true" if row["voiding_event_no"] else "false",
                "payment_type": payment.get("payment_source", ""),
                "payment_src_suffix": payment.get("cc_suffix", ""),
                "client_receipt_id": row["client_receipt_id"],
                "payment_method_no": payment.get("payment_method_no"),
                "client_payment_method_id": payment.get("client_payment_method_id", ""),
            }
        )
    return {"invoice_payment_details": found}


def get_acct_credits(context: Context, sent: Inputs) -> Answer:
    """Answer get_acct_credits_m: cash and service credits, oldest first."""
    held = account(context, sent)
    wanted = of_master(held, sent)
    rows = [row for row in held.rows("credit") if wanted in (None, row["master_plan_instance_no"])]
    return {
        "all_credits": [_credit(held, row) for row in rows[: sent.get("limit_records", _EVERY)]]
    }


def _credit(held: Account, row: Row) -> Row:
    number, name = names_of(held, row["master_plan_instance_no"])
    used = row["applied_amount"]
    booked = held.find("transaction", "transaction_id", row["transaction_id"])
    if booked is not None:
        used = booked["transaction_applied_amount"]
    return {
        "out_acct_no": held.no,
        "out_master_plan_instance_no": number,
        "out_client_mp_instance_id": name,
        "credit_no": row["credit_no"],
        "created_by": row["created_by"],
        "created_date": row["created_date"],
        "amount": row["amount"],
        "credit_type": row["credit_type"],
        "applied_amount": used,
        "unapplied_amount": row["amount"] - used,
        "reason_code": row["reason_code"],
        "reason_text": row["reason_text"],
        "transaction_id": row["transaction_id"],
        "void_transaction_id": row["void_transaction_id"],
    }


def get_cm_list(context: Context, sent: Inputs) -> Answer:
    """Answer get_cm_list_m."""
    return {
        "cm_details_all": [
            {
                "cm_no": row["cm_no"],
                "created_by": row["created_by"],
                "created_date": row["created_date"],
                "cm_total": row["cm_total"],
                "cm_tax_total": ZERO,
                "invoice_no": row["invoice_no"],
                "is_voided": row["is_voided"],
                "cm_reason_code_2": row["reason_code"],
            }
            for row in account(context, sent).rows("credit_memo")
        ]
    }


def get_cm_details(context: Context, sent: Inputs) -> Answer:
    """Answer get_cm_details_m; no memo of the sandbox has a client-defined sequence."""
    held = account(context, sent)
    if "cm_no" not in sent:
        wrong = "client_cm_seq_id_in" in sent
        raise not_found("client_cm_seq_id_in") if wrong else missing("cm_no")
    row = held.find("credit_memo", "cm_no", sent["cm_no"])
    if row is None:
        raise not_found("cm_no")
    return {
        "cm_no_out": row["cm_no"],
        "client_cm_seq_id": "",
        "created_by": row["created_by"],
        "created_date": row["created_date"],
        "credit_reason_code": row["reason_code"],
        "credit_comments": row["comments"],
        "customer_note": row["customer_note"],
        "credit_ref_type": str(row["credit_ref_type"] or ""),
        "cm_total": row["cm_total"],
        "orig_invoice_no_2": row["invoice_no"],
        "cm_line_details": [
            {
                **line,
                "client_master_plan_instance_id": names_of(held, line["master_plan_instance_no"])[
                    1
                ],
            }
            for line in row["lines"]
        ],
        "cm_tax_details": [],
        "cm_applied_details": [
            {
                "cm_applied_date": use["date_applied"],
                "cm_applied_charge_id": use["charge_transaction_id"],
                "cm_applied_invoice_no": use["invoice_no"],
                "cm_applied_amount": use["amount"],
                "cm_line_no_applied": line["cm_line_no"],
            }
            for line in row["lines"]
            for use in held.where(
                "payment_application", "payment_transaction_id", line["cm_transaction_id"]
            )
        ],
    }


def get_refund_details(context: Context, sent: Inputs) -> Answer:
    """Answer get_refund_details_m; two numbers inside invoice_reversals are text (§4.4)."""
    held = account(context, sent)
    voided = sent.get("include_voided", False)
    return {
        "refund_details": [
            _refund(held, row)
            for row in held.rows("refund")
            if (voided or not row["is_voided_ind"])
            and sent.get("aria_event_no", row["transaction_id"]) == row["transaction_id"]
        ]
    }


def _refund(held: Account, row: Row) -> Row:
    return {
        "refund_amount": row["refund_amount"],
        "create_date": row["create_date"],
        "create_user": "api",
        "reason_code": row["reason_code"],
        "reason_label": reason(row["reason_code"]),
        "ref_payment_transaction_id": row["ref_payment_transaction_id"],
        "ref_payment_transaction_type": row["ref_payment_transaction_type"],
        "ref_payment_transaction_desc": describe(row["ref_payment_transaction_type"]),
        "ref_payment_amount": row["ref_payment_amount"],
        "pay_method_id": row["pay_method_type"],
        "payment_src_suffix": row["payment_src_suffix"],
        "refund_check_num": row["refund_check_num"],
        "is_voided_ind": row["is_voided_ind"],
        "bill_email": held.row["email"],
        "invoice_reversals": [
            {
                **one,
                "transaction_id": str(one["transaction_id"]),
                "service_no": str(one["service_no"] or ""),
            }
            for one in row["reversals"]
        ],
        "refund_transaction_id_2": row["transaction_id"],
    }


def get_acct_writeoff_or_disputes(context: Context, sent: Inputs) -> Answer:
    """Answer get_acct_writeoff_or_disputes_m.

    dispute_or_writeoff_flag 1 gives disputes, 2 write-offs (values inferred).
    """
    held = account(context, sent)
    wanted, flag = of_master(held, sent), sent.get("dispute_or_writeoff_flag", 0)
    rows = [
        row
        for row in held.rows("writeoff")
        if wanted in (None, row["master_plan_instance_no"])
        and flag != (_WRITE_OFFS if row["dispute_ind"] else _DISPUTES)
    ]
    return {
        "writeoff_dispute_info": [
            _writeoff(row, details=bool(sent.get("details_flag"))) for row in rows
        ]
    }


def _writeoff(row: Row, *, details: bool) -> Row:
    same = (
        "rec_no",
        "created_by",
        "created_date",
        "amount",
        "invoice_no",
        "invoice_date",
        "invoice_amt",
        "dispute_creation_date",
        "dispute_exp_date",
        "reason_code",
        "comments",
        "dispute_ind",
    )
    found = {name: row[name] for name in same}
    found["can_unsettle"] = "false"
    if details:
        found["writeoff_detail"] = [
            {
                "invoice_no": row["invoice_no"],
                "invoice_bill_date": row["invoice_date"],
                "invoice_transaction_id": row["charge_transaction_id"],
                "original_transaction_amount": row["invoice_amt"],
                "writeoff_transaction_amount": row["amount"],
            }
        ]
    return found


def get_unapplied_payments(context: Context, sent: Inputs) -> Answer:
    """Answer get_unapplied_payments_m: their sum."""
    held = account(context, sent)
    rows = (row for row in held.rows("transaction") if row["transaction_type"] in PAYMENTS)
    return {"unapplied_payment_summary": sum((open_amount(row) for row in rows), ZERO)}
