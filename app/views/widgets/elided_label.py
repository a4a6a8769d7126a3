"""A label in one line that gives way: what has no room ends in an ellipsis, the tip has it all."""

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QToolTip

from app.views.widgets.labels import dress_label


class ElidedLabel(QLabel):
    """As `labels.label`. A tip of its own is shown below the whole text."""

    def __init__(self, role: str = "") -> None:
        super().__init__()
        dress_label(self, role)

    @property
    def is_cut(self) -> bool:
        """Whether there is no room for the whole text."""
        return self._shown() != self.text()

    def minimumSizeHint(self) -> QSize:
        """Return that any width will do (Qt)."""
        return QSize(1, super().minimumSizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Write as much as there is room for (Qt)."""
        painter = QPainter(self)
        place, role = self.contentsRect(), self.foregroundRole()
        self.style().drawItemText(
            painter, place, int(self.alignment().value), self.palette(), self.isEnabled(),
            self._shown(), role,
        )  # fmt: skip

    def event(self, event: QEvent) -> bool:
        """Show the whole text as a tip where it is cut (Qt)."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip and self.is_cut:
            tip = "\n".join(part for part in (self.text(), self.toolTip()) if part)
            QToolTip.showText(event.globalPos(), tip, self)
            return True
        return super().event(event)

    def _shown(self) -> str:
        width = self.contentsRect().width()
        return self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, width)
