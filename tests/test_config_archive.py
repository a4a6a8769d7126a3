"""The configuration carried to another folder: all of it, no secret, nothing overwritten."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from app.config_archive import export_config, import_config, read_config
from app.credentials import Credentials
from app.domain.ignore import rule_from
from app.domain.job import Job
from app.domain.mapping_edit import change_field
from app.domain.schedule import Schedule
from app.errors import WorkspaceBusy, WrongUse
from app.services import Services
from app.settings import Connection, Workspace
from app.store import workspace_lock
from app.store.ignoring import own_rules
from app.store.jobs import job_states
from app.sync.ignoring import add_rule
from app.sync.jobs import make_job

SECRET = "s3cr3t-of-aria"
ARIA = {"core_url": "https://a.example", "admin_url": "https://b.example", "client_no": "7"}
RULE = rule_from({"name": "case", "field": "name", "case": True}, "plan")
JOB = Job("hourly", Schedule(every_minutes=60), entities=("plan",))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    """Return services with two workspaces, one of which has a mapping, a rule, a job of its own."""
    monkeypatch.setenv("CONCORD_ARIA_STAGE_AUTH_KEY", SECRET)
    services = Services(tmp_path / "here", Credentials())
    services.save_connection(Connection("aria-stage", "aria", ARIA), {})
    login = {"login_url": "https://sf.example"}
    services.save_connection(Connection("sf", "salesforce", login, production=True), {})
    for name in ("own", "plain"):
        services.create_workspace(Workspace(name, "aria-stage", "sf", "", keep_days=9))
    draft = change_field(services.mapping_draft("own"), "plan", "family", {"owner": "both"})
    services.change_mapping("own", draft.text)
    with services.workbench("own") as bench:
        add_rule(bench, RULE)
        make_job(bench, JOB)
    monkeypatch.delenv("CONCORD_ARIA_STAGE_AUTH_KEY")
    return services


@pytest.fixture
def there(tmp_path: Path) -> Services:
    return Services(tmp_path / "there", Credentials())


@pytest.fixture
def file(here: Services, tmp_path: Path) -> Path:
    made = tmp_path / "config.zip"
    export_config(here, made)
    return made


def test_what_was_exported_is_there_after_the_import(
    here: Services, there: Services, file: Path
) -> None:
    import_config(there, read_config(file))
    assert there.connections() == here.connections()
    assert [w.name for w in there.workspaces()] == ["own", "plain"]
    assert there.workspace("plain") == here.workspace("plain")
    assert there.mapping_draft("own").text == here.mapping_draft("own").text
    with there.workbench("own") as bench:
        assert own_rules(bench.store) == (RULE,)
        (state,) = [s for s in job_states(bench.store) if s.job.name == "hourly"]
    assert (state.job, state.enabled) == (JOB, False)


def test_no_secret_is_in_the_file(file: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        held = b"".join(archive.read(name) for name in archive.namelist())
        assert archive.namelist() == ["concord.json", "mappings/own.toml"]
    assert SECRET.encode() not in held


def test_the_secrets_that_are_to_be_given_are_named(there: Services, file: Path) -> None:
    lacking = import_config(there, read_config(file)).lacking
    named = {(each.variable, each.required) for each in lacking}
    assert ("CONCORD_ARIA_STAGE_AUTH_KEY", True) in named
    assert ("CONCORD_SF_ACCESS_TOKEN", False) in named


def test_one_secret_of_several_is_enough(
    there: Services, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONCORD_SF_CLIENT_SECRET", "x" * 20)
    lacking = import_config(there, read_config(file)).lacking
    assert {each.connection for each in lacking} == {"aria-stage"}


def test_nothing_is_overwritten_unless_it_is_asked(there: Services, file: Path) -> None:
    other = {**ARIA, "client_no": "8"}
    there.save_connection(Connection("aria-stage", "aria", other), {})
    with pytest.raises(WrongUse, match="There is already: connection 'aria-stage'"):
        import_config(there, read_config(file))
    assert there.workspaces() == ()
    import_config(there, read_config(file), replace_all=True)
    assert there.connection("aria-stage").settings["client_no"] == "7"


def test_a_second_import_is_refused_and_with_replace_changes_nothing(
    there: Services, file: Path
) -> None:
    import_config(there, read_config(file))
    with pytest.raises(WrongUse, match="workspace 'own', workspace 'plain'"):
        import_config(there, read_config(file))
    before = there.workspaces()
    import_config(there, read_config(file), replace_all=True)
    assert there.workspaces() == before
    with there.workbench("own") as bench:
        assert [s.job.name for s in job_states(bench.store)].count("hourly") == 1


def test_a_workspace_at_work_elsewhere_is_not_replaced(
    there: Services, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_config(there, read_config(file))
    monkeypatch.setattr(workspace_lock, "take", lambda _store: workspace_lock.Holder("ann", 7))
    with pytest.raises(WorkspaceBusy, match="ann"):
        import_config(there, read_config(file), replace_all=True)


def spoiled(file: Path, change: Callable[[dict[str, object]], object]) -> Path:
    """Return a copy of a file with its head changed."""
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    head = json.loads(parts.pop("concord.json"))
    change(head)
    other = file.with_name("other.zip")
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("concord.json", json.dumps(head))
        for name, held in parts.items():
            archive.writestr(name, held)
    return other


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda head: head.update(version=99), "version 99"),
        (lambda head: head.pop("connections"), "damaged"),
        (lambda head: head["workspaces"][0].update(name="../x"), "cannot be a name"),
        (lambda head: head["workspaces"][0].update(keep_days=-1), "damaged"),
        (lambda head: head.update(connections=[]), "uses connection"),
        (lambda head: head["connections"][0].update(kind="moon"), "no connection of kind 'moon'"),
        (lambda head: head["workspaces"][1].update(mapping="moon"), "no mapping in the file"),
        (lambda head: head["connections"][1]["settings"].update(secret_key="x"), "secret_key"),
    ],
)
def test_a_damaged_file_is_refused_and_nothing_is_written(
    there: Services, file: Path, change: Callable[[dict[str, object]], object], words: str
) -> None:
    with pytest.raises(WrongUse, match=words):
        import_config(there, read_config(spoiled(file, change)))
    assert there.connections() == there.workspaces() == ()


@pytest.mark.parametrize("held", [b"", b"no zip", None])
def test_what_is_no_such_file_is_told(tmp_path: Path, held: bytes | None) -> None:
    file = tmp_path / "some.zip"
    if held is not None:
        file.write_bytes(held)
    with pytest.raises(WrongUse, match=r"some\.zip (is no configuration|cannot be read)"):
        read_config(file)
