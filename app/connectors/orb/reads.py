"""Which calls read what: the eight objects in as few calls as Orb's API allows (orb.md §5)."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

from app.connectors.counting import EntityCount
from app.connectors.orb.account_reads import AccountReads
from app.connectors.orb.action_list import NEW
from app.connectors.orb.client import OrbClient, Row, if_there, part
from app.connectors.orb.counting import OrbCounts
from app.connectors.orb.ledger import entries
from app.connectors.orb.paging import Listing, pages
from app.connectors.orb.revenue import BILLED, Days, daily
from app.connectors.orb.rows import invoice_rows, line_rows, named_rows, page_of, version_row
from app.connectors.overlap import overlapped
from app.connectors.protocol import Page, ReadRequest, Scope
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping
from app.errors import CursorRefused, WrongUse

GROUPS = (
    frozenset({"plan"}),
    frozenset({"customer"}),
    frozenset({"subscription", "subscription_version"}),
    frozenset({"invoice", "invoice_line_item_billing"}),
    frozenset({"daily_line_item_revenue"}),
    frozenset({"credit_ledger_entry"}),
)
"""Entities that the same calls read."""
LOOK_BACK = {
    "daily_line_item_revenue": timedelta(days=62),
    "credit_ledger_entry": timedelta(days=35),
}
"""How far behind its cursor a read of what changed begins: what is corrected later is found by a
whole read. Of the other entities Orb tells no changes (orb.md §6.1), so they are read whole."""
_PATHS = {
    "plan": "plans",
    "customer": "customers",
    "subscription": "subscriptions",
    "invoice": "invoices",
}
_LISTS = {
    "plan": Listing("plans"),
    "customer": Listing("customers", window="created_at"),
    "subscription": Listing("subscriptions", window="created_at"),
    # An invoice that becomes void leaves the list unless it is asked for (orb.md §6.3).
    "invoice": Listing(
        "invoices", tuple(("status[]", state) for state in (*BILLED, "void")), "invoice_date"
    ),
}
_ROWS: Mapping[str, Callable[[list[Row]], Iterator[Row]]] = {
    "plan": named_rows,
    "customer": named_rows,
    "subscription": named_rows,
    "invoice": invoice_rows,
    "invoice_line_item_billing": line_rows,
}
_LISTED_WITH = {
    "subscription_version": "subscription",
    "daily_line_item_revenue": "subscription",
    "invoice_line_item_billing": "invoice",
}
_VERSION = "subscription_version"
_REVENUE = "daily_line_item_revenue"
_LEDGER = "credit_ledger_entry"
Found = TypeVar("Found")


def grouped(entities: Sequence[EntityMapping]) -> list[tuple[EntityMapping, ...]]:
    """Return the entities in groups that are read together.

    Raises:
        WrongUse: The mapping has an entity that Orb does not have.
    """
    known = frozenset[str]().union(*GROUPS)
    unknown = [entity.name for entity in entities if entity.name not in known]
    if unknown:
        raise WrongUse(
            f"The Orb connector does not know the entity {unknown[0]!r} of the mapping.",
            f"It knows {', '.join(sorted(known))}.",
        )
    found = (tuple(e for e in entities if e.name in names) for names in GROUPS)
    return [group for group in found if group]


class OrbReads:
    """Reads groups of entities, `at_once` calls at a time.

    Attributes:
        currencies: Those of credit ledgers, none for all that there are signs of.
    """

    def __init__(
        self, client: OrbClient, instance: str, at_once: int, currencies: Sequence[str] = ()
    ) -> None:
        self._client = client
        self._instance = instance
        self._at_once = at_once
        self.currencies = tuple(currencies)
        self._of_account = AccountReads(client, at_once, self.currencies)

    def pages(self, request: ReadRequest, cancel: CancelToken) -> Iterator[Page]:
        """Yield the records of each entity asked for, in pages.

        Raises:
            CursorRefused: The cursor is of another account or mode.
        """
        grouped(request.entities)
        if request.scope is Scope.KEYS:
            for entity in request.entities:
                yield from self._by_keys(entity, frozenset(request.keys), cancel)
            return
        if request.scope is Scope.ACCOUNT:
            yield from self._of_account.pages(request.entities, request.account, cancel)
            return
        began = datetime.now(UTC)
        since = self._since(request) if request.scope is Scope.SINCE else None
        yield from self._whole(request.entities, since, cancel)
        for entity in request.entities:
            if entity.name in LOOK_BACK:
                yield Page(entity.name, (), cursor=f"{self._instance}|{began.isoformat()}")

    def counts(self, names: Collection[str], cancel: CancelToken) -> Iterator[EntityCount]:
        """Yield how many records there are of each entity, in any order."""
        made = OrbCounts(self._client, _LISTS.__getitem__, self._at_once, self.currencies)
        return made.counts(names, cancel)

    def forecast(self, entity: EntityMapping, keys: int) -> int:
        """Return the calls that a read of that many keys takes, at least."""
        return 2 * keys if entity.name in {_VERSION, _REVENUE} else keys

    def read_once(self, entity: EntityMapping, key: str) -> str:
        """Return the id that a read of a key asks for; `""` of a record that is to be made."""
        del entity
        return "" if key.startswith(NEW) else key.partition("|")[0]

    def _since(self, request: ReadRequest) -> datetime:
        instance, _, text = request.cursor.rpartition("|")
        if instance != self._instance:
            raise CursorRefused(f"The cursor is of {instance}, this is {self._instance}.")
        return datetime.fromisoformat(text) - LOOK_BACK[request.entities[0].name]

    def _whole(
        self, entities: Sequence[EntityMapping], since: datetime | None, cancel: CancelToken
    ) -> Iterator[Page]:
        first = entities[0]
        if first.name == _LEDGER:
            found = entries(self._client, self.currencies, since, self._at_once, cancel)
            yield from (page_of(first, page) for page in found)
            return
        listing = _LISTS[_LISTED_WITH.get(first.name, first.name)]
        for rows in pages(self._client, listing, self._at_once, cancel):
            yield from self._of_rows(entities, rows, since, cancel)

    def _of_rows(
        self,
        entities: Sequence[EntityMapping],
        rows: list[Row],
        since: datetime | None,
        cancel: CancelToken,
    ) -> Iterator[Page]:
        """Yield what some resources, and the calls about each of them, give of the entities."""
        for entity in entities:
            if entity.name == _VERSION:
                for found in self._of_each(rows, self._schedule, cancel):
                    yield page_of(entity, found)
            elif entity.name == _REVENUE:
                for days in self._of_each(rows, partial(self._days, since), cancel):
                    page = page_of(entity, days.rows)
                    yield page if since is None else replace(page, gone=days.empty)
            else:
                yield page_of(entity, _ROWS[entity.name](rows))

    def _of_each(
        self, rows: list[Row], ask: Callable[[Row, CancelToken], Found], cancel: CancelToken
    ) -> Iterator[Found]:
        return overlapped([partial(ask, row, cancel) for row in rows], self._at_once, cancel)

    def _schedule(self, subscription: Row, cancel: CancelToken) -> list[Row]:
        listing = Listing(f"subscriptions/{part(str(subscription['id']))}/schedule")
        found: list[Row] = []
        with if_there():
            for page in pages(self._client, listing, 1, cancel):
                found += (version_row(subscription, entry) for entry in page)
        return found

    def _days(self, since: datetime | None, subscription: Row, cancel: CancelToken) -> Days:
        return daily(self._client, subscription, since, datetime.now(UTC), cancel)

    def _by_keys(
        self, entity: EntityMapping, keys: frozenset[str], cancel: CancelToken
    ) -> Iterator[Page]:
        """Yield the records of some keys; lines and ledger entries have no call of their own."""
        keys = frozenset(key for key in keys if not key.startswith(NEW))
        if not keys:
            return
        if entity.name in {_LEDGER, "invoice_line_item_billing"}:
            found = self._whole((entity,), None, cancel)
        else:
            path = _PATHS[_LISTED_WITH.get(entity.name, entity.name)]
            ids = sorted({key.partition("|")[0] for key in keys})
            found = self._of_rows((entity,), self._single(path, ids, cancel), None, cancel)
        for page in found:
            yield replace(page, records=[one for one in page.records if one.key in keys], unkeyed=0)

    def _single(self, path: str, ids: Sequence[str], cancel: CancelToken) -> list[Row]:
        tasks = [partial(self._client.find, f"{path}/{part(each)}", cancel) for each in ids]
        found = overlapped(tasks, self._at_once, cancel)
        return [row for row in found if row is not None]
