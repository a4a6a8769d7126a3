"""What people see: layouts, list views, tabs and apps, as the REST API tells them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.salesforce.conftest import SandboxClient
    from tests.sandbox.salesforce.metadata.conftest import Deployer

PLANS = "sobjects/Client_Plan__c"
TAB = "<customObject>true</customObject><motif>Custom12: Envelope</motif>"
APP = (
    "<label>Billing desk</label><tabs>Client_Plan__c</tabs><tabs>standard-Account</tabs>"
    "<uiType>Lightning</uiType><navType>Standard</navType><formFactors>Large</formFactors>"
)


def view(name: str, conditions: str = "") -> str:
    return (
        f"<listViews><fullName>{name}</fullName><columns>NAME</columns>"
        "<columns>Aria_Key__c</columns><filterScope>Everything</filterScope>"
        f"{conditions}<label>{name}</label></listViews>"
    )


def condition(field: str, operation: str, value: str) -> str:
    return (
        f"<filters><field>{field}</field><operation>{operation}</operation>"
        f"<value>{value}</value></filters>"
    )


def deploy_views(deployer: Deployer, **views: str) -> None:
    """Deploy list views by their names, each with its filters."""
    parts = "".join(view(name, conditions) for name, conditions in views.items())
    names = [f"Client_Plan__c.{name}" for name in views]
    files = {"objects/Client_Plan__c.object": of_object(parts)}
    result = deployer.deploy(files, {"ListView": names})
    assert result["status"] == "Succeeded", result["details"]


def of_object(parts: str) -> str:
    space = "http://soap.sforce.com/2006/04/metadata"
    return f'<CustomObject xmlns="{space}">{parts}</CustomObject>'


def results(org: SandboxClient, name: str) -> Any:
    views = org.get(f"{PLANS}/listviews").json()["listviews"]
    found = next(each for each in views if each["developerName"] == name)
    return org.get(found["resultsUrl"])


def names(org: SandboxClient, name: str) -> list[str]:
    rows = results(org, name).json()["records"]
    return [row["columns"][0]["value"] for row in rows]


def test_every_object_has_a_list_view_of_all(org: SandboxClient) -> None:
    found = org.get(f"{PLANS}/listviews").json()
    (entry,) = found["listviews"]
    assert (found["size"], entry["soqlCompatible"], entry["id"][:3]) == (1, True, "00B")
    assert org.get(entry["url"]).json() == entry
    described = org.get(entry["describeUrl"]).json()
    assert described["columns"][0]["fieldNameOrPath"] == "Name"
    rows = org.query(described["query"])
    shown = org.get(entry["resultsUrl"], params={"limit": "2", "offset": "1"}).json()
    assert [row["columns"][0]["value"] for row in shown["records"]] == [
        each["Name"] for each in rows[1:3]
    ]
    assert org.get(f"{PLANS}/listviews/00B000000000001AAA").status_code == 404


@pytest.mark.parametrize(
    ("filtered", "expected"),
    [
        (("NAME", "contains", "pro"), ["Fibre Pro"]),
        (("Aria_Key__c", "startsWith", "l"), ["Übersee Lite"]),
        (("Currency__c", "equals", "USD,GBP"), ["Fibre Pro", "Old 100% plan"]),
        (("Currency__c", "notEqual", "USD,GBP"), ["Übersee Lite"]),
        (("Aria_Number__c", "greaterThan", "5"), ["Fibre Pro"]),
        (("Aria_Number__c", "equals", ""), ["Old 100% plan", "Übersee Lite"]),
        (("Billable__c", "equals", "1"), []),
    ],
)
def test_a_deployed_list_view_shows_what_it_filters(
    org: SandboxClient, deployer: Deployer, filtered: tuple[str, str, str], expected: list[str]
) -> None:
    deploy_views(deployer, Mine=condition(*filtered))
    assert sorted(names(org, "Mine")) == expected


def test_a_list_view_that_is_no_soql_says_so(org: SandboxClient, deployer: Deployer) -> None:
    odd = condition("LAST_UPDATE", "equals", "TODAY")
    logic = condition("NAME", "equals", "a") + "<booleanFilter>1</booleanFilter>"
    deploy_views(deployer, Odd=odd, Test=logic)
    views = org.get(f"{PLANS}/listviews").json()["listviews"]
    assert [each["soqlCompatible"] for each in views] == [True, False, False]
    answer = results(org, "Odd")
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "UNSUPPORTED_OPERATION")


def test_a_describe_names_addresses_that_answer(org: SandboxClient) -> None:
    urls = org.get(f"{PLANS}/describe").json()["urls"]
    for name in ("approvalLayouts", "compactLayouts", "layouts", "listviews", "quickActions"):
        assert org.get(urls[name]).status_code == 200, name


def test_the_compact_layout_is_the_systems_own(org: SandboxClient) -> None:
    found = org.get("sobjects/Account/describe/compactLayouts").json()
    (layout,) = found["compactLayouts"]
    assert layout["fieldItems"][0]["layoutComponents"][0]["value"] == "Name"
    assert org.get(found["urls"]["primary"]).json() == layout
    (mapping,) = found["recordTypeCompactLayoutMappings"]
    assert org.get(mapping["urls"]["compactLayout"]).json() == layout
    assert org.get("compactLayouts", params={"q": "Account"}).json() == {"Account": layout}
    nothing = org.get("sobjects/Account/describe/compactLayouts/012000000000001AAA")
    assert nothing.status_code == 404


def test_tabs_and_apps_are_those_of_the_org(
    org: SandboxClient, deployer: Deployer, xml: Any
) -> None:
    members = {"CustomTab": ["Client_Plan__c"], "CustomApplication": ["Billing_desk"]}
    files = {
        "tabs/Client_Plan__c.tab": xml("CustomTab", TAB),
        "applications/Billing_desk.app": xml("CustomApplication", APP),
    }
    assert deployer.deploy(files, members)["status"] == "Succeeded"
    tabs = {each["name"]: each["custom"] for each in org.get("tabs").json()}
    assert (tabs["standard-Account"], tabs["Client_Plan__c"]) == (False, True)
    menu = org.get("appMenu/AppSwitcher").json()["appMenuItems"]
    assert [each["label"] for each in menu] == ["Sales", "Billing desk"]
    assert org.get("theme").json()["themeItems"][0]["name"] == "Account"
    assert org.get("quickActions").json() == []


def test_record_types_and_tabs_are_rows_too(org: SandboxClient, deployer: Deployer) -> None:
    part = "<recordTypes><fullName>Retail</fullName><active>true</active>"
    files = {
        "objects/Client_Plan__c.object": of_object(f"{part}<label>Shops</label></recordTypes>")
    }
    assert org.query("SELECT Id FROM RecordType") == []
    assert deployer.deploy(files, {"RecordType": ["Client_Plan__c.Retail"]})["success"]
    soql = "SELECT Id, Name, DeveloperName, IsActive FROM RecordType WHERE SobjectType = '{}'"
    (found,) = org.query(soql.format("Client_Plan__c"))
    assert found["Id"].startswith("012")
    assert (found["Name"], found["DeveloperName"], found["IsActive"]) == ("Shops", "Retail", True)
    soql = "SELECT Label, SobjectName FROM TabDefinition WHERE Name = 'standard-Product2'"
    assert org.query(soql)[0]["SobjectName"] == "Product2"
