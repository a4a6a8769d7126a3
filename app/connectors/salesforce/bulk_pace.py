"""When a bulk job is asked how it is: as seldom as can be, so that its calls can be told."""

from typing import NamedTuple

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.25, 30.0
_WAITED = 0.5  # of the time that a job has taken so far is waited before it is asked again
_WAITED_MOST = 1.0  # of that time, where its rows are known
_WAITED_LEAST = 0.05  # of that time, where it tells that it is almost done; then twice as long
_EXPECTED = 1.05  # of the time that a job should take, as fast as the last one, before it is asked
_AT_BEST_S = 0.0001  # a row, while nobody knows: that much is waited before it is asked
_HALF_A_STAMP_S = 0.5  # stamps are whole seconds
_SOONER = 0.92  # of the time of one that was asked but once: it took less, perhaps


class Taken(NamedTuple):
    """How long a job of so many rows took."""

    rows: int
    seconds: float


class Pace:
    """How long one job is waited for, by how fast it goes; of unknown size: ever longer.

    One of more rows than the last is asked when that was done: how far it is by then tells the
    rest. Most of what a small job takes is its start, which a large one does not take many times.
    """

    def __init__(self, rows: int, last: Taken | None = None) -> None:
        """Begin with what is known: its rows, 0 if unknown, and how long the last like it took."""
        self._rows = rows
        self._least = _WAITED_LEAST
        self._asked = 0
        self._first_s = rows * _AT_BEST_S
        if last is not None:
            self._first_s = _EXPECTED * last.seconds * min(1.0, rows / last.rows)

    @property
    def first_s(self) -> float:
        """Seconds before it is asked for the first time; 0 where it is asked at once."""
        return min(_LONGEST_PAUSE_S, self._first_s) if self._first_s >= _FIRST_PAUSE_S else 0.0

    def next_s(self, processed: int, taken_s: float) -> float:
        """Return the seconds before it is asked again, having told so many rows done by now."""
        self._asked += 1
        most = _WAITED_MOST if self._rows else _WAITED
        share = (self._rows - processed) / processed if self._rows and processed else most
        pause = taken_s * min(most, max(self._least, share))
        if share < self._least:
            self._least *= 2
        return min(_LONGEST_PAUSE_S, max(_FIRST_PAUSE_S, pause))

    def told(self, taken_s: float, lasted_s: float | None) -> Taken | None:
        """Return how long a job that has ended took, for the next like it; None: unknown.

        One that had ended when it was first asked took less than it was waited for: were that time
        taken for its own, each job would be waited for a little longer than the one before.

        Args:
            taken_s: How long it was waited for.
            lasted_s: How long it lasted by the org's own stamps, None where it told none.
        """
        if not self._rows:
            return None
        if not self._asked:
            lasted_s = taken_s if lasted_s is None else lasted_s + _HALF_A_STAMP_S
            taken_s = min(_SOONER * taken_s, lasted_s)
        return Taken(self._rows, taken_s)
