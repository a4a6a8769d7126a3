"""Copy takes whole rows, as they are selected; Qt alone takes the one cell that is current."""

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QTableView, QTreeView


def copies_rows(view: QTableView | QTreeView) -> None:
    """Have Ctrl+C in a view put the selected rows on the clipboard, a tab between cells."""
    keys = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), view)
    keys.setContext(Qt.ShortcutContext.WidgetShortcut)
    keys.activated.connect(lambda: _copy(view))


def _copy(view: QTableView | QTreeView) -> None:
    rows = sorted(view.selectionModel().selectedRows(), key=QModelIndex.row)
    if rows:
        QGuiApplication.clipboard().setText("\n".join(_text(view, row) for row in rows))


def _text(view: QTableView | QTreeView, row: QModelIndex) -> str:
    columns = range(row.model().columnCount(row.parent()))
    shown = [row.siblingAtColumn(one) for one in columns if not view.isColumnHidden(one)]
    return "\t".join(" ".join(str(cell.data() or "").split()) for cell in shown)
