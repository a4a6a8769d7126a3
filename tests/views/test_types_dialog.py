"""Object types in the window: counted, chosen by ticks, left out, their records deleted first."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.connectors.protocol import Quota, Resource
from app.domain.control import CancelToken
from app.domain.plan import Verb
from app.domain.record import Side
from app.errors import WorkspaceBusy
from app.sync.workbench import Workbench
from app.views.commit.commit_dialog import CommitDialog
from app.views.connections.types_dialog import TypesDialog
from app.views.window.main_window import MainWindow
from tests.fakes import FakeSide, side_of
from tests.views.accessible import nameless
from tests.views.catalog import change
from tests.views.conftest import read
from tests.views.front import FakeServices
from tests.views.orb_front import orb_bench
from tests.views.test_field_menu import settle, shown

PATIENCE_MS = 10_000
ON, OFF = Qt.CheckState.Checked, Qt.CheckState.Unchecked


@pytest.fixture
def orb(tmp_path: Path) -> Iterator[Workbench]:
    made = orb_bench(tmp_path)
    change(made, Side.SALESFORCE, "customer", "c3", name="Other")
    read(made)
    yield made
    made.store.close()


@pytest.fixture
def services(orb: Workbench) -> FakeServices:
    return FakeServices().with_workspace(orb)


@pytest.fixture
def window(qtbot: QtBot, services: FakeServices) -> Iterator[MainWindow]:
    made = MainWindow(services)
    qtbot.addWidget(made)
    made.show()
    made.start()
    settle(qtbot, made)
    yield made
    assert made.pool.shutdown(5)
    for bench in services.benches.values():
        bench.store.close()


def opened(qtbot: QtBot, window: MainWindow) -> TypesDialog:
    window.bar.types_wanted.emit()
    dialog = shown(qtbot, window, TypesDialog)
    qtbot.waitUntil(lambda: "Counting" not in dialog.told.text(), timeout=PATIENCE_MS)
    return dialog


def turn(dialog: TypesDialog, name: str, state: Qt.CheckState) -> None:
    dialog._items[name].setCheckState(0, state)


def test_kinds_are_listed_with_counts_storage_and_calls(qtbot: QtBot, window: MainWindow) -> None:
    dialog = opened(qtbot, window)
    cells = [dialog._items["customer"].text(column) for column in range(6)]
    assert cells == ["Orb customers", "1,000", "3", "2.0 MB", "10", "200"]
    assert dialog._items["plan"].text(1) == "about 1,000"
    assert not dialog.take.isEnabled()
    assert not dialog.advice.isVisible()
    assert nameless(dialog) == []
    dialog.reject()


def test_what_hangs_on_a_kind_goes_and_comes_with_it(qtbot: QtBot, window: MainWindow) -> None:
    dialog = opened(qtbot, window)
    turn(dialog, "subscription", OFF)
    assert dialog._items["daily_line_item_revenue"].checkState(0) == OFF
    assert "2 records of Orb subscriptions stay in Salesforce as they are." in dialog.means.text()
    assert dialog.take.isEnabled()
    turn(dialog, "daily_line_item_revenue", ON)
    assert dialog._items["subscription"].checkState(0) == ON
    for name in dialog._items:
        turn(dialog, name, OFF)
    assert "Nothing would be left" in dialog.means.text()
    assert not dialog.take.isEnabled()
    dialog.reject()


def test_a_choice_is_taken_and_taken_back(
    qtbot: QtBot, window: MainWindow, services: FakeServices
) -> None:
    dialog = opened(qtbot, window)
    turn(dialog, "subscription", OFF)
    dialog.take.click()
    settle(qtbot, window)
    assert window.isEnabled()
    assert window.bench is services.benches["test"]
    assert {"customer", "plan"} <= set(window.bench.mapping.by_name)
    assert "subscription" not in window.bench.mapping.by_name
    assert window.catalog.survey.differences == 1, "read and compared anew"
    again = opened(qtbot, window)
    assert again._items["subscription"].checkState(0) == OFF
    turn(again, "subscription", ON)
    assert again.means.text().startswith("Kept again: Orb subscriptions. Both sides are read")
    again.take.click()
    settle(qtbot, window)
    assert "subscription" in services.benches["test"].mapping.by_name


def test_records_that_would_stay_are_deleted_by_a_reviewed_plan(
    qtbot: QtBot, window: MainWindow
) -> None:
    dialog = opened(qtbot, window)
    assert not dialog.delete.isEnabled()
    turn(dialog, "subscription", OFF)
    dialog.delete.click()
    commit = shown(qtbot, window, CommitDialog)
    qtbot.waitUntil(lambda: commit._planned is not None, timeout=PATIENCE_MS)
    assert commit._planned is not None
    found = {(one.key, one.side, one.verb) for one in commit._planned.plan.operations}
    assert found == {(key, Side.SALESFORCE, Verb.DELETE) for key in ("s1", "s2")}
    commit.reject()


def test_where_room_is_short_the_advice_can_be_taken(
    qtbot: QtBot, window: MainWindow, orb: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = Quota("Data storage", 18, 100, Resource.STORAGE_MB)
    health = replace(side_of(orb, Side.SALESFORCE).check((), CancelToken()), quotas=(left,))
    monkeypatch.setattr(FakeSide, "check", lambda *_words: health)
    dialog = opened(qtbot, window)
    assert "left in Salesforce: 18.0 MB" in dialog.told.text()
    dialog.advice.click()
    out = {name for name, item in dialog._items.items() if item.checkState(0) == OFF}
    assert out == {"daily_line_item_revenue"}
    assert dialog.take.isEnabled()
    dialog.reject()


def test_a_choice_that_cannot_be_kept_is_said_and_nothing_changes(
    qtbot: QtBot, window: MainWindow, services: FakeServices
) -> None:
    dialog = opened(qtbot, window)
    turn(dialog, "plan", OFF)
    services.broken = True
    dialog.take.click()
    settle(qtbot, window)
    assert "Held by ann." in window.notice.text
    assert window.isEnabled()
    assert window.bench is not None
    assert "plan" in window.bench.mapping.by_name


def test_a_workspace_that_another_holds_keeps_its_kinds(
    qtbot: QtBot, window: MainWindow, orb: Workbench
) -> None:
    orb.store.refused = WorkspaceBusy("Held by ann.", "Wait.")
    dialog = opened(qtbot, window)
    turn(dialog, "plan", OFF)
    assert not dialog.take.isEnabled()
    assert "Held by ann." in dialog.take.toolTip()
    dialog.reject()
