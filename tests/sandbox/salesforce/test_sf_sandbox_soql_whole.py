"""The rarer parts of SOQL: subtotals, TYPEOF, functions of functions, limits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.sandbox.salesforce.conftest import SandboxClient


def _prices(org: SandboxClient) -> None:
    for currency, sequence, rate in (("USD", 1, "1.5"), ("USD", 2, "2.5"), ("GBP", 1, "4")):
        org.insert("Rate_Tier__c", Currency__c=currency, Sequence__c=sequence, Rate__c=rate)


_OURS = "FROM Rate_Tier__c WHERE Currency__c IN ('USD', 'GBP') "


def test_a_rollup_sums_up_after_the_details(org: SandboxClient) -> None:
    _prices(org)
    found = org.query(
        f"SELECT Currency__c, Sequence__c, SUM(Rate__c) s, GROUPING(Sequence__c) g {_OURS}"
        "GROUP BY ROLLUP(Currency__c, Sequence__c)"
    )
    rows = [(r["Currency__c"], r["Sequence__c"], r["s"], r["g"]) for r in found]
    assert rows == [
        ("GBP", 1.0, 4.0, 0), ("GBP", None, 4.0, 1), ("USD", 1.0, 1.5, 0), ("USD", 2.0, 2.5, 0),
        ("USD", None, 4.0, 1), (None, None, 8.0, 1),
    ]  # fmt: skip


def test_a_cube_has_every_subtotal(org: SandboxClient) -> None:
    _prices(org)
    soql = f"SELECT Currency__c, Sequence__c, COUNT(Id) n {_OURS}GROUP BY "
    found = org.query(soql + "CUBE(Currency__c, Sequence__c) HAVING COUNT(Id) > 1")
    assert sorted(r["n"] for r in found) == [2, 2, 3]
    code, words = org.refusal(soql + "ROLLUP(Currency__c, Sequence__c) ORDER BY MAX(Rate__c)")
    assert (code, "ordered by what it selects" in words) == ("MALFORMED_QUERY", True)


def test_typeof_selects_by_the_parents_type(org: SandboxClient) -> None:
    soql = "SELECT TYPEOF Owner WHEN User THEN Username, Email ELSE Name END FROM Client_Plan__c"
    owner = org.query(soql)[0]["Owner"]
    assert owner["attributes"]["type"] == "User"
    assert list(owner) == ["attributes", "Username", "Email"]
    code, _ = org.refusal("SELECT TYPEOF Owner WHEN Account THEN Name END FROM Client_Plan__c")
    assert code == "INVALID_TYPE"


def test_the_type_of_a_parent_can_be_asked(org: SandboxClient) -> None:
    soql = "SELECT Owner.Type, Owner.Name FROM Client_Plan__c WHERE Owner.Type = 'User' LIMIT 1"
    assert org.query(soql)[0]["Owner"]["Type"] == "User"


def test_functions_of_functions_and_aliases_of_functions(org: SandboxClient) -> None:
    _prices(org)
    found = org.query(
        f"SELECT FORMAT(MAX(Rate__c)) most, CALENDAR_YEAR(convertTimezone(CreatedDate)) y {_OURS}"
        "GROUP BY CALENDAR_YEAR(convertTimezone(CreatedDate)) ORDER BY most"
    )
    assert found[0]["most"] == "USD 4.00000"
    assert found[0]["y"] > 2000
    record = org.query("SELECT Aria_Number__c, FORMAT(Aria_Number__c) said FROM Client_Plan__c")[0]
    assert (record["Aria_Number__c"], record["said"]) == (7.0, "7")


def test_parents_can_have_names_of_their_own(org: SandboxClient) -> None:
    soql = (
        "SELECT s.Name FROM Aria_Service__c s, s.Plan__r p, p.Plan_Set__r g WHERE g.Name = 'Fibre'"
    )
    assert {r["Name"] for r in org.query(soql)} == {"Line", "Set-up"}


def test_children_of_children_come_too(org: SandboxClient) -> None:
    soql = (
        "SELECT Name, (SELECT Name, (SELECT Sequence__c FROM Rate_Tiers__r LIMIT 2) "
        "FROM Services__r WHERE Name = 'Line') FROM Client_Plan__c WHERE Aria_Key__c = 'PRO'"
    )
    service = org.query(soql)[0]["Services__r"]["records"][0]
    assert [r["Sequence__c"] for r in service["Rate_Tiers__r"]["records"]] == [0.0, 1.0]


_SCHEDULED = "Id IN (SELECT Plan__c FROM Rate_Schedule__c)"
_SERVED = "Id IN (SELECT Plan__c FROM Aria_Service__c)"
_ABOVE = "Id NOT IN (SELECT Parent_Plan__c FROM Client_Plan_Relationship__c)"
_NESTED = f"Id IN (SELECT Plan__c FROM Aria_Service__c WHERE {_SCHEDULED.replace('Id', 'Plan__c')})"


@pytest.mark.parametrize(
    ("rest", "code", "words"),
    [
        (f"WHERE {_NESTED}", "MALFORMED_QUERY", "Nesting of semi join"),
        ("WHERE Id IN (SELECT Id FROM Client_Plan__c)", "MALFORMED_QUERY", "same object type"),
        (f"WHERE {_SCHEDULED} AND {_SERVED} AND {_ABOVE}", "MALFORMED_QUERY", "Maximum 2 semi"),
        (f"WHERE Id = null AND (Id = null OR {_SERVED})", "MALFORMED_QUERY", "'OR' operator"),
        ("USING SCOPE nothing", "MALFORMED_QUERY", "unexpected token: 'nothing'"),
        ("ALL ROWS", "MALFORMED_QUERY", "ALL ROWS not allowed"),
        (f"WHERE {'(' * 300}Id = null{')' * 300}", "QUERY_TOO_COMPLICATED", "too complicated"),
    ],
)  # fmt: skip
def test_what_a_query_must_not_be(org: SandboxClient, rest: str, code: str, words: str) -> None:
    found, message = org.refusal(f"SELECT Id FROM Client_Plan__c {rest}")
    assert (found, words in message) == (code, True), message


def test_a_thousand_conditions_are_not_too_many(org: SandboxClient) -> None:
    conditions = " OR ".join(f"Aria_Key__c = 'k{n}'" for n in range(500))
    path = f"/services/data/v66.0/query?q=SELECT+Id+FROM+Client_Plan__c+WHERE+{conditions}"
    assert org.get(path.replace(" ", "+")).status_code in {200, 414}
    half = " OR ".join(f"Name='{n}'" for n in range(300))
    assert org.query(f"SELECT Id FROM Client_Plan__c WHERE {half} OR Name = 'Fibre Pro'")


def test_a_plan_says_whether_an_index_leads(org: SandboxClient) -> None:
    def plan(condition: str) -> dict[str, object]:
        soql = f"SELECT Name FROM Client_Plan__c WHERE {condition}"
        plans: list[dict[str, object]] = org.get("query", params={"explain": soql}).json()["plans"]
        return plans[0]

    assert plan("Aria_Key__c = 'PRO'")["leadingOperationType"] == "Index"
    scan = plan("Name = 'Fibre Pro'")
    assert (scan["leadingOperationType"], scan["cardinality"]) == ("TableScan", 1)
    assert scan["sobjectCardinality"] == 3


def test_the_control_door_makes_queries_slow_and_pages_small(org: SandboxClient) -> None:
    system = org.sandbox.systems["salesforce"]
    system.edit("Query", "", {"page_rows": 100})
    page = org.get("query", params={"q": "SELECT Id FROM Rate_Tier__c"}).json()
    assert (page["totalSize"], len(page["records"]), page["done"]) == (450, 100, False)
    system.edit("Query", "", {"timeout": True})
    assert org.refusal("SELECT Id FROM User")[0] == "QUERY_TIMEOUT"


def test_a_whole_read_keeps_its_pages_while_rows_come_and_go(org: SandboxClient) -> None:
    org.sandbox.systems["salesforce"].edit("Query", "", {"page_rows": 200})
    page = org.get("query", params={"q": "SELECT Id, Sequence__c FROM Rate_Tier__c"}).json()
    first = [r["Id"] for r in page["records"]]
    org.send("DELETE", f"sobjects/Rate_Tier__c/{first[0]}")
    org.insert("Rate_Tier__c", Currency__c="USD")
    rest = []
    while not page["done"]:
        page = org.get(page["nextRecordsUrl"]).json()
        rest += [r["Sequence__c"] for r in page["records"]]
    assert rest == [float(n) for n in range(200, 450)]


def test_values_are_formatted_as_people_of_en_us_read_them(org: SandboxClient) -> None:
    org.sandbox.clock.set(datetime(2030, 5, 6, 13, 7, tzinfo=UTC))
    org.http.headers["Authorization"] = f"Bearer {org.sign_in()}"
    account = org.insert("Account", Name="A", AnnualRevenue=1234567.5, NumberOfEmployees=12345)
    contract = {"AccountId": account, "StartDate": "2030-01-31", "ContractTerm": 12}
    org.insert("Contract", **contract)
    fields = ("AnnualRevenue", "NumberOfEmployees", "LastModifiedDate", "Name")
    soql = f"SELECT {', '.join(f'FORMAT({name})' for name in fields)} FROM Account"
    record = org.query(soql)[0]
    assert record["AnnualRevenue"].startswith("USD 1,234,56")
    assert record["NumberOfEmployees"] == "12,345"
    assert (record["LastModifiedDate"], record["Name"]) == ("5/6/2030, 1:07 PM", "A")
    found = org.query("SELECT FORMAT(StartDate) first, FORMAT(ContractTerm) FROM Contract")[0]
    assert (found["first"], found["ContractTerm"]) == ("1/31/2030", "12")
