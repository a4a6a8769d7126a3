"""Refresh of the catalog with 50 ms added latency, against the same calls made by nobody's code."""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import local

import requests

sys.path.insert(0, str(Path(__file__).parent))

from claims import Claim

from app.credentials import Credentials
from app.demo import sandbox_process
from app.domain.control import CancelToken, no_report
from app.services import Services
from app.settings import Workspace
from app.sync.refresh import RefreshRequest, refresh

LATENCY_MS = 50
CONNECTIONS = 8
_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class _Call:
    """One request that the refresh made, to be made again."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes | str | None


def run(_count: int) -> list[Claim]:
    """Return how a refresh stands to the least that its own calls take over 8 connections."""
    arguments = ["--latency-ms", str(LATENCY_MS)]
    with tempfile.TemporaryDirectory() as home, sandbox_process(arguments) as (ready_file, _ready):
        services = Services(Path(home), Credentials())
        made = [found.connection for found in services.connect_ready(ready_file)]
        names = {connection.kind: connection.name for connection in made}
        services.create_workspace(Workspace("bench", names["aria"], names["salesforce"], ""))
        with recorded() as calls:
            first = _refresh(services)
        ours = min(_refresh(services) for _ in range(_ROUNDS))
        least = min(_replay(calls) for _ in range(_ROUNDS))
    rounds = -(-len(calls) // CONNECTIONS) * LATENCY_MS / 1000
    print(
        f"  {len(calls)} calls: refresh {ours:.3f} s (the first {first:.3f} s),"
        f" the calls alone {least:.3f} s, latency alone {rounds:.3f} s"
    )
    return [
        Claim("refresh, times the least that its calls take", ours / least, 1.5, at_most=True),
        Claim("refresh, times the latency of its calls alone", ours / rounds, None),
    ]


def _refresh(services: Services) -> float:
    with services.workbench("bench") as bench:
        started = time.perf_counter()
        refresh(bench, RefreshRequest(), CancelToken(), no_report)
        return time.perf_counter() - started


@contextmanager
def recorded() -> Iterator[list[_Call]]:
    """Note every request that is sent meanwhile."""
    calls: list[_Call] = []
    send: Callable[..., requests.Response] = requests.Session.send

    def note(
        session: requests.Session, request: requests.PreparedRequest, **options: object
    ) -> requests.Response:
        if request.url and request.url.startswith("http://"):
            headers = dict(request.headers)
            calls.append(_Call(request.method or "GET", request.url, headers, request.body))
        return send(session, request, **options)

    requests.Session.send = note  # type: ignore[method-assign, assignment]
    try:
        yield calls
    finally:
        requests.Session.send = send  # type: ignore[method-assign]


def _replay(calls: list[_Call]) -> float:
    own = local()

    def make(call: _Call) -> int:
        if not hasattr(own, "session"):
            own.session = requests.Session()
        answer = own.session.request(call.method, call.url, headers=call.headers, data=call.body)
        return len(answer.content)

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        started = time.perf_counter()
        list(pool.map(make, calls))
        return time.perf_counter() - started
