"""A first load of very many from Orb: calls against those told, memory, a kill in the middle.

The sandbox plays Orb and a prepared org. Run it by itself:
`python benchmarks/orb_first_load.py [RECORDS [FEWER]]`; without FEWER, a fifth.
"""

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

import orjson
import requests
from claims import Claim
from contender import Stopwatch, peak_mib

from app.connectors import registry
from app.domain.control import CancelToken, Progress, no_report
from app.domain.mapping_file import parse_mapping
from app.domain.record import Side
from app.sandbox.dataset import Dataset
from app.sandbox.launch import SandboxOptions
from app.sandbox.launch import run as serve_until_told
from app.store.workspace import Store
from app.sync import prepare
from app.sync.commit import commit, resume
from app.sync.compare import compare
from app.sync.plan_file import load_plan, save_plan
from app.sync.planner import Selection, build_plan
from app.sync.refresh import RefreshRequest, refresh
from app.sync.types import count_types
from app.sync.workbench import Workbench

RECORDS = 100_000
_SIZE = 14.8  # records for one of the sandbox's size: daily revenue comes on top of it
_LONGEST_NAME = 255
_MIDDLE = 0.5  # of the operations are done when the commit is killed
_TOKEN = CancelToken()
_START_LIMIT_S = 60.0
_POLL_S = 0.05
_PLAN = "plan.json"


@dataclass(frozen=True, slots=True)
class Load:
    """What a first load took.

    Attributes:
        told: Calls told beforehand: to read Orb by the counts of its types, to write by the plan.
        used: Calls that it took.
    """

    records: int
    seconds: Mapping[str, float]
    peak_mib: float
    told: Mapping[str, int]
    used: Mapping[str, int]

    def off(self, what: str) -> float:
        """Return the share by which the calls differ from those told."""
        return abs(self.used[what] / max(1, self.told[what]) - 1)


