"""Writes through bulk jobs: uploaded from a file, each row's result told as it is read (§9)."""

import logging
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from app.connectors.overlap import overlapped
from app.connectors.protocol import Batch
from app.connectors.salesforce.bodies import Bodies, all_of, by_parent, is_locked
from app.connectors.salesforce.bulk_csv import MOST_BYTES, RowMaker, Sheet, result_rows
from app.connectors.salesforce.bulk_jobs import OPEN, BulkJobs, Grace, JobInfo
from app.connectors.salesforce.bulk_rows import (
    DELETE,
    INSERT,
    UPDATE,
    UPSERT,
    JobRows,
    Load,
    outcome_of,
)
from app.connectors.salesforce.collections import Collections
from app.connectors.salesforce.session import SalesforceSession
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping
from app.domain.plan import Operation, Outcome, OutcomeState, Verb
from app.errors import (
    AnswerLost,
    AppError,
    Cancelled,
    ConnectionFailed,
    NotAllowed,
    NotSignedIn,
    RemoteRefused,
)

log = logging.getLogger(__name__)

_UPLOADS = 3  # jobs tried until one has its upload
_PAUSE_S = 0.5
_GRACE_S = 0.6  # after a cancel: to stop the job and to learn which rows are written
_BUFFER = 1024 * 1024
_LONGEST_ROW = 2_000_000  # bytes; a record has 400,000 characters at most (salesforce.md §9)
_UPLOAD = "upload.csv"
_GOOD, _BAD, _LEFT = "successfulResults", "failedResults", "unprocessedrecords"

Keyed = tuple[Operation, str]


