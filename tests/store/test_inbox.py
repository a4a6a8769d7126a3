"""What was posted and is not read yet: on the disk, once, until it is read."""

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from app.domain.plan import Operation, Verb
from app.domain.record import Side
from app.errors import StoreError
from app.store import journal
from app.store.inbox import Delivery, Inbox, Waiting
from app.store.receipts import is_ours
from app.store.workspace import Store
from tests.fakes import small_mapping

PLANS = frozenset({"plan", "tier"})


def told(name: str, *accounts: str) -> Delivery:
    return Delivery(name, accounts, PLANS, 2, 1000.0)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "shop.sqlite"


def test_what_was_kept_is_there_when_the_file_is_opened_again(store: Path) -> None:
    with Inbox(store) as inbox:
        assert inbox.keep([told("a", "7"), told("b")]) == [
            [Waiting(1, "7", PLANS, 2)],
            [Waiting(2, "", PLANS, 2)],
        ]
    with Inbox(store) as inbox:
        assert inbox.waiting() == [Waiting(1, "7", PLANS, 2), Waiting(2, "", PLANS, 2)]


def test_a_repeat_is_kept_once_even_after_it_was_read(store: Path) -> None:
    with Inbox(store) as inbox:
        assert [len(each) for each in inbox.keep([told("a", "7"), told("a", "7")])] == [1, 0]
        inbox.settle("7", 1)
    with Inbox(store) as inbox:
        assert inbox.keep([told("a", "7")]) == [[]]
        assert inbox.waiting() == []


def test_a_post_may_be_about_several_accounts(store: Path) -> None:
    with Inbox(store) as inbox:
        assert [one.account for one in inbox.keep([told("a", "7", "8")])[0]] == ["7", "8"]


def test_what_came_after_a_read_began_still_waits(store: Path) -> None:
    with Inbox(store) as inbox:
        inbox.keep([told("a", "7"), told("b", "8"), told("c", "7")])
        inbox.settle("7", 1)
        assert [(one.serial, one.account) for one in inbox.waiting()] == [(2, "8"), (3, "7")]


def test_serials_are_never_given_twice(store: Path) -> None:
    with Inbox(store) as inbox:
        inbox.keep([told("a", "7")])
        inbox.settle("7", 1)
    with Inbox(store) as inbox:
        assert inbox.keep([told("b", "7")])[0][0].serial == 2


def test_old_names_are_forgotten(store: Path) -> None:
    with Inbox(store) as inbox:
        inbox.keep([told("a", "7")])
        inbox.forget(1000.0)
        assert inbox.keep([told("a", "7")]) == [[]]
        inbox.forget(1000.1)
        assert len(inbox.keep([told("a", "7")])[0]) == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such rights")
def test_only_its_owner_may_read_it(store: Path) -> None:
    with Inbox(store) as inbox:
        assert stat.S_IMODE(inbox.path.stat().st_mode) == 0o600


def test_a_damaged_or_newer_file_is_told(store: Path) -> None:
    file = store.with_name("shop.sqlite.inbox")
    file.write_bytes(b"no database at all, but long enough to be looked at" * 20)
    with pytest.raises(StoreError, match="damaged"):
        Inbox(store)
    file.unlink()
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match="newer"):
        Inbox(store)


def test_a_receipt_is_ours_from_before_it_is_sent(store: Path) -> None:
    operation = Operation("plan", "P", Side.BILLING, Verb.UPDATE, (), None, idempotency_key="r1")
    with Store(store, small_mapping()) as opened:
        assert not is_ours(opened, "r1")
        journal.begin(opened, "run1", "ada", [operation], b"{}")
        assert is_ours(opened, "r1")
        assert not is_ours(opened, "r2")
        assert not is_ours(opened, "")
