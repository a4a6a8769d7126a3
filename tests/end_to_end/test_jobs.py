"""`concord jobs`, and jobs in `concord serve`, against the sandbox."""

import io
import json
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from keyring.backends.null import Keyring

from tests.end_to_end.front_door import Concord, Door, until
from tests.smtp_server import SmtpServer

SALESFORCE_IS_DOWN = {"system": "salesforce", "kind": "unavailable", "times": None}
ARIA_TALKS_NONSENSE = {"system": "aria", "kind": "not_json", "times": None}


def jobs(concord: Concord) -> dict[str, dict[str, Any]]:
    """Return the jobs by name."""
    return {row["job"]: row for row in concord.document("jobs", "list")["jobs"]}


def make_due(concord: Concord, job: str) -> None:
    """Turn the time back at which a job runs next."""
    store = sqlite3.connect(concord.base / "stores" / "w.sqlite")
    store.execute(
        "UPDATE note SET value = json_set(value, '$.due_at', 1000.0) WHERE name = ?",
        (f"job/{job}",),
    )
    store.commit()
    store.close()


def test_two_jobs_are_there_and_paused(concord: Concord) -> None:
    found = jobs(concord)
    assert list(found) == ["nightly", "delta"]
    assert (found["nightly"]["cron"], found["nightly"]["full"]) == ("0 2 * * *", True)
    assert (found["delta"]["every_minutes"], found["delta"]["commit"]) == (15, [])
    assert [(row["enabled"], row["next_run"]) for row in found.values()] == [(False, None)] * 2


def test_a_job_is_added_paused_enabled_and_removed(concord: Concord) -> None:
    words = ("--every", "30", "--side", "billing", "--entity", "plan", "--commit", "insert,update")
    concord.document("jobs", "add", "mine", *words, "--most", "9", "--notify-email", "a@b.example")
    mine = jobs(concord)["mine"]
    assert (mine["enabled"], mine["sides"], mine["entities"]) == (True, ["billing"], ["plan"])
    assert (mine["commit"], mine["most"]) == (["insert", "update"], 9)
    assert mine["next_run"]
    concord.document("jobs", "disable", "mine")
    assert not jobs(concord)["mine"]["enabled"]
    concord.document("jobs", "remove", "mine")
    assert "mine" not in jobs(concord)


