"""Prices in words: every model, what limits them, and what nobody has words for."""

from decimal import Decimal
from typing import Any

import pytest

from app.connectors.orb.price_models import MODELS
from app.connectors.orb.price_words import adjustment_words, price_words
from tests.connectors.orb_world import OrbWorld
from tests.sandbox.orb.published import document, sample

TIER = {"tier_lower_bound": "10", "unit_amount": "0.5", "per_unit": "3", "minimum_amount": "2"}
CELL = {"dimension_values": ["eu", "xl"], "unit_amount": "0.5"}
FACTOR = {"first_dimension_value": "eu", "second_dimension_value": None, "scaling_factor": "2"}
PERCENT = Decimal("0.15")


def price(model: str, config: Any, **more: Any) -> dict[str, Any]:
    return {"model_type": model, f"{model}_config": config, "currency": "USD", **more}


@pytest.mark.parametrize(
    ("model", "config", "rates"),
    [
        ("unit", {"unit_amount": "1.50"}, ["USD 1.50 per unit"]),
        ("unit", {"unit_amount": "1", "prorated": True}, ["USD 1 per unit", "prorated"]),
        ("percent", {"percent": PERCENT}, ["15% of the amount of its components"]),
        ("package", {"package_amount": "9", "package_size": 5}, ["USD 9 for each 5 units"]),
        (
            "tiered",
            {
                "tiers": [
                    {"first_unit": 0, "last_unit": 10, "unit_amount": "2"},
                    {"first_unit": 10, "last_unit": None, "unit_amount": "1"},
                ]
            },
            ["each tier at its own rate", "0 to 10: USD 2 per unit", "from 10: USD 1 per unit"],
        ),
        (
            "bulk",
            {"tiers": [{"maximum_units": 5, "unit_amount": "2"}, {"maximum_units": None}]},
            ["all units at the rate of the total", "up to 5: USD 2 per unit", "beyond: ? per unit"],
        ),
        (
            "matrix",
            {"dimensions": ["a", None], "default_unit_amount": "1", "matrix_values": [CELL]},
            ['by ["a",null]; else USD 1 per unit', "eu, xl: USD 0.5 per unit"],
        ),
        (
            "scalable_matrix_with_unit_pricing",
            {"unit_price": "4", "first_dimension": "zone", "matrix_scaling_factors": [FACTOR]},
            ["USD 4 per unit, scaled by zone", "eu: times 2"],
        ),
        (
            "tiered_package_with_minimum",
            {"package_size": 2, "tiers": [TIER]},
            [
                "packages of 2 units, each tier",
                "from 10: USD 3 per package, at least USD 2",
            ],
        ),
        (
            "grouped_with_min_max_thresholds",
            {
                "grouping_key": "team",
                "per_unit_rate": "1",
                "minimum_charge": "5",
                "maximum_charge": "9",
            },
            ["for each team: USD 1 per unit, at least USD 5, at most USD 9"],
        ),
    ],
)
def test_a_model_says_what_is_charged(model: str, config: Any, rates: list[str]) -> None:
    assert list(price_words(price(model, config)).rates) == rates


def test_there_are_words_for_all_models_of_the_reference() -> None:
    assert len(MODELS) == 36
    for model in MODELS:
        (first, *_) = price_words(price(model, {})).rates
        assert first
        assert "{" not in first


def test_a_whole_config_leaves_nothing_open() -> None:
    prices = document()["components"]["schemas"]["Price"]["discriminator"]["mapping"]
    for model, reference in prices.items():
        found = sample({"$ref": reference})
        words = price_words({**found, "model_type": model})
        assert words.model == model.replace("_", " ")
        assert "?" not in " ".join(words.rates), model


def test_the_sdks_name_of_the_model_does_as_well() -> None:
    found = {"price_model_type": "unit", "unit_config": {"unit_amount": "1"}, "currency": "EUR"}
    assert price_words(found).rates == ("EUR 1 per unit",)


@pytest.mark.parametrize(
    ("found", "raw"),
    [
        ({"model_type": "lunar", "lunar_config": {"b": Decimal("1.50"), "a": []}}, '"b":1.50'),
        ({"model_type": "unit", "unit_config": "free"}, '"free"'),
        ({"id": "p1"}, '"id":"p1"'),
        (price("tiered", {"tiers": ["odd"]}), '"odd"'),
    ],
)
def test_what_has_no_words_is_shown_raw(found: dict[str, Any], raw: str) -> None:
    assert raw in " ".join(price_words(found).rates)


@pytest.mark.parametrize(
    ("more", "term"),
    [
        ({"cadence": "semi_annual", "billing_mode": "in_arrear"}, "half-yearly in arrears"),
        ({"cadence": "fortnightly"}, "fortnightly"),
        ({"cadence": "custom"}, "custom"),
        (
            {
                "cadence": "custom",
                "billing_cycle_configuration": {"duration": 3, "duration_unit": "month"},
            },
            "every 3 months",
        ),
        ({"minimum": {"minimum_amount": "5.00"}}, "at least USD 5.00"),
        ({"maximum_amount": "9"}, "at most USD 9"),
        ({"fixed_price_quantity": Decimal("2.0"), "conversion_rate": 3}, "quantity 2 converted"),
        ({"discount": {"discount_type": "percentage", "percentage_discount": PERCENT}}, "15% off"),
        ({"discount": {"discount_type": "amount", "amount_discount": "5"}}, "USD 5 off"),
        ({"discount": {"discount_type": "usage", "usage_discount": 7}}, "first 7 units free"),
        ({"discount": {"discount_type": "trial"}}, "discounted during the trial"),
        ({"discount": {"discount_type": "trial", "trial_amount_discount": "3"}}, "USD 3 off"),
        (
            {"discount": {"discount_type": "trial", "trial_percentage_discount": 1}},
            "100% off during the trial",
        ),
        ({"discount": {"discount_type": "odd"}}, '{"discount_type":"odd"}'),
    ],
)
def test_terms_are_told(more: dict[str, Any], term: str) -> None:
    words = price_words(price("unit", {"unit_amount": "1"}, **more))
    assert words.terms[0] == "in USD"
    assert term in " ".join(words.terms)


@pytest.mark.parametrize(
    ("adjustment", "words"),
    [
        ({"adjustment_type": "minimum", "minimum_amount": "5"}, "at least EUR 5"),
        ({"adjustment_type": "percentage_discount", "percentage_discount": PERCENT}, "15% off"),
        (
            {
                "adjustment_type": "amount_discount",
                "amount_discount": "2",
                "is_invoice_level": True,
            },
            "EUR 2 off on the whole invoice",
        ),
        ({"adjustment_type": "moon"}, '{"adjustment_type":"moon"}'),
    ],
)
def test_adjustments_are_told(adjustment: dict[str, Any], words: str) -> None:
    assert adjustment_words(adjustment, "EUR") == words


def test_every_price_of_the_sandbox_has_words(orb: OrbWorld) -> None:
    for plan in orb.state("plan"):
        for each in plan["prices"]:
            words = price_words(each)
            assert "?" not in " ".join(words.rates)
            assert words.terms
