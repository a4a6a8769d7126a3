"""One process writes a workspace; others read it, and are told who holds it."""

import getpass
import multiprocessing
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.domain.mapping_file import parse_mapping
from app.domain.record import Record, Side
from app.errors import StoreForeign, WorkspaceBusy
from app.store import home_check, workspace_lock
from app.store.comparison import drop_settled, kind_counts, one_pair
from app.store.journal_head import head_file
from app.store.mirror import MirrorRead
from app.store.workspace import Store
from tests.fakes import SMALL_MAPPING, small_mapping
from tests.store.test_journal_chain import write_commit

MAPPING = small_mapping()
ROOT = Path(__file__).parents[2]
HOLDER = (
    "import sys; from pathlib import Path; from app.store.workspace import Store;"
    " from tests.fakes import small_mapping;"
    " Store(Path(sys.argv[1]), small_mapping()).claim(); print('held', flush=True);"
    " sys.stdin.read()"
)


@contextmanager
def held(file: Path) -> Iterator["subprocess.Popen[str]"]:
    """Let another Concord hold the workspace."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", HOLDER, str(file)]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT) as other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        yield other
        other.kill()


def put(store: Store) -> None:
    read = MirrorRead(store, MAPPING.entity("plan"), Side.BILLING)
    read.put([Record("A", ("Pro", None, "Core"))])
    read.finish()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    with Store(tmp_path / "w.sqlite", MAPPING) as store:
        put(store)
    return store.path


def test_the_second_process_is_told_who_holds_it_and_may_read(file: Path) -> None:
    with held(file) as other, Store(file, MAPPING) as store:
        with pytest.raises(WorkspaceBusy, match="is held by") as caught:
            put(store)
        for part in (getpass.getuser(), f"process {other.pid} on", "since 20"):
            assert part in caught.value.summary
        assert one_pair(store, 1)
        drop_settled(store)
        assert kind_counts(store)["plan"]
        assert isinstance(store.read_only(), WorkspaceBusy)


def test_a_commit_in_the_second_process_is_refused_before_anything_is_noted(file: Path) -> None:
    with held(file), Store(file, MAPPING) as store:
        with pytest.raises(WorkspaceBusy):
            write_commit(store, "one")
        assert store.reader.execute("SELECT count(*) FROM journal").fetchone() == (0,)


def test_a_killed_holder_leaves_nothing_to_clear_away(file: Path) -> None:
    with held(file) as other:
        other.send_signal(signal.SIGKILL)
        other.wait()
        with Store(file, MAPPING) as store:
            put(store)


def test_closing_the_store_frees_the_workspace(file: Path) -> None:
    with Store(file, MAPPING) as store:
        put(store)
        assert store.read_only() is None
    with held(file):
        pass


def test_only_reading_takes_nothing(file: Path) -> None:
    with Store(file, MAPPING) as first, Store(file, MAPPING) as second:
        assert one_pair(first, 1)
        assert one_pair(second, 1)
        with held(file):
            assert one_pair(first, 1)


def test_threads_and_stores_of_one_process_share_it(file: Path) -> None:
    with Store(file, MAPPING) as store, Store(file, MAPPING) as other:
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(lambda _: store.read_only(), range(8))) == [None] * 8
        put(other)
        other.close()
        assert store.read_only() is None
        assert workspace_lock.take(file) is None
        workspace_lock.give_back(file)


def _try(file: Path) -> str:
    with Store(file, MAPPING) as store:
        return str(store.read_only() or "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_child_made_by_fork_does_not_hold_it_too(file: Path) -> None:
    with Store(file, MAPPING) as store:
        put(store)
        fork = multiprocessing.get_context("fork")
        with fork.Pool(1) as pool:
            assert f"process {os.getpid()}" in pool.apply(_try, (file,))


def test_a_lock_file_that_says_nothing_names_nobody(file: Path) -> None:
    with held(file), Store(file, MAPPING) as store:
        workspace_lock.lock_file(file).write_text("rubbish")
        with pytest.raises(WorkspaceBusy, match="another Concord"):
            put(store)


def test_what_stands_beside_the_store_is_for_its_owner_alone(file: Path) -> None:
    for beside in (workspace_lock.lock_file(file), head_file(file)):
        assert stat.S_IMODE(beside.stat().st_mode) == 0o600


def test_a_store_from_another_computer_is_read_and_not_written_unconfirmed(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home_check, "machine_id", lambda: "elsewhere")
    with Store(file, MAPPING) as store:
        assert one_pair(store, 1)
        with pytest.raises(StoreForeign, match="another computer"):
            put(store)
    changed = parse_mapping(SMALL_MAPPING.replace('"family"', '"kin"'), "small.toml")
    with pytest.raises(StoreForeign):
        Store(file, changed)
    Store(file, changed, adopt_by="ann").close()
    with Store(file, changed) as store:
        put(store)


def test_an_older_copy_of_the_store_is_not_written_unconfirmed(file: Path) -> None:
    with Store(file, MAPPING) as store:
        write_commit(store, "one")
        store.durable.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        older = file.read_bytes()
        write_commit(store, "two")
    file.write_bytes(older)
    words = "ends at event 5, it was at 10"
    with Store(file, MAPPING) as store, pytest.raises(StoreForeign, match=words):
        put(store)
    with Store(file, MAPPING, adopt_by="ann") as store:
        put(store)
        write_commit(store, "three")


def test_a_store_is_taken_over_only_by_who_can_hold_it(file: Path) -> None:
    with held(file), pytest.raises(WorkspaceBusy):
        Store(file, MAPPING, adopt_by="ann")
