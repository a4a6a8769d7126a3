"""The data set of Orb: the same company's catalog and customers, and what happened since.

It is a list of orders in the sequence of time, not of finished rows: the sandbox carries them out
as if they had come in then, so that invoices, ledgers and balances follow from its own rules.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from app.sandbox.dataset.counts import SIZES
from app.sandbox.dataset.draw import chance, one_in
from app.sandbox.dataset.orb_catalog import CREDITS, PlanOrder, plan_orders
from app.sandbox.dataset.orb_people import CustomerOrder, customer_order
from app.sandbox.dataset.values import Row

HISTORY_DAYS = 420  # from the first order to the data set's present
SMALL_CUSTOMERS = 40
_RECORDS_EACH = 38  # about what a customer brings with it
_FEWEST = 12


@dataclass(frozen=True, slots=True)
class Order:
    """Something that happened at a moment.

    `kind` is customer, subscription, credits, balance, one_off, cancel, change_plan, quantity or
    credit; `customer` and `subscription` are numbers counted from 0; `body` is a request's.
    """

    at: datetime
    kind: str
    customer: int
    body: Row
    subscription: int = -1
    about: CustomerOrder | None = None
    usage: tuple[tuple[str, int], ...] = ()  # metric by name, units a day


def customer_count(size: str | int) -> int:
    """Return how many customers a size means: "small" and so on, or about so many records."""
    if isinstance(size, str) and size in SIZES:
        return round(SMALL_CUSTOMERS * SIZES[size])
    return max(_FEWEST, int(size) // _RECORDS_EACH)


def orders(size: str | int, seed: str, present: datetime) -> list[Order]:
    """Return what happened before `present`, in the sequence of time.

    The same arguments always give the same orders.
    """
    random = Random(seed)
    plans = plan_orders()
    found: list[Order] = []
    count = 0
    for number in range(customer_count(size)):
        mine = list(_of_customer(number, count, plans, random, present))
        count += sum(order.kind == "subscription" for order in mine)
        found += mine
    return sorted(found, key=lambda order: order.at)


def _of_customer(
    number: int, first: int, plans: list[PlanOrder], random: Random, present: datetime
) -> Iterator[Order]:
    about = customer_order(number, random)
    days = HISTORY_DAYS - 30 - random.randrange(HISTORY_DAYS - 60)
    if about.parent is not None:
        days = 20 + random.randrange(10)  # after its parent
    began = present - timedelta(days=days, minutes=random.randrange(1440))
    yield Order(began, "customer", number, about.body, about=about)
    fitting = [plan for plan in plans if plan.body["currency"] == about.currency]
    count = 2 if one_in(4, number, 3) else 1
    if one_in(13, number, 12):
        count = 0
    for place in range(count):
        at = began + timedelta(minutes=30 + 60 * place)
        yield from _of_subscription(
            Order(at, "", number, {}, first + place), fitting, random, present
        )
    if chance(random, 0.35):
        yield _credits(began + timedelta(minutes=10), number, random)
    if one_in(9, number, 5):
        body = {"amount": "50.00", "type": "increment", "description": "Goodwill"}
        yield Order(began + timedelta(hours=5), "balance", number, body)
    if one_in(7, number, 3) and days > 60:  # noqa: PLR2004 - so that it lies in the past
        yield _one_off(present - timedelta(days=40), number, about.currency)


def _of_subscription(
    frame: Order, plans: list[PlanOrder], random: Random, present: datetime
) -> Iterator[Order]:
    plan = random.choice(plans)
    number, customer = frame.subscription, frame.customer
    body: Row = {
        "external_plan_id": plan.body["external_plan_id"],
        "metadata": {"channel": random.choice(("web", "partner", "sales"))},
    }
    if one_in(6, number, 1):
        body["align_billing_with_subscription_start_date"] = True
    if one_in(10, number, 3):
        body["coupon_redemption_code"] = "WELCOME10"
    if one_in(14, number, 6):
        body["name"] = f"{plan.body['name']} for the branch office"
    usage = tuple((name, random.randrange(5, 400)) for name in plan.metrics)
    yield Order(frame.at, "subscription", customer, body, number, usage=usage)
    half = frame.at + (present - frame.at) / 2
    if one_in(8, number, 5):
        yield Order(half, "quantity", customer, {"quantity": random.randrange(2, 9)}, number)
    if one_in(9, number, 7):
        other = random.choice(plans).body["external_plan_id"]
        change = {"change_option": "end_of_subscription_term", "external_plan_id": other}
        yield Order(half, "change_plan", customer, change, number)
    if one_in(7, number, 6):
        option = ("immediate", "end_of_subscription_term")[number % 2]
        yield Order(half + timedelta(days=3), "cancel", customer, {"cancel_option": option}, number)
    if one_in(11, number, 2):
        body = {"reason": "product_unsatisfactory", "memo": "Outage"}
        yield Order(present - timedelta(days=9), "credit", customer, body, number)


def _credits(at: datetime, number: int, random: Random) -> Order:
    body = {
        "currency": CREDITS if chance(random, 0.5) else "USD",
        "amount": random.choice((100, 250, 1000)),
        "per_unit_cost_basis": "0.50" if chance(random, 0.5) else None,
        "expiry_days": random.choice((None, 180, 365)),
        "description": "Prepaid",
    }
    return Order(at, "credits", number, body)


def _one_off(at: datetime, number: int, currency: str) -> Order:
    body = {"currency": currency, "name": "Technician on site", "unit_amount": "120.00"}
    return Order(at, "one_off", number, body)
