"""Sets what an org has against what a mapping needs: the parts that are lacking."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from app.connectors.preparer import Part, PartKey, PartState, Survey
from app.connectors.salesforce.prepare_fields import FIELD, field_part
from app.connectors.salesforce.prepare_org import Described, Grants, OrgState
from app.connectors.salesforce.prepare_pages import (
    Brand,
    Report,
    charted,
    layout_name,
    report_type_name,
    reports,
)
from app.connectors.salesforce.prepare_shapes import FieldShape, ObjectShape, namespace
from app.connectors.salesforce.schema import respelled

OBJECT, PERMISSION_SET, ASSIGNMENT = "object", "permission set", "assignment"
LAYOUT, TAB, REPORT_TYPE, REPORT, DASHBOARD = "layout", "tab", "report type", "report", "dashboard"
OVERVIEW = "Overview"
"""The dashboard's developer name, in its folder."""
MOST_TABS = 25  # of an org of the Enterprise Edition, not confirmed; what is below has no tab
# Salesforce gives no rights of their own to these.
_RULED_BY_PARENT = frozenset(
    {"OpportunityLineItem", "OrderItem", "QuoteLineItem", "PricebookEntry", "ContractLineItem"}
)
_HIDDEN = "is there, but this user may not see it; the permission set will allow it"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be there: the objects of a mapping, and the names of Concord's own parts."""

    brand: Brand
    shapes: tuple[ObjectShape, ...]

    def related(self, name: str) -> list[tuple[str, str]]:
        """Return object and field of the lookups that point at an object."""
        return [
            (shape.name, field.name)
            for shape in self.shapes
            for field in shape.fields
            if field.target == name
        ]

    def once(self, state: OrgState, made: Collection[PartKey]) -> "Wanted":
        """Return what of it an org has once the parts `made` are: other fields are left out."""
        return replace(
            self,
            shapes=tuple(
                replace(
                    shape,
                    fields=tuple(
                        field
                        for field in shape.fields
                        if state.has_field(shape.name, field.name)
                        or field_key(shape, field) in made
                    ),
                )
                for shape in self.shapes
                if state.has_object(shape.name) or PartKey(OBJECT, shape.name) in made
            ),
        )

    @property
    def own(self) -> list[ObjectShape]:
        """The objects that are neither Salesforce's nor a package's: those get pages."""
        return [shape for shape in self.shapes if shape.is_custom and not shape.names_package]

    @property
    def tabbed(self) -> list[ObjectShape]:
        """Those that get a tab: what others point at comes first, the rest is found from there."""
        return self.own[:MOST_TABS]


def field_key(shape: ObjectShape, field: FieldShape) -> PartKey:
    """Return the part that a field is."""
    return PartKey(FIELD, f"{shape.name}.{field.name}")


def report_key(brand: Brand, report: Report) -> PartKey:
    """Return the part that a report is."""
    return PartKey(REPORT, f"{brand.name}/{report.name}")


def survey(wanted: Wanted, state: OrgState) -> Survey:
    """Return what an org lacks, in the order in which it is made, and how much is well."""
    found = list(_stranded([part for shape in wanted.shapes for part in _object(shape, state)]))
    missing = {part.key for part in found if part and part.state is PartState.MISSING}
    then = wanted.once(state, missing)
    granting = list(_permissions(then, state))
    cures = tuple(part.key for part in granting if part is not None and part.can_change)
    found = [_cured(part, cures) for part in found] + granting
    found += _pages(then, state, missing)
    parts = tuple(part for part in found if part is not None)
    return Survey(state.instance, parts, len(found) - len(parts))


def _stranded(found: Sequence[Part | None]) -> Iterator[Part | None]:
    """Yield the parts; what needs an object that nobody here can make cannot be made either."""
    blocked = {part.key for part in found if part is not None and not part.can_change}
    for part in found:
        stuck = [key for key in part.needs if key in blocked] if part is not None else []
        if part is None or not stuck:
            yield part
            continue
        words = f"needs the {stuck[0].kind} {stuck[0].name}"
        yield replace(part, state=PartState.BLOCKED, detail=words, ticked=False, needs=())


