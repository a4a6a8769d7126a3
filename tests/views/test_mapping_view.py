"""The mapping page, by mouse and keys: edited in place, checked while typed, found, saved."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDialog,
    QLineEdit,
    QMessageBox,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.domain.column import Column
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping, Owner
from app.domain.record import Side
from app.errors import NotSignedIn, WorkspaceBusy
from app.sync.workbench import Workbench
from app.views.mapping.mapping_field_dialog import FieldDialog
from app.views.mapping.mapping_find_dialog import FindDialog
from app.views.mapping.mapping_save_dialog import MappingSaveDialog
from app.views.mapping.mapping_view import MappingView
from app.views.mapping.value_map_dialog import ValueMapDialog
from app.views.state.mapping import Cell
from app.views.window.main_window import MainWindow
from app.views.window.window_pages import MAPPING
from tests.fakes import FakeSide, side_of
from tests.views.accessible import nameless
from tests.views.front import FakeServices

PATIENCE_MS = 20_000
Dialog = TypeVar("Dialog", bound=QDialog)


@dataclass
class Telling(FakeSide):
    """A side that tells its columns."""

    has: Sequence[Column] = ()
    also: Sequence[str] = field(default_factory=list)
    silent: bool = False

    def columns(self, entity: EntityMapping, cancel: CancelToken) -> Sequence[Column]:
        cancel.check()
        if self.silent:
            raise NotSignedIn("Aria refuses us.", "Give the key.")
        names = [entity.salesforce_key, *(each.salesforce for each in entity.fields)]
        mapped = [Column(name) for name in names if name not in self.also]
        return [*(mapped if self.side is Side.SALESFORCE else ()), *self.has]

    def objects(self, cancel: CancelToken) -> Sequence[str]:
        cancel.check()
        return ()


@pytest.fixture
def services(read_bench: Workbench) -> FakeServices:
    return FakeServices().with_workspace(read_bench)


@pytest.fixture
def window(qtbot: QtBot, services: FakeServices) -> Iterator[MainWindow]:
    made = MainWindow(services)
    qtbot.addWidget(made)
    made.start("test")
    made.show()
    qtbot.waitUntil(lambda: made.bench is not None and made.is_settled, timeout=PATIENCE_MS)
    made.choose_page(MAPPING)
    qtbot.waitUntil(lambda: made.mapping.editing is not None, timeout=PATIENCE_MS)
    made.mapping.list.selectRow(2)
    yield made
    made.mapping._lets_go = True
    assert made.pool.shutdown(5)
    for bench in services.benches.values():
        bench.store.close()


@pytest.fixture
def view(window: MainWindow) -> MappingView:
    return window.mapping


def button_of(box: QMessageBox, words: str) -> QAbstractButton:
    (found,) = [button for button in box.buttons() if button.text() == words]
    return found


def click(qtbot: QtBot, button: QAbstractButton) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def dialog(view: MappingView, kind: type[Dialog]) -> Dialog:
    found = [each for each in view.findChildren(kind) if each.isVisible()]
    assert len(found) == 1
    return found[0]


def cell(view: MappingView, name: str, place: Cell) -> str:
    return str(view.table.fields.index(view.table.fields.row_of(name), place).data())


def line_editor(view: MappingView, name: str, place: Cell) -> QLineEdit:
    """Begin to edit a cell by Enter, and return its editor."""
    view.table.go_to(name, place)
    QTest.keyClick(view.table, Qt.Key.Key_Return)
    (editor,) = [e for e in view.table.viewport().findChildren(QLineEdit) if e.isVisible()]
    editor.selectAll()
    return editor


def press_enter(qtbot: QtBot, editor: QWidget) -> None:
    """Press Enter in a cell's editor, which Qt takes once the key was handled."""
    with qtbot.waitSignal(editor.destroyed, timeout=PATIENCE_MS):
        qtbot.keyClick(editor, Qt.Key.Key_Return)


def test_entities_and_fields_are_listed(view: MappingView) -> None:
    assert view.entities.rowCount() == 10
    assert cell(view, "description", Cell.SALESFORCE) == "Description__c"
    assert (view.sobject.text(), view.key.text()) == ("Client_Plan__c", "Aria_Key__c")
    assert view.state.text() == "Saved"
    assert not view.save.isEnabled()
    assert not nameless(view)


