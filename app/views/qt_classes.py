"""All classes of Qt, made in the window's thread before a worker asks for them.

PySide makes a class when it is first asked for, without a lock (6.11): two threads that ask at once
end the program with a segmentation fault. What a worker imports may ask for every class there is.
"""

import sys
import time
from collections.abc import Iterator
from types import ModuleType

from PySide6.QtCore import QObject, QTimer, Signal, Slot

_SLICE_S = 0.01


class QtClasses(QObject):
    """Asks for each class of the Qt modules that are in use, a few between two events.

    Signals:
        made: All are there; a worker may ask for any of them.
    """

    made = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._left = _names()
        self._clock = QTimer(self)
        self._clock.setInterval(0)
        self._clock.timeout.connect(self._make_some)

    def make(self) -> None:
        """Start; it takes a tenth of a second where most are not made yet."""
        self._clock.start()

    @Slot()
    def _make_some(self) -> None:
        until = time.monotonic() + _SLICE_S
        for module, name in self._left:
            getattr(module, name, None)
            if time.monotonic() >= until:
                return
        self._clock.stop()
        self.made.emit()


def _names() -> Iterator[tuple[ModuleType, str]]:
    modules = [module for name, module in sys.modules.items() if name.startswith("PySide6.Qt")]
    for module in modules:
        for name in dir(module):
            yield module, name
