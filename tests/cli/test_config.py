"""The configuration carried to another folder at the command line."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from app.__main__ import main
from app.credentials import Credentials
from app.errors import ExitStatus

ARIA = ("--set", "core_url=https://a", "--set", "admin_url=https://a", "--set", "client_no=1")
pytestmark = pytest.mark.usefixtures("root_log")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file with two connections and a workspace."""
    made = tmp_path / "config.zip"
    assert main(["connect", "aria", "a", *ARIA]) == 0
    assert main(["connect", "salesforce", "s", "--set", "login_url=https://s"]) == 0
    words = ["--billing", "a", "--salesforce", "s", "--mapping", "aria_catalog"]
    assert main(["workspace", "create", "w", *words]) == 0
    assert main(["jobs", "-w", "w", "add", "hourly", "--every", "60"]) == 0
    assert main(["config", "export", str(made)]) == 0
    return made


@pytest.fixture
def elsewhere(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go on with an empty folder of Concord's."""
    assert file.exists()
    monkeypatch.setenv("CONCORD_HOME", str(tmp_path / "other"))
    return tmp_path / "other"


def document(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    capsys.readouterr()
    assert main([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_what_is_exported_is_told(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = document(capsys, "config", "export", str(file))
    assert said["connections"] == ["a", "s"]
    assert said["workspaces"] == [
        {"workspace": "w", "own_mapping": False, "rules": 0, "jobs": ["hourly"]}
    ]


def test_it_is_imported_elsewhere_with_the_secrets_to_give(
    file: Path, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = document(capsys, "config", "import", str(file))
    secrets = {each["variable"] for each in said["secrets"] if each["required"]}
    assert secrets == {"CONCORD_A_AUTH_KEY"}
    assert (elsewhere / "workspaces" / "w.json").exists()
    jobs = document(capsys, "jobs", "-w", "w", "list")["jobs"]
    assert ("hourly", False) in [(job["job"], job["enabled"]) for job in jobs]


def test_a_secret_is_given_by_the_connections_name_alone(
    file: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["config", "import", str(file)]) == 0
    kept: dict[str, str] = {}
    monkeypatch.setattr(Credentials, "set", lambda _s, _c, name, value: kept.update({name: value}))
    monkeypatch.setattr("sys.stdin", io.StringIO("a-secret-of-aria\n"))
    assert main(["connect", "aria", "a", "--secret", "auth_key=-"]) == 0
    assert kept == {"auth_key": "a-secret-of-aria"}
    said = json.loads((elsewhere / "connections" / "a.json").read_text())
    assert said["settings"]["client_no"] == "1"


def test_people_are_told_what_to_do_next(
    file: Path, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert elsewhere
    capsys.readouterr()
    assert main(["config", "import", str(file)]) == 0
    out = capsys.readouterr().out
    assert "secret to give: `concord connect aria a --secret auth_key=-`" in out
    assert "Imported jobs are paused" in out


def test_nothing_is_overwritten_without_being_asked(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["config", "import", str(file), "--json"]) == ExitStatus.WRONG_USE
    error = json.loads(capsys.readouterr().out)["error"]
    assert "workspace 'w'" in error["summary"]
    assert "--replace" in error["hint"]
    assert main(["config", "import", str(file), "--replace"]) == 0


def test_a_file_that_cannot_be_written_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "export", "no/such/folder/c.zip"]) == ExitStatus.WRONG_USE
    assert "cannot be written" in capsys.readouterr().err
