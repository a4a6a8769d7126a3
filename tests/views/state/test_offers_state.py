"""What the window says of two catalogs: rows in order, words, filters, which mappings to offer."""

from dataclasses import replace
from decimal import Decimal

from app.domain.offer import Offer, OfferKind, Price, Step, diff_offers
from app.settings import Connection, Workspace
from app.views.state.offers import (
    ALL,
    OffersFound,
    chip_text,
    first_two,
    laid_out,
    mapping_choices,
    shown,
    sum_words,
)
from tests.views.front import ARIA

SEAT = Price("Seat", "USD", 1, "", (Step(None, Decimal(10)),), "unit: 10")
PRO = Offer(("p1", "PRO"), "Pro plan", "USD", (SEAT,))
NAMES = ("aria", "orb")


def found(here: list[Offer], there: list[Offer]) -> OffersFound:
    return laid_out(tuple(diff_offers(here, there)), NAMES)


def test_a_plan_of_both_says_how_many_prices_differ() -> None:
    dear = replace(SEAT, steps=(Step(None, Decimal(12)),))
    usage = replace(SEAT, name="Usage")
    (line,) = found([PRO], [replace(PRO, currency="EUR", prices=(dear, usage))]).lines
    assert (line.here, line.there, line.what) == ("Pro plan", "Pro plan", "~ 3 of 3 differ")
    assert [price.here for price in line.prices] == ["Currency: USD", "Seat: USD 10 monthly", ""]
    assert line.prices[2].what == "\u25b8 only in orb"
    assert line.full[0].splitlines() == ["Pro plan", "p1 \u00b7 PRO", "1 prices \u00b7 USD"]


def test_of_the_prices_of_a_plan_of_one_system_nothing_is_said() -> None:
    (line,) = found([PRO], []).lines
    assert (line.there, line.what) == ("", "\u25c2 only in aria")
    assert [(price.what, price.there) for price in line.prices] == [("", "")]
    assert line.spoken == "Pro plan, \u25c2 only in aria"


def test_chips_and_a_text_choose_what_is_shown() -> None:
    other = replace(PRO, keys=("q",), name="Lite", prices=())
    both = found([PRO], [PRO, other])
    assert chip_text(ALL, both) == "All  2"
    assert chip_text("only_in_against", both) == "Only in orb  1"
    assert [line.there for line in shown(both, frozenset({"only_in_against"}), "")] == ["Lite"]
    assert [line.there for line in shown(both, frozenset(), " seat ")] == ["Pro plan"]
    assert shown(both, frozenset({OfferKind.DIFFERENT.value}), "") == ()


def test_the_sum_says_when_nothing_differs_and_when_nothing_is_sold() -> None:
    assert sum_words(found([PRO], [PRO])) == "aria sells 1 plans, orb 1. Nothing differs."
    assert sum_words(found([PRO], [])).startswith("aria sells 1 plans, orb 0. Nothing was written")
    assert sum_words(found([], [])) == "Neither sells any plan."


def test_the_mappings_are_that_of_the_kind_and_those_of_workspaces() -> None:
    connection = Connection("aria-eu", "aria", {})
    spec = replace(ARIA, mapping="aria_catalog")
    workspaces = [
        Workspace("usual", "aria-eu", "sf", "aria_catalog"),
        Workspace("own", "aria-eu", "sf", "own.toml"),
        Workspace("other", "aria-us", "sf", "other.toml"),
    ]
    choices = mapping_choices(connection, [spec], workspaces)
    assert [choice.name for choice in choices] == ["", "own.toml"]
    assert choices[1].label == "that of the workspace own"


def test_two_kinds_are_offered_first() -> None:
    one, two = (Connection(name, "aria", {}) for name in ("a", "b"))
    orb = Connection("o", "orb", {})
    assert first_two([one, two, orb]) == (0, 2)
    assert first_two([one, two]) == (0, 1)
    assert first_two([one]) == (0, 0)
