"""Updating Aria's texts: what changes, what must not, and what is refused."""

from collections.abc import Mapping
from typing import Any

import pytest

from app.connectors.aria.plan_edit import NotSendable, edited_plan, service_type
from app.domain.control import CancelToken
from app.domain.plan import Operation, OutcomeState, Verb
from app.domain.record import BaseValue, Side, Unreadable
from app.errors import AppError
from tests.connectors.world import World, connected, make_operation

WRITTEN, FAILED, UNKNOWN = OutcomeState.WRITTEN, OutcomeState.FAILED, OutcomeState.UNKNOWN
TEXTS = [
    ("plan", "name"), ("plan", "description"), ("plan", "family"), ("service", "name"),
    ("item", "name"), ("item", "description"), ("coupon", "description"),
    ("promotion", "description"), ("plan_set", "name"), ("plan_set", "description"),
]  # fmt: skip


def update(entity: str, key: str, **after: BaseValue) -> Operation:
    return make_operation(entity, key, Verb.UPDATE, Side.BILLING, **after)


def everything(world: World, *, but: str) -> dict[str, Any]:
    kinds = ("plan", "plan_relationship", "service", "rate_schedule", "rate", "item", "item_price")
    kinds += ("plan_set", "promotion", "coupon")
    rows = {kind: world.state("aria", kind) for kind in kinds if kind != but}
    return {kind: sorted(found, key=lambda row: row["key"]) for kind, found in rows.items()}


@pytest.mark.parametrize(("entity", "field"), TEXTS)
@pytest.mark.parametrize("place", [0, -1])
def test_a_text_is_set_and_nothing_else_changes(
    entity: str, field: str, place: int, world: World
) -> None:
    record = world.read("aria", entity)[place]
    before = everything(world, but=entity)
    (outcome,) = world.write("aria", entity, update(entity, record.key, **{field: "Neu — & more"}))
    assert (outcome.state, outcome.message) == (WRITTEN, "")
    index = world.mapping.entity(entity).index[field]
    expected = (*record.values[:index], "Neu — & more", *record.values[index + 1 :])
    assert world.record("aria", entity, record.key).values == expected
    assert everything(world, but=entity) == before or entity == "service"


@pytest.mark.parametrize("supplemental", [0, 1])
def test_an_edited_plan_keeps_services_schedules_rates_and_fields(
    supplemental: int, world: World
) -> None:
    plans = world.state("aria", "plan")
    plan = next(row for row in plans if row["supp_plan_ind"] == supplemental)
    before = everything(world, but="plan")
    world.write("aria", "plan", update("plan", plan["key"], description="New words", name="New"))
    after = {row["key"]: row for row in world.state("aria", "plan")}
    assert after[plan["key"]] == {**plan, "plan_desc": "New words", "plan_name": "New"}
    assert everything(world, but="plan") == before


@pytest.mark.parametrize(
    ("entity", "field"), [pair for pair in TEXTS if pair[1] in {"description", "family"}]
)
def test_a_text_can_be_cleared(entity: str, field: str, world: World) -> None:
    key = world.read("aria", entity)[0].key
    (outcome,) = world.write("aria", entity, update(entity, key, **{field: None}))
    assert (outcome.state, outcome.message) == (WRITTEN, "")
    assert world.value("aria", entity, key, field) is None


@pytest.mark.parametrize(("entity", "field"), [pair for pair in TEXTS if pair[1] == "name"])
def test_a_name_cannot_be_cleared(entity: str, field: str, world: World) -> None:
    key = world.read("aria", entity)[0].key
    (outcome,) = world.write("aria", entity, update(entity, key, **{field: None}))
    assert (outcome.state, outcome.field) == (FAILED, "name")
    assert "cannot be without" in outcome.message


def test_what_aria_refuses_comes_back_in_its_words(world: World) -> None:
    key = world.read("aria", "plan")[0].key
    (outcome,) = world.write("aria", "plan", update("plan", key, name="x" * 200))
    assert (outcome.state, outcome.field) == (FAILED, "name")
    assert outcome.message.startswith("1016: ")


def test_what_is_gone_is_refused(world: World) -> None:
    for entity, field in TEXTS:
        key = "NO|SUCH" if entity == "service" else "NO-SUCH"
        (outcome,) = world.write("aria", entity, update(entity, key, **{field: "x"}))
        assert outcome.state is FAILED
        assert outcome.message


def test_other_fields_verbs_and_entities_are_refused_unsent(world: World) -> None:
    operations = [
        update("plan", "P", currency="EUR"),
        update("plan", "P", name=Unreadable("?")),
        make_operation("plan", "P", Verb.DELETE, Side.BILLING),
        update("rate", "P|S|R|1", sequence=2),
    ]
    for operation in operations:
        (outcome,) = world.write("aria", operation.entity, operation)
        assert outcome.state is FAILED
    assert world.calls("aria") == {}


