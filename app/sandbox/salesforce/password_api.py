"""The resource of a user's password: `sobjects/User/{id}/password`."""

from app.sandbox.salesforce.api import Call, Route
from app.sandbox.salesforce.errors import RequestError, not_found
from app.sandbox.salesforce.ids import normalized
from app.sandbox.wire import Response

SHORTEST = 8


def check_length(password: str) -> None:
    """Refuse a password that is too short.

    Raises:
        RequestError: It is.
    """
    if len(password) < SHORTEST:
        message = f"Your password must be at least {SHORTEST} characters long."
        raise RequestError("INVALID_NEW_PASSWORD", message)


def _check_user(call: Call) -> None:
    if normalized(call.params["id"]) != call.org.user_id:
        raise not_found()


def _expired(call: Call) -> Response:
    _check_user(call)
    return Response.json({"isExpired": False})


def _set(call: Call) -> Response:
    _check_user(call)
    password = str(call.json_object().get("NewPassword") or "")
    check_length(password)
    call.org.renew_password(password)
    return Response(204)


def _reset(call: Call) -> Response:
    _check_user(call)
    return Response.json({"NewPassword": call.org.renew_password()})


ROUTES = (
    Route(
        "sobjects/User/{id}/password",
        "sobjects/password",
        {"GET": _expired, "POST": _set, "DELETE": _reset},
    ),
)
