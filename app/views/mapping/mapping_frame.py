"""The mapping page laid out: entities to the left, the fields of one to the right."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.views.mapping.mapping_table import FieldTable, Offer
from app.views.models.rows import Column, Rows
from app.views.state.language import tr
from app.views.widgets.elided_label import ElidedLabel
from app.views.widgets.labels import label, push_button, tool_button
from app.views.widgets.row_table import RowTable

_LEFT, _RIGHT = 360, 900


class MappingFrame(QWidget):
    """The widgets of the page; what they do is in `mapping_view`."""

    def __init__(self, offer: Offer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.entities = Rows([Column(tr("Entity")), Column(tr("Salesforce object"))], self)
        self.list = RowTable(self.entities, tr("Entities"), (168, 0))
        self.table = FieldTable(offer)
        self.sobject, self.key = QLineEdit(), QLineEdit()
        self.search = push_button(tr("Find fields\u2026"), "", "search")
        self.add, self.details = (
            push_button(tr("Add field\u2026")),
            push_button(tr("Details\u2026")),
        )
        self.values, self.remove = push_button(tr("Values\u2026")), push_button(tr("Remove"))
        self.undo, self.save = push_button(tr("Undo")), push_button(tr("Save\u2026"), "primary")
        self.more = tool_button(tr("Add or remove") + " \u25be", "chip")
        self.state, self.problem = ElidedLabel("muted"), label("", "error", wrap=True)
        self._lay_out()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(16, 12, 16, 8)
        head.setSpacing(8)
        head.addWidget(label(tr("Mapping"), "heading"))
        head.addWidget(self.state, 1)
        head.addWidget(self.undo)
        head.addWidget(self.save)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.addWidget(self._left())
        split.addWidget(self._right())
        split.setSizes([_LEFT, _RIGHT])
        split.setStretchFactor(1, 1)
        self.problem.setContentsMargins(16, 6, 16, 10)
        self.problem.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(split, 1)
        layout.addWidget(self.problem)
        self.problem.hide()

    def _left(self) -> QWidget:
        side = QWidget()
        layout = QVBoxLayout(side)
        layout.setContentsMargins(0, 0, 0, 8)
        layout.addWidget(self.list, 1)
        row = QHBoxLayout()
        row.setContentsMargins(16, 0, 8, 0)
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setMenu(QMenu(self.more))
        row.addWidget(self.more)
        row.addStretch(1)
        layout.addLayout(row)
        return side

    def _right(self) -> QWidget:
        side = QWidget()
        layout = QVBoxLayout(side)
        layout.setContentsMargins(0, 0, 0, 8)
        top = QHBoxLayout()
        top.setContentsMargins(12, 0, 16, 4)
        for words, line in (
            (tr("Salesforce object"), self.sobject),
            (tr("Key in Salesforce"), self.key),
        ):
            line.setAccessibleName(words)
            caption = label(words, "muted")
            caption.setBuddy(line)
            top.addWidget(caption)
            top.addWidget(line, 1)
        layout.addLayout(top)
        layout.addWidget(self.table, 1)
        row = QHBoxLayout()
        row.setContentsMargins(12, 0, 16, 0)
        for button in (self.search, self.add, self.details, self.values, self.remove):
            row.addWidget(button)
        row.addStretch(1)
        layout.addLayout(row)
        return side
