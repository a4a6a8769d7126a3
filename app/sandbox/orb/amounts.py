"""Amounts as Orb writes them: decimal strings, and numbers for credits and quantities."""

from decimal import ROUND_HALF_UP, Decimal

_CENT = Decimal("0.01")


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
