"""Invoices over HTTP (orb.md §2.4)."""

from collections.abc import Callable
from datetime import date, timedelta

from app.sandbox.orb.amounts import cents, money, number
from app.sandbox.orb.billing import bill, next_charge
from app.sandbox.orb.checks import Check, Shape, list_of, loose, one_of, tagged
from app.sandbox.orb.customers import named_customer
from app.sandbox.orb.errors import constraint, invalid, not_found
from app.sandbox.orb.invoice_rows import (
    add_up,
    new_invoice,
    new_line,
    settle_line,
    show_invoice,
    show_summary,
    unit_price,
)
from app.sandbox.orb.invoice_states import collect, issue, mark_paid, void_invoice
from app.sandbox.orb.metadata import merged
from app.sandbox.orb.paging import PARAMETERS, page_of
from app.sandbox.orb.query import ranges
from app.sandbox.orb.router import CREATED, NO_BODY, Call, Route
from app.sandbox.orb.times import day_or_moment, later, midnight, parse
from app.sandbox.orb.world import Row, World

_STATES = ("draft", "issued", "paid", "synced", "void")
_USUAL = ("issued", "paid", "synced")
_WINDOW = {"d": 1, "w": 7, "m": 30, "y": 365}
_DISCOUNT: Check = tagged(
    "discount_type",
    {
        "percentage": loose("discount_type* percentage_discount*:number reason"),
        "amount": loose("discount_type* amount_discount*:amount reason"),
        "trial": loose("discount_type*"),
        "usage": loose("discount_type* usage_discount*:number"),
        "tiered_percentage": loose("discount_type*"),
    },
)
_NEW = Shape(
    "metadata:map customer_id external_customer_id currency*:key memo will_auto_issue!:flag "
    "invoice_date*:day_or_moment net_terms:terms due_date:day_or_moment line_items* discount "
    "auto_collection:flag",
    discount=_DISCOUNT,
    line_items=list_of(
        Shape(
            "start_date*:day end_date*:day quantity*:number name*:key item_id* model_type* "
            "unit_config*",
            model_type=one_of("unit"),
            unit_config=loose("unit_amount*:amount prorated:flag"),
        )
    ),
)
_EDIT = Shape(
    "metadata:map net_terms:terms due_date:day_or_moment invoice_date:day_or_moment "
    "auto_collection:flag"
)
_LINE = Shape(
    "start_date*:day end_date*:day quantity*:number invoice_id* name amount*:amount item_id"
)


def _filter(call: Call) -> Callable[[Row], bool]:
    query = call.query
    customer, external = query.one("customer_id"), query.one("external_customer_id")
    subscription, recurring = query.one("subscription_id"), query.flag("is_recurring")
    states = query.choices("status", _STATES) or list(_USUAL)
    kind = query.choice("date_type", ("due_date", "invoice_date")) or "due_date"
    dates, due, amounts = query.range("invoice_date"), query.days("due_date"), _amounts(call)
    window = _window(call, query.one("due_date_window"))

    def keep(row: Row) -> bool:
        return (
            row["status"] in states
            and customer in {None, row["_customer"]}
            and external in {None, row["customer"]["external_customer_id"]}
            and subscription in {None, row["_subscription"]}
            and (recurring is None or recurring == (row["invoice_source"] == "subscription"))
            and dates.holds(row["invoice_date"])
            and _day_holds(row[kind], due, window)
            and _amount_holds(row, amounts)
        )

    return keep


def _amounts(call: Call) -> dict[str, object]:
    names = {"": "amount", "gt": "amount[gt]", "lt": "amount[lt]"}
    found = {bound: call.query.number(name) for bound, name in names.items()}
    return {bound: value for bound, value in found.items() if value is not None}


def _amount_holds(row: Row, bounds: dict[str, object]) -> bool:
    total = number(row["total"])
    return (
        ("" not in bounds or total == bounds[""])
        and ("gt" not in bounds or total > number(bounds["gt"]))
        and ("lt" not in bounds or total < number(bounds["lt"]))
    )


