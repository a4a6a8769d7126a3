"""Records that belong together though their keys do not say so: paired and taken apart by hand."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QAbstractItemView, QTabBar, QWidget

from app.domain.control import CancelToken, Report
from app.sync.workbench import Workbench
from app.views.models.rows import Column, Line, Rows
from app.views.state.language import tr
from app.views.state.pairing import Pairable, PairLine, objection, pairable
from app.views.tasks import TaskPool
from app.views.widgets.labels import push_button
from app.views.widgets.list_dialog import ListDialog, name_button
from app.views.widgets.row_table import RowTable

_COULD_BE, _ARE = 0, 1
_WIDTHS = (130, 0, 170, 190, 64, 210)


class PairDialog(ListDialog):
    """Several rows can be chosen at once, none is chosen to begin with.

    Signals:
        wanted: The `PairLine`s that are to be paired, or taken apart.
    """

    wanted = Signal(object)

    def __init__(self, bench: Workbench, pool: TaskPool, parent: QWidget | None = None) -> None:
        super().__init__(tr("Pair records"), parent)
        self.tabs = QTabBar()
        self.could_be, self.are = _rows(self), _rows(self)
        self.tables = (
            _table(self.could_be, tr("Records that could be paired")),
            _table(self.are, tr("Records that are paired")),
        )
        self.act = push_button(tr("Pair"), "primary")
        self._found = Pairable((), ())
        self._refused = str(bench.store.refused or "")
        self.resize(980, 520)
        self._say(tr("Looking for records that belong together\u2026"))
        self._lay_out_tabs()
        self._lay_out(self.tables, (self.act,), self.tabs)
        self._show_act()

        def work(cancel: CancelToken, _report: Report) -> Pairable:
            return pairable(bench, cancel)

        self._read(pool, work, self._on_found)

    def _lay_out_tabs(self) -> None:
        self.tabs.addTab(tr("Could be paired"))
        self.tabs.addTab(tr("Paired"))
        self.tabs.setAccessibleName(tr("Which pairs"))
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.currentChanged.connect(self._on_tab)
        self.act.clicked.connect(self._on_act)

    @property
    def chosen(self) -> list[PairLine]:
        """The rows that are selected in the list that shows."""
        return self._chosen()

    @Slot(object)
    def _on_found(self, found: Pairable) -> None:
        self._found = found
        for rows, lines in ((self.could_be, found.could_be), (self.are, found.are)):
            rows.show([_shown(line) for line in lines])
        for place, lines in ((_COULD_BE, found.could_be), (_ARE, found.are)):
            words = tr("Could be paired") if place == _COULD_BE else tr("Paired")
            self.tabs.setTabText(place, f"{words} \u00b7 {len(lines):,}")
        self._on_tab(self.tabs.currentIndex())

    @Slot(int)
    def _on_tab(self, place: int) -> None:
        lines = self._found.could_be if place == _COULD_BE else self._found.are
        empty = (
            tr("No record on one side looks like one on the other that has no twin.")
            if place == _COULD_BE
            else tr("Nothing is paired: all twins were found by their keys.")
        )
        more = tr("{count:,} more come up when some of these are paired.")
        told = more.format(count=self._found.left_out) if place == _COULD_BE else ""
        self._say(empty if not lines else told if self._found.left_out else "")
        self._show_table(place if lines else None)
        self._show_act()

    @Slot()
    def _show_act(self) -> None:
        lines = self.chosen
        is_pairing = self.tabs.currentIndex() == _COULD_BE
        against = objection(lines) if is_pairing else ""
        words = tr("Pair") if is_pairing else tr("Take apart")
        counted = tr("Pair {count:,}") if is_pairing else tr("Take {count:,} apart")
        name_button(self.act, words, counted, len(lines))
        self.act.setEnabled(bool(lines) and not against and not self._refused)
        rest = tr("Choose rows; nothing is written to Salesforce before the next commit.")
        self._hint.setText(self._refused or against or rest)

    @Slot()
    def _on_act(self) -> None:
        lines = self.chosen
        if lines:
            self.wanted.emit(lines)
            self.accept()


def _rows(parent: QWidget) -> Rows:
    return Rows(
        [
            Column(tr("Entity")),
            Column(tr("Billing")),
            Column(tr("Salesforce")),
            Column(tr("Bears the key")),
            Column(tr("Score"), numeric=True),
            Column(tr("Why")),
        ],
        parent,
    )


def _table(rows: Rows, name: str) -> RowTable:
    table = RowTable(rows, name, _WIDTHS)
    table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
    return table


def _shown(line: PairLine) -> Line:
    score = str(line.score) if line.score else ""
    bears = line.bears or tr("no key")
    tip = f"{line.key}\n{line.side_id}"
    return Line((line.label, line.billing, line.salesforce, bears, score, line.why), line, tip=tip)
