"""Deletions: what goes, what goes with it, and what keeps it from going (§17.2)."""

from app.sandbox.salesforce.metadata.draft import Draft
from app.sandbox.salesforce.metadata.fields import is_master
from app.sandbox.salesforce.metadata.messages import Message
from app.sandbox.salesforce.metadata.problems import Problem
from app.sandbox.salesforce.metadata.report_files import components_of
from app.sandbox.salesforce.metadata.steps import Step
from app.sandbox.salesforce.metadata.xml_tree import Node


def remove(draft: Draft, step: Step) -> Message:
    """Delete a component; one that is not there is warned of, not refused.

    Raises:
        Problem: Something stands on it, or it belongs to Salesforce.
    """
    gone = _REMOVERS.get(step.kind, _remove_held)(draft, step)
    if not gone:
        problem = Problem(f"No {step.kind} named: {step.full_name} found")
        return Message(step.kind, step.full_name, step.file_name, problem=problem, warning=True)
    return Message(step.kind, step.full_name, step.file_name, deleted=True)


def _remove_object(draft: Draft, step: Step) -> bool:
    sobject = draft.find(step.full_name)
    if sobject is None:
        return False
    if not sobject.custom:
        raise Problem(f"Cannot delete standard object: {sobject.name}")
    lookups = [each for each in draft.children(sobject.name) if each[0] is not sobject]
    for child, lookup in lookups:
        if is_master(lookup):
            text = f"{sobject.name} is the master of {child.name}.{lookup.name}"
            raise Problem(f"Cannot delete object: {text}", code="DELETE_FAILED")
    for child, lookup in lookups:
        now = draft.find(child.name)
        field = now.by_name.get(lookup.name.lower()) if now is not None else None
        if now is not None and field is not None:
            draft.drop_field(now, field)
            draft.shelf.drop("CustomField", f"{child.name}.{lookup.name}")
            _forget_field(draft, child.name, lookup.name)
    draft.drop_sobject(sobject)
    draft.shelf.drop("CustomTab", sobject.name)
    _forget_object(draft, sobject.name)
    return True


def _remove_field(draft: Draft, step: Step) -> bool:
    owner, _, name = step.full_name.partition(".")
    sobject = draft.find(owner)
    field = draft.field(owner, name)
    if sobject is None or field is None:
        return False
    if not field.custom:
        raise Problem("Could not resolve standard field's name.")
    if is_master(field) and sobject.name in draft.facts.filled:
        raise Problem(f"Cannot delete field: {step.full_name} is the master of rows that there are",
                      code="DELETE_FAILED")  # fmt: skip
    draft.drop_field(sobject, field)
    draft.shelf.drop("CustomField", step.full_name)
    _forget_field(draft, sobject.name, field.name)
    return True


def _remove_report_type(draft: Draft, step: Step) -> bool:
    wish = step.full_name.lower() + "__c"
    for report in draft.shelf.of_kind("Report"):
        if report.node.get("reportType").lower() == wish:
            raise Problem(f"This report type is in use by the report {report.full_name}",
                          code="DELETE_FAILED")  # fmt: skip
    return _remove_held(draft, step)


def _remove_report(draft: Draft, step: Step) -> bool:
    wish = step.full_name.lower()
    for held in draft.shelf.of_kind("Dashboard"):
        if any(each.get("report").lower() == wish for each in components_of(held.node)):
            text = f"This report is in use by the dashboard {held.full_name}"
            raise Problem(text, code="DELETE_FAILED")
    return _remove_in_folder(draft, step)


def _remove_in_folder(draft: Draft, step: Step) -> bool:
    inside = step.full_name.lower() + "/"
    if any(each.full_name.lower().startswith(inside) for each in draft.shelf.of_kind(step.kind)):
        raise Problem(f"Folder is not empty: {step.full_name}", code="DELETE_FAILED")
    return _remove_held(draft, step)


def _remove_held(draft: Draft, step: Step) -> bool:
    if draft.shelf.find(step.kind, step.full_name) is None:
        return False
    draft.shelf.drop(step.kind, step.full_name)
    if step.kind == "PermissionSet":
        draft.sets.add(step.full_name)
    return True


_REMOVERS = {
    "CustomObject": _remove_object,
    "CustomField": _remove_field,
    "ReportType": _remove_report_type,
    "Report": _remove_report,
    "Dashboard": _remove_in_folder,
}


def _forget_field(draft: Draft, sobject_name: str, name: str) -> None:
    """Take a field out of what grants it and what shows it."""
    wish = f"{sobject_name}.{name}".lower()
    for held in draft.shelf.of_kind("PermissionSet"):
        children = [
            each
            for each in held.node.children
            if each.name != "fieldPermissions" or each.get("field").lower() != wish
        ]
        if len(children) != len(held.node.children):
            draft.hold(held.kind, held.full_name, held.node.with_children(children))
            draft.sets.add(held.full_name)
    for held in draft.shelf.of_kind("Layout"):
        if held.full_name.lower().startswith(sobject_name.lower() + "-"):
            node = _without_item(held.node, name.lower())
            draft.hold(held.kind, held.full_name, node)


def _without_item(node: Node, field_name: str) -> Node:
    children = [
        _without_item(each, field_name)
        for each in node.children
        if each.name != "layoutItems" or each.get("field").lower() != field_name
    ]
    return node.with_children(children)


def _forget_object(draft: Draft, name: str) -> None:
    """Take an object out of the permission sets."""
    start = name.lower() + "."
    for held in draft.shelf.of_kind("PermissionSet"):
        children = [
            each
            for each in held.node.children
            if name.lower() not in {each.get("object").lower(), each.get("tab").lower()}
            and not each.get("field").lower().startswith(start)
        ]
        if len(children) != len(held.node.children):
            draft.hold(held.kind, held.full_name, held.node.with_children(children))
            draft.sets.add(held.full_name)
