"""Rate tiers of a service on a plan instance, and what Aria takes of custom ones."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

from app.connectors.aria.values import Row, given, number, whole
from app.domain.record import decimal_text

_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Tier:
    """One tier: what a unit costs from `first` to `last`, None for no end."""

    sequence: int
    first: Decimal
    last: Decimal | None
    rate: Decimal | None

    @property
    def bounds(self) -> tuple[Decimal, Decimal | None]:
        """From where to where it reaches."""
        return self.first, self.last


def tiers_of(rates: Iterable[Row]) -> list[Tier]:
    """Return the tiers of a service as Aria prints its rates, in order."""
    found = [
        Tier(
            whole(row.get("rate_seq_no")) or place,
            _ONE if (first := number(row.get("from_unit"))) is None else first,
            number(row.get("to_unit")),
            number(row.get("rate_per_unit")),
        )
        for place, row in enumerate(rates, 1)
    ]
    return sorted(found, key=lambda tier: tier.sequence)


def as_sent(tiers: Iterable[Tier]) -> list[dict[str, Any]]:
    """Return tiers as `custom_acct_rates` of assign_custom_acct_plan_rates_m (aria.md §2.5)."""
    return [
        given(
            {
                "rate_seq_no": tier.sequence,
                "from_unit": tier.first,
                "to_unit": tier.last,
                "rate_per_unit": tier.rate,
            }
        )
        for tier in tiers
    ]


def objection(tiers: Sequence[Tier], base: Sequence[Tier], *, tiered: bool) -> str:
    """Return in words why Aria refuses custom tiers, `""` where nothing is known against them.

    Error codes 14014 and 14015 (aria_for_salesforce.md §1c).

    Args:
        tiers: All tiers of one service, in order.
        base: Those of the rate schedule, in order.
        tiered: Whether the service is recurring or usage-based.
    """
    missing = [tier.sequence for tier in tiers if tier.rate is None]
    if missing:
        return f"tier {missing[0]} has no rate"
    if not tiered:
        open_one = len(tiers) == 1 and tiers[0].last is None
        words = "14015: a service that is neither recurring nor usage-based takes one tier"
        return "" if open_one else f"{words} without an end, not {_spans(tiers)}"
    gap = _gap(tiers)
    if gap:
        return f"14014: {gap}"
    if [tier.bounds for tier in tiers] != [tier.bounds for tier in base]:
        return (
            f"14014: custom tiers must be those of the rate schedule, {_spans(base)}, "
            f"not {_spans(tiers)}"
        )
    return ""


def _gap(tiers: Sequence[Tier]) -> str:
    """Return where tiers leave something out or overlap; all but the last need an end."""
    for tier, following in pairwise(tiers):
        if tier.last is None:
            return f"tier {tier.sequence} has no end and is not the last"
        if not tier.last <= following.first <= tier.last + 1:
            return (
                f"tier {following.sequence} begins at {decimal_text(following.first)}, "
                f"tier {tier.sequence} ends at {decimal_text(tier.last)}"
            )
    return ""


def _spans(tiers: Sequence[Tier]) -> str:
    spans = (
        f"{decimal_text(tier.first)}-{'' if tier.last is None else decimal_text(tier.last)}"
        for tier in tiers
    )
    return ", ".join(spans) or "none"
