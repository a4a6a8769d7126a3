"""Commit: the plan in words, then its run, then what became of it."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.domain.control import CancelToken, Progress, Report
from app.domain.plan import CommitPlan
from app.sync.commit import CommitResult, commit
from app.sync.planner import Selection, build_plan
from app.sync.workbench import Workbench
from app.views.labels import label, push_button
from app.views.looks import colours_of
from app.views.message_page import MessagePage
from app.views.models.rows import Column, Line, Rows
from app.views.row_table import RowTable
from app.views.state.commit_summary import Summary, may_run, outcome_view, summary
from app.views.state.difference import Tone
from app.views.state.language import tr
from app.views.state.progress import notice, progress_bar
from app.views.tasks import Task, TaskPool

_TICK_MS = 500
_MESSAGE, _SUMMARY, _RUNNING, _OUTCOME = range(4)


MakePlan = Callable[[Workbench, CancelToken, Report], CommitPlan]


def plan_ticked(bench: Workbench, cancel: CancelToken, report: Report) -> CommitPlan:
    """Return the plan of what is ticked."""
    return build_plan(bench, Selection(), cancel, report)


class CommitDialog(QDialog):
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
        super().__init__(parent)
        self._make_plan = make_plan
        self._bench, self._pool, self._production = bench, pool, production
        self._plan: CommitPlan | None = None
        self._summary: Summary | None = None
        self._task: Task | None = None
        self._pages = QStackedWidget()
        self._message = MessagePage()
        self._clock = QTimer(self)
        self._clock.setInterval(_TICK_MS)
        self._clock.timeout.connect(self._show_progress)
        self.setWindowTitle(tr("Commit"))
        self.resize(880, 680)
        self._lay_out()
        self._build_plan()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(16)
        for page in (
            self._message, self._summary_page(), self._running_page(), self._outcome_page(),
        ):  # fmt: skip
            self._pages.addWidget(page)
        layout.addWidget(self._pages, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        self.typed = QLineEdit()
        self.typed.textChanged.connect(self._on_typed)
        self._typed_label = label("", "muted")
        self._typed_label.setBuddy(self.typed)
        buttons.addWidget(self._typed_label)
        buttons.addWidget(self.typed)
        buttons.addStretch(1)
        self.cancel = push_button(tr("Cancel"))
        self.run = push_button(tr("Commit"), "primary")
        self.cancel.clicked.connect(self._on_cancel)
        self.run.clicked.connect(self._on_run)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.run)
        layout.addLayout(buttons)
        self._show_buttons(can_run=False)

    def _summary_page(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        self._headline = label("", "heading", wrap=True)
        self._cost = label("", "muted", wrap=True)
        self.counts = Rows(
            [Column(tr("Change")), Column(tr("Records")), Column(tr("Where")),
             Column(tr("Count"), numeric=True)], self,
        )  # fmt: skip
        self.problems = Rows(
            [Column(tr("Problem")), Column(tr("Record")), Column(tr("What"))], self
        )
        self._problems_label = label("", "section")
        self._problem_table = RowTable(self.problems, tr("Problems of the plan"), (90, 280, 0))
        self._not_checked = label("", "muted", wrap=True)
        layout.addWidget(self._headline)
        layout.addWidget(self._cost)
        layout.addSpacing(8)
        table = RowTable(self.counts, tr("Changes by kind"), (110, 0, 140, 90))
        layout.addWidget(table, 3)
        layout.addWidget(self._problems_label)
        layout.addWidget(self._problem_table, 2)
        layout.addWidget(self._not_checked)
        return page

    def _running_page(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(12)
        self._running = label(tr("Committing"), "heading")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(tr("Progress of the commit"))
        self._bar_text = label("", "muted")
        layout.addWidget(self._running)
        layout.addWidget(self._bar)
        layout.addWidget(self._bar_text)
        layout.addStretch(1)
        hint = tr(
            "Cancel stops between two calls: nothing is left half-written, and what was not sent"
            " stays in the history, from where it can be resumed."
        )
        layout.addWidget(label(hint, "muted", wrap=True))
        return page

    def _outcome_page(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        self._outcome = label("", "heading", wrap=True)
        self._selected, self._sent = label("", "section"), label("", "section")
        self._outcome_cost = label("", "muted")
        self.failures = Rows(
            [
                Column(tr("Outcome")),
                Column(tr("Record")),
                Column(tr("Field")),
                Column(tr("Message")),
            ],
            self,
        )
        self._failure_table = RowTable(
            self.failures, tr("What was not written"), (80, 230, 100, 0), text_lines=3
        )
        for widget in (self._outcome, self._selected, self._sent, self._outcome_cost):
            layout.addWidget(widget)
        layout.addSpacing(8)
        layout.addWidget(self._failure_table, 1)
        layout.addStretch()
        return page

    def _build_plan(self) -> None:
        bench, make_plan = self._bench, self._make_plan
        self._message.tell_busy(tr("Planning"), tr("Nothing is written yet."))

        def work(cancel: CancelToken, report: Report) -> CommitPlan:
            return make_plan(bench, cancel, report)

        self._task = self._pool.start(work, title=tr("Planning the commit"))
        self._task.succeeded.connect(self._on_plan)
        self._task.failed.connect(self._on_failed)
        self._task.cancelled.connect(self.reject)

    @Slot(object)
    def _on_plan(self, plan: CommitPlan) -> None:
        self._task = None
        self._plan = plan
        self._summary = view = summary(plan, self._bench.mapping, self._production)
        self._headline.setText(view.headline)
        self._cost.setText(view.cost if view.can_run else "")
        tones = colours_of(self.palette()).tones
        self.counts.show(
            [
                Line(
                    (line.verb, line.entity, line.side, f"{line.count:,}"), line,
                    tones[Tone.BILLING].front if line.deletes else "", line.deletes,
                )
                for line in view.lines
            ]
        )  # fmt: skip
        self._show_problems(view)
        self._pages.setCurrentIndex(_SUMMARY)
        self._show_buttons(can_run=may_run(view, ""))
        (self.typed if view.typed_name else self.run).setFocus()

    def _show_problems(self, view: Summary) -> None:
        tones = colours_of(self.palette()).tones
        colours = {"error": tones[Tone.CONFLICT].front, "warning": tones[Tone.BILLING].front}
        self.problems.show(
            [
                Line((each.word, each.record, each.message), each, colours.get(each.severity, ""))
                for each in view.problems
            ]
        )
        many = len(view.problems)
        self._problems_label.setText(tr("{count:,} things to know first").format(count=many))
        self._problems_label.setVisible(many > 0)
        self._problem_table.setVisible(many > 0)
        self._not_checked.setText(
            tr("Not checked: {what}.").format(what="; ".join(view.not_checked))
        )
        self._not_checked.setVisible(bool(view.not_checked))

    @Slot(str)
    def _on_typed(self, typed: str) -> None:
        if self._summary is not None:
            self.run.setEnabled(may_run(self._summary, typed))

    @Slot()
    def _on_run(self) -> None:
        bench, plan = self._bench, self._plan
        if plan is None or self._task is not None:
            return

        def work(cancel: CancelToken, report: Report) -> CommitResult:
            return commit(bench, plan, cancel, report)

        self._pages.setCurrentIndex(_RUNNING)
        self._task = self._pool.start(work, title=tr("Committing"), writes=True)
        self._task.progressed.connect(self._on_progress)
        self._task.succeeded.connect(self._on_committed)
        self._task.failed.connect(self._on_failed)
        self._task.cancelled.connect(self._on_stopped)
        self._show_buttons(can_run=False)
        self._show_progress()
        self._clock.start()

    @Slot(object)
    def _on_progress(self, _progress: Progress) -> None:
        self._show_progress()

    @Slot()
    def _show_progress(self) -> None:
        task = self._task
        if task is None:
            self._clock.stop()
            return
        state = progress_bar(tr("Reading again what is to be written"), task.latest, task.elapsed_s)
        self._bar.setRange(0, 0 if state.share is None else 1000)
        self._bar.setValue(round((state.share or 0) * 1000))
        self._bar_text.setText(state.text)

    @Slot(object)
    def _on_committed(self, result: CommitResult) -> None:
        self._task = None
        view = outcome_view(result, self._bench.mapping)
        self._outcome.setText(view.headline)
        self._selected.setText(view.selected)
        self._sent.setText(view.sent)
        self._outcome_cost.setText(view.cost)
        self.failures.show(
            [Line((line.state, line.record, line.field, line.message), line) for line in view.lines]
        )
        self._failure_table.setVisible(bool(view.lines))
        self._pages.setCurrentIndex(_OUTCOME)
        self._show_buttons(can_run=False)
        self.committed.emit(result)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._task = None
        told = notice(error)
        self._message.tell("warning", told.summary, told.hint)
        self._pages.setCurrentIndex(_MESSAGE)
        self._show_buttons(can_run=False)

    @Slot()
    def _on_stopped(self) -> None:
        self._task = None
        self._message.tell(
            "info", tr("Stopped before anything was sent"), tr("Nothing was changed anywhere.")
        )
        self._pages.setCurrentIndex(_MESSAGE)
        self._show_buttons(can_run=False)

    @Slot()
    def _on_cancel(self) -> None:
        if self._task is None:
            self.reject()
            return
        self.cancel.setEnabled(False)
        self._task.cancel()

    def _show_buttons(self, *, can_run: bool) -> None:
        view, on_summary = self._summary, self._pages.currentIndex() == _SUMMARY
        name = view.typed_name if view is not None and on_summary else ""
        self.typed.setVisible(bool(name))
        self._typed_label.setVisible(bool(name))
        words = tr("Production: type {name} to commit").format(name=name)
        self._typed_label.setText(words)
        self.typed.setAccessibleName(words)
        self.run.setVisible(on_summary)
        self.run.setEnabled(can_run)
        self.run.setDefault(on_summary)
        if view is not None:
            self.run.setText(view.run_label)
            self.run.setAccessibleName(view.run_label)
        self.cancel.setEnabled(True)
        ended = self._task is None and not (view is not None and on_summary and view.can_run)
        self.cancel.setText(tr("Close") if ended else tr("Cancel"))

    def reject(self) -> None:
        """Close; a commit under way is asked to stop first and closes the dialog itself."""
        if self._task is not None and self._pages.currentIndex() == _RUNNING:
            self._on_cancel()
            return
        if self._task is not None:
            self._task.cancel()
        super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stay until a commit under way has stopped (Qt)."""
        if self._task is not None and self._pages.currentIndex() == _RUNNING:
            self._on_cancel()
            event.ignore()
            return
        super().closeEvent(event)
