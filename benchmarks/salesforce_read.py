"""Read of many records with 50 ms added latency, against the least that its calls take."""

import gc
import re
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import local
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent))

import requests
import salesforce_bulk
from claims import Claim
from records import decode_rows
from refresh import recorded

from app.connectors import registry
from app.connectors.protocol import Batch, Connector, ReadRequest
from app.domain.control import CancelToken

COUNT = 100_000
LATENCY_S = 0.05
CONNECTIONS = 8
_BATCH = 10_000
_ROUNDS = 3
_PAGE = re.compile(r"/v\d+\.0/query[/?]")


def run(count: int) -> list[Claim]:
    """Return how a read stands to its own calls made by nobody's code, of at most `COUNT`."""
    from app.demo import sandbox_process

    count = min(count, COUNT)
    gc.set_threshold(50_000, 20, 20)  # as the program itself does
    with sandbox_process(["--size", "small"]) as (_file, ready):
        salesforce_bulk.make_key(ready)
        made = _connected(ready)
        _fill(made, count)
        rule = {"kind": "latency", "system": "salesforce", "seconds": LATENCY_S, "times": None}
        requests.put(f"{ready['control_url']}/faults", json={"rules": [rule]}, timeout=30)
        made.reads.most_by_query = count
        pages = _measured(made, count, "pages")
        made.reads.most_by_query = count - 1
        bulk = _measured(made, count, "bulk job")
    return [
        Claim("read by pages, times the least of its calls and decoding", pages, 1.3, at_most=True),
        Claim("read by a bulk job, times reading by pages", bulk / pages, None),
    ]


def _measured(made: Any, count: int, what: str) -> float:
    with recorded() as calls:
        found = _read(made)
    ours = min(_timed(lambda: _read(made)) for _ in range(_ROUNDS))
    least = min(_timed(lambda: _replayed(calls)) for _ in range(_ROUNDS))
    rounds = -(-len(calls) // CONNECTIONS) * LATENCY_S
    print(
        f"  {what}: {found:,} of {count:,} records, {len(calls)} calls, {ours:.2f} s;"
        f" its calls alone {least:.2f} s, their latency alone {rounds:.2f} s",
        flush=True,
    )
    return ours / least


def _connected(ready: dict[str, Any]) -> Any:
    part = registry.from_ready("salesforce", ready["salesforce"])
    mapping = salesforce_bulk.mapping()
    return registry.connect("salesforce", "b", part.settings, part.secrets.get, mapping=mapping)


def _fill(made: Connector, count: int) -> None:
    entity = salesforce_bulk.mapping().entity("row")
    operations = list(salesforce_bulk.operations(count))
    for start in range(0, count, _BATCH):
        batch = Batch(entity, tuple(operations[start : start + _BATCH]))
        for _outcome in made.write(batch, CancelToken()):
            pass


def _read(made: Connector) -> int:
    entity = salesforce_bulk.mapping().entity("row")
    pages = made.read(ReadRequest((entity,)), CancelToken())
    return sum(len(page.records) for page in pages)


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _replayed(calls: list[Any]) -> None:
    """Make the calls again over 8 connections, and decode what has rows in JSON."""
    own = local()

    def make(call: Any) -> int:
        if not hasattr(own, "session"):
            own.session = requests.Session()
        answer = own.session.request(call.method, call.url, headers=call.headers, data=call.body)
        return len(decode_rows(answer.content) if _PAGE.search(call.url) else answer.content)

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(make, calls))


if __name__ == "__main__":
    for claim in run(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT):
        print(claim.row)
