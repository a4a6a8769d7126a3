"""The fact map of a report: groups, sums, and the rows below them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from app.sandbox.salesforce.reports.definition import ROW_COUNT, Definition, Grouping
from app.sandbox.salesforce.reports.source_rows import ReportColumn, Values

Json = dict[str, Any]
_MOST_ROWS = 2000
_EMPTY = "-"
_MONTHS_IN_QUARTER = 3
_TOTAL = "T"


@dataclass(frozen=True, slots=True)
class Shown:
    """The columns of a run: details, groups, and what aggregates are taken of."""

    details: tuple[ReportColumn, ...]
    down: tuple[ReportColumn, ...]
    across: tuple[ReportColumn, ...]
    by_name: dict[str, ReportColumn]


@dataclass(slots=True)
class Group:
    """One group: its value, its groups, and its number among its brothers."""

    value: Any
    label: str
    key: str
    inner: "dict[Any, Group]" = field(default_factory=dict)

    def json(self) -> Json:
        """Return the group as groupingsDown has it."""
        groups = [each.json() for each in self.inner.values()]
        return {"groupings": groups, "key": self.key, "label": self.label, "value": self.value}


@dataclass(slots=True)
class Facts:
    """The answer's variable part."""

    fact_map: dict[str, Json]
    down: list[Group]
    across: list[Group]
    all_data: bool


class FactMap:
    """Puts rows into groups and works out what is to be shown of each."""

    def __init__(self, definition: Definition, shown: Shown) -> None:
        down = _of_dates_alone(definition.down, shown.down)
        across = _of_dates_alone(definition.across, shown.across)
        self._definition = replace(definition, down=down, across=across)
        self._shown = shown

    def facts(self, rows: Sequence[Values]) -> Facts:
        """Return groups and facts of rows that have passed the filters."""
        definition, shown = self._definition, self._shown
        down = _groups(definition.down, shown.down, rows)
        across = _groups(definition.across, shown.across, rows)
        members: dict[tuple[str, str], list[Values]] = {(_TOTAL, _TOTAL): []}
        for row in rows:
            for left in _keys(definition.down, shown.down, down, row):
                for right in _keys(definition.across, shown.across, across, row):
                    members.setdefault((left, right), []).append(row)
        deepest = (len(definition.down), len(definition.across))
        found = {
            f"{left}!{right}": self._fact(inside, (_depth(left), _depth(right)) == deepest)
            for (left, right), inside in members.items()
        }
        return Facts(found, list(down.values()), list(across.values()), len(rows) <= _MOST_ROWS)

    def _fact(self, rows: Sequence[Values], lowest: bool) -> Json:  # noqa: FBT001 - a fact of the map
        fact: Json = {"aggregates": [self._aggregate(n, rows) for n in self._definition.aggregates]}
        if self._definition.details:
            ordered = self._ordered(rows)[:_MOST_ROWS] if lowest else []
            fact["rows"] = [{"dataCells": self._cells(row)} for row in ordered]
        return fact

    def _ordered(self, rows: Sequence[Values]) -> list[Values]:
        found = list(rows)
        for order in reversed(self._definition.sort):
            column = self._shown.by_name.get(order.column)
            if column is not None:
                index = column.index
                found.sort(key=lambda row: _sort_key(row[index]), reverse=order.descending)
        return found

    def _cells(self, row: Values) -> list[Json]:
        return [cell(column, row[column.index], row[column.index + 1])
                for column in self._shown.details]  # fmt: skip

    def _aggregate(self, name: str, rows: Sequence[Values]) -> Json:
        if name == ROW_COUNT:
            return {"label": f"{len(rows):,}", "value": len(rows)}
        kind, _, column_name = name.partition("!")
        column = self._shown.by_name.get(column_name)
        if column is None:
            return {"label": _EMPTY, "value": None}
        values = [row[column.index] for row in rows if row[column.index] is not None]
        value = _worked_out(kind, values)
        return {"label": _label(column, value), "value": value}


def _depth(key: str) -> int:
    return 0 if key == _TOTAL else key.count("_") + 1


