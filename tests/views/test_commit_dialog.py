"""The commit dialog: plan, run, outcome."""

from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.domain.control import CancelToken, Report
from app.domain.plan import CommitPlan, Operation
from app.domain.record import Side
from app.sync.commit import CommitResult
from app.sync.workbench import Workbench
from app.views.commit.commit_dialog import CommitDialog
from app.views.commit.history_view import HistoryView
from app.views.tasks import TaskPool
from tests.fakes import side_of

PATIENCE_MS = 10_000


def planned(
    qtbot: QtBot, pool: TaskPool, bench: Workbench, production: tuple[str, ...] = ()
) -> CommitDialog:
    dialog = CommitDialog(bench, pool, production, None)
    qtbot.addWidget(dialog)
    dialog.open()
    qtbot.waitUntil(lambda: dialog._planned is not None, timeout=PATIENCE_MS)
    return dialog


def test_the_summary_lists_what_will_be_written(
    qtbot: QtBot, pool: TaskPool, bench: Workbench
) -> None:
    dialog = planned(qtbot, pool, bench)
    assert dialog.summary.counts.rowCount() == 4
    assert dialog.run.text() == "Commit 5 changes"
    assert dialog.run.isEnabled()
    assert not dialog.typed.isVisible()
    assert side_of(bench, Side.SALESFORCE).written == []
    dialog.cancel.click()
    assert not dialog.isVisible()


def test_cancel_ends_the_planning(qtbot: QtBot, pool: TaskPool, bench: Workbench) -> None:
    def endless(_bench: Workbench, cancel: CancelToken, _report: Report) -> CommitPlan:
        while True:
            cancel.check()
            cancel.wait(0.01)

    dialog = CommitDialog(bench, pool, (), None, make_plan=endless)
    qtbot.addWidget(dialog)
    dialog.open()
    dialog.cancel.click()
    assert not dialog.cancel.isEnabled()
    qtbot.waitUntil(lambda: not dialog.isVisible(), timeout=PATIENCE_MS)


def test_a_commit_is_run_and_its_sums_are_shown(
    qtbot: QtBot, pool: TaskPool, bench: Workbench
) -> None:
    dialog = planned(qtbot, pool, bench)
    with qtbot.waitSignal(dialog.committed, timeout=PATIENCE_MS) as caught:
        dialog.run.click()
    (result,) = caught.args
    assert isinstance(result, CommitResult)
    assert result.is_clean
    assert dialog.outcome.sums == (
        "5 selected = 5 sent + 0 stale + 0 skipped; 5 sent = 5 written + 0 failed"
    )
    assert dialog.cancel.text() == "Close"


def test_what_failed_is_listed_with_the_targets_words(
    qtbot: QtBot, pool: TaskPool, bench: Workbench
) -> None:
    def refuse(operation: Operation) -> str:
        return "STRING_TOO_LONG" if operation.key == "PRO" else ""

    side_of(bench, Side.SALESFORCE).fault = refuse
    dialog = planned(qtbot, pool, bench)
    with qtbot.waitSignal(dialog.committed, timeout=PATIENCE_MS):
        dialog.run.click()
    assert dialog.outcome.sums.endswith("5 sent = 4 written + 1 failed")
    table = dialog.outcome.operations
    qtbot.waitUntil(lambda: table.rowCount() == 1, timeout=PATIENCE_MS)
    line = [table.index(0, column).data() for column in (0, 1, 5)]
    assert line == ["failed", "Plan PRO", "STRING_TOO_LONG"]


def test_production_is_committed_only_after_its_name_was_typed(
    qtbot: QtBot, pool: TaskPool, bench: Workbench
) -> None:
    dialog = planned(qtbot, pool, bench, ("sf-live",))
    assert dialog.typed.isVisible()
    assert not dialog.run.isEnabled()
    QTest.keyClicks(dialog.typed, "sf-liv")
    assert not dialog.run.isEnabled()
    QTest.keyClicks(dialog.typed, "e")
    assert dialog.run.isEnabled()


def test_the_history_lists_the_commit_and_its_changes(
    qtbot: QtBot, pool: TaskPool, bench: Workbench
) -> None:
    dialog = planned(qtbot, pool, bench)
    with qtbot.waitSignal(dialog.committed, timeout=PATIENCE_MS):
        dialog.run.click()
    view = HistoryView(pool)
    qtbot.addWidget(view)
    view.open(bench)
    qtbot.waitUntil(lambda: view.operations.rowCount() == 5, timeout=PATIENCE_MS)
    assert view.runs.rowCount() == 1
    view.text.setText("voice pro")
    qtbot.waitUntil(lambda: view.operations.rowCount() == 1, timeout=PATIENCE_MS)
    assert "Voice Pro 2026" in view.operations.index(0, 3).data()


def test_an_empty_history_says_so(qtbot: QtBot, pool: TaskPool, bench: Workbench) -> None:
    view = HistoryView(pool)
    qtbot.addWidget(view)
    view.open(bench)
    qtbot.waitUntil(lambda: not pool.running, timeout=PATIENCE_MS)
    assert view._pages.currentIndex() == 0
    assert view._empty._heading.text() == "Nothing has been committed yet"
