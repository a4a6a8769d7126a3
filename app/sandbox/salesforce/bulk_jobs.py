"""Bulk jobs: what was asked for, where each stands, and the threads that carry them out (§9, §10).

A job runs beside the requests, as in Salesforce: who wants to know how it stands has to poll.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from contextvars import copy_context
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from app.sandbox.clock import Clock
from app.sandbox.salesforce.bulk_csv import CsvShape, Spool
from app.sandbox.salesforce.errors import RequestError, not_found
from app.sandbox.salesforce.ids import IdSource
from app.sandbox.salesforce.values import stamp
from app.sandbox.wire import RowFault

log = logging.getLogger(__name__)

_LIFE = timedelta(days=7)
_AT_ONCE = 4
_LEAST_PAUSE_S = 0.0005  # between chunks, so that the org's other writers get their turn
UNFINISHED = frozenset({"Open", "UploadComplete", "InProgress"})
FINISHED = frozenset({"JobComplete", "Failed", "Aborted"})


_SETTINGS: Mapping[str, type] = {
    "chunk_seconds": float,
    "hold_seconds": float,
    "lock_seconds": float,
    "page_rows": int,
    "fail_after_rows": int,
}


@dataclass(slots=True)
class BulkSettings:
    """How bulk jobs go here; changed through the control door."""

    chunk_seconds: float = 0.0  # an ingest job waits so long before each chunk of 200 rows
    hold_seconds: float = 0.0  # saving a chunk takes so long, its parents held meanwhile
    lock_seconds: float = 10.0  # how long a save waits for a parent that another one holds
    page_rows: int = 50_000  # rows of a page of query results, unless a number is asked for
    fail_after_rows: int | None = None  # the next ingest job fails once it has done so many


@dataclass(frozen=True, slots=True)
class Asked:
    """What a job was created with."""

    kind: str  # ingest or query
    version: str  # as the caller wrote it: "66.0"
    operation: str
    sobject: str
    created_by: str
    shape: CsvShape
    details: Mapping[str, Any]  # further keys of the job info
    header: bytes = b""  # of the results of a query


class Job:
    """One bulk job; safe to use from the threads of requests and from its own."""

    def __init__(self, job_id: str, asked: Asked, clock: Clock) -> None:
        self.id = job_id
        self.asked = asked
        self.upload, self.results = Spool(), Spool()
        self.failures, self.unprocessed = Spool(), Spool()
        self.rows: list[int] = []  # where each row of a query's results ends
        self.fault: RowFault | None = None
        self.stop = threading.Event()
        self.created_at = clock.now()
        self._clock = clock
        self._lock = threading.Lock()
        self._state = "Open"
        self._changed_at = stamp(self.created_at)
        self._processed = self._failed = 0
        self._error: str | None = None
        self._began_s = self._took_s = 0.0
        self._future: Future[None] | None = None

    @property
    def state(self) -> str:
        """Where the job stands."""
        with self._lock:
            return self._state

    def move(self, state: str, allowed: Collection[str], error: str | None = None) -> bool:
        """Go over to `state` if the job stands in one of `allowed`, and tell whether it did."""
        with self._lock:
            if self._state not in allowed:
                return False
            if state == "InProgress":
                self._began_s = time.monotonic()
            elif self._state == "InProgress":
                self._took_s = time.monotonic() - self._began_s
            self._state, self._error = state, error
            self._changed_at = stamp(self._clock.now())
            return True

    def demand(self, state: str, allowed: Collection[str]) -> None:
        """Go over to `state`.

        Raises:
            RequestError: The job does not stand in one of `allowed` (INVALIDJOBSTATE).
        """
        if not self.move(state, allowed):
            raise wrong_state(self, f"{state} is not a valid next state")

    def count(self, processed: int, failed: int) -> None:
        """Add to the rows done; those that failed are among the processed."""
        with self._lock:
            self._processed += processed
            self._failed += failed

    def info(self) -> dict[str, Any]:
        """Return the documented keys of the job info."""
        asked = self.asked
        with self._lock:
            body: dict[str, Any] = {
                "id": self.id,
                "operation": asked.operation,
                "object": asked.sobject,
                "createdById": asked.created_by,
                "createdDate": stamp(self.created_at),
                "systemModstamp": self._changed_at,
                "state": self._state,
                "concurrencyMode": "Parallel",
                "contentType": "CSV",
                "apiVersion": float(asked.version),
                "jobType": "V2Ingest" if asked.kind == "ingest" else "V2Query",
                "lineEnding": asked.shape.line_ending,
                "columnDelimiter": asked.shape.column_delimiter,
                "retries": 0,
                "totalProcessingTime": round(self._took_s * 1000),
                "numberRecordsProcessed": self._processed,
                **asked.details,
            }
            if asked.kind == "ingest":
                body["apiActiveProcessingTime"] = body["totalProcessingTime"]
                body["apexProcessingTime"] = 0
                body["contentUrl"] = f"services/data/v{asked.version}/jobs/ingest/{self.id}/batches"
                body["numberRecordsFailed"] = self._failed
            body["errorMessage"] = self._error
        return body

    def start(self, pool: ThreadPoolExecutor, work: Callable[[], None]) -> None:
        """Let a thread carry the job out."""
        self._future = pool.submit(copy_context().run, work)  # change events tell who asked
        self._future.add_done_callback(self._check)

    def _check(self, future: Future[None]) -> None:
        error = None if future.cancelled() else future.exception()
        if error is not None:
            log.error("Bulk job %s met a defect", self.id, exc_info=error)
            self.move("Failed", UNFINISHED, "InternalServerError : An unexpected error occurred")

    def halt(self) -> bool:
        """Let the job's thread stop at the next chunk, wait, and tell whether it ever began."""
        self.stop.set()
        if self._future is None or self._future.cancel():
            return False
        self.wait()
        return True

    def wait(self) -> None:
        """Wait until the job's thread, if it has one, has written all it had to."""
        if self._future is not None and not self._future.cancelled():
            self._future.exception()

    def close(self) -> None:
        """Stop, and forget the files."""
        self.halt()
        for spool in (self.upload, self.results, self.failures, self.unprocessed):
            spool.close()


