"""Calls that move money: payments, credits, refunds, write-offs, voids, invoices (aria.md §2.8)."""

from collections.abc import Iterator
from decimal import Decimal

from app.sandbox.aria.accounts import ledger, money_acts
from app.sandbox.aria.accounts.billing_run import Run, bill_now
from app.sandbox.aria.accounts.collecting import collect, is_declined
from app.sandbox.aria.accounts.group_reads import BILLING_GROUP
from app.sandbox.aria.accounts.group_writes import METHOD
from app.sandbox.aria.accounts.invoice_reads import the_invoice
from app.sandbox.aria.accounts.invoicing import finish
from app.sandbox.aria.accounts.ledger import Books
from app.sandbox.aria.accounts.lookups import (
    MASTER,
    books,
    books_of,
    instance,
    of_master,
    part,
    the_instance,
)
from app.sandbox.aria.accounts.rates import ZERO
from app.sandbox.aria.accounts.starts import checked_bill_day
from app.sandbox.aria.accounts.transaction_reads import the_transaction
from app.sandbox.aria.context import Answer, Context
from app.sandbox.aria.errors import AriaError, Code, invalid, missing
from app.sandbox.aria.events.catalog import financial_event
from app.sandbox.aria.inputs import Inputs
from app.sandbox.aria.tables import Row

_FIRST_IN, _FIRST_DUE, _LEAVE_UNAPPLIED = 1, 2, 3
_NEVER_DUE = "9999-12-31"
_REFUND_REASONS = frozenset({*range(1, 8), 99999999})
_CURRENT_CYCLE, _ADVANCE_CYCLE = 0, 1
_COMBINATIONS = range(1, 4)
_APPROVE, _DISCARD = 1, 2


def tell(context: Context, own: Books, row: Row) -> None:
    """Note the event of a transaction."""
    event = financial_event(row["transaction_type"])
    context.work.note(event, own.account, transaction_id=row["transaction_id"])


def record_external_payment(context: Context, sent: Inputs) -> Answer:
    """Answer record_external_payment_m; a reference must be unused on the account."""
    own = books(context, sent)
    reference, amount = sent["reference_code"], sent["payment_amount"]
    if amount <= ZERO:
        raise invalid("payment_amount", "must be above zero")
    if own.account.find("payment", "reference", reference):
        raise AriaError(Code.DUPLICATE, "duplicate record: reference_code was already used")
    charges = _targets(own, sent)
    about = {"reference": reference, "comments": sent.get("comments", "")}
    about["received"] = sent.get("payment_received_date")
    row = money_acts.pay(own, ledger.CHECK, amount, charges, **about)
    tell(context, own, row)
    return {"transaction_id": row["transaction_id"]}


def _targets(own: Books, sent: Inputs) -> list[Row]:
    rows = sent.get("invoice_no") or sent.get("specific_invoices_list") or []
    invoices = [row["invoice_no"] for row in rows if row]
    chosen = [
        row["specific_charge_transaction_id"]
        for row in sent.get("specific_charge_transaction_id", ())
        if row
    ]
    wishes = [row for row in sent.get("specific_master_plan_instances_list", ()) if row]
    masters = {the_instance(own.account, row, MASTER)["plan_instance_no"] for row in wishes}
    charges = [
        row
        for row in ledger.open_charges(own.account, invoices or None)
        if (not chosen or row["transaction_id"] in chosen)
        and (not masters or row["master_plan_instance_no"] in masters)
    ]
    return _in_turn(own, charges, sent.get("payment_application_method", _FIRST_IN))


def _in_turn(own: Books, charges: list[Row], method: int) -> list[Row]:
    """Return charges in the turn of payment_application_method (aria.md §2.8)."""
    if method not in {_FIRST_IN, _FIRST_DUE, _LEAVE_UNAPPLIED}:
        raise invalid("payment_application_method", "is not 1, 2 or 3")
    if method == _FIRST_IN:
        return charges
    due = {row["invoice_no"]: row["due_date"] for row in own.account.rows("invoice")}
    by_date = sorted(charges, key=lambda row: str(due.get(row["invoice_no"]) or _NEVER_DUE))
    return by_date if method == _FIRST_DUE else []


