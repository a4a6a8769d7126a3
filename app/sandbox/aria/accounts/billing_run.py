"""Invoices made now: what is due, for whom and how (aria.md §2.8); usage not billed yet."""

from dataclasses import dataclass
from datetime import date

from app.sandbox.aria.accounts.invoicing import (
    USAGE,
    Period,
    bill,
    instance_lines,
    issue,
    tax_lines,
)
from app.sandbox.aria.accounts.ledger import Books
from app.sandbox.aria.tables import Row

_ACTIVE, _SELF_PAY = 1, 1


@dataclass(frozen=True, slots=True)
class Run:
    """What is billed and how.

    `masters` names the master plan instances, None all of them; `prorated` charges a first period
    that is no whole one by its days; `ahead` bills the next period before its day; `catch_up` bills
    every period until today; `pending` holds the invoices for approval.
    """

    masters: frozenset[int] | None = None
    pending: bool = False
    prorated: bool = False
    ahead: bool = False
    catch_up: bool = False


EVERYTHING_DUE = Run()


def bill_now(own: Books, run: Run = EVERYTHING_DUE) -> list[Row]:
    """Bill the active master instances whose billing day has come; return the invoices."""
    found = []
    for master in list(own.account.where("plan_instance", "supp_plan_ind", 0)):
        number = master["plan_instance_no"]
        if run.masters is None or number in run.masters:
            found += _bill_master(own, number, run)
    return found


def _bill_master(own: Books, number: int, run: Run) -> list[Row]:
    found: list[Row] = []
    today = own.now.date().isoformat()
    pending = run.pending or bool(own.account.row["invoice_approval_required"])
    while True:
        master = own.account.find("plan_instance", "plan_instance_no", number) or {}
        day = master["next_bill_date"]
        billable = master["status_cd"] == _ACTIVE and master["resp_level_cd"] == _SELF_PAY
        if not billable or day is None or (day > today and not run.ahead):
            return found
        invoice = bill(own, master, date.fromisoformat(day), pending=pending, prorated=run.prorated)
        found += [invoice] if invoice else []
        if not run.catch_up:
            return found


def bill_unbilled_usage(own: Books, instance: Row) -> Row | None:
    """Invoice the usage of one plan instance that no invoice has; None where there is none."""
    number, today = instance["plan_instance_no"], own.now.date()
    unbilled = [
        row
        for row in own.account.where("usage", "plan_instance_no", number)
        if row["invoice_no"] is None and row["usage_date"][:10] <= today.isoformat()
    ]
    if not unbilled:
        return None
    first = date.fromisoformat(min(row["usage_date"] for row in unbilled)[:10])
    period = Period(today, today, first, today)
    lines = [row for row in instance_lines(own, instance, period) if row["line_type"] == USAGE]
    if not lines:
        return None
    lines += tax_lines(own, lines)
    master_no = instance["master_plan_instance_no"]
    master = own.account.find("plan_instance", "plan_instance_no", master_no)
    # Without days of usage in its head: those would mark the usage of the whole master as billed.
    invoice = issue(own, lines, master=master, period=Period(today, today), type_cd="P")
    for row in unbilled:
        own.account.change("usage", row, invoice_no=invoice["invoice_no"])
    return invoice
