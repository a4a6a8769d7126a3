"""Errors as Salesforce words them (salesforce.md §3.4)."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.sandbox.wire import Response


class SalesforceError(Exception):
    """One error: a whole answer in REST, or what became of one row in a collection."""

    def __init__(
        self, code: str, message: str, *, fields: Sequence[str] | None = None, status: int = 400
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.fields = fields
        self.status = status

    def rest(self) -> list[dict[str, Any]]:
        """Return the body of a REST answer; `fields` only where the error has some."""
        body: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            body["fields"] = list(self.fields)
        return [body]

    def row(self) -> dict[str, Any]:
        """Return the error of a row within a collection: its key is `statusCode`."""
        return {
            "statusCode": self.code,
            "message": self.message,
            "fields": list(self.fields or ()),
        }

    def response(self) -> Response:
        """Return the whole answer."""
        return Response.json(self.rest(), self.status)


class RequestError(SalesforceError):
    """An error that refuses the whole request, even if it stands in one row of a collection."""


class SeveralMatchesError(SalesforceError):
    """An external id that several records have; `urls` are those of the records."""

    def __init__(self, record_ids: Sequence[str]) -> None:
        super().__init__(
            "DUPLICATE_EXTERNAL_ID",
            "A user-specified external ID matches more than one record during an upsert",
            status=300,
        )
        self.record_ids = record_ids


class InjectedRowError(SalesforceError):
    """A row error that a fault rule asked for."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(
            str(error["statusCode"]), str(error["message"]), fields=error.get("fields", ())
        )


def not_found(message: str = "The requested resource does not exist") -> RequestError:
    """Return the error of an address that leads nowhere."""
    return RequestError("NOT_FOUND", message, status=404)


def method_not_allowed(method: str, allowed: Sequence[str]) -> RequestError:
    """Return the error of a method that an address does not have."""
    names = ",".join(("HEAD", *allowed) if "GET" in allowed else allowed)
    message = f"HTTP Method '{method}' not allowed. Allowed are {names}"
    return RequestError("METHOD_NOT_ALLOWED", message, status=405)


def no_such_column(name: str, sobject: str) -> RequestError:
    """Return the error of an unknown or hidden field in the body of a save."""
    message = f"No such column '{name}' on sobject of type {sobject}"
    return RequestError("INVALID_FIELD", message)


def session_expired() -> RequestError:
    """Return the error of a dead or missing access token."""
    message = "Session expired or invalid"
    return RequestError("INVALID_SESSION_ID", message, status=401)


def not_for_rest() -> RequestError:
    """Return the error of a token whose scope does not include the API."""
    message = "This session is not valid for use with the REST API"
    return RequestError("INVALID_SESSION_ID", message, status=403)
