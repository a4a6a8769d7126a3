"""What waits for the first paint."""

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.views.window.first_paint import AfterFirstPaint


class Paints(QObject):
    """Notes the first paint of a window."""

    def __init__(self, window: QWidget, told: list[str]) -> None:
        super().__init__(window)
        self._told = told
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.Paint and "painted" not in self._told:
            self._told.append("painted")
        return super().eventFilter(watched, event)


def test_it_begins_once_the_window_was_painted(qtbot: QtBot) -> None:
    window, told = QWidget(), list[str]()
    qtbot.addWidget(window)
    Paints(window, told)
    AfterFirstPaint(window, lambda: told.append("begun"))
    window.show()
    qtbot.waitUntil(lambda: "begun" in told)
    window.repaint()
    qtbot.wait(600)
    assert told == ["painted", "begun"]


def test_a_window_that_is_not_painted_begins_all_the_same(qtbot: QtBot) -> None:
    window, told = QWidget(), list[str]()
    qtbot.addWidget(window)
    AfterFirstPaint(window, lambda: told.append("begun"))
    qtbot.waitUntil(lambda: told == ["begun"], timeout=2000)
