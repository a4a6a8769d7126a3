"""What a quantity costs under each price model (orb.md §2.2).

Where Orb's public words leave a model open (unit_with_percent, cumulative and metered models) the
reading here is ours.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from app.sandbox.orb.amounts import money, number, plain
from app.sandbox.orb.tiers import TierCharge, graduated, packages, tiers_of, total, volume
from app.sandbox.orb.world import Row

Slices = Mapping[tuple[str | None, ...], Decimal]  # quantity by the values of a price's dimensions

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Rated:
    """What a quantity costs, before any adjustment, with the parts that an invoice shows."""

    subtotal: Decimal
    parts: list[Row] = field(default_factory=list)


Rate = Callable[[Row, Slices], Rated]


def config_of(price: Row) -> Row:
    """Return the configuration of a price."""
    found: Row = price[f"{price['model_type']}_config"]
    return found


def dimensions_of(price: Row) -> tuple[str, ...]:
    """Return the event properties by which a price tells its quantity apart."""
    config = config_of(price)
    if "dimensions" in config:
        return tuple(each for each in config["dimensions"] if each)
    names = ("dimension", "first_dimension", "second_dimension", "group", "grouping_key")
    more = ("pricing_key", "scaling_key", "unit_rating_key")
    return tuple(config[name] for name in (*names, *more) if config.get(name))


def rate(price: Row, slices: Slices) -> Rated:
    """Return what a quantity costs under a price."""
    return _MODELS[price["model_type"]](config_of(price), slices)


def _all(slices: Slices) -> Decimal:
    return sum(slices.values(), _ZERO)


def _unit(config: Row, slices: Slices) -> Rated:
    return Rated(_all(slices) * number(config["unit_amount"]))


def _unit_with_percent(config: Row, slices: Slices) -> Rated:
    share = number(config["percent"]) / 100
    return Rated(_all(slices) * number(config["unit_amount"]) * share)


def _percent(config: Row, slices: Slices) -> Rated:
    amount = _all(slices) * number(config["percent"])
    amount = max(amount, number(config.get("minimum_amount") or 0))
    most = config.get("maximum_amount")
    return Rated(amount if most is None else min(amount, number(most)))


def _minimum_composite(config: Row, slices: Slices) -> Rated:
    return Rated(max(_ZERO, number(config["minimum_amount"]) - _all(slices)))


def _package(config: Row, slices: Slices) -> Rated:
    beyond = max(_ZERO, _all(slices) - number(config.get("allocation") or 0))
    count = packages(beyond, number(config["package_size"]))
    return Rated(count * number(config["package_amount"]))


def _tier_part(charge: TierCharge) -> Row:
    return {
        "amount": money(charge.amount),
        "name": f"Above {plain(charge.tier.lower)}",
        "quantity": plain(charge.quantity),
        "grouping": None,
        "type": "tier",
        "tier_config": {
            "first_unit": plain(charge.tier.lower),
            "last_unit": None if charge.upper is None else plain(charge.upper),
            "unit_amount": str(charge.tier.rate),
        },
    }


def _tiered(config: Row, slices: Slices) -> Rated:
    charges = graduated(tiers_of(config["tiers"], "first_unit", "unit_amount"), _all(slices))
    return Rated(total(charges), [_tier_part(each) for each in charges])


def _tiered_bounds(config: Row, slices: Slices) -> Rated:
    charges = graduated(tiers_of(config["tiers"], "tier_lower_bound", "unit_amount"), _all(slices))
    return Rated(total(charges), [_tier_part(each) for each in charges])


def _tiered_package(config: Row, slices: Slices) -> Rated:
    count = packages(_all(slices), number(config["package_size"]))
    return Rated(total(graduated(tiers_of(config["tiers"], "tier_lower_bound", "per_unit"), count)))


def _bulk(config: Row, slices: Slices) -> Rated:
    lower, rows = _ZERO, []
    for tier in config["tiers"]:
        rows.append({**tier, "tier_lower_bound": lower})
        lower = number(tier.get("maximum_units") or lower)
    return Rated(volume(tiers_of(rows, "tier_lower_bound", "unit_amount"), _all(slices)))


def _bulk_bounds(config: Row, slices: Slices) -> Rated:
    tiers = tiers_of(config["tiers"], "tier_lower_bound", "unit_amount")
    return Rated(volume(tiers, _all(slices)))


def _threshold(config: Row, slices: Slices) -> Rated:
    quantity = _all(slices)
    reached = [row for row in config["consumption_table"] if quantity >= number(row["threshold"])]
    last = max(reached, key=lambda row: number(row["threshold"]), default=None)
    return Rated(_ZERO if last is None else number(last["total_amount"]))


def _cell_part(values: tuple[str | None, ...], quantity: Decimal, amount: Decimal) -> Row:
    return {
        "amount": money(amount),
        "name": " / ".join(each or "default" for each in values) or "default",
        "quantity": plain(quantity),
        "grouping": None,
        "type": "matrix",
        "scaled_quantity": None,
        "matrix_config": {"dimension_values": list(values)},
    }


def _group_part(values: tuple[str | None, ...], quantity: Decimal, amount: Decimal) -> Row:
    value = values[0] if values else None
    return {
        "amount": money(amount),
        "name": value or "default",
        "quantity": plain(quantity),
        "grouping": {"key": "group", "value": value},
        "type": "'null'",
    }


def _cells(config: Row) -> dict[tuple[str | None, ...], Decimal]:
    """Return the rate of each cell of a matrix, whichever way the model writes it."""
    if "unit_amounts" in config:
        return {
            (row["dimension_value"],): number(row["unit_amount"]) for row in config["unit_amounts"]
        }
    found: dict[tuple[str | None, ...], Decimal] = {}
    for row in config["matrix_values"]:
        values = row.get("dimension_values")
        if values is None:
            both = (row["first_dimension_value"], row.get("second_dimension_value"))
            values = both if config.get("second_dimension") else both[:1]
        found[tuple(values)] = number(row["unit_amount"])
    return found


def _matrix(config: Row, slices: Slices) -> Rated:
    cells, left = _cells(config), _free_units(config)
    default = number(config.get("default_unit_amount") or 0)
    parts, sum_ = [], _ZERO
    for values, quantity in slices.items():
        free = min(left, quantity)
        left -= free
        amount = (quantity - free) * cells.get(values, default)
        sum_ += amount
        parts.append(_cell_part(values, quantity, amount))
    return Rated(sum_, parts)


def _free_units(config: Row) -> Decimal:
    return number(config.get("allocation") or config.get("daily_allowance") or 0)


def _scaled(config: Row, slices: Slices) -> Rated:
    """Return the price of a quantity that each cell of a matrix stretches by a factor."""
    factors = {
        (row["first_dimension_value"], row.get("second_dimension_value")): number(
            row["scaling_factor"]
        )
        for row in config["matrix_scaling_factors"]
    }
    scaled = sum(
        (
            quantity * factors.get((values[0], values[1] if len(values) > 1 else None), Decimal(1))
            for values, quantity in slices.items()
        ),
        _ZERO,
    )
    if "unit_price" in config:
        return Rated(scaled * number(config["unit_price"]))
    return _tiered_bounds(config, {(): scaled})


def _by_group(each_group: Callable[[Row, Decimal], Decimal]) -> Rate:
    def rated(config: Row, slices: Slices) -> Rated:
        amounts = {values: each_group(config, quantity) for values, quantity in slices.items()}
        parts = [_group_part(values, slices[values], amount) for values, amount in amounts.items()]
        return Rated(sum(amounts.values(), _ZERO), parts)

    return rated


def _group_tiers(config: Row, quantity: Decimal) -> Decimal:
    return _tiered_bounds(config, {(): quantity}).subtotal


def _group_packages(config: Row, quantity: Decimal) -> Decimal:
    return _tiered_package(config, {(): quantity}).subtotal


def _group_overage(config: Row, quantity: Decimal) -> Decimal:
    return max(_ZERO, quantity - number(config["allocation"])) * number(config["overage_unit_rate"])


def _group_minimum(config: Row, quantity: Decimal) -> Decimal:
    return max(quantity * number(config["unit_rate"]), number(config["minimum"]))


def _group_bounds(config: Row, quantity: Decimal) -> Decimal:
    charge = max(quantity * number(config["per_unit_rate"]), number(config["minimum_charge"]))
    return min(charge, number(config["maximum_charge"]))


def _largest_group(config: Row, slices: Slices) -> Rated:
    count = packages(max(slices.values(), default=_ZERO), number(config["package_size"]))
    tiers = tiers_of(config["tiers"], "tier_lower_bound", "unit_amount")
    return Rated(total(graduated(tiers, count)))


def _metered_minimum(config: Row, slices: Slices) -> Rated:
    rates = {row["pricing_value"]: number(row["unit_amount"]) for row in config["unit_amounts"]}
    factors = {
        row["scaling_value"]: number(row["scaling_factor"]) for row in config["scaling_factors"]
    }
    least = number(config["minimum_unit_amount"])
    sum_ = _ZERO
    for values, quantity in slices.items():
        _, pricing, scaling = (*values, None, None, None)[:3]
        unit = max(least, rates.get(pricing or "", least))
        sum_ += quantity * unit * factors.get(scaling or "", Decimal(1))
    return Rated(sum_)


def _tiers_of_value(config: Row, slices: Slices) -> Rated:
    """Return the price of groups that have tiers of their own, found by the group's value."""
    key = "dimension_value" if "tiers" in config else "grouping_key"
    rows = config.get("tiers") or config["dimension_values"]
    default = number(config.get("default_unit_amount") or 0)
    amounts: dict[tuple[str | None, ...], Decimal] = {}
    for values, quantity in slices.items():
        mine = [row for row in rows if values and row[key] == values[0]]
        tiers = tiers_of(mine, "tier_lower_bound", "unit_amount")
        if not tiers:
            amounts[values] = quantity * default
        elif key == "dimension_value":
            amounts[values] = total(graduated(tiers, quantity))
        else:
            amounts[values] = volume(tiers, quantity)
    parts = [_group_part(values, slices[values], amount) for values, amount in amounts.items()]
    return Rated(sum(amounts.values(), _ZERO), parts)


