"""The journal's chain: what was changed after the fact is noticed, wherever it was changed."""

import errno
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from app.domain.control import CancelToken
from app.domain.plan import FieldChange, Operation, Outcome, OutcomeState, Verb
from app.domain.record import Side
from app.errors import StoreError
from app.store import journal, journal_chain, journal_head, journal_verify
from app.store.journal_head import Head, head_file, noted_head
from app.store.journal_verify import Fault, Verification, verify
from app.store.migrations import STEPS
from app.store.workspace import Store
from tests.fakes import small_mapping

MAPPING = small_mapping()


def operation(key: str, run: str = "r") -> Operation:
    change = FieldChange("price", Decimal("1.00"), Decimal("2.50"))
    receipt = f"{run}-{key}"
    return Operation("plan", key, Side.SALESFORCE, Verb.UPDATE, (change,), 7, f"id-{key}", receipt)


def write_commit(store: Store, run: str, keys: str = "abc") -> None:
    """Journal a commit: its first operation written, the next failed, the rest skipped."""
    made = [operation(key, run) for key in keys]
    journal.begin(store, run, "ann", made, b"{}")
    journal.mark(store, run, [Outcome(made[0], OutcomeState.UNKNOWN, "no answer")])
    journal.settle(store, run, [(Outcome(made[0], OutcomeState.FAILED, "too long", "name"), None)])
    journal.mark(store, run, [Outcome(o, OutcomeState.SKIPPED, "parent") for o in made[1:]])
    journal.finish(store, run, {"salesforce": 2}, 1.25)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "w.sqlite", MAPPING) as made:
        write_commit(made, "one")
        write_commit(made, "two")
        yield made


def tamper(store: Store, sql: str) -> None:
    with closing(sqlite3.connect(store.path)) as connection, connection:
        connection.execute(sql)


def check(store: Store) -> Verification:
    return verify(store, CancelToken())


def test_a_journal_as_it_was_written_is_sound(store: Store) -> None:
    found = check(store)
    assert found.faults == ()
    assert (found.runs, found.events) == (2, 10)
    assert noted_head(store.path) == found.head


@pytest.mark.parametrize("table", ["commit_run", "journal", "journal_event"])
def test_a_change_of_any_column_is_noticed(store: Store, table: str) -> None:
    (row,) = store.reader.execute(f"SELECT * FROM {table} WHERE rowid = 2").fetchall()
    columns = [told[1] for told in store.reader.execute(f"PRAGMA table_info({table})")]
    for column, was in zip(columns, row, strict=True):
        now = was + 1000 if isinstance(was, int) else b"\xff"
        change = f"UPDATE {table} SET {column} = ? WHERE rowid = ?"
        place = [2, 2 + 1000] if column == "id" and isinstance(was, int) else [2, 2]
        for value, rowid in zip((now, was), place, strict=True):
            with closing(sqlite3.connect(store.path)) as connection, connection:
                connection.execute(change, (value, rowid))
            assert check(store).is_sound is (value is was), column


