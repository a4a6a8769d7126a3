"""What an account's days bring, read whole, since a cursor, by keys, or of one account."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from app.connectors.aria.client import AriaClient
from app.connectors.aria.cursors import cursor_now
from app.connectors.aria.numbered import NAMED_AT_ONCE
from app.connectors.aria.transaction_calls import CALLS, ENTITIES, Part, TransactionCalls
from app.connectors.aria.transaction_lists import CHANGED, LISTINGS, TransactionLists
from app.connectors.aria.transactions import ROWS, line_rows
from app.connectors.aria.values import Row, whole
from app.connectors.overlap import overlapped
from app.connectors.protocol import Page, ReadRequest, Scope
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping
from app.domain.reader import About, RecordReader
from app.domain.record import Side
from app.domain.table import RowTable

_LINE, _STATEMENT = "invoice_line", "statement"
GROUPS = (
    frozenset({"invoice", _LINE}),
    frozenset({"transaction"}),
    frozenset({"payment"}),
    frozenset({"refund"}),
    frozenset({_STATEMENT}),
    ENTITIES - {_STATEMENT},
)
"""Entities that the same calls read; what has no list is read by one walk over the accounts.

A statement comes with an invoice and changes with a payment: those of accounts without any
transaction since the cursor are as they were. Of the others nothing tells."""


class TransactionReads:
    """Reads transactions and what belongs to them, up to `at_once` calls at a time."""

    def __init__(self, client: AriaClient, at_once: int) -> None:
        self._client = client
        self._at_once = at_once
        self._lists = TransactionLists(client, at_once)
        self._calls = TransactionCalls(client, at_once)

    @property
    def entities(self) -> frozenset[str]:
        """Invoices, lines, transactions, payments, credits and all else that moves."""
        return frozenset().union(*GROUPS)

    def groups(self, entities: Sequence[EntityMapping]) -> list[tuple[EntityMapping, ...]]:
        """Return the entities in groups that are read together."""
        found = (tuple(e for e in entities if e.name in names) for names in GROUPS)
        return [group for group in found if group]

    def incremental(self, entity: EntityMapping) -> bool:
        """Return whether Aria can be asked for what came or changed (aria.md §2.11)."""
        return _listed(entity) in CHANGED or entity.name == _STATEMENT

    def forecast(self, entity: EntityMapping, keys: int) -> int:
        """Return the calls that a read of that many keys takes at most."""
        if _listed(entity) in LISTINGS:
            return -(-keys // NAMED_AT_ONCE)
        calls = [one for one in CALLS if one.entity == entity.name]
        return keys * (len(calls) + any(one.account for one in calls))

    def read_once(self, entity: EntityMapping, key: str) -> str:
        """Return the key: each is asked for by itself."""
        del entity
        return key

    def pages(self, request: ReadRequest, cancel: CancelToken) -> Iterator[Page]:
        """Yield the records asked for, in pages.

        Raises:
            CursorRefused: The cursor is of another client, or none of ours.
        """
        if request.scope is Scope.ACCOUNT:
            yield from self._of_account(request.entities, request.account, cancel)
        elif request.scope is Scope.KEYS:
            for entity in request.entities:
                yield from self._by_keys(entity, frozenset(request.keys), cancel)
        else:
            for group in self.groups(request.entities):
                yield from self._group(replace(request, entities=group), cancel)

    def _group(self, request: ReadRequest, cancel: CancelToken) -> Iterator[Page]:
        """Yield what a group has, all or since the cursor, and from where to go on."""
        entities = request.entities
        # What changes while we read is read again next time: the clock is asked first.
        cursor = cursor_now(self._client, cancel) if self.incremental(entities[0]) else ""
        if request.scope is Scope.SINCE:
            yield from self._changed(entities, request.cursor, cancel)
        elif _listed(entities[0]) in LISTINGS:
            for rows in self._lists.whole(_listed(entities[0]), cancel):
                yield from _of_list(entities, rows)
        else:
            names = frozenset(entity.name for entity in entities)
            yield from _of_parts(entities, self._calls.whole(names, cancel))
        if cursor:
            yield from (Page(entity.name, (), cursor=cursor) for entity in entities)

    def _changed(
        self, entities: Sequence[EntityMapping], cursor: str, cancel: CancelToken
    ) -> Iterator[Page]:
        name = _listed(entities[0])
        if name != _STATEMENT:
            for rows in self._lists.changed(name, cursor, cancel):
                yield from _of_list(entities, rows)
            return
        numbers = self._lists.accounts_moved(cursor, cancel)
        parts = self._calls.of_accounts(frozenset({name}), numbers, cancel)
        yield from _of_parts(entities, parts)

    def _of_account(
        self, entities: Sequence[EntityMapping], account: str, cancel: CancelToken
    ) -> Iterator[Page]:
        """Yield one account's records; the groups' calls overlap each other."""
        acct_no = whole(account)
        if acct_no is None:
            return  # no number of Aria's: Salesforce alone has the account
        tasks = [partial(self._share, group, acct_no, cancel) for group in self._shares(entities)]
        if tasks:
            for pages in overlapped(tasks, len(tasks), cancel):
                yield from pages

    def _shares(self, entities: Sequence[EntityMapping]) -> Iterator[tuple[EntityMapping, ...]]:
        """Yield what is asked for together; what needs the account's currency waits for it."""
        waiting = {one.entity for one in CALLS if one.account}
        for group in self.groups(entities):
            cuts = (
                tuple(entity for entity in group if entity.name not in waiting),
                tuple(entity for entity in group if entity.name in waiting),
            )
            yield from filter(None, cuts)

    def _share(
        self, entities: tuple[EntityMapping, ...], acct_no: int, cancel: CancelToken
    ) -> list[Page]:
        names = frozenset(entity.name for entity in entities)
        if not names & ENTITIES:
            listed = self._lists.of_account(_listed(entities[0]), acct_no, cancel)
            return [page for rows in listed for page in _of_list(entities, rows)]
        parts = self._calls.of_accounts(names, (acct_no,), cancel)
        return list(_of_parts(entities, parts))

    def _by_keys(
        self, entity: EntityMapping, keys: frozenset[str], cancel: CancelToken
    ) -> Iterator[Page]:
        """Yield the records of some keys; a key that no list has begins with its account."""
        numbers = sorted({number for key in keys if (number := whole(key.partition("|")[0]))})
        pages: Iterator[Page]
        if _listed(entity) in LISTINGS:
            found = self._lists.named(_listed(entity), numbers, cancel)
            pages = (page for rows in found for page in _of_list((entity,), rows))
        else:
            parts = self._calls.of_accounts(frozenset({entity.name}), numbers, cancel)
            pages = _of_parts((entity,), parts)
        for page in pages:
            yield replace(page, records=[one for one in page.records if one.key in keys], unkeyed=0)


def _listed(entity: EntityMapping) -> str:
    """Return the entity in whose list an entity's rows come: lines come with their invoice."""
    return "invoice" if entity.name == _LINE else entity.name


def _of_list(entities: Sequence[EntityMapping], rows: Sequence[Row]) -> Iterator[Page]:
    for entity in entities:
        if entity.name == _LINE:
            yield _page(entity, [line for row in rows for line in line_rows(row)])
        else:
            yield _page(entity, list(map(ROWS[entity.name], rows)))


def _of_parts(entities: Sequence[EntityMapping], parts: Iterable[Part]) -> Iterator[Page]:
    by_name = {entity.name: entity for entity in entities}
    return (_page(by_name[part.entity], part.rows) for part in parts)


def _page(entity: EntityMapping, rows: Sequence[Row]) -> Page:
    # The key says all that Aria's own number does, so there is no id beside it.
    nothing = [""] * len(rows)
    about = About(nothing, nothing, nothing)
    made = RecordReader(entity, Side.BILLING).records(RowTable(rows), about)
    records = [record for record in made if record.key]
    return Page(entity.name, records, len(made) - len(records))
