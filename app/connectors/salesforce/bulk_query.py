"""Reads through bulk query jobs: pages of CSV brought to files, several at once (§10)."""

import logging
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from app.connectors.overlap import overlapped
from app.connectors.salesforce.bulk_csv import opened_table
from app.connectors.salesforce.bulk_jobs import COMPLETE, BulkJobs, Grace
from app.connectors.salesforce.session import SalesforceSession
from app.connectors.salesforce.tables import CellTable
from app.domain.control import CancelToken
from app.errors import AnswerUnreadable, AppError, RemoteRefused

log = logging.getLogger(__name__)

_PAGES_AT_ONCE = 4
_MOST_IN_FILE = 50_000  # rows of one file, where we may say how many
_MOST_IN_CALL = 250_000  # the same, where few calls count for more than time
_ASKED = 1  # calls that ask a job how it is: as long as the one before took, nobody asks
_GRACE_S = 0.8  # after a cancel, to stop the job
_PAGES_SINCE = 58.0  # the version from which the addresses of all pages are told (§10)
_LAST = "null"


@dataclass(frozen=True, slots=True)
class _Page:
    """Where a page of results stands; `file` is where it was brought."""

    path: str
    file: Path
    rows: int | None = None
    locator: str = ""


class BulkQuery:
    """Reads large results; any number of threads may use it at once."""

    def __init__(self, session: SalesforceSession) -> None:
        self._session = session
        self._jobs = BulkJobs(session, "query")

    def forecast(self, rows: int) -> int:
        """Return the calls that so many rows take `in_turn`: a job made, waited for, its pages."""
        return 1 + _ASKED + max(1, -(-rows // _MOST_IN_CALL))

    def job(self, soql: str, cancel: CancelToken, *, deleted: bool = False, about: int = 0) -> str:
        """Return the id of a job that has found all rows of a statement.

        Where it is known `about` how many there are, it is asked less often.

        Raises:
            RemoteRefused: Bulk jobs cannot do it, or this one failed; a plain query may.
            Cancelled: The job is stopped.
        """
        operation = "queryAll" if deleted else "query"
        job = self._jobs.create({"operation": operation, "query": soql}, cancel).id
        try:
            info = self._jobs.ended(job, cancel, about, operation)
        except BaseException:
            with suppress(AppError):
                self._jobs.abort(job, Grace(cancel, _GRACE_S))
            raise
        if info.state == COMPLETE:
            return job
        raise RemoteRefused(
            f"Salesforce connection {self._session.http.connection!r}: bulk query {job} ended as "
            f"{info.state}: {info.message or 'no reason given'}.",
            code=info.state,
        )

    def rows(
        self,
        job: str,
        columns: Sequence[str],
        size: int,
        cancel: CancelToken,
        *,
        in_turn: bool = False,
    ) -> Iterator[CellTable]:
        """Yield the rows of a finished job in tables of `size`.

        Whatever their number, a few files and one table are held at a time. Pages come
        several at once, or, `in_turn`, as few as can be, each as large as the org makes them.

        Raises:
            AnswerUnreadable: A page has not as many rows as its head says.
        """
        with tempfile.TemporaryDirectory(prefix="concord-") as folder:
            pages = self._chain if in_turn else self._pages
            for page in pages(job, Path(folder), cancel):
                yield from self._tables(page, columns, size, cancel)
                page.file.unlink()

    def _tables(
        self, page: _Page, columns: Sequence[str], size: int, cancel: CancelToken
    ) -> Iterator[CellTable]:
        count = 0
        with opened_table(page.file) as (header, rows):
            if header and len(header) != len(columns):
                raise self._unreadable("other columns than were asked for")
            names = _spelled(header, columns)
            while cells := list(islice(rows, size)):
                cancel.check()
                count += len(cells)
                if any(len(row) != len(columns) for row in cells):
                    raise self._unreadable("a row that is cut off")
                yield CellTable(names, cells)
        if page.rows is not None and page.rows != count:
            raise self._unreadable(f"{count} rows where {page.rows} were announced")

    def _unreadable(self, what: str) -> AnswerUnreadable:
        return AnswerUnreadable(
            f"Salesforce connection {self._session.http.connection!r}: a page of bulk results has "
            f"{what}.",
            "Read again; what was read so far is kept.",
        )

    def _pages(self, job: str, folder: Path, cancel: CancelToken) -> Iterator[_Page]:
        answer = self._first_addresses(job, cancel)
        if answer is None:
            yield from self._chain(job, folder, cancel, _MOST_IN_FILE)
            return
        number = 0
        while answer:
            urls = [str(page["resultUrl"]) for page in answer["resultPages"]]
            tasks = [
                partial(self._brought, self._below(url), folder / f"{number + n}.csv", cancel)
                for n, url in enumerate(urls)
            ]
            number += len(urls)
            pages = overlapped(tasks, _PAGES_AT_ONCE, cancel)
            with closing(pages):
                yield from pages
            onward = answer.get("nextRecordsUrl") or answer.get("nextRecordUrl") or ""
            path = "" if answer.get("done") else self._below(str(onward))
            answer = self._jobs.json(path, cancel) if path else None

    def _first_addresses(self, job: str, cancel: CancelToken) -> Any:
        """Return where the first pages of a job stand, None where only each page tells the next."""
        if float(self._session.version) < _PAGES_SINCE:
            return None
        try:
            answer = self._jobs.json(f"/{job}/resultPages", cancel)
        except RemoteRefused as error:
            log.info("Pages of bulk query %s are read in turn (%s)", job, error.code)
            return None
        return answer if isinstance(answer, dict) and answer.get("resultPages") else None

    def _chain(
        self, job: str, folder: Path, cancel: CancelToken, most: int = _MOST_IN_CALL
    ) -> Iterator[_Page]:
        """Yield pages locator by locator: each tells where the next one is."""
        locator, number = "", 0
        while locator != _LAST:
            path = f"/{job}/results?maxRecords={most}"
            path += f"&locator={locator}" if locator else ""
            page = self._brought(path, folder / f"{number}.csv", cancel)
            yield page
            locator, number = page.locator or _LAST, number + 1

    def _brought(self, path: str, file: Path, cancel: CancelToken) -> _Page:
        head = self._jobs.take(path, file, cancel).headers
        count = head.get("Sforce-NumberOfRecords", "")
        return _Page(
            path, file, int(count) if count.isdigit() else None, head.get("Sforce-Locator", "")
        )

    def _below(self, url: str) -> str:
        """Return the part of a resource's path below `jobs/query`."""
        return url.rpartition("/jobs/query")[2]


def _spelled(header: Sequence[str], columns: Sequence[str]) -> Sequence[str]:
    """Return a table's columns as they were asked for, in the table's order where it names them.

    Before version 50.0 that order is anybody's (salesforce.md §10).
    """
    asked = {name.lower(): name for name in columns}
    found = [asked.get(name.lower(), "") for name in header]
    return found if found and all(found) else columns