@pytest.mark.parametrize(
    "words",
    [
        ("add", "x"),
        ("add", "x", "--cron", "never"),
        ("add", "x", "--every", "5", "--commit", "delete"),
        ("add", "x", "--every", "5", "--commit", "upsert"),
        ("add", "x", "--every", "5", "--entity", "plann"),
        ("add", "X y", "--every", "5"),
        ("add", "nightly", "--every", "5"),
        ("add", "x", "--every", "5", "--notify-email", "ann"),
        ("run", "nobody"),
        ("run",),
        ("remove", "delta"),
        ("secret", "pin"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_meant_is_refused(concord: Concord, words: tuple[str, ...]) -> None:
    ran = concord.work("jobs", *words)
    assert (ran.status, list(ran.json["error"])) == (2, ["kind", "summary", "hint"])
    assert list(jobs(concord)) == ["nightly", "delta"]


def test_a_job_that_is_run_reads_and_says_what_waits(agreed: Concord) -> None:
    said = agreed.document("jobs", "run", "nightly")
    waits = sum(agreed.counts().values()) - agreed.counts().get("ignored", 0)
    assert (said["job"], said["error"], said["written"]) == ("nightly", "", 0)
    assert said["read"] > 100
    assert said["waiting"] == waits > 0
    assert jobs(agreed)["nightly"]["last"]["waiting"] == waits


def test_a_job_commits_updates_and_leaves_the_rest(agreed: Concord, door: Door) -> None:
    agreed.document("jobs", "add", "mine", "--every", "60", "--commit", "update")
    said = agreed.document("jobs", "run", "mine")
    assert (said["written"] > 0, said["held"], said["error"]) == (True, "", "")
    left = agreed.counts()
    assert left["conflict"] > 0
    assert left["only_in_billing"] > 0
    (run,) = agreed.document("history")["commits"]
    assert run["outcomes"] == {"written": said["written"]}
    assert door.writes() > 0


def test_with_too_much_to_do_nothing_is_written(agreed: Concord, door: Door) -> None:
    agreed.document("jobs", "add", "mine", "--every", "60", "--commit", "update", "--most", "1")
    ran = agreed.work("jobs", "run", "mine")
    assert (ran.status, ran.json["held"]) == (1, "more than 1 operations")
    assert door.writes() == 0


def test_a_failed_run_is_in_the_list(agreed: Concord, door: Door, quick_retries: None) -> None:
    del quick_retries
    door.fault(SALESFORCE_IS_DOWN)
    ran = agreed.work("jobs", "run", "nightly")
    door.fault()
    assert (ran.status, bool(ran.json["error"])) == (1, True)
    listed = agreed("jobs", "-w", "w", "list")
    assert "failed: " in listed.out


def test_a_secret_is_read_from_stdin_and_never_printed(
    concord: Concord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keyring.core._keyring_backend", Keyring())
    monkeypatch.setattr("sys.stdin", io.StringIO("open-sesame-1\n"))
    ran = concord("jobs", "-w", "w", "secret", "mail_password")
    assert ran.status == 0
    assert "CONCORD_" in ran.err
    assert "open-sesame" not in ran.out + ran.err


def test_serve_runs_what_is_due_once_and_goes_on(agreed: Concord) -> None:
    agreed.document("jobs", "add", "mine", "--every", "600")
    make_due(agreed, "mine")
    with agreed.start("serve", "-w", "w", "--json") as process:
        assert process.stdout is not None
        rounds = [json.loads(process.stdout.readline()) for _ in range(2)]
        agreed.document("jobs", "disable", "mine")  # while the server holds the workspace
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0
    assert [one["because"] for one in rounds] == ["start", "job"]
    assert (rounds[1]["job"], rounds[1]["error"], rounds[1]["waiting"] > 0) == ("mine", "", True)
    mine = jobs(agreed)["mine"]
    assert (mine["enabled"], mine["last"]["started_at"]) == (False, rounds[1]["started_at"])


def test_a_job_is_not_run_beside_a_server(agreed: Concord) -> None:
    with agreed.start("serve", "-w", "w", "--json") as process:
        assert process.stdout is not None
        process.stdout.readline()
        ran = agreed.work("jobs", "run", "delta")
    assert (ran.status, ran.json["error"]["kind"]) == (1, "WorkspaceBusy")


def test_a_job_that_fails_is_mailed_and_the_server_goes_on(agreed: Concord, door: Door) -> None:
    with SmtpServer() as server:
        write_settings(agreed.base, server.port)
        for name in ("first", "second"):
            agreed.document("jobs", "add", name, "--every", "600", "--side", "billing")
        with agreed.start("serve", "-w", "w", "--json") as process:
            assert process.stdout is not None
            process.stdout.readline()
            door.fault(ARIA_TALKS_NONSENSE)
            for name in ("first", "second"):
                make_due(agreed, name)
            said = [json.loads(process.stdout.readline()) for _ in range(2)]
            until(lambda: len(server.letters) == 2, "two letters")
            assert process.poll() is None
    assert all(one["error"] for one in said)
    assert server.letters[0].people == ("ada@example.com",)
    assert "of w failed" in server.letters[0].message["Subject"]


def write_settings(base: Path, port: int) -> None:
    (base / "settings.toml").write_text(
        f'[mail]\nhost = "localhost"\nport = {port}\nstarttls = false\n'
        'from = "concord@example.com"\nto = ["ada@example.com"]\n'
    )
