"""Object Query's lists with several pages under way at once, and records by their numbers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from app.connectors.aria.client import UNEXPECTED, AriaClient, AriaRefused
from app.connectors.aria.object_query import Listing, after
from app.connectors.aria.values import Row, rows, whole
from app.connectors.overlap import overlapped
from app.domain.control import CancelToken
from app.errors import AnswerUnreadable

NAMED_AT_ONCE = 25
"""Numbers that one query names: it may have 1000 characters (aria.md §1.8)."""


class Lists:
    """Reads lists of one client, up to `at_once` calls at a time."""

    def __init__(self, client: AriaClient, at_once: int) -> None:
        self._client = client
        self._at_once = at_once

    def pages(
        self, listing: Listing, conditions: Sequence[str], cancel: CancelToken
    ) -> Iterator[Sequence[Row]]:
        """Yield the pages of the records that meet all conditions, ascending by their number.

        Where Aria refuses to search a list for its number, and that it can be is not documented,
        the records come by their accounts instead.

        Raises:
            AnswerUnreadable: A row has no number, or the numbers do not grow.
        """
        begun = False
        try:
            for page in self._ascending(listing, conditions, cancel):
                begun = True
                yield page
        except AriaRefused as error:
            if begun or listing.sure or error.code == UNEXPECTED:
                raise
            yield from self._by_account(listing, conditions, cancel)

    def _ascending(
        self, listing: Listing, conditions: Sequence[str], cancel: CancelToken
    ) -> Iterator[Sequence[Row]]:
        """Yield the pages by growing numbers.

        Each round goes on from the highest number so far and asks for as many pages at once as
        there are left, each beginning where the one before it ends. A page that came shorter than
        it was asked for ends its round: what was asked for behind it would leave a gap.
        """
        last, ahead = 0, 1
        while ahead:
            query = after(listing.number, last, conditions)
            offsets = [place * listing.page for place in range(ahead)]
            tasks = [partial(self._page, listing, query, offset, cancel) for offset in offsets]
            for page in overlapped(tasks, ahead, cancel):
                if page.rows:
                    last = _last(listing, page.rows, last)
                    yield page.rows
                ahead = min(self._at_once, -(-page.left // listing.page))
                if len(page.rows) < listing.page:
                    ahead = min(1, ahead)
                    break

    def _by_account(
        self, listing: Listing, conditions: Sequence[str], cancel: CancelToken
    ) -> Iterator[Sequence[Row]]:
        """Yield the pages by growing offsets, in the order of accounts (inferred, §2.11)."""
        query = " AND ".join(conditions or ("acct_no > 0",)) + " ORDER BY acct_no ASC"
        offset, left = 0, 1
        while left:
            page = self._page(listing, query, offset, cancel)
            yield page.rows
            offset, left = offset + len(page.rows), page.left

    def named(
        self, listing: Listing, numbers: Sequence[int], cancel: CancelToken
    ) -> Iterator[Sequence[Row]]:
        """Yield the records of some numbers, of those that there are."""
        tasks, most = [], min(NAMED_AT_ONCE, listing.page)
        for start in range(0, len(numbers), most):
            some = numbers[start : start + most]
            query = " OR ".join(f"{listing.number} = {number}" for number in some)
            tasks.append(partial(self._page, listing, query, 0, cancel))
        for page in overlapped(tasks, self._at_once, cancel):
            yield page.rows

    def _page(self, listing: Listing, query: str, offset: int, cancel: CancelToken) -> "_Answer":
        answer = self._client.query(listing.call, query, listing.page, offset, cancel)
        found = rows(answer, listing.array)
        total = whole(answer.get("total_records"))
        # Without a count there may be as much again behind what came.
        left = len(found) if total is None else total - offset - len(found)
        return _Answer(found, max(0, left) if found else 0)


@dataclass(frozen=True, slots=True)
class _Answer:
    """A page, and how many records are left behind it."""

    rows: list[Row]
    left: int


def _last(listing: Listing, found: Sequence[Row], before: int) -> int:
    """Return the highest number of a page, which has to grow from row to row."""
    for row in found:
        number = whole(row.get(listing.number))
        if number is None or number <= before:
            raise AnswerUnreadable(
                f"{listing.call}: the rows of a page are not in the order of {listing.number}.",
                "Nothing more can be read of this list; tell Aria support.",
            )
        before = number
    return before
