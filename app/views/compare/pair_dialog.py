"""Records that belong together though their keys do not say so: paired and taken apart by hand."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from app.domain.control import CancelToken, Report
from app.sync.workbench import Workbench
from app.views.models.rows import KEY_ROLE, Column, Line, Rows
from app.views.state.language import tr
from app.views.state.pairing import Pairable, PairLine, objection, pairable
from app.views.state.progress import notice
from app.views.tasks import TaskPool
from app.views.widgets.labels import label, push_button
from app.views.widgets.row_table import RowTable

_COULD_BE, _ARE = 0, 1
_WIDTHS = (110, 0, 220, 110, 56, 220)


class PairDialog(QDialog):
    """Opened with `open()`; several rows can be chosen at once, none is chosen to begin with.

    Signals:
        wanted: The `PairLine`s that are to be paired, or taken apart.
    """

    wanted = Signal(object)

    def __init__(self, bench: Workbench, pool: TaskPool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tabs = QTabBar()
        self.could_be, self.are = _rows(self), _rows(self)
        self.tables = (
            _table(self.could_be, tr("Records that could be paired")),
            _table(self.are, tr("Records that are paired")),
        )
        self.act = push_button(tr("Pair"), "primary")
        self._hint = label("", "muted", wrap=True)
        self._none = label(tr("Looking for records that belong together\u2026"), "muted", wrap=True)
        self._stack = QStackedWidget()
        self._found = Pairable((), ())
        self._refused = str(bench.store.refused or "")
        self.setWindowTitle(tr("Pair records"))
        self.resize(980, 520)
        self._lay_out()

        def work(cancel: CancelToken, _report: Report) -> Pairable:
            return pairable(bench, cancel)

        self._task = pool.start(work)
        self._task.succeeded.connect(self._on_found)
        self._task.failed.connect(self._on_failed)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(12)
        layout.addWidget(label(tr("Pair records"), "heading"))
        self.tabs.addTab(tr("Could be paired"))
        self.tabs.addTab(tr("Paired"))
        self.tabs.setAccessibleName(tr("Which pairs"))
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        layout.addWidget(self.tabs)
        layout.addWidget(self._none)
        for table in self.tables:
            self._stack.addWidget(table)
            table.selectionModel().selectionChanged.connect(self._show_act)
        layout.addWidget(self._stack, 1)
        buttons = QHBoxLayout()
        close = push_button(tr("Close"))
        buttons.addWidget(self._hint, 1)
        buttons.addWidget(self.act)
        buttons.addWidget(close)
        layout.addLayout(buttons)
        self.tabs.currentChanged.connect(self._on_tab)
        self.act.clicked.connect(self._on_act)
        close.clicked.connect(self.reject)
        self._show_act()

    @property
    def chosen(self) -> list[PairLine]:
        """The rows that are selected in the list that shows."""
        rows = self.tables[self.tabs.currentIndex()].selectionModel().selectedRows()
        return [index.data(KEY_ROLE) for index in rows]

    def reject(self) -> None:
        """Close; the search, where it still runs, is stopped."""
        self._task.cancel()
        super().reject()

    @Slot(object)
    def _on_found(self, found: Pairable) -> None:
        self._found = found
        for rows, lines in ((self.could_be, found.could_be), (self.are, found.are)):
            rows.show([_shown(line) for line in lines])
        for place, lines in ((_COULD_BE, found.could_be), (_ARE, found.are)):
            words = tr("Could be paired") if place == _COULD_BE else tr("Paired")
            self.tabs.setTabText(place, f"{words} \u00b7 {len(lines):,}")
        self._on_tab(self.tabs.currentIndex())

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        told = notice(error)
        self._none.setText(f"{told.summary} {told.hint}".strip())

    @Slot(int)
    def _on_tab(self, place: int) -> None:
        self._stack.setCurrentIndex(place)
        lines = self._found.could_be if place == _COULD_BE else self._found.are
        empty = (
            tr("No record on one side looks like one on the other that has no twin.")
            if place == _COULD_BE
            else tr("Nothing is paired: all twins were found by their keys.")
        )
        more = tr("{count:,} more come up when some of these are paired.")
        told = more.format(count=self._found.left_out) if place == _COULD_BE else ""
        self._none.setText(empty if not lines else told if self._found.left_out else "")
        self._none.setVisible(bool(self._none.text()))
        self._stack.setVisible(bool(lines))
        self._show_act()

    @Slot()
    def _show_act(self) -> None:
        lines = self.chosen
        is_pairing = self.tabs.currentIndex() == _COULD_BE
        against = objection(lines) if is_pairing else ""
        words = tr("Pair {count:,}") if is_pairing else tr("Take {count:,} apart")
        self.act.setText(words.format(count=len(lines)))
        self.act.setEnabled(bool(lines) and not against and not self._refused)
        self.act.setAccessibleName(self.act.text())
        rest = tr("Choose rows; nothing is written to Salesforce before the next commit.")
        self._hint.setText(self._refused or against or rest)

    @Slot()
    def _on_act(self) -> None:
        lines = self.chosen
        if lines:
            self.wanted.emit(lines)
            self.accept()


def _rows(parent: QDialog) -> Rows:
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
