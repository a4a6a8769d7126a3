"""The resources analytics/reports and analytics/dashboards."""

from typing import Any

from app.sandbox.salesforce.api import Call, Route
from app.sandbox.salesforce.errors import RequestError, not_found
from app.sandbox.salesforce.ids import normalized
from app.sandbox.salesforce.metadata.report_files import components_of
from app.sandbox.salesforce.metadata.shelf import Held
from app.sandbox.salesforce.reports import spreadsheet
from app.sandbox.salesforce.reports.definition import Definition, definition_of, overridden
from app.sandbox.salesforce.reports.running import Report
from app.sandbox.wire import Response

_LISTED = 200
_STATUS = {"dataStatus": "DATA", "errorCode": None, "errorMessage": None, "errorSeverity": None,
           "refreshStatus": "IDLE"}  # fmt: skip


def found(call: Call, kind: str) -> Held:
    """Return the report or dashboard of the id in the address; 404 if there is none."""
    wish = normalized(call.params["id"])
    for held in call.org.metadata.shelf.of_kind(kind):
        if held.id == wish and not held.folder:
            return held
    raise not_found()


def _all(call: Call, kind: str) -> list[Held]:
    return [each for each in call.org.metadata.shelf.of_kind(kind) if not each.folder][:_LISTED]


def listed(call: Call) -> Response:
    """Answer `GET analytics/reports`."""
    body = []
    for held in _all(call, "Report"):
        own = f"{call.root}/analytics/reports/{held.id}"
        urls = {"url": own, "describeUrl": f"{own}/describe", "instancesUrl": f"{own}/instances"}
        body.append({"id": held.id, "name": held.node.get("name"), **urls})
    return Response.json(body)


def _report(call: Call, definition: Definition | None = None) -> Report:
    held = found(call, "Report")
    return Report(call.org, held, definition or definition_of(held), call.root)


def run(call: Call) -> Response:
    """Answer `GET` and `POST analytics/reports/{id}`: details only where they are asked for."""
    if spreadsheet.wanted(call.request):
        return spreadsheet.workbook(result_of(call, details=True))
    return Response.json(result_of(call))


def result_of(call: Call, *, details: bool = False) -> dict[str, Any]:
    """Return a run; a body changes filters, columns and groups for this run alone."""
    body = call.json_object() if call.request.method == "POST" and call.request.body else {}
    wish = body.get("reportMetadata", {})
    if not isinstance(wish, dict):
        raise RequestError("JSON_PARSER_ERROR", "reportMetadata is an object")
    details = details or call.request.query.get("includeDetails", "").lower() == "true"
    base = definition_of(found(call, "Report"))
    definition = overridden(base, {"hasDetailRows": details, **wish})
    if details:
        definition = overridden(definition, {"hasDetailRows": True})
    return _report(call, definition).run()


def described(call: Call) -> Response:
    """Answer `GET analytics/reports/{id}/describe`."""
    return Response.json(_report(call).describe())


def dashboards(call: Call) -> Response:
    """Answer `GET analytics/dashboards`."""
    body = []
    for held in _all(call, "Dashboard"):
        own = f"{call.root}/analytics/dashboards/{held.id}"
        named = {"id": held.id, "name": held.node.get("title")}
        body.append({**named, "statusUrl": f"{own}/status", "url": own})
    return Response.json({"dashboards": body})


def _components(call: Call, held: Held) -> list[dict[str, Any]]:
    shown = []
    for number, node in enumerate(components_of(held.node)):
        report = call.org.metadata.shelf.find("Report", node.get("report"))
        shown.append(
            {
                "componentData": number,
                "footer": node.get("footer") or None,
                "header": node.get("header") or None,
                "id": f"{held.id[:12]}{number:03d}",
                "properties": {"visualizationType": node.get("componentType")},
                "reportId": report.id if report is not None else None,
                "title": node.get("title") or None,
                "type": "Report",
            }
        )
    return shown


def _dashboard_metadata(call: Call, held: Held) -> dict[str, Any]:
    folder_name, _, own = held.full_name.rpartition("/")
    folder = call.org.metadata.shelf.find("Dashboard", folder_name)
    url = f"{call.root}/analytics/dashboards/{held.id}"
    attributes = {"dashboardId": held.id, "dashboardName": held.node.get("title")}
    return {
        "attributes": {**attributes, "statusUrl": f"{url}/status", "type": "Dashboard"},
        "canChangeRunningUser": False,
        "components": _components(call, held),
        "description": held.node.get("description") or None,
        "developerName": own,
        "filters": [],
        "folderId": folder.id if folder is not None else None,
        "id": held.id,
        "name": held.node.get("title"),
        "runningUser": {"displayName": "Ada Admin", "id": call.org.user_id},
    }


def dashboard(call: Call) -> Response:
    """Answer `GET` and `POST analytics/dashboards/{id}`: components, with runs of their reports."""
    held = found(call, "Dashboard")
    metadata = _dashboard_metadata(call, held)
    data = []
    for each in metadata["components"]:
        reports = call.org.metadata.shelf.of_kind("Report")
        report = next((one for one in reports if one.id == each["reportId"]), None)
        result = None
        if report is not None:
            definition = overridden(definition_of(report), {"hasDetailRows": False})
            result = Report(call.org, report, definition, call.root).run()
        data.append({"componentId": each["id"], "reportResult": result, "status": _STATUS})
    return Response.json({"componentData": data, "dashboardMetadata": metadata})


def dashboard_described(call: Call) -> Response:
    """Answer `GET analytics/dashboards/{id}/describe`."""
    return Response.json(_dashboard_metadata(call, found(call, "Dashboard")))


def refresh(call: Call) -> Response:
    """Answer `PUT analytics/dashboards/{id}`: nothing is cached here, so it is fresh already."""
    held = found(call, "Dashboard")
    return Response.json({"statusUrl": f"{call.root}/analytics/dashboards/{held.id}/status"}, 201)


def refreshed(call: Call) -> Response:
    """Answer `GET analytics/dashboards/{id}/status`."""
    held = found(call, "Dashboard")
    ids = [each["id"] for each in _components(call, held)]
    return Response.json(
        {"componentStatus": [{"componentId": each, "refreshStatus": "IDLE"} for each in ids]}
    )


_REPORTS, _DASHBOARDS = "analytics/reports", "analytics/dashboards"
ROUTES = (
    Route(_REPORTS + "/{id}/describe", _REPORTS, {"GET": described}),
    Route(_DASHBOARDS + "/{id}/describe", _DASHBOARDS, {"GET": dashboard_described}),
    Route(_DASHBOARDS + "/{id}/status", _DASHBOARDS, {"GET": refreshed}),
)
