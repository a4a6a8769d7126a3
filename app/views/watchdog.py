"""Notices when the window's thread was busy for too long to answer."""

import logging
import time

from PySide6.QtCore import QObject, Qt, QTimer, Slot

log = logging.getLogger(__name__)

BLOCK_S = 0.1
LONG_BLOCK_S = 1.0
EVERY_MS = 10


class Watchdog(QObject):
    """Measures how long the event loop takes to come round, and logs what is above 100 ms.

    Only one that a person would take for a failure, from a second on, is a warning.

    A timer asks every 10 ms, so a block is told as up to 10 ms longer than it was. The dispatcher's
    own signals would tell more exactly, but glib's dispatcher emits them at other places.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.longest_s = 0.0
        self.blocks = 0
        self._seen_at = time.perf_counter()
        self._clock = QTimer(self)
        self._clock.setTimerType(Qt.TimerType.PreciseTimer)
        self._clock.setInterval(EVERY_MS)
        self._clock.timeout.connect(self.on_time)

    def start(self) -> None:
        """Begin to watch, from now on."""
        self.reset()
        self._clock.start()

    def stop(self) -> None:
        """Watch no more: the window is closed, and nobody waits for it."""
        self._clock.stop()

    def reset(self) -> None:
        """Forget what was measured so far (a benchmark begins)."""
        self.longest_s, self.blocks, self._seen_at = 0.0, 0, time.perf_counter()

    @Slot()
    def on_time(self) -> None:
        """Note how long it took to get here."""
        now = time.perf_counter()
        took_s, self._seen_at = now - self._seen_at, now
        self.longest_s = max(self.longest_s, took_s)
        if took_s > BLOCK_S:
            self.blocks += 1
            level = logging.WARNING if took_s >= LONG_BLOCK_S else logging.INFO
            log.log(level, "The window did not answer for %.0f ms", took_s * 1000)
