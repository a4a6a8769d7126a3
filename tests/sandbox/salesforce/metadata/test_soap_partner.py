"""Rows over the partner's SOAP service, as old loaders ask for them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from tests.sandbox.salesforce.conftest import SandboxClient


class Partner:
    """Sends operations and gives the answers as text."""

    def __init__(self, org: SandboxClient) -> None:
        self.url = f"{org.host}/services/Soap/u/64.0"
        self.session = org.sign_in()

    def ask(self, operation: str, body: str, header: str = "") -> str:
        text = (
            '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" '
            'xmlns="urn:partner.soap.sforce.com" xmlns:s="urn:sobject.partner.soap.sforce.com">'
            f"<e:Header><SessionHeader><sessionId>{self.session}</sessionId></SessionHeader>{header}"
            f"</e:Header><e:Body><{operation}>{body}</{operation}></e:Body></e:Envelope>"
        )
        kind = {"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""'}
        return requests.post(self.url, data=text.encode(), headers=kind, timeout=10).text


@pytest.fixture
def partner(org: SandboxClient) -> Partner:
    return Partner(org)


def plan(key: str, rest: str = "") -> str:
    kind = "<s:type>Client_Plan__c</s:type>"
    return f"<sObjects>{kind}<s:Aria_Key__c>{key}</s:Aria_Key__c>{rest}</sObjects>"


def test_it_queries_with_parents_and_pages(partner: Partner, org: SandboxClient) -> None:
    soql = "SELECT Id, Name, GL_Code__c, Plan__r.Name FROM Aria_Service__c WHERE Name = 'Line'"
    text = partner.ask("query", f"<queryString>{soql}</queryString>")
    assert '<records xsi:type="sf:sObject"><sf:type>Aria_Service__c</sf:type>' in text
    assert '<sf:GL_Code__c xsi:nil="true"></sf:GL_Code__c>' in text
    assert '<sf:Plan__r xsi:type="sf:sObject"><sf:type>Client_Plan__c</sf:type>' in text
    assert '<queryLocator xsi:nil="true"/>' in text
    assert "<size>1</size>" in text
    bad = partner.ask("query", "<queryString>SELECT Nope FROM Account</queryString>")
    assert "<faultcode>sf:INVALID_FIELD</faultcode>" in bad
    assert len(org.query("SELECT Id FROM Aria_Service__c")) == 2


def test_it_goes_on_from_a_locator(partner: Partner) -> None:
    header = "<QueryOptions><batchSize>200</batchSize></QueryOptions>"
    soql = "<queryString>SELECT Id FROM Rate_Tier__c</queryString>"
    text = partner.ask("query", soql, header)
    assert text.count("<records") == 200
    found = re.search(r"<queryLocator>([^<]+)</queryLocator>", text)
    assert found is not None
    text = partner.ask("queryMore", f"<queryLocator>{found[1]}</queryLocator>")
    assert text.count("<records") == 200
    assert "<done>false</done>" in text


def test_a_fault_names_its_code_with_the_prefix_that_clients_look_for(partner: Partner) -> None:
    bad = partner.ask("query", "<queryString>SELECT Nope FROM Account</queryString>")
    assert '<sf:InvalidFieldFault xsi:type="sf:InvalidFieldFault">' in bad
    wrong = partner.ask("login", "<username>nobody</username><password>x</password>")
    assert '<sf:LoginFault xsi:type="sf:LoginFault"><sf:exceptionCode>INVALID_LOGIN<' in wrong
    assert "<sf:exceptionMessage>Invalid username" in wrong


def test_the_version_may_have_its_letter(partner: Partner) -> None:
    partner.url = partner.url.replace("/64.0", "/v64.0")
    assert "<timestamp>" in partner.ask("getServerTimestamp", "")


def test_rows_are_merged_with_what_belongs_to_them(partner: Partner, org: SandboxClient) -> None:
    kept, gone = org.insert("Account", Name="Kept"), org.insert("Account", Name="Gone")
    person = org.insert("Contact", LastName="Doe", AccountId=gone)
    master = f"<s:type>Account</s:type><s:Id>{kept}</s:Id><s:Phone>1</s:Phone>"
    losers = f"<recordToMergeIds>{gone}</recordToMergeIds>"
    text = partner.ask("merge", f"<request><masterRecord>{master}</masterRecord>{losers}</request>")
    assert f"<mergedRecordIds>{gone}</mergedRecordIds><success>true</success>" in text
    assert f"<updatedRelatedIds>{person}</updatedRelatedIds>" in text
    rows = org.query(f"SELECT Phone, (SELECT Id FROM Contacts) FROM Account WHERE Id = '{kept}'")
    assert (rows[0]["Phone"], rows[0]["Contacts"]["totalSize"]) == ("1", 1)
    assert org.query(f"SELECT Id FROM Account WHERE Id = '{gone}'") == []


@pytest.mark.parametrize("kind", ["Account", "Client_Plan__c"])
def test_a_merge_that_cannot_be_says_why_and_changes_nothing(
    partner: Partner, org: SandboxClient, kind: str
) -> None:
    own = org.insert("Account", Name="One") if kind == "Account" else org.plan_id()
    master = f"<masterRecord><s:type>{kind}</s:type><s:Id>{own}</s:Id></masterRecord>"
    losers = f"<recordToMergeIds>{own}</recordToMergeIds>"
    text = partner.ask("merge", f"<request>{master}{losers}</request>")
    code = "MERGE_FAILED" if kind == "Account" else "INVALID_TYPE"
    assert f"<statusCode>{code}</statusCode>" in text
    assert "<success>false</success>" in text
    assert org.query(f"SELECT Id FROM {kind} WHERE Id = '{own}'")


def test_it_creates_updates_and_deletes(partner: Partner, org: SandboxClient) -> None:
    rows = plan("S1", "<s:Name>One</s:Name>") + plan("S2", "<s:Name>Two</s:Name>")
    text = partner.ask("create", rows)
    ids = re.findall(r"<id>(\w+)</id><success>true", text)
    assert len(ids) == 2
    change = f"<sObjects><s:type>Client_Plan__c</s:type><s:Id>{ids[0]}</s:Id>"
    change += "<s:fieldsToNull>Aria_Key__c</s:fieldsToNull></sObjects>"
    assert "<success>true</success>" in partner.ask("update", change)
    assert org.names("Aria_Key__c = null AND Name = 'One'") == ["One"]
    text = partner.ask("delete", "".join(f"<ids>{each}</ids>" for each in ids))
    assert text.count("<success>true</success>") == 2


def test_it_upserts_with_parents_by_external_id(partner: Partner, org: SandboxClient) -> None:
    parent = "<s:Plan_Set__r><s:type>Aria_Plan_Set__c</s:type><s:Aria_Key__c>FIBRE</s:Aria_Key__c>"
    rows = plan("PRO", "<s:Name>Changed</s:Name>")
    rows += plan("NEW", f"<s:Name>New</s:Name>{parent}</s:Plan_Set__r>")
    name = "<externalIDFieldName>Aria_Key__c</externalIDFieldName>"
    text = partner.ask("upsert", name + rows)
    assert re.findall(r"<created>(\w+)</created>", text) == ["false", "true"]
    assert org.names("Plan_Set__r.Aria_Key__c = 'FIBRE'") == ["Changed", "New"]


def test_a_refused_row_says_why_and_takes_the_others_along_if_asked(
    partner: Partner, org: SandboxClient
) -> None:
    rows = plan("S1", "<s:Name>One</s:Name>") + plan("S2")
    text = partner.ask("create", rows)
    assert "<statusCode>REQUIRED_FIELD_MISSING</statusCode>" in text
    assert org.names("Name = 'One'") == ["One"]
    all_or_none = "<AllOrNoneHeader><allOrNone>true</allOrNone></AllOrNoneHeader>"
    text = partner.ask("create", plan("S3", "<s:Name>Three</s:Name>") + plan("S4"), all_or_none)
    assert "<success>true</success>" not in text
    assert org.names("Name = 'Three'") == []


def test_it_describes_and_retrieves(partner: Partner, org: SandboxClient) -> None:
    assert "<name>Client_Plan__c</name>" in partner.ask("describeGlobal", "")
    text = partner.ask("describeSObject", "<sObjectType>Client_Plan__c</sObjectType>")
    assert "<keyPrefix>" in text
    assert "<externalId>true</externalId>" in text
    wish = "<fieldList>Id, Name</fieldList><sObjectType>Client_Plan__c</sObjectType>"
    text = partner.ask("retrieve", f"{wish}<ids>{org.plan_id()}</ids>")
    assert "<sf:Name>Fibre Pro</sf:Name>" in text


def test_the_enterprise_service_names_the_object_in_its_type(
    partner: Partner, org: SandboxClient
) -> None:
    partner.url = partner.url.replace("/Soap/u/", "/Soap/c/")
    row = "<Aria_Key__c>ent</Aria_Key__c><Name>Made</Name>"
    kind = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="Client_Plan__c"'
    made = partner.ask("create", f"<sObjects {kind}>{row}</sObjects>")
    assert 'xmlns="urn:enterprise.soap.sforce.com"' in made
    assert "<success>true</success>" in made
    soql = "SELECT Name FROM Client_Plan__c WHERE Aria_Key__c = 'ent'"
    text = partner.ask("query", f"<queryString>{soql}</queryString>")
    assert '<records xsi:type="sf:Client_Plan__c"><sf:Name>Made</sf:Name></records>' in text
    assert org.query(soql)[0]["Name"] == "Made"


def test_a_nil_field_is_left_as_it_is(partner: Partner, org: SandboxClient) -> None:
    (row,) = org.query("SELECT Id, Name FROM Client_Plan__c LIMIT 1")
    nil = '<s:Name xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>'
    text = f"<sObjects><s:type>Client_Plan__c</s:type><s:Id>{row['Id']}</s:Id>{nil}</sObjects>"
    assert "<success>true</success>" in partner.ask("update", text)
    assert org.query("SELECT Name FROM Client_Plan__c LIMIT 1")[0]["Name"] == row["Name"]


def test_it_tells_what_changed_and_what_went(partner: Partner, org: SandboxClient) -> None:
    made, kept = [org.insert("Account", Name=name) for name in ("Goes", "Stays")]
    assert "<success>true</success>" in partner.ask("delete", f"<id>{made}</id>")
    now = org.sandbox.clock.now()
    window = "".join(
        f"<{name}>{(now + timedelta(minutes=minutes)).isoformat()}</{name}>"
        for name, minutes in (("startDate", -5), ("endDate", 5))
    )
    org.sandbox.clock.advance(600)
    asked = f"<sObjectType>{{}}</sObjectType>{window}"
    gone = partner.ask("getDeleted", asked.format("Account"))
    assert re.search(rf"<deletedDate>[^<]+Z</deletedDate><id>{made}</id>", gone)
    changed = partner.ask("getUpdated", asked.format("Account"))
    assert f"<ids>{kept}</ids><latestDateCovered>" in changed


def test_it_searches_and_writes_times_as_xml_does(partner: Partner) -> None:
    sosl = "FIND {fibre} IN NAME FIELDS RETURNING Client_Plan__c(Name, CreatedDate)"
    text = partner.ask("search", f"<searchString>{sosl}</searchString>")
    assert '<searchRecords><record xsi:type="sf:sObject"><sf:type>Client_Plan__c</sf:type>' in text
    assert re.search(r"<sf:CreatedDate>[\dT:.-]+Z</sf:CreatedDate>", text)


def test_a_describe_says_where_people_see_the_record(partner: Partner, org: SandboxClient) -> None:
    text = partner.ask("describeSObject", "<sObjectType>Account</sObjectType>")
    assert f"<urlDetail>{org.host}/{{ID}}</urlDetail>" in text
    assert f"<urlNew>{org.host}/001/e</urlNew>" in text


def test_a_deleted_row_comes_out_of_the_recycle_bin(partner: Partner, org: SandboxClient) -> None:
    record_id = org.insert("Account", Name="Back again")
    bin_of = f"<ids>{record_id}</ids>"
    assert "<statusCode>UNDELETE_FAILED</statusCode>" in partner.ask("undelete", bin_of)
    org.send("DELETE", f"sobjects/Account/{record_id}")
    text = partner.ask("undelete", bin_of)
    assert f"<id>{record_id}</id><success>true</success>" in text
    assert org.query("SELECT Name FROM Account")[0]["Name"] == "Back again"
    assert "<statusCode>MALFORMED_ID</statusCode>" in partner.ask("undelete", "<ids>x</ids>")
    unknown = partner.ask("undelete", "<ids>zzz000000000001</ids>")
    assert "<statusCode>INVALID_CROSS_REFERENCE_KEY</statusCode>" in unknown


def test_details_come_back_with_their_master(partner: Partner, org: SandboxClient) -> None:
    fields = {"StageName": "Prospecting", "CloseDate": "2027-01-31"}
    master = org.insert("Opportunity", Name="Fibre", **fields)
    org.insert("Quote", Name="Offer", OpportunityId=master)
    org.send("DELETE", f"sobjects/Opportunity/{master}")
    assert org.query("SELECT Id FROM Quote") == []
    partner.ask("undelete", f"<ids>{master}</ids>")
    assert org.query("SELECT Opportunity.Name FROM Quote")[0]["Opportunity"]["Name"] == "Fibre"


def test_a_row_whose_key_is_taken_stays_in_the_bin(partner: Partner, org: SandboxClient) -> None:
    record_id = org.plan_id("PRO")
    org.send("DELETE", f"sobjects/Client_Plan__c/{record_id}")
    org.insert("Client_Plan__c", Name="Twin", Aria_Key__c="PRO")
    text = partner.ask("undelete", f"<ids>{record_id}</ids>")
    assert "<statusCode>DUPLICATE_VALUE</statusCode>" in text
    assert org.names("Aria_Key__c = 'PRO'") == ["Twin"]


def test_the_bin_is_emptied_row_by_row(partner: Partner, org: SandboxClient) -> None:
    record_id = org.insert("Account", Name="For good")
    ids = f"<ids>{record_id}</ids>"
    assert "<statusCode>INVALID_ID_FIELD</statusCode>" in partner.ask("emptyRecycleBin", ids)
    org.send("DELETE", f"sobjects/Account/{record_id}")
    assert "<success>true</success>" in partner.ask("emptyRecycleBin", ids)
    answer = org.get("queryAll", params={"q": "SELECT Id FROM Account"})
    assert answer.json()["totalSize"] == 0


def test_it_lists_the_tabs_of_the_apps(partner: Partner) -> None:
    text = partner.ask("describeTabs", "")
    assert "<label>Sales</label>" in text
    assert "<name>standard-Account</name><sobjectName>Account</sobjectName>" in text


def test_a_user_gets_another_password(partner: Partner, org: SandboxClient) -> None:
    me = org.query("SELECT Id FROM User")[0]["Id"]
    user, name = f"<userId>{me}</userId>", f"<username>{org.ready['username']}</username>"
    assert "INVALID_NEW_PASSWORD" in partner.ask("setPassword", f"{user}<password>short</password>")
    partner.ask("setPassword", f"{user}<password>a new one</password>")
    assert "<sessionId>" in partner.ask("login", f"{name}<password>a new one</password>")
    found = re.search(r"<password>(.+)</password>", partner.ask("resetPassword", user))
    assert found is not None
    assert "INVALID_LOGIN" in partner.ask("login", f"{name}<password>a new one</password>")
    assert "<sessionId>" in partner.ask("login", f"{name}<password>{found[1]}</password>")
    assert "INVALID_ID_FIELD" in partner.ask("resetPassword", "<userId>005000000000000</userId>")
    org.sandbox.systems["salesforce"].reset(drift=False)
    told = f"<password>{org.ready['password']}</password>"
    assert "<sessionId>" in partner.ask("login", f"{name}{told}")


def test_apex_does_not_compile_over_soap_either(partner: Partner) -> None:
    partner.url = partner.url.replace("/Soap/u/", "/Soap/s/")
    text = partner.ask("executeAnonymous", "<String>System.debug(1);</String>")
    assert "<compileProblem>Apex is not available in this org</compileProblem>" in text
    assert '<compiled>false</compiled><exceptionMessage xsi:nil="true"/>' in text
    assert "INVALID_OPERATION" in partner.ask("runTests", "")
