"""The page of the open workspace's mapping: its entities, and the fields of one, edited."""

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractItemDelegate, QMessageBox, QWidget

from app.domain.column import Column
from app.domain.control import CancelToken, Report
from app.domain.mapping import EntityMapping
from app.domain.mapping_change import change_between
from app.domain.mapping_edit import (
    MappingDraft,
    Setting,
    add_entity,
    add_field,
    change_entity,
    change_field,
    draft_of,
    remove_entity,
    remove_field,
    settings_of,
)
from app.domain.mapping_suggest import Pairing
from app.domain.record import Side
from app.errors import AppError
from app.sync.mapping_fit import Template
from app.sync.workbench import Workbench
from app.views.mapping.mapping_field_dialog import FieldDialog, FieldForm
from app.views.mapping.mapping_find_dialog import FindDialog
from app.views.mapping.mapping_frame import MappingFrame
from app.views.mapping.mapping_save_dialog import MappingSaveDialog
from app.views.mapping.value_map_dialog import ValueMapDialog
from app.views.models.rows import Line
from app.views.services import Services
from app.views.state.language import tr
from app.views.state.mapping import (
    Cell,
    addable,
    blank_field,
    buttons,
    cell_settings,
    choices,
    field_lines,
    new_field,
    objection,
    offered,
    problem_words,
)
from app.views.state.mapping_editing import Edit, Editing, read_editing
from app.views.state.mapping_find import Found
from app.views.tasks import TaskPool

_CHECK_AFTER_MS = 120


