"""The page of one account: what it is on both sides, its family, and what belongs to it."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QSplitter, QToolButton, QVBoxLayout, QWidget

from app.store.belonging import AccountHit
from app.sync.workbench import Workbench
from app.views.compare.record_detail import RecordDetail
from app.views.compare.record_tabs import RecordTabs
from app.views.state.account import AccountPage, Fact, none_words
from app.views.state.difference import Tone
from app.views.state.language import tr
from app.views.tasks import TaskPool
from app.views.widgets.flow import FlowLayout
from app.views.widgets.labels import label, tool_button
from app.views.widgets.looks import colours_of

MOST_CHILDREN = 12
_LEAST = 56  # so much of what is said of the account itself is always seen


class AccountsView(QWidget):
    """Shows an account; nothing can be changed here but through Commit.

    Signals:
        account_wanted: The key of another account of the family.
        decide_wanted: The link of a record whose difference is to be decided in the catalog.
        failed: An exception, for the window's notice.
    """

    account_wanted = Signal(str)
    decide_wanted = Signal(int)
    failed = Signal(object)

    def __init__(self, pool: TaskPool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._facts, self._family, self._brief = QWidget(), QWidget(), QWidget()
        self._about = QScrollArea()
        self._fact_flow, self._family_flow = FlowLayout(gap=8), FlowLayout(gap=4)
        self.tabs = RecordTabs(tr("What belongs to the account"))
        self.none = label("", "muted", wrap=True)
        self.detail = RecordDetail(pool)
        self._lay_out()
        self.tabs.record_chosen.connect(self.detail.show_record)
        self.tabs.record_opened.connect(self.detail.open_record)
        self.detail.fields.table.left.connect(self.tabs.take_focus)
        self.detail.failed.connect(self.failed)
        self.detail.decide_wanted.connect(self.decide_wanted)

    def _lay_out(self) -> None:
        for holder, flow in ((self._facts, self._fact_flow), (self._family, self._family_flow)):
            margins = QVBoxLayout(holder)
            margins.setContentsMargins(16, 0, 16, 8)
            margins.addLayout(flow)
        brief_layout = QVBoxLayout(self._brief)
        brief_layout.setContentsMargins(0, 0, 0, 0)
        brief_layout.setSpacing(0)
        brief_layout.addWidget(self._facts)
        brief_layout.addWidget(self._family)
        self._brief.installEventFilter(self)
        self._about.setWidget(self._brief)
        self._about.setWidgetResizable(True)
        self._about.setAccessibleName(tr("About the account"))
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        upper = QWidget()
        column = QVBoxLayout(upper)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.tabs, 1)
        column.addWidget(self.none)
        self.none.setContentsMargins(16, 6, 16, 6)
        split.addWidget(upper)
        split.addWidget(self.detail)
        split.setSizes([320, 220])
        split.setStretchFactor(0, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._about, 2)
        layout.addWidget(split, 3)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give what is said of the account its part of the room (Qt)."""
        super().resizeEvent(event)
        self._share()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Share the room anew when more or less is said of the account (Qt)."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._share()
        return super().eventFilter(watched, event)

    def _share(self) -> None:
        """Let what is said of the account be no higher than it needs."""
        needs = self._brief.heightForWidth(self.width())
        self._about.setMinimumHeight(min(needs, _LEAST))
        self._about.setMaximumHeight(needs)

    def show_page(self, bench: Workbench, page: AccountPage) -> None:
        """Show an account; tab and current record stay where they were."""
        self.detail.open(bench)
        _empty(self._fact_flow)
        for fact in page.head.facts:
            self._fact_flow.addWidget(_Card(fact))
        self._show_family(page.above, page.below)
        self.tabs.show_tables(page.tables)
        self.none.setText(none_words(page.none))
        self.none.setVisible(bool(page.none))

    def clear(self) -> None:
        """Show no account."""
        self.detail.open(None)
        self.tabs.clear()

    def _show_family(self, above: Sequence[AccountHit], below: Sequence[AccountHit]) -> None:
        _empty(self._family_flow)
        self._family.setVisible(bool(above or below))
        if above:
            self._family_flow.addWidget(_word(tr("Part of")))
        for place, hit in enumerate(above):
            if place:
                self._family_flow.addWidget(_word("\u203a"))
            self._family_flow.addWidget(self._relative(hit))
        if below:
            words = tr("1 account below:") if len(below) == 1 else tr("{count} accounts below:")
            self._family_flow.addWidget(_word(words.format(count=len(below))))
        for hit in below[:MOST_CHILDREN]:
            self._family_flow.addWidget(self._relative(hit))
        if len(below) > MOST_CHILDREN:
            more = tr("and {count} more").format(count=len(below) - MOST_CHILDREN)
            self._family_flow.addWidget(_word(more))
        before: QWidget = self._about
        for button in self._family.findChildren(QToolButton):
            QWidget.setTabOrder(before, button)  # they were made after the tabs that stand below
            before = button

    def _relative(self, hit: AccountHit) -> QToolButton:
        made = tool_button(hit.title or hit.key, "chip")
        made.setToolTip(hit.key if hit.link else tr("{key} was not read").format(key=hit.key))
        made.setProperty("account", hit.key)
        made.setEnabled(bool(hit.link))
        made.clicked.connect(self._on_relative)
        return made

    @Slot()
    def _on_relative(self) -> None:
        button = self.sender()
        if isinstance(button, QToolButton):
            self.account_wanted.emit(str(button.property("account")))


class _Card(QFrame):
    """One fact: what it is, its value, and Salesforce's where that is another."""

    def __init__(self, fact: Fact) -> None:
        super().__init__()
        self.setObjectName("fact")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 6, 12, 6)
        layout.setSpacing(2)
        value = label(fact.value, "section")
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout.addWidget(label(fact.label, "muted"))
        layout.addWidget(value)
        if fact.differs:
            ink = colours_of(self.palette()).tones[Tone.CHANGED]
            other = label(tr("Salesforce: {value}").format(value=fact.salesforce))
            other.setStyleSheet(
                f"background:{ink.ground}; color:{ink.front}; border-radius:4px; padding:1px 6px;"
            )
            layout.addWidget(other)
        layout.addStretch(1)


def _word(text: str) -> QWidget:
    made = label(text, "muted")
    made.setContentsMargins(0, 4, 0, 4)
    return made


def _empty(flow: FlowLayout) -> None:
    while (item := flow.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
