"""PermissionSet: what it grants has to be there, and to be something that is granted (§17.2)."""

from app.sandbox.salesforce.metadata.draft import Draft
from app.sandbox.salesforce.metadata.problems import Problem, demand, unknown
from app.sandbox.salesforce.metadata.xml_tree import Node
from app.sandbox.salesforce.schema import Field

OBJECT_FLAGS = {
    "allowRead": "PermissionsRead",
    "allowCreate": "PermissionsCreate",
    "allowEdit": "PermissionsEdit",
    "allowDelete": "PermissionsDelete",
    "viewAllRecords": "PermissionsViewAllRecords",
    "modifyAllRecords": "PermissionsModifyAllRecords",
}
_NEEDS = (
    ("allowCreate", "Create", "allowRead", "Read"),
    ("allowEdit", "Edit", "allowRead", "Read"),
    ("allowDelete", "Delete", "allowEdit", "Edit"),
    ("viewAllRecords", "ViewAll", "allowRead", "Read"),
    ("modifyAllRecords", "ModifyAll", "allowDelete", "Delete"),
)
_VISIBILITIES = frozenset({"Available", "None", "Visible"})


def is_granted_to_all(field: Field) -> bool:
    """Tell whether a field is seen by all who see the object: required and master-detail ones."""
    return not field.nillable and field.type != "boolean"


def check_permission_set(draft: Draft, name: str, node: Node) -> None:
    """Check a permission set.

    Raises:
        Problem: It grants what there is not, or what cannot be granted.
    """
    del name
    demand(node, "label")
    for each in node.all("objectPermissions"):
        _check_object(draft, each)
    for each in node.all("fieldPermissions"):
        _check_field(draft, each)
    for each in node.all("tabSettings"):
        tab = each.get("tab")
        if not tab.startswith("standard-") and draft.shelf.find("CustomTab", tab) is None:
            raise unknown("tab", "CustomTab", tab, each)
        if each.get("visibility") not in _VISIBILITIES:
            text = f"'{each.get('visibility')}' is not a valid value for the enum"
            raise Problem(f"{text} 'PermissionSetTabVisibility'", each)
    _check_once(node, "objectPermissions", "object")
    _check_once(node, "fieldPermissions", "field")


def _check_object(draft: Draft, node: Node) -> None:
    name = node.get("object")
    sobject = draft.find(name)
    if sobject is None:
        raise unknown("object", "CustomObject", name, node)
    for flag, word, needed_flag, needed in _NEEDS:
        if node.flag(flag) and not node.flag(needed_flag):
            text = f"Permission {word} {sobject.name} depends on permission(s): "
            raise Problem(f"{text}{needed} {sobject.name}", node)


def _check_field(draft: Draft, node: Node) -> None:
    full_name = node.get("field")
    sobject_name, _, name = full_name.partition(".")
    field = draft.field(sobject_name, name)
    if field is None:
        raise unknown("field", "CustomField", full_name, node)
    if is_granted_to_all(field):
        raise Problem(f"You cannot deploy to a required field: {full_name}", node)
    if node.flag("editable") and not node.flag("readable"):
        text = f"Permission Edit {full_name} depends on permission(s): Read {full_name}"
        raise Problem(text, node)


def _check_once(node: Node, element: str, key: str) -> None:
    seen: set[str] = set()
    for each in node.all(element):
        name = each.get(key).lower()
        if name in seen:
            raise Problem(
                f"Duplicate {element} specified: {each.get(key)}", each, "DUPLICATE_VALUE"
            )
        seen.add(name)
