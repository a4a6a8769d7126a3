"""Two Concords on one workspace, stores from elsewhere, a clock set back: nothing is lost."""

import getpass
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app.store import home_check, journal_chain
from tests.end_to_end.front_door import Concord, Door, Ran, only

HOLDER = (
    "import sys; from pathlib import Path; from threading import Event;"
    " from app.credentials import Credentials;"
    " from app.services import Services;"
    " bench = Services(Path(sys.argv[1]), Credentials()).open_workbench('w');"
    " print('open', flush=True); Event().wait()"  # until it is killed
)


def store_of(concord: Concord) -> Path:
    return concord.base / "stores" / "w.sqlite"


def refused(ran: Ran) -> str:
    assert ran.status == 1, ran
    assert "Traceback" not in ran.err
    error = ran.json["error"]
    return f"{error['summary']} {error['hint']}"


def writing(concord: Concord, run: str) -> list[Ran]:
    """Try all that writes."""
    plan = str(concord.plan_file)
    return [
        concord.work("refresh"),
        concord.work("commit", plan, "--yes"),
        concord.work("resume"),
        concord.work("undo", run, "-o", str(concord.base / "undo.json")),
        concord.work("history", "--prune", "--keep-commits", "1", "--yes"),
    ]


def test_a_second_concord_reads_and_is_told_who_holds_the_workspace(
    reviewed: Concord, door: Door
) -> None:
    run = reviewed.settle("--entity", "coupon")["commit"]
    reviewed.plan("--entity", "plan")
    differences, before = reviewed.counts(), door.writes()
    with reviewed.start(str(reviewed.base), code=HOLDER) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "open\n"
        for ran in writing(reviewed, run):
            words = refused(ran)
            assert f"held by {getpass.getuser()} (process {holder.pid} on" in words
            assert "It can be read here" in words
        assert reviewed.counts() == differences
        assert only(reviewed.document("history")["commits"])["commit"] == run
        assert reviewed.work("history", "--verify").status == 0
        assert reviewed.plan("--entity", "plan")["operations"]
    assert door.writes() == before
    assert reviewed.commit()["written"] > 0


def test_reading_commands_run_beside_each_other(reviewed: Concord) -> None:
    words = ("compare", "-w", "w", "--json")
    with reviewed.start(*words) as one, reviewed.start(*words) as two:
        assert reviewed.work("history").status == 0
        found = [process.communicate(timeout=60) for process in (one, two)]
    assert [one.returncode, two.returncode] == [1, 1], found
    assert json.loads(found[0][0]) == json.loads(found[1][0])


def test_a_store_from_another_computer_is_not_written_before_it_is_adopted(
    reviewed: Concord, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = reviewed.settle("--entity", "coupon")["commit"]
    reviewed.plan("--entity", "plan")
    before = door.writes()
    monkeypatch.setattr(home_check, "machine_id", lambda: "elsewhere")
    for ran in writing(reviewed, run):
        assert "last written on another computer" in refused(ran)
    told = {one["check"]: one for one in reviewed("doctor", "--json").json["checks"]}
    assert "last written on another computer" in told["workspace w"]["detail"]
    assert "concord workspace adopt" in told["workspace w"]["hint"]
    assert reviewed.counts()
    assert door.writes() == before
    assert reviewed("workspace", "adopt", "w").status == 0
    assert reviewed.commit()["written"] > 0
    assert reviewed.work("history", "--verify").status == 0


def test_an_older_copy_of_the_store_is_not_written_before_it_is_adopted(
    reviewed: Concord, door: Door
) -> None:
    older = store_of(reviewed).read_bytes()
    run = reviewed.settle("--entity", "coupon")["commit"]
    before = door.writes()
    reviewed.plan("--entity", "plan")
    for suffix in ("-wal", "-shm"):
        store_of(reviewed).with_name(f"w.sqlite{suffix}").unlink(missing_ok=True)
    store_of(reviewed).write_bytes(older)
    assert "older copy" in refused(reviewed.work("refresh"))
    assert reviewed.work("history", "--verify").status == 1
    assert door.writes() == before
    assert reviewed("workspace", "adopt", "w").status == 0
    assert reviewed.work("refresh").status == 0
    assert reviewed.work("undo", run, "-o", "x.json").status == 2
    assert reviewed.commit()["written"] > 0


def test_a_clock_set_back_is_told_and_the_journal_does_not_run_backwards(
    reviewed: Concord, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = reviewed.settle("--entity", "coupon")["commit"]
    monkeypatch.setattr(journal_chain, "now_text", lambda: "2001-01-01T00:00:00Z")
    reviewed.plan("--entity", "plan")
    ran = reviewed.work("commit", str(reviewed.plan_file), "--yes")
    assert ran.err.count("was set back") == 1
    second, earlier = reviewed.document("history")["commits"]
    assert earlier["commit"] == first
    assert second["started_at"] >= earlier["finished_at"]
    assert reviewed.work("history", "--verify").status == 0


def test_a_journal_changed_by_hand_is_noticed_and_still_shown(reviewed: Concord) -> None:
    run = reviewed.settle("--entity", "coupon")["commit"]
    with closing(sqlite3.connect(store_of(reviewed))) as connection, connection:
        connection.execute('UPDATE journal SET changes = \'{"gone": [[], {"text": "x"}]}\'')
    ran = reviewed.work("history", "--verify")
    assert ran.status == 1
    assert {fault["commit"] for fault in ran.json["faults"]} == {run}
    rows = reviewed.document("history", "--commit", run)["operations"]
    assert all(row["unmapped"] == ["gone"] for row in rows)
