"""Commit: the plan in words, then its run, then what became of it."""

import getpass
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSize, QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

from app.domain.control import CancelToken, Progress, Report
from app.domain.plan import CommitPlan
from app.domain.record import Side
from app.store.journal import now_text
from app.sync.commit import CommitResult, commit
from app.sync.plan_file import approve, save_plan
from app.sync.planner import Selection, build_plan
from app.sync.workbench import Workbench
from app.views.commit.commit_outcome_page import OutcomePage
from app.views.commit.commit_running_page import RunningPage
from app.views.commit.commit_summary_page import SummaryPage
from app.views.commit.retry_edits import RetryEdits
from app.views.state.commit_outcome import ListedOperation, export_head, export_rows, listed
from app.views.state.commit_run import Gate, Meter, gated, pace_words, used
from app.views.state.commit_summary import (
    Summary,
    approval_words,
    may_run,
    problem_rows,
    summary,
)
from app.views.state.export import export_lines
from app.views.state.language import tr
from app.views.state.progress import notice, progress_bar
from app.views.state.retry import retry_plan
from app.views.tasks import Task, TaskPool, Work
from app.views.widgets.ask_file import FileKind, ask_to_save
from app.views.widgets.labels import label, push_button
from app.views.widgets.tall_form import fit_screen
from app.views.widgets.work_dialog import WorkDialog

_TICK_MS = 250
_MESSAGE, _SUMMARY, _RUNNING, _OUTCOME = range(4)


MakePlan = Callable[[Workbench, CancelToken, Report], CommitPlan]


def plan_ticked(bench: Workbench, cancel: CancelToken, report: Report) -> CommitPlan:
    """Return the plan of what is ticked."""
    return build_plan(bench, Selection(), cancel, report)


@dataclass(frozen=True, slots=True)
class _Planned:
    """A plan, and what the dialog shows of it; both are made by a worker."""

    plan: CommitPlan
    view: Summary


@dataclass(frozen=True, slots=True)
class _Running:
    """A commit under way: how far it is, how it is held, and the calls made before it."""

    meter: Meter
    gate: Gate
    calls_before: Mapping[Side, int]


