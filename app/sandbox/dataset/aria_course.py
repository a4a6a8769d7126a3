"""What became of a customer in Aria: months, plans, ways of paying, and what went wrong."""

from dataclasses import dataclass
from random import Random

from app.sandbox.dataset.counts import SIZES
from app.sandbox.dataset.draw import one_in

SMALL_ACCOUNTS = 60
_RECORDS_EACH = 60  # about what an account brings with it
_FEWEST = 24
_LARGEST = 4000  # a data set by name or size; more are asked for by the setting `accounts`
SHOWCASE, BUSY = 0, 1  # the account with every type of transaction, the one with many
_PAYS = ("card", "card", "card", "wire", "wire", "late", "never")
_FIRST_BRIEF = 240  # accounts from here on have a short history: there may be very many


@dataclass(frozen=True, slots=True)
class Course:
    """How an account came to be what it is; `parent` is how many places its parent is before it."""

    months: int
    masters: int
    supplementals: int
    pays: str  # card, wire, late or never
    status_cd: int = 1
    test: bool = False
    parent: int | None = None
    parent_pays: bool = False
    approval: bool = False  # invoices wait for approval
    custom_rates: bool = False
    coupon: bool = False
    account_wide: bool = False  # the coupon is the whole account's, not of a plan
    second_method: bool = False
    spare_dunning_group: bool = False  # one that no plan follows
    contract: bool = False
    universal_contract: bool = False
    orders: int = 0
    queued: bool = False
    credits: int = 0
    refund: bool = False
    write_off: bool = False
    cancelled_supplemental: bool = False
    every_type: bool = False  # of transaction, and the void of each


def account_count(size: str | int) -> int:
    """Return how many accounts a size means: "small" and so on, or about so many records."""
    if isinstance(size, str) and size in SIZES:
        return min(_LARGEST, round(SMALL_ACCOUNTS * SIZES[size]))
    return min(_LARGEST, max(_FEWEST, int(size) // _RECORDS_EACH))


def course(number: int, random: Random) -> Course:
    """Return the course of the account with a number, counted from 0.

    The same draws give the same course. Which accounts are a parent, a child, a test account and so
    on goes by the number, so that every data set has some of each.
    """
    brief = number >= _FIRST_BRIEF
    months = random.randint(1, 3 if brief else 15)
    if number == BUSY:
        months = 26
    if number == SHOWCASE:
        months = 14
    parent = _parent(number)
    return Course(
        months=months,
        masters=2 if one_in(4, number, 3) else 1,
        supplementals=random.randint(0, 3),
        pays=_pays(number, random),
        status_cd=_status(number),
        test=one_in(20, number, 8),
        parent=parent,
        parent_pays=parent is not None and one_in(2, number, 0),
        approval=one_in(15, number, 7),
        custom_rates=one_in(6, number, 5),
        coupon=one_in(8, number, 4),
        account_wide=one_in(16, number, 12),
        second_method=one_in(5, number, 1),
        spare_dunning_group=one_in(7, number, 2),
        contract=one_in(5, number, 2),
        universal_contract=one_in(20, number, 11),
        orders=160 if number == BUSY else int(one_in(5, number, 3)),
        queued=one_in(9, number, 6),
        credits=2 if one_in(7, number, 0) else 0,
        refund=one_in(10, number, 0),
        write_off=one_in(12, number, 10),
        cancelled_supplemental=one_in(10, number, 2),
        every_type=number == SHOWCASE,
    )


def _pays(number: int, random: Random) -> str:
    drawn = random.choice(_PAYS)
    if one_in(12, number, 10):
        return "never"  # there is something to write off
    return "card" if number <= BUSY else drawn


def _parent(number: int) -> int | None:
    """Return how far before a child its parent stands; at 15, 35, … a grandchild."""
    if one_in(10, number, 4):
        return 1
    if one_in(20, number, 15):
        return 1
    return 2 if one_in(20, number, 5) else None


def _status(number: int) -> int:
    if one_in(17, number, 12):
        return -1
    return 61 if one_in(23, number, 21) else 1
