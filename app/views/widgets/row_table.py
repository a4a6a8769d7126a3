"""The table widget for `models.rows`, laid out the same everywhere."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from app.views.models.rows import Rows
from app.views.widgets.copying import copies_rows

ROW_HEIGHT = 28
LINE_HEIGHT = 16
_AROUND = 10


class RowTable(QTableView):
    """A table of lines. Width 0 lets a column take what is left.

    With `text_lines` above 1 a long text is wrapped over that many lines; all rows are that high,
    since measuring each of thousands would hold the window.
    """

    def __init__(
        self, model: Rows, name: str, widths: Sequence[int], *, text_lines: int = 1
    ) -> None:
        super().__init__()
        self.setModel(model)
        self.setAccessibleName(name)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setWordWrap(text_lines > 1)
        self.setTabKeyNavigation(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        line = max(LINE_HEIGHT, self.fontMetrics().lineSpacing())
        height = max(ROW_HEIGHT, line + _AROUND) + (text_lines - 1) * line
        self.verticalHeader().setDefaultSectionSize(height)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for column, width in enumerate(widths):
            if width:
                header.resizeSection(column, width)
            else:
                header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        copies_rows(self)
