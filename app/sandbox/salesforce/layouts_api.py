"""Layouts: where a person sees the fields, all in one section; the compact one, and no actions."""

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
_PRIMARY = "primary"
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


def compact_layouts(call: Call) -> Response:
    """Answer `GET sobjects/X/describe/compactLayouts`: the system's own alone."""
    return Response.json(_compact(call, sobject_named(call.org, call.params["name"])))


def primary_compact_layout(call: Call) -> Response:
    """Answer `…/compactLayouts/primary` and that of the master record type."""
    if call.params["type"][:_SHORT_ID] not in (_PRIMARY, MASTER_RECORD_TYPE[:_SHORT_ID]):
        raise not_found()
    (layout,) = _compact(call, sobject_named(call.org, call.params["name"]))["compactLayouts"]
    return Response.json(layout)


def compact_layouts_of(call: Call) -> Response:
    """Answer `GET compactLayouts?q=X,Y`: the primary layouts by object."""
    names = [each.strip() for each in call.query("q").split(",")]
    found = [sobject_named(call.org, each) for each in names]
    return Response.json({each.name: _compact(call, each)["compactLayouts"][0] for each in found})


def _compact(call: Call, sobject: SObject) -> Json:
    base = f"{call.root}/sobjects/{sobject.name}/describe/compactLayouts"
    items = [
        _item(describe.field(call.org.schema, sobject, each), number)
        for number, each in enumerate(call.org.schema.visible_fields(sobject), 1)
        if each.name_field
    ]
    layout = {
        "actions": [],
        "fieldItems": items,
        "id": None,
        "imageItems": [],
        "label": "System Default",
        "name": "SYSTEM",
        "objectType": sobject.name,
    }
    mapping = {
        "available": True,
        "compactLayoutId": None,
        "compactLayoutName": "SYSTEM",
        "recordTypeId": MASTER_RECORD_TYPE,
        "recordTypeName": "Master",
        "urls": {"compactLayout": f"{base}/{MASTER_RECORD_TYPE}"},
    }
    return {
        "compactLayouts": [layout],
        "defaultCompactLayoutId": None,
        "recordTypeCompactLayoutMappings": [mapping],
        "urls": {"primary": f"{base}/{_PRIMARY}"},
    }


def approval_layouts(call: Call) -> Response:
    """Answer `GET sobjects/X/describe/approvalLayouts`: there is no approval."""
    sobject_named(call.org, call.params["name"])
    return Response.json({"approvalLayouts": []})


def quick_actions(call: Call) -> Response:
    """Answer `GET quickActions`, of an object or of all: there is none."""
    if "name" in call.params:
        sobject_named(call.org, call.params["name"])
    return Response.json([])


_DESCRIBE = "sobjects/{name}/describe"
ROUTES = (
    Route(f"{_DESCRIBE}/compactLayouts", "sobjects/describe", {"GET": compact_layouts}),
    Route(
        f"{_DESCRIBE}/compactLayouts/{{type}}", "sobjects/describe", {"GET": primary_compact_layout}
    ),
    Route("compactLayouts", "sobjects/describe", {"GET": compact_layouts_of}),
    Route(f"{_DESCRIBE}/approvalLayouts", "sobjects/describe", {"GET": approval_layouts}),
    Route("sobjects/{name}/quickActions", "quickActions", {"GET": quick_actions}),
    Route("quickActions", "quickActions", {"GET": quick_actions}),
    Route("sobjects/{name}/describe/layouts", "sobjects/describe", {"GET": layouts}),
    Route("sobjects/{name}/describe/layouts/{type}", "sobjects/describe", {"GET": layout_of_type}),
)