def collect_from_account(context: Context, sent: Inputs) -> Answer:
    """Answer collect_from_account_m: charge the stored method, for all that is open by default."""
    own = books(context, sent)
    named = {name: sent[name] for name in METHOD if name in sent} or {METHOD[0]: 1}
    try:
        stored = (part(own.account, "payment_method", named, METHOD) or {})["payment_method_no"]
    except AriaError as error:
        raise AriaError(Code.BAD_PAYMENT_METHOD, "invalid payment method") from error
    charges = _targets(own, sent)
    due = sum((ledger.open_amount(row) for row in charges), ZERO)
    amount = sent.get("amount_to_collect", due)
    if amount <= ZERO:
        raise invalid("amount_to_collect", "nothing is to be collected")
    if is_declined(own):
        text = "authorisation failed"
        declined = {"collection_error_code": int(Code.DECLINED), "collection_error_msg": text}
        return {
            "transaction_id": None,
            "proc_status_text": "Declined",
            "collection_errors": [declined],
        }
    row = money_acts.pay(own, ledger.ELECTRONIC, amount, charges, payment_method_no=stored)
    tell(context, own, row)
    return {
        "transaction_id": row["transaction_id"],
        "proc_status_code": "0",
        "proc_status_text": "Approved",
        "proc_payment_id": f"proc-{row['transaction_id']}",
        "collection_errors": [{"collection_error_code": 0, "collection_error_msg": "OK"}],
    }


def apply_cash_credit(context: Context, sent: Inputs) -> Answer:
    """Answer apply_cash_credit_m: it lowers the balance at once, and may go below zero."""
    own = books(context, sent)
    targets = list(_credited(own, sent))
    amount = sent.get("credit_amount", ZERO)
    amount = amount or sum((part_of or ZERO for _, part_of in targets), ZERO)
    if amount <= ZERO:
        raise invalid("credit_amount", "must be above zero")
    code = sent["credit_reason_cd"]
    credit = money_acts.cash_credit(own, amount, code, sent.get("comments", ""))
    row = the_transaction(own.account, credit["transaction_id"])
    for charge, part_of in targets:
        charge_now = the_transaction(own.account, charge["transaction_id"])  # named twice, perhaps
        row = ledger.apply(own, row, [charge_now], part_of)
    if not targets:
        ledger.apply(own, row, ledger.open_charges(own.account))
    tell(context, own, row)
    names = ("credit_no", "created_by", "created_date", "amount", "reason_code", "reason_text")
    return {name: credit[name] for name in names}


def _credited(own: Books, sent: Inputs) -> Iterator[tuple[Row, Decimal | None]]:
    """Yield the charges that a credit is for, each with how much of it goes there.

    Raises:
        AriaError: 1013 for no such invoice, 2001 for no such transaction, 1014 for one that is no
            charge.
    """
    for wish in sent.get("specific_invoices", ()):
        if "invoice_no" in wish:
            charge = ledger.invoice_transaction(own.account, wish["invoice_no"])
            yield charge, wish.get("invoice_credit_amount")
    for wish in sent.get("specific_transactions", ()):
        if "transaction_id" in wish:
            charge = the_transaction(own.account, wish["transaction_id"])
            if not ledger.is_charge(charge["transaction_type"]):
                raise AriaError(Code.NOT_ALLOWED, "action not allowed: the transaction is a credit")
            yield charge, wish.get("trans_credit_amount")


def apply_service_credit(context: Context, sent: Inputs) -> Answer:
    """Answer apply_service_credit_m: it lowers invoices to come."""
    own = books(context, sent)
    if sent["credit_amount"] <= ZERO:
        raise invalid("credit_amount", "must be above zero")
    master = instance(own.account, sent, MASTER)
    number = None if master is None else master["plan_instance_no"]
    code, comments = sent["credit_reason_code"], sent.get("comments", "")
    credit = money_acts.service_credit(own, sent["credit_amount"], code, number, comments)
    return {"credit_id": credit["credit_no"]}


