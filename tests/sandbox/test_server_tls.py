"""The https listener: its own authority, the same system as behind http."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from app.sandbox.dataset import Dataset
from app.sandbox.launch import Sandbox, SandboxOptions
from app.sandbox.server import HttpServer
from app.sandbox.tls import Authority
from app.sandbox.wire import Request, Response


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    data = Dataset(aria={}, salesforce={"Account": [{"Name": "A"}]}, drift=())
    with Sandbox(SandboxOptions(dataset=data, systems=["salesforce"])) as running:
        yield running


def test_one_system_answers_over_http_and_https(sandbox: Sandbox) -> None:
    ready = sandbox.ready["salesforce"]
    head = {"Authorization": f"Bearer {ready['access_token']}"}
    path = "/services/data/v66.0/query?q=SELECT+Name+FROM+Account"
    plain = requests.get(ready["instance_url"] + path, headers=head, timeout=5)
    safe = requests.get(ready["https_url"] + path, headers=head, timeout=5, verify=ready["ca_file"])
    assert safe.json() == plain.json()
    assert sandbox.calls.counts()["salesforce"]["query"] >= 2


def test_whoever_signs_in_over_https_stays_there(sandbox: Sandbox) -> None:
    ready = sandbox.ready["salesforce"]
    form = {"grant_type": "client_credentials", "client_id": ready["client_id"]}
    form["client_secret"] = ready["client_secret"]
    url = ready["https_url"].replace("127.0.0.1", "localhost")
    answer = requests.post(
        f"{url}/services/oauth2/token", form, timeout=5, verify=ready["ca_file"]
    ).json()
    assert answer["instance_url"] == url
    assert answer["id"].startswith(f"{url}/id/00D")


def test_nobody_trusts_it_who_was_not_told_to(sandbox: Sandbox) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(sandbox.ready["salesforce"]["https_url"], timeout=5)


def test_the_files_go_when_the_sandbox_ends() -> None:
    data = Dataset(aria={}, salesforce={}, drift=())
    with Sandbox(SandboxOptions(dataset=data, systems=["salesforce"])) as running:
        file = Path(running.ready["salesforce"]["ca_file"])
        assert file.is_file()
    assert not file.exists()


def test_a_client_that_never_shakes_hands_delays_nobody() -> None:
    authority = Authority()

    def answer(request: Request) -> Response:
        return Response.json(request.origin)

    with (
        HttpServer(answer, tls=authority.server_context()) as server,
        socket.create_connection(("127.0.0.1", server.server_port), timeout=5),
    ):
        found = requests.get(server.url, timeout=5, verify=str(authority.ca_file)).json()
    authority.close()
    assert found == server.url
