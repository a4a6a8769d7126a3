"""The gutter between the two trees: tick box, sign of the change, arrow of the write."""

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QToolTip, QWidget

from app.views.compare.side_tree import ROW_HEIGHT, SideTree
from app.views.models.aligned_tree import AlignedTree
from app.views.models.nodes import Node
from app.views.state.difference import Arrow, Tick
from app.views.state.language import tr
from app.views.state.tree_row import RowView
from app.views.widgets.looks import Colours, colours_of

WIDTH = 104
_TICK_X, _GLYPH_X, _ARROW_X = 12, 42, 70
_BOX = 15
_GLYPH = 18


class Gutter(QWidget):
    """Paints one row beside each visible row of the trees, and takes clicks.

    Signals:
        tick_clicked: The node whose box was clicked.
        arrow_clicked: The node whose arrow was clicked, and where on the screen.
    """

    tick_clicked = Signal(object)
    arrow_clicked = Signal(object, QPoint)

    def __init__(self, tree: SideTree, model: AlignedTree, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tree = tree
        self._model = model

        self.setFixedWidth(WIDTH)
        self.setMouseTracking(True)
        self.setAccessibleName(tr("Ticks and directions of the changes"))
        self.setAccessibleDescription(tr("Space ticks the current row, D chooses its direction"))

    def sizeHint(self) -> QSize:
        """Return the fixed width (Qt)."""
        return QSize(WIDTH, 200)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the rows that the trees show (Qt)."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = colours_of(self.palette())
        painter.fillRect(self.rect(), QColor(colours.base))
        top = self._header_height()
        painter.fillRect(0, top - 1, self.width(), 1, QColor(colours.line))
        painter.setClipRect(QRect(0, top, self.width(), self.height() - top))
        current = self._model.node(self._tree.currentIndex())
        for node, y in self._tree.visible_rows():
            rect = QRect(0, top + y, self.width(), ROW_HEIGHT)
            view = self._model.view(node)
            ground = colours.tones[view.tone].ground
            painter.fillRect(rect, QColor(colours.selection if node is current else ground))
            _paint_tick(painter, _tick_rect(rect), view.tick, colours)
            _paint_glyph(painter, rect, view, colours)
            _paint_arrow(painter, rect, view, colours)
        painter.setClipping(False)
        painter.setPen(QColor(colours.line))
        painter.drawLine(0, 0, 0, self.height())
        painter.drawLine(self.width() - 1, 0, self.width() - 1, self.height())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Tick, or offer directions (Qt)."""
        node = self._node_at(event.position().toPoint())
        if node is None or event.button() != Qt.MouseButton.LeftButton:
            return
        self._tree.setCurrentIndex(self._model.index_of(node))
        view = self._model.view(node)
        if event.position().x() < _GLYPH_X - 4:
            if view.tick is not Tick.NONE:
                self.tick_clicked.emit(node)
        elif view.arrow is not Arrow.NONE:
            self.arrow_clicked.emit(node, event.globalPosition().toPoint())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show a hand where a click does something (Qt)."""
        node = self._node_at(event.position().toPoint())
        view = None if node is None else self._model.view(node)
        on_tick = event.position().x() < _GLYPH_X - 4
        acts = view is not None and (
            view.tick is not Tick.NONE if on_tick else view.arrow is not Arrow.NONE
        )
        shape = Qt.CursorShape.PointingHandCursor if acts else Qt.CursorShape.ArrowCursor
        self.setCursor(shape)

    def event(self, event: QEvent) -> bool:
        """Say in words what a sign means (Qt)."""
        if event.type() == QEvent.Type.ToolTip:
            position: QPoint = event.pos()  # type: ignore[attr-defined]  # a QHelpEvent
            node = self._node_at(position)
            words = "" if node is None else self._model.view(node).spoken
            QToolTip.showText(event.globalPos(), words, self)  # type: ignore[attr-defined]
            return True
        return super().event(event)

    def _header_height(self) -> int:
        return self._tree.viewport().geometry().top()

    def _node_at(self, position: QPoint) -> Node | None:
        y = position.y() - self._header_height()
        index = self._tree.indexAt(QPoint(INDEX_X, y)) if y >= 0 else None
        return None if index is None or not index.isValid() else self._model.node(index)


# Any place in a row that is neither a margin nor the header.
INDEX_X = 4


def _tick_rect(row: QRect) -> QRectF:
    return QRectF(_TICK_X + 0.5, row.center().y() - _BOX // 2 + 0.5, _BOX, _BOX)


def _paint_tick(painter: QPainter, box: QRectF, tick: Tick, colours: Colours) -> None:
    if tick is Tick.NONE:
        return
    filled = tick is not Tick.OFF
    painter.setPen(QPen(QColor(colours.accent if filled else colours.muted), 1.2))
    painter.setBrush(QColor(colours.accent if filled else colours.base))
    painter.drawRoundedRect(box, 3, 3)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(
        QPen(
            QColor(colours.accent_text), 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap,
            Qt.PenJoinStyle.RoundJoin,
        )
    )  # fmt: skip
    x, y = box.left(), box.top()
    if tick is Tick.ON:
        painter.drawPolyline(
            QPolygonF(
                [QPointF(x + 3.5, y + 8), QPointF(x + 6.5, y + 11), QPointF(x + 11.5, y + 4.5)]
            )
        )
    elif tick is Tick.SOME:
        painter.drawLine(QPointF(x + 4, y + 7.5), QPointF(x + 11, y + 7.5))


def _paint_glyph(painter: QPainter, row: QRect, view: RowView, colours: Colours) -> None:
    middle = QPointF(_GLYPH_X + _GLYPH / 2, row.center().y() + 0.5)
    if not view.glyph:
        if view.inside and not view.is_group:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.muted))
            painter.drawEllipse(middle, 2.2, 2.2)
            painter.setBrush(Qt.BrushStyle.NoBrush)
        return
    tone = colours.tones[view.tone]
    badge = QRectF(_GLYPH_X, row.center().y() - _GLYPH / 2 + 0.5, _GLYPH, _GLYPH)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(tone.front))
    painter.drawRoundedRect(badge, 4, 4)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    font = QFont(painter.font())
    font.setBold(True)
    font.setPointSizeF(11)
    painter.setFont(font)
    painter.setPen(QColor(tone.ground))
    painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, view.glyph)