def wrong_state(job: Job, why: str) -> RequestError:
    """Return the error of what a job's state does not allow."""
    return RequestError("INVALIDJOBSTATE", f"{why}: job {job.id} is {job.state}")


class BulkJobs:
    """The org's bulk jobs of the last seven days, and the few threads that do them."""

    def __init__(self, clock: Clock, ids: IdSource, seed: int) -> None:
        self.settings = BulkSettings()
        self._clock = clock
        self._ids = ids
        self._seed = seed
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="bulk")
        self._turn = threading.Lock()

    def turn(self) -> AbstractContextManager[object]:
        """Return what a job enters for a batch: jobs that only compute take turns.

        Side by side they would but fight for the interpreter. Jobs that the settings slow down go
        at once, so that they can get into each other's way.
        """
        slowed = self.settings.hold_seconds or self.settings.chunk_seconds
        return nullcontext() if slowed else self._turn

    def set(self, values: Mapping[str, Any]) -> None:
        """Change settings by name.

        Raises:
            KeyError: There is no such setting.
            ValueError: The value is no number.
        """
        for name, value in values.items():
            if name not in _SETTINGS:
                raise KeyError(name)
            if value is None and name == "fail_after_rows":
                self.settings.fail_after_rows = None
            elif isinstance(value, bool | None) or not isinstance(value, int | float | Decimal):
                raise ValueError(f"{name} is a number, not {value!r}")
            else:
                setattr(self.settings, name, _SETTINGS[name](max(0, value)))

    def open(self, asked: Asked) -> Job:
        """Return a new job in state Open."""
        job = Job(self._ids.next("750"), asked, self._clock)
        with self._lock:
            self._jobs[job.id] = job
        return job

    def find(self, kind: str, job_id: str) -> Job:
        """Return a job by its id of 15 or 18 characters.

        Raises:
            RequestError: There is none of this kind, or none any more (404).
        """
        with self._lock:
            found = next((j for j in self._jobs.values() if j.id[:15] == job_id[:15]), None)
        if found is None or found.asked.kind != kind:
            raise not_found()
        if self._clock.now() - found.created_at > _LIFE:
            raise not_found()
        return found

    def listed(self, kind: str) -> list[Job]:
        """Return the jobs of a kind, oldest first."""
        oldest = self._clock.now() - _LIFE
        with self._lock:
            jobs = list(self._jobs.values())
        return [job for job in jobs if job.asked.kind == kind and job.created_at >= oldest]

    def remove(self, job: Job) -> None:
        """Forget a job."""
        with self._lock:
            self._jobs.pop(job.id, None)
        job.close()

    def start(self, job: Job, work: Callable[[], None]) -> None:
        """Let a thread carry a job out."""
        job.start(self._pool, work)

    def pause(self, job: Job) -> bool:
        """Wait as the settings say, and tell whether the job may go on."""
        return not job.stop.wait(max(self.settings.chunk_seconds, _LEAST_PAUSE_S))

    def order(self, job: Job) -> random.Random:
        """Return what a job's results are shuffled with: of the same seed and job, the same."""
        return random.Random(f"{self._seed} {job.id}")

    def clear(self) -> None:
        """Stop and forget every job; the settings are as at the start."""
        with self._lock:
            jobs = list(self._jobs.values())
            self._jobs.clear()
        self.settings = BulkSettings()
        for job in jobs:
            job.close()

    def close(self) -> None:
        """Stop everything."""
        self.clear()
        self._pool.shutdown()
