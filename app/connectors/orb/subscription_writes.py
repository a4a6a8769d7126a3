"""Subscriptions: made, edited, cancelled, moved to another plan, read back (orb.md §2.3).

Orb has no call that sets the fields of a subscription to values: each field has its own call, and
one operation may take several. They are sent in one order, what is easily taken back first.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.connectors.orb.client import OrbClient, OrbRefused, Row, part
from app.connectors.orb.quantities import (
    QUANTITIES,
    change_quantities,
    quantity_calls,
    unlike_quantities,
)
from app.connectors.orb.rows import moment, named_rows, page_of
from app.connectors.orb.sendable import (
    METADATA,
    OBJECTS,
    TEXT_OR_NOTHING,
    TEXTS,
    NotSendable,
    PartlyDone,
    Post,
    Sent,
    as_flag,
    as_text,
    as_whole,
    by_billing_name,
    converted,
    read_back,
    wanted,
    whole_metadata,
)
from app.connectors.orb.subscription_body import new_body
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping
from app.domain.plan import FieldChange, Operation, Verb
from app.domain.record import BaseValue, FieldValue, NoBase
from app.errors import AnswerLost, AppError

SUBSCRIPTION = "subscription"
PLAIN: Mapping[str, Callable[[FieldValue], Any]] = {
    METADATA: TEXTS,
    "default_invoice_memo": as_text,
    "auto_collection": as_flag,
    "auto_issuance": as_flag,
    "net_terms": as_whole,
    "invoicing_threshold": as_text,
}
"""What the plain update can set (orb.md §2.0), by Orb's names."""
_PLAN, _END, _TRIAL, _INTERVALS = "plan.id", "end_date", "trial_info.end_date", "price_intervals"
_COUPON, _PHASE = "redeemed_coupon", "active_plan_phase_order"
_BY_CALL = (QUANTITIES, _INTERVALS, _COUPON, _TRIAL, _PHASE, _PLAN, _END)
_CUSTOMER = "customer.id"
_SPAN = ("start_date", "end_date")


@dataclass(frozen=True, slots=True)
class SubscriptionWrites:
    """Writes subscriptions; Orb gives a new one its key.

    Attributes:
        made: What named new customers before they had ids → their ids.
    """

    client: OrbClient
    made: Mapping[str, str] = field(default_factory=dict)
    verbs: frozenset[Verb] = frozenset({Verb.INSERT, Verb.UPDATE})
    settable: frozenset[str] = frozenset({*PLAIN, *_BY_CALL})

    def calls(self, entity: EntityMapping, operation: Operation) -> int:
        """Return the calls of one operation, each field of an update by its own."""
        if operation.verb is Verb.INSERT:
            return 1 + (by_billing_name(entity, operation).get(_CUSTOMER) is not None)
        body, by_call = self._asked(entity, operation)
        before = {entity.field_of(one.name).billing: one.before for one in operation.changes}
        own = sum(_calls_of(name, before[name], value) for name, value in by_call.items())
        return 1 + bool(body) + own + 1

    def carry_out(self, entity: EntityMapping, operation: Operation, cancel: CancelToken) -> Sent:
        """Make or change a subscription and compare it with what Orb then shows."""
        post = Post(self.client, operation.idempotency_key, cancel)
        if operation.verb is Verb.INSERT:
            return self._make(entity, operation, post)
        body, calls = self._asked(entity, operation)
        path = f"subscriptions/{part(operation.key)}"
        found = self.client.find(path, cancel)
        if found is None:
            message = f"Orb has no subscription {operation.key} any more"
            raise NotSendable(message)
        if METADATA in body:
            body[METADATA] = whole_metadata(found, body[METADATA])
        _carry_out(_Calls(path, found, post), body, calls)
        kept = read_back(lambda: self.client.get(path, cancel))
        return Sent(operation.key, unkept=_unkept(entity, operation, found, kept))

    def _make(self, entity: EntityMapping, operation: Operation, post: Post) -> Sent:
        values = by_billing_name(entity, operation)
        customer = str(values.get(_CUSTOMER))
        if customer in self.made:
            values[_CUSTOMER] = self.made[customer]
        made = post.post("subscriptions", new_body(self.client, values, post.cancel))
        key = str(made["id"])
        sent = [c for c in operation.changes if c.after is not None and _is_told(entity, c)]
        return Sent(key, key, _otherwise(entity, sent, made))

    def _asked(
        self, entity: EntityMapping, operation: Operation
    ) -> tuple[dict[str, Any], dict[str, FieldValue]]:
        """Return the body of the plain update, and what has calls of its own."""
        values = by_billing_name(entity, operation)
        body: dict[str, Any] = {}
        for change in operation.changes:
            billing = entity.fields[entity.index[change.name]].billing
            if billing not in _BY_CALL:
                body |= [converted(entity, change, PLAIN)]
        return body, {name: values[name] for name in _BY_CALL if name in values}