def _window(call: Call, text_: str | None) -> tuple[str, str] | None:
    """Return the days of a window such as `7d` or `2m`, which ends today."""
    if text_ is None:
        return None
    if not text_[:-1].isdecimal() or text_[-1] not in _WINDOW:
        raise invalid("query.due_date_window: is a number and one of d, w, m, y")
    today = parse(call.world.now).date()
    first = today - timedelta(days=int(text_[:-1]) * _WINDOW[text_[-1]])
    return first.isoformat(), today.isoformat()


def _day_holds(moment: str | None, bounds: dict[str, str], window: tuple[str, str] | None) -> bool:
    if not bounds and window is None:
        return True
    if moment is None:
        return False
    day = moment[:10]
    return (
        (window is None or window[0] <= day <= window[1])
        and bounds.get("", day) == day
        and ("gt" not in bounds or day > bounds["gt"])
        and ("lt" not in bounds or day < bounds["lt"])
    )


def _list(call: Call) -> Row:
    world = call.world
    with_zeros = call.query.flag("include_zero_quantity_line_items") is not False

    def show(row: Row) -> Row:
        found = show_invoice(world, row)
        if not with_zeros:
            lines = [line for line in found["line_items"] if line["quantity"] != 0]
            found["hidden_line_item_count"] = len(found["line_items"]) - len(lines)
            found["line_items"] = lines
        return found

    return page_of(call.table("invoice"), call.query, show, _filter(call))


def _list_summaries(call: Call) -> Row:
    world = call.world
    return page_of(
        call.table("invoice"), call.query, lambda row: show_summary(world, row), _filter(call)
    )


def _fetch(call: Call) -> Row:
    return show_invoice(call.world, call.record("invoice"))


def _upcoming(call: Call) -> Row:
    subscription_id = call.query.one("subscription_id")
    if subscription_id is None:
        raise invalid("query.subscription_id: field required")
    row = call.world.at("subscription", subscription_id)
    at = next_charge(call.world, row)
    if at is None:
        raise constraint("The subscription has no upcoming invoice.")
    fork = call.world.forked(row["_customer"])
    fork.used_until, fork.now = fork.now, max(at, fork.now)
    invoice = bill(fork, fork.table("subscription")[subscription_id])
    if invoice is None:
        raise constraint("The subscription has no upcoming invoice.")
    found = {**show_invoice(fork, invoice), "target_date": invoice["invoice_date"]}
    del found["invoice_date"]
    return found


def _create(call: Call) -> Row:
    world, sent = call.world, call.body
    customer = named_customer(world, sent)
    if call.sent("net_terms") is not None and call.sent("due_date") is not None:
        raise constraint("An invoice has net_terms or a due_date, not both.")
    if customer["currency"] not in {None, sent["currency"]}:
        raise constraint("The currency is not that of the customer.")
    lines = [_new_line(world, customer, sent["currency"], each) for each in sent["line_items"]]
    discounts = _discounts(call, lines)
    for line in lines:
        settle_line(customer, line)
    zone, due = customer["timezone"], call.sent("due_date")
    values = {
        "currency": sent["currency"],
        "invoice_date": day_or_moment(sent["invoice_date"], zone),
        "source": "one_off",
        "net_terms": call.sent("net_terms"),
        "due_date": None if due is None else day_or_moment(due, zone),
        "memo": call.sent("memo"),
        "metadata": merged({}, call.sent("metadata", {})),
        "will_auto_issue": call.body.get("will_auto_issue", False),
        "auto_collection": call.sent("auto_collection", customer["auto_collection"]),
        "grace_hours": 0,
    }
    invoice = new_invoice(world, customer, lines, values)
    invoice["discounts"] = discounts
    return show_invoice(world, invoice)


def _new_line(world: World, customer: Row, currency: str, sent: Row) -> Row:
    item = world.at("item", sent["item_id"])
    amount = sent["unit_config"]["unit_amount"]
    price = unit_price(world, item, sent["name"], currency, amount)
    span = _days(customer, sent)
    line = new_line(world, price, sent["name"], span, number(sent["quantity"]))
    line["subtotal"] = money(cents(number(sent["quantity"]) * number(amount)))
    line["adjusted_subtotal"] = line["subtotal"]
    return line


