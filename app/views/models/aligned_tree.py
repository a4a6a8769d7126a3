"""The one model behind both trees: aligned rows, the same for billing and Salesforce."""

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)

from app.domain.proposal import NO_CHOICE, Choice
from app.store.pager import Row
from app.store.workspace import Store
from app.views.models.nodes import Forest, Node, Step, What
from app.views.state.difference import Tick, Tone, arrow_word
from app.views.state.language import tr
from app.views.state.row_reader import with_choice
from app.views.state.survey import Survey
from app.views.state.tree_row import RowView, group_view

Index = QModelIndex | QPersistentModelIndex
BILLING_NAME, BILLING_KEY, SALESFORCE_NAME, DIFFERENCE = range(4)
COLUMNS = 4
_VIEWS_KEPT = 20_000
_CHECK = {
    Tick.OFF: Qt.CheckState.Unchecked,
    Tick.SOME: Qt.CheckState.PartiallyChecked,
    Tick.ON: Qt.CheckState.Checked,
}
_NOTHING = RowView(
    "", "", in_billing=True, in_salesforce=True, key="", note="", tone=Tone.PLAIN, glyph="",
    tick=Tick.NONE, arrow=group_view("", 0, None).arrow, is_group=False, spoken="", inside=False,
)  # fmt: skip


