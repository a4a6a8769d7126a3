"""Finding, pruning and reading the journal, whatever the mapping has become since."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from app.domain.control import CancelToken
from app.domain.mapping_file import parse_mapping
from app.domain.plan import FieldChange, Operation, Outcome, OutcomeState, Verb
from app.domain.record import NO_BASE, Side, Unreadable
from app.errors import WrongUse
from app.store import journal, journal_chain
from app.store.journal_prune import Retention, prunable, prune
from app.store.journal_search import Wanted, runs_with, search
from app.store.journal_verify import verify
from app.store.resumable import check_resumable
from app.store.workspace import Store
from tests.fakes import SMALL_MAPPING, small_mapping

MAPPING = small_mapping()
DAYS = ("2026-01-01", "2026-02-01", "2026-03-01")


def operation(key: str, **changes: tuple[object, object]) -> Operation:
    made = tuple(FieldChange(name, *pair) for name, pair in changes.items())  # type: ignore[arg-type]
    return Operation("plan", key, Side.SALESFORCE, Verb.UPDATE, made, None, "", f"receipt-{key}")


ONE = operation("PRO", name=("Old", 'New "50%"'), price=(None, Decimal("-12.5")))
TWO = operation("LITE", name=("Büro", "Café_1"))
THREE = operation("MAX", price=(Decimal(1), Unreadable("n/a")), family=(NO_BASE, "Core"))


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Return a store with three commits on three days, by ann, Bob and ann."""
    with Store(tmp_path / "w.sqlite", MAPPING) as made:
        for day, who, one in zip(DAYS, ("ann", "Bob", "ann"), (ONE, TWO, THREE), strict=True):
            monkeypatch.setattr(journal_chain, "now_text", lambda day=day: f"{day}T12:00:00Z")
            journal.begin(made, f"run-{day}", who, [one], b"")
            state = OutcomeState.FAILED if one is TWO else OutcomeState.SKIPPED
            journal.mark(made, f"run-{day}", [Outcome(one, state, "Too LONG", "name")])
            journal.finish(made, f"run-{day}", {}, 1.0)
        monkeypatch.undo()
        yield made


@pytest.mark.parametrize(
    ("wanted", "keys"),
    [
        (Wanted(), ["MAX", "LITE", "PRO"]),
        (Wanted(text="pro"), ["PRO"]),
        (Wanted(text='"50%"'), ["PRO"]),
        (Wanted(text="-12.5"), ["PRO"]),
        (Wanted(text="BÜRO"), ["LITE"]),
        (Wanted(text="cafe"), []),
        (Wanted(text="café_1"), ["LITE"]),
        (Wanted(text="n/A"), ["MAX"]),
        (Wanted(text="too long"), ["MAX", "LITE", "PRO"]),
        (Wanted(text="bob"), ["LITE"]),
        (Wanted(text="run-2026-02"), ["LITE"]),
        (Wanted(text="price"), []),
        (Wanted(field="price"), ["MAX", "PRO"]),
        (Wanted(field="pric_"), []),
        (Wanted(who="ANN"), ["MAX", "PRO"]),
        (Wanted(record=("plan", "LITE")), ["LITE"]),
        (Wanted(run="run-2026-01-01"), ["PRO"]),
        (Wanted(states=(OutcomeState.FAILED,)), ["LITE"]),
        (Wanted(since="2026-02-01T00:00:00Z"), ["MAX", "LITE"]),
        (Wanted(until="2026-02-02T00:00:00Z"), ["LITE", "PRO"]),
        (Wanted(text="too", who="ann", field="family"), ["MAX"]),
    ],
)
def test_what_is_wanted_is_found_the_newest_first(
    store: Store, wanted: Wanted, keys: list[str]
) -> None:
    assert [entry.operation.key for entry in search(store, wanted)] == keys


def test_commits_are_found_by_what_they_hold(store: Store) -> None:
    assert runs_with(store, Wanted(field="price")) == {"run-2026-03-01": 1, "run-2026-01-01": 1}


@pytest.mark.parametrize(
    "text",
    [
        SMALL_MAPPING.replace('name = "price"', 'name = "amount"'),
        SMALL_MAPPING.replace('"plan"', '"offer"'),
        SMALL_MAPPING.replace('type = "text"\nlength = 20', 'type = "date"'),
    ],
    ids=["no such field", "no such entity", "another type"],
)
def test_what_the_mapping_no_longer_has_is_shown_as_it_stands(store: Store, text: str) -> None:
    before = list(search(store, Wanted()))
    store.close()
    with Store(store.path, parse_mapping(text, "small.toml")) as again:
        found = list(search(again, Wanted()))
        assert [len(e.operation.changes) for e in found] == [
            len(e.operation.changes) for e in before
        ]
        assert any(entry.unmapped for entry in found)
        assert [entry.operation.key for entry in journal.entries(again)] == ["PRO", "LITE", "MAX"]


