"""How long the sandbox takes to parse and run the queries of Concord's own connector.

`python benchmarks/soql.py [ROWS]`: an org of that many rate tiers (100,000), then the statements
that a refresh, a preflight and a look for changes send, in their usual mix. Shown: milliseconds to
parse a statement and run it (its first page of rows is here), and to have them as records with the
total, all without HTTP: of processor time, since nothing here waits for anything but a processor.
"""

import json
import random
import statistics
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from time import thread_time

sys.path.insert(0, str(Path(__file__).parents[1]))

from app.sandbox.clock import Clock
from app.sandbox.salesforce.org import Org, create_org
from app.sandbox.salesforce.saving import Saver
from app.sandbox.salesforce.soql_compile import Compiled, Context, compile_query
from app.sandbox.salesforce.soql_parser import parse
from app.sandbox.salesforce.soql_run import first_page
from app.sandbox.salesforce.values import stamp

ROWS = 100_000
PAGE = 2_000
SERVICES = 5_000
SEED = 7
ROUNDS = 3  # of each statement the best counts: what else the machine does is not measured
_COLUMNS = (
    "Id, Aria_Key__c, Sequence__c, From_Unit__c, To_Unit__c, Rate__c, Currency__c, "
    "Service__r.Aria_Key__c, Rate_Schedule__r.Aria_Key__c, LastModifiedDate, LastModifiedBy.Name"
)
_SELECT = f"SELECT {_COLUMNS} FROM Rate_Tier__c"


def filled(rows: int) -> Org:
    """Return an org with so many rate tiers, changed one second after another."""
    org = create_org(Clock(), PAGE)
    began = org.clock.now() - timedelta(seconds=rows)
    with org.store.write() as connection:
        service, tier = org.schema.find("Aria_Service__c"), org.schema.find("Rate_Tier__c")
        if service is None or tier is None:
            raise SystemExit("The org lacks the objects of the catalog.")
        saver = Saver(org, connection)
        parents = [
            saver.insert(service, {"Name": f"Service {n}", "Aria_Key__c": f"S{n}"})
            for n in range(SERVICES)
        ]
        for n in range(rows):
            at = Saver(org, connection, at=began + timedelta(seconds=n))
            body = {"Aria_Key__c": _key(n), "Sequence__c": n % 5, "Currency__c": "EUR"}
            at.insert(tier, {**body, "Rate__c": n, "Service__c": parents[n % SERVICES]})
    return org


def _key(number: int) -> str:
    return f"PLAN-{number // 50}|SERVICE-{number // 5}|{number % 5}"


def statements(rows: int, now: str) -> Iterator[tuple[str, str]]:
    """Yield kind and statement as our connector sends them: mostly key lists, some whole reads."""
    draw = random.Random(SEED)
    for _ in range(120):
        keys = ", ".join(f"'{_key(draw.randrange(rows))}'" for _ in range(200))
        yield "200 keys", f"{_SELECT} WHERE Aria_Key__c IN ({keys})"
    for _ in range(60):
        keys = ", ".join(f"'{_key(draw.randrange(rows))}'" for _ in range(20))
        yield "20 keys", f"{_SELECT} WHERE Aria_Key__c IN ({keys})"
    for _ in range(20):
        yield "changes", f"{_SELECT} WHERE SystemModstamp >= {now} ORDER BY SystemModstamp, Id"
    for _ in range(10):
        yield "count", "SELECT COUNT() FROM Rate_Tier__c"
    for _ in range(10):
        yield "whole read", _SELECT


def spent_ms(org: Org, soql: str) -> tuple[float, float]:
    """Return milliseconds to parse and run a statement, and to have its first page as records."""
    parse.cache_clear()
    with org.store.read() as connection:
        start = thread_time()
        compiled = _compiled(org, soql)
        sql = compiled.select(compiled.columns) + compiled.window(PAGE)
        if not compiled.counts_only:
            connection.execute(sql, compiled.values).fetchall()
        run = thread_time()
        first_page(connection, compiled, PAGE)
        end = thread_time()
    if compiled.counts_only:
        return (end - start) * 1000, (end - start) * 1000
    again = run - start  # the page is read once more for its records
    return again * 1000, max(again, end - run) * 1000


def _compiled(org: Org, soql: str) -> Compiled:
    context = Context(org.schema, org.clock.now(), "/services/data/v66.0/sobjects/")
    return compile_query(parse(soql), soql, context)


def percentile(values: list[float], share: float) -> float:
    """Return the value that so large a share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def main(arguments: list[str]) -> None:
    """Fill an org, run the mix, print a line of JSON a kind and one for all."""
    rows = int(arguments[0]) if arguments else ROWS
    org = filled(rows)
    since = stamp(org.clock.now() - timedelta(seconds=100)).replace("+0000", "Z")
    found: dict[str, list[tuple[float, float]]] = {}
    for kind, soql in statements(rows, since):
        best = min(spent_ms(org, soql) for _ in range(ROUNDS))
        found.setdefault(kind, []).append(best)
    for kind, times in [*found.items(), ("all", [t for each in found.values() for t in each])]:
        line: dict[str, object] = {"kind": kind, "queries": len(times), "rows": rows}
        for name, values in zip(("run", "records"), zip(*times, strict=True), strict=True):
            line[f"{name}_median_ms"] = round(statistics.median(values), 2)
            line[f"{name}_p95_ms"] = round(percentile(list(values), 0.95), 2)
        print(json.dumps(line))
    org.store.close()


if __name__ == "__main__":
    main(sys.argv[1:])
