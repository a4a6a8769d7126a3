"""What people see of the prepared objects: layouts, tabs, report types, reports, a dashboard.

All of it is generated from the mapping; elements as in salesforce.md §17.2. Names of report
columns (`Object$Field`) and of time frames are not confirmed against the real service.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.connectors.salesforce.metadata_xml import Node
from app.connectors.salesforce.prepare_shapes import FieldShape, ObjectShape, identifier, words

_LONGEST_TITLE = 40  # of a report's name
_LONGEST_NAME = 80  # of its developer name
_COLUMNS = 12  # of a report, so that it can be read
_CHARTS = 6  # of the dashboard: three columns of two
_MOTIF = "Custom12: Envelope"
_STAMPS = ("CreatedDate", "LastModifiedDate")


@dataclass(frozen=True, slots=True)
class Brand:
    """Under which names Concord's own parts of a mapping stand."""

    mapping: str

    @property
    def name(self) -> str:
        """The developer name of the permission set and the folders."""
        return identifier(f"Concord {self.mapping.replace('_', ' ').title()}")

    @property
    def label(self) -> str:
        """The same as people read it."""
        return f"Concord: {self.mapping.replace('_', ' ').capitalize()}"


@dataclass(frozen=True, slots=True)
class Report:
    """A report: `name` is its developer name; `group` the field by which it is summed up, if any.

    Attributes:
        unkeyed: Only records that billing does not know.
        lately: Only records that somebody changed in the last seven days.
    """

    name: str
    title: str
    description: str
    group: str = ""
    unkeyed: bool = False
    lately: bool = False


def layout_name(shape: ObjectShape, label: str) -> str:
    """Return the full name of an object's first layout, which Salesforce makes with it."""
    return f"{shape.name}-{label} Layout"


