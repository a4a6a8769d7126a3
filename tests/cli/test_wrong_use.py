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


@pytest.fixture
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder in which there is a `folder`."""
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)


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
        (["connect", "aria", "x", *ARIA, "--set", "client_no=abc"], "no whole number above 0"),
        (["connect", "aria", "x", *ARIA, "--set", "parallel=0"], "no whole number above 0"),
        (["connect", "aria", "x", *ARIA, "--set", "core_url=a"], "'core_url' (Core API URL) is no"),
        (["connect", "salesforce", "x", "--set", "login_url=http://["], "is no URL"),
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


@pytest.mark.usefixtures("workspace")
def test_a_folder_that_may_not_be_listed_is_not_taken_for_an_empty_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_folder: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert main(["workspace", "list"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "workspaces cannot be used: Permission denied." in said.err


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


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["plan", "-w", "w", "-o", "p.json", "--keys", "{file}"], "The key file {file}"),
        (["undo", "-w", "w", "C", "-o", "u.json", "--keys", "{file}"], "The key file {file}"),
        (["mapping", "-w", "w", "check", "{file}"], "{file}"),
        (["mapping", "-w", "w", "set", "{file}"], "{file}"),
        (["connect", "--ready-file", "{file}"], "The ready file {file}"),
        (["commit", "-w", "w", "{file}", "--yes"], "The plan {file}"),
        (["approve", "-w", "w", "{file}"], "The plan {file}"),
        (["config", "import", "{file}"], "{file}"),
    ],
)
@pytest.mark.parametrize(
    ("file", "why"), [("none", "there is no such file or folder"), ("folder", "it is a folder")]
)
@pytest.mark.usefixtures("workspace", "in_a_folder")
def test_a_file_that_cannot_be_read_is_named_with_the_reason(
    words: list[str], told: str, file: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([word.format(file=file) for word in words]) == 2
    assert f"concord: {told.format(file=file)} cannot be read: {why}." in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["plan", "-w", "w", "-o", "p.json", "--keys", "{file}"],
        ["mapping", "-w", "w", "check", "{file}"],
        ["connect", "--ready-file", "{file}"],
        ["workspace", "create", "x", "--billing", "a", "--salesforce", "s", "--mapping", "{file}"],
    ],
)
@pytest.mark.usefixtures("workspace")
def test_a_file_that_is_no_text_is_said_to_be_none(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "picture.png"
    file.write_bytes(b"ab\xff\xfe")
    assert main([word.format(file=file) for word in words]) == 2
    assert f"{file} cannot be read: it is no text in UTF-8 (byte 3)." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "it is no whole JSON (line 1)"),
        ("{\n", "it is no whole JSON (line 2)"),
        ("[]", "is no ready file"),
        ('{"pid": 1}', "is no ready file"),
        ('{"aria": {}}', "is no ready file"),
        ('{"orb": 5}', "is no ready file"),
    ],
)
def test_what_is_no_ready_file_is_not_taken_for_one(
    text: str, told: str, concord_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = concord_home / "ready.json"
    file.write_text(text)
    assert main(["connect", "--ready-file", str(file)]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["plan", "-w", "w", "-o", "p", "--only", "foo"], "are: insert, update, delete"),
        (["plan", "-w", "w", "-o", "p", "--only", ","], "names nothing"),
        (["jobs", "-w", "w", "add", "j", "--every", "5", "--commit", "foo"], "insert, update"),
        (["undo", "-w", "w", "C", "-o", "p", "--fields", ","], "names no field"),
        (["workspace", "keep", "w", "--days", "0"], "'0' is no whole number from 1 to 36,500"),
        (["workspace", "keep", "w", "--commits", "9" * 5000], "no whole number from 1 to"),
        (["workspace", "types", "w", "--delete"], "--without A,B"),
        (["jobs", "-w", "w", "add", "j", "--every", "soon"], "'soon' is no whole number"),
        (["serve", "-w", "w", "--every", "0"], "'0' is no number of minutes above 0"),
        (["serve", "-w", "w", "--every", "nan"], "no number of minutes"),
        (["plan", "-w", "w", "-o", "p", "--account", "-K"], "--option=VALUE"),
    ],
)
@pytest.mark.usefixtures("workspace")
def test_a_value_that_cannot_be_is_told_without_words_of_python(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    err = capsys.readouterr().err
    assert told in err
    assert not any(raw in err for raw in ("Errno", "invalid int", "positive_number", "Verb:"))


@pytest.mark.parametrize(
    "words",
    [
        ["plan", "-w", "w", "-o", "p", "--account", ""],
        ["plan", "-w", "w", "-o", "p", "--failed-of", " "],
        ["undo", "-w", "w", "C", "-o", "p", "--fields", ""],
        ["undo", "-w", "w", "", "-o", "p"],
        ["refresh", "-w", "w", "--account", ""],
        ["history", "-w", "w", "--commit", ""],
        ["workspace", "types", "w", "--without", "", "--delete", "-o", "p"],
        ["approve", "-w", "w", "p", "--name", ""],
    ],
)
def test_an_empty_text_is_not_taken_for_an_option_left_out(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert "it is empty" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["plan", "-w", "w", "-o", "p", "--fly"], "concord plan"),
        (["workspace", "show", "w", "x"], "concord workspace show"),
        (["--fly"], "concord"),
        (["refresh", "-w", "w", "x"], "concord refresh"),
    ],
)
def test_what_a_command_does_not_know_points_to_its_own_help(
    words: list[str], command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--json"]) == 2
    said = json.loads(capsys.readouterr().out)["error"]
    assert said["summary"].startswith("unrecognized arguments: ")
    assert f"See `{command} --help`." in said["hint"]


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
