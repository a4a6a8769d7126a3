"""The menu on a field: values of one's own, and what is ignored."""

from collections.abc import Iterator
from typing import TypeVar

import pytest
from PySide6.QtCore import QDate, QPoint
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QComboBox,
    QDateEdit,
    QDialog,
    QLineEdit,
    QMenu,
    QMessageBox,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.domain.constraint import Constraints, FieldRule
from app.domain.diff import Kind
from app.domain.proposal import TYPED, Choice
from app.domain.record import Side
from app.store.choices import choice_of, choose
from app.store.comparison import find_link
from app.store.ignoring import own_rules
from app.sync.choosing_many import Bulk
from app.sync.workbench import Workbench
from app.views.compare.ignore_dialog import IgnoreDialog
from app.views.compare.rules_dialog import RulesDialog
from app.views.compare.value_dialog import ValueDialog
from app.views.state.difference import Arrow
from app.views.window.main_window import MainWindow
from tests.fakes import side_of
from tests.views.catalog import change
from tests.views.conftest import read
from tests.views.front import FakeServices

PATIENCE_MS = 10_000
Dialog = TypeVar("Dialog", bound=QDialog)


@pytest.fixture
def window(qtbot: QtBot, bench: Workbench) -> Iterator[MainWindow]:
    rules = {"name": FieldRule(required=True, length=12)}
    side_of(bench, Side.SALESFORCE).rules = {"plan": Constraints(rules)}
    read(bench)
    made = MainWindow(FakeServices().with_workspace(bench))
    qtbot.addWidget(made)
    made.show()
    made.start()
    settle(qtbot, made)
    yield made
    assert made.pool.shutdown(5)


def settle(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: window.is_settled, timeout=PATIENCE_MS)


def link(bench: Workbench, key: str, entity: str = "plan") -> int:
    return find_link(bench.store, bench.mapping.entity(entity), key) or 0


def pick(window: MainWindow, field: str, words: str) -> None:
    window.catalog.fields.choice_wanted.emit(field, QPoint(0, 0))
    menu = [m for m in window.catalog.findChildren(QMenu) if m.isVisible()][-1]
    next(action for action in menu.actions() if action.text().startswith(words)).trigger()
    menu.close()


def shown(qtbot: QtBot, parent: QWidget, kind: type[Dialog]) -> Dialog:
    qtbot.waitUntil(lambda: bool(parent.findChildren(kind)), timeout=PATIENCE_MS)
    return parent.findChildren(kind)[-1]


def test_a_typed_value_is_kept_and_goes_to_both_sides(
    window: MainWindow, bench: Workbench, qtbot: QtBot
) -> None:
    window.catalog.trees.go_to(link(bench, "PRO"))
    pick(window, "name", "Type a value")
    dialog = shown(qtbot, window, ValueDialog)
    assert isinstance(dialog.editor, QLineEdit)
    dialog.editor.clear()
    QTest.keyClicks(dialog.editor, "Pro")
    dialog.take.click()
    settle(qtbot, window)
    kept = choice_of(bench.store, link(bench, "PRO"))
    assert kept == Choice(None, {"name": TYPED}, {"name": "Pro"})
    row = window.catalog.fields.model.row(window.catalog.fields.model.index(0, 0))
    assert (row.result.text, row.arrow) == ("Pro", Arrow.BOTH)


def for_all_shown(window: MainWindow) -> None:
    menu = window.catalog.filter.bulk.menu()
    next(a for a in menu.actions() if a.data() is Bulk.TYPED).trigger()


def test_a_value_is_typed_for_all_that_a_field_filter_shows(
    window: MainWindow, bench: Workbench, qtbot: QtBot
) -> None:
    entries = window.catalog.filter.field.menu().actions()
    next(entry for entry in entries if entry.data() == "name").trigger()
    settle(qtbot, window)
    for_all_shown(window)
    dialog = shown(qtbot, window, ValueDialog)
    assert isinstance(dialog.editor, QLineEdit)
    dialog.editor.setText("Same")
    dialog.take.click()
    box = shown(qtbot, window, QMessageBox)
    assert box.text() == "Take the typed value for 1 differences?"
    box.button(QMessageBox.StandardButton.Ok).click()
    settle(qtbot, window)
    kept = choice_of(bench.store, link(bench, "PRO"))
    assert kept == Choice(None, {"name": TYPED}, {"name": "Same"})


def test_a_value_for_all_needs_a_field_to_be_chosen(window: MainWindow, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.catalog.failed) as failed:
        for_all_shown(window)
    assert "No field is chosen" in str(failed.args[0])


def test_what_a_side_would_refuse_cannot_be_taken(
    window: MainWindow, bench: Workbench, qtbot: QtBot
) -> None:
    window.catalog.trees.go_to(link(bench, "PRO"))
    pick(window, "name", "Type a value")
    dialog = shown(qtbot, window, ValueDialog)
    assert isinstance(dialog.editor, QLineEdit)
    dialog.editor.setText("Voice Professional")
    assert dialog.objection == "Salesforce: 18 characters, the field holds 12"
    assert not dialog.take.isEnabled()
    dialog.nothing.setChecked(True)
    assert dialog.objection == "Salesforce: it must have a value"
    dialog.nothing.setChecked(False)
    dialog.editor.setText("Voice")
    assert dialog.take.isEnabled()
    dialog.reject()


