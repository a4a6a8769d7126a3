"""REST in XML, for callers that ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.sandbox.salesforce.conftest import SandboxClient

_XML = {"Accept": "application/xml"}


def test_a_query_answers_in_xml(org: SandboxClient) -> None:
    soql = (
        "SELECT Name, Plan_Set__r.Name, Aria_Number__c FROM Client_Plan__c WHERE Name = 'Fibre Pro'"
    )
    answer = org.get("query", params={"q": soql}, headers=_XML)
    assert answer.headers["Content-Type"].startswith("application/xml")
    assert (
        '<QueryResult><totalSize>1</totalSize><done>true</done><records type="Client_Plan__c"'
        in (answer.text)
    )
    assert "<Name>Fibre Pro</Name>" in answer.text
    assert "<Aria_Number__c>7.0</Aria_Number__c>" in answer.text


def test_a_row_is_saved_and_read_in_xml(org: SandboxClient) -> None:
    body = "<Account><Name>A &amp; B</Name><NumberOfEmployees>5</NumberOfEmployees></Account>"
    head = {**_XML, "Content-Type": "application/xml"}
    made = org.send("POST", "sobjects/Account", data=body, headers=head)
    assert (made.status_code, "<success>true</success>" in made.text) == (201, True)
    record = org.query("SELECT Id, NumberOfEmployees FROM Account WHERE Name = 'A & B'")[0]
    assert record["NumberOfEmployees"] == 5
    text = org.get(f"sobjects/Account/{record['Id']}", headers=_XML).text
    assert text.split("?>")[1].startswith('<Account type="Account" url="/services/data/v66.0/')
    assert "<Name>A &amp; B</Name>" in text


def test_a_refusal_is_xml_too(org: SandboxClient) -> None:
    answer = org.get("query", params={"q": "SELECT Nope FROM User"}, headers=_XML)
    assert answer.status_code == 400
    assert "<Errors><Error><message>" in answer.text
    assert "<errorCode>INVALID_FIELD</errorCode>" in answer.text
    bad = org.send(
        "POST", "sobjects/Account", data="<Account>", headers={"Content-Type": "application/xml"}
    )
    assert bad.json()[0]["errorCode"] == "XML_PARSER_ERROR"


def test_versions_are_xml_and_who_takes_both_gets_json(org: SandboxClient) -> None:
    assert "<Versions><Version><label>" in org.get("/services/data", headers=_XML).text
    both = {"Accept": "application/json, application/xml"}
    assert org.get("/services/data", headers=both).json()
