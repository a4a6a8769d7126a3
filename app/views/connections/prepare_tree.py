"""The lacking parts as a tree of kinds, each to be ticked."""

from collections.abc import Collection, Iterator

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from app.connectors.preparer import PartKey, Survey
from app.views.state.language import tr
from app.views.state.prepare import PartGroup, groups
from app.views.widgets.looks import colours_of

_ON, _OFF = Qt.CheckState.Checked, Qt.CheckState.Unchecked
_SOME = Qt.CheckState.PartiallyChecked
_NAME_WIDTH, _ROW_HEIGHT = 380, 24


class PartTree(QTreeWidget):
    """Shows a survey; what is ticked is decided elsewhere and told by `show_choice`.

    Signals:
        toggled: A set of keys, and whether they were ticked.
    """

    toggled = Signal(object, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: dict[PartKey, QTreeWidgetItem] = {}
        self._tops: list[tuple[QTreeWidgetItem, PartGroup]] = []
        self.setAccessibleName(tr("What is lacking"))
        self.setHeaderLabels([tr("Part"), tr("State"), tr("What")])
        self.setUniformRowHeights(True)
        header = self.header()
        header.setStretchLastSection(True)
        header.resizeSection(0, _NAME_WIDTH)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.itemChanged.connect(self._on_item)

    def item_of(self, key: PartKey) -> QTreeWidgetItem:
        """Return the row of a part; raises `KeyError`."""
        return self._items[key]

    def show_survey(self, survey: Survey) -> None:
        """Show the lacking parts by kind; the first kind is open."""
        muted = QColor(colours_of(self.palette()).muted)
        self.blockSignals(True)  # noqa: FBT003 - Qt's signature
        self.clear()
        self._items.clear()
        self._tops.clear()
        for group in groups(survey):
            top = QTreeWidgetItem([f"{group.title} ({len(group.rows):,})"])
            top.setSizeHint(0, QSize(0, _ROW_HEIGHT))
            self.addTopLevelItem(top)
            self._tops.append((top, group))
            for row in group.rows:
                item = QTreeWidgetItem(top, [row.name, row.state, row.detail])
                item.setToolTip(2, row.detail)
                item.setSizeHint(0, QSize(0, _ROW_HEIGHT))
                if not row.can_tick or row.is_advice:
                    item.setForeground(1, muted)
                self._items[row.key] = item
            top.setExpanded(len(self._tops) == 1 or len(group.rows) == 1)
        self.blockSignals(False)  # noqa: FBT003 - Qt's signature

    def show_choice(self, chosen: Collection[PartKey]) -> None:
        """Put the ticks where the choice has them; a kind is ticked, not, or in part."""
        self.blockSignals(True)  # noqa: FBT003 - Qt's signature
        for top, group in self._tops:
            keys = list(_able(group))
            for key in keys:
                self._items[key].setCheckState(0, _ON if key in chosen else _OFF)
            count = sum(key in chosen for key in keys)
            if keys:
                top.setCheckState(0, _ON if count == len(keys) else _SOME if count else _OFF)
        self.blockSignals(False)  # noqa: FBT003 - Qt's signature
        self.viewport().update()

    @Slot(QTreeWidgetItem, int)
    def _on_item(self, item: QTreeWidgetItem, column: int) -> None:
        if column != 0:
            return
        keys = {key for top, group in self._tops if top is item for key in _able(group)}
        keys |= {key for key, known in self._items.items() if known is item}
        self.toggled.emit(keys, item.checkState(0) == _ON)


def _able(group: PartGroup) -> Iterator[PartKey]:
    return (row.key for row in group.rows if row.can_tick)
