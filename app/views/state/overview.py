"""Where the differences stand among the open rows, for the bar beside the trees."""

from collections.abc import Iterable
from typing import NamedTuple

from app.views.state.difference import Tone

MOST_MARKS = 600


class Mark(NamedTuple):
    """A mark on the bar: its place from 0 to 1, and the state that it stands for."""

    place: float
    tone: Tone


class Window(NamedTuple):
    """The part of the rows that is in sight, as shares of all."""

    top: float
    share: float


def marks(tones: Iterable[tuple[int, Tone]], rows: int) -> tuple[Mark, ...]:
    """Return the marks of rows (their place from the top, and tone) among `rows` open ones.

    The bar has some hundred pixels: of rows that fall on one place the gravest is kept, so that
    painting costs the same for a hundred rows and for a million.
    """
    found: dict[int, Tone] = {}
    for position, tone in tones:
        slot = position * MOST_MARKS // max(1, rows) if rows > MOST_MARKS else position
        if slot not in found or _gravity(tone) > _gravity(found[slot]):
            found[slot] = tone
    slots = min(max(1, rows), MOST_MARKS)
    return tuple(Mark(slot / slots, tone) for slot, tone in sorted(found.items()))


def window(value: int, page: int, maximum: int) -> Window:
    """Return the part in sight, from a scroll bar's value, page and maximum."""
    whole = max(1, maximum + page)
    return Window(value / whole, min(1.0, page / whole))


def _gravity(tone: Tone) -> int:
    order = (
        Tone.PLAIN, Tone.MUTED, Tone.CHANGED, Tone.BILLING, Tone.SALESFORCE, Tone.CONFLICT,
    )  # fmt: skip
    return order.index(tone)
