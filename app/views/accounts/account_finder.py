"""The list of accounts: found as one types, by number, name or external id, in the mirror."""

from collections.abc import Sequence

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QFont, QIcon, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app.domain.control import CancelToken, Report
from app.store.belonging import AccountHit, accounts_by_name, find_accounts
from app.sync.workbench import Workbench
from app.views.models.rows import KEY_ROLE, Column, Line, Rows
from app.views.state.finder import MOST_HITS, finder_state
from app.views.state.language import tr
from app.views.tasks import Task, TaskPool
from app.views.widgets.icons import pixmap
from app.views.widgets.labels import label, push_button
from app.views.widgets.looks import colours_of

Index = QModelIndex | QPersistentModelIndex
FINDER_WIDTH = 264
TYPING_MS = 150
_LINE_HEIGHT = 48
_PAD = 16


class _TwoLines(QStyledItemDelegate):
    """Paints a name with the number below it."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint an account (Qt)."""
        colours = colours_of(option.palette)
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, QColor(colours.selection))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(option.rect, QColor(colours.hover))
        if option.state & QStyle.StateFlag.State_HasFocus:
            mark = QRect(option.rect.topLeft(), QSize(3, _LINE_HEIGHT))
            painter.fillRect(mark, QColor(colours.accent))
        bold = QFont(option.font)
        bold.setBold(True)
        upper = option.rect.adjusted(_PAD, 6, -_PAD, -_LINE_HEIGHT // 2)
        lower = option.rect.adjusted(_PAD, _LINE_HEIGHT // 2, -_PAD, -6)
        number = str(index.sibling(index.row(), 1).data() or "")
        for place, font, colour, text in (
            (upper, bold, colours.text, str(index.data() or "")),
            (lower, option.font, colours.muted, number),
        ):
            painter.setFont(font)
            painter.setPen(QColor(colour))
            cut = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, place.width())
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, cut)
        painter.restore()

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        """Return the size of an account (Qt)."""
        return QSize(FINDER_WIDTH, _LINE_HEIGHT)


