"""Work off the window's thread: the only place where Qt meets threads."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot

from app.domain.control import CancelToken, Progress, Report
from app.errors import AppError, Cancelled

log = logging.getLogger(__name__)

Work = Callable[[CancelToken, Report], Any]
REPORT_EVERY_S = 0.05
_THREAD = "worker"
READERS = 4


@dataclass(frozen=True, slots=True)
class End:
    """How a piece of work ended: with a result, or with an error."""

    result: object = None
    error: Exception | None = None


class Task(QObject):
    """A piece of work under way. All its signals but `arrived` are emitted in the window's thread.

    Signals:
        progressed: A `Progress`; at most one in 50 ms, and always the last.
        succeeded: The work's result.
        failed: The exception that ended it; an `AppError` is meant for people.
        cancelled: It stopped because somebody asked; this is no failure.
        finished: Always, and always last.
    """

    progressed = Signal(object)
    succeeded = Signal(object)
    failed = Signal(object)
    cancelled = Signal()
    finished = Signal()
    arrived = Signal(object)

    def __init__(self, parent: QObject, title: str) -> None:
        super().__init__(parent)
        self.title = title
        self.token = CancelToken()
        self.started_at = time.monotonic()
        self.latest: Progress | None = None
        self.arrived.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    @property
    def elapsed_s(self) -> float:
        """How long ago it was started."""
        return time.monotonic() - self.started_at

    def cancel(self) -> None:
        """Ask the work to stop at its next step."""
        self.token.cancel()

    @Slot(object)
    def _deliver(self, message: Progress | End) -> None:
        if isinstance(message, Progress):
            self.latest = message
            self.progressed.emit(message)
            return
        try:
            self._end(message)
        finally:
            self.finished.emit()
            self.deleteLater()

    def _end(self, end: End) -> None:
        if end.error is None:
            self.succeeded.emit(end.result)
        elif isinstance(end.error, Cancelled):
            self.cancelled.emit()
        else:
            self.failed.emit(end.error)


class _Run:
    """Carries work into a thread of the pool; what it has to say goes through one signal."""

    def __init__(self, task: Task, work: Work) -> None:
        self._send = task.arrived.emit
        self._token, self._title, self._work = task.token, task.title, work
        # Work may report from several threads of its own.
        self._lock = threading.Lock()
        self._waiting: Progress | None = None
        self._sent_at = 0.0

    def __call__(self) -> None:
        """Do the work and tell how it ended."""
        try:
            end = End(result=self._work(self._token, self._report))
        except AppError as error:
            end = End(error=error)
        except Exception as error:
            log.exception("%s failed", self._title or "A task")
            end = End(error=error)
        self._flush()
        self._tell(end)

    def _report(self, progress: Progress) -> None:
        with self._lock:
            now = time.monotonic()
            if now - self._sent_at < REPORT_EVERY_S:
                self._waiting = progress
                return
            self._sent_at, self._waiting = now, None
        self._tell(progress)

    def _flush(self) -> None:
        if self._waiting is not None:
            self._tell(self._waiting)

    def _tell(self, message: Progress | End) -> None:
        try:
            self._send(message)
        except RuntimeError:
            # The window closed without waiting for us; there is nobody left to tell.
            log.debug("Nobody waits for %s any more", self._title)


class TaskPool(QObject):
    """One worker for whatever writes the store, and several that only read; they outlive views.

    They are Python's threads: of one that Qt starts, Python forgets after each piece of work what
    it had of its own, such as its connections to the store.

    Signals:
        started: A `Task` that has a title, for the status line.
    """

    started = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._writer = ThreadPoolExecutor(1, _THREAD)
        self._readers = ThreadPoolExecutor(READERS, _THREAD)
        # A run is kept until its end was delivered: what its work holds may be of the window.
        self._running: dict[Task, tuple[_Run, Future[None]]] = {}

    @property
    def running(self) -> tuple[Task, ...]:
        """The tasks under way, oldest first."""
        return tuple(self._running)

    def start(self, work: Work, *, title: str = "", writes: bool = False) -> Task:
        """Start work and return its task; connect to it before the event loop runs again.

        Args:
            work: Called with a cancel token and a report function, in a worker's thread.
            title: What the status line shows; "" for small work that nobody needs to see.
            writes: Whether it writes the store or a remote system: then it waits its turn.
        """
        task = Task(self, title)
        run = _Run(task, work)
        task.finished.connect(self._forget)
        self._running[task] = run, (self._writer if writes else self._readers).submit(run)
        if title:
            self.started.emit(task)
        return task

    def shutdown(self, limit_s: float = 5.0) -> bool:
        """Cancel everything and wait; return whether all workers stopped in time."""
        for task in self.running:
            task.cancel()
        return not wait([future for _run, future in self._running.values()], limit_s).not_done

    @Slot()
    def _forget(self) -> None:
        task = self.sender()
        if isinstance(task, Task):
            self._running.pop(task, None)
