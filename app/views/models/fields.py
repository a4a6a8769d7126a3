"""The field table's model: a line a field of the current record."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)

from app.views.state.difference import Arrow, arrow_word
from app.views.state.fields import Cell, FieldRow
from app.views.state.language import tr

Index = QModelIndex | QPersistentModelIndex
FIELD, BASE, BILLING, DIRECTION, SALESFORCE, RESULT = range(6)
COLUMNS = 6
IGNORED = "\u2248"
_ARROWS = {
    Arrow.NONE: "",
    Arrow.TO_SALESFORCE: "\u2192",
    Arrow.TO_BILLING: "\u2190",
    Arrow.BOTH: "\u2194",
    Arrow.SKIP: "\u2205",
}


class FieldTable(QAbstractTableModel):
    """Fields with base, both sides, the direction of the write, and the result."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: Sequence[FieldRow] = ()

    def show(self, rows: Sequence[FieldRow]) -> None:
        """Show other fields."""
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def row(self, index: Index) -> FieldRow:
        """Return the field of an index."""
        return self._rows[index.row()]

    def cell(self, index: Index) -> Cell | None:
        """Return a value in pieces, None for the name and the direction."""
        row = self._rows[index.row()]
        cells = {BASE: row.base, BILLING: row.billing, SALESFORCE: row.salesforce,
                 RESULT: row.result}  # fmt: skip
        return cells.get(index.column())

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Return how many fields there are (Qt)."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Return the number of columns (Qt)."""
        return 0 if parent.isValid() else COLUMNS

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> str | None:
        """Return a column's heading (Qt)."""
        if role != Qt.ItemDataRole.DisplayRole or orientation != Qt.Orientation.Horizontal:
            return None
        names = (
            tr("Field"), tr("Last agreed"), tr("Billing"), "", tr("Salesforce"), tr("Result"),
        )  # fmt: skip
        return names[section]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a cell (Qt)."""
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(index, row)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(index, row)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._spoken(index, row)
        cell = self.cell(index) if role == Qt.ItemDataRole.TextAlignmentRole else None
        if cell is not None and row.numeric and not cell.muted:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def _text(self, index: Index, row: FieldRow) -> str:
        cell = self.cell(index)
        if cell is not None:
            return cell.text
        if index.column() == FIELD:
            return row.label
        return IGNORED if row.rule else _ARROWS[row.arrow]

    def _tip(self, index: Index, row: FieldRow) -> str:
        if index.column() == FIELD:
            return row.owner
        if index.column() == DIRECTION:
            return _direction_word(row)
        if index.column() in {BILLING, SALESFORCE}:
            return row.full[index.column() == SALESFORCE]
        return self._text(index, row)

    def _spoken(self, index: Index, row: FieldRow) -> str:
        differs = tr("differs") if row.differs else tr("the same")
        if row.rule:
            differs = _direction_word(row)
        if index.column() == DIRECTION:
            return ", ".join(part for part in (row.label, _direction_word(row)) if part)
        if index.column() == FIELD:
            return f"{row.label}, {differs}"
        return f"{row.label}, {self._text(index, row)}, {differs}"


def _direction_word(row: FieldRow) -> str:
    if row.rule:
        return tr("ignored by the rule {rule}").format(rule=row.rule)
    return arrow_word(row.arrow)
