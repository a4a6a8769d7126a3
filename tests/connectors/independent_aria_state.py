"""What an independent Aria holds while it runs, and how it refuses (aria.md §1.6)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.connectors.independent_aria_goods import Row, catalog
from tests.connectors.independent_aria_money import moved
from tests.connectors.independent_aria_truth import accounts
from tests.connectors.independent_dialect import Dialect


class Refusal(Exception):  # noqa: N818 - an answer, no mistake
    """An error code and its words."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code
        self.words = words


class Outage(Exception):  # noqa: N818
    """A page that is too large: an internal server error (aria.md §1.8)."""


@dataclass
class Truth:
    """All that the server holds; `dialect` says what it tells without being asked."""

    dialect: Dialect
    catalog: dict[str, list[Row]] = field(default_factory=catalog)
    moved: dict[str, list[Row]] = field(default_factory=moved)
    accounts: dict[int, Row] = field(default_factory=dict)
    receipts: dict[str, str] = field(default_factory=dict)
    changes: list[tuple[str, Row]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.accounts = accounts(self.catalog["plan"], self.dialect.fillers)

    def account(self, asked: Row) -> Row:
        number = asked.get("acct_no", asked.get("account_no", asked.get("account_number")))
        if number is None:
            raise Refusal(1010, "required input missing: acct_no")
        if not re.fullmatch(r"-?\d+", str(number)):
            raise Refusal(1016, f"{number} is not a valid long")
        if int(number) not in self.accounts:
            raise Refusal(1009, "account does not exist")
        return self.accounts[int(number)]


def asked_for(asked: Row, flag: str) -> bool:
    told = str(asked.get(flag, "false")).lower()
    if told not in {"true", "false", "1", "0"}:
        raise Refusal(1033, f"{flag} is no boolean")
    return told in {"true", "1"}


def bare(row: Mapping[str, Any]) -> Row:
    return {name: value for name, value in row.items() if not name.startswith("=")}