def test_a_field_is_edited_in_place(qtbot: QtBot, view: MappingView) -> None:
    editor = line_editor(view, "description", Cell.SALESFORCE)
    qtbot.keyClicks(editor, "Summary__c")
    press_enter(qtbot, editor)
    assert cell(view, "description", Cell.SALESFORCE) == "Summary__c"
    assert view.editing is not None
    assert 'salesforce = "Summary__c"' in view.editing.draft.text
    assert view.state.text() == "Changed, not saved"
    click(qtbot, view.undo)
    assert cell(view, "description", Cell.SALESFORCE) == "Description__c"
    assert not view.save.isEnabled()


def test_what_is_wrong_is_said_while_it_is_typed(qtbot: QtBot, view: MappingView) -> None:
    editor = line_editor(view, "number", Cell.NAME)
    qtbot.keyClicks(editor, "name")
    qtbot.waitUntil(lambda: bool(view.problem.text()), timeout=PATIENCE_MS)
    assert view.problem.text().startswith("Line 45: ")
    assert "stands twice" in cell(view, "number", Cell.PROBLEM)
    assert editor.isVisible()
    qtbot.keyClicks(editor, "_there")
    qtbot.waitUntil(lambda: not view.problem.text(), timeout=PATIENCE_MS)
    press_enter(qtbot, editor)
    assert cell(view, "name_there", Cell.BILLING) == "plan_no"


def test_escape_takes_back_what_is_typed_and_what_was_said_of_it(
    qtbot: QtBot, view: MappingView
) -> None:
    editor = line_editor(view, "number", Cell.NAME)
    qtbot.keyClicks(editor, "name")
    qtbot.waitUntil(lambda: bool(view.problem.text()), timeout=PATIENCE_MS)
    with qtbot.waitSignal(editor.destroyed, timeout=PATIENCE_MS):
        qtbot.keyClick(editor, Qt.Key.Key_Escape)
    assert view.problem.text() == cell(view, "number", Cell.PROBLEM) == ""
    assert cell(view, "number", Cell.NAME) == "number"


def test_what_is_wrong_is_not_taken(qtbot: QtBot, view: MappingView) -> None:
    editor = line_editor(view, "number", Cell.NAME)
    qtbot.keyClicks(editor, "Big Name")
    press_enter(qtbot, editor)
    assert view.problem.text().startswith("Not taken. Line 47: ")
    assert cell(view, "number", Cell.BILLING) == "plan_no"
    assert not view.save.isEnabled()


def test_known_columns_complete_what_is_typed(view: MappingView) -> None:
    completer = line_editor(view, "description", Cell.BILLING).completer()
    completer.setCompletionPrefix("PRORATION")
    assert completer.currentCompletion() == "proration_invoice_timing_cd"


def test_type_and_owner_are_chosen_from_a_list(qtbot: QtBot, view: MappingView) -> None:
    for place, words in ((Cell.OWNER, "both"), (Cell.TYPE, "reference to Coupon")):
        view.table.go_to("number", place)
        view.table.edit(view.table.currentIndex())
        (box,) = [b for b in view.table.viewport().findChildren(QComboBox) if b.isVisible()]
        box.setCurrentText(words)
        press_enter(qtbot, box)
        assert cell(view, "number", place) == words
    assert view.editing is not None
    number = view.editing.draft.mapping.entity("plan").field_of("number")
    assert (number.owner, number.to) == (Owner.BOTH, "coupon")


def test_the_object_of_an_entity_is_changed(qtbot: QtBot, view: MappingView) -> None:
    view.sobject.setFocus()
    view.sobject.selectAll()
    qtbot.keyClicks(view.sobject, "ASF3__Plan__c")
    qtbot.keyClick(view.sobject, Qt.Key.Key_Return)
    assert view.entities.index(2, 1).data() == "ASF3__Plan__c"


def test_all_settings_of_a_field_stand_in_a_form(qtbot: QtBot, view: MappingView) -> None:
    view.table.go_to("description")
    click(qtbot, view.details)
    form = dialog(view, FieldDialog)
    assert form.lines["length"].text() == "32768"
    assert not nameless(form)
    form.lines["length"].setText("long")
    assert "length must be a whole number" in form.objection
    assert not form.take.isEnabled()
    form.lines["length"].setText("500")
    form.lines["label"].setText("Words")
    click(qtbot, form.take)
    assert view.editing is not None
    described = view.editing.draft.mapping.entity("plan").field_of("description")
    assert (described.length, described.label, described.owner) == (500, "Words", Owner.BOTH)


