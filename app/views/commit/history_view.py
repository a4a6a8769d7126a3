"""The history: all commits, and below them what the chosen one did, record by record."""

from collections.abc import Iterable
from dataclasses import replace

from PySide6.QtCore import QModelIndex, QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.domain.control import CancelToken, Report
from app.store.journal import Entry, entries, plan_of, runs
from app.store.journal_search import Wanted, runs_with, search
from app.sync.undo import WHOLE
from app.sync.workbench import Workbench
from app.views.compare.filter_bar import TYPING_MS
from app.views.models.rows import KEY_ROLE, Column, Line, Rows
from app.views.state.difference import Tone
from app.views.state.history import (
    Changes,
    Commits,
    EntryLine,
    can_undo,
    changes_of,
    commits_found,
    count_words,
    entry_lines,
    plan_words,
    run_line,
    undo_choices,
    undo_part,
    undo_selected_words,
)
from app.views.state.language import tr
from app.views.tasks import Task, TaskPool
from app.views.widgets.elided_label import ElidedLabel
from app.views.widgets.labels import label, push_button
from app.views.widgets.looks import colours_of
from app.views.widgets.message_page import MessagePage
from app.views.widgets.row_table import RowTable


class HistoryView(QWidget):
    """Shows the journal of the open workspace.

    Signals:
        resume_wanted: A commit that broke off is to be brought to its end.
        undo_wanted: The commit of that id is to be taken back, as far as an `UndoPart` says.
        failed: An exception, for the window's notice.
    """

    resume_wanted = Signal()
    undo_wanted = Signal(str, object)
    failed = Signal(object)

    def __init__(self, pool: TaskPool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pool = pool
        self._bench: Workbench | None = None
        self._run, self._newest = "", ""
        self._commits = Commits((), {})
        self._reading: Task | None = None
        self._wanted = ""
        self.runs = Rows(
            [Column(tr("When")), Column(tr("Who")), Column(tr("State")),
             Column(tr("Written"), numeric=True), Column(tr("Not written"), numeric=True),
             Column(tr("Took"), numeric=True), Column(tr("Commit"))], self,
        )  # fmt: skip
        self.operations = Rows(
            [Column(tr("Change")), Column(tr("Record")), Column(tr("Where")),
             Column(tr("Before \u2192 after")), Column(tr("Outcome")), Column(tr("Message"))], self,
        )  # fmt: skip
        self.text, self.search = QLineEdit(), QLineEdit()
        self.resume = push_button(tr("Resume"), "primary", "play")
        self.undo = push_button(tr("Undo\u2026"), "", "undo")
        self.undo_selected = push_button("", "", "undo")
        self._typing, self._searching = QTimer(self), QTimer(self)
        for timer, then in ((self._typing, self._read_changes), (self._searching, self.reload)):
            timer.setSingleShot(True)
            timer.setInterval(TYPING_MS)
            timer.timeout.connect(then)
        self._pages, self._empty = QStackedWidget(), MessagePage()
        self._lay_out()

    def _lay_out(self) -> None:
        self.run_table = RowTable(self.runs, tr("Commits"), (170, 110, 200, 90, 110, 80, 0))
        self.table = RowTable(
            self.operations, tr("Changes of the commit"), (90, 220, 100, 0, 90, 0)
        )
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.table.selectionModel().selectionChanged.connect(self._on_selected)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._on_menu_wanted)
        self.run_table.selectionModel().currentRowChanged.connect(self._on_run)
        top = QWidget()
        above = QVBoxLayout(top)
        above.setContentsMargins(0, 0, 0, 0)
        above.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(16, 12, 16, 8)
        head.setSpacing(8)
        head.addWidget(label(tr("History"), "heading"))
        head.addStretch(1)
        _make_field(self.search, tr("Search all commits"))
        self.search.textChanged.connect(self._searching.start)
        head.addWidget(self.search, 1)
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
        head.setSpacing(8)
        self._count, self.plan = label("", "section"), ElidedLabel("muted")
        head.addWidget(self._count)
        head.addWidget(self.plan, 1)
        self.undo_selected.setToolTip(tr("Plan what would take these changes back"))
        self.undo_selected.clicked.connect(self._on_undo_selected)
        self.undo_selected.hide()
        head.addWidget(self.undo_selected)
        _make_field(self.text, tr("Filter changes"))
        self.text.textChanged.connect(self._typing.start)
        head.addWidget(self.text, 1)
        layout.addLayout(head)
        layout.addWidget(self.table, 1)
        return below

    def open(self, bench: Workbench | None) -> None:
        """Show another workspace's history."""
        self._bench, self._run, self._newest = bench, "", ""
        self.reload()

    @Slot()
    def reload(self) -> None:
        """Read the journal again: all commits, or those that hold what is searched for."""
        bench, text = self._bench, self.search.text().strip()
        self._wanted = text
        if bench is None:
            self._show_runs(Commits((), {}))
            return

        def work(_cancel: CancelToken, _report: Report) -> Commits:
            found = runs_with(bench.store, Wanted(text=text)) if text else None
            return commits_found(runs(bench.store), found)

        task = self._pool.start(work)
        task.succeeded.connect(self._show_runs)
        task.failed.connect(self.failed)

    @Slot(object)
    def _show_runs(self, found: Commits) -> None:
        self._commits = found
        lines = [run_line(run) for run in found.runs]
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
        # A search that finds nothing must leave its field where it can be mended.
        self._pages.setCurrentIndex(int(bool(lines or self._wanted)))
        if not lines:
            self._run = ""
            self._show_changes(Changes("", ()))
        if lines:
            ids = [line.id for line in lines]
            # A commit made since is what one comes here for, to look at it or to undo it.
            is_known = self._newest in {"", ids[0]} or bool(self._wanted)
            row = ids.index(self._run) if is_known and self._run in ids else 0
            self._newest = self._newest if self._wanted else ids[0]
            self.run_table.selectRow(row)
            self._on_run(self.runs.index(row, 0))

    @Slot(QModelIndex)
    def _on_run(self, index: QModelIndex) -> None:
        self._run = str(index.data(KEY_ROLE) or "")
        self._read_changes()

    @Slot()
    def _read_changes(self) -> None:
        """Read and filter the changes of the chosen commit in a worker: they may be a million."""
        bench, run, searched = self._bench, self._run, self._wanted
        filtered = self.text.text().strip()
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None
        chosen = next((each for each in self._commits.runs if each.id == run), None)
        if bench is None or chosen is None:
            return

        def work(cancel: CancelToken, _report: Report) -> Changes:
            found: Iterable[Entry] = entries(bench.store, run=run)
            if searched:
                found = reversed(list(search(bench.store, Wanted(run=run, text=searched))))
            made = changes_of(run, entry_lines(found, bench.mapping, filtered), cancel)
            return replace(made, plan=plan_words(plan_of(bench.store, run), chosen))

        self._reading = self._pool.start(work)
        self._reading.succeeded.connect(self._on_changes)
        self._reading.failed.connect(self.failed)

    @Slot(object)
    def _on_changes(self, found: Changes) -> None:
        if self.sender() is self._reading:
            self._reading = None
            self._show_changes(found)

    @Slot()
    def _on_undo(self) -> None:
        self.undo_wanted.emit(self._run, WHOLE)

    @Slot()
    def _on_undo_selected(self) -> None:
        part = undo_part(self._selected())
        if part is not None:
            self.undo_wanted.emit(self._run, part)

    @Slot(QPoint)
    def _on_menu_wanted(self, at: QPoint) -> None:
        menu = self.undo_menu()
        if menu.isEmpty():
            menu.deleteLater()
        else:
            menu.popup(self.table.viewport().mapToGlobal(at))

    def undo_menu(self) -> QMenu:
        """Return the menu of what can be undone of the chosen changes; it ends when it closes."""
        menu = QMenu(self.table)
        menu.aboutToHide.connect(menu.deleteLater)
        for words, part in undo_choices(self._selected()):
            action = menu.addAction(words)
            action.setData(part)
            action.triggered.connect(self._on_undo_chosen)
        return menu

    @Slot()
    def _on_undo_chosen(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.undo_wanted.emit(self._run, action.data())

    @Slot()
    def _on_selected(self) -> None:
        lines = self._selected()
        self.undo_selected.setVisible(undo_part(lines) is not None)
        self.undo_selected.setText(undo_selected_words(lines))

    def _selected(self) -> list[EntryLine]:
        chosen = self.table.selectionModel().selectedRows()
        return [index.data(KEY_ROLE) for index in chosen]

    def _show_changes(self, changes: Changes) -> None:
        run = next((each for each in self._commits.runs if each.id == changes.run), None)
        self.undo.setEnabled(run is not None and can_undo(run))
        tones = colours_of(self.palette()).tones
        self.operations.show(
            [
                Line(
                    (line.verb, line.record, line.side, line.change, line.outcome, line.message),
                    line, "" if line.written else tones[Tone.CONFLICT].front,
                )
                for line in changes.lines
            ]
        )  # fmt: skip
        count = self._commits.counts.get(changes.run, 0)
        self._count.setText(count_words(changes, count, self._wanted))
        self.plan.setText(changes.plan)
        self._on_selected()


def _make_field(field: QLineEdit, words: str) -> None:
    field.setPlaceholderText(words)
    field.setAccessibleName(words)
    field.setClearButtonEnabled(True)
    field.setMaximumWidth(280)
