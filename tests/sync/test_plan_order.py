"""Plans of many operations, of records that point at their own kind, and their files."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.control import CancelToken
from app.domain.diff import Kind
from app.domain.mapping_file import parse_mapping
from app.domain.plan import CommitPlan, Verb
from app.domain.record import Side
from app.errors import NotFound, PlanRefused, WrongUse
from app.sync import pieces
from app.sync import spool as spooling
from app.sync.commit import commit
from app.sync.compare import compare
from app.sync.plan_file import approve, load_plan, save_plan
from app.sync.planner import Selection, build_plan
from app.sync.refresh import RefreshRequest, refresh
from app.sync.spool import Spool
from app.sync.workbench import Workbench
from tests.fakes import make_bench, side_of

TREE = """
schema = 1
name = "tree"
billing = "fake"

[[entity]]
name = "account"
label = "Account"
plural = "Accounts"
sobject = "Account"
key = { billing = "id", salesforce = "Key__c" }
title = "name"

[[entity.fields]]
name = "name"
billing = "name"
salesforce = "Name"
type = "text"
owner = "billing"

[[entity.fields]]
name = "parent"
billing = "parent"
salesforce = "Parent__c"
type = "reference"
to = "account"
owner = "billing"
"""


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return make_bench(tmp_path, parse_mapping(TREE, "tree.toml"))


def quiet(*_args: object) -> None:
    """Say nothing."""


def planned(bench: Workbench, selection: Selection | None = None) -> CommitPlan:
    refresh(bench, RefreshRequest(), CancelToken(), quiet)
    compare(bench, CancelToken(), quiet)
    return build_plan(bench, selection or Selection(), CancelToken(), quiet)


def accounts(bench: Workbench, side: Side, rows: Iterable[tuple[str, str | None]]) -> None:
    for key, parent in rows:
        side_of(bench, side).put("account", key, f"Account {key}", parent)


def steps(plan: CommitPlan) -> list[tuple[str, str]]:
    return [(operation.verb.value, operation.key) for operation in plan.operations]


def test_a_parent_of_the_same_kind_is_written_before_its_children(bench: Workbench) -> None:
    accounts(bench, Side.BILLING, [("A", "B"), ("B", "C"), ("C", None), ("D", "A")])
    assert [key for _, key in steps(planned(bench))] == ["C", "B", "A", "D"]


def test_children_are_deleted_before_their_parent(bench: Workbench) -> None:
    accounts(bench, Side.SALESFORCE, [("A", "B"), ("B", "C"), ("C", None)])
    plan = planned(bench, Selection(verbs=frozenset(Verb)))
    assert steps(plan) == [("delete", "A"), ("delete", "B"), ("delete", "C")]


def test_a_circle_is_written_in_two_passes_and_both_sides_agree(bench: Workbench) -> None:
    accounts(bench, Side.BILLING, [("A", "B"), ("B", "A"), ("C", "A"), ("D", None)])
    plan = planned(bench)
    assert [verb for verb, _ in steps(plan)] == ["insert"] * 4 + ["update"] * 3
    result = commit(bench, plan, CancelToken(), quiet)
    assert (result.written, result.failed, result.stale) == (7, 0, 0)
    assert side_of(bench, Side.SALESFORCE).values("account")["A"] == ("Account A", "B")
    assert compare(bench, CancelToken(), quiet)["account"][Kind.IDENTICAL] == 4


def test_what_points_at_itself_is_written_in_two_passes_and_its_children_in_one(
    bench: Workbench,
) -> None:
    accounts(bench, Side.BILLING, [("A", "A"), ("B", "A")])
    plan = planned(bench)
    assert steps(plan) == [("insert", "A"), ("insert", "B"), ("update", "A")]
    result = commit(bench, plan, CancelToken(), quiet)
    assert (result.written, result.failed, result.stale) == (3, 0, 0)
    assert side_of(bench, Side.SALESFORCE).values("account")["A"] == ("Account A", "A")
    assert compare(bench, CancelToken(), quiet)["account"][Kind.IDENTICAL] == 2


def test_a_parent_that_was_not_chosen_is_brought_once(bench: Workbench) -> None:
    accounts(bench, Side.BILLING, [("A", "P"), ("B", "P"), ("P", "Q"), ("Q", None)])
    plan = planned(bench, Selection(keys={"account": frozenset("AB")}))
    assert [key for _, key in steps(plan)] == ["Q", "P", "A", "B"]
    assert [p.key for p in plan.problems] == ["P", "Q"]


def many(bench: Workbench, monkeypatch: pytest.MonkeyPatch, count: int = 60) -> CommitPlan:
    """Plan with so little memory that every piece has to go through files."""
    monkeypatch.setattr(spooling, "IN_MEMORY", 256)
    monkeypatch.setattr(spooling, "FEW", 3)
    monkeypatch.setattr(pieces, "SEGMENT", 7)
    accounts(
        bench, Side.BILLING, [(f"{n:03d}", f"{n - 1:03d}" if n else None) for n in range(count)]
    )
    return planned(bench)


def test_many_operations_are_sent_in_pieces_and_every_one_once(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = many(bench, monkeypatch)
    assert isinstance(plan.operations, Spool)
    assert commit(bench, plan, CancelToken(), quiet).written == 60
    written = [operation.key for operation in side_of(bench, Side.SALESFORCE).written]
    assert written == [f"{n:03d}" for n in range(60)]


def test_a_plan_of_many_operations_comes_back_from_its_file(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plan, file = many(bench, monkeypatch), tmp_path / "plan.json"
    save_plan(plan, file)
    again = load_plan(bench, file)
    assert isinstance(again.operations, Spool)
    assert list(again.operations) == list(plan.operations)
    assert again.operations[5:7] == plan.operations[5:7]
    assert (again.tally, again.counts) == (plan.tally, plan.counts)
    assert commit(bench, again, CancelToken(), quiet).written == 60


def test_a_plan_file_may_be_laid_out_anew_by_another_tool(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import json  # noqa: PLC0415 - what another tool would use

    plan, file = many(bench, monkeypatch), tmp_path / "plan.json"
    save_plan(plan, file)
    file.write_text(json.dumps(json.loads(file.read_text()), indent=4))
    assert list(load_plan(bench, file).operations) == list(plan.operations)


@pytest.mark.parametrize("cut", [30, 3000, 9000])
def test_a_plan_file_that_was_cut_is_refused(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cut: int
) -> None:
    file = tmp_path / "plan.json"
    save_plan(many(bench, monkeypatch), file)
    file.write_bytes(file.read_bytes()[:cut])
    with pytest.raises(PlanRefused, match="no whole JSON"):
        load_plan(bench, file)


def test_a_plan_file_in_which_a_line_was_changed_is_refused(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "plan.json"
    save_plan(many(bench, monkeypatch), file)
    file.write_text(file.read_text().replace("Account 011", "Account 012"))
    with pytest.raises(PlanRefused, match="changed after it was made"):
        load_plan(bench, file)


def test_an_approval_is_in_the_file_and_each_person_gives_one(
    bench: Workbench, tmp_path: Path
) -> None:
    accounts(bench, Side.BILLING, [("A", None)])
    file = tmp_path / "plan.json"
    save_plan(approve(planned(bench), "ann", "2026-11-22T10:00:00Z"), file)
    plan = load_plan(bench, file)
    assert [(one.who, one.at) for one in plan.approvals] == [("ann", "2026-11-22T10:00:00Z")]
    with pytest.raises(WrongUse, match="ann has approved this plan already"):
        approve(plan, "ann", "2026-11-23T10:00:00Z")


def test_a_plan_can_be_read_by_whoever_may_read_other_files(
    bench: Workbench, tmp_path: Path
) -> None:
    accounts(bench, Side.BILLING, [("A", None)])
    plan, file, other = planned(bench), tmp_path / "plan.json", tmp_path / "other"
    other.touch()
    save_plan(plan, file)
    assert file.stat().st_mode == other.stat().st_mode
    file.chmod(0o440)
    save_plan(approve(plan, "Bea", "2026-11-22T12:05:00Z"), file)
    assert file.stat().st_mode & 0o777 == 0o440


def test_a_plan_for_another_organisation_is_refused(bench: Workbench) -> None:
    accounts(bench, Side.BILLING, [("A", None)])
    plan = planned(bench)
    side_of(bench, Side.SALESFORCE).organization = "00D2"
    with pytest.raises(PlanRefused, match="made for Salesforce fake, connected now is 00D2"):
        commit(bench, plan, CancelToken(), quiet)
    assert side_of(bench, Side.SALESFORCE).written == []


def test_a_plan_that_cannot_be_written_or_read_says_so(bench: Workbench, tmp_path: Path) -> None:
    accounts(bench, Side.BILLING, [("A", None)])
    with pytest.raises(WrongUse, match="cannot be written"):
        save_plan(planned(bench), tmp_path / "nowhere" / "plan.json")
    with pytest.raises(NotFound, match="cannot be read"):
        load_plan(bench, tmp_path / "plan.json")


def test_a_plan_that_cannot_be_finished_leaves_the_old_file(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    accounts(bench, Side.BILLING, [("A", None)])
    plan, file = planned(bench), tmp_path / "plan.json"
    file.write_text("old")
    monkeypatch.setattr("app.sync.plan_file.END", None)
    with pytest.raises(TypeError):
        save_plan(replace(plan, created_by="x"), file)
    assert [path.name for path in tmp_path.glob("plan*")] == ["plan.json"]
    assert file.read_text() == "old"
