"""The chosen parts as a package to be deployed, or to be deleted (salesforce.md §17.2)."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from app.connectors.preparer import PartKey
from app.connectors.salesforce.metadata_xml import Member, Node, Package, document
from app.connectors.salesforce.prepare_change import changed_field
from app.connectors.salesforce.prepare_fields import FIELD
from app.connectors.salesforce.prepare_org import OrgState
from app.connectors.salesforce.prepare_pages import (
    dashboard_nodes,
    folder_nodes,
    layout_name,
    layout_nodes,
    report_nodes,
    report_type_name,
    report_type_nodes,
    reports,
    tab_nodes,
)
from app.connectors.salesforce.prepare_shapes import ObjectShape, field_nodes, object_nodes
from app.connectors.salesforce.prepare_survey import (
    DASHBOARD,
    LAYOUT,
    OBJECT,
    OVERVIEW,
    PERMISSION_SET,
    REPORT,
    REPORT_TYPE,
    TAB,
    Wanted,
    field_key,
    grants_wanted,
    report_key,
)

TYPES: Mapping[str, str] = {
    OBJECT: "CustomObject",
    FIELD: "CustomField",
    PERMISSION_SET: "PermissionSet",
    LAYOUT: "Layout",
    TAB: "CustomTab",
    REPORT_TYPE: "ReportType",
    REPORT: "Report",
    DASHBOARD: "Dashboard",
}
"""Our kinds of part and the Metadata API's types."""


@dataclass(frozen=True, slots=True)
class _Component:
    """One file of a package with the members that it holds."""

    path: str
    root: str
    nodes: Sequence[Node]
    members: Sequence[Member]
    elements: Sequence[ET.Element] = ()


def package_of(
    wanted: Wanted,
    state: OrgState,
    keys: Collection[PartKey],
    changed: Mapping[str, ET.Element],
) -> Package:
    """Return the package that makes or changes the parts of those keys.

    Args:
        wanted: All that the mapping needs.
        state: What the org has.
        keys: What to make or change; what cannot be deployed, such as an assignment, is left out.
        changed: The present metadata of fields that are to be changed, by full name.
    """
    then = wanted.once(state, keys)
    files: dict[str, bytes] = {}
    members: list[Member] = []
    for build in _BUILDERS:
        for component in build(then, state, keys):
            files[component.path] = document(component.root, component.nodes)
            members += component.members
    for component in _objects(then, state, keys, changed):
        nodes = document(component.root, component.nodes, component.elements)
        files[component.path] = nodes
        members += component.members
    return Package(files, members)


def deletions_of(keys: Collection[PartKey]) -> Package:
    """Return the package that deletes parts; fields and pages of a deleted object go with it.

    Folders stay: they may hold what people have made since.
    """
    objects = {key.name for key in keys if key.kind == OBJECT}
    gone = [
        Member(TYPES[key.kind], key.name)
        for key in keys
        if key.kind in TYPES and not _goes_with(key, objects)
    ]
    return Package({}, (), gone)


def _goes_with(key: PartKey, objects: Collection[str]) -> bool:
    if key.kind == FIELD:
        return key.name.partition(".")[0] in objects
    return key.kind == LAYOUT and key.name.partition("-")[0] in objects


def _objects(
    wanted: Wanted,
    state: OrgState,
    keys: Collection[PartKey],
    changed: Mapping[str, ET.Element],
) -> Iterator[_Component]:
    for shape in wanted.shapes:
        chosen = [field for field in shape.fields if field_key(shape, field) in keys]
        new = [f for f in chosen if not state.has_field(shape.name, f.name)]
        names = [Member("CustomField", f"{shape.name}.{field.name}") for field in new]
        path = f"objects/{shape.name}.object"
        if PartKey(OBJECT, shape.name) in keys and not state.has_object(shape.name):
            whole = [Member("CustomObject", shape.name)]
            yield _Component(path, "CustomObject", object_nodes(shape, new), whole)
            continue
        others = []
        for field in chosen:
            old = changed.get(f"{shape.name}.{field.name}")
            if old is not None:
                others.append(changed_field(field, old))
                names.append(Member("CustomField", f"{shape.name}.{field.name}"))
        if names:
            nodes: list[Node] = [("fields", field_nodes(field)) for field in new]
            yield _Component(path, "CustomObject", nodes, names, others)


