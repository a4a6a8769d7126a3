"""What happens of itself as the clock moves on: billing, issuing, paying, ending, expiring."""

import heapq
from collections.abc import Callable

from app.sandbox.orb import invoice_states
from app.sandbox.orb.alert_watch import watch_subscription
from app.sandbox.orb.billing import bill, plan_next_bill
from app.sandbox.orb.credit_ledger import expire_block
from app.sandbox.orb.credits_api import carry_out_top_up
from app.sandbox.orb.plan_changes import carry_out_plan_change
from app.sandbox.orb.subscription_rows import show_subscription, status_of
from app.sandbox.orb.world import Row, World


def _bill(world: World, row: Row) -> None:
    bill(world, row)
    plan_next_bill(world, row)


def _start(world: World, row: Row) -> None:
    if status_of(world, row) == "active" and not row.get("_started"):
        row["_started"] = True
        _tell(world, "subscription.started", row)


def _end(world: World, row: Row) -> None:
    if status_of(world, row) == "ended" and not row.get("_ended"):
        row["_ended"] = True
        _tell(world, "subscription.ended", row)


def _end_trial(world: World, row: Row) -> None:
    if row["trial_info"]["end_date"] == world.now and status_of(world, row) == "active":
        _tell(world, "subscription.trial_ended", row)


def _tell(world: World, kind: str, row: Row, **properties: object) -> None:
    if world.announce is not None:
        world.emit(kind, show_subscription(world, row), **properties)


def _issue(world: World, row: Row) -> None:
    if row["status"] == "draft" and row["scheduled_issue_at"] == world.now:
        invoice_states.issue(world, row)


def _collect(world: World, row: Row) -> None:
    if row["status"] == "issued" and row["auto_collection"]["next_attempt_at"] == world.now:
        invoice_states.collect(world, row)


def _pay_by_hand(world: World, row: Row) -> None:
    if row["status"] in {"issued", "synced"}:
        about = {"external_id": f"WIRE-{row['invoice_number']}", "notes": None}
        invoice_states.mark_paid(world, row, world.now[:10], **about)


def _date_elapsed(world: World, row: Row) -> None:
    if row["status"] == "draft":
        invoice_states.tell(world, "invoice_date_elapsed", row, invoice_date=row["invoice_date"])


def _expire_change(world: World, row: Row) -> None:
    if row["status"] == "pending":
        row["status"] = "cancelled"
        row["cancelled_at"] = world.now
        world.table("subscription")[row["_subscription"]]["_pending_change"] = None


_Task = tuple[str, Callable[[World, Row], None]]
_TASKS: dict[str, _Task] = {
    "bill": ("subscription", _bill),
    "start": ("subscription", _start),
    "end": ("subscription", _end),
    "end_trial": ("subscription", _end_trial),
    "change_plan": ("subscription", carry_out_plan_change),
    "watch": ("subscription", watch_subscription),
    "issue": ("invoice", _issue),
    "collect": ("invoice", _collect),
    "pay_by_hand": ("invoice", _pay_by_hand),
    "date_elapsed": ("invoice", _date_elapsed),
    "expire_block": ("credit_block", lambda world, row: expire_block(world, row["id"])),
    "top_up": ("top_up", lambda world, row: carry_out_top_up(world, row["id"])),
    "expire_change": ("subscription_change", _expire_change),
}


def catch_up(world: World, now: str) -> None:
    """Let everything that is due by `now` happen, each at its own moment, in order.

    A clock that was moved back changes nothing: what happened has happened.
    """
    while world.agenda and world.agenda[0].at <= now:
        due = heapq.heappop(world.agenda)
        world.now = max(due.at, world.now)
        kind, task = _TASKS[due.task]
        row = world.table(kind).rows.get(due.record_id)
        if row is not None and not row.get("_deleted"):
            task(world, row)
    world.now = now
