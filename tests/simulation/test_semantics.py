"""The simulated systems treat a write that reaches them again as the real ones do."""

from dataclasses import replace
from random import Random

import pytest

from app.domain.plan import FieldChange, Operation, Verb
from app.domain.record import RecordKey, Side
from tests.simulation.fate import HOUR_S, Fate
from tests.simulation.keyed_server import KeyedServer
from tests.simulation.people import simulated_mapping
from tests.simulation.server import ARIA, CLASH, ORB, SALESFORCE, USED, Semantics, Sent, Server

PLACE = RecordKey("plan", "P1")


def fate() -> Fate:
    return Fate(Random(1))  # noqa: S311 - drawn from a seed, nothing is secret


def server(semantics: Semantics) -> Server:
    return Server(Side.SALESFORCE, simulated_mapping(), semantics, fate())


def keyed(semantics: Semantics) -> KeyedServer:
    return KeyedServer(Side.SALESFORCE, simulated_mapping(), semantics, fate())


def insert(key: str, name: str = "a") -> Sent:
    changes = tuple(
        FieldChange(field, None, value)
        for field, value in (("name", name), ("price", None), ("family", None))
    )
    operation = Operation("plan", "P1", Side.SALESFORCE, Verb.INSERT, changes, None)
    return Sent(replace(operation, idempotency_key=key), read_at=0)


def test_orb_answers_a_key_again_for_48_hours_and_does_nothing() -> None:
    orb = server(ORB)
    first = orb.carry_out(insert("k"))
    orb.fate.clock_s += 47 * HOUR_S
    assert orb.carry_out(insert("k")) == first
    assert len(orb.rows[PLACE]) == 1


def test_orb_has_forgotten_a_key_after_48_hours() -> None:
    orb = server(ORB)
    orb.carry_out(insert("k"))
    orb.fate.clock_s += 49 * HOUR_S
    orb.carry_out(insert("k"))
    assert len(orb.rows[PLACE]) == 2


def test_orb_refuses_a_key_with_another_body() -> None:
    orb = server(ORB)
    orb.carry_out(insert("k"))
    assert orb.carry_out(insert("k", "b")).refusal == CLASH


def test_aria_refuses_a_receipt_that_was_used() -> None:
    aria = server(ARIA)
    assert not aria.carry_out(insert("k")).refusal
    assert aria.carry_out(insert("k")).refusal == USED
    assert len(aria.rows[PLACE]) == 1


def test_aria_takes_a_receipt_again_whose_call_had_failed() -> None:
    aria = server(ARIA)
    aria.refused = frozenset({"a"})
    assert aria.carry_out(insert("k")).refusal
    aria.refused = frozenset()
    assert not aria.carry_out(insert("k")).refusal


def test_salesforce_makes_an_insert_of_a_known_external_id_an_update() -> None:
    salesforce = server(SALESFORCE)
    salesforce.carry_out(insert("k"))
    salesforce.carry_out(insert("k", "b"))
    assert [row.values[0] for row in salesforce.rows[PLACE]] == ["b"]


@pytest.mark.parametrize(("moved_at", "found"), [(1, []), (0, ["written twice: insert"])])
def test_what_got_its_key_after_the_last_look_was_not_there_to_be_seen(
    moved_at: int, found: list[str]
) -> None:
    salesforce = keyed(SALESFORCE)
    made = insert("k")
    salesforce.carry_out(replace(made, operation=replace(made.operation, key="P3")))
    salesforce.fate.time = moved_at
    salesforce.rekey(RecordKey("plan", "P3"), "P1")
    salesforce.carry_out(insert("k2"))
    assert [words.partition(" Record")[0] for words in salesforce.violations] == found


@pytest.mark.parametrize("semantics", [ORB, ARIA, SALESFORCE])
def test_a_parent_that_is_missing_and_a_child_that_is_left_are_refused(
    semantics: Semantics,
) -> None:
    held = server(semantics)
    assert held.refusal(Verb.INSERT, RecordKey("tier", "T1"), {"plan": "P1"})
    held.put(PLACE, ["a", None, None])
    held.put(RecordKey("tier", "T1"), [None, None, "P1"])
    assert held.refusal(Verb.DELETE, PLACE, {})
