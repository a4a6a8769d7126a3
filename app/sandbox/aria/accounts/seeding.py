"""Makes an account of the data set: who it is, its plans, and its history carried out in time."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from functools import cache
from random import Random

from app.sandbox.aria.accounts.account import Account
from app.sandbox.aria.accounts.dates import months_after
from app.sandbox.aria.accounts.ledger import Books
from app.sandbox.aria.accounts.numbering import (
    CLIENT_ID_PREFIX,
    FIRST_ACCT_NO,
    FIRST_CUSTOMER,
    USERID_PREFIX,
    Block,
    first_number,
)
from app.sandbox.aria.accounts.past import live_through
from app.sandbox.aria.accounts.setup import (
    Offer,
    add_billing_group,
    add_contact,
    add_dunning_group,
    add_instance,
    add_payment_method,
    add_second_method,
    new_account,
    offers,
)
from app.sandbox.aria.tables import Row, Tables
from app.sandbox.dataset.aria_course import Course, course
from app.sandbox.dataset.aria_people import person

_TERMS = "wire"
_FRESH = timedelta(hours=1)


_REMEMBERED = 4096  # any account can be made again


class Seeder:
    """Makes the account at a place; the same place gives the same account, never to be changed."""

    def __init__(self, catalog: Callable[[], Tables], seed: int, present: datetime) -> None:
        self._catalog = cache(catalog)
        self._seed = seed
        self._present = present
        self._offers: dict[str, list[Offer]] = {}
        self._made: OrderedDict[int, Account] = OrderedDict()

    def is_fresh(self, now: datetime) -> bool:
        """Tell whether histories that end at the data set's present still end about now."""
        return timedelta(0) <= now - self._present < _FRESH

    def __call__(self, place: int) -> Account:
        """Return the account at a place, counted from 0."""
        found = self._made.get(place)
        if found is None:
            found = self._made[place] = self._make(place)
            if len(self._made) > _REMEMBERED:
                self._made.popitem(last=False)
        else:
            self._made.move_to_end(place)
        return found

    def _make(self, place: int) -> Account:
        random = Random(f"aria {self._seed} account {place}")
        who, how = person(place, random), course(place, random)
        began = months_after(self._present.date(), -how.months)
        began_at = datetime.combine(began, time(9, 30), UTC) - timedelta(days=place % 20 + 1)
        currency = self._currency(place, who.currency, how)
        row = new_account(FIRST_ACCT_NO + place, currency, began_at)
        customer = FIRST_CUSTOMER + place
        row |= {
            "client_acct_id": f"{CLIENT_ID_PREFIX}{customer}",
            "userid": f"{USERID_PREFIX}{customer}",
            "status_cd": how.status_cd,
            "test_acct_ind": int(how.test),
            "consumer_acct_ind": int(who.consumer),
            "invoice_approval_required": int(how.approval),
            "senior_acct_no": None if how.parent is None else FIRST_ACCT_NO + place - how.parent,
            "notify_method": random.choice((1, 1, 2, 10)),
        }
        account = Account(row["acct_no"])
        account.add("account", row)
        books = Books(account, self._catalog(), began_at, Block(place).number)
        self._set_up(books, how, who.contact, random)
        live_through(books, how, self._present, random)
        return account

    def _currency(self, place: int, own: str, how: Course) -> str:
        """Return the account's currency: a child's is that of its oldest ancestor."""
        if how.parent is None:
            return own
        senior = place - how.parent
        random = Random(f"aria {self._seed} account {senior}")
        who, above = person(senior, random), course(senior, random)
        return self._currency(senior, who.currency, above)

    def _offers_in(self, currency: str) -> list[Offer]:
        if currency not in self._offers:
            self._offers[currency] = offers(self._catalog(), currency)
        return self._offers[currency]

    def _set_up(self, books: Books, how: Course, contact: Row, random: Random) -> None:
        name, place = books.account.row["client_acct_id"], books.account.no - FIRST_ACCT_NO
        contact_no = add_contact(books, "account", contact)
        books.account.put(
            "account", {**books.account.row, **contact, "acct_contact_no": contact_no}
        )
        values = [("region", "EMEA" if books.account.row["acct_currency"] != "usd" else "AMER")]
        values += [("interests", "fibre"), ("interests", "voice")] if place % 3 == 1 else []
        for field, value in values:
            row = {"supp_field_name": field, "supp_field_value": value}
            books.account.add("acct_supp_field", row)
        if how.pays != _TERMS:
            add_payment_method(books, contact, f"{name}-PM1", 1111 + place % 8000)
        group = add_billing_group(books, contact, f"{name}-BG", terms=how.pays == _TERMS)
        dunning = add_dunning_group(books, f"{name}-DG")
        plans = self._offers_in(books.account.row["acct_currency"])
        for count in range(how.masters if plans else 0):
            self._add_plan(books, how, random.choice(plans), (count, group, dunning, random))
        if how.spare_dunning_group:
            add_dunning_group(books, f"{name}-DG2")
        if how.second_method and how.pays != _TERMS:
            add_second_method(books, contact, f"{name}-PM2", group)

    def _add_plan(
        self, books: Books, how: Course, offer: Offer, draw: tuple[int, int, int, Random]
    ) -> None:
        count, group, dunning, random = draw
        name = f"{books.account.row['client_acct_id']}-M{count + 1}"
        resp, payer = (2 if how.parent_pays else 1), None
        if how.parent_pays and how.parent is not None:
            payer = first_number("plan_instance", books.account.no - FIRST_ACCT_NO - how.parent)
        master = add_instance(
            books, offer.plan, offer.schedule, name,
            units=random.choice((1, 1, 2, 5)), billing_group_no=None if resp > 1 else group,
            dunning_group_no=dunning, resp_level_cd=resp, resp_plan_instance_no=payer,
        )  # fmt: skip
        self._add_fields(books, master, count)
        chosen = [
            random.choice(offer.children) for _ in range(how.supplementals if offer.children else 0)
        ]
        for place, (plan, schedule) in enumerate(chosen):
            supplemental = add_instance(
                books, plan, schedule, f"{name}-S{place + 1}", parent=master,
                units=random.choice((1, 2, 3, 10)), billing_group_no=master["billing_group_no"],
                dunning_group_no=dunning, resp_level_cd=resp, resp_plan_instance_no=payer,
            )  # fmt: skip
            if how.cancelled_supplemental and place == 0:
                books.account.change("plan_instance", supplemental, status_cd=-2)

    def _add_fields(self, books: Books, master: Row, count: int) -> None:
        number = master["plan_instance_no"]
        row = {"plan_instance_no": number, "field_name": "sf_line_id"}
        books.account.add("instance_field", {**row, "field_value": f"0SL{number:012d}"})
        if count:
            row = {"plan_instance_no": number, "field_name": "site", "field_value": "branch"}
            books.account.add("instance_field", row)
