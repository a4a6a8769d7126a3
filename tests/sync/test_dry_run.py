"""The dry run: what the target's rules and limits say of a plan before anything is sent."""

from pathlib import Path

import pytest

from app.connectors.protocol import Quota, Resource
from app.domain.constraint import Constraints, FieldRule
from app.domain.control import CancelToken, no_report
from app.domain.plan import CommitPlan
from app.domain.record import Side
from app.sync.commit import commit, resume
from app.sync.compare import compare
from app.sync.planner import Selection, build_plan
from app.sync.refresh import RefreshRequest, refresh
from app.sync.workbench import Workbench
from tests.fakes import FakeSide, make_bench, side_of


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    bench = make_bench(tmp_path)
    side_of(bench, Side.BILLING).put("plan", "A", "Pro", 1, None)
    return bench


def org(bench: Workbench) -> FakeSide:
    return side_of(bench, Side.SALESFORCE)


def planned(bench: Workbench, sides: tuple[Side, ...] = tuple(Side)) -> CommitPlan:
    def quiet(*_args: object) -> None:
        """Say nothing."""

    refresh(bench, RefreshRequest(sides), CancelToken(), quiet)
    compare(bench, CancelToken(), quiet)
    return build_plan(bench, Selection(), CancelToken(), quiet)


def told(bench: Workbench) -> list[tuple[str, str, str]]:
    return [(p.severity, p.key, p.message) for p in planned(bench).problems]


def test_what_the_target_says_of_a_field_is_held_against_its_value(bench: Workbench) -> None:
    org(bench).rules["plan"] = Constraints({"name": FieldRule(length=2)})
    assert told(bench) == [("error", "A", "name: 3 characters, the field holds 2")]


def test_a_field_that_must_be_given_and_is_not_is_told(bench: Workbench) -> None:
    org(bench).rules["plan"] = Constraints({"family": FieldRule(required=True)}, ("Region__c",))
    assert told(bench) == [
        ("error", "A", "family: it must have a value"),
        ("error", "A", "Salesforce wants Region__c, which is not mapped"),
    ]


def test_a_value_that_must_be_once_and_comes_twice_is_told(bench: Workbench) -> None:
    side_of(bench, Side.BILLING).put("plan", "B", "Pro", 2, None)
    org(bench).rules["plan"] = Constraints({"name": FieldRule(unique=True)})
    assert told(bench) == [("error", "B", "name: 'Pro' is that of A too, and must be once")]


def test_a_value_that_must_be_once_and_is_there_already_is_told(bench: Workbench) -> None:
    for side in Side:
        side_of(bench, side).put("plan", "B", "Pro", 2, None)
    org(bench).rules["plan"] = Constraints({"name": FieldRule(unique=True)})
    assert told(bench) == [("error", "A", "name: 'Pro' is that of B, and must be once")]


def test_a_value_that_its_record_gives_up_is_free(bench: Workbench) -> None:
    side_of(bench, Side.BILLING).put("plan", "B", "Basic", 2, None)
    planned(bench)
    for side in Side:
        side_of(bench, side).put("plan", "B", "Pro", 2, None)
    planned(bench)
    side_of(bench, Side.BILLING).put("plan", "B", "Basic", 2, None)
    org(bench).rules["plan"] = Constraints({"name": FieldRule(unique=True)})
    assert told(bench) == []


def test_what_cannot_be_checked_is_listed(bench: Workbench) -> None:
    org(bench).rules["plan"] = Constraints(not_checked=("the phase of the moon",))
    assert "the phase of the moon" in planned(bench).not_checked


def test_a_side_that_was_never_read_is_not_checked(bench: Workbench) -> None:
    plan = planned(bench, (Side.BILLING,))
    assert "what Salesforce refuses of Plans: refresh it to learn that" in plan.not_checked


def test_a_plan_that_costs_more_than_is_left_says_so(bench: Workbench) -> None:
    org(bench).limits = [Quota("Calls", 0, 100, Resource.CALLS), Quota("Other", 0, 1)]
    assert told(bench) == [("error", "", "2 calls to Salesforce are needed, 0 are left today")]


def test_a_plan_made_beside_a_commit_that_broke_off_warns_of_it(bench: Workbench) -> None:
    for number in range(40):
        side_of(bench, Side.BILLING).put("plan", f"P{number}", "Pro", number, None)
    cancel = CancelToken()
    org(bench).fault = lambda _operation: cancel.cancel() or ""
    result = commit(bench, planned(bench), cancel, no_report)
    org(bench).fault = lambda _operation: ""
    words = f"commit {result.commit} broke off or is under way elsewhere: how it ends is not known"
    assert told(bench)[0] == ("warning", "", f"{words}; resume it or wait for it, then plan anew")
    resume(bench, CancelToken(), no_report)
    assert told(bench) == []
