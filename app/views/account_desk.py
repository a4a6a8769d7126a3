"""Joins the pages of an account with the window, which does the work."""

from functools import partial
from typing import Protocol

from PySide6.QtCore import QObject, SignalInstance, Slot

from app.domain.control import CancelToken, Report
from app.domain.plan import CommitPlan
from app.sync.planner import Selection, account_keys, build_plan
from app.sync.refresh import RefreshRequest
from app.sync.workbench import Workbench
from app.views.account_frame import AccountFrame
from app.views.commit_dialog import MakePlan


class Desk(Protocol):
    """What the pages of an account need of the window."""

    @property
    def refreshed(self) -> SignalInstance:
        """Emitted with a `RefreshResult`, before the work that it ends counts as ended."""
        ...

    def refresh(self, request: RefreshRequest) -> None:
        """Read and compare."""
        ...

    def open_commit(self, make_plan: MakePlan) -> None:
        """Open the commit dialog on a plan."""
        ...


class AccountDesk(QObject):
    """Has an account refreshed, and its differences planned and committed."""

    def __init__(self, desk: Desk, frame: AccountFrame) -> None:
        super().__init__(frame)
        self._desk = desk
        frame.refresh_wanted.connect(self.refresh)
        frame.commit_wanted.connect(self.plan_commit)
        desk.refreshed.connect(frame.on_refreshed)

    @Slot(object)
    def refresh(self, request: RefreshRequest) -> None:
        """Read one account from both sides."""
        self._desk.refresh(request)

    @Slot(str)
    def plan_commit(self, key: str) -> None:
        """Show what would be written of an account; nothing is before it was confirmed."""
        self._desk.open_commit(partial(plan_account, key))


def plan_account(key: str, bench: Workbench, cancel: CancelToken, report: Report) -> CommitPlan:
    """Return the plan of what is ticked of an account.

    Raises:
        WrongUse: The mirror has no such account.
    """
    return build_plan(bench, Selection(keys=account_keys(bench, key)), cancel, report)
