"""What is held back and why; a person ticks what shall be inserted all the same."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QAbstractItemView, QWidget

from app.domain.control import CancelToken, Report
from app.sync.workbench import Workbench
from app.views.models.rows import Column, Line, Rows
from app.views.state.holding import HeldBack, HeldLine, held_lines
from app.views.state.language import tr
from app.views.tasks import TaskPool
from app.views.widgets.labels import push_button
from app.views.widgets.list_dialog import ListDialog, name_button
from app.views.widgets.row_table import RowTable

_WIDTHS = (110, 170, 130, 0, 70)
_TEXT_LINES = 2


class HeldDialog(ListDialog):
    """Several rows can be chosen at once, none is chosen to begin with.

    Signals:
        tick_wanted: The links of records, and whether to tick or untick them.
        show_wanted: The link of a record that is to be shown in the catalog.
    """

    tick_wanted = Signal(object, bool)
    show_wanted = Signal(int)

    def __init__(self, bench: Workbench, pool: TaskPool, parent: QWidget | None = None) -> None:
        super().__init__(tr("Held back"), parent)
        titles = (tr("Entity"), tr("Record"), tr("Key"), tr("Why"), tr("Ticked"))
        self.rows = Rows([Column(title) for title in titles], self)
        self.table = RowTable(self.rows, tr("What is held back"), _WIDTHS, text_lines=_TEXT_LINES)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.act = push_button(tr("Tick"), "primary")
        self.go = push_button(tr("Show in the catalog"))
        self._refused = str(bench.store.refused or "")
        self.resize(920, 480)
        self._say(tr("Reading\u2026"))
        self._hint.setText(tr("What waits only for a record that you tick is ticked with it."))
        self._lay_out((self.table,), (self.go, self.act), None)
        self.go.clicked.connect(self._on_go)
        self.act.clicked.connect(self._on_act)
        self._show_act()

        def work(cancel: CancelToken, _report: Report) -> HeldBack:
            return held_lines(bench, cancel)

        self._read(pool, work, self._on_found)

    @property
    def chosen(self) -> list[HeldLine]:
        """The rows that are selected."""
        return self._chosen()

    @Slot(object)
    def _on_found(self, found: HeldBack) -> None:
        self.rows.show([_shown(line) for line in found.lines])
        told = tr("These inserts wait for you: Commit leaves them alone until they are ticked.")
        if not found.lines:
            told = tr("Nothing is held back.")
        elif found.left_out:
            more = tr("{count:,} more are not listed.").format(count=found.left_out)
            told = f"{told} {more}"
        self._say(told)
        self._show_table(0 if found.lines else None)
        self._show_act()

    @property
    def _unticks(self) -> bool:
        lines = self.chosen
        return bool(lines) and all(line.ticked for line in lines)

    @Slot()
    def _show_act(self) -> None:
        count = len(self.chosen)
        counted = tr("Untick {count:,}") if self._unticks else tr("Tick {count:,}")
        name_button(self.act, tr("Tick"), counted, count)
        self.act.setEnabled(count > 0 and not self._refused)
        self.act.setToolTip(self._refused)
        self.go.setEnabled(count == 1)

    @Slot()
    def _on_go(self) -> None:
        (line,) = self.chosen
        self.accept()
        self.show_wanted.emit(line.link)

    @Slot()
    def _on_act(self) -> None:
        links, ticked = [line.link for line in self.chosen], not self._unticks
        if links:
            self.accept()
            self.tick_wanted.emit(links, ticked)


def _shown(line: HeldLine) -> Line:
    ticked = tr("yes") if line.ticked else tr("no")
    tip = f"{line.key}\n{line.why}"
    return Line((line.label, line.title, line.key, line.why, ticked), line, tip=tip)
