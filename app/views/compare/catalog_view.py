"""The catalog: filter, both trees, and the fields of the current record."""

from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from app.domain.control import CancelToken, Report
from app.domain.proposal import Choice
from app.domain.record import Side
from app.store.choices import choose
from app.store.comparison import side_details
from app.store.pager import Filter, tree_order
from app.sync.choosing import directed, needs_direction, turned
from app.sync.choosing_many import Bulk
from app.sync.compare import OpenedDiff, diff_of
from app.sync.workbench import Workbench
from app.views.compare.bulk_choice import BulkChoice
from app.views.compare.compare_trees import CompareTrees
from app.views.compare.field_menu import FieldMenu, add_direction
from app.views.compare.fields_view import FieldsPanel
from app.views.compare.filter_bar import FilterBar
from app.views.models.nodes import Node
from app.views.state.difference import Tick
from app.views.state.fields import LastChange, fields_view
from app.views.state.language import tr
from app.views.state.navigation import Go, destination
from app.views.state.survey import Survey, take_survey
from app.views.state.ticks import Direction, directions, turned_group
from app.views.state.toolbar import agreement_words
from app.views.tasks import Task, TaskPool
from app.views.widgets.labels import label
from app.views.widgets.message_page import MessagePage

_KEYS = {
    "F8": Go.NEXT,
    "F7": Go.PREVIOUS,
    "Shift+F8": Go.LAST,
    "Shift+F7": Go.FIRST,
}


