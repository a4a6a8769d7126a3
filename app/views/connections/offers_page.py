"""Two catalogs in aligned rows, with chips by kind, a text filter, and the current row in full."""

from PySide6.QtCore import QModelIndex, Qt, QTimer, Slot
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QToolButton,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from app.domain.offer import OfferKind
from app.views.models.offer_tree import DIFFERENCE, HERE, THERE, OfferTree
from app.views.state.chips import pressed
from app.views.state.language import tr
from app.views.state.offers import ALL, KINDS, OffersFound, chip_text, shown, sum_words
from app.views.widgets.copying import copies_rows
from app.views.widgets.flow import FlowLayout
from app.views.widgets.labels import label, tool_button
from app.views.widgets.looks import colours_of

_TYPING_MS = 250
_OPEN_AT_FIRST = 100
_DIFFERENCE_WIDTH = 210
_DETAIL_HEIGHT = 84


class OffersPage(QWidget):
    """Shows a comparison; plans that differ are open at first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._found: OffersFound | None = None
        self._chosen: frozenset[str] = frozenset()
        self.chips: dict[str, QToolButton] = {}
        self.text = QLineEdit()
        self.model = OfferTree(self)
        self.tree = QTreeView()
        self.tree.setObjectName("offers")
        self.detail = (self._detail(), self._detail())
        self.told = label("", "muted", wrap=True)
        self._none = label(tr("No plan is like that."), "muted")
        self._typing = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self._typing.timeout.connect(self._show_lines)
        self._lay_out()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.told)
        layout.addLayout(self._filters())
        layout.addWidget(self._none)
        self._lay_out_tree()
        layout.addWidget(self.tree, 1)
        below = QHBoxLayout()
        below.setSpacing(16)
        for each in self.detail:
            below.addWidget(each, 1)
        layout.addLayout(below)

    def _filters(self) -> QHBoxLayout:
        row, flow = QHBoxLayout(), FlowLayout()
        row.setSpacing(12)
        for name in (ALL, *(kind.value for kind in KINDS)):
            chip = tool_button("", "chip")
            chip.setCheckable(True)
            chip.setProperty("chip", name)
            chip.clicked.connect(self._on_chip)
            self.chips[name] = chip
            flow.addWidget(chip)
        row.addLayout(flow, 3)
        self.text.setPlaceholderText(tr("Filter by name, key or price"))
        self.text.setAccessibleName(tr("Filter by name, key or price"))
        self.text.setClearButtonEnabled(True)
        self.text.textChanged.connect(self._on_text)
        row.addWidget(self.text, 1, Qt.AlignmentFlag.AlignTop)
        return row

    def _lay_out_tree(self) -> None:
        self.tree.setModel(self.model)
        self.tree.setAccessibleName(tr("Plans and prices of both"))
        self.tree.setUniformRowHeights(True)
        self.tree.setAlternatingRowColors(True)
        copies_rows(self.tree)
        header = self.tree.header()
        header.setStretchLastSection(False)
        for column in (HERE, THERE):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(DIFFERENCE, QHeaderView.ResizeMode.Interactive)
        header.resizeSection(DIFFERENCE, _DIFFERENCE_WIDTH)
        self.tree.selectionModel().currentChanged.connect(self._on_current)

    def _detail(self) -> QLabel:
        made = label("", "", wrap=True)
        made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        made.setAlignment(Qt.AlignmentFlag.AlignTop)
        made.setMinimumHeight(_DETAIL_HEIGHT)
        return made

    def show_found(self, found: OffersFound) -> None:
        """Show a comparison, everything of it."""
        self._found, self._chosen = found, frozenset()
        colours = colours_of(self.palette())
        fronts = {tone: ink.front for tone, ink in colours.tones.items()}
        self.model.dress(fronts, colours.muted)
        self.told.setText(sum_words(found))
        self.text.clear()
        self._typing.stop()
        self._show_lines()

    @Slot()
    def _on_chip(self) -> None:
        button = self.sender()
        if isinstance(button, QToolButton):
            self._chosen = pressed(self._chosen, str(button.property("chip")))
            self._show_lines()

    @Slot()
    def _on_text(self) -> None:
        self._typing.start()

    @Slot()
    def _show_lines(self) -> None:
        found = self._found
        if found is None:
            return
        lines = shown(found, self._chosen, self.text.text())
        self.model.show(lines, found.names)
        self._show_chips(found)
        self._none.setVisible(not lines)
        differing = [n for n, line in enumerate(lines) if line.kind is OfferKind.DIFFERENT]
        for row in differing[:_OPEN_AT_FIRST]:
            self.tree.expand(self.model.index(row, 0))
        first = self.model.index(0, 0)
        self.tree.setCurrentIndex(first)
        self._show_detail(first)

    def _show_chips(self, found: OffersFound) -> None:
        counts = {kind.value: count for kind, count in found.counts.items()}
        for name, chip in self.chips.items():
            words = chip_text(name, found)
            chip.setText(words)
            chip.setAccessibleName(words)
            chip.setChecked(name in self._chosen or (name == ALL and not self._chosen))
            chip.setEnabled(name == ALL or bool(counts.get(name)))
            chip.setVisible(chip.isEnabled() or name != OfferKind.AMBIGUOUS.value)
            chip.updateGeometry()  # a chip that is on is written in bold

    @Slot(QModelIndex, QModelIndex)
    def _on_current(self, current: QModelIndex, _before: QModelIndex) -> None:
        self._show_detail(current)

    def _show_detail(self, index: QModelIndex) -> None:
        line = self.model.line(index)
        for place, shown_in in enumerate(self.detail):
            shown_in.setText("" if line is None else line.full[place])
