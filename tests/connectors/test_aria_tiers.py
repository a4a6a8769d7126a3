"""Custom tiers that Aria would refuse are known before they are sent."""

from decimal import Decimal

import pytest

from app.connectors.aria.tiers import Tier, as_sent, objection, tiers_of

Bounds = tuple[int, int | None]


def made(*bounds: Bounds, rate: str | None = "5") -> list[Tier]:
    price = None if rate is None else Decimal(rate)
    return [
        Tier(place, Decimal(first), None if last is None else Decimal(last), price)
        for place, (first, last) in enumerate(bounds, 1)
    ]


BASE = made((1, 10), (11, 50), (51, None))


def test_the_schedules_own_bounds_with_other_rates_are_taken() -> None:
    assert objection(made((1, 10), (11, 50), (51, None), rate="7.25"), BASE, tiered=True) == ""


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ([(1, 10), (11, 50)], "1-10, 11-50, 51-"),
        ([(1, 10), (11, 50), (51, 99), (100, None)], "not 1-10, 11-50, 51-99, 100-"),
        ([(1, 20), (21, 50), (51, None)], "not 1-20"),
        ([(0, 10), (11, 50), (51, None)], "not 0-10"),
        ([(1, 10), (11, 50), (51, 60)], "51-60"),
        ([], "not none"),
    ],
)
def test_other_bounds_than_the_schedules_are_14014(bounds: list[Bounds], words: str) -> None:
    found = objection(made(*bounds), BASE, tiered=True)
    assert found.startswith("14014: ")
    assert words in found


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ([(1, 10), (12, None)], "tier 2 begins at 12, tier 1 ends at 10"),
        ([(1, 10), (9, None)], "tier 2 begins at 9, tier 1 ends at 10"),
        ([(1, None), (11, None)], "tier 1 has no end and is not the last"),
    ],
)
def test_a_gap_and_an_overlap_are_told_before_anything_else(
    bounds: list[Bounds], words: str
) -> None:
    assert objection(made(*bounds), made(*bounds), tiered=True) == f"14014: {words}"


@pytest.mark.parametrize("bounds", [[(1, 10)], [(1, 10), (11, None)], []])
def test_a_one_time_service_takes_one_open_tier(bounds: list[Bounds]) -> None:
    assert objection(made(*bounds), made(*bounds), tiered=False).startswith("14015: ")
    assert objection(made((1, None)), BASE, tiered=False) == ""


def test_a_tier_without_a_rate_is_named() -> None:
    assert objection(made((1, None), rate=None), BASE, tiered=False) == "tier 1 has no rate"


def test_tiers_are_read_in_order_and_sent_as_they_were() -> None:
    rates: list[dict[str, object]] = [
        {"rate_seq_no": "2", "from_unit": "10.5", "to_unit": None, "rate_per_unit": 0},
        {"rate_seq_no": 1, "from_unit": 0, "to_unit": "10", "rate_per_unit": "1.250"},
    ]
    assert as_sent(tiers_of(rates)) == [
        {
            "rate_seq_no": 1,
            "from_unit": Decimal(0),
            "to_unit": Decimal(10),
            "rate_per_unit": Decimal("1.250"),
        },
        {"rate_seq_no": 2, "from_unit": Decimal("10.5"), "rate_per_unit": Decimal(0)},
    ]
