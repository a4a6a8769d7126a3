"""Two billing catalogs side by side in the window, with both sandboxes at the other end."""

import csv
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.credentials import Credentials
from app.domain.record import Side
from app.sandbox.launch import Sandbox, SandboxOptions
from app.services import Services
from app.settings import Workspace
from app.sync.offers import OFFER_HEAD, Seller
from app.views.connections.offers_dialog import OffersDialog
from app.views.models.offer_tree import DIFFERENCE, HERE, THERE
from app.views.window.command_palette import CommandPalette
from app.views.window.main_window import MainWindow
from app.views.window.window_commands import commands_of
from app.window import WindowServices
from tests.end_to_end.front_door import Door
from tests.fakes import FakeSide
from tests.views.accessible import nameless
from tests.views.test_field_menu import settle, shown

PATIENCE_MS = 20_000
LEFT = Qt.MouseButton.LeftButton
NAME = "Compare two billing catalogs\u2026"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    ready = tmp_path_factory.mktemp("sandbox") / "ready.json"
    with Sandbox(SandboxOptions(ready_file=ready, size=1)) as running:
        yield running


@pytest.fixture
def door(sandbox: Sandbox) -> Iterator[Door]:
    made = Door(sandbox.ready["control_url"])
    yield made
    made.fault()
    made.close()


@pytest.fixture
def services(sandbox: Sandbox, tmp_path: Path) -> Services:
    made = Services(tmp_path, Credentials())
    assert sandbox.options.ready_file
    made.connect_ready(sandbox.options.ready_file)
    made.create_workspace(Workspace("many", "aria-demo", "salesforce-demo", "aria_many"))
    return made


@pytest.fixture
def window(qtbot: QtBot, services: Services) -> Iterator[MainWindow]:
    with ExitStack() as stack:
        made = MainWindow(WindowServices(services, stack))
        qtbot.addWidget(made)
        made.show()
        made.start()
        settle(qtbot, made)
        yield made
        made.close()
        assert made.pool.shutdown(5)


def opened(qtbot: QtBot, window: MainWindow) -> OffersDialog:
    window.choose_page("connections")
    QTest.mouseClick(window.connections.catalogs, LEFT)
    return shown(qtbot, window, OffersDialog)


def compared(qtbot: QtBot, dialog: OffersDialog) -> OffersDialog:
    QTest.mouseClick(dialog.compare, LEFT)
    qtbot.waitUntil(dialog.compare.isEnabled, timeout=PATIENCE_MS)
    return dialog


def cells(dialog: OffersDialog, column: int) -> list[str]:
    model = dialog.page.model
    return [model.index(row, column).data() for row in range(model.rowCount())]


def test_plans_of_both_face_each_other(qtbot: QtBot, window: MainWindow, door: Door) -> None:
    dialog = compared(qtbot, opened(qtbot, window))
    sold = {row["name"] for row in door.state("orb", "plan") if row["status"] == "active"}
    assert nameless(dialog) == []
    both = zip(cells(dialog, HERE), cells(dialog, THERE), cells(dialog, DIFFERENCE), strict=True)
    rows = list(both)
    assert {there for _here, there, _what in rows} - {"\u2014"} == sold
    assert all(what.endswith("only in aria-demo") for _h, there, what in rows if there == "\u2014")
    assert f"orb-demo {len(sold)}." in dialog.page.told.text()
    dialog.reject()


def test_a_plan_in_both_opens_to_its_prices_and_chips_and_text_narrow_it(
    qtbot: QtBot, window: MainWindow, door: Door
) -> None:
    plan = next(row for row in door.state("orb", "plan") if row["status"] == "active")
    aria = door.state("aria", "plan")[0]
    door.edit("orb", "plan", plan["id"], external_plan_id=aria["key"])
    dialog = compared(qtbot, opened(qtbot, window))
    page = dialog.page
    QTest.mouseClick(page.chips["different"], LEFT)
    assert cells(dialog, THERE)[0] == plan["name"]
    assert aria["key"] in page.detail[0].text()
    first = page.model.index(0, 0)
    assert page.tree.isExpanded(first)
    page.tree.setFocus()
    QTest.keyClick(page.tree, Qt.Key.Key_Down)
    assert page.tree.currentIndex().parent() == first
    assert page.detail[0].text() or page.detail[1].text()
    QTest.keyClicks(page.text, "no plan is called so")
    qtbot.waitUntil(lambda: page.model.rowCount() == 0, timeout=PATIENCE_MS)
    dialog.reject()


