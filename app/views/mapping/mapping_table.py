"""The table of an entity's fields, edited in place; what is wrong stands beside what is typed."""

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QCompleter,
    QHeaderView,
    QLineEdit,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from app.views.state.difference import Tone
from app.views.state.language import tr
from app.views.state.mapping import Cell, FieldLine
from app.views.widgets.looks import colours_of
from app.views.widgets.row_table import ROW_HEIGHT

Index = QModelIndex | QPersistentModelIndex
Offer = Callable[[str, Cell], Sequence[str]]
"""Gives what a cell of a field may be completed with, or chosen from."""
_WIDTHS = {
    Cell.NAME: 126, Cell.BILLING: 150, Cell.SALESFORCE: 150, Cell.TYPE: 96, Cell.OWNER: 84,
    Cell.CONVERSION: 98,
}  # fmt: skip
CHOSEN = frozenset({Cell.TYPE, Cell.OWNER, Cell.CONVERSION})
"""Cells that are chosen from a list."""


class FieldRows(QAbstractTableModel):
    """Shows fields; an edit is told, and shown only once somebody shows the fields anew.

    Signals:
        edited: A field's name, its `Cell`, and the new text.
    """

    edited = Signal(str, int, str)

    def __init__(self, colour: Callable[[], str], parent: QObject | None = None) -> None:
        """Make it empty; `colour` gives that of a problem."""
        super().__init__(parent)
        self._colour = colour
        self._lines: list[FieldLine] = []
        self._problem = ("", "")
        self._can_edit = False
        self._titles = (
            tr("Field"), tr("Billing column"), tr("Salesforce field"), tr("Type"), tr("Owner"),
            tr("Conversion"), tr("What is wrong"),
        )  # fmt: skip

    def show(self, lines: Sequence[FieldLine], *, can_edit: bool) -> None:
        """Show other fields; the same number of them keeps cursor and selection."""
        self._can_edit = can_edit
        if len(lines) != len(self._lines):
            self.beginResetModel()
            self._lines = list(lines)
            self.endResetModel()
            return
        self._lines = list(lines)
        if lines:
            self.dataChanged.emit(self.index(0, 0), self.index(len(lines) - 1, Cell.PROBLEM))

    def allow(self, *, can_edit: bool) -> None:
        """Let cells be edited, or not."""
        self._can_edit = can_edit

    def show_problem(self, field: str, words: str) -> None:
        """Say what is wrong with a field, `""` for nothing; of one field at a time."""
        concerned = {self._problem[0], field}
        self._problem = (field, words)
        for row, line in enumerate(self._lines):
            if line.name in concerned:
                place = self.index(row, Cell.PROBLEM)
                self.dataChanged.emit(place, place)

    def field_at(self, row: int) -> str:
        """Return the name of the field in a row, `""` where there is none."""
        return self._lines[row].name if 0 <= row < len(self._lines) else ""

    def row_of(self, field: str) -> int:
        """Return the row of a field, -1 where there is none."""
        return next((row for row, line in enumerate(self._lines) if line.name == field), -1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Return how many fields there are (Qt)."""
        return 0 if parent.isValid() else len(self._lines)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Return the number of columns (Qt)."""
        return 0 if parent.isValid() else len(Cell)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return a column's heading (Qt)."""
        if orientation != Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        return self._titles[section]

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Return that all but the problem can be edited (Qt)."""
        found = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        edits = self._can_edit and index.column() != Cell.PROBLEM
        return found | Qt.ItemFlag.ItemIsEditable if edits else found

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a cell (Qt)."""
        if not index.isValid():
            return None
        line, cell = self._lines[index.row()], Cell(index.column())
        if role in {
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.EditRole,
            Qt.ItemDataRole.ToolTipRole,
        }:
            return self._problem_of(line) if cell is Cell.PROBLEM else line.cells[cell]
        if role == Qt.ItemDataRole.ForegroundRole and cell is Cell.PROBLEM:
            return QColor(self._colour())
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Tell of an edit (Qt)."""
        if role != Qt.ItemDataRole.EditRole or not index.isValid():
            return False
        line = self._lines[index.row()]
        if str(value) != line.cells[index.column()]:
            self.edited.emit(line.name, index.column(), str(value))
        return True

    def _problem_of(self, line: FieldLine) -> str:
        return self._problem[1] if line.name == self._problem[0] else ""


class FieldDelegate(QStyledItemDelegate):
    """Makes the editors: a line that is completed, or a list.

    Signals:
        typed: A field's name, its `Cell`, and what stands in the editor now.
    """

    typed = Signal(str, int, str)

    def __init__(self, offer: Offer, parent: QObject) -> None:
        super().__init__(parent)
        self._offer = offer
        self._field, self._cell = "", Cell.NAME

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        """Return the editor of a cell (Qt)."""
        del option
        name = index.model().index(index.row(), Cell.NAME)
        self._field, self._cell = str(name.data()), Cell(index.column())
        offered = list(self._offer(self._field, self._cell))
        title = str(index.model().headerData(self._cell, Qt.Orientation.Horizontal))
        if self._cell in CHOSEN:
            return self._list(parent, offered, title)
        line = QLineEdit(parent)
        line.setAccessibleName(title)
        line.setProperty("role", "cell")
        completer = QCompleter(offered, line)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        line.setCompleter(completer)
        line.textChanged.connect(self._on_typed)
        return line

    def _list(self, parent: QWidget, offered: Sequence[str], name: str) -> QComboBox:
        box = QComboBox(parent)
        box.setProperty("role", "cell")
        box.setAccessibleName(name)
        box.addItems(list(offered))
        box.currentTextChanged.connect(self._on_typed)
        return box

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        """Put a cell's text into its editor (Qt)."""
        words = str(index.data(Qt.ItemDataRole.EditRole))
        if isinstance(editor, QComboBox):
            if editor.findText(words) < 0:  # as a person wrote it into the file
                editor.insertItem(0, words)
            editor.setCurrentText(words)
        elif isinstance(editor, QLineEdit) and not editor.isModified():
            editor.setText(words)

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        """Take what stands in the editor (Qt)."""
        if isinstance(editor, QComboBox):
            model.setData(index, editor.currentText())
        elif isinstance(editor, QLineEdit):
            model.setData(index, editor.text().strip())

    @Slot(str)
    def _on_typed(self, words: str) -> None:
        self.typed.emit(self._field, self._cell, words)


class FieldTable(QTableView):
    """The table widget; Enter, F2, a double click or typing begins to edit."""

    def __init__(self, offer: Offer) -> None:
        super().__init__()
        self.fields = FieldRows(lambda: colours_of(self.palette()).tones[Tone.CONFLICT].front, self)
        self.editors = FieldDelegate(offer, self)
        self.setModel(self.fields)
        self.setItemDelegate(self.editors)
        self.setAccessibleName(tr("Fields"))
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        trigger = QAbstractItemView.EditTrigger
        self.setEditTriggers(trigger.DoubleClicked | trigger.EditKeyPressed | trigger.AnyKeyPressed)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for cell, width in _WIDTHS.items():
            header.resizeSection(cell, width)
        header.setSectionResizeMode(Cell.PROBLEM, QHeaderView.ResizeMode.Stretch)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Let Enter begin to edit on every system, not on macOS alone (Qt)."""
        index = self.currentIndex()
        # The Enter that ends an edit arrives here too.
        rests = self.state() is not QAbstractItemView.State.EditingState
        enters = rests and event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}
        if enters and self.model().flags(index) & Qt.ItemFlag.ItemIsEditable:
            self.edit(index)
            return
        super().keyPressEvent(event)

    @property
    def field(self) -> str:
        """The name of the current row's field, `""` for none."""
        return self.fields.field_at(self.currentIndex().row())

    def go_to(self, field: str, cell: Cell = Cell.NAME) -> None:
        """Make a field's cell the current one."""
        row = self.fields.row_of(field)
        if row >= 0:
            self.setCurrentIndex(self.fields.index(row, cell))
