"""The ledger of an account: charges, credits and the balance after each of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal

from app.domain.mapping import EntityMapping, Role, WorkspaceMapping
from app.views.state.facets import AccountRecord, day_of

ZERO = Decimal(0)
_NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class Posting:
    """One movement of a balance.

    Attributes:
        charge, credit: What it takes and what it gives, neither below zero; None for what it does
            not do. What only informs has neither.
        balance: What stands after it, in its currency.
    """

    record: AccountRecord
    day: date | None
    charge: Decimal | None
    credit: Decimal | None
    balance: Decimal


@dataclass(frozen=True, slots=True)
class Sum:
    """Charges and credits of one currency, summed."""

    count: int = 0
    charge: Decimal = ZERO
    credit: Decimal = ZERO

    def plus(self, posting: Posting) -> "Sum":
        """Return the sum with one more posting."""
        return Sum(
            self.count + 1,
            self.charge + (posting.charge or ZERO),
            self.credit + (posting.credit or ZERO),
        )


def ledger_entity(mapping: WorkspaceMapping) -> EntityMapping | None:
    """Return the entity whose records move a balance: transactions, else prepaid credit."""
    for role in (Role.TRANSACTION, Role.CREDIT):
        for entity in mapping.of_account():
            if entity.role is role:
                return entity
    return None


def is_owed(entity: EntityMapping) -> bool:
    """Return whether a ledger's balance is what the customer owes, else what the customer has."""
    return entity.role is Role.TRANSACTION


def postings(entity: EntityMapping, records: Iterable[AccountRecord]) -> list[Posting]:
    """Return the postings of a ledger, oldest first, each with the balance of its currency after.

    The balance is the sum of the signed amounts in order. Where a record of prepaid credit tells
    the balance that it left (facet `balance`), that counts: it holds also when older records were
    not read.
    """
    found, balances = [], dict[str, Decimal]()
    for record in sorted(records, key=in_time):
        before = balances.get(record.currency)
        posting = _posting(entity, record, before)
        balances[record.currency] = posting.balance
        found.append(posting)
    return found


def in_time(record: AccountRecord) -> tuple[float, Decimal, str]:
    """Return by what records are sorted: when, then number, then key."""
    number = record.number("number")
    return _moment(record), ZERO if number is None else number, record.key


def summed(found: Iterable[Posting]) -> Mapping[str, Sum]:
    """Return currency → sums, by currency."""
    sums: dict[str, Sum] = defaultdict(Sum)
    for posting in found:
        unit = posting.record.currency
        sums[unit] = sums[unit].plus(posting)
    return dict(sorted(sums.items()))


def balances_before(found: Sequence[Posting], first: date | None) -> Mapping[str, Decimal]:
    """Return currency → what stood before a day, from postings in order; none for None."""
    left: dict[str, Decimal] = {}
    for posting in found:
        if first is not None and posting.day is not None and posting.day < first:
            left[posting.record.currency] = posting.balance
    return left


def _posting(entity: EntityMapping, record: AccountRecord, before: Decimal | None) -> Posting:
    charge, credit = _amounts(entity, record)
    # What transactions show as their balance is what is left to be applied of each.
    told = None if is_owed(entity) else record.number("balance")
    plain = Posting(record, record.day("date"), charge, credit, ZERO)
    if told is not None and before is not None:
        plain = _as_told(plain, before - told)
    taken, given = plain.charge or ZERO, plain.credit or ZERO
    move = taken - given if is_owed(entity) else given - taken
    return replace(plain, balance=(before or ZERO) + move if told is None else told)


def _as_told(plain: Posting, charged: Decimal) -> Posting:
    """Return a posting that agrees with the balances around it, where they tell of it alone.

    Their difference knows the sign, and that what only informs moved nothing. Where it is another
    amount, records in between were not read.
    """
    amount = (plain.charge or ZERO) - (plain.credit or ZERO)
    if charged and abs(charged) != abs(amount):
        return plain
    return replace(
        plain,
        charge=charged if charged > 0 else None,
        credit=-charged if charged < 0 else None,
    )


def _amounts(entity: EntityMapping, record: AccountRecord) -> tuple[Decimal | None, Decimal | None]:
    """Return charge and credit, from facets of their own or from the sign of the amount."""
    charge, credit = record.number("charge"), record.number("credit")
    if charge or credit:
        return (abs(charge) if charge else None), (abs(credit) if credit else None)
    amount = record.number("amount")
    if not amount:
        return None, None
    takes = amount > 0 if is_owed(entity) else amount < 0
    return (abs(amount), None) if takes else (None, abs(amount))


def _moment(record: AccountRecord) -> float:
    value = record.value("date")
    if isinstance(value, datetime):
        return value.timestamp()
    day = day_of(value, record.zone)
    return _NEVER if day is None else datetime.combine(day, time(), UTC).timestamp()
