"""Assigning, changing, replacing and cancelling plan instances; rates of their own."""

from decimal import Decimal
from hashlib import sha256
from typing import Any

import pytest

from app.connectors.aria.plan_writes import assigned
from app.domain.plan import FieldChange, Operation, Outcome, OutcomeState, Verb
from app.domain.record import BaseValue, Side
from app.errors import ConnectionFailed
from tests.connectors.account_world import (
    CUSTOM,
    DOLLARS,
    FIRST,
    SEED,
    AccountWorld,
    another_master,
    key_of,
    master,
    tiered,
)
from tests.connectors.world import make_operation

WRITTEN, FAILED, UNKNOWN = OutcomeState.WRITTEN, OutcomeState.FAILED, OutcomeState.UNKNOWN
ASSIGN, UPDATE = "assign_acct_plan_m", "update_acct_plan_m"
REPLACE, CANCEL = "replace_acct_plan_m", "cancel_acct_plan_m"
RATES = "assign_custom_acct_plan_rates_m"
KEY = "NEW-1"


@pytest.fixture
def world(accounts: AccountWorld) -> AccountWorld:
    return accounts


def instance(world: AccountWorld, number: int, acct_no: int = FIRST) -> dict[str, Any]:
    rows = world.truth("plan_instance", acct_no)
    return next(row for row in rows if row["plan_instance_no"] == number)


def insert(world: AccountWorld, key: str = KEY, **after: BaseValue) -> Outcome:
    entity = world.mapping.entity("plan_instance")
    values = dict.fromkeys((one.name for one in entity.fields), None) | after
    changes = tuple(FieldChange(name, None, value) for name, value in values.items())
    made = Operation("plan_instance", key, Side.BILLING, Verb.INSERT, changes, None)
    return world.send(made, sha256(key.encode()).hexdigest()[:32] if key != KEY else SEED)


def child_plan(world: AccountWorld, parent: dict[str, Any]) -> str:
    """Return a supplemental plan that is offered under an instance."""
    plans = {row["plan_no"]: row["client_plan_id"] for row in world.state("aria", "plan")}
    links = world.state("aria", "plan_relationship")
    return next(plans[x["plan_no"]] for x in links if x["parent_plan_no"] == parent["plan_no"])


def another_schedule(world: AccountWorld) -> tuple[dict[str, Any], str]:
    """Return an instance, and another schedule of its plan in its currency."""
    schedules = world.state("aria", "rate_schedule")
    now = {row["schedule_no"]: row for row in schedules}
    return next(
        (row, other["client_rate_schedule_id"])
        for row in world.state("aria", "plan_instance")
        for other in schedules
        if row["status_cd"] == 1
        and row["schedule_no"] != other["schedule_no"]
        and row["plan_no"] == other["plan_no"]
        and now[row["schedule_no"]]["schedule_currency"] == other["schedule_currency"]
    )


def test_a_master_plan_is_assigned_under_the_records_key(world: AccountWorld) -> None:
    plan = another_master(world)
    outcome = insert(world, account=str(FIRST), plan=plan, units=Decimal(3), status="Active")
    assert outcome.state is WRITTEN
    row = instance(world, int(outcome.side_id))
    assert outcome.key == key_of(row)
    assert (row["client_plan_instance_id"], row["client_plan_id"]) == (KEY, plan)
    assert (row["plan_units"], row["status_cd"]) == (3, 1)
    assert world.receipts() == [f"{SEED}B"]
    assert world.made(ASSIGN) == 2  # a preview, and the write


def test_a_supplemental_plan_is_assigned_under_its_parent(world: AccountWorld) -> None:
    above = master(world)
    outcome = insert(
        world, account=str(FIRST), plan=child_plan(world, above), parent_instance=key_of(above),
        client_id="MY-ID", line_id="LINE-1",
    )  # fmt: skip
    assert outcome.state is WRITTEN
    row = instance(world, int(outcome.side_id))
    assert row["parent_plan_instance_no"] == above["plan_instance_no"]
    assert row["client_plan_instance_id"] == "MY-ID"
    fields = world.state("aria", "instance_field")
    own = [x for x in fields if x["plan_instance_no"] == row["plan_instance_no"]]
    assert [(x["field_name"], x["field_value"]) for x in own] == [("sf_line_id", "LINE-1")]


