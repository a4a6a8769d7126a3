"""One of the two trees: it paints whole rows from prepared texts."""

from collections.abc import Iterator

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QFontMetrics,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPolygon,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QWidget,
)

from app.domain.record import Side
from app.views.models.aligned_tree import (
    BILLING_KEY,
    BILLING_NAME,
    COLUMNS,
    DIFFERENCE,
    SALESFORCE_NAME,
    AlignedTree,
)
from app.views.models.nodes import Node
from app.views.state.difference import Tone
from app.views.state.tree_row import RowView
from app.views.widgets.copying import copies_rows
from app.views.widgets.looks import Colours, colours_of

ROW_HEIGHT = 26
INDENT = 18
_GAP = 8
_TEXTS_KEPT = 5000
_COLUMNS = {
    Side.BILLING: (BILLING_NAME, BILLING_KEY),
    Side.SALESFORCE: (SALESFORCE_NAME, DIFFERENCE),
}
_DETAIL_WIDTHS = {Side.BILLING: 170, Side.SALESFORCE: 260}
_PLAIN = 0
_BOLD = frozenset({Tone.CONFLICT})

Index = QModelIndex | QPersistentModelIndex


class _RowHeight(QStyledItemDelegate):
    """Says how high a row is; nothing is painted through a delegate."""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        """Return the one size of all cells (Qt)."""
        return QSize(40, ROW_HEIGHT)


