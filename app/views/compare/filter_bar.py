"""The bar above the trees: chips by kind, and a text."""

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QIcon
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QToolButton, QWidget

from app.store.wanted import Wanted
from app.sync.choosing_many import Bulk
from app.views.state.bulk import bulk_label
from app.views.state.chips import chips, kinds_of, names, pressed
from app.views.state.difference import field_label
from app.views.state.language import tr
from app.views.state.survey import Survey
from app.views.widgets.flow import FlowLayout
from app.views.widgets.icons import pixmap
from app.views.widgets.labels import icon_button, tool_button
from app.views.widgets.looks import colours_of

TYPING_MS = 250


class FilterBar(QWidget):
    """Chooses what the trees show.

    Signals:
        changed: Another filter is wanted; `wanted` has it.
        bulk_wanted: A `Bulk` choice for all that is shown.
    """

    changed = Signal()
    bulk_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._chosen: frozenset[str] = frozenset()
        self._chips: dict[str, QToolButton] = {}
        self._field = ""
        self.field = tool_button(tr("Any field"), "chip")
        self.text = QLineEdit()
        self.bulk = icon_button("all", tr("Choose for all that is shown"))
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(TYPING_MS)
        self._typing.timeout.connect(self.changed)
        self._lay_out()
        self.show_counts(Survey())

    def _lay_out(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 8, 16, 8)
        layout.setSpacing(8)
        flow = FlowLayout()
        for name in names():
            chip = tool_button("", "chip")
            chip.setCheckable(True)
            chip.setProperty("chip", name)
            chip.clicked.connect(self._on_chip)
            self._chips[name] = chip
            flow.addWidget(chip)
        flow.addWidget(self.field)
        self.field.setCheckable(True)
        self.field.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.field.setMenu(QMenu(self))
        self.field.setToolTip(tr("Show only records in which one field differs"))
        layout.addLayout(flow, 3)
        self.text.setPlaceholderText(tr("Filter by name or key"))
        self.text.setAccessibleName(tr("Filter by name or key"))
        self.text.setClearButtonEnabled(True)
        self.text.setMinimumWidth(120)
        self.text.setMaximumWidth(200)
        glass = QIcon(pixmap("search", 16, colours_of(self.palette()).muted))
        self.text.addAction(glass, QLineEdit.ActionPosition.LeadingPosition)
        self.text.textChanged.connect(self._on_text)
        layout.addWidget(self.text, 1, Qt.AlignmentFlag.AlignTop)
        self._lay_out_bulk()
        layout.addWidget(self.bulk, 0, Qt.AlignmentFlag.AlignTop)
        self.setObjectName("band")

    def _lay_out_bulk(self) -> None:
        self.bulk.setFixedHeight(self.text.sizeHint().height())
        menu = QMenu(self)
        for bulk in Bulk:
            action = menu.addAction(bulk_label(bulk))
            action.setData(bulk)
            action.triggered.connect(self._on_bulk)
        self.bulk.setMenu(menu)
        self.bulk.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)

    @property
    def wanted(self) -> Wanted:
        """The filter as it is set."""
        return Wanted(kinds_of(self._chosen), self.text.text().strip(), self._field)

    def show_counts(self, survey: Survey) -> None:
        """Show how many records each chip stands for."""
        for chip in chips(survey.counts, self._chosen):
            button = self._chips[chip.name]
            button.setText(chip.text)
            button.setAccessibleName(chip.text)
            button.setChecked(chip.checked)
            button.setEnabled(chip.enabled)
            rare = chip.name in {"ignored", "not_comparable"}
            button.setVisible(chip.enabled or not rare)
        self.bulk.setEnabled(bool(survey.order))
        self._show_fields(survey)

    def clear(self) -> None:
        """Show everything again."""
        self._chosen, self._field = frozenset(), ""
        self.text.clear()
        self.changed.emit()

    @Slot()
    def _on_chip(self) -> None:
        button = self.sender()
        if isinstance(button, QToolButton):
            self._chosen = pressed(self._chosen, str(button.property("chip")))
            for name, chip in self._chips.items():
                chip.setChecked(name in self._chosen or (name == names()[0] and not self._chosen))
            self.changed.emit()

    def _show_fields(self, survey: Survey) -> None:
        """Offer the fields that differ, the most frequent first."""
        menu = self.field.menu()
        menu.clear()
        named = sorted(survey.fields.items(), key=lambda each: (-each[1], each[0]))
        told = [(name, f"{field_label(name)}  {count:,}") for name, count in named]
        for name, words in (("", tr("Any field")), *told):
            action = menu.addAction(words)
            action.setData(name)
            action.setCheckable(True)
            action.setChecked(name == self._field)
            action.triggered.connect(self._on_field)
        words = field_label(self._field) if self._field else tr("Any field")
        self.field.setText(f"{words}  \u25be")
        self.field.setAccessibleName(tr("Field that differs: {field}").format(field=words))
        self.field.setChecked(bool(self._field))
        self.field.setEnabled(bool(named) or bool(self._field))

    @Slot()
    def _on_field(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self._field = str(action.data())
            self.changed.emit()

    @Slot()
    def _on_bulk(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.bulk_wanted.emit(action.data())

    @Slot()
    def _on_text(self) -> None:
        self._typing.start()
