"""The field table's model and the table of ready texts."""

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester

from app.domain.diff import Kind
from app.store.comparison import find_link
from app.sync.compare import diff_of
from app.sync.workbench import Workbench
from app.views.models.fields import BILLING, DIRECTION, SALESFORCE, FieldTable
from app.views.models.rows import KEY_ROLE, Column, Line, Rows
from app.views.state.fields import LastChange, fields_view

FATAL = QAbstractItemModelTester.FailureReportingMode.Fatal

pytestmark = pytest.mark.usefixtures("qtbot")


def field_table(bench: Workbench, entity: str, key: str) -> FieldTable:
    link = find_link(bench.store, bench.mapping.entity(entity), key)
    opened = diff_of(bench, link or 0)
    assert opened is not None
    assert opened.diff.kind is not Kind.IDENTICAL
    model = FieldTable()
    model.show(fields_view(opened, LastChange(), with_same=True).rows)
    return model


def test_the_field_table_keeps_the_rules_of_qt_empty_and_full(bench: Workbench) -> None:
    model = field_table(bench, "plan", "PRO")
    QAbstractItemModelTester(model, FATAL)
    assert model.rowCount() == 12
    model.show(())
    assert model.rowCount(QModelIndex()) == 0


def test_the_field_table_shows_both_values_and_the_direction(bench: Workbench) -> None:
    model = field_table(bench, "plan", "PRO")
    name = model.index(0, BILLING)
    assert name.data() == "Voice Pro 2026"
    assert name.siblingAtColumn(SALESFORCE).data() == "Voice Pro"
    assert name.siblingAtColumn(DIRECTION).data() == "\u2192"
    assert "write to Salesforce" in name.siblingAtColumn(DIRECTION).data(
        Qt.ItemDataRole.AccessibleTextRole
    )


def test_money_stands_right_with_its_currency(bench: Workbench) -> None:
    model = field_table(bench, "rate", "PRO|CALLS|PRO-USD|2")
    price = model.index(3, SALESFORCE)
    assert price.data() == "1,250.50 USD"
    assert price.data(Qt.ItemDataRole.TextAlignmentRole) & Qt.AlignmentFlag.AlignRight


def test_the_table_of_texts_keeps_the_rules_of_qt() -> None:
    model = Rows([Column("Name"), Column("Count", numeric=True)])
    QAbstractItemModelTester(model, FATAL)
    model.show([Line((f"row {n}", str(n)), n, "#123456", bold=True) for n in range(300)])
    index = model.index(7, 1)
    assert (index.data(), index.data(KEY_ROLE)) == ("7", 7)
    assert index.data(Qt.ItemDataRole.FontRole).bold()
    assert model.headerData(0, Qt.Orientation.Horizontal) == "Name"
    model.show([])
    assert model.rowCount() == 0
