"""What only a call for each account tells: statements, comments, credits, write-offs, usage."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from app.connectors.aria.client import AriaClient, AriaRefused
from app.connectors.aria.numbered import NAMED_AT_ONCE, Lists
from app.connectors.aria.object_query import ACCOUNTS
from app.connectors.aria.transactions import (
    comment_rows,
    credit_rows,
    memo_rows,
    statement_rows,
    usage_rows,
    write_off_rows,
)
from app.connectors.aria.values import Row, rows
from app.connectors.overlap import overlapped
from app.domain.control import CancelToken

NOTHING = frozenset({"1009", "1002"})
"""Codes of an account that is gone, or never was, and of one that has none of what is asked."""
_EVER = {"date_range_start": "1990-01-01", "date_range_end": "2099-12-31"}


@dataclass(frozen=True, slots=True)
class AccountCall:
    """A Core call that is made for one account, and how its rows become those of an entity.

    Attributes:
        account: Whether the rows need more of the account than its number: its currency.
    """

    entity: str
    call: str
    array: str
    rows: Callable[[Row, Iterable[Row]], Iterator[Row]]
    inputs: Mapping[str, str] | None = None
    account: bool = False


CALLS = (
    AccountCall("credit", "get_acct_credits_m", "all_credits", credit_rows, account=True),
    AccountCall("credit", "get_cm_list_m", "cm_details_all", memo_rows, account=True),
    AccountCall(
        "write_off",
        "get_acct_writeoff_or_disputes_m",
        "writeoff_dispute_info",
        write_off_rows,
        account=True,
    ),
    AccountCall("statement", "get_acct_statement_history_m", "statements_history", statement_rows),
    AccountCall("comment", "get_acct_comments_m", "acct_comments", comment_rows, _EVER),
    AccountCall("usage", "get_usage_summary_by_type_m", "usage_summary_recs", usage_rows),
)
ENTITIES = frozenset(one.entity for one in CALLS)


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one entity."""

    entity: str
    rows: Sequence[Row]


class TransactionCalls:
    """Reads accounts one by one, up to `at_once` calls at a time."""

    def __init__(self, client: AriaClient, at_once: int) -> None:
        self._client = client
        self._at_once = at_once

    def whole(self, names: frozenset[str], cancel: CancelToken) -> Iterator[Part]:
        """Yield everything of the entities, those of a page of accounts together."""
        # One page of accounts at a time: the calls that each of them takes are what lasts.
        for accounts in Lists(self._client, 1).pages(ACCOUNTS, (), cancel):
            yield from self._of(accounts, names, cancel)

    def of_accounts(
        self, names: frozenset[str], numbers: Sequence[int], cancel: CancelToken
    ) -> Iterator[Part]:
        """Yield the entities' rows of some accounts; none of one that there is not."""
        for start in range(0, len(numbers), NAMED_AT_ONCE):
            some = numbers[start : start + NAMED_AT_ONCE]
            yield from self._of(self._accounts(names, some, cancel), names, cancel)

    def _accounts(
        self, names: frozenset[str], numbers: Sequence[int], cancel: CancelToken
    ) -> Sequence[Row]:
        """Return what the calls' rows need of accounts; only then Aria is asked for it."""
        if not any(one.account for one in CALLS if one.entity in names):
            return [{"acct_no": number} for number in numbers]
        pages = Lists(self._client, 1).named(ACCOUNTS, numbers, cancel)
        return [row for page in pages for row in page]

    def _of(
        self, accounts: Sequence[Row], names: frozenset[str], cancel: CancelToken
    ) -> Iterator[Part]:
        wanted = [one for one in CALLS if one.entity in names]
        asked = [(one, account) for account in accounts for one in wanted]
        tasks = [partial(self._ask, one, account, cancel) for one, account in asked]
        found: dict[str, list[Row]] = {one.entity: [] for one in wanted}
        answers = overlapped(tasks, self._at_once, cancel)
        for (one, _account), answer in zip(asked, answers, strict=True):
            found[one.entity] += answer
        yield from (Part(name, some) for name, some in found.items() if some)

    def _ask(self, one: AccountCall, account: Row, cancel: CancelToken) -> list[Row]:
        inputs = {"acct_no": account["acct_no"], **(one.inputs or {})}
        try:
            answer = self._client.core(one.call, inputs, cancel)
        except AriaRefused as error:
            if error.code in NOTHING:
                return []
            raise
        return list(one.rows(account, rows(answer, one.array)))