def _cured(part: Part | None, cures: tuple[PartKey, ...]) -> Part | None:
    """Return a part that is hidden with what will show it, if anything of ours can."""
    if part is None or part.state is not PartState.HIDDEN:
        return part
    if cures:
        return replace(part, needs=cures)
    words = "is hidden from this user although Concord's permission set grants it"
    return replace(part, state=PartState.BLOCKED, detail=words, ticked=False)


def _object(shape: ObjectShape, state: OrgState) -> Iterator[Part | None]:
    yield _itself(shape, state)
    seen = state.fields(shape.name)
    for field in shape.fields:
        if field.name in seen:
            yield field_part(shape.name, field, seen[field.name])
        else:
            yield _unseen(shape, field, state)


def _itself(shape: ObjectShape, state: OrgState) -> Part | None:
    key = PartKey(OBJECT, shape.name)
    if state.described[shape.name] is not None:
        return None
    if shape.name in state.hidden:
        return Part(key, PartState.HIDDEN, _HIDDEN)
    if shape.names_package:
        words = f"belongs to the package {shape.names_package}, which is not installed or hidden"
        return Part(key, PartState.BLOCKED, words, ticked=False)
    if not shape.is_custom:
        words = "is a standard object that this org has not, or hides from this user"
        return Part(key, PartState.BLOCKED, words, ticked=False)
    return Part(key, PartState.MISSING, f"{shape.plural}: a custom object")


def _unseen(shape: ObjectShape, field: FieldShape, state: OrgState) -> Part:
    """Return the part of a field that describe does not show."""
    key = field_key(shape, field)
    if key.name in state.hidden:
        return Part(key, PartState.HIDDEN, _HIDDEN)
    spelled = respelled(field.name, state.fields(shape.name))
    if spelled:
        return Part(key, PartState.BLOCKED, spelled, ticked=False)
    owner = namespace(field.name)
    if not field.is_custom or owner:
        words = f"belongs to the package {owner}" if owner else "is a standard field"
        words += ", not there or hidden from this user"
        return Part(key, PartState.BLOCKED, words, ticked=False)
    if not state.has_object(shape.name) and (shape.names_package or not shape.is_custom):
        return Part(key, PartState.BLOCKED, "its object is not to be seen", ticked=False)
    owners = dict.fromkeys(filter(None, (shape.name, field.target)))
    needs = tuple(PartKey(OBJECT, name) for name in owners if not state.has_object(name))
    return Part(key, PartState.MISSING, field.words, needs=needs)


def grants_wanted(wanted: Wanted, state: OrgState) -> Grants:
    """Return what the permission set has to give.

    Fields that everybody sees, such as required ones, cannot be granted (salesforce.md §17.2), nor
    can objects whose rights are their parent's.
    """
    fields: set[str] = set()
    editable: set[str] = set()
    for shape in wanted.shapes:
        seen = state.fields(shape.name)
        for field in shape.fields:
            found = seen.get(field.name, {})
            if found.get("permissionable", field.is_custom):
                fields.add(f"{shape.name}.{field.name}")
                if _can_be_edited(field, found):
                    editable.add(f"{shape.name}.{field.name}")
    names = {shape.name for shape in wanted.shapes} - _RULED_BY_PARENT
    return Grants(objects=frozenset(names), fields=frozenset(fields), editable=frozenset(editable))


def _can_be_edited(field: FieldShape, found: Described) -> bool:
    """Return whether a right to edit can be granted; describe tells what this user has now."""
    if found.get("calculated") or found.get("autoNumber"):
        return False
    return field.is_custom or bool(found.get("createable") or found.get("updateable"))


