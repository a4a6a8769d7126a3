"""The watchdog notices a block of the window's thread, and nothing else."""

import pytest
from pytestqt.qtbot import QtBot

from app.domain.control import CancelToken
from app.views.watchdog import LONG_BLOCK_S, Watchdog


def test_a_block_is_logged_with_its_length(qtbot: QtBot, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    watchdog = Watchdog()
    watchdog.start()
    qtbot.wait(30)
    watchdog.reset()
    CancelToken()._event.wait(0.15)
    qtbot.wait(30)
    assert watchdog.blocks == 1
    assert 0.15 <= watchdog.longest_s < 1
    assert "did not answer for" in caplog.text
    assert [r.levelname for r in caplog.records if "did not answer" in r.message] == ["INFO"]


@pytest.mark.may_warn
def test_a_long_block_is_a_warning(qtbot: QtBot, caplog: pytest.LogCaptureFixture) -> None:
    watchdog = Watchdog()
    watchdog.start()
    qtbot.wait(30)
    CancelToken()._event.wait(LONG_BLOCK_S)
    qtbot.wait(30)
    assert [r.levelname for r in caplog.records if "did not answer" in r.message] == ["WARNING"]


def test_nobody_waits_for_a_window_that_is_closed(qtbot: QtBot) -> None:
    watchdog = Watchdog()
    watchdog.start()
    watchdog.stop()
    CancelToken()._event.wait(0.15)
    qtbot.wait(30)
    assert watchdog.blocks == 0
