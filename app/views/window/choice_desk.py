"""Joins dialogs with the window: matching, what is held back, object types, two catalogs."""

from collections.abc import Sequence
from functools import partial
from typing import Protocol

from PySide6.QtCore import QObject, Qt, SignalInstance, Slot
from PySide6.QtWidgets import QDialog, QWidget

from app.domain.control import CancelToken, Report
from app.domain.plan import CommitPlan
from app.errors import WrongUse
from app.sync.holding import tick_held
from app.sync.refresh import RefreshRequest
from app.sync.types import deletion_plan
from app.sync.workbench import Workbench
from app.views.accounts.account_frame import AccountFrame
from app.views.commit.commit_dialog import MakePlan
from app.views.compare.held_dialog import HeldDialog
from app.views.compare.match_dialog import MatchDialog
from app.views.connections.connections_view import ConnectionsView
from app.views.connections.types_dialog import TypesDialog
from app.views.services import Services
from app.views.state.holding import can_hold
from app.views.state.language import tr
from app.views.state.matching import can_match
from app.views.tasks import Task, TaskPool, Work
from app.views.window.frame import TopBar


class Desk(Protocol):
    """What these dialogs need of the window."""

    pool: TaskPool
    bar: TopBar
    customers: AccountFrame
    connections: ConnectionsView

    @property
    def bench(self) -> Workbench | None:
        """The open workspace."""
        ...

    @property
    def opened(self) -> SignalInstance:
        """Emitted with a workspace's name, when it is shown."""
        ...

    def refresh(self, request: RefreshRequest) -> None:
        """Read and compare."""
        ...

    def change_store(self, work: Work, title: str) -> bool:
        """Start work that writes the store; return whether nothing else was under way."""
        ...

    def reopen(self, work: Work, title: str) -> Task:
        """Start work that gives the open workspace anew, and show it from then on."""
        ...

    def open_commit(self, make_plan: MakePlan) -> None:
        """Open the commit dialog on a plan."""
        ...

    def on_failed(self, error: Exception) -> None:
        """Show an error."""
        ...


class ChoiceDesk(QObject):
    """Opens the dialogs, and does what was chosen in them."""

    def __init__(self, desk: Desk, services: Services, window: QWidget) -> None:
        super().__init__(window)
        self._desk, self._services, self._window = desk, services, window
        self._reopened = False
        desk.bar.matches_wanted.connect(self.show_matches)
        desk.bar.held_wanted.connect(self.show_held)
        desk.bar.types_wanted.connect(self.show_types)
        desk.bar.catalogs_wanted.connect(desk.connections.compare_catalogs)
        desk.connections.changed.connect(self._on_connections)
        desk.opened.connect(self._on_opened)

    @property
    def can_match(self) -> bool:
        """Whether the open workspace has customers that look up to an object of the org."""
        return self._desk.bench is not None and can_match(self._desk.bench)

    @property
    def can_hold(self) -> bool:
        """Whether the open workspace has rules that hold inserts back."""
        return self._desk.bench is not None and can_hold(self._desk.bench)

    @Slot()
    def _on_opened(self) -> None:
        self._desk.bar.show_choices(matches=self.can_match, held=self.can_hold)

    @Slot()
    def _on_connections(self) -> None:
        self._desk.bar.catalogs.setEnabled(self._desk.connections.catalogs.isEnabled())

    @Slot()
    def show_matches(self) -> None:
        """List which accounts customers could belong to."""
        bench = self._desk.bench
        if bench is not None:
            dialog = MatchDialog(bench, self._desk.pool, self._window)
            dialog.plan_wanted.connect(self._on_plan)
            _open(dialog)

    @Slot(object)
    def _on_plan(self, make_plan: MakePlan) -> None:
        if self._is_free():
            self._desk.open_commit(make_plan)

    @Slot()
    def show_held(self) -> None:
        """List what is held back."""
        bench = self._desk.bench
        if bench is not None:
            dialog = HeldDialog(bench, self._desk.pool, self._window)
            dialog.tick_wanted.connect(self._on_ticks)
            dialog.show_wanted.connect(self._desk.customers.decide_wanted)
            _open(dialog)

    @Slot(object, bool)
    def _on_ticks(self, links: Sequence[int], ticked: bool) -> None:  # noqa: FBT001 - a slot
        bench = self._desk.bench
        if bench is None:
            return

        def work(_cancel: CancelToken, _report: Report) -> None:
            tick_held(bench, links, ticked=ticked)

        if not self._desk.change_store(work, tr("Noting the choice")):
            self._tell_busy()

    @Slot()
    def show_types(self) -> None:
        """List the kinds of record with what they take."""
        bench = self._desk.bench
        if bench is not None:
            dialog = TypesDialog(bench, self._services, self._desk.pool, self._window)
            dialog.choice_wanted.connect(self._on_types)
            dialog.delete_wanted.connect(self._on_delete)
            _open(dialog)

    @Slot(object)
    def _on_delete(self, names: Sequence[str]) -> None:
        if self._is_free():
            self._desk.open_commit(partial(_deletion, names))

    @Slot(object)
    def _on_types(self, without: tuple[str, ...]) -> None:
        """Leave kinds out from now on, open the workspace without them, and read both sides."""
        bench, services = self._desk.bench, self._services
        if bench is None or not self._is_free():
            return
        name = bench.name

        def work(_cancel: CancelToken, _report: Report) -> Workbench:
            bench.store.claim()  # another Concord may be at work with what is left out
            services.leave_out(name, without)
            return services.open_workbench(name)

        # Until the workspace is open anew nothing of it may be looked at with the former kinds.
        self._window.setEnabled(False)
        self._reopened = False
        task = self._desk.reopen(work, tr("Opening the workspace"))
        task.succeeded.connect(self._on_reopened)
        task.finished.connect(self._on_finished)

    @Slot()
    def _on_reopened(self) -> None:
        self._reopened = True

    @Slot()
    def _on_finished(self) -> None:
        self._window.setEnabled(True)
        if self._reopened:
            # With other kinds the store forgets what it found, and what it read of records whose
            # lookups came or went: until they are read again all of them would seem to agree.
            self._desk.refresh(RefreshRequest())

    def _is_free(self) -> bool:
        """Return whether nothing that writes is under way, and say so where something is."""
        working = self._desk.customers.is_working
        if working:
            self._tell_busy()
        return not working

    def _tell_busy(self) -> None:
        words = tr("Something is under way: nothing was changed.")
        self._desk.on_failed(WrongUse(words, tr("Wait until it has ended, then try again.")))


def _deletion(
    names: Sequence[str], bench: Workbench, cancel: CancelToken, report: Report
) -> CommitPlan:
    return deletion_plan(bench, names, cancel, report)


def _open(dialog: QDialog) -> None:
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
