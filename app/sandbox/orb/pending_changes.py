"""Dry runs: changes of a subscription that are shown first and applied later (orb.md §2.3)."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from app.sandbox.orb.amounts import number
from app.sandbox.orb.balance import change_balance
from app.sandbox.orb.checks import Shape
from app.sandbox.orb.customers import named_customer
from app.sandbox.orb.errors import constraint
from app.sandbox.orb.invoice_rows import show_invoice
from app.sandbox.orb.invoice_states import issue, mark_paid
from app.sandbox.orb.paging import PARAMETERS, page_of
from app.sandbox.orb.router import Answer, Call, Route
from app.sandbox.orb.times import later, local_day
from app.sandbox.orb.world import Row, World, shown

_LIFE_H = 24  # how long a pending change can be applied; Orb says only that it expires
_APPLY = Shape(
    "previously_collected_amount:amount mark_as_paid:flag description payment_received_date:day "
    "payment_external_id payment_notes"
)
Settle = Callable[[World], None]


def changing(answer: Answer, change_type: str, settle: Settle) -> Answer:
    """Return a call that makes a pending change where the caller's header asks for it.

    `settle` lets everything happen that is due in a world.
    """

    def answered(call: Call) -> object:
        if not call.pending:
            return answer(call)
        return _put_off(call, answer, change_type, settle)

    return answered


def _put_off(call: Call, answer: Answer, change_type: str, settle: Settle) -> Row:
    world = call.world
    subscription_id = call.params.get("subscription_id")
    row = None if subscription_id is None else world.at("subscription", subscription_id)
    if row is not None and row["_pending_change"] is not None:
        raise constraint("The subscription has a pending change already.")
    preview = _tried(call, answer, settle, row)
    change = {
        "status": "pending",
        "applied_at": None,
        "cancelled_at": None,
        "expiration_time": later(world.now, hours=_LIFE_H),
        "change_type": change_type,
        "effective_date": call.sent("change_date") or call.sent("start_date"),
        "change_option": call.sent("change_option") or call.sent("cancel_option"),
        "plan_id": call.sent("plan_id"),
        "billing_cycle_alignment": call.sent("billing_cycle_alignment"),
        "_subscription": preview["id"] if row is None else row["id"],
        "_customer": preview["customer"]["id"],
        "_external": preview["customer"]["external_customer_id"],
        "_call": (answer, dict(call.params), dict(call.body)),
        "_preview": preview,
    }
    world.add("subscription_change", change)
    preview["pending_subscription_change"] = {"id": change["id"]}
    if row is not None:
        row["_pending_change"] = change["id"]
        world.later(change["expiration_time"], "expire_change", change["id"])
    return preview


def _tried(call: Call, answer: Answer, settle: Settle, row: Row | None) -> Row:
    """Return the subscription as the call would leave it, with what else it would change."""
    world = call.world
    customer_id = row["_customer"] if row else named_customer(world, call.body)["id"]
    fork = world.forked(customer_id)
    return _with_changes(fork, replace(call, world=fork, pending=False), answer, settle)


def _with_changes(world: World, call: Call, answer: Answer, settle: Settle) -> Row:
    invoices, notes = world.table("invoice").rows, world.table("credit_note").rows
    before = set(invoices), set(notes), {each for each in invoices if invoices[each]["voided_at"]}
    answered = answer(call)
    settle(world)
    created = [invoices[each] for each in invoices if each not in before[0]]
    voided = [row for key, row in invoices.items() if row["voided_at"] and key not in before[2]]
    changed = {
        "created_credit_notes": [shown(notes[each]) for each in notes if each not in before[1]],
        "voided_credit_notes": [],
        "created_invoices": [
            {**show_invoice(world, each), "is_payable_now": each["status"] == "issued"}
            for each in created
        ],
        "voided_invoices": [show_invoice(world, each) for each in voided],
    }
    found: Row = answered if isinstance(answered, dict) else {}
    return {**found, "changed_resources": changed}


def _show(change: Row) -> Row:
    return {**shown(change), "subscription": change["_preview"]}


def _list(call: Call) -> Row:
    query = call.query
    customer, external = query.one("customer_id"), query.one("external_customer_id")
    status = query.choice("status", ("pending", "applied", "cancelled"))

    def keep(row: Row) -> bool:
        return (
            customer in {None, row["_customer"]}
            and external in {None, row["_external"]}
            and status in {None, row["status"]}
        )

    def show(row: Row) -> Row:
        names = ("id", "status", "applied_at", "cancelled_at", "expiration_time")
        return {**{name: row[name] for name in names}, "subscription_id": row["_subscription"]}

    return page_of(call.table("subscription_change"), query, show, keep)


def _fetch(call: Call) -> Row:
    return _show(call.record("subscription_change"))


def _pending(call: Call) -> Row:
    change = call.record("subscription_change")
    if change["status"] != "pending":
        raise constraint(f"The change is {change['status']}.")
    if change["expiration_time"] <= call.world.now:
        raise constraint("The change has expired.")
    return change


def _release(call: Call, change: Row) -> None:
    row = call.table("subscription").rows.get(change["_subscription"])
    if row is not None:
        row["_pending_change"] = None


def _apply(settle: Settle) -> Answer:
    def answered(call: Call) -> Row:
        world, change = call.world, _pending(call)
        answer, params, body = change["_call"]
        _release(call, change)
        real = replace(call, params=params, body=body, pending=False)
        change["_preview"] = _with_changes(world, real, answer, settle)
        change["_subscription"] = change["_preview"]["id"]
        change["status"], change["applied_at"] = "applied", world.now
        paid = Decimal(0)
        if call.sent("mark_as_paid"):
            paid = _mark_paid(call, change["_preview"]["changed_resources"]["created_invoices"])
        _credit_collected(call, change, paid)
        return _show(change)

    return answered


def _credit_collected(call: Call, change: Row, paid: Decimal) -> None:
    """Add what was collected before to the customer's balance, without what it has paid."""
    collected = call.sent("previously_collected_amount")
    left = number(collected) - paid if collected is not None else Decimal(0)
    if left > 0:
        subscription = call.table("subscription")[change["_subscription"]]
        customer = call.table("customer")[subscription["_customer"]]
        said = call.sent("description")
        change_balance(call.world, customer, left, "manual_adjustment", description=said)


