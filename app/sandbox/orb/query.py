"""The query of a request: single values, lists and ranges in brackets (orb.md §1)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from urllib.parse import parse_qsl

from app.sandbox.orb.amounts import is_amount
from app.sandbox.orb.errors import invalid
from app.sandbox.orb.times import parse, stamp

_BOUNDS = ("gte", "gt", "lt", "lte")
_MOST_DIGITS = 18


def ranges(name: str) -> tuple[str, ...]:
    """Return the parameters of a range of times."""
    return tuple(f"{name}[{bound}]" for bound in _BOUNDS)


@dataclass(frozen=True, slots=True)
class Range:
    """Bounds on text that compares as its values do."""

    bounds: tuple[tuple[str, str], ...] = ()

    def holds(self, value: str | None) -> bool:
        """Tell whether a value lies within; None does only where there are no bounds."""
        if value is None:
            return not self.bounds
        return all(_within(value, bound, limit) for bound, limit in self.bounds)


def _within(value: str, bound: str, limit: str) -> bool:
    if bound == "gte":
        return value >= limit
    if bound == "gt":
        return value > limit
    return value < limit if bound == "lt" else value <= limit


class Query:
    """The parameters of one request, decoded; a name may have come several times."""

    def __init__(self, target: str) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in parse_qsl(target.partition("?")[2], keep_blank_values=True):
            self._values.setdefault(name, []).append(value)

    def refuse_others(self, known: Collection[str]) -> None:
        """Refuse parameters that the call does not have: a mistyped filter must not pass."""
        unknown = [name for name in self._values if name not in known]
        if unknown:
            raise invalid(*(f"query.{name}: extra parameters not permitted" for name in unknown))

    def one(self, name: str) -> str | None:
        """Return a parameter, or None."""
        found = self._values.get(name)
        return found[-1] if found else None

    def many(self, name: str) -> list[str]:
        """Return all values of a list, sent as `name[]=…` or once as `name=…`."""
        return [*self._values.get(f"{name}[]", []), *self._values.get(name, [])]

    def choice(self, name: str, choices: Collection[str]) -> str | None:
        """Return a parameter that is one of a list."""
        found = self.one(name)
        if found is not None and found not in choices:
            raise invalid(f"query.{name}: permitted: {', '.join(choices)}")
        return found

    def choices(self, name: str, choices: Collection[str]) -> list[str]:
        """Return the values of a list that are each one of `choices`."""
        found = self.many(name)
        wrong = [each for each in found if each not in choices]
        if wrong:
            raise invalid(f"query.{name}: permitted: {', '.join(choices)}, not {wrong[0]!r}")
        return found

    def flag(self, name: str) -> bool | None:
        """Return `true` or `false` as a boolean."""
        found = self.choice(name, ("true", "false"))
        return None if found is None else found == "true"

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        """Return a whole number within bounds."""
        found = self.one(name)
        if found is None:
            return default
        digits = found.removeprefix("-")
        number = int(found) if digits.isdecimal() and len(digits) <= _MOST_DIGITS else None
        if number is None:
            raise invalid(f"query.{name}: value is not a valid integer")
        if not least <= number <= most:
            raise invalid(f"query.{name}: ensure this value is between {least} and {most}")
        return number

    def number(self, name: str) -> Decimal | None:
        """Return a decimal number."""
        found = self.one(name)
        if found is None:
            return None
        try:
            number = Decimal(found)
        except InvalidOperation:
            number = Decimal("NaN")
        if not is_amount(number):
            raise invalid(f"query.{name}: value is not a valid decimal")
        return number

    def moment(self, name: str) -> str | None:
        """Return a time as a stamp."""
        found = self.one(name)
        try:
            return None if found is None else stamp(parse(found))
        except ValueError:
            raise invalid(f"query.{name}: invalid datetime format") from None

    def range(self, name: str) -> Range:
        """Return the bounds `name[gte]`, `[gt]`, `[lt]`, `[lte]` on times."""
        found = ((bound, self.moment(f"{name}[{bound}]")) for bound in _BOUNDS)
        return Range(tuple((bound, limit) for bound, limit in found if limit is not None))

    def days(self, name: str) -> dict[str, str]:
        """Return the bounds on days: `name`, `name[gt]`, `name[lt]`, each `YYYY-MM-DD`."""
        found: dict[str, str] = {}
        for bound in ("", "gt", "lt"):
            value = self.one(f"{name}[{bound}]" if bound else name)
            if value is None:
                continue
            try:
                found[bound] = date.fromisoformat(value[:10]).isoformat()
            except ValueError:
                raise invalid(f"query.{name}: invalid date format") from None
        return found
