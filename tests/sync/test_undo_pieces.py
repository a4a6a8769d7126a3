"""An undo in pieces: no border shows, what changed is read once, a cancel leaves nothing."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.connectors.protocol import Scope
from app.domain.control import CancelToken, Progress, no_report
from app.domain.mapping_file import parse_mapping
from app.domain.plan import CommitPlan, Verb
from app.domain.record import FieldValue, Side
from app.errors import Cancelled
from app.store.journal import runs
from app.store.undo_facts import written_keys
from app.store.workspace import Store
from app.sync import undo as undoing
from app.sync import undo_draft
from app.sync.commit import commit
from app.sync.compare import compare
from app.sync.planner import Selection, build_plan
from app.sync.refresh import RefreshRequest, refresh
from app.sync.undo import WHOLE, UndoPart, build_undo
from app.sync.workbench import Workbench
from tests.fakes import FakeSide, make_bench, side_of, small_mapping
from tests.sync.test_incremental import TellingSide
from tests.sync.test_plan_order import TREE

TOKEN = CancelToken()
KEYS = st.sampled_from("ABCD")
# Entity, key, and the plan that a tier hangs on; "" deletes the record.
EDITS = st.lists(st.tuples(st.sampled_from(["plan", "tier"]), KEYS, st.sampled_from("ABCD ")))


def look(bench: Workbench) -> None:
    refresh(bench, RefreshRequest(), TOKEN, no_report)
    compare(bench, TOKEN, no_report)


def settle(bench: Workbench) -> str:
    look(bench)
    plan = build_plan(bench, Selection(verbs=frozenset(Verb)), TOKEN, no_report)
    return commit(bench, plan, TOKEN, no_report).commit


def undo(bench: Workbench, run: str, size: int, part: UndoPart = WHOLE) -> CommitPlan:
    """Plan an undo in pieces of a size."""
    with patch.object(undoing, "SEGMENT", size):
        return build_undo(bench, run, TOKEN, no_report, part)


def said(plan: CommitPlan) -> dict[str, str]:
    return {problem.key: problem.message for problem in plan.problems}


def salesforce(bench: Workbench) -> FakeSide:
    return side_of(bench, Side.SALESFORCE)


def family(key: str) -> dict[tuple[str, str], tuple[FieldValue, ...]]:
    return {
        ("plan", key): (f"Plan {key}", Decimal(1), None),
        ("tier", f"{key}-1"): (Decimal(2), key),
    }


@contextmanager
def made(path: Path, *keys: str, gone: bool = False) -> Iterator[tuple[Workbench, str]]:
    """Yield a bench and the commit that made (or deleted) plans with a tier each in Salesforce."""
    bench = make_bench(path)
    records = {place: values for key in keys for place, values in family(key).items()}
    if gone:
        for side in (side_of(bench, side) for side in Side):
            for place, values in records.items():
                side.put(*place, *values)
        look(bench)
        for place in records:
            side_of(bench, Side.BILLING).drop(*place)
    else:
        for place, values in records.items():
            side_of(bench, Side.BILLING).put(*place, *values)
    yield bench, settle(bench)
    bench.store.close()


@pytest.mark.parametrize("gone", [False, True])
def test_a_border_after_each_record_changes_nothing(tmp_path: Path, gone: bool) -> None:  # noqa: FBT001 - a parameter of the test
    with made(tmp_path, "A", "B", "C", gone=gone) as (bench, run):
        before = {name: dict(salesforce(bench).values(name)) for name in ("plan", "tier")}
        plan = undo(bench, run, 1)
        assert plan.operations == undo(bench, run, 100).operations
        assert len(plan.operations) == 6
        undone = commit(bench, plan, TOKEN, no_report)
        assert undone.is_clean
        commit(bench, undo(bench, undone.commit, 4), TOKEN, no_report)
        assert {name: dict(salesforce(bench).values(name)) for name in ("plan", "tier")} == before


def test_what_refers_to_a_record_of_another_piece_that_stays_out_stays_out(
    tmp_path: Path,
) -> None:
    with made(tmp_path, "A", "B", gone=True) as (bench, run):
        bench.store.durable.execute("UPDATE journal SET state = 2 WHERE key = 'A'")
        plan = undo(bench, run, 1)
        assert [operation.key for operation in plan.operations] == ["B", "B-1"]
        assert said(plan) == {"A-1": "it refers to plan A, which Salesforce lacks"}


def test_what_is_needed_is_brought_from_another_piece(tmp_path: Path) -> None:
    with made(tmp_path, "A", "B", gone=True) as (bench, run):
        plan = undo(bench, run, 1, UndoPart({"tier": frozenset({"A-1", "B-1"})}))
        assert [operation.key for operation in plan.operations] == ["A", "B", "A-1", "B-1"]
        assert said(plan) == {key: f"added, since tier {key}-1 needs it" for key in ("A", "B")}


@contextmanager
def chain(path: Path) -> Iterator[tuple[Workbench, str]]:
    """Yield a bench and the commit that deleted account A, which hung on B, that on C."""
    bench = make_bench(path, parse_mapping(TREE, "tree.toml"))
    for side in (side_of(bench, side) for side in Side):
        for key, parent in (("A", "B"), ("B", "C"), ("C", None)):
            side.put("account", key, f"Account {key}", parent)
    look(bench)
    side_of(bench, Side.BILLING).records.clear()
    yield bench, settle(bench)
    bench.store.close()


def test_what_is_brought_brings_what_it_needs_and_all_is_told(tmp_path: Path) -> None:
    with chain(tmp_path) as (bench, run):
        plan = undo(bench, run, 2, UndoPart({"account": frozenset({"A"})}))
        assert [operation.key for operation in plan.operations] == ["C", "B", "A"]
        assert said(plan) == {
            "B": "added, since account A needs it",
            "C": "added, since account B needs it",
        }


def test_what_hangs_on_what_stays_out_stays_out_and_is_told(tmp_path: Path) -> None:
    with chain(tmp_path) as (bench, run):
        bench.store.durable.execute("UPDATE journal SET state = 2 WHERE key = 'C'")
        plan = undo(bench, run, 2)
        assert plan.operations == ()
        assert said(plan) == {
            "B": "it refers to account C, which Salesforce lacks",
            "A": "it refers to account B, which Salesforce lacks",
        }


def circle(path: Path) -> tuple[Workbench, str]:
    """Return a bench and the commit that made two accounts that hang on each other."""
    bench = make_bench(path, parse_mapping(TREE, "tree.toml"))
    for key, parent in (("A", "B"), ("B", "A")):
        side_of(bench, Side.BILLING).put("account", key, f"Account {key}", parent)
    return bench, settle(bench)


@pytest.mark.parametrize("size", [1, 100])
def test_records_that_were_made_in_a_circle_go_again(tmp_path: Path, size: int) -> None:
    bench, run = circle(tmp_path)
    assert len(salesforce(bench).written) == 4  # each is made, then points at the other
    plan = undo(bench, run, size)
    assert {(operation.key, operation.verb) for operation in plan.operations} == {
        ("A", Verb.DELETE),
        ("B", Verb.DELETE),
    }
    assert said(plan) == {}
    assert commit(bench, plan, TOKEN, no_report).is_clean
    assert salesforce(bench).values("account") == {}
    bench.store.close()


def test_a_record_of_a_circle_that_somebody_moved_since_stays(tmp_path: Path) -> None:
    bench, run = circle(tmp_path)
    salesforce(bench).put("account", "A", "Account A", None)
    plan = undo(bench, run, 1)
    assert said(plan) == {"A": "changed since: parent"}
    assert [(operation.key, operation.verb) for operation in plan.operations] == [
        ("B", Verb.DELETE)
    ]
    bench.store.close()


def test_what_was_brought_tells_what_else_there_is_to_say(tmp_path: Path) -> None:
    with made(tmp_path, "A", gone=True) as (bench, run):
        salesforce(bench).allowed = frozenset({Verb.DELETE, Verb.UPDATE})
        chosen = UndoPart({"tier": frozenset({"A-1"})})
        assert undo(bench, run, 1, chosen).operations == ()
        salesforce(bench).put("tier", "A-1", Decimal(2), "A")
        salesforce(bench).allowed = frozenset(Verb)
        assert said(undo(bench, run, 1, chosen)) == {"A-1": "it is there again"}


def test_children_of_another_piece_go_along_and_others_keep_their_parent(tmp_path: Path) -> None:
    with made(tmp_path, "A", "B") as (bench, run):
        for number in range(5):
            salesforce(bench).put("tier", f"mine{number}", Decimal(1), "A")
        look(bench)
        plan = undo(bench, run, 1)
        assert [operation.key for operation in plan.operations] == ["A-1", "B-1", "B"]
        names = ", ".join(f"tier mine{number}" for number in range(3))
        assert said(plan) == {"A": f"it cannot go, since these hang on it: {names} and 2 more"}


def test_of_very_many_problems_the_first_are_told_and_all_stay_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undo_draft, "MOST_PROBLEMS", 2)
    with made(tmp_path, "A", "B", "C", "D") as (bench, run):
        for key in "ABCD":
            salesforce(bench).put("tier", f"mine{key}", Decimal(1), key)
        look(bench)
        plan = undo(bench, run, 3)
        assert {operation.entity for operation in plan.operations} == {"tier"}
        assert [problem.key for problem in plan.problems] == ["A", "B"]


def test_a_cancel_between_two_pieces_leaves_nothing_behind(tmp_path: Path) -> None:
    token, seen = CancelToken(), list[Progress]()

    def stop(progress: Progress) -> None:
        seen.append(progress)
        if progress.done > 1:
            token.cancel()

    with made(tmp_path, "A", "B") as (bench, run):
        with patch.object(undoing, "SEGMENT", 1), pytest.raises(Cancelled):
            build_undo(bench, run, token, stop)
        assert {progress.total for progress in seen} == {4}
        assert tables(bench) == 0
        assert len(undo(bench, run, 1).operations) == 4
        assert tables(bench) == 0


def tables(bench: Workbench) -> int:
    (count,) = bench.store.mirror.execute("SELECT count(*) FROM temp.sqlite_master").fetchone()
    return int(count)


def test_what_changed_is_read_once_however_many_pieces_there_are(tmp_path: Path) -> None:
    mapping = small_mapping()
    sides = {side: TellingSide(side, mapping, page_size=1) for side in Side}
    bench = Workbench("test", mapping, Store(tmp_path / "s.sqlite", mapping), sides)
    for number in range(8):
        sides[Side.BILLING].change("plan", f"P{number}", f"Plan {number}", Decimal(1), None)
    run = settle(bench)
    sides[Side.SALESFORCE].change("plan", "P7", "Edited", Decimal(1), None)
    sides[Side.SALESFORCE].remove("plan", "P6")
    sides[Side.SALESFORCE].asked.clear()
    plan = undo(bench, run, 2)
    asked = Counter(request.scope for request in sides[Side.SALESFORCE].asked)
    assert asked == {Scope.SINCE: 1}
    assert said(plan) == {"P7": "changed since: name", "P6": "it is not there any more"}
    assert len(plan.operations) == 6
    bench.store.close()


def edit(side: FakeSide, edits: list[tuple[str, str, str]]) -> None:
    for number, (entity, key, parent) in enumerate(edits):
        if parent == " ":
            if key in side.values(entity):
                side.drop(entity, key)
        elif entity == "plan":
            side.put("plan", key, f"Plan {parent}", Decimal(number), None)
        else:
            side.put("tier", key, Decimal(number), parent)


@settings(max_examples=40, deadline=None)
@given(EDITS, EDITS, EDITS, st.integers(1, 5), st.none() | st.frozensets(KEYS, min_size=1))
def test_an_undo_in_pieces_is_the_one_at_once(
    first: list[tuple[str, str, str]],
    then: list[tuple[str, str, str]],
    since: list[tuple[str, str, str]],
    size: int,
    keys: frozenset[str] | None,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        bench = make_bench(Path(folder))
        edit(side_of(bench, Side.BILLING), first)
        settle(bench)
        edit(side_of(bench, Side.BILLING), then)
        run = settle(bench)
        edit(salesforce(bench), since)
        written = {key for entity, key in written_keys(bench.store, run) if entity == "tier"}
        chosen = written & keys if keys else frozenset()
        part = UndoPart({"tier": frozenset(chosen)}) if chosen else WHOLE
        if any(found.id == run for found in runs(bench.store)):
            one, other = undo(bench, run, 100, part), undo(bench, run, size, part)
            assert (one.operations, one.problems) == (other.operations, other.problems)
            assert (one.forecast, one.tally) == (other.forecast, other.tally)
        bench.store.close()
