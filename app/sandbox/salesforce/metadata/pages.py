"""What people see of an object: tabs, layouts, apps (§17.2)."""

from urllib.parse import unquote

from app.sandbox.salesforce.metadata.draft import Draft
from app.sandbox.salesforce.metadata.problems import Problem, demand, unknown
from app.sandbox.salesforce.metadata.xml_tree import Node
from app.sandbox.salesforce.schema import SObject

_BEHAVIORS = frozenset({"Edit", "Readonly", "Required"})
_STANDARD_TABS = "standard-"


def check_tab(draft: Draft, name: str, node: Node) -> None:
    """Check a tab of a custom object, of a web page, or of a component.

    Raises:
        Problem: It shows nothing, or something that there is not.
    """
    if node.flag("customObject"):
        if draft.find(name) is None:
            raise unknown("customObject", "CustomObject", name, node)
    elif not any(node.has(each) for each in ("url", "page", "flexiPage", "lwcComponent")):
        raise Problem("A tab must show a custom object, a page, a component or a url", node)
    elif not node.get("label"):
        raise Problem("Must specify a non-empty label for the CustomTab", node)
    demand(node, "motif")


def check_layout(draft: Draft, name: str, node: Node) -> None:
    """Check the layout of an object.

    Raises:
        Problem: It shows fields that there are not, or leaves out one that is required.
    """
    sobject = draft.find(unquote(name).partition("-")[0])
    if sobject is None:
        raise Problem("Parent entity failed to deploy")
    shown: set[str] = set()
    for section in node.all("layoutSections"):
        demand(section, "style")
        for column in section.all("layoutColumns"):
            for each in column.all("layoutItems"):
                shown.add(_item(sobject, each))
    _check_related(draft, sobject, node)
    _check_required(sobject, shown, node)


def _item(sobject: SObject, item: Node) -> str:
    name = item.get("field")
    if not name:
        return ""  # a blank space, a link, a component
    if name.lower() not in sobject.by_name:
        raise unknown("field", "CustomField", f"{sobject.name}.{name}", item)
    behavior = item.get("behavior", "Edit")
    if behavior not in _BEHAVIORS:
        raise Problem(f"'{behavior}' is not a valid value for the enum 'UiBehavior'", item)
    return name.lower()


def _check_related(draft: Draft, sobject: SObject, node: Node) -> None:
    """Check the related lists that stand for lookups of custom objects: Child__c.Lookup__c."""
    for each in node.all("relatedLists"):
        child_name, dot, lookup = each.get("relatedList").partition(".")
        if not dot or not child_name.endswith("__c"):
            continue
        field = draft.field(child_name, lookup)
        if field is None or sobject.name not in field.reference_to:
            text = f"Cannot find related list:{child_name}.{lookup}"
            raise Problem(text, each, "INVALID_CROSS_REFERENCE_KEY")


def _check_required(sobject: SObject, shown: set[str], node: Node) -> None:
    for field in sobject.fields:
        name = field.name_field and field.createable
        if (name or (field.custom and field.required)) and field.name.lower() not in shown:
            text = f"Layout must contain an item for required layout field: {field.name}"
            raise Problem(text, node)


def check_application(draft: Draft, name: str, node: Node) -> None:
    """Check an app: its tabs have to be there.

    Raises:
        Problem: One is not.
    """
    del name
    demand(node, "label")
    for each in node.all("tabs"):
        tab = each.text.strip()
        if not tab.startswith(_STANDARD_TABS) and draft.shelf.find("CustomTab", tab) is None:
            raise unknown("tabs", "CustomTab", tab, each)
