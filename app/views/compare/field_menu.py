"""The menu on a field: whose value is taken, a value of one's own, what is ignored."""

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from app.domain.convert import plain_value, typed_value
from app.domain.diff import FieldDiff
from app.domain.proposal import TYPED
from app.domain.record import BaseValue, FieldValue, Side
from app.store.ignoring import own_rules
from app.sync.choosing import field_directed, field_typed
from app.sync.compare import OpenedDiff
from app.sync.typed import rules_told
from app.sync.workbench import Workbench
from app.views.compare.ignore_dialog import IgnoreDialog, Start
from app.views.compare.value_dialog import ValueDialog
from app.views.state.ignore_rules import first_draft
from app.views.state.language import tr
from app.views.state.ticks import Direction, field_directions
from app.views.state.typed_value import value_form
from app.views.tasks import TaskPool


class FieldMenu(QObject):
    """Shows the menu and the dialogs that it leads to; what was chosen is told by signals.

    Signals:
        chosen: A link, and the `Choice` that is made for it.
        rule_made: An `IgnoreRule`.
        rule_unwanted: The name of a rule.
        rules_wanted: The list of rules is to be shown.
    """

    chosen = Signal(int, object)
    rule_made = Signal(object)
    rule_unwanted = Signal(str)
    rules_wanted = Signal()

    def __init__(self, pool: TaskPool, parent: QWidget) -> None:
        super().__init__(parent)
        self._pool, self._window = pool, parent
        self._bench: Workbench | None = None
        self._opened: OpenedDiff | None = None
        self._link, self._name = 0, ""

    def show_menu(self, bench: Workbench, link: int, opened: OpenedDiff, name: str) -> QMenu:
        """Return the menu for one field of an opened record; the caller pops it up."""
        self._bench, self._opened, self._link, self._name = bench, opened, link, name
        menu = QMenu(self._window)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        rule = dict(opened.diff.ignored).get(name, "")
        if rule:
            self._add_ignored(menu, rule)
        else:
            self._add_directions(menu)
            menu.addSeparator()
            for start, words in (
                (Start.FIELD, tr("Ignore this field\u2026")),
                (Start.VALUE, tr("Ignore this value\u2026")),
                (Start.LIKENESS, tr("Ignore by pattern or tolerance\u2026")),
            ):
                action = menu.addAction(words)
                action.setData(start)
                action.triggered.connect(self._on_ignore)
        menu.addAction(tr("Ignore rules\u2026")).triggered.connect(self.rules_wanted)
        return menu

    def _add_directions(self, menu: QMenu) -> None:
        opened, bench = self._opened, self._bench
        if opened is None or bench is None:
            return
        abilities = bench.abilities(opened.entity)
        for entry in field_directions(opened.entity, self._name, opened.choice, abilities):
            add_direction(menu, entry).triggered.connect(self._on_wish)

    def _add_ignored(self, menu: QMenu, rule: str) -> None:
        words = tr("Stop ignoring: remove the rule \u201c{rule}\u201d").format(rule=rule)
        action = menu.addAction(words.replace("&", "&&"))
        action.setData(rule)
        own = self._bench is not None and rule in {r.name for r in own_rules(self._bench.store)}
        action.setEnabled(own)
        action.triggered.connect(self._on_stop_ignoring)

    @Slot()
    def _on_wish(self) -> None:
        action, opened = self.sender(), self._opened
        if not isinstance(action, QAction) or opened is None:
            return
        wish = str(action.data())
        if wish == TYPED:
            self._ask_value(opened)
            return
        choice = field_directed(opened.diff.kind, opened.choice, self._name, wish)
        self.chosen.emit(self._link, choice)

    def _ask_value(self, opened: OpenedDiff) -> None:
        bench, diff = self._bench, self._diff()
        if bench is None or diff is None:
            return
        told = rules_told(bench, opened.entity, self._name, tuple(Side))
        form = value_form(opened.entity, self._name, told, start_value(opened, diff))
        dialog = ValueDialog(form, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.typed.connect(self._on_typed)
        dialog.open()

    @Slot(object)
    def _on_typed(self, value: FieldValue) -> None:
        opened = self._opened
        if opened is not None:
            plain = plain_value(value)
            choice = field_typed(opened.diff.kind, opened.choice, self._name, plain)
            self.chosen.emit(self._link, choice)

    @Slot()
    def _on_ignore(self) -> None:
        action, opened, bench, diff = self.sender(), self._opened, self._bench, self._diff()
        if not isinstance(action, QAction) or opened is None or bench is None or diff is None:
            return
        draft = first_draft(bench, opened.entity, diff)
        dialog = IgnoreDialog(bench, self._pool, draft, self._window, start=action.data())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.made.connect(self.rule_made)
        dialog.open()

    @Slot()
    def _on_stop_ignoring(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.rule_unwanted.emit(str(action.data()))

    def _diff(self) -> FieldDiff | None:
        fields = () if self._opened is None else self._opened.diff.fields
        return next((field for field in fields if field.name == self._name), None)


def add_direction(menu: QMenu, entry: Direction) -> QAction:
    """Add an entry of the menu on an arrow; its data is the wish."""
    action = menu.addAction(entry.label)
    action.setCheckable(True)
    action.setChecked(entry.checked)
    action.setEnabled(entry.enabled)
    action.setData(entry.wish)
    return action


def start_value(opened: OpenedDiff, diff: FieldDiff) -> BaseValue:
    """Return what stands in the editor at first: what was typed before, else the owner's value."""
    choice, entity = opened.choice, opened.entity
    if choice.take.get(diff.name) == TYPED:
        return typed_value(choice.typed[diff.name], entity.types[entity.index[diff.name]])
    return diff.billing if diff.billing is not None else diff.salesforce
