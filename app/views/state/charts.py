"""The charts of an account as values; each can be read as a table."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum

from app.domain.mapping import EntityMapping, Role
from app.views.state.account import subscriptions
from app.views.state.account_data import AccountData
from app.views.state.dates import day_text
from app.views.state.difference import MINUS
from app.views.state.facets import AccountRecord, money, quantity
from app.views.state.language import tr
from app.views.state.ledger import ZERO, Posting, is_owed, ledger_entity, postings
from app.views.state.period import TransactionsWanted
from app.views.state.record_table import RecordTable, TableColumn, TableLine
from app.views.state.transactions import of_subscription

WEEKS = 8
MOST_TICKS = 13
_SHORT = 8
_WEEK = 7
_YEAR_MONTHS = 12
_TENTH = Decimal("0.1")
_MANY = 1000
_NO_BILL = frozenset({"void", "voided", "draft", "cancelled", "canceled"})
NOTHING = "\u2014"


class ChartKind(Enum):
    """What a chart shows; the value is its name in the list."""

    INVOICES = "invoices"
    BALANCE = "balance"
    DRAWDOWN = "drawdown"
    CREDITS = "credits"
    USAGE = "usage"
    WEEKDAYS = "weekdays"
    REVENUE = "revenue"
    MRR = "mrr"

    @property
    def label(self) -> str:
        """What it is called."""
        return {
            ChartKind.INVOICES: tr("Invoices by month"),
            ChartKind.BALANCE: tr("Balance"),
            ChartKind.DRAWDOWN: tr("Commitment and drawdown"),
            ChartKind.CREDITS: tr("Credits by month"),
            ChartKind.USAGE: tr("Usage by day"),
            ChartKind.WEEKDAYS: tr("Usage by weekday"),
            ChartKind.REVENUE: tr("Usage charges by month"),
            ChartKind.MRR: tr("MRR by month"),
        }[self]


class Shape(Enum):
    """How a chart is drawn."""

    BARS = "bars"
    STEPS = "steps"


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a chart: where it stands, what it is called there, how it is written."""

    place: int
    label: str
    value: Decimal
    shown: str
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart of one currency or metric.

    Attributes:
        choice: The currency or the metric.
        points: By place, ascending; places of bars are 0, 1, 2 …, of steps days.
        table: The same numbers to be read.
    """

    kind: ChartKind
    choice: str
    shape: Shape
    points: tuple[Point, ...]
    table: RecordTable
    note: str = ""

    @property
    def title(self) -> str:
        """What it shows, and of what."""
        return f"{self.kind.label} \u00b7 {self.choice}" if self.choice else self.kind.label


def charts(data: AccountData, wanted: TransactionsWanted) -> tuple[Chart, ...]:
    """Return the charts that the account's records are enough for."""
    found = [
        *_by_month(data, wanted, Role.INVOICE, ChartKind.INVOICES),
        *_balances(data, wanted),
        *_drawdowns(data, wanted),
        *_credits(data, wanted),
        *_usage(data, wanted),
        *_by_month(data, wanted, Role.USAGE, ChartKind.REVENUE),
        *_mrr(data, wanted),
    ]
    return tuple(one for one in found if one.points)


def change_words(before: Decimal | None, now: Decimal) -> str:
    """Return "+12.5 %" against the month before; "—" where there is nothing to compare with."""
    if not before:
        return NOTHING
    share = (now - before) / abs(before) * 100
    decimals = 1 if abs(share) < _MANY else 0
    return f"{share.quantize(_TENTH, ROUND_HALF_UP):+,.{decimals}f} %".replace("-", MINUS)


def month_sums(records: Iterable[AccountRecord]) -> Mapping[date, Decimal]:
    """Return the first day of each month → the sum of amounts; no month in between is left out."""
    sums: dict[date, Decimal] = defaultdict(Decimal)
    for record in records:
        day, amount = record.day("date"), record.number("amount")
        if day is not None and amount is not None:
            sums[day.replace(day=1)] += amount
    if not sums:
        return {}
    return {month: sums.get(month, ZERO) for month in _months(min(sums), max(sums))}


