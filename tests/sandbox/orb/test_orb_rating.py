"""What each price model makes of a quantity."""

from decimal import Decimal
from typing import Any

import pytest

from app.sandbox.dataset.orb_models import model_configs
from app.sandbox.orb.price_models import CONFIGS
from app.sandbox.orb.rating import dimensions_of, rate

TIERS = [
    {"tier_lower_bound": "0", "unit_amount": "1"},
    {"tier_lower_bound": "10", "unit_amount": "0.5"},
]
PACKS = [{"tier_lower_bound": "0", "per_unit": "5"}, {"tier_lower_bound": "2", "per_unit": "3"}]
FIRST = [
    {"first_unit": 0, "last_unit": 10, "unit_amount": "1"},
    {"first_unit": 10, "last_unit": None, "unit_amount": "0.5"},
]
BULK = [{"maximum_units": 10, "unit_amount": "1"}, {"maximum_units": None, "unit_amount": "0.5"}]
CELLS = [{"dimension_values": ["eu"], "unit_amount": "2"}]
GROUP = {"grouping_key": "g"}


def _price(model: str, config: dict[str, Any]) -> dict[str, Any]:
    return {"model_type": model, f"{model}_config": config}


@pytest.mark.parametrize(
    ("model", "config", "quantity", "expected"),
    [
        ("unit", {"unit_amount": "0.25"}, 30, "7.50"),
        ("unit_with_percent", {"unit_amount": "2", "percent": "50"}, 10, "10"),
        ("package", {"package_amount": "5", "package_size": 10}, 21, "15"),
        (
            "package_with_allocation",
            {"package_amount": "5", "package_size": "10", "allocation": "20"},
            21,
            "5",
        ),
        ("tiered", {"tiers": FIRST}, 14, "12"),
        ("tiered_with_proration", {"tiers": TIERS}, 14, "12"),
        ("bulk", {"tiers": BULK}, 14, "7"),
        ("bulk", {"tiers": BULK}, 10, "10"),
        ("bulk_with_proration", {"tiers": TIERS}, 14, "7"),
        ("tiered_package", {"tiers": PACKS, "package_size": "10"}, 25, "13"),
        (
            "threshold_total_amount",
            {"consumption_table": [{"threshold": "10", "total_amount": "8"}]},
            14,
            "8",
        ),
        ("percent", {"percent": Decimal("0.1"), "maximum_amount": "3"}, 100, "3"),
        ("minimum_composite", {"minimum_amount": "20"}, 14, "6"),
    ],
)
def test_a_quantity_costs_what_its_model_says(
    model: str, config: dict[str, Any], quantity: int, expected: str
) -> None:
    assert rate(_price(model, config), {(): Decimal(quantity)}).subtotal == Decimal(expected)


@pytest.mark.parametrize(
    ("model", "config", "expected"),
    [
        ("matrix", {"default_unit_amount": "1", "matrix_values": CELLS}, "25"),
        (
            "matrix_with_allocation",
            {"default_unit_amount": "1", "matrix_values": CELLS, "allocation": "4"},
            "17",
        ),
        ("grouped_tiered", {**GROUP, "tiers": TIERS}, "15"),
        ("grouped_allocation", {**GROUP, "allocation": "8", "overage_unit_rate": "3"}, "6"),
        ("grouped_with_prorated_minimum", {**GROUP, "unit_rate": "1", "minimum": "7"}, "17"),
        (
            "grouped_with_min_max_thresholds",
            {**GROUP, "per_unit_rate": "1", "minimum_charge": "6", "maximum_charge": "8"},
            "14",
        ),
        ("max_group_tiered_package", {**GROUP, "tiers": TIERS, "package_size": "3"}, "4"),
    ],
)
def test_groups_and_cells_are_charged_each_by_itself(
    model: str, config: dict[str, Any], expected: str
) -> None:
    slices = {("eu",): Decimal(10), ("us",): Decimal(5)}
    assert rate(_price(model, config), slices).subtotal == Decimal(expected)


def test_every_model_has_a_shape_a_rate_and_a_place_in_the_data_set() -> None:
    configs = model_configs(Decimal("0.5"))
    assert set(configs) == set(CONFIGS)
    assert len(configs) == 35
    for model, config in configs.items():
        assert list(CONFIGS[model](config, "")) == []
        price = _price(model, config)
        slices = {tuple("eu" for _ in dimensions_of(price)): Decimal(700)}
        assert rate(price, slices).subtotal >= 0
