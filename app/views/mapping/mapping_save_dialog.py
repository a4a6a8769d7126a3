"""What a changed mapping will mean, before it is saved."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QCheckBox, QDialog, QHBoxLayout, QVBoxLayout, QWidget

from app.domain.mapping import WorkspaceMapping
from app.domain.mapping_change import MappingChange
from app.views.models.rows import Column, Line, Rows
from app.views.state.language import tr
from app.views.state.mapping import change_row, save_words
from app.views.widgets.labels import label, push_button
from app.views.widgets.row_table import RowTable


class MappingSaveDialog(QDialog):
    """Opened with `open()`.

    Signals:
        confirmed: Whether both sides are to be read afterwards.
    """

    confirmed = Signal(bool)

    def __init__(
        self, change: MappingChange, mapping: WorkspaceMapping, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.changes = Rows(
            [Column(tr("Where")), Column(tr("What")), Column(tr("Before")), Column(tr("After")),
             Column(tr("What both sides agreed on"))], self,
        )  # fmt: skip
        self.table = RowTable(self.changes, tr("Changes"), (180, 130, 200, 200, 0))
        self.changes.show(
            [Line(cells, cells) for cells in (change_row(c, mapping) for c in change.changes)]
        )
        self.reads = QCheckBox(tr("Read both sides afterwards and compare"))
        self.reads.setChecked(True)
        self.save = push_button(tr("Save"), "primary")
        self.words = label(save_words(change, mapping), "", wrap=True)
        self.setWindowTitle(tr("Save the mapping"))
        self.resize(1000, 480)
        self._lay_out()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(12)
        layout.addWidget(label(tr("What will change"), "heading"))
        layout.addWidget(self.table, 1)
        layout.addWidget(self.words)
        note = tr("Nothing is written to billing or Salesforce by this.")
        layout.addWidget(label(note, "muted", wrap=True))
        row = QHBoxLayout()
        cancel = push_button(tr("Cancel"))
        row.addWidget(self.reads)
        row.addStretch(1)
        for widget in (cancel, self.save):
            row.addWidget(widget)
        layout.addLayout(row)
        self.save.setDefault(True)
        cancel.clicked.connect(self.reject)
        self.save.clicked.connect(self._on_save)

    @Slot()
    def _on_save(self) -> None:
        self.confirmed.emit(self.reads.isChecked())
        self.accept()
