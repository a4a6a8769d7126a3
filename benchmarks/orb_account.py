"""One Orb customer's records, 100 ms a call: how long until they are all there."""

import math
import sys
import time
from collections import Counter
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent))

from claims import Claim

from app.connectors import registry
from app.connectors.protocol import Connector, ReadRequest, Scope
from app.demo import sandbox_process
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping
from app.domain.mapping_file import parse_mapping

LATENCY_MS = 100
_FEWEST = 300
_ACCOUNTS = 10
_ROUNDS = 2
_TARGET_S = 3.0


def run(_count: int) -> list[Claim]:
    """Return how long a customer of 300 records and more takes, 95 of 100 times."""
    with sandbox_process(["--latency-ms", str(LATENCY_MS)]) as (_file, ready):
        given = registry.from_ready("orb", ready["orb"])
        file = Path(__file__).parents[1] / "resources" / "mappings" / "orb.toml"
        mapping = parse_mapping(file.read_text("utf-8"), file.name)
        secret = given.secrets.get
        orb = registry.connect("orb", "orb-demo", given.settings, secret, mapping=mapping)
        entities = tuple(mapping.of_account())
        accounts = _large(orb, entities)
        seconds: list[float] = []
        for account in accounts * _ROUNDS:
            before = orb.calls
            started = time.perf_counter()
            found = _read(orb, entities, account)
            seconds.append(time.perf_counter() - started)
            print(f"  {found:,} records in {seconds[-1]:.2f} s, {orb.calls - before} calls")
        orb.close()
    p95 = sorted(seconds)[math.ceil(0.95 * len(seconds)) - 1]
    return [
        Claim("orb account: seconds, p95", p95, _TARGET_S, at_most=True),
        Claim("orb account: seconds, median", median(seconds), None),
    ]


def _large(orb: Connector, entities: tuple[EntityMapping, ...]) -> list[str]:
    """Return the customers that have just over the records that the claim is about."""
    rows: Counter[str] = Counter()
    for entity in entities:
        if "customer" in entity.index:
            place = entity.index["customer"]
            request = ReadRequest((entity,), Scope.ALL)
            for page in orb.read(request, CancelToken()):
                rows.update(str(record.values[place]) for record in page.records)
    fit = sorted((count, key) for key, count in rows.items() if count >= _FEWEST)
    return [key for _, key in fit[:_ACCOUNTS]]


def _read(orb: Connector, entities: tuple[EntityMapping, ...], account: str) -> int:
    request = ReadRequest(entities, Scope.ACCOUNT, account=account)
    return sum(len(page.records) for page in orb.read(request, CancelToken()))
