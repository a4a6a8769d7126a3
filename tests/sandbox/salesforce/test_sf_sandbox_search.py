"""Search: SOSL, and the search by parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app.sandbox.salesforce.sosl import matcher, parse

if TYPE_CHECKING:
    from tests.sandbox.salesforce.conftest import SandboxClient


def find(org: SandboxClient, sosl: str) -> Any:
    answer = org.get("search", params={"q": sosl})
    assert answer.status_code == 200, answer.text
    return answer.json()["searchRecords"]


def test_it_returns_the_fields_of_each_object_asked_for(org: SandboxClient) -> None:
    returning = "Client_Plan__c(Id, Name WHERE Name LIKE 'Fibre%'), Aria_Service__c(Name LIMIT 1)"
    plan, service = find(org, f"FIND {{fibre OR line}} IN NAME FIELDS RETURNING {returning}")
    assert list(plan) == ["attributes", "Id", "Name"]
    assert (plan["Name"], plan["attributes"]["type"]) == ("Fibre Pro", "Client_Plan__c")
    assert service["Name"] == "Line"


def test_without_objects_every_one_is_searched_for_ids(org: SandboxClient) -> None:
    (found,) = find(org, "FIND {Fibre Pro}")
    assert found["attributes"]["type"] == "Client_Plan__c"
    assert set(found) == {"attributes", "Id"}
    assert find(org, "FIND {Fibre Nowhere}") == []


def test_rows_are_ordered_and_limited_over_all_objects(org: SandboxClient) -> None:
    org.insert("Account", Name="Search B")
    org.insert("Account", Name="Search A")
    org.insert("Contact", LastName="Search")
    returning = "RETURNING Account(Name ORDER BY Name), Contact(LastName)"
    found = find(org, f"FIND {{search}} {returning} LIMIT 2")
    assert [each["Name"] for each in found] == ["Search A", "Search B"]


def test_old_versions_answer_with_a_list(org: SandboxClient) -> None:
    path = "/services/data/v36.0/search/"
    answer = org.send("GET", path, params={"q": "FIND {fibre} RETURNING Client_Plan__c"})
    assert isinstance(answer.json(), list)


def test_parameters_say_the_same(org: SandboxClient) -> None:
    query = {"q": "fibre", "sobject": "Client_Plan__c", "Client_Plan__c.fields": "Id,Name"}
    by_address = org.get("parameterizedSearch", params=query).json()
    wish = {"name": "Client_Plan__c", "fields": ["Id", "Name"], "limit": 5}
    by_body = org.post("parameterizedSearch", {"q": "fibre", "sobjects": [wish]}).json()
    assert by_address == by_body
    assert [each["Name"] for each in by_body["searchRecords"]] == ["Fibre Pro"]


@pytest.mark.parametrize(
    "sosl",
    [
        "SELECT Id FROM Account",
        "FIND {x}",
        "FIND {fibre} IN SOME FIELDS",
        "FIND {fibre} RETURNING",
        "FIND {fibre} RETURNING Account(Id",
        "FIND {fibre} RETURNING Account(Id LIMIT many)",
        "FIND {fibre} IN ALL FIELDS nonsense",
        "FIND {(fibre}",
        "FIND {fibre OR}",
    ],
)
def test_what_is_no_search_is_refused(org: SandboxClient, sosl: str) -> None:
    answer = org.get("search", params={"q": sosl})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "MALFORMED_SEARCH")


@pytest.mark.parametrize(
    ("term", "fits"),
    [
        ("fibre pro", True),
        ("fib", False),
        ("fib*", True),
        ("f?bre", True),
        ('"pro fibre"', False),
        ('"fibre pro"', True),
        ("fibre AND NOT pro", False),
        ("copper OR (pro fibre)", True),
        ("pro-x1", True),
        (r"\"fibre\"", True),
        ('"pro second"', False),
    ],
)
def test_words_are_whole_and_may_be_joined(term: str, *, fits: bool) -> None:
    assert matcher(term)("Fibre Pro\nsecond line: pro-X1") is fits


def test_braces_in_a_term_are_escaped() -> None:
    assert parse(r"FIND {a\{b\}c} RETURNING Account").term == r"a\{b\}c"
