"""Bodies whose values are of the wrong shape are refused as such, wherever they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.salesforce.conftest import SandboxClient

_QUERY = {"operation": "query", "query": "SELECT Id FROM Account"}
_LOAD = {"operation": "insert", "object": "Account"}


@pytest.mark.parametrize("wrong", [[None], {"a": 1}])
@pytest.mark.parametrize(
    ("path", "body", "name"),
    [
        ("jobs/query", _QUERY, "operation"),
        ("jobs/query", _QUERY, "lineEnding"),
        ("jobs/query", _QUERY, "columnDelimiter"),
        ("jobs/ingest", _LOAD, "contentType"),
        ("jobs/ingest", _LOAD, "columnDelimiter"),
    ],
)
def test_a_bulk_job_is_described_by_texts(
    org: SandboxClient, path: str, body: dict[str, str], name: str, wrong: object
) -> None:
    answer = org.post(path, {**body, name: wrong})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALIDJOB")


@pytest.mark.parametrize(
    "wish",
    [
        {"sobjects": "Account"},
        {"sobjects": ["Account"]},
        {"sobjects": [{"name": "Account", "fields": 1}]},
    ],
)
def test_a_search_names_objects_and_fields_in_lists(
    org: SandboxClient, wish: dict[str, Any]
) -> None:
    answer = org.post("parameterizedSearch", {"q": "Fibre", **wish})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")


def test_variables_of_graphql_are_an_object(org: SandboxClient) -> None:
    text = "query q($n: Int) { uiapi { query { User(first: $n) { edges { node { Id } } } } } }"
    answer = org.post("graphql", {"query": text, "variables": "5"})
    assert "variables have to be an object" in answer.json()["errors"][0]["message"]


def test_headers_of_a_subrequest_are_an_object(org: SandboxClient) -> None:
    wish = {"method": "GET", "url": "/services/data/v66.0/limits", "referenceId": "a"}
    body = {"compositeRequest": [{**wish, "httpHeaders": "none"}]}
    found = org.post("composite", body).json()["compositeResponse"][0]
    assert (found["httpStatusCode"], found["body"][0]["errorCode"]) == (400, "JSON_PARSER_ERROR")


@pytest.mark.parametrize("key", [["a"], {"a": "b"}])
def test_a_key_that_is_no_text_is_no_json_of_a_row(org: SandboxClient, key: object) -> None:
    row = {"attributes": {"type": "Client_Plan__c"}, "Name": "x", "Aria_Key__c": key}
    answer = org.patch("composite/sobjects/Client_Plan__c/Aria_Key__c", {"records": [row]})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")
