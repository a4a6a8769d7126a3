"""Tiers: what a quantity costs when parts of it, or its size, decide on the rate."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from app.sandbox.orb.amounts import number
from app.sandbox.orb.world import Row


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier from above `lower` (exclusive) on, with the rate of a unit in it."""

    lower: Decimal
    rate: Decimal
    minimum: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class TierCharge:
    """What one tier contributes."""

    tier: Tier
    upper: Decimal | None
    quantity: Decimal
    amount: Decimal


def tiers_of(rows: Sequence[Row], lower: str, rate: str) -> list[Tier]:
    """Return tiers from the rows of a configuration; an absent lower bound is 0."""
    found = [
        Tier(
            number(row.get(lower) or 0),
            number(row[rate]),
            number(row.get("minimum_amount") or 0),
        )
        for row in rows
    ]
    return sorted(found, key=lambda tier: tier.lower)


def graduated(tiers: Sequence[Tier], quantity: Decimal) -> list[TierCharge]:
    """Return what each tier contributes when each part of a quantity has its tier's rate."""
    found = []
    for place, tier in enumerate(tiers):
        upper = tiers[place + 1].lower if place + 1 < len(tiers) else None
        inside = max(Decimal(0), (quantity if upper is None else min(quantity, upper)) - tier.lower)
        amount = inside * tier.rate
        if inside > 0:
            amount = max(amount, tier.minimum)
        found.append(TierCharge(tier, upper, inside, amount))
    return found


def total(charges: Sequence[TierCharge]) -> Decimal:
    """Return the sum of what tiers contribute."""
    return sum((charge.amount for charge in charges), Decimal(0))


def volume(tiers: Sequence[Tier], quantity: Decimal) -> Decimal:
    """Return the price of a quantity that is charged whole at the rate of the tier it reaches."""
    reached = [tier for tier in tiers if quantity > tier.lower] or list(tiers[:1])
    return quantity * reached[-1].rate


def packages(quantity: Decimal, size: Decimal) -> Decimal:
    """Return how many packages of a size a quantity needs."""
    if size <= 0 or quantity <= 0:
        return Decimal(0)
    return (quantity / size).to_integral_value(ROUND_CEILING)
