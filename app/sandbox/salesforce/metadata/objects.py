"""CustomObject: the object itself, and those of its parts that are no fields (§17.2)."""

from dataclasses import replace

from app.sandbox.salesforce.definitions import custom_prefix, sobject_from
from app.sandbox.salesforce.metadata.draft import Draft
from app.sandbox.salesforce.metadata.fields import is_master
from app.sandbox.salesforce.metadata.problems import Problem, demand
from app.sandbox.salesforce.metadata.xml_tree import Node
from app.sandbox.salesforce.schema import SObject

_ENDINGS = "__b, __c, __e, __kav, __mdt, __x"
_SHARING = frozenset({"Private", "Read", "ReadWrite", "ReadWriteTransfer", "FullAccess",
                      "ControlledByParent", "ControlledByCampaign",
                      "ControlledByLeadOrContact"})  # fmt: skip
_ALIKE = ("enableBulkApi", "enableSharing", "enableStreamingApi")
_COLUMNS = frozenset(
    {"NAME", "CREATED_DATE", "CREATEDBY_USER", "LAST_UPDATE", "UPDATEDBY_USER", "OWNER.ALIAS",
     "OWNER.FIRST_NAME", "OWNER.LAST_NAME", "CREATEDBY_USER.ALIAS", "UPDATEDBY_USER.ALIAS"}
)  # fmt: skip


def deploy_object(draft: Draft, name: str, node: Node) -> None:
    """Put an object, without its fields, into the draft.

    Raises:
        Problem: It cannot be so.
    """
    known = draft.find(name)
    if not name.endswith("__c"):
        if known is None:
            text = f"'{name}' does not resolve to a valid sObject type"
            raise Problem(f"{text}, fullName must end with: {_ENDINGS}.", node)
        return
    if not node.get("label"):
        raise Problem("Must specify a non-empty label for the CustomObject", node)
    demand(node, "pluralLabel", "nameField", "deploymentStatus", "sharingModel")
    _check_settings(node)
    _check_sharing(known, node)
    if known is None:
        draft.put_sobject(_new(draft, name, node))
        return
    label = (node.child("nameField") or node).get("label")
    fields = tuple(
        replace(each, label=label or each.label) if each.name_field else each
        for each in known.fields
    )
    draft.put_sobject(
        replace(known, label=node.get("label"), plural=node.get("pluralLabel"), fields=fields)
    )


def _check_settings(node: Node) -> None:
    if len({node.flag(name) for name in _ALIKE if node.has(name)}) > 1:
        names = ", ".join(_ALIKE)
        raise Problem(f"{names} must have the same value", node)
    sharing = node.get("sharingModel")
    if sharing not in _SHARING:
        raise Problem(f"'{sharing}' is not a valid value for the enum 'SharingModel'", node)
    status = node.get("deploymentStatus")
    if status not in {"Deployed", "InDevelopment"}:
        raise Problem(f"'{status}' is not a valid value for the enum 'DeploymentStatus'", node)


def _check_sharing(known: SObject | None, node: Node) -> None:
    masters = [each for each in node.all("fields") if each.get("type") == "MasterDetail"]
    has_master = bool(masters) or (
        known is not None and any(is_master(each) for each in known.fields)
    )
    by_parent = node.get("sharingModel") == "ControlledByParent"
    if by_parent and not has_master:
        text = (
            "Cannot set sharingModel to ControlledByParent on a CustomObject without a "
            "MasterDetail relationship field"
        )
        raise Problem(text, node)
    if has_master and not by_parent:
        text = (
            f"Cannot set sharingModel to {node.get('sharingModel')} on a CustomObject with a "
            "MasterDetail relationship field"
        )
        raise Problem(text, node)


def _new(draft: Draft, name: str, node: Node) -> SObject:
    wish = node.child("nameField") or node
    kind, label = wish.get("type"), wish.get("label")
    if kind not in {"Text", "AutoNumber"}:
        raise Problem(f"nameField: type must be Text or AutoNumber, not '{kind}'", wish)
    if not label:
        raise Problem("Must specify a non-empty label for the nameField", wish)
    number = wish.get("displayFormat") or "{0}"
    name_field = {"label": label, **({"format": number} if kind == "AutoNumber" else {})}
    entry = {
        "name": name,
        "label": node.get("label"),
        "plural": node.get("pluralLabel"),
        "owner": node.get("sharingModel") != "ControlledByParent",
        "name_field": name_field,
        "fields": [],
    }
    return sobject_from(entry, _free_prefix(draft))


def _free_prefix(draft: Draft) -> str:
    taken = {each.prefix for each in draft.sobjects.values()}
    number = 0
    while custom_prefix(number) in taken:
        number += 1
    return custom_prefix(number)


def check_part(sobject: SObject, kind: str, node: Node) -> None:
    """Check a part of an object that is no field: list views, validation rules and the like.

    Raises:
        Problem: It names what there is not, or lacks what it has to have.
    """
    if not node.get("fullName"):
        raise Problem(f"element fullName missing for a child of type {kind}", node)
    if kind == "ListView":
        _check_list_view(sobject, node)
    elif kind == "ValidationRule":
        demand(node, "active", "errorConditionFormula", "errorMessage")
    elif kind in {"RecordType", "FieldSet", "CompactLayout"}:
        demand(node, "label")


def _check_list_view(sobject: SObject, node: Node) -> None:
    demand(node, "filterScope", "label")
    for column in node.all("columns"):
        _check_column(sobject, column, column.text.strip())
    for each in node.all("filters"):
        _check_column(sobject, each, each.get("field"))


def _check_column(sobject: SObject, node: Node, name: str) -> None:
    if name not in _COLUMNS and name.lower() not in sobject.by_name:
        raise Problem(f"Could not resolve list view column: {name}", node)
