"""The page of an account's days: ledger, invoices with their lines, what else moves, charts."""

from dataclasses import dataclass
from datetime import date

from PySide6.QtCore import QDate, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.control import CancelToken, Report
from app.sync.workbench import Workbench
from app.views.accounts.chart_panel import ChartPanel
from app.views.compare.record_detail import RecordDetail
from app.views.compare.record_tabs import RecordTabs
from app.views.state.account import none_words
from app.views.state.account_data import AccountData
from app.views.state.charts import Chart, charts
from app.views.state.language import tr
from app.views.state.period import Period, TransactionsWanted
from app.views.state.transactions import (
    TransactionsPage,
    TransactionsTab,
    lines_of,
    transactions_page,
)
from app.views.tasks import Task, TaskPool
from app.views.widgets.flow import FlowLayout
from app.views.widgets.labels import label, tool_button

CHARTS = "charts"


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a worker made of an account: the page and its charts."""

    page: TransactionsPage
    charts: tuple[Chart, ...]


class TransactionsView(QWidget):
    """Shows what an account's days brought, for a period and one subscription or all.

    Signals:
        decide_wanted: The link of a record whose difference is to be decided in the catalog.
        failed: An exception, for the window's notice.
    """

    decide_wanted = Signal(int)
    failed = Signal(object)

    def __init__(self, pool: TaskPool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pool = pool
        self._data: AccountData | None = None
        self._tabs: dict[str, TransactionsTab] = {}
        self._making: Task | None = None
        self._none = ""
        self.periods: dict[Period, QToolButton] = {}
        self.subscription = QComboBox()
        self.tabs = RecordTabs(tr("Kinds of transactions"))
        self.charts = ChartPanel(pool)
        self.detail = RecordDetail(pool)
        self.totals, self.note = label("", "section", wrap=True), label("", "muted", wrap=True)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        chosen = FlowLayout()
        group = QButtonGroup(self)
        for period in Period:
            chip = tool_button(period.label, "chip")
            chip.setCheckable(True)
            chip.setChecked(period is Period.DAYS_90)
            chip.clicked.connect(self.reload)
            group.addButton(chip)
            self.periods[period] = chip
            chosen.addWidget(chip)
        self.subscription.setAccessibleName(tr("Subscription"))
        self.subscription.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.subscription.setMinimumHeight(self.periods[Period.ALL].sizeHint().height())
        chosen.addWidget(self.subscription)
        top = QVBoxLayout()
        top.setContentsMargins(16, 0, 16, 8)
        top.addLayout(chosen)
        self.tabs.add_page(CHARTS, self.charts)
        upper = QWidget()
        column = QVBoxLayout(upper)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.tabs, 1)
        for words in (self.totals, self.note):
            words.setContentsMargins(16, 6, 16, 6)
            words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            column.addWidget(words)
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(upper)
        split.addWidget(self.detail)
        split.setSizes([380, 200])
        split.setStretchFactor(0, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(split, 1)

    def _connect(self) -> None:
        self.subscription.activated.connect(self.reload)
        self.tabs.record_chosen.connect(self.detail.show_record)
        self.tabs.record_opened.connect(self.detail.open_record)
        self.tabs.tab_changed.connect(self._on_tab)
        self.detail.fields.table.left.connect(self.tabs.take_focus)
        self.detail.failed.connect(self.failed)
        self.detail.decide_wanted.connect(self.decide_wanted)
        self.charts.failed.connect(self.failed)

    @property
    def period(self) -> Period:
        """The period that is chosen."""
        return next(one for one, chip in self.periods.items() if chip.isChecked())

    def show_account(self, bench: Workbench, data: AccountData) -> None:
        """Show an account's days; another account begins with all subscriptions."""
        if self._data is None or self._data.key != data.key:
            self.subscription.clear()
        self._data = data
        self.detail.open(bench, lambda link: lines_of(data, link))
        self.reload()

    def clear(self) -> None:
        """Show no account."""
        self._data, self._making = None, None
        self.detail.open(None)
        self._show(_Shown(TransactionsPage(), ()))

    @Slot()
    def reload(self) -> None:
        """Work out what is shown, in a worker."""
        data = self._data
        if data is None:
            return
        today = QDate.currentDate()
        wanted = TransactionsWanted(
            date(today.year(), today.month(), today.day()),
            self.period,
            str(self.subscription.currentData() or ""),
        )

        def work(_cancel: CancelToken, _report: Report) -> _Shown:
            return _Shown(transactions_page(data, wanted), charts(data, wanted))

        self._making = self._pool.start(work)
        self._making.succeeded.connect(self._on_made)
        self._making.failed.connect(self.failed)

    @Slot(object)
    def _on_made(self, shown: _Shown) -> None:
        if self.sender() is self._making:
            self._making = None
            self._show(shown)

    def _show(self, shown: _Shown) -> None:
        page = shown.page
        self._none = none_words(page.none)
        self._tabs = {tab.table.name: tab for tab in page.tabs}
        self._show_subscriptions(page)
        more = [(CHARTS, tr("Charts"))] if page.tabs else []
        self.tabs.show_tables([tab.table for tab in page.tabs], more)
        self.charts.show_charts(shown.charts)

    def _show_subscriptions(self, page: TransactionsPage) -> None:
        current = self.subscription.currentData()
        self.subscription.clear()
        self.subscription.addItem(tr("All subscriptions"), "")
        for key, name in page.subscriptions.items():
            self.subscription.addItem(name, key)
        place = self.subscription.findData(current)
        self.subscription.setCurrentIndex(max(0, place))
        self.subscription.setVisible(len(page.subscriptions) > 1)

    @Slot(str)
    def _on_tab(self, name: str) -> None:
        tab = self._tabs.get(name)
        self.detail.setVisible(name != CHARTS)
        self.totals.setText("" if tab is None else "\n".join(tab.totals))
        self.totals.setVisible(tab is not None and bool(tab.totals))
        notes = ["" if tab is None else note_words(tab), self._none]
        note = "\n".join(one for one in notes if one and name != CHARTS)
        self.note.setText(note)
        self.note.setVisible(bool(note))


def note_words(tab: TransactionsTab) -> str:
    """Return what is said below a table: what is left out, and what can be done."""
    parts = [tab.note]
    if tab.hidden:
        parts.append(tr("{count:,} older ones are not shown.").format(count=tab.hidden))
    if tab.opens and tab.table.lines:
        parts.append(tr("Enter opens one to its lines."))
    return " ".join(part for part in parts if part)
