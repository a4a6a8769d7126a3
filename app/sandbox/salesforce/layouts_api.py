"""The resource describe/layouts: where a person sees the fields, all in one section."""

from typing import Any

from app.sandbox.salesforce import describe
from app.sandbox.salesforce.api import Call, Route
from app.sandbox.salesforce.errors import not_found
from app.sandbox.salesforce.ids import MASTER_RECORD_TYPE
from app.sandbox.salesforce.metadata.listing import given_id
from app.sandbox.salesforce.saving import sobject_named
from app.sandbox.salesforce.schema import SObject
from app.sandbox.wire import Response

_COLUMNS = 2
_PREFIX = "00h"
_SHORT_ID = 15
_NONE: tuple[str, ...] = (
    "multirowEditLayoutSections", "offlineLinks", "relatedLists", "saveOptions",
)  # fmt: skip
Json = dict[str, Any]


def layouts(call: Call) -> Response:
    """Answer `GET sobjects/X/describe/layouts`: the one layout, and who is shown it."""
    sobject = sobject_named(call.org, call.params["name"])
    layout = _layout(call, sobject)
    (master,) = describe.full(call.org.schema, sobject, call.root)["recordTypeInfos"]
    mapping = {**master, "layoutId": layout["id"], "picklistsForRecordType": None}
    return Response.json(
        {
            "layouts": [layout],
            "recordTypeMappings": [mapping],
            "recordTypeSelectorRequired": [False],
        }
    )


def layout_of_type(call: Call) -> Response:
    """Answer `GET sobjects/X/describe/layouts/{record type}`; the master is the only one."""
    if call.params["type"][:_SHORT_ID] != MASTER_RECORD_TYPE[:_SHORT_ID]:
        raise not_found()
    return Response.json(_layout(call, sobject_named(call.org, call.params["name"])))


def _layout(call: Call, sobject: SObject) -> Json:
    layout_id = given_id(call.org, f"{sobject.name} layout", _PREFIX)
    schema = call.org.schema
    items = [
        _item(describe.field(schema, sobject, each), number)
        for number, each in enumerate(schema.visible_fields(sobject), 1)
        if each.type != "id"
    ]
    rows = [
        {"layoutItems": items[n : n + _COLUMNS], "numItems": len(items[n : n + _COLUMNS])}
        for n in range(0, len(items), _COLUMNS)
    ]
    section = {
        "collapsed": False,
        "columns": _COLUMNS,
        "heading": f"{sobject.label} Information",
        "layoutRows": rows,
        "layoutSectionId": None,
        "parentLayoutId": layout_id,
        "rows": len(rows),
        "tabOrder": "LeftToRight",
        "useCollapsibleSection": False,
        "useHeading": True,
    }
    return {
        "buttonLayoutSection": {"detailButtons": []},
        "detailLayoutSections": [section],
        "editLayoutSections": [section],
        "feedView": None,
        "highlightsPanelLayoutSection": None,
        "id": layout_id,
        "quickActionList": {"quickActionListItems": []},
        "relatedContent": None,
        **{name: [] for name in _NONE},
    }


def _item(details: Json, tab_order: int) -> Json:
    component = {
        "details": details,
        "displayLines": 1,
        "tabOrder": tab_order,
        "type": "Field",
        "value": details["name"],
    }
    return {
        "editableForNew": details["createable"],
        "editableForUpdate": details["updateable"],
        "label": details["label"],
        "layoutComponents": [component],
        "placeholder": False,
        "required": details["createable"]
        and not details["nillable"]
        and not details["defaultedOnCreate"],
    }


ROUTES = (
    Route("sobjects/{name}/describe/layouts", "sobjects/describe", {"GET": layouts}),
    Route("sobjects/{name}/describe/layouts/{type}", "sobjects/describe", {"GET": layout_of_type}),
)
