"""Ending price intervals: unbilled parts are billed, paid parts beyond the end given back."""

from collections.abc import Iterator
from decimal import Decimal

from app.sandbox.orb.amounts import cents, money, number
from app.sandbox.orb.billing import plan_next_bill
from app.sandbox.orb.credit_note_rows import raise_credit_note
from app.sandbox.orb.errors import constraint
from app.sandbox.orb.invoice_rows import add_up, settle_line
from app.sandbox.orb.invoice_states import void_invoice
from app.sandbox.orb.periods import charged_by
from app.sandbox.orb.subscription_rows import timezone_of
from app.sandbox.orb.times import days_between
from app.sandbox.orb.world import Row, World


def invoices_of(world: World, row: Row) -> list[Row]:
    """Return the invoices of a subscription, oldest first."""
    table = world.table("invoice")
    return [table[each] for each in row["_invoices"]]


def check_end(world: World, row: Row, end: str, *, allow: bool) -> None:
    """Refuse an end that cannot be; with `allow`, invoices may be voided and credited.

    Raises:
        OrbError: A paid invoice lies after the end, or something would have to be credited or
            voided and that is not allowed.
    """
    later_ones = _later(world, row, end)
    if any(invoice["status"] == "paid" for invoice in later_ones):
        raise constraint("A paid invoice lies between the end and today.")
    if allow:
        return
    if any(invoice["status"] != "draft" for invoice in later_ones):
        raise constraint("An issued invoice would have to be voided, which was not allowed.")
    if any(True for _ in _unused(world, row, end)):
        raise constraint("An issued invoice would have to be credited, which was not allowed.")


def end_intervals(world: World, row: Row, end: str) -> None:
    """End a subscription's prices and adjustments at a moment.

    Invoices of later periods are voided and credit notes raised.

    Raises:
        OrbError: A paid invoice lies after the end.
    """
    check_end(world, row, end, allow=True)
    for invoice in _later(world, row, end):
        void_invoice(world, invoice)
    unused = list(_unused(world, row, end))
    timezone = timezone_of(world, row)
    kept = []
    for interval in row["price_intervals"]:
        if end <= world.now:
            interval["_billed"] = min(interval["_billed"], charged_by(interval, end, timezone))
        if interval["start_date"] < end:
            kept.append(interval)
            if interval["end_date"] is None or interval["end_date"] > end:
                interval["end_date"] = end
    row["price_intervals"] = kept
    row["adjustment_intervals"] = [
        {**each, "end_date": end} if each["end_date"] is None or each["end_date"] > end else each
        for each in row["adjustment_intervals"]
        if each["start_date"] < end
    ]
    for invoice, line, share in unused:
        _give_back(world, invoice, line, share)
    plan_next_bill(world, row)


def _later(world: World, row: Row, end: str) -> list[Row]:
    """Return the invoices after an end that has passed."""
    if end > world.now:
        return []
    return [
        invoice
        for invoice in invoices_of(world, row)
        if invoice["invoice_date"] > end and invoice["status"] != "void"
    ]


def _unused(world: World, row: Row, end: str) -> Iterator[tuple[Row, Row, Decimal]]:
    """Yield invoice, line and the share to give back of what was billed in advance beyond `end`."""
    ids = {
        interval["price"]["id"]
        for interval in row["price_intervals"]
        if interval["price"]["billing_mode"] == "in_advance"
        and interval["price"]["cadence"] != "one_time"
    }
    for invoice in invoices_of(world, row):
        if invoice["status"] == "void" or invoice["invoice_date"] > end:
            continue
        for line in invoice["line_items"]:
            inside = line["start_date"] <= end < line["end_date"]
            if inside and line["price"]["id"] in ids and number(line["amount"]) > 0:
                whole = days_between(line["start_date"], line["end_date"])
                yield invoice, line, days_between(end, line["end_date"]) / whole


def _give_back(world: World, invoice: Row, line: Row, share: Decimal) -> None:
    amount = cents(number(line["amount"]) * share)
    if amount <= 0:
        return
    if invoice["status"] != "draft":
        raise_credit_note(world, invoice, [(line, amount)], "Order change", None)
        return
    rest = 1 - share
    for name in ("subtotal", "adjusted_subtotal"):
        line[name] = money(number(line[name]) * rest)
    settle_line(world.table("customer")[invoice["_customer"]], line)
    add_up(invoice)
