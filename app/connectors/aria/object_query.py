"""Object Query: lists across accounts, page by page, each from the last number on (aria.md §5).

`numbered` has several pages of a list under way at once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.connectors.aria.client import AriaClient
from app.connectors.aria.values import Row, rows, whole
from app.domain.control import CancelToken
from app.errors import AnswerUnreadable, WrongUse

LONGEST_QUERY = 1000
"""Characters that a query may have (aria.md §1.8)."""
_COUNT_ONLY = -1
_IN_QUOTES = frozenset(' <>="')


@dataclass(frozen=True, slots=True)
class Listing:
    """One call of Object Query: its array, the number that orders it, the rows of a page.

    Attributes:
        sure: Whether it is documented that the number can be searched for (aria.md §2.11).
    """

    call: str
    array: str
    number: str
    page: int = 500
    sure: bool = True


ACCOUNTS = Listing("get_account_details_m", "account_details_m", "acct_no", 80)
"""At most 80 accounts a page: larger ones end in an internal server error (aria.md §1.8)."""
PLAN_INSTANCES = Listing(
    "get_plan_instance_information_m", "plan_instance_details", "plan_instance_no"
)
ORDERS = Listing("get_order_details_m", "order_details", "order_no", sure=False)


def walked(
    client: AriaClient, listing: Listing, conditions: Sequence[str], cancel: CancelToken
) -> Iterator[list[Row]]:
    """Yield the rows that meet all conditions, a page at a time, ascending by their number.

    A page begins after the last number of the one before, so no row is missed or read twice
    while others come and go; there is no further call where the last page told that it is that.

    Raises:
        WrongUse: The query is longer than Aria takes, or there is no Object Query URL.
        AnswerUnreadable: A row has no number, or the numbers do not grow.
    """
    last = 0
    while True:
        query = after(listing.number, last, conditions)
        answer = client.query(listing.call, query, listing.page, 0, cancel)
        found = rows(answer, listing.array)
        if found:
            yield found
        left = whole(answer.get("total_records"))
        if len(found) < listing.page or (left is not None and left <= len(found)):
            return
        last = _next(listing, found, last)


def counted(
    client: AriaClient, listing: Listing, conditions: Sequence[str], cancel: CancelToken
) -> int:
    """Return how many rows meet all conditions; nothing is read."""
    query = after(listing.number, 0, conditions)
    answer = client.query(listing.call, query, _COUNT_ONLY, 0, cancel)
    return whole(answer.get("total_records")) or 0


def after(number: str, last: int, conditions: Sequence[str]) -> str:
    """Return the query for what follows a number, in its order.

    Raises:
        WrongUse: It is longer than Aria takes.
    """
    query = " AND ".join([*conditions, f"{number} > {last}"]) + f" ORDER BY {number} ASC"
    if len(query) > LONGEST_QUERY:
        raise WrongUse(
            f"A query to Aria would have {len(query)} characters; it takes {LONGEST_QUERY}.",
            "Ask for less at once.",
        )
    return query


def condition(field: str, operator: str, value: str) -> str:
    """Return one condition, its value in quotes where it must be (aria.md §2.11).

    Raises:
        WrongUse: The value has a double quote, which cannot be written in a query.
    """
    if '"' in value:
        raise WrongUse(
            f"Aria cannot be asked for {field} {value!r}.", "Leave out the double quotes."
        )
    quoted = f'"{value}"' if _IN_QUOTES & set(value) else value
    return f"{field} {operator} {quoted}"


def _next(listing: Listing, found: Sequence[Row], last: int) -> int:
    number = whole(found[-1].get(listing.number))
    if number is None or number <= last:
        raise AnswerUnreadable(
            f"{listing.call}: the rows of a page are not in the order of {listing.number}.",
            "Nothing more can be read of this list; tell Aria support.",
        )
    return number
