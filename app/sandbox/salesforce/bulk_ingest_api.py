"""The resource jobs/ingest of Bulk API 2.0 (salesforce.md §9)."""

import io
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from app.sandbox.salesforce import bulk_ingest
from app.sandbox.salesforce.api import Call, Route
from app.sandbox.salesforce.bulk_csv import DELIMITERS, LINE_ENDINGS, CsvShape, Spool
from app.sandbox.salesforce.bulk_jobs import FINISHED, UNFINISHED, Asked, Job, wrong_state
from app.sandbox.salesforce.errors import RequestError
from app.sandbox.salesforce.schema import SObject
from app.sandbox.wire import Request, Response

MOST_BYTES = 100 * 1024 * 1024  # 150 MB once it is base64
_PIECE = 1024 * 1024
_OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
_KIND = "ingest"
_JOBS_A_PAGE = 1000
_CSV = {"Content-Type": "text/csv"}


def create(call: Call) -> Response:
    """Answer `POST jobs/ingest`: JSON, or a multipart form that has the data too."""
    kind = call.request.headers.get("content-type", "")
    if not kind.lower().startswith("multipart/form-data"):
        return Response.json(_opened(call).info())
    parts = _parts(kind, call.request.body)
    if not {"job", "content"} <= parts.keys():
        message = "A multipart request has the parts job and content"
        raise RequestError("INVALIDJOB", message)
    _check_size(len(parts["content"]))
    head = {"content-type": "application/json"}
    job = _opened(replace(call, request=replace(call.request, headers=head, body=parts["job"])))
    job.upload.append(parts["content"])
    _complete(call, job)
    return Response.json(job.info())


def _opened(call: Call) -> Job:
    body = call.json_object()
    operation = str(body.get("operation"))
    if operation not in _OPERATIONS:
        message = f"InvalidJob : Unknown operation: {operation}"
        raise RequestError("INVALIDJOB", message)
    sobject = call.org.schema.find(str(body.get("object")))
    if sobject is None:
        message = f"InvalidEntity : Unable to find object: {body.get('object')}"
        raise RequestError("INVALIDENTITY", message)
    asked = Asked(
        kind=_KIND,
        version=call.version,
        operation=operation,
        sobject=sobject.name,
        created_by=call.org.user_id,
        shape=shape_of(body),
        details={
            "externalIdFieldName": _external_id(call, sobject, body, operation),
            "assignmentRuleId": body.get("assignmentRuleId"),
        },
    )
    job = call.org.bulk.open(asked)
    job.fault = call.request.row_fault
    return job


def shape_of(body: Mapping[str, Any]) -> CsvShape:
    """Return how the CSV of a job is written.

    Raises:
        RequestError: It is to be something else than CSV, or written in an unknown way.
    """
    kind = str(body.get("contentType") or "CSV")
    if kind != "CSV":
        raise RequestError("INVALIDJOB", f"InvalidJob : Unsupported content type: {kind}")
    delimiter = str(body.get("columnDelimiter") or "COMMA")
    ending = str(body.get("lineEnding") or "LF")
    for value, known in ((delimiter, DELIMITERS), (ending, LINE_ENDINGS)):
        if value not in known:
            message = f"InvalidJob : {value} is none of {', '.join(known)}"
            raise RequestError("INVALIDJOB", message)
    return CsvShape(delimiter, ending)


def _external_id(
    call: Call, sobject: SObject, body: Mapping[str, Any], operation: str
) -> str | None:
    name = body.get("externalIdFieldName")
    if operation != "upsert":
        return None
    if not name:
        message = "InvalidJob : External ID was blank for job. An upsert needs one"
        raise RequestError("INVALIDJOB", message)
    field = call.org.schema.visible(sobject, str(name))
    if field is None or not (field.id_lookup or field.name == "Id"):
        message = (
            f"InvalidJob : Field name provided, {name} does not match an External ID, Salesforce "
            f"Id, or indexed field for {sobject.name}"
        )
        raise RequestError("INVALIDJOB", message)
    return field.name


def _parts(kind: str, body: bytes) -> dict[str, bytes]:
    """Return the parts of a multipart body by name."""
    boundary = kind.partition("boundary=")[2].partition(";")[0].strip().strip('"')
    if not boundary:
        message = "A multipart request names its boundary"
        raise RequestError("INVALIDJOB", message)
    found: dict[str, bytes] = {}
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary.encode())[1:]:
        head, _, content = part.partition(b"\r\n\r\n")
        name = head.decode("utf-8", "replace").partition(' name="')[2].partition('"')[0]
        if name:
            found[name] = content
    return found


def _job(call: Call) -> Job:
    return call.org.bulk.find(_KIND, call.params["id"])


