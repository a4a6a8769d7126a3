"""A report as it is to be run: what was deployed, with what a caller changes for one run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.sandbox.salesforce.errors import RequestError
from app.sandbox.salesforce.metadata.shelf import Held
from app.sandbox.salesforce.metadata.xml_tree import Node

AGGREGATES = {"Sum": "s", "Average": "a", "Maximum": "mx", "Minimum": "m", "Unique": "u"}
_FORMATS = {"Tabular": "TABULAR", "Summary": "SUMMARY", "Matrix": "MATRIX"}
ROW_COUNT = "RowCount"
_MOST_GROUPINGS = 3


@dataclass(frozen=True, slots=True)
class Grouping:
    """One level of groups; `granularity` is that of dates: None, Day, Month, Quarter, Year."""

    column: str
    descending: bool = False
    granularity: str = "None"


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on a column; the value may list several, separated by commas."""

    column: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class DateFilter:
    """A range of days on a column, both ends included; "" leaves an end open."""

    column: str
    duration: str = "CUSTOM"
    start: str = ""
    end: str = ""


@dataclass(frozen=True, slots=True)
class Definition:
    """What a report shows; columns as the report's type names them."""

    type: str
    format: str
    columns: tuple[str, ...]
    aggregates: tuple[str, ...]  # "s!Column", and RowCount
    down: tuple[Grouping, ...] = ()
    across: tuple[Grouping, ...] = ()
    filters: tuple[Filter, ...] = ()
    logic: str = ""  # "1 AND (2 OR 3)"
    dates: DateFilter | None = None
    details: bool = True
    sort: tuple[Grouping, ...] = ()
    scope: str = "organization"


def definition_of(held: Held) -> Definition:
    """Return the definition of a deployed report."""
    node = held.node
    columns = node.all("columns")
    aggregates = [
        f"{AGGREGATES[kind.text.strip()]}!{column.get('field')}"
        for column in columns
        for kind in column.all("aggregateTypes")
        if kind.text.strip() in AGGREGATES
    ]
    return Definition(
        node.get("reportType"),
        _FORMATS.get(node.get("format"), "TABULAR"),
        tuple(each.get("field") for each in columns),
        (*aggregates, ROW_COUNT),
        _groupings(node.all("groupingsDown")),
        _groupings(node.all("groupingsAcross")),
        _filters(node),
        next((each.get("booleanFilter") for each in node.all("filter")), ""),
        _dates(node.child("timeFrameFilter")),
        node.flag("showDetails", default=True),
        _sort(node),
        node.get("scope") or "organization",
    )


def _groupings(nodes: Sequence[Node]) -> tuple[Grouping, ...]:
    return tuple(
        Grouping(
            each.get("field"), each.get("sortOrder") == "Desc", each.get("dateGranularity", "None")
        )
        for each in nodes
    )


def _filters(node: Node) -> tuple[Filter, ...]:
    return tuple(
        Filter(each.get("column"), each.get("operator"), each.get("value"))
        for outer in node.all("filter")
        for each in outer.all("criteriaItems")
    )


def _dates(node: Node | None) -> DateFilter | None:
    if node is None or not node.get("dateColumn"):
        return None
    duration = node.get("interval").removeprefix("INTERVAL_") or "CUSTOM"
    return DateFilter(node.get("dateColumn"), duration, node.get("startDate"), node.get("endDate"))


def _sort(node: Node) -> tuple[Grouping, ...]:
    column = node.get("sortColumn")
    return (Grouping(column, node.get("sortOrder") == "Desc"),) if column else ()


def overridden(base: Definition, wish: Mapping[str, Any]) -> Definition:
    """Return a definition with what the reportMetadata of a request changes.

    Raises:
        RequestError: A part of it has another shape than it should.
    """
    found = base
    if "reportFilters" in wish:
        filters = [_filter(each) for each in _list(wish, "reportFilters")]
        found = replace(found, filters=tuple(filters))
    if "reportBooleanFilter" in wish:
        found = replace(found, logic=str(wish["reportBooleanFilter"] or ""))
    if "detailColumns" in wish:
        found = replace(found, columns=tuple(map(str, _list(wish, "detailColumns"))))
    if "aggregates" in wish:
        found = replace(found, aggregates=tuple(map(str, _list(wish, "aggregates"))))
    if "groupingsDown" in wish:
        found = replace(found, down=tuple(map(_grouping, _list(wish, "groupingsDown"))))
    if "groupingsAcross" in wish:
        found = replace(found, across=tuple(map(_grouping, _list(wish, "groupingsAcross"))))
    if "hasDetailRows" in wish:
        found = replace(found, details=wish["hasDetailRows"] is True)
    return _further(found, wish)


def _further(found: Definition, wish: Mapping[str, Any]) -> Definition:
    if "reportFormat" in wish:
        found = replace(found, format=str(wish["reportFormat"]))
    if "sortBy" in wish:
        sort = [
            Grouping(str(each.get("sortColumn")), each.get("sortOrder") == "Desc")
            for each in _list(wish, "sortBy")
        ]
        found = replace(found, sort=tuple(sort))
    if isinstance(wish.get("standardDateFilter"), Mapping):
        each = wish["standardDateFilter"]
        words = [str(each.get(key) or "") for key in ("durationValue", "startDate", "endDate")]
        dates = DateFilter(str(each.get("column")), *words) if each.get("column") else None
        found = replace(found, dates=dates)
    if len(found.down) > _MOST_GROUPINGS:
        raise RequestError("BAD_REQUEST", f"A report has at most {_MOST_GROUPINGS} groupings")
    return found


def _list(wish: Mapping[str, Any], key: str) -> list[Any]:
    found = wish[key]
    if found is None:
        return []
    if not isinstance(found, list):
        raise RequestError("JSON_PARSER_ERROR", f"{key} is a list")
    return found


def _filter(each: Any) -> Filter:
    if not isinstance(each, Mapping):
        raise RequestError("JSON_PARSER_ERROR", "a report filter is an object")
    value = each.get("value")
    return Filter(
        str(each.get("column")), str(each.get("operator")), "" if value is None else str(value)
    )


def _grouping(each: Any) -> Grouping:
    if not isinstance(each, Mapping):
        raise RequestError("JSON_PARSER_ERROR", "a grouping is an object")
    granularity = str(each.get("dateGranularity") or "None").capitalize()
    return Grouping(str(each.get("name")), each.get("sortOrder") == "Desc", granularity)
