"""The words of price models, discounts and adjustments (orb.md §2.2); names in braces are Orb's."""

from collections.abc import Mapping
from dataclasses import dataclass

MONEY = frozenset(
    {
        "amount_discount",
        "default_unit_amount",
        "default_unit_rate",
        "maximum_amount",
        "maximum_charge",
        "minimum",
        "minimum_amount",
        "minimum_charge",
        "minimum_unit_amount",
        "overage_unit_rate",
        "package_amount",
        "per_unit",
        "per_unit_rate",
        "threshold_amount",
        "total_amount",
        "unit_amount",
        "unit_price",
        "trial_amount_discount",
        "unit_rate",
    }
)
"""Names whose values are amounts of money."""


@dataclass(frozen=True, slots=True)
class Model:
    """The words of a model: for its config, for what may be absent, and for the rows of a list."""

    head: str = ""
    more: tuple[tuple[str, str], ...] = ()
    rows: tuple[tuple[str, str], ...] = ()


_TIER = "{range}: {unit_amount} per unit"
_TIERS = (("tiers", _TIER),)
_PACK = (("tiers", "{range}: {per_unit} per package"),)
_CELLS = (("matrix_values", "{values}: {unit_amount} per unit"),)
_FACTORS = (("matrix_scaling_factors", "{values}: times {scaling_factor}"),)
_ABOVE = (
    "{cell_coordinates}: {below_threshold_discount_percentage}% off up to {threshold_amount}, "
    "{above_threshold_discount_percentage}% off above"
)
_PRORATED = (("prorated", "prorated"), ("prorate", "prorated"))
_BY_DIMENSIONS = "by {dimensions}; else {default_unit_amount} per unit"
_BY_TWO = (("second_dimension", "and by {second_dimension}"),)
MODELS: Mapping[str, Model] = {
    "unit": Model("{unit_amount} per unit", _PRORATED),
    "unit_with_percent": Model("{unit_amount} per unit, of which {percent}% is charged"),
    "unit_with_proration": Model("{unit_amount} per unit, prorated"),
    "percent": Model(
        "{share} of the amount of its components",
        (
            ("minimum_amount", "at least {minimum_amount}"),
            ("maximum_amount", "at most {maximum_amount}"),
            *_PRORATED,
        ),
    ),
    "package": Model("{package_amount} for each {package_size} units"),
    "package_with_allocation": Model(
        "{package_amount} for each {package_size} units beyond the first {allocation}"
    ),
    "tiered": Model("each tier at its own rate", _PRORATED, _TIERS),
    "tiered_with_minimum": Model(
        "each tier at its own rate",
        (*_PRORATED, ("hide_zero_amount_tiers", "tiers without an amount are hidden")),
        (("tiers", _TIER + ", at least {minimum_amount}"),),
    ),
    "tiered_with_proration": Model("each tier at its own rate, prorated", (), _TIERS),
    "tiered_package": Model("packages of {package_size} units, each tier", (), _PACK),
    "tiered_package_with_minimum": Model(
        "packages of {package_size} units, each tier",
        (),
        (("tiers", "{range}: {per_unit} per package, at least {minimum_amount}"),),
    ),
    "tiered_matrix_with_allocation": Model(
        f"{_BY_DIMENSIONS}; the first {{allocation}} units are free", (), _TIERS
    ),
    "threshold_total_amount": Model(
        "in all, by the units reached",
        _PRORATED,
        (("consumption_table", "from {threshold} units: {total_amount} in all"),),
    ),
    "bulk": Model("all units at the rate of the total", (), _TIERS),
    "bulk_with_filters": Model(
        "all units at the rate of the total",
        (),
        (*_TIERS, ("filters", "only where {property_key} is {property_value}")),
    ),
    "bulk_with_proration": Model("all units at the rate of the total, prorated", (), _TIERS),
    "matrix": Model(_BY_DIMENSIONS, (), _CELLS),
    "matrix_with_allocation": Model(
        f"{_BY_DIMENSIONS}; the first {{allocation}} units are free", (), _CELLS
    ),
    "matrix_with_display_name": Model(
        "by {dimension}",
        (),
        (("unit_amounts", "{display_name} ({dimension_value}): {unit_amount} per unit"),),
    ),
    "matrix_with_threshold_discounts": Model(
        "by {first_dimension}; else {default_unit_amount} per unit",
        _BY_TWO,
        (
            *_CELLS,
            ("threshold_discount_groups", _ABOVE),
        ),
    ),
    "scalable_matrix_with_unit_pricing": Model(
        "{unit_price} per unit, scaled by {first_dimension}",
        (*_BY_TWO, ("grouping_key", "for each {grouping_key}"), *_PRORATED),
        _FACTORS,
    ),
    "scalable_matrix_with_tiered_pricing": Model(
        "each tier at its own rate, scaled by {first_dimension}", _BY_TWO, (*_TIERS, *_FACTORS)
    ),
    "grouped_allocation": Model(
        "for each {grouping_key}: {overage_unit_rate} per unit beyond the first {allocation}"
    ),
    "grouped_tiered": Model("for each {grouping_key}, each tier at its own rate", (), _TIERS),
    "grouped_tiered_package": Model(
        "for each {grouping_key}, packages of {package_size} units", (), _PACK
    ),
    "grouped_tiered_matrix": Model(
        "by {dimension}; else {default_unit_amount} per unit",
        (),
        (("tiers", "{dimension_value}, {range}: {unit_amount} per unit"),),
    ),
    "max_group_tiered_package": Model(
        "the largest {grouping_key} alone, packages of {package_size} units",
        (),
        (("tiers", "{range}: {unit_amount} per package"),),
    ),
    "grouped_with_prorated_minimum": Model(
        "for each {grouping_key}: {unit_rate} per unit, at least {minimum}, prorated"
    ),
    "grouped_with_metered_minimum": Model(
        "for each {grouping_key}, by {pricing_key} scaled by {scaling_key}; "
        "at least {minimum_unit_amount} per unit",
        (),
        (
            ("unit_amounts", "{pricing_value}: {unit_amount} per unit"),
            ("scaling_factors", "{scaling_value}: times {scaling_factor}"),
        ),
    ),
    "grouped_with_min_max_thresholds": Model(
        "for each {grouping_key}: {per_unit_rate} per unit, at least {minimum_charge}, "
        "at most {maximum_charge}"
    ),
    "cumulative_grouped_bulk": Model(
        "all units of each {group} at the rate of the total",
        (),
        (("dimension_values", "{grouping_key}, {range}: {unit_amount} per unit"),),
    ),
    "cumulative_grouped_allocation": Model(
        "{unit_amount} per unit beyond the first {group_allocation} of each {grouping_key} and "
        "the first {cumulative_allocation} of all"
    ),
    "daily_credit_allowance": Model(
        f"{_BY_DIMENSIONS}; {{daily_allowance}} free each day of {{event_day_property}}",
        (),
        _CELLS,
    ),
    "metered_allowance": Model(
        "{unit_amount} per unit of {grouping_key} {consumption_grouping_value} beyond "
        "{allowance_grouping_value}"
    ),
    "minimum_composite": Model("its components, at least {minimum_amount}", _PRORATED),
    "event_output": Model(
        "the rate that events tell in {unit_rating_key}",
        (
            ("grouping_key", "for each {grouping_key}"),
            ("default_unit_rate", "else {default_unit_rate} per unit"),
        ),
    ),
}
"""The price models that have words; any other is shown raw."""
DISCOUNTS = {
    "percentage": "{off} off",
    "amount": "{amount_discount} off",
    "usage": "the first {usage_discount} units free",
    "trial": "{trial} during the trial",
    "tiered_percentage": "off by tiers: {tiers}",
}
ADJUSTMENTS = {
    "usage_discount": "the first {usage_discount} units free",
    "amount_discount": "{amount_discount} off",
    "percentage_discount": "{off} off",
    "tiered_percentage_discount": "off by tiers: {tiers}",
    "minimum": "at least {minimum_amount}",
    "maximum": "at most {maximum_amount}",
}
