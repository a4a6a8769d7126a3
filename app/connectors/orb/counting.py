"""How many records Orb has: lists are paged through, what each has of its own is sampled.

Orb tells no totals (orb.md §1), so that counting a list costs a call for each hundred.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from app.connectors.counting import EntityCount
from app.connectors.orb.client import OrbClient, Row, part
from app.connectors.orb.ledger import asked_of, currencies_sold, ledger
from app.connectors.orb.paging import MOST, Listing, pages
from app.connectors.orb.revenue import calls_for, costs, days_of
from app.connectors.overlap import overlapped
from app.domain.control import CancelToken

_SAMPLE = 12
_SUBSCRIPTION, _VERSION, _REVENUE = (
    "subscription",
    "subscription_version",
    "daily_line_item_revenue",
)
_CUSTOMER, _LEDGER = "customer", "credit_ledger_entry"
_INVOICE, _LINE = "invoice", "invoice_line_item_billing"
_OWN = frozenset({_VERSION, _REVENUE, _LEDGER})
_NEEDS = {
    "plan": frozenset({"plan"}),
    _CUSTOMER: frozenset({_CUSTOMER, _LEDGER}),
    _SUBSCRIPTION: frozenset({_SUBSCRIPTION, _VERSION, _REVENUE}),
    _INVOICE: frozenset({_INVOICE, _LINE}),
}
"""Each list, with the entities for which it is gone through."""


@dataclass(frozen=True, slots=True)
class _Own:
    """What each row of a list has of its own.

    Attributes:
        ask: Asks how many records a row has.
        takes: Tells the calls that a read of them takes, and what their number grows with.
        calls: What the read takes besides.
    """

    ask: Callable[[Row, CancelToken], int]
    takes: Callable[[Row], tuple[int, float]]
    calls: int = 0


@dataclass(slots=True)
class _List:
    """A list that was gone through.

    Attributes:
        calls: How many it took.
        parts: How many lines its rows have.
        own: Entity → the calls that it takes to read what the rows have of their own.
        size: Entity → what the number of those records grows with, of all rows together.
    """

    rows: int = 0
    calls: int = 0
    parts: int = 0
    own: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    size: dict[str, float] = field(default_factory=lambda: defaultdict(float))
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
            if not (wanted := entities & set(names)):
                continue
            own = {entity: self._own(entity, cancel) for entity in sorted(wanted & _OWN)}
            found = self._gone_through(name, own, cancel)
            if name in wanted:
                yield EntityCount(name, found.rows, exact=True, calls=found.calls)
            if _LINE in wanted:
                calls = 0 if name in wanted else found.calls
                yield EntityCount(_LINE, found.parts, exact=True, calls=calls)
            for entity, one in own.items():
                yield self._sampled(entity, one, found, cancel, listed=name in wanted)

    def _own(self, entity: str, cancel: CancelToken) -> _Own:
        if entity == _VERSION:
            return _Own(self._versions, lambda _row: (1, 1))
        if entity == _REVENUE:
            now = datetime.now(UTC)
            return _Own(self._days, lambda row: calls_for(row, now))
        before = self.client.http.calls
        sold = self.currencies or currencies_sold(self.client, cancel)
        calls = self.client.http.calls - before + 1  # one, or more, for drafts

        def asked(customer: Row) -> Sequence[str]:
            return sold if self.currencies else asked_of(customer, sold)

        def takes(customer: Row) -> tuple[int, float]:
            count = len(asked(customer))
            return count, count

        return _Own(lambda row, token: self._entries(row, asked(row), token), takes, calls)

    def _gone_through(self, name: str, own: Mapping[str, _Own], cancel: CancelToken) -> _List:
        found, before = _List(), self.client.http.calls
        for page in pages(self.client, self.lists(name), self.at_once, cancel):
            found.rows += len(page)
            found.parts += sum(len(row.get("line_items") or ()) for row in page)
            # Of long lists one row a page is enough to choose from, of short ones all are.
            found.some += page if found.rows <= MOST else page[:1]
            for entity, one in own.items():
                for row in page:
                    calls, size = one.takes(row)
                    found.own[entity] += calls
                    found.size[entity] += size
        found.calls = self.client.http.calls - before
        return found

    def _sampled(
        self, entity: str, own: _Own, found: _List, cancel: CancelToken, *, listed: bool
    ) -> EntityCount:
        """Return what the rows of a list have of their own, from a few of them."""
        sample = found.sample
        tasks = [partial(own.ask, row, cancel) for row in sample]
        told = sum(overlapped(tasks, self.at_once, cancel))
        size = sum(own.takes(row)[1] for row in sample)
        again = 0 if listed and entity == _VERSION else found.calls  # the others list it anew
        return EntityCount(
            entity=entity,
            records=round(told * found.size[entity] / size) if size else 0,
            exact=len(sample) == found.rows,
            calls=found.own[entity] + own.calls + again,
        )

    def _versions(self, subscription: Row, cancel: CancelToken) -> int:
        path = f"subscriptions/{part(str(subscription['id']))}/schedule"
        return sum(len(page) for page in pages(self.client, Listing(path), 1, cancel))

    def _days(self, subscription: Row, cancel: CancelToken) -> int:
        windows = costs(self.client, subscription, None, datetime.now(UTC), cancel)
        return len(days_of(subscription, windows, ()).rows)

    def _entries(self, customer: Row, asked: Sequence[str], cancel: CancelToken) -> int:
        owner = str(customer["id"])
        return sum(len(ledger(self.client, owner, each, None, cancel)) for each in asked)
