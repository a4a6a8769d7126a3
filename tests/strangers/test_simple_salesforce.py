"""simple-salesforce, unmodified, over http by an adapter and over https by the authority (§21)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce

if TYPE_CHECKING:
    from app.sandbox.launch import Sandbox

_TIMES = 50
_ROOT = "/services/data/v66.0"


class _Plain(HTTPAdapter):
    """Speaks http where the client, which builds https addresses alone, says https."""

    def send(self, request: Any, *args: Any, **options: Any) -> Any:
        request.url = request.url.replace("https://", "http://", 1)
        return super().send(request, *args, **options)


@pytest.fixture(params=["http", "https"])
def client(
    request: pytest.FixtureRequest, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    ready = sandbox.ready["salesforce"]
    url = ready["instance_url"] if request.param == "http" else ready["https_url"]
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", ready["ca_file"])
    with requests.Session() as session:
        if request.param == "http":
            session.mount(url.replace("http://", "https://"), _Plain())
        yield Salesforce(
            instance_url=url, session_id=ready["access_token"], session=session, version="66.0"
        )


def test_it_queries_page_by_page(client: Any) -> None:
    found = list(client.query_all_iter("SELECT Id, Service__r.Plan__r.Name FROM Rate_Tier__c"))
    assert len({row["Id"] for row in found}) == 450
    assert found[0]["Service__r"]["Plan__r"]["Name"] == "Fibre Pro"


def test_it_upserts_by_external_id(client: Any) -> None:
    plans = client.Client_Plan__c
    assert plans.upsert("Aria_Key__c/simple", {"Name": "Simple"}) in {200, 201}
    assert plans.upsert("Aria_Key__c/simple", {"Name": "Simpler"}) == 200
    assert plans.get_by_custom_id("Aria_Key__c", "simple")["Name"] == "Simpler"


def test_it_sends_composites(client: Any) -> None:
    wish = {"method": "POST", "url": f"{_ROOT}/sobjects/Account", "referenceId": "a"}
    body = {"compositeRequest": [{**wish, "body": {"Name": "Composite"}}]}
    answer = client.restful("composite", method="POST", json=body)
    assert answer["compositeResponse"][0]["httpStatusCode"] == 201


def test_it_loads_and_queries_by_bulk_2(client: Any) -> None:
    plans = client.bulk2.Client_Plan__c
    rows = [{"Aria_Key__c": f"s{n}", "Name": f"simple {n}"} for n in range(250)]
    (done,) = plans.upsert(records=rows, external_id_field="Aria_Key__c", wait=0)
    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (250, 0)
    (page,) = plans.query("SELECT Id FROM Client_Plan__c WHERE Aria_Key__c LIKE 's_'", 1000, wait=0)
    assert page.count("\n") == 11


def test_it_loads_and_queries_by_bulk_1(client: Any) -> None:
    rows = [{"Aria_Key__c": f"o{n}", "Name": f"one {n}"} for n in range(20)]
    plans = client.bulk.Client_Plan__c
    plans.upsert(rows, "Aria_Key__c", batch_size=10_000, bypass_results=True)  # else it sleeps 5 s
    soql = "SELECT Id FROM Client_Plan__c WHERE Name LIKE 'one%'"
    for _ in range(_TIMES):
        if len(plans.query(soql, wait=0)) == len(rows):
            break
    else:
        raise AssertionError(plans.query(soql, wait=0))
