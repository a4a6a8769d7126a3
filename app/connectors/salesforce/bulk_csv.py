"""The CSV of bulk jobs: operations written as rows, results read back, a row at a time.

UTF-8, lines ended by LF, line breaks within quotes kept as they are (salesforce.md §9, §10).
"""

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from app.connectors.salesforce.bodies import NULL, Bodies, CellRefused, cell
from app.domain.mapping import EntityMapping
from app.domain.plan import Operation

MOST_BYTES = 100_000_000
"""Bytes of one upload: 150 MB once Salesforce has made base64 of it (salesforce.md §9)."""
_LARGEST_CELL = 131_072  # characters, and the same for a cell of a result (salesforce.md §9)
_ID, _CREATED, _ERROR = "sf__Id", "sf__Created", "sf__Error"
_BETWEEN = "\0"  # stands between the cells of a row until its quotes are doubled

csv.field_size_limit(max(csv.field_size_limit(), 4 * _LARGEST_CELL))


class Sheet:
    """A CSV file that is being written, row by row, every cell in quotes.

    Made by hand: the csv writer takes five times as long, and that of Python 3.11 leaves a lone
    carriage return without quotes.
    """

    def __init__(self, file: BinaryIO, header: Sequence[str]) -> None:
        self._file = file
        self._most_marks = len(header) - 1
        self.size_bytes = 0
        self.add(header)

    def add(self, cells: Sequence[str]) -> None:
        """Write a row.

        Raises:
            UnicodeEncodeError: A cell has half a character, which UTF-8 cannot say.
            CellRefused: A cell has the character that means nothing.
        """
        row = _BETWEEN.join(cells)
        if row.count(_BETWEEN) > self._most_marks:
            raise CellRefused(_BETWEEN)
        if '"' in row:
            row = row.replace('"', '""')
        cut = row.replace(_BETWEEN, '","')
        data = f'"{cut}"\n'.encode()
        self._file.write(data)
        self.size_bytes += len(data)


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
            value = change.after
            # Most cells are plain text: a call for each would take half the time of a row.
            if isinstance(value, str) and value and value != NULL:
                cells[places[change.name]] = value
            else:
                cells[places[change.name]] = cell(change.name, value)
        if not key or key == NULL:
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


class ResultRow(NamedTuple):
    """One row of a job's results; no dataclass, since there are as many as were uploaded.

    Attributes:
        created: Only told of rows that were saved.
        error: Salesforce's `CODE:message:fields --`, "" of a row that was saved.
        cells: What was uploaded in the columns that were asked for.
    """

    id: str
    created: bool | None
    error: str
    cells: Sequence[str]


def result_rows(file: Path, columns: Sequence[str]) -> Iterator[ResultRow]:
    """Yield the rows of a results file with some of its columns; what is no whole row is left out.

    A last line that does not end was cut off: its last cell may be half of what it was.
    """
    with opened_table(file, whole_lines=True) as (header, rows):
        width = len(header)
        place = {name.lower(): number for number, name in enumerate(header)}
        record_id, error, created, *places = (
            place.get(name.lower(), width) for name in (_ID, _ERROR, _CREATED, *columns)
        )
        tells = created < width
        for row in rows:
            if len(row) != width:
                continue
            row.append("")  # the cell of a column that is not there
            yield ResultRow(
                row[record_id],
                row[created].lower() == "true" if tells else None,
                row[error],
                [row[number] for number in places],
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
