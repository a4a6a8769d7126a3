"""The resources tabs, theme and appMenu (Tabs, Themes and AppMenu of the REST API guide)."""

from app.sandbox.salesforce.api import Call, Route
from app.sandbox.salesforce.tabs import apps, tabs
from app.sandbox.wire import Response


def _list_tabs(call: Call) -> Response:
    return Response.json(tabs(call.org, call.request.origin))


def _theme(call: Call) -> Response:
    items = [
        {"colors": [], "icons": [], "name": each["sobjectName"]}
        for each in tabs(call.org, call.request.origin)
    ]
    return Response.json({"themeItems": items})


def _app_menu(call: Call) -> Response:
    items = [
        {
            "type": "Standard" if each["selected"] else "Custom",
            "content": None,
            "icons": None,
            "colors": None,
            "label": each["label"],
            "url": f"/home/home.jsp?tsid={each['tabSetId']}",
        }
        for each in apps(call.org, call.request.origin)
    ]
    return Response.json({"appMenuItems": items})


ROUTES = (
    Route("tabs", "tabs", {"GET": _list_tabs}),
    Route("theme", "theme", {"GET": _theme}),
    Route("appMenu", "appMenu", {"GET": _app_menu}),
    Route("appMenu/AppSwitcher", "appMenu", {"GET": _app_menu}),
)
