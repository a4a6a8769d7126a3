"""Jobs run in the window: those that are due while it is open, and the one that is asked for."""

from typing import Protocol

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QSystemTrayIcon, QWidget

from app.domain.control import CancelToken, Report
from app.domain.job import Job, JobNotice
from app.errors import AppError
from app.store.jobs import job_state
from app.sync.jobs import JobDesk
from app.sync.workbench import Workbench
from app.views.jobs.jobs_view import JobsView
from app.views.services import Services
from app.views.state.language import tr
from app.views.tasks import TaskPool, Work

LOOK_EVERY_MS = 20_000


class Desk(Protocol):
    """What running jobs needs of the window."""

    pool: TaskPool

    @property
    def bench(self) -> Workbench | None:
        """The open workspace."""
        ...

    def change_store(self, work: Work, title: str) -> bool:
        """Start work that writes the store; return whether nothing else was under way."""
        ...

    def on_failed(self, error: Exception) -> None:
        """Show an error."""
        ...


class JobRunner(QObject):
    """Looks every 20 seconds for what is due; a job that is due waits for the work under way.

    Signals:
        told, ended: From the worker, for this object alone.
    """

    told = Signal(object)
    ended = Signal()

    def __init__(self, desk: Desk, services: Services, view: JobsView, window: QWidget) -> None:
        super().__init__(window)
        self._desk, self._services, self._view, self._window = desk, services, view, window
        self._tray: QSystemTrayIcon | None = None
        self._looking = QTimer(self)
        self._looking.setInterval(LOOK_EVERY_MS)
        self._looking.timeout.connect(self.look)
        self.told.connect(self._on_told, Qt.ConnectionType.QueuedConnection)
        self.ended.connect(view.reload, Qt.ConnectionType.QueuedConnection)
        view.run_wanted.connect(self.run)

    def open(self, bench: Workbench) -> None:
        """Take another workspace's jobs; what broke off when Concord last ended is told."""
        self._view.open(bench)
        self._looking.start()
        if bench.store.refused is None:
            desk = self._job_desk(bench)
            task = self._desk.pool.start(lambda _cancel, _report: desk.settle_broken(), writes=True)
            task.succeeded.connect(self.look)
            task.failed.connect(self._on_failed)

    @Slot()
    def look(self) -> None:
        """Ask the store whether a job is due; if so, run what is."""
        bench = self._desk.bench
        if bench is not None and bench.store.refused is None:
            desk = self._job_desk(bench)
            task = self._desk.pool.start(lambda _cancel, _report: desk.is_due())
            task.succeeded.connect(self._on_looked)
            task.failed.connect(self._on_failed)

    @Slot(object)
    def _on_looked(self, is_due: bool) -> None:  # noqa: FBT001 - a signal's argument
        bench = self._desk.bench
        if is_due and bench is not None:
            desk = self._job_desk(bench)

            def work(cancel: CancelToken, report: Report) -> None:
                try:
                    for _done in desk.run_due(cancel, report):
                        self.ended.emit()
                finally:
                    self.ended.emit()

            # Where something else is under way, the job is due still at the next look.
            self._desk.change_store(work, tr("Running what is due"))

    @Slot(str)
    def run(self, name: str) -> None:
        """Run a job now."""
        bench = self._desk.bench
        if bench is None or bench.store.refused is not None:
            return
        desk = self._job_desk(bench)

        def work(cancel: CancelToken, report: Report) -> None:
            try:
                desk.run(job_state(bench.store, name).job, cancel, report)
            finally:
                self.ended.emit()

        self._desk.change_store(work, tr("Running {job}").format(job=name))

    def _job_desk(self, bench: Workbench) -> JobDesk:
        return JobDesk(bench, self._tell)

    def _tell(self, job: Job, notice: JobNotice) -> None:
        """Tell of a failure (in a worker): here, and whom the settings and the job name."""
        self.told.emit(notice)
        self._services.notifier()(job, notice)

    @Slot(object)
    def _on_told(self, notice: JobNotice) -> None:
        self._desk.on_failed(AppError(f"{notice.subject}. {notice.error}", notice.hint))
        if self._tray is None and QSystemTrayIcon.isSystemTrayAvailable():
            self._tray = QSystemTrayIcon(self._window.windowIcon(), self)
            self._tray.setToolTip("Concord")
        if self._tray is not None:
            self._tray.show()
            icon = QSystemTrayIcon.MessageIcon.Warning
            self._tray.showMessage(notice.subject, notice.text, icon)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._desk.on_failed(error)
