"""Joins the mapping page with the window, which opens the workspace anew with a saved mapping."""

from typing import Protocol

from PySide6.QtCore import QObject, Slot

from app.domain.control import CancelToken, Report
from app.errors import WrongUse
from app.sync.refresh import RefreshRequest
from app.sync.workbench import Workbench
from app.views.mapping.mapping_view import MappingView
from app.views.services import Services
from app.views.state.language import tr
from app.views.tasks import Task, Work


class Desk(Protocol):
    """What saving a mapping needs of the window."""

    @property
    def bench(self) -> Workbench | None:
        """The open workspace."""
        ...

    @property
    def is_settled(self) -> bool:
        """Whether nothing is under way."""
        ...

    def reopen(self, work: Work, title: str) -> Task:
        """Start work that gives the open workspace anew, and show it from then on."""
        ...

    def refresh(self, request: RefreshRequest) -> None:
        """Read and compare."""
        ...

    def on_failed(self, error: Exception) -> None:
        """Show an error."""
        ...


class MappingDesk(QObject):
    """Saves mappings."""

    def __init__(self, desk: Desk, services: Services, view: MappingView) -> None:
        super().__init__(view)
        self._desk, self._services, self._view = desk, services, view
        self._reads = self._saved = False
        view.save_wanted.connect(self.save)
        view.failed.connect(desk.on_failed)

    @Slot(str, bool)
    def save(self, text: str, reads: bool) -> None:  # noqa: FBT001 - a slot
        """Keep a text as the workspace's mapping, and open the workspace with it."""
        bench, services = self._desk.bench, self._services
        if bench is None:
            return
        if not self._desk.is_settled:
            words = tr("Something is under way: the mapping was not saved.")
            self._desk.on_failed(WrongUse(words, tr("Wait until it has ended, then save again.")))
            return
        name = bench.name

        def work(_cancel: CancelToken, _report: Report) -> Workbench:
            services.change_mapping(name, text)
            return services.open_workbench(name)

        self._reads, self._saved = reads, False
        # Until the workspace is open anew nothing of it may be looked at with the former mapping.
        self._view.window().setEnabled(False)
        task = self._desk.reopen(work, tr("Saving the mapping"))
        task.succeeded.connect(self._on_saved)
        task.finished.connect(self._on_finished)

    @Slot()
    def _on_saved(self) -> None:
        self._saved = True

    @Slot()
    def _on_finished(self) -> None:
        self._view.window().setEnabled(True)
        if not self._saved:
            return
        self._view.open(self._desk.bench, anew=True)
        self._view.reload()
        if self._reads:
            self._desk.refresh(RefreshRequest())
