"""Writes the comparison into a file to mail or to open in a spreadsheet."""

from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from app.domain.control import CancelToken, Report
from app.sync.workbench import Workbench
from app.views.state.export import Format, export
from app.views.state.language import tr
from app.views.tasks import TaskPool
from app.views.widgets.ask_file import FileKind, ask_to_save


class Exporter(QObject):
    """Asks for a file, then writes it off this thread.

    Signals:
        exported: The path of the file.
        failed: An exception; no half file is left.
    """

    exported = Signal(object)
    failed = Signal(object)

    def __init__(self, pool: TaskPool, parent: QWidget) -> None:
        super().__init__(parent)
        self._pool, self._window = pool, parent
        self._bench: Workbench | None = None
        self._format = Format.HTML

    def begin(self, bench: Workbench, wanted: Format) -> None:
        """Ask where to."""
        self._bench, self._format = bench, wanted
        kind = FileKind(wanted.name, wanted.value)
        name = f"{bench.name}-differences.{wanted.value}"
        dialog = ask_to_save(self._window, tr("Export the comparison"), kind, name)
        dialog.fileSelected.connect(self._on_file)

    @Slot(str)
    def _on_file(self, name: str) -> None:
        bench, wanted, path = self._bench, self._format, Path(name)
        if bench is None:
            return

        def work(cancel: CancelToken, report: Report) -> Path:
            export(bench, wanted, path, cancel, report)
            return path

        task = self._pool.start(work, title=tr("Exporting"))
        task.succeeded.connect(self.exported)
        task.failed.connect(self.failed)
