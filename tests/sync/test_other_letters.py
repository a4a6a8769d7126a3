"""A target that takes `pro` and `PRO` for one key is not written over under the other's name."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest

from app.connectors.protocol import Page, ReadRequest, Scope
from app.domain.control import CancelToken, no_report
from app.domain.plan import Operation
from app.domain.record import RecordKey, Side
from app.store.workspace import Store
from app.sync import preflight
from app.sync.commit import CommitResult, commit
from app.sync.compare import compare
from app.sync.planner import Selection, build_plan
from app.sync.refresh import RefreshRequest, refresh
from app.sync.undo import build_undo
from app.sync.workbench import Workbench
from tests.fakes import FakeSide, small_mapping

ONE = "Salesforce has a record with the key 'PRO', and takes the two for one"


@dataclass
class FoldingSide(FakeSide):
    """A side whose keys are the same in upper and lower letters, if `folds`."""

    folds: bool = True

    def _there(self, place: RecordKey) -> RecordKey:
        """Return where a record of that key stands."""
        for held in self.records if self.folds else ():
            if (held.entity, held.key.casefold()) == (place.entity, place.key.casefold()):
                return held
        return place

    def read(self, request: ReadRequest, cancel: CancelToken) -> Iterator[Page]:
        if request.scope is Scope.KEYS and request.any_case:
            name = request.entities[0].name
            keys = [self._there(RecordKey(name, key)).key for key in request.keys]
            request = replace(request, keys=tuple(dict.fromkeys(keys)))
        yield from super().read(request, cancel)

    def _carry_out(self, operation: Operation) -> None:
        super()._carry_out(replace(operation, key=self._there(operation.record_key).key))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    """Return a workbench where billing has `pro`, and Salesforce another record, `PRO`."""
    mapping = small_mapping()
    sides = {side: FoldingSide(side, mapping) for side in Side}
    sides[Side.BILLING].put("plan", "pro", "Pro", Decimal(1), None)
    sides[Side.SALESFORCE].put("plan", "PRO", "A person's", Decimal(2), "Anna")
    made = Workbench("test", mapping, Store(tmp_path / "s.sqlite", mapping), sides)
    yield made
    made.store.close()


def org(bench: Workbench) -> FoldingSide:
    found = bench.connectors[Side.SALESFORCE]
    assert isinstance(found, FoldingSide)
    return found


def settle(bench: Workbench) -> CommitResult:
    refresh(bench, RefreshRequest(), CancelToken(), no_report)
    compare(bench, CancelToken(), no_report)
    plan = build_plan(bench, Selection(), CancelToken(), no_report)
    return commit(bench, plan, CancelToken(), no_report)


@pytest.mark.parametrize("by_mirror", [False, True])
def test_the_record_with_the_key_in_other_letters_is_left_alone(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, *, by_mirror: bool
) -> None:
    if by_mirror:
        monkeypatch.setattr(preflight, "cheaper_by_cursor", lambda _bench, lots, _sent: {*lots})
    result = settle(bench)
    assert [(one.key, one.message) for one in result.failures] == [("pro", ONE)]
    assert org(bench).values("plan") == {"PRO": ("A person's", 2, "Anna")}


@pytest.mark.parametrize("folds", [True, False])
def test_of_two_that_come_at_once_the_target_says_whether_they_are_one(
    bench: Workbench, *, folds: bool
) -> None:
    org(bench).records.clear()
    org(bench).folds = folds
    billing = bench.connectors[Side.BILLING]
    assert isinstance(billing, FoldingSide)
    billing.put("plan", "PRO", "Another", Decimal(3), None)
    result = settle(bench)
    assert (result.written, result.stale) == ((1, 1) if folds else (2, 0))
    assert org(bench).values("plan")["PRO"] == ("Another", 3, None)
    assert ("pro" in org(bench).values("plan")) is not folds


def test_an_undo_takes_none_for_another_in_other_letters(bench: Workbench) -> None:
    org(bench).records.clear()
    run = settle(bench).commit
    org(bench).drop("plan", "pro")
    org(bench).put("plan", "PRO", "Pro", Decimal(1), None)
    undo = build_undo(bench, run, CancelToken(), no_report)
    assert undo.operations == ()
    assert [one.message for one in undo.problems] == ["it is not there any more"]