class MappingView(MappingFrame):
    """Edits a mapping; who saves it is the window.

    Signals:
        save_wanted: A mapping's text, and whether both sides are to be read afterwards.
        failed: An exception, for the window's notice.
    """

    save_wanted = Signal(str, bool)
    failed = Signal(object)

    def __init__(self, services: Services, pool: TaskPool, parent: QWidget | None = None) -> None:
        super().__init__(self._offered, parent)
        self._services, self._pool = services, pool
        self._bench: Workbench | None = None
        self._editings: dict[str, Editing] = {}
        self._entity = ""
        self._lets_go = False
        self._waiting: tuple[str, Mapping[str, Setting]] = ("", {})
        self._clock = QTimer(self)
        self._clock.setSingleShot(True)
        self._clock.setInterval(_CHECK_AFTER_MS)
        self._connect()
        self._show()

    def _connect(self) -> None:
        self.list.selectionModel().currentRowChanged.connect(self._on_entity)
        self.table.fields.edited.connect(self._on_edited)
        self.table.editors.typed.connect(self._on_typed)
        self.table.editors.closeEditor.connect(self._on_closed)
        self.table.selectionModel().currentChanged.connect(self._show_buttons)
        self._clock.timeout.connect(self._on_check)
        self.sobject.editingFinished.connect(self._on_object)
        self.key.editingFinished.connect(self._on_object)
        for button, slot in (
            (self.search, self.find_fields),
            (self.add, self._on_add),
            (self.details, self._on_details),
            (self.values, self._on_values),
            (self.remove, self._on_remove),
            (self.undo, self._on_undo),
            (self.save, self._on_save),
        ):
            button.clicked.connect(slot)

    @property
    def editing(self) -> Editing | None:
        """The mapping that is shown, None before it was read."""
        return self._editings.get(self._bench.name) if self._bench is not None else None

    @property
    def entity(self) -> EntityMapping | None:
        """The entity whose fields are shown."""
        editing = self.editing
        return editing.draft.mapping.by_name.get(self._entity) if editing else None

    def open(self, bench: Workbench | None, *, anew: bool = False) -> None:
        """Show another workspace's mapping; `anew` forgets what was edited of it."""
        if bench is None or self._bench is None or bench.name != self._bench.name:
            self._entity = ""
        self._bench = bench
        if bench is not None and anew:
            self._editings.pop(bench.name, None)
        self._show()

    def may_close(self) -> bool:
        """Return whether no mapping has changes that were not saved; else ask what to do."""
        names = [name for name, each in self._editings.items() if each.is_changed]
        if not names or self._lets_go:
            return True
        words = tr("The mapping of {names} was changed and not saved.")
        box = QMessageBox(
            QMessageBox.Icon.Question,
            tr("Close"),
            words.format(names=", ".join(names)),
            parent=self,
        )
        go = box.addButton(tr("Close without saving"), QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(tr("Stay"), QMessageBox.ButtonRole.RejectRole))
        go.clicked.connect(self._on_let_go)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()
        return False

    @Slot()
    def _on_let_go(self) -> None:
        self._lets_go = True
        self.window().close()

    @Slot()
    def reload(self) -> None:
        """Read the mapping, unless it is there already with what was edited."""
        bench, services = self._bench, self._services
        if bench is None or self.editing is not None:
            self.show_rights()
            return
        name = bench.name

        def work(_cancel: CancelToken, _report: Report) -> Editing:
            return read_editing(services.mapping_draft(name))

        task = self._pool.start(work)
        task.succeeded.connect(self._on_read)
        task.failed.connect(self.failed)

    @Slot(object)
    def _on_read(self, editing: Editing) -> None:
        if self._bench is not None:
            self._editings.setdefault(self._bench.name, editing)
            self._show()

    def _show(self) -> None:
        """Show the draft as it is now."""
        editing = self.editing
        mapped = [] if editing is None else editing.draft.mapping.entities
        self.entities.show([Line((each.label, each.sobject), each.name) for each in mapped])
        names = [each.name for each in mapped]
        if names:
            if self._entity not in names:
                self._entity = names[0]
            self.list.selectRow(names.index(self._entity))
        self._show_entity()

    def _show_entity(self) -> None:
        editing, entity = self.editing, self.entity
        lines = (
            [] if editing is None or entity is None else field_lines(entity, editing.draft.mapping)
        )
        self.table.fields.show(lines, can_edit=self._can_edit)
        self.table.fields.show_problem("", "")
        self.sobject.setText(entity.sobject if entity else "")
        self.key.setText(entity.salesforce_key if entity else "")
        self._show_menu()
        self._show_buttons()

    def show_rights(self) -> None:
        """Show whether the mapping may be edited here now."""
        self.table.fields.allow(can_edit=self._can_edit)
        self._show_buttons()

    @property
    def _can_edit(self) -> bool:
        return self._bench is not None and self._bench.store.refused is None

    @Slot()
    def _show_buttons(self) -> None:
        editing = self.editing
        refused = "" if self._bench is None else str(self._bench.store.refused or "")
        state = buttons(
            editing.draft if editing else None, editing.saved if editing else "",
            field=self.table.field, steps=len(editing.steps) if editing else 0, refused=refused,
        )  # fmt: skip
        for widget in (self.search, self.add, self.more, self.sobject, self.key):
            widget.setEnabled(state.can_edit)
        for widget in (self.details, self.values, self.remove):
            widget.setEnabled(state.can_remove)
        self.undo.setEnabled(state.can_undo)
        self.save.setEnabled(state.can_save)
        self.state.setText(state.state)

    def apply(self, edit: Edit, concerning: str = "") -> bool:
        """Make an edit; return whether the mapping would still be right, else say why not.

        `concerning` is the field beside which that is said.
        """
        editing = self.editing
        if editing is None or not self._can_edit:
            return False
        try:
            editing.apply(edit)
        except AppError as error:
            self._show_problem(concerning, tr("Not taken. {why}").format(why=problem_words(error)))
            return False
        self._show_problem("", "")
        self._show()
        return True

    def _show_problem(self, concerning: str, words: str) -> None:
        self._clock.stop()
        self.table.fields.show_problem(concerning, words)
        self.problem.setText(words)
        self.problem.setVisible(bool(words))

    @Slot()
    def _on_entity(self) -> None:
        name = self.list.currentIndex().data(Qt.ItemDataRole.UserRole)
        if isinstance(name, str) and name != self._entity:
            self._entity = name
            self._show_problem("", "")
            self._show_entity()

    def _offered(self, _field: str, cell: Cell) -> Sequence[str]:
        editing = self.editing
        if editing is None:
            return ()
        found = [choice.words for choice in choices(cell, editing.draft.mapping)]
        return found or offered(self._columns(cell))

    def _columns(self, cell: Cell) -> Sequence[Column]:
        editing = self.editing
        sides = {Cell.BILLING: Side.BILLING, Cell.SALESFORCE: Side.SALESFORCE}
        if editing is None or cell not in sides:
            return ()
        return editing.columns.get((self._entity, sides[cell]), ())

    @Slot(str, int, str)
    def _on_typed(self, name: str, cell: int, words: str) -> None:
        editing = self.editing
        if editing is not None:
            self._waiting = name, cell_settings(Cell(cell), words, editing.draft.mapping)
            self._clock.start()

    @Slot(QWidget, QAbstractItemDelegate.EndEditHint)
    def _on_closed(self, _editor: QWidget, hint: QAbstractItemDelegate.EndEditHint) -> None:
        if hint is QAbstractItemDelegate.EndEditHint.RevertModelCache:
            self._show_problem("", "")

    @Slot()
    def _on_check(self) -> None:
        editing, (name, settings) = self.editing, self._waiting
        if editing is not None and settings:
            self._show_problem(name, objection(editing.draft, self._entity, name, settings))

    @Slot(str, int, str)
    def _on_edited(self, name: str, cell: int, words: str) -> None:
        editing, entity = self.editing, self._entity
        if editing is None:
            return
        settings = cell_settings(Cell(cell), words, editing.draft.mapping)
        if settings:
            self.apply(lambda draft: change_field(draft, entity, name, settings), name)

    @Slot()
    def _on_object(self) -> None:
        entity = self.entity
        if entity is None:
            return
        sobject, key = self.sobject.text().strip(), self.key.text().strip()
        if (sobject, key) == (entity.sobject, entity.salesforce_key):
            return
        pair = {"billing": entity.billing_key, "salesforce": key}
        settings: dict[str, Setting] = {"sobject": sobject}
        if key != entity.salesforce_key:
            settings["key"] = pair
        self.apply(lambda draft: change_entity(draft, entity.name, settings))

    @Slot()
    def _on_add(self) -> None:
        editing, entity = self.editing, self.entity
        if editing is None or entity is None:
            return
        heading = tr("New field of {what}").format(what=entity.plural)
        self._open_form(
            heading,
            blank_field(entity),
            lambda draft, settings: add_field(draft, entity.name, settings),
        )

    @Slot()
    def _on_details(self) -> None:
        editing, entity, name = self.editing, self.entity, self.table.field
        if editing is None or entity is None or not name:
            return
        self._open_form(
            f"{entity.label} \u00b7 {name}",
            settings_of(entity.field_of(name)),
            lambda draft, settings: change_field(draft, entity.name, name, settings),
        )

    def _open_form(
        self,
        heading: str,
        start: Mapping[str, Setting],
        edit: Callable[[MappingDraft, Mapping[str, Setting]], MappingDraft],
    ) -> None:
        editing, entity = self.editing, self.entity
        if editing is None or entity is None:
            return
        draft = editing.draft

        def against(settings: Mapping[str, Setting]) -> str:
            try:
                edit(draft, settings)
            except AppError as error:
                return problem_words(error)
            return ""

        names = {
            "billing": offered(self._columns(Cell.BILLING)),
            "salesforce": offered(self._columns(Cell.SALESFORCE)),
        }
        others = [each.name for each in entity.fields if each.name != start.get("name")]
        form = FieldForm(heading, start, draft.mapping, others, names, against)
        dialog = FieldDialog(form, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.filled.connect(lambda found: self._on_filled(edit, found))
        dialog.open()

    def _on_filled(
        self,
        edit: Callable[[MappingDraft, Mapping[str, Setting]], MappingDraft],
        settings: Mapping[str, Setting],
    ) -> None:
        if self.apply(lambda draft: edit(draft, settings)):
            self.table.go_to(str(settings["name"]))

    @Slot()
    def _on_values(self) -> None:
        entity, name = self.entity, self.table.field
        if entity is None or not name:
            return
        dialog = ValueMapDialog(name, entity.field_of(name).value_map, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.taken.connect(self._on_values_taken)
        dialog.open()

    @Slot(object)
    def _on_values_taken(self, values: Mapping[str, str]) -> None:
        entity, name = self._entity, self.table.field
        self.apply(lambda draft: change_field(draft, entity, name, {"map": values or None}), name)

    @Slot()
    def _on_remove(self) -> None:
        entity, name = self._entity, self.table.field
        if name:
            self.apply(lambda draft: remove_field(draft, entity, name), name)

    @Slot()
    def _on_undo(self) -> None:
        editing = self.editing
        if editing is not None:
            editing.undo()
            self._show_problem("", "")
            self._show()

    @Slot()
    def find_fields(self) -> None:
        """Ask both systems what they have for the entity."""
        bench, editing, entity = self._bench, self.editing, self.entity
        if bench is None or editing is None or entity is None:
            return
        dialog = FindDialog(bench, editing.draft, entity, self._pool, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.found.connect(self._on_found)
        dialog.fields_wanted.connect(self._on_fields_wanted)
        dialog.names_wanted.connect(self._on_names_wanted)
        dialog.open()

    @Slot(object)
    def _on_found(self, found: Found) -> None:
        if self.editing is not None:
            for side, columns in found.columns.items():
                if columns:
                    self.editing.columns[found.entity.name, side] = columns

    @Slot(object)
    def _on_fields_wanted(self, pairs: Sequence[Pairing]) -> None:
        name = self._entity

        def edit(draft: MappingDraft) -> MappingDraft:
            for pair in pairs:
                draft = add_field(draft, name, new_field(pair, draft.mapping.entity(name)))
            return draft

        if self.apply(edit) and self.entity is not None:
            self.table.go_to(self.entity.fields[-1].name)

    @Slot(object)
    def _on_names_wanted(self, adapted: MappingDraft) -> None:
        self.apply(lambda draft: draft_of(adapted.text, draft.file_name))

    def _show_menu(self) -> None:
        editing, menu = self.editing, self.more.menu()
        menu.clear()
        if editing is None:
            return
        for template in addable(editing.templates, editing.draft.mapping):
            action = menu.addAction(tr("Add {what}").format(what=template.entity.plural))
            action.setData(template)
            action.triggered.connect(self._on_add_entity)
        menu.addSeparator()
        if self.entity is not None:
            words = tr("Remove {what}").format(what=self.entity.plural)
            menu.addAction(words).triggered.connect(self._on_remove_entity)

    @Slot()
    def _on_add_entity(self) -> None:
        action = self.sender()
        template = action.data() if isinstance(action, QAction) else None
        if isinstance(template, Template) and self.apply(lambda d: add_entity(d, template.text)):
            self._entity = template.entity.name
            self._show()

    @Slot()
    def _on_remove_entity(self) -> None:
        name = self._entity
        self.apply(lambda draft: remove_entity(draft, name))

    @Slot()
    def _on_save(self) -> None:
        editing = self.editing
        if editing is None:
            return
        change = change_between(editing.kept, editing.draft.mapping)
        dialog = MappingSaveDialog(change, editing.draft.mapping, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.confirmed.connect(self._on_confirmed)
        dialog.open()

    @Slot(bool)
    def _on_confirmed(self, reads: bool) -> None:  # noqa: FBT001 - a slot
        if self.editing is not None:
            self.save_wanted.emit(self.editing.draft.text, reads)
