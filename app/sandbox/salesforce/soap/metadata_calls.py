"""The operations of the Metadata API's SOAP service (§17.1)."""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.sandbox.salesforce.errors import RequestError
from app.sandbox.salesforce.metadata import deploying
from app.sandbox.salesforce.metadata.deploy_api import options_of, validated
from app.sandbox.salesforce.metadata.jobs import RetrieveJob
from app.sandbox.salesforce.metadata.kinds import (
    BY_NAME,
    ELSEWHERE,
    KINDS,
    PART_NAMES,
    is_known,
)
from app.sandbox.salesforce.metadata.listing import listed, part_node, whole_node
from app.sandbox.salesforce.metadata.messages import Json, Message
from app.sandbox.salesforce.metadata.package import members_of
from app.sandbox.salesforce.metadata.problems import Problem
from app.sandbox.salesforce.metadata.retrieving import retrieve
from app.sandbox.salesforce.metadata.steps import Step, object_steps
from app.sandbox.salesforce.metadata.xml_tree import Node, leaf
from app.sandbox.salesforce.org import Org
from app.sandbox.salesforce.soap.envelope import NIL, Typed

_MOST_COMPONENTS = 10
_MOST_QUERIES = 3
_RETRIEVE = "09S"
_STATES = {"Pending": "Queued", "Failed": "Error", "Canceled": "Error"}
_FLAGS = (
    "allowMissingFiles", "autoUpdatePackage", "checkOnly", "ignoreWarnings", "performRetrieve",
    "purgeOnDelete", "rollbackOnError", "singlePackage",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """An operation with the org that it is asked of."""

    org: Org
    node: Node
    version: str


def _queued(job_id: str) -> Json:
    return {"done": False, "id": job_id, "state": "Queued"}


def deploy(asked: Asked) -> Json:
    """Queue a deploy."""
    wish = asked.node.child("DeployOptions") or Node("DeployOptions")
    options: dict[str, Any] = {name: wish.flag(name) for name in _FLAGS}
    options["testLevel"] = wish.get("testLevel") or None
    archive = _decoded(asked.node.get("ZipFile"))
    return _queued(deploying.start(asked.org, archive, options_of(options)).id)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise RequestError("INVALID_FIELD", f"ZipFile is not base64: {error}") from error


def deploy_recent_validation(asked: Asked) -> str:
    """Deploy what a check found to be good; the result is the new deploy's id."""
    return validated(asked.org, asked.node.get("validationId")).id


def _id(asked: Asked) -> str:
    """Return the id that a call is about: its first argument, by whatever name a client gives."""
    return next(iter(asked.node.children), Node("")).text.strip()


def check_deploy_status(asked: Asked) -> Json:
    """Tell how a deploy stands."""
    job = asked.org.metadata.jobs.find(_id(asked))
    return job.result(details=asked.node.flag("includeDetails"), soap=True)


def check_status(asked: Asked) -> list[Json]:
    """Tell how a deploy or a retrieve stands, as old clients ask."""
    return [_state(asked.org, each.text.strip()) for each in asked.node.children]


def _state(org: Org, job_id: str) -> Json:
    if job_id.startswith(_RETRIEVE):
        return {"done": True, "id": org.metadata.jobs.retrieved(job_id).id, "state": "Completed"}
    job = org.metadata.jobs.find(job_id)
    ended = job.result(details=False)["done"]
    state = _STATES.get(job.status, "Completed" if ended else "InProgress")
    return {"done": ended, "id": job.id, "state": state}


def cancel_deploy(asked: Asked) -> Json:
    """Ask a deploy to stop."""
    job = asked.org.metadata.jobs.find(_id(asked))
    if not asked.org.metadata.jobs.cancel(job):
        raise RequestError("INVALID_ID_FIELD", f"Deployment already completed: {job.status}")
    return {"done": False, "id": job.id}


def start_retrieve(asked: Asked) -> Json:
    """Retrieve what a manifest lists; clients differ in what they call the argument."""
    request = next(iter(asked.node.children), asked.node)
    manifest = request.child("unpackaged") or Node("Package")
    try:
        members = members_of(manifest)
    except Problem as problem:
        raise RequestError("INVALID_FIELD", problem.text) from problem
    single = request.flag("singlePackage")
    job = retrieve(asked.org, members, single=single, soap=True)
    return _queued(job.id)


def check_retrieve_status(asked: Asked) -> Json:
    """Give a finished retrieve, with its zip unless that is not wanted."""
    job = asked.org.metadata.jobs.retrieved(_id(asked))
    return _retrieved(job, with_zip=asked.node.flag("includeZip", default=True))


def _retrieved(job: RetrieveJob, *, with_zip: bool) -> Json:
    return {
        "done": True,
        "fileProperties": list(job.files),
        "id": job.id,
        "messages": list(job.messages),
        "status": "Succeeded",
        "success": True,
        "zipFile": base64.b64encode(job.body).decode("ascii") if with_zip else NIL,
    }


def describe_metadata(asked: Asked) -> Json:
    """Tell which kinds of metadata there are."""
    del asked
    objects = [
        {
            "childXmlNames": [name for _, name in kind.children],
            "directoryName": kind.folder,
            "inFolder": kind.in_folder,
            "metaFile": kind.meta_file,
            "suffix": kind.suffix,
            "xmlName": kind.name,
        }
        for kind in KINDS
    ]
    return {
        "metadataObjects": objects,
        "organizationNamespace": "",
        "partialSaveAllowed": True,
        "testRequired": False,
    }


def list_metadata(asked: Asked) -> list[Json]:
    """List the components of up to three kinds."""
    queries = asked.node.all("queries")
    if len(queries) > _MOST_QUERIES:
        message = f"cannot submit more than {_MOST_QUERIES} queries in this operation"
        raise RequestError("LIMIT_EXCEEDED", f"record limit reached. {message}")
    found: list[Json] = []
    for each in queries:
        kind = each.get("type")
        if kind in ELSEWHERE:
            continue
        if not is_known(kind) and kind not in {one.folder_kind for one in KINDS}:
            raise RequestError("INVALID_TYPE", f"Unknown type:{kind}")
        user = asked.org.user_id
        found += [
            one.properties(user, soap=True) for one in listed(asked.org, kind, each.get("folder"))
        ]
    return found


def read_metadata(asked: Asked) -> Json:
    """Give components as they are written; nil for one that there is not."""
    kind = _kind(asked.node.get("type"))
    names = [each.text.strip() for each in asked.node.all("fullNames")]
    _check_count(len(names))
    return {"records": [_read(asked.org, kind, name) for name in names]}


def _kind(name: str) -> str:
    kind = name.rpartition(":")[2]
    if not is_known(kind):
        raise RequestError("INVALID_TYPE", f"Unknown type:{kind}")
    return kind


def _read(org: Org, kind: str, name: str) -> Typed:
    if kind in PART_NAMES:
        owner, _, own = name.partition(".")
        sobject = org.schema.find(owner)
        node = part_node(org, kind, sobject, own) if sobject is not None else None
    else:
        node = whole_node(org, BY_NAME[kind], name)
    if node is None:
        return NIL
    return Typed(kind, (leaf("fullName", name), *node.without("fullName").children))


def _check_count(count: int) -> None:
    if count > _MOST_COMPONENTS:
        message = f"cannot submit more than {_MOST_COMPONENTS} records in this operation"
        raise RequestError("LIMIT_EXCEEDED", f"record limit reached. {message}")


def create_metadata(asked: Asked) -> list[Json]:
    """Make components that there are not yet."""
    return _saved(asked, "create")


def update_metadata(asked: Asked) -> list[Json]:
    """Change components that there are."""
    return _saved(asked, "update")


def upsert_metadata(asked: Asked) -> list[Json]:
    """Make components or change them; the results say which."""
    return _saved(asked, "upsert")


def _saved(asked: Asked, verb: str) -> list[Json]:
    nodes = asked.node.all("metadata")
    _check_count(len(nodes))
    results = []
    for node in nodes:
        kind, name = _kind(node.attributes.get("type", "")), node.get("fullName")
        existing = _exists(asked.org, kind, name)
        if verb == "create" and existing:
            text = f"There is already a {kind} named {name}."
            results.append(_result(name, Problem(text, code="DUPLICATE_DEVELOPER_NAME")))
        elif verb == "update" and not existing:
            text = f"No {kind} named: {name} found"
            results.append(_result(name, Problem(text, code="INVALID_CROSS_REFERENCE_KEY")))
        else:
            messages = deploying.save(asked.org, _steps(kind, name, node), all_or_none=True)
            outcome = _outcome(name, messages)
            made = not existing and outcome["success"]
            results.append({"created": made, **outcome} if verb == "upsert" else outcome)
    return results


def _exists(org: Org, kind: str, name: str) -> bool:
    owner, _, own = name.partition(".")
    sobject = org.schema.find(owner)
    if kind in PART_NAMES:
        return sobject is not None and part_node(org, kind, sobject, own) is not None
    if kind == "CustomObject":
        return sobject is not None
    return org.metadata.shelf.find(kind, name) is not None


def _steps(kind: str, name: str, node: Node) -> list[Step]:
    owner, _, own = name.partition(".")
    part = kind in PART_NAMES
    inner = node.without("fullName")
    if part:
        inner = inner.with_children([leaf("fullName", own), *inner.children])
    return list(object_steps(Step(kind, name, "", inner, owner if part else "")))


def delete_metadata(asked: Asked) -> list[Json]:
    """Delete components."""
    kind = _kind(asked.node.get("type"))
    names = [each.text.strip() for each in asked.node.all("fullNames")]
    _check_count(len(names))
    results = []
    for name in names:
        (message,) = deploying.save(asked.org, [Step(kind, name, "", None)])
        problem = message.problem
        if message.warning and problem is not None:  # in a deploy a warning, an error here
            problem = Problem(problem.text, code="INVALID_CROSS_REFERENCE_KEY")
        results.append(_result(name, problem))
    return results


def _outcome(name: str, messages: list[Message]) -> Json:
    return _result(name, next((each.problem for each in messages if each.failed), None))


def _result(name: str, problem: Problem | None) -> Json:
    if problem is None:
        return {"fullName": name, "success": True}
    error = {"message": problem.text, "statusCode": problem.code}
    return {"errors": [error], "fullName": name, "success": False}


Operation = Callable[[Asked], Any]
OPERATIONS: Mapping[str, Operation] = {
    "deploy": deploy,
    "deployRecentValidation": deploy_recent_validation,
    "checkDeployStatus": check_deploy_status,
    "checkStatus": check_status,
    "cancelDeploy": cancel_deploy,
    "retrieve": start_retrieve,
    "checkRetrieveStatus": check_retrieve_status,
    "describeMetadata": describe_metadata,
    "listMetadata": list_metadata,
    "readMetadata": read_metadata,
    "createMetadata": create_metadata,
    "updateMetadata": update_metadata,
    "upsertMetadata": upsert_metadata,
    "deleteMetadata": delete_metadata,
}
