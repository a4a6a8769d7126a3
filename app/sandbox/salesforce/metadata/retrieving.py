"""Retrieve: the org's components as a zip with its package.xml (§17.1)."""

import io
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.sandbox.salesforce.metadata.jobs import RetrieveJob
from app.sandbox.salesforce.metadata.kinds import BY_NAME, PART_NAMES, is_known
from app.sandbox.salesforce.metadata.listing import Listed, file_of, listed, part_node, whole_node
from app.sandbox.salesforce.metadata.messages import Json
from app.sandbox.salesforce.metadata.package import MANIFEST, Members
from app.sandbox.salesforce.metadata.xml_tree import Node, element, leaf, render

if TYPE_CHECKING:
    from app.sandbox.salesforce.org import Org

_ROOT = "unpackaged/"


def retrieve(org: "Org", members: Members, *, single: bool, soap: bool) -> RetrieveJob:
    """Return a finished retrieve of what a manifest lists; what there is not is told of."""
    root = "" if single else _ROOT
    files: dict[str, Node] = {}
    found: list[Listed] = []
    messages: list[Json] = []
    for kind, name in _wished(org, members):
        if not is_known(kind):
            messages.append(_note(f"Entity type: '{kind}' is unknown"))
        elif not _add(org, kind, name, files):
            messages.append(_note(f"Entity of type '{kind}' named '{name}' cannot be found"))
        else:
            found += [each for each in listed(org, kind) if each.full_name == name]
    body = _zipped({root + path: render(node) for path, node in files.items()},
                   root, render(_manifest(members, found)))  # fmt: skip
    properties = [each.properties(org.user_id, soap=soap) for each in found]
    for each in properties:
        each["fileName"] = root + each["fileName"]
    job = RetrieveJob(org.ids.next("09S"), body, properties, messages)
    org.metadata.jobs.keep(job)
    return job


def _note(problem: str) -> Json:
    return {"fileName": _ROOT + MANIFEST, "problem": problem}


def _wished(org: "Org", members: Members) -> Iterator[tuple[str, str]]:
    for kind, names in members.types.items():
        for name in names:
            if name != "*":
                yield kind, name
                continue
            for each in listed(org, kind) if is_known(kind) else []:
                if kind != "CustomObject" or each.full_name.endswith("__c"):
                    yield kind, each.full_name


def _add(org: "Org", kind: str, name: str, files: dict[str, Node]) -> bool:
    """Add a component to the files and tell whether there is one."""
    if kind in PART_NAMES:
        return _add_part(org, kind, name, files)
    held = org.metadata.shelf.find(kind, name)
    node = whole_node(org, BY_NAME[kind], name)
    if node is None:
        return False
    folder = held is not None and held.folder
    files[file_of(kind, name, folder=folder)] = _named(node, kind, folder=folder)
    return True


def _named(node: Node, kind: str, *, folder: bool) -> Node:
    name = BY_NAME[kind].folder_kind if folder else kind
    return Node(name, node.text, node.children, attributes=node.attributes)


def _add_part(org: "Org", kind: str, name: str, files: dict[str, Node]) -> bool:
    owner, _, own = name.partition(".")
    sobject = org.schema.find(owner)
    node = part_node(org, kind, sobject, own) if sobject is not None else None
    if node is None or sobject is None:
        return False
    path = file_of(kind, sobject.name)
    before = files.get(path, Node("CustomObject"))
    names = {(each.name, each.get("fullName")) for each in before.children}
    if (node.name, node.get("fullName")) not in names:
        files[path] = before.with_children([*before.children, node])
    return True


def _manifest(members: Members, found: list[Listed]) -> Node:
    types = [
        element(
            "types",
            *(leaf("members", name) for name in sorted({e.full_name for e in found
                                                        if e.kind == kind})),
            leaf("name", kind),
        )
        for kind in dict.fromkeys(each.kind for each in found)
    ]  # fmt: skip
    return element("Package", *types, leaf("version", members.version or "66.0"))


def _zipped(files: dict[str, bytes], root: str, manifest: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, body in {**files, root + MANIFEST: manifest}.items():
            archive.writestr(zipfile.ZipInfo(path, (2026, 1, 1, 0, 0, 0)), body)
    return target.getvalue()
