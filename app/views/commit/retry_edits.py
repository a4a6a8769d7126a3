"""Values typed for what a commit could not write, before it is sent once more."""

from typing import Any

from PySide6.QtCore import QObject, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from app.domain.convert import plain_value, typed_value
from app.domain.plan import Operation, Verb
from app.domain.record import FieldValue, Side
from app.sync.typed import rules_told
from app.sync.workbench import Workbench
from app.views.compare.value_dialog import ValueDialog
from app.views.state.commit_outcome import ListedOperation
from app.views.state.difference import field_label
from app.views.state.retry import Spot, spot_of
from app.views.state.typed_value import value_form


class RetryEdits(QObject):
    """Asks for the values and keeps them.

    Signals:
        changed: Another value was typed.
    """

    changed = Signal()

    def __init__(self, bench: Workbench, window: QWidget) -> None:
        super().__init__(window)
        self._bench, self._window = bench, window
        self.made: dict[Spot, dict[str, Any]] = {}
        self._operation: Operation | None = None
        self._name = ""

    def ask(self, line: ListedOperation, place: QPoint) -> None:
        """Ask for the value of the field that the target named; if it named none, for which one."""
        self._operation = line.operation
        entity = self._bench.mapping.entity(line.operation.entity)
        names = [each.name for each in line.operation.changes if each.name in entity.index]
        if line.named in names or len(names) == 1:
            self._ask_value(line.named if line.named in names else names[0])
            return
        menu = QMenu(self._window)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for name in names:
            action = menu.addAction(field_label(name))
            action.setData(name)
            action.triggered.connect(self._on_field)
        menu.popup(place)

    @Slot()
    def _on_field(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self._ask_value(str(action.data()))

    def _ask_value(self, name: str) -> None:
        operation = self._operation
        if operation is None:
            return
        self._name = name
        entity = self._bench.mapping.entity(operation.entity)
        change = next(each for each in operation.changes if each.name == name)
        insert = operation.verb is Verb.INSERT
        told = rules_told(self._bench, entity, name, (operation.side,) if insert else tuple(Side))
        typed = self.made.get(spot_of(operation), {})
        kind = entity.types[entity.index[name]]
        start = typed_value(typed[name], kind) if name in typed else change.after
        dialog = ValueDialog(value_form(entity, name, told, start, insert=insert), self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.typed.connect(self._on_typed)
        dialog.open()

    @Slot(object)
    def _on_typed(self, value: FieldValue) -> None:
        if self._operation is not None:
            typed = self.made.setdefault(spot_of(self._operation), {})
            typed[self._name] = plain_value(value)
            self.changed.emit()
