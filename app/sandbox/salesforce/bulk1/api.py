"""The resources below /services/async (salesforce.md §11)."""

import re
from dataclasses import dataclass
from functools import partial
from typing import Any

from app.sandbox.salesforce.bulk1 import work
from app.sandbox.salesforce.bulk1.errors import AsyncError
from app.sandbox.salesforce.bulk1.jobs import QUERIES, Batch, Job, Jobs, Wish
from app.sandbox.salesforce.bulk1.words import answer, told, wants_json
from app.sandbox.salesforce.errors import RequestError
from app.sandbox.salesforce.identity import bearer
from app.sandbox.salesforce.org import Org
from app.sandbox.salesforce.usage import BATCHES
from app.sandbox.wire import Request, Response

PATH = re.compile(r"/services/async/(\d{1,3}\.\d)/(.+)", re.ASCII)
_OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete", "query", "queryAll")
_CONTENT = {"CSV": "text/csv", "JSON": "application/json", "XML": "application/xml"}
_MOST_BYTES = 10_000_000
_WHERE = re.compile(r"\bwhere\b", re.IGNORECASE)
_UNCHUNKED = re.compile(r"\border\s+by\b|\blimit\b", re.IGNORECASE)
_DEFAULT_CHUNK, _MOST_CHUNK = 100_000, 250_000
Json = dict[str, Any]


def label(path: str) -> str:
    """Return the label of an address for call counts and fault rules: async/batch and its like."""
    names = [part for part in path.split("/") if part in {"job", "batch", "request", "result"}]
    return "/".join(["async", *names[-1:]])


@dataclass(frozen=True, slots=True)
class Api:
    """Answers the requests of Bulk API 1.0."""

    org: Org
    jobs: Jobs

    def answer(self, request: Request) -> Response:
        """Answer a request; refusals are answers too."""
        try:
            self._admit(request)
            return self._route(request)
        except AsyncError as error:
            return _refusal(request, error)
        except RequestError as error:  # a limit
            return _refusal(request, AsyncError("ExceededQuota", error.message))

    def _admit(self, request: Request) -> None:
        token = request.headers.get("x-sfdc-session", "") or bearer(request)
        if not self.org.sessions.use(token):
            raise _dead_session()
        self.org.usage.count()

    def _route(self, request: Request) -> Response:
        address = PATH.fullmatch(request.path)
        version, parts = (address[1], address[2].split("/")) if address else ("", [])
        match request.method, parts:
            case "POST", ["job"]:
                return self._create(request, version)
            case "GET", ["job", job_id]:
                return self._told_of(request, self.jobs.find(job_id))
            case "POST", ["job", job_id]:
                return self._change(request, self.jobs.find(job_id))
            case "POST", ["job", job_id, "batch"]:
                return self._add(request, self.jobs.find(job_id))
            case "GET", ["job", job_id, "batch", *rest]:
                return self._read(request, self.jobs.find(job_id), rest)
        message = f"{request.method} /{'/'.join(parts)} is nothing that there is"
        raise AsyncError("InvalidUrl", message, status=404)

    def _told_of(self, request: Request, job: Job, status: int = 200) -> Response:
        json = wants_json(request, job.wish.content_type)
        return answer("jobInfo", job.info(), json=json, status=status)

    def _create(self, request: Request, version: str) -> Response:
        body = told(request)
        operation, name = str(body.get("operation")), str(body.get("object"))
        content = str(body.get("contentType") or "XML").removeprefix("ZIP_")
        sobject = self.org.schema.find(name)
        if operation not in _OPERATIONS:
            raise AsyncError("InvalidJob", f"Unknown operation: {operation}")
        if sobject is None:
            raise AsyncError("InvalidJob", f"Unable to find object: {name}")
        if content not in _CONTENT:
            raise AsyncError("InvalidJob", f"Unknown content type: {content}")
        key = body.get("externalIdFieldName") or None
        if operation == "upsert":
            self._check_key(sobject.name, key)
        wish = Wish(
            version, operation, sobject.name, content, key,
            str(body.get("concurrencyMode") or "Parallel"), self.org.user_id, _chunk_rows(request),
        )  # fmt: skip
        return self._told_of(request, self.jobs.open(wish), 201)

    def _check_key(self, sobject_name: str, key: object) -> None:
        sobject = self.org.schema.find(sobject_name)
        found = self.org.schema.visible(sobject, str(key)) if sobject and key else None
        if found is None or not found.id_lookup:
            message = f"Field name provided, {key} does not match an External ID for {sobject_name}"
            raise AsyncError("InvalidJob", message)

    def _change(self, request: Request, job: Job) -> Response:
        state = told(request).get("state")
        now = self.org.clock.now()
        if state == "Closed":
            job.move("Closed", {"Open"}, now)
        elif state == "Aborted":
            job.move("Aborted", {"Open", "Closed"}, now)
            job.stop.set()
        else:
            raise AsyncError("InvalidJob", f"{state} is no state to ask for")
        return self._told_of(request, job)

    def _add(self, request: Request, job: Job) -> Response:
        if job.state != "Open":
            raise AsyncError("InvalidJobState", f"Job is {job.state}")
        data = request.body if request.file is None else request.file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise AsyncError("ExceededQuota", "Maximum batch size exceeded: 10,000,000 bytes")
        self.org.usage.spend(BATCHES)
        batch = self.jobs.new_batch(data, request.row_fault)
        job.add(batch)
        parts = self._ranges(job, data)
        if parts:
            batch.state = "NotProcessed"
        for each in parts or [batch]:
            if each is not batch:
                job.add(each)
            self.jobs.start(partial(work.run, self.org, self.jobs, job, each))
        json = wants_json(request, job.wish.content_type)
        return answer("batchInfo", batch.info(job.id), json=json, status=201)

    def _ranges(self, job: Job, data: bytes) -> list[Batch]:
        """Return the batches into which PK chunking cuts a query: one an id range."""
        soql = data.decode("utf-8", "replace").strip()
        if not job.wish.chunk_rows or job.wish.operation not in QUERIES or _UNCHUNKED.search(soql):
            return []
        with self.org.store.read() as connection:
            ids = connection.execute(f'SELECT Id FROM "{job.wish.sobject}" ORDER BY Id').fetchall()
        starts = [row[0] for row in ids[:: job.wish.chunk_rows]]
        ends = [*starts[1:], ""]
        return [
            self.jobs.new_batch(_within(soql, first, end).encode())
            for first, end in zip(starts, ends, strict=True)
        ]

    def _read(self, request: Request, job: Job, rest: list[str]) -> Response:
        json = wants_json(request, job.wish.content_type)
        if not rest:
            infos = [each.info(job.id) for each in job.batches()]
            return answer("batchInfoList", {"batchInfo": infos}, json=json)
        batch_id, what, result = [*rest, "", ""][:3]
        reader = _READERS.get(what)
        if reader is None:
            raise AsyncError("InvalidUrl", f"{what} is nothing that a batch has", status=404)
        return reader(_Reading(job, job.batch(batch_id), result, json))


