"""Reports and dashboards: deployed, listed, described and run over the org's rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import pytest

if TYPE_CHECKING:
    from tests.sandbox.salesforce.conftest import SandboxClient
    from tests.sandbox.salesforce.metadata.conftest import Deployer

Xml = Callable[[str, str], str]
TYPE = """
<baseObject>Client_Plan__c</baseObject><category>other</category><deployed>true</deployed>
<label>Plans with Invoices</label>
<join><outerJoin>true</outerJoin><relationship>Invoices__r</relationship></join>
<sections><masterLabel>Plans</masterLabel>
<columns><checkedByDefault>true</checkedByDefault><field>Name</field><table>Client_Plan__c</table>
</columns><columns><checkedByDefault>true</checkedByDefault><field>Amount__c</field>
<table>Client_Plan__c.Invoices__r</table></columns></sections>
"""
COLUMNS = """
<columns><field>Client_Plan__c$Name</field></columns>
<columns><aggregateTypes>Sum</aggregateTypes><field>Client_Plan__c.Invoices__r$Amount__c</field>
</columns>
"""
AMOUNT = "Client_Plan__c.Invoices__r$Amount__c"
SUMMARY = f"""
<name>By currency</name><reportType>Plans_with_Invoices__c</reportType><format>Summary</format>
<groupingsDown><dateGranularity>Day</dateGranularity><field>Client_Plan__c$Currency__c</field>
<sortOrder>Asc</sortOrder></groupingsDown>{COLUMNS}<showDetails>true</showDetails>
<scope>organization</scope>
"""
DASHBOARD = """
<backgroundEndColor>#FFFFFF</backgroundEndColor>
<backgroundFadeDirection>Diagonal</backgroundFadeDirection>
<backgroundStartColor>#FFFFFF</backgroundStartColor><dashboardType>LoggedInUser</dashboardType>
<leftSection><columnSize>Medium</columnSize><components><componentType>Bar</componentType>
<report>Billing/By_currency</report><title>Amounts</title></components></leftSection>
<textColor>#000000</textColor><title>Billing</title><titleColor>#000000</titleColor>
<titleSize>12</titleSize>
"""


def files(xml: Xml, report: str = SUMMARY) -> dict[str, str]:
    folder = xml("ReportFolder", "<name>Billing Reports</name><accessType>Public</accessType>")
    return {
        "reportTypes/Plans_with_Invoices.reportType": xml("ReportType", TYPE),
        "reports/Billing.reportFolder-meta.xml": folder,
        "reports/Billing/By_currency.report": xml("Report", report),
    }


MEMBERS = {
    "ReportType": ["Plans_with_Invoices"],
    "Report": ["Billing", "Billing/By_currency"],
}


@pytest.fixture
def report(deployer: Deployer, org: SandboxClient, xml: Xml) -> str:
    """Deploy the report over three invoices of two plans and return its id."""
    deployer.ready()
    for number, (plan, amount) in enumerate((("PRO", 10.5), ("PRO", 4.5), ("lite", 7))):
        row = {"Key__c": str(number), "Amount__c": amount, "Due__c": f"2026-0{number + 1}-05"}
        org.insert("Invoice__c", **row, Plan__c=org.plan_id(plan))
    result = deployer.deploy(files(xml), MEMBERS)
    assert result["success"], result["details"]["componentFailures"]
    soql = "SELECT Id, FolderName, Format FROM Report WHERE DeveloperName = 'By_currency'"
    (row,) = org.query(soql)
    assert (row["FolderName"], row["Format"]) == ("Billing Reports", "Summary")
    return str(row["Id"])


def run(org: SandboxClient, report: str, **metadata: Any) -> Any:
    path = f"analytics/reports/{report}?includeDetails=true"
    answer = org.post(path, {"reportMetadata": metadata}) if metadata else org.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_reports_are_listed(org: SandboxClient, report: str) -> None:
    (entry,) = org.get("analytics/reports").json()
    assert (entry["id"], entry["name"]) == (report, "By currency")
    assert entry["describeUrl"].endswith(f"/analytics/reports/{report}/describe")


def test_a_summary_has_groups_sums_and_rows(org: SandboxClient, report: str) -> None:
    body = run(org, report)
    groups = body["groupingsDown"]["groupings"]
    assert [(each["key"], each["label"]) for each in groups] == [
        ("0", "EUR"), ("1", "GBP"), ("2", "USD"),
    ]  # fmt: skip
    total = body["factMap"]["T!T"]["aggregates"]
    assert [each["value"] for each in total] == [22, 4]  # a plan without invoices is a row too
    cells = [row["dataCells"] for row in body["factMap"]["2!T"]["rows"]]
    assert [row[0]["label"] for row in cells] == ["Fibre Pro", "Fibre Pro"]
    assert cells[0][0]["value"] == org.plan_id()
    assert {row[1]["value"]["amount"] for row in cells} == {10.5, 4.5}


def test_without_details_there_are_sums_alone(org: SandboxClient, report: str) -> None:
    body = org.get(f"analytics/reports/{report}").json()
    assert body["hasDetailRows"] is False
    assert "rows" not in body["factMap"]["T!T"]


def test_a_run_can_have_other_filters(org: SandboxClient, report: str) -> None:
    amount = {"column": AMOUNT, "operator": "greaterThan", "value": "5"}
    name = {"column": "Client_Plan__c$Name", "operator": "contains", "value": "lite,nobody"}
    body = run(org, report, reportFilters=[amount])
    assert body["factMap"]["T!T"]["aggregates"][1]["value"] == 2
    body = run(org, report, reportFilters=[amount, name], reportBooleanFilter="NOT 1 OR 2")
    assert body["factMap"]["T!T"]["aggregates"][1]["value"] == 3
    assert run(org, report)["factMap"]["T!T"]["aggregates"][1]["value"] == 4


def test_a_value_of_a_filter_may_stand_in_quotation_marks(org: SandboxClient, report: str) -> None:
    column = "Client_Plan__c$Name"
    for value, count in (('"lite"', 1), ('"lite,nobody"', 0), ('"nobody,x", lite', 1)):
        wish = {"column": column, "operator": "contains", "value": value}
        found = run(org, report, reportFilters=[wish])["factMap"]["T!T"]["aggregates"][1]["value"]
        assert (found > 0) is (count > 0), value


def test_a_run_can_be_had_as_a_workbook(org: SandboxClient, report: str) -> None:
    media = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    answer = org.get(f"analytics/reports/{report}", headers={"Accept": media})
    assert answer.headers["Content-Type"] == media
    assert re.search(r'filename="(.+)\.xlsx"', answer.headers["Content-Disposition"])
    with ZipFile(BytesIO(answer.content)) as file:
        sheet = file.read("xl/worksheets/sheet1.xml").decode()
    body = run(org, report)
    rows = sum(len(group.get("rows", ())) for group in body["factMap"].values())
    assert sheet.count("<row>") == rows + 1
    for info in body["reportExtendedMetadata"]["detailColumnInfo"].values():
        assert f">{info['label']}</t>" in sheet


def test_dates_are_grouped_and_limited(org: SandboxClient, report: str) -> None:
    due = "Client_Plan__c.Invoices__r$Due__c"
    grouping = {"name": due, "sortOrder": "Desc", "dateGranularity": "Month"}
    dates = {"column": due, "durationValue": "CUSTOM", "startDate": "2026-02-01", "endDate": ""}
    body = run(org, report, groupingsDown=[grouping], standardDateFilter=dates)
    labels = [each["label"] for each in body["groupingsDown"]["groupings"]]
    assert labels == ["March 2026", "February 2026"]


def test_a_filter_on_what_there_is_not_is_refused(org: SandboxClient, report: str) -> None:
    bad = {"column": "Client_Plan__c$Nope__c", "operator": "equals", "value": "1"}
    answer = org.post(f"analytics/reports/{report}", {"reportMetadata": {"reportFilters": [bad]}})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "BAD_REQUEST")


def test_describe_tells_columns_and_types(org: SandboxClient, report: str) -> None:
    body = org.get(f"analytics/reports/{report}/describe").json()
    assert body["reportMetadata"]["reportFormat"] == "SUMMARY"
    assert body["reportMetadata"]["aggregates"] == [f"s!{AMOUNT}", "RowCount"]
    detail = body["reportExtendedMetadata"]["detailColumnInfo"]
    assert detail[AMOUNT] == {"dataType": "currency", "label": "Amount"}
    categories = body["reportTypeMetadata"]["categories"]
    assert "Client_Plan__c$Aria_Key__c" in categories[0]["columns"]


def test_a_dashboard_shows_its_reports(
    deployer: Deployer, org: SandboxClient, report: str, xml: Xml
) -> None:
    found = {
        "dashboards/Billing.dashboardFolder-meta.xml": xml(
            "DashboardFolder", "<name>Billing</name>"
        ),
        "dashboards/Billing/Overview.dashboard": xml("Dashboard", DASHBOARD),
    }
    result = deployer.deploy(found, {"Dashboard": ["Billing", "Billing/Overview"]})
    assert result["success"], result["details"]["componentFailures"]
    (entry,) = org.get("analytics/dashboards").json()["dashboards"]
    body = org.get(entry["url"].partition("v66.0/")[2]).json()
    assert body["dashboardMetadata"]["components"][0]["reportId"] == report
    facts = body["componentData"][0]["reportResult"]["factMap"]
    assert facts["T!T"]["aggregates"][0]["value"] == 22


@pytest.mark.usefixtures("report")
def test_an_object_has_a_report_type_of_its_own(
    deployer: Deployer, org: SandboxClient, xml: Xml
) -> None:
    own = "<name>Plain</name><reportType>CustomEntity$Client_Plan__c</reportType>"
    own += "<format>Tabular</format><columns><field>CUST_NAME</field></columns>"
    own += "<columns><field>Client_Plan__c.Currency__c</field></columns>"
    found = {"reports/Billing/Plain.report": xml("Report", own)}
    assert deployer.deploy(found, {"Report": ["Billing/Plain"]})["success"]
    (row,) = org.query("SELECT Id FROM Report WHERE DeveloperName = 'Plain'")
    sort = [{"sortColumn": "CUST_NAME", "sortOrder": "Desc"}]
    rows = run(org, row["Id"], sortBy=sort)["factMap"]["T!T"]["rows"]
    assert [each["dataCells"][0]["label"] for each in rows] == [
        "Übersee Lite", "Old 100% plan", "Fibre Pro",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("$Currency__c", "$Nope__c"), "Invalid field name: Client_Plan__c$Nope__c"),
        (
            ("Plans_with_Invoices__c", "X__c"),
            "In field: reportType - no ReportType named X__c found",
        ),
        (("<name>By currency</name>", ""), "Required field is missing: name"),
    ],
)
def test_a_bad_report_is_refused_in_words(
    deployer: Deployer, xml: Xml, problems_of: Any, change: tuple[str, str], problem: str
) -> None:
    deployer.ready()
    result = deployer.deploy(files(xml, SUMMARY.replace(*change)), MEMBERS)
    assert problems_of(result) == [problem]


def test_a_run_can_be_kept_and_read_later(org: SandboxClient, report: str) -> None:
    path = f"analytics/reports/{report}/instances"
    made = org.post(path, {}).json()
    assert (made["status"], made["completionDate"]) == ("New", None)
    (entry,) = org.get(path).json()
    assert (entry["id"], entry["status"]) == (made["id"], "Success")
    body = org.get(f"{path}/{made['id']}").json()
    assert body["factMap"]["T!T"]["aggregates"][1]["value"] == 4
    assert body["attributes"]["type"] == "ReportInstance"
    assert org.send("DELETE", f"{path}/{made['id']}").status_code == 204
    assert org.get(f"{path}/{made['id']}").status_code == 404


def test_a_report_is_cloned_and_deleted(org: SandboxClient, report: str) -> None:
    body = {"reportMetadata": {"name": "By currency, again"}}
    made = org.post(f"analytics/reports?cloneId={report}", body).json()["reportMetadata"]
    assert (made["name"], made["id"] != report) == ("By currency, again", True)
    path = f"analytics/reports/{made['id']}"
    assert (
        org.get(path).json()["factMap"] == org.get(f"analytics/reports/{report}").json()["factMap"]
    )
    soql = "SELECT Name FROM Report ORDER BY Name"
    assert [each["Name"] for each in org.query(soql)] == ["By currency", "By currency, again"]
    again = org.post(f"analytics/reports?cloneId={report}", body)
    assert again.json()[0]["errorCode"] == "DUPLICATE_DEVELOPER_NAME"
    assert org.send("DELETE", path).status_code == 204
    assert org.get(path).status_code == 404
    assert len(org.query(soql)) == 1


@pytest.mark.usefixtures("report")
def test_a_dashboard_is_cloned_into_a_folder(
    org: SandboxClient, deployer: Deployer, xml: Xml
) -> None:
    parts = {
        "dashboards/Old-meta.xml": xml("DashboardFolder", "<name>Old</name>"),
        "dashboards/New-meta.xml": xml("DashboardFolder", "<name>New</name>"),
        "dashboards/Old/One.dashboard": xml("Dashboard", DASHBOARD),
    }
    assert deployer.deploy(parts, {"Dashboard": ["Old", "New", "Old/One"]})["success"]
    (base,) = org.query("SELECT Id FROM Dashboard")
    folder = org.query("SELECT Id FROM Folder WHERE DeveloperName = 'New'")[0]["Id"]
    path = f"analytics/dashboards?cloneId={base['Id']}"
    made = org.post(path, {"name": "Two", "folderId": folder})
    assert (made.status_code, made.json()["folderId"]) == (201, folder)
    filtered = org.post(f"analytics/dashboards/{made.json()['id']}", {})
    assert filtered.json()["dashboardMetadata"]["name"] == "Two"
    assert org.post(path, {"name": "", "folderId": folder}).status_code == 400
    assert org.post(path, {"name": "X", "folderId": base["Id"]}).status_code == 404
    assert org.send("DELETE", f"analytics/dashboards/{base['Id']}").status_code == 204
