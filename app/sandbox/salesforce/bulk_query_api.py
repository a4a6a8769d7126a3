"""The resource jobs/query of Bulk API 2.0 (salesforce.md §10)."""

import base64
import binascii
from functools import partial

from app.sandbox.salesforce import bulk_query
from app.sandbox.salesforce.api import Call, Route
from app.sandbox.salesforce.bulk_ingest_api import listing, remove, shape_of
from app.sandbox.salesforce.bulk_jobs import UNFINISHED, Asked, Job, wrong_state
from app.sandbox.salesforce.errors import RequestError, not_found
from app.sandbox.wire import Response

_KIND = "query"
_PAGES_SINCE = 58.0
_MOST_PAGES = 5
_MOST_AT_A_WISH = 5  # times the usual page, where somebody asks for a large one


def create(call: Call) -> Response:
    """Answer `POST jobs/query`; the job starts at once."""
    body = call.json_object()
    operation, soql = str(body.get("operation")), body.get("query")
    if operation not in {"query", "queryAll"} or not isinstance(soql, str):
        message = "InvalidJob : A query job has the operation query or queryAll, and a query"
        raise RequestError("INVALIDJOB", message)
    shape = shape_of(body)
    query = bulk_query.compiled(call.org, soql, deleted=operation == "queryAll")
    call.org.usage.spend("DailyBulkV2QueryJobs")
    header = shape.text([[selected.name for selected in query.selected]])
    asked = Asked(
        _KIND, call.version, operation, query.sobject.name, call.org.user_id, shape, {}, header
    )
    job = call.org.bulk.open(asked)
    job.demand("UploadComplete", {"Open"})
    info = job.info()
    call.org.bulk.start(job, partial(bulk_query.run, call.org, job, query))
    return Response.json(info)


def _job(call: Call) -> Job:
    return call.org.bulk.find(_KIND, call.params["id"])


def read(call: Call) -> Response:
    """Answer `GET jobs/query/{id}`."""
    return Response.json(_job(call).info())


def change(call: Call) -> Response:
    """Answer `PATCH jobs/query/{id}`: it can be aborted, no more."""
    job = _job(call)
    if call.json_object().get("state") != "Aborted":
        message = "InvalidJob : A query job can only be aborted"
        raise RequestError("INVALIDJOB", message)
    job.demand("Aborted", UNFINISHED)
    job.halt()
    return Response.json(job.info())


def delete(call: Call) -> Response:
    """Answer `DELETE jobs/query/{id}`."""
    remove(call, _job(call))
    return Response(204)


def list_queries(call: Call) -> Response:
    """Answer `GET jobs/query`."""
    return listing(call, _KIND, "V2Query")


def results(call: Call) -> Response:
    """Answer `GET jobs/query/{id}/results?maxRecords=&locator=`: a page, with its header row."""
    job = _complete(call)
    start = _place(call.request.query.get("locator", ""))
    text = call.request.query.get("maxRecords", "")
    size = _page_rows(call)
    if text:
        if not text.isdecimal() or not int(text):
            raise RequestError("INVALID_FIELD", f"maxRecords is a number from 1, not {text}")
        size = min(size * _MOST_AT_A_WISH, int(text))  # a page is bounded by its bytes, about
    body, count = bulk_query.page(job, job.asked.header, start, size)
    after = start + count
    headers = {
        "Content-Type": "text/csv",
        "Sforce-NumberOfRecords": str(count),
        "Sforce-Locator": _locator(after) if after < len(job.rows) else "null",
    }
    return Response(200, body, headers)


def result_pages(call: Call) -> Response:
    """Answer `GET jobs/query/{id}/resultPages`: up to five addresses to load side by side."""
    if call.version_number < _PAGES_SINCE:
        raise not_found()
    job, size = _complete(call), _page_rows(call)
    start = _place(call.request.query.get("locator", ""))
    end = start + size * _MOST_PAGES
    here = f"{call.root}/jobs/query/{job.id}"
    total = max(len(job.rows), 1)
    urls = [f"{here}/results?locator={_locator(p)}" for p in range(start, min(end, total), size)]
    done = end >= total
    return Response.json(
        {
            "resultPages": [{"resultUrl": f"{url}&maxRecords={size}"} for url in urls],
            "nextRecordsUrl": None if done else f"{here}/resultPages?locator={_locator(end)}",
            "done": done,
        }
    )


def _page_rows(call: Call) -> int:
    return max(1, call.org.bulk.settings.page_rows)


def _complete(call: Call) -> Job:
    job = _job(call)
    if float(job.asked.version) != call.version_number:
        message = f"The job was created with version {job.asked.version}"
        raise RequestError("API_VERSION_MISMATCH", message, status=409)
    if job.state != "JobComplete":
        raise wrong_state(job, "Results are given of complete jobs")
    return job


def _locator(place: int) -> str:
    return base64.urlsafe_b64encode(b"%d" % place).decode().rstrip("=")


def _place(locator: str) -> int:
    if not locator:
        return 0
    try:
        return int(base64.urlsafe_b64decode(locator + "=" * (-len(locator) % 4)))
    except (ValueError, binascii.Error) as error:
        raise RequestError("INVALID_QUERY_LOCATOR", "invalid query locator") from error


ROUTES = (
    Route("jobs/query", "jobs/query", {"GET": list_queries, "POST": create}),
    Route("jobs/query/{id}", "jobs/query", {"GET": read, "PATCH": change, "DELETE": delete}),
    Route("jobs/query/{id}/results", "jobs/query/results", {"GET": results}),
    Route("jobs/query/{id}/resultPages", "jobs/query/results", {"GET": result_pages}),
)
