"""Answers a query with one page: which accounts to look at, count, order (aria.md §2.11, §5)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from app.sandbox.aria.accounts.account import Account
from app.sandbox.aria.accounts.store import Accounts
from app.sandbox.aria.context import Answer, Context
from app.sandbox.aria.errors import invalid
from app.sandbox.aria.inputs import Inputs
from app.sandbox.aria.object_query.language import Query, matches, number_bounds, only_about, parse
from app.sandbox.aria.tables import Row

_DEFAULT_LIMIT, _MOST_RECORDS, MOST_ACCOUNTS = 100, 999, 80
_COUNT_ONLY = -1
_ACCOUNT_FIELDS = frozenset({"acct_no"})

Field = Callable[[Account, Row], Any]


class PageTooLargeError(Exception):
    """A page so large that Aria answers with an internal server error (HTTP 500)."""


@dataclass(frozen=True, slots=True)
class Source:
    """The records behind one call.

    `number` is the field that orders answers when a query does not; `searchable` maps the fields of
    the language to what holds their values.
    """

    array: str
    kind: str
    number: str
    searchable: dict[str, Field]
    show: Callable[[Context, Account, Row], Row]
    most: int = _MOST_RECORDS


def answer(source: Source, context: Context, sent: Inputs) -> Answer:
    """Return the page of a query that a call asks for.

    Raises:
        PageTooLargeError: The page holds more records than Aria can send.
    """
    query = parse(sent.get("query_string"), source.searchable)
    limit, offset = sent.get("limit", 0) or _DEFAULT_LIMIT, sent.get("offset", 0)
    if limit < _COUNT_ONLY or offset < 0:
        raise invalid("limit", "is negative")
    accounts = context.work.accounts
    candidates = _candidates(accounts, query)
    if source.kind == "account" and _is_walk(query):
        return _walk(source, context, _Page(candidates, query.descending, limit, offset))
    found = list(_found(source, accounts, query, candidates))
    _sort(source, query, found)
    page = found[offset : offset + max(0, limit)]
    rows = [source.show(context, held, row) for held, row in page]
    return _page(source, rows, len(found), _Page((), descending=False, limit=limit, offset=offset))


@dataclass(frozen=True, slots=True)
class _Page:
    numbers: Sequence[int]
    descending: bool
    limit: int
    offset: int


def _candidates(accounts: Accounts, query: Query) -> Sequence[int]:
    """Return the numbers of the accounts that a query can concern, ascending."""
    named = {c.field: c.value for c in query.conjunction if c.operator == "="}
    finders = {"client_acct_id": accounts.by_client_id, "user_id": accounts.by_userid}
    for field, find in finders.items():
        if field in named:
            number = find(named[field])
            return [] if number is None else [number]
    low, high = number_bounds(query, "acct_no")
    numbers = accounts.numbers()
    if isinstance(numbers, range):
        return range(max(low, numbers.start), max(low, min(high + 1, numbers.stop)))
    return [number for number in numbers if low <= number <= high]


def _is_walk(query: Query) -> bool:
    return only_about(query, _ACCOUNT_FIELDS) and query.order_by in {None, "acct_no"}


def _walk(source: Source, context: Context, page: _Page) -> Answer:
    """Answer a walk over accounts by number, without looking at those outside the page."""
    numbers = page.numbers[::-1] if page.descending else page.numbers
    chosen = numbers[page.offset : page.offset + max(0, page.limit)]
    rows = (
        [source.show(context, held, held.row) for held in context.work.accounts.all(chosen)]
        if len(chosen) <= source.most
        else [{}] * len(chosen)
    )
    return _page(source, rows, len(numbers), page)


def _page(source: Source, rows: list[Row], total: int, page: _Page) -> Answer:
    if len(rows) > source.most:
        raise PageTooLargeError(source.array)
    head = {"starting_record": page.offset, "total_records": total}
    if page.limit == _COUNT_ONLY:
        return head
    return {**head, source.array: rows}


def _found(
    source: Source, accounts: Accounts, query: Query, numbers: Sequence[int]
) -> Iterator[tuple[Account, Row]]:
    for held in accounts.all(numbers):
        for row in held.rows(source.kind):
            if matches(query, partial(_value, source, held, row)):
                yield held, row


def _value(source: Source, held: Account, row: Row, field: str) -> Any:
    return source.searchable[field](held, row)


def _sort(source: Source, query: Query, found: list[tuple[Account, Row]]) -> None:
    field = query.order_by or source.number
    value = source.searchable[field]

    def key(pair: tuple[Account, Row]) -> tuple[int, Any]:
        held = value(*pair)
        if held is None or isinstance(held, list):
            return 0, ""
        return (1, held) if isinstance(held, int | Decimal) else (2, str(held))

    found.sort(key=key, reverse=query.descending)