class CatalogView(QWidget):
    """Shows one workspace's comparison; choices made here go to the store at once.

    Signals:
        refresh_wanted: Nothing was read yet, and the user wants to.
        surveyed: Another `Survey` is shown.
        failed: An exception, for the window's notice.
    """

    refresh_wanted = Signal()
    surveyed = Signal(object)
    failed = Signal(object)

    def __init__(self, pool: TaskPool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pool = pool
        self._bench: Workbench | None = None
        self._surveying: Task | None = None
        self._resets = True
        self._unstored: dict[int, Choice] = {}
        self._link = 0
        self._opened: OpenedDiff | None = None
        self._asked: Node | None = None
        self.filter = FilterBar()
        self.trees = CompareTrees()
        self.fields = FieldsPanel()
        self.field_menu, self._bulk = FieldMenu(pool, self), BulkChoice(pool, self)
        self._agrees = label("", "muted")
        self._message, self._found_none = MessagePage(), MessagePage()
        self._pages, self._body = QStackedWidget(), QStackedWidget()
        self._lay_out()
        self._connect()
        self.show_busy(tr("Opening the workspace"))

    @property
    def survey(self) -> Survey:
        """What is shown."""
        return self.trees.model.survey

    @property
    def is_settled(self) -> bool:
        """Whether what is shown is what the store holds: no survey is under way."""
        return self._surveying is None

    def _lay_out(self) -> None:
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(self.trees)
        split.addWidget(self.fields)
        split.setSizes([460, 240])
        split.setStretchFactor(0, 1)
        self._body.addWidget(split)
        self._body.addWidget(self._found_none)
        self._agrees.setContentsMargins(16, 6, 16, 6)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.filter)
        layout.addWidget(self._agrees)
        layout.addWidget(self._body, 1)
        self._pages.addWidget(self._message)
        self._pages.addWidget(content)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._pages)

    def _connect(self) -> None:
        self.filter.changed.connect(self._on_filter)
        self.trees.current_changed.connect(self._on_current)
        self.trees.tick_wanted.connect(self._on_tick)
        self.trees.direction_wanted.connect(self._on_direction)
        self.trees.opened.connect(self.fields.table.setFocus)
        self.fields.table.left.connect(self.trees.billing.setFocus)
        self.fields.choice_wanted.connect(self._on_field_choice)
        self.field_menu.chosen.connect(self._on_field_chosen)
        self.filter.bulk_wanted.connect(self.choose_for_all)
        self._bulk.stored.connect(self._start_survey)
        self._bulk.failed.connect(self.failed)
        self.fields.same_toggled.connect(self._show_fields)
        self._message.acted.connect(self.refresh_wanted)
        self._found_none.acted.connect(self.filter.clear)
        for keys, go in _KEYS.items():
            action = QAction(self)
            action.setShortcut(QKeySequence(keys))
            action.setData(go)
            action.triggered.connect(self._on_go)
            self.addAction(action)
        choose_direction = QAction(self)
        choose_direction.setShortcut(QKeySequence("D"))
        choose_direction.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        choose_direction.triggered.connect(self._on_direction_key)
        self.trees.addAction(choose_direction)

    def show_busy(self, heading: str) -> None:
        """Show that the workspace is being opened or read for the first time."""
        self._message.tell_busy(heading)
        self._pages.setCurrentIndex(0)

    def show_failure(self, summary: str, hint: str) -> None:
        """Show why there is nothing to see."""
        self._message.tell("warning", summary, hint, tr("Try again"))
        self._pages.setCurrentIndex(0)

    def open(self, bench: Workbench) -> None:
        """Show another workspace."""
        self._bench = bench
        self._unstored.clear()
        self.trees.show_survey(None, Survey())
        self.resurvey()

    def resurvey(self) -> None:
        """Look at the store again: after a refresh, a compare or a commit, or for a new filter."""
        self._resets = True
        self._start_survey()

    def _start_survey(self) -> None:
        bench, wanted = self._bench, self.filter.wanted
        if bench is None:
            return
        if self._surveying is not None:
            self._surveying.cancel()

        def survey(cancel: CancelToken, _report: Report) -> Survey:
            return take_survey(bench.store, wanted, cancel)

        self._surveying = self._pool.start(survey)
        self._surveying.succeeded.connect(self._on_survey)
        self._surveying.failed.connect(self._on_survey_failed)

    @Slot(object)
    def _on_survey(self, survey: Survey) -> None:
        if self.sender() is not self._surveying or self._bench is None:
            return
        self._surveying = None
        if self._resets:
            self._resets = False
            self.trees.show_survey(self._bench.store, survey)
        else:
            self.trees.model.recount(survey)
        self.trees.model.note_choices(self._unstored)
        self.filter.show_counts(survey)
        self._show_state(survey)
        self._show_fields()
        self.surveyed.emit(survey)

    @Slot(object)
    def _on_survey_failed(self, error: Exception) -> None:
        if self.sender() is self._surveying:
            self._surveying = None
            self.failed.emit(error)

    def _show_state(self, survey: Survey) -> None:
        if not survey.records:
            self._message.tell(
                "compare",
                tr("Nothing has been read yet"),
                tr("Refresh reads both sides. It only reads: nothing is written anywhere."),
                tr("Refresh both sides"),
            )
            self._pages.setCurrentIndex(0)
            return
        self._pages.setCurrentIndex(1)
        words = agreement_words(survey)
        self._agrees.setText(words)
        self._agrees.setVisible(bool(words))
        if survey.is_empty:
            self._found_none.tell(
                "search",
                tr("No record matches"),
                tr("{count:,} records are hidden by the filter.").format(count=survey.records),
                tr("Show all"),
            )
        self._body.setCurrentIndex(int(survey.is_empty))

    @Slot()
    def _on_filter(self) -> None:
        if self.filter.wanted != self.survey.wanted or self._surveying is not None:
            self.resurvey()

    @Slot(int)
    def _on_current(self, link: int) -> None:
        self._link = link
        self._show_fields()

    @Slot()
    def _show_fields(self) -> None:
        if self._bench is None or not self._link:
            self.fields.clear()
            return
        opened = self._opened = diff_of(self._bench, self._link)
        if opened is None:
            self.fields.clear()
            return
        _id, at, by = side_details(self._bench.store, self._link, Side.SALESFORCE)
        view = fields_view(opened, LastChange(at, by), with_same=self.fields.same.isChecked())
        self.fields.show_fields(view)

    @Slot(object)
    def _on_tick(self, node: Node) -> None:
        model, survey = self.trees.model, self.survey
        row = model.row_of(node)
        if row is None:
            tally = survey.tallies.get(node.place) if node.place else None
            if tally is not None:
                self._choose(turned_group(tally, survey.kinds, model.choices))
            return
        choice = model.choice_of(node.link)
        if model.view(node).tick is Tick.NONE:
            return
        if needs_direction(row.kind, choice):
            self._on_direction(node, self.trees.place_of(node))
            return
        self._choose({node.link: turned(row.kind, choice)})

    @Slot()
    def _on_direction_key(self) -> None:
        node = self.trees.current
        self._on_direction(node, self.trees.place_of(node))

    @Slot(object, QPoint)
    def _on_direction(self, node: Node, place: QPoint) -> None:
        row = self.trees.model.row_of(node)
        if row is None or self._bench is None:
            return
        entity = self._bench.mapping.entity(row.entity)
        choice = self.trees.model.choice_of(node.link)
        self._asked = node
        self._offer(directions(entity, row, choice, self._bench.abilities(entity)), place)

    @Slot(str, QPoint)
    def _on_field_choice(self, name: str, place: QPoint) -> None:
        bench, opened = self._bench, self._opened
        if bench is None or opened is None:
            return
        now = replace(opened, choice=self.trees.model.choice_of(self._link))
        self.field_menu.show_menu(bench, self._link, now, name).popup(place)

    @Slot(int, object)
    def _on_field_chosen(self, link: int, choice: Choice) -> None:
        self._choose({link: choice})

    @Slot(object)
    def choose_for_all(self, bulk: Bulk) -> None:
        """Make one choice for all that is shown, after a question that says how many."""
        if self._bench is not None and self._may_choose(self._bench):
            self._bulk.begin(self._bench, self.survey.wanted, bulk)

    def _may_choose(self, bench: Workbench) -> bool:
        """Return whether choices can be stored; say why not, if another Concord holds the store."""
        if bench.store.refused is not None:
            self.failed.emit(bench.store.refused)
        return bench.store.refused is None

    def _offer(self, entries: tuple[Direction, ...], place: QPoint) -> None:
        if not entries:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for entry in entries:
            add_direction(menu, entry).triggered.connect(self._on_wish)
        menu.popup(place)

    @Slot()
    def _on_wish(self) -> None:
        action, node = self.sender(), self._asked
        row = None if node is None else self.trees.model.row_of(node)
        if not isinstance(action, QAction) or node is None or row is None:
            return
        choice = self.trees.model.choice_of(node.link)
        self._choose({node.link: directed(row, choice, str(action.data()))})

    def _choose(self, changed: Mapping[int, Choice]) -> None:
        bench = self._bench
        if bench is None or not changed or not self._may_choose(bench):
            return
        self._unstored.update(changed)
        self.trees.model.note_choices(changed)

        def store(_cancel: CancelToken, _report: Report) -> Mapping[int, Choice]:
            choose(bench.store, changed)
            return changed

        task = self._pool.start(store, writes=True)
        task.succeeded.connect(self._on_chosen)
        task.failed.connect(self.failed)

    @Slot(object)
    def _on_chosen(self, stored: Mapping[int, Choice]) -> None:
        for link, choice in stored.items():
            if self._unstored.get(link) == choice:
                del self._unstored[link]
        self._start_survey()

    @Slot()
    def _on_go(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.go(action.data())

    def go(self, where: Go) -> None:
        """Go to another difference."""
        bench, order, link = self._bench, list(self.survey.order), self._current_link()
        if bench is None or not order:
            return
        if not link or link in self.survey.kinds or where in {Go.FIRST, Go.LAST}:
            self._go_to(destination(order, link, where))
            return

        def place(_cancel: CancelToken, _report: Report) -> int | None:
            return destination(tree_order(bench.store, [*order, link]), link, where)

        self._pool.start(place).succeeded.connect(self._go_to)

    def _current_link(self) -> int:
        """Return the current record, or the one above the current group; 0 at the top."""
        node: Node | None = self.trees.current
        while node is not None and not node.link:
            node = node.above
        return 0 if node is None else node.link

    @Slot(object)
    def _go_to(self, link: int | None) -> None:
        if link is not None:
            self.trees.go_to(link)

    @property
    def wanted(self) -> Filter:
        """The filter that is set."""
        return self.filter.wanted
