"""A small org behind real HTTP; every test finds it as the data set left it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from app.sandbox.dataset import Dataset, Edit
from app.sandbox.launch import Sandbox, SandboxOptions

TIERS = 450


def _dataset() -> Dataset:
    plan = {"Plan__r": {"Aria_Key__c": "PRO"}}
    service = {"Service__r": {"Aria_Key__c": "PRO|LINE"}}
    rows: dict[str, list[dict[str, Any]]] = {
        "Rate_Tier__c": [
            {"Aria_Key__c": f"T{n}", "Sequence__c": n, "Currency__c": "EUR", **service}
            for n in range(TIERS)
        ],
        "Aria_Service__c": [
            {"Aria_Key__c": "PRO|LINE", "Name": "Line", "Recurring__c": True, **plan},
            {"Aria_Key__c": "PRO|SETUP", "Name": "Set-up", "GL_Code__c": "4711", **plan},
        ],
        "Client_Plan__c": [
            {
                "Aria_Key__c": "PRO",
                "Name": "Fibre Pro",
                "Currency__c": "USD",
                "Plan_Set__r": {"Aria_Key__c": "FIBRE"},
                "Aria_Number__c": 7,
            },
            {"Aria_Key__c": "lite", "Name": "Übersee Lite", "Currency__c": "EUR"},
            {"Aria_Key__c": "OLD", "Name": "Old 100% plan", "Currency__c": "GBP"},
        ],
        "Aria_Plan_Set__c": [{"Aria_Key__c": "FIBRE", "Name": "Fibre"}],
        "Aria_Coupon__c": [{"Aria_Key__c": "TWICE", "Name": "Twice"}] * 2,
    }
    drift = (
        Edit("salesforce", "update", "Client_Plan__c", "OLD", {"Name": "Drifted"}),
        Edit("salesforce", "delete", "Aria_Service__c", "PRO|SETUP", {}),
        Edit("aria", "delete", "plan", "PRO", {}),
    )
    return Dataset(aria={}, salesforce=rows, drift=drift)


class SandboxClient:
    """A signed-in caller of the org; paths are below the version."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.ready: dict[str, Any] = sandbox.ready["salesforce"]
        self.host: str = self.ready["instance_url"]
        self.http = requests.Session()
        self.http.headers["Authorization"] = f"Bearer {self.sign_in()}"

    def sign_in(self) -> str:
        form = {"grant_type": "client_credentials", "client_id": self.ready["client_id"]}
        form["client_secret"] = self.ready["client_secret"]
        answer = self.http.post(f"{self.host}/services/oauth2/token", data=form, timeout=10)
        return str(answer.json()["access_token"])

    def send(self, method: str, path: str, **options: Any) -> requests.Response:
        url = path if path.startswith("/") else f"/services/data/v66.0/{path}"
        return self.http.request(method, self.host + url, timeout=10, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.send("GET", path, **options)

    def post(self, path: str, body: object, **options: Any) -> requests.Response:
        return self.send("POST", path, json=body, **options)

    def patch(self, path: str, body: object, **options: Any) -> requests.Response:
        return self.send("PATCH", path, json=body, **options)

    def query(self, soql: str) -> list[dict[str, Any]]:
        answer = self.get("query", params={"q": soql})
        assert answer.status_code == 200, answer.text
        records: list[dict[str, Any]] = answer.json()["records"]
        return records

    def names(self, condition: str) -> list[str]:
        soql = f"SELECT Name FROM Client_Plan__c WHERE {condition} ORDER BY Name"
        return [record["Name"] for record in self.query(soql)]

    def refusal(self, soql: str) -> tuple[str, str]:
        answer = self.get("query", params={"q": soql})
        assert answer.status_code == 400, answer.text
        return answer.json()[0]["errorCode"], answer.json()[0]["message"]

    def plan_id(self, key: str = "PRO") -> str:
        rows = self.sandbox.systems["salesforce"].state("Client_Plan__c")
        return next(str(row["Id"]) for row in rows if row["Aria_Key__c"] == key)

    def insert(self, sobject: str, **fields: Any) -> str:
        answer = self.post(f"sobjects/{sobject}", fields)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])


@pytest.fixture(scope="session")
def running() -> Iterator[Sandbox]:
    with Sandbox(SandboxOptions(systems=["salesforce"], dataset=_dataset())) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.clock.set(datetime.now(UTC))
    running.faults.replace([])
    running.systems["salesforce"].reset(drift=False)
    return running


@pytest.fixture
def org(sandbox: Sandbox) -> Iterator[SandboxClient]:
    client = SandboxClient(sandbox)
    with client.http:
        yield client
