"""Quantities of fixed fees over time: from one schedule to another (orb.md §2.3)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from app.connectors.orb.client import Row
from app.connectors.orb.rows import midnight, moment, zone_of
from app.connectors.orb.sendable import NotSendable
from app.errors import AnswerUnreadable

QUANTITIES = "fixed_fee_quantity_schedule"
Steps = Mapping[datetime, Decimal]
Send = Callable[[str, Row], Row]


def change_quantities(subscription: Row, after: Sequence[Row], send: Send) -> None:
    """Send what turns a subscription's schedule of quantities into another.

    A change of one moment drops those after it, so they are sent again in their order. What began
    today is taken back by the quantity before it, from today on.

    Args:
        subscription: As Orb shows it.
        after: The schedule as it is to be, in Orb's form; ends are not looked at.
        send: Does something to the subscription, and returns it.

    Raises:
        NotSendable: A fee is missing or unknown, or what has begun would have to go.
    """
    before, wanted = schedules(subscription.get(QUANTITIES) or ()), schedules(after)
    if other := sorted(before.keys() ^ wanted.keys()):
        message = f"the fees of a schedule stay the same, {other[0]} is not in both"
        raise NotSendable(message)
    zone, present = zone_of(subscription.get("customer")), datetime.now(UTC)
    for price, steps in wanted.items():
        _refuse_past(price, before[price].keys() - steps.keys(), midnight(present, zone))
    for price, steps in wanted.items():
        now = before[price]
        gone = now.keys() - steps.keys()
        if any(at > present for at in gone):
            shown = send("unschedule_fixed_fee_quantity_updates", {"price_id": price})
            now = schedules(shown.get(QUANTITIES) or ()).get(price, {})
        as_before = {at: _quantity_at(steps, at) for at in now.keys() & gone}
        for body in _steps(price, now, {**steps, **as_before}, zone):
            send("update_fixed_fee_quantity", body)


def quantity_calls(before: Sequence[Row], after: Sequence[Row]) -> int:
    """Return the calls of `change_quantities`, days beginning at midnight UTC.

    Raises:
        NotSendable: As there.
    """
    sent: list[str] = []

    def send(name: str, _body: Row) -> Row:
        sent.append(name)
        now = datetime.now(UTC)
        return {QUANTITIES: [row for row in before if moment(row["start_date"]) <= now]}

    change_quantities({QUANTITIES: before}, after, send)
    return len(sent)


def _refuse_past(price: str, gone: Iterable[datetime], today: datetime) -> None:
    """Raise where a step of a former day, or the first, would have to go."""
    if past := sorted(at for at in gone if at < today):
        message = f"{price}: what began on {past[0]:%Y-%m-%d} cannot be taken back; change it again"
        raise NotSendable(message)


def _quantity_at(steps: Steps, at: datetime) -> Decimal:
    """Return what a schedule has at a moment; raises `NotSendable` before its first step."""
    earlier = [each for each in steps if each < at]
    if not earlier:
        message = "a schedule begins with its first quantity"
        raise NotSendable(message)
    return steps[max(earlier)]


def _steps(price: str, now: Steps, steps: Steps, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Return the bodies that set the first step that differs, and all after it."""
    ordered = sorted(steps)
    first = next((at for at in ordered if now.get(at) != steps[at]), None)
    return [
        {
            "price_id": price,
            "quantity": steps[at],
            "change_option": "effective_date",
            "effective_date": at.astimezone(zone).date().isoformat(),
        }
        for at in ordered
        if first is not None and at >= first
    ]


def unlike_quantities(subscription: Row, after: Sequence[Row]) -> bool:
    """Return whether a subscription shows another schedule."""
    return schedules(subscription.get(QUANTITIES) or ()) != schedules(after)


def schedules(rows: Iterable[Row]) -> dict[str, dict[datetime, Decimal]]:
    """Return price → when → the quantity from then on, of rows in Orb's form.

    Steps that change nothing are left out.

    Raises:
        NotSendable: A row lacks a part, or one is no time or no number.
    """
    found: dict[str, dict[datetime, Decimal]] = {}
    for row in rows:
        try:
            at = moment(row["start_date"]).astimezone(UTC)
            quantity = Decimal(str(row["quantity"]))
            found.setdefault(str(row["price_id"]), {})[at] = quantity
        except (KeyError, ArithmeticError, AnswerUnreadable) as error:
            message = "each row of quantities has a price_id, a quantity and a start_date"
            raise NotSendable(message) from error
    return {price: _without_repeats(steps) for price, steps in found.items()}


def _without_repeats(steps: Steps) -> dict[datetime, Decimal]:
    kept: dict[datetime, Decimal] = {}
    last: Decimal | None = None
    for at in sorted(steps):
        if steps[at] != last:
            kept[at] = last = steps[at]
    return kept
