"""What a request's body must look like; every mistake is named by its path (orb.md §1)."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from app.sandbox.orb.amounts import is_amount
from app.sandbox.orb.errors import invalid
from app.sandbox.orb.times import parse

Check = Callable[[object, str], Iterator[str]]

_LONGEST_TERMS = 36_500  # days: Orb tells no bound for these, the calendar has one
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def text(least: int = 0, most: int | None = None) -> Check:
    """Return the check of a text of so many characters."""

    def check(value: object, path: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield f"{path}: str type expected"
        elif len(value) < least:
            yield f"{path}: ensure this value has at least {least} characters"
        elif most is not None and len(value) > most:
            yield f"{path}: ensure this value has at most {most} characters"

    return check


def _email(value: object, path: str) -> Iterator[str]:
    if not isinstance(value, str) or not _EMAIL.fullmatch(value):
        yield f"{path}: value is not a valid email address"


def _flag(value: object, path: str) -> Iterator[str]:
    if not isinstance(value, bool):
        yield f"{path}: value could not be parsed to a boolean"


def _is_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _number(value: object, path: str) -> Iterator[str]:
    if not _is_number(value) or not is_amount(Decimal(str(value))):
        yield f"{path}: value is not a valid number"


def whole(least: int | None = None, most: int | None = None) -> Check:
    """Return the check of a whole number within bounds."""

    def check(value: object, path: str) -> Iterator[str]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield f"{path}: value is not a valid integer"
        elif least is not None and value < least:
            yield f"{path}: ensure this value is greater than or equal to {least}"
        elif most is not None and value > most:
            yield f"{path}: ensure this value is less than or equal to {most}"

    return check


def _amount(value: object, path: str) -> Iterator[str]:
    try:
        fits = isinstance(value, str) and is_amount(Decimal(value))
    except InvalidOperation:
        fits = False
    if not fits:
        yield f"{path}: value is not a valid decimal string"


def _reads(value: object, read: Callable[[str], object]) -> bool:
    """Tell whether a value is text that a reader takes."""
    try:
        return isinstance(value, str) and read(value) is not None
    except ValueError:
        return False


def _moment(value: object, path: str) -> Iterator[str]:
    if not _reads(value, parse):
        yield f"{path}: invalid datetime format"


def _day(value: object, path: str) -> Iterator[str]:
    if not _reads(value, date.fromisoformat):
        yield f"{path}: invalid date format"


def one_of(*choices: object) -> Check:
    """Return the check of a value out of a list."""

    def check(value: object, path: str) -> Iterator[str]:
        if value not in choices or isinstance(value, bool) != isinstance(choices[0], bool):
            listed = ", ".join(repr(each) for each in choices)
            yield f"{path}: value is not a valid enumeration member; permitted: {listed}"

    return check


def either(first: Check, second: Check) -> Check:
    """Return a check that one of two has to pass; mistakes are told in the words of the first."""

    def check(value: object, path: str) -> Iterator[str]:
        if any(True for _ in second(value, path)):
            yield from first(value, path)

    return check


def list_of(entry: Check, least: int = 0, most: int | None = None) -> Check:
    """Return the check of a list of so many entries."""

    def check(value: object, path: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{path}: value is not a valid list"
            return
        if len(value) < least or (most is not None and len(value) > most):
            bounds = f"at least {least}" if len(value) < least else f"at most {most}"
            yield f"{path}: ensure this value has {bounds} items"
        for place, each in enumerate(value):
            yield from entry(each, f"{path}.{place}")

    return check


def _metadata(value: object, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: value is not a valid dict"
        return
    for key, each in value.items():
        if each is not None and not isinstance(each, str):
            yield f"{path}.{key}: str type expected"


def _object(value: object, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: value is not a valid dict"


KINDS: dict[str, Check] = {
    "text": text(),
    "key": text(1),
    "email": _email,
    "flag": _flag,
    "number": _number,
    "whole": whole(),
    "count": whole(0),
    "terms": whole(0, _LONGEST_TERMS),
    "amount": _amount,
    "moment": _moment,
    "day": _day,
    "day_or_moment": either(_moment, _day),
    "map": _metadata,
    "object": _object,
}


@dataclass(frozen=True, slots=True)
class _Field:
    check: Check
    required: bool
    nullable: bool


class Shape:
    """What an object may hold; usable as a check of its own.

    The words of `spec` are `name`, `name:kind`, `name:kind[]` or `name:one|of|these`; `*` after the
    name means required, `!` optional but not null. `nested` gives checks that no word can say,
    under the names of fields in the spec.
    """

    def __init__(self, spec: str, **nested: Check) -> None:
        self._strict = True
        self._fields = dict(_field(word, nested) for word in spec.split())

    def __call__(self, value: object, path: str) -> Iterator[str]:
        """Yield the mistakes in a value that should be such an object."""
        if not isinstance(value, dict):
            yield f"{path or 'body'}: value is not a valid dict"
            return
        yield from self._unknown(value, path)
        for name, field in self._fields.items():
            where = f"{path}.{name}" if path else name
            if value.get(name) is not None:
                yield from field.check(value[name], where)
            elif name in value and not field.nullable:
                yield f"{where}: none is not an allowed value"
            elif field.required and name not in value:
                yield f"{where}: field required"

    def _unknown(self, value: Mapping[str, object], path: str) -> Iterator[str]:
        for name in value if self._strict else ():
            if name not in self._fields:
                yield f"{path}.{name}: extra fields not permitted".removeprefix(".")

    def verify(self, body: object) -> None:
        """Refuse a body that does not fit.

        Raises:
            OrbError: With every mistake that was found.
        """
        found = list(self(body, ""))
        if found:
            raise invalid(*found)


def loose(spec: str, **nested: Check) -> Shape:
    """Return a shape that lets unknown fields pass, as Orb's own does where it is not strict."""
    shape = Shape(spec, **nested)
    shape._strict = False  # noqa: SLF001 - of this module
    return shape


@lru_cache(maxsize=1024)
def _parsed(word: str) -> tuple[str, str, str]:
    """Return name, mark and kind of a word such as `name*:kind`."""
    name, _, kind = word.partition(":")
    mark = name[-1] if name[-1] in "*!" else ""
    return name.rstrip("*!"), mark, kind or "text"


@lru_cache(maxsize=1024)
def _plain_field(mark: str, kind: str) -> _Field:
    return _Field(_check(kind), required=mark == "*", nullable=not mark)


def _field(word: str, nested: Mapping[str, Check]) -> tuple[str, _Field]:
    name, mark, kind = _parsed(word)
    if name in nested:
        return name, _Field(nested[name], required=mark == "*", nullable=not mark)
    return name, _plain_field(mark, kind)


def _check(kind: str) -> Check:
    if kind.endswith("[]"):
        return list_of(_check(kind.removesuffix("[]")))
    return one_of(*kind.split("|")) if "|" in kind else KINDS[kind]


def tagged(tag: str, shapes: Mapping[str, Check]) -> Check:
    """Return the check of objects that are told apart by the value of `tag`."""

    def check(value: object, path: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{path or 'body'}: value is not a valid dict"
            return
        found = shapes.get(str(value.get(tag)))
        where = f"{path}.{tag}" if path else tag
        if found is None:
            yield f"{where}: no match for discriminator; permitted: {', '.join(shapes)}"
        else:
            yield from found(value, path)

    return check
