"""Billing's codes and what they mean in Salesforce, as a table to be edited."""

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.views.state.language import tr
from app.views.state.mapping import map_objection
from app.views.widgets.labels import label, push_button

_SIZE = (520, 420)


class ValueMapDialog(QDialog):
    """Opened with `open()`.

    Signals:
        taken: Code → meaning, as it was accepted; empty for no value map.
    """

    taken = Signal(object)

    def __init__(
        self, field: str, values: Mapping[str, str], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.table = QTableWidget(0, 2)
        self.add, self.remove = push_button(tr("Add")), push_button(tr("Remove"))
        self.take = push_button(tr("Take these values"), "primary")
        self._objection = label("", "error", wrap=True)
        heading = tr("Values of {field}").format(field=field)
        self.setWindowTitle(heading)
        self.resize(*_SIZE)
        self._lay_out(heading)
        for code, meaning in values.items():
            self._append(code, meaning)
        self.check()

    def _lay_out(self, heading: str) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(12)
        layout.addWidget(label(heading, "heading"))
        words = tr(
            "Billing's code is shown and compared as its meaning, and turned back when written."
        )
        layout.addWidget(label(words, "muted", wrap=True))
        self.table.setHorizontalHeaderLabels([tr("Code in billing"), tr("Meaning in Salesforce")])
        self.table.setAccessibleName(heading)
        self.table.verticalHeader().hide()
        self.table.setTabKeyNavigation(False)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        layout.addWidget(self.table, 1)
        layout.addWidget(self._objection)
        row = QHBoxLayout()
        cancel = push_button(tr("Cancel"))
        for widget in (self.add, self.remove):
            row.addWidget(widget)
        row.addStretch(1)
        for widget in (cancel, self.take):
            row.addWidget(widget)
        layout.addLayout(row)
        self.take.setDefault(True)
        self.add.setAutoDefault(False)
        self.remove.setAutoDefault(False)
        self.add.clicked.connect(self._on_add)
        self.remove.clicked.connect(self._on_remove)
        self.table.itemChanged.connect(self.check)
        cancel.clicked.connect(self.reject)
        self.take.clicked.connect(self._on_take)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """What stands in the table."""
        return [(self._text(row, 0), self._text(row, 1)) for row in range(self.table.rowCount())]

    @property
    def objection(self) -> str:
        """What speaks against it, as it is shown."""
        return self._objection.text()

    @Slot()
    def check(self) -> None:
        """Say what speaks against what stands in the table."""
        self._objection.setText(map_objection(self.pairs))
        self.take.setEnabled(not self.objection)
        self.remove.setEnabled(self.table.rowCount() > 0)

    def _text(self, row: int, column: int) -> str:
        item = self.table.item(row, column)
        return item.text().strip() if item else ""

    def _append(self, code: str, meaning: str) -> None:
        row = self.table.rowCount()
        self.table.insertRow(row)
        for column, words in enumerate((code, meaning)):
            self.table.setItem(row, column, QTableWidgetItem(words))

    @Slot()
    def _on_add(self) -> None:
        self._append("", "")
        self.table.setCurrentCell(self.table.rowCount() - 1, 0)
        self.table.setFocus()
        self.check()

    @Slot()
    def _on_remove(self) -> None:
        row = self.table.currentRow()
        self.table.removeRow(row if row >= 0 else self.table.rowCount() - 1)
        self.check()

    @Slot()
    def _on_take(self) -> None:
        self.taken.emit(dict(self.pairs))
        self.accept()
