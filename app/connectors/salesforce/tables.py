"""Rows as Salesforce gives them: nested as JSON has them, flat as a CSV has them, or typed."""

from collections.abc import Mapping, Sequence
from itertools import compress
from typing import Any

import msgspec
from msgspec.structs import astuple

from app.domain.table import RowTable


class NestedTable(RowTable):
    """Rows of JSON: what stands at `Parent__r.Key__c` is asked for by that path."""

    def column(self, name: str) -> Sequence[Any]:
        """Return a column's values row by row; None where a row lacks it."""
        parent, _, inner = name.rpartition(".")
        if not parent:
            return super().column(name)
        above = (row.get(parent) for row in self.rows)
        return [None if one is None else one.get(inner) for one in above]


class CellTable:
    """Rows of a CSV, each a cell for each of the named columns; an empty cell is `""`."""

    def __init__(self, names: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
        self._names = names
        self._cells = cells
        self._columns: Mapping[str, Sequence[str]] = dict(
            zip(names, zip(*cells, strict=True), strict=True) if cells else ()
        )

    def __len__(self) -> int:
        return len(self._cells)

    def column(self, name: str) -> Sequence[Any]:
        """Return a column's values row by row; None where there is no such column."""
        found = self._columns.get(name)
        return [None] * len(self) if found is None else found

    def only(self, which: Sequence[object]) -> "CellTable":
        """Return the rows for which there is something true."""
        return CellTable(self._names, list(compress(self._cells, which)))


class TypedTable:
    """Rows of JSON that were decoded straight into objects; `names` says which attribute is what.

    It has the columns that `names` has, and no others.
    """

    def __init__(self, rows: Sequence[msgspec.Struct], names: Mapping[str, str]) -> None:
        self._rows = rows
        self._names = names
        columns = zip(*map(astuple, rows), strict=True)
        attributes = rows[0].__struct_fields__ if rows else ()
        self._columns: Mapping[str, Sequence[Any]] = dict(zip(attributes, columns, strict=True))

    def __len__(self) -> int:
        return len(self._rows)

    def column(self, name: str) -> Sequence[Any]:
        """Return a column's values row by row; None where there is no such column."""
        attribute = self._names.get(name, "")
        parent, _, inner = attribute.rpartition(".")
        found = self._columns.get(parent or attribute)
        if found is None:
            return [None] * len(self)
        if not parent:
            return found
        return [None if above is None else getattr(above, inner) for above in found]

    def only(self, which: Sequence[object]) -> "TypedTable":
        """Return the rows for which there is something true."""
        return TypedTable(list(compress(self._rows, which)), self._names)
