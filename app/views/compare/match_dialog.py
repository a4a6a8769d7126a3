"""Which Salesforce account each customer of billing belongs to: looked at, chosen, then planned."""

from PySide6.QtCore import QItemSelectionModel, Signal, Slot
from PySide6.QtWidgets import QAbstractItemView, QWidget

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
from app.views.tasks import TaskPool
from app.views.widgets.labels import push_button
from app.views.widgets.list_dialog import ListDialog, name_button
from app.views.widgets.row_table import RowTable

_WIDTHS = (0, 230, 150, 130, 230)


class MatchDialog(ListDialog):
    """What is sure is chosen to begin with.

    Signals:
        plan_wanted: A `MakePlan` of the rows that were chosen.
    """

    plan_wanted = Signal(object)

    def __init__(self, bench: Workbench, pool: TaskPool, parent: QWidget | None = None) -> None:
        super().__init__(tr("Match accounts"), parent)
        self.rows = _rows(self)
        self.table = RowTable(self.rows, tr("Customers and accounts"), _WIDTHS)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.sure = push_button(tr("Choose the sure ones"))
        self.act = push_button(tr("Review\u2026"), "primary")
        self._found: Matchable | None = None
        self.resize(980, 520)
        self._say(tr("Looking for accounts\u2026"))
        self._lay_out((self.table,), (self.sure, self.act), None)
        self.sure.clicked.connect(self.choose_sure)
        self.act.clicked.connect(self._on_act)
        self._show_act()

        def work(cancel: CancelToken, report: Report) -> Matchable:
            return matchable(bench, cancel, report)

        self._read(pool, work, self._on_found, tr("Looking for accounts"))

    @property
    def chosen(self) -> list[MatchLine]:
        """The rows that are selected."""
        return self._chosen()

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
        self._say(told)
        self.choose_sure()
        self._show_act()
        self.table.setFocus()

    @Slot()
    def _show_act(self) -> None:
        lines = self.chosen
        against = objection(lines)
        name_button(self.act, tr("Review\u2026"), tr("Review {count:,}\u2026"), len(lines))
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


def _rows(parent: QWidget) -> Rows:
    titles = (tr("Customer"), tr("Account"), tr("Website"), tr("How sure"), tr("Why"))
    return Rows([Column(title) for title in titles], parent)


def _shown(line: MatchLine) -> Line:
    cells = (line.customer, line.title, line.website, how_word(line.how), line.why)
    return Line(cells, line, tip=f"{line.key}\n{line.target}")
