"""Plans of two billing systems in aligned rows, their prices below them."""

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFont

from app.views.state.difference import Tone
from app.views.state.language import tr
from app.views.state.offers import OfferLine

Index = QModelIndex | QPersistentModelIndex
HERE, THERE, DIFFERENCE = range(3)
COLUMNS = 3
_ROW_HEIGHT = 26
_NOTHING = "\u2014"


class OfferTree(QAbstractItemModel):
    """An index carries 0 for a plan, and for a price the number of its plan, from 1."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lines: Sequence[OfferLine] = ()
        self._names = ("", "")
        self._colours: Mapping[Tone, str] = {}
        self._muted = ""

    def dress(self, colours: Mapping[Tone, str], muted: str) -> None:
        """Take the colours of text, by tone, and of what is not there."""
        self._colours, self._muted = colours, muted

    def show(self, lines: Sequence[OfferLine], names: tuple[str, str]) -> None:
        """Show plans; all indexes are void afterwards."""
        self.beginResetModel()
        self._lines, self._names = lines, names
        self.endResetModel()

    def line(self, index: Index) -> OfferLine | None:
        """Return the row of an index."""
        if not index.isValid():
            return None
        above = index.internalId()
        return self._lines[above - 1].prices[index.row()] if above else self._lines[index.row()]

    def index(
        self,
        row: int,
        column: int,
        parent: Index = QModelIndex(),  # noqa: B008 - Qt's signature
    ) -> QModelIndex:
        """Return the index of a child (Qt)."""
        if not (0 <= row < self.rowCount(parent) and 0 <= column < COLUMNS):
            return QModelIndex()
        return self.createIndex(row, column, parent.row() + 1 if parent.isValid() else 0)

    def parent(self, index: Index = QModelIndex()) -> Any:  # noqa: B008 - Qt's signature
        """Return the index above (Qt); with no index, the model's owner."""
        if not index.isValid() or not index.internalId():
            return QModelIndex()
        return self.createIndex(index.internalId() - 1, 0, 0)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Return how many plans there are, or prices of one (Qt)."""
        if not parent.isValid():
            return len(self._lines)
        line = None if parent.internalId() or parent.column() else self.line(parent)
        return 0 if line is None else len(line.prices)

    def columnCount(self, _parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Return the number of columns (Qt)."""
        return COLUMNS

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> str | None:
        """Return a column's heading: the connections (Qt)."""
        if role != Qt.ItemDataRole.DisplayRole or orientation != Qt.Orientation.Horizontal:
            return None
        return (*self._names, tr("Difference"))[section]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a cell (Qt)."""
        line = self.line(index)
        if line is None:
            return None
        cell = (line.here, line.there, line.what)[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return cell or ("" if index.column() == DIFFERENCE else _NOTHING)
        if role == Qt.ItemDataRole.ToolTipRole:
            return (*line.full, line.what)[index.column()]
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return line.spoken if index.column() == HERE else cell
        return self._look(index, line, cell, role)

    def _look(self, index: Index, line: OfferLine, cell: str, role: int) -> Any:
        if role == Qt.ItemDataRole.ForegroundRole:
            tone = self._colours.get(line.tone) if cell else self._muted
            return QColor(tone) if tone else None
        if role == Qt.ItemDataRole.SizeHintRole:
            return QSize(0, _ROW_HEIGHT)
        if role == Qt.ItemDataRole.FontRole and not index.internalId():
            font = QFont()
            font.setBold(True)
            return font
        return None