def test_writable_is_what_verbs_allow(world: World) -> None:
    connector = world.connectors["aria"]
    found = {e.name: connector.writable(e) for e in world.mapping.entities}
    assert {(name, field) for name, fields in found.items() for field in fields} == set(TEXTS)
    for entity in world.mapping.entities:
        verbs = {Verb.UPDATE} if found[entity.name] else set()
        assert connector.verbs(entity) == verbs


@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "truncate", "not_json"])
def test_a_lost_answer_is_unknown_and_not_sent_again(kind: str, world: World) -> None:
    key = world.read("aria", "coupon")[0].key
    world.fault(system="aria", endpoint="update_coupon_m", kind=kind, times=None)
    (outcome,) = world.write("aria", "coupon", update("coupon", key, description="x"))
    assert outcome.state is UNKNOWN
    assert world.calls("aria")["update_coupon_m"] == 1


def test_a_system_that_turns_writes_away_raises(world: World) -> None:
    key = world.read("aria", "coupon")[0].key
    world.fault(system="aria", endpoint="update_coupon_m", kind="unavailable", times=None)
    with pytest.raises(AppError, match="503"):
        world.write("aria", "coupon", update("coupon", key, description="x"))


def test_an_unexpected_error_to_a_write_is_tried_again(world: World) -> None:
    key = world.read("aria", "coupon")[0].key
    world.fault(system="aria", endpoint="update_coupon_m", kind="server_error", times=1)
    (outcome,) = world.write("aria", "coupon", update("coupon", key, description="x"))
    assert outcome.state is WRITTEN


def test_a_noisy_aria_is_written_as_well(world: World) -> None:
    world.edit("aria", "setting", "noisy", value=1)
    for entity, field in TEXTS:
        key = world.read("aria", entity)[0].key
        (outcome,) = world.write("aria", entity, update(entity, key, **{field: "Quiet"}))
        assert (entity, field, outcome.message) == (entity, field, "")
        assert world.value("aria", entity, key, field) == "Quiet"


def test_a_plan_that_was_not_read_whole_is_not_sent() -> None:
    plan = {"plan_no": 1, "plan_services": [{"service_no": 5}]}
    details = {"services": [{"service_no": "5"}, {"service_no": 6}], "rate_sched": []}
    with pytest.raises(NotSendable, match="different services"):
        edited_plan(plan, details, {})


def test_tiers_stand_under_the_schedule_of_their_index() -> None:
    sent = edited_plan(_plan(), _details(), {"plan_name": "New"})
    (service,) = sent["service"]
    assert [row["client_rate_schedule_id"] for row in sent["schedule"]] == ["EUR", "USD"]
    assert service["tier"] == [
        {"schedule": [{"from": 1, "to": 10, "amount": 3}, {"from": 1, "amount": 5}]},
        {"schedule": [{"from": 11, "amount": 2}, {}]},
    ]
    assert (sent["plan_name"], sent["plan_type"]) == ("New", "Supplemental Free Plan")
    assert sent["edit_directives"] == 2


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        ({"is_recurring_ind": 1}, "Recurring"),
        ({"is_recurring_ind": "1", "is_arrears_ind": "1"}, "Recurring Arrears"),
        ({"is_usage_based_ind": 1, "is_arrears_ind": 1}, "Usage-Based"),
        ({"is_setup_ind": 1}, "Activation"),
    ],
)
def test_the_type_of_a_service_is_told_by_its_indicators(
    flags: Mapping[str, object], word: str
) -> None:
    assert service_type(flags) == word
    with pytest.raises(NotSendable):
        service_type(dict.fromkeys(flags, 0))


def test_the_caller_label_travels_with_every_call(world: World) -> None:
    made = connected("aria", world.ready["aria"], world.mapping, alt_caller_id="night job")
    assert made.check((), _token()).user == "night job"


def _token() -> Any:
    return CancelToken()


def _plan() -> dict[str, Any]:
    def rates(schedule: str, *bounds: tuple[int, int | None, int]) -> dict[str, Any]:
        tiers = [
            {"rate_seq_no": n, "from_unit": start, "to_unit": end, "rate_per_unit": amount}
            for n, (start, end, amount) in reversed(list(enumerate(bounds, 1)))
        ]
        return {"client_rate_schedule_id": schedule, "plan_service_rates": tiers}

    service = {"service_no": 5, "client_service_id": "S", "is_recurring_ind": 1}
    service["all_plan_service_rates"] = [
        rates("USD", (1, None, 5)),
        rates("EUR", (1, 10, 3), (11, None, 2)),
    ]
    schedules = [
        {"schedule_no": n, "client_rate_schedule_id": name}
        for n, name in enumerate(["EUR", "USD"], 1)
    ]
    plan = {"plan_no": 1, "client_plan_id": "P", "supp_plan_ind": "1", "plan_services": [service]}
    return {**plan, "plan_rate_schedules_details": schedules}


def _details() -> dict[str, Any]:
    return {
        "plan_type": "Free",
        "services": [{"service_no": "5"}],
        "rate_sched": [{"schedule_no": 2}, {"schedule_no": 1}],
    }
