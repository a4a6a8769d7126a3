"""Builds a data set from a size and a seed."""

from random import Random

from app.sandbox.dataset.counts import Counts, counts_for
from app.sandbox.dataset.drift import drift_edits
from app.sandbox.dataset.offers import (
    coupon_rows,
    discount_rule_rows,
    email_template_rows,
    item_tables,
    promotion_rows,
)
from app.sandbox.dataset.plans import plan_rows, plan_set_rows, relationship_rows
from app.sandbox.dataset.services import service_tables, usage_type_rows
from app.sandbox.dataset.twin import salesforce_rows
from app.sandbox.dataset.values import Dataset, Row, Tables

_CURRENCY_ROWS = (
    ("usd", "US dollar", 840, "$", 1),
    ("eur", "Euro", 978, "€", 0),
    ("gbp", "Pound sterling", 826, "£", 0),
)


def build(size: str | int, seed: int) -> Dataset:
    """Return the data set of a size and a seed.

    The size is "small", "medium", "large" or about so many records. The same
    arguments always give the same rows, in the same order.

    Raises:
        ValueError: `size` is no size.
    """
    counts = counts_for(size)
    aria = _aria_tables(counts, Random(seed))
    salesforce = salesforce_rows(aria)
    return Dataset(aria, salesforce, drift_edits(aria, salesforce, counts, Random(seed + 1)))


def _aria_tables(counts: Counts, random: Random) -> Tables:
    sets = plan_set_rows(counts)
    plans = plan_rows(counts, sets, random)
    return {
        "currency": [_currency(*row) for row in _CURRENCY_ROWS],
        "usage_type": usage_type_rows(),
        "supp_field": _supp_field_rows(),
        "promotion": promotion_rows(counts, sets),
        "plan_set": sets,
        "plan": plans,
        "plan_relationship": relationship_rows(plans, sets, random),
        **service_tables(plans, random),
        **item_tables(counts, random),
        "coupon": coupon_rows(counts),
        "discount_rule": discount_rule_rows(),
        "email_template": email_template_rows(),
    }


def _currency(code: str, name: str, number: int, symbol: str, default: int) -> Row:
    return {
        "currency_cd": code,
        "currency_name": name,
        "iso_4217n": number,
        "currency_symbol": symbol,
        "default_ind": default,
    }


def _supp_field_rows() -> list[Row]:
    """Return the definitions of product fields; `markets` has several values."""
    return [
        _supp_field(51, "sf_family", "Product family in Salesforce", "Plan"),
        _supp_field(52, "markets", "Countries where the plan is sold", "Plan")
        | {"max_no_sel": 5, "form_input_type": "checkbox"},
        _supp_field(53, "warranty", "Guarantee on hardware", "Item"),
    ]


def _supp_field(number: int, name: str, description: str, on: str) -> Row:
    return {
        "field_no": number,
        "field_name": name,
        "description": description,
        "associated_object": on,
        "max_no_sel": 1,
        "form_input_type": "text",
    }
