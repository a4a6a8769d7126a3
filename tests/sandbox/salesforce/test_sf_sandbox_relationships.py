"""Rows reached by the names of relationships, as a client's friendly addresses do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.salesforce.conftest import SandboxClient


def _service(org: SandboxClient) -> str:
    soql = "SELECT Id FROM Aria_Service__c WHERE Aria_Key__c = 'PRO|LINE'"
    return f"sobjects/Aria_Service__c/{org.query(soql)[0]['Id']}"


def _names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [row["Name"] for row in answer.json()["records"]]


def test_a_parent_is_read_as_its_row(org: SandboxClient) -> None:
    plan = org.get(f"{_service(org)}/Plan__r").json()
    assert plan == org.get(f"sobjects/Client_Plan__c/{org.plan_id()}").json()
    owner = org.get(f"{_service(org)}/plan__R/Owner?fields=Username").json()
    assert set(owner) == {"attributes", "Username"}


def test_children_are_a_query_with_pages(org: SandboxClient) -> None:
    services = org.get(f"sobjects/Client_Plan__c/{org.plan_id()}/Services__r?fields=Name")
    assert sorted(_names(services)) == ["Line", "Set-up"]
    assert set(services.json()["records"][0]) == {"attributes", "Name"}
    lite = org.get(f"sobjects/Client_Plan__c/{org.plan_id('lite')}/Services__r")
    assert lite.json() == {"totalSize": 0, "done": True, "records": []}
    small = {"Sforce-Query-Options": "batchSize=200"}
    tiers = org.get(f"{_service(org)}/Rate_Tiers__r", headers=small).json()
    assert (tiers["totalSize"], len(tiers["records"])) == (450, 200)
    assert len(org.get(tiers["nextRecordsUrl"]).json()["records"]) == 200


def test_a_parent_is_changed_and_deleted(org: SandboxClient) -> None:
    path = f"{_service(org)}/Plan__r"
    assert org.patch(f"{path}/Plan_Set__r", {"Name": "Fibre lines"}).status_code == 204
    assert org.get(f"{path}/Plan_Set__r?fields=Name").json()["Name"] == "Fibre lines"
    assert org.send("DELETE", f"{path}/Plan_Set__r").status_code == 204
    assert org.get(f"{path}/Plan_Set__r").status_code == 404


@pytest.mark.parametrize("way", ["Nothing__r", "Plan__r/Nothing__r", "Plan__c", "Rates/Owner"])
def test_a_way_that_leads_nowhere_is_not_found(org: SandboxClient, way: str) -> None:
    answer = org.get(f"{_service(org)}/{way}")
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (404, "NOT_FOUND")


def test_a_field_that_is_not_there_is_refused(org: SandboxClient) -> None:
    answer = org.get(f"{_service(org)}/Plan__r?fields=Nope")
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_FIELD")
