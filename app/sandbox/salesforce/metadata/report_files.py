"""Report, Dashboard and their folders (§17.2)."""

from app.sandbox.salesforce.metadata.draft import Draft
from app.sandbox.salesforce.metadata.problems import Problem, demand, missing, unknown
from app.sandbox.salesforce.metadata.report_types import ReportSource, source_of
from app.sandbox.salesforce.metadata.xml_tree import Node

FORMATS = frozenset({"Tabular", "Summary", "Matrix", "MultiBlock"})
_OPERATORS = frozenset(
    {"equals", "notEqual", "lessThan", "greaterThan", "lessOrEqual", "greaterOrEqual", "contains",
     "notContain", "startsWith", "includes", "excludes", "within"}
)  # fmt: skip
_MANDATORY = (
    "backgroundEndColor", "backgroundFadeDirection", "backgroundStartColor", "textColor", "title",
    "titleColor", "titleSize",
)  # fmt: skip
_FADES = frozenset({"Diagonal", "LeftToRight", "TopToBottom"})
_SECTIONS = ("leftSection", "middleSection", "rightSection")


def check_folder(kind: str, node: Node) -> None:
    """Check a folder of reports or of dashboards.

    Raises:
        Problem: It has no name.
    """
    del kind
    demand(node, "name")


def check_report(draft: Draft, name: str, node: Node) -> None:
    """Check a report.

    Raises:
        Problem: Its folder, its type, or a column is not there.
    """
    _check_in_folder(draft, "Report", name, node)
    demand(node, "name", "reportType", "format")
    kind = node.get("format")
    if kind not in FORMATS:
        raise Problem(f"'{kind}' is not a valid value for the enum 'ReportFormat'", node)
    source = source_of(draft.sobjects, draft.shelf, node.get("reportType"))
    if source is None:
        raise unknown("reportType", "ReportType", node.get("reportType"), node.child("reportType"))
    for element in ("columns", "groupingsDown", "groupingsAcross"):
        for each in node.all(element):
            _check_column(draft, source, each, "field")
    if kind != "Tabular" and not node.has("groupingsDown"):
        raise missing("groupingsDown", node)
    for outer in node.all("filter"):
        for each in outer.all("criteriaItems"):
            _check_column(draft, source, each, "column")
            if each.get("operator") not in _OPERATORS:
                text = f"'{each.get('operator')}' is not a valid value for the enum"
                raise Problem(f"{text} 'FilterOperation'", each)


def _check_in_folder(draft: Draft, kind: str, name: str, node: Node) -> None:
    folder, slash, _ = name.rpartition("/")
    if not slash:
        raise Problem(f"{kind} names are folder/name: {name}", node)
    if folder != "unfiled$public" and draft.shelf.find(kind, folder) is None:
        raise Problem(f"Cannot find folder:{folder}", node, "INVALID_CROSS_REFERENCE_KEY")


def _check_column(draft: Draft, source: ReportSource, node: Node, element: str) -> None:
    name = node.get(element)
    if source.column(draft.sobjects, name) is None:
        raise Problem(f"Invalid field name: {name}", node, "INVALID_FIELD")


def check_dashboard(draft: Draft, name: str, node: Node) -> None:
    """Check a dashboard.

    Raises:
        Problem: It lacks one of its mandatory elements, or shows a report that is not there.
    """
    _check_in_folder(draft, "Dashboard", name, node)
    demand(node, *_MANDATORY)
    fade = node.get("backgroundFadeDirection")
    if fade not in _FADES:
        raise Problem(f"'{fade}' is not a valid value for the enum "
                      "'ChartBackgroundDirection'", node)  # fmt: skip
    size = node.get("titleSize")
    if not size.isdecimal():
        raise Problem(f"titleSize: '{size}' is not a valid value for the type xsd:int", node)
    _check_runner(draft, node)
    for each in components_of(node):
        report = each.get("report")
        if report and draft.shelf.find("Report", report) is None:
            raise unknown("report", "Report", report, each)


def _check_runner(draft: Draft, node: Node) -> None:
    runner = node.get("runningUser")
    if runner:
        if runner not in draft.facts.usernames:
            raise unknown("runningUser", "User", runner, node.child("runningUser"))
    elif node.get("dashboardType", "SpecifiedUser") == "SpecifiedUser":
        raise missing("runningUser", node)


def components_of(node: Node) -> list[Node]:
    """Return the components of a dashboard, of either layout, in order."""
    found: list[Node] = []
    for section in _SECTIONS:
        for outer in node.all(section):
            found += outer.all("components")
    for grid in node.all("dashboardGridLayout"):
        for cell in grid.all("dashboardGridComponents"):
            found += cell.all("dashboardComponent")
    return found
