"""A package taken apart: what is to be deployed and what deleted, in the order of doing it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from app.sandbox.salesforce.metadata.kinds import BY_FOLDER, KINDS, PART_NAMES, Kind, is_known
from app.sandbox.salesforce.metadata.package import MANIFEST, Members, Package
from app.sandbox.salesforce.metadata.problems import Problem
from app.sandbox.salesforce.metadata.xml_tree import Node, XmlError, parse

_META = "-meta.xml"
_FOLDER_SUFFIXES = (".reportFolder", ".dashboardFolder")
_ORDER = ("CustomObject", "CustomField", *(each for each in PART_NAMES if each != "CustomField"))
_EVERY = "*"


@dataclass(frozen=True, slots=True)
class Step:
    """One component to deploy, or (without a node) to delete."""

    kind: str
    full_name: str
    file_name: str
    node: Node | None
    owner: str = ""  # the object, of its parts
    folder: bool = False

    @property
    def rank(self) -> tuple[int, bool]:
        """Its place in the order of deploying."""
        names = [*_ORDER, *(each.name for each in KINDS if each.name not in _ORDER)]
        return names.index(self.kind), not self.folder


@dataclass(frozen=True, slots=True)
class Misfit:
    """A file or a member of the manifest that leads to no component."""

    file_name: str
    full_name: str
    kind: str
    problem: Problem
    absent: bool = False  # named in package.xml, and not there


@dataclass(slots=True)
class Steps:
    """What a package asks for."""

    before: list[Step] = field(default_factory=list)
    deploy: list[Step] = field(default_factory=list)
    after: list[Step] = field(default_factory=list)
    misfits: list[Misfit] = field(default_factory=list)


def steps_of(package: Package) -> Steps:
    """Return the steps of a package; what does not fit is told, not raised."""
    steps = Steps(before=deletions(package.before), after=deletions(package.after))
    found: dict[tuple[str, str], Step] = {}
    for path, body in package.files.items():
        try:
            for step in _components(path, body, package.root):
                found[step.kind, step.full_name] = step
        except Problem as problem:
            steps.misfits.append(Misfit(package.root + path, path, "", problem))
    chosen = _chosen(package.members, found, steps.misfits)
    _tell_unlisted(found, chosen, steps.misfits)
    steps.deploy = sorted((found[key] for key in chosen), key=lambda step: step.rank)
    return steps


def _components(path: str, body: bytes, root: str) -> Iterator[Step]:
    folder_name, _, rest = path.partition("/")
    kind = BY_FOLDER.get(folder_name)
    if kind is None or not rest:
        raise Problem(f"Unexpected file found in the package: {path}")
    name, is_folder = _full_name(kind, rest)
    if not name:
        raise Problem(f"Unexpected file found in the package: {path}")
    try:
        node = parse(body)
    except XmlError as error:
        text = f"Error parsing file: {error} ({error.line}:{error.column})"
        raise Problem(text) from error
    yield from object_steps(Step(kind.name, name, root + path, node, folder=is_folder))


def _full_name(kind: Kind, rest: str) -> tuple[str, bool]:
    """Return the full name of the component of a file and whether it is a folder; "" if none."""
    plain = rest.removesuffix(_META)
    if plain.endswith("." + kind.suffix):
        return plain[: -len(kind.suffix) - 1], False
    if not kind.in_folder or plain == rest:
        return "", False
    for suffix in _FOLDER_SUFFIXES:
        plain = plain.removesuffix(suffix)
    return plain, True


def object_steps(step: Step) -> Iterator[Step]:
    """Yield the step of a file and, of an object, those of its parts."""
    yield step
    if step.kind != "CustomObject" or step.node is None:
        return
    for kind, element in PART_NAMES.items():
        for node in step.node.all(element):
            name = f"{step.full_name}.{node.get('fullName')}"
            yield Step(kind, name, step.file_name, node, step.full_name)


def _chosen(
    members: Members, found: dict[tuple[str, str], Step], misfits: list[Misfit]
) -> dict[tuple[str, str], None]:
    chosen: dict[tuple[str, str], None] = {}
    for kind, names in members.types.items():
        if not is_known(kind):
            problem = Problem(f"Unknown type name '{kind}' specified in package.xml")
            misfits.append(Misfit(MANIFEST, MANIFEST, "", problem))
            continue
        for name in names:
            keys = [key for key in found if key[0] == kind and name in {_EVERY, key[1]}]
            if not keys and name != _EVERY:
                misfits.append(_absent(kind, name))
            chosen.update(dict.fromkeys(keys))
    objects = {name for kind, name in chosen if kind == "CustomObject"}
    chosen.update({key: None for key, step in found.items() if step.owner in objects})
    return chosen


def _absent(kind: str, name: str) -> Misfit:
    text = (
        f"An object '{name}' of type {kind} was named in package.xml, but was not found in zipped "
        "directory"
    )
    return Misfit(MANIFEST, name, "", Problem(text), absent=True)


def _tell_unlisted(
    found: dict[tuple[str, str], Step],
    chosen: dict[tuple[str, str], None],
    misfits: list[Misfit],
) -> None:
    owners = {found[key].owner for key in chosen}
    for key, step in found.items():
        if key not in chosen and not (step.kind == "CustomObject" and step.full_name in owners):
            problem = Problem("Not in package.xml")
            misfits.append(Misfit(step.file_name, step.full_name, step.kind, problem))


def deletions(members: Members) -> list[Step]:
    """Return the steps that delete what a manifest lists: what stands on others first."""
    steps = [
        Step(kind, name, "destructiveChanges.xml", None, name.partition(".")[0])
        for kind, names in members.types.items()
        for name in names
        if is_known(kind)
    ]
    return sorted(steps, key=lambda step: step.rank, reverse=True)
