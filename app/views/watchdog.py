"""Notices when the window's thread was busy for too long to answer."""

import logging
import time

from PySide6.QtCore import QAbstractEventDispatcher, QObject, Slot

log = logging.getLogger(__name__)

BLOCK_S = 0.1


class Watchdog(QObject):
    """Measures each turn of the event loop and logs those above 100 ms.

    It costs two function calls a turn and never wakes an idle window.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.longest_s = 0.0
        self.blocks = 0
        self._woke_at: float | None = None
        dispatcher = QAbstractEventDispatcher.instance()
        if dispatcher is not None:
            dispatcher.awake.connect(self.on_awake)
            dispatcher.aboutToBlock.connect(self.on_idle)

    def reset(self) -> None:
        """Forget what was measured so far (a benchmark begins)."""
        self.longest_s, self.blocks, self._woke_at = 0.0, 0, None

    @Slot()
    def on_awake(self) -> None:
        """Note that the loop has begun to work."""
        if self._woke_at is None:
            self._woke_at = time.perf_counter()

    @Slot()
    def on_idle(self) -> None:
        """Note that the loop is through and waits again."""
        if self._woke_at is None:
            return
        took_s, self._woke_at = time.perf_counter() - self._woke_at, None
        self.longest_s = max(self.longest_s, took_s)
        if took_s > BLOCK_S:
            self.blocks += 1
            log.warning("The window did not answer for %.0f ms", took_s * 1000)
