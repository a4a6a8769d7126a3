"""Northwind Telecom's catalog in Orb: items, metrics, coupons and plans, as bodies of requests."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from app.sandbox.dataset.draw import one_in
from app.sandbox.dataset.orb_models import model_configs
from app.sandbox.dataset.values import Row
from app.sandbox.dataset.wording import FAMILIES, Family, Meter

_EDITIONS = ("Starter", "Business", "Enterprise")
_COMPOSITE = ("percent", "minimum_composite")
_CURRENCIES = ("USD", "USD", "USD", "EUR", "USD", "GBP")
_CADENCES = ("monthly", "monthly", "quarterly", "annual", "monthly", "semi_annual")
CREDITS = "credits"


@dataclass(frozen=True, slots=True)
class PlanOrder:
    """A plan to be made: its body, its metrics by name, and what a request cannot say."""

    body: Row
    metrics: tuple[str, ...]
    trial_days: int | None = None


def item_names() -> list[str]:
    """Return the names of the items."""
    fees = [family.label for family in FAMILIES]
    return [*fees, *(meter.label for family in FAMILIES for meter in family.meters)]


def metric_orders() -> list[Row]:
    """Return the metrics; `item_id` holds the name of the item."""
    return [
        {
            "name": meter.label,
            "description": f"{meter.label}, counted in {meter.unit}s",
            "item_id": meter.label,
            "sql": f"SELECT SUM(quantity) FROM events WHERE event_name = '{_event(meter)}'",
        }
        for family in FAMILIES
        for meter in family.meters
    ]


def _event(meter: Meter) -> str:
    return meter.code.lower().replace("-", "_")


def coupon_orders() -> list[Row]:
    """Return the coupons."""
    return [
        {
            "redemption_code": "WELCOME10",
            "discount": {"discount_type": "percentage", "percentage_discount": Decimal("0.1")},
            "duration_in_months": 3,
        },
        {
            "redemption_code": "FAIR25",
            "discount": {"discount_type": "amount", "amount_discount": "25.00"},
            "duration_in_months": 1,
            "max_redemptions": 100,
        },
    ]


def plan_orders() -> list[PlanOrder]:
    """Return the plans: three editions of each family; between them they use every price model.

    `item_id` and `billable_metric_id` hold names. The first two plans are plain ones in US dollars.
    """
    usage = [model for model in model_configs(Decimal(1)) if model not in _COMPOSITE]
    models = iter(usage * 2)
    found: list[PlanOrder] = []
    for edition, suffix in enumerate(_EDITIONS):
        for place, family in enumerate(FAMILIES):
            mine = ["unit", "unit"] if not found else [next(models), next(models)]
            found.append(_plan(family, suffix, edition * len(FAMILIES) + place, mine))
    return found


def _plan(family: Family, suffix: str, number: int, models: list[str]) -> PlanOrder:
    currency = _CURRENCIES[number % len(_CURRENCIES)]
    fee = Decimal(family.fee) * (1 + number // len(FAMILIES))
    meters = family.meters[: len(models)]
    prices = [_fee(family, fee, number, currency)]
    for meter, model in zip(meters, models, strict=False):
        prices.append(_metered(meter, model, currency))
    if one_in(4, number, 1):
        prices[1]["price"] |= {"currency": CREDITS, "conversion_rate": Decimal("0.5")}
    prices += _extras(family, number, currency)
    body: Row = {
        "name": f"{family.label} {suffix}",
        "external_plan_id": f"{family.code}-{suffix.upper()}",
        "description": f"{family.label} for the {suffix.lower()} segment",
        "currency": currency,
        "net_terms": (0, 14, 30)[number % 3],
        "default_invoice_memo": None if number % 4 else "Thank you for your business.",
        "prices": prices,
        "metadata": {"family": family.code, "edition": suffix},
    }
    if one_in(9, number, 8):
        body |= _phases(body["prices"])
    if one_in(10, number, 6):
        body["adjustments"] = [{"adjustment": _discount(number)}]
    names = tuple(meter.label for meter in meters)
    return PlanOrder(body, names, trial_days=14 if one_in(7, number, 5) else None)


def _discount(number: int) -> Row:
    return {
        "adjustment_type": "percentage_discount",
        "percentage_discount": Decimal("0.05") * (1 + number % 3),
        "is_invoice_level": False,
        "applies_to_all": True,
    }


def _fee(family: Family, fee: Decimal, number: int, currency: str) -> Row:
    return {
        "price": {
            "model_type": "unit",
            "unit_config": {"unit_amount": f"{fee:.2f}", "prorated": False},
            "name": f"{family.label} fee",
            "item_id": family.label,
            "cadence": _CADENCES[number % len(_CADENCES)],
            "fixed_price_quantity": 1,
            "billed_in_advance": True,
            "currency": currency,
            "external_price_id": f"{family.code}-FEE-{number}",
        }
    }


def _metered(meter: Meter, model: str, currency: str) -> Row:
    return {
        "price": {
            "model_type": model,
            f"{model}_config": model_configs(Decimal(meter.rate))[model],
            "name": meter.label,
            "item_id": meter.label,
            "billable_metric_id": meter.label,
            "cadence": "monthly",
            "currency": currency,
        }
    }


def _extras(family: Family, number: int, currency: str) -> Iterator[Row]:
    """Yield the prices that only some plans have: composite ones, set-up fees, allocations."""
    if one_in(8, number, 3):
        model = _COMPOSITE[number // 8 % 2]
        yield {
            "price": {
                "model_type": model,
                f"{model}_config": model_configs(Decimal(1))[model],
                "name": "Network surcharge" if model == "percent" else "Minimum spend",
                "item_id": family.label,
                "cadence": "monthly",
                "currency": currency,
            }
        }
    if one_in(5, number, 2):
        yield {
            "price": {
                "model_type": "unit",
                "unit_config": {"unit_amount": "99.00"},
                "name": "Set-up",
                "item_id": family.label,
                "cadence": "one_time",
                "fixed_price_quantity": 1,
                "currency": currency,
            }
        }
    if one_in(11, number, 4):
        yield {
            "allocation_price": {
                "currency": CREDITS,
                "amount": "500",
                "cadence": "monthly",
                "expires_at_end_of_cadence": True,
                "item_id": family.label,
                "per_unit_cost_basis": "0.00",
            }
        }


def _phases(prices: list[Row]) -> Row:
    """Return two phases: the fee of the first three months is half of what it is afterwards."""
    first, *others = prices
    price = first["price"]
    half = Decimal(price["unit_config"]["unit_amount"]) / 2
    launch = {
        **price,
        "name": f"{price['name']} at launch",
        "cadence": "monthly",
        "external_price_id": f"{price['external_price_id']}-LAUNCH",
        "unit_config": {"unit_amount": f"{half:.2f}"},
    }
    return {
        "plan_phases": [
            {"order": 1, "duration": 3, "duration_unit": "monthly"},
            {"order": 2, "duration": None, "duration_unit": None},
        ],
        "prices": [
            {"price": launch, "plan_phase_order": 1},
            {**first, "plan_phase_order": 2},
            *others,
        ],
    }
