"""Bulk API 1.0: jobs of batches in CSV, JSON and XML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import requests

from app.sandbox.faults import rules_from

if TYPE_CHECKING:
    from tests.sandbox.salesforce.conftest import SandboxClient

_NS = "http://www.force.com/2009/06/asyncapi/dataload"
_TIMES = 400


class Loader:
    """A caller of Bulk API 1.0 in one content type; answers are read as text."""

    def __init__(self, org: SandboxClient, content: str) -> None:
        self.org = org
        self.content = content
        self.json = content == "JSON"
        self.session = org.sign_in()

    def send(self, method: str, path: str, body: str = "", **headers: str) -> requests.Response:
        kind = {"CSV": "text/csv", "JSON": "application/json", "XML": "application/xml"}
        head = {"X-SFDC-Session": self.session, "Content-Type": kind[self.content], **headers}
        url = f"{self.org.host}/services/async/66.0/{path}"
        return requests.request(method, url, data=body.encode(), headers=head, timeout=10)

    def open(self, operation: str, **more: str) -> str:
        keys = {"operation": operation, "object": "Client_Plan__c", "contentType": self.content}
        inner = "".join(f"<{k}>{v}</{k}>" for k, v in {**keys, **more}.items())
        text = f'<?xml version="1.0"?><jobInfo xmlns="{_NS}">{inner}</jobInfo>'
        answer = self.send("POST", "job", text, **{"Content-Type": "application/xml"})
        assert answer.status_code == 201, answer.text
        return _of(answer.text, "id")

    def add(self, job: str, body: str) -> str:
        answer = self.send("POST", f"job/{job}/batch", body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"]) if self.json else _of(answer.text, "id")

    def state(self, job: str, batch: str) -> str:
        for _ in range(_TIMES):
            info = self.send("GET", f"job/{job}/batch/{batch}", Accept="application/xml").text
            if _of(info, "state") not in {"Queued", "InProgress"}:
                return _of(info, "state")
        raise AssertionError(info)

    def result(self, job: str, batch: str, *more: str) -> requests.Response:
        return self.send("GET", "/".join(["job", job, "batch", batch, "result", *more]))


def _of(text: str, name: str) -> str:
    match = re.search(rf"<{name}>([^<]*)</{name}>", text)
    assert match, text
    return match[1]


def test_rows_of_csv_come_back_in_their_order(org: SandboxClient) -> None:
    csv = Loader(org, "CSV")
    job = csv.open("upsert", externalIdFieldName="Aria_Key__c")
    rows = "".join(f"k{n},{'x' * (90 if n == 1 else 3)}\n" for n in range(3))
    batch = csv.add(job, "Aria_Key__c,Name\n" + rows)
    assert csv.state(job, batch) == "Completed"
    lines = csv.result(job, batch).text.splitlines()
    assert lines[0] == '"Id","Success","Created","Error"'
    assert [line.split(",")[1] for line in lines[1:]] == ['"true"', '"false"', '"true"']
    assert "STRING_TOO_LONG:" in lines[2]
    closed = f'<jobInfo xmlns="{_NS}"><state>Closed</state></jobInfo>'
    answer = csv.send("POST", f"job/{job}", closed, **{"Content-Type": "application/xml"})
    assert (answer.status_code, _of(answer.text, "numberRecordsFailed")) == (200, "1")
    assert csv.send("POST", f"job/{job}/batch", "Name\nx\n").status_code == 400


def test_rows_of_json_may_name_a_parent_by_its_key(org: SandboxClient) -> None:
    json = Loader(org, "JSON")
    job = json.open("insert")
    rows = '[{"Name": "J", "Plan_Set__r": {"Aria_Key__c": "FIBRE"}}, {"Nope": 1}]'
    batch = json.add(job, rows)
    assert json.state(job, batch) == "Completed"
    good, bad = json.result(job, batch).json()
    assert (good["success"], good["created"], good["errors"]) == (True, True, [])
    assert bad["errors"][0]["statusCode"] == "INVALID_FIELD"
    found = org.query("SELECT Plan_Set__r.Name FROM Client_Plan__c WHERE Name = 'J'")
    assert found[0]["Plan_Set__r"]["Name"] == "Fibre"


def test_rows_of_xml_may_be_nil(org: SandboxClient) -> None:
    xml = Loader(org, "XML")
    job = xml.open("update")
    row = f'<Id>{org.plan_id()}</Id><Aria_Number__c xsi:nil="true"/>'
    xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    batch = xml.add(job, f'<sObjects xmlns="{_NS}" {xsi}><sObject>{row}</sObject></sObjects>')
    assert xml.state(job, batch) == "Completed"
    assert _of(xml.result(job, batch).text, "success") == "true"
    assert org.get(f"sobjects/Client_Plan__c/{org.plan_id()}").json()["Aria_Number__c"] is None


@pytest.mark.parametrize("content", ["CSV", "JSON", "XML"])
def test_a_query_lists_its_results(org: SandboxClient, content: str) -> None:
    loader = Loader(org, content)
    job = loader.open("query")
    batch = loader.add(job, "SELECT Name FROM Client_Plan__c WHERE Aria_Key__c = 'PRO'")
    assert loader.state(job, batch) == "Completed"
    listed: Any = loader.result(job, batch, "")
    name = listed.json()[0] if loader.json else _of(listed.text, "result")
    assert "Fibre Pro" in loader.result(job, batch, name).text


def test_chunks_of_keys_are_batches_of_their_own(org: SandboxClient) -> None:
    csv = Loader(org, "CSV")
    keys = {"operation": "query", "object": "Rate_Tier__c", "contentType": "CSV"}
    inner = "".join(f"<{k}>{v}</{k}>" for k, v in keys.items())
    head = {"Content-Type": "application/xml", "Sforce-Enable-PKChunking": "chunkSize=200"}
    job = _of(csv.send("POST", "job", f"<jobInfo>{inner}</jobInfo>", **head).text, "id")
    batch = csv.add(job, "SELECT Id FROM Rate_Tier__c WHERE Sequence__c > 0")
    assert csv.state(job, batch) == "NotProcessed"
    infos = csv.send("GET", f"job/{job}/batch", Accept="application/xml").text
    batches = re.findall("<id>(751[^<]*)</id>", infos)[1:]
    for each in batches:
        assert csv.state(job, each) == "Completed"
    info = csv.send("GET", f"job/{job}", Accept="application/xml").text
    assert (len(batches), _of(info, "numberRecordsProcessed")) == (3, "449")


def test_a_read_of_batches_is_answered_as_the_job_speaks(org: SandboxClient) -> None:
    csv = Loader(org, "CSV")
    job = csv.open("query")
    csv.add(job, "SELECT Id FROM Client_Plan__c")
    said = {"Content-Type": "application/json"}
    assert csv.send("GET", f"job/{job}/batch", **said).text.startswith("<?xml")
    asked = csv.send("GET", f"job/{job}/batch", Accept="application/json")
    assert asked.json()["batchInfo"][0]["jobId"] == job


def test_refusals_have_their_own_shape(org: SandboxClient) -> None:
    json = Loader(org, "JSON")
    json.session = "00D!dead"
    answer = json.send("GET", "job/750000000000000")
    assert answer.status_code == 400
    assert answer.json() == {
        "exceptionCode": "InvalidSessionId",
        "exceptionMessage": "Invalid session id",
    }
    xml = Loader(org, "XML").send("GET", "job/750000000000000")
    assert "<exceptionCode>InvalidJob</exceptionCode>" in xml.text


def test_a_fault_expires_sessions_in_the_same_shape(org: SandboxClient) -> None:
    rule = {"kind": "session_expired", "endpoint": "async/job"}
    org.sandbox.faults.replace(rules_from([rule]))
    answer = Loader(org, "JSON").send("POST", "job", "{}")
    assert (answer.status_code, answer.json()["exceptionCode"]) == (400, "InvalidSessionId")
