"""Prepare reached from the window: the Connections page, and the last step of the first start."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.settings import Connection, Workspace
from app.sync.workbench import Workbench
from app.views.connections.prepare_dialog import PrepareDialog
from app.views.state.connections import prepared_by
from app.views.window.main_window import MainWindow
from tests.fake_preparer import FakePreparer, preparable_bench
from tests.views.front import BOTH, FakeServices


@pytest.fixture
def ready(tmp_path: Path) -> Iterator[Workbench]:
    made = preparable_bench(tmp_path, FakePreparer())
    yield made
    made.store.close()


def started(qtbot: QtBot, services: FakeServices) -> MainWindow:
    window = MainWindow(services)
    qtbot.addWidget(window)
    window.show()
    window.start()
    qtbot.waitUntil(lambda: window.is_settled, timeout=10_000)
    return window


def opened(qtbot: QtBot, window: MainWindow) -> PrepareDialog:
    qtbot.waitUntil(lambda: bool(window.findChildren(PrepareDialog)), timeout=5000)
    dialog = window.findChildren(PrepareDialog)[0]
    qtbot.waitUntil(lambda: dialog._survey is not None, timeout=5000)
    return dialog


def test_the_connections_page_leads_to_prepare(qtbot: QtBot, ready: Workbench) -> None:
    window = started(qtbot, FakeServices().with_workspace(ready))
    window.choose_page("connections")
    window.connections.table.selectRow(1)
    window.connections.prepare.click()
    dialog = opened(qtbot, window)
    assert dialog._headline.text() == "5 things are lacking"
    dialog.reject()
    assert window.pool.shutdown(5)


def test_a_workspace_just_made_is_looked_at(qtbot: QtBot, ready: Workbench) -> None:
    services = FakeServices(known={each.name: each for each in BOTH})
    window = started(qtbot, services)
    services.with_workspace(ready, "mine")
    window.connections.workspace_made.emit("mine")
    opened(qtbot, window).reject()
    assert window.bar.workspace.currentText() == "mine"
    assert window.pool.shutdown(5)


def test_a_connection_without_workspace_cannot_be_prepared() -> None:
    space = Workspace("w", "aria-test", "sf-test", "aria_catalog")
    other = Connection("other", "salesforce", {})
    assert prepared_by(BOTH[1], [space]) == "w"
    assert prepared_by(BOTH[0], [space]) == ""
    assert prepared_by(other, [space]) == ""
    assert prepared_by(None, [space]) == ""