def _cumulative_allocation(config: Row, slices: Slices) -> Rated:
    free = number(config["group_allocation"])
    beyond = sum((max(_ZERO, each - free) for each in slices.values()), _ZERO)
    billed = max(_ZERO, beyond - number(config["cumulative_allocation"]))
    return Rated(billed * number(config["unit_amount"]))


def _metered_allowance(config: Row, slices: Slices) -> Rated:
    used = slices.get((config["consumption_grouping_value"],), _ZERO)
    allowed = slices.get((config["allowance_grouping_value"],), _ZERO)
    return Rated(max(_ZERO, used - allowed) * number(config["unit_amount"]))


def _event_output(config: Row, slices: Slices) -> Rated:
    default, sum_ = number(config.get("default_unit_rate") or 0), _ZERO
    for values, quantity in slices.items():
        try:
            unit = Decimal(values[-1] or "") if values else default
        except InvalidOperation:
            unit = default
        sum_ += quantity * unit
    return Rated(sum_)


_MODELS: dict[str, Rate] = {
    "unit": _unit,
    "unit_with_percent": _unit_with_percent,
    "unit_with_proration": _unit,
    "percent": _percent,
    "minimum_composite": _minimum_composite,
    "package": _package,
    "package_with_allocation": _package,
    "tiered": _tiered,
    "tiered_with_minimum": _tiered_bounds,
    "tiered_with_proration": _tiered_bounds,
    "tiered_package": _tiered_package,
    "tiered_package_with_minimum": _tiered_package,
    "threshold_total_amount": _threshold,
    "bulk": _bulk,
    "bulk_with_filters": _bulk_bounds,
    "bulk_with_proration": _bulk_bounds,
    "matrix": _matrix,
    "matrix_with_allocation": _matrix,
    "matrix_with_display_name": _matrix,
    "matrix_with_threshold_discounts": _matrix,
    "daily_credit_allowance": _matrix,
    "scalable_matrix_with_unit_pricing": _scaled,
    "scalable_matrix_with_tiered_pricing": _scaled,
    "grouped_allocation": _by_group(_group_overage),
    "grouped_tiered": _by_group(_group_tiers),
    "grouped_tiered_package": _by_group(_group_packages),
    "grouped_tiered_matrix": _tiers_of_value,
    "max_group_tiered_package": _largest_group,
    "grouped_with_prorated_minimum": _by_group(_group_minimum),
    "grouped_with_metered_minimum": _metered_minimum,
    "grouped_with_min_max_thresholds": _by_group(_group_bounds),
    "cumulative_grouped_bulk": _tiers_of_value,
    "cumulative_grouped_allocation": _cumulative_allocation,
    "metered_allowance": _metered_allowance,
    "event_output": _event_output,
}
