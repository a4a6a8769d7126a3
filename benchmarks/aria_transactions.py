"""Refresh Transactions of one busy Aria account, 100 ms a call: how long until all is there."""

import math
import sys
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent))

from claims import Claim

from app.connectors import registry
from app.connectors.protocol import Connector, ReadRequest, Scope
from app.demo import sandbox_process
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping, WorkspaceMapping
from app.domain.mapping_file import parse_mapping

LATENCY_MS = 100
_BUSY = "55010002"  # the data set's account with more than 300 transactions
_FEWEST = 300
_ROUNDS = 20
_TARGET_S = 3.0
_FOLDER = Path(__file__).parents[1] / "resources" / "mappings"


def run(_count: int) -> list[Claim]:
    """Return how long an account of 300 transactions and more takes, 95 of 100 times."""
    mapping = _mapping()
    entities = tuple(mapping.of_account(moving=True))
    with sandbox_process(["--latency-ms", str(LATENCY_MS)]) as (_file, ready):
        given = registry.from_ready("aria", ready["aria"])
        secret = given.secrets.get
        aria = registry.connect("aria", "aria-demo", given.settings, secret, mapping=mapping)
        seconds = [_measured(aria, entities) for _ in range(_ROUNDS)]
        aria.close()
    p95 = sorted(seconds)[math.ceil(0.95 * len(seconds)) - 1]
    return [
        Claim("aria transactions of an account: seconds, p95", p95, _TARGET_S, at_most=True),
        Claim("aria transactions of an account: seconds, median", median(seconds), None),
    ]


def _measured(aria: Connector, entities: tuple[EntityMapping, ...]) -> float:
    before, started = aria.calls, time.perf_counter()
    request = ReadRequest(entities, Scope.ACCOUNT, account=_BUSY)
    pages = list(aria.read(request, CancelToken()))
    seconds = time.perf_counter() - started
    transactions = sum(len(page.records) for page in pages if page.entity == "transaction")
    if transactions < _FEWEST:
        message = f"the account has {transactions} transactions, the claim is about {_FEWEST}"
        raise ValueError(message)
    records = sum(len(page.records) for page in pages)
    calls = aria.calls - before
    print(f"  {transactions:,} transactions, {records:,} records in {seconds:.2f} s, {calls} calls")
    return seconds


def _mapping() -> WorkspaceMapping:
    def text_of(name: str) -> str:
        return (_FOLDER / f"{name}.toml").read_text("utf-8")

    return parse_mapping(text_of("aria"), "aria.toml", text_of)


if __name__ == "__main__":
    for claim in run(0):
        print(claim.row)
