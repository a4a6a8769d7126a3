"""Where two long texts differ, word by word; what is the same for long is folded away."""

import re
from difflib import SequenceMatcher
from typing import NamedTuple

from app.views.state.language import tr

FOLD_ABOVE = 14
KEPT = 5
MOST_WORDS = 3000
_TOKEN = re.compile(r"\s+|\w+|[^\w\s]")


class Span(NamedTuple):
    """A piece of a text, and whether it is not in the other."""

    text: str
    changed: bool


class Marked(NamedTuple):
    """Both texts in pieces."""

    one: tuple[Span, ...]
    other: tuple[Span, ...]


def marked(one: str, other: str) -> Marked:
    """Return two texts in pieces. Texts of more than 3,000 words are marked whole."""
    left, right = _TOKEN.findall(one), _TOKEN.findall(other)
    if one == other or not one or not other or len(left) + len(right) > 2 * MOST_WORDS:
        whole = one != other
        return Marked((Span(one, whole),), (Span(other, whole),))
    first: list[Span] = []
    second: list[Span] = []
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            ends = (a == 0, b == len(left))
            first.append(Span(_folded(left[a:b], ends), changed=False))
            second.append(Span(_folded(right[c:d], ends), changed=False))
            continue
        first += _changed("".join(left[a:b]))
        second += _changed("".join(right[c:d]))
    return Marked(tuple(first), tuple(second))


def _changed(text: str) -> list[Span]:
    """Return a changed run; blanks around it are not marked, they would only underline nothing."""
    core = text.strip()
    if not core:
        return [Span(text, changed=False)] if text else []
    start = text.index(core)
    pieces = (
        Span(text[:start], changed=False),
        Span(core, changed=True),
        Span(text[start + len(core) :], changed=False),
    )
    return [piece for piece in pieces if piece.text]


def _folded(tokens: list[str], ends: tuple[bool, bool]) -> str:
    """Return an unchanged run, its middle replaced by the number of its words."""
    at_start, at_end = ends
    head, tail = (0 if at_start else KEPT), (0 if at_end else KEPT)
    middle = tokens[head : len(tokens) - tail]
    words = sum(token.strip() != "" for token in middle)
    if words <= FOLD_ABOVE:
        return "".join(tokens)
    folded = tr("[{count} words]").format(count=words)
    return f"{''.join(tokens[:head])} {folded} {''.join(tokens[len(tokens) - tail :])}"