@dataclass(slots=True)
class _Calls:
    """The calls of one operation on one subscription; those that Orb has taken are counted."""

    path: str
    found: Row
    post: Post
    count: int = 0

    def send(self, name: str, body: Row) -> Row:
        """Do something to the subscription; its name stands at the end of the path."""
        shown = self.post.post(f"{self.path}/{name}", body, self.count + 1)
        self.count += 1
        return shown

    def quantities(self, value: FieldValue) -> None:
        """Change the quantities of fixed fees."""
        change_quantities(self.found, OBJECTS(value), self.send)

    def intervals(self, value: FieldValue) -> None:
        """Add the price intervals that have no id yet, move the ends of the others."""
        body = interval_changes(self.found.get(_INTERVALS) or (), OBJECTS(value))
        if body:
            self.send("price_intervals", body)

    def trial(self, value: FieldValue) -> None:
        """Move the end of the trial."""
        if value is None:
            message = "the end of a trial can be moved, not taken away"
            raise NotSendable(message)
        self.send("update_trial", {"trial_end_date": as_text(value)})

    def coupon(self, value: FieldValue) -> None:
        """Redeem a coupon at once, named by its id or its code."""
        named = _coupon(value)
        self.send("redeem_coupon", {"change_option": "immediate", **named})

    def phase(self, value: FieldValue) -> None:
        """Begin the next phase of the plan today."""
        now = self.found.get(_PHASE)
        if now is None or value != int(now) + 1:
            message = f"the subscription is in phase {now or 'none'}: only the next can begin"
            raise NotSendable(message)
        self.send("trigger_phase", {"allow_invoice_credit_or_void": True})

    def plan(self, value: FieldValue) -> None:
        """Change the plan at once; a later change is a version of its own."""
        if value is None:
            message = "a subscription cannot be without a plan"
            raise NotSendable(message)
        body = {"change_option": "immediate", "plan_id": as_text(value)}
        self.send("schedule_plan_change", body)

    def end(self, value: FieldValue) -> None:
        """Cancel the subscription at a moment, or take the cancellation back."""
        if value is None:
            self.send("unschedule_cancellation", {})
        elif self.found.get("status") != "upcoming":
            asked = {"cancel_option": "requested_date", "cancellation_date": as_text(value)}
            self.send("cancel", asked)
        elif value == moment(self.found["start_date"]):
            self.send("cancel", {"cancel_option": "immediate"})
        else:
            message = "what has not begun can be cancelled as of its start only (orb.md §2.3)"
            raise NotSendable(message)


_CALLS: Mapping[str, Callable[[_Calls, FieldValue], None]] = {
    QUANTITIES: _Calls.quantities,
    _INTERVALS: _Calls.intervals,
    _COUPON: _Calls.coupon,
    _TRIAL: _Calls.trial,
    _PHASE: _Calls.phase,
    _PLAN: _Calls.plan,
    _END: _Calls.end,
}


def _calls_of(name: str, before: BaseValue, after: FieldValue) -> int:
    """Return the calls that bring what has calls of its own from one value to another."""
    if name not in {QUANTITIES, _INTERVALS}:
        return 1
    held = [] if before is None or isinstance(before, NoBase) else OBJECTS(before)
    if name == QUANTITIES:
        return quantity_calls(held, OBJECTS(after))
    return bool(interval_changes(held, OBJECTS(after)))


def _carry_out(calls: _Calls, body: Row, asked: Mapping[str, FieldValue]) -> None:
    """Send the plain update and then, in their order, what has calls of its own."""
    done: list[str] = []
    try:
        if body:
            calls.post.put(calls.path, body)
            done += body
        for name in _BY_CALL:
            if name in asked:
                _CALLS[name](calls, asked[name])
                done.append(name)
    except (OrbRefused, NotSendable) as error:
        if not done and not calls.count:
            raise
        words = error.words if isinstance(error, OrbRefused) else f"{error}."
        told = ", ".join(done) or "some of it"
        message = f"Only a part was carried out ({told}), then: {words} Refresh to see what is so."
        raise PartlyDone(message) from error
    except AppError as error:
        if not done and not calls.count:
            raise
        message = f"Only a part was carried out for sure, then: {error.summary}"
        raise AnswerLost(message, "Refresh to see what is so.") from error


def _coupon(value: FieldValue) -> dict[str, str]:
    """Return how a coupon is named to Orb; raises `NotSendable` where it is not."""
    found = TEXT_OR_NOTHING(value or "{}")
    for name, sent in (("coupon_id", "coupon_id"), ("redemption_code", "coupon_redemption_code")):
        if found.get(name):
            return {sent: str(found[name])}
    message = "a coupon is named by coupon_id or redemption_code, and none is taken back"
    raise NotSendable(message)


