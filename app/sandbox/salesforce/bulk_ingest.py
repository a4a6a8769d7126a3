"""Ingest jobs carried out: batches of 10,000 rows, saved 200 at a time (salesforce.md §9)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from app.sandbox.salesforce.bulk_chunks import CHUNK_ROWS, refused, save_chunk
from app.sandbox.salesforce.bulk_columns import Columns, columns_of
from app.sandbox.salesforce.bulk_csv import BadUpload, Upload, UploadedRow
from app.sandbox.salesforce.bulk_jobs import Job
from app.sandbox.salesforce.errors import RequestError, SalesforceError
from app.sandbox.salesforce.org import Org
from app.sandbox.salesforce.row_works import (
    Work,
    inserting,
    record_id,
    updating,
    upserting,
)
from app.sandbox.salesforce.rows_api import count_all
from app.sandbox.salesforce.saving import Saver
from app.sandbox.salesforce.schema import SObject
from app.sandbox.salesforce.usage import BATCHES

BATCH_ROWS = 10_000
_LONGEST_RECORD = 400_000
_RETRIED = "InternalServerError : Unable to process the batch. Retried 20 times"

WorkOf = Callable[[Sequence[str]], Work]
Json = dict[str, Any]


class _Halted(Exception):  # noqa: N818 - somebody wanted it
    """The job was aborted, or removed."""


class _GaveUp(Exception):  # noqa: N818 - it was asked for
    """The job is to fail here: the settings say so."""


@dataclass(frozen=True, slots=True)
class _Table:
    """An upload whose header is understood."""

    columns: Columns
    rows: Iterator[UploadedRow]
    work: WorkOf
    grows: bool


def run(org: Org, job: Job) -> None:
    """Carry out a job whose upload is complete; it ends JobComplete, Failed or Aborted."""
    if not job.move("InProgress", {"UploadComplete"}):
        leave_all(job)
        return
    try:
        table = _table(org, job)
    except BadUpload as error:
        leave_all(job)
        job.move("Failed", {"InProgress"}, str(error))
        return
    _write_headers(job, table.columns)
    left: list[UploadedRow] = []
    with org.locks.taking_part(job.id):
        problem = _save_all(org, job, table, left)
    _leave(job, table, left)
    job.move("Failed" if problem else "JobComplete", {"InProgress"}, problem)


def leave_all(job: Job) -> None:
    """Let the whole upload be unprocessed."""
    job.unprocessed.append(job.upload.read())


def _table(org: Org, job: Job) -> _Table:
    sobject = org.schema.find(job.asked.sobject)
    if sobject is None:
        raise BadUpload(f"InvalidEntity : Unable to find object: {job.asked.sobject}")
    upload = Upload(job.upload, job.asked.shape)
    columns = columns_of(org.schema, sobject, upload.header)
    operation = job.asked.operation
    _check_ids(operation, columns)
    work = _works(job, columns)
    return _Table(columns, upload.rows(), work, operation in {"insert", "upsert"})


def _check_ids(operation: str, columns: Columns) -> None:
    names = [column.field.name for column in columns.all]
    if operation in {"delete", "hardDelete"} and names != ["Id"]:
        raise BadUpload(f"InvalidBatch : The '{operation}' batch must contain only ids")
    if operation == "update" and "Id" not in names:
        raise BadUpload("InvalidBatch : Field name not found : Id")


def _works(job: Job, columns: Columns) -> WorkOf:
    """Return what makes the work of a row."""
    sobject, operation = columns.sobject, job.asked.operation
    if operation == "insert":
        return lambda row: inserting(sobject, columns.record(row))
    if operation == "update":
        return lambda row: updating(sobject, columns.record(row))
    if operation == "upsert":
        key = sobject.by_name[str(job.asked.details["externalIdFieldName"]).lower()]
        return lambda row: upserting(sobject, key, columns.record(row))
    hard = operation == "hardDelete"
    return lambda row: _deleting(sobject, record_id(columns.record(row)), hard=hard)


def _deleting(sobject: SObject, text: str, *, hard: bool) -> Work:
    def save(saver: Saver) -> Json:
        found = saver.existing(sobject, text)
        saver.delete(sobject, found)
        if hard:
            saver.erase(sobject, found)
        return {"id": found, "success": True, "errors": []}

    return Work(save, f"{sobject.name} {text}")


def _write_headers(job: Job, columns: Columns) -> None:
    shape = job.asked.shape
    job.results.append(shape.text([["sf__Id", "sf__Created", *columns.header]]))
    job.failures.append(shape.text([["sf__Id", "sf__Error", *columns.header]]))


def _save_all(org: Org, job: Job, table: _Table, left: list[UploadedRow]) -> str | None:
    """Save batch after batch; return what failed the job, if anything, and what is left of it."""
    done = 0
    try:
        while True:
            with org.bulk.turn():
                batch = list(islice(table.rows, BATCH_ROWS))
                if not batch:
                    break
                left[:] = batch
                org.usage.spend(BATCHES)
                done = _save_batch(org, job, table, (left, done))
    except _Halted:
        return None
    except RequestError:
        return "ExceededQuota : ApiBatchItems Limit exceeded"
    except _GaveUp:
        return _RETRIED
    return None


def _save_batch(org: Org, job: Job, table: _Table, progress: tuple[list[UploadedRow], int]) -> int:
    """Save the rows left of a batch, and write their results, shuffled; return all rows done."""
    left, done = progress
    with org.store.read() as connection:
        room = org.usage.room_for(count_all(org, connection)) if table.grows else 0
    saved: list[list[str]] = []
    failed: list[list[str]] = []
    try:
        while left:
            _check_end(org, job, done)
            chunk = left[:CHUNK_ROWS]
            full = table.grows and room < len(chunk)
            results = _save_chunk(org, job, table, chunk, full=full)
            del left[:CHUNK_ROWS]
            done += len(chunk)
            before = len(saved), len(failed)
            _sort_out(table, zip(chunk, results, strict=True), saved, failed)
            room -= len(saved) - before[0]
            job.count(len(chunk), len(failed) - before[1])
    finally:
        _write_results(org, job, saved, failed)
    return done


def _check_end(org: Org, job: Job, done: int) -> None:
    if not org.bulk.pause(job):
        raise _Halted
    limit = org.bulk.settings.fail_after_rows
    if limit is not None and done >= limit:
        org.bulk.settings.fail_after_rows = None
        raise _GaveUp


def _save_chunk(
    org: Org, job: Job, table: _Table, chunk: Sequence[UploadedRow], *, full: bool
) -> list[Json]:
    works = [_work(table, row, full=full) for row in chunk]
    return save_chunk(org, job.id, works, job.fault, job.stop)


def _work(table: _Table, row: UploadedRow, *, full: bool) -> Work:
    if full:
        error = SalesforceError("STORAGE_LIMIT_EXCEEDED", "storage limit exceeded", fields=[])
        return refused(error)
    if sum(map(len, row.cells)) > _LONGEST_RECORD:
        message = f"Record is longer than {_LONGEST_RECORD:,} characters"
        return refused(SalesforceError("CLIENT_ERROR", message, fields=[]))
    if row.problem:
        return refused(SalesforceError("CLIENT_ERROR", row.problem, fields=[]))
    return table.columns.guarded(table.work(row.cells), row.cells)


def _sort_out(
    table: _Table,
    outcomes: Iterable[tuple[UploadedRow, Json]],
    saved: list[list[str]],
    failed: list[list[str]],
) -> None:
    for row, result in outcomes:
        cells = table.columns.cells(row.cells)
        if result["success"]:
            created = result.get("created", table.grows)
            saved.append([result["id"], str(created).lower(), *cells])
        else:
            given = record_id(table.columns.record(row.cells))
            failed.append([given, error_text(result["errors"][0]), *cells])


def error_text(error: Json) -> str:
    """Return a row's error as `sf__Error` has it: `CODE:message:fields --`."""
    fields = ", ".join(error["fields"])
    return f"{error['statusCode']}:{error['message']}:{fields + ' ' if fields else ''}--"


def _write_results(org: Org, job: Job, saved: list[list[str]], failed: list[list[str]]) -> None:
    order = org.bulk.order(job)
    for spool, rows in ((job.results, saved), (job.failures, failed)):
        order.shuffle(rows)
        spool.append(job.asked.shape.text(rows))


def _leave(job: Job, table: _Table, left: list[UploadedRow]) -> None:
    """Write the rows that were not tried."""
    shape, columns = job.asked.shape, table.columns
    job.unprocessed.append(shape.text([columns.header]))
    job.unprocessed.append(shape.text(columns.cells(row.cells) for row in left))
    while batch := list(islice(table.rows, BATCH_ROWS)):
        job.unprocessed.append(shape.text(columns.cells(row.cells) for row in batch))
