"""The line of progress: how far, and how long still."""

import time
from contextlib import redirect_stderr
from io import StringIO

import pytest

from app.cli.output import ProgressLine
from app.domain.control import Progress


class Terminal(StringIO):
    """A terminal on which progress is shown, with a clock of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.now = 100.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        with redirect_stderr(self):
            self._line = ProgressLine()

    def isatty(self) -> bool:
        return True

    def after(self, seconds: float, done: int, total: int, what: str, phase: str = "") -> str:
        """Return what the line says once so many seconds have gone by."""
        self.now += seconds
        with redirect_stderr(self):
            self._line(Progress(done, total, what, phase))
        return self.getvalue().rpartition("\x1b[K")[2]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(monkeypatch)


def test_a_commit_says_how_long_it_still_takes(terminal: Terminal) -> None:
    said = terminal.after(0, 0, 100_000, "Committing Invoices", "commit")
    assert said == "Committing Invoices: 0 of 100,000"
    terminal.after(20, 500, 20_000, "Reading again", "preflight")
    said = terminal.after(20, 25_000, 100_000, "Committing Lines", "commit")
    assert said == "Committing Lines: 25,000 of 100,000, about 2 min 0 s left"
    said = terminal.after(10, 99_999, 100_000, "Committing Lines", "commit")
    assert said.endswith("about 1 s left")


def test_what_was_done_before_does_not_count_for_the_pace(terminal: Terminal) -> None:
    terminal.after(0, 50_000, 100_000, "Committing Lines", "commit")
    said = terminal.after(3600, 60_000, 100_000, "Committing Lines", "commit")
    assert said.endswith("60,000 of 100,000, about 4 h 0 min left")


def test_where_nobody_knows_how_much_there_is_it_says_how_fast_it_goes(
    terminal: Terminal,
) -> None:
    terminal.after(0, 0, 0, "Reading Customers from billing")
    said = terminal.after(1, 900, 0, "Reading Customers from billing")
    assert said == "Reading Customers from billing: 900"
    said = terminal.after(9, 12_000, 0, "Reading Invoices from billing")
    assert said == "Reading Invoices from billing: 12,000, 1,200 a second"
