"""Deploys: what becomes of a package, and what the org is afterwards (salesforce.md §17)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.sandbox.salesforce.conftest import SandboxClient
    from tests.sandbox.salesforce.metadata.conftest import Deployer

Problems = Callable[[dict[str, Any]], list[str]]
Xml = Callable[[str, str], str]


def test_a_deploy_makes_an_object_that_can_be_used_at_once(
    deployer: Deployer, org: SandboxClient
) -> None:
    result = deployer.invoice()
    assert (result["status"], result["numberComponentsDeployed"]) == ("Succeeded", 6)
    deployer.grant()
    deployer.assign()
    plan = org.plan_id()
    made = org.insert("Invoice__c", Key__c="A1", Amount__c=12.5, Due__c="2026-01-31", Plan__c=plan)
    soql = "SELECT Name, Amount__c, Status__c, Plan__r.Name FROM Invoice__c"
    (row,) = org.query(soql)
    assert row["Name"].startswith("I-")
    assert (row["Amount__c"], row["Status__c"]) == (12.5, "Open")
    assert row["Plan__r"]["Name"] == "Fibre Pro"
    assert made.startswith("a0")
    children = org.query("SELECT (SELECT Key__c FROM Invoices__r) FROM Client_Plan__c LIMIT 9")
    assert sum(each["Invoices__r"] is not None for each in children) == 1


def test_describe_shows_what_was_deployed(deployer: Deployer, org: SandboxClient) -> None:
    deployer.ready()
    body = org.get("sobjects/Invoice__c/describe").json()
    fields = {each["name"]: each for each in body["fields"]}
    assert (body["label"], body["labelPlural"], body["custom"]) == ("Invoice", "Invoices", True)
    key, amount = fields["Key__c"], fields["Amount__c"]
    assert (key["externalId"], key["unique"], key["length"]) == (True, True, 20)
    assert (amount["type"], amount["precision"], amount["scale"]) == ("currency", 10, 2)
    values = fields["Status__c"]["picklistValues"]
    assert [(each["value"], each["defaultValue"]) for each in values] == [
        ("Open", True),
        ("Paid", False),
    ]
    assert fields["Status__c"]["restrictedPicklist"]
    assert not fields["Due__c"]["nillable"]


def test_new_fields_are_seen_by_nobody_without_a_permission(
    deployer: Deployer, org: SandboxClient
) -> None:
    deployer.invoice()
    names = {e["name"] for e in org.get("sobjects/Invoice__c/describe").json()["fields"]}
    assert "Due__c" in names  # a required field is always seen
    assert not names & {"Key__c", "Amount__c", "Status__c", "Plan__c"}
    assert org.refusal("SELECT Key__c FROM Invoice__c")[0] == "INVALID_FIELD"
    deployer.grant()
    assert org.refusal("SELECT Key__c FROM Invoice__c")[0] == "INVALID_FIELD"
    assignment = deployer.assign()
    assert org.query("SELECT Key__c FROM Invoice__c") == []
    org.send("DELETE", f"sobjects/PermissionSetAssignment/{assignment}")
    assert org.refusal("SELECT Key__c FROM Invoice__c")[0] == "INVALID_FIELD"


def test_a_new_field_of_a_given_object_is_hidden_and_the_given_ones_are_not(
    deployer: Deployer, org: SandboxClient
) -> None:
    assert deployer.field("<type>Checkbox</type><defaultValue>true</defaultValue>")["success"]
    assert org.refusal("SELECT X__c FROM Client_Plan__c")[0] == "INVALID_FIELD"
    assert len(org.query("SELECT Aria_Key__c FROM Client_Plan__c")) == 3
    grants = "<label>Billing</label><fieldPermissions><field>Client_Plan__c.X__c</field>"
    deployer.grant(grants + "<readable>true</readable></fieldPermissions>")
    deployer.assign()
    assert [row["X__c"] for row in org.query("SELECT X__c FROM Client_Plan__c")] == [True] * 3
    answer = org.patch(f"sobjects/Client_Plan__c/{org.plan_id()}", {"X__c": False})
    assert answer.json()[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_a_check_changes_nothing_and_can_be_deployed_afterwards(
    deployer: Deployer, org: SandboxClient
) -> None:
    result = deployer.invoice(checkOnly=True)
    assert (result["status"], result["checkOnly"]) == ("Succeeded", True)
    assert org.get("sobjects/Invoice__c/describe").status_code == 404
    answer = org.post("metadata/deployRequest", {"validatedDeployRequestId": result["id"]})
    assert deployer.result(answer.json()["id"])["status"] == "Succeeded"
    assert org.get("sobjects/Invoice__c/describe").status_code == 200


def test_flags_may_be_text(deployer: Deployer, org: SandboxClient) -> None:
    assert deployer.invoice(checkOnly="true")["checkOnly"] is True
    assert org.get("sobjects/Invoice__c/describe").status_code == 404
    assert deployer.invoice(checkOnly="false")["checkOnly"] is False
    assert org.get("sobjects/Invoice__c/describe").status_code == 200


def test_one_failure_rolls_everything_back(
    deployer: Deployer, org: SandboxClient, problems_of: Problems
) -> None:
    bad = "<fields><fullName>Bad__c</fullName><label>B</label><type>Text</type></fields>"
    result = deployer.invoice(bad)
    assert (result["status"], result["success"]) == ("Failed", False)
    assert problems_of(result) == ["Must specify 'length' for a CustomField of type Text"]
    (failure,) = result["details"]["componentFailures"]
    assert (failure["fullName"], failure["componentType"]) == ("Invoice__c.Bad__c", "CustomField")
    assert (failure["fileName"], failure["problemType"]) == ("objects/Invoice__c.object", "Error")
    assert failure["lineNumber"] > 1
    assert org.get("sobjects/Invoice__c/describe").status_code == 404


def test_without_rollback_what_is_good_is_kept(deployer: Deployer, org: SandboxClient) -> None:
    bad = "<fields><fullName>Bad__c</fullName><label>B</label><type>Text</type></fields>"
    result = deployer.invoice(bad, rollbackOnError=False)
    assert (result["status"], result["numberComponentErrors"]) == ("SucceededPartial", 1)
    assert org.get("sobjects/Invoice__c/describe").status_code == 200


def test_deploying_again_changes_nothing(deployer: Deployer, org: SandboxClient) -> None:
    deployer.ready()
    org.insert("Invoice__c", Key__c="A1", Due__c="2026-01-31")
    result = deployer.invoice()
    successes = result["details"]["componentSuccesses"]
    assert not any(each["created"] or each["changed"] for each in successes)
    assert len(org.query("SELECT Key__c FROM Invoice__c")) == 1


def test_a_changed_length_keeps_rows(deployer: Deployer, org: SandboxClient, xml: Xml) -> None:
    deployer.ready()
    org.insert("Invoice__c", Key__c="A1", Amount__c=3.25, Due__c="2026-01-31")
    field = "<fields><fullName>Amount__c</fullName><label>Sum</label><type>Currency</type>"
    files = {
        "objects/Invoice__c.object": xml(
            "CustomObject", field + "<precision>12</precision><scale>4</scale></fields>"
        )
    }
    result = deployer.deploy(files, {"CustomField": ["Invoice__c.Amount__c"]})
    assert result["details"]["componentSuccesses"][0]["changed"]
    assert org.query("SELECT Amount__c FROM Invoice__c")[0]["Amount__c"] == 3.25
    org.insert("Invoice__c", Key__c="A2", Amount__c=1.0625, Due__c="2026-01-31")
    total = org.query("SELECT SUM(Amount__c) s FROM Invoice__c")
    assert total[0]["s"] == 4.3125


def test_deletions_take_fields_and_objects_away(
    deployer: Deployer, org: SandboxClient, xml: Xml
) -> None:
    deployer.ready()
    gone = "<types><members>Invoice__c.Amount__c</members><name>CustomField</name></types>"
    files = {"destructiveChanges.xml": xml("Package", gone)}
    result = deployer.deploy(files, {})
    assert result["details"]["componentSuccesses"][0]["deleted"]
    assert org.refusal("SELECT Amount__c FROM Invoice__c")[0] == "INVALID_FIELD"
    gone = "<types><members>Invoice__c</members><name>CustomObject</name></types>"
    result = deployer.deploy({"destructiveChangesPost.xml": xml("Package", gone)}, {})
    assert result["status"] == "Succeeded"
    assert org.get("sobjects/Invoice__c/describe").status_code == 404
    assert org.query("SELECT Field FROM FieldPermissions") == []


def test_deleting_what_is_not_there_is_a_warning(deployer: Deployer, xml: Xml) -> None:
    gone = "<types><members>Nope__c</members><name>CustomObject</name></types>"
    result = deployer.deploy({"destructiveChanges.xml": xml("Package", gone)}, {})
    warning = result["details"]["componentSuccesses"][0]
    assert result["status"] == "Succeeded"
    assert warning["problem"] == "No CustomObject named: Nope__c found"
    assert warning["problemType"] == "Warning"


def test_a_deploy_that_waits_can_be_canceled(deployer: Deployer, org: SandboxClient) -> None:
    org.sandbox.systems["salesforce"].edit("Deploys", "", {"pending_seconds": 30})
    started = deployer.send(b"no zip")
    assert started["deployResult"]["status"] == "Pending"
    path = f"metadata/deployRequest/{started['id']}"
    answer = org.patch(path, {"deployResult": {"status": "Canceling"}})
    assert (answer.status_code, answer.json()["deployResult"]["status"]) == (202, "Canceling")
    assert deployer.result(started["id"])["status"] == "Canceled"
    assert org.patch(path, {"deployResult": {"status": "Canceling"}}).status_code == 400


def test_a_reset_undoes_every_deploy(deployer: Deployer, org: SandboxClient) -> None:
    deployer.ready()
    deployer.field("<type>Checkbox</type><defaultValue>true</defaultValue>")
    org.sandbox.systems["salesforce"].reset(drift=False)
    assert org.get("sobjects/Invoice__c/describe").status_code == 404
    assert org.query("SELECT Id FROM PermissionSet WHERE Name = 'Billing'") == []
    names = {f["name"] for f in org.get("sobjects/Client_Plan__c/describe").json()["fields"]}
    assert "X__c" not in names
    assert len(org.query("SELECT Aria_Key__c FROM Client_Plan__c")) == 3


def test_a_body_that_is_no_package_fails_as_a_whole(
    deployer: Deployer, problems_of: Problems
) -> None:
    result = deployer.result(deployer.send(b"no zip")["id"])
    assert result["status"] == "Failed"
    assert problems_of(result)[0].startswith("UNKNOWN_EXCEPTION: zip file is corrupt")


def test_a_permission_set_whose_record_was_deleted_is_made_again(
    deployer: Deployer, org: SandboxClient
) -> None:
    deployer.ready()
    (row,) = org.query("SELECT Id FROM PermissionSet WHERE Name = 'Billing'")
    org.send("DELETE", f"sobjects/PermissionSet/{row['Id']}")
    result = deployer.grant()
    assert result["details"]["componentSuccesses"][0]["created"]
    assert len(org.query("SELECT Field FROM FieldPermissions")) == 4


def test_a_person_can_show_a_new_field_at_the_control_door(
    deployer: Deployer, org: SandboxClient
) -> None:
    deployer.invoice()
    system = org.sandbox.systems["salesforce"]
    system.edit("FieldPermissions", "Invoice__c.Key__c", {"PermissionsRead": True})
    assert org.query("SELECT Key__c FROM Invoice__c") == []


def test_deployed_components_are_rows_of_tooling(deployer: Deployer, org: SandboxClient) -> None:
    deployer.invoice()
    items = "<layoutItems><behavior>Required</behavior><field>Due__c</field></layoutItems>"
    body = "<layoutSections><style>OneColumn</style><layoutColumns>" + items
    name, end = "Invoice__c-Invoice Layout", "</layoutColumns></layoutSections>"
    assert deployer.file("Layout", name, f"layouts/{name}.layout", body + end)["success"]
    tab = "<customObject>true</customObject><motif>Custom12: Envelope</motif>"
    assert deployer.file("CustomTab", "Invoice__c", "tabs/Invoice__c.tab", tab)["success"]
    soql = "SELECT Name, EntityDefinition.QualifiedApiName, Metadata FROM Layout"
    (row,) = org.get("tooling/query", params={"q": soql}).json()["records"]
    assert (row["Name"], row["EntityDefinition"]["QualifiedApiName"]) == (
        "Invoice Layout",
        "Invoice__c",
    )
    assert row["Metadata"]["layoutSections"][0]["style"] == "OneColumn"
    answer = org.get("tooling/query", params={"q": "SELECT FullName FROM CustomTab"})
    assert answer.json()["records"][0]["FullName"] == "Invoice__c"


def test_an_app_shows_tabs_that_there_are(
    deployer: Deployer, problems_of: Problems, xml: Xml
) -> None:
    app = "<label>Billing</label><tabs>standard-Account</tabs><tabs>No__c</tabs>"
    files = {"applications/Billing.app": xml("CustomApplication", app)}
    result = deployer.deploy(files, {"CustomApplication": ["Billing"]})
    assert problems_of(result) == ["In field: tabs - no CustomTab named No__c found"]
