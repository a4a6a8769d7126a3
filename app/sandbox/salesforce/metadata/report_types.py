"""ReportType, and the columns that reports of a type may show (§17.2)."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.sandbox.salesforce.metadata.draft import Draft
from app.sandbox.salesforce.metadata.problems import Problem, demand, unknown
from app.sandbox.salesforce.metadata.shelf import Shelf
from app.sandbox.salesforce.metadata.xml_tree import Node
from app.sandbox.salesforce.schema import Field, SObject

_CATEGORIES = frozenset(
    {"accounts", "opportunities", "forecasts", "cases", "leads", "campaigns", "activities",
     "busop", "products", "admin", "territory", "territory2", "usage_entitlement", "wdc",
     "calibration", "other", "content", "quotes", "individual", "employee", "data_cloud",
     "commerce", "flow"}
)  # fmt: skip
_MOST_JOINS = 3
_STANDARD = {
    "AccountList": "Account",
    "ContactList": "Contact",
    "ProductList": "Product2",
}
_CUSTOM_OBJECT = "CustomEntity$"
_BY_NAME = {
    "CUST_NAME": "Name",
    "CUST_ID": "Id",
    "CUST_CREATED_DATE": "CreatedDate",
    "CUST_CREATED_NAME": "CreatedBy.Name",
    "CUST_LAST_UPDATE": "LastModifiedDate",
    "CUST_OWNER_NAME": "Owner.Name",
    "ACCOUNT.NAME": "Name",
    "ACCOUNT_ID": "Id",
    "CREATED_DATE": "CreatedDate",
    "LAST_UPDATE": "LastModifiedDate",
    "TYPE": "Type",
    "INDUSTRY": "Industry",
    "PHONE1": "Phone",
    "PRODUCT_NAME": "Name",
    "PRODUCT_CODE": "ProductCode",
}


@dataclass(frozen=True, slots=True)
class Join:
    """One object of a report type: how it hangs on the one before it."""

    sobject: str
    table: str  # as columns name it: "Client_Plan__c.Services__r"
    lookup: str = ""  # the field that leads to the one before
    outer: bool = False


def check_report_type(draft: Draft, name: str, node: Node) -> None:
    """Check a report type.

    Raises:
        Problem: It is built on what there is not.
    """
    del name
    demand(node, "baseObject", "category", "label")
    if not node.has("deployed"):
        raise Problem("Required field is missing: deployed", node)
    category = node.get("category")
    if category not in _CATEGORIES:
        raise Problem(f"'{category}' is not a valid value for the enum 'ReportTypeCategory'", node)
    joins = {each.table.lower(): each for each in joins_of(draft.sobjects, node)}
    if not node.all("sections"):
        raise Problem("Required field is missing: sections", node)
    for section in node.all("sections"):
        demand(section, "masterLabel")
        for column in section.all("columns"):
            _check_column(draft, joins, column)


def joins_of(sobjects: dict[str, SObject], node: Node) -> list[Join]:
    """Return the objects of a report type, the base first.

    Raises:
        Problem: One is not there, or there are more than four.
    """
    base = sobjects.get(node.get("baseObject").lower())
    if base is None:
        raise unknown("baseObject", "CustomObject", node.get("baseObject"), node)
    found = [Join(base.name, base.name)]
    step = node.child("join")
    while step is not None:
        found.append(_joined(sobjects, found[-1], step))
        step = step.child("join")
    if len(found) > _MOST_JOINS + 1:
        raise Problem(f"A report type joins at most {_MOST_JOINS} objects to its base", node)
    return found


def _joined(sobjects: dict[str, SObject], parent: Join, step: Node) -> Join:
    name = step.get("relationship")
    for sobject, lookup in _lookups(sobjects, parent.sobject):
        if lookup.children is not None and lookup.children.lower() == name.lower():
            table = f"{parent.table}.{lookup.children}"
            return Join(sobject.name, table, lookup.name, step.flag("outerJoin"))
    raise unknown("relationship", "relationship", f"{parent.sobject}.{name}", step)


def _lookups(sobjects: dict[str, SObject], parent: str) -> Iterator[tuple[SObject, Field]]:
    for sobject in sobjects.values():
        for field in sobject.fields:
            if parent in field.reference_to:
                yield sobject, field


def _check_column(draft: Draft, joins: dict[str, Join], column: Node) -> None:
    table, field = column.get("table"), column.get("field")
    join = joins.get(table.lower())
    if join is None:
        raise unknown("table", "CustomObject", table, column)
    if path_of(draft.sobjects, join.sobject, field) is None:
        raise unknown("field", "CustomField", f"{join.sobject}.{field}", column)


def path_of(sobjects: dict[str, SObject], start: str, text: str) -> str | None:
    """Return a column's path as SOQL spells it, or None if it leads nowhere.

    Report types name lookups by their field or relationship: `Plan__c.Name`, `Owner.Name`.
    """
    sobject, way = sobjects.get(start.lower()), []
    *steps, last = text.split(".")
    for step in steps:
        lookup = _lookup(sobject, step) if sobject is not None else None
        if lookup is None:
            return None
        way.append(str(lookup.relationship))
        sobject = sobjects.get(lookup.reference_to[-1].lower())
    found = sobject.by_name.get(last.lower()) if sobject is not None else None
    return ".".join([*way, found.name]) if found is not None else None


def _lookup(sobject: SObject, name: str) -> Field | None:
    found = sobject.by_name.get(name.lower()) or sobject.by_relationship.get(name.lower())
    return found if found is not None and found.relationship else None


@dataclass(frozen=True, slots=True)
class ReportSource:
    """What a report reads: its objects and, for a custom type, the columns it may show."""

    joins: tuple[Join, ...]
    name: str
    label: str

    def column(self, sobjects: dict[str, SObject], text: str) -> "SourceColumn | None":
        """Return the column that a report names, or None if the type has none such."""
        table, dollar, field = text.partition("$")
        if not dollar:
            base = self.joins[0].sobject
            field = _BY_NAME.get(text, text)
            if field.lower().startswith(base.lower() + "."):
                field = field[len(base) + 1 :]
            table = self.joins[0].table
        for place, join in enumerate(self.joins):
            if join.table.lower() == table.lower():
                path = path_of(sobjects, join.sobject, field)
                return SourceColumn(place, path) if path is not None else None
        return None


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """A column of a report: which of the joined objects, and the path from there."""

    place: int
    path: str


def source_of(sobjects: dict[str, SObject], shelf: Shelf, name: str) -> ReportSource | None:
    """Return what reports of a type read, or None if there is no such type.

    A custom type is named with `__c` at its end, an object's own `CustomEntity$Object__c`.
    """
    if name.startswith(_CUSTOM_OBJECT) or name in _STANDARD:
        wish = _STANDARD.get(name, name.removeprefix(_CUSTOM_OBJECT))
        sobject = sobjects.get(wish.lower())
        if sobject is None:
            return None
        return ReportSource((Join(sobject.name, sobject.name),), name, sobject.plural)
    held = shelf.find("ReportType", name.removesuffix("__c"))
    if held is None:
        return None
    return ReportSource(tuple(joins_of(sobjects, held.node)), name, held.node.get("label"))
