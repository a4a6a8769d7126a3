"""How many records of each kind a data set of a given size has."""

from dataclasses import dataclass

SIZES = {"small": 1.0, "medium": 10.0, "large": 100.0}
SMALL_RECORDS = 3800  # about what "small" holds in all


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of records; relationships, services, schedules and tiers follow from the plans."""

    plan_sets: int
    extra_promotions: int
    masters: int
    supplementals: int
    items: int
    coupons: int
    drift: int  # how often each kind of drift is repeated


def counts_for(size: str | int) -> Counts:
    """Return the numbers for "small", "medium", "large", or about `size` records in all.

    Every kind of drift needs its own records, so that a data set never has fewer than about 1,200.

    Raises:
        ValueError: `size` is no known name and no positive number.
    """
    scale = _scale(size)
    return Counts(
        plan_sets=max(4, round(12 * scale)),
        extra_promotions=max(1, round(4 * scale)),
        masters=max(10, round(40 * scale)),
        supplementals=max(32, round(80 * scale)),
        items=max(16, round(60 * scale)),
        coupons=max(20, round(40 * scale)),
        drift=max(1, round(scale**0.5)),
    )


def _scale(size: str | int) -> float:
    if isinstance(size, str) and size in SIZES:
        return SIZES[size]
    try:
        records = int(size)
    except ValueError:
        names = ", ".join(SIZES)
        raise ValueError(f"The size is one of {names}, or a number, not {size!r}.") from None
    if records < 1:
        raise ValueError(f"A data set has at least one record, not {records}.")
    return records / SMALL_RECORDS
