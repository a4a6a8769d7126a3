"""Reports and dashboards cloned and deleted over the Analytics REST API."""

import re
from dataclasses import replace
from typing import Any

from app.sandbox.salesforce.api import Call, Route
from app.sandbox.salesforce.errors import RequestError, not_found
from app.sandbox.salesforce.ids import normalized
from app.sandbox.salesforce.metadata.kinds import BY_NAME
from app.sandbox.salesforce.metadata.setup_rows import SetupRows
from app.sandbox.salesforce.metadata.shelf import Held
from app.sandbox.salesforce.metadata.xml_tree import leaf
from app.sandbox.salesforce.reports import api
from app.sandbox.wire import Response

_NOT_NAME = re.compile(r"\W+", re.ASCII)
_TITLES = {"Report": "name", "Dashboard": "title"}


def clone_report(call: Call) -> Response:
    """Answer `POST analytics/reports?cloneId=`: a copy under another name, described."""
    wish = call.json_object().get("reportMetadata") or {}
    held = _cloned(call, "Report", wish)
    return api.described(replace(call, params={"id": held.id}))


def clone_dashboard(call: Call) -> Response:
    """Answer `POST analytics/dashboards?cloneId=`."""
    held = _cloned(call, "Dashboard", call.json_object())
    described = api.dashboard_described(replace(call, params={"id": held.id}))
    return replace(described, status=201)


def _cloned(call: Call, kind: str, wish: Any) -> Held:
    base = api.found(replace(call, params={"id": call.query("cloneId")}), kind)
    name = wish.get("name") if isinstance(wish, dict) else None
    if not name:
        raise RequestError("REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]")
    folder = _folder(call, kind, wish.get("folderId")) or base.full_name.rpartition("/")[0]
    full_name = f"{folder}/{_NOT_NAME.sub('_', str(name)).strip('_') or 'Copy'}"
    shelf, now = call.org.metadata.shelf, call.org.clock.now()
    with call.org.metadata.lock:
        if shelf.find(kind, full_name) is not None:
            message = f"This {kind.lower()} unique name is already used: {full_name}"
            raise RequestError("DUPLICATE_DEVELOPER_NAME", message)
        title = _TITLES[kind]
        node = base.node.with_children(
            [leaf(title, name) if each.name == title else each for each in base.node.children]
        )
        made = Held(kind, full_name, node, call.org.ids.next(BY_NAME[kind].prefix), now, now)
        shelf.put(made)
        _follow(call)
    return made


def _folder(call: Call, kind: str, folder_id: Any) -> str:
    """Return the name of a folder by its id, "" where none is named."""
    if not folder_id:
        return ""
    for held in call.org.metadata.shelf.of_kind(kind):
        if held.folder and held.id == normalized(str(folder_id)):
            return held.full_name
    raise not_found()


def _follow(call: Call) -> None:
    with call.org.store.write() as connection:
        SetupRows(call.org, connection).follow(call.org.metadata.shelf, ())


def delete_report(call: Call) -> Response:
    """Answer `DELETE analytics/reports/{id}`."""
    return _deleted(call, "Report")


def delete_dashboard(call: Call) -> Response:
    """Answer `DELETE analytics/dashboards/{id}`."""
    return _deleted(call, "Dashboard")


def _deleted(call: Call, kind: str) -> Response:
    with call.org.metadata.lock:
        call.org.metadata.shelf.drop(kind, api.found(call, kind).full_name)
        _follow(call)
    return Response(204)


_REPORTS, _DASHBOARDS = "analytics/reports", "analytics/dashboards"
ROUTES = (
    Route(_REPORTS, _REPORTS, {"GET": api.listed, "POST": clone_report}),
    Route(_REPORTS + "/{id}", _REPORTS, {"GET": api.run, "POST": api.run, "DELETE": delete_report}),
    Route(_DASHBOARDS, _DASHBOARDS, {"GET": api.dashboards, "POST": clone_dashboard}),
    Route(
        _DASHBOARDS + "/{id}",
        _DASHBOARDS,
        {
            "GET": api.dashboard,
            "POST": api.dashboard,
            "PUT": api.refresh,
            "DELETE": delete_dashboard,
        },
    ),
)
