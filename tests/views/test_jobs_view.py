"""The page of jobs: listed, enabled, paused, run now and when due; failures are told."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from app.domain.job import JobRun
from app.domain.plan import Verb
from app.domain.record import Side
from app.errors import ConnectionFailed, WorkspaceBusy
from app.settings import Mail
from app.store.jobs import enable_job, job_state, note_run
from app.sync.workbench import Workbench
from app.views.jobs import job_runner
from app.views.jobs.job_dialog import JobDialog
from app.views.window.main_window import JOBS, MainWindow
from tests.fakes import side_of
from tests.smtp_server import SmtpServer
from tests.views.front import FakeServices

PATIENCE_MS = 5000
NEXT_RUN, LAST_RUN, TO_REVIEW, RESULT = 2, 3, 7, 8


@pytest.fixture
def services(bench: Workbench) -> FakeServices:
    return FakeServices().with_workspace(bench)


@pytest.fixture
def window(qtbot: QtBot, services: FakeServices) -> Iterator[MainWindow]:
    made = MainWindow(services)
    qtbot.addWidget(made)
    made.start("test")
    made.show()
    made.choose_page(JOBS)
    qtbot.waitUntil(lambda: made.jobs.jobs.rowCount() == 2, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: made.is_settled, timeout=PATIENCE_MS)
    yield made
    assert made.pool.shutdown(5)


def cell(window: MainWindow, row: int, column: int) -> str:
    return str(window.jobs.jobs.index(row, column).data())


def click(qtbot: QtBot, button: QPushButton) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def refuse(_request: object) -> None:
    raise ConnectionFailed("Aria does not answer.", "Look at the address.")


def until_settled(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: window.is_settled, timeout=PATIENCE_MS)


def test_the_jobs_of_every_workspace_are_listed_and_paused(window: MainWindow) -> None:
    assert [cell(window, row, 0) for row in range(2)] == ["nightly", "delta"]
    assert [cell(window, row, NEXT_RUN) for row in range(2)] == ["paused", "paused"]
    assert window.jobs.switch.text() == "Enable"
    assert "Reads: Everything" in window.jobs.detail.text()
    assert "Commits by itself: nothing" in window.jobs.detail.text()


def test_a_job_is_enabled_and_paused(qtbot: QtBot, window: MainWindow, bench: Workbench) -> None:
    window.jobs.table.selectRow(1)
    click(qtbot, window.jobs.switch)
    qtbot.waitUntil(lambda: window.jobs.switch.text() == "Pause", timeout=PATIENCE_MS)
    assert cell(window, 1, NEXT_RUN) != "paused"
    assert [job_state(bench.store, name).enabled for name in ("nightly", "delta")] == [False, True]
    click(qtbot, window.jobs.switch)
    qtbot.waitUntil(lambda: cell(window, 1, NEXT_RUN) == "paused", timeout=PATIENCE_MS)


def test_a_job_is_run_now(qtbot: QtBot, window: MainWindow) -> None:
    click(qtbot, window.jobs.run)
    assert not window.jobs.run.isEnabled()
    qtbot.waitUntil(lambda: cell(window, 0, RESULT) == "done", timeout=PATIENCE_MS)
    assert int(cell(window, 0, TO_REVIEW)) == window.catalog.survey.differences > 0
    until_settled(qtbot, window)
    assert window.jobs.run.isEnabled()


def test_what_is_due_is_run_at_the_next_look(
    qtbot: QtBot, window: MainWindow, bench: Workbench
) -> None:
    enable_job(bench.store, "delta", 0.0)
    window.job_runner.look()
    qtbot.waitUntil(lambda: cell(window, 1, RESULT) == "done", timeout=PATIENCE_MS)
    until_settled(qtbot, window)
    last = job_state(bench.store, "delta").last
    window.job_runner.look()
    until_settled(qtbot, window)
    assert job_state(bench.store, "delta").last == last


def test_a_failed_job_is_told_in_the_window_and_by_mail(
    qtbot: QtBot, window: MainWindow, services: FakeServices, bench: Workbench
) -> None:
    side_of(bench, Side.BILLING).on_read = refuse
    with SmtpServer() as server:
        people = ("ada@example.com",)
        services.mail = Mail("localhost", server.port, "concord@example.com", people, False)  # noqa: FBT003 - a server of ours without encryption
        click(qtbot, window.jobs.run)
        qtbot.waitUntil(lambda: bool(server.letters), timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: "does not answer" in cell(window, 0, RESULT), timeout=PATIENCE_MS)
    assert "job nightly of test failed" in window.notice.text
    assert "Look at the address." in window.notice.text
    until_settled(qtbot, window)


class Tray:
    """A tray icon of a desktop that has one."""

    shown: list[tuple[str, str]]

    def __init__(self, *_given: object) -> None:
        Tray.shown = []

    @staticmethod
    def isSystemTrayAvailable() -> bool:  # noqa: N802 - Qt's name
        return True

    class MessageIcon:
        Warning = 2

    def show(self) -> None: ...

    def setToolTip(self, words: str) -> None: ...  # noqa: N802 - Qt's name

    def showMessage(self, title: str, text: str, _icon: object) -> None:  # noqa: N802
        self.shown.append((title, text))


def test_a_failed_job_is_a_message_of_the_desktop_where_it_has_a_tray(
    qtbot: QtBot, window: MainWindow, bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_runner, "QSystemTrayIcon", Tray)
    side_of(bench, Side.BILLING).on_read = refuse
    click(qtbot, window.jobs.run)
    qtbot.waitUntil(lambda: bool(window.notice.text), timeout=PATIENCE_MS)
    until_settled(qtbot, window)
    assert Tray.shown == [
        ("Concord: job nightly of test failed", "Aria does not answer.\nLook at the address.")
    ]


def test_a_job_that_broke_off_is_told_when_the_workspace_opens(
    qtbot: QtBot, services: FakeServices, bench: Workbench
) -> None:
    note_run(bench.store, "delta", JobRun("2026-11-22T01:00:00+00:00"))
    window = MainWindow(services)
    qtbot.addWidget(window)
    window.start("test")
    qtbot.waitUntil(lambda: "ended while the job ran" in window.notice.text, timeout=PATIENCE_MS)
    until_settled(qtbot, window)
    assert window.pool.shutdown(5)


def test_where_another_concord_writes_nothing_is_run(
    qtbot: QtBot, window: MainWindow, bench: Workbench
) -> None:
    enable_job(bench.store, "delta", 0.0)
    bench.store.refused = WorkspaceBusy("Held by ann.", "Wait.")
    window.job_runner.look()
    window.job_runner.run("delta")
    window.jobs.reload()
    until_settled(qtbot, window)
    assert cell(window, 1, LAST_RUN) == ""
    assert not window.jobs.run.isEnabled()
    assert "Held by ann." in window.jobs.run.toolTip()


def dialog_of(qtbot: QtBot, window: MainWindow, button: QPushButton) -> JobDialog:
    click(qtbot, button)
    (dialog,) = [one for one in window.jobs.findChildren(JobDialog) if one.isVisible()]
    return dialog


def row_of(window: MainWindow, name: str) -> int:
    return [cell(window, row, 0) for row in range(window.jobs.jobs.rowCount())].index(name)


def add_prices(qtbot: QtBot, window: MainWindow) -> None:
    dialog = dialog_of(qtbot, window, window.jobs.new)
    dialog.name.setText("prices")
    dialog.when.how.setCurrentIndex(0)
    dialog.when.minutes.setValue(30)
    click(qtbot, dialog.keep)
    qtbot.waitUntil(lambda: window.jobs.jobs.rowCount() == 3, timeout=PATIENCE_MS)


def test_a_job_is_made_in_the_window(qtbot: QtBot, window: MainWindow, bench: Workbench) -> None:
    dialog = dialog_of(qtbot, window, window.jobs.new)
    dialog.name.setText("prices")
    dialog.when.how.setCurrentIndex(0)
    dialog.when.minutes.setValue(30)
    dialog.entities.item(0).setCheckState(Qt.CheckState.Unchecked)
    dialog.update_.setChecked(True)
    dialog.most.setValue(7)
    click(qtbot, dialog.keep)
    qtbot.waitUntil(lambda: window.jobs.jobs.rowCount() == 3, timeout=PATIENCE_MS)
    made = job_state(bench.store, "prices")
    assert (made.enabled, made.job.schedule.every_minutes) == (True, 30)
    assert made.job.entities == tuple(bench.mapping.by_name)[1:]
    assert (made.job.policy.verbs, made.job.policy.most) == (frozenset({Verb.UPDATE}), 7)
    assert window.jobs.table.currentIndex().row() == row_of(window, "prices")


def test_a_name_that_is_taken_keeps_the_dialog_open_and_what_was_typed(
    qtbot: QtBot, window: MainWindow
) -> None:
    dialog = dialog_of(qtbot, window, window.jobs.new)
    dialog.name.setText("nightly")
    click(qtbot, dialog.keep)
    qtbot.waitUntil(lambda: "already" in dialog.told.text(), timeout=PATIENCE_MS)
    assert (dialog.isVisible(), dialog.name.text()) == (True, "nightly")
    dialog.reject()


def test_a_job_is_changed_and_removed(qtbot: QtBot, window: MainWindow, bench: Workbench) -> None:
    add_prices(qtbot, window)
    dialog = dialog_of(qtbot, window, window.jobs.change)
    assert (dialog.name.text(), dialog.when.minutes.value()) == ("prices", 30)
    dialog.full.setChecked(True)
    click(qtbot, dialog.keep)
    qtbot.waitUntil(lambda: job_state(bench.store, "prices").job.full, timeout=PATIENCE_MS)
    until_settled(qtbot, window)
    click(qtbot, window.jobs.remove)
    (box,) = window.jobs.findChildren(QMessageBox)
    click(qtbot, next(one for one in box.buttons() if one.text() == "Remove"))
    qtbot.waitUntil(lambda: window.jobs.jobs.rowCount() == 2, timeout=PATIENCE_MS)


def test_jobs_that_come_with_concord_are_neither_changed_nor_removed(window: MainWindow) -> None:
    assert not window.jobs.change.isEnabled()
    assert not window.jobs.remove.isEnabled()
    assert "comes with Concord" in window.jobs.remove.toolTip()
