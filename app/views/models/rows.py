"""A small read-only table of ready texts, for lists that fit on a few screens."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)
from PySide6.QtGui import QColor, QFont

Index = QModelIndex | QPersistentModelIndex
KEY_ROLE = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, and whether its texts are numbers."""

    title: str
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A row: a text a column, what identifies it, and how it stands out.

    Attributes:
        colour: Of its text, "" for the usual one.
        tip: Shown for the whole row; "" shows each cell's own text.
    """

    cells: tuple[str, ...]
    key: object = None
    colour: str = ""
    bold: bool = False
    tip: str = ""


class Rows(QAbstractTableModel):
    """Shows lines; `KEY_ROLE` gives what identifies one."""

    def __init__(self, columns: Sequence[Column], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._columns = columns
        self._lines: Sequence[Line] = ()

    def show(self, lines: Sequence[Line]) -> None:
        """Show other lines."""
        self.beginResetModel()
        self._lines = lines
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Return how many lines there are (Qt)."""
        return 0 if parent.isValid() else len(self._lines)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Return the number of columns (Qt)."""
        return 0 if parent.isValid() else len(self._columns)

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        """Return a column's heading (Qt)."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole}:
            return self._columns[section].title
        if role == Qt.ItemDataRole.TextAlignmentRole and self._columns[section].numeric:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a cell (Qt)."""
        if not index.isValid():
            return None
        line = self._lines[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return " ".join(line.cells[index.column()].split())
        if role == Qt.ItemDataRole.ToolTipRole:
            return line.tip or line.cells[index.column()]
        if role == KEY_ROLE:
            return line.key
        return self._look(index, line, role)

    def _look(self, index: Index, line: Line, role: int) -> Any:
        if role == Qt.ItemDataRole.ForegroundRole and line.colour:
            return QColor(line.colour)
        if role == Qt.ItemDataRole.FontRole and line.bold:
            font = QFont()
            font.setBold(True)
            return font
        if role == Qt.ItemDataRole.TextAlignmentRole and self._columns[index.column()].numeric:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None
