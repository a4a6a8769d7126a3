"""The Tooling API and permissions as ordinary records (salesforce.md §18)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.salesforce.conftest import SandboxClient

TEXT = {"type": "Text", "length": 80, "label": "Zone", "externalId": True, "unique": True}


def make(org: SandboxClient, name: str = "Zone__c", **metadata: Any) -> Any:
    body = {"FullName": f"Client_Plan__c.{name}", "Metadata": metadata or TEXT}
    return org.post("tooling/sobjects/CustomField", body)


def ask(org: SandboxClient, soql: str) -> Any:
    answer = org.get("tooling/query", params={"q": soql})
    assert answer.status_code == 200, answer.text
    return answer.json()


def granted(org: SandboxClient, field: str, *, edit: bool) -> tuple[str, str]:
    """Grant a field by rows; return the ids of permission set and assignment."""
    user = org.query("SELECT Id FROM User LIMIT 1")[0]["Id"]
    parent = org.insert("PermissionSet", Name="Zones", Label="Zones")
    org.insert(
        "FieldPermissions",
        ParentId=parent,
        SobjectType="Client_Plan__c",
        Field=field,
        PermissionsRead=True,
        PermissionsEdit=edit,
    )
    return parent, org.insert("PermissionSetAssignment", AssigneeId=user, PermissionSetId=parent)


def test_a_field_is_made_by_one_call(org: SandboxClient) -> None:
    made = make(org)
    assert made.status_code == 201, made.text
    assert made.json()["id"].startswith("00N")
    assert made.json() == {
        "id": made.json()["id"], "success": True, "errors": [], "warnings": [], "infos": [],
    }  # fmt: skip
    again = make(org)
    assert (again.status_code, again.json()[0]["errorCode"]) == (400, "DUPLICATE_DEVELOPER_NAME")


def test_a_bad_field_is_refused_in_words(org: SandboxClient) -> None:
    answer = make(org, type="Text", label="Zone")
    assert answer.status_code == 400
    message = answer.json()[0]["message"]
    assert message == "Must specify 'length' for a CustomField of type Text"


def test_a_made_field_is_seen_once_its_permission_is_assigned(org: SandboxClient) -> None:
    make(org)
    assert org.refusal("SELECT Zone__c FROM Client_Plan__c")[0] == "INVALID_FIELD"
    granted(org, "Client_Plan__c.Zone__c", edit=True)
    changed = org.patch(f"sobjects/Client_Plan__c/{org.plan_id()}", {"Zone__c": "north"})
    assert changed.status_code == 204
    assert org.names("Zone__c = 'north'") == ["Fibre Pro"]


def test_deleting_the_permission_set_hides_the_field_again(org: SandboxClient) -> None:
    make(org)
    parent, _ = granted(org, "Client_Plan__c.Zone__c", edit=False)
    assert org.names("Zone__c = 'x'") == []
    described = org.get("sobjects/Client_Plan__c/describe").json()["fields"]
    assert not next(f for f in described if f["name"] == "Zone__c")["updateable"]
    assert org.send("DELETE", f"sobjects/PermissionSet/{parent}").status_code == 204
    assert org.refusal("SELECT Zone__c FROM Client_Plan__c")[0] == "INVALID_FIELD"
    assert org.query("SELECT Id FROM FieldPermissions") == []


def test_a_permission_that_was_rolled_back_grants_nothing(org: SandboxClient) -> None:
    make(org)
    parent, assignment = granted(org, "Client_Plan__c.Zone__c", edit=True)
    assert org.send("DELETE", f"sobjects/PermissionSetAssignment/{assignment}").status_code == 204
    user = org.query("SELECT Id FROM User LIMIT 1")[0]["Id"]
    url = "/services/data/v66.0/sobjects"
    row = {"AssigneeId": user, "PermissionSetId": parent}
    calls = [
        {
            "method": "POST",
            "url": f"{url}/PermissionSetAssignment",
            "referenceId": "a",
            "body": row,
        },
        {"method": "POST", "url": f"{url}/Nope__c", "referenceId": "b", "body": {}},
    ]
    org.post("composite", {"allOrNone": True, "compositeRequest": calls})
    assert org.refusal("SELECT Zone__c FROM Client_Plan__c")[0] == "INVALID_FIELD"


@pytest.mark.parametrize("field", ["Client_Plan__c.Nope__c", "Account.Name"])
def test_a_permission_for_what_there_is_not_is_refused(org: SandboxClient, field: str) -> None:
    parent = org.insert("PermissionSet", Name="Zones", Label="Zones")
    body = {"ParentId": parent, "SobjectType": "Client_Plan__c", "Field": field}
    answer = org.post("sobjects/FieldPermissions", {**body, "PermissionsRead": True})
    assert answer.json()[0]["errorCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


def test_an_assignment_stands_once(org: SandboxClient) -> None:
    make(org)
    parent, _ = granted(org, "Client_Plan__c.Zone__c", edit=True)
    user = org.query("SELECT Id FROM User LIMIT 1")[0]["Id"]
    row = {"AssigneeId": user, "PermissionSetId": parent}
    answer = org.post("sobjects/PermissionSetAssignment", row)
    assert answer.json()[0]["message"].startswith("Duplicate PermissionSetAssignment.")


def test_custom_fields_can_be_queried(org: SandboxClient) -> None:
    made = make(org).json()["id"]
    soql = "SELECT Id, DeveloperName, TableEnumOrId FROM CustomField WHERE DeveloperName = 'Zone'"
    body = ask(org, soql)
    assert (body["size"], body["entityTypeName"], body["queryLocator"]) == (1, "CustomField", None)
    (row,) = body["records"]
    assert row["Id"] == made
    assert row["attributes"]["url"] == f"/services/data/v66.0/tooling/sobjects/CustomField/{made}"


def test_metadata_comes_one_row_at_a_time(org: SandboxClient) -> None:
    make(org)
    (row,) = ask(org, "SELECT FullName, Metadata FROM CustomField WHERE DeveloperName = 'Zone'")[
        "records"
    ]
    assert row["FullName"] == "Client_Plan__c.Zone__c"
    assert (row["Metadata"]["type"], row["Metadata"]["length"]) == ("Text", 80)
    answer = org.get("tooling/query", params={"q": "SELECT Metadata FROM CustomField"})
    assert answer.json()[0]["errorCode"] == "MALFORMED_QUERY"


def test_definitions_are_read_by_either_query(org: SandboxClient) -> None:
    soql = (
        "SELECT QualifiedApiName, DataType FROM FieldDefinition "
        "WHERE EntityDefinition.QualifiedApiName = 'Client_Plan__c' AND DataType LIKE 'Lookup%' "
        "AND QualifiedApiName = 'Plan_Set__c'"
    )
    (row,) = org.query(soql)
    assert row["DataType"] == "Lookup(Aria_Plan_Set__c)"
    assert ask(org, soql)["totalSize"] == 1
    soql = "SELECT DurableId, KeyPrefix FROM EntityDefinition WHERE QualifiedApiName = 'Account'"
    assert org.query(soql)[0]["DurableId"] == "Account"


def test_a_field_is_changed_and_deleted_by_its_id(org: SandboxClient) -> None:
    path = f"tooling/sobjects/CustomField/{make(org).json()['id']}"
    longer = {**TEXT, "length": 100}
    assert org.patch(path, {"Metadata": longer}).status_code == 204
    assert org.get(path).json()["Metadata"]["length"] == 100
    assert org.send("DELETE", path).status_code == 204
    assert org.get(path).status_code == 404


def test_tooling_describes_its_objects(org: SandboxClient) -> None:
    names = {each["name"] for each in org.get("tooling/sobjects").json()["sobjects"]}
    assert {"CustomField", "EntityDefinition", "Layout"} <= names
    body = org.get("tooling/sobjects/CustomField/describe").json()
    assert "TableEnumOrId" in {each["name"] for each in body["fields"]}
    refused = org.get("tooling/query", params={"q": "SELECT Id FROM SourceMember"})
    assert refused.json()[0]["errorCode"] == "INVALID_TYPE"


def test_permission_sets_can_be_asked_of_tooling_too(org: SandboxClient) -> None:
    body = ask(org, "SELECT Name FROM PermissionSet WHERE IsOwnedByProfile = true")
    assert body["totalSize"] == 1
    soql = "SELECT Profile.Name FROM PermissionSet WHERE Profile.Name = 'System Administrator'"
    assert len(org.query(soql)) == 1


def test_object_permissions_and_access_are_rows_as_well(org: SandboxClient) -> None:
    parent = org.insert("PermissionSet", Name="Zones", Label="Zones")
    org.insert("ObjectPermissions", ParentId=parent, SobjectType="Account", PermissionsRead=True)
    soql = "SELECT Parent.Name, SobjectType, PermissionsRead FROM ObjectPermissions"
    (row,) = [each for each in org.query(soql) if each["Parent"]["Name"] == "Zones"]
    assert (row["SobjectType"], row["PermissionsRead"]) == ("Account", True)
    app = org.insert("SetupEntityAccess", ParentId=parent, SetupEntityId="02uHs0000000001AAA")
    assert org.send("DELETE", f"sobjects/SetupEntityAccess/{app}").status_code == 204
    body = {"ParentId": parent, "SobjectType": "Nope__c", "PermissionsRead": True}
    refused = org.post("sobjects/ObjectPermissions", body).json()[0]
    assert refused["errorCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


def test_a_required_field_is_granted_to_all(org: SandboxClient) -> None:
    make(org, type="Text", length=9, label="Zone", required=True)
    parent = org.insert("PermissionSet", Name="Zones", Label="Zones")
    body = {"ParentId": parent, "SobjectType": "Client_Plan__c", "Field": "Client_Plan__c.Zone__c"}
    answer = org.post("sobjects/FieldPermissions", {**body, "PermissionsRead": True})
    assert answer.json()[0]["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"
    assert org.query("SELECT Zone__c FROM Client_Plan__c LIMIT 1")


def test_a_picklist_can_be_made_with_value_names(org: SandboxClient) -> None:
    values = [{"valueName": "north", "label": "North"}, {"valueName": "south", "label": "South"}]
    value_set = {"restricted": True, "valueSetDefinition": {"sorted": False, "value": values}}
    made = make(org, type="Picklist", label="Zone", valueSet=value_set, description=None)
    assert made.status_code == 201, made.text
    found = org.get(f"tooling/sobjects/CustomField/{made.json()['id']}").json()["Metadata"]
    names = [each["valueName"] for each in found["valueSet"]["valueSetDefinition"]["value"]]
    assert names == ["north", "south"]


def test_no_packages_are_installed(org: SandboxClient) -> None:
    """What CumulusCI and `sf package installed list` ask before they do anything."""
    version = "SubscriberPackageVersion"
    columns = f"SubscriberPackage.NamespacePrefix, {version}.IsManaged, {version}.BuildNumber"
    source = "InstalledSubscriberPackage ORDER BY SubscriberPackageId"
    found = ask(org, f"SELECT {columns}, {version}.Package2ContainerOptions FROM {source}")
    assert (found["totalSize"], found["records"]) == (0, [])


@pytest.mark.parametrize("name", ["ApexClass", "ApexTrigger", "ApexLog"])
def test_there_is_no_apex_and_one_may_ask(org: SandboxClient, name: str) -> None:
    assert org.query(f"SELECT Id FROM {name} WHERE Status = 'Active'") == []
    assert ask(org, f"SELECT Id, Status FROM {name}")["size"] == 0


def test_logs_are_asked_for_with_their_users(org: SandboxClient) -> None:
    found = ask(org, "SELECT Id, LogUser.Name, LogLength FROM ApexLog ORDER BY StartTime DESC")
    assert found["records"] == []
    assert ask(org, "SELECT Name FROM User")["records"][0]["Name"] == "Ada Admin"


def test_licenses_are_counted(org: SandboxClient) -> None:
    rows = org.query("SELECT Name, TotalLicenses, UsedLicenses, Status FROM UserLicense")
    assert [(each["Name"], each["UsedLicenses"]) for each in rows] == [("Salesforce", 1)]
    assert len(org.query("SELECT Id FROM Profile WHERE UserLicense.Name = 'Salesforce'")) == 1
    soql = "SELECT MasterLabel, DeveloperName, TotalLicenses, ExpirationDate"
    assert org.query(f"{soql} FROM PermissionSetLicense") == []
    assert org.query("SELECT AllowedLicenses, UsedLicenses, Status FROM PackageLicense") == []


def test_assignments_tell_of_groups_of_which_there_are_none(org: SandboxClient) -> None:
    permission_set = org.insert("PermissionSet", Name="Readers", Label="Readers")
    user = org.query("SELECT Id FROM User")[0]["Id"]
    org.insert("PermissionSetAssignment", PermissionSetId=permission_set, AssigneeId=user)
    soql = "SELECT PermissionSet.Name, PermissionSetGroupId FROM PermissionSetAssignment"
    rows = org.query(f"{soql} WHERE PermissionSet.Name = 'Readers'")
    assert [each["PermissionSetGroupId"] for each in rows] == [None]
    assert org.query("SELECT Id, DeveloperName, MasterLabel FROM PermissionSetGroup") == []


def test_apex_that_is_run_does_not_compile(org: SandboxClient) -> None:
    answer = org.get("tooling/executeAnonymous", params={"anonymousBody": "System.debug(1);"})
    assert (answer.json()["compiled"], answer.json()["success"]) == (False, False)
    assert org.get("tooling/executeAnonymous").status_code == 400
