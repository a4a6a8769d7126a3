"""What is held back, in the window: listed with its reason, ticked with what waits below it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.domain.control import CancelToken, no_report
from app.domain.mapping_file import parse_mapping
from app.domain.record import Side
from app.errors import WorkspaceBusy
from app.sync.planner import Selection, build_plan
from app.sync.workbench import Workbench
from app.views.compare.held_dialog import HeldDialog
from app.views.window.main_window import MainWindow
from app.views.window.window_commands import commands_of
from tests.keyed_side import keyed, keyed_bench
from tests.sync.test_holding import MAPPING, account
from tests.views.accessible import nameless
from tests.views.conftest import read
from tests.views.front import FakeServices
from tests.views.test_field_menu import link, settle, shown

PATIENCE_MS = 10_000


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workbench]:
    """Return a workbench where account 2 waits for its plan Q, and 3 because it is below 2."""
    (tmp_path / "shop").mkdir()
    made = keyed_bench(tmp_path / "shop", parse_mapping(MAPPING, "shop.toml"))
    for side in Side:
        keyed(made, side).put("plan", "P", "Basic")
    keyed(made, Side.BILLING).put("plan", "Q", "New")
    account(made, "1", "Amber Bank", plan="P")
    account(made, "2", "Cobalt", plan="Q")
    account(made, "3", "Dune", plan="P", above="2")
    read(made)
    yield made
    made.store.close()


@pytest.fixture
def window(qtbot: QtBot, shop: Workbench) -> Iterator[MainWindow]:
    made = MainWindow(FakeServices().with_workspace(shop))
    qtbot.addWidget(made)
    made.show()
    made.start()
    settle(qtbot, made)
    yield made
    assert made.pool.shutdown(5)


def opened(qtbot: QtBot, window: MainWindow) -> HeldDialog:
    window.bar.held_wanted.emit()
    dialog = shown(qtbot, window, HeldDialog)
    qtbot.waitUntil(lambda: "Reading" not in dialog.told.text(), timeout=PATIENCE_MS)
    return dialog


def inserted(bench: Workbench) -> list[tuple[str, str]]:
    plan = build_plan(bench, Selection(), CancelToken(), no_report)
    return sorted((one.entity, one.key) for one in plan.operations if one.key[0] in "23")


def test_a_record_is_ticked_with_what_waits_below_it_and_unticked(
    qtbot: QtBot, window: MainWindow, shop: Workbench
) -> None:
    assert inserted(shop) == []
    dialog = opened(qtbot, window)
    cells = [dialog.rows.index(row, 1).data() for row in range(dialog.rows.rowCount())]
    assert cells == ["Cobalt", "Dune"]
    assert not dialog.act.isEnabled()
    assert nameless(dialog) == []
    dialog.table.selectRow(0)
    dialog.act.click()
    settle(qtbot, window)
    wanted = [("account", "2"), ("sub", "2-m"), ("sub", "2-x")]
    assert inserted(shop) == wanted, "the account below it has a reason of its own"
    again = opened(qtbot, window)
    again.table.selectRow(0)
    assert again.act.text() == "Untick 1"
    again.act.click()
    settle(qtbot, window)
    assert inserted(shop) == []


def test_a_record_is_shown_in_the_catalog(
    qtbot: QtBot, window: MainWindow, shop: Workbench
) -> None:
    window.bar.more.setFocus()
    dialog = opened(qtbot, window)
    dialog.table.selectRow(1)
    dialog.go.click()
    settle(qtbot, window)
    assert window.catalog.trees.current.link == link(shop, "3", "account")
    assert window.focusWidget() is window.catalog.trees.billing


def test_a_workspace_that_another_holds_is_not_ticked(
    qtbot: QtBot, window: MainWindow, shop: Workbench
) -> None:
    shop.store.refused = WorkspaceBusy("Held by ann.", "Wait.")
    dialog = opened(qtbot, window)
    dialog.table.selectRow(0)
    assert not dialog.act.isEnabled()
    assert "Held by ann." in dialog.act.toolTip()
    dialog.reject()


def test_it_is_offered_only_where_the_mapping_holds_back(
    qtbot: QtBot, window: MainWindow, bench: Workbench
) -> None:
    assert {c.name: c.enabled for c in commands_of(window)}["Held back\u2026"]
    other = MainWindow(FakeServices().with_workspace(bench))
    qtbot.addWidget(other)
    other.start()
    settle(qtbot, other)
    assert not {c.name: c.enabled for c in commands_of(other)}["Held back\u2026"]
    assert other.pool.shutdown(5)
