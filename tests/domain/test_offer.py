"""Plans and prices of two billing systems, laid side by side."""

from dataclasses import replace
from decimal import Decimal

from app.domain.offer import (
    Gap,
    Offer,
    OfferKind,
    Price,
    PricePair,
    Step,
    diff_offers,
    price_pairs,
)

SEAT = Price("Seat", "USD", 1, "", (Step(None, Decimal("10.00")),), "unit: 10")
PLAN = Offer(("p1", "PRO"), "Pro plan", "USD", (SEAT,))


def kinds(here: list[Offer], there: list[Offer]) -> list[OfferKind]:
    return [one.kind for one in diff_offers(here, there)]


def test_what_costs_the_same_is_the_same_in_other_words() -> None:
    other = replace(SEAT, name="seat", words="10 a seat", how="by volume")
    assert SEAT.text == "USD 10 monthly"
    assert kinds([PLAN], [replace(PLAN, keys=("x", "pro"), name="Else", prices=(other,))]) == [
        OfferKind.SAME
    ]


def test_a_price_that_differs_is_named_with_both() -> None:
    tiers = (Step(Decimal(5), Decimal(10)), Step(None, Decimal("8.5")))
    dear = replace(SEAT, steps=tiers, how="by volume", months=12)
    (one,) = diff_offers([PLAN], [replace(PLAN, prices=(dear,), currency="EUR")])
    assert one.gaps == (
        Gap("currency", "USD", "EUR"),
        Gap("Seat", "USD 10 monthly", "USD 10 up to 5; 8.5 by volume yearly"),
    )


def test_a_price_of_one_system_alone_is_a_difference() -> None:
    (one,) = diff_offers([PLAN], [replace(PLAN, prices=())])
    assert one.gaps == (Gap("Seat", "USD 10 monthly", "none"),)


def test_names_pair_what_keys_do_not_unless_there_are_several() -> None:
    named = replace(PLAN, keys=("other",), name="PRO PLAN")
    assert kinds([PLAN], [named]) == [OfferKind.SAME]
    again = replace(named, keys=("again",))
    assert kinds([PLAN], [named, again]) == [OfferKind.AMBIGUOUS] * 3
    assert kinds([PLAN, replace(PLAN, keys=("p2",))], [replace(named, keys=("p2",))]) == [
        OfferKind.AMBIGUOUS,
        OfferKind.SAME,
    ]


def test_what_one_lacks_is_told_of_either() -> None:
    other = replace(PLAN, keys=("q",), name="Quite another")
    assert kinds([PLAN], [other]) == [OfferKind.ONLY_HERE, OfferKind.ONLY_THERE]
    assert kinds([], []) == []


def test_a_model_without_tiers_is_compared_by_its_words() -> None:
    odd = replace(SEAT, steps=None, words="matrix: a 1")
    assert kinds([replace(PLAN, prices=(odd,))], [replace(PLAN, prices=(odd,))]) == [OfferKind.SAME]


def test_prices_stand_beside_each_other_equal_ones_too() -> None:
    usage = replace(SEAT, name="Usage", months=0)
    there = replace(PLAN, prices=(usage, replace(SEAT, name="SEAT")))
    assert list(price_pairs(PLAN, there)) == [
        PricePair("Seat", "USD 10 monthly", "USD 10 monthly"),
        PricePair("Usage", "", "USD 10 once"),
    ]
    assert list(price_pairs(None, PLAN)) == [PricePair("Seat", "", "USD 10 monthly")]