def _days(customer: Row, sent: Row) -> tuple[str, str]:
    zone = customer["timezone"]
    first, last = (date.fromisoformat(sent[name]) for name in ("start_date", "end_date"))
    if last < first:
        raise constraint("The end_date of a line is not before its start_date.")
    end = last + timedelta(days=1) if last == first else last
    return midnight(first, zone), midnight(end, zone)


def _discounts(call: Call, lines: list[Row]) -> list[Row]:
    """Take an invoice-level discount off the lines, and return it as the invoice shows it."""
    discount = call.sent("discount")
    if discount is None:
        return []
    kind = discount["discount_type"]
    if kind not in {"percentage", "amount"}:
        raise constraint("A one-off invoice takes a percentage or an amount as its discount.")
    whole = sum((number(line["subtotal"]) for line in lines), number(0))
    share = number(discount.get("percentage_discount", 0))
    if kind == "amount" and whole:
        share = min(number(1), number(discount["amount_discount"]) / whole)
    for line in lines:
        line["adjusted_subtotal"] = money(number(line["subtotal"]) * (1 - share))
    name = f"{kind}_discount"
    about = {"applies_to_price_ids": None, "filters": None, "reason": discount.get("reason")}
    return [{"discount_type": kind, name: discount[name], **about}]


def _draft(call: Call, invoice_id: str | None = None) -> Row:
    wanted = call.params["invoice_id"] if invoice_id is None else invoice_id
    invoice = call.world.at("invoice", wanted)
    if invoice["status"] != "draft":
        raise constraint("Only a draft can be changed so.")
    return invoice


def _update(call: Call) -> Row:
    world, sent = call.world, call.body
    invoice = call.record("invoice")
    before = {name: invoice[name] for name in ("metadata", "due_date", "invoice_date")}
    others = [name for name in sent if name != "metadata" and sent[name] is not None]
    if others:
        _edit_draft(call, _draft(call))
    if "metadata" in sent:
        invoice["metadata"] = merged(invoice["metadata"], sent["metadata"])
    edited = {name: value for name, value in before.items() if invoice[name] != value}
    if edited:
        world.emit("invoice.edited", show_invoice(world, invoice), previous_attributes=edited)
    return show_invoice(world, invoice)


def _edit_draft(call: Call, invoice: Row) -> None:
    zone = call.world.table("customer")[invoice["_customer"]]["timezone"]
    moved, due, terms = (call.sent(name) for name in ("invoice_date", "due_date", "net_terms"))
    if moved is not None and invoice["_subscription"] is not None:
        raise constraint("The invoice_date of a subscription's invoice cannot be changed.")
    if due is not None and terms is not None:
        raise constraint("An invoice has net_terms or a due_date, not both.")
    if moved is not None:
        invoice["invoice_date"] = day_or_moment(moved, zone)
        call.table("invoice").moved()
    if due is not None:
        invoice["due_date"] = day_or_moment(due, zone)
    if terms is not None:
        invoice["_net_terms"] = terms
        invoice["due_date"] = later(invoice["invoice_date"], days=terms)
    if call.sent("auto_collection") is not None:
        invoice["auto_collection"]["enabled"] = call.body["auto_collection"]


def _issue(call: Call) -> Row:
    invoice = _draft(call)
    if invoice["will_auto_issue"]:
        raise constraint("The invoice is issued automatically.")
    if invoice["eligible_to_issue_at"] > call.world.now:
        raise constraint("The invoice is not yet eligible to be issued.")
    issue(call.world, invoice)
    return invoice


def _issue_whole(call: Call) -> Row:
    return show_invoice(call.world, _issue(call))


def _issue_summary(call: Call) -> Row:
    return show_summary(call.world, _issue(call))


def _mark_paid(call: Call) -> Row:
    invoice = call.record("invoice")
    about = {name: call.sent(name) for name in ("external_id", "notes")}
    mark_paid(call.world, invoice, call.body["payment_received_date"], **about)
    return show_invoice(call.world, invoice)


