"""A question at the terminal can be broken off: nothing is done then."""

import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.__main__ import main
from app.cli.asking import question
from app.errors import Cancelled

ARIA = ("--set", "core_url=https://a", "--set", "admin_url=https://a", "--set", "client_no=1")
pytestmark = pytest.mark.usefixtures("root_log")


def ctrl_c(_prompt: str = "") -> str:
    signal.raise_signal(signal.SIGINT)
    return "y"  # what would be answered if Ctrl+C were not heard


def ctrl_d(_prompt: str = "") -> str:
    raise EOFError


@pytest.mark.parametrize("key", [ctrl_c, ctrl_d])
def test_a_question_for_a_secret_is_broken_off_and_nothing_is_saved(
    key: Callable[[str], str],
    concord_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("getpass.getpass", key)
    assert main(["connect", "aria", "x", *ARIA]) == 1
    assert "Stopped at your request." in capsys.readouterr().err
    assert not (concord_home / "connections" / "x.json").exists()


@pytest.mark.parametrize("key", [ctrl_c, ctrl_d])
def test_after_a_question_an_interrupt_is_heard_as_before(key: Callable[[], str]) -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: heard.append(number))
    try:
        with pytest.raises(Cancelled), question():
            key()
        assert heard == []
        signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [signal.SIGINT]
