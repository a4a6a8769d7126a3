"""Which Salesforce account each customer of billing belongs to: looked at, chosen, then planned."""

from PySide6.QtCore import QItemSelectionModel, Signal, Slot
from PySide6.QtWidgets import QAbstractItemView, QDialog, QHBoxLayout, QVBoxLayout, QWidget

from app.domain.control import CancelToken, Report
from app.domain.plan import CommitPlan
from app.sync.workbench import Workbench
from app.views.models.rows import KEY_ROLE, Column, Line, Rows
from app.views.state.language import tr
from app.views.state.matching import (
    How,
    Matchable,
    MatchLine,
    chosen_plan,
    how_word,
    matchable,
    objection,
    rest_words,
)
from app.views.state.progress import notice
from app.views.tasks import TaskPool
from app.views.widgets.labels import label, push_button
from app.views.widgets.row_table import RowTable

_WIDTHS = (0, 230, 150, 130, 230)


class MatchDialog(QDialog):
    """Opened with `open()`; what is sure is chosen to begin with.

    Signals:
        plan_wanted: A `MakePlan` of the rows that were chosen.
    """

    plan_wanted = Signal(object)

    def __init__(self, bench: Workbench, pool: TaskPool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = _rows(self)
        self.table = RowTable(self.rows, tr("Customers and accounts"), _WIDTHS)
        self.sure = push_button(tr("Choose the sure ones"))
        self.act = push_button(tr("Review"), "primary")
        self.told = label(tr("Looking for accounts\u2026"), "muted", wrap=True)
        self._hint = label("", "muted", wrap=True)
        self._found: Matchable | None = None
        self.setWindowTitle(tr("Match accounts"))
        self.resize(980, 520)
        self._lay_out()

        def work(cancel: CancelToken, report: Report) -> Matchable:
            return matchable(bench, cancel, report)

        self._task = pool.start(work, title=tr("Looking for accounts"))
        self._task.succeeded.connect(self._on_found)
        self._task.failed.connect(self._on_failed)
        self._task.cancelled.connect(self._on_stopped)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(12)
        layout.addWidget(label(tr("Match accounts"), "heading"))
        layout.addWidget(self.told)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.table.selectionModel().selectionChanged.connect(self._show_act)
        layout.addWidget(self.table, 1)
        buttons = QHBoxLayout()
        close = push_button(tr("Close"))
        buttons.addWidget(self._hint, 1)
        for button in (self.sure, self.act, close):
            buttons.addWidget(button)
        layout.addLayout(buttons)
        self.sure.clicked.connect(self.choose_sure)
        self.act.clicked.connect(self._on_act)
        close.clicked.connect(self.reject)
        self._show_act()

    @property
    def chosen(self) -> list[MatchLine]:
        """The rows that are selected."""
        return [index.data(KEY_ROLE) for index in self.table.selectionModel().selectedRows()]

    def reject(self) -> None:
        """Close; the search, where it still runs, is stopped."""
        self._task.cancel()
        super().reject()

    @Slot()
    def choose_sure(self) -> None:
        """Select what nobody has to confirm, and nothing else."""
        selection = self.table.selectionModel()
        selection.clearSelection()
        flag = QItemSelectionModel.SelectionFlag
        for row in range(self.rows.rowCount()):
            index = self.rows.index(row, 0)
            if index.data(KEY_ROLE).how is How.SURE:
                selection.select(index, flag.Select | flag.Rows)

    @Slot(object)
    def _on_found(self, found: Matchable) -> None:
        self._found = found
        self.rows.show([_shown(line) for line in found.lines])
        told = rest_words(found.found)
        if found.left_out:
            more = tr("{count:,} more come up when some of these are committed.")
            told = f"{told} {more.format(count=found.left_out)}"
        self.told.setText(told)
        self.choose_sure()
        self._show_act()
        self.table.setFocus()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        told = notice(error)
        self.told.setText(f"{told.summary} {told.hint}".strip())

    @Slot()
    def _on_stopped(self) -> None:
        self.told.setText(tr("Stopped. Nothing was changed anywhere."))

    @Slot()
    def _show_act(self) -> None:
        lines = self.chosen
        against = objection(lines)
        self.act.setText(tr("Review {count:,}\u2026").format(count=len(lines)))
        self.act.setAccessibleName(self.act.text())
        self.act.setEnabled(bool(lines) and not against)
        self.sure.setEnabled(any(one.how is How.SURE for one in self._lines))
        rest = tr("Choose rows; the plan is shown before anything is written to Salesforce.")
        self._hint.setText(against or rest)

    @property
    def _lines(self) -> tuple[MatchLine, ...]:
        return () if self._found is None else self._found.lines

    @Slot()
    def _on_act(self) -> None:
        lines, found = self.chosen, self._found
        if lines and found is not None:

            def make(bench: Workbench, _cancel: CancelToken, _report: Report) -> CommitPlan:
                return chosen_plan(bench, found.found, lines)

            self.accept()
            self.plan_wanted.emit(make)


def _rows(parent: QDialog) -> Rows:
    titles = (tr("Customer"), tr("Account"), tr("Website"), tr("How sure"), tr("Why"))
    return Rows([Column(title) for title in titles], parent)


def _shown(line: MatchLine) -> Line:
    cells = (line.customer, line.title, line.website, how_word(line.how), line.why)
    return Line(cells, line, tip=f"{line.key}\n{line.target}")
