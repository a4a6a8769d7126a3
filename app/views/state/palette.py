"""Commands found by a few letters of their name."""

from collections.abc import Sequence
from dataclasses import dataclass

_START, _NEXT, _LATER = 8, 5, 1


@dataclass(frozen=True, slots=True)
class Found:
    """A command's place in the list that was searched, and how well it fits."""

    place: int
    score: int


def search(wanted: str, names: Sequence[str]) -> tuple[Found, ...]:
    """Return the names that hold the letters wanted, in their order; the best first.

    Letters at the start of words and letters side by side count more. With nothing wanted, all of
    them as they stand.
    """
    letters = "".join(wanted.split()).casefold()
    found = [
        Found(place, score)
        for place, name in enumerate(names)
        if (score := fit(letters, name.casefold())) >= 0
    ]
    return tuple(sorted(found, key=lambda each: (-each.score, each.place)))


def fit(letters: str, name: str) -> int:
    """Return how well letters fit a name, both in one case; -1 where they do not.

    Each letter is looked for at the start of a word first, then right behind the one before it.
    """
    score, at = 0, 0
    for letter in letters:
        place, worth = _place(letter, name, at)
        if place < 0:
            return fit_plainly(letters, name)
        score += worth
        at = place + 1
    return score


def fit_plainly(letters: str, name: str) -> int:
    """Return how well letters fit when each is taken where it stands first; -1 if they do not."""
    at, score = 0, 0
    for letter in letters:
        place = name.find(letter, at)
        if place < 0:
            return -1
        score += _NEXT if place == at else _LATER
        at = place + 1
    return score


def _place(letter: str, name: str, at: int) -> tuple[int, int]:
    if name[at : at + 1] == letter:
        starts = at == 0 or name[at - 1] == " "
        return at, _START if starts else _NEXT
    word = name.find(f" {letter}", max(0, at - 1))
    if word >= 0:
        return word + 1, _START
    place = name.find(letter, at)
    return place, _LATER
