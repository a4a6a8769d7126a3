"""The query language: `field operator value`, AND, OR, ORDER BY (aria.md §2.11)."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from app.sandbox.aria.errors import AriaError, invalid, missing

LONGEST = 1000
_TOKEN = re.compile(r'"[^"]*"|[^\s"]+')
_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
_RANGE = frozenset({"=", "<", "<=", ">", ">="})


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison; the value of IS NULL and IS NOT NULL is empty."""

    field: str
    operator: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """Alternatives of conditions that hold together, and the order of the answer."""

    alternatives: tuple[tuple[Condition, ...], ...]
    order_by: str | None = None
    descending: bool = False

    @property
    def conjunction(self) -> tuple[Condition, ...]:
        """The conditions that every answer meets; none where there are alternatives."""
        return self.alternatives[0] if len(self.alternatives) == 1 else ()


def parse(text: str | None, searchable: Iterable[str]) -> Query:
    """Return a query; AND binds closer than OR.

    Raises:
        AriaError: 1010 for no query, 1016 for one that is too long, that is none, or that names a
            field which cannot be searched.
    """
    if not text or not text.strip():
        raise missing("query_string")
    if len(text) > LONGEST:
        raise invalid("query_string", f"is longer than {LONGEST} characters")
    if text.count('"') % 2:
        raise invalid("query_string", "a quote is not closed")
    words = _TOKEN.findall(text)
    if words and words[0].lower() == "where":
        words = words[1:]
    reader = _Reader(words, frozenset(searchable))
    return reader.query()


class _Reader:
    """Reads the words of one query from left to right."""

    def __init__(self, words: list[str], searchable: frozenset[str]) -> None:
        self._words = words
        self._searchable = searchable
        self._place = 0

    def query(self) -> Query:
        alternatives: list[list[Condition]] = [[self._condition()]]
        order_by, descending = None, False
        while self._place < len(self._words):
            joint = self._take().upper()
            if joint == "AND":
                alternatives[-1].append(self._condition())
            elif joint == "OR":
                alternatives.append([self._condition()])
            elif joint == "ORDER" and self._take().upper() == "BY":
                order_by = self._field()
                descending = self._direction()
                break
            else:
                raise self._refusal(f"{joint[:40]} is neither AND, OR nor ORDER BY")
        if self._place < len(self._words):
            raise self._refusal("something follows the order")
        return Query(tuple(tuple(one) for one in alternatives), order_by, descending)

    def _condition(self) -> Condition:
        field, operator = self._field(), self._take().upper()
        if operator == "IS":
            word = self._take().upper()
            negated = word == "NOT"
            if (self._take().upper() if negated else word) != "NULL":
                raise self._refusal("IS is followed by NULL or NOT NULL")
            return Condition(field, "IS NOT NULL" if negated else "IS NULL")
        if operator == "NOT":
            if self._take().upper() != "LIKE":
                raise self._refusal("NOT is followed by LIKE")
            return Condition(field, "NOT LIKE", self._value())
        if operator != "LIKE" and operator not in _COMPARISONS:
            raise self._refusal(f"{operator[:40]} is no operator")
        return Condition(field, operator, self._value())

    def _field(self) -> str:
        field = self._take()
        if field not in self._searchable:
            raise self._refusal(f"{field[:60]} cannot be searched")
        return field

    def _direction(self) -> bool:
        if self._place >= len(self._words):
            return False
        word = self._take().upper()
        if word not in {"ASC", "DESC"}:
            raise self._refusal("the direction is ASC or DESC")
        return word == "DESC"

    def _value(self) -> str:
        word = self._take()
        return word[1:-1] if word.startswith('"') else word

    def _take(self) -> str:
        if self._place >= len(self._words):
            raise self._refusal("it ends too early")
        self._place += 1
        return self._words[self._place - 1]

    def _refusal(self, why: str) -> AriaError:
        return invalid("query_string", why)


def matches(query: Query, value_of: Callable[[str], Any]) -> bool:
    """Tell whether a record meets a query; a field with several values meets it with any."""
    return any(
        all(_meets(condition, value_of(condition.field)) for condition in alternative)
        for alternative in query.alternatives
    )


def _meets(condition: Condition, value: Any) -> bool:
    if isinstance(value, list):
        return any(_meets(condition, one) for one in value)
    empty = value is None or value == ""
    match condition.operator:
        case "IS NULL":
            return empty
        case "IS NOT NULL":
            return not empty
        case "LIKE" | "NOT LIKE":
            pattern = ".*".join(re.escape(part) for part in condition.value.split("%"))
            found = re.fullmatch(pattern, str(value), re.DOTALL | re.IGNORECASE) is not None
            return not empty and found == (condition.operator == "LIKE")
    return not empty and _compares(condition, value)


def _compares(condition: Condition, value: Any) -> bool:
    left: Any = str(value)
    right: Any = condition.value
    if isinstance(value, int | Decimal):
        try:
            left, right = Decimal(value), Decimal(condition.value)
        except InvalidOperation:
            raise invalid("query_string", f"{condition.field} is compared to no number") from None
    match condition.operator:
        case "=":
            return bool(left == right)
        case "!=":
            return bool(left != right)
        case "<":
            return bool(left < right)
        case "<=":
            return bool(left <= right)
        case ">":
            return bool(left > right)
    return bool(left >= right)


def number_bounds(query: Query, field: str) -> tuple[int, int]:
    """Return the smallest and the largest number that a query lets through for a field."""
    low, high = 0, 2**63
    for condition in query.conjunction:
        if condition.field != field or condition.operator not in _RANGE:
            continue
        if not condition.value.isdigit():
            raise invalid("query_string", f"{field} is compared to no number")
        value = int(condition.value)
        if condition.operator in {"=", ">", ">="}:
            low = max(low, value + (condition.operator == ">"))
        if condition.operator in {"=", "<", "<="}:
            high = min(high, value - (condition.operator == "<"))
    return low, high


def only_about(query: Query, fields: frozenset[str]) -> bool:
    """Tell whether a query without alternatives is about these fields by range alone."""
    return bool(query.conjunction) and all(
        condition.field in fields and condition.operator in _RANGE
        for condition in query.conjunction
    )
