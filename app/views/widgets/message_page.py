"""A page for when there is nothing else to show: empty, loading, failed, nothing found."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.views.widgets.icons import pixmap
from app.views.widgets.labels import label, push_button
from app.views.widgets.looks import colours_of

_ICON = 48
_WIDTH = 460
_LEAST_HEIGHT = 72


class MessagePage(QWidget):
    """A picture, a heading, a sentence, and at most one thing to do.

    Signals:
        acted: The button was pressed.
    """

    acted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture = QLabel()
        self._heading, self._text = label("", "heading", wrap=True), label("", "muted", wrap=True)
        self._busy = QProgressBar()
        self._button = push_button("", "primary")
        self._lay_out()

    def _lay_out(self) -> None:
        # A row of its own keeps the column narrow, so that its texts are as high as they need.
        row = QHBoxLayout(self)
        # It does not hold a small window high: it is cut at its ends first.
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)
        self.setMinimumHeight(_LEAST_HEIGHT)
        column = QWidget()
        column.setFixedWidth(_WIDTH)
        row.addWidget(column)
        layout = QVBoxLayout(column)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(12)
        layout.addStretch(2)
        self._busy.setRange(0, 0)
        self._busy.setTextVisible(False)
        self._busy.setFixedWidth(200)
        self._busy.setAccessibleName(self.tr("Work is under way"))
        for text in (self._heading, self._text):
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        middle = Qt.AlignmentFlag.AlignHCenter
        layout.addWidget(self._picture, 0, middle)
        layout.addWidget(self._heading)
        layout.addWidget(self._text)
        layout.addWidget(self._busy, 0, middle)
        layout.addWidget(self._button, 0, middle)
        self._heading.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout.addStretch(3)
        self._button.clicked.connect(self.acted)

    def tell(self, icon: str, heading: str, text: str, button: str = "") -> None:
        """Show a state; without a button's text there is no button."""
        colours = colours_of(self.palette())
        self._picture.setPixmap(pixmap(icon, _ICON, colours.muted))
        self._picture.show()
        self._heading.setText(heading)
        self._text.setText(text)
        self._button.setText(button)
        self._button.setAccessibleName(button)
        self._button.setVisible(bool(button))
        self._busy.hide()

    def tell_busy(self, heading: str, text: str = "") -> None:
        """Show that something is under way."""
        self.tell("refresh", heading, text)
        self._picture.hide()
        self._busy.show()
