"""Several tables of records, one at a time, chosen by tabs."""

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QStackedWidget, QTabBar, QVBoxLayout, QWidget

from app.views.models.rows import KEY_ROLE, Column, Line, Rows
from app.views.state.difference import Tone
from app.views.state.language import tr
from app.views.state.record_table import RecordTable, TableLine
from app.views.widgets.labels import label
from app.views.widgets.looks import colours_of
from app.views.widgets.row_table import RowTable

_SAMPLE = 200
_BOLD = 9 / 8  # as wide as plain text, at the most
_PAD = 28
_LEAST, _MOST = 64, 300


class RecordTableView(RowTable):
    """One table of records.

    Signals:
        record_chosen: The link of the current record; 0 for none.
        record_opened: The link of a record that was double-clicked, or on which Enter was pressed.
    """

    record_chosen = Signal(int)
    record_opened = Signal(int)

    def __init__(self, table: RecordTable) -> None:
        columns = [Column(one.title, one.numeric) for one in table.columns]
        self.rows = Rows(columns)
        super().__init__(self.rows, table.label, ())
        self.rows.setParent(self)
        self.columns = table.columns
        header = self.horizontalHeader()
        header.setMinimumSectionSize(_LEAST)
        self.selectionModel().currentRowChanged.connect(self._on_current)
        self.activated.connect(self._on_activated)
        self._wanted: list[int] = [0] * len(table.columns)
        self._wide = next((at for at, one in enumerate(table.columns) if one.wide), -1)
        self.show_table(table)

    def show_table(self, table: RecordTable) -> None:
        """Show other lines of the same columns; the current record stays current."""
        current = self.current_link
        tones = colours_of(self.palette()).tones
        self.rows.show([_line(one, tones[one.tone].front) for one in table.lines])
        links = [one.link for one in table.lines]
        if current and current in links:
            self.selectRow(links.index(current))
        self._fit(table)

    @property
    def current_link(self) -> int:
        """The current record's link, 0 for none."""
        return int(self.currentIndex().data(KEY_ROLE) or 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the wide column what the others leave (Qt)."""
        super().resizeEvent(event)
        self._spread()

    def _fit(self, table: RecordTable) -> None:
        """Make columns at least as wide as what stands in them."""
        metrics, header = self.fontMetrics(), self.horizontalHeader()
        lines = [*table.lines[:_SAMPLE], *table.lines[_SAMPLE:][-1:]]  # the last may be a sum
        for place, column in enumerate(table.columns):
            texts = [(line.cells[place], line.bold) for line in lines]
            widest = max(
                metrics.horizontalAdvance(text) * (_BOLD if bold else 1)
                for text, bold in (*texts, (column.title, True))
            )
            self._wanted[place] = min(_MOST, max(_LEAST, round(widest)) + _PAD)
            header.resizeSection(place, max(header.sectionSize(place), self._wanted[place]))
        self._spread()

    def _spread(self) -> None:
        header, wide = self.horizontalHeader(), self._wide
        if wide >= 0:
            others = sum(
                header.sectionSize(place) for place in range(header.count()) if place != wide
            )
            header.resizeSection(wide, max(self._wanted[wide], self.viewport().width() - others))

    @Slot(QModelIndex)
    def _on_current(self, index: QModelIndex) -> None:
        self.record_chosen.emit(int(index.data(KEY_ROLE) or 0))

    @Slot(QModelIndex)
    def _on_activated(self, index: QModelIndex) -> None:
        self.record_opened.emit(int(index.data(KEY_ROLE) or 0))


class RecordTabs(QWidget):
    """Tables of records behind tabs; other pages can stand among them.

    Signals:
        record_chosen, record_opened: As of the table that is shown.
        tab_changed: The name of the tab that is shown now.
    """

    record_chosen = Signal(int)
    record_opened = Signal(int)
    tab_changed = Signal(str)

    def __init__(
        self, name: str, parent: QWidget | None = None, *, hides_one: bool = False
    ) -> None:
        """Make it without any tab; `name` is what a screen reader calls the tabs.

        A tab that is alone is not shown with `hides_one`.
        """
        super().__init__(parent)
        self.bar, self._pages = QTabBar(), QStackedWidget()
        self._hides_one = hides_one
        self._tables: dict[str, RecordTableView] = {}
        self._names: list[str] = []
        self._more: dict[str, QWidget] = {}
        self._empty = label(tr("Nothing here."), "muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.bar.setAccessibleName(name)
        self.bar.setDrawBase(False)
        self.bar.setExpanding(False)
        self.bar.setUsesScrollButtons(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.bar)
        layout.addWidget(self._pages, 1)
        self._pages.addWidget(self._empty)
        self.bar.currentChanged.connect(self._on_tab)

    @property
    def current(self) -> str:
        """The name of the tab that is shown, "" for none."""
        place = self.bar.currentIndex()
        return self._names[place] if 0 <= place < len(self._names) else ""

    @property
    def table(self) -> RecordTableView | None:
        """The table that is shown, None for another page."""
        return self._tables.get(self.current)

    def add_page(self, name: str, page: QWidget) -> None:
        """Let a page stand behind the tables; `show_tables` names its tab."""
        self._more[name] = page
        self._pages.addWidget(page)

    def show_tables(
        self, tables: Sequence[RecordTable], more: Sequence[tuple[str, str]] = ()
    ) -> None:
        """Show tables, then pages (name and text of the tab); the current tab stays current."""
        current = self.current
        for table in tables:
            self._put(table)
        for name in set(self._tables) - {table.name for table in tables}:
            self._drop(name)
        tabs = [*((one.name, one.heading) for one in tables), *more]
        self._names = [name for name, _text in tabs]
        self.bar.blockSignals(True)  # noqa: FBT003 - Qt's signature
        while self.bar.count() > len(tabs):
            self.bar.removeTab(self.bar.count() - 1)
        for place, (_name, text) in enumerate(tabs):
            if place < self.bar.count():
                self.bar.setTabText(place, text)
            else:
                self.bar.addTab(text)
        if current in self._names:
            self.bar.setCurrentIndex(self._names.index(current))
        self.bar.blockSignals(False)  # noqa: FBT003 - Qt's signature
        self.bar.setVisible(len(tabs) > int(self._hides_one))
        self._on_tab()

    @Slot()
    def take_focus(self) -> None:
        """Give the focus to the table that is shown."""
        (self.table or self.bar).setFocus()

    def choose(self, name: str) -> None:
        """Show a tab."""
        if name in self._names:
            self.bar.setCurrentIndex(self._names.index(name))

    def clear(self) -> None:
        """Show nothing."""
        self.show_tables(())

    def _put(self, table: RecordTable) -> None:
        known = self._tables.get(table.name)
        if known is not None and known.columns == table.columns and known.rows.rowCount():
            known.show_table(table)
            return
        if known is not None:
            self._drop(table.name)
        made = RecordTableView(table)
        made.record_chosen.connect(self.record_chosen)
        made.record_opened.connect(self.record_opened)
        self._tables[table.name] = made
        self._pages.addWidget(made)
        # It was made after all that stands below it, and would come behind that.
        self.setTabOrder(self.bar, made)

    def _drop(self, name: str) -> None:
        view = self._tables.pop(name)
        self._pages.removeWidget(view)
        view.deleteLater()

    @Slot()
    def _on_tab(self) -> None:
        table = self.table
        page = table or self._more.get(self.current) or self._empty
        if table is not None and not table.rows.rowCount():
            page = self._empty
        self._pages.setCurrentWidget(page)
        self.tab_changed.emit(self.current)
        self.record_chosen.emit(0 if table is None else table.current_link)


def _line(line: TableLine, colour: str) -> Line:
    shown = "" if line.tone is Tone.PLAIN else colour
    return Line(line.cells, line.link, shown, bold=line.bold, tip=line.tip)
