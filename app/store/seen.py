"""The links that a read has seen, so that it finds twins, and what is gone."""

from collections import defaultdict
from collections.abc import Iterable

_BITS = 12
_WITHIN = (1 << _BITS) - 1


class Seen:
    """A set of links, a byte each, in pieces: links far from those that were seen take no room."""

    def __init__(self) -> None:
        self._pieces: defaultdict[int, bytearray] = defaultdict(lambda: bytearray(1 << _BITS))

    def __len__(self) -> int:
        return sum(piece.count(1) for piece in self._pieces.values())

    def add(self, links: Iterable[int]) -> None:
        """Add links."""
        pieces = self._pieces
        if isinstance(links, range) and links:  # of a page that is new, all at once
            for piece in range(links.start >> _BITS, (links.stop - 1 >> _BITS) + 1):
                first = max(links.start, piece << _BITS)
                stop = min(links.stop, piece + 1 << _BITS)
                pieces[piece][first & _WITHIN : (stop - 1 & _WITHIN) + 1] = b"\1" * (stop - first)
            return
        for link in links:
            pieces[link >> _BITS][link & _WITHIN] = 1

    def has(self, links: Iterable[int]) -> list[int]:
        """Return for each of some links 1 where it is in it, else 0."""
        pieces = self._pieces
        return [pieces[link >> _BITS][link & _WITHIN] for link in links]

    def missing(self, links: Iterable[int]) -> list[int]:
        """Return those of some links that are not in it; they may be more than memory holds."""
        pieces = self._pieces
        return [link for link in links if not pieces[link >> _BITS][link & _WITHIN]]
