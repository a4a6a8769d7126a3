"""The history page: commits are searched, changes chosen, and taken back."""

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from app.domain.control import CancelToken, no_report
from app.errors import WorkspaceBusy
from app.settings import Workspace
from app.sync.commit import commit
from app.sync.plan_file import approve
from app.sync.planner import Selection, build_plan
from app.sync.undo import WHOLE, UndoPart
from app.sync.workbench import Workbench
from app.views.commit.history_view import HistoryView
from app.views.tasks import TaskPool
from app.views.window.main_window import MainWindow
from tests.views.front import FakeServices

PATIENCE_MS = 5000


def settle(bench: Workbench, entity: str) -> str:
    plan = build_plan(bench, Selection((entity,)), CancelToken(), no_report)
    plan = approve(plan, "Bea", "2026-11-22T12:05:00Z")
    return commit(bench, plan, CancelToken(), no_report).commit


@pytest.fixture
def runs(bench: Workbench) -> dict[str, str]:
    """Return entity → the commit that settled its differences."""
    return {entity: settle(bench, entity) for entity in ("coupon", "plan")}


@pytest.fixture
def view(qtbot: QtBot, pool: TaskPool, bench: Workbench, runs: dict[str, str]) -> HistoryView:
    made = HistoryView(pool)
    qtbot.addWidget(made)
    made.open(bench)
    qtbot.waitUntil(lambda: made.runs.rowCount() == len(runs), timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: made.operations.rowCount() > 0, timeout=PATIENCE_MS)
    made.show()
    return made


def commits(view: HistoryView) -> list[str]:
    return [str(view.runs.index(row, 6).data()) for row in range(view.runs.rowCount())]


def choose(view: HistoryView, row: int) -> str:
    """Choose a change; return the key of its record."""
    at = view.operations.index(row, 0)
    flags = QItemSelectionModel.SelectionFlag
    view.table.selectionModel().select(at, flags.Select | flags.Rows)
    return str(view.operations.index(row, 1).data())


def test_a_search_leaves_the_commits_that_hold_the_text(
    qtbot: QtBot, view: HistoryView, runs: dict[str, str]
) -> None:
    view.search.setText("voice pro 2026")
    qtbot.waitUntil(lambda: commits(view) == [runs["plan"]], timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: "Plan PRO" in str(view.operations.index(0, 1).data() or ""))
    view.search.setText("no such thing")
    qtbot.waitUntil(lambda: commits(view) == [], timeout=PATIENCE_MS)
    assert not view.undo.isEnabled()
    assert view.search.isVisible()
    view.search.clear()
    qtbot.waitUntil(lambda: len(commits(view)) == len(runs), timeout=PATIENCE_MS)


def test_the_chosen_changes_alone_are_taken_back(qtbot: QtBot, view: HistoryView) -> None:
    assert not view.undo_selected.isVisible()
    record = choose(view, 0)
    assert view.undo_selected.text() == "Undo 1 selected…"
    with qtbot.waitSignal(view.undo_wanted, timeout=PATIENCE_MS) as told:
        view.undo_selected.click()
    run, part = told.args or ["", None]
    assert run == commits(view)[0]
    assert isinstance(part, UndoPart)
    ((_entity, keys),) = (part.keys or {}).items()
    assert [record.endswith(key) for key in keys] == [True]


def test_the_chosen_changes_are_copied_row_by_row(qtbot: QtBot, view: HistoryView) -> None:
    keys = [choose(view, 1), choose(view, 0)]
    view.activateWindow()
    view.table.setFocus()
    qtbot.waitUntil(view.table.hasFocus, timeout=PATIENCE_MS)
    qtbot.keyClick(view.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QGuiApplication.clipboard().text().split("\n")
    assert [line.split("\t")[1] for line in lines] == keys[::-1]
    assert {line.count("\t") for line in lines} == {view.operations.columnCount() - 1}


def test_one_field_of_the_chosen_changes_is_taken_back(qtbot: QtBot, view: HistoryView) -> None:
    assert view.undo_menu().isEmpty()
    choose(view, 0)
    all_of_it, *fields = view.undo_menu().actions()
    assert all_of_it.text() == "Undo 1 selected…"
    assert fields
    with qtbot.waitSignal(view.undo_wanted, timeout=PATIENCE_MS) as told:
        fields[0].trigger()
    _run, part = told.args or ["", None]
    assert isinstance(part, UndoPart)
    assert part.keys
    assert fields[0].text().startswith("Undo only ")
    assert len(part.fields or ()) == 1


def test_who_approved_a_commit_and_what_it_took_is_shown(view: HistoryView) -> None:
    assert "calls (forecast " in view.plan.text()
    assert "Approved by Bea on 22 Nov 2026" in view.plan.text()


def test_without_a_choice_the_whole_commit_is_taken_back(qtbot: QtBot, view: HistoryView) -> None:
    with qtbot.waitSignal(view.undo_wanted, timeout=PATIENCE_MS) as told:
        view.undo.click()
    assert told.args == [commits(view)[0], WHOLE]


def test_a_workspace_that_another_concord_holds_opens_and_says_so(
    qtbot: QtBot, bench: Workbench
) -> None:
    bench.store.refused = WorkspaceBusy("Held by ann (process 1).", "Wait.")
    made = {"test": Workspace("test", "aria-test", "sf-test", "aria_catalog")}
    window = MainWindow(FakeServices(benches={"test": bench}, made=made))
    qtbot.addWidget(window)
    window.start("test")
    qtbot.waitUntil(lambda: window.bench is not None and window.is_settled, timeout=PATIENCE_MS)
    assert "Held by ann (process 1)." in window.read_only.text
    assert window.catalog.survey.records
    assert window.pool.shutdown(5)
