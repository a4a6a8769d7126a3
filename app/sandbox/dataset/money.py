"""Prices of one catalog in three currencies."""

from decimal import ROUND_HALF_UP, Decimal

CURRENCIES = ("usd", "eur", "gbp")
_EXCHANGE = {"usd": Decimal(1), "eur": Decimal("0.92"), "gbp": Decimal("0.79")}


def price_in(currency: str, dollars: Decimal, places: int) -> Decimal:
    """Return a price of `dollars` in `currency`, rounded half up to at most `places` decimals."""
    step = Decimal(1).scaleb(-places)
    return tidy((dollars * _EXCHANGE[currency]).quantize(step, ROUND_HALF_UP))


def tidy(amount: Decimal) -> Decimal:
    """Return `amount` without trailing zeros and never in exponent notation."""
    short = amount.normalize()
    return short.quantize(Decimal(1)) if short == short.to_integral_value() else short
