"""The shape of what a query answers: rows of SQL to records of JSON (salesforce.md §5.1)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from app.sandbox.salesforce.values import Reader

Row = Sequence[Any]
JsonRecord = dict[str, Any]
RecordMaker = Callable[[Row], JsonRecord | None]


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
    parts: list["Cell | Shape | Choice"] = field(default_factory=list)
    name: str = ""  # under which it hangs in its child

    def maker(self) -> RecordMaker:
        """Return what makes the record of a row, None for a parent that is not there.

        The cells that are JSON already, most of them, are taken over in one go.
        """
        names = ("attributes", *(part.name for part in self.parts))
        indexes = (self.id_index, *(p.index if isinstance(p, Cell) else 0 for p in self.parts))
        take = itemgetter(*indexes, self.id_index)  # one more: with one index it gives no tuple
        readers = [(p.name, p.reader) for p in self.parts if isinstance(p, Cell) and p.reader]
        parents = [(p.name, p.maker()) for p in self.parts if not isinstance(p, Cell)]
        kind, url = self.type, self.url

        def make(row: Row) -> JsonRecord | None:
            *values, record_id = take(row)
            if record_id is None:
                return None
            values[0] = {"type": kind, "url": url + record_id}
            record = dict(zip(names, values, strict=True))
            for name, read in readers:
                value = record[name]
                if value is not None:
                    record[name] = read(value)
            for name, make_parent in parents:
                record[name] = make_parent(row)
            return record

        return make

    def parent(self, name: str, make: "Shape") -> "Shape":
        """Return the parent of this name, or hang `make` there."""
        for part in self.parts:
            if isinstance(part, Shape) and part.name == name:
                return part
        self.parts.append(make)
        return make


@dataclass(slots=True)
class Choice:
    """A parent that may be of several types (TYPEOF): the first of its shapes that is there."""

    name: str
    shapes: list[Shape] = field(default_factory=list)

    def maker(self) -> RecordMaker:
        """Return what makes the record of a row, None where no parent is there."""
        makers = [shape.maker() for shape in self.shapes]

        def make(row: Row) -> JsonRecord | None:
            return next((found for each in makers if (found := each(row)) is not None), None)

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
