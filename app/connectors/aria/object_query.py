"""Object Query: which lists there are, and the queries that ask for them (aria.md §5).

`numbered` reads them, several pages at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.connectors.aria.client import AriaClient
from app.connectors.aria.values import whole
from app.domain.control import CancelToken
from app.errors import WrongUse

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
