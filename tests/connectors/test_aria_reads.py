"""Reading Aria's catalog: few calls, derived keys, and answers of every shape."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from app.connectors import registry
from app.connectors.aria.catalog import SOURCES, Answers
from app.connectors.aria.values import number, rows, scalars, supplemental_fields
from app.connectors.protocol import Connector, Page, ReadRequest, Scope
from app.domain.control import CancelToken
from app.domain.mapping import WorkspaceMapping
from app.domain.record import Record
from app.errors import AnswerUnreadable, ConnectionFailed, NotSignedIn, RemoteRefused, WrongUse
from tests.connectors.far_end import Script, Told, far_end, in_turn, told
from tests.connectors.world import World, connected, hurry

PLANS = "get_client_plans_all_m"


def read_group(world: World, *names: str) -> dict[str, list[Record]]:
    entities = tuple(world.mapping.entity(name) for name in names)
    pages = world.connectors["aria"].read(ReadRequest(entities), CancelToken())
    found: dict[str, list[Record]] = {name: [] for name in names}
    for page in pages:
        found[page.entity] += page.records
    return found


def test_the_whole_catalog_takes_five_calls(world: World) -> None:
    connector = world.connectors["aria"]
    groups = connector.groups(world.mapping.entities)
    assert [len(group) for group in groups] == [6, 1, 2, 1]
    for group in groups:
        assert list(connector.read(ReadRequest(group), CancelToken()))
    assert world.calls("aria") == {
        PLANS: 1, "get_promo_plan_sets_m": 1, "get_promotions_m": 1,
        "get_client_items_all_m": 1, "get_coupons_m": 1,
    }  # fmt: skip


def test_every_record_of_the_catalog_is_read(world: World) -> None:
    names = ("plan_set", "plan", "plan_relationship", "service", "rate_schedule", "rate")
    for name, records in read_group(world, *names).items():
        assert {record.key for record in records} == {
            row["key"] for row in world.state("aria", name) if row.get("active_ind", 1)
        }


def test_inactive_items_are_read_too(world: World) -> None:
    sku = world.read("aria", "item")[0].key
    world.edit("aria", "item", sku, active_ind=0)
    assert world.value("aria", "item", sku, "active") is False


def test_prices_and_rates_are_exact(world: World) -> None:
    rate = world.read("aria", "rate")[0]
    world.edit("aria", "rate", rate.key, rate_per_unit="0.10001")
    assert world.value("aria", "rate", rate.key, "rate_per_unit") == Decimal("0.10001")


def test_a_record_knows_its_number_in_aria(world: World) -> None:
    for name in ("plan", "plan_set", "service", "rate_schedule", "item"):
        record = world.read("aria", name)[0]
        index = world.mapping.entity(name).index["number"]
        assert record.side_id == str(record.values[index])


@pytest.mark.parametrize(("name", "calls"), [("plan", 2), ("service", 1), ("rate", 1)])
def test_a_few_plans_are_read_one_by_one_and_all_else_with_the_catalog(
    name: str, calls: int, world: World
) -> None:
    records = world.read("aria", name)
    for wanted in (records[:1], records[:1] + records[-1:], records[:40]):
        found = world.read("aria", name, [record.key for record in wanted])
        assert sorted(found, key=lambda r: r.key) == sorted(wanted, key=lambda r: r.key)
    assert world.calls("aria") == {PLANS: 1 + 1 + calls + 1}


def test_services_of_a_supplemental_plan_are_not_mistaken_for_gone(world: World) -> None:
    supplemental = {row["key"] for row in world.state("aria", "plan") if row["supp_plan_ind"]}
    service = next(r for r in world.read("aria", "service") if r.parent in supplemental)
    assert world.read("aria", "service", [service.key]) == [service]


def test_a_key_that_is_not_there_gives_nothing(world: World) -> None:
    for name in ("plan", "service", "plan_set", "item", "coupon", "promotion"):
        assert world.read("aria", name, ["NO-SUCH"]) == []
        assert world.read("aria", name, []) == []


def test_a_forecast_of_reads_is_what_they_take_at_most(world: World) -> None:
    connector = world.connectors["aria"]
    for entity in world.mapping.entities:
        keys = [record.key for record in world.read("aria", entity.name)]
        for wanted in (keys[:1], keys[:10]):
            before = connector.calls
            world.read("aria", entity.name, wanted)
            spent = connector.calls - before
            assert 0 < spent <= connector.forecast_reads(entity, len(wanted)) + 1


def test_a_promo_code_narrows_plans_and_the_sets_seen_on_them(world: World) -> None:
    smallest = min(world.state("aria", "plan_set"), key=lambda row: len(row["plan_nos"]))
    promotions = world.state("aria", "promotion")
    same = (p for p in promotions if p["promo_plan_set_no"] == smallest["promo_plan_set_no"])
    code = next(same)["promo_cd"]
    made = connected("aria", world.ready["aria"], world.mapping, promo_code=code)
    entities = tuple(map(world.mapping.entity, ("plan_set", "plan")))
    pages = list(made.read(ReadRequest(entities), CancelToken()))
    found = {name: [r for p in pages if p.entity == name for r in p.records] for name in SOURCES}
    assert {plan.side_id for plan in found["plan"]} == set(map(str, smallest["plan_nos"]))
    assert {plan.parent for plan in found["plan"]} <= {r.key for r in found["plan_set"]}


def test_an_entity_that_aria_does_not_have_is_wrong_use(
    world: World, mapping: WorkspaceMapping
) -> None:
    strange = replace(mapping.entity("plan"), name="galaxy")
    with pytest.raises(WrongUse, match="galaxy"):
        world.connectors["aria"].groups((strange,))


def test_check_tells_client_and_release(world: World, token: CancelToken) -> None:
    health = world.connectors["aria"].check(world.mapping.entities, token)
    assert health.instance == str(world.ready["aria"]["client_no"])
    assert (bool(health.version), health.missing) == (True, ())


def test_check_says_when_admin_tools_do_not_answer(world: World, token: CancelToken) -> None:
    with far_end(in_turn(Told(404))) as end:
        part = {**world.ready["aria"], "admin_url": end.url}
        health = connected("aria", part, world.mapping).check(world.mapping.entities, token)
    (text,) = health.missing
    assert "AdminTools" in text


def test_check_names_a_supplemental_field_that_is_not_defined(
    world: World, token: CancelToken
) -> None:
    empty = told({"error_code": 0, "error_msg": "OK", "field_details": None})
    with far_end(in_turn(empty)) as end:
        part = {**world.ready["aria"], "admin_url": end.url}
        health = connected("aria", part, world.mapping).check(world.mapping.entities, token)
    assert health.missing == ("supplemental field sf_family is not defined in Aria",)


def test_1004_names_key_client_number_and_address(world: World, token: CancelToken) -> None:
    ready = registry.from_ready("aria", world.ready["aria"])
    made = registry.connect(
        "aria", "a", ready.settings, {"auth_key": "x" * 32}.get, mapping=world.mapping
    )
    with pytest.raises(NotSignedIn, match=r"key is wrong.*number \d+ is wrong.*IP address"):
        made.check((), token)


def test_an_unexpected_error_is_tried_again(world: World) -> None:
    world.fault(system="aria", endpoint=PLANS, kind="server_error", times=2)
    assert world.read("aria", "plan")
    assert world.calls("aria")[PLANS] == 3


@pytest.mark.parametrize("kind", ["truncate", "drop_after", "unavailable", "too_many"])
def test_one_bad_answer_goes_unnoticed(kind: str, world: World) -> None:
    world.fault(system="aria", endpoint="*", kind=kind, times=1)
    assert world.read("aria", "coupon")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (told({"error_code": 1001, "error_msg": "unexpected error"}), RemoteRefused),
        (told({"error_code": "1014", "error_msg": "action not allowed"}), RemoteRefused),
        (told({"plans": []}), AnswerUnreadable),
        (told([1]), AnswerUnreadable),
        (Told(404, b"nothing here"), ConnectionFailed),
        (Told(200, b"<html>Maintenance</html>"), AnswerUnreadable),
    ],
)
def test_an_answer_that_is_no_catalog_is_an_error_of_its_kind(
    answer: Told, error: type[Exception], mapping: WorkspaceMapping
) -> None:
    with pytest.raises(error):
        read_from(in_turn(answer), mapping, "coupon")


@pytest.mark.parametrize("coupons", [None, [], "", "absent"])
def test_an_array_without_rows_may_look_like_anything(
    coupons: Any, mapping: WorkspaceMapping
) -> None:
    body = {"error_code": "0", "error_msg": "OK", "coupons": coupons}
    if coupons == "absent":
        del body["coupons"]
    assert [page.records for page in read_from(in_turn(told(body)), mapping, "coupon")] == []


def test_one_row_may_come_as_an_object_and_a_row_without_a_key_is_counted(
    mapping: WorkspaceMapping,
) -> None:
    for coupon, keys, unkeyed in (({"coupon_cd": "A"}, ["A"], 0), ({"coupon_cd": None}, [], 1)):
        body = {"error_code": 0, "error_msg": "OK", "coupons": coupon}
        (page,) = read_from(in_turn(told(body)), mapping, "coupon")
        assert ([record.key for record in page.records], page.unkeyed) == (keys, unkeyed)


def test_the_request_carries_what_every_call_needs(mapping: WorkspaceMapping) -> None:
    body = {"error_code": 0, "error_msg": "OK"}
    with far_end(in_turn(told(body))) as end:
        list(reader(end.url, mapping)(["coupon"]))
        (asked,) = end.asked
    assert asked.method == "POST"
    assert asked.json == {
        "rest_call": "get_coupons_m", "output_format": "json", "client_no": 7,
        "auth_key": "k" * 32, "alt_caller_id": "concord",
    }  # fmt: skip


def test_default_rates_serve_where_all_schedules_were_not_given() -> None:
    service = {
        "client_service_id": "S",
        "plan_service_rates": [{"rate_seq_no": "1", "client_rate_schedule_id": "RS"}],
    }
    plan = {
        "client_plan_id": "P",
        "plan_services": service,
        "plan_rate_schedules_details": [
            {"client_rate_schedule_id": "RS", "schedule_currency": "eur", "schedule_no": "5"}
        ],
    }
    (rate,) = SOURCES["rate"].rows(Answers(plans=[plan]))
    assert (rate["=key"], rate["=currency"], rate["=service"]) == ("P|S|RS|1", "eur", "P|S")


def test_a_schedule_without_its_client_id_is_known_by_its_number() -> None:
    rates = [{"rate_seq_no": 2}]
    service = {
        "client_service_id": "S",
        "all_plan_service_rates": [{"schedule_no": "5", "plan_service_rates": rates}],
    }
    schedules = [{"client_rate_schedule_id": "RS", "schedule_no": 5}]
    plan = {"client_plan_id": "P", "plan_services": [service]}
    plan["plan_rate_schedules_details"] = schedules
    (rate,) = SOURCES["rate"].rows(Answers(plans=[plan]))
    assert rate["=key"] == "P|S|RS|2"


def test_a_plan_stands_in_the_set_with_the_lowest_number() -> None:
    sets = [
        {"promo_set_no": "12", "client_promo_set_id": "B", "promotions_for_set": []},
        {"promo_set_no": 9, "client_promo_set_id": "Z", "promotions_for_set": {"promo_code": "Q"}},
    ]
    plan = {"client_plan_id": "P", "promotional_plan_sets": sets}
    (row,) = SOURCES["plan"].rows(Answers(plans=[plan]))
    assert (row["=plan_set"], row["=plan_sets"]) == ("Z", "B; Z")


def test_a_child_without_its_client_id_is_known_by_its_number() -> None:
    plans = [
        {"client_plan_id": "M", "plan_no": 1, "child_plans": [{"plan_no": "2"}]},
        {"client_plan_id": "C", "plan_no": 2},
    ]
    (row,) = SOURCES["plan_relationship"].rows(Answers(plans=plans))
    assert (row["=key"], row["client_plan_id"], row["=parent_plan"]) == ("M|C", "C", "M")


def test_twins_come_first_and_one_key_objects_are_values() -> None:
    parent = {"codes": [{"codes": "A"}, "B", None], "rows": [{"n": "1", "n_2": 1, "m_2": None}]}
    assert scalars(parent, "codes") == ["A", "B"]
    assert rows(parent, "rows")[0]["n"] == 1
    assert rows({"rows_2": {"rows_row": [{"a": 1}]}, "rows": None}, "rows") == [{"a": 1}]


@pytest.mark.parametrize(
    ("raw", "value"),
    [("5", 5), (5, 5), ("1.50", Decimal("1.5")), ("", None), (True, None), ("x", None)],
)
def test_numbers_may_be_quoted(raw: object, value: object) -> None:
    assert number(raw) == value


def test_a_field_with_several_values_repeats_its_row() -> None:
    fields = [{"plan_supp_field_name": "f", "plan_supp_field_value": v} for v in ("a", "b")]
    assert supplemental_fields(fields) == {"f": ["a", "b"]}


def read_from(script: Script, mapping: WorkspaceMapping, *names: str) -> list[Page]:
    with far_end(script) as end:
        return reader(end.url, mapping)(names)


def reader(url: str, mapping: WorkspaceMapping) -> Callable[[Sequence[str]], list[Page]]:
    settings = {"core_url": url, "admin_url": url, "client_no": "7", "alt_caller_id": "concord"}
    made: Connector = registry.connect(
        "aria", "a", settings, {"auth_key": "k" * 32}.get, mapping=mapping
    )
    hurry(made)

    def read(names: Sequence[str]) -> list[Page]:
        entities = tuple(map(mapping.entity, names))
        return list(made.read(ReadRequest(entities, Scope.ALL), CancelToken()))

    return read
