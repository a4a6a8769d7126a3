"""The catalog of an independent Aria: plans, services, rates, items (aria.md §2.1)."""

from datetime import date
from decimal import Decimal
from typing import Any

from tests.connectors.independent_dialect import NONE_SUCH

DAY = date(2026, 3, 1)
Row = dict[str, Any]


def tier(place: int, first: str, last: str | None, rate: str) -> Row:
    """Return one tier; the last has no end."""
    return {
        "rate_seq_no": place,
        "from_unit": Decimal(first),
        "to_unit": None if last is None else Decimal(last),
        "rate_per_unit": Decimal(rate),
        "monthly_fee": Decimal(rate),
        "rate_tier_description": "",
    }


def service(number: int, own: str, kind: str, **rates: list[Row]) -> Row:
    """Return a service of a plan with its tiers by client rate schedule id."""
    return {
        "service_no": number,
        "client_service_id": own,
        "service_desc": f"{own} &amp; more\nin two lines",
        "is_recurring_ind": kind == "recurring",
        "is_usage_based_ind": kind == "usage",
        "is_setup_ind": kind == "setup",
        "is_arrears_ind": False,
        "usage_type": 7 if kind == "usage" else NONE_SUCH,
        "usage_type_code": "CALLS" if kind == "usage" else None,
        "taxable_ind": True,
        "coa_id": "4000",
        "tiered_pricing_rule": 2,
        "=rates": rates,
    }


def schedule(number: int, own: str, currency: str, *, default: bool) -> Row:
    return {
        "schedule_no": number,
        "client_rate_schedule_id": own,
        "schedule_name": f"{own} monthly",
        "schedule_currency": currency,
        "recurring_billing_interval": 1,
        "usage_billing_interval": 1,
        "default_ind": default,
        "default_ind_curr": True,
        "available_from_dt": DAY,
        "available_to_dt": None,
    }


def plan(number: int, own: str | None, *, supplemental: bool, **more: Any) -> Row:
    return {
        "plan_no": number,
        "client_plan_id": own,
        "plan_name": f"Plan {own or number}",
        "plan_desc": "Line one\nline two &lt;b&gt;",
        "supp_plan_ind": supplemental,
        "billing_ind": True,
        "display_ind": False,
        "prepaid_ind": False,
        "currency_cd": "eur",
        "proration_invoice_timing_cd": "A",
        "plan_services": [],
        "plan_rate_schedules_details": [],
        "promotional_plan_sets": [],
        "child_plans": [],
        "plan_supp_fields": [],
        **more,
    }


_ITEM: Row = {
    "item_no": 60100,
    "client_sku": "SETUP",
    "item_label": "Setup",
    "item_desc": "",
    "item_type": 0,
    "active_ind": True,
    "purchase_scope": 0,
    "service_no": 30300,
    "client_service_id": "SETUP_FEE",
    "coa_id": "4000",
    "taxable_ind": False,
    "stock_level": None,
    "modify_price_ind": "N",
    "all_item_prices": [
        {"price": Decimal(250), "price_per_unit": Decimal(250), "currency_cd": "eur"},
        {"price": Decimal("300.5"), "price_per_unit": Decimal("300.5"), "currency_cd": "chf"},
    ],
}


def plans() -> list[Row]:
    """Return a master plan, one below it, and one without an id."""
    promotion = {"promo_code": "CODE", "promo_code_desc": "A code"}
    plan_set = {
        "promo_set_no": 401,
        "promo_set_name": "Set",
        "client_promo_set_id": "SET",
        "promotions_for_set": [promotion],
    }
    low, high = tier(1, "1", "10", "12.5"), tier(2, "11", None, "9.75")
    seats = service(30100, "SEATS", "recurring", EUR=[low, high], CHF=[tier(1, "1", None, "13")])
    calls = service(30101, "CALLS", "usage", EUR=[tier(1, "1", None, "0.00125")])
    field = {"plan_supp_field_name": "sf_family", "plan_supp_field_value": "Core"}
    gold = plan(
        10100,
        "GOLD",
        supplemental=False,
        plan_services=[seats, calls],
        plan_rate_schedules_details=[
            schedule(20100, "EUR", "eur", default=True),
            schedule(20101, "CHF", "chf", default=False),
        ],
        promotional_plan_sets=[plan_set],
        child_plans=[
            {
                "plan_no": 10200,
                "client_plan_id": "EXTRA",
                "is_mandatory": False,
                "is_default": True,
                "min_units": 1,
                "max_units": NONE_SUCH,
            }
        ],
        plan_supp_fields=[field],
    )
    extra = plan(
        10200,
        "EXTRA",
        supplemental=True,
        plan_services=[service(30200, "DISK", "recurring", XEUR=[tier(1, "1", None, "5")])],
        plan_rate_schedules_details=[schedule(20200, "XEUR", "eur", default=True)],
        promotional_plan_sets=[plan_set],
    )
    return [gold, extra, plan(10300, None, supplemental=False)]


def catalog() -> dict[str, list[Row]]:
    """Return plans, items, promotions, plan sets and coupons."""
    return {
        "plan": plans(),
        "item": [dict(_ITEM)],
        "promotion": [{"promo_cd": "CODE", "promo_desc": "A code", "expires_after": None}],
        "plan_set": [
            {
                "promo_plan_set_no": 401,
                "promo_plan_set_name": "Set",
                "promo_plan_set_desc": "All plans",
                "client_plan_type_id": "SET",
            }
        ],
        "coupon": [
            {
                "coupon_cd": "TEN",
                "coupon_desc": "Ten per cent",
                "expires_after": DAY,
                "coupon_scope": "All",
            }
        ],
    }
