"""What is below a table of records: both sides' fields of the current one, or its lines."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.domain.control import CancelToken, Report
from app.domain.record import Side
from app.store.comparison import side_details
from app.sync.compare import diff_of
from app.sync.workbench import Workbench
from app.views.compare.fields_view import FieldsPanel
from app.views.compare.record_tabs import RecordTabs
from app.views.state.difference import DIFFERENCES
from app.views.state.fields import FieldsView, LastChange, fields_view
from app.views.state.language import tr
from app.views.state.record_table import RecordTable
from app.views.tasks import Task, TaskPool
from app.views.widgets.labels import tool_button

FIELDS = "fields"
Lines = Callable[[int], Sequence[RecordTable]]


@dataclass(frozen=True, slots=True)
class _Detail:
    """A record's fields (None: it is gone) and the tables of its lines."""

    view: FieldsView | None = None
    lines: tuple[RecordTable, ...] = ()
    differs: bool = False


class RecordDetail(QWidget):
    """Shows one record; what it shows is read by a worker.

    Signals:
        decide_wanted: The link of a record whose difference is to be decided in the catalog.
        failed: An exception, for the window's notice.
    """

    decide_wanted = Signal(int)
    failed = Signal(object)

    def __init__(self, pool: TaskPool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pool = pool
        self._bench: Workbench | None = None
        self._lines: Lines = lambda _link: ()
        self._link = 0
        self._opens = False
        self._reading: Task | None = None
        self.fields = FieldsPanel()
        self.tabs = RecordTabs(tr("Details of the current record"), hides_one=True)
        self.decide = tool_button(tr("Decide in the catalog"), "flat", "compare")
        self.tabs.add_page(FIELDS, self.fields)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.tabs, 1)
        layout.addWidget(self.decide, 0, Qt.AlignmentFlag.AlignRight)
        self.decide.setToolTip(tr("Tick it, choose whose value counts, ignore it: in the catalog"))
        self.decide.clicked.connect(self._on_decide)
        self.fields.same_toggled.connect(self.reload)
        # Whose value counts is chosen where all choices are made.
        self.fields.choice_wanted.connect(self._on_decide)
        self._show(_Detail())

    def open(self, bench: Workbench | None, lines: Lines | None = None) -> None:
        """Show records of another workspace or account; `lines` gives a record's lines."""
        self._bench, self._lines = bench, lines or (lambda _link: ())

    @Slot(int)
    def show_record(self, link: int) -> None:
        """Show a record, with its lines where it has some; 0 shows none."""
        self._link = link
        self.reload()

    @Slot(int)
    def open_record(self, link: int) -> None:
        """Show a record and go to its lines, else to its fields."""
        self._opens = True
        self.show_record(link)

    @Slot()
    def reload(self) -> None:
        """Read the record again."""
        bench, link, lines = self._bench, self._link, self._lines
        with_same = self.fields.same.isChecked()
        if bench is None or not link:
            self._reading = None
            self._show(_Detail())
            return

        def work(_cancel: CancelToken, _report: Report) -> _Detail:
            opened = diff_of(bench, link)
            if opened is None:
                return _Detail()
            _id, at, by = side_details(bench.store, link, Side.SALESFORCE)
            view = fields_view(opened, LastChange(at, by), with_same=with_same)
            return _Detail(view, tuple(lines(link)), opened.diff.kind in DIFFERENCES)

        self._reading = self._pool.start(work)
        self._reading.succeeded.connect(self._on_read)
        self._reading.failed.connect(self.failed)

    @Slot(object)
    def _on_read(self, detail: _Detail) -> None:
        if self.sender() is not self._reading:
            return
        self._reading = None
        self._show(detail)
        if self._opens:
            self._opens = False
            self._go_into(detail.lines)

    def _show(self, detail: _Detail) -> None:
        if detail.view is None:
            self.fields.clear()
        else:
            self.fields.show_fields(detail.view)
        self.decide.setVisible(detail.differs)
        self._show_tabs(detail.lines)

    def _show_tabs(self, lines: Sequence[RecordTable]) -> None:
        self.tabs.show_tables(lines, [(FIELDS, tr("Fields of both sides"))])

    def _go_into(self, lines: Sequence[RecordTable]) -> None:
        self.tabs.choose(lines[0].name if lines else FIELDS)
        if self.tabs.table is None:
            self.fields.table.setFocus()
        else:
            self.tabs.table.setFocus()
            self.tabs.table.selectRow(0)

    @Slot()
    def _on_decide(self) -> None:
        if self._link:
            self.decide_wanted.emit(self._link)
