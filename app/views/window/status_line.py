"""The line at the bottom: the task under way, how far it is, and what it has cost."""

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QWidget

from app.sync.workbench import Workbench
from app.views.state.language import tr
from app.views.state.progress import calls_text, left_text, progress_bar, quota_lines
from app.views.tasks import Task, TaskPool
from app.views.widgets.elided_label import ElidedLabel
from app.views.widgets.labels import tool_button

_EVERY_MS = 200
_HEIGHT = 36


class StatusLine(QWidget):
    """Follows the newest task that has a title; says something of its own at rest."""

    def __init__(self, pool: TaskPool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pool = pool
        self._bench: Workbench | None = None
        self._task: Task | None = None
        self._resting = ""
        # What is too long is cut: a status must not hold the window wide.
        self._text, self._calls = ElidedLabel(), ElidedLabel("muted")
        self._bar = QProgressBar()
        self._stop = tool_button(tr("Stop"), "flat", "stop")
        self._clock = QTimer(self)
        self._clock.setInterval(_EVERY_MS)
        self._clock.timeout.connect(self._show)
        self._lay_out()
        pool.started.connect(self._on_started)
        self._show()

    def _lay_out(self) -> None:
        self.setObjectName("statusLine")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(_HEIGHT)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 0, 16, 0)
        layout.setSpacing(12)
        self._bar.setFixedWidth(180)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(tr("Progress of the running task"))
        layout.addWidget(self._bar)
        layout.addWidget(self._text)
        layout.addWidget(self._stop)
        layout.addStretch(1)
        layout.addWidget(self._calls)
        self._stop.clicked.connect(self._on_stop)

    @property
    def text(self) -> str:
        """What it says now."""
        return self._text.text()

    @property
    def calls(self) -> str:
        """What it says of calls, made and left."""
        return self._calls.text()

    def watch(self, bench: Workbench | None) -> None:
        """Count the calls of another workspace."""
        self._bench = bench
        self._show()

    def rest(self, text: str) -> None:
        """Say something when no task runs."""
        self._resting = text
        self._show()

    @Slot(object)
    def _on_started(self, task: Task) -> None:
        self._task = task
        task.finished.connect(self._on_finished)
        task.progressed.connect(self._show)
        self._stop.setEnabled(True)
        self._clock.start()
        self._show()

    @Slot()
    def _on_finished(self) -> None:
        if self.sender() is self._task:
            left = [t for t in self._pool.running if t.title and t is not self._task]
            self._task = left[-1] if left else None
        self._show()

    @Slot()
    def _on_stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._stop.setEnabled(False)

    @Slot()
    def _show(self) -> None:
        task = self._task
        self._bar.setVisible(task is not None)
        self._stop.setVisible(task is not None)
        if self._bench is not None:
            quotas = {side: it.quotas for side, it in self._bench.connectors.items()}
            left = left_text(quotas)
            made = calls_text(self._bench.calls())
            self._calls.setText(" \u00b7 ".join(part for part in (made, left) if part))
            self._calls.setToolTip(quota_lines(quotas))
        if task is None:
            self._clock.stop()
            self._text.setText(self._resting)
            return
        state = progress_bar(task.title, task.latest, task.elapsed_s)
        stopping = tr("Stopping\u2026") if task.token.is_cancelled else ""
        self._text.setText(stopping or state.text)
        self._bar.setRange(0, 0 if state.share is None else 1000)
        self._bar.setValue(round((state.share or 0) * 1000))