def _mark_paid(call: Call, created: list[Row]) -> Decimal:
    """Mark the invoices that can be paid as paid, today unless told; return what they came to."""
    paid = Decimal(0)
    for each in created:
        invoice = call.table("invoice")[each["id"]]
        if invoice["status"] == "draft":
            issue(call.world, invoice)
        if invoice["status"] in {"issued", "synced"}:
            about = {
                "external_id": call.sent("payment_external_id"),
                "notes": call.sent("payment_notes"),
            }
            today = local_day(call.world.now, "UTC").isoformat()
            paid += number(invoice["amount_due"])
            mark_paid(call.world, invoice, call.sent("payment_received_date", today), **about)
    return paid


def _cancel(call: Call) -> Row:
    change = _pending(call)
    change["status"], change["cancelled_at"] = "cancelled", call.world.now
    _release(call, change)
    change["_preview"]["pending_subscription_change"] = None
    return _show(change)


def routes(settle: Settle) -> list[Route]:
    """Return the routes of pending changes."""
    one = "subscription_changes/{subscription_change_id}"
    filters = (*PARAMETERS, "customer_id", "external_customer_id", "status")
    return [
        Route("GET", "subscription_changes", _list, filters=filters),
        Route("GET", one, _fetch),
        Route("POST", f"{one}/apply", _apply(settle), body=_APPLY),
        Route("POST", f"{one}/cancel", _cancel),
    ]
