"""The sandboxed Salesforce as a system: it signs in, counts, routes, and words its refusals."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from app.sandbox.salesforce import (
    bulk1,
    bulk_ingest_api,
    bulk_query_api,
    collections_api,
    composite_api,
    frontdoor,
    identity,
    layouts_api,
    list_views_api,
    loading,
    oauth,
    org_api,
    password_api,
    query_api,
    relationships_api,
    rows_api,
    search_api,
    soap,
    tabs_api,
    tree_api,
    xml_answers,
)
from app.sandbox.salesforce.api import Router
from app.sandbox.salesforce.errors import (
    RequestError,
    SalesforceError,
    not_for_rest,
    not_found,
    session_expired,
)
from app.sandbox.salesforce.graphql import api as graphql_api
from app.sandbox.salesforce.metadata import applying, deploy_api, setup_rows
from app.sandbox.salesforce.org import Org
from app.sandbox.salesforce.pubsub.bus import EventBus
from app.sandbox.salesforce.pubsub.origin import changed_through
from app.sandbox.salesforce.reports import api as reports_api
from app.sandbox.salesforce.reports import copies as report_copies
from app.sandbox.salesforce.reports import instances as report_instances
from app.sandbox.salesforce.schema import SObject
from app.sandbox.salesforce.sessions import API_ERRORS, SessionSettings
from app.sandbox.salesforce.streaming import api as streaming_api
from app.sandbox.salesforce.tooling import api as tooling_api
from app.sandbox.salesforce.tooling import rows_api as tooling_rows
from app.sandbox.salesforce.values import reader, stamp
from app.sandbox.wire import Request, Response, pretty_json

if TYPE_CHECKING:
    from app.sandbox.dataset import Dataset
    from app.sandbox.salesforce.pubsub.ports import PubSubPorts
    from app.sandbox.server import Gate
    from app.sandbox.tls import Authority

_VERSIONED = re.compile(r"/services/data/v(\d{1,3}\.\d)(?:/(.*))?", re.ASCII)
_COMETD = re.compile(rf"{streaming_api.PREFIX}(?:replay/)?(\d{{1,3}}\.\d)(?:/.*)?", re.ASCII)
_LABELS = {"/id/": "identity", streaming_api.PREFIX: "cometd"}
_LONGEST_HEAD = 16_384
_API_VERSION = "66.0"
_PERMISSIONS = "FieldPermissions"
_LIMITS = "Limits"
_BULK_SETTINGS = "Bulk"
_SESSION_SETTINGS = "Sessions"
_QUERY_SETTINGS = "Query"
_DEPLOY_SETTINGS = "Deploys"
_EVENT_SETTINGS = "ChangeEvents"
_PLAIN = (
    *tooling_api.ROUTES,
    *tooling_rows.ROUTES,
    *reports_api.ROUTES,
    *report_copies.ROUTES,
    *report_instances.ROUTES,
    *layouts_api.ROUTES,
    *list_views_api.ROUTES,
    *org_api.ROUTES,
    *tabs_api.ROUTES,
    *password_api.ROUTES,
    *query_api.ROUTES,
    *search_api.ROUTES,
    *graphql_api.ROUTES,
    *collections_api.ROUTES,
    *tree_api.ROUTES,
    *relationships_api.ROUTES,
    *rows_api.ROUTES,
)
_BULK = (
    *bulk_ingest_api.ROUTES,
    *bulk_query_api.ROUTES,
    *deploy_api.ROUTES,
)  # not to be had within a composite request


class Salesforce:
    """Answers every request of the org's host."""

    name = "salesforce"
    over_tls = True  # some clients know no http

    def __init__(self, org: Org, dataset: "Dataset") -> None:
        self._org = org
        self._dataset = dataset
        self._router = Router((*composite_api.routes(Router(_PLAIN)), *_BULK, *_PLAIN))
        self._bulk1 = bulk1.Api(org, bulk1.Jobs(org.clock, org.ids))
        loading.load(org, dataset)
        setup_rows.place_own(org)
        org.store.snapshot()
        self._bus = EventBus(org.clock)
        self._streaming = streaming_api.Streaming(org, self._bus)
        self._ports: PubSubPorts | None = None
        self._doors: Mapping[str, Callable[[Request], Response]] = {
            "/services/oauth2/": partial(oauth.answer, org),
            frontdoor.PATH: partial(frontdoor.page, org),
            "/id/": partial(identity.identity, org),
            soap.PREFIX: self._soap,
            "/services/async/": self._bulk1.answer,
            streaming_api.PREFIX: self._stream,
        }
        org.store.observe(self._bus.publish)
        loading.apply_drift(org, dataset.drift)
        self._access_token = org.sessions.issue()
        self._refresh_token = org.sessions.issue_refresh()

    def handle(self, request: Request) -> Response:
        """Answer a request; refusals are answers too."""
        try:
            response = self._answer(request)
        except SalesforceError as error:
            response = error.response()
        if request.path.startswith("/services/data/"):
            limit = {"Sforce-Limit-Info": self._org.usage.header()}
            response = replace(response, headers={**response.headers, **limit})
        if xml_answers.wanted(request):
            return xml_answers.in_xml(request, response)
        if request.headers.get("x-prettyprint") in {"1", "true"} and _is_json(response):
            return replace(response, body=pretty_json(response.body))
        return response

    def _answer(self, request: Request) -> Response:
        _check_length(request)
        path = request.path
        if path == "/services/data":
            return org_api.versions()
        door = next((each for start, each in self._doors.items() if path.startswith(start)), None)
        if door is not None:
            return door(request)
        match = _VERSIONED.fullmatch(path)
        if match is None:
            raise not_found()
        _check_version(match[1])
        self._admit(request)
        with changed_through(request.headers, match[1], match[2] or ""):
            return self._router.answer(self._org, request, match[1], match[2] or "")

    def _stream(self, request: Request) -> Response:
        match = _COMETD.fullmatch(request.path)
        if match is None:
            raise not_found()
        _check_version(match[1])
        return self._streaming.answer(request)

    def _soap(self, request: Request) -> Response:
        return soap.soap(self._org, request, soap.Door(self._admit, self._ask))

    def _ask(self, request: Request, version: str, path: str) -> Response:
        return self._router.answer(self._org, request, version, path)

    def _admit(self, request: Request) -> None:
        """Let in who holds a token for the API, and count the call."""
        sessions, token = self._org.sessions, identity.bearer(request)
        if not sessions.use(token):
            raise session_expired()
        grant, error = sessions.grant_of(token), sessions.settings.api_error
        if grant is not None and not grant.api:
            raise not_for_rest()
        if error:
            raise RequestError(error, API_ERRORS[error], status=403)
        self._org.usage.count()

    def endpoint(self, request: Request) -> str:
        """Return the label of a request's resource, such as `query` or `composite/sobjects`."""
        match = _VERSIONED.fullmatch(request.path)
        if match is not None:
            found = self._router.find(match[2] or "")
            return found.route.label if found is not None else "unknown"
        if request.path == "/services/data":
            return "versions"
        if request.path.startswith(soap.PREFIX):
            return soap.label(request)
        if request.path.startswith("/services/async/"):
            return bulk1.label(request.path)
        for start, label in _LABELS.items():
            if request.path.startswith(start):
                return label
        return request.path.removeprefix("/services/").strip("/")

    def fault(self, kind: str, request: Request) -> Response:
        """Return what Salesforce says when it is down, asked too much, broken, or signed out."""
        if kind == "session_expired" and request.path.startswith("/services/async/"):
            return bulk1.session_expired(request)
        down = "Server unavailable. Please try again later."
        broken = "An unexpected error occurred. Please include this ErrorId if you contact support"
        many = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
        errors = {
            "unavailable": RequestError("SERVER_UNAVAILABLE", down, status=503),
            "server_error": RequestError("UNKNOWN_EXCEPTION", broken, status=500),
            "too_many": RequestError("REQUEST_LIMIT_EXCEEDED", many, status=403),
            "session_expired": session_expired(),
        }
        return errors[kind].response()

    def ready(self, base_url: str) -> dict[str, Any]:
        """Return addresses and credentials for the ready file; the access token holds."""
        self._org.base_url[:] = [base_url]
        client = self._org.sessions.client
        return {
            "instance_url": base_url,
            "api_version": _API_VERSION,
            "client_id": client.client_id,
            "client_secret": client.client_secret,
            "username": self._org.username,
            "password": self._org.password,
            "security_token": self._org.security_token,
            "access_token": self._access_token,
            "refresh_token": self._refresh_token,
            "jwt_private_key": self._org.sessions.signing_key.private_pem,
            "redirect_uris": list(client.redirect_uris),
        }

    def open_ports(
        self, gate: "Gate", ports: Mapping[str, int], authority: "Authority | None"
    ) -> dict[str, str]:
        """Serve the Pub/Sub API at ports of its own; return their part of the ready file."""
        from app.sandbox.salesforce.pubsub.ports import (  # noqa: PLC0415 - start-up time (design.md §6)
            PubSubPorts,
        )

        pair = authority and (authority.certificate_file, authority.key_file)
        opened = PubSubPorts(self._org, self._bus, gate)
        self._ports = opened.open(ports.get(f"{self.name}_pubsub", 0), *(pair or ()))
        secure = {"pubsub_tls": opened.secure} if opened.secure else {}
        return {"pubsub": opened.plain, **secure}

    def types(self) -> list[str]:
        """Return the names of the sObjects."""
        return [sobject.name for sobject in self._org.schema]

    def state(self, type_name: str) -> list[dict[str, Any]]:
        """Return the live rows of an sObject with all fields, hidden ones too, oldest first."""
        sobject = self._sobject(type_name)
        fields = sobject.fields
        names = ", ".join(f'"{field.name}"' for field in fields)
        readers = [reader(field) for field in fields]
        with self._org.store.read() as connection:
            rows = connection.execute(
                f'SELECT {names} FROM "{sobject.name}" WHERE IsDeleted = 0 ORDER BY seq'
            ).fetchall()
        return [
            {
                field.name: value if read is None or value is None else read(value)
                for field, read, value in zip(fields, readers, row, strict=True)
            }
            for row in rows
        ]

    def _sobject(self, type_name: str) -> SObject:
        found = self._org.schema.find(type_name)
        if found is None:
            raise KeyError(type_name)
        return found

    def edit(self, type_name: str, record_id: str, values: Mapping[str, Any]) -> None:
        """Change a row by id or Aria key, a field's permissions, or a limit.

        `FieldPermissions` of "Object.Field" takes PermissionsRead and PermissionsEdit; `Limits` of
        a name takes Max; `Bulk` takes what bulk_jobs.BulkSettings has; `Sessions` takes what
        sessions.SessionSettings has, `Query` what cursors.QuerySettings has; `ChangeEvents` what
        pubsub.knobs.Knobs has, and `cut`.

        Raises:
            KeyError: There is no such thing.
            ValueError: Salesforce would refuse the values.
        """
        if type_name == _PERMISSIONS:
            self._permit(record_id, values)
        elif type_name == _LIMITS:
            self._org.usage.set_limit(record_id, int(values["Max"]))
        elif type_name == _BULK_SETTINGS:
            self._org.bulk.set(values)
        elif type_name == _DEPLOY_SETTINGS:
            self._org.metadata.jobs.set(values)
        elif type_name == _SESSION_SETTINGS:
            self._org.sessions.set(values)
        elif type_name == _QUERY_SETTINGS:
            self._org.cursors.settings.set(values)
        elif type_name == _EVENT_SETTINGS:
            self._bus.set(values)
        else:
            loading.edit_record(self._org, self._sobject(type_name), record_id, values)

    def _permit(self, name: str, values: Mapping[str, Any]) -> None:
        sobject_name, _, field_name = name.partition(".")
        sobject = self._sobject(sobject_name)
        field = sobject.by_name[field_name.lower()]
        read = values.get("PermissionsRead", True) is True
        edit = values.get("PermissionsEdit", read) is True
        now = self._org.clock.now()
        self._org.schema.permit(sobject, field, read=read, edit=edit, at=now)

    def reset(self, *, drift: bool) -> None:
        """Go back to the data set: rows, permissions, password, queries, bulk jobs; tokens stay."""
        self._org.bulk.clear()
        self._bulk1.jobs.clear()
        self._org.metadata.jobs.clear()
        applying.put_back(self._org)
        # The next whole second: what was read in this one may be of before.
        self._org.store.restore(stamp(self._org.clock.now() + timedelta(seconds=1)))
        self._org.schema.permit_all()
        self._org.cursors.clear()
        self._bus.clear()
        self._org.sessions.settings = SessionSettings()
        self._org.put_password_back()
        if drift:
            self.drift()

    def drift(self) -> None:
        """Make those edits of the data set that are Salesforce's, on what there is."""
        loading.apply_drift(self._org, self._dataset.drift)

    def close(self) -> None:
        """End the bulk jobs and remove the database."""
        if self._ports is not None:
            self._ports.close()
        self._org.bulk.close()
        self._org.metadata.jobs.close()
        self._org.metadata.catalog.close()
        self._bulk1.jobs.clear()
        self._org.store.close()
        self._bus.close()


def _is_json(response: Response) -> bool:
    return bool(response.body) and "json" in response.headers.get("Content-Type", "")


def _check_length(request: Request) -> None:
    """Refuse addresses and headers beyond 16 kB (salesforce.md §3.2)."""
    if len(request.target) > _LONGEST_HEAD:
        raise RequestError("URI_TOO_LONG", "URI Too Long", status=414)
    head = sum(len(name) + len(value) + 4 for name, value in request.headers.items())
    if len(request.target) + head > _LONGEST_HEAD:
        message = "Request Header Fields Too Large"
        raise RequestError("REQUEST_HEADER_FIELDS_TOO_LARGE", message, status=431)


def _check_version(version: str) -> None:
    if float(version) < org_api.OLDEST:
        message = "The requested resource has been retired or removed"
        raise RequestError("GONE", message, status=410)
    if float(version) > org_api.NEWEST or not version.endswith(".0"):
        raise not_found()
