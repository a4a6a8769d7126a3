"""What a write to Aria is told to cost is what it takes: each entity, each kind of operation."""

from dataclasses import replace
from decimal import Decimal
from hashlib import sha256

import pytest

from app.connectors.aria import account_writes, writes
from app.connectors.protocol import Weighing
from app.domain.plan import Operation, OutcomeState, Verb
from app.domain.record import BaseValue, Side
from tests.connectors.account_world import (
    DOLLARS,
    FIRST,
    AccountWorld,
    another_master,
    key_of,
    master,
    tiered,
)
from tests.connectors.world import World, connected, make_operation

INSERT, UPDATE, DELETE = Verb.INSERT, Verb.UPDATE, Verb.DELETE
Change = dict[str, BaseValue]
CATALOG = [
    ("plan", {"name": "New"}), ("plan", {"description": "x", "family": "y"}),
    ("service", {"name": "New"}), ("item", {"name": "New", "description": None}),
    ("coupon", {"description": "x"}), ("promotion", {"description": "x"}),
    ("plan_set", {"name": "New"}),
]  # fmt: skip
ACCOUNT: list[Change] = [
    {"po_number": "x"},
    {"client_id": "MINE", "notify_method": "None"},
    {"responsibility_level": "Self Pay"},
    {"test_account": True},
    {"region": "APAC"},
    {"po_number": "x", "test_account": True, "region": "APAC", "responsibility_level": "Self Pay"},
    {"pay_method": "Tokenized Direct Debit"},
]
INSTANCE: list[Change] = [
    {"units": Decimal(3)},
    {"line_id": "LINE-9"},
    {"units": Decimal(3), "line_id": "LINE-9"},
    {"status": "Cancelled"},
    {"units": Decimal(3), "status": "Cancelled"},
]


def told_and_taken(world: World, operation: Operation) -> tuple[int, int]:
    """Return what one operation is told to cost, the look before it too, and what it took."""
    connector, entity = world.connectors["aria"], world.mapping.entity(operation.entity)
    assert isinstance(connector, Weighing)
    reads = len({connector.read_once(entity, operation.key)} - {""})
    told = connector.forecast_reads(entity, reads) + connector.calls_of(entity, operation)
    before = connector.calls
    world.read("aria", operation.entity, [operation.key])
    (outcome,) = world.write("aria", operation.entity, operation)
    assert outcome.state is OutcomeState.WRITTEN, outcome.message
    return told, connector.calls - before


def operation(entity: str, key: str, verb: Verb = UPDATE, **after: BaseValue) -> Operation:
    made = make_operation(entity, key, verb, Side.BILLING, **after)
    return replace(made, idempotency_key=sha256(key.encode()).hexdigest()[:32])


def test_every_entity_that_aria_takes_stands_here() -> None:
    here = {name for name, _ in CATALOG} | {"account", "plan_instance"}
    here |= {"contact", "plan_instance_rate", "queued_change"}
    assert here == account_writes.WRITERS.keys() | writes.WRITERS.keys()


@pytest.mark.parametrize("supplemental", [0, 1])
@pytest.mark.parametrize(("entity", "after"), CATALOG)
def test_a_text_of_the_catalog(entity: str, after: Change, supplemental: int, world: World) -> None:
    plans = {row["key"] for row in world.state("aria", "plan") if row["supp_plan_ind"]}
    keys = [record.key for record in world.read("aria", entity)]
    key = next((key for key in keys if (key.split("|")[0] in plans) == bool(supplemental)), keys[0])
    new = connected("aria", world.ready["aria"], world.mapping)  # as in a process that read nothing
    fresh = World(world.ready, world.mapping, {"aria": new})
    told, taken = told_and_taken(fresh, operation(entity, key, **after))
    new.close()
    assert told == taken


@pytest.mark.parametrize("after", ACCOUNT)
def test_items_of_an_account(after: Change, accounts: AccountWorld) -> None:
    (method,) = accounts.truth("payment_method", FIRST)
    skipped = {"key", "client_acct_id"}
    debit = {name: value for name, value in method.items() if name not in skipped}
    other = {"payment_method_no": 2, "client_payment_method_id": "B", "pay_method_type": 37}
    accounts.edit("aria", "payment_method", "", **{**debit, **other})
    told, taken = told_and_taken(accounts, operation("account", str(FIRST), **after))
    assert told == taken


@pytest.mark.parametrize("after", INSTANCE)
def test_changes_of_a_plan_instance(after: Change, accounts: AccountWorld) -> None:
    key = key_of(master(accounts))
    told, taken = told_and_taken(accounts, operation("plan_instance", key, **after))
    assert told == taken


def test_a_plan_instance_that_is_moved_assigned_or_ended(accounts: AccountWorld) -> None:
    plan = another_master(accounts)
    moved = operation("plan_instance", key_of(master(accounts)), plan=plan)
    ended = operation("plan_instance", key_of(master(accounts, DOLLARS)), DELETE, units=None)
    plan = another_master(accounts, DOLLARS)
    made = operation("plan_instance", "NEW", INSERT, account=str(DOLLARS), plan=plan)
    for each in (moved, ended, made):
        told, taken = told_and_taken(accounts, each)
        assert told == taken


def test_a_contact_a_rate_and_a_waiting_change(accounts: AccountWorld) -> None:
    contact = accounts.held(FIRST, "contact")[0].key
    waiting = next(r for r in accounts.state("aria", "queued_change") if r["status_cd"] == 1)
    queued = f"{waiting['acct_no']}|{waiting['queue_id']}"
    rate = tiered(accounts, FIRST)[0]
    for each in (
        operation("contact", contact, city="Bonn"),
        operation("plan_instance_rate", rate, rate_per_unit=Decimal(3)),
        operation("queued_change", queued, DELETE, status=None),
    ):
        told, taken = told_and_taken(accounts, each)
        assert told == taken
