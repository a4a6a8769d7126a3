"""The prepare dialog: what lacks, ticks, the run, and the way back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from app.connectors.preparer import Deployed, PartKey
from app.sync.prepare import Notes
from app.sync.workbench import Workbench
from app.views.connections.prepare_dialog import PrepareDialog
from app.views.tasks import TaskPool
from tests.fake_preparer import CODE, FIXED, KEYED, LOOK, NAME, PLAN, FakePreparer, preparable_bench

ON, OFF = Qt.CheckState.Checked, Qt.CheckState.Unchecked


@pytest.fixture
def system() -> FakePreparer:
    return FakePreparer()


@pytest.fixture
def prepared_bench(tmp_path: Path, system: FakePreparer) -> Iterator[Workbench]:
    made = preparable_bench(tmp_path, system)
    yield made
    made.store.close()


def looked(
    qtbot: QtBot, pool: TaskPool, bench: Workbench, production: tuple[str, ...] = ()
) -> PrepareDialog:
    dialog = PrepareDialog(bench, pool, production)
    qtbot.addWidget(dialog)
    dialog.open()
    qtbot.waitUntil(lambda: dialog._survey is not None, timeout=5000)
    return dialog


def tick(dialog: PrepareDialog, key: PartKey, state: Qt.CheckState) -> None:
    dialog.tree.item_of(key).setCheckState(0, state)


def state(dialog: PrepareDialog, key: PartKey) -> Qt.CheckState:
    return dialog.tree.item_of(key).checkState(0)


def test_what_lacks_is_listed_by_kind_and_ticked(
    qtbot: QtBot, pool: TaskPool, prepared_bench: Workbench
) -> None:
    dialog = looked(qtbot, pool, prepared_bench)
    titles = [top.text(0) for top, _ in dialog.tree._tops]
    assert titles == ["Objects (1)", "Fields (4)", "Page layouts (1)"]
    assert dialog._headline.text() == "5 things are lacking"
    assert dialog.run.text() == "Make 4 parts"
    assert [state(dialog, key) for key in (PLAN, CODE, KEYED)] == [ON, ON, OFF]


def test_what_is_for_people_has_no_tick(
    qtbot: QtBot, pool: TaskPool, prepared_bench: Workbench
) -> None:
    dialog = looked(qtbot, pool, prepared_bench)
    assert dialog.tree.item_of(FIXED).data(0, Qt.ItemDataRole.CheckStateRole) is None
    assert dialog.tree.item_of(FIXED).text(1) == "by hand"


def test_ticks_follow_what_parts_need(
    qtbot: QtBot, pool: TaskPool, prepared_bench: Workbench
) -> None:
    dialog = looked(qtbot, pool, prepared_bench)
    tick(dialog, PLAN, OFF)
    assert dialog.chosen == {CODE}
    assert state(dialog, LOOK) == OFF
    tick(dialog, LOOK, ON)
    assert dialog.chosen == {CODE, LOOK, NAME, PLAN}
    assert state(dialog, PLAN) == ON


def test_a_kind_is_ticked_as_a_whole(
    qtbot: QtBot, pool: TaskPool, prepared_bench: Workbench
) -> None:
    dialog = looked(qtbot, pool, prepared_bench)
    fields = dialog.tree._tops[1][0]
    assert fields.checkState(0) == Qt.CheckState.PartiallyChecked
    fields.setCheckState(0, ON)
    assert KEYED in dialog.chosen


def test_what_is_ticked_is_made(
    qtbot: QtBot, pool: TaskPool, prepared_bench: Workbench, system: FakePreparer
) -> None:
    dialog = looked(qtbot, pool, prepared_bench)
    tick(dialog, CODE, OFF)
    with qtbot.waitSignal(dialog.prepared, timeout=5000) as caught:
        dialog.run.click()
    (done,) = caught.args
    assert isinstance(done, Deployed)
    assert set(done.done) == {PLAN, NAME, LOOK}
    assert dialog._outcome.text() == "3 parts made or changed"
    assert CODE in {part.key for part in system.parts}


def test_what_was_refused_is_listed_with_its_words(
    qtbot: QtBot, pool: TaskPool, prepared_bench: Workbench, system: FakePreparer
) -> None:
    system.refuse = {NAME: "Must specify a length"}
    dialog = looked(qtbot, pool, prepared_bench)
    with qtbot.waitSignal(dialog.prepared, timeout=5000):
        dialog.run.click()
    assert dialog._outcome.text() == "Nothing was changed: 1 part refused"
    cells = [dialog.refused.index(0, column).data() for column in range(3)]
    assert cells == ["field", "Plan__c.Key__c", "Must specify a length"]


def test_production_asks_for_the_name(
    qtbot: QtBot, pool: TaskPool, prepared_bench: Workbench
) -> None:
    dialog = looked(qtbot, pool, prepared_bench, ("sf-live",))
    assert not dialog.run.isEnabled()
    QTest.keyClicks(dialog.typed, "sf-live")
    assert dialog.run.isEnabled()


def test_cancel_stops_and_says_that_nothing_changed(
    qtbot: QtBot, pool: TaskPool, prepared_bench: Workbench, system: FakePreparer
) -> None:
    system.wait = True
    dialog = looked(qtbot, pool, prepared_bench)
    dialog.run.click()
    qtbot.waitUntil(lambda: system.deployments == 1, timeout=5000)
    dialog.reject()
    qtbot.waitUntil(lambda: dialog.cancel.text() == "Close", timeout=5000)
    assert dialog._message._heading.text() == "Stopped"
    dialog.cancel.click()
    assert not dialog.isVisible()


def test_nothing_lacking_is_said(
    qtbot: QtBot, pool: TaskPool, prepared_bench: Workbench, system: FakePreparer
) -> None:
    system.parts = []
    dialog = looked(qtbot, pool, prepared_bench)
    assert dialog._message._heading.text() == "Nothing is lacking"
    assert not dialog.run.isVisible()


def test_taking_back_asks_with_the_records_that_would_be_lost(
    qtbot: QtBot, pool: TaskPool, prepared_bench: Workbench, system: FakePreparer
) -> None:
    Notes.of(prepared_bench).write("00D1", [PLAN])
    system.parts = []
    dialog = looked(qtbot, pool, prepared_bench)
    dialog.take_back.click()
    qtbot.waitUntil(lambda: bool(dialog.findChildren(QMessageBox)), timeout=5000)
    box = dialog.findChildren(QMessageBox)[0]
    assert "12 records" in box.text()
    yes = next(b for b in box.buttons() if isinstance(b, QPushButton) and b.text() == "Delete")
    with qtbot.waitSignal(dialog.prepared, timeout=5000):
        yes.click()
    assert system.removed == [PLAN]
    assert dialog._outcome.text() == "1 part deleted"


def test_with_nothing_made_taking_back_says_so(
    qtbot: QtBot, pool: TaskPool, prepared_bench: Workbench
) -> None:
    dialog = looked(qtbot, pool, prepared_bench)
    dialog.take_back.click()
    qtbot.waitUntil(lambda: "nothing" in dialog._message._heading.text(), timeout=5000)
    assert dialog.cancel.text() == "Close"