@pytest.mark.parametrize(
    ("sql", "run", "words"),
    [
        (
            "UPDATE journal SET changes = replace(changes, '2.5', '9') WHERE id = 2",
            "one",
            "edited",
        ),
        ("UPDATE journal SET key = 'z' WHERE id = 2", "one", "edited"),
        ("UPDATE journal SET intent_at = '2020-01-01' WHERE id = 2", "one", "time of the change"),
        ("DELETE FROM journal WHERE id = 2", "one", "deleted"),
        ("UPDATE journal SET id = 10 WHERE id = 1", "one", "change 1 of 3 was deleted"),
        ("UPDATE journal SET run = 'two' WHERE id = 3", "two", "added"),
        ("UPDATE journal SET state = 1 WHERE id = 1", "one", "outcome was changed"),
        ("UPDATE journal SET message = '' WHERE id = 5", "two", "outcome was changed"),
        ("UPDATE journal SET done_at = '2001' WHERE id = 5", "two", "outcome was changed"),
        ("UPDATE journal SET made_id = 'x' WHERE id = 5", "two", "outcome was changed"),
        ("UPDATE commit_run SET who = 'bob' WHERE id = 'one'", "one", "who"),
        ("UPDATE commit_run SET plan = x'00' WHERE id = 'one'", "one", "plan"),
        ("UPDATE commit_run SET started_at = '2001' WHERE id = 'one'", "one", "started at"),
        ("UPDATE commit_run SET connections = '{\"a\":1}'", "one", "connections"),
        ("UPDATE commit_run SET state = 'running' WHERE id = 'two'", "two", "state or the cost"),
        ("UPDATE commit_run SET seconds = 0 WHERE id = 'two'", "two", "state or the cost"),
        ("DELETE FROM commit_run WHERE id = 'one'", "one", "deleted"),
        ("INSERT INTO commit_run (id, state) VALUES ('x', 'running')", "x", "added after"),
        ("UPDATE commit_run SET rowid = 9 WHERE id = 'one'", "", "another order"),
        ("UPDATE journal_event SET at = '2001' WHERE id = 3", "one", "event 3 "),
        ("UPDATE journal_event SET body = '[]' WHERE id = 3", "one", "event 3 "),
        ("UPDATE journal_event SET body = NULL WHERE id = 3", "one", "taken away"),
        ("DELETE FROM journal_event WHERE id = 3", "", "events 3 to 3 are missing"),
        ("DELETE FROM journal_event WHERE id = 10", "", "was cut off"),
    ],
)
def test_a_change_after_the_fact_is_noticed(store: Store, sql: str, run: str, words: str) -> None:
    tamper(store, sql)
    faults = check(store).faults
    assert any(fault.run == run and words in fault.words for fault in faults), faults


@pytest.mark.parametrize(
    ("sql", "words", "record"),
    [
        ("UPDATE journal SET side_id = 'x' WHERE id = 5", "the change was edited", "plan e"),
        ("UPDATE journal SET side_id = 'x' WHERE id = 7", "the change was edited", "plan g"),
        ("UPDATE journal SET message = 'x' WHERE id = 6", "its outcome was changed", "plan f"),
        ("DELETE FROM journal WHERE id = 2", "change 2 of 7 was deleted", ""),
        ('UPDATE journal_event SET body = \'{"marks":""}\' WHERE id = 2', "event 2 (marks", ""),
    ],
)
def test_of_many_changes_the_one_that_was_edited_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sql: str, words: str, record: str
) -> None:
    monkeypatch.setattr(journal_chain, "MARKS_AT_ONCE", 3)
    monkeypatch.setattr(journal_verify, "_OUTCOMES_AT_ONCE", 2)
    with Store(tmp_path / "w.sqlite", MAPPING) as store:
        write_commit(store, "one", "abcdefg")
        kinds = [kind for (kind,) in store.reader.execute("SELECT kind FROM journal_event")]
        assert kinds[:3] == ["marks", "marks", "intents"]
        assert check(store).is_sound
        tamper(store, sql)
        (fault,) = check(store).faults
        assert words in fault.words
        assert (fault.run, fault.record) == ("one", record)


@pytest.mark.parametrize(
    "sql",
    [
        'UPDATE journal_event SET body = \'{"marks":""}\' WHERE id = 1',
        "UPDATE journal_event SET body = NULL WHERE id = 1",
        "DELETE FROM journal_event WHERE id = 1",
    ],
)
def test_with_marks_lost_no_change_is_named_that_was_not_edited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sql: str
) -> None:
    monkeypatch.setattr(journal_chain, "MARKS_AT_ONCE", 3)
    with Store(tmp_path / "w.sqlite", MAPPING) as store:
        write_commit(store, "one", "abcdefg")
        tamper(store, sql)
        tamper(store, "UPDATE journal SET side_id = 'x' WHERE id = 5")
        faults = check(store).faults
        assert {fault.record for fault in faults} == {""}
        assert Fault("one", "its changes are not those it began with") in faults


