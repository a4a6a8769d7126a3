"""A deploy, from the zip to its ending (§17.1)."""

from typing import TYPE_CHECKING

from app.sandbox.salesforce.metadata.applying import apply_draft, draft_of
from app.sandbox.salesforce.metadata.carry_out import Canceled, carry_out, one
from app.sandbox.salesforce.metadata.jobs import DeployJob, Ending
from app.sandbox.salesforce.metadata.messages import Message, Options, errors_in, failure
from app.sandbox.salesforce.metadata.package import MANIFEST, read_package
from app.sandbox.salesforce.metadata.problems import Problem
from app.sandbox.salesforce.metadata.steps import Step, steps_of

if TYPE_CHECKING:
    from app.sandbox.salesforce.org import Org


def start(org: "Org", body: bytes, options: Options) -> DeployJob:
    """Queue the deploy of a zip file and return its job."""
    return org.metadata.jobs.deploy(body, options, org.user_id, lambda job: deploy(org, job))


def deploy(org: "Org", job: DeployJob) -> Ending:
    """Carry a deploy out: as a whole, in part, or (check only) not at all."""
    options = job.options
    try:
        package = read_package(job.body, single=options.single_package)
    except Problem as problem:
        return Ending("Failed", [failure("", MANIFEST, MANIFEST, problem)])
    with org.metadata.lock:
        draft = draft_of(org)
        try:
            done = carry_out(draft, steps_of(package), options, job.stop.is_set)
        except Canceled:
            return Ending("Canceled")
        messages = [*done, Message("", MANIFEST, package.root + MANIFEST)]
        ending = _ending(messages, options)
        if ending.status != "Failed" and not options.check_only:
            apply_draft(org, draft)
    return ending


def _ending(messages: list[Message], options: Options) -> Ending:
    failed = errors_in(messages)
    if not failed:
        return Ending("Succeeded", messages)
    some = any(each.success and each.kind for each in messages)
    if options.rollback_on_error or not some:
        return Ending("Failed", messages)
    return Ending("SucceededPartial", messages)


def save(org: "Org", steps: list[Step], *, all_or_none: bool = False) -> list[Message]:
    """Carry single steps out at once, each that succeeds, and return what became of each."""
    with org.metadata.lock:
        draft = draft_of(org)
        messages = [one(draft, step) for step in steps]
        if not (all_or_none and errors_in(messages)):
            apply_draft(org, draft)
    return messages
