"""What is held back and why; a person ticks what shall be inserted all the same."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QAbstractItemView, QDialog, QHBoxLayout, QVBoxLayout, QWidget

from app.domain.control import CancelToken, Report
from app.sync.workbench import Workbench
from app.views.models.rows import KEY_ROLE, Column, Line, Rows
from app.views.state.holding import HeldBack, HeldLine, held_lines
from app.views.state.language import tr
from app.views.state.progress import notice
from app.views.tasks import TaskPool
from app.views.widgets.labels import label, push_button
from app.views.widgets.row_table import RowTable

_WIDTHS = (120, 200, 150, 0, 90)
_TEXT_LINES = 2


class HeldDialog(QDialog):
    """Opened with `open()`; several rows can be chosen at once, none is chosen to begin with.

    Signals:
        tick_wanted: The links of records, and whether to tick or untick them.
        show_wanted: The link of a record that is to be shown in the catalog.
    """

    tick_wanted = Signal(object, bool)
    show_wanted = Signal(int)

    def __init__(self, bench: Workbench, pool: TaskPool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        titles = (tr("Entity"), tr("Record"), tr("Key"), tr("Why"), tr("Ticked"))
        self.rows = Rows([Column(title) for title in titles], self)
        self.table = RowTable(self.rows, tr("What is held back"), _WIDTHS, text_lines=_TEXT_LINES)
        self.act = push_button(tr("Tick"), "primary")
        self.go = push_button(tr("Show in the catalog"))
        self.told = label(tr("Reading\u2026"), "muted", wrap=True)
        self._refused = str(bench.store.refused or "")
        self.setWindowTitle(tr("Held back"))
        self.resize(920, 480)
        self._lay_out()

        def work(cancel: CancelToken, _report: Report) -> HeldBack:
            return held_lines(bench, cancel)

        self._task = pool.start(work)
        self._task.succeeded.connect(self._on_found)
        self._task.failed.connect(self._on_failed)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(12)
        layout.addWidget(label(tr("Held back"), "heading"))
        layout.addWidget(self.told)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.table.selectionModel().selectionChanged.connect(self._show_act)
        layout.addWidget(self.table, 1)
        hint = tr("What waits only for a record that you tick is ticked with it.")
        buttons = QHBoxLayout()
        close = push_button(tr("Close"))
        buttons.addWidget(label(hint, "muted", wrap=True), 1)
        for button in (self.go, self.act, close):
            buttons.addWidget(button)
        layout.addLayout(buttons)
        self.go.clicked.connect(self._on_go)
        self.act.clicked.connect(self._on_act)
        close.clicked.connect(self.reject)
        self._show_act()

    @property
    def chosen(self) -> list[HeldLine]:
        """The rows that are selected."""
        return [index.data(KEY_ROLE) for index in self.table.selectionModel().selectedRows()]

    def reject(self) -> None:
        """Close; the reading, where it still runs, is stopped."""
        self._task.cancel()
        super().reject()

    @Slot(object)
    def _on_found(self, found: HeldBack) -> None:
        self.rows.show([_shown(line) for line in found.lines])
        told = tr("These inserts wait for you: Commit leaves them alone until they are ticked.")
        if not found.lines:
            told = tr("Nothing is held back.")
        elif found.left_out:
            more = tr("{count:,} more are not listed.").format(count=found.left_out)
            told = f"{told} {more}"
        self.told.setText(told)
        self.table.setVisible(bool(found.lines))
        self._show_act()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        told = notice(error)
        self.told.setText(f"{told.summary} {told.hint}".strip())

    @property
    def _unticks(self) -> bool:
        lines = self.chosen
        return bool(lines) and all(line.ticked for line in lines)

    @Slot()
    def _show_act(self) -> None:
        count = len(self.chosen)
        words = tr("Untick {count:,}") if self._unticks else tr("Tick {count:,}")
        self.act.setText(words.format(count=count))
        self.act.setAccessibleName(self.act.text())
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