class BulkIngest:
    """Writes large batches of one entity, one job at a time for each caller."""

    def __init__(
        self, session: SalesforceSession, bodies: Bodies, collections: Collections
    ) -> None:
        self._jobs = BulkJobs(session, "ingest")
        self._bodies = bodies
        self._collections = collections
        self._most_bytes = MOST_BYTES
        self._pause_s = _PAUSE_S

    def upsert(self, batch: Batch, cancel: CancelToken) -> Iterator[Outcome]:
        """Yield an outcome for each insert and update, by external id, in any order.

        A cancel stops the job within a second; what it has written by then is told.
        """
        load = Load(batch.entity, UPSERT)
        return self._write(load, batch, by_parent(batch.entity, batch.operations), cancel)

    def save(self, batch: Batch, cancel: CancelToken) -> Iterator[Outcome]:
        """Yield an outcome for each insert and update of an entity whose key is no external id."""
        ordered = by_parent(batch.entity, batch.operations)
        for verb, operation in ((Verb.INSERT, INSERT), (Verb.UPDATE, UPDATE)):
            some = [item for item in ordered if item.verb is verb]
            yield from self._write(Load(batch.entity, operation), batch, some, cancel)

    def delete(
        self, batch: Batch, targets: Sequence[Keyed], cancel: CancelToken
    ) -> Iterator[Outcome]:
        """Yield an outcome for each delete of a record by its id."""
        maker = RowMaker(self._bodies, batch.entity, (), "Id")
        return self._written(Load(batch.entity, DELETE), batch, maker, targets, cancel)

    def conclude(
        self, job: str, entity: EntityMapping, operations: Sequence[Operation], cancel: CancelToken
    ) -> Iterator[Outcome]:
        """Bring a job to its end and yield what it tells of operations.

        A job that was never started is stopped: nothing of it is written. One that is at work is
        waited for. What was refused only because somebody else held the row, and what was not
        processed, is not told of: it may be sent again.
        """
        try:
            info = self._jobs.info(job, cancel)
        except RemoteRefused as error:
            log.info("Bulk job %s is not there (%s)", job, error.code)
            return
        if info.state == OPEN:
            self._jobs.abort(job, cancel)
            return
        info = self._jobs.ended(job, cancel)
        rows = self._expected(Load(entity, info.operation), operations)
        with tempfile.TemporaryDirectory(prefix="concord-") as folder:
            told = self._told(info, rows, Path(folder), cancel)
            yield from (outcome for outcome in told if not is_locked(outcome))

    def _expected(self, load: Load, operations: Sequence[Operation]) -> JobRows:
        """Return the rows that a job of earlier may have had."""
        some = [operation for operation in operations if load.has(operation)]
        maker = RowMaker(
            self._bodies, load.entity, some if load.operation != DELETE else (), load.key
        )
        rows = JobRows(load, maker.header)
        for operation in some:
            rows.put(maker, operation, load.key_of(operation), None)
        return rows

    def _write(
        self, load: Load, batch: Batch, operations: Sequence[Operation], cancel: CancelToken
    ) -> Iterator[Outcome]:
        maker = RowMaker(self._bodies, load.entity, operations, load.key)
        keyed = ((operation, load.key_of(operation)) for operation in operations)
        return self._written(load, batch, maker, keyed, cancel)

    def _written(
        self,
        load: Load,
        batch: Batch,
        maker: RowMaker,
        keyed: Iterable[Keyed],
        cancel: CancelToken,
    ) -> Iterator[Outcome]:
        """Yield outcomes of rows, written in as many jobs as their size asks for."""
        waiting = iter(keyed)
        aside: list[Operation] = []
        sent = 0
        with tempfile.TemporaryDirectory(prefix="concord-") as folder:
            while (rows := self._filled(load, maker, waiting, Path(folder))) is not None:
                yield from rows.refused
                aside += rows.aside
                if rows:
                    told = self._carried_out(rows, batch.begun, Path(folder), cancel)
                    yield from told if not sent else _never_raised(told, rows.left)
                    sent += 1
        if aside:
            told = self._without_job(load, aside, cancel)
            yield from told if not sent else _never_raised(told, aside)

    def _without_job(
        self, load: Load, operations: Sequence[Operation], cancel: CancelToken
    ) -> Iterator[Outcome]:
        save = self._collections.upsert if load.operation == UPSERT else self._collections.save
        return save(load.entity, operations, cancel)

    def _filled(
        self, load: Load, maker: RowMaker, waiting: Iterator[Keyed], folder: Path
    ) -> JobRows | None:
        """Write the upload of one job and return its rows; None when there are no more."""
        rows = JobRows(load, maker.header)
        count = 0
        try:
            with (folder / _UPLOAD).open("wb", _BUFFER) as file:
                sheet = Sheet(file, maker.header)
                for operation, key in waiting:
                    count += 1
                    rows.put(maker, operation, key, sheet)
                    if sheet.size_bytes > self._most_bytes - _LONGEST_ROW:
                        break
        except OSError as error:
            raise AppError(
                f"The upload of a bulk job could not be written: {error.strerror}.",
                "Make room where this machine keeps temporary files.",
            ) from error
        return rows if count else None

    def _carried_out(
        self, rows: JobRows, begun: Callable[[str], None], folder: Path, cancel: CancelToken
    ) -> Iterator[Outcome]:
        """Yield the outcomes of one job.

        Raises:
            AppError: Nothing was written.
        """
        job = self._uploaded(rows.load, begun, folder / _UPLOAD, cancel)
        try:
            self._jobs.start(job, cancel)
        except AnswerLost as error:
            yield from all_of(rows.left, OutcomeState.UNKNOWN, error.summary)
            return
        except AppError:
            self._leave(job, cancel)
            raise
        yield from self._followed(job, rows, folder, cancel)

    def _uploaded(
        self, load: Load, begun: Callable[[str], None], file: Path, cancel: CancelToken
    ) -> str:
        """Return a job that has its upload; one that may have half of it is left for another."""
        wish = {"object": load.entity.sobject, "operation": load.operation}
        if load.operation == UPSERT:
            wish["externalIdFieldName"] = load.key
        attempt = 0
        while True:
            attempt += 1
            made = self._jobs.create(wish, cancel)
            job = made.id
            try:
                begun(job)
                self._jobs.upload(made, file, cancel)
            except AppError as error:
                self._leave(job, cancel)
                if attempt == _UPLOADS or not _may_pass(error):
                    raise
                log.warning("Bulk job %s did not get its upload: %s", job, error.summary)
                cancel.wait(self._pause_s * attempt)
            else:
                return job

    def _leave(self, job: str, cancel: CancelToken) -> None:
        """Stop a job of which nothing is written; if that fails too, it ends by itself in a day."""
        with suppress(AppError):
            self._jobs.abort(job, Grace(cancel, _GRACE_S))

    def _followed(
        self, job: str, rows: JobRows, folder: Path, cancel: CancelToken
    ) -> Iterator[Outcome]:
        """Yield what becomes of the rows of a job that was started; raises nothing."""
        grace = Grace(cancel, _GRACE_S)
        try:
            info = self._watched(job, rows, cancel, grace)
        except AppError as error:
            yield from all_of(rows.left, OutcomeState.UNKNOWN, error.summary)
            return
        locked: list[Outcome] = []
        for outcome in self._told(info, rows, folder, grace):
            if is_locked(outcome):
                locked.append(outcome)
            else:
                yield outcome
        yield from self._untold(info, rows, folder, stopped=cancel.is_cancelled)
        yield from self._once_more(rows.load, locked, cancel)

    def _watched(self, job: str, rows: JobRows, cancel: CancelToken, grace: CancelToken) -> JobInfo:
        """Return how a job stands at its end; a cancel brings that about."""
        try:
            return self._jobs.ended(job, cancel, len(rows), rows.load.operation)
        except Cancelled:
            log.info("Bulk job %s is stopped", job)
        info = self._jobs.abort(job, grace)
        return info if info.has_ended else self._jobs.ended(job, grace)

    def _told(
        self, info: JobInfo, rows: JobRows, folder: Path, cancel: CancelToken
    ) -> Iterator[Outcome]:
        """Yield the outcomes that a job's results tell; what was not processed is left."""
        names = (_GOOD, _BAD, _LEFT)
        tasks = [partial(self._bring, info.id, name, folder / name, cancel) for name in names]
        list(overlapped(tasks, len(tasks), CancelToken()))  # each ends at the cancel by itself
        for name in (_GOOD, _BAD):
            for row in result_rows(folder / name, rows.columns):
                operation = rows.take(row)
                if operation is not None:
                    yield outcome_of(self._bodies, rows.load, operation, row)

    def _bring(self, job: str, name: str, file: Path, cancel: CancelToken) -> None:
        try:
            self._jobs.results(job, name, file, cancel)
        except AppError as error:  # its rows stay unknown
            log.warning("Bulk job %s did not give its %s: %s", job, name, error.summary)
            file.write_bytes(b"")

    def _untold(
        self, info: JobInfo, rows: JobRows, folder: Path, *, stopped: bool
    ) -> Iterator[Outcome]:
        """Yield the outcomes of rows that were not processed, and of those nobody knows of."""
        state, words = OutcomeState.FAILED, info.message
        if stopped:
            state = OutcomeState.UNKNOWN
        words = words or f"Bulk job {info.id} ended before this row ({info.state})."
        for row in result_rows(folder / _LEFT, rows.columns):
            operation = rows.take(row)
            if operation is not None:
                yield Outcome(operation, state, words)
        words = f"The results of bulk job {info.id} tell nothing of this row."
        yield from all_of(rows.left, OutcomeState.UNKNOWN, words)

    def _once_more(
        self, load: Load, locked: Sequence[Outcome], cancel: CancelToken
    ) -> Sequence[Outcome]:
        """Return what becomes of rows that somebody else held, sent again in turn (§15)."""
        if not locked:
            return locked
        operations = [outcome.operation for outcome in locked]
        try:
            if load.operation == UPSERT:
                return self._collections.retry(load.entity, locked, cancel)
            if load.operation == DELETE:
                targets = [(outcome.operation, outcome.side_id) for outcome in locked]
                return self._collections.delete(load.entity, targets, cancel)
            return list(self._collections.save(load.entity, operations, cancel))
        except AppError:  # the other rows are written, so these stay refused, nothing is raised
            return locked


def _may_pass(error: AppError) -> bool:
    """Return whether another job may get its upload where this one did not."""
    return isinstance(error, ConnectionFailed) and not isinstance(error, NotSignedIn | NotAllowed)


def _never_raised(told: Iterator[Outcome], operations: Sequence[Operation]) -> Iterator[Outcome]:
    """Yield outcomes; if nothing of these rows was written, they are unknown: others were."""
    try:
        yield from told
    except AppError as error:
        yield from all_of(operations, OutcomeState.UNKNOWN, error.summary)
