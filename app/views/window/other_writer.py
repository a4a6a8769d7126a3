"""Shows what another Concord does to the workspace that is only read here, `concord serve` say."""

from PySide6.QtCore import QObject, QTimer, Slot

from app.store.compared import compared_count
from app.views.tasks import Task
from app.views.window.main_window import MainWindow

LOOK_EVERY_MS = 1000


class OtherWriter(QObject):
    """Looks every second whether the differences changed, while another Concord holds them.

    Where this window writes itself it knows when, and nobody else can.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._count: int | None = None
        self._looking: Task | None = None
        self._clock = QTimer(self)
        self._clock.setInterval(LOOK_EVERY_MS)
        self._clock.timeout.connect(self.look)
        window.opened.connect(self._on_opened)

    @Slot(str)
    def _on_opened(self, _name: str) -> None:
        self._count, self._looking = None, None
        self._clock.start()
        self.look()

    @Slot()
    def look(self) -> None:
        """Ask the store, in a worker; one question at a time."""
        bench = self._window.bench
        if bench is None or bench.store.refused is None or self._looking is not None:
            return
        store = bench.store
        self._looking = self._window.pool.start(lambda _cancel, _report: compared_count(store))
        self._looking.succeeded.connect(self._on_looked)
        self._looking.failed.connect(self._on_failed)

    @Slot(object)
    def _on_looked(self, count: int) -> None:
        if self.sender() is not self._looking:
            return
        self._looking = None
        before, self._count = self._count, count
        if before is not None and before != count:
            self._window.catalog.resurvey()
            self._window.customers.on_worked()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        if self.sender() is self._looking:
            self._looking = None
            self._clock.stop()  # what is wrong with the store is told once
            self._window.on_failed(error)
