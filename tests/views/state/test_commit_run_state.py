"""A commit under way, in numbers; a gate between two calls."""

import threading

import pytest

from app.domain.control import CancelToken, Progress
from app.domain.plan import Part, Verb
from app.domain.record import Side
from app.errors import Cancelled
from app.sync.workbench import Workbench
from app.views.state.commit_run import Gate, Meter, gated, pace_words, used
from tests.fakes import catalog_mapping

TALLY = {
    Part("plan", Side.SALESFORCE, Verb.UPDATE): 30,
    Part("plan", Side.BILLING, Verb.UPDATE): 10,
    Part("rate", Side.SALESFORCE, Verb.INSERT): 60,
}


def test_a_meter_counts_by_entity() -> None:
    meter = Meter(TALLY, catalog_mapping())
    for done, what in ((5, "Plans"), (20, "Plans"), (45, "Rate tiers")):
        meter.note(Progress(done, 100, f"Committing {what}", "commit"))
    assert [(bar.name, bar.done, bar.total) for bar in meter.bars] == [
        ("Plans", 20, 40),
        ("Rate tiers", 25, 60),
    ]
    assert meter.bars[0].text == "20 of 40"
    assert (meter.done, meter.total) == (45, 100)


def test_what_is_read_before_does_not_count() -> None:
    meter = Meter(TALLY, catalog_mapping())
    meter.note(Progress(50, 100, "Reading Plans", "preflight"))
    assert meter.done == 0


def test_the_pace_is_told_with_what_is_left() -> None:
    meter = Meter(TALLY, catalog_mapping())
    meter.note(Progress(50, 100, "Committing Plans", "commit"))
    assert pace_words(meter, 10) == "50 of 100 \u00b7 5 a second \u00b7 about 10 s left"


def test_calls_are_counted_from_the_start_of_the_commit() -> None:
    assert used({Side.BILLING: 12}, {Side.BILLING: 10}) == {Side.BILLING: 2}


def test_a_closed_gate_lets_nobody_through_until_it_opens() -> None:
    gate = Gate()
    gate.pass_through(CancelToken())
    gate.close()
    timer = threading.Timer(0.05, gate.open)
    timer.start()
    gate.pass_through(CancelToken())
    timer.join()
    assert gate.closed_s > 0
    assert not gate.is_closed


def test_a_cancel_goes_through_a_closed_gate() -> None:
    gate, token = Gate(), CancelToken()
    gate.close()
    token.cancel()
    with pytest.raises(Cancelled):
        gate.pass_through(token)


def test_a_gated_workbench_is_the_same_but_for_the_gate(bench: Workbench) -> None:
    held = gated(bench, Gate())
    entity = bench.mapping.entity("plan")
    assert held.calls() == bench.calls()
    assert held.abilities(entity) == bench.abilities(entity)
