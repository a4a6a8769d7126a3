"""What two billing systems sell, side by side: two connections are asked, nothing is written."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QDialog, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app.domain.control import CancelToken, Progress, Report
from app.sync.offers import OFFER_HEAD, offer_rows
from app.views.connections.offers_page import OffersPage
from app.views.connections.seller_boxes import Choosable, SellerBoxes
from app.views.services import Services
from app.views.state.export import export_lines
from app.views.state.language import tr
from app.views.state.offers import OffersFound, first_two, read_offers
from app.views.state.progress import notice
from app.views.tasks import Task, TaskPool
from app.views.widgets.ask_file import FileKind, ask_to_save
from app.views.widgets.labels import label, push_button
from app.views.widgets.message_page import MessagePage


class OffersDialog(QDialog):
    """Opened with `open()`; closing it stops the reading."""

    def __init__(
        self,
        sellers: Sequence[Choosable],
        services: Services,
        pool: TaskPool,
        parent: QWidget | None = None,
    ) -> None:
        """Make the dialog; there must be a billing connection."""
        super().__init__(parent)
        self._services, self._pool = services, pool
        self._task: Task | None = None
        self.found: OffersFound | None = None
        self.here = SellerBoxes(tr("Billing"), sellers)
        self.there = SellerBoxes(tr("Against"), sellers)
        places = first_two([connection for connection, _mappings in sellers])
        for boxes, place in zip((self.here, self.there), places, strict=True):
            boxes.connection.setCurrentIndex(place)
        self.compare = push_button(tr("Compare"), "primary", "compare")
        self.stop = push_button(tr("Stop"), "", "stop")
        self.export = push_button(tr("Export as CSV\u2026"), "", "export")
        self.page, self.message, self._pages = OffersPage(), MessagePage(), QStackedWidget()
        self.told = label("", "muted", wrap=True)
        self.setWindowTitle(tr("Compare two billing catalogs"))
        self.resize(1120, 680)
        self._lay_out()
        self.message.tell(
            "compare",
            tr("Two catalogs side by side"),
            tr("Plans and prices of both are read and compared. Nothing is written."),
        )
        self._show_state()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(12)
        layout.addWidget(label(tr("Compare two billing catalogs"), "heading"))
        layout.addLayout(self._asking())
        self._pages.addWidget(self.message)
        self._pages.addWidget(self.page)
        layout.addWidget(self._pages, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        close = push_button(tr("Close"))
        buttons.addWidget(self.export)
        buttons.addWidget(self.told, 1)
        buttons.addWidget(close)
        layout.addLayout(buttons)
        self.export.setToolTip(tr("Write what differs, a line for each price"))
        self.compare.setDefault(True)
        self.compare.clicked.connect(self.read)
        self.stop.clicked.connect(self._on_stop)
        self.export.clicked.connect(self._on_export)
        close.clicked.connect(self.reject)

    def _asking(self) -> QHBoxLayout:
        row, buttons = QHBoxLayout(), QVBoxLayout()
        row.setSpacing(16)
        buttons.setSpacing(8)
        buttons.addStretch(1)
        for button in (self.compare, self.stop):
            buttons.addWidget(button)
        row.addWidget(self.here, 1)
        row.addWidget(self.there, 1)
        row.addLayout(buttons)
        return row

    @Slot()
    def read(self) -> None:
        """Read both catalogs and show how they stand to each other."""
        if self._task is not None:
            return
        services, asked = self._services, (self.here.asked, self.there.asked)

        def work(cancel: CancelToken, report: Report) -> OffersFound:
            return read_offers(services, asked, cancel, report)

        self.message.tell_busy(tr("Reading plans and prices"))
        self._pages.setCurrentWidget(self.message)
        self._task = self._pool.start(work, title=tr("Comparing two catalogs"))
        self._task.progressed.connect(self._on_progress)
        self._task.succeeded.connect(self._on_found)
        self._task.failed.connect(self._on_failed)
        self._task.cancelled.connect(self._on_stopped)
        self.found = None
        self.told.clear()
        self._show_state()

    def reject(self) -> None:
        """Close; the reading, where it still runs, is stopped."""
        self._on_stop()
        super().reject()

    def _show_state(self) -> None:
        working = self._task is not None
        for widget in (self.compare, self.here, self.there):
            widget.setEnabled(not working)
        self.stop.setEnabled(working)
        differs = self.found is not None and next(offer_rows(self.found.diffs), None) is not None
        self.export.setEnabled(differs)

    @Slot(object)
    def _on_progress(self, progress: Progress) -> None:
        words = tr("{count:,} records so far").format(count=progress.done)
        self.message.tell_busy(tr("Reading plans and prices"), words)

    @Slot(object)
    def _on_found(self, found: OffersFound) -> None:
        self._task, self.found = None, found
        self._show_state()
        if not found.lines:
            self._end(
                "info",
                tr("Neither sells any plan"),
                tr("Only plans that are sold are compared, no drafts and none that were archived."),
            )
            return
        self.page.show_found(found)
        self._pages.setCurrentWidget(self.page)
        self.page.tree.setFocus()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        told = notice(error)
        self._end("warning", told.summary, told.hint)

    @Slot()
    def _on_stopped(self) -> None:
        self._end("stop", tr("Stopped"), tr("Nothing was changed anywhere."))

    def _end(self, icon: str, heading: str, words: str) -> None:
        self._task = None
        self.message.tell(icon, heading, words)
        self._pages.setCurrentWidget(self.message)
        self._show_state()

    @Slot()
    def _on_stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    @Slot()
    def _on_export(self) -> None:
        if self.found is not None:
            name = "{}-{}.csv".format(*self.found.names)
            title = tr("Export what differs")
            dialog = ask_to_save(self, title, FileKind("CSV", "csv"), name)
            dialog.fileSelected.connect(self.export_to)

    @Slot(str)
    def export_to(self, name: str) -> None:
        """Write what differs into a file."""
        if self.found is None:
            return
        path, rows = Path(name), list(offer_rows(self.found.diffs))

        def work(_cancel: CancelToken, _report: Report) -> Path:
            export_lines(path, OFFER_HEAD, rows)
            return path

        task = self._pool.start(work, title=tr("Exporting"))
        task.succeeded.connect(self._on_exported)
        task.failed.connect(self._on_not_exported)

    @Slot(object)
    def _on_exported(self, path: Path) -> None:
        self.told.setText(tr("Exported to {file}.").format(file=path))

    @Slot(object)
    def _on_not_exported(self, error: Exception) -> None:
        told = notice(error)
        self.told.setText(f"{told.summary} {told.hint}".strip())
