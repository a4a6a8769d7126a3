"""Joins what writes with the window: the dialogs of a commit, an undo and a prepare, and resume."""

from typing import Protocol

from PySide6.QtCore import QObject, Qt, Signal, SignalInstance, Slot
from PySide6.QtWidgets import QDialog, QWidget

from app.domain.control import CancelToken, Report
from app.sync.commit import CommitResult, resume
from app.sync.compare import compare
from app.sync.prepare import can_prepare
from app.sync.undo import UndoPart, build_undo
from app.sync.workbench import Workbench
from app.views.commit.commit_dialog import CommitDialog, MakePlan, plan_ticked
from app.views.commit.history_view import HistoryView
from app.views.connections.connections_view import ConnectionsView
from app.views.connections.prepare_dialog import PrepareDialog
from app.views.state.history import broken_off
from app.views.state.language import tr
from app.views.state.progress import Notice
from app.views.tasks import TaskPool, Work
from app.views.window.frame import NoticeBar, TopBar


class Desk(Protocol):
    """What these dialogs need of the window."""

    pool: TaskPool
    bar: TopBar
    history: HistoryView
    connections: ConnectionsView
    notice: NoticeBar

    @property
    def bench(self) -> Workbench | None:
        """The open workspace."""
        ...

    @property
    def is_free(self) -> bool:
        """Whether nothing that writes is under way."""
        ...

    @property
    def production(self) -> tuple[str, ...]:
        """The names of the open workspace's connections that are production."""
        ...

    @property
    def opened(self) -> SignalInstance:
        """Emitted with a workspace's name, when it is shown."""
        ...

    def start(self, workspace: str = "") -> None:
        """Read what is set up, then open a workspace."""
        ...

    def open_workspace(self, name: str) -> None:
        """Open a workspace and show it."""
        ...

    def compare(self) -> None:
        """Compare what was read."""
        ...

    def change_store(self, work: Work, title: str) -> bool:
        """Start work that writes the store; return whether nothing else was under way."""
        ...


class CommitDesk(QObject):
    """Opens the dialogs in which something is written, each only after it was confirmed there.

    Signals:
        ended: From the worker that resumes, for this object alone.
    """

    ended = Signal()

    def __init__(self, desk: Desk, window: QWidget) -> None:
        super().__init__(window)
        self._desk, self._window = desk, window
        self._to_prepare = ""
        desk.bar.commit_wanted.connect(self.plan_commit)
        desk.history.resume_wanted.connect(self.resume)
        desk.history.undo_wanted.connect(self.plan_undo)
        desk.connections.workspace_made.connect(self._on_first_look)
        desk.connections.prepare_wanted.connect(self.prepare)
        desk.opened.connect(self._on_opened)
        self.ended.connect(self._on_ended, Qt.ConnectionType.QueuedConnection)

    @Slot()
    def plan_commit(self) -> None:
        """Open the commit dialog on what is ticked."""
        if self._desk.bar.commit.isEnabled():
            self.open_commit(plan_ticked)

    @Slot(str, object)
    def plan_undo(self, run: str, part: UndoPart) -> None:
        """Open the commit dialog with the plan that takes a commit, or a part of it, back."""
        self.open_commit(lambda bench, cancel, report: build_undo(bench, run, cancel, report, part))

    def open_commit(self, make_plan: MakePlan) -> None:
        """Open the commit dialog on a plan; nothing is written before it was confirmed there."""
        desk, bench = self._desk, self._desk.bench
        if bench is not None and desk.is_free:
            dialog = CommitDialog(
                bench, desk.pool, desk.production, self._window, make_plan=make_plan
            )
            dialog.committed.connect(self._on_committed)
            _open(dialog)

    @Slot(object)
    def _on_committed(self, _result: CommitResult) -> None:
        # What was written agrees now; the differences that are left are judged anew.
        self._desk.compare()
        self._desk.history.reload()

    @Slot()
    def resume(self) -> None:
        """Bring the oldest commit that broke off to its end."""
        bench = self._desk.bench
        if bench is None:
            return

        def work(cancel: CancelToken, report: Report) -> CommitResult | None:
            try:
                bench.store.claim()  # the commit may be under way in another process
                result = resume(bench, cancel, report)
                compare(bench, cancel, report)
                return result
            finally:
                self.ended.emit()

        if self._desk.change_store(work, tr("Resuming")):
            self._desk.history.resume.setEnabled(False)

    @Slot()
    def _on_ended(self) -> None:
        self._desk.history.resume.setEnabled(True)
        self._desk.history.reload()

    @Slot(str)
    def prepare(self, name: str) -> None:
        """Open a workspace and show what its Salesforce lacks; nothing is made before a yes."""
        if self._desk.is_free:
            self._to_prepare = name
            self._desk.open_workspace(name)

    @Slot(str)
    def _on_first_look(self, name: str) -> None:
        """Go on from a workspace just made to the last step: what the org lacks."""
        self._to_prepare = name
        self._desk.start(name)

    @Slot(str)
    def _on_opened(self, name: str) -> None:
        bench = self._desk.bench
        wanted, self._to_prepare = self._to_prepare == name, ""
        if wanted and bench is not None and can_prepare(bench):
            _open(PrepareDialog(bench, self._desk.pool, self._desk.production, self._window))
        if bench is not None and bench.store.refused is None:  # else it may be under way there
            task = self._desk.pool.start(lambda _cancel, _report: (bench, broken_off(bench.store)))
            task.succeeded.connect(self._on_looked)

    @Slot(object)
    def _on_looked(self, found: tuple[Workbench, Notice | None]) -> None:
        bench, told = found
        if told is not None and bench is self._desk.bench and self._desk.is_free:
            self._desk.notice.tell(told)


def _open(dialog: QDialog) -> None:
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
