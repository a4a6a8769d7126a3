"""`concord doctor`: the checks of this machine, its connections and its workspaces."""

import importlib.util
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

from app.cli import output
from app.domain.control import CancelToken
from app.errors import AppError, ExitStatus, NoKeyring, StoreError
from app.services import Services
from app.settings import Connection, Workspace
from app.store import journal
from app.store.home_check import look_home
from app.store.workspace import Store
from app.sync.doctor import Check, Finding, examine

_QT_PROBE = "import PySide6, PySide6.QtWidgets; print(PySide6.__version__)"
_QT_PACKAGES = "libegl1 libgl1 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1"


def run_doctor(services: Services, options: Namespace, cancel: CancelToken) -> int:
    """Print what is well and what is not; exit status 3 if a system cannot be reached."""
    findings = list(examine(checks(services, cancel)))
    if options.json:
        output.print_json({"checks": [_json(finding) for finding in findings]})
    else:
        for finding in findings:
            print(f"{'ok  ' if finding.is_well else 'FAIL'}  {finding.check}: {finding.detail}")
            if finding.hint:
                print(f"      {finding.hint}")
    if all(finding.is_well for finding in findings):
        return ExitStatus.DONE
    reached = all(f.is_well for f in findings if f.check.startswith("connection "))
    return ExitStatus.DIFFERENCES if reached else ExitStatus.NO_CONNECTION


def checks(services: Services, cancel: CancelToken) -> Iterator[Check]:
    """Yield the checks: keyring, Qt, clock, each connection, each workspace."""
    yield Check("settings", lambda: f"kept in {services.base}")
    yield Check("keyring", partial(_keyring, services))
    yield Check("Qt", _qt)
    for connection in services.connections():
        yield Check(
            f"connection {connection.name}", partial(_connection, services, connection, cancel)
        )
    for workspace in services.workspaces():
        yield Check(f"workspace {workspace.name}", partial(_workspace, services, workspace))


def _keyring(services: Services) -> str:
    words = services.credentials.where()
    if not services.credentials.is_saving():
        raise NoKeyring(words, "Unlock or install a keyring (Secret Service, KWallet).")
    return words


def _qt() -> str:
    if importlib.util.find_spec("PySide6") is None:
        raise AppError("PySide6 is not installed.", "Run `python3 dev.py setup`.")
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", _QT_PROBE], capture_output=True, text=True, check=False
    )
    if done.returncode:
        words = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "no message"
        raise AppError(f"Qt cannot be loaded: {words}", f"On Debian or Ubuntu: {_QT_PACKAGES}.")
    return f"PySide6 {done.stdout.strip()}"


def _connection(services: Services, connection: Connection, cancel: CancelToken) -> str:
    health = services.check_connection(connection.name, cancel)
    if health.missing:
        raise AppError(
            f"signed in, but {'; '.join(health.missing)}.",
            "`concord prepare -w WORKSPACE` makes and grants what it can (docs/prepare.md).",
        )
    quotas = ", ".join(f"{q.name} {q.left:,} of {q.maximum:,} left" for q in health.quotas)
    return f"{health.user} at {health.instance}" + (f"; {quotas}" if quotas else "")


def _workspace(services: Services, workspace: Workspace) -> str:
    file = services.store_file(workspace)
    with Store(file, services.mapping(workspace)) as store:
        look_home(store)
        runs, left = journal.runs(store), journal.open_runs(store)
    newest = runs[0].started_at if runs else ""
    if newest and datetime.fromisoformat(newest) > datetime.now(UTC):
        raise StoreError(
            f"The clock of this machine is behind: its newest commit is of {newest}.",
            "Set the clock right before the next refresh.",
        )
    if left:
        raise StoreError(
            f"The commit {left[0]} did not come to its end.",
            f"Run `concord resume -w {workspace.name}`.",
        )
    return store_words(file.name, file.stat().st_size, len(runs))


def store_words(name: str, size_bytes: int, commits: int) -> str:
    """Return what is told of a store that is well."""
    counted = "1 commit" if commits == 1 else f"{commits} commits"
    return f"{name}, {size_bytes / 2**20:.1f} MB, {counted}"


def _json(finding: Finding) -> dict[str, object]:
    return {
        "check": finding.check,
        "ok": finding.is_well,
        "detail": finding.detail,
        "hint": finding.hint,
    }
