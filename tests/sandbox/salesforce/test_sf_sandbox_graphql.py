"""GraphQL: records by conditions, parents and children, pages, and how it refuses."""

from typing import Any

import pytest


def ask(org: Any, query: str, **variables: Any) -> Any:
    answer = org.post("graphql", {"query": query, "variables": variables})
    assert answer.status_code == 200, answer.text
    return answer.json()


def records(org: Any, selection: str, **variables: Any) -> Any:
    """Return the answer of the one connection that a selection names."""
    head = "query Q($n: Int = 10, $after: String, $key: String)"
    found = ask(org, f"{head} {{ uiapi {{ query {{ {selection} }} }} }}", **variables)
    assert found["errors"] == [], found
    (connection,) = found["data"]["uiapi"]["query"].values()
    return connection


def names(connection: Any) -> list[str]:
    return [edge["node"]["Name"]["value"] for edge in connection["edges"]]


def plans(org: Any, condition: str, more: str = "") -> list[str]:
    order = "orderBy: { Name: { order: ASC } }"
    text = f"Client_Plan__c(where: {condition}, {order} {more})"
    return names(records(org, f"{text} {{ edges {{ node {{ Id Name {{ value }} }} }} }}"))


def test_it_tells_values_and_how_people_read_them(org: Any) -> None:
    org.insert("Product2", Name="Box")
    chance = {"StageName": "Prospecting", "CloseDate": "2027-01-31", "Amount": 1234.5}
    org.insert("Opportunity", Name="Fibre", **chance)
    fields = "Name { value displayValue } Amount { value displayValue } StageName { displayValue }"
    asked = f"all: Opportunity {{ edges {{ node {{ __typename {fields} }} }} totalCount }}"
    found = records(org, asked)
    node = found["edges"][0]["node"]
    assert (found["totalCount"], node["__typename"]) == (1, "Opportunity")
    assert node["Name"] == {"value": "Fibre", "displayValue": None}
    assert (node["Amount"]["value"], node["StageName"]["displayValue"]) == (1234.5, "Prospecting")
    assert "1,234.50" in node["Amount"]["displayValue"]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('{ Name: { like: "fib%" } }', ["Fibre Pro"]),
        ('{ Currency__c: { in: ["USD", "GBP"] } }', ["Fibre Pro", "Old 100% plan"]),
        ("{ Aria_Number__c: { gte: 7 } }", ["Fibre Pro"]),
        ("{ Aria_Number__c: { eq: null } }", ["Old 100% plan", "Übersee Lite"]),
        ('{ Plan_Set__r: { Aria_Key__c: { eq: "FIBRE" } } }', ["Fibre Pro"]),
        ("{ CreatedDate: { gte: { literal: TODAY } }, Billable__c: { eq: true } }", []),
        (
            '{ or: [{ Name: { eq: "Fibre Pro" } }, { not: { Currency__c: { ne: "EUR" } } }] }',
            ["Fibre Pro", "Übersee Lite"],
        ),
    ],
)
def test_conditions_find_what_soql_would(org: Any, condition: str, expected: list[str]) -> None:
    assert plans(org, condition) == expected


def test_pages_follow_one_another(org: Any) -> None:
    asked = (
        "Rate_Tier__c(first: $n, after: $after, orderBy: { Sequence__c: { order: DESC } }) "
        "{ edges { node { Sequence__c { value } } cursor } "
        "pageInfo { hasNextPage hasPreviousPage endCursor } totalCount }"
    )
    first = records(org, asked, n=200)
    assert first["totalCount"] == 450
    assert first["pageInfo"]["hasNextPage"]
    last = records(org, asked, n=300, after=first["pageInfo"]["endCursor"])
    values = [e["node"]["Sequence__c"]["value"] for page in (first, last) for e in page["edges"]]
    assert values == list(range(449, -1, -1))
    info = last["pageInfo"]
    assert (info["hasNextPage"], info["hasPreviousPage"]) == (False, True)
    assert info["endCursor"] == last["edges"][-1]["cursor"]


def test_parents_and_children_come_along(org: Any) -> None:
    account = org.insert("Account", Name="Acme")
    for name in ("Doe", "Roe"):
        org.insert("Contact", LastName=name, AccountId=account)
    asked = (
        "Account { edges { node { Contacts(first: 1, orderBy: { LastName: { order: DESC } }) "
        "{ edges { node { ...Named Account { Name { value } } } } totalCount "
        "pageInfo { hasNextPage } } } } }"
    )
    fragment = "fragment Named on Contact { LastName { value } }"
    text = f"{fragment} {{ uiapi {{ query {{ {asked} }} }} }}"
    found = ask(org, text)["data"]["uiapi"]["query"]["Account"]["edges"][0]["node"]["Contacts"]
    assert found["edges"] == [
        {"node": {"LastName": {"value": "Roe"}, "Account": {"Name": {"value": "Acme"}}}}
    ]
    assert (found["totalCount"], found["pageInfo"]["hasNextPage"]) == (2, True)


def test_a_quote_in_a_value_stays_in_it(org: Any) -> None:
    org.insert("Account", Name="O'Neill \\ Co")
    asked = "Account(where: { Name: { eq: $key } }) { edges { node { Name { value } } } }"
    assert names(records(org, asked, key="O'Neill \\ Co")) == ["O'Neill \\ Co"]


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("{ uiapi { query { Nope { totalCount } } } }", "ValidationError"),
        ("{ uiapi { query { Account { edges { node { Nope } } } } } }", "ValidationError"),
        (
            "{ uiapi { query { Account(where: { Nope: { eq: 1 } }) { totalCount } } } }",
            "ValidationError",
        ),
        ("{ uiapi { query { Account(first: 0) { totalCount } } } }", "ValidationError"),
        ('{ uiapi { query { Account(after: "x") { totalCount } } } }', "ValidationError"),
        ("{ uiapi { query { Account(first: $no) { totalCount } } } }", "ValidationError"),
        ("{ uiapi { query { Account { edges { node { ...No } } } } } }", "ValidationError"),
        ("{ uiapi { aggregate { Account { totalCount } } } }", "ValidationError"),
        ("mutation { uiapi { x } }", "UnsupportedOperation"),
        ("{ uiapi { query { Account ", "InvalidSyntax"),
        ("{ uiapi ? }", "InvalidSyntax"),
    ],
)
def test_what_is_wrong_is_told_with_status_200(org: Any, query: str, kind: str) -> None:
    found = ask(org, query)
    assert found["data"] == {}
    assert found["errors"][0]["extensions"]["ErrorType"] == kind
