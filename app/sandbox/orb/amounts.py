"""Amounts as Orb writes them: decimal strings, and numbers for credits and quantities."""

from decimal import ROUND_HALF_UP, Decimal

_CENT = Decimal("0.01")
_MOST_DIGITS = 18  # before the point: more could not be rounded to the cent and summed up


def is_amount(value: Decimal) -> bool:
    """Tell whether a number of a request can be calculated with."""
    return value.is_finite() and value.adjusted() < _MOST_DIGITS


def money(amount: Decimal) -> str:
    """Return an amount of money as text, rounded half up to the cent."""
    return str(amount.quantize(_CENT, ROUND_HALF_UP))


def cents(amount: Decimal) -> Decimal:
    """Return an amount rounded half up to the cent."""
    return amount.quantize(_CENT, ROUND_HALF_UP)


def number(value: object) -> Decimal:
    """Return a decimal string or JSON number as a number to calculate with."""
    return value if isinstance(value, Decimal) else Decimal(str(value))


def plain(value: Decimal) -> Decimal:
    """Return a number for JSON without trailing zeros and without an exponent."""
    short = value.normalize()
    return short.quantize(Decimal(1)) if short == short.to_integral_value() else short
