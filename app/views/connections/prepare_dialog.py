"""Prepare: what the org lacks, ticked, tried, made; and taken back if so wanted."""

from collections.abc import Collection, Sequence

from PySide6.QtCore import QSize, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QMessageBox,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from app.connectors.preparer import Deployed, PartKey, Removal, Survey
from app.domain.control import CancelToken, Progress, Report
from app.sync import prepare
from app.sync.workbench import Workbench
from app.views.connections.prepare_tree import PartTree
from app.views.models.rows import Column, Line, Rows
from app.views.state.language import tr
from app.views.state.prepare import (
    PrepareView,
    may_prepare,
    prepare_outcome,
    prepare_view,
    toggled,
    undo_question,
)
from app.views.state.progress import progress_bar
from app.views.tasks import Task, TaskPool
from app.views.widgets.labels import label, push_button
from app.views.widgets.row_table import RowTable
from app.views.widgets.tall_form import fit_screen
from app.views.widgets.work_dialog import WorkDialog

_TICK_MS = 500
_MESSAGE, _LIST, _RUNNING, _OUTCOME = range(4)


class PrepareDialog(WorkDialog):
    """Looks, shows what is lacking, and makes what is ticked when told to. Opened with `open()`.

    Signals:
        prepared: A `Deployed`; the system was changed.
    """

    prepared = Signal(object)

    def __init__(
        self,
        bench: Workbench,
        pool: TaskPool,
        production: Sequence[str],
        parent: QWidget | None = None,
    ) -> None:
        """Look at once; `production` names the connections that real customers depend on."""
        super().__init__(pool, parent, running=_RUNNING)
        self._bench, self._production = bench, production
        self._survey: Survey | None = None
        self._view: PrepareView | None = None
        self._removals: Collection[Removal] = ()
        self._deletes = False
        self.chosen: frozenset[PartKey] = frozenset()
        self._clock = QTimer(self)
        self._clock.setInterval(_TICK_MS)
        self._clock.timeout.connect(self._show_progress)
        self.setWindowTitle(tr("Prepare Salesforce"))
        fit_screen(self, QSize(1080, 700))
        self._lay_out()
        self._look()

    def _lay_out(self) -> None:
        buttons = self._stack(self._list_page(), self._progress_page(), self._outcome_page())
        self.take_back = push_button(tr("Take back\u2026"), "", "undo")
        buttons.addWidget(self.take_back)
        buttons.addStretch(1)
        for widget in (self._typed_label, self.typed, self.cancel, self.run):
            buttons.addWidget(widget)
        self.take_back.clicked.connect(self._on_take_back)
        self.run.clicked.connect(self._on_run)

    def _list_page(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        self._headline, self._text = label("", "heading", wrap=True), label("", "muted", wrap=True)
        self.tree = PartTree()
        self.tree.toggled.connect(self._on_toggled)
        layout.addWidget(self._headline)
        layout.addWidget(self._text)
        layout.addSpacing(8)
        layout.addWidget(self.tree, 1)
        return page

    def _progress_page(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(12)
        self._bar, self._bar_text = QProgressBar(), label("", "muted")
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(tr("Progress"))
        layout.addWidget(label(tr("Changing the setup"), "heading"))
        layout.addWidget(self._bar)
        layout.addWidget(self._bar_text)
        layout.addStretch(1)
        hint = tr("All of it is made, or nothing: Cancel asks Salesforce to stop and put it back.")
        layout.addWidget(label(hint, "muted", wrap=True))
        return page

    def _outcome_page(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        self._outcome = label("", "heading", wrap=True)
        self._outcome_text = label("", "muted", wrap=True)
        self.refused = Rows([Column(tr("Part")), Column(tr("Name")), Column(tr("Why"))], self)
        self._refused_table = RowTable(
            self.refused, tr("What was refused"), (110, 280, 0), text_lines=3
        )
        layout.addWidget(self._outcome)
        layout.addWidget(self._outcome_text)
        layout.addWidget(self._refused_table, 1)
        layout.addStretch()
        return page

    def _look(self) -> None:
        bench = self._bench
        self._message.tell_busy(tr("Looking at the org"), tr("Nothing is changed."))
        self._pages.setCurrentIndex(_MESSAGE)
        self._survey = None

        def work(cancel: CancelToken, report: Report) -> Survey:
            return prepare.look(bench, cancel, report)

        self._task = self._pool.start(work, title=tr("Looking at what is lacking"))
        self._task.succeeded.connect(self._on_survey)
        self._task.failed.connect(self._on_failed)
        self._task.cancelled.connect(self.reject)
        self._show_buttons()

    @Slot(object)
    def _on_survey(self, survey: Survey) -> None:
        self._task, self._survey = None, survey
        if not survey.parts:
            view = prepare_view(survey, (), ())
            self._message.tell("check", view.headline, view.text)
            self._show_buttons()
            return
        self._pages.setCurrentIndex(_LIST)
        self.chosen = prepare.with_needs(survey, prepare.ticked(survey))
        self.tree.show_survey(survey)
        self._show_choice()

    def _show_choice(self) -> None:
        """Put the ticks where the choice has them, and say how much it is."""
        survey = self._survey
        if survey is not None:
            self.tree.show_choice(self.chosen)
            self._view = view = prepare_view(survey, self.chosen, self._production)
            self._headline.setText(view.headline)
            self._text.setText(view.text)
            self._show_buttons()

    @Slot(object, bool)
    def _on_toggled(self, keys: Collection[PartKey], on: bool) -> None:  # noqa: FBT001 - a slot
        if self._survey is not None:
            self.chosen = toggled(self._survey, self.chosen, keys, on=on)
            self._show_choice()

    @Slot()
    def _on_run(self) -> None:
        bench, survey, chosen = self._bench, self._survey, self.chosen
        if survey is None or self._task is not None:
            return

        def work(cancel: CancelToken, report: Report) -> Deployed:
            return prepare.prepare(bench, survey, chosen, cancel, report)

        self._deletes = False
        self._start(self._pool.start(work, title=tr("Preparing Salesforce"), writes=True))

    def _start(self, task: Task) -> None:
        self._task = task
        self._pages.setCurrentIndex(_RUNNING)
        task.progressed.connect(self._on_progress)
        task.succeeded.connect(self._on_done)
        task.failed.connect(self._on_failed)
        task.cancelled.connect(self._on_stopped)
        self._show_buttons()
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
        state = progress_bar(tr("Trying what is ticked"), task.latest, task.elapsed_s)
        self._bar.setRange(0, 0 if state.share is None else 1000)
        self._bar.setValue(round((state.share or 0) * 1000))
        self._bar_text.setText(state.text)

    @Slot(object)
    def _on_done(self, done: Deployed) -> None:
        self._task = None
        view = prepare_outcome(done, deleted=self._deletes)
        self._outcome.setText(view.headline)
        self._outcome_text.setText(view.text)
        self.refused.show([Line(row, row) for row in view.refused])
        self._message.tell("check", view.headline, view.text)
        self._pages.setCurrentIndex(_OUTCOME if view.refused else _MESSAGE)
        self._show_buttons()
        self.prepared.emit(done)

    @Slot()
    def _on_take_back(self) -> None:
        bench = self._bench

        def work(cancel: CancelToken, report: Report) -> tuple[Removal, ...]:
            return prepare.removable(bench, cancel, report)

        self._message.tell_busy(tr("Looking at what Concord made"), tr("Nothing is changed."))
        self._pages.setCurrentIndex(_MESSAGE)
        self._task = self._pool.start(work, title=tr("Looking at what Concord made"))
        self._task.succeeded.connect(self._on_removals)
        self._task.failed.connect(self._on_failed)
        self._task.cancelled.connect(self._look)
        self._show_buttons()

    @Slot(object)
    def _on_removals(self, removals: tuple[Removal, ...]) -> None:
        self._task, self._removals = None, removals
        text = undo_question(removals)
        box = QMessageBox(QMessageBox.Icon.Warning, tr("Take back"), text, parent=self)
        yes = box.addButton(tr("Delete"), QMessageBox.ButtonRole.DestructiveRole)
        keep = box.addButton(tr("Keep"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(keep)
        yes.setEnabled(not self._production)
        if self._production:
            box.setInformativeText(
                tr("This is production: only `concord prepare --undo` deletes there.")
            )
        yes.clicked.connect(self._on_take_back_sure)
        keep.clicked.connect(self._look)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    @Slot()
    def _on_take_back_sure(self) -> None:
        bench, removals = self._bench, self._removals

        def work(cancel: CancelToken, report: Report) -> Deployed:
            return prepare.undo(bench, removals, cancel, report)

        self._deletes = True
        self._start(self._pool.start(work, title=tr("Taking back"), writes=True))

    @Slot()
    def _on_stopped(self) -> None:
        self._end_with("info", tr("Stopped"), tr("Nothing was changed in Salesforce."))

    def _show_buttons(self) -> None:
        view, on_list = self._view, self._pages.currentIndex() == _LIST
        name = view.typed_name if view is not None and on_list else ""
        words = tr("Production: type {name} to change it").format(name=name)
        self._want_typed(name, words)
        self.run.setVisible(on_list)
        self.run.setDefault(on_list)
        if view is not None and on_list:
            self.run.setText(view.run_label)
            self.run.setAccessibleName(view.run_label)
            self.run.setEnabled(may_prepare(view, self.typed.text()))
        self.take_back.setVisible(self._task is None and self._survey is not None)
        self.cancel.setEnabled(True)
        waits = self._task is not None or on_list
        self.cancel.setText(tr("Cancel") if waits else tr("Close"))
