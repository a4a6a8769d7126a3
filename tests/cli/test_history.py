"""`concord history` and `concord workspace keep|adopt`, on a journal made by hand."""

import csv
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app import settings
from app.__main__ import main
from app.domain.forecast import Forecast
from app.domain.plan import FieldChange, Operation, Outcome, OutcomeState, Verb
from app.domain.record import Side
from app.settings import Connection, Workspace
from app.store import home_check, journal
from app.store.workspace import Store
from tests.fakes import SMALL_MAPPING, small_mapping

RUNS = ("20260101-000000-aaaaaa", "20260201-000000-bbbbbb")
CONNECTIONS = {"salesforce": {"name": "sf", "kind": "salesforce", "login_url": "http://sf"}}
Run = Callable[..., tuple[int, str, str]]


def operation(run: str, key: str, *changes: FieldChange) -> Operation:
    return Operation("plan", key, Side.SALESFORCE, Verb.UPDATE, changes, None, "", f"{run}{key}")


@pytest.fixture
def store_file(concord_home: Path) -> Path:
    """Make the workspace `w` with two commits of two operations each; return its store."""
    for name, kind in (("aria", "aria"), ("sf", "salesforce")):
        settings.save_connection(concord_home, Connection(name, kind))
    (concord_home / "small.toml").write_text(SMALL_MAPPING)
    workspace = Workspace("w", "aria", "sf", "small.toml")
    settings.save_workspace(concord_home, workspace)
    file = settings.store_file(concord_home, workspace)
    with Store(file, small_mapping(), CONNECTIONS) as store:
        for run in RUNS:
            price = FieldChange("price", Decimal("0.1000000000000000055"), Decimal(2))
            made = [
                operation(run, "PRO", price),
                operation(run, "=cmd()", FieldChange("name", "-1+1", 'x,\n"y"')),
            ]
            journal.begin(store, run, "ann", made, b"")
            journal.mark(store, run, [Outcome(made[0], OutcomeState.FAILED, "Too long", "name")])
            journal.mark(store, run, [Outcome(made[1], OutcomeState.SKIPPED, "no parent")])
            journal.finish(store, run, {}, 1.5)
    return file


@pytest.fixture
def history(store_file: Path, capsys: pytest.CaptureFixture[str], root_log: object) -> Run:
    """Return what runs `concord history -w w …` and gives status, stdout and stderr."""
    del store_file, root_log

    def run(*words: str, command: tuple[str, ...] = ("history", "-w", "w")) -> tuple[int, str, str]:
        status = main([*command, *words])
        told = capsys.readouterr()
        return status, told.out, told.err

    return run


def documents(history: Run, *words: str) -> list[dict[str, Any]]:
    status, out, err = history("--json", *words)
    assert (status, err) == (0, "")
    found = json.loads(out)
    rows: list[dict[str, Any]] = found.get("operations", found.get("commits"))
    return rows


def test_commits_are_listed_with_the_connections_that_they_went_over(history: Run) -> None:
    rows = documents(history)
    assert [row["commit"] for row in rows] == list(RUNS[::-1])
    assert rows[0]["connections"]["salesforce"]["name"] == "sf"
    assert rows[0]["connections"]["salesforce"]["login_url"] == "http://sf"


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (("--search", "TOO LONG"), 2),
        (("--search", "nosuch"), 0),
        (("--field", "price", "--commit", RUNS[0]), 1),
        (("--outcome", "failed", "--outcome", "skipped"), 4),
        (("--outcome", "skipped", "--limit", "1"), 1),
        (("--who", "ann", "--record", "plan", "PRO"), 2),
        (("--since", "2000-01-01", "--until", "2000-01-02"), 0),
        (("--since", "2000-01-01T00:00:00+02:00"), 4),
        (("--until", "9999-12-30"), 4),
        (("--until", "9999-12-31"), 4),
        (("--record", "plan", "--", "PRO"), 2),
        (("--record", "plan", "--", "-PRO"), 0),
    ],
)
def test_changes_are_found(history: Run, words: tuple[str, ...], count: int) -> None:
    assert len(documents(history, *words)) == count


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--since", "yesterday"), "is no date"),
        (("--since", "0001-01-01T00:00:00+14:00"), "is no date"),
        (("--since", ""), "is empty"),
        (("--verify", "--head", f"{'9' * 30}:{'a' * 64}"), "no head"),
        (("--record", "plan", "-PRO"), "stands behind --"),
        (("--record", "plan"), "an entity and a key"),
        (("--record", "plan", "A", "B"), "an entity and a key"),
        (("PRO",), "belongs to no option"),
        (("--prune", "--keep-days", "9" * 30), "from 1 to 36,500"),
        (("--limit", "9" * 30, "--search", "x"), "from 0 to"),
        (("--head", "3:abc"), "--verify"),
        (("--verify", "--head", "3:abc"), "no head"),
        (("--verify", "--prune"), "exclude each other"),
        (("--keep-days", "3"), "belong to --prune"),
        (("-o", "x.csv"), "--format csv"),
        (("--limit", "-1"), "from 0 to"),
        (("--commit", "nosuch"), "nosuch"),
        (("--record", "nosuch", "PRO"), "has an entity 'nosuch'"),
        (("--prune",), "keeps all"),
        (("--prune", "--keep-commits", "1"), "asks before"),
    ],
)
def test_wrong_use_is_told(history: Run, words: tuple[str, ...], told: str) -> None:
    status, out, err = history(*words)
    assert (status, out) == (2, "")
    assert told in err


