"""Small parts of every page: labels that give way, messages that wrap, forms that scroll."""

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QFontMetrics, QPalette
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.views.widgets.elided_label import ElidedLabel
from app.views.widgets.flow import FlowLayout
from app.views.widgets.labels import push_button, set_role, tool_button
from app.views.widgets.list_dialog import name_button
from app.views.widgets.looks import DARK, LIGHT, dress
from app.views.widgets.message_page import MessagePage
from app.views.widgets.tall_form import TallForm, fit_screen

LONG = "Salesforce connection 'shop': the field Aria_Discount_Total__c of Account is missing. " * 2


def test_a_label_without_room_ends_in_an_ellipsis_and_keeps_its_text(qtbot: QtBot) -> None:
    made = ElidedLabel("muted")
    qtbot.addWidget(made)
    made.setText(LONG)
    made.resize(200, 20)
    assert made.is_cut
    assert made.text() == LONG
    made.resize(4000, 20)
    assert not made.is_cut


def test_a_label_that_gives_way_holds_no_window_wide(qtbot: QtBot) -> None:
    made, around = ElidedLabel(), QWidget()
    qtbot.addWidget(around)
    QVBoxLayout(around).addWidget(made)
    made.setText(LONG)
    assert around.minimumSizeHint().width() < 50


def test_the_tip_of_a_label_that_is_cut_tells_all_of_it(qtbot: QtBot) -> None:
    made = ElidedLabel()
    qtbot.addWidget(made)
    made.setToolTip("why")
    made.setText(LONG)
    made.resize(200, 20)
    made.grab()
    assert made.toolTip() == f"{LONG}\nwhy"
    made.resize(4000, 20)
    made.grab()
    assert made.toolTip() == "why"


def test_a_long_message_is_wrapped_and_shown_whole(qtbot: QtBot) -> None:
    page = MessagePage()
    qtbot.addWidget(page)
    page.resize(900, 600)
    page.tell("warning", LONG, LONG)
    page.show()
    for words in page.findChildren(QLabel):
        if words.text():
            assert words.height() >= words.heightForWidth(words.width())
            assert words.width() <= 460


def test_a_form_that_is_higher_than_the_screen_scrolls(qtbot: QtBot) -> None:
    dialog, form = QDialog(), QWidget()
    qtbot.addWidget(dialog)
    column = QVBoxLayout(form)
    for _ in range(80):
        column.addWidget(QLineEdit())
    QVBoxLayout(dialog).addWidget(TallForm(form))
    fit_screen(dialog, dialog.sizeHint())
    assert dialog.sizeHint().height() > 2000
    assert dialog.height() < dialog.screen().availableSize().height()


def test_a_dialog_with_room_gets_the_size_it_wants(qtbot: QtBot) -> None:
    dialog = QDialog()
    qtbot.addWidget(dialog)
    fit_screen(dialog, QSize(500, 300))
    assert dialog.size() == QSize(500, 300)


def test_a_button_counts_what_it_acts_on_and_no_naught(qtbot: QtBot) -> None:
    button = QPushButton()
    qtbot.addWidget(button)
    name_button(button, "Tick", "Tick {count:,}", 0)
    assert (button.text(), button.accessibleName()) == ("Tick", "Tick")
    name_button(button, "Tick", "Tick {count:,}", 1200)
    assert (button.text(), button.accessibleName()) == ("Tick 1,200", "Tick 1,200")


def test_a_chip_that_is_on_has_room_for_its_words_in_bold(qtbot: QtBot) -> None:
    around, flow = QWidget(), FlowLayout()
    chip = tool_button("Only in Salesforce  13", "chip")
    chip.setCheckable(True)
    flow.addWidget(chip)
    around.setLayout(flow)
    qtbot.addWidget(around)
    around.show()
    off, bold = chip.width(), chip.font()
    bold.setBold(True)
    more = QFontMetrics(bold).horizontalAdvance(chip.text())
    more -= chip.fontMetrics().horizontalAdvance(chip.text())
    chip.click()
    qtbot.waitUntil(lambda: chip.width() == off + more, timeout=5000)
    chip.click()
    qtbot.waitUntil(lambda: chip.width() == off, timeout=5000)
    assert more > 0


def test_a_button_takes_another_role(qtbot: QtBot) -> None:
    button = push_button("Commit", "primary")
    qtbot.addWidget(button)
    set_role(button, "")
    assert button.property("role") == ""


@pytest.mark.parametrize("dark", [False, True])
def test_what_a_box_asks_for_can_be_read_as_what_a_line_asks_for(
    qtbot: QtBot, qapp: QApplication, *, dark: bool
) -> None:
    """Of its own Qt shows a box's placeholder in half the text's colour: 3.4 to 1 on white."""
    before, font = (qapp.palette(), qapp.styleSheet()), qapp.font()
    try:
        dress(qapp, dark=dark)
        box = QComboBox()
        qtbot.addWidget(box)
        box.setEditable(True)
        box.show()
        edit = box.lineEdit()
        assert edit is not None
        shown = edit.palette().color(QPalette.ColorRole.PlaceholderText)
        assert shown.name() == (DARK if dark else LIGHT).muted.lower()
        assert shown.alpha() == 255
    finally:
        qapp.setPalette(before[0])
        qapp.setStyleSheet(before[1])
        qapp.setFont(font)
