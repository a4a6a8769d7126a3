"""Bulk API 2.0 of the independent server: jobs that take their time (salesforce.md §9, §10)."""

import csv
import io
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.connectors.independent_salesforce_manner import Manner
from tests.connectors.independent_salesforce_org import USER_ID, Org, Refused
from tests.connectors.independent_salesforce_soql import select

_SEPARATORS = {"COMMA": ",", "TAB": "\t", "PIPE": "|", "SEMICOLON": ";"}
Table = tuple[list[str], list[list[Any]]]


@dataclass
class Job:
    """A job of either kind and what it has found or done."""

    id: str
    kind: str
    wish: dict[str, Any]
    version: str
    made: datetime
    state: str = "Open"
    upload: bytes = b""
    polls: int = 0
    message: str = ""
    processed: int = 0
    failed: int = 0
    tables: dict[str, Table] = field(default_factory=dict)

    def info(self) -> dict[str, Any]:
        base: dict[str, Any] = {
            "id": self.id,
            "operation": self.wish["operation"],
            "object": self.wish.get("object", "Unknown"),
            "createdById": USER_ID,
            "createdDate": self.made,
            "systemModstamp": self.made,
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version),
            "lineEnding": self.wish.get("lineEnding", "LF"),
            "columnDelimiter": self.wish.get("columnDelimiter", "COMMA"),
        }
        if self.kind == "ingest" and self.state == "Open":
            base["contentUrl"] = f"services/data/v{self.version}/jobs/ingest/{self.id}/batches"
        if self.state not in {"Open", "UploadComplete"}:
            base |= {"numberRecordsProcessed": self.processed, "retries": 0}
            if self.kind == "ingest":
                base["numberRecordsFailed"] = self.failed
        return base | ({"errorMessage": self.message} if self.message else {})


class Jobs:
    """All jobs; the server holds its lock while it asks."""

    def __init__(self, org: Org, manner: Manner) -> None:
        self.org, self.manner = org, manner
        self.jobs: dict[str, Job] = {}
        self.fail_next = ""

    def create(self, kind: str, wish: dict[str, Any], version: str) -> Job:
        if kind == "ingest":
            self.org.sobject(wish["object"])
        else:
            select(self.org, wish["query"], deleted=wish["operation"] == "queryAll")
        job = Job(self.org.new_id("750"), kind, wish, version, self.org.now())
        job.state = "Open" if kind == "ingest" else "UploadComplete"
        self.jobs[job.id] = job
        return job

    def job(self, kind: str, job_id: str, version: str) -> Job:
        job = self.jobs.get(job_id)
        if job is None or job.kind != kind:
            raise Refused("NOT_FOUND", "The requested resource does not exist", status=404)
        if kind == "query" and job.version != version:
            raise Refused("INVALID_VERSION", "job of another version", status=409)
        return job

    def put(self, job: Job, data: bytes) -> None:
        if job.state != "Open" or job.upload:
            raise Refused("INVALIDJOBSTATE", f"Job is in {job.state} state")
        job.upload = data

    def set(self, job: Job, state: str) -> None:
        wrong = job.state not in {"Open", "UploadComplete", "InProgress"}
        if wrong or (state == "UploadComplete" and job.state != "Open"):
            raise Refused("INVALIDJOBSTATE", f"Job is in {job.state} state")
        job.state = state
        if state == "Aborted" and job.upload:
            job.tables = {"unprocessedrecords": self._uploaded(job)}

    def polled(self, job: Job) -> Job:
        """Return how a job stands; it goes on by being asked, as many times as is our manner."""
        if job.state in {"UploadComplete", "InProgress"}:
            job.polls += 1
            if job.polls > self.manner.polls:
                self._run(job)
            elif job.polls > 1:
                job.state = "InProgress"
        return job

    def _run(self, job: Job) -> None:
        job.state, message = ("Failed", self.fail_next) if self.fail_next else ("JobComplete", "")
        job.message, self.fail_next = message, ""
        if job.kind == "query":
            self._answer(job)
        elif message:
            job.tables = {"unprocessedrecords": self._uploaded(job)}
        else:
            self._save(job)

    def _answer(self, job: Job) -> None:
        found = select(self.org, job.wish["query"], deleted=job.wish["operation"] == "queryAll")
        rows = [[_flat(row, column) for column in found.columns] for row in found.rows]
        job.tables, job.processed = {"results": (found.columns, rows)}, len(rows)

    def _uploaded(self, job: Job) -> Table:
        ending = {"LF": b"\n", "CRLF": b"\r\n"}[job.wish.get("lineEnding", "LF")]
        if ending == b"\n" and b"\r\n" in job.upload.split(b"\n", 1)[0] + b"\n":
            raise Refused("ClientInputError", "LineEnding is invalid on user data")
        mark = _SEPARATORS[job.wish.get("columnDelimiter", "COMMA")]
        text = io.StringIO(job.upload.decode("utf-8"), newline="")
        header, *rows = csv.reader(text, delimiter=mark)
        return header, [row for row in rows if row]

    def _save(self, job: Job) -> None:
        header, rows = self._uploaded(job)
        good: list[list[Any]] = []
        bad: list[list[Any]] = []
        for row in rows:
            try:
                record_id, created = self._saved(job, dict(zip(header, row, strict=True)))
            except Refused as error:
                words = f"{error.code}:{error.message}:{','.join(error.fields)} --"
                bad.append(["", words, *row])
            else:
                good.append([record_id, created, *row])
        job.processed, job.failed = len(rows), len(bad)
        job.tables = {
            "successfulResults": (["sf__Id", "sf__Created", *header], good[::-1]),
            "failedResults": (["sf__Id", "sf__Error", *header], bad[::-1]),
            "unprocessedrecords": (header, []),
        }

    def _saved(self, job: Job, values: dict[str, str]) -> tuple[str, bool]:
        org, owner = self.org, self.org.sobject(job.wish["object"])
        operation = job.wish["operation"]
        if operation == "upsert":
            row, created = org.upsert(owner, job.wish["externalIdFieldName"], values, csv=True)
            return row["Id"], created
        if operation == "insert":
            return org.insert(owner, values, csv=True)["Id"], True
        _owner, row = org.by_id(values.pop("Id"))
        if operation == "delete":
            org.delete(row["Id"])
        else:
            org.update(owner, row, values, csv=True)
        return row["Id"], False


def _flat(row: dict[str, Any], column: str) -> Any:
    here: Any = row
    for part in column.split("."):
        here = None if here is None else here.get(part)
    return here
