"""The watchdog notices a block of the window's thread, and nothing else."""

import pytest
from pytestqt.qtbot import QtBot

from app.domain.control import CancelToken
from app.views.watchdog import Watchdog


@pytest.mark.may_warn
def test_a_block_is_logged_with_its_length(qtbot: QtBot, caplog: pytest.LogCaptureFixture) -> None:
    watchdog = Watchdog()
    watchdog.start()
    qtbot.wait(30)
    watchdog.reset()
    CancelToken()._event.wait(0.15)
    qtbot.wait(30)
    assert watchdog.blocks == 1
    assert 0.15 <= watchdog.longest_s < 1
    assert "did not answer for" in caplog.text


def test_nobody_waits_for_a_window_that_is_closed(qtbot: QtBot) -> None:
    watchdog = Watchdog()
    watchdog.start()
    watchdog.stop()
    CancelToken()._event.wait(0.15)
    qtbot.wait(30)
    assert watchdog.blocks == 0
