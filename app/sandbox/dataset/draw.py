"""Regular and random exceptions, so that a catalog does not look as if it came from one mould."""

from random import Random


def one_in(period: int, index: int, offset: int = 0) -> bool:
    """Return whether `index` is the one in `period` that starts at `offset`."""
    return index % period == offset


def chance(random: Random, share: float) -> bool:
    """Return True for about `share` (0 to 1) of all draws."""
    return random.random() < share
