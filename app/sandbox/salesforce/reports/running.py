"""Reports run over the rows of the org, and described."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from app.sandbox.salesforce.errors import RequestError
from app.sandbox.salesforce.metadata.shelf import Held
from app.sandbox.salesforce.org import Org
from app.sandbox.salesforce.reports.conditions import days_test, logic_of, test_of
from app.sandbox.salesforce.reports.definition import ROW_COUNT, Definition, Grouping
from app.sandbox.salesforce.reports.facts import FactMap, Json, Shown
from app.sandbox.salesforce.reports.source_rows import ReportColumn, ReportRows, Values

_KINDS = {"s": "Sum of ", "a": "Average ", "mx": "Largest ", "m": "Smallest ", "u": "Unique "}


class Report:
    """One report, with the definition of this run."""

    def __init__(self, org: Org, held: Held, definition: Definition, root: str) -> None:
        self._org = org
        self._held = held
        self._definition = definition
        self._root = root
        self._rows = ReportRows(org, definition.type)
        self._columns: dict[str, ReportColumn] = {}

    def run(self) -> Json:
        """Return the whole answer of a run.

        Raises:
            RequestError: A filter or a grouping names what there is not.
        """
        shown = self._shown()
        rows = self._passing(shown)
        facts = FactMap(self._definition, shown).facts(rows)
        return {
            "attributes": self._attributes(),
            "allData": facts.all_data,
            "factMap": facts.fact_map,
            "groupingsAcross": {"groupings": [each.json() for each in facts.across]},
            "groupingsDown": {"groupings": [each.json() for each in facts.down]},
            "hasDetailRows": self._definition.details,
            "reportExtendedMetadata": self._extended(shown),
            "reportMetadata": self._metadata(),
        }

    def describe(self) -> Json:
        """Return what the report shows and what its type has."""
        shown = self._shown()
        columns = {
            each.name: {
                "dataType": each.type,
                "filterValues": [{"label": v, "name": v} for v in each.field.values],
                "filterable": not each.field.long_text,
                "label": each.label,
            }
            for each in self._rows.all_columns()
        }
        label = self._rows.source.label
        return {
            "attributes": self._attributes(),
            "reportExtendedMetadata": self._extended(shown),
            "reportMetadata": self._metadata(),
            "reportTypeMetadata": {
                "categories": [{"columns": columns, "label": label}],
                "dataTypeFilterOperatorMap": _OPERATORS,
                "standardDateFilterDurationGroups": [],
                "standardFilterInfos": {},
            },
        }

    def _attributes(self) -> Json:
        own = f"{self._root}/analytics/reports/{self._held.id}"
        return {
            "describeUrl": f"{own}/describe",
            "instancesUrl": f"{own}/instances",
            "reportId": self._held.id,
            "reportName": self._held.node.get("name"),
            "type": "Report",
        }

    def _shown(self) -> Shown:
        """Find the columns; details that the user may not see are left out."""
        definition = self._definition
        details = [found for name in definition.columns if (found := self._column(name))]
        down = [self._needed(each.column) for each in definition.down]
        across = [self._needed(each.column) for each in definition.across]
        for each in definition.filters:
            self._needed(each.column)
        for name in (n.partition("!")[2] for n in definition.aggregates if n != ROW_COUNT):
            self._column(name)
        for order in definition.sort:
            self._column(order.column)
        if definition.dates is not None:
            self._needed(definition.dates.column)
        placed = {
            name: replace(each, index=2 * number)
            for number, (name, each) in enumerate(self._columns.items())
        }
        return Shown(
            tuple(placed[each.name] for each in details),
            tuple(placed[each.name] for each in down),
            tuple(placed[each.name] for each in across),
            placed,
        )

    def _column(self, name: str) -> ReportColumn | None:
        if name not in self._columns:
            found = self._rows.column(name)
            if found is None:
                return None
            self._columns[name] = found
        return self._columns[name]

    def _needed(self, name: str) -> ReportColumn:
        found = self._column(name)
        if found is None:
            message = f"The column {name} is invalid or not accessible"
            raise RequestError("BAD_REQUEST", message)
        return found

    def _passing(self, shown: Shown) -> list[Values]:
        definition, now = self._definition, self._org.clock.now()
        columns = list(shown.by_name.values())
        tests = [
            (test_of(each, shown.by_name[each.column].field, now), shown.by_name[each.column].index)
            for each in definition.filters
        ]
        passes = logic_of(definition.logic, len(tests))
        rows = self._rows.read(columns)
        if definition.dates is not None:
            in_days = days_test(definition.dates, now)
            index = shown.by_name[definition.dates.column].index
            rows = (row for row in rows if in_days(row[index]))
        return [row for row in rows if passes([test(row[index]) for test, index in tests])]

    def _extended(self, shown: Shown) -> Json:
        definition = self._definition
        return {
            "aggregateColumnInfo": {
                name: _aggregate_info(name, shown) for name in definition.aggregates
            },
            "detailColumnInfo": {
                each.name: {"dataType": each.type, "label": each.label} for each in shown.details
            },
            "groupingColumnInfo": {
                each.name: {"dataType": each.type, "groupingLevel": level, "label": each.label}
                for group in (shown.down, shown.across)
                for level, each in enumerate(group)
            },
        }

    def _metadata(self) -> Json:
        definition, node = self._definition, self._held.node
        folder_name, _, own = self._held.full_name.rpartition("/")
        folder = self._org.metadata.shelf.find("Report", folder_name)
        dates = definition.dates
        return {
            "aggregates": list(definition.aggregates),
            "buckets": [],
            "crossFilters": [],
            "currency": None,
            "description": node.get("description") or None,
            "detailColumns": list(definition.columns),
            "developerName": own,
            "folderId": folder.id if folder is not None else None,
            "groupingsAcross": _groupings(definition.across),
            "groupingsDown": _groupings(definition.down),
            "hasDetailRows": definition.details,
            "hasRecordCount": True,
            "historicalSnapshotDates": [],
            "id": self._held.id,
            "name": node.get("name"),
            "reportBooleanFilter": definition.logic or None,
            "reportFilters": [
                {"column": each.column, "operator": each.operator, "value": each.value}
                for each in definition.filters
            ],
            "reportFormat": definition.format,
            "reportType": {"label": self._rows.source.label, "type": definition.type},
            "scope": definition.scope,
            "showGrandTotal": True,
            "showSubtotals": True,
            "sortBy": [
                {"sortColumn": each.column, "sortOrder": "Desc" if each.descending else "Asc"}
                for each in definition.sort
            ],
            "standardDateFilter": {
                "column": dates.column if dates is not None else None,
                "durationValue": dates.duration if dates is not None else "CUSTOM",
                "endDate": dates.end or None if dates is not None else None,
                "startDate": dates.start or None if dates is not None else None,
            },
            "standardFilters": None,
        }


def _aggregate_info(name: str, shown: Shown) -> Json:
    kind, _, column_name = name.partition("!")
    column = shown.by_name.get(column_name)
    if column is None:
        return {"dataType": "int", "label": "Record Count" if name == ROW_COUNT else name}
    return {"dataType": column.type, "label": _KINDS.get(kind, "") + column.label}


def _groupings(orders: Sequence[Grouping]) -> list[Json]:
    return [
        {
            "dateGranularity": each.granularity,
            "name": each.column,
            "sortAggregate": None,
            "sortOrder": "Desc" if each.descending else "Asc",
        }
        for each in orders
    ]


def _named(*names: str) -> list[dict[str, str]]:
    return [{"label": name, "name": name} for name in names]


_EQUAL = ("equals", "notEqual")
_ORDERED = (*_EQUAL, "lessThan", "greaterThan", "lessOrEqual", "greaterOrEqual")
_TEXT = (*_ORDERED, "contains", "notContain", "startsWith")
_OPERATORS: dict[str, Any] = {
    "boolean": _named(*_EQUAL),
    "currency": _named(*_ORDERED),
    "date": _named(*_ORDERED),
    "datetime": _named(*_ORDERED),
    "double": _named(*_ORDERED),
    "int": _named(*_ORDERED),
    "percent": _named(*_ORDERED),
    "picklist": _named(*_TEXT),
    "multipicklist": _named(*_EQUAL, "includes", "excludes"),
    "string": _named(*_TEXT),
    "textarea": _named(*_TEXT),
}