class _Search(QLineEdit):
    """A field from which the arrow key goes into the list below."""

    below_wanted = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go down by key (Qt)."""
        if event.key() == Qt.Key.Key_Down:
            self.below_wanted.emit()
            return
        super().keyPressEvent(event)


class AccountFinder(QWidget):
    """Finds an account.

    Signals:
        chosen: An account's key.
        read_wanted: A number that the mirror does not have, to be read from the systems.
        failed: An exception, for the window's notice.
    """

    chosen = Signal(str)
    read_wanted = Signal(str)
    failed = Signal(object)

    def __init__(self, pool: TaskPool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pool = pool
        self._bench: Workbench | None = None
        self._billing = ""
        self._current = ""
        self._can_read = True
        self._entered = False
        self._looking: Task | None = None
        self.text = _Search()
        self.model = Rows([Column(tr("Account")), Column(tr("Number"))], self)
        self.list = QListView()
        self.hint = label("", "muted", wrap=True)
        self.read = push_button("", "", "refresh")
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(TYPING_MS)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        self.setObjectName("finder")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(FINDER_WIDTH)
        self.text.setPlaceholderText(tr("Number, name or external id"))
        self.text.setAccessibleName(tr("Find an account"))
        self.text.setClearButtonEnabled(True)
        glass = QIcon(pixmap("search", 16, colours_of(self.palette()).muted))
        self.text.addAction(glass, QLineEdit.ActionPosition.LeadingPosition)
        self.list.setModel(self.model)
        self.list.setItemDelegate(_TwoLines(self.list))
        self.list.setAccessibleName(tr("Accounts"))
        self.list.setUniformItemSizes(True)
        self.list.setMouseTracking(True)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 12, 1, 12)  # the border on the right
        layout.setSpacing(8)
        for widget, pad in ((self.text, 12), (self.list, 0), (self.hint, 16), (self.read, 12)):
            holder = QVBoxLayout()
            holder.setContentsMargins(pad, 0, pad, 0)
            holder.addWidget(widget)
            layout.addLayout(holder, int(widget is self.list))

    def _connect(self) -> None:
        self.text.textChanged.connect(self._typing.start)
        self.text.returnPressed.connect(self._on_return)
        self.text.below_wanted.connect(self._on_below)
        self._typing.timeout.connect(self.look)
        self.list.selectionModel().currentChanged.connect(self._on_current)
        self.read.clicked.connect(self._on_read)

    @property
    def is_settled(self) -> bool:
        """Whether the list is what the text asks for."""
        return self._looking is None and not self._typing.isActive()

    def open(self, bench: Workbench | None, billing: str) -> None:
        """Find accounts in another workspace; `billing` is what its billing system is called."""
        self._bench, self._billing, self._current = bench, billing, ""
        self.text.clear()
        self._typing.stop()
        self.look()

    def show_can_read(self, *, can_read: bool) -> None:
        """Take whether a number can be read from the systems now."""
        self._can_read = can_read
        self.read.setEnabled(can_read)

    def show_current(self, key: str) -> None:
        """Mark the account that is shown, if it is listed."""
        self._current = key
        self._mark()

    @Slot()
    def look(self) -> None:
        """Look for what is typed, in a worker."""
        bench, words = self._bench, self.text.text().strip()
        if self._looking is not None:
            self._looking.cancel()
        if bench is None or bench.mapping.account is None:
            self._looking = None
            self._show((), words)
            return

        def work(cancel: CancelToken, _report: Report) -> Sequence[AccountHit]:
            cancel.check()  # of several letters typed fast only the last is looked for
            if not words:
                return accounts_by_name(bench.store, MOST_HITS)
            return find_accounts(bench.store, words, MOST_HITS)

        self._looking = self._pool.start(work)
        self._looking.succeeded.connect(self._on_found)
        self._looking.failed.connect(self._on_failed)

    @Slot(object)
    def _on_found(self, hits: Sequence[AccountHit]) -> None:
        if self.sender() is self._looking:
            self._looking = None
            self._show(hits, self.text.text().strip())
            if self._entered:
                self._on_return()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        if self.sender() is self._looking:
            self._looking = None
            self.failed.emit(error)

    def _show(self, hits: Sequence[AccountHit], words: str) -> None:
        self.model.show([Line((hit.title or hit.key, hit.key), hit.key) for hit in hits])
        state = finder_state(hits, words, self._billing)
        self.hint.setText(state.hint)
        self.read.setText(state.read)
        self.read.setAccessibleName(state.read)
        self.read.setVisible(bool(state.read))
        self._mark()

    def _mark(self) -> None:
        """Choose the line of the account that is shown, without asking for it again."""
        selection = self.list.selectionModel()
        selection.blockSignals(True)  # noqa: FBT003 - Qt's signature
        for row in range(self.model.rowCount()):
            index = self.model.index(row, 0)
            if index.data(KEY_ROLE) == self._current:
                self.list.setCurrentIndex(index)
                break
        else:
            self.list.clearSelection()
        selection.blockSignals(False)  # noqa: FBT003 - Qt's signature
        self.list.viewport().update()

    @Slot()
    def _on_return(self) -> None:
        """Open the account whose number it is, or the first; with none, ask for it to be read."""
        if not self.is_settled:
            self._typing.stop()
            self._entered = True  # what is listed is not yet what was typed
            self.look()
            return
        self._entered = False
        if self.model.rowCount():
            self._choose(self.model.index(0, 0))
        elif not self.read.isHidden() and self.read.isEnabled():
            self._on_read()

    @Slot()
    def _on_below(self) -> None:
        if self.model.rowCount():
            self.list.setFocus()
            if not self.list.currentIndex().isValid():
                self.list.setCurrentIndex(self.model.index(0, 0))

    @Slot(QModelIndex)
    def _on_current(self, index: QModelIndex) -> None:
        self._choose(index)

    def _choose(self, index: QModelIndex) -> None:
        key = index.data(KEY_ROLE)
        if index.isValid() and key != self._current:
            self._current = str(key)
            self.chosen.emit(self._current)

    @Slot()
    def _on_read(self) -> None:
        words = self.text.text().strip()
        if words and self._can_read:
            self.read_wanted.emit(words)
