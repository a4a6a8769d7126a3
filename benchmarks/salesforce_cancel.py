"""How long a cancel takes in each phase of a bulk job, and whether it tells what is written."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent))

import requests
import salesforce_bulk
from claims import Claim

from app.connectors import registry
from app.connectors.protocol import Batch
from app.domain.control import CancelToken
from app.domain.plan import Outcome, OutcomeState
from app.errors import Cancelled

_ROWS = 10_000
_SLOW_S = 3.0
_POLL_S = 0.01
_PHASES = {
    "created": ("jobs/ingest", 0),
    "uploaded": ("jobs/ingest/batches", 0),
    "started": ("jobs/ingest", 1),
    "at work": ("jobs/ingest", 3),
    "read": ("jobs/ingest/results", 0),
}


def run(_count: int) -> list[Claim]:
    """Return the longest cancel of a job of 10,000 rows, answers being slow where it strikes."""
    from app.demo import sandbox_process

    took = {}
    for phase, (endpoint, after) in _PHASES.items():
        with sandbox_process(["--size", "small"]) as (_file, ready):
            salesforce_bulk.make_key(ready)
            took[phase] = _cancelled(ready, endpoint, after)
    print("  " + ", ".join(f"{phase} {seconds:.2f} s" for phase, seconds in took.items()))
    return [
        Claim("cancel of a bulk job, the slowest phase in s", max(took.values()), 1, at_most=True)
    ]


def _cancelled(ready: dict[str, Any], endpoint: str, after: int) -> float:
    part = registry.from_ready("salesforce", ready["salesforce"])
    mapping = salesforce_bulk.mapping()
    made = registry.connect("salesforce", "b", part.settings, part.secrets.get, mapping=mapping)
    door = ready["control_url"]
    rule = {"kind": "latency", "system": "salesforce", "endpoint": endpoint, "after": after}
    rules = [{**rule, "seconds": _SLOW_S, "times": 1}]
    requests.put(f"{door}/faults", json={"rules": rules}, timeout=30)
    requests.post(f"{door}/edit/salesforce/Bulk/", json={"chunk_seconds": 0.02}, timeout=30)
    batch = Batch(mapping.entity("row"), tuple(salesforce_bulk.operations(_ROWS)))
    token, pause = CancelToken(), CancelToken()
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(_written, made, batch, token)
        while _calls(door, endpoint) <= after:
            pause.wait(_POLL_S)
        started = time.perf_counter()
        token.cancel()
        told = writing.result()
        seconds = time.perf_counter() - started
    state = requests.get(f"{door}/state/salesforce/{salesforce_bulk.SOBJECT}", timeout=30).json()
    really = sum(row[salesforce_bulk.KEY] is not None for row in state)
    if told is not None and told > really:
        raise SystemExit(f"{endpoint}: {told} rows were told as written, {really} are there")
    return seconds


def _written(made: Any, batch: Batch, token: CancelToken) -> int | None:
    try:
        outcomes: list[Outcome] = list(made.write(batch, token))
    except Cancelled:
        return None
    return sum(outcome.state is OutcomeState.WRITTEN for outcome in outcomes)


def _calls(door: str, endpoint: str) -> int:
    found = requests.get(f"{door}/calls", timeout=30).json()["salesforce"]
    return int(found.get(endpoint, 0))


if __name__ == "__main__":
    for claim in run(0):
        print(claim.row)
