"""A workspace's mapping changed through the services, while the workspace is open."""

from pathlib import Path

import pytest

from app.credentials import Credentials
from app.domain.mapping_edit import add_field, change_field
from app.errors import MappingInvalid, WorkspaceBusy, WrongUse
from app.services import Services
from app.settings import Connection, Workspace
from app.store import workspace_lock

URLS = {"core_url": "https://a.example", "admin_url": "https://b.example", "client_no": "7"}
NEW = {"name": "extra", "billing": "x", "salesforce": "X__c", "type": "text", "owner": "both"}


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    monkeypatch.setenv("CONCORD_A_AUTH_KEY", "k" * 32)
    monkeypatch.setenv("CONCORD_S_ACCESS_TOKEN", "t" * 32)
    made = Services(tmp_path, Credentials())
    made.save_connection(Connection("a", "aria", URLS), {})
    login = {"login_url": "https://s.example", "instance_url": "https://s.example"}
    made.save_connection(Connection("s", "salesforce", login), {})
    made.create_workspace(Workspace("w", "a", "s", "aria_catalog"))
    return made


def test_an_open_workspace_is_opened_anew_with_the_changed_mapping(services: Services) -> None:
    before = services.open_workbench("w")
    draft = add_field(services.mapping_draft("w"), "plan", NEW)
    assert services.change_mapping("w", draft.text).reread == ("plan",)
    after = services.open_workbench("w")
    assert "extra" in after.mapping.entity("plan").index
    assert after.store.refused is None
    for bench in (before, after):
        bench.store.close()


def test_a_mapping_that_another_process_uses_is_not_changed(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.open_workbench("w").store.close()
    draft = change_field(services.mapping_draft("w"), "plan", "name", {"owner": "billing"})
    monkeypatch.setattr(workspace_lock, "take", lambda _store: workspace_lock.Holder("ann", 7))
    with pytest.raises(WorkspaceBusy, match="ann"):
        services.change_mapping("w", draft.text)
    assert services.workspace("w").mapping == "aria_catalog"


def test_a_workspace_that_another_process_uses_is_neither_deleted_nor_narrowed(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.open_workbench("w").store.close()
    monkeypatch.setattr(workspace_lock, "take", lambda _store: workspace_lock.Holder("ann", 7))
    with pytest.raises(WorkspaceBusy, match="ann"):
        services.delete_workspace("w")
    with pytest.raises(WorkspaceBusy, match="ann"):
        services.leave_out("w", ("coupon",))
    assert services.workspace("w").without == ()


def test_a_broken_mapping_is_mended_by_another(services: Services) -> None:
    good = services.mapping_draft("w").text
    services.change_mapping("w", good)
    own = services.base / "mappings" / "w.toml"
    own.write_text("no toml", "utf-8")
    with pytest.raises(MappingInvalid):
        services.mapping_draft("w")
    services.change_mapping("w", good)
    assert services.mapping_draft("w").text == good
    assert own.with_name("w.before.toml").read_text("utf-8") == "no toml"


def test_a_mapping_for_another_kind_is_refused(services: Services) -> None:
    text = services.mapping_draft("w").text.replace('billing = "aria"', 'billing = "orb"', 1)
    with pytest.raises(WrongUse, match="is for orb"):
        services.change_mapping("w", text)
    assert not (services.base / "mappings").exists()


def test_saving_the_same_again_keeps_the_former_one(services: Services) -> None:
    first = services.mapping_draft("w")
    second = change_field(first, "plan", "name", {"owner": "billing"})
    for text in (second.text, second.text):
        services.change_mapping("w", text)
    former = services.base / "mappings" / "w.before.toml"
    assert former.read_text("utf-8") == first.text
    assert services.workspace("w").mapping == "mappings/w.toml"
