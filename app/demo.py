"""The demo: a sandbox in a process of its own, and a workspace that has history with it."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from app.demo_edits import Door, edit_accounts
from app.domain.control import CancelToken, Progress, Report
from app.errors import ConnectionFailed
from app.services import Services
from app.settings import Workspace
from app.store import workspace_lock
from app.sync import prepare
from app.sync.commit import commit
from app.sync.compare import compare
from app.sync.planner import Selection, build_plan
from app.sync.refresh import RefreshRequest, refresh
from app.sync.workbench import Workbench

WORKSPACE = "demo"
_START_LIMIT_S = 60.0
_POLL_S = 0.05
_MAPPINGS = {"aria": "aria"}  # whose accounts the demo shows, and with which mapping
_ACCOUNTS = 12  # so few that they are carried over in a few seconds


@contextmanager
def sandbox_process(arguments: Sequence[str] = ()) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Run a sandbox in a process of its own; give its ready file and what stands in it.

    Raises:
        ConnectionFailed: It did not come up; the message has its own words.
    """
    with tempfile.TemporaryDirectory(prefix="concord-demo-") as folder:
        ready = Path(folder) / "ready.json"
        command = [sys.executable, "-m", "app.sandbox", "--ready-file", str(ready)]
        command += ["--parent-pid", str(os.getpid()), *arguments]
        errors = (Path(folder) / "sandbox.log").open("w+b")
        process = subprocess.Popen(command, stdout=errors, stderr=errors)  # noqa: S603 - our own module
        try:
            _wait_for(ready, process, errors.name)
            yield ready, orjson.loads(ready.read_bytes())
        finally:
            process.terminate()
            process.wait(timeout=10)
            errors.close()


def prepare_demo(
    services: Services,
    ready_file: Path,
    control_url: str,
    cancel: CancelToken,
    report: Report,
) -> str:
    """Make the demo's connections and workspace anew, and let the two sides once have agreed.

    The catalogs are in step, and a few accounts are carried over as a first load does it. Then
    people edit on both sides, and these are read again: the workspace opens with every kind of
    difference, and with a base to tell them apart by.

    Raises:
        WorkspaceBusy: Another Concord has the demo open; it is left alone.
    """
    report(Progress(0, 0, "Connecting to the sandbox"))
    _forget(services)
    made = services.connect_ready(ready_file)
    names = {connected.connection.kind: connected.connection.name for connected in made}
    salesforce = names.pop("salesforce")
    billing = names.get("aria") or next(iter(names.values()))
    mapping = _MAPPINGS.get(billing.removesuffix("-demo"), "")
    services.create_workspace(Workspace(WORKSPACE, billing, salesforce, mapping))
    door = Door(control_url)
    door.post("reset", {"drift": False})
    if mapping:
        door.post("edit/aria/setting/accounts", {"value": _ACCOUNTS})
    with services.workbench(WORKSPACE) as bench:
        if mapping:
            _prepare_org(bench, cancel, report)
        refresh(bench, RefreshRequest(), cancel, report)
        compare(bench, cancel, report)
        commit(bench, build_plan(bench, Selection(), cancel, report), cancel, report)
        door.post("drift", {})
        if mapping:
            edit_accounts(door, _ACCOUNTS)
        refresh(bench, RefreshRequest(), cancel, report)
        compare(bench, cancel, report)
    return WORKSPACE


def _prepare_org(bench: Workbench, cancel: CancelToken, report: Report) -> None:
    found = prepare.look(bench, cancel, report)
    done = prepare.prepare(bench, found, prepare.ticked(found), cancel, report)
    for failure in done.failures:
        raise ConnectionFailed(
            f"The sandbox refused {failure.key.name}: {failure.message}", "Start the demo again."
        )


def _forget(services: Services) -> None:
    known = {workspace.name: workspace for workspace in services.workspaces()}
    if WORKSPACE not in known:
        return
    store = services.store_file(known[WORKSPACE])
    with workspace_lock.holding(store):  # another window may show it just now
        services.delete_workspace(WORKSPACE)
        # The sandbox begins anew each time: an old mirror would speak of records that never were.
        for suffix in ("", "-wal", "-shm"):
            store.with_name(store.name + suffix).unlink(missing_ok=True)


def _wait_for(ready: Path, process: "subprocess.Popen[bytes]", log_file: str) -> None:
    patience = CancelToken()
    end = time.monotonic() + _START_LIMIT_S
    while not ready.exists():
        patience.wait(_POLL_S)
        if process.poll() is not None or time.monotonic() > end:
            words = Path(log_file).read_text("utf-8", "replace").strip().splitlines()[-1:]
            raise ConnectionFailed(
                f"The sandbox did not start: {' '.join(words) or 'it took too long'}.",
                "Run `concord sandbox --ready-file FILE` by itself to see why.",
            )
