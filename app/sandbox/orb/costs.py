"""Costs and usage of a subscription or customer, by day (orb.md §2.6)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from app.sandbox.orb.amounts import money, number, plain
from app.sandbox.orb.billing import price_lines
from app.sandbox.orb.errors import TOO_MANY_RESULTS, OrbError, constraint, invalid
from app.sandbox.orb.paging import page_of_list
from app.sandbox.orb.periods import Period, period_at
from app.sandbox.orb.router import Call, Route, both_ids
from app.sandbox.orb.subscription_rows import current_period, timezone_of
from app.sandbox.orb.times import later, local_day, midnight
from app.sandbox.orb.usage import used
from app.sandbox.orb.world import Row, World, shown

_LONGEST_DAYS = 366
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class _Cost:
    subtotal: Decimal = _ZERO
    total: Decimal = _ZERO
    quantity: Decimal = _ZERO

    def less(self, other: "_Cost") -> "_Cost":
        return _Cost(
            self.subtotal - other.subtotal,
            self.total - other.total,
            self.quantity - other.quantity,
        )


@dataclass(frozen=True, slots=True)
class _Asked:
    start: str | None
    end: str | None
    periodic: bool


def _asked(call: Call) -> _Asked:
    start, end = call.query.moment("timeframe_start"), call.query.moment("timeframe_end")
    if (start is None) != (end is None):
        raise invalid("query.timeframe_start: timeframe_start and timeframe_end go together")
    if start is not None and end is not None and end <= start:
        raise invalid("query.timeframe_end: lies after timeframe_start")
    mode = call.query.choice("view_mode", ("periodic", "cumulative"))
    return _Asked(start, end, mode == "periodic")


def _days(start: str, end: str, timezone: str) -> Iterator[tuple[str, str]]:
    """Yield the days of a span, in a time zone; the first and last may be cut."""
    first: date = local_day(start, timezone)
    count = (local_day(end, timezone) - first).days + 1
    if count > _LONGEST_DAYS:
        raise OrbError(TOO_MANY_RESULTS, f"A timeframe has at most {_LONGEST_DAYS} days.")
    for place in range(count):
        begin = max(start, midnight(first + timedelta(days=place), timezone))
        until = min(end, midnight(first + timedelta(days=place + 1), timezone))
        if begin < until:
            yield begin, until


def _until(world: World, row: Row, interval: Row, moment: str) -> tuple[str, _Cost]:
    """Return the start of the period that holds a moment, and what it cost up to there."""
    timezone = timezone_of(world, row)
    last = min(moment, interval["end_date"] or moment)  # exclusive
    period = period_at(interval, later(last, seconds=-1), timezone)
    if period is None:
        return "", _Cost()
    part = Period(period.start, min(moment, period.end), period.share)
    line = price_lines(world, row, [(interval, part)])[0]
    cost = _Cost(
        number(line["subtotal"]), number(line["adjusted_subtotal"]), number(line["quantity"])
    )
    return period.start, cost


def _window(world: World, row: Row, interval: Row, begin: str, until: str) -> _Cost:
    """Return what one window cost: the difference of what its ends had cost (orb.md §2.6)."""
    period_start, after = _until(world, row, interval, until)
    if period_start >= begin:
        return after
    _, before = _until(world, row, interval, begin)
    return after.less(before)


def _intervals(row: Row, begin: str, until: str) -> list[Row]:
    return [
        each
        for each in row["price_intervals"]
        if each["start_date"] < until
        and (each["end_date"] is None or each["end_date"] > begin)
        and each["price"]["credit_allocation"] is None
    ]


def _record(span: tuple[str, str], costs: Sequence[tuple[Row, _Cost]]) -> Row:
    return {
        "timeframe_start": span[0],
        "timeframe_end": span[1],
        "subtotal": money(sum((cost.subtotal for _, cost in costs), _ZERO)),
        "total": money(sum((cost.total for _, cost in costs), _ZERO)),
        "per_price_costs": [
            {
                "price_id": price["id"],
                "price": shown(price),
                "quantity": plain(cost.quantity),
                "subtotal": money(cost.subtotal),
                "total": money(cost.total),
            }
            for price, cost in costs
        ],
    }


def _costs(call: Call, rows: Sequence[Row], timezone: str) -> Row:
    world, asked = call.world, _asked(call)
    periods = [period for row in rows if (period := current_period(world, row))]
    start = asked.start or min((each.start for each in periods), default=None)
    end = asked.end or min(world.now, max((each.end for each in periods), default=world.now))
    if start is None:
        return {"data": []}
    found = []
    for begin, until in _days(start, end, timezone):
        first = begin if asked.periodic else start
        costs = [
            (interval["price"], _window(world, row, interval, first, until))
            for row in rows
            for interval in _intervals(row, first, until)
        ]
        found.append(_record((first, until), costs))
    return {"data": found}


def _of_subscription(call: Call) -> Row:
    row = call.record("subscription")
    return _costs(call, _in_currency(call, [row]), timezone_of(call.world, row))


def _of_customer(call: Call) -> Row:
    customer = call.record("customer")
    table = call.table("subscription")
    rows = [table[each] for each in customer.get("_subscriptions", [])]
    return _costs(call, _in_currency(call, rows), customer["timezone"])


def _in_currency(call: Call, rows: list[Row]) -> list[Row]:
    currency = call.query.one("currency")
    return [row for row in rows if currency in {None, row["_currency"]}]


def _usage(call: Call) -> Row:
    world, row, query = call.world, call.record("subscription"), call.query
    asked = _asked(call)
    query.choice("granularity", ("day",))
    metric_id, group = query.one("billable_metric_id"), query.one("group_by")
    if group is not None and metric_id is None:
        raise constraint("group_by needs a billable_metric_id.")
    span = asked.start, asked.end
    if span[0] is None or span[1] is None:
        period = current_period(world, row)
        if period is None:
            return {"data": []}
        span = period.start, period.end
    spans = list(_days(str(span[0]), str(span[1]), "UTC"))
    metrics = _metrics(row) if metric_id is None else [world.at("metric", metric_id)["id"]]
    mode = "periodic" if asked.periodic or query.one("view_mode") is None else "cumulative"
    records: list[Row] = []
    for each in metrics:
        records += _metric_usage(call, row, each, spans, mode)
    return page_of_list(records, query) if group is not None else {"data": records}


def _metrics(row: Row) -> list[str]:
    found = [interval["price"]["billable_metric"] for interval in row["price_intervals"]]
    return list(dict.fromkeys(each["id"] for each in found if each is not None))


def _metric_usage(
    call: Call, row: Row, metric_id: str, spans: Sequence[tuple[str, str]], mode: str
) -> list[Row]:
    world, query = call.world, call.query
    group = query.one("group_by")
    pairs = [
        (query.one(f"{place}_dimension_key"), query.one(f"{place}_dimension_value"))
        for place in ("first", "second")
    ]
    wanted = {key: value for key, value in pairs if key is not None}
    keys = [*([group] if group else []), *wanted]
    metric = world.table("metric")[metric_id]
    by_value: dict[str | None, list[Row]] = {}
    for begin, until in spans:
        first = begin if mode == "periodic" else spans[0][0]
        sums: dict[str | None, Decimal] = {None: _ZERO} if group is None else {}
        for values, quantity in used(world, row, metric_id, keys, (first, until)).items():
            rest = values[1:] if group else values
            if all(value == wanted[key] for key, value in zip(wanted, rest, strict=True)):
                name = values[0] if group else None
                sums[name] = sums.get(name, _ZERO) + quantity
        for name, quantity in sums.items():
            window = {"quantity": plain(quantity), "timeframe_start": first, "timeframe_end": until}
            by_value.setdefault(name, []).append(window)
    about = {"billable_metric": {"id": metric_id, "name": metric["name"]}, "view_mode": mode}
    if group is None:
        return [{"usage": windows, **about} for windows in by_value.values()]
    return [
        {
            "usage": windows,
            **about,
            "metric_group": {"property_key": group, "property_value": value or ""},
        }
        for value, windows in by_value.items()
    ]


_COSTS = ("timeframe_start", "timeframe_end", "view_mode", "currency")
_USAGE = (
    "timeframe_start",
    "timeframe_end",
    "view_mode",
    "granularity",
    "billable_metric_id",
    "group_by",
    "first_dimension_key",
    "first_dimension_value",
    "second_dimension_key",
    "second_dimension_value",
    "limit",
    "cursor",
)
ROUTES = (
    Route("GET", "subscriptions/{subscription_id}/costs", _of_subscription, filters=_COSTS),
    Route("GET", "subscriptions/{subscription_id}/usage", _usage, filters=_USAGE),
    *both_ids(
        "customer", [Route("GET", "customers/{customer_id}/costs", _of_customer, filters=_COSTS)]
    ),
)
