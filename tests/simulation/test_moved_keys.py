"""Keys that move while others refer to their records: the mirror must not keep the old ones.

What refers to a record was not changed itself, so that no read of changes tells of it.
"""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from app.domain.control import CancelToken
from app.domain.plan import Verb
from app.domain.record import RecordKey, Side, exact
from app.store.set_aside import set_aside
from app.sync.refresh import RefreshRequest, refresh
from tests.simulation.connector import Ways
from tests.simulation.invariants import mirror_agrees
from tests.simulation.keyed_server import KeyedServer
from tests.simulation.simulator import Simulation
from tests.simulation.world import calm_world


@pytest.fixture
def telling() -> Iterator[Simulation]:
    """Return a calm world in which Salesforce tells what changed, with a plan and its tier."""
    with calm_world() as simulation:
        simulation.engine.connectors[Side.SALESFORCE].ways = Ways(page_size=1, tells_changes=True)
        for server in simulation.servers.values():
            server.put(RecordKey("plan", "P8"), ["a", None, None])
            server.put(RecordKey("tier", "T9"), [None, None, "P8"])
        yield simulation


def _rekey(simulation: Simulation, key: str, new: str) -> None:
    salesforce = simulation.servers[Side.SALESFORCE]
    assert isinstance(salesforce, KeyedServer)
    salesforce.rekey(RecordKey("plan", key), new)


@pytest.mark.parametrize("full", [True, False])
def test_what_refers_to_a_record_that_gets_a_key_is_read_again(
    telling: Simulation, *, full: bool
) -> None:
    bench = telling.engine.bench
    _rekey(telling, "P8", "")
    telling.look()
    _rekey(telling, "", "X1")
    request = RefreshRequest(entities=("plan",), full=full)
    refresh(bench, request, CancelToken(), telling.engine.report)
    telling.look()
    assert list(mirror_agrees(bench, telling.servers)) == []


def test_what_was_read_before_what_it_refers_to_is_read_again_with_it(
    telling: Simulation,
) -> None:
    bench = telling.engine.bench
    set_aside(bench.store, Side.SALESFORCE, "simulated")
    refresh(bench, RefreshRequest(entities=("tier",)), CancelToken(), telling.engine.report)
    _rekey(telling, "P8", "X1")
    telling.look()
    assert list(mirror_agrees(bench, telling.servers)) == []


def test_what_refers_to_a_record_whose_key_another_got_is_read_again(telling: Simulation) -> None:
    telling.look()
    _rekey(telling, "P8", "X1")
    telling.servers[Side.SALESFORCE].put(RecordKey("plan", "P8"), ["made anew", None, None])
    telling.look()
    assert list(mirror_agrees(telling.engine.bench, telling.servers)) == []


def test_what_refers_to_a_record_that_a_commit_missed_is_read_again(telling: Simulation) -> None:
    telling.look()
    telling.servers[Side.BILLING].edit(RecordKey("plan", "P8"), "price", exact(Decimal(2)))
    telling.look()
    telling.plan(frozenset({Verb.UPDATE}), drawn=False)
    _rekey(telling, "P8", "X1")
    result = telling.commit()
    assert result is not None
    assert result.stale == 1
    telling.look()
    assert list(mirror_agrees(telling.engine.bench, telling.servers)) == []


def test_what_refers_to_a_record_that_a_read_of_its_account_missed_is_read_again(
    telling: Simulation,
) -> None:
    telling.look()
    bench = telling.engine.bench
    _rekey(telling, "P8", "X1")
    refresh(bench, RefreshRequest(account="P8"), CancelToken(), telling.engine.report)
    telling.look()
    assert list(mirror_agrees(bench, telling.servers)) == []
