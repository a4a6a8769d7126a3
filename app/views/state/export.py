"""The comparison and lists of the window as files."""

import csv
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import TextIO

from app.domain.control import CancelToken, Progress, Report
from app.errors import WrongUse
from app.sync.report import ReportRow, harmless, report_rows, write_csv, write_html
from app.sync.workbench import Workbench
from app.views.state.language import tr

_ASK_EACH = 500


class Format(Enum):
    """In which form the comparison is written; its value is the ending of the file."""

    HTML = "html"
    CSV = "csv"


def export(
    bench: Workbench, wanted: Format, path: Path, cancel: CancelToken, report: Report
) -> None:
    """Write the whole comparison into a file; an older one is replaced once it is complete.

    Raises:
        WrongUse: The file cannot be written.
    """
    rows = _watched(report_rows(bench), cancel, report)

    def write(file: TextIO) -> None:
        if wanted is Format.CSV:
            write_csv(rows, file)
        else:
            write_html(rows, file, tr("Differences of {name}").format(name=bench.name))

    write_whole(path, write)


def export_lines(path: Path, head: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    """Write a list of the window as CSV, safe to open in a spreadsheet.

    Raises:
        WrongUse: The file cannot be written.
    """

    def write(file: TextIO) -> None:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows([harmless(cell) for cell in line] for line in lines)

    write_whole(path, write)


def write_whole(path: Path, write: Callable[[TextIO], None]) -> None:
    """Write a file beside its place, and put it there when it is complete.

    Raises:
        WrongUse: It cannot be written.
    """
    try:
        # With a byte order mark: without one, spreadsheets take UTF-8 for something else.
        encoding = "utf-8-sig" if path.suffix == ".csv" else "utf-8"
        with tempfile.NamedTemporaryFile(
            "w", encoding=encoding, newline="", dir=path.parent, prefix=path.name, delete=False
        ) as new:
            try:
                write(new)  # type: ignore[arg-type]  # a wrapper with all that a TextIO has
                new.close()
                Path(new.name).replace(path)
            except BaseException:
                Path(new.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise WrongUse(
            tr("{path} cannot be written: {why}.").format(path=path, why=error.strerror),
            tr("Choose another file."),
        ) from error


def _watched(rows: Iterable[ReportRow], cancel: CancelToken, report: Report) -> Iterator[ReportRow]:
    for done, row in enumerate(rows):
        if done % _ASK_EACH == 0:
            cancel.check()
            report(Progress(done, 0, tr("Exporting")))
        yield row
