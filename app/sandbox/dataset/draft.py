"""What the drift is drawn from: pairs of records in step, each used for one edit only."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from app.sandbox.dataset.twin import Catalog
from app.sandbox.dataset.values import Edit, Row, Tables

SOBJECTS = {
    "promotion": "Aria_Promotion__c",
    "plan_set": "Aria_Plan_Set__c",
    "plan": "Client_Plan__c",
    "plan_relationship": "Client_Plan_Relationship__c",
    "service": "Aria_Service__c",
    "rate_schedule": "Rate_Schedule__c",
    "rate": "Rate_Tier__c",
    "item": "Aria_Item__c",
    "item_price": "Aria_Item_Price__c",
    "coupon": "Aria_Coupon__c",
}

_LUCKY_DRAWS = 20  # before all pairs are looked through, which takes long in a large data set


@dataclass(frozen=True, slots=True)
class Pair:
    """One record on both sides."""

    kind: str
    key: str
    aria: Row
    salesforce: Row

    @property
    def sobject(self) -> str:
        """The pair's object in Salesforce."""
        return SOBJECTS[self.kind]


@dataclass(slots=True)
class Draft:
    """The edits so far, and the pairs that none of them touches yet."""

    aria: Mapping[str, list[Row]]
    salesforce: Tables
    random: Random
    edits: list[Edit] = field(default_factory=list)
    catalog: Catalog = field(init=False)
    _pools: dict[str, list[Pair]] = field(init=False)
    _next: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.catalog = Catalog(self.aria)
        self._pools = {}
        for kind, sobject in SOBJECTS.items():
            twins = zip(self.aria[kind], self.salesforce[sobject], strict=True)
            self._pools[kind] = [Pair(kind, str(b["Aria_Key__c"]), a, b) for a, b in twins]
        self._next = {}

    def pairs(self, kind: str) -> list[Pair]:
        """Return the untouched pairs of a kind."""
        return self._pools[kind]

    def drop_plan(self, plan_no: int) -> None:
        """Take a plan and everything of it out of the draw."""
        for kind, pool in self._pools.items():
            self._pools[kind] = [
                pair
                for pair in pool
                if plan_no not in (pair.aria.get("plan_no"), pair.aria.get("parent_plan_no"))
            ]

    def pick(self, kind: str) -> Pair:
        """Draw any pair of a kind; it is not drawn again.

        Raises:
            ValueError: There is none left.
        """
        return self.pick_where(kind, lambda _: True)

    def pick_text(self, kind: str, column: str) -> Pair:
        """Draw a pair whose text in Aria's `column` is not empty."""
        return self.pick_where(kind, lambda pair: bool(pair.aria[column]))

    def pick_where(self, kind: str, fits: Callable[[Pair], bool]) -> Pair:
        """Draw a pair of a kind that meets a condition; it is not drawn again.

        Raises:
            ValueError: There is none left.
        """
        pool = self._pools[kind]
        for _ in range(_LUCKY_DRAWS if pool else 0):
            index = self.random.randrange(len(pool))
            if fits(pool[index]):
                return pool.pop(index)
        fitting = [index for index, pair in enumerate(pool) if fits(pair)]
        if not fitting:
            raise ValueError(f"The data set has too few records of kind {kind!r} for its drift.")
        return pool.pop(self.random.choice(fitting))

    def number(self, kind: str, column: str) -> int:
        """Return the next free number of a kind in Aria."""
        if kind not in self._next:
            self._next[kind] = max(int(row[column]) for row in self.aria[kind]) + 1
        self._next[kind] += 1
        return self._next[kind] - 1

    def in_aria(self, verb: str, kind: str, key: str, **values: Any) -> None:
        """Note an edit in Aria."""
        self.edits.append(Edit("aria", verb, kind, key, values))

    def in_salesforce(self, verb: str, sobject: str, key: str, values: Row | None = None) -> None:
        """Note an edit in Salesforce."""
        self.edits.append(Edit("salesforce", verb, sobject, key, values or {}))

    def change_aria(self, pair: Pair, **values: Any) -> None:
        """Note new values of a pair's Aria record."""
        self.in_aria("update", pair.kind, pair.key, **values)

    def change_salesforce(self, pair: Pair, **values: Any) -> None:
        """Note new values of a pair's Salesforce record."""
        self.in_salesforce("update", pair.sobject, pair.key, values)