def upload(call: Call) -> Response:
    """Answer `PUT jobs/ingest/{id}/batches`: the one upload of a job."""
    job = _job(call)
    kind = call.request.headers.get("content-type", "text/csv")
    if not kind.lower().startswith("text/csv"):
        message = f"Content type {kind} not supported"
        raise RequestError("UNSUPPORTED_MEDIA_TYPE", message, status=415)
    if job.state != "Open":
        raise wrong_state(job, "Data is taken while a job is open")
    if job.upload.size:
        message = (
            f"Found multiple contents for job: <{job.id}>, please 'Close' / 'Abort' / 'Delete' the "
            "current Job then create a new Job and make sure you only do 'PUT' once on a given Job."
        )
        raise RequestError("INVALIDJOBSTATE", message)
    _take(job.upload, call.request)
    job.fault = call.request.row_fault or job.fault
    return Response(201)


def _take(upload: Spool, request: Request) -> None:
    """Copy a body, which may be in a file, into a job's upload."""
    if request.file is None:
        _check_size(len(request.body))
        upload.append(request.body)
        return
    _check_size(request.file.seek(0, io.SEEK_END))
    request.file.seek(0)
    while piece := request.file.read(_PIECE):
        upload.append(piece)


def _check_size(size: int) -> None:
    if size > MOST_BYTES:
        message = f"The upload is larger than {MOST_BYTES} bytes"
        raise RequestError("REQUEST_ENTITY_TOO_LARGE", message, status=413)


def change(call: Call) -> Response:
    """Answer `PATCH jobs/ingest/{id}`: the upload is complete, or the job is aborted."""
    job = _job(call)
    match call.json_object().get("state"):
        case "UploadComplete":
            job.fault = call.request.row_fault or job.fault
            _complete(call, job)
        case "Aborted":
            job.demand("Aborted", UNFINISHED)
            if not job.halt():
                bulk_ingest.leave_all(job)
        case other:
            message = f"InvalidJob : {other} is no state to ask for"
            raise RequestError("INVALIDJOB", message)
    return Response.json(job.info())


def _complete(call: Call, job: Job) -> None:
    job.demand("UploadComplete", {"Open"})
    call.org.bulk.start(job, partial(bulk_ingest.run, call.org, job))


def read(call: Call) -> Response:
    """Answer `GET jobs/ingest/{id}`."""
    return Response.json(_job(call).info())


def delete(call: Call) -> Response:
    """Answer `DELETE jobs/ingest/{id}`."""
    remove(call, _job(call))
    return Response(204)


def remove(call: Call, job: Job) -> None:
    """Forget a job.

    Raises:
        RequestError: It is open or in progress.
    """
    if job.state not in {"UploadComplete", *FINISHED}:
        raise wrong_state(job, "Only finished jobs and those that wait can be deleted")
    call.org.bulk.remove(job)


def list_ingest(call: Call) -> Response:
    """Answer `GET jobs/ingest`."""
    return listing(call, _KIND, "V2Ingest")


def listing(call: Call, kind: str, job_type: str) -> Response:
    """Return the jobs of a kind, oldest first, from `queryLocator` on."""
    jobs = call.org.bulk.listed(kind)
    if call.request.query.get("jobType", job_type) != job_type:
        jobs = []
    text = call.request.query.get("queryLocator", "0")
    if not text.isdecimal():
        raise RequestError("INVALID_QUERY_LOCATOR", "invalid query locator")
    start, size = int(text), min(_JOBS_A_PAGE, call.org.page_size)
    page, end = jobs[start : start + size], start + size
    done = end >= len(jobs)
    url = None if done else f"{call.root}/jobs/{kind}?queryLocator={end}"
    records = [job.info() for job in page]
    return Response.json({"done": done, "records": records, "nextRecordsUrl": url})


def successful(call: Call) -> Response:
    """Answer `GET jobs/ingest/{id}/successfulResults`."""
    job = _job(call)
    return _results(job, job.results)


def failed(call: Call) -> Response:
    """Answer `GET jobs/ingest/{id}/failedResults`."""
    job = _job(call)
    return _results(job, job.failures)


def unprocessed(call: Call) -> Response:
    """Answer `GET jobs/ingest/{id}/unprocessedrecords`."""
    job = _job(call)
    return _results(job, job.unprocessed)


def _results(job: Job, spool: Spool) -> Response:
    if job.state not in FINISHED:
        raise wrong_state(job, "Results are given of finished jobs")
    job.wait()
    return Response(200, spool.read(), _CSV)


ROUTES = (
    Route("jobs/ingest", "jobs/ingest", {"GET": list_ingest, "POST": create}),
    Route("jobs/ingest/{id}", "jobs/ingest", {"GET": read, "PATCH": change, "DELETE": delete}),
    Route("jobs/ingest/{id}/batches", "jobs/ingest/batches", {"PUT": upload}),
    Route("jobs/ingest/{id}/successfulResults", "jobs/ingest/results", {"GET": successful}),
    Route("jobs/ingest/{id}/failedResults", "jobs/ingest/results", {"GET": failed}),
    Route("jobs/ingest/{id}/unprocessedRecords", "jobs/ingest/results", {"GET": unprocessed}),
)