def interval_changes(before: Sequence[Row], after: Sequence[Row]) -> dict[str, Any]:
    """Return the body that makes price intervals so: some added, of some the ends moved.

    Raises:
        NotSendable: One of them is missing, or is none of the subscription.
    """
    known = {str(one["id"]): one for one in before}
    named = {str(one["id"]): one for one in after if one.get("id")}
    if missing := sorted(known.keys() - named.keys()):
        message = f"price interval {missing[0]} is missing; give it an end_date to end it"
        raise NotSendable(message)
    if unknown := sorted(named.keys() - known.keys()):
        message = f"the subscription has no price interval {unknown[0]}"
        raise NotSendable(message)
    edit = [
        {"price_interval_id": key, **moved}
        for key, one in named.items()
        if (moved := {n: one.get(n) for n in _SPAN if not _same(one.get(n), known[key].get(n))})
    ]
    add = [one for one in after if not one.get("id")]
    return {name: rows for name, rows in (("add", add), ("edit", edit)) if rows}


def _same(one: object, other: object) -> bool:
    if one is None or other is None:
        return one is other
    return one == other or _moment(one) == _moment(other)


def _moment(text: object) -> datetime:
    try:
        return moment(datetime.fromisoformat(str(text)).isoformat())
    except ValueError as error:
        message = f"{str(text)!r} is no time"
        raise NotSendable(message) from error


def _is_told(entity: EntityMapping, change: FieldChange) -> bool:
    """Return whether a new subscription shows a field as it was sent."""
    shown = {*PLAIN, "name", _PLAN, "start_date", _END, _TRIAL} - {METADATA}
    return entity.fields[entity.index[change.name]].billing in shown


def _unkept(entity: EntityMapping, operation: Operation, found: Row, kept: Row) -> tuple[str, ...]:
    """Return the fields that Orb shows otherwise than they were to become."""
    plain: list[FieldChange] = []
    wrong: list[str] = []
    values = wanted(operation)
    for change in operation.changes:
        billing = entity.fields[entity.index[change.name]].billing
        if billing == QUANTITIES:
            wrong += [QUANTITIES] if unlike_quantities(kept, OBJECTS(values[change.name])) else []
        elif billing == _INTERVALS:
            asked = interval_changes(found.get(_INTERVALS) or (), OBJECTS(values[change.name]))
            wrong += [] if _has_intervals(found, kept, asked) else [_INTERVALS]
        elif billing == _COUPON:
            shown = (kept.get(_COUPON) or {}).get("coupon_id")
            wanted_id = _coupon(values[change.name]).get("coupon_id", shown)
            wrong += [_COUPON] if shown is None or shown != wanted_id else []
        else:
            plain.append(change)
    return (*_otherwise(entity, plain, kept), *wrong)


def _has_intervals(found: Row, kept: Row, asked: Mapping[str, Any]) -> bool:
    before = {str(one["id"]): one for one in found.get(_INTERVALS) or ()}
    now = {str(one["id"]): one for one in kept.get(_INTERVALS) or ()}
    moved = all(
        _same(one[name], now.get(one["price_interval_id"], {}).get(name))
        for one in asked.get("edit", ())
        if one["price_interval_id"] in now or not _is_removed(one, before)
        for name in _SPAN
        if name in one and one[name] not in {"start_of_term", "end_of_term"}
    )
    return moved and len(now.keys() - before.keys()) >= len(asked.get("add", ()))


def _is_removed(edit: Row, before: Mapping[str, Row]) -> bool:
    """Return whether an interval is to end as it begins: then Orb has it no more (orb.md §2.3)."""
    old = before[edit["price_interval_id"]]
    end = edit.get("end_date", old.get("end_date"))
    return end is not None and _same(end, edit.get("start_date", old.get("start_date")))


def _otherwise(entity: EntityMapping, changes: Sequence[FieldChange], kept: Row) -> tuple[str, ...]:
    """Return the names of fields that a resource shows otherwise than they were to become."""
    (record,) = page_of(entity, named_rows([kept])).records
    return tuple(
        change.name
        for change in changes
        if not _shows(record.values[entity.index[change.name]], change.after, entity, change.name)
    )


def _shows(kept: object, after: object, entity: EntityMapping, name: str) -> bool:
    if kept == after:
        return True
    billing = entity.fields[entity.index[name]].billing
    if after is None or kept is None:
        return billing == METADATA and not TEXTS(str(kept or after or "{}"))
    if billing == METADATA:
        return bool(TEXTS(str(kept)) == TEXTS(str(after)))
    return isinstance(after, str) and str(kept).lower() == after.lower()
