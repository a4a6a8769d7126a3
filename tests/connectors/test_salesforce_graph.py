"""Groups of changes that stand or fall together."""

from collections import Counter
from typing import Any

import pytest

from app.connectors.salesforce.bodies import Bodies
from app.connectors.salesforce.graph import Graphs
from app.domain.control import CancelToken
from app.domain.plan import Operation, Outcome, OutcomeState, Verb
from app.errors import AppError
from tests.connectors.world import World, make_operation

WRITTEN, FAILED, UNKNOWN = OutcomeState.WRITTEN, OutcomeState.FAILED, OutcomeState.UNKNOWN


def family(name: str, length: int = 5) -> list[Operation]:
    """A promotion and two plan sets that refer to it."""
    parent = make_operation("promotion", name, Verb.INSERT, name="p" * length)
    sets = [
        make_operation("plan_set", f"{name}/{n}", Verb.INSERT, name="s", promotion=name)
        for n in range(2)
    ]
    return [parent, *sets]


def write(world: World, *groups: list[Operation]) -> list[Outcome]:
    made: Any = world.connectors["salesforce"]
    session = made._session
    graphs = Graphs(session, world.mapping, Bodies(world.mapping, session.http.harmless))
    graphs._lock_pause_s = 0.001
    return list(graphs.write(groups, CancelToken()))


def states(outcomes: list[Outcome]) -> Counter[OutcomeState]:
    return Counter(outcome.state for outcome in outcomes)


def test_a_family_is_written_in_one_call(world: World) -> None:
    outcomes = write(world, family("A/b c"), family("B"))
    assert states(outcomes) == {WRITTEN: 6}
    assert world.calls("salesforce")["composite/graph"] == 1
    assert world.record("salesforce", "plan_set", "A/b c/1").parent == "A/b c"


def test_a_group_of_which_one_is_refused_is_not_written_and_stops_no_other(world: World) -> None:
    outcomes = write(world, family("BAD", length=81), family("GOOD"))
    assert states(outcomes) == {FAILED: 3, WRITTEN: 3}
    refused = {o.operation.key: o for o in outcomes if o.state is FAILED}
    assert refused["BAD"].message.startswith("STRING_TOO_LONG: ")
    assert refused["BAD"].field == "name"
    assert "BAD" in refused["BAD/0"].message
    assert world.read("salesforce", "promotion", ["BAD"]) == []


def test_deletes_and_updates_may_stand_in_a_group(world: World) -> None:
    coupons = world.read("salesforce", "coupon")[:2]
    gone = make_operation("coupon", coupons[0].key, Verb.DELETE, side_id=coupons[0].side_id)
    kept = make_operation("coupon", coupons[1].key, side_id=coupons[1].side_id, scope="x")
    assert states(write(world, [kept, gone])) == {WRITTEN: 2}
    assert world.read("salesforce", "coupon", [coupons[0].key]) == []


def test_many_groups_are_as_few_calls_as_the_limits_allow(world: World) -> None:
    groups = [family(f"F{n}") for n in range(80)]
    assert states(write(world, *groups)) == {WRITTEN: 240}
    assert world.calls("salesforce")["composite/graph"] == 2


def test_groups_that_were_not_looked_at_after_many_failures_are_sent_again(world: World) -> None:
    bad = [family(f"X{n}", length=81) for n in range(16)]
    outcomes = write(world, *bad, family("GOOD"))
    assert states(outcomes) == {FAILED: 48, WRITTEN: 3}


def test_a_group_that_others_hold_is_sent_again(world: World) -> None:
    world.fault(system="salesforce", endpoint="composite/graph", kind="row_error", rows_every=2)
    assert states(write(world, family("A"))) == {WRITTEN: 3}


def test_a_group_that_is_too_large_or_cannot_be_said_is_not_sent(world: World) -> None:
    large = [make_operation("coupon", f"C{n}", Verb.INSERT, name="c") for n in range(501)]
    nameless = [make_operation("coupon", "C", Verb.DELETE)]
    assert states(write(world, large, nameless, [])) == {FAILED: 502}
    assert "composite/graph" not in world.calls("salesforce")


def test_an_answer_that_stays_lost_leaves_a_group_unknown(world: World) -> None:
    world.fault(system="salesforce", endpoint="composite/graph", kind="drop_after", times=None)
    assert states(write(world, family("A"))) == {UNKNOWN: 3}


def test_a_lost_answer_to_upserts_is_asked_for_again(world: World) -> None:
    world.fault(system="salesforce", endpoint="composite/graph", kind="drop_after")
    assert states(write(world, family("A"))) == {WRITTEN: 3}


def test_an_outage_raises_and_nothing_is_written(world: World) -> None:
    world.fault(system="salesforce", endpoint="composite/graph", kind="unavailable", times=None)
    with pytest.raises(AppError, match="503"):
        write(world, family("A"))
