"""Upsert of many records by bulk jobs, against simple-salesforce's bulk2 from a CSV file.

Where CONCORD_SF_CLI names Salesforce's own command line (`sf`), against that too; CONCORD_SF_NODE
is a folder with the Node that it wants. `memory 2000000` measures Concord's memory alone, of that
many records against a tenth of them.
"""

import csv
import gc
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent))

from claims import Claim
from contender import Stopwatch, Took, main, run_apart, tell

from app.domain.mapping import EntityMapping, FieldMapping, FieldType, Owner, WorkspaceMapping

COUNT = 200_000
SOBJECT, KEY = "Account", "Bench_Key__c"
NAMES = (
    "Name", "BillingStreet", "BillingCity", "BillingState", "BillingPostalCode", "BillingCountry",
    "ShippingStreet", "ShippingCity", "ShippingState", "ShippingPostalCode", "ShippingCountry",
    "Phone", "Fax", "AccountNumber", "Website", "Sic", "AnnualRevenue", "NumberOfEmployees",
    "Description",
)  # fmt: skip
_MOST_MIB = 150
_AT_ONCE = 2


def run(count: int) -> list[Claim]:
    """Return the claims about large upserts, measured with at most `COUNT` records."""
    count = min(count, COUNT)
    official = ["official"] if os.environ.get("CONCORD_SF_CLI") else []
    took = {name: _took(name, count) for name in ("simple_salesforce", *official)}
    ours, theirs = _took("concord", count), took["simple_salesforce"]
    against_official = [
        Claim("bulk upsert, times sf's time", ours.total / took[name].total, 1, at_most=True)
        for name in official
    ]
    return [
        *against_official,
        Claim(
            "bulk upsert, times simple-salesforce's time",
            ours.total / theirs.total,
            1,
            at_most=True,
        ),
        *_memory(ours, count),
    ]


def memory(count: int) -> list[Claim]:
    """Return the claims about Concord's memory, whatever the count."""
    return _memory(_took("concord", count), count)


