"""Invoices: made from lines, and as Orb shows them (orb.md §2.4)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from app.sandbox.orb.amounts import cents, money, number, plain
from app.sandbox.orb.customers import brief
from app.sandbox.orb.times import day_or_moment, later
from app.sandbox.orb.world import Row, World, shown

GRACE_H = 12  # how long a subscription's invoice stays a draft
_SUMMARY_LACKS = frozenset(
    {
        "line_items",
        "hidden_line_item_count",
        "subtotal",
        "discounts",
        "discount",
        "minimum",
        "minimum_amount",
        "maximum",
        "maximum_amount",
    }
)
_NOT_YET = (  # what a draft has not, or what is deprecated
    "voided_at",
    "paid_at",
    "issued_at",
    "scheduled_issue_at",
    "issue_failed_at",
    "sync_failed_at",
    "payment_failed_at",
    "payment_started_at",
    "payment_received_at",
    "invoice_pdf",
    "hosted_invoice_url",
    "discount",
    "minimum",
    "minimum_amount",
    "maximum",
    "maximum_amount",
)
_ZERO = Decimal(0)


def show_invoice(world: World, row: Row) -> Row:
    """Return an invoice, whole."""
    notes = world.table("credit_note").rows
    summaries = [_note_summary(notes[each]) for each in row["_credit_notes"]]
    transactions = world.table("balance_transaction").rows
    return {
        **shown(row),
        "credit_notes": summaries,
        "customer_balance_transactions": [shown(transactions[each]) for each in row["_balance"]],
        "line_items": [
            {**line, "price": shown(line["price"])} for line in map(shown, row["line_items"])
        ],
    }


def show_summary(world: World, row: Row) -> Row:
    """Return an invoice without what its summary lacks."""
    whole = show_invoice(world, row)
    return {name: value for name, value in whole.items() if name not in _SUMMARY_LACKS}


def brief_invoice(world: World, row: Row) -> Row:
    """Return an invoice as a credit block names it."""
    del world
    names = ("id", "invoice_number", "status", "customer", "subscription")
    return {name: row[name] for name in names}


def _note_summary(note: Row) -> Row:
    names = ("id", "credit_note_number", "reason", "total", "voided_at", "type", "memo")
    return {name: note[name] for name in names}


def new_line(world: World, price: Row, name: str, span: tuple[str, str], quantity: Decimal) -> Row:
    """Return a line without any amount."""
    return {
        "id": world.new_id("line_item"),
        "name": name,
        "price": price,
        "quantity": plain(quantity),
        "start_date": span[0],
        "end_date": span[1],
        "subtotal": "0.00",
        "adjusted_subtotal": "0.00",
        "credits_applied": "0.00",
        "partially_invoiced_amount": "0.00",
        "amount": "0.00",
        "adjustments": [],
        "sub_line_items": [],
        "tax_amounts": [],
        "grouping": None,
        "usage_customer_ids": None,
        "filter": None,
    }


def settle_line(customer: Row, line: Row) -> None:
    """Work out the amount and the tax of a line from its adjusted subtotal and credits."""
    amount = number(line["adjusted_subtotal"]) - number(line["credits_applied"])
    amount -= number(line["partially_invoiced_amount"])
    line["amount"] = money(amount)
    tax = customer.get("_tax")
    if tax is None or customer["exempt_from_automated_tax"]:
        return
    line["tax_amounts"] = [
        {
            "tax_rate_description": tax["description"],
            "tax_rate_percentage": tax["percentage"],
            "tax_reason": None,
            "amount": money(amount * number(tax["percentage"]) / 100),
        }
    ]


def add_up(row: Row) -> None:
    """Work out the sums of an invoice from its lines; tax is part of the total."""
    lines = row["line_items"]
    row["subtotal"] = money(sum((number(line["subtotal"]) for line in lines), _ZERO))
    tax = [number(each["amount"]) for line in lines for each in line["tax_amounts"]]
    total = sum((number(line["amount"]) for line in lines), _ZERO) + sum(tax, _ZERO)
    row["total"] = money(total)
    row["amount_due"] = row["total"]


def new_invoice(
    world: World, customer: Row, lines: Sequence[Row], values: Mapping[str, Any]
) -> Row:
    """Store a draft with these lines and return it; sums are added up here.

    `values` gives `currency`, `invoice_date` and `source`, and may give `subscription`,
    `net_terms`, `due_date`, `memo`, `will_auto_issue`, `auto_collection`, `grace_hours`,
    `metadata`.
    """
    date = values["invoice_date"]
    row: Row = {
        **dict.fromkeys(_NOT_YET),
        "metadata": values.get("metadata") or {},
        "id": world.new_id("invoice"),
        "auto_collection": {
            "next_attempt_at": None,
            "previously_attempted_at": None,
            "enabled": values.get("auto_collection", customer["auto_collection"]),
            "num_attempts": 0,
        },
        "created_at": world.now,
        "currency": values["currency"],
        "customer": brief(customer),
        "due_date": values.get("due_date"),
        "invoice_number": _number(world),
        "subscription": values.get("subscription") and {"id": values["subscription"]},
        "status": "draft",
        "invoice_source": values["source"],
        "shipping_address": customer["shipping_address"],
        "billing_address": customer["billing_address"],
        "will_auto_issue": values.get("will_auto_issue", True),
        "eligible_to_issue_at": later(date, hours=values.get("grace_hours", GRACE_H)),
        "customer_tax_id": customer["tax_id"],
        "memo": values.get("memo"),
        "payment_attempts": [],
        "discounts": [],
        "line_items": list(lines),
        "hidden_line_item_count": 0,
        "invoice_date": date,
        "_customer": customer["id"],
        "_subscription": values.get("subscription"),
        "_net_terms": values.get("net_terms"),
        "_credit_notes": [],
        "_balance": [],
    }
    if row["due_date"] is None and row["_net_terms"] is not None:
        row["due_date"] = later(date, days=row["_net_terms"])
    add_up(row)
    world.add("invoice", row)
    if row["_subscription"] is not None:
        world.table("subscription")[row["_subscription"]]["_invoices"].append(row["id"])
    _schedule_issue(world, row)
    return row


def _number(world: World) -> str:
    found = f"NWT-{world.next_invoice_number:06d}"
    world.next_invoice_number += 1
    return found


def _schedule_issue(world: World, row: Row) -> None:
    if row["will_auto_issue"]:
        row["scheduled_issue_at"] = max(row["eligible_to_issue_at"], world.now)
        world.later(row["scheduled_issue_at"], "issue", row["id"])
    else:
        world.later(max(row["invoice_date"], world.now), "date_elapsed", row["id"])


def unit_price(world: World, item: Row, name: str, currency: str, amount: str) -> Row:
    """Return a price that stands on one invoice only."""
    return {
        "metadata": {},
        "id": world.new_id("price"),
        "name": name,
        "external_price_id": None,
        "replaces_price_id": None,
        "price_type": "fixed_price",
        "created_at": world.now,
        "cadence": "one_time",
        "billing_mode": "in_advance",
        "billing_cycle_configuration": {"duration": 1, "duration_unit": "month"},
        "invoicing_cycle_configuration": None,
        "billable_metric": None,
        "dimensional_price_configuration": None,
        "fixed_price_quantity": 1,
        "plan_phase_order": None,
        "currency": currency,
        "conversion_rate": None,
        "conversion_rate_config": None,
        "item": {"id": item["id"], "name": item["name"]},
        "credit_allocation": None,
        "composite_price_filters": None,
        "invoice_grouping_key": None,
        "license_type": None,
        "discount": None,
        "minimum": None,
        "minimum_amount": None,
        "maximum": None,
        "maximum_amount": None,
        "model_type": "unit",
        "unit_config": {"unit_amount": amount, "prorated": False},
    }


def credit_invoice(world: World, customer: Row, block: Row, settings: Mapping[str, Any]) -> Row:
    """Store the invoice by which a customer buys a block of credits, and return it."""
    items = world.table("item")
    item_id = settings.get("item_id") or next(iter(items.rows))
    basis = block["per_unit_cost_basis"] or "0"
    currency = customer["currency"] or "USD"
    name = f"Prepaid {block['_currency']}"
    price = unit_price(world, items.at(item_id), name, currency, basis)
    bought = number(block["maximum_initial_balance"])
    line = new_line(world, price, name, (world.now, later(world.now, days=1)), bought)
    line["subtotal"] = line["adjusted_subtotal"] = money(cents(bought * number(basis)))
    settle_line(customer, line)
    due, zone = settings.get("custom_due_date"), customer["timezone"]
    date = settings.get("invoice_date")
    values = {
        "currency": currency,
        "invoice_date": world.now if date is None else day_or_moment(date, zone),
        "source": "one_off",
        "net_terms": settings.get("net_terms"),
        "due_date": None if due is None else day_or_moment(due, zone),
        "memo": settings.get("memo"),
        "auto_collection": settings["auto_collection"],
        "grace_hours": 0,
    }
    invoice = new_invoice(world, customer, [line], values)
    invoice["_block"] = block["id"]
    invoice["_mark_paid"] = bool(settings.get("mark_as_paid"))
    block["_invoices"].append(invoice["id"])
    return invoice
