"""Deploys and retrieves as jobs: they wait, run one at a time, and can be asked and stopped."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.sandbox.clock import Clock
from app.sandbox.salesforce.errors import RequestError
from app.sandbox.salesforce.ids import IdSource, normalized
from app.sandbox.salesforce.metadata.messages import Json, Message, Options, errors_in, when

log = logging.getLogger(__name__)

DONE = frozenset({"Succeeded", "SucceededPartial", "Failed", "Canceled"})
_DEFECT = "UNKNOWN_EXCEPTION"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a job ended."""

    status: str
    messages: Sequence[Message] = ()
    error: str = ""
    code: str = ""


@dataclass(slots=True)
class DeployJob:
    """One deploy; its worker and those who ask for it share a lock."""

    id: str
    body: bytes  # the zip
    options: Options
    created_by: str
    created_at: datetime
    stop: threading.Event = field(default_factory=threading.Event)
    status: str = "Pending"
    started_at: datetime | None = None
    ended_at: datetime | None = None
    ending: Ending | None = None
    done: threading.Event = field(default_factory=threading.Event)

    def result(self, *, details: bool, soap: bool = False) -> Json:
        """Return the keys of a DeployResult, in the order of the WSDL."""
        ending = self.ending
        messages = list(ending.messages) if ending is not None else []
        counted = [each for each in messages if each.kind or each.failed]
        failed = errors_in(counted)
        return {
            "canceledBy": self.created_by if self.status == "Canceled" else None,
            "checkOnly": self.options.check_only,
            "completedDate": when(self.ended_at, soap=soap),
            "createdBy": self.created_by,
            "createdByName": "Ada Admin",
            "createdDate": when(self.created_at, soap=soap),
            "details": self._details(messages if details else [], soap=soap)
            if details or soap
            else None,
            "done": self.status in DONE,
            "errorMessage": ending.error or None if ending is not None else None,
            "errorStatusCode": ending.code or None if ending is not None else None,
            "id": self.id,
            "ignoreWarnings": self.options.ignore_warnings,
            "lastModifiedDate": when(self.ended_at or self.started_at or self.created_at,
                                     soap=soap),
            "numberComponentErrors": failed,
            "numberComponentsDeployed": len(counted) - failed,
            "numberComponentsTotal": len(counted),
            "numberTestErrors": 0,
            "numberTestsCompleted": 0,
            "numberTestsTotal": 0,
            "rollbackOnError": self.options.rollback_on_error,
            "runTestsEnabled": self.options.run_tests,
            "startDate": when(self.started_at, soap=soap),
            "status": self.status,
            "success": self.status in {"Succeeded", "SucceededPartial"},
        }  # fmt: skip

    def _details(self, messages: Sequence[Message], *, soap: bool) -> Json:
        stamp = when(self.ended_at or self.created_at, soap=soap) or ""
        tests: Json = {"numFailures": 0, "numTestsRun": 0, "totalTime": 0.0}
        if not soap:
            tests |= {"codeCoverage": [], "codeCoverageWarnings": [], "failures": []}
            tests |= {"flowCoverage": [], "flowCoverageWarnings": [], "successes": []}
        done = [each.fields(stamp) for each in messages if each.success]
        failed = [each.fields(stamp) for each in messages if each.failed]
        return {"componentFailures": failed, "componentSuccesses": done, "runTestResult": tests}


@dataclass(frozen=True, slots=True)
class RetrieveJob:
    """One retrieve, which is done as soon as it is asked for."""

    id: str
    body: bytes  # the zip
    files: Sequence[Json]
    messages: Sequence[Json]


Work = Callable[[DeployJob], Ending]


class MetadataJobs:
    """The deploys and retrieves of the org."""

    def __init__(self, clock: Clock, ids: IdSource) -> None:
        self.pending_seconds = 0.0  # how long a deploy waits before it begins
        self._clock = clock
        self._ids = ids
        self._lock = threading.Lock()
        self._deploys: dict[str, DeployJob] = {}
        self._retrieves: dict[str, RetrieveJob] = {}
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="deploy")

    def set(self, values: Mapping[str, Any]) -> None:
        """Change settings by name; KeyError for one that there is not."""
        for name, value in values.items():
            if name != "pending_seconds":
                raise KeyError(name)
            if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
                raise ValueError(f"{name} is a number, not {value!r}")  # noqa: TRY004 - the door says 400
            self.pending_seconds = float(max(0, value))

    def deploy(self, body: bytes, options: Options, user_id: str, work: Work) -> DeployJob:
        """Queue a deploy and return it."""
        job = DeployJob(self._ids.next("0Af"), body, options, user_id, self._clock.now())
        with self._lock:
            self._deploys[job.id] = job
        self._pool.submit(self._run, job, work).add_done_callback(lambda f: self._check(job, f))
        return job

    def _run(self, job: DeployJob, work: Work) -> None:
        job.stop.wait(self.pending_seconds)
        if job.stop.is_set():
            self._end(job, Ending("Canceled"))
            return
        with self._lock:
            job.status, job.started_at = "InProgress", self._clock.now()
        self._end(job, work(job))

    def _end(self, job: DeployJob, ending: Ending) -> None:
        with self._lock:
            job.status, job.ending, job.ended_at = ending.status, ending, self._clock.now()
        job.done.set()

    def _check(self, job: DeployJob, future: Future[None]) -> None:
        error = None if future.cancelled() else future.exception()
        if error is not None:
            log.error("Deploy %s met a defect", job.id, exc_info=error)
            self._end(job, Ending("Failed", error="An unexpected error occurred", code=_DEFECT))

    def find(self, job_id: str) -> DeployJob:
        """Return a deploy by its id of 15 or 18 characters.

        Raises:
            RequestError: There is none (INVALID_CROSS_REFERENCE_KEY).
        """
        with self._lock:
            found = self._deploys.get(normalized(job_id) or "")
        if found is None:
            message = "invalid cross reference id"
            raise RequestError("INVALID_CROSS_REFERENCE_KEY", message, status=404)
        return found

    def cancel(self, job: DeployJob) -> bool:
        """Ask a deploy to stop, and tell whether it had not ended yet."""
        with self._lock:
            if job.status in DONE:
                return False
            job.status = "Canceling"
        job.stop.set()
        return True

    def keep(self, retrieve: RetrieveJob) -> None:
        """Remember a retrieve."""
        with self._lock:
            self._retrieves[retrieve.id] = retrieve

    def retrieved(self, job_id: str) -> RetrieveJob:
        """Return a retrieve; RequestError as find() if there is none."""
        with self._lock:
            found = self._retrieves.get(normalized(job_id) or "")
        if found is None:
            message = "invalid cross reference id"
            raise RequestError("INVALID_CROSS_REFERENCE_KEY", message, status=404)
        return found

    def clear(self) -> None:
        """Stop and forget every job; the settings are as at the start."""
        with self._lock:
            jobs = list(self._deploys.values())
            self._deploys.clear()
            self._retrieves.clear()
        self.pending_seconds = 0.0
        for job in jobs:
            job.stop.set()
        for job in jobs:
            job.done.wait()

    def close(self) -> None:
        """Stop everything."""
        self.clear()
        self._pool.shutdown()
