"""The bar beside the trees that marks where differences are; a click goes there."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.views.state.difference import Tone
from app.views.state.language import tr
from app.views.state.overview import Mark, Window
from app.views.widgets.looks import colours_of

WIDTH = 16
_MARK = 3


class OverviewBar(QWidget):
    """Shows all open rows at once, as marks over the height of the bar.

    Signals:
        jumped: Where it was clicked, from 0 (top) to 1 (bottom).
    """

    jumped = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._marks: Sequence[Mark] = ()
        self._window = Window(0, 1)
        self.setFixedWidth(WIDTH)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(tr("Overview of the differences"))
        self.setToolTip(tr("Where the differences are. Click to go there."))

    def show_marks(self, marks: Sequence[Mark]) -> None:
        """Show other marks."""
        self._marks = marks
        self.update()

    def show_window(self, window: Window) -> None:
        """Show which part of the rows the trees show."""
        self._window = window
        self.update()

    def sizeHint(self) -> QSize:
        """Return the fixed width (Qt)."""
        return QSize(WIDTH, 100)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the marks and the window (Qt)."""
        painter = QPainter(self)
        colours = colours_of(self.palette())
        painter.fillRect(self.rect(), QColor(colours.window))
        painter.fillRect(0, 0, 1, self.height(), QColor(colours.line))
        top = self._window.top * self.height()
        shown = QRectF(1, top, self.width() - 1, self._window.share * self.height())
        painter.fillRect(shown, QColor(colours.hover))
        for mark in self._marks:
            y = min(self.height() - _MARK, mark.place * self.height())
            strong = QColor(colours.tones[mark.tone].front)
            inset = 6 if mark.tone is Tone.PLAIN else 3
            if mark.tone is Tone.PLAIN:
                strong = QColor(colours.muted)
            painter.fillRect(QRectF(inset, y, self.width() - 2 * inset + 1, _MARK), strong)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to the place that was clicked (Qt)."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.jumped.emit(event.position().y() / max(1, self.height()))
