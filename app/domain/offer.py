"""What a billing system sells, in a form in which two systems can be compared; only to be read."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from app.domain.pairing import normal_name
from app.domain.record import decimal_text

_EVERY = {0: "once", 1: "monthly", 3: "quarterly", 6: "half-yearly", 12: "yearly"}


@dataclass(frozen=True, slots=True)
class Step:
    """A tier: what it costs up to a number of units, None for all that are left."""

    up_to: Decimal | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Price:
    """One price of a plan.

    Attributes:
        months: How often it is charged, 0 for once; None where that is not told in months.
        how: How its tiers are meant; of one step it does not count.
        steps: None for what is no list of tiers.
        words: What it says in the system's own terms.
    """

    name: str
    currency: str
    months: int | None
    how: str
    steps: tuple[Step, ...] | None
    words: str

    @property
    def text(self) -> str:
        """What it costs, the same for two prices that cost the same."""
        if self.steps is None:
            return self.words
        every = "" if self.months is None else _EVERY.get(self.months, f"{self.months} months")
        costs = "; ".join(
            decimal_text(step.amount)
            if step.up_to is None
            else f"{decimal_text(step.amount)} up to {decimal_text(step.up_to)}"
            for step in self.steps
        )
        how = self.how if len(self.steps) > 1 else ""
        return " ".join(part for part in (self.currency, costs, how, every) if part)


@dataclass(frozen=True, slots=True)
class Offer:
    """One plan.

    Attributes:
        keys: By what it is known: ids and external ids, the first of them its key.
    """

    keys: tuple[str, ...]
    name: str
    currency: str
    prices: tuple[Price, ...]


class OfferKind(Enum):
    """How a plan of one system stands to the other's."""

    ONLY_HERE = "only_in_billing"
    ONLY_THERE = "only_in_against"
    DIFFERENT = "different"
    AMBIGUOUS = "ambiguous"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Gap:
    """What differs: the currency or the prices of a name, as either system has them."""

    name: str
    here: str
    there: str


@dataclass(frozen=True, slots=True)
class PricePair:
    """The prices of one name, as either system has them; `""` where it has none."""

    name: str
    here: str
    there: str


@dataclass(frozen=True, slots=True)
class OfferDiff:
    """A plan of one or of both systems; `here` or `there` is None where it lacks."""

    kind: OfferKind
    here: Offer | None
    there: Offer | None
    gaps: tuple[Gap, ...] = ()


def diff_offers(here: Sequence[Offer], there: Sequence[Offer]) -> Iterator[OfferDiff]:
    """Yield how two systems' plans stand to each other: by a key of both, else by name.

    Keys count without case. Two plans of one name have no twin by name: nobody could say which.
    """
    ours, theirs = _by_plan_name(here), _by_plan_name(there)
    keyed = {key.casefold(): one for one in there for key in one.keys if key}
    taken: set[int] = set()
    for one in here:
        name = normal_name(one.name)
        twin = next((keyed[k.casefold()] for k in one.keys if k.casefold() in keyed), None)
        if twin is None and len(ours[name]) == len(theirs[name]) == 1:
            twin = theirs[name][0]
        if twin is None or id(twin) in taken:
            kind = OfferKind.AMBIGUOUS if theirs[name] else OfferKind.ONLY_HERE
            yield OfferDiff(kind, one, None)
            continue
        taken.add(id(twin))
        gaps = tuple(_gaps(one, twin))
        yield OfferDiff(OfferKind.DIFFERENT if gaps else OfferKind.SAME, one, twin, gaps)
    for one in there:
        if id(one) not in taken:
            several = bool(ours[normal_name(one.name)])
            kind = OfferKind.AMBIGUOUS if several else OfferKind.ONLY_THERE
            yield OfferDiff(kind, None, one)


def _by_plan_name(offers: Iterable[Offer]) -> Mapping[str, list[Offer]]:
    found: dict[str, list[Offer]] = defaultdict(list)
    for one in offers:
        found[normal_name(one.name)].append(one)
    return found


def _gaps(here: Offer, there: Offer) -> Iterator[Gap]:
    if here.currency != there.currency:
        yield Gap("currency", here.currency, there.currency)
    for pair in price_pairs(here, there):
        if pair.here != pair.there:
            yield Gap(pair.name, pair.here or "none", pair.there or "none")


def price_pairs(here: Offer | None, there: Offer | None) -> Iterator[PricePair]:
    """Yield the prices of a plan by name, equal ones too: `here`'s in their order, then the rest.

    Names are the same without case and punctuation; they are given as `here` writes them, if it
    has them.
    """
    ours, theirs = (_by_name(() if one is None else one.prices) for one in (here, there))
    for name in dict.fromkeys((*ours, *theirs)):
        some = ours.get(name, []), theirs.get(name, [])
        words = [" | ".join(sorted(price.text for price in prices)) for prices in some]
        yield PricePair((some[0] or some[1])[0].name, *words)


def _by_name(prices: Iterable[Price]) -> dict[str, list[Price]]:
    found: dict[str, list[Price]] = defaultdict(list)
    for price in prices:
        found[normal_name(price.name)].append(price)
    return found
