"""Reconcile: do both sides hold as many records, and do their sums of money agree?"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from app.domain.control import CancelToken
from app.domain.convert import text
from app.domain.mapping import EntityMapping, SumRule
from app.domain.record import Side, Values
from app.store.comparison import Pair, all_pairs, side_counts, stored_diffs
from app.store.twins import beside
from app.sync.workbench import Workbench

_ASK_EACH = 2000
_SIDES = (Side.BILLING, Side.SALESFORCE)


@dataclass(frozen=True, slots=True)
class Count:
    """How many records of an entity each side holds."""

    entity: str
    billing: int
    salesforce: int

    @property
    def gap(self) -> int:
        """How many more billing holds."""
        return self.billing - self.salesforce


@dataclass(frozen=True, slots=True)
class MoneySum:
    """The sum of a money field over the records of one owner and currency.

    Attributes:
        owner: The key of the account, or what else the rule sums by; `""` for all.
        billing: The sum on that side; without totals, of the records that differ alone.
    """

    entity: str
    field: str
    owner: str
    currency: str
    billing: Decimal
    salesforce: Decimal

    @property
    def gap(self) -> Decimal:
        """How much more billing holds."""
        return self.billing - self.salesforce


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a reconciliation found, in the order of the mapping."""

    counts: tuple[Count, ...]
    sums: tuple[MoneySum, ...]

    @property
    def has_gap(self) -> bool:
        """Whether the sides do not hold the same."""
        return any(one.gap for one in self.counts) or any(one.gap for one in self.sums)

    @property
    def gaps(self) -> "Reconciled":
        """The same without what agrees."""
        return Reconciled(
            tuple(one for one in self.counts if one.gap), tuple(one for one in self.sums if one.gap)
        )


@dataclass
class _Tally:
    """The sums of one rule, as pairs are added."""

    entity: EntityMapping
    rule: SumRule
    found: dict[tuple[str, str], list[Decimal]] = field(
        default_factory=lambda: defaultdict(lambda: [Decimal(0), Decimal(0)])
    )

    def add(self, pair: Pair) -> None:
        for side, values in zip(_SIDES, (pair.billing, pair.salesforce), strict=True):
            if values is not None:
                self.add_one(side, values)

    def add_one(self, side: Side, values: Values) -> None:
        amount = values[self.entity.index[self.rule.field]]
        if isinstance(amount, Decimal):
            place = (self._text(values, self.rule.by), self._text(values, self.rule.currency))
            self.found[place][_SIDES.index(side)] += amount

    def sums(self) -> Iterator[MoneySum]:
        for (owner, currency), (billing, salesforce) in sorted(self.found.items()):
            yield MoneySum(self.entity.name, self.rule.field, owner, currency, billing, salesforce)

    def _text(self, values: Values, name: str) -> str:
        return text(values[self.entity.index[name]]) if name else ""


def reconcile(bench: Workbench, cancel: CancelToken, *, totals: bool = False) -> Reconciled:
    """Return counts and sums of both sides, from the store as last compared.

    What agrees adds the same to both sides, so the gaps come from the records that differ; with
    `totals` all records are summed, and sums without a gap are there too. Of records that share a
    key each counts.
    """
    counts, sums = [], list[MoneySum]()
    for entity in bench.mapping.entities:
        tallies = [_Tally(entity, rule) for rule in entity.sums]
        found = dict(zip(_SIDES, side_counts(bench.store, entity), strict=True))
        for side, values in beside(bench.store, entity):
            found[side] += 1
            for tally in tallies:
                tally.add_one(side, values)
        counts.append(Count(entity.name, *found.values()))
        if tallies:
            _sum_up(tallies, _pairs(bench, entity, totals=totals), cancel)
        sums += [one for tally in tallies for one in tally.sums() if totals or one.gap]
    return Reconciled(tuple(counts), tuple(sums))


def _pairs(bench: Workbench, entity: EntityMapping, *, totals: bool) -> Iterator[Pair]:
    if totals:
        return all_pairs(bench.store, entity)
    return (found.pair for found in stored_diffs(bench.store, entity))


def _sum_up(tallies: list[_Tally], pairs: Iterable[Pair], cancel: CancelToken) -> None:
    for number, pair in enumerate(pairs):
        if number % _ASK_EACH == 0:
            cancel.check()
        for tally in tallies:
            tally.add(pair)
