"""SOQL through HTTP: what it selects, filters, sorts and refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.sandbox.salesforce.conftest import SandboxClient


def test_field_names_come_back_in_their_declared_case(org: SandboxClient) -> None:
    record = org.query("select id, NAME from client_plan__C where aria_key__c = 'PRO'")[0]
    assert list(record) == ["attributes", "Id", "Name"]
    assert record["attributes"]["url"].endswith(f"/v66.0/sobjects/Client_Plan__c/{record['Id']}")


def test_parents_are_nested_and_null_where_there_is_none(org: SandboxClient) -> None:
    soql = "SELECT Plan__r.Plan_Set__r.Name, Plan__r.Name FROM Aria_Service__c LIMIT 1"
    plan = org.query(soql)[0]["Plan__r"]
    assert (plan["Name"], plan["Plan_Set__r"]["Name"]) == ("Fibre Pro", "Fibre")
    lite = "SELECT Plan_Set__r.Name FROM Client_Plan__c WHERE Aria_Key__c = 'lite'"
    assert org.query(lite)[0]["Plan_Set__r"] is None


def test_children_are_a_result_of_their_own_or_null(org: SandboxClient) -> None:
    soql = "SELECT Name, (SELECT Name FROM Services__r ORDER BY Name DESC LIMIT 1) "
    pro, lite = org.query(soql + "FROM Client_Plan__c WHERE Name != 'Old 100% plan'")
    assert pro["Services__r"]["totalSize"] == 1
    assert pro["Services__r"]["records"][0]["Name"] == "Set-up"
    assert lite["Services__r"] is None


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("Name = 'FIBRE pro'", ["Fibre Pro"]),
        ("Name = 'ÜBERSEE LITE'", ["Übersee Lite"]),
        ("Name LIKE 'ü%'", ["Übersee Lite"]),
        ("Name LIKE '%100\\%%'", ["Old 100% plan"]),
        ("Name LIKE '_ibre%'", ["Fibre Pro"]),
        ("Aria_Key__c = 'LITE'", []),
        ("Aria_Key__c LIKE 'l%'", ["Übersee Lite"]),
        ("Plan_Set__c = null", ["Old 100% plan", "Übersee Lite"]),
        ("Plan_Set__r.Name = 'Fibre'", ["Fibre Pro"]),
        ("Plan_Set__r.Name != 'Fibre'", ["Old 100% plan", "Übersee Lite"]),
        ("NOT Plan_Set__r.Name = 'Fibre'", ["Old 100% plan", "Übersee Lite"]),
        ("Aria_Number__c > 6.5", ["Fibre Pro"]),
        ("Aria_Number__c NOT IN (7)", ["Old 100% plan", "Übersee Lite"]),
        ("Currency__c IN ('USD', 'eur')", ["Fibre Pro", "Übersee Lite"]),
        ("(Currency__c = 'USD' OR Currency__c = 'GBP') AND NOT Name = 'x'",
         ["Fibre Pro", "Old 100% plan"]),
        ("Id IN (SELECT Plan__c FROM Aria_Service__c WHERE Recurring__c = true)", ["Fibre Pro"]),
        ("Id NOT IN (SELECT Plan__c FROM Aria_Service__c)", ["Old 100% plan", "Übersee Lite"]),
        ("CreatedDate = YESTERDAY AND Name = 'Fibre Pro'", ["Fibre Pro"]),
        ("CreatedDate >= TODAY", []),
        ("CreatedDate < 2999-01-01T00:00:00Z AND Name LIKE 'F%'", ["Fibre Pro"]),
    ],
)  # fmt: skip
def test_conditions_find_what_they_say(
    org: SandboxClient, condition: str, names: list[str]
) -> None:
    assert org.names(condition) == names


def test_an_order_puts_nulls_first_and_picklists_by_their_definition(org: SandboxClient) -> None:
    soql = "SELECT Name FROM Client_Plan__c ORDER BY "
    assert org.query(soql + "Aria_Number__c")[-1]["Name"] == "Fibre Pro"
    assert org.query(soql + "Aria_Number__c DESC NULLS LAST")[0]["Name"] == "Fibre Pro"
    names = [record["Name"] for record in org.query(soql + "Currency__c")]
    assert names == ["Fibre Pro", "Übersee Lite", "Old 100% plan"]


def test_limit_and_offset_cut_a_window(org: SandboxClient) -> None:
    soql = "SELECT Sequence__c FROM Rate_Tier__c ORDER BY Sequence__c LIMIT 2 OFFSET 3"
    assert [record["Sequence__c"] for record in org.query(soql)] == [3.0, 4.0]


def test_aggregates_are_named_by_alias_or_place(org: SandboxClient) -> None:
    soql = "SELECT Currency__c, COUNT(Id), MAX(Sequence__c) most FROM Rate_Tier__c "
    found = org.query(soql + "GROUP BY Currency__c HAVING COUNT(Id) > 1")
    expected = {"Currency__c": "EUR", "expr0": 450, "most": 449.0}
    assert found == [{"attributes": {"type": "AggregateResult"}, **expected}]


def test_a_bare_count_has_a_size_and_no_records(org: SandboxClient) -> None:
    answer = org.get("query", params={"q": "SELECT COUNT() FROM Rate_Tier__c"})
    assert answer.json() == {"totalSize": 450, "done": True, "records": []}


def test_sums_are_exact(org: SandboxClient) -> None:
    for rate in ("0.10000", "0.20000"):
        org.insert("Rate_Tier__c", Rate__c=rate, Currency__c="GBP")
    soql = "SELECT SUM(Rate__c), AVG(Rate__c) mean FROM Rate_Tier__c WHERE Currency__c = 'GBP'"
    assert (org.query(soql)[0]["expr0"], org.query(soql)[0]["mean"]) == (0.3, 0.15)


def test_dates_can_be_grouped_by_year(org: SandboxClient) -> None:
    soql = "SELECT CALENDAR_YEAR(CreatedDate) y, COUNT(Id) n FROM Client_Plan__c "
    record = org.query(soql + "GROUP BY CALENDAR_YEAR(CreatedDate)")[0]
    assert record["n"] == 3


def test_fields_all_needs_a_small_limit(org: SandboxClient) -> None:
    assert "Family__c" in org.query("SELECT FIELDS(ALL) FROM Client_Plan__c LIMIT 200")[0]
    code, message = org.refusal("SELECT FIELDS(CUSTOM) FROM Client_Plan__c")
    assert code == "MALFORMED_QUERY"
    assert "LIMIT of at most 200" in message


def test_an_unknown_column_is_shown_in_its_place(org: SandboxClient) -> None:
    code, message = org.refusal("SELECT Id, Foo FROM Client_Plan__c")
    assert code == "INVALID_FIELD"
    assert message.startswith(
        "\nSELECT Id, Foo FROM Client_Plan__c\n           ^\nERROR at Row:1:Column:12\n"
        "No such column 'Foo' on entity 'Client_Plan__c'. If you are attempting"
    )


@pytest.mark.parametrize(
    ("soql", "code", "words"),
    [
        ("SELECT Id FORM X", "MALFORMED_QUERY", "unexpected token: 'FORM'"),
        ("SELECT Id FROM Foo", "INVALID_TYPE", "sObject type 'Foo' is not supported."),
        ("SELECT Id FROM User WHERE Name = 'x", "MALFORMED_QUERY", "mismatched character"),
        ('SELECT Id FROM User WHERE Name = "x"', "MALFORMED_QUERY", "unexpected token"),
        ("SELECT Id FROM User WHERE Name='a' AND Id=null OR Id=null", "MALFORMED_QUERY", "'OR'"),
        ("SELECT Id FROM User WHERE Name = 5", "INVALID_FIELD", "should be enclosed in quotes"),
        ("SELECT Id FROM User WHERE CreatedDate > 2026-01-01", "INVALID_FIELD", "type dateTime"),
        ("SELECT Id FROM User WHERE Id = 'x'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field"),
        ("SELECT Id FROM Client_Plan__c WHERE Description__c = 'x'", "INVALID_FIELD", "filtered"),
        ("SELECT Id FROM Client_Plan__c ORDER BY Description__c", "INVALID_FIELD", "sorted"),
        ("SELECT Name, COUNT(Id) FROM User", "MALFORMED_QUERY", "grouped or aggregated: Name"),
        ("SELECT COUNT(Id) FROM User LIMIT 1", "MALFORMED_QUERY", "cannot also use LIMIT"),
        ("SELECT Id, Foo__r.Name FROM Client_Plan__c", "INVALID_FIELD", "relationship 'Foo__r'"),
        ("SELECT Id, Id FROM User", "INVALID_FIELD", "duplicate field selected: Id"),
        ("SELECT Id FROM User OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "2000"),
        ("SELECT Id, (SELECT Id FROM Foos__r) FROM User", "INVALID_TYPE", "Foos__r"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_by_code_and_words(
    org: SandboxClient, soql: str, code: str, words: str
) -> None:
    found, message = org.refusal(soql)
    assert found == code
    assert words in message


def test_a_statement_may_have_a_hundred_thousand_characters_but_no_address_may(
    org: SandboxClient,
) -> None:
    answer = org.get("query", params={"q": "SELECT Id FROM User WHERE Id != '" + "x" * 17_000})
    assert answer.status_code == 414
