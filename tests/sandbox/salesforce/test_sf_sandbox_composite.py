"""Composite, graph, batch and tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.sandbox.salesforce.conftest import SandboxClient


_ROOT = "/services/data/v66.0"


def _insert(
    name: str, reference: str, sobject: str = "Client_Plan__c", **fields: Any
) -> dict[str, Any]:
    url = f"{_ROOT}/sobjects/{sobject}"
    body = {"Name": name, **fields}
    return {"method": "POST", "url": url, "referenceId": reference, "body": body}


def test_later_subrequests_refer_to_earlier_ones(org: SandboxClient) -> None:
    soql = f"{_ROOT}/query?q=SELECT+Name+FROM+Client_Plan__c+WHERE+Id='@{{plan.id}}'"
    wishes = [
        _insert("P", "plan"),
        _insert("S", "service", "Aria_Service__c", Plan__c="@{plan.id}"),
        {"method": "GET", "url": soql, "referenceId": "q"},
        _insert("copy of @{q.records[0].Name}", "copy"),
    ]
    answers = org.post("composite", {"compositeRequest": wishes}).json()["compositeResponse"]
    assert [each["httpStatusCode"] for each in answers] == [201, 201, 200, 201]
    assert answers[0]["httpHeaders"]["Location"].endswith(answers[0]["body"]["id"])
    assert org.names("Name = 'copy of P'") == ["copy of P"]


def test_a_failed_subrequest_halts_those_that_refer_to_it(org: SandboxClient) -> None:
    wishes = [_insert("", "bad"), _insert("x@{bad.id}", "next"), _insert("fine", "other")]
    answers = org.post("composite", {"compositeRequest": wishes}).json()["compositeResponse"]
    assert answers[0]["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert answers[1]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert [each["httpStatusCode"] for each in answers] == [400, 400, 201]


def test_all_or_none_undoes_everything_rows_of_collections_too(org: SandboxClient) -> None:
    record = {"attributes": {"type": "Client_Plan__c"}}
    rows = {"allOrNone": False, "records": [{**record, "Name": "y"}, record]}
    url = f"{_ROOT}/composite/sobjects"
    wishes = [_insert("x", "a"), {"method": "POST", "url": url, "referenceId": "b", "body": rows}]
    body = {"allOrNone": True, "compositeRequest": wishes}
    answers = org.post("composite", body).json()["compositeResponse"]
    assert answers[0]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert answers[1]["httpStatusCode"] == 200
    assert org.names("Name IN ('x', 'y')") == []


def test_a_composite_has_limits(org: SandboxClient) -> None:
    query = {"method": "GET", "url": f"{_ROOT}/query?q=SELECT+Id+FROM+User"}
    for wishes in (
        [_insert("x", f"r{n}") for n in range(26)],
        [{**query, "referenceId": f"r{n}"} for n in range(6)],
        [_insert("x", "same"), _insert("y", "same")],
    ):
        assert org.post("composite", {"compositeRequest": wishes}).status_code == 400


def test_a_graph_is_saved_wholly_or_not_at_all(org: SandboxClient) -> None:
    good = {"graphId": "1", "compositeRequest": [_insert("g1", "a")]}
    bad = {"graphId": "2", "compositeRequest": [_insert("g2", "a"), _insert("", "b")]}
    graphs = org.post("composite/graph", {"graphs": [good, bad]}).json()["graphs"]
    assert [graph["isSuccessful"] for graph in graphs] == [True, False]
    assert org.names("Name LIKE 'g_'") == ["g1"]


def test_a_batch_carries_on_unless_told_to_halt(org: SandboxClient) -> None:
    wishes = [
        {"method": "GET", "url": "v66.0/nope"},
        {"method": "POST", "url": "v66.0/sobjects/Client_Plan__c", "richInput": {"Name": "b"}},
    ]
    done = org.post("composite/batch", {"batchRequests": wishes}).json()
    assert (done["hasErrors"], [r["statusCode"] for r in done["results"]]) == (True, [404, 201])
    halted = org.post("composite/batch", {"haltOnError": True, "batchRequests": wishes}).json()
    assert [result["statusCode"] for result in halted["results"]] == [404, 412]


def _tree(*services: str, name: str = "T") -> dict[str, Any]:
    made = [
        {"attributes": {"type": "Aria_Service__c", "referenceId": s}, "Name": s} for s in services
    ]
    plan = {"attributes": {"type": "Client_Plan__c", "referenceId": "plan"}, "Name": name}
    return {"records": [{**plan, "Services__r": {"records": made}}]}


def test_a_tree_inserts_parents_with_their_children(org: SandboxClient) -> None:
    answer = org.post("composite/tree/Client_Plan__c", _tree("s1", "s2"))
    assert (answer.status_code, answer.json()["hasErrors"]) == (201, False)
    references = [result["referenceId"] for result in answer.json()["results"]]
    assert references == ["plan", "s1", "s2"]
    soql = "SELECT Plan__r.Name FROM Aria_Service__c WHERE Name = 's2'"
    assert org.query(soql)[0]["Plan__r"]["Name"] == "T"


def test_a_tree_with_a_bad_record_inserts_nothing(org: SandboxClient) -> None:
    answer = org.post("composite/tree/Client_Plan__c", _tree("x" * 81, name="U"))
    assert (answer.status_code, answer.json()["hasErrors"]) == (400, True)
    error = answer.json()["results"][0]["errors"][0]
    assert error["statusCode"] == "STRING_TOO_LONG"
    assert org.names("Name = 'U'") == []
