"""Batches carried out: up to 10,000 rows saved 200 at a time, or one query (salesforce.md §11)."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, nullcontext
from itertools import islice
from typing import Any

from app.sandbox.salesforce import bulk_query
from app.sandbox.salesforce.bulk1.errors import AsyncError
from app.sandbox.salesforce.bulk1.jobs import QUERIES, Batch, Job, Jobs
from app.sandbox.salesforce.bulk1.words import (
    json_body,
    records_xml,
    result_json,
    result_xml,
    xml_records,
    xml_response,
)
from app.sandbox.salesforce.bulk_chunks import CHUNK_ROWS, refused, save_chunk
from app.sandbox.salesforce.bulk_columns import Columns, columns_of
from app.sandbox.salesforce.bulk_csv import BadUpload, CsvShape, Spool, Upload, UploadedRow
from app.sandbox.salesforce.errors import RequestError, SalesforceError
from app.sandbox.salesforce.org import Org
from app.sandbox.salesforce.row_works import (
    Work,
    deleting,
    inserting,
    record_id,
    updating,
    upserting,
)
from app.sandbox.salesforce.schema import SObject
from app.sandbox.salesforce.soql_compile import Compiled
from app.sandbox.salesforce.soql_run import first_page
from app.sandbox.salesforce.values import stamp
from app.sandbox.wire import to_json

MOST_ROWS = 10_000
_CSV_ENDS = CsvShape()
Json = dict[str, Any]


def run(org: Org, jobs: Jobs, job: Job, batch: Batch) -> None:
    """Carry out a batch; it ends Completed, Failed, or NotProcessed where the job was aborted."""
    with job.serial if job.wish.concurrency == "Serial" else nullcontext():
        if job.stop.is_set():
            _end(org, batch, "NotProcessed")
            return
        _end(org, batch, "InProgress")
        try:
            if job.wish.operation in QUERIES:
                _query(org, jobs, job, batch)
            else:
                with org.locks.taking_part(batch.id):
                    _save(org, job, batch)
        except (AsyncError, BadUpload, RequestError) as error:
            _end(org, batch, "Failed", _message(error))
            return
        _end(org, batch, "Completed")


def _message(error: AsyncError | BadUpload | RequestError) -> str:
    if isinstance(error, AsyncError):
        return f"{error.code} : {error}"
    if isinstance(error, RequestError):
        return f"InvalidBatch : Failed to process query: {error.code}: {error.message}"
    return str(error)


def _end(org: Org, batch: Batch, state: str, message: str = "") -> None:
    batch.message, batch.changed_at = message, stamp(org.clock.now())
    batch.state = state


def _save(org: Org, job: Job, batch: Batch) -> None:
    sobject = org.schema.find(job.wish.sobject)
    if sobject is None:
        raise AsyncError("InvalidBatch", f"Unable to find object: {job.wish.sobject}")
    works = _works(org, job, sobject, batch.body)
    count = 0
    results: list[Json] = []
    while chunk := list(islice(works, CHUNK_ROWS)):
        count += len(chunk)
        if count > MOST_ROWS:
            raise AsyncError("InvalidBatch", f"Records not processed: over {MOST_ROWS} rows")
        if job.stop.wait(org.bulk.settings.chunk_seconds):
            break
        found = save_chunk(org, batch.id, chunk, batch.fault, job.stop)
        results += [_completed(job, each) for each in found]
        batch.processed += len(found)
        batch.failed += sum(not each["success"] for each in found)
    batch.results["result"] = _written(job, results)


def _completed(job: Job, result: Json) -> Json:
    created = result.get("created", job.wish.operation == "insert" and result["success"])
    return {**result, "created": created}


def _works(org: Org, job: Job, sobject: SObject, body: bytes) -> Iterator[Work]:
    """Return the works of a batch's rows; what is wrong with one of them fails that row alone."""
    make = _maker(org, job, sobject)
    if job.wish.content_type == "CSV":
        return _csv_works(org, sobject, body, make)
    if job.wish.content_type == "JSON":
        found = json_body(body)
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise AsyncError("InvalidBatch", "Failed to parse JSON: a list of objects is needed")
        return (_guarded(make(each)) for each in found)
    return (_guarded(make(each)) for each in xml_records(body))


def _csv_works(
    org: Org, sobject: SObject, body: bytes, make: Callable[[Json], Work]
) -> Iterator[Work]:
    ending = "CRLF" if b"\r\n" in body.partition(b"\n")[0] + b"\n" else "LF"
    with closing(Spool()) as spool:
        spool.append(body)
        upload = Upload(spool, CsvShape(line_ending=ending))
        columns = columns_of(org.schema, sobject, upload.header)
        for row in upload.rows():
            yield _row_work(columns, row, make)


def _row_work(columns: Columns, row: UploadedRow, make: Callable[[Json], Work]) -> Work:
    if row.problem:
        return refused(SalesforceError("CLIENT_ERROR", row.problem, fields=[]))
    return columns.guarded(make(columns.record(row.cells)), row.cells)


def _guarded(work: Work) -> Work:
    def save(saver: Any) -> Json:
        try:
            return work.save(saver)
        except RequestError as error:
            raise SalesforceError(error.code, error.message, fields=error.fields) from error

    return Work(save, work.identity, work.sobject, work.record)


def _maker(org: Org, job: Job, sobject: SObject) -> Callable[[Json], Work]:
    operation = job.wish.operation
    if operation == "insert":
        return lambda record: inserting(sobject, record)
    if operation == "update":
        return lambda record: updating(sobject, record)
    if operation == "upsert":
        key = sobject.by_name[str(job.wish.external_id).lower()]
        return lambda record: upserting(sobject, key, record)
    hard = operation == "hardDelete"
    return lambda record: deleting(org.schema, record_id(record), erase=hard)


def _written(job: Job, results: Sequence[Json]) -> bytes:
    if job.wish.content_type == "JSON":
        return to_json(result_json(results))
    if job.wish.content_type == "XML":
        return xml_response(result_xml(results)).body
    rows = [["Id", "Success", "Created", "Error"]]
    for each in results:
        flags = [str(each["success"]).lower(), str(each["created"]).lower()]
        rows.append([each.get("id") or "", *flags, _error_text(each["errors"])])
    return _CSV_ENDS.text(rows)


def _error_text(errors: Sequence[Json]) -> str:
    if not errors:
        return ""
    error = errors[0]
    fields = ", ".join(error["fields"])
    return f"{error['statusCode']}:{error['message']}:{fields + ' ' if fields else ''}--"


def _query(org: Org, jobs: Jobs, job: Job, batch: Batch) -> None:
    soql = batch.body.decode("utf-8", "replace").strip()
    query = bulk_query.compiled(org, soql, deleted=job.wish.operation == "queryAll")
    result = jobs.new_result()
    if job.wish.content_type == "CSV":
        batch.results[result], batch.processed = _as_csv(org, query)
        return
    with org.store.read() as connection:
        records = first_page(connection, query, _EVERYTHING).records
    batch.processed = len(records)
    body = to_json(records) if job.wish.content_type == "JSON" else None
    batch.results[result] = body or xml_response(records_xml(records)).body


_EVERYTHING = 2**31


def _as_csv(org: Org, query: Compiled) -> tuple[bytes, int]:
    shape = CsvShape()
    names = [selected.name for selected in query.selected]
    with org.store.read() as connection:
        rows = bulk_query.texts(connection, query)
        lines = [shape.text([names]), *(shape.text([row]) for row in rows)]
    return b"".join(lines), len(lines) - 1
