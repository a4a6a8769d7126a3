"""What the reading calls of Core and AdminTools give, and what their inputs change."""

import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import requests

from app.sandbox.launch import Sandbox

Call = Callable[..., dict[str, Any]]
Row = dict[str, Any]


def plans(core: Call, **inputs: Any) -> list[Row]:
    return list(core("get_client_plans_all_m", **inputs)["all_client_plan_dtls"])


def a_supplemental(core: Call) -> Row:
    return next(plan for plan in plans(core) if plan["supp_plan_ind"])


def test_a_warm_catalog_answer_takes_less_than_30_ms(aria: Row, session: requests.Session) -> None:
    who = {"client_no": aria["client_no"], "auth_key": aria["auth_key"]}
    what = {"include_all_rate_schedules": "true", "include_plan_hierarchy": "true"}
    body = {"rest_call": "get_client_plans_all_m", **who, **what}
    times = []
    for _ in range(6):
        start = time.perf_counter()
        assert len(session.post(aria["core_url"], json=body, timeout=10).content) > 1_000_000
        times.append(time.perf_counter() - start)
    assert min(times) < 0.03


def test_only_active_plans_are_listed_but_admin_tools_sees_all(
    sandbox: Sandbox, core: Call, admin: Call
) -> None:
    sandbox.systems["aria"].edit("plan", "VOICE-CLOUD-PBX-STARTER", {"active_ind": 0})
    assert len(plans(core)) == 119
    assert len(core("get_client_plans_basic_m")["plan_details"]) == 119
    listed = admin("get_plans_m")["plans"]
    assert [row["plan_no"] for row in listed if not row["active_ind"]] == [10100]


def test_a_plan_is_found_by_number_or_by_id_and_the_number_wins(core: Call) -> None:
    assert [p["plan_no"] for p in plans(core, plan_no=10101)] == [10101]
    by_id = plans(core, client_plan_id="VOICE-CLOUD-PBX-STARTER")
    assert [p["plan_no"] for p in by_id] == [10100]
    both = plans(core, plan_no=10101, client_plan_id="VOICE-CLOUD-PBX-STARTER")
    assert [p["plan_no"] for p in both] == [10101]


@pytest.mark.parametrize(
    "unknown",
    [
        {"acct_no": 1},
        {"plan_no": 1},
        {"client_plan_id": "X"},
        {"promo_code": "X"},
        {"parent_plan_no": 1},
    ],
)
def test_an_unknown_filter_gives_an_empty_array(core: Call, unknown: Row) -> None:
    assert plans(core, **unknown) == []


def test_a_supplemental_plan_asked_for_alone_has_no_services(core: Call) -> None:
    assert "plan_services" not in plans(core, plan_no=a_supplemental(core)["plan_no"])[0]
    assert plans(core, plan_no=10100)[0]["plan_services"]


def test_rate_schedules_and_relatives_come_only_when_asked(core: Call) -> None:
    plan = plans(core, plan_no=10100)[0]
    assert "all_plan_service_rates" not in plan["plan_services"][0]
    assert "child_plans" not in plan
    full = plans(core, include_all_rate_schedules="true", include_plan_hierarchy="true")
    assert all("all_plan_service_rates" in s for p in full for s in p["plan_services"])
    assert any(p.get("child_plans") for p in full)
    assert any(p.get("parent_plans") for p in full)


def test_the_plain_rates_are_those_of_the_default_schedule(core: Call) -> None:
    plan = plans(core, plan_no=10100, include_all_rate_schedules="true")[0]
    default = [s for s in plan["plan_rate_schedules_details"] if s["default_ind"]]
    service = plan["plan_services"][0]
    by_schedule = {s["schedule_no"]: s for s in service["all_plan_service_rates"]}
    wanted = by_schedule[default[0]["schedule_no"]]["plan_service_rates"]
    assert service["plan_service_rates"] == wanted


def test_a_promotion_code_limits_the_plans_to_its_set(core: Call) -> None:
    found = plans(core, promo_code="VOICE-2025")
    assert 0 < len(found) < 120
    for plan in found:
        ids = [row["client_promo_set_id"] for row in plan["promotional_plan_sets"]]
        assert "PS-VOICE" in ids


def test_a_parent_limits_the_plans_to_its_children(core: Call) -> None:
    full = plans(core, include_plan_hierarchy="true")
    parent = next(plan for plan in full if plan.get("child_plans"))
    children = [row["plan_no"] for row in parent["child_plans"]]
    assert [p["plan_no"] for p in plans(core, parent_plan_no=parent["plan_no"])] == sorted(children)
    by_id = plans(core, client_parent_plan_id=parent["client_plan_id"])
    assert len(by_id) == len(children)


def test_a_supplemental_field_limits_the_plans(core: Call) -> None:
    names = [{"supp_field_names": "sf_family"}]
    some = plans(core, supp_field_names=names, supp_field_values=[{"supp_field_values": "Hosting"}])
    assert some
    assert all(plan["client_plan_id"].startswith("HOST-") for plan in some)
    assert len(
        plans(core, supp_field_names="sf_family", supp_field_values="Hosting|Security")
    ) > len(some)


def test_a_field_with_several_values_repeats_its_name(core: Call) -> None:
    names = [[f["plan_supp_field_name"] for f in p["plan_supp_fields"]] for p in plans(core)]
    assert any(listed.count("markets") > 1 for listed in names)