def test_an_end_cut_off_with_all_that_belongs_to_it_is_noticed(store: Store) -> None:
    for sql in ("journal_event WHERE run", "journal WHERE run", "commit_run WHERE id"):
        tamper(store, f"DELETE FROM {sql} = 'two'")
    (fault,) = check(store).faults
    assert "ends at event 5, it was at 10" in fault.words


def test_a_note_taken_away_leaves_the_end_unproven(store: Store) -> None:
    head_file(store.path).unlink()
    assert check(store).faults == (Fault("", "the note of its journal's end is missing"),)


def test_a_head_noted_elsewhere_is_missed_when_the_chain_was_made_anew(store: Store) -> None:
    head = check(store).head
    assert verify(store, CancelToken(), head).is_sound
    tamper(store, "UPDATE journal_event SET hash = 'forged' WHERE id = 10")
    faults = verify(store, CancelToken(), head).faults
    assert any("expected" in fault.words for fault in faults)


def test_a_store_without_a_chain_gets_one_over_what_is_there(tmp_path: Path) -> None:
    with Store(tmp_path / "w.sqlite", MAPPING) as store:
        write_commit(store, "old")
        rows = store.durable.execute("SELECT count(*) FROM journal").fetchone()
    with closing(sqlite3.connect(store.path)) as raw:
        raw.executescript(
            "UPDATE journal SET done_at = '2020-01-01T00:00:00Z' WHERE id = 2;"
            "DROP TABLE journal_event; ALTER TABLE journal DROP COLUMN made_id;"
            "ALTER TABLE commit_run DROP COLUMN connections; PRAGMA user_version = 1"
        )
    head_file(store.path).unlink()
    with Store(store.path, MAPPING) as again:
        assert check(again).faults == ()
        assert again.durable.execute("SELECT count(*) FROM journal").fetchone() == rows
        write_commit(again, "new")
        assert check(again).is_sound
    assert len(STEPS) >= 2


def test_a_clock_set_back_does_not_turn_the_journal_back(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    last = store.reader.execute("SELECT max(at) FROM journal_event").fetchone()[0]
    monkeypatch.setattr(journal_chain, "now_text", lambda: "2001-01-01T00:00:00Z")
    with caplog.at_level(logging.WARNING):
        write_commit(store, "three")
    assert "was set back" in caplog.text
    assert all(entry.done_at == last for entry in journal.entries(store, run="three"))
    assert check(store).is_sound


def test_a_note_that_cannot_be_written_is_told_and_stops_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(journal_head, "_write", full)
    with caplog.at_level(logging.WARNING):
        write_commit(store, "three")
    assert "not noted" in caplog.text
    assert check(store).is_sound


@pytest.mark.parametrize("rubbish", [b"", b"\0" * 128, b"99:abc 0123456789abcdef"])
def test_a_power_cut_in_the_middle_of_a_note_leaves_the_one_before(
    tmp_path: Path, rubbish: bytes
) -> None:
    file = tmp_path / "w.sqlite"
    journal_head.note_head(file, Head(3, "a" * 64), synced=True)
    journal_head.note_head(file, Head(4, "b" * 64), synced=False)
    assert noted_head(file) == Head(4, "b" * 64)
    whole = head_file(file).read_bytes()
    head_file(file).write_bytes(whole[:128] + rubbish)
    assert noted_head(file) == Head(3, "a" * 64)


def test_a_full_disk_lets_no_commit_begin_and_leaves_the_journal_as_it_was(store: Store) -> None:
    before, head = check(store), noted_head(store.path)
    store.durable.execute("PRAGMA max_page_count = 1")
    with pytest.raises(StoreError, match="no space left"):
        write_commit(store, "three", "k" * 9000)
    assert (check(store), noted_head(store.path)) == (before, head)
    assert [run.id for run in journal.runs(store)] == ["two", "one"]