def _by_month(
    data: AccountData, wanted: TransactionsWanted, role: Role, kind: ChartKind
) -> Iterator[Chart]:
    for entity, _records in data.of_role(role):
        every = of_subscription(data, entity, wanted)
        bills = [one for one in every if one.text("status").casefold() not in _NO_BILL]
        note = tr("Drafts and voided ones do not count.") if len(bills) < len(every) else ""
        for unit in sorted({one.currency for one in bills}):
            sums = month_sums(one for one in bills if one.currency == unit)
            yield _month_chart(kind, unit, sums, wanted, note)


def _month_chart(
    kind: ChartKind,
    unit: str,
    sums: Mapping[date, Decimal],
    wanted: TransactionsWanted,
    note: str,
) -> Chart:
    """Return a chart of whole months, those from the one in which the period begins."""
    first = wanted.period.first_day(wanted.today)
    points, before = list[Point](), None
    for month, value in sums.items():
        if first is None or month >= first.replace(day=1):
            remark = change_words(before, value)
            points.append(Point(len(points), _month(month), value, money(value, unit), remark))
        before = value
    columns = (
        TableColumn(tr("Month"), wide=True),
        TableColumn(tr("Amount"), numeric=True),
        TableColumn(tr("Against the month before"), numeric=True),
    )
    lines = [TableLine((one.label, one.shown, one.remark)) for one in points]
    so_far = wanted.today.replace(day=1) in sums
    running = tr("{month} is not over.").format(month=_month(wanted.today)) if so_far else ""
    return Chart(
        kind,
        unit,
        Shape.BARS,
        tuple(points),
        RecordTable(kind.value, kind.label, columns, tuple(lines)),
        " ".join(part for part in (note, running) if part),
    )


def _balances(data: AccountData, wanted: TransactionsWanted) -> Iterator[Chart]:
    entity = ledger_entity(data.mapping)
    if entity is None:
        return
    every = postings(entity, data.records.get(entity.name, ()))
    for unit in sorted({one.record.currency for one in every}):
        # Of several postings of a day the last one's balance stands.
        ends = {
            one.day: one.balance
            for one in every
            if one.record.currency == unit and one.day is not None
        }
        yield _balance_chart(entity, unit, ends, wanted)


def _balance_chart(
    entity: EntityMapping, unit: str, ends: Mapping[date, Decimal], wanted: TransactionsWanted
) -> Chart:
    first, points, before = wanted.period.first_day(wanted.today), list[Point](), None
    for day, balance in ends.items():
        if first is not None and day < first:
            before = balance
            continue
        if before is not None and first is not None and not points:
            points.append(_at(first, before, unit))
        points.append(_at(day, balance, unit))
    if points and points[-1].place < wanted.today.toordinal():
        points.append(_at(wanted.today, points[-1].value, unit))
    columns = (TableColumn(tr("Date"), wide=True), TableColumn(tr("Balance"), numeric=True))
    lines = tuple(TableLine((one.label, one.shown)) for one in reversed(points))
    note = tr("What the customer owes.") if is_owed(entity) else tr("What is left of the credit.")
    if wanted.subscription:
        note += " " + tr("Of the whole account.")
    kind = ChartKind.BALANCE
    table = RecordTable(kind.value, kind.label, columns, lines)
    return Chart(kind, unit, Shape.STEPS, tuple(points), table, note)


def _at(day: date, balance: Decimal, unit: str) -> Point:
    return Point(day.toordinal(), day_text(day), balance, money(balance, unit))


@dataclass(frozen=True, slots=True)
class _Drawn:
    """How prepaid credit stands at a month's end; `fell` is what went in that month alone."""

    month: date
    given: Decimal
    drawn: Decimal
    fell: Decimal
    left: Decimal

    @property
    def share(self) -> str:
        """How much of what was given is drawn."""
        if not self.given:
            return NOTHING
        return f"{(self.drawn / self.given * 100).quantize(_TENTH, ROUND_HALF_UP):,} %"


def _drawdowns(data: AccountData, wanted: TransactionsWanted) -> Iterator[Chart]:
    """Yield how what was committed in advance is drawn, where prepaid credit is a ledger."""
    entity = ledger_entity(data.mapping)
    if entity is None or is_owed(entity):
        return
    every = postings(entity, data.records.get(entity.name, ()))
    for unit in sorted({one.record.currency for one in every}):
        mine = [one for one in every if one.record.currency == unit]
        if months := list(_drawn(mine, wanted.today)):
            yield _drawdown_chart(unit, months, wanted)


