"""Jobs of Bulk API 1.0 and their batches: what was asked for, and where each stands."""

import threading
from collections import Counter
from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.sandbox.clock import Clock
from app.sandbox.salesforce.bulk1.errors import AsyncError
from app.sandbox.salesforce.ids import IdSource
from app.sandbox.salesforce.values import stamp
from app.sandbox.wire import RowFault

_LIFE = timedelta(days=7)
_AT_ONCE = 4
_STATES = ("Queued", "InProgress", "Completed", "Failed", "NotProcessed")
QUERIES = frozenset({"query", "queryAll"})
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a job was created with."""

    version: str
    operation: str
    sobject: str
    content_type: str  # CSV, JSON or XML
    external_id: str | None
    concurrency: str  # Parallel or Serial
    user_id: str
    chunk_rows: int = 0  # PK chunking: rows of an id range; 0 without


@dataclass(slots=True)
class Batch:
    """One batch of a job: its body, its state, its results by id."""

    id: str
    body: bytes
    created_at: str
    state: str = "Queued"
    message: str = ""
    changed_at: str = ""
    processed: int = 0
    failed: int = 0
    results: dict[str, bytes] = field(default_factory=dict)
    fault: RowFault | None = None

    def info(self, job_id: str) -> Json:
        """Return the documented keys of the batch info."""
        body: Json = {"id": self.id, "jobId": job_id, "state": self.state}
        if self.message:
            body["stateMessage"] = self.message
        return {
            **body,
            "createdDate": self.created_at,
            "systemModstamp": self.changed_at or self.created_at,
            "numberRecordsProcessed": self.processed,
            "numberRecordsFailed": self.failed,
            "totalProcessingTime": 0,
            "apiActiveProcessingTime": 0,
            "apexProcessingTime": 0,
        }


class Job:
    """A job; safe to use from the threads of requests and of batches."""

    def __init__(self, job_id: str, wish: Wish, now: datetime) -> None:
        self.id = job_id
        self.wish = wish
        self.created_at = now
        self.state = "Open"
        self.changed_at = stamp(now)
        self.stop = threading.Event()
        self.serial = threading.Lock()
        self._lock = threading.Lock()
        self._batches: dict[str, Batch] = {}

    def batches(self) -> list[Batch]:
        """Return the batches in the order in which they came."""
        with self._lock:
            return list(self._batches.values())

    def add(self, batch: Batch) -> None:
        """Add a batch."""
        with self._lock:
            self._batches[batch.id] = batch

    def batch(self, batch_id: str) -> Batch:
        """Return a batch by its id; AsyncError if there is none."""
        found = next((b for b in self.batches() if b.id[:15] == batch_id[:15]), None)
        if found is None:
            raise AsyncError("InvalidBatch", f"Unable to find batch with id {batch_id}")
        return found

    def info(self) -> Json:
        """Return the documented keys of the job info."""
        batches = self.batches()
        states = Counter(each.state for each in batches)
        wish = self.wish
        keyed = {"externalIdFieldName": wish.external_id} if wish.external_id else {}
        counts = {f"numberBatches{state}": states[state] for state in _STATES[:4]}
        return {
            "id": self.id,
            "operation": wish.operation,
            "object": wish.sobject,
            "createdById": wish.user_id,
            "createdDate": stamp(self.created_at),
            "systemModstamp": self.changed_at,
            "state": self.state,
            **keyed,
            "concurrencyMode": wish.concurrency,
            "contentType": wish.content_type,
            **counts,
            "numberBatchesTotal": len(batches),
            "numberRecordsProcessed": sum(each.processed for each in batches),
            "numberRetries": 0,
            "apiVersion": float(wish.version),
            "numberRecordsFailed": sum(each.failed for each in batches),
            "totalProcessingTime": 0,
            "apiActiveProcessingTime": 0,
            "apexProcessingTime": 0,
        }

    def move(self, state: str, allowed: Collection[str], now: datetime) -> None:
        """Go over to a state; AsyncError where the present one does not allow that."""
        with self._lock:
            if self.state not in allowed:
                message = f"{state} job not allowed"
                raise AsyncError("InvalidJobState", f"{message}. Job is {self.state}")
            self.state, self.changed_at = state, stamp(now)


class Jobs:
    """The jobs of the last seven days, and the threads that carry their batches out."""

    def __init__(self, clock: Clock, ids: IdSource) -> None:
        self._clock = clock
        self._ids = ids
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._pool: ThreadPoolExecutor | None = None

    def open(self, wish: Wish) -> Job:
        """Return a new job."""
        job = Job(self._ids.next("750"), wish, self._clock.now())
        with self._lock:
            self._jobs[job.id] = job
        return job

    def find(self, job_id: str) -> Job:
        """Return a job by its id; AsyncError if there is none, or none any more."""
        with self._lock:
            found = next((j for j in self._jobs.values() if j.id[:15] == job_id[:15]), None)
        if found is None or self._clock.now() - found.created_at > _LIFE:
            raise AsyncError("InvalidJob", f"Unable to find job with id {job_id}", status=404)
        return found

    def new_batch(self, body: bytes, fault: RowFault | None = None) -> Batch:
        """Return a batch with an id of its own."""
        return Batch(self._ids.next("751"), body, stamp(self._clock.now()), fault=fault)

    def new_result(self) -> str:
        """Return the id of a query's result."""
        return self._ids.next("752")

    def start(self, work: Callable[[], None]) -> Future[None]:
        """Let a thread carry a batch out."""
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="bulk1")
            return self._pool.submit(work)

    def clear(self) -> None:
        """Stop and forget every job."""
        with self._lock:
            jobs = list(self._jobs.values())
            self._jobs.clear()
            pool, self._pool = self._pool, None
        for job in jobs:
            job.stop.set()
        if pool is not None:
            pool.shutdown(cancel_futures=True)
