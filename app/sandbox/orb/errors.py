"""Orb's refusals: problem documents after RFC 7807 (orb.md §1).

They have the shape of that RFC, not its media type: the published description gives each refusal
of each operation as `application/json`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.sandbox.wire import Response, to_json

_TYPE = "https://docs.withorb.com/reference/error-responses#"
_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of refusal: the end of its `type`, its status on the wire and in the body."""

    fragment: str
    status: int
    title: str
    body_status: int | None = None  # where it differs from the status on the wire


CONSTRAINT = Problem("400-constraint-violation", 400, "Constraint violation")
DUPLICATE = Problem("400-duplicate-resource-creation", 400, "Duplicate resource creation")
INVALID = Problem("400-request-validation-errors", 400, "Request validation errors")
UNAUTHORIZED = Problem("401-authentication-error", 401, "Authentication error")
NOT_FOUND = Problem("404-resource-not-found", 404, "Resource not found")
NO_FEATURE = Problem("404-feature-not-available", 404, "Feature not available", 400)
NO_URL = Problem("404-url-not-found", 404, "URL not found")
CONFLICT = Problem("409-resource-conflict", 409, "Resource conflict")
REQUEST_TOO_LARGE = Problem("413-request-too-large", 413, "Request too large")
RESOURCE_TOO_LARGE = Problem("413-resource-too-large", 413, "Resource too large")
TOO_MANY_RESULTS = Problem("413-too-many-results", 413, "Too many results")
TOO_MANY_REQUESTS = Problem("429-too-many-requests", 429, "Too many requests")
INTERNAL = Problem("500-internal-server-error", 500, "Internal server error")
UNAVAILABLE = Problem("500-internal-server-error", 503, "Service unavailable", 500)


class OrbError(Exception):
    """A refusal, with what it says to the caller."""

    def __init__(self, problem: Problem, detail: str, found: Sequence[str] = ()) -> None:
        super().__init__(detail)
        self.problem = problem
        self.detail = detail
        self.found = list(found)

    def response(self) -> Response:
        """Return the refusal as Orb words it; a transient one says that it may be repeated."""
        problem = self.problem
        body: dict[str, object] = {
            "type": _TYPE + problem.fragment,
            "status": problem.body_status or problem.status,
            "title": problem.title,
            "detail": self.detail,
        }
        if problem is INVALID:
            body["validation_errors"] = self.found
        extra = {"Transient-Error": "true"} if problem is UNAVAILABLE else {}
        return Response(problem.status, to_json(body), {**_JSON, **extra})


def invalid(*found: str) -> OrbError:
    """Return the refusal of a malformed request; `found` names each mistake."""
    return OrbError(INVALID, "; ".join(found), found)


def constraint(detail: str) -> OrbError:
    """Return the refusal of what breaks a rule of the business."""
    return OrbError(CONSTRAINT, detail)


def duplicate(detail: str) -> OrbError:
    """Return the refusal of an id that is taken."""
    return OrbError(DUPLICATE, detail)


def not_found(kind: str, record_id: str, name: str = "id") -> OrbError:
    """Return the refusal of an id that the account does not know; `name` says which id it is."""
    return OrbError(NOT_FOUND, f"There is no {kind} with the {name} {record_id!r}.")
