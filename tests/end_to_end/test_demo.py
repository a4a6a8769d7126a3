"""The demo's workspace: accounts in step with a history, then edits on both sides."""

from pathlib import Path

import pytest

from app.credentials import Credentials
from app.demo import prepare_demo
from app.domain.control import CancelToken, no_report
from app.domain.diff import Kind
from app.sandbox.launch import Sandbox
from app.services import Services
from app.store.holding import held_back
from app.sync.compare import compare
from app.sync.refresh import RefreshRequest, refresh
from tests.end_to_end.front_door import Door

FEW = 4


def test_people_have_edited_accounts_on_both_sides_since_these_agreed(
    sandbox: Sandbox, door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.demo._ACCOUNTS", FEW)
    services, ready = Services(tmp_path, Credentials()), sandbox.options.ready_file
    assert ready
    never = CancelToken()
    name = prepare_demo(services, ready, sandbox.ready["control_url"], never, no_report)
    with services.workbench(name) as bench:
        agreed = compare(bench, never, no_report)
        assert all(found[kind] == 0 for found in agreed.values() for kind in list(Kind)[1:])
        refresh(bench, RefreshRequest(), never, no_report)
        found = compare(bench, never, no_report)
        (held,) = held_back(bench.store)
    door.reset(drift=True)
    assert "which may be the same" in held.why
    assert found["account"][Kind.IDENTICAL] == FEW - 1
    assert found["contact"][Kind.DIFFERENT] == 2
    assert found["plan_instance"][Kind.DIFFERENT] == 1
    assert found["transaction"][Kind.ONLY_IN_BILLING] == 2
    assert found["plan"][Kind.CONFLICT] > 0
