"""One sandbox for all tests here, put back before each; Concord on a folder of its own."""

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.connectors.spec import variable
from app.credentials import Credentials
from app.domain.control import CancelToken, no_report
from app.sandbox.launch import Sandbox, SandboxOptions
from app.services import Services
from app.settings import Workspace
from app.sync.commit import commit
from app.sync.compare import compare
from app.sync.planner import Selection, build_plan
from app.sync.refresh import RefreshRequest, refresh
from tests.end_to_end.front_door import Concord, Door


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Return a running sandbox with the smallest data set that has every kind of drift."""
    ready = tmp_path_factory.mktemp("sandbox") / "ready.json"
    with Sandbox(SandboxOptions(ready_file=ready, size=1)) as running:
        yield running


@pytest.fixture(scope="session")
def open_door(sandbox: Sandbox) -> Iterator[Door]:
    found = Door(sandbox.ready["control_url"])
    yield found
    found.close()


@pytest.fixture(scope="session")
def agreed_home(
    sandbox: Sandbox, open_door: Door, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return a Concord folder whose workspace `w` has seen both sides in step."""
    base = tmp_path_factory.mktemp("agreed")
    services = _services(base, sandbox)
    services.create_workspace(Workspace("w", "aria-demo", "salesforce-demo", ""))
    _read(services, open_door, drift=False)
    return base


@pytest.fixture(scope="session")
def reviewed_home(
    sandbox: Sandbox, open_door: Door, agreed_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return the same folder after the drift was read."""
    base = tmp_path_factory.mktemp("reviewed")
    shutil.copytree(agreed_home, base, dirs_exist_ok=True)
    _read(_services(base, sandbox), open_door, drift=True)
    return base


def _services(base: Path, sandbox: Sandbox) -> Services:
    ready = sandbox.options.ready_file
    assert ready
    services = Services(base, Credentials())
    services.connect_ready(ready)
    return services


def _read(services: Services, door: Door, *, drift: bool) -> None:
    door.fault()
    door.reset(drift=drift)
    with services.workbench("w") as bench:
        refresh(bench, RefreshRequest(), CancelToken(), no_report)
        compare(bench, CancelToken(), no_report)


@pytest.fixture
def door(open_door: Door, reviewed_home: Path) -> Door:
    """Return the control door of a sandbox that is as new, with its drift."""
    del reviewed_home  # made first, since it changes the sandbox
    open_door.fault()
    open_door.reset(drift=True)
    open_door.forget_calls()
    return open_door


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the HTTP client repeat at once."""
    monkeypatch.setattr("app.connectors.http.backoff_s", lambda *_: 0.0)


@pytest.fixture
def secrets(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Put the sandbox's secrets in the environment; return them by variable."""
    salesforce = sandbox.ready["salesforce"]
    found = {variable("aria-demo", "auth_key"): sandbox.ready["aria"]["auth_key"]}
    for name in ("access_token", "refresh_token", "client_secret"):
        found[variable("salesforce-demo", name)] = salesforce[name]
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    return found


@pytest.fixture
def concord(  # noqa: PLR0917 - fixtures
    sandbox: Sandbox,
    door: Door,
    agreed_home: Path,
    concord_home: Path,
    secrets: dict[str, str],
    root_log: logging.Logger,
) -> Concord:
    """Return Concord with the workspace `w`, which has never read anything."""
    del door, secrets, root_log
    unread = shutil.ignore_patterns("stores")
    shutil.copytree(agreed_home, concord_home, dirs_exist_ok=True, ignore=unread)
    return Concord(concord_home, sandbox.ready)


@pytest.fixture
def agreed(concord: Concord, agreed_home: Path) -> Concord:
    """Return Concord with the workspace `w`, which has seen both sides in step before the drift."""
    shutil.copytree(agreed_home / "stores", concord.base / "stores")
    return concord


@pytest.fixture
def reviewed(concord: Concord, reviewed_home: Path) -> Concord:
    """Return Concord with the workspace `w` after a refresh that found the drift.

    Deletes need another refresh: the rows that the drift inserts have new ids after each reset.
    """
    shutil.copytree(reviewed_home / "stores", concord.base / "stores")
    return concord


@pytest.fixture(scope="session")
def settled_catalog(
    sandbox: Sandbox,
    open_door: Door,
    reviewed_home: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, list[str]]:
    """Return what both systems hold after an undisturbed commit of all that is ticked."""
    base = tmp_path_factory.mktemp("settled")
    shutil.copytree(reviewed_home, base, dirs_exist_ok=True)
    services = _services(base, sandbox)
    open_door.fault()
    open_door.reset(drift=True)
    with services.workbench("w") as bench:
        plan = build_plan(bench, Selection(), CancelToken(), no_report)
        commit(bench, plan, CancelToken(), no_report)
    return open_door.catalog()


@pytest.fixture
def settled(settled_catalog: dict[str, list[str]], door: Door) -> dict[str, list[str]]:
    """Return the same; the sandbox is as new."""
    door.reset(drift=True)
    door.forget_calls()
    return settled_catalog
