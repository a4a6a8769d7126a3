"""Values of a supplemental field, from those that Aria holds to those that are wanted."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.connectors.aria.values import Row, text

ADD, CHANGE, DELETE = 1, 2, 3
"""Directives of fields of accounts and of plan instances (aria.md §2.3, §2.5)."""


@dataclass(frozen=True, slots=True)
class FieldEdit:
    """One value of a field, and what is to happen to it."""

    name: str
    value: str
    directive: int


def values_held(told: Iterable[Row], name: str) -> dict[str, list[str]]:
    """Return field → its values; `name` is that of the columns, without `_name` and `_value`."""
    held: dict[str, list[str]] = {}
    for row in told:
        values = held.setdefault(text(row.get(f"{name}_name")), [])
        values += filter(None, [text(row.get(f"{name}_value"))])
    return held


def edits(name: str, wanted: str, old: list[str]) -> Iterator[FieldEdit]:
    """Yield what makes a field hold what is wanted, `""` for nothing.

    Several values are joined with `; `, where the field has several (aria.md §4.17): of them only
    those that go or come are told.
    """
    new = [wanted] if wanted and len(old) <= 1 else [one for one in wanted.split("; ") if one]
    if len(old) == 1 and len(new) == 1:
        if old != new:
            yield FieldEdit(name, new[0], CHANGE)
        return
    yield from (FieldEdit(name, one, DELETE) for one in old if one not in new)
    yield from (FieldEdit(name, one, ADD) for one in new if one not in old)
