"""The history: all commits, and below them what the chosen one did, record by record."""

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.domain.control import CancelToken, Report
from app.store.journal import Entry, Run, entries, runs
from app.sync.workbench import Workbench
from app.views.filter_bar import TYPING_MS
from app.views.labels import label, push_button
from app.views.looks import colours_of
from app.views.message_page import MessagePage
from app.views.models.rows import KEY_ROLE, Column, Line, Rows
from app.views.row_table import RowTable
from app.views.state.difference import Tone
from app.views.state.history import can_undo, entry_lines, run_line
from app.views.state.language import tr
from app.views.tasks import TaskPool


class HistoryView(QWidget):
    """Shows the journal of the open workspace.

    Signals:
        resume_wanted: A commit that broke off is to be brought to its end.
        undo_wanted: The commit of that id is to be taken back.
        failed: An exception, for the window's notice.
    """

    resume_wanted = Signal()
    undo_wanted = Signal(str)
    failed = Signal(object)

    def __init__(self, pool: TaskPool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pool = pool
        self._bench: Workbench | None = None
        self._run = ""
        self._entries: Sequence[Entry] = ()
        self.runs = Rows(
            [Column(tr("When")), Column(tr("Who")), Column(tr("State")),
             Column(tr("Written"), numeric=True), Column(tr("Not written"), numeric=True),
             Column(tr("Took"), numeric=True), Column(tr("Commit"))], self,
        )  # fmt: skip
        self.operations = Rows(
            [Column(tr("Change")), Column(tr("Record")), Column(tr("Where")),
             Column(tr("Before \u2192 after")), Column(tr("Outcome")), Column(tr("Message"))], self,
        )  # fmt: skip
        self.text = QLineEdit()
        self.resume = push_button(tr("Resume"), "primary", "play")
        self.undo = push_button(tr("Undo\u2026"), "", "undo")
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(TYPING_MS)
        self._typing.timeout.connect(self._show_entries)
        self._pages, self._empty = QStackedWidget(), MessagePage()
        self._lay_out()

    def _lay_out(self) -> None:
        self.run_table = RowTable(self.runs, tr("Commits"), (170, 110, 200, 90, 110, 80, 0))
        self.table = RowTable(
            self.operations, tr("Changes of the commit"), (90, 260, 100, 0, 90, 260)
        )
        self.run_table.selectionModel().currentRowChanged.connect(self._on_run)
        top = QWidget()
        above = QVBoxLayout(top)
        above.setContentsMargins(0, 0, 0, 0)
        above.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(16, 12, 16, 8)
        head.addWidget(label(tr("History"), "heading"))
        head.addStretch(1)
        head.addWidget(self.undo)
        head.addWidget(self.resume)
        self.undo.setToolTip(tr("Plan what would take this commit back"))
        self.undo.clicked.connect(self._on_undo)
        self.resume.clicked.connect(self.resume_wanted)
        above.addLayout(head)
        above.addWidget(self.run_table, 1)
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(top)
        split.addWidget(self._below())
        split.setSizes([220, 420])
        self._pages.addWidget(self._empty)
        self._pages.addWidget(split)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._pages)

    def _below(self) -> QWidget:
        below = QWidget()
        layout = QVBoxLayout(below)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(16, 8, 16, 8)
        self._count = label("", "section")
        head.addWidget(self._count)
        head.addStretch(1)
        self.text.setPlaceholderText(tr("Filter changes"))
        self.text.setAccessibleName(tr("Filter changes"))
        self.text.setClearButtonEnabled(True)
        self.text.setMaximumWidth(280)
        self.text.textChanged.connect(self._typing.start)
        head.addWidget(self.text, 1)
        layout.addLayout(head)
        layout.addWidget(self.table, 1)
        return below

    def open(self, bench: Workbench | None) -> None:
        """Show another workspace's history."""
        self._bench, self._run = bench, ""
        self.reload()

    def reload(self) -> None:
        """Read the journal again."""
        bench = self._bench
        if bench is None:
            self._show_runs([])
            return

        def work(_cancel: CancelToken, _report: Report) -> list[Run]:
            return runs(bench.store)

        task = self._pool.start(work)
        task.succeeded.connect(self._show_runs)
        task.failed.connect(self.failed)

    @Slot(object)
    def _show_runs(self, found: list[Run]) -> None:
        lines = [run_line(run) for run in found]
        warn = colours_of(self.palette()).tones[Tone.CONFLICT].front
        self.runs.show(
            [
                Line(
                    (line.when, line.who, line.state, f"{line.written:,}",
                     f"{line.not_written:,}", line.took, line.id),
                    line.id, warn if line.is_open else "",
                )
                for line in lines
            ]
        )  # fmt: skip
        self.resume.setVisible(any(line.is_open for line in lines))
        self._empty.tell(
            "history",
            tr("Nothing has been committed yet"),
            tr("Every commit is listed here for good, with each record's values before and after."),
        )
        self._pages.setCurrentIndex(int(bool(lines)))
        if lines:
            ids = [line.id for line in lines]
            row = ids.index(self._run) if self._run in ids else 0
            self.run_table.selectRow(row)
            self._on_run(self.runs.index(row, 0))

    @Slot(QModelIndex)
    def _on_run(self, index: QModelIndex) -> None:
        bench, run = self._bench, str(index.data(KEY_ROLE) or "")
        if bench is None or not run:
            return
        self._run = run

        def work(_cancel: CancelToken, _report: Report) -> list[Entry]:
            return list(entries(bench.store, run=run))

        task = self._pool.start(work)
        task.succeeded.connect(self._on_entries)
        task.failed.connect(self.failed)

    @Slot(object)
    def _on_entries(self, found: list[Entry]) -> None:
        if not found or found[0].run == self._run:
            self._entries = found
            self.undo.setEnabled(can_undo(found))
            self._show_entries()

    @Slot()
    def _on_undo(self) -> None:
        self.undo_wanted.emit(self._run)

    @Slot()
    def _show_entries(self) -> None:
        if self._bench is None:
            return
        lines = entry_lines(self._entries, self._bench.mapping, self.text.text().strip())
        tones = colours_of(self.palette()).tones
        self.operations.show(
            [
                Line(
                    (line.verb, line.record, line.side, line.change, line.outcome, line.message),
                    line, "" if line.written else tones[Tone.CONFLICT].front,
                )
                for line in lines
            ]
        )  # fmt: skip
        self._count.setText(
            tr("{shown:,} of {count:,} changes").format(shown=len(lines), count=len(self._entries))
        )
