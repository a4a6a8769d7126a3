"""Bulk API 2.0 jobs: made, uploaded, started, watched, stopped, read (salesforce.md §9, §10)."""

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from os import SEEK_END
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import msgspec
import requests

from app.connectors.http import HttpRequest
from app.connectors.salesforce.bulk_pace import Pace, Taken
from app.connectors.salesforce.session import SalesforceSession
from app.domain.control import CancelToken
from app.errors import (
    AnswerLost,
    AnswerUnreadable,
    AppError,
    Cancelled,
    ConnectionFailed,
    NotAllowed,
    NotSignedIn,
    RemoteRefused,
)

log = logging.getLogger(__name__)

OPEN, CLOSED, RUNNING = "Open", "UploadComplete", "InProgress"
COMPLETE, FAILED, ABORTED = "JobComplete", "Failed", "Aborted"
_ENDED = frozenset({COMPLETE, FAILED, ABORTED})
_CALLS = 20  # of one job, roughly: that many must be free before it is begun
_MISSES = 5  # times in a row that a job could not be asked how it is
_STARTS = 3
_START_GRACE_S = 0.25  # after a cancel, for the answer that says that a job has started
_MOMENT_S = 0.05
_WRONG_STATE = frozenset({"INVALIDJOBSTATE", "InvalidJobState"})
_SETTING = "instance_url"


@dataclass(frozen=True, slots=True)
class JobInfo:
    """How a job stands; `processed` counts the failed rows too (salesforce.md §9).

    Attributes:
        upload_path: Where on the instance the table of an open job goes, "" where it is not told.
        lasted_s: Seconds from when it was made to its last change, None where that is not told.
    """

    id: str
    state: str
    operation: str = ""
    processed: int = 0
    failed: int = 0
    message: str = ""
    upload_path: str = ""
    lasted_s: float | None = None

    @property
    def has_ended(self) -> bool:
        """Whether it will write nothing more."""
        return self.state in _ENDED


class Grace(CancelToken):
    """A token that follows another one a little later: so long what was begun may be ended."""

    def __init__(self, cancel: CancelToken, seconds: float) -> None:
        super().__init__()
        self._outer = cancel
        self._seconds = seconds
        self._end: float | None = None

    @property
    def is_cancelled(self) -> bool:
        """Whether the time is over."""
        if self._end is None and self._outer.is_cancelled:
            self._end = monotonic() + self._seconds
        return self._end is not None and monotonic() >= self._end

    def check(self) -> None:
        """Raise `Cancelled` if the time is over."""
        if self.is_cancelled:
            self._outer.check()

    def wait(self, seconds: float) -> None:
        """Wait, but once the other token is cancelled for a moment only."""
        self.check()
        if self._end is None:
            with suppress(Cancelled):
                self._outer.wait(seconds)
        else:
            super().wait(max(0.0, min(seconds, _MOMENT_S, self._end - monotonic())))
        self.check()


