"""What the org has of each kind of metadata, deployed or given, and how it is written."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from app.sandbox.salesforce.metadata.from_schema import field_node, object_node
from app.sandbox.salesforce.metadata.kinds import BY_NAME, KINDS, PART_NAMES, Kind
from app.sandbox.salesforce.metadata.messages import Json, when
from app.sandbox.salesforce.metadata.shelf import Held
from app.sandbox.salesforce.metadata.xml_tree import Node, leaf
from app.sandbox.salesforce.schema import SObject
from app.sandbox.salesforce.tooling.setup_objects import setup_objects

if TYPE_CHECKING:
    from app.sandbox.salesforce.org import Org

# Rows of these are set up by admins; nobody adds fields to them, so they are no CustomObject.
_SETUP_NAMES = frozenset(each.name for each in setup_objects())
_FOLDERS = {each.folder_kind: each.name for each in KINDS if each.folder_kind}


@dataclass(frozen=True, slots=True)
class Listed:
    """One component that the org has."""

    kind: str
    full_name: str
    file_name: str
    id: str
    created_at: datetime
    changed_at: datetime

    def properties(self, user_id: str, *, soap: bool) -> Json:
        """Return the keys of FileProperties, in the order of the WSDL."""
        return {
            "createdById": user_id,
            "createdByName": "Ada Admin",
            "createdDate": when(self.created_at, soap=soap),
            "fileName": self.file_name,
            "fullName": self.full_name,
            "id": self.id,
            "lastModifiedById": user_id,
            "lastModifiedByName": "Ada Admin",
            "lastModifiedDate": when(self.changed_at, soap=soap),
            "manageableState": "unmanaged",
            "type": self.kind,
        }


def listed(org: "Org", kind: str, folder: str = "") -> list[Listed]:
    """Return the components of a kind by name, of reports and dashboards those of a folder."""
    if kind in _FOLDERS:
        return [each for each in _held(org, _FOLDERS[kind]) if each.kind == kind]
    if kind == "CustomObject":
        return sorted(_objects(org), key=_by_name)
    if kind == "CustomField":
        return sorted(_fields(org), key=_by_name)
    return [
        each
        for each in _held(org, kind)
        if each.kind == kind and (not folder or each.full_name.startswith(folder + "/"))
    ]


def _by_name(listed_one: Listed) -> str:
    return listed_one.full_name


def _held(org: "Org", kind: str) -> list[Listed]:
    return [_of(each) for each in org.metadata.shelf.of_kind(kind)]


def _of(held: Held) -> Listed:
    return Listed(
        (BY_NAME[held.kind].folder_kind if held.folder else held.kind),
        held.full_name,
        file_of(held.kind, held.full_name, folder=held.folder),
        held.id,
        held.created_at,
        held.changed_at,
    )


def file_of(kind: str, full_name: str, *, folder: bool = False) -> str:
    """Return where a component stands in a package."""
    if kind in PART_NAMES:
        return BY_NAME["CustomObject"].path(full_name.partition(".")[0])
    known = BY_NAME[kind]
    return f"{known.folder}/{full_name}-meta.xml" if folder else known.path(full_name)


def _objects(org: "Org") -> Iterator[Listed]:
    for sobject in org.schema:
        held = org.metadata.shelf.find("CustomObject", sobject.name)
        if held is not None:
            yield _of(held)
        elif sobject.writable and sobject.name not in _SETUP_NAMES:
            yield _given(org, "CustomObject", sobject.name)


def _fields(org: "Org") -> Iterator[Listed]:
    for sobject in org.schema:
        for field in sobject.fields:
            name = f"{sobject.name}.{field.name}"
            held = org.metadata.shelf.find("CustomField", name)
            if held is not None:
                yield _of(held)
            elif field.custom:
                yield _given(org, "CustomField", name)


def _given(org: "Org", kind: str, full_name: str) -> Listed:
    at = org.metadata.given_at
    return Listed(kind, full_name, file_of(kind, full_name), given_id(org, full_name), at, at)


def given_id(org: "Org", full_name: str, prefix: str = "") -> str:
    """Return the id of a given object or field: the same one as long as the org lives.

    `prefix` is for what is neither.
    """
    with org.metadata.lock:
        known = org.metadata.given_ids.get(full_name)
        if known is None:
            known = org.ids.next(prefix or ("00N" if "." in full_name else "01I"))
            org.metadata.given_ids[full_name] = known
    return known


def whole_node(org: "Org", kind: Kind, full_name: str) -> Node | None:
    """Return the content of a component's file, or None if the org has none such."""
    if kind.name == "CustomObject":
        sobject = org.schema.find(full_name)
        return _whole_object(org, sobject) if sobject is not None else None
    held = org.metadata.shelf.find(kind.name, full_name)
    return held.node if held is not None else None


def _whole_object(org: "Org", sobject: SObject) -> Node:
    held = org.metadata.shelf.find("CustomObject", sobject.name)
    base = held.node if held is not None else object_node(sobject)
    parts = [part_node(org, "CustomField", sobject, f.name) for f in sobject.fields if f.custom]
    for kind in PART_NAMES:
        if kind != "CustomField":
            start = sobject.name.lower() + "."
            parts += [
                each.node
                for each in org.metadata.shelf.of_kind(kind)
                if each.full_name.lower().startswith(start)
            ]
    children = [*base.children, *(each for each in parts if each is not None)]
    named = base if base.name == "CustomObject" else Node("CustomObject")
    return named.with_children(sorted(children, key=lambda each: each.name))


def part_node(org: "Org", kind: str, sobject: SObject, name: str) -> Node | None:
    """Return a part of an object as it stands in the object's file, or None."""
    held = org.metadata.shelf.find(kind, f"{sobject.name}.{name}")
    if held is not None:
        children = held.node.without("fullName").children
        return Node(PART_NAMES[kind], "", (leaf("fullName", name), *children))
    field = sobject.by_name.get(name.lower()) if kind == "CustomField" else None
    return field_node(field) if field is not None else None
