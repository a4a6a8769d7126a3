"""Runs of reports that are kept to be read later: analytics/reports/{id}/instances."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from app.sandbox.salesforce.api import Call, Route
from app.sandbox.salesforce.errors import not_found
from app.sandbox.salesforce.ids import normalized
from app.sandbox.salesforce.reports import api
from app.sandbox.salesforce.values import stamp
from app.sandbox.wire import Response

_LIFE = timedelta(hours=24)
_MOST = 200


@dataclass(frozen=True, slots=True)
class Instance:
    """One run, done as soon as it was asked for."""

    id: str
    report_id: str
    requested_at: Any
    result: dict[str, Any]


def _entry(call: Call, instance: Instance) -> dict[str, Any]:
    own = f"{call.root}/analytics/reports/{instance.report_id}/instances/{instance.id}"
    return {
        "completionDate": stamp(instance.requested_at),
        "hasDetailRows": instance.result["hasDetailRows"],
        "id": instance.id,
        "ownerId": call.org.user_id,
        "requestDate": stamp(instance.requested_at),
        "status": "Success",
        "url": own,
    }


def _kept(call: Call) -> list[Instance]:
    """Return the report's runs that are not too old, newest first."""
    oldest = call.org.clock.now() - _LIFE
    wish = normalized(call.params["id"])
    runs: list[Instance] = list(call.org.metadata.report_runs)
    return [e for e in reversed(runs) if e.report_id == wish and e.requested_at >= oldest]


def create(call: Call) -> Response:
    """Answer `POST analytics/reports/{id}/instances`."""
    held = api.found(call, "Report")
    request = replace(call.request, query={"includeDetails": "true", **call.request.query})
    result = api.result_of(replace(call, request=request))
    made = Instance(call.org.ids.next("0LG"), held.id, call.org.clock.now(), result)
    runs = call.org.metadata.report_runs
    runs.append(made)
    del runs[:-_MOST]
    return Response.json({**_entry(call, made), "completionDate": None, "status": "New"})


def listed(call: Call) -> Response:
    """Answer `GET analytics/reports/{id}/instances`."""
    api.found(call, "Report")
    return Response.json([_entry(call, each) for each in _kept(call)])


def read(call: Call) -> Response:
    """Answer `GET analytics/reports/{id}/instances/{instance}`: the result, with its state."""
    wish = normalized(call.params["instance"])
    for each in _kept(call):
        if each.id == wish:
            entry = _entry(call, each)
            state = {k: entry[k] for k in ("completionDate", "id", "ownerId", "requestDate")}
            attributes = {**state, "status": "Success", "type": "ReportInstance"}
            return Response.json({**each.result, "attributes": attributes})
    raise not_found()


def delete(call: Call) -> Response:
    """Answer `DELETE analytics/reports/{id}/instances/{instance}`."""
    wish = normalized(call.params["instance"])
    for each in _kept(call):
        if each.id == wish:
            call.org.metadata.report_runs.remove(each)
            return Response(204)
    raise not_found()


_REPORTS = "analytics/reports"
ROUTES = (
    Route(_REPORTS + "/{id}/instances", _REPORTS, {"GET": listed, "POST": create}),
    Route(_REPORTS + "/{id}/instances/{instance}", _REPORTS, {"GET": read, "DELETE": delete}),
)
