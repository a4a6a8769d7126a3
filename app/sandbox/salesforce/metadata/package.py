"""A package as it was uploaded: a zip with package.xml, files, and lists of deletions (§17.2)."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.sandbox.salesforce.metadata.problems import Problem
from app.sandbox.salesforce.metadata.xml_tree import Node, XmlError, parse

MANIFEST = "package.xml"
_BEFORE = ("destructiveChangesPre.xml", "destructiveChanges.xml")
_AFTER = "destructiveChangesPost.xml"
_MOST_FILES = 10_000
_MOST_BYTES = 400 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Members:
    """What a manifest lists, kind by kind, in its order."""

    types: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    version: str = ""


@dataclass(frozen=True, slots=True)
class Package:
    """The content of one uploaded package; paths are below its root."""

    files: Mapping[str, bytes]
    members: Members
    before: Members = Members()
    after: Members = Members()
    root: str = ""  # "unpackaged/" where the zip may hold several packages


def read_package(body: bytes, *, single: bool) -> Package:
    """Return the package in a zip file.

    Raises:
        Problem: It is no zip, too large, or has no readable package.xml.
    """
    files = _unzipped(body)
    root = ""
    if MANIFEST not in files and not single:
        root = next((n[: -len(MANIFEST)] for n in files if n.endswith("/" + MANIFEST)), "")
        files = {n[len(root) :]: each for n, each in files.items() if n.startswith(root)}
    if MANIFEST not in files:
        raise Problem("No package.xml found")
    before = [read_manifest(files[n], n) for n in _BEFORE if n in files]
    types = {kind: names for each in before for kind, names in each.types.items()}
    after = read_manifest(files[_AFTER], _AFTER) if _AFTER in files else Members()
    manifest = read_manifest(files[MANIFEST], MANIFEST)
    plain = {n: each for n, each in files.items() if n not in {MANIFEST, *_BEFORE, _AFTER}}
    return Package(plain, manifest, Members(types), after, root)


def _unzipped(body: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            entries = [each for each in archive.infolist() if not each.is_dir()]
            if len(entries) > _MOST_FILES or sum(e.file_size for e in entries) > _MOST_BYTES:
                raise Problem("Maximum size of request reached", code="LIMIT_EXCEEDED")
            return {each.filename.lstrip("/"): archive.read(each) for each in entries}
    except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError) as error:
        text = f"UNKNOWN_EXCEPTION: zip file is corrupt: {error}"
        raise Problem(text, code="INVALID_ID_FIELD") from error


def read_manifest(body: bytes, name: str) -> Members:
    """Return what a manifest lists; Problem if it is no manifest."""
    try:
        root = parse(body)
    except XmlError as error:
        text = f"{name}: {error} ({error.line}:{error.column})"
        raise Problem(f"Error parsing file: {text}") from error
    return members_of(root)


def members_of(root: Node) -> Members:
    """Return what the `types` elements of a node list; Problem for one without a name."""
    types: dict[str, tuple[str, ...]] = {}
    for each in root.all("types"):
        name = each.get("name")
        if not name:
            raise Problem("Required field is missing: name", each)
        members = tuple(member.text.strip() for member in each.all("members"))
        types[name] = (*types.get(name, ()), *members)
    return Members(types, root.get("version"))
