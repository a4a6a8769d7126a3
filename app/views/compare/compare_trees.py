"""Both trees, the gutter and the overview bar as one: same rows, same expansion, same scroll."""

from collections.abc import Iterator

from PySide6.QtCore import QModelIndex, QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.domain.record import Side
from app.store.workspace import Store
from app.views.compare.gutter import Gutter
from app.views.compare.overview_bar import OverviewBar
from app.views.compare.side_tree import ROW_HEIGHT, SideTree
from app.views.models.aligned_tree import AlignedTree
from app.views.models.nodes import Node, Step, What
from app.views.state.difference import TONES, Tone
from app.views.state.language import tr
from app.views.state.overview import marks, window
from app.views.state.survey import Survey

MOST_OPEN_ROWS = 20_000
OPEN_ALL_BELOW = 400


class CompareTrees(QWidget):
    """The heart of the window. It asks for changes by signals and makes none itself.

    Signals:
        current_changed: The link of the current record, 0 on a group or where there is none.
        tick_wanted: A node whose tick is to be turned.
        direction_wanted: A node whose direction is to be chosen, and where to show the menu.
        opened: The user wants the fields of the current record.
    """

    current_changed = Signal(int)
    tick_wanted = Signal(object)
    direction_wanted = Signal(object, QPoint)
    opened = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = AlignedTree(self)
        self.billing = SideTree(Side.BILLING, self.model, self)
        self.salesforce = SideTree(Side.SALESFORCE, self.model, self)
        self.gutter = Gutter(self.billing, self.model, self)
        self.overview = OverviewBar(self)
        self._expanded: set[int] = set()
        self._marking = QTimer(self, singleShot=True, interval=0)
        self._marking.timeout.connect(self._mark)
        self._lay_out()
        self._share()

    def _lay_out(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.billing, 1)
        layout.addWidget(self.gutter)
        layout.addWidget(self.salesforce, 1)
        layout.addWidget(self.overview)
        self.billing.setAccessibleName(tr("Billing records"))
        self.salesforce.setAccessibleName(tr("Salesforce records"))

    def _share(self) -> None:
        billing, salesforce = self.billing, self.salesforce
        salesforce.setSelectionModel(billing.selectionModel())
        billing.selectionModel().currentChanged.connect(self._on_current)
        for one, other in ((billing, salesforce), (salesforce, billing)):
            one.expanded.connect(other.expand)
            one.collapsed.connect(other.collapse)
            one.verticalScrollBar().valueChanged.connect(other.verticalScrollBar().setValue)
            one.crossed.connect(other.setFocus)
            one.tick_wanted.connect(self._on_tick_key)
            one.opened.connect(self.opened)
        billing.expanded.connect(self._on_expanded)
        billing.collapsed.connect(self._on_collapsed)
        billing.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        salesforce.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        bar = salesforce.verticalScrollBar()
        bar.valueChanged.connect(self._on_scroll)
        bar.rangeChanged.connect(self._on_layout)
        self.model.dataChanged.connect(self._on_layout)
        self.overview.jumped.connect(self._jump)
        self.gutter.tick_clicked.connect(self.tick_wanted)
        self.gutter.arrow_clicked.connect(self.direction_wanted)

    @property
    def current(self) -> Node:
        """The current node; the root's where there is none."""
        return self.model.node(self.billing.currentIndex())

    def show_survey(self, store: Store | None, survey: Survey) -> None:
        """Show another survey; cursor, expansion and scroll stay where their records are."""
        kept = self._place()
        self._expanded.clear()
        before = self.model.survey
        first = before.is_empty
        self.model.show(store, survey)
        if first or not survey.wanted.is_open:
            self._open_at_first(survey)
        if not first:
            self._restore(kept, scroll=before.wanted == survey.wanted)
        if not self.billing.currentIndex().isValid():
            self.current_changed.emit(0)

    def go_to(self, link: int) -> bool:
        """Make a record the current one and bring it into sight; return whether it is shown."""
        node = self.model.node_of_link(link)
        if node is None:
            return False
        index = self.model.index_of(node)
        self._reveal(index)
        self.billing.setCurrentIndex(index)
        rect = self.billing.visualRect(index)
        room = self.billing.viewport().rect().adjusted(0, ROW_HEIGHT, 0, -2 * ROW_HEIGHT)
        if not room.contains(rect.center()):
            self.billing.scrollTo(index, SideTree.ScrollHint.PositionAtCenter)
        return True

    def place_of(self, node: Node) -> QPoint:
        """Return where on the screen a node's arrow is, for its menu."""
        rect = self.billing.visualRect(self.model.index_of(node))
        top = self.billing.viewport().mapTo(self, rect.bottomLeft()).y()
        return self.mapToGlobal(QPoint(self.gutter.geometry().center().x(), top))

    def _reveal(self, index: QModelIndex) -> None:
        above = index.parent()
        while above.isValid():
            self.billing.expand(above)
            above = above.parent()

    def _open_at_first(self, survey: Survey) -> None:
        """Open the tops; under a narrow filter everything, so that what matches is in sight."""
        all_open = survey.shown is not None and len(survey.shown) <= OPEN_ALL_BELOW
        waiting = list(self.model.node(QModelIndex()).children or ())
        while waiting:
            node = waiting.pop()
            index = self.model.index_of(node)
            if not self.model.hasChildren(index):
                continue
            self.model.open(node)
            self.billing.expand(index)
            if all_open:
                waiting += node.children or ()

    def _place(self) -> tuple[list[tuple[Step, ...]], tuple[Step, ...], tuple[Step, ...]]:
        nodes = sorted(map(self.model.node_numbered, self._expanded), key=lambda node: node.depth)
        top = self.model.node(self.billing.indexAt(QPoint(4, 0)))
        path = self.model.path
        return [path(node) for node in nodes], path(self.current), path(top)

    def _restore(
        self,
        kept: tuple[list[tuple[Step, ...]], tuple[Step, ...], tuple[Step, ...]],
        *,
        scroll: bool,
    ) -> None:
        expanded, current, top = kept
        for path in expanded:
            node = self.model.node_at(path)
            if node is not None:
                self.billing.expand(self.model.index_of(node))
        found = self.model.node_at(current) if current else None
        if not scroll:
            self.billing.scrollToTop()
        if found is not None:
            index = self.model.index_of(found)
            self._reveal(index)
            self.billing.setCurrentIndex(index)
            if not scroll:
                self.billing.scrollTo(index, SideTree.ScrollHint.PositionAtCenter)
        first = self.model.node_at(top) if top and scroll else None
        if first is not None:
            self.billing.scrollTo(self.model.index_of(first), SideTree.ScrollHint.PositionAtTop)

    @Slot(QModelIndex)
    def _on_expanded(self, index: QModelIndex) -> None:
        self._expanded.add(self.model.node(index).number)
        self._on_layout()

    @Slot(QModelIndex)
    def _on_collapsed(self, index: QModelIndex) -> None:
        self._expanded.discard(self.model.node(index).number)
        self._on_layout()

    @Slot(QModelIndex, QModelIndex)
    def _on_current(self, current: QModelIndex, _previous: QModelIndex) -> None:
        self.gutter.update()
        self.billing.viewport().update()
        self.salesforce.viewport().update()
        node = self.model.node(current)
        self.current_changed.emit(node.link if node.what is What.RECORD else 0)

    @Slot()
    def _on_tick_key(self) -> None:
        if self.billing.currentIndex().isValid():
            self.tick_wanted.emit(self.current)

    @Slot()
    def _on_layout(self) -> None:
        self.billing.viewport().update()
        self.salesforce.viewport().update()
        self.gutter.update()
        self._marking.start()

    @Slot()
    def _on_scroll(self) -> None:
        self.gutter.update()
        bar = self.salesforce.verticalScrollBar()
        self.overview.show_window(window(bar.value(), bar.pageStep(), bar.maximum()))

    @Slot()
    def _mark(self) -> None:
        found = list(self._open_tones())
        rows = found[-1][0] + 1 if found else 1
        toned = [(row, tone) for row, tone in found if tone is not None]
        self.overview.show_marks(marks(toned, rows))
        self._on_scroll()

    def _open_tones(self) -> Iterator[tuple[int, Tone | None]]:
        """Yield each open row with its mark: its own state, or PLAIN if it hides differences."""
        survey = self.model.survey
        waiting = list(reversed(self.model.node(QModelIndex()).children or ()))
        row = 0
        while waiting and row < MOST_OPEN_ROWS:
            node = waiting.pop()
            is_open = node.number in self._expanded
            kind = survey.kinds.get(node.link) if node.what is What.RECORD else None
            hides = node.link in survey.below or (
                node.place is not None and node.place in survey.tallies
            )
            tone = TONES[kind] if kind is not None else None
            if tone is None and hides and not is_open:
                tone = Tone.PLAIN
            yield row, tone
            row += 1
            if is_open:
                waiting += reversed(node.children or ())

    @Slot(float)
    def _jump(self, place: float) -> None:
        bar = self.salesforce.verticalScrollBar()
        whole = bar.maximum() + bar.pageStep()
        bar.setValue(round(place * whole - bar.pageStep() / 2))
        y = int(place * whole) - bar.value()
        index = self.billing.indexAt(QPoint(4, max(0, min(y, bar.pageStep() - ROW_HEIGHT // 2))))
        if index.isValid():
            self.billing.setCurrentIndex(index.siblingAtColumn(0))
