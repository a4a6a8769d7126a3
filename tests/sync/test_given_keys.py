"""A system that gives keys itself: what was made from a Salesforce record is one with it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest

from app.connectors.protocol import Batch
from app.domain.control import CancelToken
from app.domain.diff import Kind
from app.domain.mapping import KEY
from app.domain.plan import CommitPlan, FieldChange, Operation, Outcome, OutcomeState, Verb
from app.domain.proposal import Choice
from app.domain.record import RecordKey, Side, exact
from app.store.choices import choose
from app.store.comparison import find_link
from app.store.pairing import pairings
from app.sync.commit import commit, resume
from app.sync.compare import compare
from app.sync.given_keys import MADE
from app.sync.planner import Selection, assembled, build_plan
from app.sync.refresh import RefreshRequest, refresh
from app.sync.undo import UndoPart, build_undo
from app.sync.workbench import Workbench
from tests.keyed_side import KeyedSide, keyed, keyed_bench

NEVER = CancelToken()
PRO = ("Pro", exact(Decimal(49)), None)


def quiet(_progress: object) -> None:
    """Report nothing."""


@dataclass
class Giving(KeyedSide):
    """A side that gives a new record a key of its own, once for each idempotency key."""

    def write(self, batch: Batch, cancel: CancelToken) -> Iterator[Outcome]:  # noqa: ARG002
        for operation in batch.operations:
            values = tuple(change.after for change in operation.changes)
            key = f"given-{operation.idempotency_key[:6]}"
            if RecordKey("plan", key) not in self.records:
                self.add("plan", key, key, *values)  # type: ignore[arg-type] # no base in an insert
            self.lose -= 1
            if self.lose >= 0:
                yield Outcome(operation, OutcomeState.UNKNOWN, "no answer")
            else:
                yield Outcome(operation, OutcomeState.WRITTEN, side_id=key, key=key)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    """Return a workbench whose billing side gives keys itself, both sides empty."""
    made = keyed_bench(tmp_path)
    billing = Giving(Side.BILLING, made.mapping)
    made = replace(made, connectors={**made.connectors, Side.BILLING: billing})
    yield made
    made.store.close()


def again(bench: Workbench) -> dict[Kind, int]:
    refresh(bench, RefreshRequest(full=True), NEVER, quiet)
    return kinds(bench)


def kinds(bench: Workbench) -> dict[Kind, int]:
    counts = compare(bench, NEVER, quiet)["plan"]
    return {kind: count for kind, count in counts.items() if count}


def settled(bench: Workbench) -> None:
    assert commit(bench, build_plan(bench, Selection(), NEVER, quiet), NEVER, quiet).is_clean


def taken_from_salesforce(bench: Workbench, key: str) -> None:
    link = find_link(bench.store, bench.mapping.entity("plan"), key) or 0
    choose(bench.store, {link: Choice(ticked=True, take={"*": "salesforce"})})


def keys(bench: Workbench, side: Side) -> set[str]:
    return {place.key for place, found in keyed(bench, side).records.items() if found}


def test_the_key_that_was_given_is_written_back(bench: Workbench) -> None:
    keyed(bench, Side.SALESFORCE).add("plan", "mine", "id1", *PRO)
    assert again(bench) == {Kind.ONLY_IN_SALESFORCE: 1}
    taken_from_salesforce(bench, "mine")
    settled(bench)
    (made,) = keys(bench, Side.BILLING)
    assert made.startswith("given-")
    assert kinds(bench) == {Kind.DIFFERENT: 1}
    (pair,) = pairings(bench.store)
    assert (pair.key, pair.own_key, pair.side_id, pair.rule) == (made, "mine", "id1", MADE)
    settled(bench)
    assert keys(bench, Side.SALESFORCE) == {made}
    assert again(bench) == {Kind.IDENTICAL: 1}


def test_it_is_the_same_when_the_answer_was_lost(bench: Workbench) -> None:
    keyed(bench, Side.SALESFORCE).add("plan", "mine", "id1", *PRO)
    again(bench)
    taken_from_salesforce(bench, "mine")
    keyed(bench, Side.BILLING).lose = 2
    plan = build_plan(bench, Selection(), NEVER, quiet)
    assert commit(bench, plan, NEVER, quiet).unknown == 1
    found = resume(bench, NEVER, quiet)
    assert found is not None
    assert found.written == 1
    assert len(keys(bench, Side.BILLING)) == 1
    assert kinds(bench) == {Kind.DIFFERENT: 1}
    settled(bench)
    assert again(bench) == {Kind.IDENTICAL: 1}


def test_an_undo_takes_back_the_record_under_the_key_that_was_given(bench: Workbench) -> None:
    keyed(bench, Side.SALESFORCE).add("plan", "mine", "id1", *PRO)
    again(bench)
    taken_from_salesforce(bench, "mine")
    made = commit(bench, build_plan(bench, Selection(), NEVER, quiet), NEVER, quiet).commit
    (given,) = keys(bench, Side.BILLING)
    plan = build_undo(bench, made, NEVER, quiet, UndoPart({"plan": frozenset({"mine"})}))
    (operation,) = plan.operations
    assert (operation.verb, operation.key, operation.side_id) == (Verb.DELETE, given, given)


def test_a_record_without_a_key_is_named_by_its_id(bench: Workbench) -> None:
    keyed(bench, Side.SALESFORCE).add("plan", "", "id1", *PRO)
    again(bench)
    changes = tuple(
        FieldChange(field.name, None, value)
        for field, value in zip(bench.mapping.entity("plan").fields, PRO, strict=True)
    )
    made = Operation("plan", "id1", Side.BILLING, Verb.INSERT, changes, None)
    assert commit(bench, assembled(bench, [made], ()), NEVER, quiet).is_clean
    assert kinds(bench) == {Kind.DIFFERENT: 1}
    plan = build_plan(bench, Selection(), NEVER, quiet)
    (key,) = keys(bench, Side.BILLING)
    assert [o.changes for o in plan.operations] == [(FieldChange(KEY, None, key),)]


def test_what_was_made_from_nothing_is_only_in_billing(bench: Workbench) -> None:
    again(bench)
    names = bench.mapping.entity("plan").index
    changes = tuple(FieldChange(name, None, None) for name in names)
    made = Operation("plan", "new-1", Side.BILLING, Verb.INSERT, changes, None)
    assert commit(bench, assembled(bench, [made], ()), NEVER, quiet).is_clean
    assert kinds(bench) == {Kind.ONLY_IN_BILLING: 1}
    assert pairings(bench.store) == ()
    assert again(bench) == {Kind.ONLY_IN_BILLING: 1}


def planned(bench: Workbench) -> CommitPlan:
    keyed(bench, Side.SALESFORCE).add("plan", "mine", "id1", *PRO)
    again(bench)
    taken_from_salesforce(bench, "mine")
    return build_plan(bench, Selection(), NEVER, quiet)


def test_a_plan_that_is_committed_twice_makes_nothing_twice(bench: Workbench) -> None:
    plan = planned(bench)
    first, second = (commit(bench, plan, NEVER, quiet) for _ in range(2))
    assert (first.written, second.written, second.stale) == (1, 0, 1)
    assert f"commit {first.commit} has made it already: it is given-" in second.failures[0].message
    assert len(keys(bench, Side.BILLING)) == 1


def test_what_was_made_and_is_gone_may_be_made_once_more(bench: Workbench) -> None:
    plan = planned(bench)
    commit(bench, plan, NEVER, quiet)
    keyed(bench, Side.BILLING).records.clear()
    again(bench)
    assert commit(bench, plan, NEVER, quiet).written == 1
