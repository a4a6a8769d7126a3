"""A page for when there is nothing else to show: empty, loading, failed, nothing found."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QProgressBar, QVBoxLayout, QWidget

from app.views.widgets.icons import pixmap
from app.views.widgets.labels import label, push_button
from app.views.widgets.looks import colours_of

_ICON = 48
_WIDTH = 460


class MessagePage(QWidget):
    """A picture, a heading, a sentence, and at most one thing to do.

    Signals:
        acted: The button was pressed.
    """

    acted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture = QLabel()
        self._heading, self._text = label("", "heading"), label("", "muted", wrap=True)
        self._busy = QProgressBar()
        self._button = push_button("", "primary")
        self._lay_out()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addStretch(2)
        self._text.setFixedWidth(_WIDTH)
        self._busy.setRange(0, 0)
        self._busy.setTextVisible(False)
        self._busy.setFixedWidth(200)
        self._busy.setAccessibleName(self.tr("Work is under way"))
        for widget in (self._picture, self._heading, self._text, self._busy, self._button):
            layout.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
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
