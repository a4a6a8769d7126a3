"""Lives an account of the data set through its months: usage, invoices, payments, trouble."""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from itertools import count
from random import Random

from app.sandbox.aria.accounts import ledger, money_acts
from app.sandbox.aria.accounts.contracting import INSTANCE_SCOPE, UNIVERSAL_SCOPE, add_contract
from app.sandbox.aria.accounts.dates import months_after
from app.sandbox.aria.accounts.invoicing import bill
from app.sandbox.aria.accounts.ledger import Books
from app.sandbox.aria.accounts.rates import plan_services, standard_tiers
from app.sandbox.aria.accounts.setup import add_comment, add_status_history
from app.sandbox.aria.tables import Row
from app.sandbox.dataset.aria_course import Course

_GRACE_DAYS = {"card": 0, "wire": 18, "late": 44}
_USAGE_A_MONTH = 2
_PARENT_PAYS = 2
_PENDING_OF_ORDERS = 10  # every tenth stays pending


@dataclass(slots=True)
class _Agenda:
    """What is still to happen to an account, in the sequence of time."""

    entries: list[tuple[datetime, int, Callable[[], None]]] = field(default_factory=list)
    serials: Iterator[int] = field(default_factory=count)

    def at(self, moment: datetime, act: Callable[[], None]) -> None:
        """Note that something happens at a moment."""
        heapq.heappush(self.entries, (moment, next(self.serials), act))

    def carry_out(self, books: Books, present: datetime) -> None:
        """Let everything happen that lies before `present`."""
        while self.entries and self.entries[0][0] < present:
            books.now, _, act = heapq.heappop(self.entries)
            act()


def live_through(books: Books, how: Course, present: datetime, random: Random) -> None:
    """Carry out everything that happened before `present`, in the sequence of time."""
    began, agenda = books.now.date(), _Agenda()
    if not books.account.rows("plan_instance"):
        return
    _agreements(books, how)
    for month in range(how.months + 1):
        day = months_after(began, month)
        final = months_after(began, month + 1) > present.date()
        agenda.at(_at(day), partial(_bill_all, books, how, agenda, final=final))
        _use(books, random, day, present)
    _plan_orders(books, how, agenda, (present, random))
    agenda.at(present - timedelta(days=6), partial(_care, books, how))
    agenda.carry_out(books, present)
    books.now = present


def _at(day: date) -> datetime:
    return datetime.combine(day, time(0, 10, 42), UTC)


def _masters(books: Books) -> list[Row]:
    return books.account.where("plan_instance", "supp_plan_ind", 0)


def _bill_all(books: Books, how: Course, agenda: _Agenda, *, final: bool) -> None:
    """Bill what is due; the newest invoices of an account with approval stay pending."""
    today = books.now.date().isoformat()
    for master in _masters(books):
        if master["next_bill_date"] > today or master["resp_level_cd"] >= _PARENT_PAYS:
            continue
        day = date.fromisoformat(master["next_bill_date"])
        invoice = bill(books, master, day, pending=how.approval and final)
        if invoice is None or how.pays == "never" or invoice["is_pending_ind"]:
            continue
        when = books.now + timedelta(days=_GRACE_DAYS[how.pays], hours=8)
        agenda.at(when, partial(_settle, books, how, invoice["invoice_no"]))


def _settle(books: Books, how: Course, invoice_no: int) -> None:
    charges = ledger.open_charges(books.account, [invoice_no])
    amount = sum((ledger.open_amount(row) for row in charges), Decimal(0))
    if amount <= 0:
        return
    if how.pays == "wire" or not books.account.rows("payment_method"):
        money_acts.pay(books, ledger.CHECK, amount, charges, reference=f"WIRE-{invoice_no}")
    else:
        money_acts.pay(books, ledger.ELECTRONIC, amount, charges, payment_method_no=1)


def _use(books: Books, random: Random, day: date, present: datetime) -> None:
    for instance in books.account.rows("plan_instance"):
        for service in plan_services(books.catalog, instance["plan_no"]):
            usage_type = books.catalog.get("usage_type", service.usage_type_no)
            if usage_type is None:
                continue
            for _ in range(_USAGE_A_MONTH):
                when = _at(day) + timedelta(days=random.randrange(28), hours=random.randrange(20))
                if when >= present:
                    continue
                money_acts.record_usage(
                    books,
                    instance,
                    usage_type,
                    Decimal(random.randrange(10, 900)),
                    usage_date=when.strftime("%Y-%m-%d %H:%M:%S"),
                    client_record_id=f"use-{books.account.no}-{len(books.account.rows('usage'))}",
                )


