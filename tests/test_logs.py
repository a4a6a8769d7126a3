"""The log: where it goes, and that no secret is in it however it got there."""

import json
import logging
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app import logs
from app.logs import configure, redact, register_secret

ROOT = Path(__file__).parents[1]
SECRET = "s3cr3t/+ value"  # a value whose spelling changes in an address and in JSON
log = logging.getLogger("app.somewhere")


@pytest.fixture(autouse=True)
def fresh_secrets(monkeypatch: pytest.MonkeyPatch, root_log: logging.Logger) -> None:
    assert root_log is logging.getLogger()
    monkeypatch.setattr(logs, "_known", logs._KnownSecrets())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "logs" / "concord.log"
    assert configure(path, "debug") == path
    return path


@pytest.mark.parametrize(
    "text",
    [
        "POST /v1?auth_key=HUSH&client_no=7",
        "rest_call=x&AUTH_KEY=HUSH",
        "CONCORD_ARIA_DEMO_AUTH_KEY=HUSH",
        '{"access_token": "HUSH',
        '{"access_token": "HUSH", "id": 1}',
        "{'refresh_token': 'HUSH'}",
        '"{\\"client_secret\\":\\"HUSH\\"}"',
        '{"password": "a\\"HUSH"}',
        "Authorization: Bearer HUSH",
        "{'Authorization': 'Bearer HUSH'}",
        "authorization: basic SFVTSA0HUSH=",
        "<urn:sessionId>HUSH</urn:sessionId>",
        "00D5g000000AbCd!AQ.HUSH_x",
        "5Aep861TSESvWeug_xHUSH.w2mQ8iY",
        "-----BEGIN RSA PRIVATE KEY-----\nHUSH\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_what_looks_like_a_secret_is_blanked(text: str) -> None:
    assert "HUSH" not in redact(text)
    assert "***" in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "client_no=7 and plan_no=12",
        '{"tokens": 3, "id": "00D5g000000AbCd"}',
        "Basic authentication is refused",
        "refreshed 1,000 records in 2.5 s",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


def test_a_long_broken_text_is_read_in_no_time() -> None:
    started = time.thread_time()
    redact('{"access_token": "' + "\\" * 50_001)
    redact("client_secret" * 5_000)
    assert time.thread_time() - started < 1


def test_only_the_secret_goes_from_a_text() -> None:
    text = '{"access_token": "abc", "instance_url": "http://127.0.0.1"}&auth_key=k&x=1'
    expected = '{"access_token": "***", "instance_url": "http://127.0.0.1"}&auth_key=***&x=1'
    assert redact(text) == expected


def test_a_known_secret_is_blanked_in_every_spelling() -> None:
    register_secret(SECRET)
    spellings = [SECRET, "s3cr3t%2F%2B%20value", "s3cr3t%2F%2B+value", json.dumps(SECRET)]
    assert [redact(f"<{each}>") for each in spellings[:3]] == ["<***>"] * 3
    assert "s3cr3t" not in redact(spellings[3])


def test_the_longer_of_two_secrets_is_blanked_whole() -> None:
    register_secret("abcd")
    register_secret("abcdefgh")
    assert redact("abcdefgh abcd") == "*** ***"


def test_a_value_too_short_to_be_a_secret_is_left_alone() -> None:
    register_secret("no")
    assert redact("no, not now") == "no, not now"


def test_message_arguments_and_traceback_are_blanked(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(file)  # again, for the stderr of this test
    register_secret(SECRET)
    try:
        int(SECRET)
    except ValueError:
        log.exception("with %s and %r", SECRET, {"api_key": "zzzz"}, stack_info=True)
    text = file.read_text("utf-8") + capsys.readouterr().err
    assert "ValueError: invalid literal for int() with base 10: '***'" in text
    assert "with *** and {'api_key': '***'}" in text
    assert "s3cr3t" not in text.replace("SECRET", "")
    assert "zzzz" not in text.replace('"zzzz"', "")


def test_a_message_whose_arguments_do_not_fit_is_blanked_too(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(file)  # again, for the stderr of this test
    register_secret(SECRET)
    log.warning("only %s", SECRET, SECRET)  # noqa: PLE1205 - the defect that is meant
    text = file.read_text("utf-8") + capsys.readouterr().err
    assert "do not fit" in text
    assert "s3cr3t" not in text


def test_handlers_of_others_blank_secrets_as_well(tmp_path: Path, root_log: logging.Logger) -> None:
    seen: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(self.format(record))

    root_log.addHandler(Listener())
    configure(tmp_path / "x.log", "info")
    log.info("Bearer abcdef")
    assert seen == ["Bearer ***"]


def test_only_warnings_reach_stderr(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configure(file, "debug")  # again, for the stderr of this test
    log.debug("fine")
    log.warning("odd")
    assert capsys.readouterr().err == "WARNING app.somewhere: odd\n"
    assert "fine" in file.read_text("utf-8")


def test_the_level_is_the_least_that_is_written(tmp_path: Path) -> None:
    configure(tmp_path / "x.log", "info")
    log.debug("too small")
    log.info("enough")
    assert "too small" not in (tmp_path / "x.log").read_text("utf-8")
    assert "enough" in (tmp_path / "x.log").read_text("utf-8")


def test_the_usual_place_is_in_concords_folder(concord_home: Path) -> None:
    assert configure() == concord_home / "logs" / "concord.log"


def test_configuring_again_writes_each_line_once(file: Path) -> None:
    configure(file, "info")
    log.info("once")
    assert file.read_text("utf-8").count("once") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such rights")
def test_the_file_is_for_its_owner_alone(file: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_full_file_is_set_aside(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "FILE_SIZE_BYTES", 200)
    configure(file, "info")
    for _ in range(4):
        log.info("x" * 90)
    assert (file.parent / "concord.log.1").is_file()


def test_without_a_file_there_is_stderr_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("a file where a folder should be")
    assert configure(tmp_path / "taken" / "x.log") is None
    assert "No log file" in capsys.readouterr().err


def test_a_record_that_comes_after_the_end_opens_no_file_again(
    root_log: logging.Logger, tmp_path: Path
) -> None:
    configure(tmp_path / "first.log")
    late = [h for h in root_log.handlers if getattr(h, "baseFilename", "").endswith("first.log")]
    configure(tmp_path / "second.log")
    (tmp_path / "first.log").unlink()
    for handler in late:
        handler.handle(logging.LogRecord("a", logging.INFO, "b", 1, "late", (), None))
    assert late
    assert not (tmp_path / "first.log").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is full")
def test_a_full_disk_is_told_once_and_stops_nothing() -> None:
    code = (
        "import logging, pathlib; from app.logs import configure;"
        " configure(pathlib.Path('/dev/full'), 'info');"
        " logging.getLogger('a').info('one'); logging.getLogger('a').info('two')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stderr == "The log /dev/full cannot be written: No space left on device.\n"