def _drawn(found: Iterable[Posting], today: date) -> Iterator[_Drawn]:
    """Yield each month from the first posting until today; postings come in order."""
    by_month: dict[date, list[Posting]] = defaultdict(list)
    for one in found:
        if one.day is not None:
            by_month[one.day.replace(day=1)].append(one)
    given, drawn, left = ZERO, ZERO, ZERO
    for month in _months(min(by_month), max(today, *by_month)) if by_month else ():
        before = drawn
        for one in by_month.get(month, ()):
            given += one.credit or ZERO
            drawn += one.charge or ZERO
            left = one.balance
        yield _Drawn(month, given, drawn, drawn - before, left)


def _drawdown_chart(unit: str, months: Sequence[_Drawn], wanted: TransactionsWanted) -> Chart:
    first = wanted.period.first_day(wanted.today)
    shown = [one for one in months if first is None or one.month >= first.replace(day=1)]
    points = tuple(
        Point(place, _month(one.month), one.fell, money(one.fell, unit), one.share)
        for place, one in enumerate(shown)
    )
    names = (tr("Committed"), tr("Drawn"), tr("Drawn in all"), tr("Of the commitment"), tr("Left"))
    columns = (TableColumn(tr("Month"), wide=True), *(TableColumn(n, numeric=True) for n in names))
    lines = tuple(
        TableLine(
            (_month(one.month), money(one.given, unit), money(one.fell, unit),
             money(one.drawn, unit), one.share, money(one.left, unit))
        )
        for one in shown
    )  # fmt: skip
    last = months[-1]
    words = tr("Committed {given}; drawn or expired {drawn} ({share}); left {left}.")
    note = words.format(
        given=money(last.given, unit),
        drawn=money(last.drawn, unit),
        share=last.share,
        left=money(last.left, unit),
    )
    if wanted.subscription:
        note += " " + tr("Of the whole account.")
    kind = ChartKind.DRAWDOWN
    table = RecordTable(kind.value, kind.label, columns, lines)
    return Chart(kind, unit, Shape.BARS, points, table, note)


def _credits(data: AccountData, wanted: TransactionsWanted) -> Iterator[Chart]:
    """Yield what was given by month and what is left of it, where credits are no ledger."""
    ledger = ledger_entity(data.mapping)
    if ledger is None or ledger.role is Role.CREDIT:
        return
    left: dict[str, Decimal] = defaultdict(Decimal)
    for entity, _records in data.of_role(Role.CREDIT):
        for record in of_subscription(data, entity, wanted):
            left[record.currency] += record.number("balance") or ZERO
    for chart in _by_month(data, wanted, Role.CREDIT, ChartKind.CREDITS):
        words = tr("Left to be applied: {amount}.")
        told = words.format(amount=money(left[chart.choice], chart.choice))
        yield replace(chart, note=f"{told} {chart.note}".rstrip())


