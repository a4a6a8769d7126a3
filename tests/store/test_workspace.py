import errno
import gc
import os
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.domain.mapping_file import parse_mapping
from app.domain.record import NO_BASE, Record, Side
from app.errors import StoreError
from app.store import workspace
from app.store.comparison import one_pair
from app.store.migrations import VERSION
from app.store.mirror import MirrorRead
from app.store.workspace import Store, translated
from tests.fakes import SMALL_MAPPING, small_mapping

MAPPING = small_mapping()
PARENTS = "SELECT sql FROM sqlite_master WHERE name = 'idx_link_entity_parent'"


def fill(store: Store) -> None:
    for side in Side:
        run = MirrorRead(store, store.mapping.entity("plan"), side)
        run.put([Record("A", ("Pro", None, "Core"))])
        run.finish()


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    with Store(tmp_path / "w.sqlite", MAPPING) as store:
        fill(store)
        for file in tmp_path.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name


def test_another_store_of_the_same_file_does_not_free_the_locks_of_the_first(
    tmp_path: Path,
) -> None:
    file = tmp_path / "w.sqlite"
    leave_wal = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=0);"
        " print(c.execute('PRAGMA journal_mode = DELETE').fetchone()[0])"
    )
    with Store(file, MAPPING) as store:
        fill(store)
        Store(file, MAPPING).close()
        command = [sys.executable, "-c", leave_wal, str(file)]
        other = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "database is locked" in other.stderr


def test_the_journal_syncs_every_transaction_and_the_mirror_does_not(tmp_path: Path) -> None:
    with Store(tmp_path / "w.sqlite", MAPPING) as store:
        assert store.durable.execute("PRAGMA synchronous").fetchone()[0] == 2
        assert store.mirror.execute("PRAGMA synchronous").fetchone()[0] == 1
        assert store.durable.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_an_older_store_gets_what_later_versions_added_and_keeps_its_records(
    tmp_path: Path,
) -> None:
    file = tmp_path / "w.sqlite"
    with Store(file, MAPPING) as store:
        fill(store)
        assert store.mirror.execute("PRAGMA page_size").fetchone()[0] == 16_384
        whole = store.mirror.execute(PARENTS).fetchone()[0]
        store.mirror.execute("DROP INDEX idx_link_entity_parent")
        store.mirror.execute("CREATE INDEX idx_link_entity_parent ON link(entity, parent)")
        store.mirror.execute("PRAGMA user_version = 4")
    with Store(file, MAPPING) as store:
        assert store.mirror.execute(PARENTS).fetchone()[0] == whole
        assert store.mirror.execute("PRAGMA user_version").fetchone()[0] == VERSION
        (link,) = store.reader.execute("SELECT id FROM link").fetchone()
        assert one_pair(store, link) is not None


def test_an_older_store_is_searched_without_accents_from_then_on(tmp_path: Path) -> None:
    file, names = tmp_path / "w.sqlite", ("Caf\u00e9\x1fkr\u00fcger", "kr\u00fcger", "plain")
    with Store(file, MAPPING) as store:
        store.mirror.executemany(
            "INSERT INTO link (entity, key, title, sort) VALUES (1, ?1, ?1, ?1)",
            [(name,) for name in names],
        )
        store.mirror.execute("PRAGMA user_version = 5")
    with Store(file, MAPPING) as store:
        sorts = store.reader.execute("SELECT sort FROM link ORDER BY id").fetchall()
        assert sorts == [("Caf\u00e9\x1fkruger",), ("kruger",), ("plain",)]


def test_threads_of_one_process_wait_for_each_other_however_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace, "BUSY_TIMEOUT_S", 0.01)
    with Store(tmp_path / "w.sqlite", MAPPING) as store, ThreadPoolExecutor() as pool:
        with store.transaction(store.durable):
            second = pool.submit(fill, store)
            with pytest.raises(TimeoutError):
                second.result(timeout=0.2)
        second.result(timeout=5)


def test_a_thread_that_ended_leaves_no_connection_open(tmp_path: Path) -> None:
    with Store(tmp_path / "w.sqlite", MAPPING) as store:
        with ThreadPoolExecutor(4) as pool:
            count = "SELECT count(*) FROM link"
            list(pool.map(lambda _: store.reader.execute(count).fetchone(), "abcd"))
        gc.collect()
        assert len(store._threads) == 1


def test_the_reader_cannot_write(tmp_path: Path) -> None:
    with Store(tmp_path / "w.sqlite", MAPPING) as store, pytest.raises(sqlite3.OperationalError):
        store.reader.execute("DELETE FROM link")


def test_a_store_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "w.sqlite"
    Store(file, MAPPING).close()
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match="newer Concord"):
        Store(file, MAPPING)


def test_a_store_that_is_locked_says_by_whom_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace, "BUSY_TIMEOUT_S", 0.01)
    with Store(tmp_path / "w.sqlite", MAPPING) as store:
        other = sqlite3.connect(store.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="in use by another program"):
            fill(store)
        other.rollback()
        other.close()
        fill(store)


def test_a_store_that_is_opened_on_a_full_disk_says_so(tmp_path: Path) -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = "SQLITE_IOERR_SHMSIZE"
    assert "no space left" in str(translated(error, tmp_path / "w.sqlite"))


def test_a_store_that_may_not_be_written_is_told_with_all_names_of_sqlite(tmp_path: Path) -> None:
    error = sqlite3.OperationalError("attempt to write a readonly database")
    error.sqlite_errorname = "SQLITE_READONLY_DIRECTORY"
    told = translated(error, tmp_path / "w.sqlite")
    assert "cannot be opened for writing" in told.summary
    assert "rights of the file and of its folder" in told.hint


def test_a_full_disk_loses_nothing_that_was_there(tmp_path: Path) -> None:
    with Store(tmp_path / "w.sqlite", MAPPING) as store:
        fill(store)
        pages = store.mirror.execute("PRAGMA page_count").fetchone()[0]
        store.mirror.execute(f"PRAGMA max_page_count = {pages}")
        run = MirrorRead(store, MAPPING.entity("plan"), Side.BILLING)
        with pytest.raises(StoreError, match="no space left"):
            run.put([Record(f"K{n}", ("x" * 500, None, None)) for n in range(2000)])
        found = one_pair(store, 1)
        assert found
        assert found[1].billing == ("Pro", None, "Core")


def test_a_file_that_is_no_store_is_named(tmp_path: Path) -> None:
    file = tmp_path / "w.sqlite"
    file.write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match=r"w\.sqlite is damaged or is no store"):
        Store(file, MAPPING)


def test_a_folder_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object) -> int:
        raise OSError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(StoreError, match="Permission denied"):
        Store(tmp_path / "w.sqlite", MAPPING)


def test_a_changed_mapping_keeps_the_base_and_drops_the_mirror(tmp_path: Path) -> None:
    file = tmp_path / "w.sqlite"
    with Store(file, MAPPING) as store:
        fill(store)
    text = SMALL_MAPPING.replace('name = "price"', 'name = "list_price"', 1)
    with Store(file, parse_mapping(text, "small.toml")) as store:
        found = one_pair(store, 1)
        assert found
        pair = found[1]
        assert (pair.billing, pair.salesforce) == (None, None)
        assert pair.base == ("Pro", NO_BASE, "Core")


def test_an_unchanged_mapping_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "w.sqlite"
    with Store(file, MAPPING) as store:
        fill(store)
    with Store(file, small_mapping()) as store:
        found = one_pair(store, 1)
        assert found
        assert found[1].billing == ("Pro", None, "Core")
