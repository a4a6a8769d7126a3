"""The two pages of an account: the list beside them, the head and the buttons above them."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from app.domain.control import CancelToken, Report
from app.sync.refresh import RefreshRequest, RefreshResult
from app.sync.workbench import Workbench
from app.views.accounts.account_finder import AccountFinder
from app.views.accounts.accounts_view import AccountsView
from app.views.accounts.action_menu import ActionMenu
from app.views.accounts.transactions_view import TransactionsView
from app.views.state.account import (
    AccountHead,
    AccountPage,
    account_buttons,
    account_page,
    reading_words,
    told_words,
)
from app.views.state.account_data import AccountData, read_account
from app.views.state.acting import Offer, has_actions, offers
from app.views.state.language import tr
from app.views.state.progress import notice
from app.views.tasks import Task, TaskPool
from app.views.widgets.elided_label import ElidedLabel
from app.views.widgets.labels import label, push_button, tool_button
from app.views.widgets.looks import colours_of
from app.views.widgets.message_page import MessagePage

_BUTTON_HEIGHT = 32


@dataclass(frozen=True, slots=True)
class _Read:
    """An account read by a worker, and its page; None for one that was not read yet."""

    data: AccountData
    page: AccountPage


class AccountFrame(QWidget):
    """Shows the chosen account on either page.

    Signals:
        refresh_wanted: A `RefreshRequest` of one account.
        commit_wanted: The key of the account whose differences are to be committed.
        decide_wanted: The link of a record whose difference is to be decided in the catalog.
        action_wanted: An `Offer`: what is to be done about the account in its billing system.
        shown: The key of the account that is shown now.
        failed: An exception, for the window's notice.
    """

    refresh_wanted = Signal(object)
    commit_wanted = Signal(str)
    decide_wanted = Signal(int)
    action_wanted = Signal(object)
    shown = Signal(str)
    failed = Signal(object)

    def __init__(self, pool: TaskPool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pool = pool
        self._colours = colours_of(self.palette())
        self._bench: Workbench | None = None
        self._billing, self._key = "", ""
        self._data: AccountData | None = None
        self._reading: Task | None = None
        self._asked = ""
        self._result: RefreshResult | None = None
        self._working = False
        self.finder = AccountFinder(pool)
        self.accounts, self.transactions = AccountsView(pool), TransactionsView(pool)
        self.title, self.subtitle = ElidedLabel("heading"), label("", "muted")
        self.pill, self.told = QLabel(), label("", "muted", wrap=True)
        self.refresh = push_button(tr("Refresh"), "", "refresh")
        self.days = push_button(tr("Refresh Transactions"), "", "refresh")
        self.change = tool_button("", "button")
        self.menu = ActionMenu(self.change, self._offers)
        self.commit = push_button(tr("Commit\u2026"), "primary", "commit")
        self.message = MessagePage()
        self._content = QWidget()
        self._pages, self._bodies = QStackedWidget(), QStackedWidget()
        self._lay_out()
        self._connect()
        self._show_nothing()

    def _lay_out(self) -> None:
        for widget in (self.title, self.pill, self.subtitle):
            widget.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        # In a narrow window the buttons matter more.
        self.subtitle.setMinimumWidth(1)
        head = QVBoxLayout()
        head.setContentsMargins(16, 12, 16, 8)
        head.setSpacing(4)
        # Two rows of buttons, so that a narrow window has room for them.
        upper, lower = QHBoxLayout(), QHBoxLayout()
        upper.addWidget(self.title, 1)
        lower.addWidget(self.pill, 0, Qt.AlignmentFlag.AlignVCenter)
        lower.addWidget(self.subtitle, 1)
        for row, buttons in (
            (upper, (self.refresh, self.days, self.commit)),
            (lower, (self.change,)),
        ):
            row.setSpacing(8)
            head.addLayout(row)
            for button in buttons:
                button.setFixedHeight(_BUTTON_HEIGHT)
                row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        self.told.setContentsMargins(16, 0, 16, 6)
        self._bodies.addWidget(self.accounts)
        self._bodies.addWidget(self.transactions)
        column = QVBoxLayout(self._content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.told)
        column.addWidget(self._bodies, 1)
        self._pages.addWidget(self.message)
        self._pages.addWidget(self._content)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.finder)
        layout.addWidget(self._pages, 1)

    def _connect(self) -> None:
        self.finder.chosen.connect(self.choose)
        self.finder.read_wanted.connect(self._on_read_wanted)
        self.accounts.account_wanted.connect(self.choose)
        self.refresh.clicked.connect(self._on_refresh)
        self.days.clicked.connect(self._on_days)
        self.commit.clicked.connect(self._on_commit)
        self.menu.chosen.connect(self.action_wanted)
        for view in (self.finder, self.accounts, self.transactions):
            view.failed.connect(self.failed)
        for page in (self.accounts, self.transactions):
            page.decide_wanted.connect(self.decide_wanted)

    def changeEvent(self, event: QEvent) -> None:
        """Show it in other colours when light turns dark, or dark light (Qt)."""
        super().changeEvent(event)
        colours = colours_of(self.palette())
        if event.type() == QEvent.Type.PaletteChange and colours is not self._colours:
            self._colours = colours
            self.reload()

    @property
    def data(self) -> AccountData | None:
        """The account that is shown."""
        return self._data

    @property
    def bench(self) -> Workbench | None:
        """The workspace whose accounts are shown."""
        return self._bench

    @property
    def is_working(self) -> bool:
        """Whether something is under way that a commit would have to wait for."""
        return self._working

    def open(self, bench: Workbench | None, billing: str) -> None:
        """Show another workspace's accounts; `billing` is what its billing system is called."""
        self._bench, self._billing, self._key = bench, billing, ""
        self._asked, self._reading = "", None
        self.finder.open(bench, billing)
        self.days.setVisible(bench is not None and bool(bench.mapping.of_account(moving=True)))
        words = tr("Change in {system}").format(system=billing)
        self.change.setText(f"{words}  \u25be")
        self.change.setAccessibleName(words)
        self.change.setVisible(has_actions(bench))
        self._show_nothing()

    def show_transactions(self, *, wanted: bool) -> None:
        """Show the page of transactions, else that of the account."""
        self._bodies.setCurrentWidget(self.transactions if wanted else self.accounts)

    def go_to_search(self) -> None:
        """Go to the field in which an account is looked for."""
        self.finder.text.setFocus()
        self.finder.text.selectAll()

    def show_working(self, *, working: bool) -> None:
        """Take whether something is under way that a refresh would have to wait for."""
        self._working = working
        self._show_buttons()

    @Slot(str)
    def choose(self, key: str) -> None:
        """Show an account of the mirror."""
        if key != self._key:
            self._result = None
        self._key = key
        self.finder.show_current(key)
        if self._data is None:
            self.message.tell_busy(tr("Opening {key}").format(key=key))
        self.reload()

    @Slot()
    def reload(self) -> None:
        """Read the account from the mirror again, in a worker."""
        bench, key = self._bench, self._key
        if bench is None or not key:
            return

        def work(cancel: CancelToken, _report: Report) -> _Read | None:
            data = read_account(bench, key, cancel)
            return None if data is None else _Read(data, account_page(data))

        if self._reading is not None:
            self._reading.cancel()
        self._reading = self._pool.start(work)
        self._reading.succeeded.connect(self._on_read)
        self._reading.failed.connect(self._on_failed)

    @Slot(object)
    def on_refreshed(self, result: RefreshResult) -> None:
        """Take that a refresh ended; of one that was asked for here it is told what it read."""
        if self._asked:
            self._key, self._asked, self._result = self._asked, "", result

    def on_worked(self) -> None:
        """Take that what wrote the store has ended, well or not: look at it again."""
        self._asked = ""
        self.finder.look()
        self.finder.show_current(self._key)
        if not self._key:
            self._show_nothing()
        self.reload()

    @Slot(object)
    def _on_read(self, read: _Read | None) -> None:
        if self.sender() is not self._reading or self._bench is None:
            return
        self._reading = None
        if read is None:
            self._show_nothing()
            return
        self._data = read.data
        self.told.setText(told_words(self._result, read.data, self._billing))
        self._show_head(read.page.head)
        self.accounts.show_page(self._bench, read.page)
        self.transactions.show_account(self._bench, read.data)
        self._pages.setCurrentWidget(self._content)
        self._show_buttons()
        self.shown.emit(read.data.key)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        if self.sender() is self._reading:
            self._reading = None
            told = notice(error)
            self.message.tell("warning", told.summary, told.hint)
            self.failed.emit(error)

    def _show_head(self, head: AccountHead) -> None:
        self.title.setText(head.title)
        self.subtitle.setText(head.subtitle)
        ink = colours_of(self.palette()).tones[head.pill.tone]
        self.pill.setText(head.pill.text)
        self.pill.setStyleSheet(
            f"background:{ink.ground}; color:{ink.front}; border-radius:4px; padding:2px 8px;"
        )

    def _show_nothing(self) -> None:
        self._data, self._result, self._key = None, None, ""
        self.accounts.clear()
        self.transactions.clear()
        self.message.tell(
            "accounts",
            tr("Choose an account"),
            tr("Type a number, a name or an external id, or take one from the list."),
        )
        self._pages.setCurrentWidget(self.message)
        self._show_buttons()

    def _show_buttons(self) -> None:
        refused = "" if self._bench is None else str(self._bench.store.refused or "")
        data = self._data
        state = account_buttons(data, self._billing, working=self._working, refused=refused)
        for button, text, works, tip in (
            (self.refresh, state.refresh, state.can_refresh, state.tips[0]),
            (self.days, state.transactions, state.can_refresh, state.tips[1]),
            (self.commit, state.commit, state.can_commit, state.tips[2]),
        ):
            button.setText(text)
            button.setAccessibleName(text)
            button.setEnabled(works)
            button.setToolTip(tip)
        tip = tr("Show what can be done in {system} about the account and the chosen record")
        self.change.setEnabled(data is not None and not state.hint)
        self.change.setToolTip(state.hint or tip.format(system=self._billing))
        self.told.setVisible(bool(self.told.text()))
        self.finder.show_can_read(can_read=not state.hint)

    @Slot()
    def _on_refresh(self) -> None:
        self._ask(RefreshRequest(account=self._key, moving=False))

    @Slot()
    def _on_days(self) -> None:
        self._ask(RefreshRequest(account=self._key, moving=True))

    @Slot(str)
    def _on_read_wanted(self, words: str) -> None:
        self._ask(RefreshRequest(account=words))

    def _ask(self, request: RefreshRequest) -> None:
        self._asked = request.account
        self.refresh_wanted.emit(request)
        if not self._working:
            return
        words = reading_words(request.account, self._billing)
        if self._data is None:
            self.message.tell_busy(words)
            return
        self.told.setText(f"{words} {tr('What is shown was read before.')}")
        self.told.show()

    def _offers(self) -> Sequence[Offer]:
        """Return what can be done about the account and the record chosen on the page shown."""
        if self._bench is None or self._data is None:
            return ()
        is_days = self._bodies.currentWidget() is self.transactions
        table = (self.transactions if is_days else self.accounts).tabs.table
        return offers(self._bench, self._data, 0 if table is None else table.current_link)

    @Slot()
    def _on_commit(self) -> None:
        if self._data is not None:
            self.commit_wanted.emit(self._data.key)