def _lacking_grants(wanted: Grants, given: Grants) -> str:
    """Return in words what a permission set does not give, "" if nothing."""
    fields = (wanted.fields - given.fields) | (wanted.editable - given.editable)
    lacking = [
        f"{len(left):,} {kind}{'s' if len(left) > 1 else ''}"
        for kind, left in (("object", wanted.objects - given.objects), ("field", fields))
        if left
    ]
    return " and ".join(lacking)


def _permissions(wanted: Wanted, state: OrgState) -> Iterator[Part | None]:
    name, grants = wanted.brand.name, state.grants
    few = _lacking_grants(grants_wanted(wanted, state), grants)
    key = PartKey(PERMISSION_SET, name)
    if not grants.id:
        yield Part(key, PartState.MISSING, f"lets a user work with {few}")
    else:
        yield Part(key, PartState.DIFFERS, f"does not grant {few}") if few else None
    assignment = PartKey(ASSIGNMENT, f"{name} \u2192 {state.user or state.user_id}")
    if not state.user_id:
        words = "the org does not tell who this user is: assign the permission set by hand"
        yield Part(assignment, PartState.BLOCKED, words, ticked=False)
    elif grants.is_assigned:
        yield None
    else:
        words = "gives this user the permission set"
        yield Part(assignment, PartState.MISSING, words, needs=() if grants.id else (key,))


def _pages(wanted: Wanted, state: OrgState, missing: Collection[PartKey]) -> Iterator[Part | None]:
    """Yield layouts, tabs, reports and their like: none where nobody tells what is there."""
    if state.names is None:
        return
    layouts = state.names.get("Layout", frozenset())
    for shape in wanted.own:
        known = any(name.startswith(f"{shape.name}-") for name in layouts)
        key = PartKey(LAYOUT, layout_name(shape, state.label(shape)))
        yield None if known else _page(key, "the page of a record", shape, missing)
    for shape in wanted.tabbed:
        key = PartKey(TAB, shape.name)
        words = f"{shape.plural} in the menu"
        yield None if state.has("CustomTab", key.name) else _page(key, words, shape, missing)
    for shape in wanted.own:
        key = PartKey(REPORT_TYPE, report_type_name(shape))
        words = f"lets people make reports of {shape.plural.lower()}"
        yield None if state.has("ReportType", key.name) else _page(key, words, shape, missing)
    for shape in wanted.own:
        for report in reports(shape):
            yield _report(wanted.brand, shape, report, state, missing)
    yield _dashboard(wanted.brand, wanted.own, state)


def _page(key: PartKey, words: str, shape: ObjectShape, missing: Collection[PartKey]) -> Part:
    owner = PartKey(OBJECT, shape.name)
    return Part(key, PartState.MISSING, words, needs=(owner,) if owner in missing else ())


def _report(
    brand: Brand,
    shape: ObjectShape,
    report: Report,
    state: OrgState,
    missing: Collection[PartKey],
) -> Part | None:
    key = report_key(brand, report)
    if state.has("Report", key.name):
        return None
    names = {field.name for field in shape.fields if report.unkeyed and field.key}
    used = names | ({report.group} if report.group else set())
    needs = [PartKey(FIELD, f"{shape.name}.{name}") for name in sorted(used)]
    needs = [each for each in needs if each in missing]
    kind = PartKey(REPORT_TYPE, report_type_name(shape))
    if not state.has("ReportType", kind.name):
        needs.append(kind)
    words = report.description.rstrip(".")
    return Part(key, PartState.MISSING, words, needs=tuple(needs))


def _dashboard(brand: Brand, shapes: Sequence[ObjectShape], state: OrgState) -> Part | None:
    key = PartKey(DASHBOARD, f"{brand.name}/{OVERVIEW}")
    shown = charted(shapes)
    if state.has("Dashboard", key.name) or not shown:
        return None
    sources = (report_key(brand, report) for _, report, _ in shown)
    needs = tuple(each for each in sources if not state.has("Report", each.name))
    return Part(key, PartState.MISSING, "the charts of the Reports tab", needs=needs)
