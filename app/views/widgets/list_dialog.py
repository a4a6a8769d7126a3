"""A dialog about a list that is read in the background: rows are chosen, something is done."""

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.views.models.rows import KEY_ROLE
from app.views.state.language import tr
from app.views.state.progress import notice
from app.views.tasks import Task, TaskPool, Work
from app.views.widgets.labels import label, push_button
from app.views.widgets.row_table import RowTable


class ListDialog(QDialog):
    """What the dialogs that show a list have in common. Opened with `open()`.

    A subclass makes its tables and buttons, lays them out, starts the reading, and says in
    `_show_act` what can be done with the rows that are chosen.
    """

    def __init__(self, heading: str, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(heading)
        self.told, self._hint = label("", "muted", wrap=True), label("", "muted", wrap=True)
        self._tables: Sequence[RowTable] = ()
        self._body = QStackedWidget()
        self._body.addWidget(QWidget())  # keeps the place of a list that has nothing to show
        self._task: Task | None = None

    def _lay_out(
        self, tables: Sequence[RowTable], buttons: Sequence[QPushButton], above: QWidget | None
    ) -> None:
        """Lay out heading, words and tables, of which one shows; below them hint and buttons."""
        self._tables = tables
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(12)
        layout.addWidget(label(self.windowTitle(), "heading"))
        if above is not None:
            layout.addWidget(above)
        layout.addWidget(self.told)
        for table in tables:
            self._body.addWidget(table)
            table.selectionModel().selectionChanged.connect(self._show_act)
        self._show_table(0)
        layout.addWidget(self._body, 1)
        row, close = QHBoxLayout(), push_button(tr("Close"))
        row.addWidget(self._hint, 1)
        for button in (*buttons, close):
            row.addWidget(button)
        layout.addLayout(row)
        close.clicked.connect(self.reject)

    def _read(
        self, pool: TaskPool, work: Work, then: Callable[[Any], None], title: str = ""
    ) -> None:
        """Start the reading; closing the dialog stops it."""
        self._task = pool.start(work, title=title)
        self._task.succeeded.connect(then)
        self._task.failed.connect(self._on_failed)
        self._task.cancelled.connect(self._on_stopped)

    def _show_table(self, place: int | None) -> None:
        """Show a table, or none."""
        self._body.setCurrentIndex(0 if place is None else place + 1)

    def _say(self, words: str) -> None:
        """Say something above the list, or nothing with `""`."""
        self.told.setText(words)
        self.told.setVisible(bool(words))

    def _chosen(self) -> list[Any]:
        """Return what the rows stand for that are selected in the table that shows."""
        table = self._body.currentWidget()
        if not isinstance(table, QAbstractItemView):
            return []
        return [index.data(KEY_ROLE) for index in table.selectionModel().selectedRows()]

    def _show_act(self) -> None:
        """Show what can be done with what is chosen; a subclass says what."""
        raise NotImplementedError

    def reject(self) -> None:
        """Close; the reading, where it still runs, is stopped."""
        if self._task is not None:
            self._task.cancel()
        super().reject()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        told = notice(error)
        self._say(f"{told.summary} {told.hint}".strip())

    @Slot()
    def _on_stopped(self) -> None:
        self._say(tr("Stopped. Nothing was changed anywhere."))


def name_button(button: QPushButton, words: str, counted: str, count: int) -> None:
    """Name a button by how many rows it would act on; without any its bare words stand there."""
    button.setText(counted.format(count=count) if count else words)
    button.setAccessibleName(button.text())
