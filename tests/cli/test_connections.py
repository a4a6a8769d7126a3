"""Connections and workspaces made, listed, shown and deleted at the command line."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from app.__main__ import main
from app.credentials import Credentials

ARIA = ("--set", "core_url=https://a", "--set", "admin_url=https://a", "--set", "client_no=1")
pytestmark = pytest.mark.usefixtures("root_log")


def document(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert main([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def made(capsys: pytest.CaptureFixture[str]) -> Any:
    """Make a connection to each side and a workspace of them; return what was printed of it."""
    document(capsys, "connect", "aria", "a", *ARIA)
    document(capsys, "connect", "salesforce", "s", "--set", "login_url=https://s", "--production")
    return document(capsys, "workspace", "create", "w", "--billing", "a", "--salesforce", "s")


def test_a_connection_is_saved_without_its_secrets(
    concord_home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a-secret-of-aria\n"))
    kept: dict[str, str] = {}
    monkeypatch.setattr(Credentials, "set", lambda _s, _c, name, value: kept.update({name: value}))
    printed = document(capsys, "connect", "aria", "a", *ARIA, "--secret", "auth_key=-")
    assert kept == {"auth_key": "a-secret-of-aria"}
    assert "a-secret-of-aria" not in json.dumps(printed)
    assert "a-secret-of-aria" not in (concord_home / "connections" / "a.json").read_text()


def test_a_connection_names_the_variables_that_it_looks_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (one,) = document(capsys, "connect", "aria", "my-aria", *ARIA)["connections"]
    names = ("AUTH_KEY", "EVENT_PATH", "EVENT_KEY")
    assert one["variables"] == [f"CONCORD_MY_ARIA_{name}" for name in names]
    assert one["secrets_missing"] == ["auth_key"]


def test_a_workspace_is_listed_and_shown(made: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert made["mapping"] == "aria_catalog"
    assert document(capsys, "workspace", "list") == {"workspaces": [made]}
    assert document(capsys, "workspace", "show", "w") == made


def test_a_deleted_workspace_leaves_its_store_and_says_where(
    made: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = document(capsys, "workspace", "delete", "w")
    assert gone == {"deleted": "w", "store": made["store"]}
    assert document(capsys, "workspace", "list") == {"workspaces": []}


def test_lists_are_for_people_too(made: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["workspace", "list"]) == 0
    head, row = capsys.readouterr().out.splitlines()
    assert head.split() == ["name", "billing", "salesforce", "mapping", "store"]
    assert row.split()[:4] == ["w", "a", "s", made["mapping"]]
    main(["workspace", "delete", "w"])
    assert main(["workspace", "list"]) == 0
    assert "no workspace yet" in capsys.readouterr().out


@pytest.mark.usefixtures("made")
def test_what_reads_the_store_alone_needs_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    assert document(capsys, "history", "-w", "w") == {"workspace": "w", "commits": []}
    assert document(capsys, "compare", "-w", "w")["total"]["different"] == 0
    assert document(capsys, "resume", "-w", "w")["selected"] == 0


@pytest.mark.usefixtures("made")
def test_an_unknown_secret_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("1234\n"))
    assert main(["connect", "aria", "b", *ARIA, "--secret", "pin=-"]) == 2
    assert "no secret 'pin'" in capsys.readouterr().err


def test_connections_are_listed_with_the_workspaces_that_use_them(
    made: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    del made
    aria, salesforce = document(capsys, "connect", "--list")["connections"]
    assert (aria["name"], aria["kind"], aria["production"]) == ("a", "aria", False)
    assert (salesforce["production"], salesforce["workspaces"]) == (True, ["w"])
    assert "CONCORD_A_AUTH_KEY" in aria["variables"]
    assert main(["connect", "--list"]) == 0
    assert capsys.readouterr().out.splitlines()[0].split() == [
        "name", "kind", "production", "workspaces",
    ]  # fmt: skip


def test_a_connection_is_forgotten_once_no_workspace_uses_it(
    made: Any, concord_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del made
    assert main(["connect", "--delete", "a"]) == 2
    assert "Workspace 'w' uses connection 'a'" in capsys.readouterr().err
    document(capsys, "workspace", "delete", "w")
    assert document(capsys, "connect", "--delete", "a") == {"deleted": "a"}
    assert not (concord_home / "connections" / "a.json").exists()
    assert main(["connect", "--delete", "a"]) == 2
