"""GraphQL documents: the one operation that is meant, with its variables and fragments put in.

Source: the GraphQL specification of October 2021, its executable part; directives are read over.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

_TOKEN = re.compile(
    r"(?P<skip>[\s,\ufeff]+|#[^\n]*)"
    r"|(?P<name>[_A-Za-z][_0-9A-Za-z]*)"
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r'|(?P<block>"""[\s\S]*?""")'
    r'|(?P<text>"(?:\\.|[^"\\\n])*")'
    r"|(?P<mark>\.\.\.|[!$():=@\[\]{}|&])"
)
_WORDS: Mapping[str, Any] = {"true": True, "false": False, "null": None}


class GraphqlError(ValueError):
    """What is wrong with a document; `kind` is Salesforce's ErrorType."""

    def __init__(self, message: str, kind: str = "ValidationError") -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Selection:
    """A field that is asked for, under the name that its value gets."""

    name: str
    key: str
    arguments: Mapping[str, Any]
    children: tuple["Selection", ...]


@dataclass(frozen=True, slots=True)
class _Spread:
    """The place of a named fragment."""

    name: str


@dataclass(frozen=True, slots=True)
class _Field:
    """A selection as it was written: with fragments in it that stand elsewhere."""

    name: str
    key: str
    arguments: Mapping[str, Any]
    parts: tuple["_Part", ...]


_Part = _Field | _Spread


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    place: int


def _tokens(text: str) -> Iterator[_Token]:
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise _syntax(f"token recognition error at: '{text[place]}'")
        if match.lastgroup != "skip":
            yield _Token(str(match.lastgroup), match[0], place)
        place = match.end()
    yield _Token("end", "<EOF>", place)


def _syntax(message: str) -> GraphqlError:
    return GraphqlError(f"Invalid Syntax : {message}", "InvalidSyntax")


class _Parser:
    def __init__(self, text: str, variables: Mapping[str, Any]) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0
        self._given = variables
        self._variables: dict[str, Any] = {}
        self.operations: dict[str, tuple[_Part, ...]] = {}
        self.fragments: dict[str, tuple[_Part, ...]] = {}

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, text: str = "", kind: str = "") -> str:
        token = self._next
        if (text and token.text != text) or (kind and token.kind != kind):
            raise _syntax(f"offending token '{token.text}' at position {token.place}")
        self._at += 1
        return token.text

    def _taken(self, text: str) -> bool:
        if self._next.text != text or self._next.kind == "text":
            return False
        self._at += 1
        return True

    def document(self) -> None:
        while self._next.kind != "end":
            word = self._next.text
            if word == "{":
                self.operations[""] = self._selections()
            elif self._taken("query"):
                self._operation()
            elif self._taken("fragment"):
                name = self._take(kind="name")
                self._take("on")
                self._take(kind="name")
                self.fragments[name] = self._selections()
            elif word in {"mutation", "subscription"}:
                raise GraphqlError(f"Operation {word} is not supported", "UnsupportedOperation")
            else:
                raise _syntax(f"offending token '{word}' at position {self._next.place}")

    def _operation(self) -> None:
        name = self._take(kind="name") if self._next.kind == "name" else ""
        if self._taken("("):
            while not self._taken(")"):
                self._variable()
        self._directives()
        self.operations[name] = self._selections()

    def _variable(self) -> None:
        self._take("$")
        name = self._take(kind="name")
        self._take(":")
        self._type()
        usual = self._value() if self._taken("=") else None
        self._variables[name] = self._given.get(name, usual)
        self._directives()

    def _type(self) -> None:
        if self._taken("["):
            self._type()
            self._take("]")
        else:
            self._take(kind="name")
        self._taken("!")

    def _directives(self) -> None:
        while self._taken("@"):
            self._take(kind="name")
            self._arguments()

    def _arguments(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self._taken("("):
            while not self._taken(")"):
                name = self._take(kind="name")
                self._take(":")
                found[name] = self._value()
        return found

    def _selections(self) -> tuple[_Part, ...]:
        self._take("{")
        found: list[_Part] = []
        while not self._taken("}"):
            if self._taken("..."):
                found += self._spread()
            else:
                found.append(self._selection())
        return tuple(found)

    def _spread(self) -> tuple[_Part, ...]:
        if self._next.kind == "name" and self._next.text != "on":
            name = self._take(kind="name")
            self._directives()
            return (_Spread(name),)
        if self._taken("on"):
            self._take(kind="name")
        self._directives()
        return self._selections()

    def _selection(self) -> _Field:
        key = name = self._take(kind="name")
        if self._taken(":"):
            name = self._take(kind="name")
        arguments = self._arguments()
        self._directives()
        inner = self._selections() if self._next.text == "{" else ()
        return _Field(name, key, arguments, inner)

    def _value(self) -> Any:
        token = self._next
        if self._taken("$"):
            return self._known(self._take(kind="name"))
        if self._taken("["):
            items = []
            while not self._taken("]"):
                items.append(self._value())
            return items
        if self._taken("{"):
            return self._object()
        self._at += 1
        return _plain(token)

    def _known(self, name: str) -> Any:
        if name not in self._variables:
            raise GraphqlError(f"Undefined variable '{name}'")
        return self._variables[name]

    def _object(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not self._taken("}"):
            name = self._take(kind="name")
            self._take(":")
            found[name] = self._value()
        return found


def _plain(token: _Token) -> Any:
    if token.kind == "name":
        return _WORDS.get(token.text, token.text)
    if token.kind == "number":
        return int(token.text) if token.text.lstrip("-").isdigit() else Decimal(token.text)
    if token.kind == "block":
        return token.text[3:-3]
    if token.kind == "text":
        return json.loads(token.text)
    raise _syntax(f"offending token '{token.text}' at position {token.place}")


def operation(text: str, variables: Mapping[str, Any], name: str) -> tuple[Selection, ...]:
    """Return the selections of the operation of a name, or of the only one.

    Raises:
        GraphqlError: The document is wrong, or has no such operation.
    """
    parser = _Parser(text, variables)
    parser.document()
    if not name and len(parser.operations) == 1:
        (name,) = parser.operations
    if name not in parser.operations:
        raise GraphqlError(f"Unknown operation named '{name}'")
    return tuple(_resolved(parser.operations[name], parser.fragments, ()))


def _resolved(
    parts: tuple[_Part, ...], fragments: Mapping[str, tuple[_Part, ...]], seen: tuple[str, ...]
) -> Iterator[Selection]:
    for part in parts:
        if isinstance(part, _Spread):
            if part.name not in fragments or part.name in seen:
                raise GraphqlError(f"Undefined fragment '{part.name}'")
            yield from _resolved(fragments[part.name], fragments, (*seen, part.name))
        else:
            inner = tuple(_resolved(part.parts, fragments, seen))
            yield Selection(part.name, part.key, part.arguments, inner)
