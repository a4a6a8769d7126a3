"""The words of a SOQL statement (salesforce.md §5.3)."""

import re
from typing import NamedTuple

from app.sandbox.salesforce.errors import RequestError

_LONGEST = 100_000
_CONTEXT = 80

_WORDS = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<datetime>\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2}))
  | (?P<date>\d{4}-\d{2}-\d{2}(?![\dT]))
  | (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
  | (?P<range>[A-Za-z_]+:\d+)
  | (?P<name>[A-Za-z]\w*(?:\s*\.\s*[A-Za-z]\w*)*)
  | (?P<text>'(?:[^'\\]|\\.)*')
  | (?P<mark><=|>=|!=|<>|[=<>(),])
    """,
    re.VERBOSE | re.ASCII | re.DOTALL,
)


class Token(NamedTuple):
    """One word: its kind, its text without quotes, where it stands."""

    kind: str
    text: str
    position: int

    @property
    def upper(self) -> str:
        """The text in upper case if it is a name, else as it is: for comparing with keywords."""
        return self.text.upper() if self.kind == "name" else self.text


def tokens(soql: str) -> list[Token]:
    """Return the words of a statement, and at last one of kind `end`.

    Raises:
        RequestError: A character that cannot stand there, or a statement too long.
    """
    if len(soql) > _LONGEST:
        raise RequestError(
            "MALFORMED_QUERY", "SOQL statements cannot be longer than 100000 characters."
        )
    found: list[Token] = []
    position = 0
    while position < len(soql):
        match = _WORDS.match(soql, position)
        if match is None:
            raise _unreadable(soql, position)
        kind = str(match.lastgroup)
        if kind != "space":
            text = match.group()
            text = (
                text[1:-1] if kind == "text" else "".join(text.split()) if kind == "name" else text
            )
            found.append(Token(kind, text, position))
        position = match.end()
    return [*found, Token("end", "<EOF>", len(soql))]


def _unreadable(soql: str, position: int) -> RequestError:
    if soql[position] == "'":
        return malformed(soql, len(soql), "mismatched character '<EOF>' expecting '''")
    return malformed(soql, position, f"unexpected token: '{soql[position]}'")


def malformed(soql: str, position: int, message: str) -> RequestError:
    """Return a MALFORMED_QUERY that shows the place."""
    return at_place("MALFORMED_QUERY", soql, position, message)


def at_place(code: str, soql: str, position: int, message: str) -> RequestError:
    """Return an error with the line of the query, a caret under the place, and the message."""
    before = soql[:position]
    row = before.count("\n") + 1
    column = position - (before.rfind("\n") + 1) + 1
    lines = soql.split("\n")
    line = lines[row - 1]
    start = max(0, column - 1 - _CONTEXT)
    shown = line[start : column - 1 + _CONTEXT]
    caret = " " * (column - 1 - start) + "^"
    return RequestError(code, f"\n{shown}\n{caret}\nERROR at Row:{row}:Column:{column}\n{message}")


def too_complicated() -> RequestError:
    """Return the error of a statement whose conditions are too many or too deep."""
    message = (
        "Query is either selecting too many fields or the filter conditions are too complicated."
    )
    return RequestError("QUERY_TOO_COMPLICATED", message)


_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


def unescaped(text: str) -> str:
    """Return what a text literal means."""
    if "\\" not in text:
        return text
    return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1].lower(), m[1]), text, flags=re.DOTALL)


def like_pattern(text: str) -> str:
    r"""Return a text literal as a pattern whose `\` escapes `\`, `%` and `_`."""

    def meaning(match: re.Match[str]) -> str:
        letter = match[1]
        if letter in "%_\\":
            return "\\" + letter
        return _ESCAPES.get(letter.lower(), letter)

    return re.sub(r"\\(.)", meaning, text, flags=re.DOTALL)
