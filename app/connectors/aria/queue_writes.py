"""Changes of plans that wait for their day: taken back, or moved to another day (aria.md §2.5)."""

from typing import Any

from app.connectors.aria.client import AriaClient
from app.connectors.aria.plan_edit import NotSendable
from app.connectors.aria.steps import Step
from app.connectors.aria.values import whole
from app.connectors.aria.wish import Wish
from app.domain.control import CancelToken
from app.domain.plan import Verb

EDIT = "edit_acct_plan_queued_changes_m"
STATUS, DAY = "queued_action_status_label", "effective_date"
DELETED = "Deleted"
_TAKE_BACK, _MOVE = 0, 2  # queue_edit_directive; that 2 moves the day is inferred


def can_edit(column: str) -> bool:
    """Return whether an update can set a column of a queued change."""
    return column in {STATUS, DAY}


def queue_steps(client: AriaClient, wish: Wish, cancel: CancelToken) -> list[Step]:
    """Return the call that takes a queued change back or moves it.

    Raises:
        NotSendable: It is neither, or the record is none that Concord read.
    """
    del client, cancel
    number = whole(wish.key.rpartition("|")[2])
    if number is None:
        message = f"Not sent: {wish.key!r} names no queued change of Aria."
        raise NotSendable(message)
    edit: dict[str, Any] = {"queue_id": number, "queue_edit_directive": _TAKE_BACK}
    if wish.operation.verb is not Verb.DELETE and wish.values.get(STATUS) != DELETED:
        if wish.wants(STATUS) or not wish.values.get(DAY):
            message = f"Not sent: a queued change can become {DELETED!r}, or wait for another day."
            raise NotSendable(message)
        edit |= {"queue_edit_directive": _MOVE, "new_effective_date": str(wish.values[DAY])}
    inputs = {"acct_no": wish.acct_no, "edit_queued_changes": [edit]}
    return [Step(EDIT, inputs, wish.fields([STATUS, DAY]))]