def run(count: int) -> list[Claim]:
    """Return how a first load of `RECORDS` at most goes, against one of a fifth."""
    many = min(count, RECORDS)
    return loaded(many, many // 5)


def loaded(many: int, fewer: int) -> list[Claim]:
    """Return the claims about two first loads."""
    few, much = _load(fewer), _load(many)
    growth, times = much.peak_mib / few.peak_mib, much.records / few.records
    killed = _killed_load(fewer)
    lost = killed["selected"] - killed["there"] + killed["twice"]
    return [
        *(
            Claim(f"orb first load, calls to {what}: off those told", off, 0.05, at_most=True)
            for what, off in ((what, much.off(what)) for what in much.told)
        ),
        Claim(f"orb first load, memory: {times:.1f} times the records", growth, 1.2, at_most=True),
        Claim("orb first load: lost or doubled by a kill", lost, 0, at_most=True),
    ]


def _load(count: int) -> Load:
    with _sandbox(round(count / _SIZE)) as (ready_file, ready):
        _shorten_names(ready)
        with tempfile.TemporaryDirectory() as folder:
            load = Load(**_done("whole", ready_file, folder))
    steps = ", ".join(f"{step} {seconds:.1f} s" for step, seconds in load.seconds.items())
    calls = ", ".join(
        f"{load.used[what]:,} calls to {what} ({told:,} told)" for what, told in load.told.items()
    )
    print(f"  {load.records:,} records: {steps}; {load.peak_mib:.0f} MiB; {calls}", flush=True)
    return load


def _killed_load(count: int) -> dict[str, int]:
    """Return what becomes of a load that is killed: records selected, there, twice there."""
    with _sandbox(round(count / _SIZE)) as (ready_file, ready):
        _shorten_names(ready)
        with tempfile.TemporaryDirectory() as folder:
            _done("planned", ready_file, folder)
            _killed(ready_file, folder)
            found = _done("resumed", ready_file, folder)
    print(f"  killed in the middle and resumed: {found}", flush=True)
    return found


@contextmanager
def _sandbox(size: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Run a sandbox of Orb and an empty org; give its ready file and what stands in it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ready.json"
        process = _begun("serve", str(file), str(size))
        try:
            end = time.monotonic() + _START_LIMIT_S
            while not file.exists() and process.poll() is None and time.monotonic() < end:
                _TOKEN.wait(_POLL_S)
            yield str(file), orjson.loads(file.read_bytes())
        finally:
            process.terminate()
            process.wait(timeout=30)


def serve(ready: str, size: str) -> None:
    """Be the sandbox of `_sandbox`."""
    empty = Dataset(aria={}, salesforce={}, drift=())
    systems = ("orb", "salesforce")
    options = SandboxOptions(Path(ready), systems=systems, dataset=empty, size=int(size))
    raise SystemExit(serve_until_told(options))


def _shorten_names(ready: Mapping[str, Any]) -> None:
    """Shorten the names that Salesforce would refuse, with all that hangs on them."""
    door = f"{ready['control_url']}/edit/orb/customer"
    rows = requests.get(f"{ready['control_url']}/state/orb/customer", timeout=60).json()
    for row in rows:
        if len(row["name"]) > _LONGEST_NAME:
            body = {"name": row["name"][:_LONGEST_NAME]}
            requests.post(f"{door}/{row['id']}", json=body, timeout=30).raise_for_status()


def whole(ready_file: str, folder: str) -> None:
    """Count, prepare, refresh, compare, plan, commit, refresh again; tell what it took."""
    with _bench(ready_file, folder) as bench:
        watch = Stopwatch()
        types = count_types(bench, bench.mapping, _TOKEN, no_report)
        watch.step("count")
        _prepare(bench)
        watch.step("prepare")
        read = refresh(bench, RefreshRequest(), _TOKEN, no_report)
        watch.step("refresh")
        plan = _plan(bench, folder)
        watch.step("compare and plan")
        done = commit(bench, plan, _TOKEN, no_report)
        watch.step("commit")
        again = refresh(bench, RefreshRequest(), _TOKEN, no_report)
        watch.step("refresh again")
        records = sum(read.read[Side.BILLING].values())
        left = len(_plan(bench, folder).operations)
        if not done.is_clean or left > again.changed:  # Orb's clock goes on
            raise RuntimeError(f"the sides are not alike: {done.failures[:3]}, {left} differ")
    told = {"Orb": sum(one.read_calls for one in types.counts)}
    told["Salesforce"] = done.forecast.calls[Side.SALESFORCE]
    used = {"Orb": read.calls[Side.BILLING], "Salesforce": done.calls[Side.SALESFORCE]}
    found = {"records": records, "seconds": watch.seconds, "peak_mib": peak_mib()}
    print(orjson.dumps({**found, "told": told, "used": used}).decode())


def planned(ready_file: str, folder: str) -> None:
    """Prepare, refresh, compare, plan into a file."""
    with _bench(ready_file, folder) as bench:
        _prepare(bench)
        refresh(bench, RefreshRequest(), _TOKEN, no_report)
        print(orjson.dumps({"selected": len(_plan(bench, folder).operations)}).decode())


def committed(ready_file: str, folder: str) -> None:
    """Commit the plan of the file, telling how far it is."""

    def told(progress: Progress) -> None:
        if progress.phase == "commit":
            print(progress.done / progress.total, flush=True)

    with _bench(ready_file, folder) as bench:
        commit(bench, load_plan(bench, Path(folder) / _PLAN), _TOKEN, told)


def resumed(ready_file: str, folder: str) -> None:
    """Resume what was killed, and count what is there."""
    with _bench(ready_file, folder) as bench:
        done = resume(bench, _TOKEN, no_report)
        if done is None or not done.is_clean:
            raise RuntimeError(f"not all was written: {done}")
        objects = {entity.sobject: entity.salesforce_key for entity in bench.mapping.entities}
    control = orjson.loads(Path(ready_file).read_bytes())["control_url"]
    there, twice = 0, 0
    for sobject, key in objects.items():
        rows = requests.get(f"{control}/state/salesforce/{sobject}", timeout=600).json()
        there += len(rows)
        twice += len(rows) - len({row[key] for row in rows})
    print(orjson.dumps({"selected": done.selected, "there": there, "twice": twice}).decode())


def _killed(ready_file: str, folder: str) -> None:
    """Commit in a process that is killed in the middle."""
    process = _begun("committed", ready_file, folder)
    for line in process.stdout or ():
        if float(line) >= _MIDDLE:
            break
    process.send_signal(signal.SIGKILL)
    if process.wait() != -signal.SIGKILL:
        raise RuntimeError("the commit was over before it was killed")


@contextmanager
def _bench(ready_file: str, folder: str) -> Iterator[Workbench]:
    file = Path(__file__).parents[1] / "resources" / "mappings" / "orb.toml"
    mapping = parse_mapping(file.read_text("utf-8"), file.name)
    ready = orjson.loads(Path(ready_file).read_bytes())
    sides = {}
    for side, kind in ((Side.BILLING, "orb"), (Side.SALESFORCE, "salesforce")):
        known = registry.from_ready(kind, ready[kind])
        secret = known.secrets.get
        sides[side] = registry.connect(kind, kind, known.settings, secret, mapping=mapping)
    with Store(Path(folder) / "load.sqlite", mapping) as store:
        yield Workbench("load", mapping, store, sides)


def _prepare(bench: Workbench) -> None:
    found = prepare.look(bench, _TOKEN, no_report)
    done = prepare.prepare(bench, found, prepare.ticked(found), _TOKEN, no_report)
    if done.failures:
        raise RuntimeError(done.failures[0].message)


def _plan(bench: Workbench, folder: str) -> Any:
    compare(bench, _TOKEN, no_report)
    file = Path(folder) / _PLAN
    save_plan(build_plan(bench, Selection(), _TOKEN, no_report), file)
    return load_plan(bench, file)


def _begun(step: str, *words: str) -> "subprocess.Popen[str]":
    command = [sys.executable, __file__, step, *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ourselves


def _done(step: str, *words: str) -> dict[str, Any]:
    """Run a step in a process of its own, so that its memory is its own; return what it tells."""
    process = _begun(step, *words)
    out, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"{step} failed")
    found: dict[str, Any] = orjson.loads(out.splitlines()[-1])
    return found


_STEPS = {step.__name__: step for step in (serve, whole, planned, committed, resumed)}

if __name__ == "__main__":
    if sys.argv[1:] and sys.argv[1] in _STEPS:
        _STEPS[sys.argv[1]](*sys.argv[2:])
    else:
        counts = [int(word) for word in sys.argv[1:]]
        for claim in loaded(*counts) if len(counts) > 1 else run(*(counts or [RECORDS])):
            print(claim.row)
