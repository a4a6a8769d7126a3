"""A price of Orb in people's words: every price model of orb.md §2.2, an unknown one as it came."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from app.connectors.orb.price_models import ADJUSTMENTS, DISCOUNTS, MODELS, MONEY, Model
from app.domain.record import decimal_text

_CADENCES = {
    "one_time": "once",
    "monthly": "monthly",
    "quarterly": "quarterly",
    "semi_annual": "half-yearly",
    "annual": "yearly",
}
_MODES = {"in_advance": "in advance", "in_arrear": "in arrears"}
_encoder = msgspec.json.Encoder(decimal_format="number", order="deterministic")


@dataclass(frozen=True, slots=True)
class PriceWords:
    """What a price says.

    Attributes:
        model: The model's name, with blanks.
        rates: What is charged, one line a tier, cell or rule.
        terms: Currency, cadence, quantity, minimum, maximum, discount: each where there is one.
    """

    model: str
    rates: tuple[str, ...]
    terms: tuple[str, ...]


class _Texts(dict[str, str]):
    """Values as texts; what is absent shows as a question mark."""

    def __missing__(self, name: str) -> str:
        return "?"


def price_words(price: Mapping[str, Any]) -> PriceWords:
    """Return what a price says in words; a model, cadence or discount unknown here comes raw.

    `price_model_type`, as the Python SDK calls `model_type`, does as well (orb.md §2.2). Never
    raises for a JSON object.
    """
    model = str(price.get("model_type") or price.get("price_model_type") or "unknown")
    config, currency = price.get(f"{model}_config"), str(price.get("currency") or "")
    known = MODELS.get(model)
    if known is None or not isinstance(config, Mapping):
        shown = price if config is None else config
        rates: Sequence[str] = (_raw(shown),)
    else:
        rates = list(_rates(known, config, currency))
    return PriceWords(model.replace("_", " "), tuple(rates), tuple(_terms(price, currency)))


def adjustment_words(adjustment: Mapping[str, Any], currency: str = "") -> str:
    """Return what an adjustment of a plan, subscription or line says; an unknown one comes raw."""
    template = ADJUSTMENTS.get(str(adjustment.get("adjustment_type")))
    words = _raw(adjustment) if template is None else _filled(template, adjustment, currency)
    whole = " on the whole invoice" if adjustment.get("is_invoice_level") else ""
    return f"{words}{whole}"


def _rates(known: Model, config: Mapping[str, Any], currency: str) -> Iterator[str]:
    yield _filled(known.head, config, currency)
    for name, template in known.more:
        if config.get(name):
            yield _filled(template, config, currency)
    for name, template in known.rows:
        found = config.get(name)
        for row in found if isinstance(found, list) else ():
            whole = isinstance(row, Mapping)
            yield _filled(template, row, currency) if whole else _raw(row)


def _terms(price: Mapping[str, Any], currency: str) -> Iterator[str]:
    if currency:
        yield f"in {currency}"
    cadence = str(price.get("cadence") or "")
    if cadence:
        yield _every(price) if cadence == "custom" else _CADENCES.get(cadence, cadence)
    mode = str(price.get("billing_mode") or "")
    if mode:
        yield _MODES.get(mode, mode)
    if price.get("fixed_price_quantity") is not None:
        yield f"quantity {_plain(price['fixed_price_quantity'])}"
    if price.get("conversion_rate") is not None:
        yield f"converted at {_plain(price['conversion_rate'])}"
    yield from limit_words(price, currency)


def limit_words(held: Mapping[str, Any], currency: str) -> Iterator[str]:
    """Yield minimum, maximum and discount of a price or a plan, as far as there are any."""
    for name, words in (("minimum", "at least"), ("maximum", "at most")):
        bound = held.get(name)
        nested = bound.get(f"{name}_amount") if isinstance(bound, Mapping) else None
        amount = nested if nested is not None else held.get(f"{name}_amount")
        if amount is not None:
            yield f"{words} {_money(amount, currency)}"
    discount = held.get("discount")
    if isinstance(discount, Mapping):
        template = DISCOUNTS.get(str(discount.get("discount_type")))
        yield _raw(discount) if template is None else _filled(template, discount, currency)


def _every(price: Mapping[str, Any]) -> str:
    cycle = price.get("billing_cycle_configuration")
    if not isinstance(cycle, Mapping):
        return "custom"
    return f"every {_plain(cycle.get('duration'))} {cycle.get('duration_unit')}s"


def _filled(template: str, values: Mapping[str, Any], currency: str) -> str:
    texts = _Texts(
        {
            name: _money(value, currency) if name in MONEY else _plain(value)
            for name, value in values.items()
            if value is not None
        }
    )
    texts["range"] = _range(values)
    texts["values"] = _values(values)
    for name, source in (("share", "percent"), ("off", "percentage_discount")):
        if source in values:
            texts[name] = _percent(values[source])
    texts["trial"] = _of_trial(values, currency)
    return template.format_map(texts)


def _of_trial(discount: Mapping[str, Any], currency: str) -> str:
    """Return what is taken off during a trial: a share, an amount, or what Orb does not tell."""
    if discount.get("trial_percentage_discount") is not None:
        return f"{_percent(discount['trial_percentage_discount'])} off"
    if discount.get("trial_amount_discount") is not None:
        return f"{_money(discount['trial_amount_discount'], currency)} off"
    return "discounted"


def _range(row: Mapping[str, Any]) -> str:
    """Return the units that a tier is for; its bounds have four spellings."""
    if "first_unit" in row:
        last = row.get("last_unit")
        first = _plain(row["first_unit"])
        return f"from {first}" if last is None else f"{first} to {_plain(last)}"
    if "maximum_units" in row:
        most = row["maximum_units"]
        return "beyond" if most is None else f"up to {_plain(most)}"
    return f"from {_plain(row.get('tier_lower_bound') or 0)}"


def _values(row: Mapping[str, Any]) -> str:
    """Return the values of a cell's dimensions."""
    found = row.get("dimension_values")
    if not isinstance(found, list):
        found = [row.get("first_dimension_value"), row.get("second_dimension_value")]
    return ", ".join(_plain(each) for each in found if each is not None)


def _money(value: Any, currency: str) -> str:
    return f"{currency} {_plain(value)}".strip()


def _percent(value: Any) -> str:
    """Return a share between 0 and 1 as a percentage (orb.md §1)."""
    try:
        return f"{decimal_text(Decimal(str(value)) * 100)}%"
    except InvalidOperation:
        return _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    if isinstance(value, Mapping | list):
        return _raw(value)
    return decimal_text(value) if isinstance(value, Decimal) else str(value)


def _raw(value: Any) -> str:
    return _encoder.encode(value).decode()
