"""Commands of the window besides refresh, compare and commit."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot

from app.connectors.protocol import Quota, Resource
from app.domain.control import CancelToken, no_report
from app.domain.record import Side
from app.errors import WorkspaceBusy
from app.sync.choosing_many import Bulk
from app.sync.plan_file import save_plan
from app.sync.planner import Selection, build_plan
from app.sync.workbench import Workbench
from app.views.commit.commit_dialog import CommitDialog
from app.views.state.export import Format
from app.views.state.fields import local_time
from app.views.window.command_palette import CommandPalette
from app.views.window.main_window import MainWindow
from app.views.window.window_commands import commands_of
from tests.fakes import side_of
from tests.views.front import FakeServices

PATIENCE_MS = 10_000


@pytest.fixture
def window(qtbot: QtBot, bench: Workbench) -> Iterator[MainWindow]:
    made = MainWindow(FakeServices().with_workspace(bench))
    qtbot.addWidget(made)
    made.show()
    made.start()
    settle(qtbot, made)
    yield made
    assert made.pool.shutdown(5)


def settle(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: window.is_settled, timeout=PATIENCE_MS)


def ask(qtbot: QtBot, window: MainWindow, bulk: Bulk) -> QMessageBox:
    action = next(a for a in window.catalog.filter.bulk.menu().actions() if a.data() is bulk)
    action.trigger()
    qtbot.waitUntil(lambda: bool(window.findChildren(QMessageBox)), timeout=PATIENCE_MS)
    return window.findChildren(QMessageBox)[-1]


def test_all_that_is_shown_is_unticked_after_a_question(window: MainWindow, qtbot: QtBot) -> None:
    box = ask(qtbot, window, Bulk.UNTICK)
    assert box.text() == "Untick 5 differences?"
    assert window.catalog.survey.ticked == 5, "nothing before the answer"
    box.button(QMessageBox.StandardButton.Ok).click()
    qtbot.waitUntil(lambda: window.catalog.survey.ticked == 0, timeout=PATIENCE_MS)
    settle(qtbot, window)
    assert not window.bar.commit.isEnabled()


def test_a_no_changes_nothing(window: MainWindow, qtbot: QtBot) -> None:
    box = ask(qtbot, window, Bulk.SALESFORCE)
    assert "2 would be deletes" in box.informativeText()
    box.button(QMessageBox.StandardButton.Cancel).click()
    settle(qtbot, window)
    assert window.catalog.survey.choices == {}


def test_a_command_is_found_and_run_by_the_keyboard(window: MainWindow, qtbot: QtBot) -> None:
    QTest.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    palette = window.findChild(CommandPalette)
    assert palette is not None
    QTest.keyClicks(palette.text, "diff")
    names = [palette.found.index(row, 0).data() for row in range(palette.found.rowCount())]
    assert "Last difference" in names
    for _step in range(names.index("Last difference")):
        QTest.keyClick(palette.text, Qt.Key.Key_Down)
    QTest.keyClick(palette.text, Qt.Key.Key_Return)
    settle(qtbot, window)
    assert window.catalog.trees.current.link == window.catalog.survey.order[-1]


def test_what_cannot_be_done_now_is_no_command(window: MainWindow) -> None:
    window.bar.commit.setEnabled(False)
    known = {command.name: command.enabled for command in commands_of(window)}
    assert not known["Commit what is ticked"]
    palette = CommandPalette(commands_of(window))
    palette.text.setText("commit what is ticked")
    assert palette.found.rowCount() == 0
    palette.deleteLater()


@pytest.mark.parametrize("wanted", Format)
def test_the_comparison_is_exported_from_the_menu(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, wanted: Format
) -> None:
    action = next(a for a in window.bar.more.menu().actions() if a.data() is wanted)
    action.trigger()
    dialog = window.findChild(QFileDialog)
    assert dialog is not None
    file = tmp_path / f"differences.{wanted.value}"
    dialog.fileSelected.emit(str(file))
    dialog.close()
    qtbot.waitUntil(lambda: "Exported to" in window.status.text, timeout=PATIENCE_MS)
    assert "Voice Pro 2026" in file.read_text("utf-8-sig")


def test_a_plan_is_opened_from_its_file(
    window: MainWindow, qtbot: QtBot, bench: Workbench, tmp_path: Path
) -> None:
    file = tmp_path / "plan.json"
    save_plan(build_plan(bench, Selection(("coupon",)), CancelToken(), no_report), file)
    window.commands.open_plan()
    asked = window.findChild(QFileDialog)
    assert asked is not None
    asked.fileSelected.emit(str(file))
    asked.close()
    dialog = window.findChild(CommitDialog)
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.run.text() == "Commit 2 changes", timeout=PATIENCE_MS)
    dialog.reject()


def test_a_workspace_that_another_holds_can_only_be_read(
    qtbot: QtBot, bench: Workbench, window: MainWindow
) -> None:
    held = "It is held by ann (process 1, since 2026-11-22T12:05:00Z)."
    bench.store.refused = WorkspaceBusy(held, "Wait.")
    window.open_workspace("test")
    settle(qtbot, window)
    since = local_time("2026-11-22T12:05:00Z")
    assert since.startswith("22 Nov 2026, ")
    told = f"Read only. It is held by ann (process 1, since {since}). Wait."
    assert window.read_only.text == told
    for button in (window.bar.refresh, window.bar.commit):
        assert not button.isEnabled()
        assert "held by ann" in button.toolTip()
    ticked = window.catalog.survey.ticked
    window.catalog.choose_for_all(Bulk.UNTICK)
    assert window.catalog.survey.ticked == ticked
    assert "held by ann" in window.notice.text
    window.read_only.again.click()
    qtbot.waitUntil(window.read_only.isHidden, timeout=PATIENCE_MS)
    settle(qtbot, window)
    assert window.bar.refresh.isEnabled()


def test_the_status_line_tells_what_is_left(
    window: MainWindow, bench: Workbench, qtbot: QtBot
) -> None:
    left = Quota("Daily calls", 98_000, 100_000, Resource.CALLS)
    side_of(bench, Side.SALESFORCE).limits = [left]
    window.bar.compare.click()
    settle(qtbot, window)
    assert "Salesforce: 98,000 of 100,000 left" in window.status.calls


@pytest.mark.parametrize("width", [880, 1400])
def test_the_window_fits_narrow_and_wide(window: MainWindow, width: int) -> None:
    window.resize(width, 700)
    assert window.width() == width
    chips = [chip for chip in window.catalog.filter._chips.values() if chip.isVisible()]
    assert all(chip.geometry().right() < window.catalog.width() for chip in chips)


def test_every_command_that_is_offered_can_be_found_by_its_name(window: MainWindow) -> None:
    offered = [command for command in commands_of(window) if command.enabled]
    names = [command.name for command in offered]
    assert len(set(names)) == len(names)
    palette = CommandPalette(offered)
    for name in names:
        palette.text.setText(name)
        assert palette.found.index(0, 0).data() == name
    palette.deleteLater()
