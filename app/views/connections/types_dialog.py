"""Which kinds of record a workspace keeps: counted, advised, chosen by ticks."""

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.domain.control import CancelToken, Progress, Report
from app.sync.workbench import Workbench
from app.views.services import Services
from app.views.state.language import tr
from app.views.state.progress import notice
from app.views.state.types import (
    TypeLine,
    TypesFound,
    advised,
    choice_words,
    find_types,
    left_out_by,
    room_words,
    staying,
    type_lines,
    with_tick,
)
from app.views.tasks import TaskPool
from app.views.widgets.labels import label, push_button

_ON, _OFF = Qt.CheckState.Checked, Qt.CheckState.Unchecked
_NUMBER = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_ROW_HEIGHT = 26
_ADVICE = 6


class TypesDialog(QDialog):
    """Opened with `open()`; nothing changes before a choice is taken.

    Signals:
        choice_wanted: The names of what is to be left out from now on, none for nothing.
        delete_wanted: The names of kinds whose records are to be deleted from Salesforce first.
    """

    choice_wanted = Signal(object)
    delete_wanted = Signal(object)

    def __init__(
        self, bench: Workbench, services: Services, pool: TaskPool, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._found: TypesFound | None = None
        self.kept: frozenset[str] = frozenset()
        self._items: dict[str, QTreeWidgetItem] = {}
        self._refused = str(bench.store.refused or "")
        self.tree = QTreeWidget()
        self.told = label(tr("Counting\u2026"), "muted", wrap=True)
        self.means = label("", "", wrap=True)
        self.advice = push_button(tr("Take the advice"))
        self.delete = push_button(tr("Delete their records\u2026"), "danger")
        self.take = push_button(tr("Keep what is ticked"), "primary")
        self.setWindowTitle(tr("Object types"))
        self.resize(940, 520)
        self._lay_out()

        def work(cancel: CancelToken, report: Report) -> TypesFound:
            return find_types(bench, services, cancel, report)

        self._task = pool.start(work, title=tr("Counting"))
        self._task.progressed.connect(self._on_progress)
        self._task.succeeded.connect(self._on_found)
        self._task.failed.connect(self._on_failed)
        self._task.cancelled.connect(self._on_stopped)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(12)
        layout.addWidget(label(tr("Object types"), "heading"))
        layout.addWidget(self.told)
        self._lay_out_tree()
        layout.addWidget(self.tree, 1)
        layout.addWidget(self.means)
        buttons = QHBoxLayout()
        close = push_button(tr("Close"))
        buttons.addWidget(self.advice)
        buttons.addStretch(1)
        for button in (self.delete, self.take, close):
            buttons.addWidget(button)
        layout.addLayout(buttons)
        self.delete.setToolTip(tr("Show the plan that deletes what would stay in Salesforce"))
        self.advice.clicked.connect(self._on_advice)
        self.delete.clicked.connect(self._on_delete)
        self.take.clicked.connect(self._on_take)
        close.clicked.connect(self.reject)
        self._show_choice()

    def _lay_out_tree(self) -> None:
        self.tree.setAccessibleName(tr("Kinds of record"))
        self.tree.setRootIsDecorated(False)
        self.tree.setUniformRowHeights(True)
        self.tree.setHeaderLabels(
            [
                tr("Kind"), tr("In billing"), tr("In Salesforce"), tr("Storage"),
                tr("Calls to read"), tr("Calls to write"), "",
            ]
        )  # fmt: skip
        header = self.tree.header()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setStretchLastSection(False)
        for column in range(1, _ADVICE):
            self.tree.headerItem().setTextAlignment(column, _NUMBER)
        self.tree.itemChanged.connect(self._on_item)

    def reject(self) -> None:
        """Close; the counting, where it still runs, is stopped."""
        self._task.cancel()
        super().reject()

    @Slot(object)
    def _on_progress(self, progress: Progress) -> None:
        if self._found is None:
            self.told.setText(f"{progress.what}\u2026")

    @Slot(object)
    def _on_found(self, found: TypesFound) -> None:
        self._found, self.kept = found, found.kept
        self.tree.blockSignals(True)  # noqa: FBT003 - Qt's signature
        self._items = {line.name: _item(line) for line in type_lines(found)}
        self.tree.addTopLevelItems(list(self._items.values()))
        self.tree.blockSignals(False)  # noqa: FBT003 - Qt's signature
        self._show_choice()
        self.tree.setFocus()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        told = notice(error)
        self.told.setText(f"{told.summary} {told.hint}".strip())

    @Slot()
    def _on_stopped(self) -> None:
        self.told.setText(tr("Stopped. Nothing was changed anywhere."))

    @Slot(QTreeWidgetItem, int)
    def _on_item(self, item: QTreeWidgetItem, column: int) -> None:
        found = self._found
        if column == 0 and found is not None:
            name, ticked = str(item.data(0, Qt.ItemDataRole.UserRole)), item.checkState(0) == _ON
            self.kept = with_tick(found.mapping, self.kept, name, ticked=ticked)
            self._show_choice()

    def _show_choice(self) -> None:
        """Show ticks, words and buttons as the choice is now."""
        found, kept = self._found, self.kept
        self.tree.blockSignals(True)  # noqa: FBT003 - Qt's signature
        for name, item in self._items.items():
            item.setCheckState(0, _ON if name in kept else _OFF)
        self.tree.blockSignals(False)  # noqa: FBT003 - Qt's signature
        self.tree.viewport().update()
        if found is not None:
            self.told.setText(room_words(found, kept))
            self.means.setText(choice_words(found, kept))
        may = found is not None and bool(kept) and not self._refused
        self.take.setEnabled(may and found is not None and kept != found.kept)
        self.take.setToolTip(self._refused)
        self.delete.setEnabled(may and found is not None and bool(staying(found, kept)))
        self.advice.setVisible(found is not None and bool(found.types.why))

    @Slot()
    def _on_advice(self) -> None:
        if self._found is not None:
            self.kept = advised(self._found, self.kept)
            self._show_choice()

    @Slot()
    def _on_delete(self) -> None:
        if self._found is not None:
            names = tuple(staying(self._found, self.kept))
            self.accept()
            self.delete_wanted.emit(names)

    @Slot()
    def _on_take(self) -> None:
        if self._found is not None:
            without = left_out_by(self._found, self.kept)
            self.accept()
            self.choice_wanted.emit(without)


def _item(line: TypeLine) -> QTreeWidgetItem:
    item = QTreeWidgetItem([*line.cells, line.advice])
    item.setData(0, Qt.ItemDataRole.UserRole, line.name)
    item.setSizeHint(0, QSize(0, _ROW_HEIGHT))
    for column in range(1, _ADVICE):
        item.setTextAlignment(column, _NUMBER)
    return item
