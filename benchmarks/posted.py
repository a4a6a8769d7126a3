"""From an edit in Aria to the difference on the list; and a burst of ten thousand events."""

import http.client
import math
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).parent))

import orjson
import requests
from claims import Claim

from app.__main__ import main
from app.connectors.spec import variable
from app.demo import sandbox_process

LATENCY_MS = 100
_EDITS, _EVENTS, _POSTERS = 15, 10_000, 8
_MOST_ACCOUNTS = 50
_TARGET_S = 5.0
_PATH = "0123456789abcdefghij"
_SECRETS = {
    "aria": ("auth_key",),
    "salesforce": ("access_token", "refresh_token", "client_secret"),
}


def run(_count: int) -> list[Claim]:
    """Return how long an edit takes, and how many reads a burst of events is."""
    arguments = ["--latency-ms", str(LATENCY_MS), "--size", "1"]
    with sandbox_process(arguments) as (file, ready), _home(ready):
        _prepare(file)
        with _serving() as server:
            seconds = sorted(_edit(server, ready) for _ in range(_EDITS))
            print(f"  {_EDITS} edits: {seconds[0]:.2f} to {seconds[-1]:.2f} s")
            accounts = [str(row["acct_no"]) for row in _state(ready, "account")][:_MOST_ACCOUNTS]
            reads, a_second = _burst(server, accounts)
    return [
        Claim("posted: edit to difference, seconds, p95",
              seconds[math.ceil(0.95 * len(seconds)) - 1], _TARGET_S, at_most=True),
        Claim("posted: edit to difference, seconds, median", median(seconds), None),
        Claim("posted: reads of an account in a burst", max(reads.values()), 1, at_most=True),
        Claim("posted: events taken a second", a_second, None),
    ]  # fmt: skip


class _Server:
    """`concord serve --listen` in a process of its own."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._lines = iter(process.stdout or ())
        self.port = int(self.told()["port"])

    def told(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(next(self._lines))
        return found


@contextmanager
def _home(ready: dict[str, Any]) -> Iterator[None]:
    """Give Concord a folder of its own, and its secrets by the environment."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "CONCORD_HOME": folder,
            variable("aria-demo", "event_path"): _PATH,
            **{
                variable(f"{kind}-demo", name): ready[kind][name]
                for kind, names in _SECRETS.items()
                for name in names
            },
        }
        try:
            yield
        finally:
            os.environ.clear()
            os.environ |= before


def _prepare(file: Path) -> None:
    sides = ("--billing", "aria-demo", "--salesforce", "salesforce-demo")
    for words in (
        ("connect", "--ready-file", str(file)),
        ("workspace", "create", "shop", *sides, "--mapping", "aria"),
        ("prepare", "-w", "shop", "--yes"),
        ("refresh", "-w", "shop"),
    ):
        with redirect_stdout(StringIO()):
            status = main(words)
        if status:
            raise SystemExit(f"{' '.join(words)} ended with {status}")


@contextmanager
def _serving() -> Iterator[_Server]:
    words = [sys.executable, "-m", "app", "serve", "-w", "shop", "--listen", "127.0.0.1:0"]
    process = subprocess.Popen(  # noqa: S603 - our own program
        [*words, "--json"], stdout=subprocess.PIPE, text=True
    )
    try:
        server = _Server(process)
        for _ in range(2):  # both sides are read at the start
            server.told()
        yield server
    finally:
        process.kill()
        process.communicate()


def _edit(server: _Server, ready: dict[str, Any]) -> float:
    """Edit an account as a person does; return after how many seconds Concord knows."""
    door = f"{ready['control_url']}/edit/aria"
    if not _state(ready, "event_destination"):
        url = f"http://127.0.0.1:{server.port}/aria/{_PATH}"
        requests.post(f"{door}/event_destination/", json={"class_no": 1, "url": url}, timeout=10)
    started = time.perf_counter()
    requests.post(f"{door}/account/NWT-10001", json={"city": str(started)}, timeout=10)
    while not server.told()["changed"]:
        continue
    return time.perf_counter() - started


def _burst(server: _Server, accounts: list[str]) -> tuple[Counter[str], float]:
    """Post events of accounts in turn; return how often each was read, and events a second."""
    started = time.perf_counter()
    with ThreadPoolExecutor(_POSTERS) as pool:
        posts = ((server.port, n, accounts[n % len(accounts)]) for n in range(_EVENTS))
        answers = Counter(pool.map(lambda post: _post(*post), posts))
    seconds = time.perf_counter() - started
    print(f"  {_EVENTS:,} events of {len(accounts)} accounts in {seconds:.1f} s: {dict(answers)}")
    reads, changes = Counter[str](), 0
    while changes < _EVENTS:
        told = server.told()
        changes += told["changes"]
        reads.update(told.get("accounts", ()))
    return reads, _EVENTS / seconds


def _post(port: int, number: int, account: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    told = {"transaction_id": number, "class_name": "A", "acct_no": account, "event_id[]": 702}
    connection.request("POST", f"/aria/{_PATH}", urlencode(told))
    answer = connection.getresponse().read().decode()
    connection.close()
    return answer


def _state(ready: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    found = requests.get(f"{ready['control_url']}/state/aria/{kind}", timeout=10)
    rows: list[dict[str, Any]] = found.json()
    return rows
