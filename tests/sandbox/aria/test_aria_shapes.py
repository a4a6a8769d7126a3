"""Every answer has the names and types of aria_calls.json; null is no value (aria.md §4)."""

import json
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., dict[str, Any]]

_REFERENCE = Path(__file__).resolve().parents[3].parent / "shared/reference/aria_calls.json"
_TYPES: dict[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, Decimal),
    "string": (str,),
    "boolean": (bool,),
}
# What aria.md's tables print and aria_calls.json leaves out.
_BESIDE = {
    "get_client_plan_services_m": {"client_service_id"},
}
_CORE: dict[str, dict[str, Any]] = {
    "get_client_plans_all_m": {
        "include_all_rate_schedules": "true",
        "include_plan_hierarchy": "true",
    },
    "get_client_plans_basic_m": {"include_rs_summary": "true"},
    "get_catalog_hierarchy_m": {"include_plan_hierarchy": "true", "include_total_count": "true"},
    "get_client_plan_services_m": {"plan_no": 10100},
    "get_client_plan_service_rates_m": {"plan_no": 10100, "service_no": 30131},
    "get_rate_schedules_for_plan_m": {"plan_no": 10100},
    "get_plans_by_promo_code_m": {"promo_code": "SFDC", "include_rs_summary": "true"},
    "get_supp_plans_by_promo_code_m": {"promo_code": "SFDC", "include_rs_summary": "true"},
    "get_client_items_all_m": {"include_inactive_items": "true"},
    "get_client_items_basic_m": {},
    "get_client_item_prices_m": {},
    "get_client_item_supp_fields_m": {},
    "get_client_currencies_m": {},
    "get_email_templates_m": {"filter_template_class": "I"},
    "authenticate_caller_m": {},
    "get_current_system_version_m": {},
    "get_virtual_datetime_m": {},
    "get_all_client_receipt_ids_m": {},
}
_ADMIN: dict[str, dict[str, Any]] = {
    "get_plans_m": {"include_rs_summary": "true"},
    "get_plan_details_m": {"plan_no": 10100},
    "get_services_m": {},
    "get_service_details_m": {"service_no": 30131},
    "get_inventory_items_m": {},
    "get_inventory_item_details_m": {"item_no": 60100},
    "get_promo_plan_sets_m": {},
    "get_promo_plan_set_details_m": {"promo_plan_set_no": 401},
    "get_promotions_m": {},
    "get_promotion_details_m": {"promo_cd": "SFDC"},
    "get_coupons_m": {},
    "get_discount_rules_m": {},
    "get_coupon_details_m": {"coupon_cd": "SPRING5"},
    "get_usage_types_m": {},
    "list_supp_obj_fields_m": {},
    "create_service_m": {"service_name": "S", "service_type": "Recurring"},
    "create_promo_plan_set_m": {"promo_plan_set_name": "S", "promo_plan_set_desc": "S"},
    "create_promotion_m": {"promo_cd": "P", "promo_desc": "P", "promo_plan_set_no": 401},
    "delete_coupons_m": {"coupon_nos": ["SPRING5"]},
}


@cache
def reference() -> dict[str, Any]:
    if not _REFERENCE.exists():
        pytest.skip("the reference stands in ../shared/reference, which is not here")
    return dict(json.loads(_REFERENCE.read_text("utf-8")))


def misfits(expected: Any, found: Any, where: str, beside: set[str]) -> list[str]:
    """Return the places where an answer differs from its description; null means "no value"."""
    if found is None or expected == "structure not documented":
        return []
    if isinstance(expected, dict):
        if not isinstance(found, dict):
            return [f"{where}: no object"]
        unknown = [f"{where}.{name}: not described" for name in set(found) - set(expected) - beside]
        inner = (
            misfits(expected[n], found[n], f"{where}.{n}", beside) for n in found if n in expected
        )
        return unknown + [line for lines in inner for line in lines]
    if isinstance(expected, list):
        if not isinstance(found, list):
            return [f"{where}: no array"]
        inner = (misfits(expected[0], row, f"{where}[]", beside) for row in found)
        return [line for lines in inner for line in lines]
    fits = isinstance(found, _TYPES[expected]) and isinstance(found, bool) == (
        expected == "boolean"
    )
    return [] if fits else [f"{where}: {found!r} is no {expected}"]


@pytest.mark.parametrize("name", list(_CORE))
def test_core_answers_are_as_described(core: Call, name: str) -> None:
    found = core(name, **_CORE[name])
    assert found["error_code"] == 0
    assert misfits(reference()[name]["outputs"], found, name, _BESIDE.get(name, set())) == []


@pytest.mark.parametrize("name", list(_ADMIN))
def test_admin_answers_are_as_described(admin: Call, name: str) -> None:
    found = admin(name, **_ADMIN[name])
    assert found["error_code"] == 0
    assert misfits(reference()[name]["outputs"], found, name, set()) == []


@pytest.mark.parametrize("name", sorted({*_CORE, *_ADMIN}))
def test_answers_are_not_empty(core: Call, admin: Call, name: str) -> None:
    if name in {"authenticate_caller_m", "get_all_client_receipt_ids_m"}:
        return
    found = core(name, **_CORE[name]) if name in _CORE else admin(name, **_ADMIN[name])
    assert all(found[key] for key in list(found)[2:3])


def test_the_names_that_readers_rely_on_are_there(core: Call) -> None:
    plan = core("get_client_plans_all_m", **_CORE["get_client_plans_all_m"])[
        "all_client_plan_dtls"
    ][0]
    service = plan["plan_services"][0]
    rate = service["all_plan_service_rates"][0]["plan_service_rates"][0]
    assert {"client_plan_id", "supp_plan_ind", "proration_invoice_timing_cd"} <= plan.keys()
    assert {"client_service_id", "usage_type_code", "tiered_pricing_rule"} <= service.keys()
    assert {"rate_seq_no", "from_unit", "to_unit", "rate_per_unit"} <= rate.keys()
