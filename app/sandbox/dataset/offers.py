"""Aria's side of the data set: promotion codes, coupons, and items sold once with their prices."""

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
    }
