"""The CSV of bulk jobs: operations written as rows, results read back, a row at a time.

UTF-8, lines ended by LF, line breaks within quotes kept as they are (salesforce.md §9, §10).
"""

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from app.connectors.salesforce.bodies import Bodies, CellRefused, cell
from app.domain.mapping import EntityMapping
from app.domain.plan import Operation

MOST_BYTES = 100_000_000
"""Bytes of one upload: 150 MB once Salesforce has made base64 of it (salesforce.md §9)."""
_LARGEST_CELL = 131_072  # characters, and the same for a cell of a result (salesforce.md §9)
_ID, _CREATED, _ERROR = "sf__Id", "sf__Created", "sf__Error"

csv.field_size_limit(max(csv.field_size_limit(), 4 * _LARGEST_CELL))


class Sheet:
    """A CSV file that is being written, row by row."""

    def __init__(self, file: BinaryIO, header: Sequence[str]) -> None:
        self._file = file
        self._plain = csv.writer(self, lineterminator="\n")
        self._quoted = csv.writer(self, lineterminator="\n", quoting=csv.QUOTE_ALL)
        self.size_bytes = 0
        self._plain.writerow(header)

    def write(self, line: str) -> None:
        """Take a line from the csv writer, which writes each row at once."""
        data = line.encode()
        self._file.write(data)
        self.size_bytes += len(data)

    def add(self, cells: Sequence[str]) -> None:
        """Write a row.

        Raises:
            UnicodeEncodeError: A cell has half a character, which UTF-8 cannot say.
        """
        # The csv writer of Python 3.11 leaves a lone carriage return without quotes.
        bare = "\r" in "".join(cells)
        (self._quoted if bare else self._plain).writerow(cells)


class RowMaker:
    """Makes rows of operations: a cell for each field that any of them changes."""

    def __init__(
        self, bodies: Bodies, entity: EntityMapping, operations: Sequence[Operation], key: str
    ) -> None:
        changed = _changed(operations, len(entity.fields) + (key == "Id"))
        fields = [field for field in (*entity.fields, entity.key_field) if field.name in changed]
        columns = [key, *(bodies.column(field) for field in fields)]
        self.header = list(dict.fromkeys(columns))
        place = {column: number for number, column in enumerate(self.header)}
        self._places = {field.name: place[bodies.column(field)] for field in fields}
        self._key = place[key]
        self._blank = [""] * len(self.header)

    def row(self, operation: Operation, key: str) -> list[str]:
        """Return the cells of an operation; what it does not change stays empty.

        Raises:
            TypeError: A value could not be read, so it cannot be written.
            CellRefused: A value cannot be said in a CSV.
        """
        cells = self._blank[:]
        places = self._places
        for change in operation.changes:
            cells[places[change.name]] = cell(change.name, change.after)
        if not key or key == "#N/A":
            raise CellRefused(key)
        cells[self._key] = key
        return cells


def _changed(operations: Sequence[Operation], most: int) -> set[str]:
    """Return the fields that operations change: by id the key may be one of them."""
    names: set[str] = set()
    for operation in operations:
        names.update([change.name for change in operation.changes])
        if len(names) == most:
            break
    return names


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One row of a job's results.

    Attributes:
        created: Only told of rows that were saved.
        error: Salesforce's `CODE:message:fields --`, "" of a row that was saved.
        cells: What was uploaded, by column.
    """

    id: str
    created: bool | None
    error: str
    cells: dict[str, str]


def result_rows(file: Path) -> Iterator[ResultRow]:
    """Yield the rows of a results file; what is no whole row tells nothing.

    A last line that does not end was cut off: its last cell may be half of what it was.
    """
    with opened_table(file, whole_lines=True) as (header, rows):
        width = len(header)
        for row in rows:
            if len(row) != width:
                continue
            cells = dict(zip(header, row, strict=True))
            created = cells.pop(_CREATED, None)
            yield ResultRow(
                cells.pop(_ID, ""),
                None if created is None else created.lower() == "true",
                cells.pop(_ERROR, ""),
                cells,
            )


@contextmanager
def opened_table(
    file: Path, *, whole_lines: bool = False
) -> Iterator[tuple[list[str], Iterator[list[str]]]]:
    """Open a CSV file: its header, empty where there is none, and its rows as they are read."""
    with file.open(encoding="utf-8-sig", newline="") as opened:
        lines: Iterator[str] = opened
        if whole_lines:
            lines = (line for line in opened if line.endswith(("\n", "\r")))
        reader = csv.reader(lines)
        yield next(reader, []), reader
