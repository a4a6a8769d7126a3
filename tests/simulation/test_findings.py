"""What the simulator found, each as the shortest story that shows it."""

from collections.abc import Iterator

import pytest

from app.domain.plan import Verb
from app.domain.record import RecordKey, Side
from tests.simulation.connector import Ways
from tests.simulation.server import ARIA, ORB, Semantics
from tests.simulation.simulator import Simulation, world

PLACE = RecordKey("plan", "P9")


@pytest.fixture
def calm() -> Iterator[Simulation]:
    """Return a world in which nothing goes wrong, with a plan that Salesforce lacks."""
    with world(1) as simulation:
        simulation.is_quiet = True
        simulation.fate.calm()
        for connector in simulation.engine.connectors.values():
            connector.ways = Ways()
        simulation.servers[Side.BILLING].put(PLACE, ["a", None, None])
        simulation.look()
        yield simulation


@pytest.mark.xfail(
    reason="a plan's idempotency keys are those of its first commit: seed 1138 of 2026-11-22",
    strict=False,
)
@pytest.mark.parametrize("semantics", [ORB, ARIA])
def test_a_plan_that_is_committed_again_writes_what_was_deleted_since(
    calm: Simulation, semantics: Semantics
) -> None:
    salesforce = calm.servers[Side.SALESFORCE]
    salesforce.semantics = semantics
    calm.plans_again = True
    calm.plan(frozenset({Verb.INSERT}), drawn=False)
    calm.commit()
    assert PLACE in salesforce.rows
    salesforce.drop(PLACE)
    calm.commit()
    assert PLACE in salesforce.rows


@pytest.mark.xfail(
    reason="the planner goes by the kind that the last compare stored: seed 1561 of 2026-11-22",
    strict=False,
)
def test_a_plan_without_a_compare_deletes_nothing_that_nobody_ticked(calm: Simulation) -> None:
    salesforce, billing = calm.servers[Side.SALESFORCE], calm.servers[Side.BILLING]
    salesforce.put(PLACE, ["b", None, None])
    billing.drop(PLACE)
    calm.refresh_both()
    calm.plan(None, drawn=False)
    assert not calm.violations
