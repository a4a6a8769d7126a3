"""The pages of an account in the window: found, shown, refreshed, committed."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from app.connectors.protocol import ReadRequest, Scope
from app.domain.mapping_file import parse_mapping
from app.domain.plan import Verb
from app.domain.record import Side
from app.errors import ConnectionFailed, WorkspaceBusy
from app.settings import shipped_mappings
from app.sync.refresh import RefreshRequest
from app.sync.workbench import Workbench
from app.views.commit.commit_dialog import CommitDialog
from app.views.compare.fields_view import FieldsPanel
from app.views.models.rows import KEY_ROLE
from app.views.state.difference import Tone
from app.views.widgets.looks import DARK, qt_palette
from app.views.window.main_window import MainWindow
from app.views.window.window_commands import commands_of
from app.views.window.window_pages import ACCOUNTS, CATALOG, OF_ACCOUNT, TRANSACTIONS, account_pages
from tests.fakes import side_of
from tests.views.accessible import nameless
from tests.views.catalog import change, put
from tests.views.front import FakeServices

PATIENCE_MS = 5000


@pytest.fixture
def window(qtbot: QtBot, customers: Workbench) -> Iterator[MainWindow]:
    made = MainWindow(FakeServices().with_workspace(customers))
    qtbot.addWidget(made)
    with qtbot.waitSignal(made.opened, timeout=PATIENCE_MS):
        made.start("test")
    made.show()
    made.choose_page(ACCOUNTS)
    settle(qtbot, made)
    yield made
    assert made.pool.shutdown(5)


def settle(qtbot: QtBot, window: MainWindow) -> None:
    def settled() -> bool:
        return window.is_settled and window.customers.finder.is_settled

    qtbot.waitUntil(settled, timeout=PATIENCE_MS)


def choose(qtbot: QtBot, window: MainWindow, key: str = "A1") -> None:
    window.customers.choose(key)
    settle(qtbot, window)


def found(window: MainWindow) -> list[str]:
    model = window.customers.finder.model
    return [str(model.index(row, 0).data(KEY_ROLE)) for row in range(model.rowCount())]


def click(qtbot: QtBot, button: QPushButton | QToolButton) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def fields(window: MainWindow) -> FieldsPanel:
    return window.customers.accounts.detail.fields


def rail(window: MainWindow) -> dict[str, bool]:
    buttons = window.rail.findChildren(QToolButton)
    return {str(one.property("page")): not one.isHidden() for one in buttons}


def test_all_accounts_are_listed_before_anything_is_typed(window: MainWindow) -> None:
    assert found(window) == ["A1", "C1", "P1"]
    assert window.customers.finder.hint.text() == "3 accounts."
    assert "Choose an account" in window.customers.message._heading.text()


@pytest.mark.parametrize("words", ["acme child", "C1", "N-78"])
def test_an_account_is_found_by_name_number_and_external_id_as_one_types(
    qtbot: QtBot, window: MainWindow, words: str
) -> None:
    qtbot.keyClicks(window.customers.finder.text, words)
    settle(qtbot, window)
    assert found(window) == ["C1"]


def test_the_arrow_key_goes_into_the_list_and_chooses(qtbot: QtBot, window: MainWindow) -> None:
    text = window.customers.finder.text
    qtbot.keyClicks(text, "acme")
    settle(qtbot, window)
    with qtbot.waitSignal(window.customers.shown, timeout=PATIENCE_MS):
        qtbot.keyClick(text, Qt.Key.Key_Down)
    assert window.customers.finder.list.hasFocus()
    assert window.customers.title.text() == "Acme"


def test_enter_opens_the_first_that_matches(qtbot: QtBot, window: MainWindow) -> None:
    text = window.customers.finder.text
    qtbot.keyClicks(text, "parent")
    settle(qtbot, window)
    with qtbot.waitSignal(window.customers.shown, timeout=PATIENCE_MS) as shown:
        qtbot.keyClick(text, Qt.Key.Key_Return)
    assert shown.args == ["P1"]


def test_an_account_shows_its_head_its_family_and_its_tables(
    qtbot: QtBot, window: MainWindow
) -> None:
    choose(qtbot, window)
    page = window.customers
    assert page.pill.text() == "3 differences"
    assert page.commit.text() == "Commit 2\u2026"
    assert page.refresh.text() == "Refresh from Aria"
    bar = page.accounts.tabs.bar
    assert [bar.tabText(place) for place in range(bar.count())] == [
        "Subscriptions (3) \u22601", "Add-ons (1)"
    ]  # fmt: skip
    assert nameless(window) == []


def test_dark_colours_are_taken_over_at_once(qtbot: QtBot, window: MainWindow) -> None:
    choose(qtbot, window)
    window.customers.setPalette(qt_palette(DARK))
    dark = DARK.tones[Tone.CHANGED].front
    qtbot.waitUntil(lambda: dark in window.customers.pill.styleSheet(), timeout=PATIENCE_MS)
    settle(qtbot, window)


def test_a_relative_is_opened_by_a_click(qtbot: QtBot, window: MainWindow) -> None:
    choose(qtbot, window)
    buttons = window.customers.accounts.findChildren(QToolButton)
    child = next(one for one in buttons if one.text() == "Acme Child")
    with qtbot.waitSignal(window.customers.shown, timeout=PATIENCE_MS):
        click(qtbot, child)
    settle(qtbot, window)
    assert window.customers.title.text() == "Acme Child"


def test_a_record_shows_the_fields_of_both_sides(qtbot: QtBot, window: MainWindow) -> None:
    choose(qtbot, window)
    table = window.customers.accounts.tabs.table
    assert table is not None
    table.selectRow(0)
    settle(qtbot, window)
    assert "Subscription \u00b7" in fields(window)._title.text()
    assert fields(window).model.rowCount() > 3
    table.setFocus()
    qtbot.keyClick(table, Qt.Key.Key_Return)
    settle(qtbot, window)
    assert fields(window).table.hasFocus()


def test_a_refresh_reads_one_account_and_says_what_it_would_write(
    qtbot: QtBot, window: MainWindow, customers: Workbench
) -> None:
    choose(qtbot, window)
    asked: list[ReadRequest] = []
    side_of(customers, Side.BILLING).on_read = asked.append
    change(customers, Side.BILLING, "subscription", "S1", state="paused")
    with qtbot.waitSignal(window.refreshed, timeout=PATIENCE_MS):
        click(qtbot, window.customers.refresh)
    settle(qtbot, window)
    assert {(one.scope, one.account) for one in asked} == {(Scope.ACCOUNT, "A1")}
    assert {e.name for one in asked for e in one.entities} == {"account", "subscription", "add_on"}
    told = window.customers.told.text()
    assert "1 had changed." in told
    assert "Commit would write: 1 insert, 2 updates to Salesforce." in told
    assert window.customers.commit.text() == "Commit 3\u2026"


def test_refresh_transactions_reads_what_the_days_bring(
    qtbot: QtBot, window: MainWindow, customers: Workbench
) -> None:
    choose(qtbot, window)
    asked: list[ReadRequest] = []
    side_of(customers, Side.SALESFORCE).on_read = asked.append
    with qtbot.waitSignal(window.refreshed, timeout=PATIENCE_MS):
        click(qtbot, window.customers.days)
    settle(qtbot, window)
    names = {entity.name for one in asked for entity in one.entities}
    assert names == {"posting", "invoice", "line", "gift", "usage"}


def test_a_number_that_was_never_read_is_read(
    qtbot: QtBot, window: MainWindow, customers: Workbench
) -> None:
    put(customers, Side.BILLING, "account", "Z9", name="Zed & Sons", currency="EUR")
    finder = window.customers.finder
    qtbot.keyClicks(finder.text, "Z9")
    settle(qtbot, window)
    assert finder.read.text() == "Read \u201cZ9\u201d from Aria"
    with qtbot.waitSignal(window.customers.shown, timeout=PATIENCE_MS):
        click(qtbot, finder.read)
    settle(qtbot, window)
    assert window.customers.title.text() == "Zed & Sons"
    assert window.customers.pill.text() == "only in billing"
    assert found(window) == ["Z9"]


def test_a_number_that_nobody_has_is_said_and_the_account_stays(
    qtbot: QtBot, window: MainWindow
) -> None:
    choose(qtbot, window)
    qtbot.keyClicks(window.customers.finder.text, "nobody")
    settle(qtbot, window)
    with qtbot.waitSignal(window.failed, timeout=PATIENCE_MS):
        qtbot.keyClick(window.customers.finder.text, Qt.Key.Key_Return)
    settle(qtbot, window)
    assert "'nobody'" in window.notice.text
    assert window.customers.title.text() == "Acme"


def test_a_side_that_does_not_answer_is_told_and_nothing_is_lost(
    qtbot: QtBot, window: MainWindow, customers: Workbench
) -> None:
    def refuse(_request: object) -> None:
        raise ConnectionFailed("Aria does not answer.", "Look at the address.")

    choose(qtbot, window)
    side_of(customers, Side.BILLING).on_read = refuse
    with qtbot.waitSignal(window.failed, timeout=PATIENCE_MS):
        click(qtbot, window.customers.refresh)
    settle(qtbot, window)
    assert "does not answer" in window.notice.text
    assert window.customers.told.text() == ""
    assert window.customers.refresh.isEnabled()


def test_commit_plans_this_account_alone(
    qtbot: QtBot, window: MainWindow, customers: Workbench
) -> None:
    change(customers, Side.BILLING, "account", "P1", state="closed")
    window.refresh(RefreshRequest(account="P1"))
    settle(qtbot, window)
    choose(qtbot, window)
    click(qtbot, window.customers.commit)
    (dialog,) = window.findChildren(CommitDialog)
    qtbot.waitUntil(dialog.run.isEnabled, timeout=PATIENCE_MS)
    click(qtbot, dialog.run)
    qtbot.waitUntil(lambda: window.customers.pill.text() == "1 difference", timeout=PATIENCE_MS)
    written = side_of(customers, Side.SALESFORCE).written
    assert {(one.key, one.verb) for one in written} == {("A1", Verb.UPDATE), ("I4", Verb.INSERT)}
    settle(qtbot, window)
    dialog.close()


@pytest.mark.parametrize("hidden", ["", "nothing is called so"])
def test_a_difference_is_decided_in_the_catalog(
    qtbot: QtBot, window: MainWindow, hidden: str
) -> None:
    choose(qtbot, window)
    window.catalog.filter.text.setText(hidden)
    settle(qtbot, window)
    table = window.customers.accounts.tabs.table
    assert table is not None
    table.selectRow(0)
    settle(qtbot, window)
    assert window.customers.accounts.detail.decide.isHidden()
    table.selectRow(2)
    settle(qtbot, window)
    click(qtbot, window.customers.accounts.detail.decide)
    qtbot.waitUntil(
        lambda: window.catalog.trees.current.link == table.current_link, timeout=PATIENCE_MS
    )
    settle(qtbot, window)
    assert window.catalog.isVisible()


def test_what_the_buttons_do_is_among_all_commands(qtbot: QtBot, window: MainWindow) -> None:
    names = {one.name: one.enabled for one in commands_of(window)}
    assert names["Go to the transactions"]
    assert not names["Refresh its transactions"]
    choose(qtbot, window)
    names = {one.name: one.enabled for one in commands_of(window)}
    assert names["Refresh its transactions"]
    assert names["Commit what is ticked of the account"]


def test_where_another_concord_writes_the_buttons_say_so(
    qtbot: QtBot, window: MainWindow, customers: Workbench
) -> None:
    choose(qtbot, window)
    customers.store.refused = WorkspaceBusy("Held by ann.", "Wait.")
    window.customers.show_working(working=False)
    for button in (window.customers.refresh, window.customers.days, window.customers.commit):
        assert not button.isEnabled()
        assert "Held by ann." in button.toolTip()
    assert not window.customers.finder.read.isEnabled()


def test_the_rail_has_both_pages(window: MainWindow) -> None:
    assert rail(window)[ACCOUNTS]
    assert rail(window)[TRANSACTIONS]


def test_a_mapping_without_days_has_the_page_of_accounts_alone() -> None:
    texts = shipped_mappings()
    pages = {
        name: account_pages(parse_mapping(texts[name], name, texts.get))
        for name in ("aria_catalog", "aria_accounts", "aria", "orb")
    }
    assert pages == {
        "aria_catalog": (), "aria_accounts": (ACCOUNTS,), "aria": OF_ACCOUNT, "orb": OF_ACCOUNT
    }  # fmt: skip
    assert account_pages(None) == ()


def test_the_rail_has_neither_page_where_the_mapping_has_no_account(
    qtbot: QtBot, bench: Workbench
) -> None:
    other = MainWindow(FakeServices().with_workspace(bench))
    qtbot.addWidget(other)
    assert not rail(other)[ACCOUNTS]
    with qtbot.waitSignal(other.opened, timeout=PATIENCE_MS):
        other.start("test")
    qtbot.waitUntil(lambda: other.is_settled, timeout=PATIENCE_MS)
    assert not rail(other)[ACCOUNTS]
    assert not next(c for c in commands_of(other) if c.name == "Go to the accounts").enabled
    assert other.pool.shutdown(5)


def test_ctrl_f_looks_for_an_account_on_these_pages_and_filters_elsewhere(
    window: MainWindow,
) -> None:
    window.choose_page(TRANSACTIONS)
    window.find_text()
    assert window.customers.finder.text.hasFocus()
    window.choose_page(CATALOG)
    window.find_text()
    assert window.catalog.filter.text.hasFocus()


def test_another_workspace_begins_without_an_account(qtbot: QtBot, window: MainWindow) -> None:
    choose(qtbot, window)
    window.open_workspace("test")
    settle(qtbot, window)
    assert window.customers.data is None
    assert not window.customers.commit.isEnabled()


def test_while_an_account_is_read_its_page_says_so(qtbot: QtBot, window: MainWindow) -> None:
    choose(qtbot, window)
    page = window.customers
    page.refresh.click()
    assert page.told.text().startswith("Reading A1 from Aria and Salesforce\u2026")
    settle(qtbot, window)
    assert page.told.text().startswith("Read ")


def test_an_account_that_nobody_has_leaves_the_page_as_it_was(
    qtbot: QtBot, window: MainWindow
) -> None:
    page = window.customers
    page.finder.read_wanted.emit("NOBODY")
    assert "Reading NOBODY" in page.message._heading.text()
    settle(qtbot, window)
    assert page.message._heading.text() == "Choose an account"


def test_escape_leaves_the_fields_for_the_table(qtbot: QtBot, window: MainWindow) -> None:
    choose(qtbot, window)
    page = window.customers.accounts
    page.detail.fields.table.setFocus()
    qtbot.keyClick(page.detail.fields.table, Qt.Key.Key_Escape)
    assert page.tabs.table is not None
    assert page.tabs.table.hasFocus()


def test_one_button_of_a_page_is_the_main_one(window: MainWindow) -> None:
    def role() -> str:
        return str(window.bar.commit.property("role"))

    window.choose_page("accounts")
    assert (role(), window.customers.commit.property("role")) == ("", "primary")
    window.choose_page("catalog")
    assert role() == "primary"