@dataclass(frozen=True, slots=True)
class _Reading:
    """What is asked of a batch, and in which form."""

    job: Job
    batch: Batch
    result: str
    json: bool

    @property
    def kind(self) -> str:
        return _CONTENT[self.job.wish.content_type]


def session_expired(request: Request) -> Response:
    """Return the answer to a dead session: 400 here, not 401 (salesforce.md §2.3)."""
    return _refusal(request, _dead_session())


def _dead_session() -> AsyncError:
    return AsyncError("InvalidSessionId", "Invalid session id")


def _refusal(request: Request, error: AsyncError) -> Response:
    body = {"exceptionCode": error.code, "exceptionMessage": str(error)}
    return answer("error", body, json=wants_json(request), status=error.status)


def _chunk_rows(request: Request) -> int:
    """Return the rows of an id range that `Sforce-Enable-PKChunking` asks for; 0 without."""
    text = request.headers.get("sforce-enable-pkchunking", "")
    if not text or text.lower() == "false":
        return 0
    found = re.search(r"chunkSize\s*=\s*(\d+)", text, re.IGNORECASE)
    return max(1, min(int(found[1]), _MOST_CHUNK)) if found else _DEFAULT_CHUNK


def _within(soql: str, first: str, end: str) -> str:
    bounds = f"Id >= '{first}'" + (f" AND Id < '{end}'" if end else "")
    before, *condition = _WHERE.split(soql, maxsplit=1)
    return f"{before} WHERE {bounds}" + (f" AND ({condition[0]})" if condition else "")


def _info(wish: _Reading) -> Response:
    return answer("batchInfo", wish.batch.info(wish.job.id), json=wish.json)


def _request(wish: _Reading) -> Response:
    return Response(200, wish.batch.body, {"Content-Type": wish.kind})


def _result(wish: _Reading) -> Response:
    batch = wish.batch
    if batch.state != "Completed":
        code = "InvalidBatch" if batch.state == "Failed" else "BatchNotCompleted"
        raise AsyncError(code, f"Batch {batch.id} is {batch.state}. {batch.message}".strip())
    if wish.job.wish.operation in QUERIES and not wish.result:
        if wish.json:
            return Response.json(list(batch.results))
        return answer("result-list", {"result": list(batch.results)}, json=False)
    data = batch.results.get(wish.result or "result")
    if data is None:
        raise AsyncError("InvalidBatch", f"Unable to find result {wish.result}")
    return Response(200, data, {"Content-Type": wish.kind})


_READERS = {"": _info, "request": _request, "result": _result}