def layout_nodes(shape: ObjectShape, related: Sequence[tuple[str, str]]) -> list[Node]:
    """Return a page: all fields in two columns, and below them the records that point here.

    `related` are object and lookup field of each of those.
    """
    keys = [field.name for field in shape.fields if field.key]
    others = [field.name for field in shape.fields if not field.key]
    name = ("Name", "Readonly" if shape.numbered else "Required")
    first = [name, *((each, "Edit") for each in keys)]
    items = [*first, *((each, "Edit") for each in others)]
    middle = -(-len(items) // 2)
    people = [("CreatedById", "Readonly")], [("LastModifiedById", "Readonly")]
    return [
        ("layoutSections", _section("Information", items[:middle], items[middle:])),
        ("layoutSections", _section("System Information", *people)),
        *(
            ("relatedLists", [("fields", "NAME"), ("relatedList", f"{child}.{lookup}")])
            for child, lookup in related
        ),
    ]


def _section(
    title: str, left: Sequence[tuple[str, str]], right: Sequence[tuple[str, str]]
) -> list[Node]:
    columns: list[Node] = [
        ("layoutColumns", [_item(*item) for item in column]) for column in (left, right)
    ]
    return [("label", title), ("style", "TwoColumnsTopToBottom"), ("editHeading", True), *columns]


def _item(field: str, behavior: str) -> Node:
    return ("layoutItems", [("field", field), ("behavior", behavior)])


def tab_nodes() -> list[Node]:
    """Return the tab of a custom object."""
    return [("customObject", True), ("motif", _MOTIF)]


def report_type_name(shape: ObjectShape) -> str:
    """Return the developer name of an object's report type."""
    return identifier(f"Concord {words(shape.name)}")


def report_type_nodes(shape: ObjectShape) -> list[Node]:
    """Return the report type over an object, with all mapped fields to choose from."""
    names = [*_starting(shape), *(field.name for field in shape.fields), *_STAMPS]
    shown = set(_columns(shape))
    columns: list[Node] = [
        ("columns", [("field", name), ("table", shape.name), ("checkedByDefault", name in shown)])
        for name in dict.fromkeys(names)
    ]
    return [
        ("baseObject", shape.name),
        ("category", "other"),
        ("deployed", True),
        ("label", f"Concord: {shape.plural}"[:_LONGEST_TITLE]),
        ("description", f"{shape.plural} as Concord keeps them in step with billing."),
        ("sections", [("masterLabel", shape.plural), *columns]),
    ]


def _starting(shape: ObjectShape) -> list[str]:
    return ["Name", *(field.name for field in shape.fields if field.key)]


def _columns(shape: ObjectShape) -> list[str]:
    """Return what a report shows: name and key, then what is short enough for a column."""
    short = (field.name for field in shape.fields if field.type != "LongTextArea")
    return list(dict.fromkeys((*_starting(shape), *short)))[:_COLUMNS]


def reports(shape: ObjectShape) -> list[Report]:
    """Return the reports of an object: all, unknown to billing, changed lately, by each choice."""
    bare, plural = words(shape.name), shape.plural
    found = [
        Report(identifier(f"{bare} All", _LONGEST_NAME), plural, f"All {plural.lower()}."),
        Report(
            identifier(f"{bare} Only In Salesforce", _LONGEST_NAME),
            f"{plural} only in Salesforce",
            "Records without a billing key: a difference that Concord leaves to people.",
            unkeyed=True,
        ),
        Report(
            identifier(f"{bare} Changed Lately", _LONGEST_NAME),
            f"{plural} changed lately",
            "Changed by somebody in the last seven days.",
            lately=True,
        ),
    ]
    found.extend(
        Report(
            identifier(f"{bare} By {field.label}", _LONGEST_NAME),
            f"{plural} by {field.label.lower()}",
            f"How many {plural.lower()} there are of each.",
            group=field.name,
        )
        for field in shape.fields
        if field.is_choice
    )
    return found


def report_nodes(shape: ObjectShape, report: Report) -> list[Node]:
    """Return a report on an object's report type."""
    chosen = [name for name in _columns(shape) if name != report.group]
    if report.lately:
        chosen = [*_starting(shape), "LastModifiedDate"]
    columns: list[Node] = [("columns", [("field", _column(shape, name))]) for name in chosen]
    frame: list[Node] = [
        ("dateColumn", _column(shape, "LastModifiedDate" if report.lately else "CreatedDate")),
        ("interval", "INTERVAL_LAST7" if report.lately else "INTERVAL_CUSTOM"),
    ]
    return [
        ("name", report.title[:_LONGEST_TITLE]),
        ("description", report.description),
        ("reportType", f"{report_type_name(shape)}__c"),
        ("format", "Summary" if report.group else "Tabular"),
        ("scope", "organization"),
        ("showDetails", not report.group),
        ("timeFrameFilter", frame),
        *columns,
        *_grouped(shape, report),
        *_filtered(shape, report),
    ]


def _column(shape: ObjectShape, name: str) -> str:
    return f"{shape.name}${name}"


def _grouped(shape: ObjectShape, report: Report) -> list[Node]:
    if not report.group:
        return []
    nodes: list[Node] = [
        ("dateGranularity", "Day"),
        ("field", _column(shape, report.group)),
        ("sortOrder", "Asc"),
    ]
    return [("groupingsDown", nodes)]


def _filtered(shape: ObjectShape, report: Report) -> list[Node]:
    keys = [field.name for field in shape.fields if field.key]
    if not report.unkeyed or not keys:
        return []
    item: list[Node] = [
        ("column", _column(shape, keys[0])),
        ("operator", "equals"),
        ("value", ""),
    ]
    return [("filter", [("criteriaItems", item)])]


def folder_nodes(brand: Brand) -> list[Node]:
    """Return a folder that everybody may read."""
    return [
        ("name", brand.label),
        ("accessType", "Public"),
        ("publicFolderAccess", "ReadOnly"),
    ]


def charted(shapes: Sequence[ObjectShape]) -> list[tuple[ObjectShape, Report, FieldShape]]:
    """Return what the dashboard shows: the first choice of each object, as many as fit."""
    found = []
    for shape in shapes:
        field = next((field for field in shape.fields if field.is_choice), None)
        if field is not None:
            report = next(each for each in reports(shape) if each.group == field.name)
            found.append((shape, report, field))
    return found[:_CHARTS]


def dashboard_nodes(brand: Brand, shapes: Sequence[ObjectShape], user: str) -> list[Node]:
    """Return the dashboard over the summed-up reports, three columns wide.

    `user` is under whose eyes it is drawn; "": whoever looks at it.
    """
    columns: list[list[Node]] = [[], [], []]
    for place, (shape, report, field) in enumerate(charted(shapes)):
        columns[place % 3].append(("components", _chart(brand, shape, report, field)))
    names = ("leftSection", "middleSection", "rightSection")
    runs: list[Node] = [("dashboardType", "LoggedInUser")]
    if "@" in user:
        runs = [("dashboardType", "SpecifiedUser"), ("runningUser", user)]
    return [
        ("title", brand.label),
        ("titleColor", "#000000"),
        ("titleSize", 12),
        ("textColor", "#000000"),
        ("backgroundStartColor", "#FFFFFF"),
        ("backgroundEndColor", "#FFFFFF"),
        ("backgroundFadeDirection", "Diagonal"),
        ("description", "What Concord keeps in step with billing."),
        *runs,
        *(
            (name, [("columnSize", "Medium"), *column])
            for name, column in zip(names, columns, strict=True)
        ),
    ]


def _chart(brand: Brand, shape: ObjectShape, report: Report, field: FieldShape) -> list[Node]:
    return [
        ("chartAxisRange", "Auto"),
        ("chartSummary", [("axisBinding", "y"), ("column", "RowCount")]),
        ("componentType", "Donut"),
        ("displayUnits", "Auto"),
        ("drillEnabled", False),
        ("drillToDetailEnabled", False),
        ("enableHover", True),
        ("expandOthers", False),
        ("groupingColumn", _column(shape, field.name)),
        ("header", report.title),
        ("legendPosition", "Bottom"),
        ("report", f"{brand.name}/{report.name}"),
        ("showPercentage", False),
        ("showTotal", True),
        ("showValues", True),
        ("sortBy", "RowLabelAscending"),
        ("useReportChart", False),
    ]