class SideTree(QTreeView):
    """A side's tree. It shows two columns of the model: the name, and the key or the difference.

    A plain tree view asks a Python model for every cell and role and is three times slower
    (measurements.md §3), so the rows are painted from `RowView`s, all in one call of Qt's: each
    call into Python waits for its lock, behind every worker that computes.

    Signals:
        crossed: The user wants to the other tree, on the same row.
        tick_wanted: The user pressed Space.
        opened: The user pressed Enter.
    """

    crossed = Signal()
    tick_wanted = Signal()
    opened = Signal()

    def __init__(self, side: Side, model: AlignedTree, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.side = side
        self._rows = model
        self._key = ""
        self._fitted = 0
        self._elided: dict[tuple[str, int, bool], str] = {}
        self.setModel(model)
        self._lay_out()
        copies_rows(self)
        self._read_fonts()

    def _lay_out(self) -> None:
        self.setItemDelegate(_RowHeight(self))
        self.setUniformRowHeights(True)
        self.setIndentation(INDENT)
        self.setAllColumnsShowFocus(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setExpandsOnDoubleClick(True)
        self.setMouseTracking(False)
        name, detail = _COLUMNS[self.side]
        for column in range(COLUMNS):
            self.setColumnHidden(column, column not in {name, detail})
        self.setTreePosition(name)
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionsMovable(False)
        header.setMinimumSectionSize(60)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(name, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(detail, QHeaderView.ResizeMode.Interactive)
        header.resizeSection(detail, _DETAIL_WIDTHS[self.side])

    def _read_fonts(self) -> None:
        plain, bold, italic = QFont(self.font()), QFont(self.font()), QFont(self.font())
        bold.setBold(True)
        italic.setItalic(True)
        self._fonts = (plain, bold, italic)
        self._metrics = tuple(QFontMetrics(font) for font in self._fonts)
        self._elided.clear()

    def visible_rows(self) -> Iterator[tuple[Node, int]]:
        """Yield the nodes that are in sight, each with where its row begins below the header."""
        index, height = self.indexAt(QPoint(0, 0)), self.viewport().height()
        y = self.visualRect(index).top()
        # Of the first column Qt knows each row by itself; of others it would ask the model.
        index = self._rows.index_of(self._rows.node(index))
        while index.isValid() and y < height:
            yield self._rows.node(index), y
            index, y = self.indexBelow(index), y + ROW_HEIGHT

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the rows in sight (Qt)."""
        painter, wanted = QPainter(self.viewport()), event.rect()
        colours, current = colours_of(self.palette()), self._rows.node(self.currentIndex())
        width = self.viewport().width()
        for node, y in self.visible_rows():
            rect = QRect(0, y, width, ROW_HEIGHT)
            if rect.intersects(wanted):
                self._paint_row(painter, rect, node, (colours, node is current))
        painter.end()

    def _paint_row(
        self, painter: QPainter, rect: QRect, node: Node, looks: tuple[Colours, bool]
    ) -> None:
        view, (colours, selected) = self._rows.view(node), looks
        self._paint_ground(painter, rect, view, colours, selected=selected)
        left = rect.left() + node.depth * INDENT
        index = self._rows.index_of(node)
        if self._rows.hasChildren(index):
            self._paint_chevron(painter, QPoint(left + INDENT // 2, rect.center().y()), index)
        names, details = (self.columnWidth(column) for column in _COLUMNS[self.side])
        name, detail = QRect(rect), QRect(rect)
        name.setLeft(left + INDENT)
        name.setRight(rect.left() + names - _GAP)
        detail.setLeft(rect.left() + names + _GAP)
        detail.setWidth(details - 2 * _GAP)
        self._paint_name(painter, name, view, colours)
        self._paint_detail(painter, detail, view, colours)

    def _paint_ground(
        self, painter: QPainter, rect: QRect, view: RowView, colours: Colours, *, selected: bool
    ) -> None:
        tone = colours.tones[view.tone]
        there = view.in_billing if self.side is Side.BILLING else view.in_salesforce
        if selected:
            painter.fillRect(rect, QColor(colours.selection))
            if self.hasFocus():
                painter.fillRect(
                    QRect(rect.left(), rect.top(), 3, rect.height()), QColor(colours.accent)
                )
        elif not there:
            painter.fillRect(rect, QColor(colours.alternate))
            painter.fillRect(rect, QBrush(QColor(colours.line), Qt.BrushStyle.BDiagPattern))
        elif view.tone is not Tone.PLAIN:
            painter.fillRect(rect, QColor(tone.ground))

    def _paint_chevron(self, painter: QPainter, middle: QPoint, index: Index) -> None:
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.PlaceholderText), 1.6))
        x, y = middle.x(), middle.y()
        if self.isExpanded(index):
            points = [QPoint(x - 4, y - 2), QPoint(x, y + 2), QPoint(x + 4, y - 2)]
        else:
            points = [QPoint(x - 2, y - 4), QPoint(x + 2, y), QPoint(x - 2, y + 4)]
        painter.drawPolyline(QPolygon(points))

    def _paint_name(self, painter: QPainter, rect: QRect, view: RowView, colours: Colours) -> None:
        billing = self.side is Side.BILLING
        there = view.in_billing if billing else view.in_salesforce
        text = view.billing if billing else view.salesforce
        if not there:
            self._paint_text(painter, rect, text, (2, colours.muted))
            return
        bold = view.is_group or view.tone in _BOLD
        self._paint_text(painter, rect, text, (int(bold), colours.tones[view.tone].front))

    def _paint_detail(
        self, painter: QPainter, rect: QRect, view: RowView, colours: Colours
    ) -> None:
        if self.side is Side.BILLING:
            self._key = view.key
            self._paint_text(painter, rect, view.key, (_PLAIN, colours.muted))
            return
        plain = view.is_group or view.tone is Tone.PLAIN
        front = colours.muted if plain else colours.tones[view.tone].front
        self._paint_text(painter, rect, view.note, (0, front))

    def _paint_text(self, painter: QPainter, rect: QRect, text: str, look: tuple[int, str]) -> None:
        if not text or rect.width() <= 0:
            return
        font, colour = look
        key = (text, rect.width(), bool(font))
        metrics = self._metrics[font]
        shown = self._elided.get(key)
        if shown is None:
            if len(self._elided) > _TEXTS_KEPT:
                self._elided.clear()
            # Keys differ at their ends, so their middle goes.
            keys = font == _PLAIN and text == self._key
            mode = Qt.TextElideMode.ElideMiddle if keys else Qt.TextElideMode.ElideRight
            shown = metrics.elidedText(text, mode, rect.width())
            self._elided[key] = shown
        painter.setFont(self._fonts[font])
        painter.setPen(QColor(colour))
        baseline = rect.top() + (rect.height() + metrics.ascent() - metrics.descent()) // 2
        painter.drawText(rect.left(), baseline, shown)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Tick by Space, cross to the other tree by Left or Right, open by Enter (Qt)."""
        across = Qt.Key.Key_Right if self.side is Side.BILLING else Qt.Key.Key_Left
        if event.key() == across:
            self.crossed.emit()
        elif event.key() == Qt.Key.Key_Space:
            self.tick_wanted.emit()
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.opened.emit()
        elif event.key() != Qt.Key.Key_Asterisk:
            # Asterisk opens everything below: with a million rows that takes minutes.
            super().keyPressEvent(event)
            return
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll three rows a notch (Qt)."""
        self.verticalScrollBar().setSingleStep(ROW_HEIGHT)
        super().wheelEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Forget the texts that were cut for another width; leave the names the most of it (Qt)."""
        self._elided.clear()
        _name, detail = _COLUMNS[self.side]
        most, now = self.viewport().width() * 9 // 20, self.columnWidth(detail)
        wanted = min(most, _DETAIL_WIDTHS[self.side])
        # Only what this did before is undone: a width that a person chose stays, if it fits.
        if now > most or (now == self._fitted and now != wanted):
            self._fitted = wanted
            self.header().resizeSection(detail, wanted)
        super().resizeEvent(event)
