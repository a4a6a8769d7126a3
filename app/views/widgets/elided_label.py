"""A label in one line that gives way: what has no room ends in an ellipsis, the tip has it all."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel

from app.views.widgets.labels import dress_label


class ElidedLabel(QLabel):
    """As `labels.label`. A tip of its own is shown below the whole text."""

    def __init__(self, role: str = "") -> None:
        super().__init__()
        self._tip = ""
        self.setMinimumWidth(1)  # any width will do
        dress_label(self, role)

    @property
    def is_cut(self) -> bool:
        """Whether there is no room for the whole text."""
        return self._shown() != self.text()

    def setToolTip(self, tip: str) -> None:
        """Set the tip of its own."""
        self._tip = tip
        self._tell()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Write as much as there is room for (Qt)."""
        self._tell()
        painter = QPainter(self)
        place, role = self.contentsRect(), self.foregroundRole()
        self.style().drawItemText(
            painter, place, int(self.alignment().value), self.palette(), self.isEnabled(),
            self._shown(), role,
        )  # fmt: skip

    def _tell(self) -> None:
        """Have the tip tell the whole text where it is cut.

        Known before anybody asks: to look at each event would wait for Python's lock each time.
        """
        whole = self.text() if self.is_cut else ""
        tip = "\n".join(part for part in (whole, self._tip) if part)
        if tip != self.toolTip():
            super().setToolTip(tip)

    def _shown(self) -> str:
        width = self.contentsRect().width()
        return self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, width)
