"""The garbage collector runs in the window's thread alone.

By itself Python runs it in whatever thread makes the next object. In a worker it would delete what
is left of a closed dialog there, and Qt's widgets may die only in their own thread.
"""

import gc
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Slot

_EVERY_MS = 1000
_YOUNG, _MIDDLE, _OLD = 50_000, 20, 100  # as gc.set_threshold counts them
_MANY = 1_000_000


class Collector(QObject):
    """Collects when enough has come together; by itself nothing collects any more.

    What stands by at the start stays for good: a full walk of it held the window for 80 ms. What
    workers hold while they are at work is not walked either, unless it is very much: most of it is
    gone when they are done, and a walk of a catalog that is being read held the window for 150 ms.
    """

    def __init__(
        self, parent: QObject | None = None, is_busy: Callable[[], bool] = lambda: False
    ) -> None:
        super().__init__(parent)
        self._is_busy = is_busy
        self._clock = QTimer(self)
        self._clock.setInterval(_EVERY_MS)
        self._clock.timeout.connect(self.collect)

    def start(self) -> None:
        """Take over from Python."""
        gc.disable()
        gc.freeze()
        self._clock.start()

    def stop(self) -> None:
        """Give collecting back to Python."""
        self._clock.stop()
        gc.enable()

    @Slot()
    def collect(self) -> None:
        """Collect the generations that are due."""
        young, middle, old = gc.get_count()
        if young >= (_MANY if self._is_busy() else _YOUNG):
            gc.collect(2 if old >= _OLD else 1 if middle >= _MIDDLE else 0)
