"""Daily revenue: what each price of a subscription cost on each day (orb.md §2.6, §3, §5.7).

The costs call tells neither invoice nor line; both are found by price and day among the
subscription's issued invoices. Days on which a price neither counted nor cost anything make no row.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.connectors.orb.client import (
    TOO_MANY_RESULTS,
    OrbClient,
    OrbRefused,
    Row,
    if_there,
    part,
)
from app.connectors.orb.paging import Listing, pages
from app.connectors.orb.rows import amount, moment, titled, utc, zone_of
from app.domain.control import CancelToken

_AT_ONCE_DAYS = 180  # of one costs call; fewer where Orb finds that too many
_FEWEST_DAYS = 2
BILLED = ("issued", "paid", "synced")
_AMOUNTS = ("quantity", "subtotal", "total")


@dataclass(frozen=True, slots=True)
class Days:
    """The rows of one subscription: those that count, and the keys of days that cost nothing."""

    rows: tuple[Row, ...]
    empty: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an issued invoice, and the days that it is for."""

    price_id: str
    start: str
    end: str
    line_id: str
    invoice_id: str
    currency: str


def daily(
    client: OrbClient,
    subscription: Row,
    since: datetime | None,
    now: datetime,
    cancel: CancelToken,
) -> Days:
    """Return what a subscription cost by price and day, from `since` or its beginning until now.

    Today counts as a whole day of the customer's, so that its row keeps its end.
    """
    windows = costs(client, subscription, since, now, cancel)
    lines = lines_of(_invoices(client, subscription, cancel)) if windows else ()
    return days_of(subscription, windows, lines)


def costs(
    client: OrbClient,
    subscription: Row,
    since: datetime | None,
    now: datetime,
    cancel: CancelToken,
) -> list[Row]:
    """Return the days of a subscription as the costs call tells them, bounds as `daily` has."""
    span = _span(subscription, since, now)
    found: list[Row] = []
    with if_there():
        found += [] if span is None else _costs(client, subscription, span, cancel)
    return found


def calls_for(subscription: Row, now: datetime) -> tuple[int, float]:
    """Return the calls that `daily` takes for all until now, at least, and of how many days."""
    span = _span(subscription, None, now)
    if span is None:
        return 0, 0
    days = (span[1] - span[0]) / timedelta(days=1)
    return 1 + math.ceil(days / _AT_ONCE_DAYS), days  # one for the invoices


def days_of(subscription: Row, windows: Sequence[Row], lines: Sequence[Line]) -> Days:
    """Return the rows of a subscription's days, each with the first of the lines that is its own.

    Args:
        subscription: As Orb shows it.
        windows: What `costs` gave.
        lines: Those of the subscription's invoices, the newest invoice first.
    """
    rows: list[Row] = []
    empty: list[str] = []
    for window in windows:
        for cost in window.get("per_price_costs") or ():
            row = _row(subscription, window, cost, lines)
            if any(amount(cost.get(name)) != 0 for name in _AMOUNTS):
                rows.append(row)
            else:
                empty.append(row["=key"])
    return Days(tuple(rows), tuple(empty))


def _span(
    subscription: Row, since: datetime | None, now: datetime
) -> tuple[datetime, datetime] | None:
    """Return from when until when to ask; bounds between lie at the customer's midnight.

    The current billing period began by Orb's own clock, so it is never later than now.
    """
    zone = zone_of(subscription.get("customer"))
    period = subscription.get("current_billing_period_start_date")
    now = now if period is None else max(now, moment(period))
    start = moment(subscription["start_date"])
    if since is not None:
        start = max(start, _midnight(since, zone))
    end = _midnight(now, zone, days=1)
    if subscription.get("end_date"):
        end = min(end, moment(subscription["end_date"]))
    return (start, end) if start < end else None


def _costs(
    client: OrbClient, subscription: Row, span: tuple[datetime, datetime], cancel: CancelToken
) -> Iterator[Row]:
    """Yield the days of a span with their costs, in as few calls as Orb allows."""
    path = f"subscriptions/{part(subscription['id'])}/costs"
    zone, days = zone_of(subscription.get("customer")), _AT_ONCE_DAYS
    start, end = span
    while start < end:
        until = min(end, _midnight(start, zone, days=days))
        bounds = {"timeframe_start": start, "timeframe_end": until}
        params = [(name, at.astimezone(UTC).isoformat()) for name, at in bounds.items()]
        try:
            found = client.get(path, cancel, [*params, ("view_mode", "periodic")])
        except OrbRefused as error:
            if error.code != TOO_MANY_RESULTS or days <= _FEWEST_DAYS:
                raise
            days //= 2
            continue
        yield from found.get("data") or ()
        start = until


def _invoices(client: OrbClient, subscription: Row, cancel: CancelToken) -> Iterator[Row]:
    """Yield a subscription's issued invoices, the newest first."""
    states = tuple(("status[]", state) for state in BILLED)
    listing = Listing("invoices", (("subscription_id", str(subscription["id"])), *states))
    return (invoice for page in pages(client, listing, 1, cancel) for invoice in page)


def lines_of(invoices: Iterable[Row]) -> tuple[Line, ...]:
    """Return the lines of invoices in their order, but for lines that are for no days."""
    return tuple(
        Line(
            str((line.get("price") or {}).get("id")),
            utc(line["start_date"]),
            utc(line["end_date"]),
            str(line["id"]),
            str(invoice["id"]),
            str(invoice["currency"]),
        )
        for invoice in invoices
        for line in invoice.get("line_items") or ()
        if line.get("start_date") and line.get("end_date")
    )


def _row(subscription: Row, window: Row, cost: Row, lines: Sequence[Line]) -> dict[str, Any]:
    start, price_id = utc(window["timeframe_start"]), str(cost["price_id"])
    line = next(
        (each for each in lines if each.price_id == price_id and each.start <= start < each.end),
        None,
    )
    plan, price = subscription.get("plan") or {}, cost.get("price") or {}
    row = {
        **cost,
        "timeframe_start": window["timeframe_start"],
        "timeframe_end": window["timeframe_end"],
        "=key": f"{subscription['id']}|{price_id}|{start}",
        "=subscription_id": subscription["id"],
        "=customer_id": (subscription.get("customer") or {}).get("id"),
        "=invoice_id": None if line is None else line.invoice_id,
        "=invoice_line_item_id": None if line is None else line.line_id,
        "=invoicing_currency": plan.get("invoicing_currency") if line is None else line.currency,
    }
    return dict(titled(row, f"{price.get('name') or price_id} {start}"))


def _midnight(at: datetime, zone: ZoneInfo, days: int = 0) -> datetime:
    """Return the beginning of the customer's day that holds a moment, or of one after it."""
    day = at.astimezone(zone).date() + timedelta(days=days)
    return datetime.combine(day, time(), zone)