def _pay(call: Call) -> Row:
    invoice = call.record("invoice")
    if invoice["status"] != "issued":
        raise constraint("Only an issued invoice can be paid.")
    customer = call.table("customer")[invoice["_customer"]]
    token = call.sent("shared_payment_token_id")
    if token is None and customer["payment_provider"] is None:
        raise constraint("The customer has no payment method.")
    if not collect(call.world, invoice):
        raise constraint("The payment was declined.")
    return show_invoice(call.world, invoice)


def _void(call: Call) -> Row:
    invoice = call.record("invoice")
    if invoice["status"] != "issued":
        raise constraint("Only an issued invoice can be voided.")
    void_invoice(call.world, invoice)
    return show_invoice(call.world, invoice)


def _regenerate(call: Call) -> Row:
    invoice = call.record("invoice")
    if invoice["status"] == "draft":
        raise constraint("A draft has no document.")
    return show_invoice(call.world, invoice)


def _add_line(call: Call) -> Row:
    world, sent = call.world, call.body
    invoice = _draft(call, sent["invoice_id"])
    name, item_id = call.sent("name"), call.sent("item_id")
    if name is None and item_id is None:
        raise invalid("name: one of name and item_id is needed")
    if item_id is None:
        item = next(iter(world.table("item").rows.values()))
    else:
        item = world.at("item", item_id)
    customer = world.table("customer")[invoice["_customer"]]
    name = name or item["name"]
    price = unit_price(world, item, name, invoice["currency"], sent["amount"])
    line = new_line(world, price, name, _days(customer, dict(sent)), number(sent["quantity"]))
    line["subtotal"] = line["adjusted_subtotal"] = money(number(sent["amount"]))
    settle_line(customer, line)
    invoice["line_items"].append(line)
    add_up(invoice)
    return line


def _delete_line(call: Call) -> None:
    invoice = _draft(call)
    line_id = call.params["line_item_id"]
    kept = [line for line in invoice["line_items"] if line["id"] != line_id]
    if len(kept) == len(invoice["line_items"]):
        raise not_found("line item", line_id)
    invoice["line_items"] = kept
    add_up(invoice)


_FILTERS = (
    *PARAMETERS,
    "customer_id",
    "external_customer_id",
    "subscription_id",
    "status",
    "status[]",
    "due_date_window",
    "date_type",
    "due_date",
    "due_date[gt]",
    "due_date[lt]",
    "amount",
    "amount[gt]",
    "amount[lt]",
    "is_recurring",
    "include_zero_quantity_line_items",
    *ranges("invoice_date"),
)
_ISSUE = Shape("synchronous!:flag")
_ONE = "invoices/{invoice_id}"
ROUTES = (
    Route("GET", "invoices", _list, filters=_FILTERS),
    Route("POST", "invoices", _create, CREATED, body=_NEW),
    Route("GET", "invoices/summary", _list_summaries, filters=_FILTERS),
    Route("POST", "invoices/summary/{invoice_id}/issue", _issue_summary, body=_ISSUE),
    Route("GET", "invoices/upcoming", _upcoming, filters=("subscription_id",)),
    Route("GET", _ONE, _fetch),
    Route("PUT", _ONE, _update, body=_EDIT),
    Route("POST", f"{_ONE}/issue", _issue_whole, body=_ISSUE),
    Route(
        "POST",
        f"{_ONE}/mark_paid",
        _mark_paid,
        body=Shape("payment_received_date*:day external_id notes"),
    ),
    Route("POST", f"{_ONE}/pay", _pay, body=Shape("shared_payment_token_id")),
    Route("POST", f"{_ONE}/void", _void),
    Route("POST", f"{_ONE}/regenerate_invoice_pdf", _regenerate),
    Route("POST", f"{_ONE}/regenerate_receipt_pdf", _regenerate),
    Route("POST", "invoice_line_items", _add_line, CREATED, body=_LINE),
    Route("DELETE", f"{_ONE}/invoice_line_items/{{line_item_id}}", _delete_line, NO_BODY),
)
