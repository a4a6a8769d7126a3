"""A commit under way, its end, and what failed once more."""

import threading
from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QLineEdit, QMenu
from pytestqt.qtbot import QtBot

from app.domain.plan import Operation, OutcomeState
from app.domain.record import Side
from app.store.journal import entries
from app.sync.commit import CommitResult
from app.sync.workbench import Workbench
from app.views.commit.commit_dialog import CommitDialog
from app.views.compare.value_dialog import ValueDialog
from app.views.tasks import TaskPool
from tests.fakes import side_of
from tests.views.catalog import put
from tests.views.conftest import read

PATIENCE_MS = 10_000


def planned(qtbot: QtBot, pool: TaskPool, bench: Workbench) -> CommitDialog:
    dialog = CommitDialog(bench, pool, (), None)
    qtbot.addWidget(dialog)
    dialog.open()
    qtbot.waitUntil(lambda: dialog._planned is not None, timeout=PATIENCE_MS)
    return dialog


def run(qtbot: QtBot, dialog: CommitDialog) -> CommitResult:
    with qtbot.waitSignal(dialog.committed, timeout=PATIENCE_MS) as caught:
        dialog.run.click()
    result = (caught.args or [None])[0]
    assert isinstance(result, CommitResult)
    return result


class Door:
    """Lets a side answer the first write only when the test says so."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self.reached, self.opened = threading.Event(), threading.Event()
        side_of(bench, Side.SALESFORCE).fault = self._wait
        for side in Side:
            side_of(bench, side).rows_in_batch = 1

    def _wait(self, _operation: Operation) -> str:
        self.reached.set()
        self.opened.wait(10)
        return ""

    @property
    def written(self) -> int:
        """How many writes both sides have seen."""
        return sum(len(side_of(self._bench, side).written) for side in Side)


@pytest.fixture
def door(bench: Workbench) -> Iterator[Door]:
    for number in range(20):
        put(bench, Side.BILLING, "coupon", f"MORE{number}", name=f"MORE{number}")
    read(bench)
    made = Door(bench)
    yield made
    made.opened.set()


def test_a_commit_is_held_between_two_calls_and_goes_on(
    qtbot: QtBot, pool: TaskPool, bench: Workbench, door: Door
) -> None:
    dialog = planned(qtbot, pool, bench)
    dialog.run.click()
    qtbot.waitUntil(door.reached.is_set, timeout=PATIENCE_MS)
    dialog.running.pause.click()
    assert dialog.running.pause.text() == "Continue"
    door.opened.set()
    qtbot.waitUntil(lambda: dialog._running.meter.done > 0, timeout=PATIENCE_MS)
    qtbot.wait(200)
    assert door.written < 25, "no further call was begun"
    with qtbot.waitSignal(dialog.committed, timeout=PATIENCE_MS) as caught:
        dialog.running.pause.click()
    assert (caught.args or [])[0].is_clean


def test_a_held_commit_can_be_cancelled(
    qtbot: QtBot, pool: TaskPool, bench: Workbench, door: Door
) -> None:
    dialog = planned(qtbot, pool, bench)
    dialog.run.click()
    qtbot.waitUntil(door.reached.is_set, timeout=PATIENCE_MS)
    dialog.running.pause.click()
    door.opened.set()
    with qtbot.waitSignal(dialog.committed, timeout=PATIENCE_MS) as caught:
        dialog.cancel.click()
    result = (caught.args or [])[0]
    assert result.stopped_by
    assert result.skipped > 0
    assert result.selected == result.sent + result.stale + result.skipped


def test_a_bar_for_each_entity_pace_and_calls(
    qtbot: QtBot, pool: TaskPool, bench: Workbench, door: Door
) -> None:
    dialog = planned(qtbot, pool, bench)
    dialog.run.click()
    qtbot.waitUntil(door.reached.is_set, timeout=PATIENCE_MS)
    bars = {bar.name: bar.total for bar in dialog._running.meter.bars}
    assert bars == {"Plans": 2, "Rate tiers": 1, "Coupons": 22}
    door.opened.set()
    with qtbot.waitSignal(dialog.committed, timeout=PATIENCE_MS):
        pass
    assert {bar.name: bar.done for bar in dialog._running.meter.bars} == bars


def test_the_forecast_stands_beside_what_it_took_and_each_number_is_a_list(
    qtbot: QtBot, pool: TaskPool, bench: Workbench
) -> None:
    dialog = planned(qtbot, pool, bench)
    result = run(qtbot, dialog)
    costs = dialog.outcome.costs
    told = [costs.index(0, column).data() for column in range(3)]
    forecast, took = result.forecast.calls[Side.SALESFORCE], result.calls[Side.SALESFORCE]
    assert told == ["Calls to Salesforce", str(forecast), str(took)]
    for name, count in (("written", 5), ("selected", 5), ("sent", 5)):
        dialog.outcome.chips[name].click()
        rows = dialog.outcome.operations.rowCount
        qtbot.waitUntil(lambda rows=rows, n=count: rows() == n, timeout=PATIENCE_MS)
    assert not dialog.outcome.chips["failed"].isEnabled()
    assert not dialog.outcome.retry.isVisible()


def refuse_long(operation: Operation) -> str:
    """Refuse what is longer than 12 characters, as a target does."""
    long = [c for c in operation.changes if c.name == "name" and len(str(c.after)) > 12]
    return "too long" if long else ""


def type_for_failed(qtbot: QtBot, dialog: CommitDialog, value: str) -> None:
    qtbot.waitUntil(lambda: dialog.outcome.operations.rowCount() == 1, timeout=PATIENCE_MS)
    dialog.outcome.edit.click()
    for menu in dialog.findChildren(QMenu):
        next(action for action in menu.actions() if action.text() == "Name").trigger()
        menu.close()
    typing = dialog.findChildren(ValueDialog)[-1]
    assert isinstance(typing.editor, QLineEdit)
    typing.editor.setText(value)
    typing.take.click()


def test_what_failed_is_edited_and_sent_again_alone(
    qtbot: QtBot, pool: TaskPool, bench: Workbench
) -> None:
    side_of(bench, Side.SALESFORCE).fault = refuse_long
    dialog = planned(qtbot, pool, bench)
    assert run(qtbot, dialog).failed == 1
    type_for_failed(qtbot, dialog, "Voice P")
    assert dialog.outcome.operations.index(0, 3).data() == "typed: name: Voice P"
    dialog.outcome.retry.click()
    qtbot.waitUntil(lambda: dialog.run.text() == "Commit 2 changes", timeout=PATIENCE_MS)
    assert run(qtbot, dialog).is_clean
    name = bench.mapping.entity("plan").index["name"]
    for side in Side:
        assert side_of(bench, side).values("plan")["PRO"][name] == "Voice P"


def test_an_insert_that_failed_is_edited_for_its_side_alone(
    qtbot: QtBot, pool: TaskPool, bench: Workbench
) -> None:
    put(bench, Side.BILLING, "coupon", "LONG", name="A very long name", description="x")
    read(bench)
    side_of(bench, Side.SALESFORCE).fault = lambda o: refuse_long(o) if o.key == "LONG" else ""
    dialog = planned(qtbot, pool, bench)
    assert run(qtbot, dialog).failed == 1
    type_for_failed(qtbot, dialog, "Short")
    dialog.outcome.retry.click()
    qtbot.waitUntil(lambda: dialog.run.text() == "Commit 1 changes", timeout=PATIENCE_MS)
    result = run(qtbot, dialog)
    (entry,) = entries(bench.store, run=result.commit)
    assert entry.state is OutcomeState.WRITTEN
    assert "LONG" in side_of(bench, Side.SALESFORCE).values("coupon")


def test_what_was_written_cannot_be_edited(qtbot: QtBot, pool: TaskPool, bench: Workbench) -> None:
    dialog = planned(qtbot, pool, bench)
    run(qtbot, dialog)
    qtbot.waitUntil(lambda: dialog.outcome.operations.rowCount() == 5, timeout=PATIENCE_MS)
    assert not dialog.outcome.edit.isEnabled()
    dialog.outcome.table.doubleClicked.emit(dialog.outcome.operations.index(0, 0))
    assert not dialog.findChildren(ValueDialog)
