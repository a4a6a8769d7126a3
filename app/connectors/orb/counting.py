"""How many records Orb has: lists are paged through, what each has of its own is sampled.

Orb tells no totals (orb.md §1), so that counting a list costs a call for each hundred.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from app.connectors.counting import EntityCount
from app.connectors.orb.client import OrbClient, Row, part
from app.connectors.orb.ledger import asked_of, currencies_sold, ledger
from app.connectors.orb.paging import MOST, Listing, pages
from app.connectors.orb.revenue import costs, days_of
from app.connectors.overlap import overlapped
from app.domain.control import CancelToken

_SAMPLE = 12
_DAYS_A_CALL = 180
_SUBSCRIPTION, _VERSION, _REVENUE = (
    "subscription",
    "subscription_version",
    "daily_line_item_revenue",
)
_CUSTOMER, _LEDGER = "customer", "credit_ledger_entry"
_INVOICE, _LINE = "invoice", "invoice_line_item_billing"
_NEEDS = {
    "plan": frozenset({"plan"}),
    _CUSTOMER: frozenset({_CUSTOMER, _LEDGER}),
    _SUBSCRIPTION: frozenset({_SUBSCRIPTION, _VERSION, _REVENUE}),
    _INVOICE: frozenset({_INVOICE, _LINE}),
}
"""Each list, with the entities for which it is gone through."""


@dataclass(slots=True)
class _List:
    """A list that was gone through.

    Attributes:
        calls: How many it took.
        parts: How many lines its rows have.
        own: How many calls it takes to read what its rows have of their own.
    """

    rows: int = 0
    calls: int = 0
    parts: int = 0
    own: Counter[str] = field(default_factory=Counter)
    some: list[Row] = field(default_factory=list)

    @property
    def sample(self) -> Sequence[Row]:
        """A few rows from all over the list."""
        step = max(1, len(self.some) // _SAMPLE)
        return self.some[::step][:_SAMPLE]


@dataclass(frozen=True, slots=True)
class OrbCounts:
    """Counts the records of one account."""

    client: OrbClient
    lists: Callable[[str], Listing]
    at_once: int
    currencies: Sequence[str]

    def counts(self, names: Collection[str], cancel: CancelToken) -> Iterator[EntityCount]:
        """Yield the count of each entity."""
        for name, entities in _NEEDS.items():
            if entities.isdisjoint(names):
                continue
            found = self._gone_through(name, cancel)
            if name in names:
                yield EntityCount(name, found.rows, exact=True, calls=-(-found.rows // MOST))
            if name == _INVOICE and _LINE in names:
                yield EntityCount(_LINE, found.parts, exact=True, calls=0)
            if _VERSION in entities & set(names):
                yield self._sampled(_VERSION, found, self._versions, cancel)
            if _REVENUE in entities & set(names):
                yield self._sampled(_REVENUE, found, self._days, cancel)
            if _LEDGER in entities & set(names):
                sold = self.currencies or currencies_sold(self.client, cancel)
                yield self._sampled(_LEDGER, found, partial(self._entries, sold), cancel)

    def _gone_through(self, name: str, cancel: CancelToken) -> _List:
        found = _List()
        for page in pages(self.client, self.lists(name), self.at_once, cancel):
            found.rows += len(page)
            found.parts += sum(len(row.get("line_items") or ()) for row in page)
            # Of long lists one row a page is enough to choose from, of short ones all are.
            found.some += page if found.rows <= MOST else page[:1]
        return found

    def _sampled(
        self,
        name: str,
        found: _List,
        count: Callable[[Row, CancelToken], tuple[int, int]],
        cancel: CancelToken,
    ) -> EntityCount:
        """Return what the rows of a list have of their own, from a few of them."""
        sample = found.sample
        tasks = [partial(count, row, cancel) for row in sample]
        told = list(overlapped(tasks, self.at_once, cancel))
        share = found.rows / len(sample) if sample else 0
        return EntityCount(
            entity=name,
            records=round(sum(records for records, _ in told) * share),
            exact=len(sample) == found.rows,
            calls=round(sum(calls for _, calls in told) * share),
        )

    def _versions(self, subscription: Row, cancel: CancelToken) -> tuple[int, int]:
        path = f"subscriptions/{part(str(subscription['id']))}/schedule"
        found = list(pages(self.client, Listing(path), 1, cancel))
        return sum(len(page) for page in found), max(1, len(found))

    def _days(self, subscription: Row, cancel: CancelToken) -> tuple[int, int]:
        windows = costs(self.client, subscription, None, datetime.now(UTC), cancel)
        rows = days_of(subscription, windows, ()).rows
        return len(rows), 1 + -(-len(windows) // _DAYS_A_CALL)

    def _entries(self, sold: Sequence[str], customer: Row, cancel: CancelToken) -> tuple[int, int]:
        asked = tuple(sold) if self.currencies else asked_of(customer, sold)
        owner = str(customer["id"])
        found = [ledger(self.client, owner, each, None, cancel) for each in asked]
        return sum(len(entries) for entries in found), len(asked)
