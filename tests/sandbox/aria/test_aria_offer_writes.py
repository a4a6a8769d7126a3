"""Writing services, items, plan sets, promotion codes and coupons through AdminTools."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from app.sandbox.launch import Sandbox

Call = Callable[..., dict[str, Any]]
Row = dict[str, Any]

_ITEM = {
    "item_type": 0,
    "item_name": "Box",
    "item_desc": "A box",
    "client_sku": "BOX-1",
    "currency_cd": "usd|eur",
    "item_price": "10.5|9",
}
_SERVICE = {"service_name": "A", "service_type": "Recurring"}
_CODE = {"promo_cd": "N", "promo_desc": "D", "promo_plan_set_no": 401}
_SET = {"promo_plan_set_name": "Set", "promo_plan_set_desc": "A set"}
_COUPON = {
    "coupon_cd": "C1",
    "status_ind": 1,
    "start_date": "2026-01-01",
    "end_date": "2026-12-31",
}


def one(admin: Call, name: str, array: str, key: str, value: object) -> Row:
    return next(row for row in admin(name)[array] if row[key] == value)


def test_a_service_is_created_and_renamed_on_every_plan(core: Call, admin: Call) -> None:
    found = admin("get_service_details_m", client_service_id="REG-FEE")
    change = {"service_name": "Regulation", "service_type": "Recurring", "taxable_ind": 1}
    assert (
        admin("update_service_m", service_no=found["service_no"], **change)["service_no"] == 30100
    )
    plans = core("get_client_plans_all_m")["all_client_plan_dtls"]
    named = [s for p in plans for s in p["plan_services"] if s["client_service_id"] == "REG-FEE"]
    assert len(named) > 1
    assert {(s["service_desc"], s["taxable_ind"], s["coa_id"]) for s in named} == {
        ("Regulation", 1, "4600")
    }


def test_the_type_of_a_service_gives_its_flags(core: Call, admin: Call) -> None:
    change = {"service_no": 30131, "service_name": "S", "service_type": "Recurring Arrears"}
    admin("update_service_m", **change)
    service = core("get_client_plan_services_m", plan_no=10100)["plan_services_list"][0]
    assert (service["is_recurring_ind"], service["is_arrears_ind"]) == (1, 1)
    usage = {**change, "service_type": "Usage Based", "usage_type": "410"}
    admin("update_service_m", **usage)
    service = core("get_client_plan_services_m", plan_no=10100)["plan_services_list"][0]
    assert (service["is_recurring_ind"], service["usage_type_code"]) == (0, "VOICE_NAT")


@pytest.mark.parametrize(
    ("name", "inputs", "code"),
    [
        ("create_service_m", {"service_name": "A"}, 1010),
        ("create_service_m", {"service_name": "A", "service_type": "Gift"}, 1016),
        ("create_service_m", {"service_name": "A", "service_type": "Usage-Based"}, 1010),
        ("create_service_m", {**_SERVICE, "client_service_id": "REG-FEE"}, 1015),
        ("update_service_m", {"service_name": "A", "service_type": "Recurring"}, 1010),
        ("update_service_m", {**_SERVICE, "service_no": 1}, 1013),
        ("create_inventory_item_m", {**_ITEM, "item_desc": ""}, 1010),
        ("create_inventory_item_m", {**_ITEM, "item_type": 9}, 1016),
        ("create_inventory_item_m", {**_ITEM, "item_price": "1"}, 1016),
        ("create_inventory_item_m", {**_ITEM, "item_price": "1.005|2"}, 1016),
        ("create_inventory_item_m", {**_ITEM, "item_price": "-1|2"}, 1016),
        ("create_inventory_item_m", {**_ITEM, "currency_cd": "USD|EUR"}, 1016),
        ("create_inventory_item_m", {**_ITEM, "currency_cd": "usd|usd"}, 1016),
        ("create_inventory_item_m", {**_ITEM, "modify_price_ind": "yes"}, 1016),
        ("create_inventory_item_m", {**_ITEM, "client_sku": "PHONE-COM-01"}, 1015),
        ("update_inventory_item_m", {**_ITEM, "client_sku": "NONE"}, 1013),
        ("create_promo_plan_set_m", {"promo_plan_set_name": "A"}, 1010),
        ("create_promo_plan_set_m", {**_SET, "client_plan_type_id": "PS-VOICE"}, 1015),
        ("create_promo_plan_set_m", {**_SET, "plan_no": "10100|1"}, 1010),
        ("update_promo_plan_set_m", {**_SET, "promo_plan_set_no": 1}, 1013),
        ("create_promotion_m", {**_CODE, "promo_cd": "SFDC"}, 1015),
        ("create_promotion_m", {**_CODE, "promo_cd": "N" * 31}, 1016),
        ("create_promotion_m", {**_CODE, "promo_plan_set_no": 1}, 1013),
        ("create_promotion_m", {**_CODE, "exp_date": "2026-01-01"}, 1010),
        ("create_promotion_m", {**_CODE, "start_date": "2026-01-01", "no_of_uses": 3}, 1016),
        ("update_promotion_m", {**_CODE, "promo_cd": "NONE"}, 1013),
        ("create_coupon_m", {**_COUPON, "end_date": ""}, 1010),
        ("create_coupon_m", {**_COUPON, "end_date": "2025-12-31"}, 1016),
        ("create_coupon_m", {**_COUPON, "end_date": "31.12.2026"}, 1024),
        ("create_coupon_m", {**_COUPON, "coupon_cd": "SPRING5"}, 1015),
        ("update_coupon_m", _COUPON, 1013),
        ("delete_coupons_m", {"coupon_nos": ["SPRING5", "NONE"]}, 1013),
        ("delete_coupons_m", {"coupon_nos": []}, 1010),
    ],
)
def test_a_wrong_write_is_refused_and_changes_nothing(
    sandbox: Sandbox, admin: Call, name: str, inputs: Row, code: int
) -> None:
    kinds = ("service_definition", "item", "item_price", "plan_set", "promotion", "coupon")
    before = [sandbox.systems["aria"].state(kind) for kind in kinds]
    assert admin(name, **inputs)["error_code"] == code
    assert [sandbox.systems["aria"].state(kind) for kind in kinds] == before


def test_an_item_is_created_with_its_prices(core: Call, admin: Call) -> None:
    stock = {"stock_level_track": 1, "stock_level_adjust": "7.5"}
    created = admin("create_inventory_item_m", **_ITEM, **stock)
    assert created["item_no"] == "60160"
    item = core("get_client_items_all_m", filter_item_no=60160)["all_client_item_details"][0]
    prices = {row["currency_cd"]: row["price"] for row in item["all_item_prices"]}
    assert prices == {"usd": Decimal("10.5"), "eur": 9}
    assert (item["item_label"], item["stock_level"]) == ("Box", Decimal("7.5"))


def test_an_item_update_replaces_the_prices(core: Call, admin: Call) -> None:
    change = {
        **_ITEM,
        "client_sku": "PHONE-COM-01",
        "item_desc": "~",
        "currency_cd": "gbp",
        "item_price": "5",
    }
    assert admin("update_inventory_item_m", **change)["item_no"] == "60100"
    item = core("get_client_items_all_m", filter_item_no=60100)["all_client_item_details"][0]
    assert [row["currency_cd"] for row in item["all_item_prices"]] == ["gbp"]
    assert (item["item_label"], item["item_desc"], item["coa_id"]) == ("Box", "", "4700")


def test_an_item_is_renamed_by_its_number(core: Call, admin: Call) -> None:
    admin("update_inventory_item_m", **_ITEM, item_no=60100)
    found = core("get_client_items_basic_m", filter_client_item_id="BOX-1")["items_basic_details"]
    assert [row["item_no"] for row in found] == [60100]


def test_a_plan_set_takes_piped_lists_and_loses_what_is_not_sent(admin: Call) -> None:
    ids = "FIBRE-FIBRE-250-STARTER|MOBILE-MOBILE-FLAT-STARTER"
    created = admin(
        "create_promo_plan_set_m",
        **_SET,
        client_plan_type_id="PS-N",
        plan_no="10100",
        client_plan_id=ids,
    )
    number = created["promo_plan_set_no"]
    assert number == "413"
    details = admin("get_promo_plan_set_details_m", client_plan_type_id="PS-N")
    assert [row["plan_no"] for row in details["plan"]] == ["10100", "10101", "10102"]
    admin("update_promo_plan_set_m", **_SET, promo_plan_set_no=number)
    assert admin("get_promo_plan_set_details_m", promo_plan_set_no=number)["plan"] == []


def test_a_promotion_is_created_changed_and_cleared(core: Call, admin: Call) -> None:
    base = {"promo_cd": "NEWCODE", "promo_desc": "New", "promo_plan_set_no": 401}
    assert (
        admin("create_promotion_m", **base, start_date="2026-01-01", exp_date="2026-06-30")[
            "error_code"
        ]
        == 0
    )
    listed = one(admin, "get_promotions_m", "promotions", "promo_cd", "NEWCODE")
    assert listed["expires_after"] == "2026-06-30"
    assert core("get_client_plans_all_m", promo_code="NEWCODE")["all_client_plan_dtls"]
    admin("update_promotion_m", **{**base, "promo_desc": "Newer"})
    details = admin("get_promotion_details_m", promo_cd="NEWCODE")
    assert (details["promo_desc"], details["exp_date"]) == ("Newer", "2026-06-30")
    admin("update_promotion_m", **base, exp_date="~")
    assert admin("get_promotion_details_m", promo_cd="NEWCODE")["exp_date"] is None
    admin("update_promotion_m", **base, no_of_uses=5)
    details = admin("get_promotion_details_m", promo_cd="NEWCODE")
    assert (details["no_of_uses"], details["start_date"]) == ("5", None)


def test_a_coupon_is_created_changed_and_deleted(admin: Call) -> None:
    assert admin("create_coupon_m", **_COUPON, coupon_desc="Ten")["coupon_cd"] == "C1"
    admin("update_coupon_m", **{**_COUPON, "end_date": "2027-01-31"}, coupon_scope="All")
    details = admin("get_coupon_details_m", coupon_cd="C1")
    assert (details["coupon_desc"], details["end_date"]) == ("Ten", "2027-01-31")
    assert one(admin, "get_coupons_m", "coupons", "coupon_cd", "C1")["coupon_scope"] == "All"
    admin("update_coupon_m", **_COUPON, coupon_desc="~")
    assert admin("get_coupon_details_m", coupon_cd="C1")["coupon_desc"] == ""
    assert admin("delete_coupons_m", coupon_nos="C1|SPRING5")["error_code"] == 0
    assert admin("get_coupon_details_m", coupon_cd="C1")["error_code"] == 1013