def test_a_new_plan_may_hang_under_another_new_one(world: AccountWorld) -> None:
    above = insert(world, account=str(FIRST), plan=master(world)["client_plan_id"])
    assert above.state is WRITTEN, above.message
    row = instance(world, int(above.side_id))
    outcome = insert(
        world, "NEW-2", account=str(FIRST), plan=child_plan(world, row), parent_instance=KEY
    )
    assert outcome.state is WRITTEN, outcome.message
    below = instance(world, int(outcome.side_id))
    assert below["parent_plan_instance_no"] == row["plan_instance_no"]


def test_an_assignment_sent_twice_makes_one_instance(world: AccountWorld) -> None:
    wanted = {"account": str(FIRST), "plan": another_master(world)}
    first = insert(world, **wanted)
    again = insert(world, **wanted)
    assert (again.state, again.key) == (WRITTEN, first.key)
    assert "it was there already" in again.message
    assert world.made(ASSIGN) == 2


@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "truncate"])
def test_a_lost_assignment_is_unknown_and_its_repetition_makes_no_second(
    kind: str, world: AccountWorld
) -> None:
    wanted = {"account": str(FIRST), "plan": another_master(world)}
    world.fault(system="aria", endpoint=ASSIGN, kind=kind, after=1, times=1)  # not the preview
    assert insert(world, **wanted).state is UNKNOWN
    outcome = insert(world, **wanted)
    assert outcome.state is WRITTEN
    rows = world.truth("plan_instance", FIRST)
    assert [key_of(r) for r in rows if r["client_plan_instance_id"] == KEY] == [outcome.key]


@pytest.mark.parametrize("readable", [True, False])
def test_an_id_that_is_taken_meanwhile_is_looked_up(
    readable: bool,  # noqa: FBT001 - a parameter
    world: AccountWorld,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wanted = {"account": str(FIRST), "plan": another_master(world)}
    first, looked = insert(world, **wanted), []

    def blind(*given: Any) -> int | None:
        looked.append(given)
        if len(looked) == 1:
            return None
        if not readable:
            raise ConnectionFailed("away")
        return assigned(*given)

    monkeypatch.setattr("app.connectors.aria.account_writes.assigned", blind)
    again = insert(world, **wanted)
    if readable:
        assert (again.state, again.key) == (WRITTEN, first.key)
    else:
        assert (again.state, again.message[:6]) == (FAILED, "1015: ")
    assert len(world.receipts()) == 1


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"account": str(FIRST)}, "needs a plan"),
        ({"plan": "X"}, "needs an account"),
        ({"account": str(FIRST), "plan": "NO-SUCH"}, "1013: "),
        ({"account": "55999999", "plan": "X"}, "1009: "),
        ({"account": str(FIRST), "plan": "X", "client_id": "y" * 101}, "at most 100 characters"),
    ],
)
def test_an_assignment_that_cannot_be_is_refused_and_writes_nothing(
    wanted: dict[str, Any], words: str, world: AccountWorld
) -> None:
    before = world.truth("plan_instance", FIRST)
    outcome = insert(world, **wanted)
    assert outcome.state is FAILED
    assert words in outcome.message
    assert world.truth("plan_instance", FIRST) == before
    assert world.receipts() == []


def test_what_aria_invoices_and_cannot_collect_is_told(world: AccountWorld) -> None:
    world.edit("aria", "setting", "declines", value=True)
    above = master(world)
    outcome = world.change("plan_instance", key_of(above), units=Decimal(above["plan_units"] + 40))
    assert outcome.state is WRITTEN
    assert "Aria made invoice " in outcome.message
    assert "collection: 4011: authorisation failed" in outcome.message
    assert instance(world, above["plan_instance_no"])["plan_units"] == above["plan_units"] + 40


CHANGES = [
    ("units", Decimal("7.5"), "plan_units", 7.5),
    ("status", "Suspended", "status_cd", -1),
    ("po_number", "PO 1", "po_num", "PO 1"),
]


