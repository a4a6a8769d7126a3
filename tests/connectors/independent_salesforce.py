"""An independent Salesforce: its resources, over one org, in one manner of speaking."""

import json
import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qs, unquote

from tests.connectors.independent_salesforce_jobs import Job, Jobs
from tests.connectors.independent_salesforce_manner import Manner
from tests.connectors.independent_salesforce_org import ORG_ID, USER_ID, Org, Refused, SObject
from tests.connectors.independent_salesforce_setup import Deployment, Setup
from tests.connectors.independent_salesforce_soql import select

CLIENT, SECRET = "3MVG9independent", "independent-secret"


@dataclass(frozen=True)
class Call:
    """A request as it came; `path` is without the version."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    version: str = ""

    @property
    def json(self) -> Any:
        return json.loads(self.body, parse_float=Decimal)


@dataclass(frozen=True)
class Answer:
    status: int = 200
    value: Any = None
    data: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


class Independent:
    """The org behind both hosts; what tests turn: `expire`, `busy`, `usage`."""

    def __init__(self, manner: Manner) -> None:
        self.manner = manner
        self.org = Org()
        self.jobs = Jobs(self.org, manner)
        self.setup = Setup(self.org, manner)
        self.lock = threading.Lock()
        self.login_url = self.instance_url = ""
        self.token = f"{ORG_ID[:15]}!first.session"
        self.logins = self.busy = 0
        self.calls: Counter[str] = Counter()
        self.pages: dict[str, tuple[list[dict[str, Any]], int, int]] = {}

    def expire(self) -> None:
        """End the session that is open."""
        self.token = f"{ORG_ID[:15]}!nobody.knows"

    def login(self, call: Call) -> Answer:
        form = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
        known = {"client_credentials": SECRET, "refresh_token": "5Aep.independent"}
        given = form.get(
            "client_secret" if form["grant_type"] == "client_credentials" else "refresh_token"
        )
        if form["client_id"] != CLIENT or given != known.get(form["grant_type"]):
            words = {"error": "invalid_grant", "error_description": "expired access/refresh token"}
            return Answer(400, words)
        self.logins += 1
        self.token = f"{ORG_ID[:15]}!session.{self.logins}"
        told = {
            "access_token": self.token,
            "signature": "c2ln",
            "scope": "api refresh_token id",
            "instance_url": self.instance_url,
            "id": f"{self.login_url}/id/{ORG_ID}/{USER_ID}",
            "token_type": "Bearer",
            "issued_at": "1278448832702",
        }
        return Answer(value=told if self.manner.instance_told else _without(told, "instance_url"))

    def answer(self, call: Call) -> Answer:
        """Return the answer to a call on the instance."""
        try:
            return self._answered(call)
        except Refused as error:
            told: dict[str, Any] = {"message": error.message, "errorCode": error.code}
            if error.fields:
                told["fields"] = error.fields
            return Answer(error.status, [told])

    def _answered(self, call: Call) -> Answer:
        if call.path == "/services/data":
            return Answer(value=[_version(v) for v in self.manner.versions])
        soap = call.path.startswith("/services/Soap/m/")
        given = re.search(r"<sessionId>(.*?)</sessionId>", call.body.decode("latin-1"))
        token = given[1] if soap and given else call.headers.get("authorization", "")[7:]
        if token != self.token:
            raise Refused("INVALID_SESSION_ID", "Session expired or invalid", status=401)
        if soap:
            status, text = self.setup.soap(call.path[17:], call.body)
            return Answer(status, data=text.encode(), headers={"Content-Type": "text/xml"})
        if call.path == "/services/oauth2/userinfo" and self.manner.userinfo:
            names = {"organization_id": ORG_ID, "user_id": USER_ID, "preferred_username": "ina@x.y"}
            return Answer(value={"sub": "z", **names})
        if call.version not in self.manner.versions:
            raise _no_resource()
        for pattern, methods, handler in _ROUTES:
            found = re.fullmatch(pattern, call.path)
            if found and call.method in methods.split():
                return handler(self, call, *found.groups())
        raise _no_resource()

    def objects(self, _call: Call) -> Answer:
        found = [{"name": each.name, "queryable": True} for each in self.org.objects.values()]
        return Answer(value={"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": found})

    def describe(self, _call: Call, name: str) -> Answer:
        owner = self.org.sobject(unquote(name))
        fields = [*self.org.visible(owner).values()]
        told = {"name": owner.name, "label": owner.label, "fields": fields, "urls": {}, "zNew": 1}
        return Answer(value=told | {"recordTypeInfos": [], "childRelationships": []})

    def query(self, call: Call, name: str) -> Answer:
        if name == "queryAll" and not self.manner.recycles:
            raise _no_resource()
        found = select(self.org, call.query["q"], deleted=name == "queryAll")
        if found.count_only:
            return Answer(value={"totalSize": len(found.rows), "done": True, "records": []})
        return self._page(self.manner.rows(found.rows), 0, "")

    def tooling(self, call: Call) -> Answer:
        found = select(self.org, call.query["q"], tooling=True)
        return self._page(found.rows, 0, "", "tooling/")

    def more(self, _call: Call, locator: str) -> Answer:
        held = self.pages.get(locator)
        cursor, _, place = locator.rpartition("-")
        if held is None and not self.manner.opaque_pages and place.isdigit():
            known = self.pages.get(f"{cursor}-{self.manner.page}")
            held = (known[0], int(place), 0) if known and int(place) < len(known[0]) else None
        if held is None:
            status, code = self.manner.unknown_page
            raise Refused(code, "invalid query locator", status=status)
        return self._page(held[0], held[1], cursor)

    def _page(self, rows: list[dict[str, Any]], start: int, cursor: str, kind: str = "") -> Answer:
        end = start + self.manner.page
        told: dict[str, Any] = {"totalSize": len(rows), "done": end >= len(rows)}
        if end < len(rows):
            cursor = cursor or self.org.new_id("01g")
            name = f"{cursor}-{end}"
            if self.manner.opaque_pages:
                name = f"{self.org.new_id('0r8')}-{self.manner.page}"
            self.pages[name] = (rows, end, 0)
            host = self.instance_url if self.manner.pages_with_host else ""
            path = f"/services/data/v{self.manner.pages_of}/{kind}query/{name}"
            told["nextRecordsUrl"] = host + path
        return Answer(value=told | {"records": rows[start:end]})

    def limits(self, _call: Call) -> Answer:
        told = {"DailyApiRequests": {"Max": 15000, "Remaining": 14000, "App": {"Max": 1}}}
        return Answer(value=told | {"DataStorageMB": {"Max": 5, "Remaining": 5}, "SingleEmail": {}})

    def deleted(self, call: Call, name: str, what: str) -> Answer:
        if not self.manner.replicates:
            raise Refused("INVALID_TYPE_FOR_OPERATION", "Entity is not replicateable")
        start, end = (datetime.fromisoformat(call.query[n]) for n in ("start", "end"))
        owner = self.org.sobject(name)
        covered = {"latestDateCovered": end.replace(second=0, microsecond=0)}
        if what == "updated":
            ids = [row["Id"] for row in owner.live() if start <= row["SystemModstamp"] < end]
            return Answer(value={"ids": ids, **covered})
        rows = [{"id": i, "deletedDate": at} for i, at in owner.deletions if start <= at <= end]
        earliest = datetime(2020, 1, 1, tzinfo=UTC)
        return Answer(value={"deletedRecords": rows, "earliestDateAvailable": earliest, **covered})

    def save_one(self, call: Call, name: str, record_id: str) -> Answer:
        owner, row = self.org.sobject(name), self.org.by_id(record_id)[1]
        if call.method == "DELETE":
            self.org.delete(row["Id"])
            return Answer(204)
        until = call.headers.get("if-unmodified-since", "")
        changed = row["LastModifiedDate"].replace(microsecond=0)
        if until and parsedate_to_datetime(until) < changed:
            return Answer(412, [{"message": "precondition", "errorCode": "PRECONDITION_FAILED"}])
        self.org.update(owner, row, call.json)
        return Answer(204)

    def create_one(self, call: Call, name: str) -> Answer:
        row = self.org.insert(self.org.sobject(name), call.json)
        return Answer(201, {"id": row["Id"], "success": True, "errors": []})

    def collection(self, call: Call, name: str | None = None, key: str | None = None) -> Answer:
        if call.method == "DELETE":
            return Answer(
                value=[self._done(self._gone, each) for each in call.query["ids"].split(",")]
            )
        records = call.json["records"]
        if len(records) > 200:
            raise Refused("EXCEEDED_ID_LIMIT", "record limit reached. cannot submit more than 200")
        if name is not None and key is not None:
            owner = self.org.sobject(name)
            return Answer(value=[self._done(self._upserted, owner, key, each) for each in records])
        save = self._inserted if call.method == "POST" else self._updated
        return Answer(value=[self._done(save, each) for each in records])

    def _done(self, save: Callable[..., dict[str, Any]], *given: Any) -> dict[str, Any]:
        try:
            return {"success": True, "errors": [], **save(*given)}
        except Refused as error:
            told = {"statusCode": error.code, "message": error.message, "fields": error.fields}
            more = {"extendedErrorDetails": [{"extendedErrorCode": "X", "depth": {"a": 1}}]}
            return {"success": False, "errors": [told | more]}

    def _gone(self, record_id: str) -> dict[str, Any]:
        self.org.delete(record_id)
        return {"id": record_id}

    def _upserted(self, owner: SObject, key: str, record: dict[str, Any]) -> dict[str, Any]:
        row, created = self.org.upsert(owner, key, _without(record, "attributes"))
        return {"id": row["Id"], "created": created}

    def _inserted(self, record: dict[str, Any]) -> dict[str, Any]:
        owner = self.org.sobject(record["attributes"]["type"])
        return {"id": self.org.insert(owner, _without(record, "attributes"))["Id"]}

    def _updated(self, record: dict[str, Any]) -> dict[str, Any]:
        owner, row = self.org.by_id(record["id"])
        self.org.update(owner, row, _without(record, "attributes", "id"))
        return {"id": row["Id"]}

    def graph(self, call: Call) -> Answer:
        told = []
        for each in call.json["graphs"]:
            parts = [self._node(node) for node in each["compositeRequest"]]
            held = {"compositeResponse": parts}
            told.append({"graphId": each["graphId"], "isSuccessful": True, "graphResponse": held})
        return Answer(value={"graphs": told[::-1]})

    def _node(self, node: dict[str, Any]) -> dict[str, Any]:
        name, key, value = node["url"].partition("/sobjects/")[2].split("/")
        values = {key: unquote(value), **node["body"]}
        row, created = self.org.upsert(self.org.sobject(name), key, values)
        body = {"id": row["Id"], "success": True, "errors": [], "created": created}
        status = 201 if created else 200
        return {
            "body": body,
            "httpHeaders": {},
            "httpStatusCode": status,
            "referenceId": node["referenceId"],
        }

    def jobs_create(self, call: Call, kind: str) -> Answer:
        return Answer(value=self._info(self.jobs.create(kind, call.json, call.version)))

    def _info(self, job: Job) -> dict[str, Any]:
        told = job.info()
        if "contentUrl" in told and self.manner.other_upload:
            told["contentUrl"] = (
                f"services/data/v{self.manner.pages_of}/jobs/ingest/{job.id}/batches"
            )
        return told

    def job(self, call: Call, kind: str, job_id: str) -> Answer:
        job = self.jobs.job(kind, job_id, call.version)
        if call.method == "PATCH":
            self.jobs.set(job, call.json["state"])
            return Answer(value=self._info(job))
        return Answer(value=self._info(self.jobs.polled(job)))

    def upload(self, call: Call, job_id: str) -> Answer:
        if self.manner.other_upload and call.version != self.manner.pages_of:
            raise _no_resource()
        if call.headers.get("content-type") != "text/csv":
            raise Refused("INVALIDCONTENTTYPE", "text/csv is wanted", status=415)
        self.jobs.put(self.jobs.job("ingest", job_id, call.version), call.body)
        return Answer(201)

    def table(self, call: Call, kind: str, job_id: str, name: str) -> Answer:
        job = self.jobs.job(kind, job_id, call.version)
        if name == "resultPages" and self.manner.result_pages:
            return self._result_pages(call, job)
        if name not in job.tables and name == "resultPages":
            raise _no_resource()
        header, rows = job.tables.get(name, ([], []))
        if not header:
            return Answer(204)
        start, size = int(call.query.get("locator") or 0), self.manner.page
        size = (
            min(size, int(call.query.get("maxRecords") or size)) if kind == "query" else len(rows)
        )
        some = rows[start : start + size]
        left = start + size < len(rows)
        onward = str(start + size) if left else "null"
        head = {"Sforce-NumberOfRecords": str(len(some)), "Sforce-Locator": onward}
        data = self.manner.table(header, some, turn=True)
        head = head if kind == "query" else {}
        return Answer(data=data, headers={"Content-Type": "text/csv", **head})

    def _result_pages(self, call: Call, job: Job) -> Answer:
        count = len(job.tables["results"][1])
        first = int(call.query.get("queryLocator") or 0)
        starts = range(first, max(count, first + 1), self.manner.page)
        base = f"/services/data/v{call.version}/jobs/query/{job.id}"
        urls = [{"resultUrl": f"{base}/results?locator={start}"} for start in starts[:5]]
        onward = f"{base}/resultPages?queryLocator={starts[5]}" if len(starts) > 5 else None
        return Answer(value={"resultPages": urls, "nextRecordsUrl": onward, "done": onward is None})

    def deploy(self, call: Call, deploy_id: str | None = None) -> Answer:
        if deploy_id is None:
            started = self.setup.start(call.headers["content-type"], call.body)
            return Answer(201, self._deployment(started))
        if call.method == "PATCH":
            return Answer(202, self._deployment(self.setup.cancel(deploy_id)))
        return Answer(value=self._deployment(self.setup.polled(deploy_id)))

    def _deployment(self, made: Deployment) -> dict[str, Any]:
        return {
            "id": made.id,
            "deployOptions": made.options,
            "deployResult": self.setup.result(made),
        }


def _without(told: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name not in names}


def _version(number: str) -> dict[str, str]:
    return {"label": "Some Season", "url": f"/services/data/v{number}", "version": number}


def _no_resource() -> Refused:
    return Refused("NOT_FOUND", "The requested resource does not exist", status=404)


_ROUTES: tuple[tuple[str, str, Callable[..., Answer]], ...] = (
    (r"/sobjects", "GET", Independent.objects),
    (r"/sobjects/(\w+)/describe", "GET", Independent.describe),
    (r"/sobjects/(\w+)/(updated|deleted)/?", "GET", Independent.deleted),
    (r"/sobjects/(\w+)", "POST", Independent.create_one),
    (r"/sobjects/(\w+)/(\w{15,18})", "PATCH DELETE", Independent.save_one),
    (r"/(query|queryAll)", "GET", Independent.query),
    (r"/(?:tooling/)?query/([\w-]+)", "GET", Independent.more),
    (r"/tooling/query", "GET", Independent.tooling),
    (r"/limits", "GET", Independent.limits),
    (r"/composite/sobjects", "POST PATCH DELETE", Independent.collection),
    (r"/composite/sobjects/(\w+)/(\w+)", "PATCH", Independent.collection),
    (r"/composite/graph", "POST", Independent.graph),
    (r"/jobs/(ingest|query)", "POST", Independent.jobs_create),
    (r"/jobs/(ingest|query)/(\w+)", "GET PATCH", Independent.job),
    (r"/jobs/ingest/(\w+)/batches", "PUT", Independent.upload),
    (r"/jobs/(ingest|query)/(\w+)/(\w+)", "GET", Independent.table),
    (r"/metadata/deployRequest", "POST", Independent.deploy),
    (r"/metadata/deployRequest/(\w+)", "GET PATCH", Independent.deploy),
)
