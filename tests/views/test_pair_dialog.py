"""Pairing in the window: what could be paired is listed, paired, and taken apart again."""

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from app.domain.diff import Kind
from app.domain.record import RecordKey, Side
from app.store.comparison import kind_counts
from app.store.pairing import pairings
from app.sync.workbench import Workbench
from app.views.compare.pair_dialog import PairDialog
from app.views.window.main_window import MainWindow
from tests.fakes import side_of
from tests.views.catalog import put
from tests.views.conftest import read
from tests.views.front import FakeServices
from tests.views.test_field_menu import settle, shown


@pytest.fixture
def window(qtbot: QtBot, bench: Workbench) -> Iterator[MainWindow]:
    """Return a window on a coupon whose twin in Salesforce bears another key."""
    put(bench, Side.BILLING, "coupon", "NEW", description="Harvest deal")
    put(bench, Side.SALESFORCE, "coupon", "ELSE", description="Harvest deal")
    read(bench)
    made = MainWindow(FakeServices().with_workspace(bench))
    qtbot.addWidget(made)
    made.show()
    made.start()
    settle(qtbot, made)
    yield made
    assert made.pool.shutdown(5)


def opened(qtbot: QtBot, window: MainWindow) -> PairDialog:
    window.bar.pairs_wanted.emit()
    dialog = shown(qtbot, window, PairDialog)
    qtbot.waitUntil(lambda: "\u00b7" in dialog.tabs.tabText(0), timeout=10_000)
    return dialog


def choose(dialog: PairDialog, name: str) -> None:
    table = dialog.tables[dialog.tabs.currentIndex()]
    model = table.model()
    row = next(r for r in range(model.rowCount()) if name in model.index(r, 1).data())
    table.selectRow(row)


def test_a_suggestion_is_paired_and_taken_apart(
    window: MainWindow, bench: Workbench, qtbot: QtBot
) -> None:
    before = kind_counts(bench.store)["coupon"][Kind.ONLY_IN_BILLING]
    dialog = opened(qtbot, window)
    assert not dialog.act.isEnabled()
    choose(dialog, "Harvest deal")
    dialog.act.click()
    settle(qtbot, window)
    (pair,) = pairings(bench.store)
    assert (pair.key, pair.own_key) == ("NEW", "ELSE")
    assert kind_counts(bench.store)["coupon"][Kind.ONLY_IN_BILLING] == before - 1
    again = opened(qtbot, window)
    again.tabs.setCurrentIndex(1)
    choose(again, "NEW")
    again.act.click()
    settle(qtbot, window)
    assert pairings(bench.store) == ()
    assert kind_counts(bench.store)["coupon"][Kind.ONLY_IN_BILLING] == before


def test_one_record_cannot_be_paired_with_two(
    window: MainWindow, bench: Workbench, qtbot: QtBot
) -> None:
    put(bench, Side.SALESFORCE, "coupon", "MORE", description="Harvest deal")
    read(bench)
    dialog = opened(qtbot, window)
    dialog.tables[0].selectAll()
    chosen = [line for line in dialog.chosen if line.key == "NEW"]
    assert len(chosen) == 2
    assert not dialog.act.isEnabled()
    dialog.reject()


def test_a_record_that_went_in_the_meantime_is_told(
    window: MainWindow, bench: Workbench, qtbot: QtBot
) -> None:
    dialog = opened(qtbot, window)
    choose(dialog, "Harvest deal")
    del side_of(bench, Side.SALESFORCE).records[RecordKey("coupon", "ELSE")]
    read(bench)
    dialog.act.click()
    settle(qtbot, window)
    assert window.notice.text
    assert pairings(bench.store) == ()
