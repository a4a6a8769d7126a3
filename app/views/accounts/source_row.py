"""Takes what an action has to be told from a record of Salesforce."""

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QWidget

from app.domain.action import Taken
from app.domain.control import CancelToken, Report
from app.sync.taking import Wish, taken_from
from app.sync.workbench import Workbench
from app.views.state.acting import Known, Offer, known_sources, takes
from app.views.state.language import tr
from app.views.state.progress import notice
from app.views.tasks import Task, TaskPool
from app.views.widgets.labels import push_button

_HEIGHT = 30


class SourceRow(QWidget):
    """A box for the record, and a button that reads it.

    Signals:
        taken: A `Taken`.
        changed: Another record is chosen; what was taken was of a former one.
        failed: Why nothing was taken, in words.
    """

    taken = Signal(object)
    changed = Signal()
    failed = Signal(str)

    def __init__(
        self, bench: Workbench, pool: TaskPool, offer: Offer, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._bench, self._pool, self._offer = bench, pool, offer
        self._task: Task | None = None
        self._read = ""
        self.typed: Callable[[], Mapping[str, str]] = dict
        """Tells what counts more than what the record says: input → words."""
        self.record = QComboBox()
        self.take = push_button(tr("Fill in"))
        self._lay_out()
        lookup = pool.start(lambda _cancel, _report: known_sources(bench, offer.action))
        lookup.succeeded.connect(self._on_known)
        lookup.failed.connect(self._on_failed)

    def _lay_out(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        self.record.setEditable(True)
        self.record.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.record.setMinimumHeight(_HEIGHT)
        self.record.setAccessibleName(tr("Record in Salesforce"))
        self.record.addItem("", "")
        words = tr("the id or the link of: {what}").format(what=takes(self._offer.action))
        self.record.setToolTip(words)
        edit = self.record.lineEdit()
        if edit is not None:
            edit.setPlaceholderText(words)
        self.take.setAutoDefault(False)
        self.take.setToolTip(tr("Read the record and fill in what it tells; all can be changed"))
        layout.addWidget(self.record, 1)
        layout.addWidget(self.take)
        self.record.currentTextChanged.connect(self._show_state)
        self.record.currentTextChanged.connect(self.changed)
        self.take.clicked.connect(self.read)
        self._show_state()

    @property
    def chosen(self) -> str:
        """The id of the record that is chosen, or what is typed instead."""
        place = self.record.findText(self.record.currentText())
        return self.record.currentText().strip() if place < 0 else self.record.itemData(place)

    def stop(self) -> None:
        """Stop the reading, where it still runs."""
        if self._task is not None:
            self._task.cancel()

    @Slot()
    def read(self) -> None:
        """Read the record."""
        bench, offer, record = self._bench, self._offer, self.chosen
        wish = Wish(offer.action, offer.key, self.typed())

        def work(cancel: CancelToken, _report: Report) -> Taken:
            return taken_from(bench, wish, record, cancel)

        self._task = self._pool.start(work, title=tr("Reading from Salesforce"))
        self._read = record
        self._task.succeeded.connect(self._on_taken)
        self._task.failed.connect(self._on_failed)
        self._task.finished.connect(self._on_finished)
        self._show_state()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Read on Enter, which would press the dialog's own button otherwise (Qt)."""
        if event.key() not in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            super().keyPressEvent(event)
        elif self.take.isEnabled():
            self.read()

    @Slot()
    def _show_state(self) -> None:
        self.take.setEnabled(self._task is None and bool(self.chosen))

    @Slot(object)
    def _on_known(self, known: Sequence[Known]) -> None:
        for record in known:
            self.record.addItem(record.shown, record.key)

    @Slot(object)
    def _on_taken(self, taken: Taken) -> None:
        if self.chosen == self._read:  # another may have been chosen since
            self.taken.emit(taken)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        told = notice(error)
        self.failed.emit(f"{told.summary} {told.hint}".strip())

    @Slot()
    def _on_finished(self) -> None:
        self._task = None
        self._show_state()