class BulkJobs:
    """The jobs of one kind, `ingest` or `query`; any number of threads may use it at once."""

    def __init__(self, session: SalesforceSession, kind: str) -> None:
        self._session = session
        self._path = f"jobs/{kind}"
        self._taken: dict[str, Taken] = {}  # operation → by the job that ended last

    def create(self, wish: Mapping[str, Any], cancel: CancelToken) -> JobInfo:
        """Return a new job; one that was made unnoticed stays empty, and goes away by itself.

        Raises:
            LimitReached: Too few calls are left to bring it to its end.
        """
        self._session.limits.demand(self._session.http.connection, _CALLS)
        body = msgspec.json.encode({"contentType": "CSV", "lineEnding": "LF", **wish})
        return self._told(self._ask("POST", "", cancel, body=body))

    def upload(self, job: JobInfo, file: Path, cancel: CancelToken) -> None:
        """Send a job's one table.

        Nothing counts before `start`, so a cancel does not wait for it, and a job whose upload
        failed can be left behind.
        """
        self._session.ask(
            HttpRequest(
                "PUT",
                job.upload_path or f"{self._path}/{job.id}/batches",
                _SETTING,
                {"Content-Type": "text/csv"},  # always UTF-8 (salesforce.md §9)
                repeatable=False,
                upload=file,
            ),
            cancel,
            begun=True,
        )

    def start(self, job: str, cancel: CancelToken) -> None:
        """Say that the upload is complete; where the answer is lost the job is asked how it is.

        A cancel while that is said waits for the answer but a moment: then the job may have been
        started, as after any return.

        Raises:
            AnswerLost: Whether it has started is not to be learned.
            Cancelled: Nothing was said.
        """
        for _ in range(_STARTS):
            cancel.check()
            try:
                self._close(job, Grace(cancel, _START_GRACE_S))
            except Cancelled:
                return
            except (NotSignedIn, NotAllowed):
                raise
            except ConnectionFailed:
                lost = True
            except RemoteRefused as error:
                if error.code not in _WRONG_STATE:
                    raise
                lost = False
            else:
                return
            if self._has_started(job, lost=lost):
                return
        raise AnswerLost(
            f"Salesforce connection {self._session.http.connection!r}: nobody can tell whether "
            f"bulk job {job} was started.",
            "`concord resume` asks it and settles its rows.",
        )

    def _has_started(self, job: str, *, lost: bool) -> bool:
        try:
            return self.info(job, CancelToken()).state != OPEN
        except AppError as error:
            if not lost:
                raise
            raise AnswerLost(error.summary, error.hint) from error

    def _close(self, job: str, cancel: CancelToken) -> None:
        body = msgspec.json.encode({"state": CLOSED})
        request = HttpRequest("PATCH", f"{self._path}/{job}", _SETTING, {}, body, repeatable=False)
        self._told(self._session.ask(request, cancel, begun=True))

    def abort(self, job: str, cancel: CancelToken) -> JobInfo:
        """Stop a job and return how it is then: it may have ended before."""
        body = msgspec.json.encode({"state": ABORTED})
        try:
            return self._told(self._ask("PATCH", f"/{job}", cancel, body=body))
        except RemoteRefused as error:
            if error.code not in _WRONG_STATE:
                raise
            return self.info(job, cancel)

    def info(self, job: str, cancel: CancelToken) -> JobInfo:
        """Return how a job stands.

        Raises:
            RemoteRefused: There is none of this id, or none any more.
        """
        return self._told(self._ask("GET", f"/{job}", cancel))

    def ended(self, job: str, cancel: CancelToken, rows: int = 0, operation: str = "") -> JobInfo:
        """Wait for a job's end and return how it stands then; asked ever more seldom.

        Of a job of so many `rows` it is asked when, as fast as it went so far, it will be done; for
        the first time when the job before of the same `operation` was done, sooner if it has fewer
        rows. One that is almost done for long is asked in ever longer steps.

        Raises:
            ConnectionFailed: It could not be asked for a long time; it may still be at work.
            Cancelled: At once; the job goes on.
        """
        began, misses, processed = monotonic(), 0, 0
        pace = Pace(rows, self._taken.get(operation))
        if pace.first_s:
            cancel.wait(pace.first_s)
        while True:
            try:
                info = self.info(job, cancel)
            except NotSignedIn:
                raise
            except AppError as error:
                misses += 1
                cancel.check()
                if misses == _MISSES or isinstance(error, RemoteRefused):
                    raise
                log.warning("Bulk job %s could not be asked: %s", job, error.summary)
            else:
                misses, processed = 0, info.processed
                if info.has_ended:
                    if taken := pace.told(monotonic() - began, info.lasted_s):
                        self._taken[operation] = taken
                    return info
            cancel.wait(pace.next_s(processed, monotonic() - began))

    def take(self, path: str, into: Path, cancel: CancelToken) -> requests.Response:
        """Bring a table to a file and return the answer's head; an empty answer is an empty file.

        `path` stands below the job kind's.
        """
        into.write_bytes(b"")
        request = HttpRequest(
            "GET", f"{self._path}{path}", _SETTING, {"Accept": "text/csv"}, into=into
        )
        return self._session.ask(request, cancel, begun=True)

    def results(self, job: str, name: str, into: Path, cancel: CancelToken) -> None:
        """Bring `successfulResults`, `failedResults` or `unprocessedrecords` to a file."""
        head = self.take(f"/{job}/{name}", into, cancel).headers
        if "Content-Length" in head or head.get("Transfer-Encoding", "").lower() == "chunked":
            _end_last_line(into)

    def json(self, path: str, cancel: CancelToken) -> Any:
        """Return the JSON of a resource below the job kind's."""
        answer = self._ask("GET", path, cancel)
        return self._session.http.decoded(answer)

    def _ask(
        self, method: str, path: str, cancel: CancelToken, *, body: bytes | None = None
    ) -> requests.Response:
        request = HttpRequest(method, f"{self._path}{path}", _SETTING, {}, body)
        return self._session.ask(request, cancel, begun=bool(path))

    def _told(self, answer: requests.Response) -> JobInfo:
        body = self._session.http.decoded(answer)
        if not isinstance(body, dict) or not body.get("id") or not body.get("state"):
            raise AnswerUnreadable(
                f"Salesforce connection {self._session.http.connection!r}: the answer tells "
                "neither id nor state of a bulk job.",
                "Try again; if it stays so, check the instance's URL.",
            )
        return JobInfo(
            str(body["id"]),
            str(body["state"]),
            str(body.get("operation") or ""),
            int(body.get("numberRecordsProcessed") or 0),
            int(body.get("numberRecordsFailed") or 0),
            self._session.http.harmless(str(body.get("errorMessage") or "")),
            _path_on_host(str(body.get("contentUrl") or "")),
            _lasted(body),
        )


def _lasted(body: Mapping[str, Any]) -> float | None:
    try:
        made, changed = (
            datetime.fromisoformat(str(body[name])) for name in ("createdDate", "systemModstamp")
        )
        return max(0.0, (changed - made).total_seconds())
    except (KeyError, ValueError, TypeError):  # only how long the next is waited for hangs on it
        return None


def _path_on_host(url: str) -> str:
    """Return the path in a URL that stands with a host, or without even a slash before it."""
    path = urlsplit(url).path.lstrip("/")
    return f"/{path}" if path else ""


def _end_last_line(file: Path) -> None:
    """End the last line of a table that came whole: not every server does."""
    with file.open("rb+") as opened:
        if not opened.seek(0, SEEK_END):
            return
        opened.seek(-1, SEEK_END)
        if opened.read(1) not in b"\r\n":
            opened.write(b"\n")