class CommitDialog(WorkDialog):
    """Plans what is ticked, shows it, and commits it when told to. Opened with `open()`.

    Signals:
        committed: A `CommitResult`; the store has changed.
    """

    committed = Signal(object)

    def __init__(
        self,
        bench: Workbench,
        pool: TaskPool,
        production: Sequence[str],
        parent: QWidget | None,
        *,
        make_plan: MakePlan = plan_ticked,
    ) -> None:
        """Ask for the plan at once; `make_plan` says which, without it that of what is ticked."""
        super().__init__(pool, parent, running=_RUNNING)
        self._bench, self._production = bench, tuple(production)
        self._planned: _Planned | None = None
        self._running: _Running | None = None
        self._result: CommitResult | None = None
        self._listing: Task | None = None
        self.summary = SummaryPage()
        self.running: RunningPage
        self.outcome: OutcomePage
        self.edits = RetryEdits(bench, self)
        self._clock = QTimer(self)
        self._clock.setInterval(_TICK_MS)
        self._clock.timeout.connect(self._show_progress)
        self.setWindowTitle(tr("Commit"))
        fit_screen(self, QSize(980, 700))
        self._lay_out()
        self._connect()
        self._build_plan(make_plan)

    def _lay_out(self) -> None:
        buttons = self._stack(self.summary)
        self.save, self.approve = push_button(tr("Save plan\u2026")), push_button(tr("Approve"))
        self.approve.setToolTip(tr("Note in the plan that you read it and found it good"))
        self._said = label("", "muted")
        for widget in (self.save, self.approve, self._said, self._typed_label, self.typed):
            buttons.addWidget(widget)
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.run)

    def _connect(self) -> None:
        self.save.clicked.connect(self._on_save)
        self.approve.clicked.connect(self._on_approve)
        self.run.clicked.connect(self._on_run)
        self.summary.export_wanted.connect(self._on_export_problems)
        self.edits.changed.connect(self._on_edited)

    def _add_pages_of_run(self) -> None:
        """Make what a run shows, which takes as long as the rest of the dialog."""
        self.running, self.outcome = RunningPage(), OutcomePage()
        self._pages.addWidget(self.running)
        self._pages.addWidget(self.outcome)
        self.running.pause_wanted.connect(self._on_pause)
        self.outcome.list_wanted.connect(self._on_list)
        self.outcome.edit_wanted.connect(self.edits.ask)
        self.outcome.retry_wanted.connect(self._on_retry)
        self.outcome.export_wanted.connect(self._on_export_list)

    def _build_plan(self, make_plan: MakePlan) -> None:
        bench, production = self._bench, self._production
        self._planned = None
        self._message.tell_busy(tr("Planning"), tr("Nothing is written yet."))
        self._pages.setCurrentIndex(_MESSAGE)

        def work(cancel: CancelToken, report: Report) -> _Planned:
            plan = make_plan(bench, cancel, report)
            return _Planned(plan, summary(plan, bench.mapping, production))

        self._start(work, tr("Planning the commit")).succeeded.connect(self._on_plan)
        self._show_buttons()

    def _start(self, work: Work, title: str, *, writes: bool = False) -> Task:
        self._task = self._pool.start(work, title=title, writes=writes)
        self._task.failed.connect(self._on_failed)
        self._task.cancelled.connect(self._on_stopped)
        return self._task

    @Slot(object)
    def _on_plan(self, planned: _Planned) -> None:
        self._task, self._planned = None, planned
        if self._pages.count() == _RUNNING:
            self._add_pages_of_run()
        self.summary.show_summary(planned.view)
        self._pages.setCurrentIndex(_SUMMARY)
        self._said.clear()
        self.typed.clear()
        self._show_buttons()
        (self.typed if planned.view.typed_name else self.run).setFocus()

    @Slot()
    def _on_approve(self) -> None:
        planned = self._planned
        if planned is None:
            return
        plan = approve(planned.plan, getpass.getuser(), now_text())
        shown = replace(planned.view, approvals=approval_words(plan.approvals))
        self._planned = _Planned(plan, shown)
        self.summary.show_approvals(shown)
        self._show_buttons()

    @Slot()
    def _on_save(self) -> None:
        name = f"{self._bench.name}-plan.json"
        dialog = ask_to_save(self, tr("Save the plan"), FileKind(tr("Plans"), "json"), name)
        dialog.fileSelected.connect(self._on_plan_file)

    @Slot(str)
    def _on_plan_file(self, name: str) -> None:
        planned = self._planned
        if planned is None or self._task is not None:
            return
        self._write_file(partial(save_plan, planned.plan), Path(name))

    @Slot()
    def _on_export_problems(self) -> None:
        self._ask_csv(f"{self._bench.name}-problems.csv", self._on_problems_file)

    @Slot(str)
    def _on_problems_file(self, name: str) -> None:
        planned = self._planned
        if planned is not None:
            rows = problem_rows(planned.view)
            self._write_file(lambda path: export_lines(path, rows[0], rows[1:]), Path(name))

    @Slot()
    def _on_export_list(self) -> None:
        self._ask_csv(f"{self._bench.name}-outcome.csv", self._on_list_file)

    @Slot(str)
    def _on_list_file(self, name: str) -> None:
        lines = self.outcome.lines
        self._write_file(
            lambda path: export_lines(path, export_head(), export_rows(lines)), Path(name)
        )

    def _ask_csv(self, name: str, then: Callable[[str], None]) -> None:
        dialog = ask_to_save(self, tr("Export"), FileKind("CSV", "csv"), name)
        dialog.fileSelected.connect(then)

    def _write_file(self, write: Callable[[Path], None], path: Path) -> None:
        """Write a file by a worker; a failure is said here, the page stays."""

        def work(_cancel: CancelToken, _report: Report) -> Path:
            write(path)
            return path

        task = self._pool.start(work, title=tr("Writing the file"))
        self._task = task
        task.succeeded.connect(self._on_file)
        task.failed.connect(self._on_no_file)
        self._show_buttons()

    @Slot(object)
    def _on_file(self, path: Path) -> None:
        self._task = None
        self._said.setText(tr("Saved: {file}").format(file=path.name))
        self._said.setToolTip(str(path))
        self._show_buttons()

    @Slot(object)
    def _on_no_file(self, error: Exception) -> None:
        self._task = None
        self._said.setText(notice(error).summary)
        self._said.setToolTip(notice(error).hint)
        self._show_buttons()

    @Slot()
    def _on_run(self) -> None:
        bench, planned = self._bench, self._planned
        if planned is None or self._task is not None:
            return
        plan = planned.plan
        running = _Running(Meter(plan.tally, bench.mapping), Gate(), bench.calls())

        def work(cancel: CancelToken, report: Report) -> CommitResult:
            def watched(progress: Progress) -> None:
                running.meter.note(progress)
                report(progress)

            return commit(gated(bench, running.gate), plan, cancel, watched)

        self._running = running
        self.running.begin(running.meter.bars)
        self._pages.setCurrentIndex(_RUNNING)
        self._start(work, tr("Committing"), writes=True).succeeded.connect(self._on_committed)
        self._show_buttons()
        self._show_progress()
        self._clock.start()

    @Slot(bool)
    def _on_pause(self, held: bool) -> None:  # noqa: FBT001 - Qt's signal
        if self._running is not None:
            (self._running.gate.close if held else self._running.gate.open)()

    @Slot()
    def _show_progress(self) -> None:
        task, running = self._task, self._running
        if task is None or running is None:
            self._clock.stop()
            return
        meter, elapsed_s = running.meter, task.elapsed_s - running.gate.closed_s
        reading = progress_bar(tr("Reading again what is to be written"), task.latest, elapsed_s)
        share = meter.done / meter.total if meter.done else None
        words = pace_words(meter, elapsed_s) if meter.done else reading.text
        calls = used(self._bench.calls(), running.calls_before)
        self.running.show_pace(share, words, calls)
        self.running.show_bars(meter.bars)

    @Slot(object)
    def _on_committed(self, result: CommitResult) -> None:
        self._task, self._result = None, result
        self.edits.made.clear()
        self.outcome.show_result(result)
        self._pages.setCurrentIndex(_OUTCOME)
        self._said.clear()
        self._show_buttons()
        self.committed.emit(result)

    @Slot(str)
    def _on_list(self, name: str) -> None:
        bench, result = self._bench, self._result
        if result is None:
            return

        def work(cancel: CancelToken, _report: Report) -> list[ListedOperation]:
            return listed(bench, result.commit, name, cancel)

        self._listing = self._pool.start(work)
        self._listing.succeeded.connect(self._on_listed)
        self._listing.failed.connect(self._on_no_file)

    @Slot(object)
    def _on_listed(self, lines: list[ListedOperation]) -> None:
        # A longer list that was asked for earlier may come later.
        if self.sender() is self._listing:
            self.outcome.show_list(lines, self.edits.made)

    @Slot()
    def _on_edited(self) -> None:
        self.outcome.show_list(self.outcome.lines, self.edits.made)

    @Slot()
    def _on_retry(self) -> None:
        result, edits = self._result, dict(self.edits.made)
        if result is not None and self._task is None:
            run = result.commit
            self._build_plan(
                lambda bench, cancel, report: retry_plan(bench, run, edits, cancel, report)
            )

    @Slot()
    def _on_stopped(self) -> None:
        if self._pages.currentIndex() != _RUNNING:
            self._task = None
            self.reject()
            return
        words = tr("Nothing was changed anywhere.")
        self._end_with("info", tr("Stopped before anything was sent"), words)

    def _end_with(self, icon: str, heading: str, words: str) -> None:
        self._planned = None
        super()._end_with(icon, heading, words)

    @Slot()
    def _on_cancel(self) -> None:
        if self._is_running:
            self.running.pause.setEnabled(False)
        super()._on_cancel()

    def _show_buttons(self) -> None:
        planned, on_summary = self._planned, self._pages.currentIndex() == _SUMMARY
        view = planned.view if planned is not None and on_summary else None
        free = view is not None and self._task is None
        name = view.typed_name if view is not None else ""
        words = tr("Production: type {name} to commit").format(name=name)
        self._want_typed(name, words)
        some = view is not None and view.can_run
        self.save.setVisible(some)
        self.approve.setVisible(some)
        self.save.setEnabled(free)
        self.approve.setEnabled(free and not self._approved())
        self.run.setVisible(on_summary)
        refused = self._bench.store.refused
        may = view is not None and may_run(view, self.typed.text()) and refused is None
        self.run.setEnabled(free and may)
        self.run.setToolTip(str(refused or ""))
        self.run.setDefault(on_summary)
        if view is not None:
            self.run.setText(view.run_label)
            self.run.setAccessibleName(view.run_label)
        self.cancel.setEnabled(True)
        self.cancel.setText(tr("Cancel") if some or self._task is not None else tr("Close"))

    def _approved(self) -> bool:
        who, plan = getpass.getuser(), None if self._planned is None else self._planned.plan
        return plan is not None and any(each.who == who for each in plan.approvals)
