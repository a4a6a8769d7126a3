"""The model behind both trees."""

from pathlib import Path

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester

from app.domain.control import CancelToken
from app.domain.diff import Kind
from app.domain.record import RecordKey, Side
from app.store.comparison import find_link
from app.store.pager import Filter
from app.sync.workbench import Workbench
from app.views.models.aligned_tree import AlignedTree
from app.views.models.nodes import Node
from app.views.state.survey import Survey, take_survey
from tests.fakes import catalog_mapping, make_bench
from tests.views.catalog import put
from tests.views.conftest import read

pytestmark = pytest.mark.usefixtures("qtbot")


def tree(bench: Workbench, wanted: Filter | None = None) -> AlignedTree:
    model = AlignedTree()
    model.show(bench.store, take_survey(bench.store, wanted or Filter(), CancelToken()))
    return model


def drawn(model: AlignedTree, above: QModelIndex | None = None, depth: int = 0) -> list[str]:
    """Return the whole tree as indented text, opening every node."""
    parent = above or QModelIndex()
    if model.canFetchMore(parent):
        model.fetchMore(parent)
    lines = []
    for row in range(model.rowCount(parent)):
        index = model.index(row, 0, parent)
        view = model.view(model.node(index))
        lines.append(f"{'  ' * depth}{view.glyph or '.'} {view.billing}")
        lines += drawn(model, index, depth + 1)
    return lines


def link(bench: Workbench, entity: str, key: str) -> int:
    found = find_link(bench.store, bench.mapping.entity(entity), key)
    assert found is not None
    return found


def node(model: AlignedTree, number: int) -> Node:
    found = model.node_of_link(number)
    assert found is not None
    return found


def test_an_empty_model_keeps_the_rules_of_qt() -> None:
    model = AlignedTree()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    assert model.rowCount() == 0


def test_a_model_of_one_record_keeps_the_rules_of_qt(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, catalog_mapping())
    put(bench, Side.BILLING, "coupon", "ONE", name="ONE")
    read(bench)
    model = tree(bench)
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    assert drawn(model) == [". Coupons (1)", "  + ONE"]
    bench.store.close()


def test_a_whole_tree_keeps_the_rules_of_qt_while_it_is_opened(bench: Workbench) -> None:
    model = tree(bench)
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    assert len(drawn(model)) > 30
    model.recount(model.survey)


def test_children_of_several_kinds_stand_in_groups_and_tiers_below_their_schedule(
    bench: Workbench,
) -> None:
    lines = drawn(tree(bench))
    start = lines.index("      ~ Voice Pro 2026")
    assert lines[start : start + 8] == [
        "      ~ Voice Pro 2026",
        "        . Services (1)",
        "          . Calls",
        "            . PRO USD (2)",
        "              . Rate tier 1",
        "              ~ Rate tier 2",
        "        . Rate schedules (1)",
        "          . PRO USD",
    ]


def test_each_side_shows_its_own_name_where_names_differ(bench: Workbench) -> None:
    model = tree(bench)
    view = model.view(node(model, link(bench, "plan", "PRO")))
    assert (view.billing, view.salesforce) == ("Voice Pro 2026", "Voice Pro")


def test_a_filter_leaves_what_matches_and_what_stands_above(bench: Workbench) -> None:
    lines = drawn(tree(bench, Filter(frozenset({Kind.DIFFERENT}), "pro")))
    assert lines == [
        ". Promotion codes (1)",
        "  . Cloud voice",
        "    . Voice",
        "      ~ Voice Pro 2026",
        "        . Services (1)",
        "          . Calls",
        "            . PRO USD (1)",
        "              ~ Rate tier 2",
    ]


def test_a_filter_finds_a_name_in_any_case(bench: Workbench) -> None:
    put(bench, Side.BILLING, "coupon", "AE", description="Ärzte 50%")
    read(bench)
    assert drawn(tree(bench, Filter(text="ÄRZTE 50%"))) == [". Coupons (1)", "  + Ärzte 50%"]
    assert drawn(tree(bench, Filter(text="arzte"))) == [". Coupons (1)", "  + Ärzte 50%"]
    assert drawn(tree(bench, Filter(text="Ärzte 5_"))) == []


def test_a_record_without_shown_children_cannot_be_opened(bench: Workbench) -> None:
    model = tree(bench, Filter(text="Voice Team"))
    index = model.index_of(node(model, link(bench, "plan", "TEAM")))
    assert not model.hasChildren(index)


def test_a_long_level_is_cut_into_chunks(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, catalog_mapping())
    for number in range(2300):
        put(bench, Side.BILLING, "coupon", f"C{number:04}", name=f"C{number:04}")
    read(bench)
    model = tree(bench)
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    top = model.index(0, 0)
    model.fetchMore(top)
    chunks = [model.index(row, 0, top).data() for row in range(model.rowCount(top))]
    assert chunks == ["1-1,000 (1,000)", "1,001-2,000 (1,000)", "2,001-2,300 (300)"]
    last = node(model, link(bench, "coupon", "C2299"))
    assert model.view(last).billing == "C2299"
    bench.store.close()


def test_an_orphan_is_shown_at_the_top(bench: Workbench) -> None:
    put(bench, Side.BILLING, "plan", "LOST", name="Lost", plan_set="GONE")
    read(bench)
    assert ". Plans without a plan set (1)" in drawn(tree(bench))


def test_a_path_finds_its_node_after_a_reset(bench: Workbench) -> None:
    model = tree(bench)
    wanted = link(bench, "rate", "PRO|CALLS|PRO-USD|2")
    path = model.path(node(model, wanted))
    model.show(bench.store, take_survey(bench.store, Filter(), CancelToken()))
    found = model.node_at(path)
    assert found is not None
    assert found.link == wanted


def test_groups_count_what_differs_and_what_is_ticked(bench: Workbench) -> None:
    model = tree(bench)
    notes = {
        model.index(row, 0).data(): model.index(row, 3).data() for row in range(model.rowCount())
    }
    assert notes["Coupons (7)"] == "4 of 7 differ \u00b7 2 of 3 ticked"


def test_a_screen_reader_hears_the_whole_row(bench: Workbench) -> None:
    model = tree(bench)
    index = model.index_of(node(model, link(bench, "coupon", "NEW")))
    spoken = index.data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "New in billing, only in billing, ticked, write to Salesforce"


def test_rows_are_told_by_key_and_checked_state(bench: Workbench) -> None:
    model = tree(bench)
    index = model.index_of(node(model, link(bench, "coupon", "STALE")))
    assert index.siblingAtColumn(1).data() == "STALE"
    assert index.data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Unchecked


def test_no_survey_shows_nothing() -> None:
    model = AlignedTree()
    model.show(None, Survey())
    assert not model.index(0, 0).isValid()


@pytest.mark.parametrize("entity", ["plan", "coupon"])
def test_a_key_that_nobody_has_is_found_nowhere(bench: Workbench, entity: str) -> None:
    assert tree(bench)._forest.link_of(RecordKey(entity, "NOBODY")) is None
