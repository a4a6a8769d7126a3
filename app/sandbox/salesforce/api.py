"""What every resource is given, and the table that finds the resource of an address."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from app.sandbox.salesforce import xml_answers
from app.sandbox.salesforce.errors import RequestError, method_not_allowed, not_found
from app.sandbox.salesforce.ids import normalized
from app.sandbox.salesforce.org import Org
from app.sandbox.salesforce.tooling import permission_rows
from app.sandbox.wire import BadJson, Request, Response


@dataclass(frozen=True, slots=True)
class Call:
    """A signed-in request to a resource: `params` are the blanks of its address, decoded."""

    org: Org
    request: Request
    version: str  # as the caller wrote it: "66.0"
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def root(self) -> str:
        """The path under which this version's resources stand."""
        return f"/services/data/v{self.version}"

    @property
    def version_number(self) -> float:
        """The version as a number."""
        return float(self.version)

    def url(self, sobject: str, record_id: str) -> str:
        """Return the path of a record."""
        return f"{self.root}/sobjects/{sobject}/{record_id}"

    def json(self) -> Any:
        """Return the body.

        Raises:
            RequestError: It is no JSON (JSON_PARSER_ERROR), or of another media type (415).
        """
        kind = self.request.headers.get("content-type", "application/json")
        if "xml" in kind.lower():
            return self._xml()
        if "json" not in kind.lower():
            message = f"Content type {kind} not supported"
            raise RequestError("UNSUPPORTED_MEDIA_TYPE", message, status=415)
        try:
            return self.request.json()
        except BadJson as error:
            message = f"The HTTP entity body is required or is no JSON: {error}"
            raise RequestError("JSON_PARSER_ERROR", message) from error

    def _xml(self) -> Any:
        try:
            return xml_answers.record_of(self.request.body)
        except BadJson as error:
            raise RequestError("XML_PARSER_ERROR", f"The body is no XML: {error}") from error

    def json_object(self) -> dict[str, Any]:
        """Return the body, which has to be an object; raises as json does."""
        found = self.json()
        if not isinstance(found, dict):
            message = "The request body has to be a JSON object"
            raise RequestError("JSON_PARSER_ERROR", message)
        return found

    def query(self, name: str) -> str:
        """Return a query parameter, which has to be there."""
        found = self.request.query.get(name)
        if not found:
            message = f"The required query parameter '{name}' is missing"
            raise RequestError("MALFORMED_QUERY" if name == "q" else "INVALID_FIELD", message)
        return found


Resource = Callable[[Call], Response]


@dataclass(frozen=True, slots=True)
class Route:
    """An address under a version's root, with blanks in braces, and its methods.

    The blank `{record_id}` takes ids alone; others take whatever is there.
    """

    template: str
    label: str  # for call counts and fault rules
    methods: Mapping[str, Resource]

    def match(self, parts: Sequence[str]) -> dict[str, str] | None:
        """Return the blanks of an address that fits, else None."""
        wanted = self.template.split("/") if self.template else []
        if len(wanted) != len(parts):
            return None
        params: dict[str, str] = {}
        for name, part in zip(wanted, parts, strict=True):
            if name == "{record_id}" and normalized(part) is None:
                return None
            if name.startswith("{"):
                params[name[1:-1]] = part
            elif name.lower() != part.lower():
                return None
        return params


@dataclass(frozen=True, slots=True)
class Found:
    """A route with the blanks of one address."""

    route: Route
    params: Mapping[str, str]


class Router:
    """Finds the resource of a path; of several that fit, the first in the table."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = routes

    def find(self, path: str) -> Found | None:
        """Return the route of a path below the version, still percent-encoded, or None."""
        parts = [unquote(part) for part in path.split("/") if part]
        for route in self._routes:
            params = route.match(parts)
            if params is not None:
                return Found(route, params)
        return None

    def answer(self, org: Org, request: Request, version: str, path: str) -> Response:
        """Answer a signed-in request.

        Raises:
            SalesforceError: The resource refuses, or there is none, or it has no such method.
        """
        found = self.find(path)
        if found is None:
            raise not_found()
        method = request.method
        if method == "POST" and "_HttpMethod" in request.query:
            method = request.query["_HttpMethod"].upper()
        resource = found.route.methods.get(method)
        if resource is None:
            raise method_not_allowed(method, list(found.route.methods))
        permission_rows.renew(org)
        return resource(Call(org, request, version, found.params))