def test_a_search_that_finds_nothing_says_so(history: Run) -> None:
    assert history("--search", "of nobody") == (0, "No change was found.\n", "")
    assert documents(history, "--search", "of nobody") == []


def test_an_export_is_exact_and_holds_no_formula(history: Run, tmp_path: Path) -> None:
    file = tmp_path / "history.csv"
    assert history("--format", "csv", "-o", str(file)) == (0, "", "")
    with file.open(newline="", encoding="utf-8") as opened:
        rows = list(csv.DictReader(opened))
    assert len(rows) == 4
    (formula, price) = rows[:2]
    assert (price["field"], price["before"], price["after"]) == (
        "price",
        "0.1000000000000000055",
        "2",
    )
    assert (formula["key"], formula["before"]) == ("'=cmd()", "'-1+1")
    assert formula["after"] == 'x,\n"y"'
    assert (price["connection"], price["who"], price["outcome"]) == ("sf", "ann", "failed")


def test_an_export_to_nowhere_is_an_error(history: Run, tmp_path: Path) -> None:
    status, _, err = history("--format", "csv", "-o", str(tmp_path / "no" / "such.csv"))
    assert status == 2
    assert "cannot be written" in err


def test_a_sound_journal_is_said_to_be_so(history: Run) -> None:
    status, out, _ = history("--verify")
    assert status == 0
    assert "The journal of 2 commits (8 events) is as it was written." in out
    head = out.splitlines()[-1].removeprefix("Head: ")
    assert history("--verify", "--head", head)[0] == 0
    assert history("--verify", "--head", f"3:{'0' * 64}")[0] == 1


def test_a_change_after_the_fact_is_told_with_commit_and_record(
    history: Run, store_file: Path
) -> None:
    with closing(sqlite3.connect(store_file)) as connection, connection:
        connection.execute("UPDATE journal SET message = 'fine' WHERE id = 3")
    status, out, _ = history("--verify")
    assert status == 1
    assert f"{RUNS[1]} plan PRO: its outcome was changed" in out
    document = json.loads(history("--verify", "--json")[1])
    assert document["sound"] is False
    assert document["faults"][0]["commit"] == RUNS[1]


@pytest.mark.parametrize(
    "change",
    [
        "journal SET state = 9",
        "journal SET side = 'x'",
        "journal SET verb = NULL",
        "commit_run SET calls = 'x'",
        "commit_run SET connections = 7",
    ],
)
def test_what_says_nothing_any_more_is_told_and_where_to_look(
    history: Run, store_file: Path, change: str
) -> None:
    with closing(sqlite3.connect(store_file)) as connection, connection:
        connection.execute(f"UPDATE {change}")
    status, _, err = history("--search", "pro", "--format", "csv")
    assert status == 1
    assert "is not as it was written" in err
    assert "concord history --verify" in err
    assert history("--verify")[0] == 1


def test_commits_are_pruned_by_the_policy_of_the_workspace(history: Run) -> None:
    status, out, _ = history("w", "--commits", "1", command=("workspace", "keep"))
    assert (status, "keep 1 commits" in out) == (0, True)
    document = json.loads(history("--prune", "--yes", "--json")[1])
    assert (document["pruned"], document["operations"]) == ([RUNS[0]], 2)
    assert [row["commit"] for row in documents(history)] == [RUNS[1]]
    assert history("--verify")[0] == 0
    assert history("--prune", "--yes")[1].startswith("0 commits with 0 changes")


def test_a_store_from_another_computer_is_adopted_by_a_command(
    history: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home_check, "machine_id", lambda: "elsewhere")
    prune = ("--prune", "--keep-commits", "1", "--yes")
    status, _, err = history(*prune)
    assert status == 1
    assert "another computer" in err
    assert "concord workspace adopt" in err
    assert len(documents(history)) == 2
    assert history("w", command=("workspace", "adopt"))[0] == 0
    assert history(*prune)[0] == 0
    assert "taken over by" in history("--verify")[1]


def test_who_approved_a_commit_and_what_was_forecast_is_told(
    history: Run, store_file: Path
) -> None:
    approvals = [{"who": "Bea", "at": "2026-01-01T00:00:00Z"}]
    forecast = Forecast({Side.SALESFORCE: 7}, seconds=2).to_json()
    plan = {"created_by": "ann", "approvals": approvals, "forecast": forecast}
    with Store(store_file, small_mapping(), CONNECTIONS) as store:
        journal.begin(store, "one", "cy", [operation("one", "PRO")], json.dumps(plan).encode())
        journal.finish(store, "one", {"salesforce": 6}, 1)
    words = history("--commit", "one")[1]
    assert words.startswith("planned by ann\napproved by Bea at 2026-01-01T00:00:00Z\n")
    assert "6 calls to Salesforce, forecast were 7\n1.0 s, forecast were 2 s\n" in words
    told = json.loads(history("--commit", "one", "--json")[1])
    assert (told["approvals"], told["forecast"]) == (approvals, forecast)
    with closing(sqlite3.connect(store_file)) as connection, connection:
        connection.execute("UPDATE commit_run SET plan = 'x' WHERE id = 'one'")
    assert "update plan PRO" in history("--commit", "one")[1]


def test_a_mapping_that_lost_an_entity_still_shows_its_history(
    history: Run, concord_home: Path
) -> None:
    (concord_home / "small.toml").write_text(SMALL_MAPPING.replace('"plan"', '"offer"'))
    status, out, _ = history("--commit", RUNS[0])
    assert status == 0
    assert "price: '0.1000000000000000055' → '2'" in out
    assert "not in the mapping any more: plan" in out
