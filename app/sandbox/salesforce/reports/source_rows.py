"""The rows of a report: those of its objects, joined as the report's type says."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.sandbox.salesforce.errors import RequestError
from app.sandbox.salesforce.metadata.report_types import ReportSource, source_of
from app.sandbox.salesforce.org import Org
from app.sandbox.salesforce.schema import Field
from app.sandbox.salesforce.soql_ast import Item, Path, Query
from app.sandbox.salesforce.soql_compile import Context, compile_query
from app.sandbox.salesforce.soql_run import first_page

Values = tuple[Any, ...]
_ALL = 2**31


@dataclass(frozen=True, slots=True)
class ReportColumn:
    """A column that the user may see: where its value stands, and what it is."""

    name: str
    label: str
    field: Field
    place: int  # which of the joined objects
    path: str
    index: int = 0  # of the value in a row; of a name, the record's id stands behind it

    @property
    def type(self) -> str:
        """The type as the Reports API names it."""
        return self.field.type


class ReportRows:
    """Reads the columns of one report."""

    def __init__(self, org: Org, type_name: str) -> None:
        self._org = org
        self._sobjects = {name.lower(): each for name, each in org.schema.by_names().items()}
        found = source_of(self._sobjects, org.metadata.shelf, type_name)
        if found is None:
            message = f"The report type {type_name} does not exist or is not accessible"
            raise RequestError("NOT_FOUND", message, status=404)
        self.source: ReportSource = found

    def column(self, name: str) -> ReportColumn | None:
        """Return a column, or None if there is none such or the user may not see it."""
        found = self.source.column(self._sobjects, name)
        if found is None:
            return None
        field = self._visible(self.source.joins[found.place].sobject, found.path)
        if field is None:
            return None
        return ReportColumn(name, self._label(field, found.path), field, found.place, found.path)

    def _label(self, field: Field, path: str) -> str:
        *steps, _ = path.split(".")
        if steps and field.name_field:
            return steps[-1].removesuffix("__r").replace("_", " ")
        return field.label

    def _visible(self, sobject_name: str, path: str) -> Field | None:
        sobject = self._sobjects.get(sobject_name.lower())
        *steps, last = path.split(".")
        for step in steps:
            lookup = sobject.by_relationship.get(step.lower()) if sobject is not None else None
            if sobject is None or lookup is None or not self._org.schema.can_see(sobject, lookup):
                return None
            sobject = self._org.schema.target(lookup)
        return self._org.schema.visible(sobject, last) if sobject is not None else None

    def all_columns(self) -> list[ReportColumn]:
        """Return all visible fields of the report's objects, as columns."""
        found = []
        for join in self.source.joins:
            sobject = self._sobjects[join.sobject.lower()]
            for field in self._org.schema.visible_fields(sobject):
                column = self.column(f"{join.table}${field.name}")
                if column is not None:
                    found.append(column)
        return found

    def read(self, columns: Sequence[ReportColumn]) -> Iterator[Values]:
        """Yield the joined rows: for each column its value and the id of the record it is of."""
        joins = self.source.joins
        tables = [self._table(place, columns) for place in range(len(joins))]
        children: list[dict[str, list[Values]]] = []
        for table in tables[1:]:
            by_parent: dict[str, list[Values]] = {}
            for row in table:
                by_parent.setdefault(str(row[1]), []).append(row)
            children.append(by_parent)
        order = [(c.place, self._offset(c, columns)) for c in columns]
        for row in tables[0]:
            for chain in self._chains([row], children):
                yield self._picked(chain, order)

    def _offset(self, column: ReportColumn, columns: Sequence[ReportColumn]) -> int:
        own = [each for each in columns if each.place == column.place]
        return 2 + 2 * own.index(column)

    def _picked(self, chain: Sequence[Values | None], order: Sequence[tuple[int, int]]) -> Values:
        found: list[Any] = []
        for place, offset in order:
            row = chain[place]
            found += row[offset : offset + 2] if row is not None else (None, None)
        return tuple(found)

    def _chains(
        self, chain: list[Values | None], children: Sequence[Mapping[str, list[Values]]]
    ) -> Iterator[list[Values | None]]:
        """Yield a row with each of its children, and theirs; inner joins drop the childless."""
        depth = len(chain)
        if depth == len(self.source.joins):
            yield chain
            return
        last = chain[-1]
        found = children[depth - 1].get(str(last[0]), []) if last is not None else []
        for child in found:
            yield from self._chains([*chain, child], children)
        if not found and self.source.joins[depth].outer:
            yield from self._chains([*chain, None], children)

    def _table(self, place: int, columns: Sequence[ReportColumn]) -> list[Values]:
        """Return an object's rows: id, parent's id, then each column's value and record id."""
        join = self.source.joins[place]
        paths = ["Id", join.lookup or "Id"]
        for each in columns:
            if each.place == place:
                steps = each.path.rpartition(".")[0]
                paths += [each.path, f"{steps}.Id" if steps else "Id"]
        unique = list(dict.fromkeys(paths))
        items = tuple(Item(Path(tuple(path.split(".")), 0), None) for path in unique)
        context = Context(self._org.schema, self._org.clock.now(), "")
        compiled = compile_query(Query(items, join.sobject, 0), "", context)
        with self._org.store.read() as connection:
            records = first_page(connection, compiled, _ALL).records
        return [_flat(record, paths) for record in records]


def _flat(record: Mapping[str, Any] | None, paths: Sequence[str]) -> Values:
    found: list[Any] = []
    for path in paths:
        value: Any = record
        for step in path.split("."):
            value = value.get(step) if isinstance(value, Mapping) else None
        found.append(value)
    return tuple(found)
