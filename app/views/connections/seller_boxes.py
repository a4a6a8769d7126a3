"""Asks for a billing connection, and for the mapping by which it is read."""

from collections.abc import Sequence

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QComboBox, QVBoxLayout, QWidget

from app.settings import Connection
from app.views.state.language import tr
from app.views.state.offers import Asked, MappingChoice
from app.views.widgets.labels import label

_HEIGHT = 32

Choosable = tuple[Connection, Sequence[MappingChoice]]
"""A billing connection and its mappings, one at least."""


class SellerBoxes(QWidget):
    """Two boxes, one below the other."""

    def __init__(
        self, title: str, sellers: Sequence[Choosable], parent: QWidget | None = None
    ) -> None:
        """Make the boxes; the first of `sellers` is chosen."""
        super().__init__(parent)
        self._sellers = sellers
        self.connection, self.mapping = QComboBox(), QComboBox()
        self.connection.setAccessibleName(title)
        self.mapping.setAccessibleName(tr("{title}: mapping").format(title=title))
        self.mapping.setToolTip(tr("By which mapping its plans and prices are read"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(label(title, "section"))
        for box in (self.connection, self.mapping):
            box.setMinimumHeight(_HEIGHT)
            layout.addWidget(box)
        self.connection.addItems([connection.name for connection, _mappings in sellers])
        self.connection.currentIndexChanged.connect(self._on_connection)
        self._on_connection(0)

    @property
    def asked(self) -> Asked:
        """What is chosen."""
        return Asked(self.connection.currentText(), str(self.mapping.currentData()))

    @Slot(int)
    def _on_connection(self, place: int) -> None:
        self.mapping.clear()
        for choice in self._sellers[place][1]:
            self.mapping.addItem(choice.label, choice.name)
        self.mapping.setEnabled(self.mapping.count() > 1)
