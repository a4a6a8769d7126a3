"""The whole window on fake sides."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.connectors.protocol import ReadRequest
from app.domain.control import CancelToken, no_report
from app.domain.plan import Operation
from app.domain.record import Side
from app.errors import Cancelled, NotFound
from app.settings import Workspace
from app.sync.commit import commit
from app.sync.planner import Selection, build_plan
from app.sync.workbench import Workbench
from app.views.commit.commit_dialog import CommitDialog
from app.views.widgets.looks import DARK, LIGHT, Colours, dress
from app.views.window.main_window import FIRST_START, MainWindow
from app.views.window.window_memory import restore_size
from app.views.window.window_pages import CONNECTIONS, HISTORY, MAPPING, OF_WORKSPACE
from tests.fakes import side_of
from tests.views.accessible import nameless
from tests.views.catalog import put
from tests.views.front import BOTH, FakeServices


@pytest.fixture
def services(bench: Workbench) -> FakeServices:
    return FakeServices().with_workspace(bench)


@pytest.fixture
def window(qtbot: QtBot, services: FakeServices) -> Iterator[MainWindow]:
    made = MainWindow(services)
    qtbot.addWidget(made)
    made.show()
    made.start()
    settle(qtbot, made)
    yield made
    assert made.pool.shutdown(5)


def settle(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: window.is_settled, timeout=10_000)


def test_the_workspace_opens_with_its_differences(window: MainWindow) -> None:
    assert window.bar.workspace.currentText() == "test"
    assert window.status.text == "24 records \u00b7 8 differ \u00b7 5 ticked"
    assert window.bar.commit.text() == "Commit 5\u2026"


def test_a_refresh_reads_compares_and_shows(
    window: MainWindow, qtbot: QtBot, bench: Workbench
) -> None:
    put(bench, Side.BILLING, "coupon", "LATE", name="LATE")
    with qtbot.waitSignal(window.refreshed, timeout=5000):
        window.bar.refresh.click()
    settle(qtbot, window)
    assert "1 had changed" in window.status.text
    assert "9 differ" in window.status.text


@pytest.mark.parametrize(("fails", "words"), [(True, "24 records"), (False, "Stopped.  24 re")])
def test_what_an_earlier_refresh_read_is_not_told_of_one_that_fails_or_is_stopped(
    window: MainWindow, qtbot: QtBot, bench: Workbench, *, fails: bool, words: str
) -> None:
    def stop(_request: ReadRequest) -> None:
        raise NotFound("Nobody answers.", "Look.") if fails else Cancelled("Stopped.")

    window.bar.refresh.click()
    settle(qtbot, window)
    assert window.status.text.startswith("Read ")
    side_of(bench, Side.BILLING).on_read = stop
    window.bar.refresh.click()
    settle(qtbot, window)
    assert window.status.text.startswith(words)


def test_a_workspace_that_is_chosen_during_a_refresh_is_refused_in_words(
    window: MainWindow, services: FakeServices, qtbot: QtBot
) -> None:
    services.made["other"] = Workspace("other", "aria-test", "sf-test", "")
    with qtbot.waitSignal(window.connections.changed, timeout=5000):
        window.connections.reload()
    window.bar.refresh.click()
    window.bar.workspace.textActivated.emit("other")
    assert "other is not opened while" in window.notice.text
    assert window.bar.workspace.currentText() == "test"
    settle(qtbot, window)
    window.bar.refresh.click()
    window.bar.workspace.textActivated.emit("test")
    assert not window.notice.isVisible()
    settle(qtbot, window)


def carry_out(window: MainWindow, qtbot: QtBot) -> None:
    """Confirm the plan in the commit dialog that is open, and close it."""
    dialog = window.findChild(CommitDialog)
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.run.isVisible() and dialog.run.isEnabled(), timeout=5000)
    with qtbot.waitSignal(dialog.committed, timeout=5000):
        dialog.run.click()
    dialog.reject()
    qtbot.waitUntil(lambda: window.findChild(CommitDialog) is None, timeout=5000)
    settle(qtbot, window)


def test_what_was_committed_agrees_afterwards(window: MainWindow, qtbot: QtBot) -> None:
    window.bar.commit.click()
    carry_out(window, qtbot)
    assert "3 differ \u00b7 0 ticked" in window.status.text
    assert not window.bar.commit.isEnabled()


def test_a_commit_is_undone_from_the_history(window: MainWindow, qtbot: QtBot) -> None:
    window.bar.commit.click()
    carry_out(window, qtbot)
    window.choose_page("history")
    qtbot.waitUntil(lambda: window.history.undo.isEnabled() and window.is_settled, timeout=5000)
    window.history.undo.click()
    carry_out(window, qtbot)
    assert "8 differ" in window.status.text


def test_the_history_shows_the_commit_just_made(window: MainWindow, qtbot: QtBot) -> None:
    window.bar.commit.click()
    carry_out(window, qtbot)
    window.choose_page("history")
    settle(qtbot, window)
    window.history.undo.click()
    carry_out(window, qtbot)
    settle(qtbot, window)
    assert window.history.runs.rowCount() == 2
    assert window.history.run_table.currentIndex().row() == 0


def break_off(bench: Workbench) -> None:
    """Begin the commit of what is ticked, and stop it after the first write."""
    cancel = CancelToken()

    def stop(_operation: Operation) -> str:
        cancel.cancel()
        return ""

    for side in Side:
        side_of(bench, side).rows_in_batch = 1
        side_of(bench, side).fault = stop
    plan = build_plan(bench, Selection(), CancelToken(), no_report)
    assert commit(bench, plan, cancel, no_report).skipped > 0
    for side in Side:
        side_of(bench, side).fault = lambda _operation: ""


def test_a_commit_that_broke_off_is_resumed_from_the_history(
    window: MainWindow, qtbot: QtBot
) -> None:
    assert window.bench is not None
    break_off(window.bench)
    window.choose_page("history")
    settle(qtbot, window)
    assert window.history.runs.index(0, 2).data() == "broke off, can be resumed"
    window.history.resume.click()
    assert not window.history.resume.isEnabled()
    qtbot.waitUntil(window.history.resume.isHidden, timeout=10_000)
    settle(qtbot, window)
    assert window.history.runs.index(0, 2).data() == "finished"
    assert "3 differ \u00b7 0 ticked" in window.status.text


@pytest.fixture
def broken(bench: Workbench) -> Workbench:
    """Return a workbench of which a commit broke off before the window opens it."""
    break_off(bench)
    return bench


def test_a_window_that_opens_says_that_a_commit_broke_off(
    broken: Workbench, window: MainWindow, qtbot: QtBot
) -> None:
    del broken
    qtbot.waitUntil(lambda: not window.notice.isHidden(), timeout=5000)
    assert "broke off" in window.notice.text
    assert "History > Resume" in window.notice.text
    window.choose_page(HISTORY)
    settle(qtbot, window)
    window.history.resume.click()
    qtbot.waitUntil(window.history.resume.isHidden, timeout=10_000)
    settle(qtbot, window)
    assert window.notice.isHidden()


def test_without_a_workspace_there_are_two_doors_and_the_demo_opens(
    qtbot: QtBot, bench: Workbench
) -> None:
    window = MainWindow(FakeServices(demo=bench))
    qtbot.addWidget(window)
    window.start()
    settle(qtbot, window)
    assert window._names[window._pages.currentIndex()] == FIRST_START
    window.first.demo.click()
    qtbot.waitUntil(lambda: window.bench is not None, timeout=5000)
    settle(qtbot, window)
    assert window.bar.workspace.currentText() == "demo"
    assert window.first.demo.text() == "Try the demo"
    assert window.pool.shutdown(5)


def test_at_first_the_window_is_no_larger_than_its_screen(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(9000, 9000)
    restore_size(window)
    room = window.screen().availableSize()
    assert window.width() == room.width()
    assert window.height() < room.height()


def test_while_the_demo_starts_the_window_says_so_and_offers_nothing_else(
    qtbot: QtBot, bench: Workbench
) -> None:
    window = MainWindow(FakeServices(demo=bench))
    qtbot.addWidget(window)
    window.start_demo()
    assert window.first.demo.text() == "Starting the demo\u2026"
    assert not window.first.isEnabled()
    assert window.bar.isHidden()
    settle(qtbot, window)
    assert not window.bar.isHidden()
    assert window.pool.shutdown(5)


def test_tab_comes_to_the_page_that_is_shown_and_the_arrows_to_the_others(
    qtbot: QtBot, window: MainWindow
) -> None:
    window.choose_page(HISTORY)
    rail = window.rail._buttons
    stops = [name for name, one in rail.items() if one.focusPolicy() & Qt.FocusPolicy.TabFocus]
    assert stops == [HISTORY]
    rail[HISTORY].setFocus()
    qtbot.keyClick(rail[HISTORY], Qt.Key.Key_Down)
    assert rail[MAPPING].isChecked()
    assert window._names[window._pages.currentIndex()] == MAPPING


def test_without_a_workspace_no_page_is_blank(qtbot: QtBot) -> None:
    window = MainWindow(FakeServices())
    qtbot.addWidget(window)
    window.start()
    settle(qtbot, window)
    for page in OF_WORKSPACE:
        window.choose_page(page)
        assert window._names[window._pages.currentIndex()] == FIRST_START
        assert window.rail._buttons[page].isHidden()
    window.choose_page(CONNECTIONS)
    assert window._names[window._pages.currentIndex()] == CONNECTIONS
    assert window.pool.shutdown(5)


def test_a_workspace_that_does_not_open_says_why(qtbot: QtBot, bench: Workbench) -> None:
    services = FakeServices(broken=True).with_workspace(bench)
    window = MainWindow(services)
    qtbot.addWidget(window)
    with qtbot.waitSignal(window.failed, timeout=5000):
        window.start()
    settle(qtbot, window)
    assert window.notice.text == "The store is gone. Look for it."
    assert window.catalog._message._heading.text() == "The store is gone."
    assert window.pool.shutdown(5)


def test_a_production_connection_paints_a_strip(qtbot: QtBot, services: FakeServices) -> None:
    services.known["sf-test"] = replace(BOTH[1], production=True)
    window = MainWindow(services)
    qtbot.addWidget(window)
    window.show()
    window.start()
    settle(qtbot, window)
    assert window.strip.isVisible()
    assert window.strip._text.text() == "PRODUCTION \u00b7 sf-test"
    assert window.pool.shutdown(5)


def test_closing_stops_the_work_and_closes_the_store(window: MainWindow, bench: Workbench) -> None:
    assert window.close()
    assert not any(held.connections for held in bench.store._threads)


def test_every_control_has_a_name_for_screen_readers(window: MainWindow, qtbot: QtBot) -> None:
    found = []
    for page in ("catalog", "jobs", "history", "mapping", "connections"):
        window.choose_page(page)
        settle(qtbot, window)
        found += nameless(window)
    assert found == []


@pytest.mark.parametrize("dark", [False, True])
def test_the_window_is_painted_in_light_and_dark(
    window: MainWindow, qtbot: QtBot, *, dark: bool
) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    dress(app, dark=dark)
    settle(qtbot, window)
    window.resize(1280, 800)
    image = window.grab().toImage()
    ground = image.pixelColor(image.width() // 3, image.height() - 10).lightness()
    assert (ground < 80) is dark
    rows = range(280, 320, 4)
    colours = {image.pixel(x, y) for y in rows for x in range(100, image.width(), 3)}
    assert len(colours) > 8, "there is something to see"
    dress(app, dark=False)


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_every_state_can_be_read_on_its_ground_and_on_the_selection(colours: Colours) -> None:
    pairs = [(ink.front, ink.ground) for ink in colours.tones.values()]
    pairs += [(ink.front, colours.selection) for ink in colours.tones.values()]
    pairs += [(colours.muted, colours.window), (colours.accent_text, colours.accent)]
    poor = [pair for pair in pairs if contrast(*pair) < 4.5]
    assert poor == []


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_the_edge_of_a_field_can_be_seen(colours: Colours) -> None:
    # Web Content Accessibility Guidelines 2.2, 1.4.11
    assert contrast(colours.edge, colours.base) >= 3
    assert contrast(colours.edge, colours.window) >= 3


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours (WCAG 2.2, 1.4.3)."""
    bright, dim = sorted((_luminance(QColor(one)), _luminance(QColor(other))), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def _luminance(colour: QColor) -> float:
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (colour.redF(), colour.greenF(), colour.blueF())
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
