"""How large things may be: uploads, records, graphs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.sandbox.salesforce.conftest import SandboxClient

_TIMES = 2000


def _load(org: SandboxClient, data: Any) -> dict[str, Any]:
    wish = {"object": "Client_Plan__c", "operation": "insert", "lineEnding": "LF"}
    job = org.post("jobs/ingest", wish).json()["id"]
    head = {"Content-Type": "text/csv"}
    org.send("PUT", f"jobs/ingest/{job}/batches", data=data, headers=head)
    org.patch(f"jobs/ingest/{job}", {"state": "UploadComplete"})
    for _ in range(_TIMES):
        info: dict[str, Any] = org.get(f"jobs/ingest/{job}").json()
        if info["state"] in {"JobComplete", "Failed"}:
            break
    return info


def _rows(count: int) -> Iterator[bytes]:
    yield b"Aria_Key__c,Name,Description__c\n"
    for n in range(count):
        yield f"big{n},Big {n},{'x' * 30_000}\n".encode()


def test_a_long_upload_in_chunks_is_loaded_whole(org: SandboxClient) -> None:
    info = _load(org, _rows(60))
    assert (info["state"], info["numberRecordsProcessed"]) == ("JobComplete", 60)
    assert info["numberRecordsFailed"] == 0
    assert len(org.query("SELECT Id FROM Client_Plan__c WHERE Aria_Key__c LIKE 'big%'")) == 60


def test_a_record_of_too_many_characters_fails_alone(org: SandboxClient) -> None:
    wide = ",".join(["x" * 130_000] * 3)
    rows = f"Name,Description__c,Family__c,Aria_Key__c\nSmall,x,,s\n{'y' * 20_000},{wide}\n"
    info = _load(org, rows.encode())
    assert (info["numberRecordsProcessed"], info["numberRecordsFailed"]) == (2, 1)
    failed = org.get(f"jobs/ingest/{info['id']}/failedResults").text
    assert "CLIENT_ERROR:Record is longer than 400,000 characters:--" in failed


def test_a_graph_has_at_most_fifteen_kinds_of_nodes(org: SandboxClient) -> None:
    root = "/services/data/v66.0/sobjects"
    nodes = [
        {"method": "POST", "url": f"{root}/Kind{n}__c", "referenceId": f"r{n}", "body": {}}
        for n in range(16)
    ]
    answer = org.post("composite/graph", {"graphs": [{"graphId": "g", "compositeRequest": nodes}]})
    assert answer.status_code == 400
    assert answer.json()[0]["message"] == "A graph can have at most 15 different nodes"