def test_empty_values_come_in_several_forms(core: Call) -> None:
    full = plans(core, include_plan_hierarchy="true")
    assert {plan["plan_desc"] for plan in full if not plan["plan_desc"]} == {None, ""}
    services = [service for plan in full for service in plan["plan_services"]]
    assert {s["usage_type_code"] for s in services if not s["usage_type_code"]} == {None, ""}
    forms = {"absent" if "parent_plans" not in p else str(p["parent_plans"]) for p in full}
    assert {"absent", "None", "[]"} <= forms


def test_the_hierarchy_is_paged(core: Call) -> None:
    call = "get_catalog_hierarchy_m"
    first = core(call, include_total_count="true")
    assert first["plans_count"] == 120
    assert len(first["all_plan_basic_details"]) == 100
    second = core(call, offset=100)
    assert "plans_count" not in second
    numbers = [
        r["plan_no"] for r in first["all_plan_basic_details"] + second["all_plan_basic_details"]
    ]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == 120
    assert len(core(call, limit=7)["all_plan_basic_details"]) == 7


def test_the_rates_of_a_service_are_of_the_schedule_asked_for(core: Call) -> None:
    who = {"plan_no": 10100, "client_service_id": "VOICE-CLOUD-PBX-STARTER-FEE"}
    euro = "VOICE-CLOUD-PBX-STARTER-EUR-M"
    default = core("get_client_plan_service_rates_m", **who)["plan_service_rates"]
    other = core("get_client_plan_service_rates_m", **who, client_alt_rate_schedule_id=euro)
    assert default[0]["client_rate_schedule_id"] == "VOICE-CLOUD-PBX-STARTER-USD-M"
    assert other["plan_service_rates"][0]["client_rate_schedule_id"] == euro
    assert other["plan_service_rates"][0]["rate_per_unit"] < default[0]["rate_per_unit"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"plan_no": 10100, "service_no": 1},
        {"plan_no": 1, "service_no": 30131},
        {"plan_no": 10101, "service_no": 30131},
        {"plan_no": 10101, "client_service_id": "VOICE-CLOUD-PBX-STARTER-FEE"},
        {"plan_no": 10100, "service_no": 30131, "alt_rate_schedule_no": 20110},
    ],
)
def test_rates_of_what_is_not_on_the_plan_are_1013(core: Call, wrong: Row) -> None:
    assert core("get_client_plan_service_rates_m", **wrong)["error_code"] == 1013


def test_schedules_are_filtered_by_currency(core: Call) -> None:
    found = core("get_rate_schedules_for_plan_m", plan_no=10100, currency_cd="gbp")["rate_scheds"]
    assert [row["schedule_currency"] for row in found] == ["gbp"]


def test_masters_and_supplementals_of_a_code_are_two_calls(core: Call) -> None:
    masters = core("get_plans_by_promo_code_m", promo_code="SFDC")["plan_details"]
    supplementals = core("get_supp_plans_by_promo_code_m", promo_code="SFDC")["plans_details"]
    assert (len(masters), len(supplementals)) == (40, 80)


def test_items_no_longer_sold_come_when_asked(core: Call) -> None:
    sold = core("get_client_items_all_m")["all_client_item_details"]
    every = core("get_client_items_all_m", include_inactive_items="true")["all_client_item_details"]
    assert len(sold) < len(every) == 60
    assert {row["active_ind"] for row in sold} == {1}


def test_items_are_filtered_by_currency_and_number(core: Call) -> None:
    one = core("get_client_items_all_m", filter_currency_cd="eur", filter_item_no=60101)
    item = one["all_client_item_details"][0]
    assert [price["currency_cd"] for price in item["all_item_prices"]] == ["eur"]
    prices = core("get_client_item_prices_m", filter_client_item_id=item["client_sku"])
    assert len(prices["item_rates"]) == 3
    assert isinstance(prices["item_rates"][1]["price"], int | Decimal)


def test_numbers_that_aria_quotes_are_quoted(admin: Call) -> None:
    assert admin("get_service_details_m", service_no=30131)["service_no"] == "30131"
    plan_set = admin("get_promo_plan_set_details_m", client_plan_type_id="PS-VOICE")
    assert plan_set["plan"][0]["plan_no"] == "10100"


@pytest.mark.parametrize(
    ("name", "inputs", "code"),
    [
        ("get_plan_details_m", {"plan_no": 1}, 1010),
        ("get_plan_details_m", {}, 1010),
        ("get_service_details_m", {"service_no": 1}, 1013),
        ("get_inventory_item_details_m", {"client_sku": "X"}, 1013),
        ("get_promo_plan_set_details_m", {"promo_plan_set_no": 1}, 1013),
        ("get_promotion_details_m", {"promo_cd": "X"}, 1013),
        ("get_coupon_details_m", {"coupon_cd": "X"}, 1013),
    ],
)
def test_details_of_what_does_not_exist_are_refused(
    admin: Call, name: str, inputs: Row, code: int
) -> None:
    assert admin(name, **inputs)["error_code"] == code


def test_item_details_show_prices(admin: Call) -> None:
    found = admin("get_inventory_item_details_m", client_sku="PHONE-COM-01", currency_cd="usd")
    assert found["pricing"] == [{"currency_cd": "usd", "price": 89}]
