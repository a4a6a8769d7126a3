"""The demo's workspace: accounts in step with a history, then edits on both sides."""

from pathlib import Path

import pytest

from app import demo_edits
from app.credentials import Credentials
from app.demo import prepare_demo
from app.domain.control import CancelToken, no_report
from app.domain.diff import Kind
from app.errors import WorkspaceBusy
from app.sandbox.launch import Sandbox
from app.services import Services
from app.settings import Workspace
from app.store import workspace_lock
from app.store.comparison import kind_counts
from app.store.holding import held_back
from tests.end_to_end.front_door import Door

FEW = 4


def test_the_demo_opens_with_what_people_edited_since_both_sides_agreed(
    sandbox: Sandbox, door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.demo._ACCOUNTS", FEW)
    services, ready = Services(tmp_path, Credentials()), sandbox.options.ready_file
    assert ready
    control = sandbox.ready["control_url"]
    name = prepare_demo(services, ready, control, CancelToken(), no_report)
    with services.workbench(name) as bench:
        found = kind_counts(bench.store)  # what the window shows at first
        (held,) = held_back(bench.store)
    door.reset(drift=True)
    assert "which may be the same" in held.why
    assert found["account"][Kind.IDENTICAL] == FEW - 1
    assert found["contact"][Kind.DIFFERENT] == 2
    assert found["plan_instance"][Kind.DIFFERENT] == 1
    assert found["transaction"][Kind.ONLY_IN_BILLING] == 2
    assert found["plan"][Kind.CONFLICT] > 0


def test_a_demo_that_another_concord_shows_is_left_alone(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    services, ready = Services(tmp_path, Credentials()), sandbox.options.ready_file
    assert ready
    services.connect_ready(ready)
    shown = services.create_workspace(Workspace("demo", "aria-demo", "salesforce-demo", ""))
    with services.workbench("demo") as bench:
        store = bench.store.path
    before = store.stat()
    monkeypatch.setattr(workspace_lock, "take", lambda _store: workspace_lock.Holder())
    with pytest.raises(WorkspaceBusy):
        prepare_demo(services, ready, sandbox.ready["control_url"], CancelToken(), no_report)
    assert store.stat().st_ino == before.st_ino
    assert services.workspace("demo") == shown


def test_the_door_is_reached_where_a_proxy_is_set_for_everything_else(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    door = demo_edits.Door(sandbox.ready["control_url"])
    assert door.state("aria", "plan")
