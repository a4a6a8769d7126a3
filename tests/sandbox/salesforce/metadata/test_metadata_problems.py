"""What a deploy refuses, in the words that Salesforce has for it (salesforce.md §17.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.salesforce.conftest import SandboxClient
    from tests.sandbox.salesforce.metadata.conftest import Deployer

Problems = Callable[[dict[str, Any]], list[str]]
Xml = Callable[[str, str], str]
OBJECT = (
    "<label>Memo</label><pluralLabel>Memos</pluralLabel><deploymentStatus>Deployed"
    "</deploymentStatus><nameField><label>Name</label><type>Text</type></nameField>"
    "<sharingModel>ReadWrite</sharingModel>"
)
MASTER = (
    "<fields><fullName>Plan__c</fullName><label>Plan</label><type>MasterDetail</type>"
    "<referenceTo>Client_Plan__c</referenceTo><relationshipName>Memos</relationshipName></fields>"
)


@pytest.mark.parametrize(
    ("elements", "problem"),
    [
        ("<type>Text</type>", "Must specify 'length' for a CustomField of type Text"),
        ("<type>Text</type><length>300</length>", "Length: must be between 1 and 255"),
        ("<type>Checkbox</type>", "Must specify 'defaultValue' for a CustomField of type Checkbox"),
        (
            "<type>TextArea</type><length>9</length>",
            "Can not specify 'length' for a CustomField of type TextArea",
        ),
        (
            "<type>Date</type><externalId>true</externalId>",
            "Can not specify 'externalId' for a CustomField of type Date",
        ),
        ("<type>Number</type><scale>2</scale>",
         "Must specify 'precision' for a CustomField of type Number"),
        ("<type>Time</type>", "This sandbox has no fields of type Time"),
        ("<type>Textt</type>", "'Textt' is not a valid value for the enum 'FieldType'"),
        (
            "<type>Lookup</type><referenceTo>Nope__c</referenceTo>",
            "referenceTo value of 'Nope__c' does not resolve to a valid sObject type",
        ),
        (
            ("<type>MasterDetail</type><referenceTo>Account</referenceTo><required>true</required>"
            "<relationshipName>Xs</relationshipName>"),
            "Master-Detail Relationship Fields Cannot be Optional or Required",
        ),
        ("<type>Picklist</type><valueSet/>",
         "Picklist must have at least one value, each with its fullName"),
    ],
)  # fmt: skip
def test_a_bad_field_is_refused(
    deployer: Deployer, problems_of: Problems, elements: str, problem: str
) -> None:
    assert problems_of(deployer.field(elements)) == [problem]


def change(deployer: Deployer, name: str, elements: str, xml: Xml) -> dict[str, Any]:
    """Deploy another form of a field that rows of Client_Plan__c have."""
    node = f"<fields><fullName>{name}</fullName><label>L</label>{elements}</fields>"
    files = {"objects/Client_Plan__c.object": xml("CustomObject", node)}
    return deployer.deploy(files, {"CustomField": [f"Client_Plan__c.{name}"]})


def test_a_change_of_type_is_refused_where_there_are_rows(
    deployer: Deployer, problems_of: Problems, xml: Xml
) -> None:
    number = "<type>Number</type><precision>5</precision><scale>0</scale>"
    result = change(deployer, "Aria_Key__c", number, xml)
    assert problems_of(result) == ["Cannot change type due to existing data"]
    lookup = "<type>Lookup</type><referenceTo>Account</referenceTo>"
    lookup += "<relationshipName>Xs</relationshipName>"
    result = change(deployer, "Aria_Key__c", lookup, xml)
    text = "Cannot update a field to a Lookup, MasterDetail, or Hierarchy from something else"
    assert problems_of(result) == [text]


def grant(field: str) -> str:
    inner = f"<field>{field}</field><readable>true</readable>"
    return f"<label>L</label><fieldPermissions>{inner}</fieldPermissions>"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (grant("Invoice__c.Due__c"), "You cannot deploy to a required field: Invoice__c.Due__c"),
        (grant("Invoice__c.No__c"),
         "In field: field - no CustomField named Invoice__c.No__c found"),
        ("<label>L</label><objectPermissions><object>No__c</object></objectPermissions>",
         "In field: object - no CustomObject named No__c found"),
        (("<label>L</label><objectPermissions><object>Invoice__c</object>"
         "<allowEdit>true</allowEdit></objectPermissions>"),
         "Permission Edit Invoice__c depends on permission(s): Read Invoice__c"),
        (("<label>L</label><tabSettings><tab>No__c</tab><visibility>Visible</visibility>"
         "</tabSettings>"), "In field: tab - no CustomTab named No__c found"),
        ("<description>no label</description>", "Required field is missing: label"),
    ],
)  # fmt: skip
def test_a_bad_permission_set_is_refused(
    deployer: Deployer, problems_of: Problems, body: str, problem: str
) -> None:
    deployer.invoice()
    assert problems_of(deployer.grant(body)) == [problem]


def memo(deployer: Deployer, xml: Xml, body: str) -> dict[str, Any]:
    files = {"objects/Memo__c.object": xml("CustomObject", body)}
    return deployer.deploy(files, {"CustomObject": ["Memo__c"]})


def test_an_object_needs_its_label(deployer: Deployer, problems_of: Problems, xml: Xml) -> None:
    result = memo(deployer, xml, OBJECT.replace("<label>Memo</label>", ""))
    assert problems_of(result) == ["Must specify a non-empty label for the CustomObject"]


def test_a_detail_is_controlled_by_its_parent(
    deployer: Deployer, org: SandboxClient, problems_of: Problems, xml: Xml
) -> None:
    by_parent = OBJECT.replace("ReadWrite", "ControlledByParent")
    text = (
        "Cannot set sharingModel to ControlledByParent on a CustomObject without a MasterDetail "
        "relationship field"
    )
    assert problems_of(memo(deployer, xml, by_parent)) == [text]
    assert "with a MasterDetail" in problems_of(memo(deployer, xml, OBJECT + MASTER))[0]
    assert memo(deployer, xml, by_parent + MASTER)["success"]
    made = org.insert("Memo__c", Name="one", Plan__c=org.plan_id("lite"))
    org.send("DELETE", f"sobjects/Client_Plan__c/{org.plan_id('lite')}")
    assert org.query("SELECT Id FROM Memo__c") == []
    assert made


def test_a_name_that_is_no_object_is_refused(
    deployer: Deployer, problems_of: Problems, xml: Xml
) -> None:
    files = {"objects/Memo.object": xml("CustomObject", OBJECT)}
    found = problems_of(deployer.deploy(files, {"CustomObject": ["Memo"]}))
    assert found[0].startswith("'Memo' does not resolve to a valid sObject type, fullName must end")


def test_package_and_files_have_to_agree(
    deployer: Deployer, problems_of: Problems, xml: Xml
) -> None:
    files = {"objects/Memo__c.object": xml("CustomObject", OBJECT)}
    assert problems_of(deployer.deploy(files, {})) == ["Not in package.xml"]
    absent = (
        "An object 'Memo__c' of type CustomObject was named in package.xml, but was not found in "
        "zipped directory"
    )
    assert problems_of(deployer.deploy({}, {"CustomObject": ["Memo__c"]})) == [absent]
    found = problems_of(deployer.deploy({}, {"Nope": ["x"]}))
    assert found == ["Unknown type name 'Nope' specified in package.xml"]
    assert deployer.deploy({}, {"CustomObject": ["Memo__c"]}, allowMissingFiles=True)["success"]


def test_broken_xml_is_refused_with_its_place(deployer: Deployer, problems_of: Problems) -> None:
    found = problems_of(
        deployer.deploy({"objects/Memo__c.object": "<a>\n<b></a>"}, {"CustomObject": ["*"]})
    )
    assert found == ["Error parsing file: mismatched tag (2:6)"]


def test_a_layout_shows_what_is_required_and_nothing_unknown(
    deployer: Deployer, problems_of: Problems
) -> None:
    deployer.invoice()

    def layout(*names: str) -> dict[str, Any]:
        items = "".join(f"<layoutItems><field>{n}</field></layoutItems>" for n in names)
        body = "<layoutSections><style>TwoColumnsTopToBottom</style><layoutColumns>" + items
        name = "Invoice__c-Invoice Layout"
        path = f"layouts/{name}.layout"
        return deployer.file("Layout", name, path, body + "</layoutColumns></layoutSections>")

    text = "Layout must contain an item for required layout field: Due__c"
    assert problems_of(layout("Key__c")) == [text]
    text = "In field: field - no CustomField named Invoice__c.No__c found"
    assert problems_of(layout("Due__c", "No__c")) == [text]
    assert layout("Due__c", "Key__c")["success"]


def test_layouts_and_tabs_need_their_object(deployer: Deployer, problems_of: Problems) -> None:
    name = "No__c-No Layout"
    result = deployer.file("Layout", name, f"layouts/{name}.layout", "<a>b</a>")
    assert problems_of(result) == ["Parent entity failed to deploy"]
    body = "<customObject>true</customObject><motif>Custom12: Envelope</motif>"
    result = deployer.file("CustomTab", "No__c", "tabs/No__c.tab", body)
    assert problems_of(result) == ["In field: customObject - no CustomObject named No__c found"]


def test_a_dashboard_lacks_none_of_its_mandatory_elements(
    deployer: Deployer, problems_of: Problems, xml: Xml
) -> None:
    files = {
        "dashboards/B-meta.xml": xml("DashboardFolder", "<name>B</name>"),
        "dashboards/B/One.dashboard": xml("Dashboard", "<title>One</title>"),
    }
    found = problems_of(deployer.deploy(files, {"Dashboard": ["B", "B/One"]}))
    assert found == ["Required field is missing: backgroundEndColor"]


def test_a_list_view_shows_columns_that_there_are(
    deployer: Deployer, problems_of: Problems
) -> None:
    view = "<listViews><fullName>All</fullName><columns>NAME</columns><columns>{}</columns>"
    view += "<filterScope>Everything</filterScope><label>All</label></listViews>"
    found = problems_of(deployer.invoice(view.format("No__c")))
    assert found == ["Could not resolve list view column: No__c"]
    assert deployer.invoice(view.format("Key__c"))["success"]