def test_raw_values_are_those_of_the_file(store: Store) -> None:
    store.close()
    text = SMALL_MAPPING.replace('"plan"', '"offer"')
    with Store(store.path, parse_mapping(text, "small.toml")) as again:
        changes = next(search(again, Wanted(record=("plan", "MAX")))).operation.changes
        assert changes[0].after == Unreadable("n/a")
        assert changes[1] == FieldChange("family", NO_BASE, "Core")


@pytest.mark.parametrize(
    ("policy", "gone"),
    [
        (Retention(), []),
        (Retention(commits=2), [0]),
        (Retention(commits=1), [0, 1]),
        (Retention(days=1), [0, 1, 2]),
        (Retention(days=36500), []),
        (Retention(days=1, commits=2), [0]),
    ],
    ids=str,
)
def test_a_commit_goes_when_no_rule_keeps_it(
    store: Store, policy: Retention, gone: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.store.journal_prune.datetime", _Later)
    assert prunable(store, policy) == [f"run-{DAYS[place]}" for place in gone]


class _Later(datetime):
    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
        del tz
        return datetime(2026, 6, 1, tzinfo=UTC)


def test_a_commit_that_is_not_finished_never_goes(store: Store) -> None:
    journal.begin(store, "open", "ann", [replace(ONE, idempotency_key="x")], b"")
    assert "open" not in prunable(store, Retention(commits=0, days=1))


def test_what_was_pruned_is_gone_and_the_chain_still_holds(store: Store) -> None:
    store.durable.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"Caf\xc3\xa9_1" in store.path.read_bytes()
    runs = prunable(store, Retention(commits=1))
    assert prune(store, runs, "ann", Retention(commits=1)) == 2
    assert [run.id for run in journal.runs(store)] == ["run-2026-03-01"]
    found = verify(store, CancelToken())
    assert found.faults == ()
    assert "2 commits were pruned by ann (keep 1 commits)" in found.remarks[0]
    files = [store.path, store.path.with_name("w.sqlite-wal")]
    assert not any(b"Caf\xc3\xa9_1" in file.read_bytes() for file in files)
    store.durable.execute("UPDATE commit_run SET who = 'eve'")
    assert not verify(store, CancelToken()).is_sound


def test_what_is_taken_away_without_saying_so_is_a_fault(store: Store) -> None:
    for sql in ("DELETE FROM journal WHERE run", "DELETE FROM commit_run WHERE id"):
        store.durable.execute(f"{sql} = 'run-2026-01-01'")
    store.durable.execute("UPDATE journal_event SET body = NULL WHERE run = 'run-2026-01-01'")
    (fault,) = verify(store, CancelToken()).faults
    assert fault.words == "what the chain held of the commit was taken away"


def test_a_commit_that_broke_off_does_not_go_on_under_a_mapping_that_lost_its_fields(
    store: Store,
) -> None:
    journal.begin(store, "open", "ann", [replace(ONE, idempotency_key="x")], b"{}")
    check_resumable(store, "open")
    store.close()
    lost = SMALL_MAPPING.replace('name = "price"', 'name = "amount"')
    with Store(store.path, parse_mapping(lost, "small.toml")) as again:
        with pytest.raises(WrongUse, match="the mapping has price of plan no more"):
            check_resumable(again, "open")
        check_resumable(again, "run-2026-01-01")


@pytest.mark.parametrize(
    "rubbish", ["", "{", "[]", '{"name": 1}', '{"name": [1]}', '{"name": [[3], {}]}']
)
def test_a_row_that_was_tampered_with_is_still_shown(store: Store, rubbish: str) -> None:
    store.durable.execute("UPDATE journal SET changes = ? WHERE key = 'PRO'", (rubbish,))
    assert [entry.operation.key for entry in journal.entries(store)] == ["PRO", "LITE", "MAX"]
    assert [entry.operation.key for entry in search(store, Wanted(text="pro"))] == ["PRO"]
    (fault,) = verify(store, CancelToken()).faults
    assert (fault.words, fault.record) == ("the change was edited", "plan PRO")
