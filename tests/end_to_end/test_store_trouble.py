"""A store that is locked, full, newer or damaged, and plan files that cannot be used."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.store import journal
from app.store.migrations import VERSION
from app.store.workspace import Store
from tests.end_to_end.front_door import Concord, Door, Ran, only

LOCKER = (
    "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
    " c.execute('BEGIN IMMEDIATE'); print('locked', flush=True); sys.stdin.read()"
)


def store_of(concord: Concord) -> Path:
    return concord.base / "stores" / "w.sqlite"


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Let another process hold the store's write lock."""
    command = [sys.executable, "-c", LOCKER, str(file)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "locked\n"
        yield
        other.communicate("")


def refused(ran: Ran, status: int = 1) -> tuple[str, str]:
    assert ran.status == status, ran
    assert "Traceback" not in ran.err
    error = ran.json["error"]
    return error["summary"], error["hint"]


def test_a_store_that_another_process_locks_says_so_and_nothing_is_sent(
    reviewed: Concord, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.store.workspace.BUSY_TIMEOUT_S", 0.1)
    reviewed.plan()
    with locked(store_of(reviewed)):
        for words in (["commit", str(reviewed.plan_file), "--yes"], ["refresh"]):
            summary, hint = refused(reviewed.work(*words))
            assert str(store_of(reviewed)) in summary
            assert "in use by another program" in summary
            assert "Close the other Concord" in hint
    assert door.writes() == 0
    assert reviewed.commit()["written"] > 0


def full(store: Store) -> None:
    """Let the store grow no more, and leave no room in its pages but in the last of each table."""
    store.durable.execute("VACUUM")
    store.durable.execute("PRAGMA max_page_count = 1")
    store.mirror.execute("PRAGMA max_page_count = 1")


def in_small_pages(file: Path) -> None:
    """Pack a store that nobody has open: in large pages, outcomes may find room among the rest."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA page_size = 1024")
        connection.execute("VACUUM")
        connection.execute("PRAGMA journal_mode = WAL")


def when_opened(monkeypatch: pytest.MonkeyPatch, then: Callable[[Store], None]) -> None:
    prepare = Store._prepare

    def opened(store: Store) -> None:
        prepare(store)
        then(store)

    monkeypatch.setattr(Store, "_prepare", opened)


def test_a_full_disk_stops_a_refresh_and_keeps_what_was_there(
    agreed: Concord, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = agreed.document("compare")
    with monkeypatch.context() as patch:
        when_opened(patch, full)
        for _ in range(2):
            summary, hint = refused(agreed.work("refresh"))
            assert "no space left" in summary
            assert "Free some space" in hint
    identical = agreed.document("compare")["total"]["identical"]
    assert identical <= before["total"]["identical"]
    assert agreed.work("refresh").status == 0


def test_a_full_disk_before_a_commit_lets_nothing_be_sent(
    reviewed: Concord, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviewed.plan()
    with monkeypatch.context() as patch:
        when_opened(patch, full)
        summary, _ = refused(reviewed.work("commit", str(reviewed.plan_file), "--yes"))
    assert "no space left" in summary
    assert door.writes() == 0
    assert reviewed.document("history")["commits"] == []


def test_a_full_disk_in_the_middle_of_a_commit_is_settled_by_resume(
    reviewed: Concord, door: Door, settled: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    in_small_pages(store_of(reviewed))
    reviewed.plan()
    begin = journal.begin

    def filled(store: Store, *rest: Any) -> None:
        begin(store, *rest)
        full(store)

    with monkeypatch.context() as patch:
        patch.setattr("app.store.journal.begin", filled)
        summary, hint = refused(reviewed.work("commit", str(reviewed.plan_file), "--yes"))
    assert "no space left" in summary
    assert "concord resume" in hint
    assert door.writes() > 0
    done = reviewed.document("resume")
    assert done["stale"] == 0
    assert door.catalog() == settled
    assert reviewed.document("resume")["selected"] == 0


def test_a_store_of_a_newer_concord_is_left_alone(reviewed: Concord) -> None:
    with closing(sqlite3.connect(store_of(reviewed))) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    before = store_of(reviewed).read_bytes()
    summary, hint = refused(reviewed.work("compare"))
    assert f"version {VERSION + 1}" in summary
    assert "nothing was changed" in hint
    assert store_of(reviewed).read_bytes() == before


def test_a_file_that_is_no_store_is_named_and_left_alone(reviewed: Concord) -> None:
    for suffix in ("-wal", "-shm"):
        store_of(reviewed).with_name(f"w.sqlite{suffix}").unlink(missing_ok=True)
    store_of(reviewed).write_bytes(b"Dear diary, " * 500)
    summary, hint = refused(reviewed.work("compare"))
    assert str(store_of(reviewed)) in summary
    assert "damaged" in summary
    assert "refresh again" in hint
    assert store_of(reviewed).read_bytes().startswith(b"Dear diary")


def _truncated(text: str) -> str:
    return text[: len(text) // 2]


def _edited(text: str) -> str:
    plan = json.loads(text)
    operation = next(o for o in plan["operations"] if o["verb"] == "insert")
    operation["changes"]["name"] = [None, "changed by hand"]
    return json.dumps(plan)


def _without_changes(text: str) -> str:
    plan = json.loads(text)
    del plan["forecast"]
    return json.dumps(plan)


def _newer(text: str) -> str:
    return json.dumps(json.loads(text) | {"concord_plan": 3})


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_truncated, "no whole JSON"),
        (_edited, "changed after it was made"),
        (_without_changes, "changed after it was made"),
        (_newer, "version 3"),
        (lambda _: "[1, 2]", "no plan"),
        (lambda _: "", "no whole JSON"),
    ],
    ids=["truncated", "edited", "incomplete", "newer", "no plan", "empty"],
)
def test_a_damaged_plan_is_refused_and_nothing_is_sent(
    reviewed: Concord, door: Door, damage: Callable[[str], str], words: str
) -> None:
    reviewed.plan("--entity", "coupon")
    reviewed.plan_file.write_text(damage(reviewed.plan_file.read_text("utf-8")), "utf-8")
    summary, hint = refused(reviewed.work("commit", str(reviewed.plan_file), "--yes"), status=2)
    assert words in summary
    assert "concord plan" in hint or "make the plan again" in hint
    assert door.calls("salesforce").total() == 0


def test_a_plan_of_another_workspace_is_refused(reviewed: Concord, door: Door) -> None:
    words = ("--billing", "aria-demo", "--salesforce", "salesforce-demo")
    assert reviewed("workspace", "create", "other", *words).status == 0
    reviewed.plan("--entity", "coupon")
    ran = reviewed("commit", "-w", "other", str(reviewed.plan_file), "--yes", "--json")
    summary, hint = refused(ran, status=2)
    assert "'w', not 'other'" in summary
    assert "-w" in hint
    assert door.writes() == 0


def test_a_plan_made_with_another_mapping_is_refused(reviewed: Concord, door: Door) -> None:
    mapping = (reviewed.base / "mine.toml").absolute()
    usual = Path(__file__).parents[2] / "resources" / "mappings" / "aria_catalog.toml"
    mapping.write_text(usual.read_text("utf-8"))
    file = reviewed.base / "workspaces" / "w.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"mapping": str(mapping)}))
    reviewed.plan("--entity", "coupon")
    mapping.write_text(mapping.read_text().replace('owner = "both"', 'owner = "billing"'))
    summary, _ = refused(reviewed.work("commit", str(reviewed.plan_file), "--yes"), status=2)
    assert "mapping was changed" in summary
    assert door.writes() == 0


def test_a_commit_asks_before_it_writes(reviewed: Concord, door: Door) -> None:
    reviewed.plan("--entity", "coupon")
    summary, hint = refused(reviewed.work("commit", str(reviewed.plan_file)), status=2)
    assert "asks before it writes" in summary
    assert "--yes" in hint
    assert door.writes() == 0


def test_a_lost_write_is_in_the_journal_before_it_is_sent(reviewed: Concord, door: Door) -> None:
    plan = reviewed.plan("--entity", "promotion", "--only", "insert")
    never = {"system": "salesforce", "endpoint": "composite/sobjects", "kind": "unavailable"}
    door.fault(never | {"times": None, "retry_after": 0})
    reviewed.commit()
    run = only(reviewed.document("history")["commits"])
    assert run["state"] == "running"
    rows = reviewed.document("history", "--commit", run["commit"])["operations"]
    assert [row["key"] for row in rows] == [o["key"] for o in plan["operations"]]
