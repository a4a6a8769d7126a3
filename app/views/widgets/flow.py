"""A layout that goes on in the next line where a line is full, as words do."""

from typing import NamedTuple

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget


class _Sized(NamedTuple):
    """An item that takes room, and how much."""

    item: QLayoutItem
    size: QSize
    least: QSize


class FlowLayout(QLayout):
    """Lays widgets out from left to right, line by line; hidden ones take no room.

    Sizes are asked for once after each change: Qt wants to know them several times, and each
    question waits for Python's lock while a worker computes.
    """

    def __init__(self, parent: QWidget | None = None, *, gap: int = 6) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self._known: list[_Sized] | None = None
        self._gap = gap
        self.setContentsMargins(0, 0, 0, 0)

    def addItem(self, item: QLayoutItem) -> None:
        """Take an item over (Qt)."""
        self._items.append(item)
        self._known = None

    def count(self) -> int:
        """Return how many items there are (Qt)."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        """Return an item, None where there is none (Qt)."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        """Give an item back (Qt)."""
        self._known = None
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def hasHeightForWidth(self) -> bool:
        """Return that a narrow one is higher (Qt)."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Return the height that a width needs (Qt)."""
        return self._place(QRect(0, 0, width, 0), move=False)

    def expandingDirections(self) -> Qt.Orientation:
        """Return that it takes no more room than it needs (Qt)."""
        return Qt.Orientation(0)

    def setGeometry(self, rect: QRect) -> None:
        """Put everything in its place (Qt)."""
        super().setGeometry(rect)
        self._place(rect, move=True)

    def sizeHint(self) -> QSize:
        """Return the size of one line (Qt)."""
        sizes = [one.size for one in self._sized]
        width = sum(size.width() for size in sizes) + self._gap * max(0, len(sizes) - 1)
        return QSize(width, max((size.height() for size in sizes), default=0))

    def minimumSize(self) -> QSize:
        """Return the size of the widest item (Qt)."""
        least = QSize()
        for one in self._sized:
            least = least.expandedTo(one.least)
        return least

    def invalidate(self) -> None:
        """Forget the sizes: an item has changed (Qt)."""
        self._known = None
        super().invalidate()

    @property
    def _sized(self) -> list[_Sized]:
        if self._known is None:
            shown = [item for item in self._items if not item.isEmpty()]
            self._known = [_Sized(item, item.sizeHint(), item.minimumSize()) for item in shown]
        return self._known

    def _place(self, rect: QRect, *, move: bool) -> int:
        x, y, line = rect.left(), rect.top(), 0
        for item, size, _least in self._sized:
            if x > rect.left() and x + size.width() > rect.right() + 1:
                x, y, line = rect.left(), y + line + self._gap, 0
            if move:
                item.setGeometry(QRect(QPoint(x, y), size))
            x += size.width() + self._gap
            line = max(line, size.height())
        return y + line - rect.top()
