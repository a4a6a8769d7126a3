"""Credit notes over HTTP (orb.md §2.4)."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from app.sandbox.orb.amounts import number
from app.sandbox.orb.checks import Shape, list_of, loose
from app.sandbox.orb.credit_note_rows import credited_before, raise_credit_note
from app.sandbox.orb.errors import constraint, not_found
from app.sandbox.orb.paging import PARAMETERS, page_of
from app.sandbox.orb.query import ranges
from app.sandbox.orb.router import CREATED, Call, Route
from app.sandbox.orb.times import midnight
from app.sandbox.orb.world import Row, World, shown

_REASONS = {  # written so, read so (orb.md §2.4)
    "duplicate": "Duplicate",
    "fraudulent": "Fraudulent",
    "order_change": "Order change",
    "product_unsatisfactory": "Product unsatisfactory",
}
_NEW = Shape(
    "line_items* reason*:duplicate|fraudulent|order_change|product_unsatisfactory memo "
    "start_date:day end_date:day",
    line_items=list_of(
        loose(
            "invoice_line_item_id* amount*:amount start_date:day end_date:day",
        ),
        least=1,
    ),
)
Span = tuple[str, str] | None


def _list(call: Call) -> Row:
    created = call.query.range("created_at")
    return page_of(
        call.table("credit_note"), call.query, shown, lambda row: created.holds(row["created_at"])
    )


def _fetch(call: Call) -> Row:
    return shown(call.record("credit_note"))


def _line(world: World, line_id: str) -> tuple[Row, Row]:
    for invoice in world.table("invoice").rows.values():
        for line in invoice["line_items"]:
            if line["id"] == line_id:
                return invoice, line
    raise not_found("invoice line item", line_id)


def _create(call: Call) -> Row:
    world, sent = call.world, call.body["line_items"]
    found = [(*_line(world, each["invoice_line_item_id"]), number(each["amount"])) for each in sent]
    invoice = found[0][0]
    if any(each[0] is not invoice for each in found):
        raise constraint("The lines of a credit note are of one invoice.")
    if invoice["status"] not in {"issued", "paid", "synced"}:
        raise constraint("Only an issued invoice can be credited.")
    for _, line, amount in found:
        _check_amount(world, invoice, line, amount)
    timezone = world.table("customer")[invoice["_customer"]]["timezone"]
    spans = _spans(call, sent, timezone)
    credited = [(line, amount) for _, line, amount in found]
    reason = _REASONS[call.body["reason"]]
    note = raise_credit_note(world, invoice, credited, reason, call.sent("memo"))
    for row, span in zip(note["line_items"], spans, strict=True):
        if span is not None:
            row["start_time_inclusive"], row["end_time_exclusive"] = span
    return shown(note)


def _check_amount(world: World, invoice: Row, line: Row, amount: Decimal) -> None:
    left = number(line["amount"]) - credited_before(world, invoice, line["id"])
    if amount <= 0 or amount > left:
        raise constraint(f"Of the line {line['id']} from 0.01 to {left} can be credited.")


def _spans(call: Call, sent: Sequence[Row], timezone: str) -> list[Span]:
    whole = _span(call.sent("start_date"), call.sent("end_date"), timezone)
    each = [_span(row.get("start_date"), row.get("end_date"), timezone) for row in sent]
    if whole is not None:
        if any(each):
            raise constraint("A service period is given for all lines or for each, not both.")
        return [whole] * len(sent)
    if any(each) and not all(each):
        raise constraint("A service period is given for every line or for none.")
    return each


def _span(start: str | None, end: str | None, timezone: str) -> Span:
    """Return a period of inclusive days with its end exclusive."""
    if (start is None) != (end is None):
        raise constraint("The start_date and end_date of a service period go together.")
    if start is None or end is None:
        return None
    if end < start:
        raise constraint("A service period does not end before it starts.")
    last = date.fromisoformat(end) + timedelta(days=1)
    return midnight(date.fromisoformat(start), timezone), midnight(last, timezone)


ROUTES = (
    Route("GET", "credit_notes", _list, filters=(*PARAMETERS, *ranges("created_at"))),
    Route("POST", "credit_notes", _create, CREATED, body=_NEW),
    Route("GET", "credit_notes/{credit_note_id}", _fetch),
)
