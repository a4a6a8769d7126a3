"""Tabs and apps as people see them: those of standard objects, and those that were deployed.

Sources: the resource Tabs of the REST API guide; describeTabs of the partner WSDL.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from app.sandbox.salesforce.ids import normalized
from app.sandbox.salesforce.metadata.listing import given_id
from app.sandbox.salesforce.schema import SObject

if TYPE_CHECKING:
    from app.sandbox.salesforce.org import Org

Json = dict[str, Any]
_STANDARD = (
    "Account", "Contact", "Opportunity", "Product2", "Pricebook2", "Quote", "Contract", "Order",
    "Asset",
)  # fmt: skip
_SALES = "standard__LightningSales"
_APP_PREFIX = "02u"


def tabs(org: "Org", origin: str) -> list[Json]:
    """Return the tabs, those of standard objects first."""
    return [_tab(each, origin) for each in _tabbed(org)]


def _tabbed(org: "Org") -> Iterator[SObject]:
    names = [*_STANDARD, *(each.full_name for each in org.metadata.shelf.of_kind("CustomTab"))]
    for name in names:
        sobject = org.schema.find(name)
        if sobject is not None:
            yield sobject


def _tab(sobject: SObject, origin: str) -> Json:
    name = sobject.name if sobject.custom else f"standard-{sobject.name}"
    return {
        "colors": [],
        "custom": sobject.custom,
        "iconUrl": f"{origin}/img/icon/custom32.png",
        "icons": [],
        "label": sobject.plural,
        "miniIconUrl": f"{origin}/img/icon/custom16.png",
        "name": name,
        "sobjectName": sobject.name,
        "url": f"{origin}/{sobject.prefix}/o",
    }


def apps(org: "Org", origin: str) -> list[Json]:
    """Return the apps with their tabs, as describeTabs has them; the first one is selected."""
    all_tabs = tabs(org, origin)
    found = [_app(org, origin, "Sales", _SALES, all_tabs)]
    for held in org.metadata.shelf.of_kind("CustomApplication"):
        wanted = {each.text for each in held.node.all("tabs")}
        own = [each for each in all_tabs if each["name"] in wanted]
        label = held.node.get("label") or held.full_name
        found.append(_app(org, origin, label, held.full_name, own))
    found[0]["selected"] = True
    return found


def _app(org: "Org", origin: str, label: str, name: str, own: list[Json]) -> Json:
    tab_set = given_id(org, f"{name} app", _APP_PREFIX)
    return {
        "label": label,
        "logoUrl": f"{origin}/img/app_logos/default.png",
        "namespace": "",
        "selected": False,
        "tabSetId": normalized(tab_set),
        "tabs": own,
    }