def create_cm(context: Context, sent: Inputs) -> Answer:
    """Answer create_cm_m: a credit memo, used on its invoice."""
    own = books(context, sent)
    wishes = [{"cm_line_amount": ZERO, **row} for row in sent.get("cm_line_items", ())]
    invoice_no = sent.get("orig_invoice_no")
    if invoice_no is not None:
        ledger.invoice_transaction(own.account, invoice_no)
    about = {"invoice_no": invoice_no, "reason_code": sent.get("cm_reason_cd")}
    about["customer_note"] = sent.get("customer_facing_comments", "")
    about["ref_type"] = sent.get("credit_ref_type")
    if invoice_no is not None:
        wishes = [_against_line(own, invoice_no, wish) for wish in wishes]
    memo = money_acts.credit_memo(own, wishes, sent["cm_comments"], **about)
    for line in memo["lines"]:
        tell(context, own, the_transaction(own.account, line["cm_transaction_id"]))
    return {
        "cm_no": memo["cm_no"],
        "created_by": memo["created_by"],
        "created_date": memo["created_date"],
        "cm_total": memo["cm_total"],
        "cm_comments_out": memo["comments"],
        "cm_details": [
            {
                "cm_line_no": line["cm_line_no"],
                "applied_invoice_no": invoice_no,
                "cm_transaction_id": line["cm_transaction_id"],
                "cm_line_amount_out": line["cm_line_amount"],
            }
            for line in memo["lines"]
        ],
        "client_cm_seq_id_2": "",
    }


def _against_line(own: Books, invoice_no: int, wish: Row) -> Row:
    """Return a line of a memo with the service and the master of the invoice line it names."""
    if "line_no" not in wish:
        return wish
    line = money_acts.find_line(own, invoice_no, wish["line_no"])
    return {**{name: line[name] for name in ("service_no", "master_plan_instance_no")}, **wish}


def issue_refund_to_acct(context: Context, sent: Inputs) -> Answer:
    """Answer issue_refund_to_acct_m: pay back a payment, reversing lines if named."""
    own = books(context, sent)
    reversals = [row for row in sent.get("invoice_trans_to_reverse", ()) if row]
    for row in reversals:
        if not {"invoice_no", "invoice_line_no"} <= row.keys():
            raise missing("invoice_trans_to_reverse: invoice_no, invoice_line_no")
    if sent["reason_code"] not in _REFUND_REASONS:
        raise invalid("reason_code", "is not 1 to 7 or 99999999")
    amount = sent.get("total_refund_amount")
    if amount is None or sent.get("auto_calc_refund", False):
        amount = sum((_reversed_amount(own, row) for row in reversals), ZERO)
    row = money_acts.refund(
        own,
        sent["payment_transaction_id"],
        amount,
        sent["reason_code"],
        comments=sent.get("comments", ""),
        check_number=sent.get("refund_check_number", ""),
        reversals=reversals,
    )
    tell(context, own, the_transaction(own.account, row["transaction_id"]))
    back = sum((one["reversed_line_amount"] for one in row["reversals"]), ZERO)
    return {
        "applied_total_refund_amount": amount,
        "applied_total_reversal_amount": back,
        "reversed_invoice_transactions": [
            {
                "invoice_no": one["invoice_no"],
                "invoice_line_no": one["invoice_line_no"],
                "reversed_transaction_id": one["transaction_id"],
                "reversed_amount": one["reversed_line_amount"],
            }
            for one in row["reversals"]
        ],
        "out_transaction_id_2": row["transaction_id"],
    }


def _reversed_amount(own: Books, wish: Row) -> Decimal:
    if "invoice_line_reversing_amount" in wish:
        return Decimal(wish["invoice_line_reversing_amount"])
    return Decimal(money_acts.find_line(own, wish["invoice_no"], wish["invoice_line_no"])["amount"])


def create_writeoff_or_dispute(context: Context, sent: Inputs) -> Answer:
    """Answer create_writeoff_or_dispute_m: write off what is open, or hold it with do_dispute 1."""
    own = books(context, sent)
    dispute = bool(sent.get("do_dispute", 0))
    code, comments = sent["reason_code"], sent["comments"]
    row = money_acts.write_off(own, sent["invoice_no"], code, comments, dispute=dispute)
    if "writeoff_date" in sent:
        row = own.account.change("writeoff", row, created_date=sent["writeoff_date"])
    if row["transaction_id"] is not None:
        tell(context, own, the_transaction(own.account, row["transaction_id"]))
    return {
        "writeoff_transactions": [
            {
                "writeoff_transaction_id": row["transaction_id"],
                "invoice_no": row["invoice_no"],
                "amount": row["amount"],
                "writeoff_reasoncode": code,
                "dispute_ind": row["dispute_ind"],
            }
        ]
    }


