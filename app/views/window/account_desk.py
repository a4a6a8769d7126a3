"""Joins the pages of an account with the window, which does the work."""

from functools import partial
from typing import Protocol

from PySide6.QtCore import QObject, Qt, SignalInstance, Slot

from app.domain.control import CancelToken, Report
from app.domain.plan import CommitPlan
from app.sync.planner import Selection, account_keys, build_plan
from app.sync.refresh import RefreshRequest
from app.sync.workbench import Workbench
from app.views.accounts.account_frame import AccountFrame
from app.views.accounts.action_dialog import ActionDialog
from app.views.commit.commit_dialog import MakePlan
from app.views.compare.catalog_view import CatalogView
from app.views.state.acting import Offer
from app.views.state.language import tr
from app.views.tasks import TaskPool
from app.views.window.window_pages import CATALOG


class Desk(Protocol):
    """What the pages of an account need of the window."""

    catalog: CatalogView
    pool: TaskPool

    @property
    def refreshed(self) -> SignalInstance:
        """Emitted with a `RefreshResult`, before the work that it ends counts as ended."""
        ...

    def refresh(self, request: RefreshRequest) -> None:
        """Read and compare."""
        ...

    def choose_page(self, name: str) -> None:
        """Show a page."""
        ...

    def open_commit(self, make_plan: MakePlan) -> None:
        """Open the commit dialog on a plan."""
        ...


class AccountDesk(QObject):
    """Has an account refreshed, and its differences planned and committed."""

    def __init__(self, desk: Desk, frame: AccountFrame) -> None:
        super().__init__(frame)
        self._desk, self._frame = desk, frame
        self._sought = 0
        frame.refresh_wanted.connect(self.refresh)
        frame.commit_wanted.connect(self.plan_commit)
        frame.decide_wanted.connect(self.show_in_catalog)
        frame.action_wanted.connect(self.ask_action)
        desk.refreshed.connect(frame.on_refreshed)
        desk.catalog.surveyed.connect(self._on_surveyed)

    @Slot(object)
    def refresh(self, request: RefreshRequest) -> None:
        """Read one account from both sides."""
        self._desk.refresh(request)

    @Slot(str)
    def plan_commit(self, key: str) -> None:
        """Show what would be written of an account; nothing is before it was confirmed."""
        self._desk.open_commit(partial(plan_account, key))

    @Slot(object)
    def ask_action(self, offer: Offer) -> None:
        """Ask for what an action has to be told; nothing is done before its plan was confirmed."""
        bench = self._frame.bench
        if bench is not None:
            dialog = ActionDialog(bench, self._desk.pool, offer, self._frame.window())
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.planned.connect(self._on_planned)
            dialog.open()

    @Slot(object)
    def _on_planned(self, plan: CommitPlan) -> None:
        dialog = self.sender()
        if not isinstance(dialog, ActionDialog):
            return
        if self._frame.is_working:
            dialog.say(tr("Wait until the work under way has ended, then try again."))
            return
        dialog.accept()
        self._desk.open_commit(lambda _bench, _cancel, _report: plan)

    @Slot(int)
    def show_in_catalog(self, link: int) -> None:
        """Go to a record in the catalog; a filter that hides it is taken away."""
        self._desk.choose_page(CATALOG)
        if not self._went_to(link):
            self._sought = link
            self._desk.catalog.filter.clear()

    def _went_to(self, link: int) -> bool:
        trees = self._desk.catalog.trees
        found = trees.go_to(link)
        if found:
            # The keys that tick and decide are the trees'; what was pressed is hidden now.
            trees.billing.setFocus()
        return found

    @Slot()
    def _on_surveyed(self) -> None:
        if self._sought:
            self._went_to(self._sought)
            self._sought = 0


def plan_account(key: str, bench: Workbench, cancel: CancelToken, report: Report) -> CommitPlan:
    """Return the plan of what is ticked of an account.

    Raises:
        WrongUse: The mirror has no such account.
    """
    return build_plan(bench, Selection(keys=account_keys(bench, key)), cancel, report)
