"""Metadata as XML: the files of a package, and the package itself as a zip (§17.2)."""

import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Union
from xml.etree import ElementTree as ET

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same package is the same bytes

Value = Union[str, bool, int, Sequence["Node"]]  # noqa: UP007 - it names itself
Node = tuple[str, Value]


@dataclass(frozen=True, slots=True)
class Member:
    """One component of a package: its metadata type and its full name."""

    type: str
    name: str


@dataclass(frozen=True, slots=True)
class Package:
    """What is deployed: files by path, and the components that they hold.

    Attributes:
        deletions: Components to be deleted.
    """

    files: Mapping[str, bytes]
    members: Sequence[Member]
    deletions: Sequence[Member] = ()


def document(root: str, nodes: Iterable[Node], elements: Iterable[ET.Element] = ()) -> bytes:
    """Return a metadata file; children stand by name, as the repeated ones must stand together.

    `elements` are children that are XML already.
    """
    top = element(root, list(nodes))
    top.set("xmlns", NAMESPACE)
    top.extend(elements)
    top[:] = sorted(top, key=lambda child: child.tag)
    return _printed(top)


def element(tag: str, value: Value) -> ET.Element:
    """Return a node as XML."""
    made = ET.Element(tag)
    if isinstance(value, bool):
        made.text = "true" if value else "false"
    elif isinstance(value, (str, int)):
        made.text = str(value)
    else:
        made.extend(element(*node) for node in sorted(value, key=lambda node: node[0]))
    return made


def _printed(top: ET.Element) -> bytes:
    ET.indent(top, "    ")
    text: bytes = ET.tostring(top, encoding="UTF-8", xml_declaration=True)
    return text + b"\n"


def manifest(members: Iterable[Member], version: str) -> bytes:
    """Return `package.xml`, or a list of deletions, which has the same form."""
    types: dict[str, set[str]] = {}
    for member in members:
        types.setdefault(member.type, set()).add(member.name)
    top = ET.Element("Package", {"xmlns": NAMESPACE})
    for name in sorted(types):
        block = ET.SubElement(top, "types")
        for member_name in sorted(types[name]):
            ET.SubElement(block, "members").text = member_name
        ET.SubElement(block, "name").text = name
    ET.SubElement(top, "version").text = version
    return _printed(top)


def zipped(package: Package, version: str) -> bytes:
    """Return a package as a zip with `package.xml` at its top (`singlePackage`)."""
    files = {"package.xml": manifest(package.members, version), **package.files}
    if package.deletions:
        files["destructiveChanges.xml"] = manifest(package.deletions, version)
    held = BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(files):
            archive.writestr(zipfile.ZipInfo(path, _EPOCH), files[path], zipfile.ZIP_DEFLATED)
    return held.getvalue()
