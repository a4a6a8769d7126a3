"""Aria's side of the data set: promotion codes, coupons with their rules, items sold once."""

from decimal import Decimal
from random import Random

from app.sandbox.dataset.counts import Counts
from app.sandbox.dataset.draw import one_in
from app.sandbox.dataset.money import CURRENCIES, price_in
from app.sandbox.dataset.plans import SALESFORCE_PROMOTION
from app.sandbox.dataset.values import Row, Tables
from app.sandbox.dataset.wording import (
    CAMPAIGNS,
    COUPON_SCOPES,
    DISCOUNTS,
    ITEM_BASES,
    ITEM_VARIANTS,
)

FIRST_ITEM_NO = 60100
FIRST_TEMPLATE_NO = 1001
_FIRST_RULE_NO = 4101
_PERCENT, _FLAT = 2, 1
_ALL_CHARGES, _RECURRING_CHARGES = 0, 21


def promotion_rows(counts: Counts, sets: list[Row]) -> list[Row]:
    """Return one or more promotion codes for each plan set; a code has exactly one set."""
    rows = [_promotion(index, plan_set, "2025") for index, plan_set in enumerate(sets)]
    rows[-1]["promo_cd"] = SALESFORCE_PROMOTION
    rows[-1]["exp_date"] = None  # an expiring code would starve the reading of the catalog
    for index in range(counts.extra_promotions):
        suffix = "PARTNER" if index < len(sets) - 1 else f"PARTNER{index}"
        rows.append(_promotion(index + 2, sets[index % (len(sets) - 1)], suffix))
    return rows


def _promotion(index: int, plan_set: Row, suffix: str) -> Row:
    code = plan_set["client_plan_type_id"].removeprefix("PS-")
    words = "for partners" if suffix.startswith("PARTNER") else suffix
    return {
        "promo_cd": f"{code}-{suffix}",
        "promo_desc": f"{plan_set['promo_plan_set_name']} {words}",
        "start_date": f"2025-0{1 + index % 9}-01",
        "exp_date": f"2026-1{index % 2}-30" if one_in(3, index) else None,
        "no_of_uses": None,
        "promo_plan_set_no": plan_set["promo_plan_set_no"],
    }


def item_tables(counts: Counts, random: Random) -> Tables:
    """Return the items (non-subscription offerings) and their prices in every currency."""
    items: list[Row] = []
    prices: list[Row] = []
    for index in range(counts.items):
        base, generation = index % len(ITEM_BASES), index // len(ITEM_BASES)
        code, label, dollars = ITEM_BASES[base]
        variant = ITEM_VARIANTS[generation % len(ITEM_VARIANTS)]
        series = generation // len(ITEM_VARIANTS) + 1
        item = _item(index, f"{label} {variant}" + (f" {series}" if series > 1 else ""), random)
        item["client_sku"] = f"{code}-{variant[:3].upper()}-{series:02}"
        items.append(item)
        factor = 1 + generation % len(ITEM_VARIANTS) * Decimal("0.35")
        prices.extend(
            {
                "item_no": item["item_no"],
                "currency_cd": currency,
                "price": price_in(currency, Decimal(dollars) * factor, 2),
            }
            for currency in CURRENCIES
        )
    return {"item": items, "item_price": prices}


def _item(index: int, label: str, random: Random) -> Row:
    descriptions = (
        f"{label}, two years of guarantee",
        f"{label} &mdash; delivered within 3 days",
        "",
        f"{label}\nIncludes power supply and cable",
        f"{label} für Büro und Werkstatt",
        None,
    )
    return {
        "item_no": FIRST_ITEM_NO + index,
        "client_sku": "",
        "item_label": label,
        "item_desc": descriptions[index % len(descriptions)],
        "active_ind": int(not one_in(17, index, 9)),
        "item_type": 2 if one_in(15, index, 6) else 0,
        "purchase_scope": int(one_in(8, index, 3)),
        "coa_id": f"4{7 + index % 2}00",
        "taxable_ind": int(index % 9 != 0),
        "modify_price_ind": "Y" if one_in(4, index) else "N",
        "stock_level": Decimal(random.randrange(0, 90000)) / 100 if index % 3 else None,
        "warranty": f"{random.choice((12, 24, 36))} months",
    }


def coupon_rows(counts: Counts) -> list[Row]:
    """Return the coupons; all have a start and an end, as create_coupon_m wants (aria.md §2.2)."""
    return [_coupon(index) for index in range(counts.coupons)]


def _coupon(index: int) -> Row:
    code, label = CAMPAIGNS[index % len(CAMPAIGNS)]
    percent = DISCOUNTS[index // len(CAMPAIGNS) % len(DISCOUNTS)]
    year = index // (len(CAMPAIGNS) * len(DISCOUNTS))
    return {
        "coupon_cd": f"{code}{percent}" + (f"-{year}" if year else ""),
        "coupon_desc": f"{label} — {percent} %" if index % 6 else "",
        "coupon_msg": f"Thank you: {percent} % off",
        "status_ind": int(not one_in(12, index, 7)),
        "no_of_uses": 1 + index % 3,
        "start_date": f"2025-0{1 + index % 9}-15",
        "end_date": f"2026-{1 + index % 12:02}-28",
        "coupon_scope": COUPON_SCOPES[index % len(COUPON_SCOPES)],
        "rule_no": _FIRST_RULE_NO + DISCOUNTS.index(percent),
    }


def discount_rule_rows() -> list[Row]:
    """Return a rule for each percentage of the coupons, and an amount that no coupon takes off."""
    percents = [
        _rule(index, f"RULE-{percent}-PERCENT", f"{percent} % off all charges")
        | {"flat_percent_ind": _PERCENT, "amount": Decimal(percent), "scope_no": _ALL_CHARGES}
        for index, percent in enumerate(DISCOUNTS)
    ]
    flat = _rule(len(DISCOUNTS), "RULE-5-DOLLARS", "5 dollars off recurring charges")
    amount = {"flat_percent_ind": _FLAT, "amount": Decimal(5), "scope_no": _RECURRING_CHARGES}
    return [*percents, flat | amount | {"duration_type_ind": "M", "max_applicable_months": 12}]


def _rule(index: int, rule_id: str, label: str) -> Row:
    return {
        "rule_no": _FIRST_RULE_NO + index,
        "rule_id": rule_id,
        "rule_name": label,
        "description": label,
        "ext_description": "Discount",
        "currency": "usd",
        "inline_offset_ind": "O",
        "duration_type_ind": "I",
        "max_applicable_months": None,
        "max_applications_per_acct": None,
    }


def email_template_rows() -> list[Row]:
    """Return the client's templates of messages: statements first, by their class."""
    named = (("Statement", "I"), ("Statement with logo", "I"), ("Dunning notice", "D"),
             ("Welcome", "W"), ("Credit note", "O"))  # fmt: skip
    return [
        {
            "template_no": FIRST_TEMPLATE_NO + index,
            "client_email_template_id": f"TEMPLATE-{index + 1}",
            "template_name": name,
            "template_class": letter,
            "global_ind": 0,
            "default_ind": int(index != 1),
        }
        for index, (name, letter) in enumerate(named)
    ]
