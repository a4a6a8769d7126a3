"""Faults on demand: rules that say which request goes wrong, and how."""

import itertools
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

RESPONSES = frozenset({"unavailable", "too_many", "server_error", "session_expired"})
CUTS = frozenset({"drop_before", "drop_after", "truncate"})
KINDS = RESPONSES | CUTS | {"latency", "not_json", "row_error"}


class BadRule(ValueError):  # noqa: N818 - read by people: "bad rule 2: …"
    """A fault rule that cannot be used; the text names it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of fault and the requests that it hits.

    Of the requests that match, the first `after` pass, then every `every`-th is hit, `times` times
    in all (None: always). `seconds` belongs to latency, `retry_after` to answers, `row` and
    `rows_every` to row_error.
    """

    kind: str
    system: str = "*"
    endpoint: str = "*"
    after: int = 0
    times: int | None = 1
    every: int = 1
    seconds: float = 0.5
    retry_after: float | None = None
    row: Mapping[str, Any] = field(default_factory=dict)
    rows_every: int = 1

    def matches(self, system: str, endpoint: str, method: str) -> bool:
        """Tell whether the rule is about such a request; row errors are for what may save rows."""
        if self.kind == "row_error" and method == "GET":
            return False
        return fnmatchcase(system, self.system) and fnmatchcase(endpoint, self.endpoint)


class FailingRows:
    """Fails every n-th row of the saves that one rule hits, counted over the rule's whole life."""

    def __init__(self, rule: Rule) -> None:
        self._error = {"statusCode": "UNABLE_TO_LOCK_ROW", **rule.row}
        self._error.setdefault("message", "unable to obtain exclusive access to this record")
        self._every = rule.rows_every
        self._count = itertools.count(1)

    def error_for_next_row(self) -> Mapping[str, Any] | None:
        """Return the error of the row now being saved, or None if it may pass."""
        return self._error if next(self._count) % self._every == 0 else None


class _Live:
    """A rule at work: how often it matched and how often it hit."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.rows = FailingRows(rule)
        self._matched = 0
        self._hits = 0

    def hit(self) -> bool:
        self._matched += 1
        beyond = self._matched - self.rule.after
        if beyond < 1 or beyond % self.rule.every:
            return False
        if self.rule.times is not None and self._hits >= self.rule.times:
            return False
        self._hits += 1
        return True


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that strikes one request."""

    rule: Rule
    rows: FailingRows


class Faults:
    """The rules in force; safe to ask from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._live: list[_Live] = []

    def replace(self, rules: Sequence[Rule]) -> None:
        """Put these rules in force, counted from the start, instead of all earlier ones."""
        with self._lock:
            self._live = [_Live(rule) for rule in rules]

    def rules(self) -> list[Rule]:
        """Return the rules in force, spent ones too."""
        with self._lock:
            return [live.rule for live in self._live]

    def strike(self, system: str, endpoint: str, method: str) -> list[Hit]:
        """Count a request and return what hits it, in the order of the rules."""
        with self._lock:
            return [
                Hit(live.rule, live.rows)
                for live in self._live
                if live.rule.matches(system, endpoint, method) and live.hit()
            ]


def rules_from(document: object) -> list[Rule]:
    """Return the rules of `{"rules": [...]}` or of a bare list.

    Raises:
        BadRule: One of them cannot be used; the message names it by its place, counted from 1.
    """
    found = document.get("rules") if isinstance(document, Mapping) else document
    if not isinstance(found, list):
        raise BadRule('fault rules are a list, or an object with the list under "rules"')
    return [_rule(place, entry) for place, entry in enumerate(found, start=1)]


def _rule(place: int, entry: object) -> Rule:
    if not isinstance(entry, Mapping):
        raise BadRule(f"bad rule {place}: a rule is an object, not {type(entry).__name__}")
    known = {each.name for each in fields(Rule)}
    unknown = sorted(set(entry) - known)
    if unknown:
        raise BadRule(f"bad rule {place}: unknown key {unknown[0]!r}; known: {sorted(known)}")
    if entry.get("kind") not in KINDS:
        raise BadRule(
            f"bad rule {place}: kind is one of {sorted(KINDS)}, not {entry.get('kind')!r}"
        )
    for name, value in entry.items():
        problem = _problem(name, value)
        if problem:
            raise BadRule(f"bad rule {place} ({entry['kind']}): {name} {problem}, not {value!r}")
    values: dict[str, Any] = dict(entry)
    for name in ("seconds", "retry_after"):
        if values.get(name) is not None:
            values[name] = float(values[name])
    return Rule(**values)


def _problem(name: str, value: object) -> str | None:
    """Return what a rule's value should be, or None if it is that."""
    if name in {"kind", "system", "endpoint"}:
        return None if isinstance(value, str) else "is text"
    if name == "row":
        return None if isinstance(value, Mapping) else "is an object"
    if value is None and name in {"times", "retry_after"}:
        return None
    if name in {"seconds", "retry_after"}:
        return None if _is_number(value) and float(str(value)) >= 0 else "is a number from 0"
    least = 1 if name in {"every", "rows_every"} else 0
    whole = isinstance(value, int) and not isinstance(value, bool)
    return None if whole and int(str(value)) >= least else f"is a whole number from {least}"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
