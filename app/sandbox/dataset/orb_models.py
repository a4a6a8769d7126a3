"""A plausible configuration of every price model that Orb knows (orb.md §2.2)."""

from dataclasses import dataclass
from decimal import Decimal

from app.sandbox.dataset.values import Row

REGIONS = ("eu", "us", "apac")


@dataclass(frozen=True, slots=True)
class _Rates:
    """A unit's rate and what is taken off it for larger quantities, as decimal strings."""

    full: str
    part: str
    half: str
    fee: str  # of a hundred units

    @classmethod
    def of(cls, rate: Decimal) -> "_Rates":
        steps = (rate, rate * Decimal("0.8"), rate / 2, rate * 100)
        full, part, half, fee = (f"{step.normalize():f}" for step in steps)
        return cls(full, part, half, fee)

    def tiers(self, rate: str = "unit_amount") -> list[Row]:
        """Return three tiers by their exclusive lower bounds."""
        return [
            {"tier_lower_bound": "0", rate: self.full},
            {"tier_lower_bound": "1000", rate: self.part},
            {"tier_lower_bound": "10000", rate: self.half},
        ]

    def matrix(self) -> Row:
        """Return a matrix over one dimension."""
        values = [
            {"dimension_values": ["eu"], "unit_amount": self.part},
            {"dimension_values": ["us"], "unit_amount": self.half},
        ]
        return {
            "dimensions": ["region"],
            "default_unit_amount": self.full,
            "matrix_values": values,
        }


def model_configs(rate: Decimal) -> dict[str, Row]:
    """Return a configuration for each model, whose units cost about `rate`."""
    rates = _Rates.of(rate)
    return {**_plain(rates), **_tiered(rates), **_matrices(rates), **_groups(rates), **_rest(rates)}


def _plain(rates: _Rates) -> dict[str, Row]:
    return {
        "unit": {"unit_amount": rates.full, "prorated": False},
        "unit_with_proration": {"unit_amount": rates.full},
        "unit_with_percent": {"unit_amount": rates.full, "percent": "95"},
        "package": {"package_amount": rates.fee, "package_size": 100},
        "package_with_allocation": {
            "package_amount": rates.fee,
            "package_size": "100",
            "allocation": "200",
        },
        "bulk": {
            "tiers": [
                {"maximum_units": 1000, "unit_amount": rates.full},
                {"maximum_units": None, "unit_amount": rates.part},
            ]
        },
        "bulk_with_proration": {"tiers": rates.tiers()},
        "bulk_with_filters": {
            "tiers": rates.tiers(),
            "filters": [{"property_key": "region", "property_value": "eu"}],
        },
        "threshold_total_amount": {
            "consumption_table": [
                {"threshold": "0", "total_amount": "10.00"},
                {"threshold": "1000", "total_amount": rates.fee},
            ],
            "prorate": False,
        },
    }


def _tiered(rates: _Rates) -> dict[str, Row]:
    with_minimum = [{**tier, "minimum_amount": "1.00"} for tier in rates.tiers()]
    packs = [{**tier, "minimum_amount": "1.00"} for tier in rates.tiers("per_unit")]
    return {
        "tiered": {
            "tiers": [
                {"first_unit": 0, "last_unit": 1000, "unit_amount": rates.full},
                {"first_unit": 1000, "last_unit": None, "unit_amount": rates.half},
            ],
            "prorated": False,
        },
        "tiered_with_minimum": {
            "tiers": with_minimum,
            "hide_zero_amount_tiers": False,
            "prorate": False,
        },
        "tiered_with_proration": {"tiers": rates.tiers()},
        "tiered_package": {"tiers": rates.tiers("per_unit"), "package_size": "10"},
        "tiered_package_with_minimum": {"tiers": packs, "package_size": 10},
    }


def _matrices(rates: _Rates) -> dict[str, Row]:
    cells = [{"first_dimension_value": "eu", "unit_amount": rates.part}]
    factors = [{"first_dimension_value": "eu", "scaling_factor": "1.2"}]
    return {
        "matrix": rates.matrix(),
        "matrix_with_allocation": {**rates.matrix(), "allocation": "100"},
        "matrix_with_display_name": {
            "dimension": "region",
            "unit_amounts": [
                {"display_name": name.upper(), "dimension_value": name, "unit_amount": rates.full}
                for name in REGIONS
            ],
        },
        "matrix_with_threshold_discounts": {
            "first_dimension": "region",
            "default_unit_amount": rates.full,
            "matrix_values": cells,
        },
        "scalable_matrix_with_unit_pricing": {
            "unit_price": rates.full,
            "first_dimension": "region",
            "matrix_scaling_factors": factors,
        },
        "scalable_matrix_with_tiered_pricing": {
            "tiers": rates.tiers(),
            "first_dimension": "region",
            "matrix_scaling_factors": factors,
        },
        "daily_credit_allowance": {
            **rates.matrix(),
            "event_day_property": "day",
            "daily_allowance": "5",
        },
    }


def _groups(rates: _Rates) -> dict[str, Row]:
    group = {"grouping_key": "region"}
    packs = {"tiers": rates.tiers("per_unit"), "package_size": "10"}
    return {
        "grouped_allocation": {**group, "allocation": "100", "overage_unit_rate": rates.full},
        "grouped_tiered": {**group, "tiers": rates.tiers()},
        "grouped_tiered_package": {**group, **packs},
        "grouped_tiered_matrix": {
            "dimension": "region",
            "default_unit_amount": rates.full,
            "tiers": [{"dimension_value": "eu", **tier} for tier in rates.tiers()],
        },
        "max_group_tiered_package": {**group, "tiers": rates.tiers(), "package_size": "10"},
        "grouped_with_prorated_minimum": {**group, "unit_rate": rates.full, "minimum": "2.00"},
        "grouped_with_metered_minimum": {
            **group,
            "pricing_key": "region",
            "scaling_key": "region",
            "scaling_factors": [{"scaling_value": "eu", "scaling_factor": "1.1"}],
            "unit_amounts": [{"pricing_value": "eu", "unit_amount": rates.full}],
            "minimum_unit_amount": rates.half,
        },
        "grouped_with_min_max_thresholds": {
            **group,
            "per_unit_rate": rates.full,
            "minimum_charge": "1.00",
            "maximum_charge": "250.00",
        },
    }


def _rest(rates: _Rates) -> dict[str, Row]:
    return {
        "cumulative_grouped_bulk": {
            "group": "region",
            "dimension_values": [
                {"grouping_key": name, "tier_lower_bound": "0", "unit_amount": rates.full}
                for name in REGIONS
            ],
        },
        "cumulative_grouped_allocation": {
            "grouping_key": "region",
            "group_allocation": "50",
            "cumulative_allocation": "100",
            "unit_amount": rates.full,
        },
        "metered_allowance": {
            "grouping_key": "region",
            "consumption_grouping_value": "eu",
            "allowance_grouping_value": "us",
            "unit_amount": rates.full,
        },
        "event_output": {"unit_rating_key": "rating", "default_unit_rate": rates.full},
        "percent": {"percent": Decimal("0.03"), "prorated": False},
        "minimum_composite": {"minimum_amount": "25.00", "prorated": False},
    }
