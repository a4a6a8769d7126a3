"""A world in which nothing goes wrong, for stories."""

from collections.abc import Iterator

import pytest

from app.domain.record import Side
from tests.simulation.simulator import Simulation
from tests.simulation.world import PLACE, calm_world


@pytest.fixture
def calm() -> Iterator[Simulation]:
    """Return a world in which nothing goes wrong, with a plan that Salesforce lacks."""
    with calm_world() as simulation:
        simulation.servers[Side.BILLING].put(PLACE, ["a", None, None])
        simulation.look()
        yield simulation
