"""Opens the window offscreen on a prepared workspace, refreshes, commits, tells how long."""

import gc
import json
import os
import sys
import threading
import time
from pathlib import Path

STARTED_AT = float(sys.argv[2]) if len(sys.argv) > 2 else time.time()
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
gc.set_threshold(50_000, 20, 20)  # as the program has it from its first line on (app/__main__.py)

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer, Slot
from PySide6.QtWidgets import QApplication

from app.credentials import Credentials
from app.services import Services
from app.views.application import SWITCH_S, Looks
from app.views.collector import Collector
from app.views.commit.commit_dialog import CommitDialog
from app.views.state import language
from app.views.tasks import TaskPool
from app.views.window.first_paint import AfterFirstPaint
from app.views.window.main_window import MainWindow

_LOOK_MS = 15
_LIMIT_S = 90
_FRAMES = 40


class Driver(QObject):
    """Goes through the stages one after the other, as a person would."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.window = window
        self.told: dict[str, float] = {}
        self._stages = [self.frames, self.refresh, self.plan, self.commit, self.end]
        self._names = ["open", "frames", "refresh", "plan", "commit"]
        self._began = time.monotonic()
        self._clock = QTimer(self)
        self._clock.setInterval(_LOOK_MS)
        self._clock.timeout.connect(self.on_look)
        QApplication.instance().installEventFilter(self)
        window.opened.connect(self.on_opened)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Note when the first paint of the window is through."""
        if event.type() == QEvent.Type.Paint and "first_paint_s" not in self.told:
            self.told["first_paint_s"] = -1.0
            # From here on it would only cost: each event of the program comes by.
            QApplication.instance().removeEventFilter(self)
            QTimer.singleShot(0, self.on_painted)
        return super().eventFilter(watched, event)

    @Slot()
    def on_painted(self) -> None:
        """The first paint is done."""
        self.told["first_paint_s"] = time.time() - STARTED_AT

    @Slot(str)
    def on_opened(self, _name: str) -> None:
        """The workspace is open: begin to look."""
        self._clock.start()

    @Slot()
    def on_look(self) -> None:
        """Go on with the next stage as soon as nothing is under way."""
        if time.monotonic() - self._began > _LIMIT_S:
            raise SystemExit("the window did not come to its end in time")
        if not self.window.is_settled:
            return
        watchdog = self.window.watchdog
        self.told[f"block_{self._names[0]}_ms"] = watchdog.longest_s * 1000
        watchdog.reset()
        self._names.pop(0)
        self._stages.pop(0)()

    def frames(self) -> None:
        """Paint both trees again and again, alone and beside a worker that computes."""
        self.told["frame_ms"] = self._frame_ms()
        stop = threading.Event()
        worker = threading.Thread(target=_compute, args=(stop,))  # noqa: TID251 - no task
        worker.start()
        self.told["frame_beside_ms"] = self._frame_ms()
        stop.set()
        worker.join()

    def _frame_ms(self) -> float:
        trees = self.window.catalog.trees
        taken = []
        for _ in range(_FRAMES):
            began = time.perf_counter()
            for part in (trees.billing.viewport(), trees.gutter, trees.salesforce.viewport()):
                part.repaint()
            taken.append(time.perf_counter() - began)
        return sorted(taken)[_FRAMES * 95 // 100] * 1000

    def refresh(self) -> None:
        """Press Refresh."""
        self.window.bar.refresh.click()

    def plan(self) -> None:
        """Open the commit dialog."""
        self.window.commits.plan_commit()

    def commit(self) -> None:
        """Confirm."""
        self.window.findChild(CommitDialog).run.click()

    def end(self) -> None:
        """Tell and end."""
        self._clock.stop()
        QCoreApplication.exit(0)


def _compute(stop: threading.Event) -> None:
    """Hold Python's lock as much as a worker can that decodes and stores."""
    number = 0
    while not stop.is_set():
        number += 1


def main() -> None:
    """Run the window through its stages."""
    sys.setswitchinterval(SWITCH_S)
    app = QApplication(["concord"])
    language.install(lambda text: QCoreApplication.translate("Concord", text))
    looks = Looks(app, None)
    pool = TaskPool(looks)
    collector = Collector(app, lambda: bool(pool.running))
    collector.start()
    window = MainWindow(Services(Path(sys.argv[1]), Credentials()), pool)
    looks.shape()
    driver = Driver(window)
    window.opened.connect(looks.on_opened)
    window.show()
    AfterFirstPaint(window, lambda: window.start("demo"))
    app.exec()
    told = dict(driver.told)
    window.close()
    collector.stop()
    print(json.dumps(told))


if __name__ == "__main__":
    main()
