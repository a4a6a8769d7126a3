"""Commits that broke off, and what came to pass before they were resumed, as short stories."""

from concurrent.futures import Future
from contextlib import nullcontext
from decimal import Decimal

import pytest

from app.domain.control import CancelToken
from app.domain.plan import Outcome, Verb
from app.domain.plan_json import plan_from_json
from app.domain.record import RecordKey, Side, exact
from app.errors import StoreError
from app.store.journal import open_runs
from app.sync.commit import commit, resume
from app.sync.sender import Sender
from tests.simulation.connector import Ways
from tests.simulation.invariants import mirror_agrees
from tests.simulation.keyed_server import KeyedServer
from tests.simulation.server import ORB
from tests.simulation.simulator import Simulation
from tests.simulation.world import PLACE


def _takes_nothing(_sender: Sender, future: "Future[list[Outcome]]") -> None:
    future.result()
    raise StoreError("There is no space left.")


@pytest.mark.parametrize("key", ["X1", None])
def test_what_a_system_answers_again_is_read_again_though_an_earlier_read_saw_it_go(
    calm: Simulation, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    salesforce, bench = calm.servers[Side.SALESFORCE], calm.engine.bench
    assert isinstance(salesforce, KeyedServer)
    salesforce.semantics, child = ORB, RecordKey("tier", "T9")
    calm.engine.connectors[Side.SALESFORCE].ways = Ways(tells_changes=True)
    for server in (salesforce, calm.servers[Side.BILLING]):
        server.put(RecordKey("plan", "P8"), ["a", None, None])
    calm.servers[Side.BILLING].put(child, [None, "n", "P8"])
    calm.servers[Side.BILLING].drop(PLACE)
    calm.look()
    calm.plan(frozenset({Verb.INSERT}), drawn=False)
    plan = plan_from_json(calm.plans[-1], bench.mapping, bench.name)
    monkeypatch.setattr(Sender, "_take", _takes_nothing)
    with pytest.raises(StoreError):
        commit(bench, plan, CancelToken(), calm.engine.report)
    monkeypatch.undo()
    salesforce.rekey(child, key) if key else salesforce.drop(child)
    for _ in range(2):
        calm.look()
    result = resume(bench, CancelToken(), calm.engine.report)
    assert result is not None
    assert (result.written, child in salesforce.rows) == (1, False)
    calm.look()
    assert list(mirror_agrees(bench, calm.servers)) == []


@pytest.mark.parametrize("is_cut", [False, True])
def test_what_a_later_commit_put_back_is_not_written_again_by_the_earlier_one(
    calm: Simulation, monkeypatch: pytest.MonkeyPatch, *, is_cut: bool
) -> None:
    salesforce, billing = calm.servers[Side.SALESFORCE], calm.servers[Side.BILLING]
    bench = calm.engine.bench
    calm.plan(frozenset({Verb.INSERT}), drawn=False)
    calm.commit()
    for price, is_lost in ((exact(Decimal(2)), True), (None, is_cut)):
        billing.edit(PLACE, "price", price)
        calm.look()
        calm.plan(frozenset({Verb.UPDATE}), drawn=False)
        plan = plan_from_json(calm.plans[-1], bench.mapping, bench.name)
        with monkeypatch.context() as patch:
            if is_lost:
                patch.setattr(Sender, "_take", _takes_nothing)
            with pytest.raises(StoreError) if is_lost else nullcontext():
                commit(bench, plan, CancelToken(), calm.engine.report)
    result = resume(bench, CancelToken(), calm.engine.report)
    assert result is not None
    assert (result.stale, result.written) == (1, 0)
    assert "has written the record since" in result.failures[0].message
    if is_cut:
        result = resume(bench, CancelToken(), calm.engine.report)
        assert result is not None
        assert result.is_clean
    assert open_runs(bench.store) == []
    assert salesforce.rows[PLACE][0].values == ["a", None, None]
