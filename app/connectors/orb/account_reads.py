"""One customer's records alone: its lists narrowed to it, nothing read twice (orb.md §2.0, §5)."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from app.connectors.orb.client import NOT_FOUND, OrbClient, OrbRefused, Row, part
from app.connectors.orb.ledger import asked_of, currencies_sold, entry_row, ledger
from app.connectors.orb.paging import Listing, pages
from app.connectors.orb.revenue import BILLED, costs, days_of, lines_of
from app.connectors.orb.rows import invoice_rows, line_rows, named_rows, page_of, version_row
from app.connectors.overlap import overlapped
from app.connectors.protocol import Page
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping

_CUSTOMER, _SUBSCRIPTION, _VERSION = "customer", "subscription", "subscription_version"
_INVOICE, _LINE = "invoice", "invoice_line_item_billing"
_REVENUE, _LEDGER = "daily_line_item_revenue", "credit_ledger_entry"
_Ask = Callable[[], Sequence[Any]]


@dataclass
class _Found:
    """What the first round of calls gave of a customer."""

    customer: Sequence[Row] = ()
    subscriptions: Sequence[Row] = ()
    invoices: Sequence[Row] = ()
    sold: Sequence[str] = ()

    @property
    def drafts(self) -> frozenset[str]:
        """The invoices that are not read."""
        return frozenset(str(one["id"]) for one in self.invoices if one["status"] == "draft")

    def billed(self, subscription: Row) -> Sequence[Row]:
        """Return a subscription's issued invoices, the newest first."""
        own = [
            one
            for one in self.invoices
            if one["status"] in BILLED
            and (one.get("subscription") or {}).get("id") == subscription["id"]
        ]
        return sorted(own, key=lambda one: str(one.get("invoice_date")), reverse=True)


@dataclass(frozen=True, slots=True)
class AccountReads:
    """Reads what belongs to one customer, in two rounds of calls, each `at_once` at a time.

    Attributes:
        currencies: Those of credit ledgers; none for all that plans, prices or the customer name.
    """

    client: OrbClient
    at_once: int
    currencies: Sequence[str] = field(default=())

    def pages(
        self, entities: Sequence[EntityMapping], account: str, cancel: CancelToken
    ) -> Iterator[Page]:
        """Yield the records of a customer, `account` its id; none if Orb does not know it."""
        named = {entity.name: entity for entity in entities}
        found = self._first_round(named, account, cancel)
        if not found.customer:
            return
        tasks = list(self._second_round(named, found, cancel))
        later = overlapped(tasks, self.at_once, cancel)
        rows = {
            _CUSTOMER: named_rows(found.customer),
            _SUBSCRIPTION: named_rows(found.subscriptions),
            _INVOICE: invoice_rows(found.invoices),
            _LINE: line_rows(found.invoices),
        }
        yield from (page_of(named[name], some) for name, some in rows.items() if name in named)
        yield from later

    def _first_round(self, named: Collection[str], account: str, cancel: CancelToken) -> _Found:
        asked: dict[str, _Ask] = {"customer": partial(self._customer, account, cancel)}
        if not {_SUBSCRIPTION, _VERSION, _REVENUE}.isdisjoint(named):
            mine = Listing("subscriptions", (("customer_id[]", account),), "created_at")
            asked["subscriptions"] = partial(self._listed, mine, cancel)
        if states := _states(named):
            wanted = (("customer_id", account), *(("status[]", state) for state in states))
            mine = Listing("invoices", wanted, "invoice_date")
            asked["invoices"] = partial(self._listed, mine, cancel)
        if _LEDGER in named and not self.currencies:
            asked["sold"] = partial(currencies_sold, self.client, cancel)
        answers = overlapped(list(asked.values()), max(self.at_once, len(asked)), cancel)
        return _Found(**dict(zip(asked, answers, strict=True)))

    def _second_round(
        self, named: Mapping[str, EntityMapping], found: _Found, cancel: CancelToken
    ) -> Iterator[Callable[[], Page]]:
        for one in found.subscriptions:
            if _REVENUE in named:  # first, since it takes longest
                yield partial(self._days, named[_REVENUE], one, found, cancel)
        for one in found.subscriptions:
            if _VERSION in named:
                yield partial(self._schedule, named[_VERSION], one, cancel)
        if _LEDGER in named:
            (customer,) = found.customer
            for currency in self.currencies or asked_of(customer, found.sold):
                yield partial(self._ledger, named[_LEDGER], currency, found, cancel)

    def _customer(self, account: str, cancel: CancelToken) -> Sequence[Row]:
        found = self.client.find(f"customers/{part(account)}", cancel)
        return [] if found is None else [found]

    def _listed(self, listing: Listing, cancel: CancelToken) -> Sequence[Row]:
        try:
            return [
                row for page in pages(self.client, listing, self.at_once, cancel) for row in page
            ]
        except OrbRefused as error:
            if error.code == NOT_FOUND:  # the customer is not known
                return []
            raise

    def _days(
        self, entity: EntityMapping, subscription: Row, found: _Found, cancel: CancelToken
    ) -> Page:
        windows = costs(self.client, subscription, None, datetime.now(UTC), cancel)
        return page_of(
            entity, days_of(subscription, windows, lines_of(found.billed(subscription))).rows
        )

    def _schedule(self, entity: EntityMapping, subscription: Row, cancel: CancelToken) -> Page:
        listing = Listing(f"subscriptions/{part(str(subscription['id']))}/schedule")
        found = self._listed(listing, cancel)
        return page_of(entity, [version_row(subscription, entry) for entry in found])

    def _ledger(
        self, entity: EntityMapping, currency: str, found: _Found, cancel: CancelToken
    ) -> Page:
        (customer,), drafts = found.customer, found.drafts
        entries = ledger(self.client, str(customer["id"]), currency, None, cancel)
        return page_of(entity, [entry_row(entry, drafts) for entry in entries])


def _states(named: Collection[str]) -> Sequence[str]:
    """Return the states of the invoices that are needed: drafts are what entries may name."""
    shown = {_INVOICE, _LINE} & set(named)
    return (
        *(BILLED if shown or _REVENUE in named else ()),
        *(("void",) if shown else ()),
        *(("draft",) if _LEDGER in named else ()),
    )
