"""The page of an account's days in the window: ledger, periods, subscriptions, lines, charts."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from app.domain.record import Side
from app.sync.workbench import Workbench
from app.views.accounts.transactions_view import CHARTS, TransactionsView
from app.views.compare.record_tabs import RecordTableView
from app.views.models.rows import KEY_ROLE
from app.views.state.charts import ChartKind
from app.views.state.period import Period
from app.views.state.record_table import RecordTable, TableColumn, TableLine
from app.views.window.main_window import MainWindow
from app.views.window.window_pages import TRANSACTIONS
from tests.views.accessible import nameless
from tests.views.catalog import put
from tests.views.front import FakeServices

PATIENCE_MS = 5000
ROOT = Path(__file__).parents[2]


@pytest.fixture
def window(qtbot: QtBot, customers: Workbench) -> Iterator[MainWindow]:
    made = MainWindow(FakeServices().with_workspace(customers))
    qtbot.addWidget(made)
    with qtbot.waitSignal(made.opened, timeout=PATIENCE_MS):
        made.start("test")
    made.show()
    made.choose_page(TRANSACTIONS)
    made.customers.choose("A1")
    settle(qtbot, made)
    yield made
    assert made.pool.shutdown(5)


@pytest.fixture
def view(qtbot: QtBot, window: MainWindow) -> TransactionsView:
    """Return the page with everything of the account, however old."""
    made = window.customers.transactions
    click(qtbot, made.periods[Period.ALL])
    settle(qtbot, window)
    return made


def settle(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: window.is_settled, timeout=PATIENCE_MS)


def click(qtbot: QtBot, button: QToolButton) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def table(view: TransactionsView) -> RecordTableView:
    found = view.tabs.table
    assert found is not None
    return found


def column(view: TransactionsView, title: str) -> list[str]:
    rows = table(view).rows
    horizontal = Qt.Orientation.Horizontal
    place = [rows.headerData(at, horizontal) for at in range(rows.columnCount())].index(title)
    return [str(rows.index(row, place).data()) for row in range(rows.rowCount())]


def show_charts(qtbot: QtBot, window: MainWindow, view: TransactionsView) -> None:
    view.tabs.choose(CHARTS)
    qtbot.waitUntil(lambda: view.charts.plot is not None, timeout=20_000)
    settle(qtbot, window)


def test_the_ledger_stands_first_with_its_running_balance(view: TransactionsView) -> None:
    assert view.tabs.current == "posting"
    assert column(view, "Balance") == ["210.00 EUR", "120.00 EUR", "0.00 EUR", "80.00 EUR"]
    assert "Balance now 210.00 EUR" in view.totals.text()


def test_every_control_has_a_name(qtbot: QtBot, window: MainWindow, view: TransactionsView) -> None:
    assert nameless(window) == []
    show_charts(qtbot, window, view)
    assert nameless(window) == []


def test_tab_comes_to_the_table_before_the_fields_below_it(window: MainWindow) -> None:
    shown = window.customers.transactions
    chain = [shown.tabs.bar.nextInFocusChain()]
    while chain[-1] is not shown.tabs.bar:
        chain.append(chain[-1].nextInFocusChain())
    assert chain.index(table(shown)) < chain.index(shown.detail.fields.table)


def test_a_shorter_period_shows_less_and_says_so(
    qtbot: QtBot, window: MainWindow, view: TransactionsView
) -> None:
    view.tabs.choose("invoice")
    click(qtbot, view.periods[Period.DAYS_30])
    settle(qtbot, window)
    assert view.tabs.current == "invoice"
    assert "older ones are not shown" in view.note.text()
    assert not view.periods[Period.ALL].isChecked()


def test_one_subscription_is_chosen_by_key(
    qtbot: QtBot, window: MainWindow, view: TransactionsView
) -> None:
    assert view.subscription.count() == 4
    qtbot.keyClick(view.subscription, Qt.Key.Key_Down)
    qtbot.keyClick(view.subscription, Qt.Key.Key_Down)
    settle(qtbot, window)
    assert view.subscription.currentText() == "Data"
    assert column(view, "What") == ["Movement T31"]
    assert "so it is off" in view.note.text()


def test_a_bold_amount_is_shown_whole_however_far_down_it_stands(qtbot: QtBot) -> None:
    lines = (*[TableLine(("1.00 USD",))] * 300, TableLine(("228,992.10 USD",), bold=True))
    shown = RecordTableView(RecordTable("t", "T", (TableColumn("Balance", numeric=True),), lines))
    qtbot.addWidget(shown)
    needed = shown.sizeHintForIndex(shown.rows.index(300, 0)).width()
    assert shown.horizontalHeader().sectionSize(0) >= needed


def test_enter_opens_an_invoice_to_its_lines(
    qtbot: QtBot, window: MainWindow, view: TransactionsView
) -> None:
    view.tabs.choose("invoice")
    invoices = table(view)
    invoices.setFocus()
    invoices.selectRow(1)
    settle(qtbot, window)
    qtbot.keyClick(invoices, Qt.Key.Key_Return)
    settle(qtbot, window)
    lines = view.detail.tabs.table
    assert lines is not None
    assert view.detail.tabs.current == "line"
    assert lines.hasFocus()
    assert lines.rows.index(0, 1).data() == "Fee 3"


def test_the_fields_of_an_invoice_stand_beside_its_lines(
    qtbot: QtBot, window: MainWindow, view: TransactionsView
) -> None:
    view.tabs.choose("invoice")
    table(view).selectRow(0)
    settle(qtbot, window)
    assert view.detail.tabs.current == "fields"
    assert view.detail.fields._kind.text() == "only in billing"


def test_after_a_refresh_tab_and_record_stay(
    qtbot: QtBot, window: MainWindow, view: TransactionsView, customers: Workbench
) -> None:
    view.tabs.choose("invoice")
    table(view).selectRow(2)
    link = table(view).current_link
    put(customers, Side.BILLING, "invoice", "I5", number="2026-5", account="A1")
    with qtbot.waitSignal(window.refreshed, timeout=PATIENCE_MS):
        qtbot.mouseClick(window.customers.days, Qt.MouseButton.LeftButton)
    settle(qtbot, window)
    assert view.tabs.current == "invoice"
    assert table(view).rows.rowCount() == 5
    assert table(view).currentIndex().data(KEY_ROLE) == link
    assert "Read 35 from Aria and 33 from Salesforce" in window.customers.told.text()


def test_another_account_begins_with_all_subscriptions(
    qtbot: QtBot, window: MainWindow, view: TransactionsView
) -> None:
    view.subscription.setCurrentIndex(2)
    window.customers.choose("C1")
    settle(qtbot, window)
    assert table(view).rows.rowCount() == 0
    assert view.subscription.currentIndex() == 0
    assert view.subscription.isHidden()
    assert view.totals.text() == ""
    assert "None: Invoices \u00b7 Gifts \u00b7 Usage" in view.note.text()


def test_a_chart_is_drawn_and_read_as_a_table(
    qtbot: QtBot, window: MainWindow, view: TransactionsView
) -> None:
    show_charts(qtbot, window, view)
    charts = view.charts
    assert charts.plot.accessibleName() == "Invoices by month \u00b7 EUR"
    assert "Sep 2026: 120.00 EUR (+50.0 %)" in charts.plot.accessibleDescription()
    assert view.detail.isHidden()
    click(qtbot, charts.as_table)
    assert charts.table is not None
    assert charts.table.isVisible()
    assert charts.table.rows.index(1, 2).data() == "+50.0 %"
    click(qtbot, charts.as_table)
    assert charts.plot.isVisible()


def test_every_kind_of_chart_can_be_drawn(
    qtbot: QtBot, window: MainWindow, view: TransactionsView
) -> None:
    show_charts(qtbot, window, view)
    kinds = [view.charts.kind.itemData(at) for at in range(view.charts.kind.count())]
    assert kinds == ["invoices", "balance", "credits", "usage", "weekdays", "mrr"]
    for kind in kinds:
        view.charts.choose(ChartKind(kind))
        assert view.charts.chart is not None
        assert view.charts.plot.accessibleName() == view.charts.chart.title
        assert not view.charts.plot.grab().isNull()


def test_the_mouse_over_a_chart_tells_the_value(
    qtbot: QtBot, window: MainWindow, view: TransactionsView
) -> None:
    show_charts(qtbot, window, view)
    box = view.charts.plot.getViewBox()
    view.charts.plot.scene().sigMouseMoved.emit(box.mapViewToScene(QPointF(1.0, 1.0)))
    assert view.charts.told.text().startswith("Sep 2026: 120.00 EUR (+50.0 %)")


def test_an_account_without_days_says_that_there_is_nothing_to_draw(
    qtbot: QtBot, window: MainWindow, view: TransactionsView
) -> None:
    window.customers.choose("C1")
    settle(qtbot, window)
    view.tabs.choose(CHARTS)
    assert "Nothing to draw" in view.charts.message._heading.text()
    assert view.charts.kind.isHidden()


def test_what_draws_is_not_loaded_with_the_window() -> None:
    window = "app.views.window.main_window"
    code = f"import sys, {window}; print({{'pyqtgraph', 'numpy'}} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