def _permission_set(
    wanted: Wanted, state: OrgState, keys: Collection[PartKey]
) -> Iterator[_Component]:
    name = wanted.brand.name
    if PartKey(PERMISSION_SET, name) not in keys:
        return
    grants = grants_wanted(wanted, state)
    rights = ("allowRead", "allowCreate", "allowEdit", "allowDelete",
              "viewAllRecords", "modifyAllRecords")  # fmt: skip
    tabs = [shape.name for shape in wanted.own if _tab_then(shape, state, keys)]
    nodes: list[Node] = [
        ("label", wanted.brand.label),
        ("description", "What Concord needs to read and write the objects of its mapping."),
        ("hasActivationRequired", False),
    ]
    for each in sorted(grants.objects):
        granted: list[Node] = [("object", each), *((right, True) for right in rights)]
        nodes.append(("objectPermissions", granted))
    for each in sorted(grants.fields):
        granted = [("field", each), ("readable", True), ("editable", each in grants.editable)]
        nodes.append(("fieldPermissions", granted))
    nodes += [("tabSettings", [("tab", each), ("visibility", "Visible")]) for each in tabs]
    path = f"permissionsets/{name}.permissionset"
    yield _Component(path, "PermissionSet", nodes, [Member("PermissionSet", name)])


def _tab_then(shape: ObjectShape, state: OrgState, keys: Collection[PartKey]) -> bool:
    return state.has("CustomTab", shape.name) or PartKey(TAB, shape.name) in keys


def _pages(wanted: Wanted, state: OrgState, keys: Collection[PartKey]) -> Iterator[_Component]:
    for shape in wanted.own:
        name = layout_name(shape, state.label(shape))
        if PartKey(LAYOUT, name) in keys:
            nodes = layout_nodes(shape, wanted.related(shape.name))
            yield _Component(f"layouts/{name}.layout", "Layout", nodes, [Member("Layout", name)])
        if PartKey(TAB, shape.name) in keys:
            members = [Member("CustomTab", shape.name)]
            yield _Component(f"tabs/{shape.name}.tab", "CustomTab", tab_nodes(), members)
        name = report_type_name(shape)
        if PartKey(REPORT_TYPE, name) in keys:
            members = [Member("ReportType", name)]
            path = f"reportTypes/{name}.reportType"
            yield _Component(path, "ReportType", report_type_nodes(shape), members)


def _reports(wanted: Wanted, state: OrgState, keys: Collection[PartKey]) -> Iterator[_Component]:
    brand = wanted.brand
    made = False
    for shape in wanted.own:
        for report in reports(shape):
            name = report_key(brand, report).name
            if PartKey(REPORT, name) in keys:
                made = True
                nodes = report_nodes(shape, report)
                members = [Member("Report", name)]
                yield _Component(f"reports/{name}.report", "Report", nodes, members)
    if made and not state.has("ReportFolder", brand.name):
        members = [Member("Report", brand.name)]
        path = f"reports/{brand.name}-meta.xml"
        yield _Component(path, "ReportFolder", folder_nodes(brand), members)


def _dashboards(wanted: Wanted, state: OrgState, keys: Collection[PartKey]) -> Iterator[_Component]:
    brand = wanted.brand
    name = f"{brand.name}/{OVERVIEW}"
    if PartKey(DASHBOARD, name) not in keys:
        return
    nodes = dashboard_nodes(brand, wanted.own, state.user)
    members = [Member("Dashboard", name)]
    yield _Component(f"dashboards/{name}.dashboard", "Dashboard", nodes, members)
    if not state.has("DashboardFolder", brand.name):
        members = [Member("Dashboard", brand.name)]
        path = f"dashboards/{brand.name}-meta.xml"
        yield _Component(path, "DashboardFolder", folder_nodes(brand), members)


_BUILDERS: tuple[Callable[[Wanted, OrgState, Collection[PartKey]], Iterator[_Component]], ...] = (
    _permission_set,
    _pages,
    _reports,
    _dashboards,
)
