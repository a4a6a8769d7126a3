"""How long work is stopped and watched: the only things that the core knows of threads."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from app.errors import Cancelled


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a piece of work has come; `total` 0 means that nobody knows yet."""

    done: int
    total: int
    what: str
    phase: str = ""


Report = Callable[[Progress], None]


def no_report(progress: Progress) -> None:
    """Take a progress and tell nobody."""


class CancelToken:
    """Set once by whoever wants the work to stop; asked by the work between two steps."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask the work to stop at its next step."""
        self._event.set()

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody asked."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise `Cancelled` if somebody asked."""
        if self._event.is_set():
            raise Cancelled("Stopped at your request.", "What was done so far is kept.")

    def wait(self, seconds: float) -> None:
        """Wait, but not longer than until somebody cancels; then raise `Cancelled`."""
        self._event.wait(seconds)
        self.check()