@pytest.mark.parametrize(("name", "value", "column", "held"), CHANGES)
def test_one_thing_is_changed_by_one_call_after_its_preview(
    name: str, value: Any, column: str, held: object, world: AccountWorld
) -> None:
    row = master(world)
    outcome = world.change("plan_instance", key_of(row), **{name: value})
    assert outcome.state is WRITTEN, outcome.message
    after = instance(world, row["plan_instance_no"])
    changed = {name for name in row if row[name] != after[name]}
    assert changed - {"status_date"} == {column}
    assert after[column] == held
    assert world.made(UPDATE) == 2
    assert world.receipts() == [f"{SEED}C"]


def test_a_rate_schedule_and_units_are_one_call(world: AccountWorld) -> None:
    row, schedule = another_schedule(world)
    wanted = {"rate_schedule": schedule, "units": Decimal(4), "status": "Active"}
    outcome = world.change("plan_instance", key_of(row), **wanted)
    assert outcome.state is WRITTEN, outcome.message
    after = instance(world, row["plan_instance_no"], row["acct_no"])
    assert (after["plan_units"], after["schedule_no"] != row["schedule_no"]) == (4, True)
    assert world.made(UPDATE) == 2


def test_a_field_alone_touches_no_billing(world: AccountWorld) -> None:
    row, before = master(world), len(world.truth("invoice", FIRST))
    for seed, value in (("a", "LINE-9"), ("b", None)):
        outcome = world.change("plan_instance", key_of(row), seed * 32, line_id=value)
        assert (outcome.state, outcome.message) == (WRITTEN, "")
        fields = world.truth("instance_field", FIRST)
        held = [x["field_value"] for x in fields if x["plan_instance_no"] == row["plan_instance_no"]
                and x["field_name"] == "sf_line_id"]  # fmt: skip
        assert held == ([value] if value else [])
    assert len(world.truth("invoice", FIRST)) == before


def test_another_plan_replaces_the_one_behind_the_instance(world: AccountWorld) -> None:
    row, plan = master(world), another_master(world)
    outcome = world.change("plan_instance", key_of(row), plan=plan, units=Decimal(2))
    assert outcome.state is WRITTEN, outcome.message
    after = instance(world, row["plan_instance_no"])
    assert (after["client_plan_id"], after["plan_units"]) == (plan, 2)
    assert (world.made(REPLACE), world.made(UPDATE)) == (2, 0)


def test_to_cancel_is_a_status_or_a_delete_and_children_go_along(world: AccountWorld) -> None:
    row = master(world)
    outcome = world.change("plan_instance", key_of(row), status="Cancelled")
    assert outcome.state is WRITTEN, outcome.message
    number = row["plan_instance_no"]
    family = [x for x in world.truth("plan_instance", FIRST)
              if number in {x["plan_instance_no"], x["master_plan_instance_no"]}]  # fmt: skip
    assert {x["status_cd"] for x in family} == {-2}
    assert (world.made(CANCEL), world.made(UPDATE)) == (2, 0)
    again = world.send(make_operation("plan_instance", key_of(row), Verb.DELETE, Side.BILLING))
    assert again.state is FAILED
    assert "has ended already" in again.message


def test_a_deleted_instance_is_cancelled_and_kept(world: AccountWorld) -> None:
    row = master(world, DOLLARS)
    gone = {"name": None, "units": None, "mrr": None}  # a delete lists what goes
    operation = make_operation("plan_instance", key_of(row), Verb.DELETE, Side.BILLING, **gone)
    outcome = world.send(operation)
    assert outcome.state is WRITTEN
    assert "Aria keeps it as Cancelled" in outcome.message
    assert instance(world, row["plan_instance_no"], DOLLARS)["status_cd"] == -2
    assert world.receipts() == [f"{SEED}E"]


def test_the_refusal_of_a_preview_is_the_outcome_and_nothing_is_written(
    world: AccountWorld,
) -> None:
    row = master(world)
    outcome = world.change("plan_instance", key_of(row), units=Decimal(0))
    assert (outcome.state, outcome.field) == (FAILED, "units")
    assert outcome.message.startswith("1016: ")
    assert world.made(UPDATE) == 1
    assert instance(world, row["plan_instance_no"]) == row


