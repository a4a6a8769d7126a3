"""Steps carried out on a draft of the org, one after the other."""

from collections.abc import Callable

from app.sandbox.salesforce.metadata.draft import Draft
from app.sandbox.salesforce.metadata.fields import deploy_field
from app.sandbox.salesforce.metadata.kinds import PART_NAMES
from app.sandbox.salesforce.metadata.messages import Message, Options, failure
from app.sandbox.salesforce.metadata.objects import check_part, deploy_object
from app.sandbox.salesforce.metadata.pages import check_application, check_layout, check_tab
from app.sandbox.salesforce.metadata.permission_sets import check_permission_set
from app.sandbox.salesforce.metadata.problems import Problem
from app.sandbox.salesforce.metadata.removing import remove
from app.sandbox.salesforce.metadata.report_files import (
    check_dashboard,
    check_folder,
    check_report,
)
from app.sandbox.salesforce.metadata.report_types import check_report_type
from app.sandbox.salesforce.metadata.steps import Misfit, Step, Steps
from app.sandbox.salesforce.metadata.xml_tree import Node

Check = Callable[[Draft, str, Node], None]
Stopped = Callable[[], bool]

_CHECKS: dict[str, Check] = {
    "CustomTab": check_tab,
    "Layout": check_layout,
    "CustomApplication": check_application,
    "ReportType": check_report_type,
    "PermissionSet": check_permission_set,
    "Report": check_report,
    "Dashboard": check_dashboard,
}


class Canceled(Exception):  # noqa: N818 - nobody's fault: it was asked for
    """The deploy is to end before its next component."""


def carry_out(draft: Draft, steps: Steps, options: Options, stopped: Stopped) -> list[Message]:
    """Carry out steps and return what became of each; the draft keeps what succeeded.

    Raises:
        Canceled: `stopped` said so between two components.
    """
    messages = [_misfit(each, options) for each in steps.misfits]
    for step in (*steps.before, *steps.deploy, *steps.after):
        if stopped():
            raise Canceled
        messages.append(one(draft, step))
    return messages


def _misfit(misfit: Misfit, options: Options) -> Message:
    warning = misfit.absent and options.allow_missing_files
    return Message(
        misfit.kind,
        misfit.full_name,
        misfit.file_name,
        success=warning,
        problem=misfit.problem,
        warning=warning,
    )


def one(draft: Draft, step: Step) -> Message:
    """Carry out one step and return what became of it."""
    try:
        if step.node is None:
            return remove(draft, step)
        return _deployed(draft, step, step.node)
    except Problem as problem:
        return failure(step.kind, step.full_name, step.file_name, problem)


def _deployed(draft: Draft, step: Step, node: Node) -> Message:
    known = draft.shelf.find(step.kind, step.full_name)
    there = known is not None or _is_given(draft, step)
    before = draft.find(step.owner or step.full_name)
    _put(draft, step, node)
    kept = node.without(*PART_NAMES.values()) if step.kind == "CustomObject" else node
    draft.hold(step.kind, step.full_name, kept, folder=step.folder)
    same = known is not None and known.node.plain() == kept.plain()
    if known is None and there:
        same = before == draft.find(step.owner or step.full_name)
    if step.kind == "PermissionSet" and not same:
        draft.sets.add(step.full_name)
    held = draft.shelf.find(step.kind, step.full_name)
    return Message(
        step.kind,
        step.full_name,
        step.file_name,
        created=not there,
        changed=there and not same,
        id=held.id if held is not None else "",
    )


def _is_given(draft: Draft, step: Step) -> bool:
    """Tell whether a component that nobody deployed is there all the same."""
    if step.kind == "CustomObject":
        return draft.find(step.full_name) is not None
    if step.kind == "CustomField":
        return draft.field(*_parted(step)) is not None
    return False


def _parted(step: Step) -> tuple[str, str]:
    owner, _, name = step.full_name.partition(".")
    return owner, name


def _put(draft: Draft, step: Step, node: Node) -> None:
    if step.folder:
        check_folder(step.kind, node)
    elif step.kind == "CustomObject":
        deploy_object(draft, step.full_name, node)
    elif step.kind in PART_NAMES:
        sobject = draft.find(step.owner)
        if sobject is None:
            raise Problem(f"Entity '{step.owner}' not found.", node)
        if step.kind == "CustomField":
            deploy_field(draft, sobject, node)
        else:
            check_part(sobject, step.kind, node)
    else:
        _CHECKS[step.kind](draft, step.full_name, node)
