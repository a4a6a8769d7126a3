"""Prepare: what is chosen, what is noted, and what can be taken back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.connectors.preparer import Deployed, PartKey, PartState
from app.domain.control import CancelToken, no_report
from app.errors import Cancelled, StoreError, WrongUse
from app.sync.prepare import (
    Notes,
    can_prepare,
    look,
    prepare,
    removable,
    ticked,
    undo,
    with_needs,
    without,
)
from app.sync.workbench import Workbench
from tests.fake_preparer import CODE, FIXED, KEYED, LOOK, NAME, PLAN, FakePreparer, preparable_bench
from tests.fakes import make_bench


@pytest.fixture
def system() -> FakePreparer:
    return FakePreparer()


@pytest.fixture
def bench(tmp_path: Path, system: FakePreparer) -> Iterator[Workbench]:
    made = preparable_bench(tmp_path, system)
    yield made
    made.store.close()


def prepared(bench: Workbench, *keys: PartKey) -> Deployed:
    survey = look(bench, CancelToken(), no_report)
    return prepare(bench, survey, keys or ticked(survey), CancelToken(), no_report)


def test_what_is_needed_and_can_be_made_is_ticked(bench: Workbench) -> None:
    survey = look(bench, CancelToken(), no_report)
    assert ticked(survey) == {PLAN, NAME, CODE, LOOK}


def test_a_part_brings_what_it_needs(bench: Workbench) -> None:
    survey = look(bench, CancelToken(), no_report)
    assert with_needs(survey, [LOOK]) == {LOOK, NAME, PLAN}


def test_without_a_part_goes_what_stands_on_it(bench: Workbench) -> None:
    survey = look(bench, CancelToken(), no_report)
    assert without(survey, ticked(survey), PLAN) == {CODE}


def test_what_was_made_is_noted_but_not_what_was_changed(bench: Workbench) -> None:
    assert len(prepared(bench).done) == 4
    assert Notes.of(bench).created("00D1") == (PLAN, NAME, LOOK)


def test_with_nothing_chosen_nothing_is_asked(bench: Workbench, system: FakePreparer) -> None:
    survey = look(bench, CancelToken(), no_report)
    assert prepare(bench, survey, (), CancelToken(), no_report) == Deployed()
    assert system.deployments == 0
    assert not Notes.of(bench).file.exists()


def test_what_was_refused_is_not_noted(bench: Workbench, system: FakePreparer) -> None:
    system.refuse = {NAME: "no"}
    assert prepared(bench).failures[0].key == NAME
    assert Notes.of(bench).created("00D1") == ()


def test_what_people_must_mend_is_refused_before_anything_is_sent(
    bench: Workbench, system: FakePreparer
) -> None:
    with pytest.raises(WrongUse, match=FIXED.name):
        prepared(bench, FIXED)
    assert system.deployments == 0


def test_advice_can_be_taken(bench: Workbench, system: FakePreparer) -> None:
    assert prepared(bench, KEYED).done == (KEYED,)
    assert KEYED not in {part.key for part in system.parts}


def test_a_cancel_leaves_no_note(bench: Workbench, system: FakePreparer) -> None:
    system.wait = True
    cancel = CancelToken()
    survey = look(bench, cancel, no_report)
    with pytest.raises(Cancelled):
        prepare(bench, survey, [PLAN], cancel, lambda _progress: cancel.cancel())
    assert Notes.of(bench).created("00D1") == ()


def test_only_what_concord_made_is_taken_back(bench: Workbench, system: FakePreparer) -> None:
    prepared(bench)
    removals = removable(bench, CancelToken(), no_report)
    assert [(r.key, r.records) for r in removals] == [(PLAN, 12), (NAME, 0), (LOOK, 0)]
    undo(bench, removals, CancelToken(), no_report)
    assert system.removed == [PLAN, NAME, LOOK]
    assert Notes.of(bench).created("00D1") == ()


def test_what_somebody_deleted_meanwhile_is_not_deleted_again(
    bench: Workbench, system: FakePreparer
) -> None:
    gone = next(part for part in system.parts if part.key == LOOK)
    assert gone.state is PartState.MISSING
    prepared(bench)
    system.parts.append(gone)
    assert LOOK not in {r.key for r in removable(bench, CancelToken(), no_report)}


def test_with_nothing_made_there_is_nothing_to_take_back(bench: Workbench) -> None:
    with pytest.raises(WrongUse, match="nothing that Concord made"):
        removable(bench, CancelToken(), no_report)


def test_what_another_org_has_is_not_taken_back(bench: Workbench) -> None:
    Notes.of(bench).write("00D2", [PLAN])
    with pytest.raises(WrongUse, match="nothing that Concord made"):
        removable(bench, CancelToken(), no_report)


def test_what_is_gone_and_comes_back_is_not_concords(
    bench: Workbench, system: FakePreparer
) -> None:
    Notes.of(bench).write("00D1", [PLAN])  # as a run left it that broke off before it was made
    look(bench, CancelToken(), no_report)
    assert Notes.of(bench).created("00D1") == ()
    system.parts = []  # somebody made it by hand
    with pytest.raises(WrongUse, match="nothing that Concord made"):
        removable(bench, CancelToken(), no_report)


def test_damaged_notes_are_named_before_anything_is_made(
    bench: Workbench, system: FakePreparer
) -> None:
    Notes.of(bench).file.write_text("[]", "utf-8")
    with pytest.raises(StoreError, match="is damaged"):
        prepared(bench)
    assert system.deployments == 0


def test_a_system_without_preparation_says_so(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    assert not can_prepare(bench)
    with pytest.raises(WrongUse, match="cannot prepare"):
        look(bench, CancelToken(), no_report)
    bench.store.close()
