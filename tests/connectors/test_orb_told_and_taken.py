"""What a write to Orb is told to cost is what it takes: each entity, each kind of operation."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from app.connectors.orb.credit_writes import LEDGER
from app.connectors.orb.quantities import quantity_calls
from app.connectors.protocol import Batch
from app.domain.control import CancelToken
from app.domain.plan import FieldChange, Operation, Outcome, OutcomeState, Verb
from app.domain.record import BaseValue, Side
from tests.connectors.orb_each_write import START, made_subscription, write_each
from tests.connectors.orb_world import OrbWorld


@dataclass
class Counting(OrbWorld):
    """Notes of each operation what it was told to cost, with the look before it, and what it took.

    Attributes:
        noted: Entity and verb of each, calls told, calls taken.
    """

    noted: list[tuple[str, Verb, int, int]] = field(default_factory=list)

    def write(self, entity: str, key: str, verb: Verb, **after: BaseValue) -> Outcome:
        mapped, connector = self.mapping.entity(entity), self.connector
        held = {} if verb is Verb.INSERT else self.values(entity, key)
        changes = tuple(FieldChange(name, held.get(name), new) for name, new in after.items())
        self.written += 1
        given = f"new-{key}" if entity == LEDGER else key
        made = Operation(entity, given, Side.BILLING, verb, changes, None, key, f"k{self.written}")
        reads = len({connector.read_once(mapped, given)} - {""})
        told = connector.forecast_reads(mapped, reads) + connector.calls_of(mapped, made)
        before = connector.calls
        self.read(entity, [given])
        (outcome,) = connector.write(Batch(mapped, (made,)), CancelToken())
        self.noted.append((entity, verb, told, connector.calls - before))
        return outcome


@pytest.fixture
def world(own_orb: OrbWorld) -> Iterator[Counting]:
    return Counting(own_orb.sandbox, own_orb.mapping, own_orb.connector)


def test_each_write_takes_the_calls_that_were_told(world: Counting) -> None:
    write_each(world)
    assert [told for *_, told, _ in world.noted] == [taken for *_, taken in world.noted]
    written = {(entity, verb) for entity, verb, *_ in world.noted}
    for name, writes in world.connector.desk.writes.items():
        if name != "customer":
            assert {(name, verb) for verb in writes.verbs} <= written


@pytest.mark.parametrize("currency", [None, "USD"])
def test_each_write_of_a_customer(currency: str | None, world: Counting) -> None:
    words = {"name": "Kestrel", "email": "k@k.example"}
    key = world.write("customer", "K", Verb.INSERT, **words, currency=currency).key
    for after in ({"name": "Falcon"}, {"metadata": '{"a":"1"}', "name": "Merlin"}):
        assert world.write("customer", key, Verb.UPDATE, **after).state is OutcomeState.WRITTEN
    gone = world.write("customer", key, Verb.DELETE, currency=None)
    assert gone.state is OutcomeState.WRITTEN, gone.message
    assert [told for *_, told, _ in world.noted] == [taken for *_, taken in world.noted]


def test_what_cannot_be_sent_takes_no_call(world: Counting) -> None:
    key = made_subscription(world)
    world.write("subscription", key, Verb.UPDATE, net_terms="soon")
    assert world.noted[-1][2:] == (1, 1)


def test_a_schedule_that_stays_takes_no_call() -> None:
    rows = [{"price_id": "p", "quantity": 3, "start_date": START.isoformat()}]
    assert quantity_calls(rows, rows) == 0
