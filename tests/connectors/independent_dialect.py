"""How a server may say one and the same thing: dialects of JSON that the references allow.

Written from the references alone, never from the sandbox, so that what we take for granted of our
own server is found out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from json import dumps
from typing import Any


class Nothing(Enum):
    """How a field without a value is told (aria.md §4.5)."""

    NULL = "null"
    EMPTY = "empty"
    ABSENT = "absent"
    ZERO = "zero"


@dataclass(frozen=True, slots=True)
class Twin:
    """A value under a name that has a typed `_2` twin (aria.md §4.2)."""

    value: Any


@dataclass(frozen=True, slots=True)
class NoNumber:
    """A number that there is none of; some calls say 0."""


NONE_SUCH = NoNumber()


@dataclass(frozen=True, slots=True)
class Dialect:
    """One way to say it.

    Attributes:
        flags: What stands for no and yes.
        money: A format of a decimal: `plain`, `padded` or `exponent`.
        twins: `both`, `typed` or `plain`.
        day: What follows a date.
        one: Whether an array of one row is the row alone.
        extra: Whether there are fields that nobody knows.
        cap: How many rows a page of a list has at most, whatever was asked for.
        counts: Whether a list tells how many records there are.
        stingy: Whether what can be asked for is told only then.
        only_safe: Whether nothing can be searched for whose search is only inferred.
        fillers: How many accounts there are besides.
        blank: Whether the list of accounts leaves out the numbers of their plan instances.
        endless: What stands for no end of a tier, where it is a number.
    """

    name: str
    quoted: bool = False
    flags: tuple[Any, Any] = (0, 1)
    money: str = "plain"
    nothing: Nothing = Nothing.NULL
    no_rows: Any = ()
    twins: str = "both"
    day: str = ""
    one: bool = False
    extra: bool = False
    backwards: bool = False
    code_as_text: bool = False
    message: bool = True
    cap: int = 0
    counts: bool = True
    stingy: bool = False
    only_safe: bool = False
    fillers: int = 2
    blank: bool = False
    endless: str = ""

    def text(self, answer: Mapping[str, Any]) -> str:
        """Return an answer as JSON."""
        return self._dumped(answer)

    def _dumped(self, value: Any) -> str:
        if isinstance(value, dict):
            pairs = list(self._pairs(value))
            pairs = pairs[::-1] if self.backwards else pairs
            inner = ", ".join(f"{dumps(name)}: {told}" for name, told in pairs)
            return f"{{{inner}}}"
        if isinstance(value, list | tuple):
            if self.one and len(value) == 1 and isinstance(value[0], dict):
                return self._dumped(value[0])
            return f"[{', '.join(map(self._dumped, value))}]"
        return self._scalar(value)

    def _pairs(self, row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for name, value in row.items():
            if isinstance(value, Twin):
                yield from self._twin(name, value.value)
            elif value is None or value in (NONE_SUCH, ""):
                told = [(name, self.endless)] if name == "to_unit" and self.endless else None
                yield from told or self._none(name, value)
            elif value == []:
                yield from [] if self.no_rows is Nothing.ABSENT else [(name, dumps(self.no_rows))]
            else:
                yield name, self._dumped(value)
        if self.extra:
            yield "zz_release_71", '{"unheard_of": [1, null, {"x": "y"}]}'

    def _none(self, name: str, value: Any) -> Iterator[tuple[str, str]]:
        if self.nothing is Nothing.ABSENT:
            return
        if self.nothing is Nothing.ZERO and value == NONE_SUCH:
            yield name, '"0"' if self.quoted else "0"
        else:
            yield name, '""' if self.nothing is Nothing.EMPTY else "null"

    def _twin(self, name: str, value: Any) -> Iterator[tuple[str, str]]:
        if self.twins != "typed":
            yield name, dumps(str(value))
        if self.twins != "plain":
            yield f"{name}_2", self._dumped(value)

    def _scalar(self, value: Any) -> str:
        if isinstance(value, bool):
            return dumps(self.flags[value])
        if isinstance(value, datetime):
            return dumps(value.strftime("%Y-%m-%d %H:%M:%S"))
        if isinstance(value, date):
            return dumps(f"{value}{self.day}")
        if isinstance(value, Decimal):
            told = self._amount(value)
            return dumps(told) if self.quoted else told
        if isinstance(value, int):
            return dumps(str(value)) if self.quoted else str(value)
        return dumps(value, ensure_ascii=self.backwards)

    def _amount(self, value: Decimal) -> str:
        if self.money == "exponent":
            return f"{value:E}"
        plain = f"{value.normalize():f}"
        return f"{value:.12f}" if self.money == "padded" else plain


@dataclass(frozen=True, slots=True)
class Wrapping:
    """How an answer travels.

    Attributes:
        tail: What stands behind the JSON.
        coding: A content coding, or `chunked` for the transfer.
    """

    kind: str = "application/json"
    head: bytes = b""
    tail: bytes = b""
    coding: str = ""
    closes: bool = False
