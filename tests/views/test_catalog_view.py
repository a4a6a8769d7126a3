"""The catalog page: both trees, ticks, directions, fields."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from app.domain.control import CancelToken, no_report
from app.domain.diff import Kind
from app.domain.proposal import NO_CHOICE, Choice
from app.domain.record import Side
from app.store.choices import choice_of
from app.store.comparison import find_link
from app.sync.compare import compare
from app.sync.refresh import RefreshRequest, refresh
from app.sync.workbench import Workbench
from app.views.compare.catalog_view import CatalogView
from app.views.compare.side_tree import ROW_HEIGHT
from app.views.state.difference import Tick
from app.views.state.navigation import Go
from app.views.state.survey import Survey
from app.views.tasks import TaskPool
from tests.views.catalog import KINDS, change, edit, put
from tests.views.conftest import read


def link(bench: Workbench, entity: str, key: str) -> int:
    found = find_link(bench.store, bench.mapping.entity(entity), key)
    assert found is not None
    return found


def settle(qtbot: QtBot, view: CatalogView, pool: TaskPool) -> None:
    qtbot.waitUntil(lambda: view.is_settled and not pool.running, timeout=5000)


def choose_in_menu(view: CatalogView, text: str) -> None:
    menu = view.findChildren(QMenu)[-1]
    action = next(a for a in menu.actions() if a.text() == text)
    assert isinstance(action, QAction)
    action.trigger()
    menu.close()


def current_key(view: CatalogView) -> str:
    return view.trees.model.view(view.trees.current).key


def test_chips_count_every_kind(catalog: CatalogView) -> None:
    counts = {kind.json_name: n for kind, n in catalog.survey.counts.items()}
    assert {kind: counts[kind] for kind in KINDS} == KINDS


def test_both_trees_share_expansion_selection_and_scroll(
    catalog: CatalogView, bench: Workbench, qtbot: QtBot
) -> None:
    catalog.trees.go_to(link(bench, "rate", "PRO|CALLS|PRO-USD|2"))
    billing, salesforce = catalog.trees.billing, catalog.trees.salesforce
    index = billing.currentIndex()
    assert salesforce.currentIndex() == index
    assert salesforce.isExpanded(index.parent())
    billing.collapse(index.parent())
    assert not salesforce.isExpanded(index.parent())
    catalog.resize(900, 420)
    qtbot.waitUntil(lambda: billing.verticalScrollBar().maximum() > 0)
    billing.verticalScrollBar().setValue(30)
    assert salesforce.verticalScrollBar().value() == 30


def test_rows_of_both_trees_face_each_other(catalog: CatalogView, bench: Workbench) -> None:
    catalog.trees.go_to(link(bench, "coupon", "NEW"))
    index = catalog.trees.billing.currentIndex()
    tops = {
        tree.visualRect(index.siblingAtColumn(column)).top()
        for tree, column in ((catalog.trees.billing, 0), (catalog.trees.salesforce, 2))
    }
    assert len(tops) == 1


@pytest.mark.parametrize("scrolled", [0, 7, 40])
def test_the_rows_in_sight_are_those_that_qt_has_there(
    catalog: CatalogView, bench: Workbench, qtbot: QtBot, scrolled: int
) -> None:
    catalog.trees.go_to(link(bench, "rate", "PRO|CALLS|PRO-USD|2"))
    catalog.resize(900, 420)
    bar = catalog.trees.billing.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() >= 40)
    bar.setValue(scrolled)
    for tree, column in ((catalog.trees.billing, 0), (catalog.trees.salesforce, 2)):
        found = list(tree.visible_rows())
        assert found[0][1] == -(scrolled % ROW_HEIGHT)
        assert found[-1][1] < tree.viewport().height() <= found[-1][1] + ROW_HEIGHT
        for node, y in found:
            index = catalog.trees.model.index_of(node, column)
            assert tree.visualRect(index).top() == y


def test_space_ticks_and_the_store_keeps_it(
    catalog: CatalogView, bench: Workbench, pool: TaskPool, qtbot: QtBot
) -> None:
    number = link(bench, "coupon", "STALE")
    catalog.trees.go_to(number)
    ticked = catalog.survey.ticked
    QTest.keyClick(catalog.trees.billing, Qt.Key.Key_Space)
    assert catalog.trees.model.view(catalog.trees.current).tick is Tick.ON, "at once"
    settle(qtbot, catalog, pool)
    assert choice_of(bench.store, number) == Choice(ticked=True)
    assert catalog.survey.ticked == ticked + 1


def test_a_click_on_a_groups_box_unticks_all_of_it(
    catalog: CatalogView, bench: Workbench, pool: TaskPool, qtbot: QtBot
) -> None:
    catalog.trees.go_to(link(bench, "coupon", "NEW"))
    group = catalog.trees.model.node(catalog.trees.billing.currentIndex().parent())
    assert catalog.trees.model.view(group).tick is Tick.SOME
    for _press in range(2):
        catalog.trees.tick_wanted.emit(group)
        settle(qtbot, catalog, pool)
    found = {key: choice_of(bench.store, link(bench, "coupon", key)) for key in ("NEW", "STALE")}
    assert found["NEW"] in (NO_CHOICE, Choice(ticked=False))
    assert found["STALE"] == NO_CHOICE, "a delete is left alone"


def test_a_click_in_the_gutter_ticks(
    catalog: CatalogView, bench: Workbench, pool: TaskPool, qtbot: QtBot
) -> None:
    catalog.trees.go_to(link(bench, "coupon", "NEW"))
    gutter, tree = catalog.trees.gutter, catalog.trees.billing
    y = tree.viewport().y() + tree.visualRect(tree.currentIndex()).center().y()
    QTest.mouseClick(gutter, Qt.MouseButton.LeftButton, pos=QPoint(18, y))
    settle(qtbot, catalog, pool)
    assert choice_of(bench.store, link(bench, "coupon", "NEW")) == Choice(ticked=False)


def test_the_arrow_offers_directions_and_the_choice_is_kept(
    catalog: CatalogView, bench: Workbench, pool: TaskPool, qtbot: QtBot
) -> None:
    number = link(bench, "plan", "PRO")
    catalog.trees.go_to(number)
    catalog.trees.direction_wanted.emit(catalog.trees.current, QPoint(0, 0))
    choose_in_menu(catalog, "Take Salesforce's value")
    settle(qtbot, catalog, pool)
    assert choice_of(bench.store, number).take == {"*": "salesforce"}
    assert catalog.fields.model.index(0, 5).data() == "Voice Pro"


def test_ticking_a_conflict_asks_for_a_direction_first(
    catalog: CatalogView, bench: Workbench, pool: TaskPool, qtbot: QtBot
) -> None:
    number = link(bench, "plan", "BASIC")
    catalog.trees.go_to(number)
    QTest.keyClick(catalog.trees.billing, Qt.Key.Key_Space)
    choose_in_menu(catalog, "Take billing's value")
    settle(qtbot, catalog, pool)
    assert choice_of(bench.store, number) == Choice(ticked=True, take={"*": "billing"})


def test_a_single_field_can_be_decided(
    catalog: CatalogView, bench: Workbench, pool: TaskPool, qtbot: QtBot
) -> None:
    number = link(bench, "plan", "BASIC")
    catalog.trees.go_to(number)
    catalog.fields.choice_wanted.emit("description", QPoint(0, 0))
    choose_in_menu(catalog, "Take Salesforce's value")
    settle(qtbot, catalog, pool)
    assert choice_of(bench.store, number).take == {"description": "salesforce"}


def test_tab_leaves_the_fields(
    catalog: CatalogView, bench: Workbench, pool: TaskPool, qtbot: QtBot
) -> None:
    catalog.trees.go_to(link(bench, "plan", "BASIC"))
    settle(qtbot, catalog, pool)
    catalog.activateWindow()
    catalog.fields.table.setFocus()
    qtbot.waitUntil(catalog.fields.table.hasFocus, timeout=5000)
    QTest.keyClick(catalog.fields.table, Qt.Key.Key_Tab)
    assert not catalog.fields.table.hasFocus()


def test_records_that_share_a_key_cannot_be_ticked(catalog: CatalogView, bench: Workbench) -> None:
    number = link(bench, "coupon", "TWICE")
    catalog.trees.go_to(number)
    QTest.keyClick(catalog.trees.billing, Qt.Key.Key_Space)
    assert choice_of(bench.store, number) == NO_CHOICE


def test_f8_and_f7_go_through_all_differences_and_back(
    catalog: CatalogView, pool: TaskPool, qtbot: QtBot
) -> None:
    seen = []
    for _step in range(sum(KINDS.values())):
        catalog.go(Go.NEXT)
        settle(qtbot, catalog, pool)
        seen.append(current_key(catalog))
    assert len(set(seen)) == sum(KINDS.values())
    catalog.go(Go.PREVIOUS)
    assert current_key(catalog) == seen[-2]
    catalog.go(Go.FIRST)
    assert current_key(catalog) == seen[0]
    catalog.go(Go.LAST)
    assert current_key(catalog) == seen[-1]


def test_from_a_record_that_agrees_f8_goes_to_the_next_difference_below(
    catalog: CatalogView, bench: Workbench, pool: TaskPool, qtbot: QtBot
) -> None:
    catalog.trees.go_to(link(bench, "service", "PRO|CALLS"))
    catalog.go(Go.NEXT)
    settle(qtbot, catalog, pool)
    assert current_key(catalog) == "PRO|CALLS|PRO-USD|2"


def test_left_and_right_cross_between_the_trees(
    catalog: CatalogView, bench: Workbench, qtbot: QtBot
) -> None:
    qtbot.waitExposed(catalog)
    catalog.activateWindow()
    catalog.trees.go_to(link(bench, "coupon", "NEW"))
    catalog.trees.billing.setFocus()
    QTest.keyClick(catalog.trees.billing, Qt.Key.Key_Right)
    assert catalog.focusWidget() is catalog.trees.salesforce
    QTest.keyClick(catalog.trees.salesforce, Qt.Key.Key_Left)
    assert catalog.focusWidget() is catalog.trees.billing


def test_copy_takes_the_row_as_the_tree_shows_it(
    catalog: CatalogView, bench: Workbench, qtbot: QtBot
) -> None:
    tree = catalog.trees.billing
    catalog.activateWindow()
    catalog.trees.go_to(link(bench, "coupon", "NEW"))
    tree.setFocus()
    qtbot.waitUntil(tree.hasFocus, timeout=5000)
    QTest.keyClick(tree, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    name, key = QGuiApplication.clipboard().text().split("\t")
    assert (name, key) == (tree.currentIndex().siblingAtColumn(0).data(), "NEW")


def test_after_a_refresh_cursor_expansion_and_ticks_stay(
    catalog: CatalogView, bench: Workbench, pool: TaskPool, qtbot: QtBot
) -> None:
    number = link(bench, "rate", "PRO|CALLS|PRO-USD|2")
    catalog.trees.go_to(number)
    QTest.keyClick(catalog.trees.billing, Qt.Key.Key_Space)
    settle(qtbot, catalog, pool)
    put(bench, Side.BILLING, "coupon", "AAA", name="AAA", description="AAA first of all")
    change(bench, Side.SALESFORCE, "plan", "TEAM", family="Others")
    read(bench)
    catalog.resurvey()
    settle(qtbot, catalog, pool)
    assert catalog.trees.current.link == number
    assert catalog.trees.model.view(catalog.trees.current).tick is Tick.OFF
    assert catalog.trees.billing.isExpanded(catalog.trees.billing.currentIndex().parent())


def test_a_chip_and_a_text_filter_together(
    catalog: CatalogView, pool: TaskPool, qtbot: QtBot
) -> None:
    catalog.filter._chips["different"].click()
    catalog.filter.text.setText("team")
    qtbot.waitUntil(lambda: catalog.survey.wanted.text == "team", timeout=5000)
    settle(qtbot, catalog, pool)
    assert catalog.survey.wanted.kinds == {Kind.DIFFERENT}
    assert len(catalog.survey.order) == 1


def test_a_filter_that_matches_nothing_says_so_and_can_be_cleared(
    catalog: CatalogView, pool: TaskPool, qtbot: QtBot
) -> None:
    catalog.filter.text.setText("no such record")
    qtbot.waitUntil(lambda: catalog._body.currentIndex() == 1, timeout=5000)
    assert catalog._found_none._heading.text() == "No record matches"
    catalog._found_none.acted.emit()
    settle(qtbot, catalog, pool)
    assert catalog._body.currentIndex() == 0


def test_the_overview_bar_jumps_to_where_it_is_clicked(catalog: CatalogView, qtbot: QtBot) -> None:
    catalog.resize(900, 420)
    bar = catalog.trees.salesforce.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0)
    overview = catalog.trees.overview
    QTest.mouseClick(
        overview, Qt.MouseButton.LeftButton, pos=QPointF(8, overview.height() - 2).toPoint()
    )
    assert bar.value() == bar.maximum()


def test_two_sides_that_agree_say_so(qtbot: QtBot, pool: TaskPool, read_bench: Workbench) -> None:
    view = CatalogView(pool)
    qtbot.addWidget(view)
    with qtbot.waitSignal(view.surveyed, timeout=5000):
        view.open(read_bench)
    assert view._agrees.text() == "Both sides agree: 22 records compared, nothing differs."
    assert view._agrees.isVisibleTo(view)


def test_what_was_read_but_not_compared_does_not_pass_for_equal(
    qtbot: QtBot, pool: TaskPool, read_bench: Workbench
) -> None:
    edit(read_bench)
    refresh(read_bench, RefreshRequest(), CancelToken(), no_report)
    view = CatalogView(pool)
    qtbot.addWidget(view)
    with qtbot.waitSignal(view.surveyed, timeout=5000):
        view.open(read_bench)
    assert "not compared yet" in view._agrees.text()
    assert view.survey.counts[Kind.IDENTICAL] == 0
    assert view.survey.uncompared == view.survey.records > 0
    compare(read_bench, CancelToken(), no_report)
    with qtbot.waitSignal(view.surveyed, timeout=5000):
        view.resurvey()
    assert view.survey.uncompared == 0
    assert view._agrees.text() == ""


def test_a_store_that_was_never_read_asks_for_a_refresh(
    qtbot: QtBot, pool: TaskPool, read_bench: Workbench
) -> None:
    view = CatalogView(pool)
    qtbot.addWidget(view)
    view._bench = read_bench
    view._show_state(Survey())
    assert view._message._heading.text() == "Nothing has been read yet"
    with qtbot.waitSignal(view.refresh_wanted):
        view._message._button.click()


@pytest.mark.parametrize("shown", [True, False])
def test_fields_that_agree_can_be_folded_away(
    catalog: CatalogView, bench: Workbench, *, shown: bool
) -> None:
    catalog.trees.go_to(link(bench, "plan", "PRO"))
    catalog.fields.same.setChecked(shown)
    catalog._show_fields()
    assert catalog.fields.model.rowCount() == (12 if shown else 1)


def test_one_field_alone_can_be_asked_for(
    catalog: CatalogView, bench: Workbench, pool: TaskPool, qtbot: QtBot
) -> None:
    offered = {a.data(): a for a in catalog.filter.field.menu().actions()}
    assert set(offered) == {"", "name", "family", "description", "rate_per_unit"}
    assert offered["name"].text() == "Name  1"
    offered["name"].trigger()
    settle(qtbot, catalog, pool)
    assert list(catalog.survey.order) == [link(bench, "plan", "PRO")]
    assert catalog.filter.field.text().startswith("Name")
    catalog.filter.clear()
    settle(qtbot, catalog, pool)
    assert len(catalog.survey.order) == sum(KINDS.values())


def test_a_field_and_a_kind_together_may_show_nothing(
    catalog: CatalogView, pool: TaskPool, qtbot: QtBot
) -> None:
    catalog.filter._chips["conflict"].click()
    settle(qtbot, catalog, pool)
    next(a for a in catalog.filter.field.menu().actions() if a.data() == "name").trigger()
    settle(qtbot, catalog, pool)
    assert catalog.survey.is_empty
    assert catalog._found_none._heading.text() == "No record matches"


def test_enter_goes_to_the_fields_and_escape_back(
    catalog: CatalogView, bench: Workbench, pool: TaskPool, qtbot: QtBot
) -> None:
    qtbot.waitExposed(catalog)
    catalog.activateWindow()
    catalog.trees.go_to(link(bench, "coupon", "NEW"))
    settle(qtbot, catalog, pool)
    catalog.trees.billing.setFocus()
    QTest.keyClick(catalog.trees.billing, Qt.Key.Key_Return)
    assert catalog.focusWidget() is catalog.fields.table
    QTest.keyClick(catalog.fields.table, Qt.Key.Key_Escape)
    assert catalog.focusWidget() is catalog.trees.billing


def test_the_function_keys_go_from_difference_to_difference(
    catalog: CatalogView, qtbot: QtBot
) -> None:
    qtbot.waitExposed(catalog)
    catalog.activateWindow()
    catalog.go(Go.LAST)
    last = current_key(catalog)
    catalog.go(Go.FIRST)
    first, shift = current_key(catalog), Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(catalog.trees.billing, Qt.Key.Key_F8)
    second = current_key(catalog)
    assert second not in {first, last}
    QTest.keyClick(catalog.trees.billing, Qt.Key.Key_F7)
    assert current_key(catalog) == first
    QTest.keyClick(catalog.trees.billing, Qt.Key.Key_F8, shift)
    assert current_key(catalog) == last
    QTest.keyClick(catalog.trees.billing, Qt.Key.Key_F7, shift)
    assert current_key(catalog) == first
