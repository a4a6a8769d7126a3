"""Every command by its name, found by a few letters; for the keyboard."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QVBoxLayout, QWidget

from app.views.models.rows import KEY_ROLE, Column, Line, Rows
from app.views.state.language import tr
from app.views.state.palette import search
from app.views.widgets.labels import label
from app.views.widgets.row_table import RowTable

_MOVES = frozenset({Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown})


@dataclass(frozen=True, slots=True)
class Command:
    """Something that can be done: its name, its keys ("" for none), and whether it can be now."""

    name: str
    run: Callable[[], object]
    keys: str = ""
    enabled: bool = True


class CommandPalette(QDialog):
    """Opened with `open()`; it closes before the command runs."""

    def __init__(self, commands: Sequence[Command], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # What cannot be done now is not offered: a command that does nothing is a riddle.
        self._commands = [command for command in commands if command.enabled]
        self.text = QLineEdit()
        self.found = Rows([Column(tr("Command")), Column(tr("Keys"))], self)
        self.table = RowTable(self.found, tr("Commands"), (0, 130))
        self._none = label(tr("No command of that name can be run now."), "muted")
        self.setWindowTitle(tr("Commands"))
        self.resize(560, 420)
        self._lay_out()
        self._search()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(8)
        self.text.setPlaceholderText(tr("A few letters of a command"))
        self.text.setAccessibleName(tr("A few letters of a command"))
        self.table.horizontalHeader().hide()
        self.table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout.addWidget(self.text)
        layout.addWidget(self._none)
        layout.addWidget(self.table, 1)
        self.text.textChanged.connect(self._search)
        self.text.returnPressed.connect(self._on_run)
        self.text.installEventFilter(self)
        self.table.clicked.connect(self._on_run)

    @Slot()
    def _search(self) -> None:
        places = search(self.text.text(), [command.name for command in self._commands])
        commands = [self._commands[each.place] for each in places]
        self.found.show([Line((each.name, each.keys), each) for each in commands])
        self._none.setVisible(not commands)
        if commands:
            self.table.selectRow(0)

    @Slot()
    def _on_run(self) -> None:
        command = self.table.currentIndex().data(KEY_ROLE)
        if isinstance(command, Command):
            self.accept()
            command.run()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Move in the list while the field keeps the keyboard (Qt)."""
        key = event.key() if isinstance(event, QKeyEvent) else None
        if event.type() == QEvent.Type.KeyPress and key in _MOVES:
            QCoreApplication.sendEvent(self.table, event)
            return True
        return super().eventFilter(watched, event)
