"""What is typed wrongly: exit status 2, what is wrong with it, and what to type instead."""

import json
import logging
from pathlib import Path

import pytest

from app.__main__ import main
from app.cli.commands import read_keys
from app.errors import WrongUse

ARIA = ("--set", "core_url=https://a", "--set", "admin_url=https://a", "--set", "client_no=1")
SALESFORCE = ("--set", "login_url=https://a")
pytestmark = pytest.mark.usefixtures("root_log")


@pytest.fixture
def workspace(concord_home: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Return a Concord folder with a workspace `w`; its connections lead nowhere."""
    assert main(["connect", "aria", "a", *ARIA]) == 0
    assert main(["connect", "salesforce", "s", *SALESFORCE]) == 0
    assert main(["workspace", "create", "w", "--billing", "a", "--salesforce", "s"]) == 0
    capsys.readouterr()
    return concord_home


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["compare", "-w", "none"], "no workspace 'none'"),
        (["workspace", "show", "none"], "no workspace 'none'"),
        (["workspace", "create", "x", "--billing", "none", "--salesforce", "none"], "'none'"),
        (["connect"], "KIND and NAME"),
        (["connect", "sap", "x"], "no kind 'sap'"),
        (["connect", "aria", "x"], "core_url is missing"),
        (["connect", "aria", "x", *ARIA, "--set", "colour=blue"], "no setting 'colour'"),
        (["connect", "aria", "x", *ARIA, "--secret", "pin=1234"], "takes no value"),
        (["connect", "aria", "x", "--set", "core_url"], "no NAME=VALUE"),
        (["connect", "aria", "../x", *ARIA], "cannot be a name"),
        (["connect", "--ready-file", "none.json"], "none.json cannot be read"),
    ],
)
def test_what_does_not_exist_is_named(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert told in err
    assert len(err.strip().splitlines()) >= 2


@pytest.mark.parametrize(
    "words",
    [
        ["fresh"],
        ["refresh"],
        ["commit", "-w", "w"],
        ["plan", "-w", "w", "-o", "p.json", "--keys", "k.txt", "--account", "A"],
        ["plan", "-w", "w", "-o", "p.json", "--failed-of", "C", "--keys", "k.txt"],
        ["refresh", "-w", "w", "--side", "left"],
        ["compare", "-w", "w", "--format", "pdf"],
        ["plan", "-w", "w"],
    ],
)
def test_what_the_parser_refuses_has_status_two(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--json"]) == 2
    said = capsys.readouterr()
    assert "usage: concord" in said.err
    assert json.loads(said.out)["error"]["kind"] == "WrongUse"
    assert main(words) == 2
    assert not capsys.readouterr().out


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["compare", "-w", "w", "--entity", "plann"], "no entity 'plann'"),
        (["plan", "-w", "w", "-o", "p.json", "--entity", "plann"], "no entity 'plann'"),
        (["plan", "-w", "w", "-o", "p.json", "--only", "upsert"], "--only upsert"),
        (["plan", "-w", "w", "-o", "no/such/folder/p.json"], "cannot be written"),
        (["plan", "-w", "w", "-o", "p.json", "--keys", "none.txt"], "none.txt cannot be read"),
        (["commit", "-w", "w", "none.json", "--yes"], "none.json cannot be read"),
        (["history", "-w", "w", "--commit", "none"], "no commit 'none'"),
        (["workspace", "create", "w", "--billing", "a", "--salesforce", "s"], "already"),
        (["workspace", "create", "x", "--billing", "s", "--salesforce", "s"], "billing side"),
    ],
)
def test_a_wrong_option_on_a_workspace_is_named(
    words: list[str],
    told: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*words, "--json"]) == 2
    out, err = capsys.readouterr()
    error = json.loads(out)["error"]
    assert told in error["summary"]
    assert error["hint"]
    assert error["summary"] in err
    assert list(tmp_path.iterdir()) == []


def test_two_billing_connections_make_no_workspace(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["workspace", "create", "x", "--billing", "a", "--salesforce", "a"]) == 2
    assert "a" in capsys.readouterr().err
    assert not (workspace / "workspaces" / "x.json").exists()


def test_a_settings_file_with_an_error_names_its_line(
    concord_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (concord_home / "settings.toml").write_text('log_level = "info"\nkeyring_timeout_s = "long"\n')
    assert main(["workspace", "list"]) == 2
    assert "settings.toml, line 2" in capsys.readouterr().err


@pytest.mark.parametrize("line", ["plan", "plan,", ",PRO", "plan PRO"])
def test_a_key_file_with_a_bad_line_names_it(tmp_path: Path, line: str) -> None:
    file = tmp_path / "keys.txt"
    file.write_text(f"plan\tA\n\n{line}\n")
    with pytest.raises(WrongUse, match=r"keys\.txt:3"):
        read_keys(file)


def test_a_key_file_takes_tabs_and_commas_and_keys_with_either(tmp_path: Path) -> None:
    file = tmp_path / "keys.txt"
    file.write_text("plan\tA\nplan, B,C\nrate,P|S|R|1\n")
    assert read_keys(file) == {"plan": {"A", "B,C"}, "rate": {"P|S|R|1"}}


def test_no_wrong_use_leaves_a_warning_in_the_log(
    concord_home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    main(["compare", "-w", "none"])
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []
    assert (concord_home / "logs" / "concord.log").exists()