def _agreements(books: Books, how: Course) -> None:
    """Add what was agreed at the start: custom rates, coupons, contracts."""
    account, master = books.account, _masters(books)[0]
    name = account.row["client_acct_id"]
    if how.custom_rates:
        _custom_rates(books, master)
    if how.coupon:
        coupons = [row for row in books.catalog.all("coupon") if row["status_ind"]]
        if coupons:
            row = {"coupon_cd": coupons[account.no % len(coupons)]["coupon_cd"]}
            number = None if how.account_wide else master["plan_instance_no"]
            row |= {"plan_instance_no": number, "status": "Active"}
            account.add("coupon_use", {**row, "create_date": books.now.date().isoformat()})
    if how.contract:
        about = {"type_no": 3, "length_months": 24, "client_contract_id": f"{name}-C1"}
        add_contract(books, INSTANCE_SCOPE, [master["plan_instance_no"]], **about)
    if how.universal_contract:
        numbers = [row["plan_instance_no"] for row in _masters(books)]
        about = {"type_no": 2, "length_months": 36, "client_contract_id": f"{name}-U1"}
        add_contract(books, UNIVERSAL_SCOPE, numbers, **about)
    add_comment(books, "Account created", "system")
    if how.status_cd != 1:
        now = books.account.row
        books.account.put("account", {**now, "status_cd": 1})
        add_status_history(books, how.status_cd, "Payment is late")
        books.account.put("account", now)


def _custom_rates(books: Books, master: Row) -> None:
    """Give a tenth off each tier of the first recurring service."""
    for service in plan_services(books.catalog, master["plan_no"]):
        if not service.has("is_recurring_ind"):
            continue
        for row in standard_tiers(books.catalog, master, service.service_no):
            books.account.add(
                "custom_rate",
                {
                    "plan_instance_no": master["plan_instance_no"],
                    "service_no": service.service_no,
                    "rate_seq_no": row["rate_seq_no"],
                    "from_unit": row["from_unit"],
                    "to_unit": row["to_unit"],
                    "rate_per_unit": row["rate_per_unit"] * Decimal("0.9"),
                },
            )
        return


def _plan_orders(books: Books, how: Course, agenda: _Agenda, draw: tuple[datetime, Random]) -> None:
    present, random = draw
    items = [row for row in books.catalog.all("item") if row["active_ind"]]
    began, currency = books.now, books.account.row["acct_currency"]
    for place in range(how.orders if items else 0):
        item = random.choice(items)
        price = books.catalog.get("item_price", item["item_no"], currency)
        if price is None:
            continue
        wish = {"item": item, "units": Decimal(random.randint(1, 3)), "amount": price["price"]}
        moment = began + (present - began) * (place + 1) / (how.orders + 1)
        agenda.at(moment, partial(_order, books, how, place, wish))


def _order(books: Books, how: Course, place: int, wish: Row) -> None:
    name = f"{books.account.row['client_acct_id']}-O{place + 1}"
    order = money_acts.new_order(books, _masters(books)[0], name, [wish])
    if place % _PENDING_OF_ORDERS == _PENDING_OF_ORDERS - 1:
        return
    order = money_acts.bill_order(books, order)
    if how.pays != "never":
        _settle(books, how, order["invoice_no"])


def _care(books: Books, how: Course) -> None:
    """Do what customer care did last week: credits, a refund, a write-off, queued changes."""
    account, master = books.account, _masters(books)[0]
    for place in range(how.credits):
        money_acts.cash_credit(books, Decimal("5.00") * (place + 1), 1, "Goodwill")
        number = master["plan_instance_no"]
        money_acts.service_credit(books, Decimal("7.50"), 2, number, "Outage")
    if how.credits:
        line = {
            "cm_line_amount": Decimal("2.00"),
            "master_plan_instance_no": master["plan_instance_no"],
        }
        money_acts.credit_memo(books, [line], "Billing error", reason_code=3)
    payments = account.rows("payment")
    if how.refund and payments:
        money_acts.refund(books, payments[-1]["transaction_id"], Decimal("1.00"), 3)
    open_invoices = [
        row for row in account.rows("invoice") if not row["paid_date"] and not row["is_pending_ind"]
    ]
    if how.write_off and open_invoices:
        number = open_invoices[0]["invoice_no"]
        money_acts.write_off(books, number, 4, "Uncollectable", dispute=False)
    if how.queued:
        _queue(books, master)
    if how.every_type:
        _show_every_type(books)


def _show_every_type(books: Books) -> None:
    """Book each type of transaction once, and once more with its void (aria.md §2.8)."""
    for kind in ledger.TYPES:
        if kind == ledger.INVOICE:
            oldest = ledger.invoice_transaction(
                books.account, books.account.rows("invoice")[0]["invoice_no"]
            )
            ledger.void(books, oldest["transaction_id"], "Billing error")
            continue
        ledger.book(books, kind, Decimal(kind) + Decimal("10.50"))
        twice = ledger.book(books, kind, Decimal(kind) + Decimal("20.25"))
        ledger.void(books, twice["transaction_id"], "Entered twice")


def _queue(books: Books, master: Row) -> None:
    books.account.add(
        "queued_change",
        {
            "queue_id": books.number("queued_change"),
            "plan_instance_no": master["plan_instance_no"],
            "action": "update",
            "status_cd": 1,
            "effective_date": master["next_bill_date"],
            "queuing_date": books.now.date().isoformat(),
            "queuing_user_id": "api",
            "deleting_date": None,
            "executing_date": None,
            "editing_date": None,
            "values": {"plan_units": master["plan_units"] + 1},
            "custom_rates": [],
        },
    )
