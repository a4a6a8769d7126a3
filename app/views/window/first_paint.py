"""Waits with what is not needed until the window is on the screen."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer, Slot
from PySide6.QtWidgets import QWidget

_LATEST_MS = 500


class AfterFirstPaint(QObject):
    """Calls something once a window was painted, or soon where it is not (it is minimised, say)."""

    def __init__(self, window: QWidget, begin: Callable[[], object]) -> None:
        super().__init__(window)
        self._begin: Callable[[], object] | None = begin
        window.installEventFilter(self)
        QTimer.singleShot(_LATEST_MS, self.on_time)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Note the first paint (Qt)."""
        if event.type() == QEvent.Type.Paint:
            watched.removeEventFilter(self)
            QTimer.singleShot(0, self.on_time)
        return super().eventFilter(watched, event)

    @Slot()
    def on_time(self) -> None:
        """Begin, once."""
        begin, self._begin = self._begin, None
        if begin is not None:
            begin()