def test_what_differs_is_exported(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    dialog = opened(qtbot, window)
    assert not dialog.export.isEnabled()
    compared(qtbot, dialog)
    assert dialog.export.isEnabled()
    dialog.export_to(str(tmp_path / "found.csv"))
    qtbot.waitUntil(lambda: "Exported" in dialog.told.text(), timeout=PATIENCE_MS)
    with (tmp_path / "found.csv").open(encoding="utf-8-sig") as file:
        head, *rows = csv.reader(file)
    assert tuple(head) == OFFER_HEAD
    assert rows
    dialog.export_to(str(tmp_path / "not there" / "found.csv"))
    qtbot.waitUntil(lambda: "cannot be written" in dialog.told.text(), timeout=PATIENCE_MS)
    dialog.reject()


def test_a_system_beside_itself_differs_in_nothing(qtbot: QtBot, window: MainWindow) -> None:
    dialog = opened(qtbot, window)
    dialog.there.connection.setCurrentText("aria-demo")
    mapping = dialog.there.mapping
    choices = [mapping.itemText(place) for place in range(mapping.count())]
    assert choices == ["aria_catalog, as it comes with Concord", "that of the workspace many"]
    mapping.setCurrentIndex(1)
    assert dialog.there.asked.mapping == "aria_many"
    compared(qtbot, dialog)
    assert dialog.page.told.text().endswith("Nothing differs.")
    assert not dialog.export.isEnabled()
    dialog.reject()


def test_who_does_not_answer_is_named(qtbot: QtBot, window: MainWindow, services: Services) -> None:
    orb = services.connection("orb-demo")
    nowhere = {**orb.settings, "base_url": orb.settings["base_url"].replace("/v1", "/v0")}
    services.save_connection(replace(orb, settings=nowhere), {})
    dialog = compared(qtbot, opened(qtbot, window))
    assert dialog._pages.currentWidget() is dialog.message
    assert "orb-demo" in dialog.message._heading.text()
    assert not dialog.export.isEnabled()
    dialog.reject()


def test_the_reading_is_stopped(qtbot: QtBot, window: MainWindow, door: Door) -> None:
    door.fault({"system": "orb", "kind": "latency", "seconds": 4, "times": None})
    dialog = opened(qtbot, window)
    QTest.mouseClick(dialog.compare, LEFT)
    QTest.mouseClick(dialog.stop, LEFT)
    qtbot.waitUntil(dialog.compare.isEnabled, timeout=2000)
    assert dialog.message._heading.text() == "Stopped"
    dialog.reject()


def test_it_is_found_by_ctrl_k_and_in_the_menu(qtbot: QtBot, window: MainWindow) -> None:
    QTest.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    palette = shown(qtbot, window, CommandPalette)
    QTest.keyClicks(palette.text, "two billing cat")
    QTest.keyClick(palette.text, Qt.Key.Key_Return)
    shown(qtbot, window, OffersDialog).reject()
    (action,) = (a for a in window.bar.more.menu().actions() if a.text() == NAME)
    assert action.isEnabled()
    services = window._services
    services.delete_connection("orb-demo")
    window.connections.reload()
    settle(qtbot, window)
    assert not action.isEnabled()
    assert not window.connections.catalogs.isEnabled()
    assert "two billing connections" in window.connections.catalogs.toolTip()
    assert {one.name: one.enabled for one in commands_of(window)}[NAME] is False


def test_where_nothing_is_sold_that_is_said(
    qtbot: QtBot, window: MainWindow, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = services.seller("orb-demo").mapping
    empty = Seller("orb", FakeSide(Side.BILLING, whole), whole)
    monkeypatch.setattr(window._services, "seller", lambda _name, _mapping: empty)
    dialog = compared(qtbot, opened(qtbot, window))
    assert dialog.message._heading.text() == "Neither sells any plan"
    assert not dialog.export.isEnabled()
    dialog.reject()
