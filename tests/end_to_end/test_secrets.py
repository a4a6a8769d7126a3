"""No secret gets into a file, a log, a plan or anything that is printed."""

import base64
import json
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from app.credentials import Credentials
from app.services import Services
from app.settings import Connection
from tests.end_to_end.front_door import Concord, Door, Ran

WITH_A_DEFECT = """
import sys
from app.__main__ import main
from app.connectors.aria.client import AriaClient

def answer(self, *_):
    raise ZeroDivisionError(f"sent {self.account.auth_key}")

AriaClient._answer = answer
sys.exit(main())
"""
WRONG_KEY = "wrong+key/that=is&no/key"


@pytest.fixture
def known(concord: Concord, secrets: dict[str, str], door: Door) -> list[str]:
    """Return every secret of the sandbox, and a wrong one that is tried."""
    del concord, door
    return [*secrets.values(), WRONG_KEY]


def spellings(secret: str) -> Iterator[bytes]:
    """Yield a secret as it may stand in a file, in parts of base64 too."""
    yield from (secret.encode(), quote(secret, safe="").encode(), quote_plus(secret).encode())
    for shift in range(3):
        whole = base64.b64encode(b"-" * shift + secret.encode())
        yield whole[4 : len(whole) - 4]


def found_in(texts: Iterable[tuple[str, bytes]], secrets: Iterable[str]) -> list[str]:
    """Return the names of the texts that hold a secret."""
    marks = [mark for secret in secrets for mark in spellings(secret)]
    return [name for name, text in texts if any(mark in text for mark in marks)]


def files_of(concord: Concord) -> list[tuple[str, bytes]]:
    files = [file for file in concord.base.rglob("*") if file.is_file()]
    assert files
    return [(str(file.relative_to(concord.base)), file.read_bytes()) for file in files]


def printed(runs: Iterable[Ran]) -> list[tuple[str, bytes]]:
    return [(f"run {number}", (ran.out + ran.err).encode()) for number, ran in enumerate(runs)]


def whole_way(concord: Concord) -> list[Ran]:
    plan, base = str(concord.plan_file), ("-w", "w")
    return [
        concord("-v", "refresh", *base),
        concord("-v", "compare", *base, "--json", "-o", str(concord.base / "report.json")),
        concord("-v", "plan", *base, "-o", plan),
        concord("-v", "commit", *base, plan, "--yes", "--json"),
        concord("-v", "resume", *base),
        concord("-v", "history", *base, "--json"),
        concord("-v", "doctor", "--json"),
        concord("-v", "workspace", "show", "w", "--json"),
    ]


def test_after_the_whole_way_no_secret_is_in_a_file_or_was_printed(
    agreed: Concord, known: list[str]
) -> None:
    runs = whole_way(agreed)
    assert all(ran.status in {0, 1} for ran in runs[:6])
    assert found_in(printed(runs), known) == []
    files = files_of(agreed)
    assert {"plan.json", "logs/concord.log", "stores/w.sqlite"} <= {name for name, _ in files}
    assert found_in(files, known) == []


def test_a_sign_in_that_fails_tells_no_secret(
    agreed: Concord, known: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONCORD_ARIA_DEMO_AUTH_KEY", WRONG_KEY)
    monkeypatch.setenv("CONCORD_SALESFORCE_DEMO_ACCESS_TOKEN", "00Dxx!" + WRONG_KEY)
    monkeypatch.setenv("CONCORD_SALESFORCE_DEMO_REFRESH_TOKEN", WRONG_KEY)
    runs = [agreed("-v", "refresh", "-w", "w", "--side", s) for s in ("billing", "salesforce")]
    assert [ran.status for ran in runs] == [3, 3]
    assert found_in([*printed(runs), *files_of(agreed)], known) == []


def test_the_traceback_of_a_defect_is_told_and_logged_without_secrets(
    agreed: Concord, known: list[str]
) -> None:
    ran = agreed.run_apart("refresh", "-w", "w", "--side", "billing", code=WITH_A_DEFECT)
    assert ran.status == 1
    assert "This is a defect of Concord" in ran.err
    assert "ZeroDivisionError: sent ***" in ran.err
    assert "ZeroDivisionError: sent ***" in (agreed.base / "logs" / "concord.log").read_text()
    assert found_in([*printed([ran]), *files_of(agreed)], known) == []


def test_files_of_concord_are_the_users_alone(agreed: Concord) -> None:
    assert agreed("refresh", "-w", "w", "--entity", "coupon").status == 0
    for name in ("logs/concord.log", "stores/w.sqlite", "connections/aria-demo.json"):
        assert stat.S_IMODE((agreed.base / name).stat().st_mode) == 0o600


def test_a_secret_on_the_command_line_is_refused(concord: Concord) -> None:
    settings = ("--set", "core_url=https://a", "--set", "admin_url=https://a")
    secret = ("--set", "client_no=1", "--secret", f"auth_key={WRONG_KEY}")
    ran = concord("connect", "aria", "mine", *settings, *secret)
    assert ran.status == 2
    assert "process list" in ran.err
    assert WRONG_KEY not in ran.err
    assert not (concord.base / "connections" / "mine.json").exists()


def test_a_secret_given_as_a_setting_is_refused_and_not_kept(concord: Concord) -> None:
    ran = concord("connect", "salesforce", "mine", "--set", "login_url=https://a",
                  "--set", f"client_secret={WRONG_KEY}")  # fmt: skip
    assert ran.status == 2
    assert found_in([*printed([ran]), *files_of(concord)], [WRONG_KEY]) == []


def test_without_a_keyring_the_variables_are_named_and_nothing_is_written(
    concord: Concord, known: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    ready = tmp_path / "ready.json"
    ready.write_text(ready_text(concord))
    ran = concord.run_apart("connect", "--ready-file", str(ready))
    assert ran.status == 0
    assert "CONCORD_ARIA_DEMO_AUTH_KEY" in ran.err
    assert "CONCORD_SALESFORCE_DEMO_REFRESH_TOKEN" in ran.err
    assert "not saved" in ran.err
    assert found_in([*printed([ran]), *files_of(concord)], known) == []


@pytest.mark.usefixtures("secret_service")
def test_secrets_in_the_keyring_are_found_by_another_process(
    concord: Concord, secrets: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = tmp_path / "ready.json"
    ready.write_text(ready_text(concord))
    for name in secrets:
        monkeypatch.delenv(name)
    try:
        made = concord("connect", "--ready-file", str(ready), "--json")
        assert all(one["secrets_saved"] for one in made.json["connections"])
        ran = concord.run_apart("refresh", "-w", "w", "--entity", "coupon", "--json")
        assert ran.status == 0, ran.err
        assert found_in([*printed([made, ran]), *files_of(concord)], secrets.values()) == []
    finally:
        forget(concord, made_connections=("aria-demo", "salesforce-demo"))


def test_a_deleted_connection_leaves_no_secret(concord: Concord) -> None:
    credentials = Credentials()
    services = Services(concord.base, credentials)
    settings = {"core_url": "https://a", "admin_url": "https://a", "client_no": "1"}
    services.save_connection(Connection("mine", "aria", settings), {"auth_key": WRONG_KEY})
    services.delete_connection("mine")
    assert credentials.get("mine", "auth_key") is None


def forget(concord: Concord, made_connections: Iterable[str]) -> None:
    """Take the secrets of connections out of the keyring again."""
    credentials = Credentials()
    for name in made_connections:
        for secret in Services(concord.base, credentials).connection(name).secrets:
            credentials.delete(name, secret)


def ready_text(concord: Concord) -> str:
    return json.dumps(concord.ready)
