"""Where F7 and F8 go."""

from collections.abc import Sequence
from enum import Enum


class Go(Enum):
    """Which difference to go to."""

    FIRST = "first"
    PREVIOUS = "previous"
    NEXT = "next"
    LAST = "last"


def destination(order: Sequence[int], current: int, go: Go) -> int | None:
    """Return the link to go to, None where there is none.

    Args:
        order: The differences from top to bottom, and `current` at its place among them.
        current: The current record's link; 0 for none, which stands before the first.
        go: Where to.
    """
    others = [link for link in order if link != current]
    if not others:
        return order[0] if order else None
    if go is Go.FIRST:
        return order[0]
    if go is Go.LAST:
        return order[-1]
    place = order.index(current) if current in order else -1
    wanted = place + 1 if go is Go.NEXT else place - 1
    return order[wanted] if 0 <= wanted < len(order) else None