def _memory(ours: Took, count: int) -> list[Claim]:
    tenth = _took("concord", count // 10)
    return [
        Claim("bulk upsert, peak memory in MiB", ours.peak_mib, _MOST_MIB, at_most=True),
        Claim(
            "bulk upsert, memory of ten times the rows",
            ours.peak_mib / tenth.peak_mib,
            1.2,
            at_most=True,
        ),
    ]


def _took(name: str, rows: int) -> Took:
    """Run a contender on a sandbox of its own, and print what it took."""
    from app.demo import sandbox_process

    with sandbox_process(["--size", "small"]) as (ready_file, ready):
        make_key(ready)
        took = run_apart("salesforce_bulk", name, str(ready_file), str(rows))
    steps = ", ".join(f"{step} {s:.1f} s" for step, s in took.seconds.items())
    print(
        f"  {name}: {steps}; {took.peak_mib:.0f} MiB; {took.found:,} of {rows:,}",
        flush=True,
    )
    return took


def make_key(ready: dict[str, Any]) -> None:
    """Give accounts an external id, with the key a field more than the 19 of `NAMES`."""
    import requests

    org = ready["salesforce"]
    made = requests.post(
        f"{org['instance_url']}/services/data/v66.0/tooling/sobjects/CustomField",
        headers={"Authorization": f"Bearer {org['access_token']}"},
        json={
            "FullName": f"{SOBJECT}.{KEY}",
            "Metadata": {
                "type": "Text", "length": 80, "label": "Key", "externalId": True, "unique": True
            },
        },
        timeout=30,
    )  # fmt: skip
    made.raise_for_status()
    door = f"{ready['control_url']}/edit/salesforce/FieldPermissions/{SOBJECT}.{KEY}"
    requests.post(door, json={"PermissionsRead": True, "PermissionsEdit": True}, timeout=30)


def mapping() -> WorkspaceMapping:
    """Return a mapping of accounts, all 20 fields of them."""
    kinds = {"AnnualRevenue": FieldType.MONEY, "NumberOfEmployees": FieldType.INTEGER}
    fields = tuple(
        FieldMapping(name.lower(), name, name, kinds.get(name, FieldType.TEXT), Owner.BILLING)
        for name in NAMES
    )
    entity = EntityMapping("row", "Row", "Rows", SOBJECT, KEY, KEY, "name", fields)
    return WorkspaceMapping("bench", "bench", (entity,), "bench")


def concord(ready_file: str, count: str) -> None:
    """Operations, made of the CSV file as they are needed, in batches of the connector's size."""
    from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

    from app.connectors import registry
    from app.connectors.protocol import Batch, OperationCounts
    from app.domain.control import CancelToken
    from app.domain.plan import OutcomeState, Verb

    gc.set_threshold(50_000, 20, 20)  # as the program itself does
    ready, known = registry.from_ready("salesforce", _org(ready_file)), mapping()
    made = registry.connect("salesforce", "b", ready.settings, ready.secrets.get, mapping=known)
    entity = known.entity("row")
    size = made.batch_size(OperationCounts(entity, {Verb.INSERT: int(count)}, int(count) * 700))

    def write(operations: tuple[Any, ...]) -> int:
        outcomes = made.write(Batch(entity, operations), CancelToken())
        return sum(outcome.state is OutcomeState.WRITTEN for outcome in outcomes)

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.csv"
        _write_csv(file, int(count))
        watch = Stopwatch()
        waiting, running, written = _operations_of(file), set(), 0
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            while batch := tuple(islice(waiting, size)):
                running.add(pool.submit(write, batch))
                del batch
                if len(running) == _AT_ONCE:
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    written += sum(each.result() for each in done)
                    del done
            written += sum(each.result() for each in running)
        watch.step("write and results")
    tell(watch, written)


def simple_salesforce(ready_file: str, count: str) -> None:
    """The same records from a CSV file through bulk2, with the results that it can read."""
    import requests
    from requests.adapters import HTTPAdapter
    from simple_salesforce.api import Salesforce

    part = _org(ready_file)

    class Plain(HTTPAdapter):
        """simple-salesforce knows https alone."""

        def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
            request.url = request.url.replace("https://", "http://", 1)
            return super().send(request, *args, **kwargs)

    session = requests.Session()
    session.mount("https://", Plain())
    org = Salesforce(
        session_id=part["access_token"],
        instance_url=part["instance_url"],
        version="66.0",
        session=session,
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.csv"
        _write_csv(file, int(count))
        watch = Stopwatch()
        bulk = getattr(org.bulk2, SOBJECT)
        results = bulk.upsert(str(file), external_id_field=KEY, wait=1)
        found = 0
        for result in results:
            records = bulk.get_all_ingest_records(result["job_id"])
            found += len(records["successfulRecords"])
        watch.step("write and results")
    tell(watch, found)


def official(ready_file: str, count: str) -> None:
    """The same records from a CSV file through `sf data upsert bulk`, and their results."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.csv"
        _write_csv(file, int(count))
        sf = _Official(Path(folder), _org(ready_file))
        watch = Stopwatch()
        words = ("--sobject", SOBJECT, "--file", str(file), "--external-id", KEY, "--wait", "60")
        job = sf.run("data", "upsert", "bulk", *words, "--line-ending", "LF")["jobInfo"]["id"]
        found = sf.run("data", "bulk", "results", "--job-id", job)["successfulRecords"]
        watch.step("write and results")
    tell(watch, int(found))


class _Official:
    """Salesforce's command line with a home of its own, signed in."""

    def __init__(self, home: Path, org: dict[str, Any]) -> None:
        node = os.environ.get("CONCORD_SF_NODE", "")
        path = os.pathsep.join(part for part in (node, os.environ["PATH"]) if part)
        self._home = home
        self._environment = {
            **os.environ, "HOME": str(home), "PATH": path, "SF_ACCESS_TOKEN": org["access_token"],
            "SF_AUTOUPDATE_DISABLE": "true", "SF_DISABLE_TELEMETRY": "true",
            "SF_SKIP_NEW_VERSION_CHECK": "true", "SF_USE_GENERIC_UNIX_KEYCHAIN": "true",
        }  # fmt: skip
        words = ("org", "login", "access-token", "--no-prompt", "--alias", "bench")
        self._ask(*words, "--instance-url", org["instance_url"])

    def run(self, *words: str) -> Any:
        """Return the result of a command on the org."""
        return self._ask(*words, "--target-org", "bench")

    def _ask(self, *words: str) -> Any:
        done = subprocess.run(  # noqa: S603 - our own benchmark
            [os.environ["CONCORD_SF_CLI"], *words, "--json"],
            cwd=self._home,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        body = json.loads(done.stdout or "{}")
        if body.get("status") != 0:
            raise SystemExit(f"sf {' '.join(words[:3])}: {done.stdout[:800]}{done.stderr[-800:]}")
        return body["result"]


def _org(ready_file: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(ready_file).read_text(encoding="utf-8"))["salesforce"]
    return found


def _values(number: int) -> list[str | int | Decimal]:
    """Return the values of `NAMES`."""
    texts = [f"Text {number * 31 % 99991} of {n}" for n in range(15)]
    more: list[str | int | Decimal] = [Decimal(number % 1000000) / 100, number % 5000]
    return [f"Account {number}", *texts, *more, f'A "quoted" text {number},\nof two lines']


def operations(count: int) -> Iterator[Any]:
    """Yield inserts of so many accounts."""
    return _inserts([f"BENCH-{number:09d}", *_values(number)] for number in range(count))


def _operations_of(file: Path) -> Iterator[Any]:
    """Yield inserts of the accounts of a CSV file."""
    money, whole = (NAMES.index(name) + 1 for name in ("AnnualRevenue", "NumberOfEmployees"))

    def typed(row: list[Any]) -> list[Any]:
        row[money], row[whole] = Decimal(row[money]), int(row[whole])
        return row

    with file.open(encoding="utf-8", newline="") as opened:
        rows = csv.reader(opened)
        next(rows)
        yield from _inserts(map(typed, rows))


def _inserts(rows: Iterable[list[Any]]) -> Iterator[Any]:
    from app.domain.plan import FieldChange, Operation, Verb
    from app.domain.record import Side

    names, nothing = [name.lower() for name in NAMES], [None] * len(NAMES)
    for key, *values in rows:
        changes = tuple(map(FieldChange, names, nothing, values))
        yield Operation("row", key, Side.SALESFORCE, Verb.INSERT, changes, None, "", key)


def _write_csv(file: Path, count: int) -> None:
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        writer.writerow([KEY, *NAMES])
        for number in range(count):
            writer.writerow([f"BENCH-{number:09d}", *_values(number)])


if __name__ == "__main__":
    if len(sys.argv) > 3:  # a contender, its sandbox and its count
        main({"concord": concord, "simple_salesforce": simple_salesforce, "official": official})
    elif sys.argv[1:2] == ["memory"]:
        for claim in memory(int(sys.argv[2])):
            print(claim.row)
    else:
        for claim in run(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT):
            print(claim.row)
