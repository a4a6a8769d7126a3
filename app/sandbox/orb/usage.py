"""How much a subscription used: events that were sent, and the use that the data set makes up."""

import re
import zlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from itertools import product

from app.sandbox.orb.amounts import plain
from app.sandbox.orb.times import parse
from app.sandbox.orb.world import Row, World

_EVENT_NAME = re.compile(r"event_name\s*=\s*'([^']*)'", re.IGNORECASE)
_SUM = re.compile(r"\b(sum|max)\s*\(\s*([A-Za-z_]\w*)\s*\)", re.IGNORECASE)
_DAY = timedelta(days=1)
_WEEKEND = 5
Slices = dict[tuple[str | None, ...], Decimal]


@lru_cache(maxsize=512)
def reads(sql: str) -> tuple[str | None, str | None, str]:
    """Return the event name, the property and the function (sum, max, count) of a metric's SQL."""
    name, value = _EVENT_NAME.search(sql), _SUM.search(sql)
    if value is None:
        return (name[1] if name else None), None, "count"
    return (name[1] if name else None), value[2], value[1].lower()


def used(
    world: World, subscription: Row, metric_id: str, keys: Sequence[str], span: tuple[str, str]
) -> Slices:
    """Return the quantity of a metric from one moment to another, by the values of properties."""
    found: Slices = {}
    metric = world.table("metric")[metric_id]
    name, prop, function = reads(metric["sql"])
    for event in _events(world, subscription, name, span):
        values = tuple(_text(event["properties"].get(key)) for key in keys)
        quantity = _quantity(event, prop)
        before = found.get(values, Decimal(0))
        found[values] = max(before, quantity) if function == "max" else before + quantity
    daily = subscription["_usage"].get(metric_id)
    if daily:
        _add_daily(found, world, subscription, metric, (daily, keys, span))
    return found or {tuple(None for _ in keys): Decimal(0)}


def _events(
    world: World, subscription: Row, name: str | None, span: tuple[str, str]
) -> Iterable[Row]:
    for customer_id in subscription["_usage_customers"]:
        for event in world.events_by_customer.get(customer_id, ()):
            if event["deprecated"] or (name is not None and event["event_name"] != name):
                continue
            if span[0] <= event["timestamp"] < span[1]:
                yield event


def _quantity(event: Row, prop: str | None) -> Decimal:
    if prop is None:
        return Decimal(1)
    try:
        return Decimal(str(event["properties"].get(prop, 0)))
    except InvalidOperation:
        return Decimal(0)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _add_daily(
    found: Slices,
    world: World,
    subscription: Row,
    metric: Row,
    about: tuple[int, Sequence[str], tuple[str, str]],
) -> None:
    """Add what the data set says was used; the future has not been used yet."""
    daily, keys, span = about
    begin, end = (
        max(span[0], subscription["start_date"]),
        min(span[1], world.used_until or world.now),
    )
    if subscription["end_date"] is not None:
        end = min(end, subscription["end_date"])
    if end <= begin:
        return
    quantity = made_up(f"{subscription['id']}{metric['id']}", daily, parse(begin), parse(end))
    dimensions = metric.get("_values", {})
    cells = list(product(*(dimensions.get(key, (None,)) for key in keys)))
    share = quantity // len(cells)
    for place, values in enumerate(cells):
        part = quantity - share * (len(cells) - 1) if place == 0 else share
        found[values] = found.get(values, Decimal(0)) + plain(Decimal(part))


def made_up(key: str, daily: int, begin: datetime, end: datetime) -> int:
    """Return the made-up use between two moments: about `daily` a day, less at weekends.

    Whole numbers that add up: the use of two spans that meet is the use of both together.
    """
    first = datetime.combine(begin.date(), time(), UTC)
    sum_, day = 0, first
    while day < end:
        whole = _of_day(key, daily, day.toordinal(), day.weekday())
        upper = whole if end - day >= _DAY else whole * int((end - day).total_seconds()) // 86400
        lower = whole * int((begin - day).total_seconds()) // 86400 if begin > day else 0
        sum_ += upper - lower
        day += _DAY
    return sum_


def _of_day(key: str, daily: int, ordinal: int, weekday: int) -> int:
    luck = zlib.crc32(f"{key}{ordinal}".encode()) % 41  # 0 to 40
    percent = 80 + luck
    if weekday >= _WEEKEND:
        percent //= 3
    return daily * percent // 100
