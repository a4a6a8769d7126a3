"""A window's surroundings: a pool that must stop, a workbench with every kind of difference."""

import gc
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.domain.control import CancelToken, no_report
from app.sync.compare import compare
from app.sync.refresh import RefreshRequest, refresh
from app.sync.workbench import Workbench
from app.views.compare.catalog_view import CatalogView
from app.views.tasks import TaskPool
from tests.fakes import catalog_mapping, make_bench
from tests.views.catalog import edit, fill
from tests.views.customers import customers_mapping, edit_customers, fill_customers

_MUCH_GARBAGE = 200_000  # objects made and not yet freed, as `gc.get_count` has them


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-pictures", action="store_true", help="draw docs/pictures/*.png again"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "may_warn: the window logs a warning, and shall")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            # The offscreen platform says so of every window that is shown.
            item.add_marker(pytest.mark.qt_log_ignore("This plugin does not support"))


@pytest.fixture(autouse=True)
def nothing_unannounced(
    caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest
) -> Iterator[None]:
    """Fail a test in which the window logged a warning that the test did not announce."""
    yield
    if request.node.get_closest_marker("may_warn"):
        return
    loud = [r for r in caplog.get_records("call") if r.levelno >= logging.WARNING]
    # A machine that others use too may block any thread; the watchdog has a test of its own.
    ours = [r for r in loud if r.name.startswith(("app.views", "qt"))]
    assert not [r for r in ours if r.name != "app.views.watchdog"]


@pytest.fixture(autouse=True)
def no_key_held() -> Iterator[None]:
    """Let go of Shift and the like after a test that pressed one with another key.

    Qt takes what the last event of a key said for what is held, and `selectRow` of a later test
    in the same process heeds it: with Shift it selects nothing.
    """
    yield
    if QGuiApplication.keyboardModifiers() != Qt.KeyboardModifier.NoModifier:
        QTest.keyClick(QWidget(), Qt.Key.Key_unknown)


@pytest.fixture(autouse=True, scope="module")
def no_collecting_in_workers() -> Iterator[None]:
    """Keep the garbage collector out of workers, where it would delete a test's widgets.

    A test's dialogs have no parent, so that they belong to Python and are garbage when the test
    returns, while a worker may still be at work. The window's dialogs belong to the window. What
    a file's tests leave goes here: a later file's server would collect it in a thread of its own.
    """
    gc.disable()
    yield
    gc.collect()
    gc.enable()


@pytest.fixture(autouse=True)
def little_garbage() -> Iterator[None]:
    """Collect what tests have left once it is much."""
    yield
    if gc.get_count()[0] > _MUCH_GARBAGE:
        gc.collect()


@pytest.fixture
def pool(qtbot: QtBot) -> Iterator[TaskPool]:  # noqa: ARG001 - there must be an application
    made = TaskPool()
    yield made
    assert made.shutdown(5), "a worker did not stop"


@pytest.fixture
def read_bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Workbench]:
    """Return a workbench whose two sides agree, and were read."""
    pool = request.getfixturevalue("pool") if "pool" in request.fixturenames else None
    bench = make_bench(tmp_path, catalog_mapping())
    fill(bench)
    read(bench)
    yield bench
    # As the window does: no worker may still be at the store when it closes.
    assert pool is None or pool.shutdown(5)
    bench.store.close()


@pytest.fixture
def bench(read_bench: Workbench) -> Workbench:
    """Return a workbench with a difference of every kind."""
    edit(read_bench)
    read(read_bench)
    return read_bench


def read(bench: Workbench) -> None:
    """Refresh and compare."""
    refresh(bench, RefreshRequest(), CancelToken(), no_report)
    compare(bench, CancelToken(), no_report)


@pytest.fixture
def catalog(qtbot: QtBot, pool: TaskPool, bench: Workbench) -> CatalogView:
    """Return the catalog page with everything shown."""
    view = CatalogView(pool)
    qtbot.addWidget(view)
    view.resize(1200, 800)
    with qtbot.waitSignal(view.surveyed, timeout=5000):
        view.open(bench)
    view.show()
    return view


@pytest.fixture
def customers(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Workbench]:
    """Return a workbench with three accounts, of which one differs."""
    pool = request.getfixturevalue("pool") if "pool" in request.fixturenames else None
    bench = make_bench(tmp_path, customers_mapping())
    fill_customers(bench)
    read(bench)
    edit_customers(bench)
    read(bench)
    yield bench
    assert pool is None or pool.shutdown(5)
    bench.store.close()
