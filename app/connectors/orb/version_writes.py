"""Versions: a change of plan that is yet to come, scheduled and taken back (orb.md §2.3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.connectors.orb.client import OrbClient, Row, part
from app.connectors.orb.paging import Listing, pages
from app.connectors.orb.rows import moment, utc
from app.connectors.orb.sendable import (
    NotSendable,
    Post,
    Sent,
    as_text,
    by_billing_name,
    read_back,
)
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping
from app.domain.plan import Operation, Verb
from app.domain.record import FieldValue

VERSION = "subscription_version"


@dataclass(frozen=True, slots=True)
class VersionWrites:
    """Writes the entries of schedules that are yet to come; what has begun is history."""

    client: OrbClient
    verbs: frozenset[Verb] = frozenset({Verb.INSERT, Verb.DELETE})
    settable: frozenset[str] = frozenset()

    def calls(self, entity: EntityMapping, operation: Operation) -> int:
        """Return the calls of one operation: the schedule is read after it, and before a delete."""
        del entity
        return 2 if operation.verb is Verb.INSERT else 3

    def carry_out(self, entity: EntityMapping, operation: Operation, cancel: CancelToken) -> Sent:
        """Schedule a change of plan, or take the one that is scheduled back."""
        owner, _, start = operation.key.rpartition("|")
        path = f"subscriptions/{part(owner)}"
        post = Post(self.client, operation.idempotency_key, cancel)
        if operation.verb is Verb.INSERT:
            plan = _plan(entity, operation, start)
            asked = {"change_option": "requested_date", "change_date": start, **plan}
            post.post(f"{path}/schedule_plan_change", asked)
            entry = _entry(read_back(lambda: self._schedule(path, cancel)), start)
            shown = None if entry is None else (entry.get("plan") or {})
            wrong = shown is None or any(shown.get(_SHOWN[n]) != v for n, v in plan.items())
            return Sent(operation.key, unkept=("plan_id",) if wrong else ())
        self._check_alone(self._schedule(path, cancel), start)
        post.post(f"{path}/unschedule_pending_plan_changes", {})
        left = _entry(read_back(lambda: self._schedule(path, cancel)), start)
        return Sent(operation.key, unkept=() if left is None else ("start_date",))

    def _schedule(self, path: str, cancel: CancelToken) -> list[Row]:
        found = pages(self.client, Listing(f"{path}/schedule"), 1, cancel)
        return [entry for page in found for entry in page]

    def _check_alone(self, schedule: Sequence[Row], start: str) -> None:
        """Refuse what Orb would take back along with others: its call takes all changes back."""
        now = datetime.now(UTC)
        later = [utc(one["start_date"]) for one in schedule if moment(one["start_date"]) > now]
        if start not in later:
            message = f"the version of {start} has begun, or is not there"
            raise NotSendable(message)
        if len(later) > 1:
            others = ", ".join(each for each in sorted(later) if each != start)
            message = f"Orb takes all changes back at once, those of {others} too"
            raise NotSendable(message)


_SENT = {"plan.id": "plan_id", "plan.external_plan_id": "external_plan_id"}
_SHOWN = {"plan_id": "id", "external_plan_id": "external_plan_id"}


def _plan(entity: EntityMapping, operation: Operation, start: str) -> dict[str, Any]:
    values = by_billing_name(entity, operation)
    told = values.get("start_date")
    if told is not None and _utc(told) != start:
        message = f"its key says {start}, its start date {as_text(told)}"
        raise NotSendable(message)
    for name, sent in _SENT.items():
        if values.get(name) is not None:
            return {sent: str(values[name])}
    message = "a change of plan needs a plan"
    raise NotSendable(message)


def _utc(value: FieldValue) -> str:
    return utc(as_text(value))


def _entry(schedule: Sequence[Row], start: str) -> Row | None:
    return next((one for one in schedule if utc(one["start_date"]) == start), None)
