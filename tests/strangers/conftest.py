"""A sandbox for clients that others made, and a way to run those written in JavaScript."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from app.sandbox.dataset import Dataset
from app.sandbox.launch import Sandbox, SandboxOptions

HERE = Path(__file__).parent
TIERS = 450
_TIME_LIMIT_S = 60
ASKED_FOR = "CONCORD_STRANGERS" in os.environ  # by `run`, for what takes long
# Where `run` installs; read at once, since tests are kept from the variables of Concord.
FOLDER = Path(os.environ.get("CONCORD_STRANGERS") or HERE.parents[1] / ".strangers").resolve()


def _dataset() -> Dataset:
    plan = {"Plan__r": {"Aria_Key__c": "PRO"}}
    service = {"Service__r": {"Aria_Key__c": "PRO|LINE"}}
    rows: dict[str, list[dict[str, Any]]] = {
        "Client_Plan__c": [{"Aria_Key__c": "PRO", "Name": "Fibre Pro"}],
        "Aria_Service__c": [{"Aria_Key__c": "PRO|LINE", "Name": "Line", **plan}],
        "Rate_Tier__c": [
            {"Aria_Key__c": f"T{n}", "Sequence__c": n, "Currency__c": "EUR", **service}
            for n in range(TIERS)
        ],
    }
    return Dataset(aria={}, salesforce=rows, drift=())


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    options = SandboxOptions(
        systems=["salesforce", "orb"], dataset=_dataset(), page_size=200, size=900
    )
    with Sandbox(options) as running:
        yield running


class Runner(Protocol):
    """Runs a script of this folder for a client; returns the JSON of its last line."""

    def __call__(self, script: str, client: str) -> dict[str, Any]: ...


@pytest.fixture(scope="session")
def node(sandbox: Sandbox) -> Runner:
    """Runs scripts of node; the test is skipped where node or the package is missing."""
    found = shutil.which("node")

    def run(script: str, client: str) -> dict[str, Any]:
        if found is None or not (FOLDER / "node_modules" / client / "package.json").is_file():
            pytest.skip(f"node or {client} is missing: npm install --prefix tests/strangers")
        return _run([found, str(HERE / script), client], sandbox)

    return run


@pytest.fixture(scope="session")
def python(sandbox: Sandbox) -> Runner:
    """Runs scripts of Python; the test is skipped where the clients' environment is missing."""
    found = FOLDER / "py" / "bin" / "python"

    def run(script: str, client: str) -> dict[str, Any]:
        if not any(FOLDER.glob(f"py/lib/*/site-packages/{client}/__init__.py")):
            pytest.skip(f"{client} is missing: tests/strangers/run")
        return _run([str(found), str(HERE / script), client], sandbox)

    return run


def _run(command: list[str], sandbox: Sandbox) -> dict[str, Any]:
    ready = sandbox.ready["salesforce"]
    own = {
        "CONCORD_STRANGERS": str(FOLDER),
        "SANDBOX_READY": json.dumps({**ready, "orb": sandbox.ready["orb"]}),
        "NODE_EXTRA_CA_CERTS": ready["ca_file"],
        "NODE_NO_WARNINGS": "1",
    }
    done = subprocess.run(
        command,
        env={**os.environ, **own},
        capture_output=True,
        text=True,
        timeout=_TIME_LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