class AlignedTree(QAbstractItemModel):
    """Aligned rows of a survey, opened level by level; an index carries a node's number."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._forest = Forest(None, Survey())
        self._views: dict[int, RowView] = {}
        self._choices: Mapping[int, Choice] = {}

    @property
    def survey(self) -> Survey:
        """The survey that is shown."""
        return self._forest.survey

    @property
    def choices(self) -> Mapping[int, Choice]:
        """Link → choice, those that are not stored yet included."""
        return self._choices

    def show(self, store: Store | None, survey: Survey) -> None:
        """Show another survey; all indexes are void afterwards."""
        self.beginResetModel()
        self._forest = Forest(store, survey)
        self._choices = survey.choices
        self._views.clear()
        self.endResetModel()

    def recount(self, survey: Survey) -> None:
        """Take over the counts and choices of a survey of the same rows; nothing moves."""
        self._forest.survey = survey
        self._choices = survey.choices
        self._repaint()

    def note_choices(self, changed: Mapping[int, Choice]) -> None:
        """Show choices at once, before they are stored and counted."""
        self._choices = with_choice(self._choices, changed)
        self._repaint()

    def node(self, index: Index) -> Node:
        """Return the node of an index; the root's for an invalid one."""
        if not index.isValid():
            return self._forest.root
        return self._forest.node(index.internalId())

    def node_numbered(self, number: int) -> Node:
        """Return the node of a number that was in an index since the last reset."""
        return self._forest.node(number)

    def index_of(self, node: Node, column: int = 0) -> QModelIndex:
        """Return a node's index."""
        if node.above is None:
            return QModelIndex()
        return self.createIndex(node.row, column, node.number)

    def row_of(self, node: Node) -> Row | None:
        """Return the record that a node stands for, None for a group."""
        reader = self._forest.reader
        if reader is None or node.what is not What.RECORD or node.above is None:
            return None
        return reader.row(node.link, node.above.links, node.row)

    def choice_of(self, link: int) -> Choice:
        """Return a person's choice for a record."""
        return self._choices.get(link, NO_CHOICE)

    def view(self, node: Node) -> RowView:
        """Return what both trees paint of a node; made once, then kept."""
        found = self._views.get(node.number)
        if found is None:
            if len(self._views) > _VIEWS_KEPT:
                self._views.clear()
            found = self._views[node.number] = self._make_view(node)
        return found

    def node_of_link(self, link: int) -> Node | None:
        """Return a record's node, opening the levels on the way; None where it is not shown."""
        node: Node | None = self._forest.root
        for step in self._forest.way_to(link):
            node = None if node is None else self._find_below(node, step)
        return None if node is self._forest.root else node

    def path(self, node: Node) -> tuple[Step, ...]:
        """Return what names a node for good, also after a refresh."""
        return self._forest.path(node)

    def node_at(self, path: tuple[Step, ...]) -> Node | None:
        """Return the node that a path names, opening levels on the way; None if it is gone."""
        node: Node | None = self._forest.root
        for step in path:
            if node is None:
                return None
            self.open(node)
            node = self._forest.child_at(node, step)
        return node

    def index(
        self,
        row: int,
        column: int,
        parent: Index = QModelIndex(),  # noqa: B008 - Qt's signature
    ) -> QModelIndex:
        """Return the index of a child (Qt)."""
        children = self.node(parent).children or ()
        if not (0 <= row < len(children) and 0 <= column < COLUMNS) or parent.column() > 0:
            return QModelIndex()
        return self.createIndex(row, column, children[row].number)

    def parent(self, index: Index = QModelIndex()) -> Any:  # noqa: B008 - Qt's signature
        """Return the index above (Qt); with no index, the model's owner."""
        if not index.isValid():
            return QModelIndex()
        above = self.node(index).above
        return QModelIndex() if above is None else self.index_of(above)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Return how many children are known (Qt)."""
        return 0 if parent.column() > 0 else len(self.node(parent).children or ())

    def columnCount(self, _parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Return the columns of both trees together (Qt)."""
        return COLUMNS

    def hasChildren(self, parent: Index = QModelIndex()) -> bool:  # noqa: B008 - Qt's signature
        """Return whether a row can be opened (Qt)."""
        return parent.column() <= 0 and self._forest.may_have_children(self.node(parent))

    def canFetchMore(self, parent: Index) -> bool:
        """Return whether a row was never opened (Qt)."""
        return self.node(parent).children is None and self.hasChildren(parent)

    def fetchMore(self, parent: Index) -> None:
        """Open a row for the first time (Qt)."""
        node = self.node(parent)
        if node.children is not None:
            return
        made = self._forest.grow(node)
        if not made:
            node.children = []
            self._views.pop(node.number, None)
            return
        self.beginInsertRows(self.index_of(node), 0, len(made) - 1)
        node.children = made
        self.endInsertRows()

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Return what a row allows (Qt)."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> str | None:
        """Return a column's heading (Qt)."""
        if role != Qt.ItemDataRole.DisplayRole or orientation != Qt.Orientation.Horizontal:
            return None
        return (tr("Billing"), tr("Key"), tr("Salesforce"), tr("Difference"))[section]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a cell for screen readers and tests (Qt); the trees paint from `view`."""
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            view = self.view(self.node(index))
            return (view.billing, view.key, view.salesforce, view.note)[index.column()]
        return self._other_data(index, role)

    def _other_data(self, index: Index, role: int) -> Any:
        name = index.column() in {BILLING_NAME, SALESFORCE_NAME}
        if role == Qt.ItemDataRole.CheckStateRole and index.column() == BILLING_NAME:
            return _CHECK.get(self.view(self.node(index)).tick)
        if role == Qt.ItemDataRole.AccessibleTextRole and name:
            return self.view(self.node(index)).spoken
        if role == Qt.ItemDataRole.ToolTipRole:
            view = self.view(self.node(index))
            parts = (view.billing, view.salesforce, view.key, view.note, arrow_word(view.arrow))
            return "\n".join(dict.fromkeys(part for part in parts if part))
        return None

    def _make_view(self, node: Node) -> RowView:
        survey = self._forest.survey
        row = self.row_of(node)
        if row is not None and self._forest.reader is not None:
            choice, below = self._choices.get(node.link), survey.below.get(node.link)
            return self._forest.reader.view(row, choice, below)
        if node.what is What.RECORD:
            return _NOTHING
        tally = None if node.place is None else survey.tallies.get(node.place)
        return group_view(node.title or node.label, len(node.links), tally)

    def _find_below(self, node: Node, link: int) -> Node | None:
        """Return the record below a node, through the groups between them."""
        self.open(node)
        for child in node.children or ():
            if child.link == link and child.what is What.RECORD:
                return child
            if child.what is not What.RECORD and link in child.links:
                return self._find_below(child, link)
        return None

    def open(self, node: Node) -> None:
        """Make a node's children, if they were not made yet."""
        if node.children is None:
            self.fetchMore(self.index_of(node))

    def _repaint(self) -> None:
        self._views.clear()
        first = self.index(0, 0)
        last = self.index(self.rowCount() - 1, COLUMNS - 1)
        if first.isValid():
            self.dataChanged.emit(first, last)