def test_an_update_and_a_cancellation_are_both_previewed_first(world: AccountWorld) -> None:
    row = master(world)
    wanted = {"units": Decimal(0), "status": "Cancelled"}
    assert world.change("plan_instance", key_of(row), **wanted).state is FAILED
    assert instance(world, row["plan_instance_no"]) == row
    wanted["units"] = Decimal(3)
    assert world.change("plan_instance", key_of(row), **wanted).state is WRITTEN
    after = instance(world, row["plan_instance_no"])
    assert (after["plan_units"], after["status_cd"]) == (3, -2)


@pytest.mark.parametrize("name", ["plan", "rate_schedule", "units", "status"])
def test_what_an_instance_cannot_be_without_is_not_cleared(name: str, world: AccountWorld) -> None:
    row = master(world)
    world.forget()
    outcome = world.change("plan_instance", key_of(row), **{name: None})
    assert (outcome.state, outcome.field) == (FAILED, name)
    assert "cannot be" in outcome.message
    assert world.calls("aria") == {}


@pytest.mark.parametrize("key", ["NEW-9", "55010001", "55010001|x"])
def test_what_has_no_key_of_arias_cannot_be_changed(key: str, world: AccountWorld) -> None:
    outcome = world.change("plan_instance", key, units=Decimal(1))
    assert outcome.state is FAILED
    assert "is no key of a Account plan" in outcome.message
    assert world.calls("aria") == {}


def test_an_instance_that_is_gone_is_refused(world: AccountWorld) -> None:
    outcome = world.change("plan_instance", f"{FIRST}|9", units=Decimal(1))
    assert outcome.message.startswith("14046: ")


def test_one_rate_is_changed_and_all_tiers_are_sent_again(world: AccountWorld) -> None:
    keys = tiered(world, FIRST)
    before = {one.key: one for one in world.held(FIRST, "plan_instance_rate")}
    outcome = world.change("plan_instance_rate", keys[1], rate_per_unit=Decimal("0.5"))
    assert (outcome.state, outcome.message) == (WRITTEN, "")
    rows = world.truth("custom_rate", FIRST)
    assert len(rows) == len(keys)
    after = {one.key: one for one in world.held(FIRST, "plan_instance_rate")}
    assert {key for key in after if after[key] != before[key]} == {keys[1]}
    assert world.field("plan_instance_rate", after[keys[1]], "rate_per_unit") == Decimal("0.5")


def test_custom_rates_that_there_are_stay_where_another_changes(world: AccountWorld) -> None:
    own = world.truth("custom_rate", CUSTOM)
    numbers = {(row["plan_instance_no"], row["service_no"]) for row in own}
    services = {s["service_no"]: s["client_service_id"]
                for s in world.state("aria", "service_definition")}  # fmt: skip
    number, service = min(numbers)
    key = f"{CUSTOM}|{number}|{services[service]}|1"
    outcome = world.change("plan_instance_rate", key, rate_per_unit=Decimal("1.25"))
    assert (outcome.state, outcome.message) == (WRITTEN, "")
    after = {row["key"]: row["rate_per_unit"] for row in world.truth("custom_rate", CUSTOM)}
    expected = {row["key"]: row["rate_per_unit"] for row in own}
    assert after == expected | {f"{number}|{service}|1": 1.25}


def test_tiers_of_one_service_written_at_once_do_not_undo_each_other(world: AccountWorld) -> None:
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - for this test alone

    keys = tiered(world, FIRST)
    world.fault(system="aria", endpoint=RATES, kind="latency", seconds=0.05, times=None)
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(
            pool.map(
                lambda key: world.change("plan_instance_rate", key, rate_per_unit=Decimal(9)), keys
            )
        )
    assert {outcome.state for outcome in outcomes} == {WRITTEN}
    assert {row["rate_per_unit"] for row in world.truth("custom_rate", FIRST)} == {9}


def test_tiers_that_the_schedule_no_longer_has_are_refused_unsent(world: AccountWorld) -> None:
    row = world.truth("custom_rate", CUSTOM)[0]
    world.edit("aria", "custom_rate", row["key"], to_unit=99999)
    services = {s["service_no"]: s["client_service_id"]
                for s in world.state("aria", "service_definition")}  # fmt: skip
    key = f"{CUSTOM}|{row['plan_instance_no']}|{services[row['service_no']]}|1"
    outcome = world.change("plan_instance_rate", key, rate_per_unit=Decimal(1))
    assert outcome.state is FAILED
    assert outcome.message.startswith("Not sent: 14014: ")
    assert world.made(RATES) == 0


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("55010001|70000001|NO-SUCH|1", "does not show the rate"),
        ("55010001|70000001|NO-SUCH", "is no key"),
        ("55010001|9|X|1", "does not show the rate"),
    ],
)
def test_a_rate_that_is_not_there_is_refused(key: str, words: str, world: AccountWorld) -> None:
    outcome = world.change("plan_instance_rate", key, rate_per_unit=Decimal(1))
    assert outcome.state is FAILED
    assert words in outcome.message


