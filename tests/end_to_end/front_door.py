"""Concord as somebody at a terminal meets it, and the sandbox's own door, where the truth is."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from threading import Event
from typing import Any

import requests

from app.__main__ import main

ROOT = Path(__file__).parents[2]
SOBJECTS = {
    "promotion": "Aria_Promotion__c",
    "plan_set": "Aria_Plan_Set__c",
    "plan": "Client_Plan__c",
    "plan_relationship": "Client_Plan_Relationship__c",
    "service": "Aria_Service__c",
    "rate_schedule": "Rate_Schedule__c",
    "rate": "Rate_Tier__c",
    "item": "Aria_Item__c",
    "item_price": "Aria_Item_Price__c",
    "coupon": "Aria_Coupon__c",
}
# What Salesforce fills in by itself, different at each writing.
_OWN_COLUMNS = {"Id", "CreatedDate", "LastModifiedDate", "SystemModstamp"}
_AUTONUMBERED = {"Client_Plan_Relationship__c", "Rate_Tier__c", "Aria_Item_Price__c"}
_PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that came to its end."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Door:
    """The sandbox's control door."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()

    def close(self) -> None:
        self._session.close()

    def state(self, system: str, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._ask("GET", f"state/{system}/{kind}")
        return found

    def aria(self, kind: str, key: str) -> dict[str, Any]:
        (row,) = [row for row in self.state("aria", kind) if row["key"] == key]
        return row

    def salesforce(self, entity: str, key: str) -> list[dict[str, Any]]:
        """Return the rows with a key: none, one, or several where it was duplicated."""
        rows = self.state("salesforce", SOBJECTS[entity])
        return [row for row in rows if row["Aria_Key__c"] == key]

    def edit(self, system: str, kind: str, key: str, **values: Any) -> None:
        self._ask("POST", f"edit/{system}/{kind}/{key}", values)

    @contextmanager
    def still(self) -> Iterator[None]:
        """Let the sandbox's clock stand: no usage comes in, nothing becomes due."""
        self._ask("POST", "clock", {"runs": False})
        try:
            yield
        finally:
            self._ask("POST", "clock", {"runs": True})
            self._ask("POST", "clock", {"now": datetime.now(UTC).isoformat()})

    def reset(self, *, drift: bool) -> None:
        self._ask("POST", "reset", {"drift": drift})

    def fault(self, *rules: Mapping[str, Any]) -> None:
        self._ask("PUT", "faults", {"rules": list(rules)})

    def forget_calls(self) -> None:
        self._ask("DELETE", "calls")

    def calls(self, system: str) -> Counter[str]:
        return Counter(self._ask("GET", "calls")[system])

    def writes(self) -> int:
        """Return how many calls that write have reached the two systems."""
        aria, salesforce = self.calls("aria"), self.calls("salesforce")
        changes = sum(n for call, n in aria.items() if call.startswith(("edit_", "update_")))
        return changes + sum(n for at, n in salesforce.items() if at.startswith("composite"))

    def catalog(self) -> dict[str, list[str]]:
        """Return all that both systems hold, sorted, without what a system fills in by itself."""
        held = {name: self.state("salesforce", sobject) for name, sobject in SOBJECTS.items()}
        keys = {row["Id"]: row["Aria_Key__c"] for rows in held.values() for row in rows}
        found = {f"aria {name}": self.state("aria", name) for name in SOBJECTS}
        for name, rows in held.items():
            own = _OWN_COLUMNS | ({"Name"} if SOBJECTS[name] in _AUTONUMBERED else set())
            found[name] = [
                {
                    column: keys.get(value, value)
                    for column, value in row.items()
                    if column not in own
                }
                for row in rows
            ]
        return {
            name: sorted(json.dumps(row, sort_keys=True, default=str) for row in rows)
            for name, rows in found.items()
        }

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        answer = self._session.request(method, f"{self._url}/{path}", json=body, timeout=20)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()


@dataclass(frozen=True, slots=True)
class Concord:
    """The command line on one folder of settings, in this process unless `start` is asked."""

    base: Path
    ready: Mapping[str, Any]
    workspace: str = "w"

    def __call__(self, *words: str) -> Ran:
        with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
            try:
                status = int(main(words))
            except SystemExit as end:  # argparse ends so
                status = int(end.code or 0)
        return Ran(status, out.getvalue(), err.getvalue())

    def work(self, command: str, *words: str) -> Ran:
        """Run a command on the workspace with `--json`."""
        return self(command, "-w", self.workspace, *words, "--json")

    def document(self, command: str, *words: str) -> Any:
        """Return what a command on the workspace prints with `--json`; it has not failed."""
        ran = self.work(command, *words)
        assert ran.status in {0, 1}, ran.err
        return ran.json

    @property
    def plan_file(self) -> Path:
        return self.base / "plan.json"

    def plan(self, *words: str) -> Any:
        """Write a plan to `plan_file`; return the plan as it stands there."""
        self.document("plan", "-o", str(self.plan_file), *words)
        return json.loads(self.plan_file.read_bytes())

    def commit(self) -> Any:
        """Commit `plan_file`; return what is printed."""
        return self.document("commit", str(self.plan_file), "--yes")

    def settle(self, *words: str) -> Any:
        """Plan and commit."""
        self.plan(*words)
        return self.commit()

    def counts(self, entity: str = "") -> dict[str, int]:
        """Return the kinds of differences with their counts, zeros left out."""
        found = self.document("compare")
        kinds = found["entities"][entity] if entity else found["total"]
        return {kind: count for kind, count in kinds.items() if count and kind != "identical"}

    def kinds(self) -> dict[tuple[str, str], str]:
        """Return (entity, key) → kind of every difference."""
        file = self.base / "differences.json"
        ran = self("compare", "-w", self.workspace, "--format", "json", "-o", str(file))
        assert (ran.status, ran.out) in {(0, ""), (1, "")}, ran.err
        rows = json.loads(file.read_bytes())["differences"]
        return {(row["entity"], row["key"]): row["kind"] for row in rows}

    @contextmanager
    def start(self, *words: str, code: str = "") -> Iterator["subprocess.Popen[str]"]:
        """Run a command in a process of its own, killed at the end if it still runs.

        With `code`, this is run instead of the program, with the words as its arguments.
        """
        program = ["-c", code] if code else ["-m", "app"]
        process = subprocess.Popen(
            [sys.executable, *program, *words],
            cwd=ROOT,
            env=dict(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def run_apart(self, *words: str, code: str = "") -> Ran:
        """Run a command in a process of its own to its end."""
        with self.start(*words, code=code) as process:
            out, err = process.communicate(timeout=_PATIENCE_S)
            return Ran(process.returncode, out, err)


def keys_of(plan: Mapping[str, Any], **wanted: str) -> set[str]:
    """Return the keys of a plan's operations that have those properties."""
    return {
        operation["key"]
        for operation in plan["operations"]
        if all(operation[name] == value for name, value in wanted.items())
    }


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait until something is so; fail where it takes too long."""
    end = time.monotonic() + _PATIENCE_S
    pause = Event()
    while not condition():
        assert time.monotonic() < end, f"never: {what}"
        pause.wait(0.015)


def assert_shape(value: Any, shape: Any, where: str = "$") -> None:
    """Check that a document has at least these keys, with values of these types."""
    if isinstance(shape, dict):
        assert isinstance(value, dict), f"{where} is {value!r}"
        for name, inner in shape.items():
            assert name in value, f"{where} has no {name}: {sorted(value)}"
            assert_shape(value[name], inner, f"{where}.{name}")
    elif isinstance(shape, list):
        assert isinstance(value, list), f"{where} is {value!r}"
        for place, item in enumerate(value):
            assert_shape(item, shape[0], f"{where}[{place}]")
    else:
        wrong_bool = isinstance(value, bool) and shape is not bool
        assert isinstance(value, shape), f"{where} is {value!r}"
        assert not wrong_bool, f"{where} is {value!r}"


def only(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the one row that there is."""
    assert len(rows) == 1, rows
    return rows[0]
