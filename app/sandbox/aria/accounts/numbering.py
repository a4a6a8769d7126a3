"""Numbers of records: a block for each account of the data set, then one sequence a kind.

Every number given after the data set was made is higher than all of the data set, as a client that
reads on from the highest number expects (aria.md §2.11, aria_event_no).
"""

from collections import Counter

FIRST_ACCT_NO = 55010001
CLIENT_ID_PREFIX = "NWT-"
USERID_PREFIX = "nwt"
FIRST_CUSTOMER = 10001  # the number in client-defined ids of the first account
_PER_ACCOUNT: dict[str, tuple[int, int]] = {  # kind -> first number, numbers an account
    "contact": (61000001, 20),
    "billing_group": (80000001, 10),
    "dunning_group": (81000001, 10),
    "plan_instance": (70000001, 20),
    "queued_change": (88000001, 10),
    "plan_history": (1, 100),
    "status_history": (1, 20),
    "contract": (85000001, 10),
    "order": (95000001, 400),
    "transaction": (99000001, 2000),
    "invoice": (90000001, 1000),
    "statement": (97000001, 1000),
    "payment_application": (1, 2000),
    "credit": (98000001, 200),
    "credit_memo": (98200001, 20),
    "writeoff": (1001, 20),
    "usage": (96000001, 2000),
    "comment": (1, 200),
}

_COUNTED_AS = {  # records that have the number of another kind
    "payment": "transaction",
    "refund": "transaction",
    "invoice_line": "invoice",
    "order_item": "order",
}


def first_number(kind: str, place: int) -> int:
    """Return the first number of a kind that the account at a place has."""
    first, size = _PER_ACCOUNT[kind]
    return first + place * size


class Block:
    """Numbers of one account of the data set."""

    def __init__(self, place: int) -> None:
        self._place = place
        self._used: Counter[str] = Counter()

    def number(self, kind: str) -> int:
        """Return the account's next number of a kind.

        Raises:
            ValueError: The data set gives an account more records than its block has numbers.
        """
        first, size = _PER_ACCOUNT[kind]
        used = self._used[kind]
        if used >= size:
            raise ValueError(f"An account of the data set has more than {size} of {kind}.")
        self._used[kind] += 1
        return first + self._place * size + used


class Numbers:
    """Numbers above those of the data set, and the accounts that its numbers lead to."""

    def __init__(self, population: int) -> None:
        self._population = population
        self._next = {
            kind: first + population * size for kind, (first, size) in _PER_ACCOUNT.items()
        }
        self._next["account"] = FIRST_ACCT_NO + population

    def next(self, kind: str) -> int:
        """Return a number that was never given."""
        self._next[kind] += 1
        return self._next[kind] - 1

    def is_new(self, kind: str, number: int) -> bool:
        """Tell whether a number was given after the data set was made."""
        first, size = _PER_ACCOUNT.get(_COUNTED_AS.get(kind, kind), (0, 0))
        return number >= first + self._population * size

    def place_of(self, kind: str, number: int) -> int:
        """Return the place of the account in whose block a number lies; -1 for none."""
        counted = _COUNTED_AS.get(kind, kind)
        if counted not in _PER_ACCOUNT:
            return -1
        first, size = _PER_ACCOUNT[counted]
        place = (number - first) // size
        return place if 0 <= place < self._population else -1

    def acct_no_in(self, name: str) -> int | None:
        """Return the account that had this client-defined id or user id in the data set."""
        for prefix in (CLIENT_ID_PREFIX, USERID_PREFIX):
            digits = name.removeprefix(prefix)
            if name.startswith(prefix) and digits.isascii() and digits.isdigit():
                return FIRST_ACCT_NO + int(digits) - FIRST_CUSTOMER
        return None