def _worked_out(kind: str, values: Sequence[Any]) -> Any:
    if kind == "u":
        return len(set(values))
    if not values:
        return 0 if kind == "s" else None
    if kind == "s":
        return sum(values, Decimal(0))
    if kind == "a":
        return (sum(values, Decimal(0)) / len(values)).quantize(Decimal("0.0001"))
    return max(values) if kind == "mx" else min(values)


def _sort_key(value: Any) -> tuple[bool, Any]:
    return (value is not None, value.casefold() if isinstance(value, str) else value)


def _of_dates_alone(
    orders: Sequence[Grouping], columns: Sequence[ReportColumn]
) -> tuple[Grouping, ...]:
    """Return groupings without the granularity that files name for other columns too."""
    return tuple(
        order if column.field.type in {"date", "datetime"} else replace(order, granularity="None")
        for order, column in zip(orders, columns, strict=True)
    )


def _groups(
    orders: Sequence[Grouping], columns: Sequence[ReportColumn], rows: Sequence[Values]
) -> dict[Any, Group]:
    """Return the groups of the first level, sorted, with those below them."""
    if not orders:
        return {}
    return _level(orders, columns, rows, "")


def _level(
    orders: Sequence[Grouping],
    columns: Sequence[ReportColumn],
    rows: Sequence[Values],
    prefix: str,
) -> dict[Any, Group]:
    order, column = orders[0], columns[0]
    inside: dict[Any, list[Values]] = {}
    for row in rows:
        inside.setdefault(_bucket(order, row[column.index]), []).append(row)
    values = sorted(inside, key=_sort_key, reverse=order.descending)
    found: dict[Any, Group] = {}
    for number, value in enumerate(values):
        key = f"{prefix}{number}"
        label = _bucket_label(order, column, value)
        group = Group(_shown_value(column, inside[value][0], value), label, key)
        if len(orders) > 1:
            group.inner = _level(orders[1:], columns[1:], inside[value], f"{key}_")
        found[value] = group
    return found


def _shown_value(column: ReportColumn, row: Values, value: Any) -> Any:
    return row[column.index + 1] if column.field.name_field and value is not None else value


def _keys(
    orders: Sequence[Grouping],
    columns: Sequence[ReportColumn],
    groups: dict[Any, Group],
    row: Values,
) -> list[str]:
    """Return the keys under which a row counts: the total's and that of each level's group."""
    found = [_TOTAL]
    here = groups
    for order, column in zip(orders, columns, strict=True):
        group = here[_bucket(order, row[column.index])]
        found.append(group.key)
        here = group.inner
    return found


def _bucket(order: Grouping, value: Any) -> Any:
    """Return the value of a group; a date's group has the value of its first day."""
    if value is None or order.granularity == "None" or not isinstance(value, str):
        return value
    day = date.fromisoformat(value[:10])
    month = day.month
    if order.granularity == "Week":
        return (day - timedelta((day.weekday() + 1) % 7)).isoformat()
    if order.granularity in {"Quarter", "Fiscalquarter", "FiscalQuarter"}:
        month = (day.month - 1) // _MONTHS_IN_QUARTER * _MONTHS_IN_QUARTER + 1
    elif order.granularity in {"Year", "Fiscalyear", "FiscalYear"}:
        month = 1
    elif order.granularity != "Month":
        return day.isoformat()
    return date(day.year, month, 1).isoformat()


def _bucket_label(order: Grouping, column: ReportColumn, value: Any) -> str:
    if isinstance(value, str) and order.granularity in {"Month", "Year"}:
        day = date.fromisoformat(value[:10])
        return day.strftime("%B %Y" if order.granularity == "Month" else "%Y")
    return _label(column, value)


def _label(column: ReportColumn, value: Any) -> str:
    if value is None:
        return _EMPTY
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal | int):
        places = column.field.scale if column.field.is_number else 0
        money = "$" if column.field.type == "currency" else ""
        return f"{money}{value:,.{places}f}" + ("%" if column.field.type == "percent" else "")
    return str(value)


def cell(column: ReportColumn, value: Any, record_id: Any) -> Json:
    """Return one data cell: what is shown and what it is; a name's value is its record's id."""
    label = _label(column, value)
    if column.field.name_field and value is not None:
        return {"label": label, "value": record_id}
    if column.field.type == "currency" and value is not None:
        return {"label": label, "value": {"amount": value, "currency": None}}
    return {"label": label, "value": value}
