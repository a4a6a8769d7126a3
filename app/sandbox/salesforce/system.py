"""The sandboxed Salesforce as a system: it signs in, counts, routes, and words its refusals."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app.sandbox.salesforce import (
    bulk_ingest_api,
    bulk_query_api,
    collections_api,
    composite_api,
    loading,
    oauth,
    org_api,
    query_api,
    rows_api,
    tree_api,
)
from app.sandbox.salesforce.api import Router
from app.sandbox.salesforce.errors import RequestError, SalesforceError, not_found, session_expired
from app.sandbox.salesforce.org import Org
from app.sandbox.salesforce.schema import SObject
from app.sandbox.salesforce.values import reader
from app.sandbox.wire import Request, Response, pretty_json

if TYPE_CHECKING:
    from app.sandbox.dataset import Dataset

_VERSIONED = re.compile(r"/services/data/v(\d{1,3}\.\d)(?:/(.*))?", re.ASCII)
_LONGEST_HEAD = 16_384
_API_VERSION = "66.0"
_PERMISSIONS = "FieldPermissions"
_LIMITS = "Limits"
_BULK_SETTINGS = "Bulk"
_PLAIN = (
    *org_api.ROUTES,
    *query_api.ROUTES,
    *collections_api.ROUTES,
    *tree_api.ROUTES,
    *rows_api.ROUTES,
)
_BULK = (
    *bulk_ingest_api.ROUTES,
    *bulk_query_api.ROUTES,
)  # not to be had within a composite request


class Salesforce:
    """Answers every request of the org's host."""

    name = "salesforce"

    def __init__(self, org: Org, dataset: "Dataset") -> None:
        self._org = org
        self._dataset = dataset
        self._router = Router((*composite_api.routes(Router(_PLAIN)), *_BULK, *_PLAIN))
        loading.load(org, dataset)
        org.store.snapshot()
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
        if request.headers.get("x-prettyprint") in {"1", "true"} and _is_json(response):
            return replace(response, body=pretty_json(response.body))
        return response

    def _answer(self, request: Request) -> Response:
        _check_length(request)
        path = request.path
        if path == "/services/data":
            return org_api.versions()
        if path.startswith("/services/oauth2/"):
            return oauth.answer(self._org, request)
        if path.startswith("/id/"):
            return oauth.identity(self._org, request)
        match = _VERSIONED.fullmatch(path)
        if match is None:
            raise not_found()
        _check_version(match[1])
        if not self._org.sessions.use(oauth.bearer(request)):
            raise session_expired()
        self._org.usage.count()
        return self._router.answer(self._org, request, match[1], match[2] or "")

    def endpoint(self, request: Request) -> str:
        """Return the label of a request's resource, such as `query` or `composite/sobjects`."""
        match = _VERSIONED.fullmatch(request.path)
        if match is not None:
            found = self._router.find(match[2] or "")
            return found.route.label if found is not None else "unknown"
        if request.path == "/services/data":
            return "versions"
        if request.path.startswith("/id/"):
            return "identity"
        return request.path.removeprefix("/services/").strip("/")

    def fault(self, kind: str, request: Request) -> Response:
        """Return what Salesforce says when it is down, asked too much, broken, or signed out."""
        del request
        down = "Server unavailable. Please try again later."
        broken = "An unexpected error occurred. Please include this ErrorId if you contact support"
        many = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
        errors = {
            "unavailable": RequestError("SERVER_UNAVAILABLE", down, status=503),
            "server_error": RequestError("UNKNOWN_EXCEPTION", broken, status=500),
            "too_many": RequestError("REQUEST_LIMIT_EXCEEDED", many, status=429),
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
            "access_token": self._access_token,
            "refresh_token": self._refresh_token,
            "jwt_private_key": self._org.sessions.signing_key.private_pem,
            "redirect_uris": list(client.redirect_uris),
        }

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
        a name takes Max; `Bulk` takes chunk_seconds, page_rows and fail_after_rows.

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
        """Go back to the data set: rows, permissions, open queries, bulk jobs; tokens stay."""
        self._org.bulk.clear()
        self._org.store.restore()
        self._org.schema.permit_all()
        self._org.cursors.clear()
        if drift:
            loading.apply_drift(self._org, self._dataset.drift)

    def close(self) -> None:
        """End the bulk jobs and remove the database."""
        self._org.bulk.close()
        self._org.store.close()


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
