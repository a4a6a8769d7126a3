"""The CSV of bulk jobs: uploads read as they were declared, results written (salesforce.md §9)."""

import csv
import io
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

DELIMITERS = {
    "COMMA": ",",
    "TAB": "\t",
    "PIPE": "|",
    "SEMICOLON": ";",
    "CARET": "^",
    "BACKQUOTE": "`",
}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
_IN_MEMORY = 1024 * 1024
_LONGEST_HEADER = 32_000


class BadUpload(ValueError):  # noqa: N818 - it ends up as a job's errorMessage
    """An upload that fails its job; the text is the job's errorMessage."""


@dataclass(frozen=True, slots=True)
class CsvShape:
    """How a job's CSV is written: by the names that the job declares."""

    column_delimiter: str = "COMMA"
    line_ending: str = "LF"

    def text(self, rows: Iterable[Sequence[str]], *, quote_all: bool = True) -> bytes:
        """Return rows as CSV."""
        buffer = io.StringIO(newline="")
        writer = csv.writer(
            buffer,
            delimiter=DELIMITERS[self.column_delimiter],
            lineterminator=LINE_ENDINGS[self.line_ending],
            quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL,
        )
        writer.writerows(rows)
        return buffer.getvalue().encode()


class Spool:
    """Bytes that grow at the end: in memory while few, in a temporary file once many."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - lives with its job
        self.size = 0

    def append(self, data: bytes) -> None:
        """Add bytes at the end."""
        with self._lock:
            self._file.seek(0, io.SEEK_END)
            self._file.write(data)
            self.size += len(data)

    def read(self, start: int = 0, end: int | None = None) -> bytes:
        """Return the bytes from `start` up to `end`."""
        with self._lock:
            self._file.seek(start)
            return self._file.read(-1 if end is None else end - start)

    def lines(self) -> Iterator[bytes]:
        """Return the lines, ended by LF alone; nobody may read or append until that is done.

        It holds no lock: whoever stops half-way would keep it.
        """
        self._file.seek(0)
        return iter(self._file.readline, b"")

    def close(self) -> None:
        """Forget the bytes; a file is removed."""
        with self._lock:
            self._file.close()


@dataclass(frozen=True, slots=True)
class UploadedRow:
    """The cells of a row, or what could be made of a row that is no CSV, with its problem."""

    cells: list[str]
    problem: str = ""


class Upload:
    """An uploaded table: its header at once, its rows as they are asked for.

    Raises:
        BadUpload: The text is no UTF-8, or there is no header, or it is too long, or its line
            ending is another than declared.
    """

    def __init__(self, spool: Spool, shape: CsvShape) -> None:
        self._shape = shape
        self._raw = ""
        self._delimiter = DELIMITERS[shape.column_delimiter]
        _check_encoding(spool)
        self._reader = csv.reader(self._lines(spool), delimiter=self._delimiter, strict=True)
        self.header = self._read_header()

    def _lines(self, spool: Spool) -> Iterator[str]:
        encoding = "utf-8-sig"  # at the start alone a mark is no data
        for line in spool.lines():
            self._raw = line.decode(encoding)
            encoding = "utf-8"
            yield self._raw

    def _read_header(self) -> list[str]:
        try:
            header = next(self._reader, [])
        except csv.Error as error:
            raise self._wrong_ending() from error
        if not header:
            raise BadUpload("InvalidBatch : No header row found")
        if len(self._raw) > _LONGEST_HEADER:
            raise BadUpload("InvalidBatch : Header row is longer than 32,000 characters")
        if self._raw.endswith("\n") and self._raw.endswith("\r\n") != self._crlf:
            raise self._wrong_ending()
        return header

    @property
    def _crlf(self) -> bool:
        return self._shape.line_ending == "CRLF"

    def _wrong_ending(self) -> BadUpload:
        return BadUpload(
            "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is "
            f"{self._shape.line_ending}"
        )

    def rows(self) -> Iterator[UploadedRow]:
        """Yield the rows in order; empty lines are none. A row that is no CSV stops no other."""
        width = len(self.header)
        while True:
            try:
                cells = next(self._reader, None)
            except csv.Error as error:
                yield self._broken(str(error))
                continue
            if cells is None:
                return
            if len(cells) == width:
                yield UploadedRow(cells)
            elif cells:
                yield self._fitted(cells, f"Row has {len(cells)} cells, the header {width}")

    def _broken(self, problem: str) -> UploadedRow:
        cells = self._raw.rstrip("\r\n").replace('"', "").split(self._delimiter)
        return self._fitted(cells, f"Row is not valid CSV: {problem}")

    def _fitted(self, cells: list[str], problem: str) -> UploadedRow:
        width = len(self.header)
        return UploadedRow((cells + [""] * width)[:width], problem)


def _check_encoding(spool: Spool) -> None:
    try:
        for line in spool.lines():
            line.decode()
    except UnicodeDecodeError as error:
        raise BadUpload("ClientInputError : Data is not valid UTF-8") from error
