"""The configuration of every price model (orb.md §2.2)."""

from app.sandbox.orb.checks import Check, Shape, list_of, loose, text


def _rows(spec: str) -> Check:
    return list_of(loose(spec), least=1)


def _config(spec: str, **nested: Check) -> Shape:
    return loose(spec, **nested)


_TIERS = _rows("first_unit*:number last_unit:number unit_amount*:amount")
_BOUNDED = _rows("tier_lower_bound*:amount unit_amount*:amount")
_PACKS = _rows("tier_lower_bound*:amount per_unit*:amount")
_VALUES = list_of(loose("unit_amount*:amount dimension_values*", dimension_values=list_of(text())))
_CELLS = _rows("first_dimension_value* second_dimension_value unit_amount*:amount")
_FACTORS = _rows("first_dimension_value* second_dimension_value scaling_factor*:amount")
_MATRIX = "dimensions* default_unit_amount*:amount matrix_values*"
_DIMENSIONS = list_of(text(), least=1)

CONFIGS: dict[str, Shape] = {
    "unit": _config("unit_amount*:amount prorated:flag"),
    "tiered": _config("tiers* prorated:flag", tiers=_TIERS),
    "bulk": _config("tiers*", tiers=_rows("maximum_units:number unit_amount*:amount")),
    "bulk_with_filters": _config(
        "tiers* filters*",
        tiers=_rows("tier_lower_bound:amount unit_amount*:amount"),
        filters=_rows("property_key*:key property_value*:key"),
    ),
    "package": _config("package_amount*:amount package_size*:count"),
    "matrix": _config(_MATRIX, dimensions=_DIMENSIONS, matrix_values=_VALUES),
    "threshold_total_amount": _config(
        "consumption_table* prorate:flag",
        consumption_table=_rows("threshold*:amount total_amount*:amount"),
    ),
    "tiered_package": _config("tiers* package_size*:amount", tiers=_PACKS),
    "tiered_with_minimum": _config(
        "tiers* hide_zero_amount_tiers!:flag prorate!:flag",
        tiers=_rows("tier_lower_bound*:amount unit_amount*:amount minimum_amount*:amount"),
    ),
    "grouped_tiered": _config("grouping_key*:key tiers*", tiers=_BOUNDED),
    "grouped_tiered_matrix": _config(
        "dimension*:key default_unit_amount*:amount tiers*",
        tiers=_rows("dimension_value* tier_lower_bound*:amount unit_amount*:amount"),
    ),
    "tiered_package_with_minimum": _config(
        "tiers* package_size*:number",
        tiers=_rows("tier_lower_bound*:amount per_unit*:amount minimum_amount*:amount"),
    ),
    "package_with_allocation": _config(
        "package_amount*:amount package_size*:amount allocation*:amount"
    ),
    "unit_with_percent": _config("unit_amount*:amount percent*:amount"),
    "matrix_with_allocation": _config(
        f"{_MATRIX} allocation*:amount", dimensions=_DIMENSIONS, matrix_values=_VALUES
    ),
    "matrix_with_threshold_discounts": _config(
        "first_dimension* second_dimension default_unit_amount*:amount matrix_values* "
        "threshold_discount_groups",
        matrix_values=_CELLS,
        threshold_discount_groups=list_of(
            Shape(
                "description cell_coordinates* threshold_amount*:amount "
                "below_threshold_discount_percentage*:amount "
                "above_threshold_discount_percentage*:amount"
            )
        ),
    ),
    "tiered_with_proration": _config("tiers*", tiers=_BOUNDED),
    "unit_with_proration": _config("unit_amount*:amount"),
    "grouped_allocation": _config("grouping_key*:key overage_unit_rate*:amount allocation*:amount"),
    "bulk_with_proration": _config(
        "tiers*", tiers=_rows("tier_lower_bound:amount unit_amount*:amount")
    ),
    "grouped_with_prorated_minimum": _config("grouping_key*:key unit_rate*:amount minimum*:amount"),
    "grouped_with_metered_minimum": _config(
        "grouping_key*:key pricing_key* scaling_key* scaling_factors* unit_amounts* "
        "minimum_unit_amount*:amount",
        scaling_factors=_rows("scaling_value* scaling_factor*:amount"),
        unit_amounts=_rows("pricing_value* unit_amount*:amount"),
    ),
    "grouped_with_min_max_thresholds": _config(
        "grouping_key*:key per_unit_rate*:amount minimum_charge*:amount maximum_charge*:amount"
    ),
    "matrix_with_display_name": _config(
        "dimension* unit_amounts*",
        unit_amounts=_rows("display_name* dimension_value* unit_amount*:amount"),
    ),
    "grouped_tiered_package": _config(
        "grouping_key*:key tiers* package_size*:amount", tiers=_PACKS
    ),
    "max_group_tiered_package": _config(
        "grouping_key*:key tiers* package_size*:amount", tiers=_BOUNDED
    ),
    "scalable_matrix_with_unit_pricing": _config(
        "grouping_key:key unit_price*:amount first_dimension* second_dimension "
        "matrix_scaling_factors* prorate:flag",
        matrix_scaling_factors=_FACTORS,
    ),
    "scalable_matrix_with_tiered_pricing": _config(
        "tiers* first_dimension* second_dimension matrix_scaling_factors*",
        tiers=_BOUNDED,
        matrix_scaling_factors=_FACTORS,
    ),
    "cumulative_grouped_bulk": _config(
        "group* dimension_values*",
        dimension_values=_rows("tier_lower_bound*:amount grouping_key*:key unit_amount*:amount"),
    ),
    "cumulative_grouped_allocation": _config(
        "grouping_key*:key group_allocation*:amount cumulative_allocation*:amount "
        "unit_amount*:amount"
    ),
    "daily_credit_allowance": _config(
        f"event_day_property*:key daily_allowance*:amount {_MATRIX}",
        dimensions=_DIMENSIONS,
        matrix_values=_VALUES,
    ),
    "metered_allowance": _config(
        "grouping_key*:key consumption_grouping_value*:key allowance_grouping_value*:key "
        "unit_amount*:amount consumption_display_name!:key allowance_display_name!:key"
    ),
    "minimum_composite": _config("minimum_amount*:amount prorated!:flag"),
    "percent": _config(
        "percent*:number minimum_amount:amount maximum_amount:amount prorated!:flag"
    ),
    "event_output": _config("unit_rating_key*:key grouping_key default_unit_rate"),
}

COMPOSITE = frozenset({"minimum_composite", "percent"})
