"""The Metadata API over SOAP, by simple-salesforce as it is, and by hand (salesforce.md §17.1)."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce

if TYPE_CHECKING:
    from tests.sandbox.salesforce.conftest import SandboxClient
    from tests.sandbox.salesforce.metadata.conftest import Deployer

Zip = Callable[[dict[str, str]], bytes]
FIELD = "<fields><fullName>Note__c</fullName><label>Note</label><type>TextArea</type></fields>"


class _Plain(HTTPAdapter):
    """Speaks http where the client, which builds https addresses alone, says https."""

    def send(self, request: Any, *args: Any, **options: Any) -> Any:
        request.url = request.url.replace("https://", "http://", 1)
        return super().send(request, *args, **options)


@pytest.fixture
def client(org: SandboxClient) -> Iterator[Any]:
    with requests.Session() as session:
        session.mount(org.host.replace("http://", "https://"), _Plain())
        yield Salesforce(
            instance_url=org.host, session_id=org.sign_in(), session=session, version="66.0"
        )


@pytest.fixture
def metadata(client: Any, org: SandboxClient) -> Any:
    api = client.mdapi
    api._service._binding_options["address"] = org.host + "/services/Soap/m/66.0/"
    return api


def post(org: SandboxClient, path: str, body: str, session: str | None = None) -> str:
    header = f"<h:SessionHeader><h:sessionId>{session}</h:sessionId></h:SessionHeader>"
    text = (
        '<x:Envelope xmlns:x="http://schemas.xmlsoap.org/soap/envelope/" xmlns:h="urn:h">'
        f"<x:Header>{header if session else ''}</x:Header><x:Body>{body}</x:Body></x:Envelope>"
    )
    kind = {"Content-Type": "text/xml", "SOAPAction": '""'}
    return requests.post(org.host + path, data=text, headers=kind, timeout=10).text


def test_simple_salesforce_deploys(client: Any, package: Zip, deployer: Deployer) -> None:
    body = package({"objects/Client_Plan__c.object": FIELD})
    job, state = client.mdapi.deploy(io.BytesIO(body), sandbox=False)
    assert state == "Queued"
    assert deployer.jobs.find(job).done.wait(10)
    status, _, detail, _ = client.mdapi.check_deploy_status(job)
    assert (status, detail["deployed_count"], detail["errors"]) == ("Succeeded", "1", [])


def test_simple_salesforce_reads_failures(client: Any, package: Zip, deployer: Deployer) -> None:
    body = package({"objects/Client_Plan__c.object": FIELD.replace("TextArea", "Text")})
    job, _ = client.mdapi.deploy(io.BytesIO(body), sandbox=True)
    assert deployer.jobs.find(job).done.wait(10)
    status, _, detail, _ = client.mdapi.check_deploy_status(job)
    problem = "Must specify 'length' for a CustomField of type Text"
    assert status == "Failed"
    assert [each["message"] for each in detail["errors"]] == [problem]


def test_simple_salesforce_makes_reads_and_deletes_fields(metadata: Any) -> None:
    field = metadata.CustomField(
        fullName="Client_Plan__c.Zip__c", label="Zip", type="Text", length=9
    )
    metadata.CustomField.create([field])
    read = metadata.CustomField.read(["Client_Plan__c.Zip__c"])
    assert (read.label, read.length) == ("Zip", 9)
    with pytest.raises(Exception, match="DUPLICATE_DEVELOPER_NAME"):
        metadata.CustomField.create([field])
    metadata.CustomField.delete(["Client_Plan__c.Zip__c"])
    with pytest.raises(Exception, match="INVALID_CROSS_REFERENCE_KEY"):
        metadata.CustomField.update([field])


def test_simple_salesforce_makes_objects(metadata: Any, org: SandboxClient) -> None:
    number = {"label": "No", "type": "AutoNumber", "displayFormat": "N-{00}"}
    made = metadata.CustomObject(
        fullName="Memo__c",
        label="Memo",
        pluralLabel="Memos",
        nameField=number,
        deploymentStatus="Deployed",
        sharingModel="ReadWrite",
    )
    metadata.CustomObject.upsert([made])
    assert org.insert("Memo__c")
    assert org.query("SELECT Name FROM Memo__c")[0]["Name"].startswith("N-")


def test_simple_salesforce_describes_and_lists(metadata: Any) -> None:
    kinds = {each.xmlName: each for each in metadata.describe_metadata().metadataObjects}
    assert kinds["CustomObject"].directoryName == "objects"
    assert "CustomField" in kinds["CustomObject"].childXmlNames
    query = metadata._client.get_type("ns0:ListMetadataQuery")(type="CustomObject")
    names = [each.fullName for each in metadata.list_metadata([query])]
    assert {"Account", "Client_Plan__c"} <= set(names)


def test_simple_salesforce_retrieves(client: Any) -> None:
    job, _ = client.mdapi.retrieve("", unpackaged={"CustomObject": ["Client_Plan__c"]})
    state, _, messages, body = client.mdapi.retrieve_zip(job)
    assert (state, messages) == ("Succeeded", [])
    assert body[:2] == b"PK"


def test_a_dead_session_is_a_fault(org: SandboxClient) -> None:
    text = post(org, "/services/Soap/m/66.0", "<describeMetadata/>", "nobody")
    assert "<faultcode>sf:INVALID_SESSION_ID</faultcode>" in text


def test_the_session_stands_in_the_header_with_any_prefix(org: SandboxClient) -> None:
    path = f"/services/Soap/m/66.0/{org.query('SELECT Id FROM Organization')[0]['Id']}"
    text = post(org, path, "<q:describeMetadata xmlns:q='urn:q'/>", org.sign_in())
    assert "<describeMetadataResponse" in text
    assert "<xmlName>PermissionSet</xmlName>" in text


def test_login_is_refused_from_version_65_on(org: SandboxClient) -> None:
    name, word = org.ready["username"], org.ready["password"]
    body = f"<login><username>{name}</username><password>{word}</password></login>"
    assert "sf:INVALID_OPERATION" in post(org, "/services/Soap/u/65.0", body)
    text = post(org, "/services/Soap/u/59.0", body)
    found = re.search(r"<sessionId>([^<]+)</sessionId>", text)
    assert found is not None
    assert "<describeMetadataResponse" in post(
        org, "/services/Soap/m/59.0", "<describeMetadata/>", found[1]
    )


def test_login_at_the_enterprise_service_answers_in_its_namespace(org: SandboxClient) -> None:
    name, word = org.ready["username"], org.ready["password"] + org.ready["security_token"]
    body = f"<login><username>{name}</username><password>{word}</password></login>"
    text = post(org, "/services/Soap/c/59.0/", body)
    assert '<loginResponse xmlns="urn:enterprise.soap.sforce.com">' in text
    assert f"<serverUrl>{org.host}/services/Soap/c/59.0/" in text
    wrong = post(org, "/services/Soap/c/59.0/", body.replace(word, "no"))
    assert 'xmlns:sf="urn:fault.enterprise.soap.sforce.com"' in wrong


def test_login_with_a_wrong_password_is_refused(org: SandboxClient) -> None:
    body = f"<login><username>{org.ready['username']}</username><password>no</password></login>"
    assert "INVALID_LOGIN" in post(org, "/services/Soap/u/59.0", body)


def test_logout_ends_the_session(org: SandboxClient) -> None:
    session = org.sign_in()
    assert "<logoutResponse" in post(org, "/services/Soap/u/66.0", "<logout/>", session)
    text = post(org, "/services/Soap/u/66.0", "<getUserInfo/>", session)
    assert "INVALID_SESSION_ID" in text


def test_a_failed_upsert_made_nothing(org: SandboxClient) -> None:
    field = "<fullName>Client_Plan__c.No__c</fullName><label>N</label><type>Text</type>"
    body = (
        '<upsertMetadata xmlns:i="urn:i">'
        f'<metadata i:type="x:CustomField">{field}</metadata></upsertMetadata>'
    )
    text = post(org, "/services/Soap/m/66.0", body, org.sign_in())
    assert "<created>false</created>" in text
    assert "<statusCode>FIELD_INTEGRITY_EXCEPTION</statusCode>" in text


def test_too_many_components_are_a_fault(org: SandboxClient) -> None:
    body = "<readMetadata><type>CustomObject</type>" + "<fullNames>x</fullNames>" * 11
    text = post(org, "/services/Soap/m/66.0", body + "</readMetadata>", org.sign_in())
    assert "LIMIT_EXCEEDED: record limit reached." in text
    body = "<listMetadata><queries><type>Nonsense</type></queries></listMetadata>"
    assert "INVALID_TYPE" in post(org, "/services/Soap/m/66.0", body, org.sign_in())


def test_objects_of_the_setup_are_not_listed_as_custom_objects(org: SandboxClient) -> None:
    body = "<listMetadata><queries><type>CustomObject</type></queries></listMetadata>"
    text = post(org, "/services/Soap/m/66.0", body, org.sign_in())
    names = set(re.findall("<fullName>(.*?)</fullName>", text))
    assert {"Account", "Client_Plan__c", "PricebookEntry"} <= names
    assert names.isdisjoint({"PermissionSet", "FieldPermissions", "PushTopic", "SetupEntityAccess"})


def test_a_kind_of_which_the_org_has_nothing_lists_nothing(org: SandboxClient) -> None:
    body = "<listMetadata><queries><type>EmailFolder</type></queries></listMetadata>"
    text = post(org, "/services/Soap/m/66.0", body, org.sign_in())
    assert "<listMetadataResponse" in text
    assert "<result>" not in text


def test_a_retrieve_is_found_by_its_one_argument(org: SandboxClient) -> None:
    """As sfq names it `id`, salesforce-api and others otherwise."""
    session = org.sign_in()
    types = "<types><members>Client_Plan__c</members><name>CustomObject</name></types>"
    request = f"<retrieveRequest><unpackaged>{types}</unpackaged></retrieveRequest>"
    text = post(org, "/services/Soap/m/66.0", f"<retrieve>{request}</retrieve>", session)
    found = re.search(r"<id>(\w+)</id>", text)
    assert found is not None
    asked = f"<checkRetrieveStatus><id>{found[1]}</id></checkRetrieveStatus>"
    assert "<status>Succeeded</status>" in post(org, "/services/Soap/m/66.0", asked, session)


def test_what_is_no_envelope_is_a_fault(org: SandboxClient) -> None:
    answer = requests.post(org.host + "/services/Soap/m/66.0", data=b"<a>", timeout=10)
    assert answer.status_code == 500
    assert "sf:MALFORMED_REQUEST" in answer.text
    text = post(org, "/services/Soap/m/66.0", "<renameMetadata/>", org.sign_in())
    assert "INVALID_OPERATION" in text


def test_old_clients_ask_for_the_state(org: SandboxClient, deployer: Deployer) -> None:
    job = deployer.result(deployer.send(b"no zip")["id"])["id"]
    body = f"<checkStatus><asyncProcessId>{job}</asyncProcessId></checkStatus>"
    text = post(org, "/services/Soap/m/30.0", body, org.sign_in())
    assert "<done>true</done>" in text
    assert "<state>Error</state>" in text


def test_the_partner_service_tells_who_is_signed_in(org: SandboxClient) -> None:
    text = post(org, "/services/Soap/u/64.0", "<getUserInfo/>", org.sign_in())
    assert f"<userName>{org.ready['username']}</userName>" in text
    assert "<profileId>00e" in text
    assert '<roleId xsi:nil="true"/>' in text
    text = post(org, "/services/Soap/u/64.0", "<getServerTimestamp/>", org.sign_in())
    assert re.search(r"<timestamp>20\d\d-", text)
