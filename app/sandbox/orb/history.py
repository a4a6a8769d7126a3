"""The data set carried out: an account of Orb as its past has made it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.sandbox.dataset.orb import HISTORY_DAYS, Order, orders
from app.sandbox.dataset.orb_catalog import coupon_orders, item_names, metric_orders, plan_orders
from app.sandbox.dataset.orb_models import REGIONS
from app.sandbox.orb import subscription_actions as actions
from app.sandbox.orb.agenda import catch_up
from app.sandbox.orb.amounts import cents, number
from app.sandbox.orb.balance import change_balance
from app.sandbox.orb.catalog import new_coupon, new_item, new_metric
from app.sandbox.orb.credit_ledger import grant
from app.sandbox.orb.credit_note_rows import raise_credit_note
from app.sandbox.orb.customers import new_customer
from app.sandbox.orb.invoice_rows import new_invoice, new_line, settle_line, unit_price
from app.sandbox.orb.plans import new_plan
from app.sandbox.orb.query import Query
from app.sandbox.orb.router import Answer, Call
from app.sandbox.orb.subscription_ends import invoices_of
from app.sandbox.orb.subscription_new import new_subscription
from app.sandbox.orb.subscription_rows import status_of
from app.sandbox.orb.times import later, stamp
from app.sandbox.orb.world import Row, World

_CREDITED = number("0.25")  # the share of a line that a credit note of the data set gives back


@dataclass(slots=True)
class _Past:
    """What the orders carried out so far have made, by their numbers."""

    world: World
    items: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, str] = field(default_factory=dict)
    customers: dict[int, str] = field(default_factory=dict)
    subscriptions: dict[int, str] = field(default_factory=dict)

    def customer(self, order: Order) -> Row:
        return self.world.table("customer")[self.customers[order.customer]]

    def subscription(self, order: Order) -> Row:
        return self.world.table("subscription")[self.subscriptions[order.subscription]]


def world_with_history(size: str | int | None, seed: str, present: datetime) -> World:
    """Return a world as the orders of a data set make it; without a size the catalog alone."""
    world = World(seed, stamp(present - timedelta(days=HISTORY_DAYS)))
    past = _Past(world)
    _make_catalog(past)
    for order in orders(size, seed, present) if size is not None else ():
        catch_up(world, stamp(order.at))
        _ORDERS[order.kind](past, order)
    return world


def _make_catalog(past: _Past) -> None:
    world = past.world
    for name in item_names():
        past.items[name] = new_item(world, {"name": name})["id"]
    for body in metric_orders():
        metric = new_metric(world, {**body, "item_id": past.items[body["item_id"]]})
        metric["_values"] = {"region": REGIONS}
        past.metrics[body["name"]] = metric["id"]
    for body in coupon_orders():
        new_coupon(world, body)
    for order in plan_orders():
        plan = new_plan(world, {**order.body, "prices": _named(past, order.body["prices"])})
        plan["trial_config"]["trial_period"] = order.trial_days


def _named(past: _Past, prices: list[Row]) -> list[Row]:
    """Return prices with the ids of items and metrics in place of their names."""
    found = []
    for entry in prices:
        key = "price" if "price" in entry else "allocation_price"
        price = {**entry[key], "item_id": past.items[entry[key]["item_id"]]}
        if "billable_metric_id" in price:
            price["billable_metric_id"] = past.metrics[price["billable_metric_id"]]
        found.append({**entry, key: price})
    return found


def _customer(past: _Past, order: Order) -> None:
    body, about = dict(order.body), order.about
    if about is not None and about.parent in past.customers:
        parent = past.world.table("customer")[past.customers[about.parent]]
        if parent["_parent"] is None:
            body["hierarchy"] = {"parent_customer_id": parent["id"]}
    customer = new_customer(past.world, body)
    if about is not None:
        customer["_pays_after_days"] = about.pays_after_days
        customer["_flaky"], customer["_tax"] = about.flaky, about.tax
    past.customers[order.customer] = customer["id"]


def _subscription(past: _Past, order: Order) -> None:
    body = {**order.body, "customer_id": past.customers[order.customer]}
    row = new_subscription(past.world, body)
    row["_usage"] = {past.metrics[name]: daily for name, daily in order.usage}
    past.subscriptions[order.subscription] = row["id"]


def _acted(answer: Answer) -> Callable[[_Past, Order], None]:
    """Return an order that is a call on a subscription; one that ended is left alone."""

    def act(past: _Past, order: Order) -> None:
        row = past.subscription(order)
        if status_of(past.world, row) == "active":
            params = {"subscription_id": row["id"]}
            answer(Call(past.world, params, Query(""), order.body))

    return act


def _quantity(past: _Past, order: Order) -> None:
    row = past.subscription(order)
    fees = [
        interval["price"]["id"]
        for interval in row["price_intervals"]
        if interval["price"]["price_type"] == "fixed_price"
        and interval["price"]["cadence"] != "one_time"
        and interval["end_date"] is None
    ]
    if fees and status_of(past.world, row) == "active":
        body = {"price_id": fees[0], **order.body}
        params = {"subscription_id": row["id"]}
        actions.update_quantity(Call(past.world, params, Query(""), body))


def _credits(past: _Past, order: Order) -> None:
    body, days = dict(order.body), order.body["expiry_days"]
    body["expiry_date"] = None if days is None else later(past.world.now, days=days)
    grant(past.world, past.customer(order), body["currency"], body)


def _balance(past: _Past, order: Order) -> None:
    amount, said = number(order.body["amount"]), order.body["description"]
    customer = past.customer(order)
    change_balance(past.world, customer, amount, "manual_adjustment", description=said)


def _one_off(past: _Past, order: Order) -> None:
    world, customer = past.world, past.customer(order)
    if customer["currency"] not in {None, order.body["currency"]}:
        return
    item = next(iter(world.table("item").rows.values()))
    name, amount = order.body["name"], order.body["unit_amount"]
    price = unit_price(world, item, name, order.body["currency"], amount)
    line = new_line(world, price, name, (world.now, later(world.now, days=1)), number(1))
    line["subtotal"] = line["adjusted_subtotal"] = amount
    settle_line(customer, line)
    about = {"invoice_date": world.now, "source": "one_off", "net_terms": 14, "grace_hours": 0}
    new_invoice(world, customer, [line], {"currency": order.body["currency"], **about})


def _credit(past: _Past, order: Order) -> None:
    """Credit a part of the largest line of the latest issued invoice."""
    found = [
        (invoice, line)
        for invoice in invoices_of(past.world, past.subscription(order))
        if invoice["status"] in {"issued", "paid"}
        for line in invoice["line_items"]
        if number(line["amount"]) > 1
    ]
    if found:
        invoice, line = found[-1]
        amount = cents(number(line["amount"]) * _CREDITED)
        memo = order.body["memo"]
        raise_credit_note(past.world, invoice, [(line, amount)], "Product unsatisfactory", memo)


_ORDERS: dict[str, Callable[[_Past, Order], None]] = {
    "customer": _customer,
    "subscription": _subscription,
    "credits": _credits,
    "balance": _balance,
    "one_off": _one_off,
    "cancel": _acted(actions.cancel),
    "change_plan": _acted(actions.change_plan),
    "quantity": _quantity,
    "credit": _credit,
}
