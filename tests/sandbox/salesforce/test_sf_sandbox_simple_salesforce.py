"""simple-salesforce, unmodified, against the sandbox (salesforce.md §21)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import (
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceResourceNotFound,
)

if TYPE_CHECKING:
    from tests.sandbox.salesforce.conftest import SandboxClient


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


def test_it_queries_and_pages(client: Any) -> None:
    found = client.query_all("SELECT Id, Sequence__c FROM Rate_Tier__c")
    assert (found["totalSize"], len(found["records"])) == (450, 450)
    assert len(list(client.query_all_iter("SELECT Id FROM Rate_Tier__c"))) == 450


def test_it_saves_rows(client: Any, org: SandboxClient) -> None:
    made = client.Client_Plan__c.create({"Name": "Made"})
    assert made["success"]
    assert client.Client_Plan__c.update(made["id"], {"Name": "Changed"}) == 204
    assert client.Client_Plan__c.get(made["id"])["Name"] == "Changed"
    assert client.Client_Plan__c.delete(made["id"]) == 204
    assert org.names("Name = 'Changed'") == []


def test_it_upserts_by_external_id(client: Any) -> None:
    assert client.Client_Plan__c.upsert("Aria_Key__c/NEW", {"Name": "New"}) == 201
    assert client.Client_Plan__c.upsert("Aria_Key__c/NEW", {"Name": "Newer"}) == 200
    assert client.Client_Plan__c.get_by_custom_id("Aria_Key__c", "NEW")["Name"] == "Newer"


def test_it_raises_its_typed_errors(client: Any) -> None:
    with pytest.raises(SalesforceMalformedRequest, match="No such column"):
        client.query("SELECT Nope FROM Client_Plan__c")
    with pytest.raises(SalesforceResourceNotFound):
        client.Client_Plan__c.get_by_custom_id("Aria_Key__c", "nobody")
    with pytest.raises(SalesforceMoreThanOneRecord):
        client.Aria_Coupon__c.get_by_custom_id("Aria_Key__c", "TWICE")


def test_it_sees_an_expired_session(client: Any, org: SandboxClient) -> None:
    org.sandbox.clock.advance(3 * 3600)
    with pytest.raises(SalesforceExpiredSession):
        client.query("SELECT Id FROM User")


def test_it_describes_and_reads_limits(client: Any) -> None:
    assert len(client.describe()["sobjects"]) >= 17
    assert client.Client_Plan__c.describe()["name"] == "Client_Plan__c"
    assert client.limits()["DailyApiRequests"]["Max"] == 100_000
    usage = client.api_usage["api-usage"]
    assert usage.total == 100_000


def test_it_speaks_to_any_resource(client: Any) -> None:
    body = {"records": [{"attributes": {"type": "Account"}, "Name": "A"}]}
    results = client.restful("composite/sobjects", method="POST", json=body)
    assert results[0]["success"]


def test_it_loads_in_bulk(client: Any, org: SandboxClient) -> None:
    rows = [{"Aria_Key__c": f"b{n}", "Name": f"bulk {n}"} for n in range(250)]
    (made,) = client.bulk2.Client_Plan__c.insert(records=rows, wait=0)
    assert (made["numberRecordsProcessed"], made["numberRecordsFailed"]) == (250, 0)
    changed = [{**row, "Name": "changed"} for row in rows[:3]]
    job = client.bulk2.Client_Plan__c.upsert(
        records=changed, external_id_field="Aria_Key__c", wait=0
    )[0]["job_id"]
    assert client.bulk2.Client_Plan__c.get_successful_records(job).count("\n") == 4
    assert org.names("Name = 'changed'") == ["changed"] * 3


def test_it_queries_in_bulk(client: Any) -> None:
    pages = list(client.bulk2.Rate_Tier__c.query("SELECT Id FROM Rate_Tier__c", 200, wait=0))
    assert [page.count("\n") for page in pages] == [201, 201, 51]