def test_numbers_are_typed_as_decimals(window: MainWindow, bench: Workbench, qtbot: QtBot) -> None:
    number = link(bench, "PRO|CALLS|PRO-USD|2", "rate")
    window.catalog.trees.go_to(number)
    pick(window, "rate_per_unit", "Type a value")
    dialog = shown(qtbot, window, ValueDialog)
    assert isinstance(dialog.editor, QLineEdit)
    dialog.editor.setText("1,5")
    assert "with a point" in dialog.objection
    dialog.editor.setText("1.50")
    dialog.take.click()
    settle(qtbot, window)
    assert choice_of(bench.store, number).typed == {"rate_per_unit": "1.5"}


@pytest.mark.parametrize(("field", "value"), [("currency", "EUR"), ("billable", False)])
def test_lists_and_yes_or_no_are_chosen(
    window: MainWindow, bench: Workbench, qtbot: QtBot, field: str, value: object
) -> None:
    change(bench, Side.SALESFORCE, "plan", "PRO", **{field: value})  # type: ignore[arg-type]
    read(bench)
    window.catalog.resurvey()
    settle(qtbot, window)
    window.catalog.trees.go_to(link(bench, "PRO"))
    pick(window, field, "Type a value")
    dialog = shown(qtbot, window, ValueDialog)
    assert isinstance(dialog.editor, QComboBox)
    dialog.editor.setCurrentIndex(1)
    dialog.take.click()
    settle(qtbot, window)
    assert choice_of(bench.store, link(bench, "PRO")).typed == {field: value}


def test_a_date_is_typed_in_a_calendar(window: MainWindow, bench: Workbench, qtbot: QtBot) -> None:
    date = QDate(2026, 11, 30)
    change(bench, Side.BILLING, "coupon", "SPRING", expires_on=date.toPython())  # type: ignore[arg-type]
    read(bench)
    window.catalog.resurvey()
    settle(qtbot, window)
    window.catalog.trees.go_to(link(bench, "SPRING", "coupon"))
    pick(window, "expires_on", "Type a value")
    dialog = shown(qtbot, window, ValueDialog)
    assert isinstance(dialog.editor, QDateEdit)
    assert dialog.editor.date() == date
    dialog.editor.setDate(date.addDays(1))
    dialog.take.click()
    settle(qtbot, window)
    typed = choice_of(bench.store, link(bench, "SPRING", "coupon")).typed
    assert typed == {"expires_on": "2026-12-01"}


def test_another_direction_forgets_what_was_typed(
    window: MainWindow, bench: Workbench, qtbot: QtBot
) -> None:
    choose(bench.store, {link(bench, "PRO"): Choice(None, {"name": TYPED}, {"name": "Pro"})})
    window.catalog.resurvey()
    settle(qtbot, window)
    window.catalog.trees.go_to(link(bench, "PRO"))
    pick(window, "name", "Take Salesforce's value")
    settle(qtbot, window)
    assert choice_of(bench.store, link(bench, "PRO")) == Choice(None, {"name": "salesforce"})


def test_a_field_is_ignored_after_a_preview_and_the_panel_names_the_rule(
    window: MainWindow, bench: Workbench, qtbot: QtBot
) -> None:
    window.catalog.trees.go_to(link(bench, "PRO"))
    pick(window, "name", "Ignore this field")
    dialog = shown(qtbot, window, IgnoreDialog)
    qtbot.waitUntil(lambda: "1 difference" in dialog.preview.text(), timeout=PATIENCE_MS)
    dialog.make.click()
    settle(qtbot, window)
    assert [rule.name for rule in own_rules(bench.store)] == ["Plan name"]
    assert window.catalog.survey.kinds[link(bench, "PRO")] is Kind.IGNORED
    model = window.catalog.fields.model
    assert model.index(0, 5).data() == "ignored: Plan name"
    assert window.catalog.filter._chips["ignored"].isVisible()


def test_a_rule_is_removed_from_the_list_and_the_difference_counts_again(
    window: MainWindow, bench: Workbench, qtbot: QtBot
) -> None:
    window.catalog.trees.go_to(link(bench, "PRO"))
    pick(window, "name", "Ignore this value")
    shown(qtbot, window, IgnoreDialog).make.click()
    settle(qtbot, window)
    window.commands.show_rules()
    listed = shown(qtbot, window, RulesDialog)
    qtbot.waitUntil(lambda: listed.rules.rowCount() == 1, timeout=PATIENCE_MS)
    assert "Voice Pro 2026" in listed.rules.index(0, 2).data()
    listed.remove.click()
    settle(qtbot, window)
    assert own_rules(bench.store) == ()
    assert window.catalog.survey.kinds[link(bench, "PRO")] is Kind.DIFFERENT


def test_an_ignored_field_offers_to_stop_ignoring(
    window: MainWindow, bench: Workbench, qtbot: QtBot
) -> None:
    window.catalog.trees.go_to(link(bench, "PRO"))
    pick(window, "name", "Ignore this field")
    shown(qtbot, window, IgnoreDialog).make.click()
    settle(qtbot, window)
    pick(window, "name", "Stop ignoring")
    settle(qtbot, window)
    assert own_rules(bench.store) == ()


def test_a_tolerance_is_previewed_as_it_is_typed(
    window: MainWindow, bench: Workbench, qtbot: QtBot
) -> None:
    window.catalog.trees.go_to(link(bench, "PRO|CALLS|PRO-USD|2", "rate"))
    pick(window, "rate_per_unit", "Ignore by pattern or tolerance")
    dialog = shown(qtbot, window, IgnoreDialog)
    for words, told in (("0.5", "0 differences"), ("many", "tolerance"), ("2000", "1 difference")):
        dialog.tolerance.setText(words)
        qtbot.waitUntil(lambda told=told: told in dialog.preview.text(), timeout=PATIENCE_MS)
        assert dialog.make.isEnabled() is (words != "many")
    dialog.reject()