def void_transaction(context: Context, sent: Inputs) -> Answer:
    """Answer void_transaction_m: a second transaction of the negative type (aria.md §2.8)."""
    own = books(context, sent)
    reason = money_acts.reason(sent["reason_code"])
    row = ledger.void(own, sent["transaction_id"], reason, sent["comments"])
    tell(context, own, row)
    return {"new_transaction_id": row["transaction_id"]}


def void_invoice(context: Context, sent: Inputs) -> Answer:
    """Answer void_invoice_m."""
    held, _ = the_invoice(context, sent)
    own = books_of(context, held.no)
    charge = ledger.invoice_transaction(own.account, sent["invoice_no"])
    reason = money_acts.reason(sent["reason_code"])
    row = ledger.void(own, charge["transaction_id"], reason, sent.get("comments", ""))
    tell(context, own, row)
    return {
        "void_transactions": [
            {
                "invoice_transaction_id": charge["transaction_id"],
                "void_transaction_id": row["transaction_id"],
            }
        ]
    }


def reinstate_transaction(context: Context, sent: Inputs) -> Answer:
    """Answer reinstate_transaction_m: a void charge or payment comes back as type 16 or 17."""
    own = books(context, sent)
    row = the_transaction(own.account, sent["transaction_id"])
    if row["transaction_void_date"] is None:
        raise AriaError(Code.NOT_ALLOWED, "action not allowed: the transaction is not void")
    charge = ledger.is_charge(row["transaction_type"])
    kind = ledger.REINSTATED_CHARGE if charge else ledger.REINSTATED_PAYMENT
    about = {"transaction_source_id": row["transaction_source_id"], "invoice_no": row["invoice_no"]}
    new = ledger.book(own, kind, row["transaction_amount"], **about)
    tell(context, own, new)
    return {"new_transaction_id": new["transaction_id"]}


def transfer_account_balance(context: Context, sent: Inputs) -> Answer:
    """Answer transfer_account_balance_m: type 5 on the source, 4 on the target (inferred)."""
    source = books(context, {"account_no": sent["source_account_no"]})
    target = books(context, {"account_no": sent["target_account_no"]})
    amount = ledger.balance(source.account)
    if amount <= ZERO:
        raise AriaError(Code.NOT_ALLOWED, "action not allowed: the source owes nothing")
    out = ledger.book(source, ledger.TRANSFER_FROM, amount)
    ledger.apply(source, out, ledger.open_charges(source.account))
    into = ledger.book(target, ledger.TRANSFER_TO, amount)
    tell(context, source, out)
    tell(context, target, into)
    return {
        "account_balance_transfer_details": [
            {"transaction_id": out["transaction_id"], "balance_transfer_amount": amount}
        ]
    }


def gen_invoice(context: Context, sent: Inputs) -> Answer:
    """Answer gen_invoice_m: bill the master instances whose day has come (aria.md §2.8).

    While an invoice is pending nothing is made (3011); without anything due the list is empty.
    invoice_mode 1 bills the next period before its day, alt_bill_day is the bill day from now on.
    """
    own = books(context, sent)
    run = _run(own, sent)
    if own.account.where("invoice", "is_pending_ind", 1):
        raise AriaError(Code.PENDING_INVOICE, "a pending invoice exists")
    for number in run.masters or () if "alt_bill_day" in sent else ():
        for row in list(own.account.where("plan_instance", "master_plan_instance_no", number)):
            own.account.change("plan_instance", row, bill_day=sent["alt_bill_day"])
    made = bill_now(own, run)
    for row in made:
        if not row["is_pending_ind"]:
            tell(context, own, ledger.invoice_transaction(own.account, row["invoice_no"]))
    first = made[0] if made else {}
    return {
        "invoice_no": first.get("invoice_no"),
        "out_acct_no": own.account.no,
        "out_client_acct_id": own.account.row["client_acct_id"],
        "out_billing_group_no": first.get("billing_group_no"),
        "out_invoices_list": [
            {
                "invoicing_error_code": 0,
                "invoicing_error_msg": "OK",
                "invoice_no": row["invoice_no"],
                "billing_group_no": row["billing_group_no"],
                "invoice_total_amount": row["amount"],
            }
            for row in made
        ],
    }


