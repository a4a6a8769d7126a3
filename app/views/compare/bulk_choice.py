"""One choice for all that a filter shows: counted, asked, stored; all of it off this thread."""

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QMessageBox, QWidget

from app.domain.control import CancelToken, Report
from app.domain.convert import text
from app.domain.record import FieldValue
from app.errors import WrongUse
from app.store.choices import choose
from app.store.pager import Filter
from app.sync.choosing_many import Bulk, BulkDraft, draft_bulk, field_of
from app.sync.workbench import Workbench
from app.views.compare.value_dialog import ValueDialog
from app.views.state.bulk import form_for_all, left_words, question
from app.views.state.language import tr
from app.views.tasks import TaskPool


class BulkChoice(QObject):
    """Carries one bulk choice through.

    Signals:
        stored: The choices are in the store.
        failed: An exception.
    """

    stored = Signal()
    failed = Signal(object)

    def __init__(self, pool: TaskPool, parent: QWidget) -> None:
        super().__init__(parent)
        self._pool, self._window = pool, parent
        self._bench: Workbench | None = None
        self._wanted = Filter()
        self._draft: BulkDraft | None = None

    def begin(self, bench: Workbench, wanted: Filter, bulk: Bulk) -> None:
        """Count what it would change; then ask. A value is asked for first."""
        self._bench, self._wanted = bench, wanted
        if bulk is not Bulk.TYPED:
            self._count(bench, bulk)
            return
        form = form_for_all(bench, field_of(wanted))
        if form is None:
            words = tr("No field is chosen of which a value could be typed.")
            self.failed.emit(WrongUse(words, tr("Choose one under \u201cAny field\u201d first.")))
            return
        dialog = ValueDialog(form, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.typed.connect(self._on_typed)
        dialog.open()

    @Slot(object)
    def _on_typed(self, value: FieldValue) -> None:
        if self._bench is not None:
            self._count(self._bench, Bulk.TYPED, text(value))

    def _count(self, bench: Workbench, bulk: Bulk, words: str = "") -> None:
        self._draft, wanted = None, self._wanted

        def work(cancel: CancelToken, report: Report) -> BulkDraft:
            return draft_bulk(bench, wanted, bulk, cancel, report, words=words)

        task = self._pool.start(work, title=tr("Counting"))
        task.succeeded.connect(self._on_draft)
        task.failed.connect(self.failed)

    @Slot(object)
    def _on_draft(self, draft: BulkDraft) -> None:
        self._draft = draft
        box = QMessageBox(self._window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle(tr("All that is shown"))
        box.setText(question(draft))
        box.setInformativeText(left_words(draft))
        button = QMessageBox.StandardButton
        box.setStandardButtons(button.Ok | button.Cancel if draft.changes else button.Close)
        box.accepted.connect(self._on_yes)
        box.open()

    @Slot()
    def _on_yes(self) -> None:
        bench, draft = self._bench, self._draft
        if bench is None or draft is None or not draft.changes:
            return

        def work(_cancel: CancelToken, _report: Report) -> None:
            choose(bench.store, draft.changes)

        task = self._pool.start(work, title=tr("Storing the choices"), writes=True)
        task.succeeded.connect(self.stored)
        task.failed.connect(self.failed)
