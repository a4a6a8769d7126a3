"""What is done about an account in its billing system: listed, asked for, reviewed, committed."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLineEdit
from pytestqt.qtbot import QtBot

from app.domain.matching import long_id
from app.domain.record import Record, RecordKey, Side
from app.errors import WorkspaceBusy
from app.sync.workbench import Workbench
from app.views.accounts.action_dialog import ActionDialog
from app.views.commit.commit_dialog import CommitDialog
from app.views.models.rows import KEY_ROLE
from app.views.state.acting import Offer
from app.views.state.commit_summary import problem_lines
from app.views.window.main_window import MainWindow
from app.views.window.window_commands import commands_of
from app.views.window.window_pages import ACCOUNTS
from tests.fakes import side_of
from tests.views.accessible import nameless
from tests.views.catalog import put
from tests.views.conftest import read
from tests.views.front import FakeServices
from tests.views.orb_front import ACME, orb_bench
from tests.views.test_field_menu import settle, shown

PATIENCE_MS = 10_000
ORDER = long_id("801000000000001")


@pytest.fixture
def orb(tmp_path: Path) -> Iterator[Workbench]:
    made = orb_bench(tmp_path)
    read(made)
    yield made
    made.store.close()


@pytest.fixture
def window(qtbot: QtBot, orb: Workbench) -> Iterator[MainWindow]:
    """Return a window on the account c1, which has two subscriptions."""
    made = MainWindow(FakeServices().with_workspace(orb))
    qtbot.addWidget(made)
    made.show()
    made.start()
    settle(qtbot, made)
    made.choose_page(ACCOUNTS)
    made.customers.choose("c1")
    settle(qtbot, made)
    yield made
    assert made.pool.shutdown(5)


def offered(window: MainWindow) -> dict[tuple[str, str], bool]:
    """Return which actions the menu offers: name and key of the record → whether it works."""
    menu = window.customers.menu
    menu.fill()
    found = [action for action in menu.actions() if isinstance(action.data(), Offer)]
    return {(a.data().action.name, a.data().key): a.isEnabled() for a in found}


def choose(window: MainWindow, title: str) -> None:
    table = window.customers.accounts.tabs.table
    assert table is not None
    cells = [
        [str(table.rows.index(row, column).data()) for column in range(table.rows.columnCount())]
        for row in range(table.rows.rowCount())
    ]
    table.selectRow(next(row for row, some in enumerate(cells) if title in some))
    assert table.currentIndex().data(KEY_ROLE)


def asked(qtbot: QtBot, window: MainWindow, name: str) -> ActionDialog:
    menu = window.customers.menu
    menu.fill()
    actions = [action for action in menu.actions() if isinstance(action.data(), Offer)]
    next(action for action in actions if action.data().action.name == name).trigger()
    dialog = shown(qtbot, window, ActionDialog)
    settle(qtbot, window)
    return dialog


def fill(dialog: ActionDialog, **words: str) -> None:
    for name, text in words.items():
        editor = dialog.editors[name]
        if isinstance(editor, QLineEdit):
            editor.setText(text)
        else:
            editor.setCurrentText(text)


def reviewed(qtbot: QtBot, window: MainWindow) -> CommitDialog:
    dialog = shown(qtbot, window, CommitDialog)
    qtbot.waitUntil(dialog.run.isEnabled, timeout=PATIENCE_MS)
    return dialog


def test_the_menu_lists_what_can_be_done_about_account_and_chosen_record(
    window: MainWindow,
) -> None:
    assert window.customers.change.accessibleName() == "Change in orb"
    found = offered(window)
    assert found["add_credits", "c1"]
    assert not found["cancel_subscription", ""], "none of the two is chosen"
    assert found["create_customer", ""]
    choose(window, "Seats s2")
    assert offered(window)["cancel_subscription", "s2"]
    assert {c.name: c.enabled for c in commands_of(window)}["Change in billing\u2026"]


def test_an_action_is_typed_reviewed_and_committed(
    qtbot: QtBot, window: MainWindow, orb: Workbench
) -> None:
    choose(window, "Seats s2")
    dialog = asked(qtbot, window, "cancel_subscription")
    assert nameless(dialog) == []
    fill(dialog, when="date", date="2027-01-31")
    dialog.act.click()
    commit = reviewed(qtbot, window)
    assert window.findChildren(ActionDialog) == []
    assert commit._planned is not None
    told = [line.message for line in problem_lines(commit._planned.plan.problems, orb.mapping)]
    assert "To take it back: History > Undo, until the day has come." in told
    commit.run.click()
    qtbot.waitUntil(lambda: bool(side_of(orb, Side.BILLING).written), timeout=PATIENCE_MS)
    (one,) = side_of(orb, Side.BILLING).written
    assert (one.key, [change.name for change in one.changes]) == ("s2", ["end_date"])
    settle(qtbot, window)
    commit.close()


def test_what_is_typed_is_checked_at_once(qtbot: QtBot, window: MainWindow) -> None:
    dialog = asked(qtbot, window, "add_credits")
    assert dialog.said.text() == "Still needed: Amount."
    assert not dialog.act.isEnabled()
    fill(dialog, amount="1,5")
    assert "Amount: write a number with a point" in dialog.said.text()
    fill(dialog, amount="1.5", expiry_date="soon")
    assert dialog.said.text() == "Expires: write it as 2027-01-31"
    fill(dialog, expiry_date="")
    assert dialog.act.isEnabled()
    dialog.reject()


def test_a_plan_is_chosen_by_its_name(qtbot: QtBot, window: MainWindow) -> None:
    dialog = asked(qtbot, window, "create_subscription")
    plan = dialog.editors["plan"]
    assert isinstance(plan, QComboBox)
    assert plan.itemText(1) == "Pro (PRO)"
    plan.setCurrentIndex(1)
    assert dialog.given["plan"] == "PRO"
    plan.setCurrentText("NEW")
    QTest.keyClick(plan, Qt.Key.Key_Return)
    assert dialog.given["plan"] == "NEW"
    dialog.reject()


def test_what_cannot_be_done_is_said_and_what_was_typed_stays(
    qtbot: QtBot, window: MainWindow
) -> None:
    choose(window, "Seats s1")
    dialog = asked(qtbot, window, "unschedule_cancellation")
    dialog.act.click()
    settle(qtbot, window)
    assert "No cancellation is yet to come." in dialog.said.text()
    assert dialog.isVisible()
    dialog.reject()


def test_while_something_is_under_way_the_form_stays(qtbot: QtBot, window: MainWindow) -> None:
    dialog = asked(qtbot, window, "add_credits")
    fill(dialog, amount="5")
    window.customers.show_working(working=True)
    dialog.act.click()
    settle(qtbot, window)
    assert "Wait until the work" in dialog.said.text()
    assert dialog.given == {"amount": "5"}
    assert window.findChildren(CommitDialog) == []
    dialog.reject()


def test_where_another_concord_writes_the_button_says_so(
    window: MainWindow, orb: Workbench
) -> None:
    orb.store.refused = WorkspaceBusy("Held by ann.", "Wait.")
    window.customers.show_working(working=False)
    assert not window.customers.change.isEnabled()
    assert "Held by ann." in window.customers.change.toolTip()


def test_a_system_without_actions_has_no_button(qtbot: QtBot, customers: Workbench) -> None:
    other = MainWindow(FakeServices().with_workspace(customers))
    qtbot.addWidget(other)
    other.start()
    settle(qtbot, other)
    assert other.customers.change.isHidden()
    assert other.pool.shutdown(5)


def take(qtbot: QtBot, dialog: ActionDialog, record: str) -> None:
    assert dialog.source is not None
    dialog.source.record.setFocus()
    dialog.source.record.setCurrentText("")
    QTest.keyClicks(dialog.source.record, record)
    QTest.keyClick(dialog.source.record, Qt.Key.Key_Return)
    assert not dialog.source.take.isEnabled()
    qtbot.waitUntil(dialog.source.take.isEnabled, timeout=PATIENCE_MS)


def test_a_record_made_in_salesforce_fills_the_form_in_and_is_made_in_billing(
    qtbot: QtBot, window: MainWindow, orb: Workbench
) -> None:
    dale = {"title": "Dale", "name": "Dale", "email": "ap@dale.example"}
    put(orb, Side.SALESFORCE, "customer", "new", **dale)
    read(orb)
    dialog = asked(qtbot, window, "create_customer")
    assert dialog.source is not None
    assert nameless(dialog) == []
    assert dialog.source.record.itemText(1).startswith("Dale (")
    dialog.source.record.setCurrentIndex(1)
    dialog.source.take.click()
    qtbot.waitUntil(lambda: "Taken from" in dialog.said.text(), timeout=PATIENCE_MS)
    assert dialog.given == {"name": "Dale", "email": "ap@dale.example"}
    fill(dialog, name="Dale Ltd")
    dialog.act.click()
    commit = reviewed(qtbot, window)
    assert commit._planned is not None
    (one,) = commit._planned.plan.operations
    assert one.key == "new"
    assert {c.name: c.after for c in one.changes}["name"] == "Dale Ltd"
    commit.reject()


def test_an_order_tells_start_and_end_of_a_subscription(
    qtbot: QtBot, window: MainWindow, orb: Workbench
) -> None:
    order = Record(ORDER, ("", "", "2027-01-01", "2027-12-31", "Renewal"), ORDER, None)
    side_of(orb, Side.SALESFORCE).records[RecordKey("Order", ORDER)] = [order]
    dialog = asked(qtbot, window, "create_subscription")
    link = f"https://x.lightning.force.example/lightning/r/Order/{ORDER}/view"
    take(qtbot, dialog, link)
    told = {"name": "Renewal", "start_date": "2027-01-01", "end_date": "2027-12-31"}
    assert dialog.given == told
    assert dialog.said.text().endswith("Still needed: Plan.")
    take(qtbot, dialog, ORDER.replace("8010", "8019"))
    assert "Salesforce has no Order" in dialog.said.text()
    take(qtbot, dialog, ACME)
    assert "Objects that it takes from: Opportunity or Order." in dialog.said.text()
    dialog.reject()


def test_what_was_typed_counts_more_than_what_a_record_tells(
    qtbot: QtBot, window: MainWindow, orb: Workbench
) -> None:
    sell(orb, ORDER, "First", PRODUCT, 5)
    dialog = asked(qtbot, window, "create_subscription")
    fill(dialog, start_date="2027-03-01")
    take(qtbot, dialog, ORDER)
    assert (dialog.given["name"], dialog.given["start_date"]) == ("First", "2027-03-01")
    assert "Taken from the record: Name." in dialog.said.text()
    dialog.reject()


def test_what_comes_of_a_record_that_is_chosen_no_more_is_not_filled_in(
    qtbot: QtBot, window: MainWindow, orb: Workbench
) -> None:
    sell(orb, ORDER, "First", PRODUCT, 5)
    dialog = asked(qtbot, window, "create_subscription")
    assert dialog.source is not None
    dialog.source.record.setCurrentText(ORDER)
    dialog.source.read()
    dialog.source.record.setCurrentText(SECOND)
    qtbot.waitUntil(dialog.source.take.isEnabled, timeout=PATIENCE_MS)
    assert dialog.given == {}
    dialog.reject()


SEAT = {
    "id": "seat",
    "name": "Seat",
    "price_type": "fixed_price",
    "model_type": "unit",
    "unit_config": {"unit_amount": "10.00"},
    "cadence": "monthly",
    "item": {"id": "i1"},
}
SECOND, PRODUCT = long_id("801000000000002"), long_id("01t000000000001")


def sell(orb: Workbench, order: str, name: str, product: str, quantity: int) -> None:
    """Put an order of one line into Salesforce."""
    there = side_of(orb, Side.SALESFORCE).records
    values = ("", "", "2027-01-01", "", name)
    there[RecordKey("Order", order)] = [Record(order, values, order, None)]
    line = ("0001", product, Decimal(quantity), Decimal(10))
    there[RecordKey("OrderItem", order)] = [Record(order, line, f"{order}-1", None)]
    there[RecordKey("Product2", product)] = [Record(product, ("Seats", "seat"), product, None)]


def test_the_lines_of_an_order_fill_in_plan_and_quantities_and_another_order_its_own(
    qtbot: QtBot, window: MainWindow, orb: Workbench
) -> None:
    plan = {"title": "Pro", "name": "Pro", "status": "active", "prices": json.dumps([SEAT])}
    put(orb, Side.BILLING, "plan", "PRO", **plan)
    read(orb)
    sell(orb, ORDER, "First", PRODUCT, 5)
    sell(orb, SECOND, "Second", PRODUCT.replace("0001", "0002"), 1)
    dialog = asked(qtbot, window, "create_subscription")
    fill(dialog, net_terms="30")
    take(qtbot, dialog, ORDER)
    assert (dialog.given["plan"], dialog.given["quantities"]) == ("PRO", "seat=5")
    assert "Line 1 (Seats, seat): Seat, quantity 5." in dialog.said.text()
    assert dialog.act.isEnabled()
    take(qtbot, dialog, SECOND)
    told = {"name": "Second", "start_date": "2027-01-01", "plan": "PRO", "quantities": "seat=1"}
    assert dialog.given == {**told, "net_terms": "30"}
    side_of(orb, Side.SALESFORCE).records.pop(RecordKey("OrderItem", ORDER))
    take(qtbot, dialog, ORDER)
    assert dialog.given == {"name": "First", "start_date": "2027-01-01", "net_terms": "30"}
    dialog.reject()


def test_a_line_that_is_not_clear_is_said_in_form_and_plan(
    qtbot: QtBot, window: MainWindow, orb: Workbench
) -> None:
    sell(orb, ORDER, "First", PRODUCT, 5)
    dialog = asked(qtbot, window, "create_subscription")
    take(qtbot, dialog, ORDER)
    assert "Line 1 (Seats, seat) is no plan and no price" in dialog.said.text()
    assert dialog.said.property("role") == "error"
    fill(dialog, plan="PRO")
    dialog.act.click()
    commit = reviewed(qtbot, window)
    assert commit._planned is not None
    found = commit._planned.plan.problems
    assert [one.severity for one in found if one.message.startswith("Line 1")] == ["warning"]
    commit.reject()
