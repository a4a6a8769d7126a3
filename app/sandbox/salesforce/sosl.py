"""SOSL: what a search looks for, where, and what it returns."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.sandbox.salesforce.errors import RequestError
from app.sandbox.salesforce.soql_lexer import Token, tokens

SCOPES = frozenset({"ALL", "NAME", "EMAIL", "PHONE", "SIDEBAR"})
_FIND = re.compile(r"\s*FIND\s*\{((?:\\.|[^{}\\])*)\}", re.IGNORECASE | re.DOTALL)
_SCOPE = re.compile(r"\s+IN\s+(\w+)\s+FIELDS\b", re.IGNORECASE)
_RETURNING = re.compile(r"\s+RETURNING\s+", re.IGNORECASE)
_LIMIT = re.compile(r"\s+LIMIT\s+(\d+)", re.IGNORECASE)
_LATER = frozenset({"WHERE", "ORDER", "LIMIT", "OFFSET", "USING"})
_SHORTEST = 2
_TERM = re.compile(r'"((?:\\.|[^"\\])*)"|(\()|(\))|((?:\\.|[^\s()"\\])+)', re.DOTALL)
_NOT_LETTERS = re.compile(r"[^\w*?]+")
_BETWEEN = r"[^\w\n]+"  # a phrase stands in one line of the text, that is in one field

Test = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Returned:
    """One object that a search returns; texts are those of SOQL, "" where nothing was said."""

    sobject: str
    fields: str = ""
    condition: str = ""
    order: str = ""
    limit: int | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Search:
    """A whole search; no `returned` means every object, by its id."""

    term: str
    scope: str
    returned: tuple[Returned, ...]
    limit: int | None = None


def parse(sosl: str) -> Search:
    """Return what a statement of SOSL says.

    Raises:
        RequestError: It is none (MALFORMED_SEARCH).
    """
    find = _FIND.match(sosl)
    if find is None:
        raise malformed("expecting FIND {SearchQuery}")
    rest = sosl[find.end() :].rstrip()
    scope = _SCOPE.match(rest)
    rest = rest[scope.end() :] if scope else rest
    returning = _RETURNING.match(rest)
    returned: list[Returned] = []
    if returning:
        returned, rest = _returned(rest[returning.end() :])
    limit = _LIMIT.fullmatch(rest)
    if rest and limit is None and not rest.upper().startswith(" WITH "):
        raise malformed(f"unexpected token: '{rest.split()[0]}'")
    named = scope[1].upper() if scope else "ALL"
    return Search(find[1], named, tuple(returned), int(limit[1]) if limit else None)


def malformed(message: str) -> RequestError:
    """Return the error of a search that cannot be understood."""
    return RequestError("MALFORMED_SEARCH", message)


def _returned(text: str) -> tuple[list[Returned], str]:
    """Return the objects of a RETURNING clause, and what follows it."""
    found: list[Returned] = []
    words = tokens(text)
    place = 0
    while True:
        if words[place].kind != "name":
            raise malformed(f"unexpected token: '{words[place].text}'")
        name, place = words[place].text, place + 1
        inner = ""
        if words[place].text == "(":
            end = _closing(words, place)
            inner = text[words[place].position + 1 : words[end].position]
            place = end + 1
        found.append(_one(name, inner))
        if words[place].text != ",":
            return found, text[words[place - 1].position + len(words[place - 1].text) :].rstrip()
        place += 1


def _closing(words: Sequence[Token], place: int) -> int:
    depth = 0
    for number, word in enumerate(words[place:], place):
        if word.kind == "mark":
            depth += {"(": 1, ")": -1}.get(word.text, 0)
        if not depth:
            return number
    raise malformed("mismatched parentheses")


def _one(name: str, inner: str) -> Returned:
    """Return an object with the parts of its parentheses: fields, condition, order, limit."""
    starts = [
        (word.upper, word.position)
        for word, depth in _with_depth(tokens(inner))
        if not depth and word.kind == "name" and word.upper in _LATER
    ]
    places = [position for _, position in starts] + [len(inner)]
    parts = {
        word: inner[position + len(word) : end].strip()
        for (word, position), end in zip(starts, places[1:], strict=True)
    }
    return Returned(
        name,
        inner[: places[0]].strip(),
        parts.get("WHERE", ""),
        re.sub(r"^BY\s+", "", parts.get("ORDER", ""), flags=re.IGNORECASE),
        count(parts.get("LIMIT")),
        count(parts.get("OFFSET")) or 0,
    )


def _with_depth(words: Sequence[Token]) -> list[tuple[Token, int]]:
    depth, found = 0, []
    for word in words:
        depth += {"(": 1, ")": -1}.get(word.text, 0) if word.kind == "mark" else 0
        found.append((word, depth))
    return found


def count(text: str | None) -> int | None:
    """Return a number of rows, None where nothing is said.

    Raises:
        RequestError: It is no number (MALFORMED_SEARCH).
    """
    if not text:
        return None
    if not text.isdecimal():
        raise malformed(f"unexpected token: '{text}'")
    return int(text)


def matcher(term: str) -> Test:
    """Return what tells whether a record's text, a line a field, fits a search term.

    Words are whole words in any case, `*` and `?` stand for letters, quotes hold a phrase; without
    an operator all words have to be there. AND NOT, AND and OR bind in this order.

    Raises:
        RequestError: The term has no word of two letters.
    """
    if not any(len(each) >= _SHORTEST for each in re.findall(r"\w+", term)):
        raise malformed(f"search term must be longer than one character: {term}")
    return _Terms(list(_TERM.finditer(term))).whole()


class _Terms:
    """Reads a term from its first word to its last."""

    def __init__(self, words: Sequence[re.Match[str]]) -> None:
        self._words = list(words)

    def whole(self) -> Test:
        test = self._any()
        if self._words:
            raise malformed(f"unexpected token: '{self._words[0].group()}'")
        return test

    def _any(self) -> Test:
        tests = [self._all()]
        while self._taken("OR"):
            tests.append(self._all())
        return lambda text: any(each(text) for each in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._words and not self._next_is("OR", ")"):
            self._taken("AND")
            tests.append(_negated(self._one()) if self._taken("NOT") else self._one())
        return lambda text: all(each(text) for each in tests)

    def _one(self) -> Test:
        if not self._words:
            raise malformed("unexpected token: '<EOF>'")
        word = self._words.pop(0)
        if word[2]:
            test = self._any()
            if not self._taken(")"):
                raise malformed("mismatched parentheses")
            return test
        return _phrase(word[1] if word[1] is not None else word.group())

    def _next_is(self, *marks: str) -> bool:
        return bool(self._words) and self._words[0].group().upper() in marks

    def _taken(self, mark: str) -> bool:
        found = self._next_is(mark)
        if found:
            self._words.pop(0)
        return found


def _negated(test: Test) -> Test:
    return lambda text: not test(text)


def _phrase(text: str) -> Test:
    words = [each for each in _NOT_LETTERS.split(re.sub(r"\\(.)", r"\1", text)) if each]
    letters = {"*": r"\w*", "?": r"\w"}
    patterns = ["".join(letters.get(each, re.escape(each)) for each in word) for word in words]
    pattern = re.compile(r"(?<!\w)" + _BETWEEN.join(patterns) + r"(?!\w)", re.IGNORECASE)
    return lambda text: pattern.search(text) is not None
