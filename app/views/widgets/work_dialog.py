"""A dialog that works in the background: pages above, a name to type and buttons below."""

from PySide6.QtCore import Slot
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QStackedWidget, QVBoxLayout, QWidget

from app.views.state.language import tr
from app.views.state.progress import notice
from app.views.tasks import Task, TaskPool
from app.views.widgets.labels import label, push_button
from app.views.widgets.message_page import MessagePage


class WorkDialog(QDialog):
    """What the dialogs that change a system have in common.

    While the page `running` shows, closing asks the task to stop; the dialog stays until it has,
    since only then is known what was done.
    """

    def __init__(self, pool: TaskPool, parent: QWidget | None, *, running: int) -> None:
        """Make the pages' stack, the message page and the buttons; a subclass lays them out."""
        super().__init__(parent)
        self._pool, self._running_page = pool, running
        self._task: Task | None = None
        self._pages, self._message = QStackedWidget(), MessagePage()
        self.typed, self._typed_label = QLineEdit(), label("", "muted")
        self._typed_label.setBuddy(self.typed)
        self.cancel, self.run = push_button(tr("Cancel")), push_button("", "primary")
        self.typed.textChanged.connect(self._on_typed)
        self.cancel.clicked.connect(self._on_cancel)

    def _stack(self, *pages: QWidget) -> QHBoxLayout:
        """Lay the pages out, the message page first; return the row of buttons below them."""
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(16)
        # First, since a page is styled again with each widget that it comes to stand in.
        layout.addWidget(self._pages, 1)
        for page in (self._message, *pages):
            self._pages.addWidget(page)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        layout.addLayout(buttons)
        return buttons

    def _show_buttons(self) -> None:
        """Show what can be done now; a subclass says what."""
        raise NotImplementedError

    def _want_typed(self, name: str, words: str) -> None:
        """Ask for a name to be typed, or for none with `""`."""
        self._typed_label.setText(words)
        self.typed.setAccessibleName(words)
        for widget in (self.typed, self._typed_label):
            widget.setVisible(bool(name))

    def _end_with(self, icon: str, heading: str, words: str) -> None:
        """End on the message page."""
        self._task = None
        self._message.tell(icon, heading, words)
        self._pages.setCurrentWidget(self._message)
        self._show_buttons()

    @property
    def _is_running(self) -> bool:
        return self._task is not None and self._pages.currentIndex() == self._running_page

    @Slot(str)
    def _on_typed(self, _typed: str) -> None:
        self._show_buttons()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        told = notice(error)
        self._end_with("warning", told.summary, told.hint)

    @Slot()
    def _on_cancel(self) -> None:
        if self._task is None:
            self.reject()
            return
        self.cancel.setEnabled(False)
        self._task.cancel()

    def reject(self) -> None:
        """Close; what is running is asked to stop first, and says itself how it ended."""
        if self._is_running:
            self._on_cancel()
            return
        if self._task is not None:
            self._task.cancel()
        super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stay until what is running has stopped (Qt)."""
        if self._is_running:
            self._on_cancel()
            event.ignore()
            return
        super().closeEvent(event)
