"""Matching in the window: the sure ones are chosen, the others looked at, then the plan opens."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.connectors.protocol import Page, ReadRequest
from app.domain.control import CancelToken
from app.domain.record import Side
from app.errors import ConnectionFailed
from app.sync.workbench import Workbench
from app.views.commit.commit_dialog import CommitDialog
from app.views.compare.match_dialog import MatchDialog
from app.views.models.rows import KEY_ROLE
from app.views.window.main_window import MainWindow
from app.views.window.window_commands import commands_of
from tests.fakes import side_of
from tests.views.accessible import nameless
from tests.views.conftest import read
from tests.views.front import FakeServices
from tests.views.orb_front import ACME, BELL, OTHER_BELL, orb_bench, put_account
from tests.views.test_field_menu import settle, shown

PATIENCE_MS = 10_000


@pytest.fixture
def orb(tmp_path: Path) -> Iterator[Workbench]:
    """Return Acme that names its account, Bell Ltd with two of its name, Cedar without any."""
    made = orb_bench(tmp_path)
    put_account(made, ACME, "Not alike")
    put_account(made, BELL, "Bell", "https://bell.test")
    put_account(made, OTHER_BELL, "BELL")
    read(made)
    yield made
    made.store.close()


@pytest.fixture
def window(qtbot: QtBot, orb: Workbench) -> Iterator[MainWindow]:
    made = MainWindow(FakeServices().with_workspace(orb))
    qtbot.addWidget(made)
    made.show()
    made.start()
    settle(qtbot, made)
    yield made
    assert made.pool.shutdown(5)


def opened(qtbot: QtBot, window: MainWindow) -> MatchDialog:
    window.bar.matches_wanted.emit()
    dialog = shown(qtbot, window, MatchDialog)
    qtbot.waitUntil(lambda: "Looking" not in dialog.told.text(), timeout=PATIENCE_MS)
    return dialog


def choose(dialog: MatchDialog, target: str) -> None:
    rows = [dialog.rows.index(row, 0) for row in range(dialog.rows.rowCount())]
    dialog.table.selectRow(next(i.row() for i in rows if i.data(KEY_ROLE).target == target))


def planned(qtbot: QtBot, window: MainWindow) -> CommitDialog:
    dialog = shown(qtbot, window, CommitDialog)
    qtbot.waitUntil(dialog.run.isEnabled, timeout=PATIENCE_MS)
    return dialog


def test_the_sure_one_is_chosen_and_committed(
    qtbot: QtBot, window: MainWindow, orb: Workbench
) -> None:
    dialog = opened(qtbot, window)
    assert [line.key for line in dialog.chosen] == ["c1"]
    assert "for 1 none was found" in dialog.told.text()
    assert nameless(dialog) == []
    dialog.act.click()
    commit = planned(qtbot, window)
    commit.run.click()
    qtbot.waitUntil(lambda: bool(side_of(orb, Side.SALESFORCE).written), timeout=PATIENCE_MS)
    (one,) = side_of(orb, Side.SALESFORCE).written
    assert (one.key, [change.after for change in one.changes]) == ("c1", [ACME])
    settle(qtbot, window)
    commit.close()


def test_of_several_a_person_says_one_and_never_two(qtbot: QtBot, window: MainWindow) -> None:
    dialog = opened(qtbot, window)
    dialog.table.selectAll()
    assert not dialog.act.isEnabled()
    assert "Chosen twice: Bell Ltd" in dialog._hint.text()
    choose(dialog, OTHER_BELL)
    assert dialog.act.text() == "Review 1\u2026"
    dialog.act.click()
    commit = planned(qtbot, window)
    assert commit._planned is not None
    (one,) = commit._planned.plan.operations
    assert (one.key, one.changes[0].after) == ("c2", OTHER_BELL)
    commit.reject()


def test_one_account_of_the_name_is_suggested_and_not_chosen(
    qtbot: QtBot, window: MainWindow, orb: Workbench
) -> None:
    put_account(orb, OTHER_BELL, "Another")
    dialog = opened(qtbot, window)
    choose(dialog, BELL)
    (line,) = dialog.chosen
    assert (line.how.value, line.why) == ("suggested", "same name")
    dialog.choose_sure()
    assert [line.key for line in dialog.chosen] == ["c1"]
    dialog.reject()


def test_while_something_is_under_way_nothing_is_planned(qtbot: QtBot, window: MainWindow) -> None:
    dialog = opened(qtbot, window)
    window.customers.show_working(working=True)
    dialog.act.click()
    assert "Something is under way" in window.notice.text
    assert window.findChildren(CommitDialog) == []


def test_closing_stops_the_search(qtbot: QtBot, window: MainWindow, orb: Workbench) -> None:
    asked: list[CancelToken] = []
    reading = side_of(orb, Side.SALESFORCE).read

    def read_slowly(request: ReadRequest, cancel: CancelToken) -> Iterator[Page]:
        asked.append(cancel)
        cancel.wait(PATIENCE_MS / 1000)
        yield from reading(request, cancel)

    side_of(orb, Side.SALESFORCE).read = read_slowly  # type: ignore[method-assign] # a slow side
    window.bar.matches_wanted.emit()
    dialog = shown(qtbot, window, MatchDialog)
    qtbot.waitUntil(lambda: bool(asked), timeout=PATIENCE_MS)
    dialog.reject()
    settle(qtbot, window)
    assert asked[0].is_cancelled


def test_what_went_wrong_is_said_in_the_dialog(
    qtbot: QtBot, window: MainWindow, orb: Workbench
) -> None:
    def refuse(_request: object) -> None:
        raise ConnectionFailed("Salesforce does not answer.", "Look at the address.")

    side_of(orb, Side.SALESFORCE).on_read = refuse
    dialog = opened(qtbot, window)
    assert "does not answer" in dialog.told.text()
    assert not dialog.act.isEnabled()
    dialog.reject()


def test_it_is_offered_only_where_the_mapping_has_it(
    qtbot: QtBot, window: MainWindow, bench: Workbench
) -> None:
    def offered(shown: MainWindow) -> tuple[bool, bool]:
        menu = {a.text(): a.isVisible() for a in shown.bar.more.menu().actions()}
        known = {command.name: command.enabled for command in commands_of(shown)}
        return menu["Match accounts\u2026"], known["Match accounts\u2026"]

    assert offered(window) == (True, True)
    other = MainWindow(FakeServices().with_workspace(bench))
    qtbot.addWidget(other)
    other.start()
    settle(qtbot, other)
    assert offered(other) == (False, False)
    assert other.pool.shutdown(5)
