"""Why a record that only billing has is held back from Salesforce until a person says so."""

from collections.abc import Callable, Iterable, Sequence

from app.domain.convert import text
from app.domain.mapping import EntityMapping, InsertRule
from app.domain.pairing import Ambiguous, Match
from app.domain.record import Values

_NAMED = 3  # of many keys in one sentence


def lacking(
    rule: InsertRule, below: EntityMapping, rows: Iterable[Values], has: Callable[[str], bool]
) -> str:
    """Return why a record may not come by itself, `""` where it may.

    Args:
        rule: What it needs.
        below: The entity that the rule names.
        rows: The record's own records of that entity, as billing has them.
        has: Whether both sides have a record of the key that the rule's field points at.
    """
    fitting = [row for row in rows if _fits(rule, below, row)]
    if not fitting:
        wanted = " and ".join(f"{name} {value}" for name, value in rule.where.items())
        return f"it has no {below.label}{f' with {wanted}' if wanted else ''}"
    keys = dict.fromkeys(text(row[below.index[rule.field]]) for row in fitting)
    keys.pop("", None)
    if any(has(key) for key in keys):
        return ""
    if not keys:
        return f"its {below.plural} name no {rule.field}"
    return f"none of its {rule.field}s is on both sides, as last read: {_some(list(keys))}"


def may_be(match: Match, *, by_rule: bool) -> str:
    """Return why a record waits that may be one that Salesforce has."""
    found = match.salesforce
    how = f"by the rule {match.rule}" if by_rule else f"{match.rule}, {match.score} of 100"
    return f"Salesforce has {found.title!r} ({found.id}), which may be the same: {how}"


def may_be_one_of(unclear: Ambiguous) -> str:
    """Return why a record waits that may be one of several."""
    named = _some([one.id for one in unclear.salesforce])
    return f"it may be one that Salesforce has, by {unclear.rule}: {named}"


def with_held(above: EntityMapping, key: str) -> str:
    """Return why a record waits whose parent, or what it points at, does."""
    return f"its {above.label} {key} is held back"


def _fits(rule: InsertRule, below: EntityMapping, row: Values) -> bool:
    return all(text(row[below.index[name]]) == value for name, value in rule.where.items())


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")
