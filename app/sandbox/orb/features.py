"""What this account of Orb has not been given: asked for, it says so (orb.md §1)."""

from app.sandbox.orb.checks import loose
from app.sandbox.orb.errors import NO_FEATURE, OrbError
from app.sandbox.orb.router import Call, Route

_ANY = loose("")
_ASKED = (
    "limit",
    "cursor",
    "status",
    "license_type_id",
    "subscription_id",
    "external_license_id",
    "group_by",
    "start_date",
    "end_date",
)
_MISSING = (
    "dimensional_price_groups",
    "dimensional_price_groups/{a}",
    "dimensional_price_groups/{a}/{b}",
    "license_types",
    "license_types/{a}",
    "licenses",
    "licenses/{a}",
    "licenses/{a}/{b}",
    "licenses/{a}/{b}/{c}",
    "prices/evaluate",
    "prices/evaluate_preview_events",
    "prices/{a}/evaluate",
)


def _refuse(call: Call) -> object:
    del call  # whatever was asked for
    raise OrbError(NO_FEATURE, "This feature is not enabled for the account.")


def _ping(call: Call) -> object:
    del call  # it needs nothing but a key
    return {"response": "pong"}


ROUTES = (
    Route("GET", "ping", _ping),
    *(
        Route(method, template, _refuse, filters=_ASKED, body=_ANY)
        for template in _MISSING
        for method in ("GET", "POST", "PUT")
    ),
)
