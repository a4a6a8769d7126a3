"""Reads accounts and what they hold: all of them from lists, one of them by its own calls."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

from app.connectors.aria import accounts
from app.connectors.aria.account_discounts import coupon_rows, discount_rows, listed_coupon_rows
from app.connectors.aria.account_histories import plan_history_rows, status_history_rows
from app.connectors.aria.accounts import DETAILS, PLANS, STATUS_HISTORY, Facts, RowsOf
from app.connectors.aria.accounts_needs import Needs, calls_of, of_all, of_one, together
from app.connectors.aria.accounts_plans import account_with_plans, instance_rows, rate_rows
from app.connectors.aria.client import AriaClient, AriaRefused
from app.connectors.aria.numbered import Lists
from app.connectors.aria.object_query import ACCOUNTS, PLAN_INSTANCES
from app.connectors.aria.order_reads import ORDER_SOURCES, OrderReads
from app.connectors.aria.plan_pages import plan_pages
from app.connectors.aria.record_pages import page_of
from app.connectors.aria.values import Row, whole
from app.connectors.overlap import overlapped
from app.connectors.protocol import Page, ReadRequest, Scope
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping
from app.domain.reader import RecordReader
from app.domain.record import Side

NO_ACCOUNT = "1009"
_NO_DATA = "1002"
"""What Aria may say in place of an empty array ("no data found", Aria's knowledge base)."""
_NEVER_EMPTY = frozenset({DETAILS, PLANS})
_WITH_PLANS = {
    "include_rate_schedule": "true",
    "include_plan_services": "true",
    "include_product_fields": "true",
    "include_plan_instance_fields": "true",
    "include_dunning_info": "true",
}
"""What Aria may tell of plan instances only where it is asked to (aria.md §2.5)."""


@dataclass(frozen=True, slots=True)
class Source:
    """How an entity's rows come out of the facts; which column is Aria's own number of one."""

    rows: RowsOf
    number: str


SOURCES: Mapping[str, Source] = {
    "account": Source(account_with_plans, "acct_no"),
    "contact": Source(accounts.contact_rows, "contact_no"),
    "billing_group": Source(accounts.billing_group_rows, "billing_group_no"),
    "payment_method": Source(accounts.payment_method_rows, "payment_method_no"),
    "dunning_group": Source(accounts.dunning_group_rows, "dunning_group_no"),
    "plan_instance": Source(instance_rows, "plan_instance_no"),
    "plan_instance_rate": Source(rate_rows, ""),
    "queued_change": Source(accounts.queue_rows, "queue_id"),
    "account_coupon": Source(coupon_rows, ""),
    "account_discount": Source(discount_rows, ""),
    "contract": Source(accounts.contract_rows, "contract_no"),
    "plan_history": Source(plan_history_rows, ""),
    "status_history": Source(status_history_rows, ""),
}
"""The entities that belong to accounts and are read with them, by the mapping's name."""
_FROM_LISTS: Mapping[str, Source] = {
    "dunning_group": Source(accounts.followed_dunning_rows, "dunning_group_no"),
    "account_coupon": Source(listed_coupon_rows, ""),
}
"""What of these the list of accounts tells. Where a mapping wants no more, no more is taken of an
account that is read alone either: else records of it would come and go."""


class AccountReads:
    """Reads accounts; `at_once` calls for single accounts run at the same time."""

    def __init__(self, client: AriaClient, at_once: int) -> None:
        self._client = client
        self._at_once = at_once
        self._lists = Lists(client, at_once)
        self._orders = OrderReads(client, at_once)

    @property
    def entities(self) -> frozenset[str]:
        """The account and what belongs to it, its money left out."""
        return frozenset(SOURCES) | frozenset(ORDER_SOURCES)

    def groups(self, entities: Sequence[EntityMapping]) -> list[tuple[EntityMapping, ...]]:
        """Return the entities in groups, none of which costs the calls of another."""
        orders = tuple(entity for entity in entities if entity.name in ORDER_SOURCES)
        found = together(entity for entity in entities if entity.name in SOURCES)
        return [*found, orders] if orders else found

    def incremental(self, entity: EntityMapping) -> bool:
        """Yes for orders; accounts have no date of change (aria.md §2.11)."""
        return entity.name in ORDER_SOURCES

    def forecast(self, entity: EntityMapping, keys: int) -> int:
        """Return the calls that a read of keys of that many accounts takes."""
        if entity.name in ORDER_SOURCES:
            return keys
        return keys * len(of_one([entity]).calls)

    def read_once(self, entity: EntityMapping, key: str) -> str:
        """Return the account's number, with which each key begins that Aria gave."""
        del entity
        return "".join(map(str, _numbers([key])))

    def pages(self, request: ReadRequest, cancel: CancelToken) -> Iterator[Page]:
        """Yield the records asked for; pages of 80 accounts, and of each entity one.

        Raises:
            WrongUse: A list is needed and the connection does not say where Object Query is.
            CursorRefused: The cursor is of another client.
        """
        orders = tuple(entity for entity in request.entities if entity.name in ORDER_SOURCES)
        others = tuple(entity for entity in request.entities if entity.name in SOURCES)
        if request.scope is Scope.ACCOUNT:
            yield from self._overlapped(orders, others, _numbers([request.account]), cancel)
        elif request.scope is Scope.KEYS:
            wanted, numbers = frozenset(request.keys), _numbers(request.keys)
            yield from (_narrowed(p, wanted) for p in self._single(others, numbers, cancel))
            found = self._orders.of_accounts(orders, numbers, cancel)
            yield from (_narrowed(page, wanted) for page in found)
        else:
            if orders:
                yield from self._orders.changed(orders, request.cursor, cancel)
            yield from self._all(others, cancel)

    def _overlapped(
        self,
        orders: Sequence[EntityMapping],
        others: Sequence[EntityMapping],
        numbers: Sequence[int],
        cancel: CancelToken,
    ) -> Iterator[Page]:
        """Yield the records of some accounts, which are few: orders are read meanwhile."""
        tasks: list[Callable[[], list[Page]]] = [
            lambda: list(self._single(others, numbers, cancel)),
            lambda: list(self._orders.of_accounts(orders, numbers, cancel)),
        ]
        for pages in overlapped(tasks, len(tasks), cancel):
            yield from pages

    def _all(self, entities: Sequence[EntityMapping], cancel: CancelToken) -> Iterator[Page]:
        """Yield all records; while some pages of accounts are read, the next are listed."""
        if not entities:
            return
        needs, readers = of_all(entities), _readers(entities)
        listing = self._lists.pages(ACCOUNTS, (), cancel)
        following = list(islice(listing, self._at_once))
        while following:
            pages = [_by_number(page) for page in following]
            tasks: list[Callable[[], Any]] = [lambda: list(islice(listing, self._at_once))]
            tasks += [partial(self._instances, needs, page, cancel) for page in pages]
            tasks += [call for page in pages for call in self._calls(needs, page, cancel)]
            answers = overlapped(tasks, self._at_once + 1, cancel)
            following = next(answers)
            instances = [next(answers) for _page in pages]
            for page, listed in zip(pages, instances, strict=True):
                yield from _pages(readers, _facts(page, needs, listed, answers))

    def _single(
        self, entities: Sequence[EntityMapping], numbers: Sequence[int], cancel: CancelToken
    ) -> Iterator[Page]:
        """Yield the records of some accounts, each by its own calls; none of one that is gone."""
        needs, readers = of_one(entities), _readers(entities)
        if not needs.calls:
            return
        for start in range(0, len(numbers), ACCOUNTS.page):
            known: dict[int, Row] = {
                number: {} for number in numbers[start : start + ACCOUNTS.page]
            }
            answers = overlapped(self._calls(needs, known, cancel), self._at_once, cancel)
            yield from _pages(readers, _facts(known, needs, {}, answers))

    def _calls(
        self, needs: Needs, known: Mapping[int, Row], cancel: CancelToken
    ) -> list[Callable[[], list[Row] | None]]:
        return [
            partial(self._answers, call, number, cancel)
            for number in known
            for call in sorted(needs.calls)
        ]

    def _answers(self, call: str, number: int, cancel: CancelToken) -> list[Row] | None:
        """Return what a call answers of an account; None where there is no such account."""
        named = "account_number" if call == STATUS_HISTORY else "acct_no"
        try:
            if call == PLANS:
                return list(plan_pages(self._client, number, _WITH_PLANS, cancel))
            return [self._client.core(call, {named: number}, cancel)]
        except AriaRefused as error:
            if error.code == NO_ACCOUNT:
                return None
            if error.code == _NO_DATA and call not in _NEVER_EMPTY:
                return [{}]
            raise

    def _instances(
        self, needs: Needs, known: Mapping[int, Row], cancel: CancelToken
    ) -> dict[int, list[Row]]:
        """Return the listed plan instances of the accounts of a page."""
        found: dict[int, list[Row]] = {}
        if needs.instances:
            between = (f"acct_no >= {min(known)}", f"acct_no <= {max(known)}")
            for page in self._lists.pages(PLAN_INSTANCES, between, cancel):
                for row in page:
                    found.setdefault(whole(row.get("acct_no")) or 0, []).append(row)
        return found


def _by_number(page: Sequence[Row]) -> dict[int, Row]:
    return {whole(row.get("acct_no")) or 0: accounts.listed(row) for row in page}


def _facts(
    known: Mapping[int, Row],
    needs: Needs,
    instances: Mapping[int, list[Row]],
    answers: Iterator[list[Row] | None],
) -> Iterator[Facts]:
    """Yield what was told of each account, the answers in the order of `_calls`."""
    for number, listed in known.items():
        told = {call: next(answers) for call in sorted(needs.calls)}
        given = {call: answer for call, answer in told.items() if answer is not None}
        if len(given) < len(told):
            continue  # it was there when it was listed
        account = accounts.detailed(given[DETAILS][0]) if DETAILS in given else listed
        yield Facts(number, account, instances.get(number, ()), given)


def _readers(entities: Sequence[EntityMapping]) -> list[RecordReader]:
    return [RecordReader(entity, Side.BILLING) for entity in entities]


def _pages(readers: Sequence[RecordReader], found: Iterator[Facts]) -> Iterator[Page]:
    """Yield a page of each entity."""
    facts = list(found)
    for reader in readers:
        source = _source(reader.entity)
        told = [row for one in facts for row in source.rows(one)]
        yield page_of(reader, told, source.number)


def _source(entity: EntityMapping) -> Source:
    listed = _FROM_LISTS.get(entity.name)
    return SOURCES[entity.name] if listed is None or any(calls_of(entity)) else listed


def _numbers(keys: Sequence[str]) -> list[int]:
    """Return the numbers of the accounts with which keys begin, in order, each once."""
    return sorted({whole(key.partition("|")[0]) or 0 for key in keys} - {0})


def _narrowed(page: Page, wanted: frozenset[str]) -> Page:
    return Page(page.entity, [record for record in page.records if record.key in wanted])
