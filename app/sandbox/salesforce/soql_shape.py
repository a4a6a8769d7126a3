"""The shape of what a query answers: rows of SQL to records of JSON (salesforce.md §5.1)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from app.sandbox.salesforce.values import Reader

Row = Sequence[Any]
JsonRecord = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a record: where it stands in the row, and how it is read (None: as it is)."""

    name: str
    index: int
    reader: Reader | None


@dataclass(slots=True)
class Shape:
    """A record, with those of its parents; cells and parents in the order of the query."""

    type: str
    url: str  # ends before the id
    id_index: int
    parts: list["Cell | Shape"] = field(default_factory=list)
    name: str = ""  # under which it hangs in its child

    def record(self, row: Row) -> JsonRecord | None:
        """Return the record that a row holds, or None for a parent that is not there."""
        record_id = row[self.id_index]
        if record_id is None:
            return None
        record: JsonRecord = {"attributes": {"type": self.type, "url": self.url + record_id}}
        for part in self.parts:
            if isinstance(part, Shape):
                record[part.name] = part.record(row)
                continue
            value = row[part.index]
            if value is not None and part.reader is not None:
                value = part.reader(value)
            record[part.name] = value
        return record

    def parent(self, name: str, make: "Shape") -> "Shape":
        """Return the parent of this name, or hang `make` there."""
        for part in self.parts:
            if isinstance(part, Shape) and part.name == name:
                return part
        self.parts.append(make)
        return make


@dataclass(slots=True)
class AggregateShape:
    """A row of an aggregate query."""

    cells: list[Cell] = field(default_factory=list)

    def record(self, row: Row) -> JsonRecord:
        """Return the record that a row holds."""
        record: JsonRecord = {"attributes": {"type": "AggregateResult"}}
        for cell in self.cells:
            value = row[cell.index]
            if value is not None and cell.reader is not None:
                value = cell.reader(value)
            record[cell.name] = value
        return record