def test_a_field_is_added_and_removed(qtbot: QtBot, view: MappingView) -> None:
    click(qtbot, view.add)
    form = dialog(view, FieldDialog)
    form.lines["name"].setText("sold_in")
    form.lines["salesforce"].setText("Sold_In__c")
    click(qtbot, form.take)
    assert view.table.field == "sold_in"
    click(qtbot, view.remove)
    assert view.table.fields.row_of("sold_in") == -1
    view.table.go_to("name")
    click(qtbot, view.remove)
    assert "title names unknown field 'name'" in view.problem.text()


def test_a_value_map_is_edited_as_a_table(qtbot: QtBot, view: MappingView) -> None:
    view.table.go_to("proration_timing")
    click(qtbot, view.values)
    form = dialog(view, ValueMapDialog)
    assert form.pairs == [("I", "Immediate"), ("A", "Next anniversary")]
    assert not nameless(form)
    click(qtbot, form.add)
    assert "needs a meaning" in form.objection
    assert not form.take.isEnabled()
    for column, words in enumerate(("N", "Never")):
        found = form.table.item(2, column)
        assert found is not None
        found.setText(words)
    click(qtbot, form.take)
    assert cell(view, "proration_timing", Cell.CONVERSION) == "3 values"


def test_entities_come_and_go(qtbot: QtBot, view: MappingView) -> None:
    view.list.selectRow(9)
    view.more.menu().actions()[-1].trigger()
    assert view.entities.rowCount() == 9
    (again,) = [a for a in view.more.menu().actions() if a.text() == "Add Coupons"]
    again.trigger()
    assert view.entities.rowCount() == 10
    assert view.entity is not None
    assert view.entity.name == "coupon"
    qtbot.waitUntil(lambda: view.table.fields.rowCount() == 4, timeout=PATIENCE_MS)


def telling(window: MainWindow, services: FakeServices, **sides: Telling) -> None:
    bench = services.benches["test"]
    connectors = {side: sides[side.value] for side in Side}
    services.benches["test"] = window._benches["test"] = replace(bench, connectors=connectors)
    window.mapping._bench = window.bench


def teller(services: FakeServices, side: Side, *has: str, also: Sequence[str] = ()) -> Telling:
    mapping = side_of(services.benches["test"], side).mapping
    return Telling(side, mapping, has=[Column(name) for name in has], also=also)


def found(qtbot: QtBot, view: MappingView) -> FindDialog:
    click(qtbot, view.search)
    form = dialog(view, FindDialog)
    qtbot.waitUntil(lambda: form._result is not None, timeout=PATIENCE_MS)
    return form


def test_what_is_alike_on_both_sides_is_offered_and_taken_by_a_tick(
    qtbot: QtBot, window: MainWindow, services: FakeServices
) -> None:
    view = window.mapping
    billing = teller(services, Side.BILLING, "=field:region", "=field:x1")
    salesforce = teller(services, Side.SALESFORCE, "Region__c", "Y2__c")
    telling(window, services, billing=billing, salesforce=salesforce)
    form = found(qtbot, view)
    assert not nameless(form)
    assert (form.pairs.topLevelItemCount(), form.ticked) == (1, [])
    assert (form.take.isEnabled(), form.take.text()) == (False, "Add fields")
    form.pairs.topLevelItem(0).setCheckState(0, Qt.CheckState.Checked)
    form.billing.setCurrentIndex(form.billing.findText("=field:x1"))
    form.salesforce.setCurrentIndex(form.salesforce.findText("Y2__c"))
    click(qtbot, form.pair)
    assert form.take.text() == "Add 2 fields"
    click(qtbot, form.take)
    assert cell(view, "region", Cell.SALESFORCE) == "Region__c"
    assert cell(view, "x1", Cell.SALESFORCE) == "Y2__c"


def test_names_under_a_prefix_are_taken_by_a_button(
    qtbot: QtBot, window: MainWindow, services: FakeServices
) -> None:
    view = window.mapping
    there = teller(services, Side.SALESFORCE, "ASF3__Family__c", also=["Family__c"])
    telling(window, services, billing=teller(services, Side.BILLING), salesforce=there)
    form = found(qtbot, view)
    assert "1 name of the mapping is in the org under ASF3__." in form._named.text()
    click(qtbot, form.names)
    assert cell(view, "family", Cell.SALESFORCE) == "ASF3__Family__c"


