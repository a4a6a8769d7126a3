"""How the Pub/Sub API refuses: a gRPC status, and a code of its own in the trailers.

Source: developer.salesforce.com/docs/platform/pub-sub-api/guide/handling-errors.html
"""

import uuid
from typing import NoReturn

import grpc

_PREFIX = "sfdc.platform.eventbus.grpc."


class PubSubError(Exception):
    """A call that is refused; `code` is without its prefix, "" where the connection just breaks."""

    def __init__(self, status: grpc.StatusCode, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def abort(self, context: grpc.ServicerContext) -> NoReturn:
        """End a call with this error."""
        rpc_id = str(uuid.uuid4())
        if self.code:
            context.set_trailing_metadata((("error-code", _PREFIX + self.code), ("rpc-id", rpc_id)))
        context.abort(self.status, f"{self.message} rpcId: {rpc_id}")
        raise AssertionError("abort() raises")


def unauthenticated() -> PubSubError:
    """Return the error of a dead or foreign session."""
    return PubSubError(
        grpc.StatusCode.UNAUTHENTICATED,
        "service.auth.error",
        "An authentication exception occurred. Provide valid authentication via metadata headers.",
    )


def headers_missing(name: str) -> PubSubError:
    """Return the error of a call without one of the three authentication headers."""
    return PubSubError(
        grpc.StatusCode.UNAUTHENTICATED,
        "service.auth.headers.invalid",
        f"The authentication header {name} is missing or blank.",
    )


def unlicensed() -> PubSubError:
    """Return the error of an org whose edition has no events."""
    return PubSubError(
        grpc.StatusCode.PERMISSION_DENIED,
        "service.tenant.license",
        "The org is not licensed for the Pub/Sub API.",
    )


def no_topic(name: str) -> PubSubError:
    """Return the error of a topic that there is not."""
    if not name:
        message = "The topic name is blank."
        return PubSubError(grpc.StatusCode.INVALID_ARGUMENT, "topic.validation.empty", message)
    message = f"The topic {name} does not exist."
    return PubSubError(grpc.StatusCode.NOT_FOUND, "topic.not.found", message)


def no_schema(schema_id: str) -> PubSubError:
    """Return the error of a schema id that there is not."""
    if not schema_id:
        message = "The schema ID is blank."
        return PubSubError(grpc.StatusCode.INVALID_ARGUMENT, "schema.validation.failed", message)
    message = f"The schema {schema_id} cannot be accessed."
    return PubSubError(grpc.StatusCode.NOT_FOUND, "schema.meta.permission", message)


def invalid_fetch(what: str, message: str) -> PubSubError:
    """Return the error of a fetch request that cannot be meant so."""
    code = f"subscription.fetch.{what}"
    return PubSubError(grpc.StatusCode.INVALID_ARGUMENT, code, message)


def cut_off() -> PubSubError:
    """Return what a subscriber meets when the connection breaks."""
    return PubSubError(grpc.StatusCode.UNAVAILABLE, "", "RST_STREAM closed stream.")


FAULTS = {
    "unavailable": PubSubError(
        grpc.StatusCode.UNAVAILABLE, "service.unavailable", "The service is unavailable."
    ),
    "too_many": PubSubError(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "service.protection.triggered",
        "Too many connections or requests.",
    ),
    "server_error": PubSubError(
        grpc.StatusCode.INTERNAL, "subscription.internal.error", "An internal error occurred."
    ),
    "session_expired": unauthenticated(),
    "drop_before": cut_off(),
}
"""What a fault rule of a kind makes of a call (app/sandbox/faults.py)."""