def _run(own: Books, sent: Inputs) -> Run:
    """Return what gen_invoice_m bills: all masters, one of them, or those of a billing group.

    Raises:
        AriaError: 5020 for a bill day, 1016 for a mode or combination that there is not.
    """
    mode = sent.get("invoice_mode", _CURRENT_CYCLE)
    if mode not in {_CURRENT_CYCLE, _ADVANCE_CYCLE}:
        raise invalid("invoice_mode", "is neither 0 nor 1")
    check_combination(sent)
    if "alt_bill_day" in sent:
        checked_bill_day(sent["alt_bill_day"])
    chosen = instance(own.account, sent, MASTER, required=False)
    group = part(own.account, "billing_group", sent, BILLING_GROUP)
    masters = frozenset(
        row["plan_instance_no"]
        for row in own.account.where("plan_instance", "supp_plan_ind", 0)
        if (chosen is None or row["plan_instance_no"] == chosen["plan_instance_no"])
        and (group is None or row["billing_group_no"] == group["billing_group_no"])
    )
    ahead = mode == _ADVANCE_CYCLE
    return Run(masters=masters, pending=sent.get("force_pending", False), ahead=ahead)


def check_combination(sent: Inputs) -> None:
    """Refuse a combine_invoices other than 1, 2 or 3 (aria.md §2.5), with 1016."""
    if sent.get("combine_invoices", 1) not in _COMBINATIONS:
        raise invalid("combine_invoices", "is not 1, 2 or 3")


def _pending(context: Context, sent: Inputs) -> tuple[Books, Row]:
    """Return the pending invoice that a call names, or the first of the account or master."""
    if "invoice_no" in sent:
        held, row = the_invoice(context, sent)
        own = books_of(context, held.no)
    else:
        own = books(context, sent)
        wanted = of_master(own.account, sent)
        rows = own.account.where("invoice", "is_pending_ind", 1)
        rows = [one for one in rows if wanted in (None, one["master_plan_instance_no"])]
        row = rows[0] if rows else {}
    if not row or not row["is_pending_ind"]:
        raise AriaError(Code.NO_PENDING_INVOICE, "there is no pending invoice")
    return own, row


def manage_pending_invoice(context: Context, sent: Inputs) -> Answer:
    """Answer manage_pending_invoice_m: no directive approves; 2 discards (inferred).

    alt_collect_on_approve "true" charges the billing group's payment method.
    """
    own, row = _pending(context, sent)
    outcome: Row = {
        "collection_error_code": -1,
        "collection_error_msg": "Collection not attempted",
    }
    directive = sent.get("action_directive", _APPROVE)
    if directive not in {_APPROVE, _DISCARD}:
        raise AriaError(Code.BAD_DIRECTIVE, "invalid action_directive")
    if directive == _DISCARD:
        for line in list(own.account.where("invoice_line", "invoice_no", row["invoice_no"])):
            own.account.remove("invoice_line", line)
        own.account.remove("invoice", row)
    else:
        names = ("custom_status_label", "client_notes")
        told = {name: sent[name] for name in names if name in sent}
        row = finish(own, own.account.change("invoice", row, **told))
        tell(context, own, ledger.invoice_transaction(own.account, row["invoice_no"]))
        number = row["billing_group_no"]
        group = own.account.find("billing_group", "billing_group_no", number)
        if group is not None and sent.get("alt_collect_on_approve", False):
            outcome, payment = collect(own, group, row["invoice_no"])
            if payment is not None:
                tell(context, own, payment)
    return {
        "new_invoice_no": row["invoice_no"] if directive == _APPROVE else None,
        "acct_no": own.account.no,
        "billing_group_no": row["billing_group_no"],
        **outcome,
        "statement_error_code": 0,
        "statement_error_msg": "OK",
    }