def test_a_side_that_cannot_be_asked_is_told(
    qtbot: QtBot, window: MainWindow, services: FakeServices
) -> None:
    billing = teller(services, Side.BILLING)
    billing.silent = True
    there = teller(services, Side.SALESFORCE)
    telling(window, services, billing=billing, salesforce=there)
    form = found(qtbot, window.mapping)
    assert "Aria refuses us. Give the key." in form._told.text()
    assert form.salesforce.count() == 0


def change_owner(view: MappingView) -> None:
    view._on_edited("description", Cell.OWNER, "billing")
    view._on_edited("number", Cell.TYPE, "text")


def test_saving_shows_what_will_change_and_then_reads_again(
    qtbot: QtBot, window: MainWindow, services: FakeServices
) -> None:
    view, before = window.mapping, window.bench
    change_owner(view)
    click(qtbot, view.save)
    form = dialog(view, MappingSaveDialog)
    assert [form.changes.index(row, 1).data() for row in range(2)] == [
        "another owner", "another type",
    ]  # fmt: skip
    assert "Plans." in form.words.text()
    assert not nameless(form)
    with qtbot.waitSignal(window.refreshed, timeout=PATIENCE_MS):
        click(qtbot, form.save)
    qtbot.waitUntil(lambda: window.is_settled, timeout=PATIENCE_MS)
    assert services.texts["test"].count('type = "text", owner = "billing" },') >= 1
    assert window.bench is not before
    assert window.bench is not None
    assert window.bench.mapping.entity("plan").field_of("description").owner is Owner.BILLING
    assert view.state.text() == "Saved"
    assert view.entity is not None
    assert view.entity.name == "plan"
    assert window.isEnabled()


def test_saving_without_reading_leaves_the_rest_to_a_refresh(
    qtbot: QtBot, window: MainWindow
) -> None:
    view = window.mapping
    change_owner(view)
    click(qtbot, view.save)
    form = dialog(view, MappingSaveDialog)
    form.reads.setChecked(False)
    with qtbot.assertNotEmitted(window.refreshed):
        click(qtbot, form.save)
        qtbot.waitUntil(lambda: view.state.text() == "Saved", timeout=PATIENCE_MS)
        qtbot.waitUntil(lambda: window.is_settled, timeout=PATIENCE_MS)


def test_what_cannot_be_saved_stays_to_be_edited(
    qtbot: QtBot, window: MainWindow, services: FakeServices
) -> None:
    view, before = window.mapping, window.bench
    change_owner(view)
    services.broken = True
    click(qtbot, view.save)
    click(qtbot, dialog(view, MappingSaveDialog).save)
    qtbot.waitUntil(lambda: "Held by ann." in window.notice.text, timeout=PATIENCE_MS)
    qtbot.waitUntil(window.isEnabled, timeout=PATIENCE_MS)
    assert window.bench is before
    assert view.state.text() == "Changed, not saved"


def test_what_another_concord_holds_cannot_be_edited(
    window: MainWindow, read_bench: Workbench
) -> None:
    assert window.bench is not None
    window.bench.store.refused = WorkspaceBusy("Held by ann.", "Wait.")
    view = window.mapping
    view.reload()
    assert not any(b.isEnabled() for b in (view.add, view.details, view.save, view.search))
    index = view.table.fields.index(0, Cell.NAME)
    assert not view.table.fields.flags(index) & Qt.ItemFlag.ItemIsEditable
    assert "Held by ann." in view.state.text()
    assert read_bench.store.path.exists()


def test_why_it_cannot_be_edited_holds_no_window_wide(window: MainWindow) -> None:
    assert window.bench is not None
    before = window.mapping.minimumSizeHint().width()
    window.bench.store.refused = WorkspaceBusy(f"Held, {'far away ' * 40}", "Wait.")
    window.mapping.reload()
    QApplication.sendPostedEvents()
    assert window.mapping.minimumSizeHint().width() <= before


def test_the_window_asks_before_it_closes_over_unsaved_changes(
    qtbot: QtBot, window: MainWindow
) -> None:
    view = window.mapping
    change_owner(view)
    assert not window.close()
    (box,) = view.findChildren(QMessageBox)
    click(qtbot, button_of(box, "Stay"))
    assert window.isVisible()
    assert not window.close()
    box = view.findChildren(QMessageBox)[-1]
    click(qtbot, button_of(box, "Close without saving"))
    assert not window.isVisible()


def test_the_page_is_reached_by_its_command(window: MainWindow) -> None:
    window.choose_page("catalog")
    QApplication.processEvents()
    window.choose_page(MAPPING)
    assert window.mapping.isVisible()