def test_bounds_of_tiers_cannot_be_changed_and_the_dry_run_knows(world: AccountWorld) -> None:
    connector, entity = world.connectors["aria"], world.mapping.entity("plan_instance_rate")
    assert connector.writable(entity) == {"rate_per_unit"}
    rules = connector.constraints(entity, None).fields
    assert not rules["from_unit"].updatable
    assert not rules["to_unit"].updatable


def test_the_dry_run_says_nothing_of_tiers_that_it_cannot_compare(world: AccountWorld) -> None:
    connector, entity = world.connectors["aria"], world.mapping.entity("plan_instance_rate")
    operation = make_operation("plan_instance_rate", "1|2|S|1", Verb.UPDATE, rate_per_unit=1)
    tier = {"rate_seq_no": 1, "from_unit": 1, "to_unit": 9, "rate_per_unit": 5}
    flags = {"is_recurring_ind": False, "is_usage_based_ind": False}
    mirror: dict[str, Any] = {
        "plan_instance": [{"client_plan_id": "P", "client_rate_schedule_id": "R"}],
        "plan_instance_rate": [{**tier, **flags}],
        "rate": [tier],
    }
    told = list(connector.foreseen(entity, operation, lambda name, _keys: mirror[name]))
    assert [words[:6] for words in told] == ["14015:"]
    for name in mirror:
        less = mirror | {name: []}
        assert not list(connector.foreseen(entity, operation, lambda one, _: less[one]))  # noqa: B023 - called at once
    mirror["plan_instance_rate"] = [tier]  # a mapping without the flags
    assert not list(connector.foreseen(entity, operation, lambda name, _keys: mirror[name]))


def test_the_dry_run_knows_codes_lengths_and_what_must_be(world: AccountWorld) -> None:
    connector = world.connectors["aria"]
    rules = connector.constraints(world.mapping.entity("account"), None).fields
    assert rules["client_id"].length == 50
    assert rules["region"].length == 300
    assert "Permanent" in rules["status"].values
    assert [name for name, rule in rules.items() if not rule.required] == [
        *("test_account", "parent_account", "po_number", "region"),
    ]
    assert "balance" not in rules
    rules = connector.constraints(world.mapping.entity("plan_instance"), None).fields
    assert rules["client_id"].length == 100
    assert "Suspended" in rules["status"].values


def test_what_no_undo_brings_back_is_known(world: AccountWorld) -> None:
    connector, entity = world.connectors["aria"], world.mapping.entity("plan_instance")

    def lasting(verb: Verb, **after: BaseValue) -> tuple[bool, bool]:
        found = connector.lasting(entity, make_operation("plan_instance", "1|2", verb, **after))
        return bool(found.refused), bool(found.stays)

    assert lasting(Verb.INSERT, units=1) == (False, True)
    assert lasting(Verb.DELETE) == lasting(Verb.UPDATE, status="Terminated") == (True, False)
    assert lasting(Verb.UPDATE, status="Suspended") == (False, True)
    assert lasting(Verb.UPDATE, line_id="x") == (False, False)
    plan = world.mapping.entity("plan")
    assert connector.lasting(plan, make_operation("plan", "P", name="x")).stays == ""


def test_a_noisy_aria_is_written_as_well(world: AccountWorld) -> None:
    world.edit("aria", "setting", "noisy", value=1)
    row, keys = master(world), tiered(world, FIRST)
    assert world.change("plan_instance", key_of(row), units=Decimal(3)).state is WRITTEN
    rate = world.change("plan_instance_rate", keys[0], rate_per_unit=Decimal(3))
    assert (rate.state, rate.message) == (WRITTEN, "")
    assert insert(world, account=str(FIRST), plan=another_master(world)).state is WRITTEN
