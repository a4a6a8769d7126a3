"""The jobs of the open workspace: what each does, when, what came of it; made, changed, run."""

import time
from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QMessageBox, QVBoxLayout, QWidget

from app.domain.control import CancelToken, Report
from app.domain.job import Job, JobState
from app.store.jobs import disable_job, enable_job, job_states, remove_job
from app.sync.workbench import Workbench
from app.views.jobs.job_dialog import JobDialog
from app.views.models.rows import Column, Line, Rows
from app.views.state.difference import Tone
from app.views.state.job_draft import JobDraft, draft_of, keep_job
from app.views.state.jobs import JobLine, job_buttons, job_line
from app.views.state.language import tr
from app.views.tasks import Task, TaskPool
from app.views.widgets.labels import label, push_button
from app.views.widgets.looks import colours_of
from app.views.widgets.row_table import RowTable


class JobsView(QWidget):
    """Lists the jobs; who runs them is the window.

    Signals:
        run_wanted: The job of that name is to be run now.
        failed: An exception, for the window's notice.
    """

    run_wanted = Signal(str)
    failed = Signal(object)

    def __init__(self, pool: TaskPool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pool = pool
        self._bench: Workbench | None = None
        self._lines: Sequence[JobLine] = ()
        self._chosen = ""
        self._working = False
        self.jobs = Rows(
            [Column(tr("Job")), Column(tr("Schedule")), Column(tr("Next run")),
             Column(tr("Last run")), Column(tr("Read"), numeric=True),
             Column(tr("Changed"), numeric=True), Column(tr("Written"), numeric=True),
             Column(tr("To review"), numeric=True), Column(tr("Result"))], self,
        )  # fmt: skip
        self.table = RowTable(self.jobs, tr("Jobs"), (196, 110, 130, 136, 60, 82, 76, 90, 0))
        self.detail = label("", "", wrap=True)
        self.run = push_button(tr("Run now"), "primary", "play")
        self.switch = push_button(tr("Enable"))
        self.new = push_button(tr("New\u2026"), "", "plus")
        self.change = push_button(tr("Change\u2026"))
        self.remove = push_button(tr("Remove"), "", "delete")
        self._lay_out()
        self.show_working(working=False)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(16, 12, 16, 8)
        head.setSpacing(8)
        head.addWidget(label(tr("Jobs"), "heading"))
        head.addStretch(1)
        for button in (self.new, self.change, self.remove, self.switch, self.run):
            head.addWidget(button)
        words = tr("Jobs run while this window is open, or under the command concord serve.")
        foot = label(words, "muted", wrap=True)
        self.detail.setContentsMargins(16, 12, 16, 4)
        self.detail.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        foot.setContentsMargins(16, 4, 16, 12)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.detail)
        layout.addWidget(foot)
        self.run.clicked.connect(self._on_run)
        self.switch.clicked.connect(self._on_switch)
        self.new.clicked.connect(self._on_new)
        self.change.clicked.connect(self._on_change)
        self.remove.clicked.connect(self._on_remove)
        self.table.selectionModel().currentRowChanged.connect(self._on_chosen)

    def open(self, bench: Workbench | None) -> None:
        """Show another workspace's jobs."""
        self._bench, self._chosen = bench, ""
        self.reload()

    @Slot()
    def reload(self) -> None:
        """Read the jobs again."""
        bench = self._bench
        if bench is None:
            self._show([])
            return
        task = self._pool.start(lambda _cancel, _report: job_states(bench.store))
        task.succeeded.connect(self._show)
        task.failed.connect(self.failed)

    def show_working(self, *, working: bool) -> None:
        """Take whether something is under way that a job would have to wait for."""
        self._working = working
        self._show_buttons()

    @Slot(object)
    def _show(self, states: Sequence[JobState]) -> None:
        bench = self._bench
        self._lines = [] if bench is None else [job_line(one, bench.mapping) for one in states]
        tones, chosen = colours_of(self.palette()).tones, self._chosen
        self.jobs.show(
            [
                Line(
                    (line.name, line.schedule, line.next_run, line.last_run, line.read,
                     line.changed, line.written, line.waiting, line.result),
                    line.name, tones[Tone.CONFLICT].front if line.failed else "",
                )
                for line in self._lines
            ]
        )  # fmt: skip
        names = [line.name for line in self._lines]
        if names:
            self.table.selectRow(names.index(chosen) if chosen in names else 0)
        self._show_buttons()

    @Slot()
    def _on_chosen(self) -> None:
        line = self._line()
        self._chosen = "" if line is None else line.name
        self._show_buttons()

    def _line(self) -> JobLine | None:
        row = self.table.currentIndex().row()
        return self._lines[row] if 0 <= row < len(self._lines) else None

    def _show_buttons(self) -> None:
        refused = "" if self._bench is None else str(self._bench.store.refused or "")
        line = self._line()
        state = job_buttons(line, working=self._working, refused=refused)
        self.detail.setText("" if line is None else line.detail)
        self.run.setEnabled(state.can_run)
        self.run.setToolTip(state.hint)
        self.switch.setEnabled(state.can_switch)
        self.switch.setText(state.switch_label)
        self.switch.setAccessibleName(state.switch_label)
        self.new.setEnabled(self._bench is not None)
        for button in (self.change, self.remove):
            button.setEnabled(state.is_own)
            button.setToolTip(state.own_hint)

    @Slot()
    def _on_run(self) -> None:
        line = self._line()
        if line is not None:
            self.run_wanted.emit(line.name)

    @Slot()
    def _on_switch(self) -> None:
        line = self._line()
        if line is not None:
            name, is_enabled = line.name, line.enabled

            def switch(bench: Workbench) -> None:
                if is_enabled:
                    disable_job(bench.store, name)
                else:
                    enable_job(bench.store, name, time.time())

            self._store(switch, self.failed.emit)

    @Slot()
    def _on_new(self) -> None:
        self._ask(JobDraft(), "")

    @Slot()
    def _on_change(self) -> None:
        line = self._line()
        if line is not None and line.is_own:
            self._ask(draft_of(line.job), line.name)

    def _ask(self, draft: JobDraft, name: str) -> None:
        """Open the dialog of a job; `name` is that of the one to be changed, "" for a new one."""
        if self._bench is None:
            return
        dialog = JobDialog(self._bench.mapping, draft, self, is_new=not name)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def keep(job: Job) -> None:
            self._chosen = job.name
            task = self._store(lambda bench: keep_job(bench, name, job), dialog.refuse)
            if task is not None:
                task.succeeded.connect(dialog.accept)

        dialog.made.connect(keep)
        dialog.open()

    @Slot()
    def _on_remove(self) -> None:
        line = self._line()
        if line is None or not line.is_own:
            return
        name = line.name
        text = tr("Remove the job {name}? What it read and committed stays.").format(name=name)
        box = QMessageBox(QMessageBox.Icon.Question, tr("Remove"), text, parent=self)
        yes = box.addButton(tr("Remove"), QMessageBox.ButtonRole.AcceptRole)
        box.addButton(tr("Keep"), QMessageBox.ButtonRole.RejectRole)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        yes.clicked.connect(
            lambda: self._store(lambda bench: remove_job(bench.store, name), self.failed.emit)
        )
        box.open()

    def _store(
        self, change: Callable[[Workbench], None], failed: Callable[[Exception], None]
    ) -> Task | None:
        """Change the jobs in a worker, and show them as they are then."""
        bench = self._bench
        if bench is None:
            return None

        def work(_cancel: CancelToken, _report: Report) -> list[JobState]:
            change(bench)
            return job_states(bench.store)

        task = self._pool.start(work)
        task.succeeded.connect(self._show)
        task.failed.connect(failed)
        return task
