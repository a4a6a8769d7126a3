"""Quantities of fixed fees over time (orb.md §2.3)."""

from decimal import Decimal

from app.sandbox.orb.amounts import cents, money, number
from app.sandbox.orb.billing import quantity_at
from app.sandbox.orb.invoice_rows import new_invoice, new_line, settle_line
from app.sandbox.orb.periods import period_at
from app.sandbox.orb.rating import rate
from app.sandbox.orb.subscription_rows import timezone_of
from app.sandbox.orb.times import days_between
from app.sandbox.orb.world import Row, World


def change_quantity(world: World, row: Row, interval: Row, at: str, quantity: Decimal) -> None:
    """Let a fee have a quantity from a moment on; more of what was paid in advance is billed."""
    before = quantity_at(interval, at)
    kept = [
        each for each in interval["fixed_fee_quantity_transitions"] if each["effective_date"] < at
    ]
    kept.append({"price_id": interval["price"]["id"], "effective_date": at, "quantity": quantity})
    interval["fixed_fee_quantity_transitions"] = kept
    more = number(quantity) - before
    if at <= world.now and more > 0:
        _bill_rest(world, row, interval, (at, before, number(quantity)))


def drop_later_quantities(world: World, interval: Row) -> None:
    """Forget the changes of a fee's quantity that are yet to come."""
    interval["fixed_fee_quantity_transitions"] = [
        each
        for each in interval["fixed_fee_quantity_transitions"]
        if each["effective_date"] <= world.now
    ]


def _bill_rest(world: World, row: Row, interval: Row, change: tuple[str, Decimal, Decimal]) -> None:
    """Bill the difference for the rest of a period that was charged at its start."""
    at, before, after = change
    price = interval["price"]
    period = period_at(interval, at, timezone_of(world, row))
    if price["billing_mode"] != "in_advance" or period is None or interval["_billed"] == 0:
        return
    customer = world.table("customer")[row["_customer"]]
    share = period.share * days_between(at, period.end) / days_between(period.start, period.end)
    whole = rate(price, {(): after}).subtotal - rate(price, {(): before}).subtotal
    line = new_line(world, price, price["name"], (at, period.end), after - before)
    line["subtotal"] = line["adjusted_subtotal"] = money(cents(whole * share))
    settle_line(customer, line)
    values = {
        "currency": row["_currency"],
        "invoice_date": world.now,
        "source": "partial",
        "subscription": row["id"],
        "net_terms": row["net_terms"],
        "grace_hours": 0,
    }
    new_invoice(world, customer, [line], values)