def _usage(data: AccountData, wanted: TransactionsWanted) -> Iterator[Chart]:
    for entity, _records in data.of_role(Role.USAGE):
        days: dict[str, dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        for record in of_subscription(data, entity, wanted):
            day, used = record.day("date"), record.number("quantity")
            if day is not None and used is not None:
                days[record.text("metric")][day] += used
        for metric, sums in sorted(days.items()):
            yield _daily_chart(metric, sums, wanted)
        for metric, sums in sorted(days.items()):
            yield _weekday_chart(metric, sums, wanted.today)


def _daily_chart(metric: str, sums: Mapping[date, Decimal], wanted: TransactionsWanted) -> Chart:
    shown = sorted(day for day in sums if wanted.in_period(day))
    points = []
    if shown:
        count = (shown[-1] - shown[0]).days + 1
        for place in range(count):
            day = shown[0] + timedelta(days=place)
            used = sums.get(day, ZERO)
            points.append(Point(place, day_text(day), used, quantity(used)))
    columns = (TableColumn(tr("Date"), wide=True), TableColumn(tr("Quantity"), numeric=True))
    lines = tuple(TableLine((one.label, one.shown)) for one in reversed(points))
    kind = ChartKind.USAGE
    table = RecordTable(kind.value, kind.label, columns, lines)
    return Chart(kind, metric, Shape.BARS, tuple(points), table)


def _weekday_chart(metric: str, sums: Mapping[date, Decimal], today: date) -> Chart:
    """Return the average of each weekday of the last weeks, and how the last week stands to it."""
    last = {today - timedelta(days=back) for back in range(1, _WEEK + 1)}
    span = [today - timedelta(days=back) for back in range(1, WEEKS * _WEEK + 1)]
    points, lines = [], []
    some = any(sums.get(day, ZERO) for day in span)
    for number, name in enumerate(weekday_names() if some else ()):
        values = [sums.get(day, ZERO) for day in span if day.weekday() == number]
        average = (sum(values, ZERO) / WEEKS).quantize(_TENTH, ROUND_HALF_UP)
        newest = next(sums.get(day, ZERO) for day in last if day.weekday() == number)
        remark = change_words(average, newest)
        points.append(Point(number, name, average, quantity(average), remark))
        lines.append(TableLine((name, quantity(average), quantity(newest), remark)))
    columns = (
        TableColumn(tr("Weekday"), wide=True),
        TableColumn(tr("Average of {count} weeks").format(count=WEEKS), numeric=True),
        TableColumn(tr("Last 7 days"), numeric=True),
        TableColumn(tr("Against the average"), numeric=True),
    )
    kind = ChartKind.WEEKDAYS
    table = RecordTable(kind.value, kind.label, columns, tuple(lines))
    note = tr("The last {count} weeks, whatever the period.").format(count=WEEKS)
    return Chart(kind, metric, Shape.BARS, tuple(points), table, note)


def _mrr(data: AccountData, wanted: TransactionsWanted) -> Iterator[Chart]:
    mine = [
        one
        for one in subscriptions(data)
        if one.number("mrr") is not None
        and one.day("start") is not None
        and wanted.subscription in {"", one.key}
    ]
    for unit in sorted({one.currency for one in mine}):
        of_unit = [one for one in mine if one.currency == unit]
        starts = [day for one in of_unit if (day := one.day("start")) and day <= wanted.today]
        months = _months(min(starts), wanted.today) if starts else iter(())
        sums = {month: _mrr_at(of_unit, min(_last_day(month), wanted.today)) for month in months}
        note = tr("At each month's end, each subscription at its present MRR.")
        yield _month_chart(ChartKind.MRR, unit, sums, wanted, note)


def _mrr_at(records: Sequence[AccountRecord], day: date) -> Decimal:
    total = ZERO
    for record in records:
        start, end = record.day("start"), record.day("end")
        if start is not None and start <= day and (end is None or end > day):
            total += record.number("mrr") or ZERO
    return total


def weekday_names() -> tuple[str, ...]:
    """Return the weekdays, Monday first."""
    return (tr("Mon"), tr("Tue"), tr("Wed"), tr("Thu"), tr("Fri"), tr("Sat"), tr("Sun"))


def _months(first: date, last: date) -> Iterator[date]:
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = _next(month)


def _next(month: date) -> date:
    later = month.month % _YEAR_MONTHS + 1
    return month.replace(year=month.year + (later == 1), month=later, day=1)


def _last_day(month: date) -> date:
    return _next(month) - timedelta(days=1)


def _month(day: date) -> str:
    return f"{day:%b %Y}"


def ticks(chart: Chart, room: int = MOST_TICKS) -> list[tuple[int, str]]:
    """Return the places that are named below a chart: a dozen at most, of long names half.

    `room` is how many names as long as these stand beside each other where it is drawn.
    """
    points = chart.points
    if chart.shape is Shape.BARS:
        most = min(MOST_TICKS if len(points[0].label) <= _SHORT else MOST_TICKS // 2, max(1, room))
        step = -(-len(points) // most)
        return [(one.place, one.label) for one in points[step // 2 :: step]]
    first, last = points[0].place, points[-1].place
    step = max(1, -(-(last - first) // max(1, min(MOST_TICKS // 2, room))))
    days = range(first + step // 2, last + 1, step)
    return [(day, day_text(date.fromordinal(day))) for day in days]


def point_words(point: Point) -> str:
    """Return "Nov 2026: 1,250.50 USD (+12.5 %)"."""
    words = f"{point.label}: {point.shown}"
    return f"{words} ({point.remark})" if point.remark else words
