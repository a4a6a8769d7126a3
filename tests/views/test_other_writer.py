"""A window that may only read shows what the Concord that writes finds."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from pytestqt.qtbot import QtBot

from app.domain.record import Side
from app.errors import StoreError, WorkspaceBusy
from app.store.compared import compared_count
from app.sync.workbench import Workbench
from app.views.window import other_writer
from app.views.window.main_window import MainWindow
from app.views.window.other_writer import OtherWriter
from tests.fakes import side_of
from tests.views.conftest import read
from tests.views.front import FakeServices

PATIENCE_MS = 5000


@pytest.fixture
def window(
    qtbot: QtBot, read_bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MainWindow]:
    """Return a window on a workspace that another Concord holds; both sides agree."""
    monkeypatch.setattr(other_writer, "LOOK_EVERY_MS", 20)
    read_bench.store.refused = WorkspaceBusy("It is held by concord serve.", "Wait.")
    made = MainWindow(FakeServices().with_workspace(read_bench))
    qtbot.addWidget(made)
    writer = OtherWriter(made)
    made.start("test")
    made.show()
    qtbot.waitUntil(lambda: writer._count is not None, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: made.is_settled, timeout=PATIENCE_MS)
    yield made
    assert made.pool.shutdown(5)


def another_concord(bench: Workbench, city: str) -> None:
    """Find a difference as a server does: not in the window's thread."""
    found = side_of(bench, Side.BILLING)
    place = next(one for one in found.records if one.entity == "plan")
    [record] = found.records[place]
    found.records[place] = [record._replace(values=(city, *record.values[1:]))]
    with ThreadPoolExecutor(1) as pool:
        pool.submit(read, bench).result()


def differing(window: MainWindow) -> int:
    return sum(1 for kind in window.catalog.survey.kinds.values() if kind.name != "IDENTICAL")


def test_what_another_concord_finds_is_shown(
    qtbot: QtBot, window: MainWindow, read_bench: Workbench
) -> None:
    assert differing(window) == 0
    another_concord(read_bench, "Changed")
    qtbot.waitUntil(lambda: differing(window) == 1, timeout=PATIENCE_MS)


def test_what_it_writes_itself_is_not_looked_for(
    qtbot: QtBot, window: MainWindow, read_bench: Workbench
) -> None:
    read_bench.store.refused = None
    another_concord(read_bench, "Changed")
    qtbot.wait(100)
    assert differing(window) == 0


def test_a_compare_that_changes_nothing_does_not_count(read_bench: Workbench) -> None:
    before = compared_count(read_bench.store)
    read(read_bench)
    assert compared_count(read_bench.store) == before


@pytest.mark.may_warn
def test_a_store_that_fails_is_told_once(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_store: object) -> int:
        raise StoreError("The disk is gone.")

    told: list[object] = []
    window.failed.connect(told.append)
    monkeypatch.setattr(other_writer, "compared_count", fail)
    qtbot.waitUntil(lambda: bool(told), timeout=PATIENCE_MS)
    qtbot.wait(100)
    assert len(told) == 1