def _paint_arrow(painter: QPainter, row: QRect, view: RowView, colours: Colours) -> None:
    if view.arrow is Arrow.NONE:
        return
    off = view.tick is Tick.OFF
    colour = QColor(colours.muted if off else colours.tones[view.tone].front)
    style = Qt.PenStyle.DotLine if off else Qt.PenStyle.SolidLine
    painter.setPen(QPen(colour, 1.8, style, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
    y, left, right = row.center().y() + 0.5, _ARROW_X + 0.5, _ARROW_X + 22.5
    if view.arrow is Arrow.SKIP:
        painter.setPen(QPen(QColor(colours.muted), 1.6))
        painter.drawEllipse(QPointF((left + right) / 2, y), 6, 6)
        painter.drawLine(QPointF(left + 7, y + 4.2), QPointF(right - 7, y - 4.2))
        return
    painter.drawLine(QPointF(left, y), QPointF(right, y))
    painter.setPen(QPen(colour, 1.8, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    if view.arrow in {Arrow.TO_SALESFORCE, Arrow.BOTH}:
        painter.drawPolyline(
            QPolygonF([QPointF(right - 5, y - 4), QPointF(right, y), QPointF(right - 5, y + 4)])
        )
    if view.arrow in {Arrow.TO_BILLING, Arrow.BOTH}:
        painter.drawPolyline(
            QPolygonF([QPointF(left + 5, y - 4), QPointF(left, y), QPointF(left + 5, y + 4)])
        )
