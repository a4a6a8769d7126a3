"""Lines of orders and opportunities: which plan, which quantities, which prices they are."""

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from app.connectors.orb.deal_lines import sold
from app.domain.action import Named
from app.domain.deal import Deal, Line, Sold

INPUTS = frozenset({"plan", "quantities", "prices"})


def price(key: str, amount: str | None = "10.00", **more: Any) -> dict[str, Any]:
    """Return a fixed fee of the unit model, or of no such model."""
    unit = {"model_type": "unit", "unit_config": {"unit_amount": amount, "prorated": False}}
    return {
        "id": key,
        "name": key.title(),
        "external_price_id": f"{key}-ext",
        "price_type": "fixed_price",
        "cadence": "monthly",
        "billing_mode": "in_advance",
        "currency": "USD",
        "fixed_price_quantity": 1,
        "item": {"id": f"{key}-item", "name": "Item"},
        "metadata": {},
        **(unit if amount is not None else {"model_type": "tiered", "tiered_config": {}}),
        **more,
    }


USAGE = price("calls", "0.05", price_type="usage_price", billable_metric={"id": "m1"})
PLANS: dict[str, Named] = {}


def plan(key: str, *prices: dict[str, Any], **more: Any) -> tuple[str, Named]:
    values = {"name": key.title(), "external_plan_id": f"{key}-ext", "status": "active"}
    return key, {**values, "invoicing_currency": "USD", "prices": json.dumps(prices), **more}


PRO = plan("pro", price("seat"), USAGE)
TEAM = plan("team", price("desk"), price("room"))
LAUNCH = plan("launch", price("first", plan_phase_order=1), price("then", plan_phase_order=2))
CATALOG = (PRO, TEAM, LAUNCH)


def line(code: str, quantity: object = None, amount: object = None) -> Line:
    quantity = None if quantity is None else Decimal(str(quantity))
    amount = None if amount is None else Decimal(str(amount))
    return Line(f"line ({code})", (code,) if code else (), {}, quantity, amount)


def asked(*lines: Line, catalog: Any = CATALOG, currency: str = "", **given: str) -> Sold:
    def every(entity: str) -> Iterator[tuple[str, Named]]:
        assert entity == "plan"
        return iter(catalog)

    return sold(Deal(lines, INPUTS, given, currency, every))


@pytest.mark.parametrize("code", ["pro", "pro-ext", "seat", "seat-ext", "seat-item"])
def test_a_plan_is_found_by_any_id_of_it_or_of_its_prices(code: str) -> None:
    found = asked(line(code, 5, 10))
    assert found.given == {"plan": "pro", "quantities": "seat=5"}
    assert found.unclear == ()


def test_the_mappings_own_product_counts_more_than_codes() -> None:
    mapped = replace(line("team", 1), keys={"plan": "pro"})
    assert asked(mapped).given == {"plan": "pro"}


def test_quantities_of_several_lines_add_up_and_what_is_the_plans_own_is_not_said() -> None:
    found = asked(line("desk", 2, 10), line("room", 1, 10), line("desk-ext", "0.5", 10))
    assert found.given == {"plan": "team", "quantities": "desk=2.5"}


def test_several_lines_of_the_plan_itself_add_up() -> None:
    found = asked(line("pro", 3, 10), line("pro-ext", 1, 10))
    assert (found.given["quantities"], found.unclear) == ("seat=4", ())
    assert asked(line("launch", 3), line("launch", 1)).given["quantities"] == "first=4,then=4"
    free = asked(line("pro", 3, 10), line("pro", 1, 0))
    assert "is not the 10 of another line" in free.unclear[0]


def test_another_unit_price_takes_the_place_of_the_plans() -> None:
    found = asked(line("pro", 3, "7.125"), line("calls", 1, "0.04"))
    seat, calls = json.loads(found.given["prices"], parse_float=Decimal)
    assert (seat["replaces_price_id"], calls["replaces_price_id"]) == ("seat", "calls")
    assert seat["price"]["unit_config"] == {"unit_amount": "7.125", "prorated": False}
    assert (seat["price"]["fixed_price_quantity"], seat["price"]["item_id"]) == (3, "seat-item")
    assert (seat["price"]["cadence"], seat["price"]["billed_in_advance"]) == ("monthly", True)
    assert calls["price"]["billable_metric_id"] == "m1"
    assert "fixed_price_quantity" not in calls["price"]
    assert any("7.125 instead of 10 for one" in words for words in found.notes)


def test_a_fee_in_phases_has_the_quantity_in_each() -> None:
    found = asked(line("launch", 4, 10))
    assert found.given == {"plan": "launch", "quantities": "first=4,then=4"}


def test_a_fee_that_is_charged_once_gives_way_to_one_that_comes_again() -> None:
    with_setup = plan("pro", price("setup", cadence="one_time"), price("seat"))
    assert asked(line("pro", 2), catalog=[with_setup]).given["quantities"] == "seat=2"


def test_what_is_given_counts_more_than_the_lines() -> None:
    lines = (line("desk", 2, 8), line("seat", 3, 9))
    found = asked(*lines, plan="team", prices="[]")
    assert found.given == {"plan": "team", "quantities": "desk=2"}
    assert "line (seat) is nothing of the plan Team (team): it is left out." in found.warnings
    assert found.unclear == ()
    assert asked(line("team", 9, 8), quantities="desk=1", prices="[]").unclear == ()


def test_an_action_that_takes_a_plan_alone_says_what_is_left_out() -> None:
    every = lambda _entity: iter(CATALOG)  # noqa: E731 - a line of its own says no more
    found = sold(Deal((line("seat", 2, 8),), frozenset({"plan"}), {}, "", every))
    assert found.given == {"plan": "pro"}
    assert [words.split()[4] for words in found.warnings] == ["quantities", "prices"]


def test_a_change_of_plan_is_not_stopped_by_what_it_does_not_take() -> None:
    pair: dict[str, Any] = {"item": {"id": "pair-item"}}
    odd = plan("odd", price("steps", None), price("one", **pair), price("two", **pair))
    lines = (line("odd", 3, 99), line("steps", -1, 8), line("pair-item", 1))
    deal = Deal(lines, frozenset({"plan"}), {}, "", lambda _entity: iter([odd]))
    found = sold(deal)
    assert (found.given, found.unclear) == ({"plan": "odd"}, ())
    assert "line (steps) has the quantity -1: it is left out." in found.warnings


def test_what_a_line_may_be_does_not_matter_once_quantities_and_prices_are_given() -> None:
    pair: dict[str, Any] = {"item": {"id": "pair-item"}}
    odd = plan("odd", price("one", **pair), price("two", **pair))
    found = asked(line("pair-item", 2), catalog=[odd], quantities="one=2", prices="[]")
    assert (found.given, found.unclear) == ({"plan": "odd"}, ())


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([line("")], "says no code"),
        ([line("nothing")], "is no plan and no price"),
        ([line("old")], "is the plan Old (old), which is archived"),
        ([line("twice")], "may be Ann (ann) or Bob (bob): name the plan"),
        ([line("pro"), line("team")], "several plans: Pro (pro) or Team (team)"),
        ([line("pro"), line("desk")], "is no price of the plan Pro (pro)"),
        ([line("seat"), line("desk")], "No plan of Orb's has prices for all lines"),
        ([line("both")], "The lines may be of Ann (ann) or Bob (bob)"),
        ([line("team", 5)], "has a quantity; of its fixed fees (Desk (desk), Room (room))"),
        ([line("team", 1, 15)], "its unit price 15 is of no certain fee"),
        ([line("seat", -1)], "has the quantity -1"),
        ([line("seat", 1, -5)], "its unit price -5 cannot be that of Seat, since it is below zero"),
        ([line("seat", 1, 8), line("pro", 1, 9)], "of no certain fee of the plan's (none)"),
        ([line("seat", 1, 8), line("seat-ext", 1, 9)], "is not the 8 of another line"),
        ([line("steps", 1, 8)], "whose model is tiered"),
        ([line("points", 1, 8)], "which is in credits"),
        ([line("least", 1, 8)], "whose minimum would be lost"),
        ([line("pair-item", 1)], "may be One (one) or Two (two)"),
    ],
)
def test_what_is_not_clear_is_said_and_never_guessed(lines: list[Line], words: str) -> None:
    pair: dict[str, Any] = {"item": {"id": "pair-item"}}
    odd = (
        price("steps", None),
        price("points", currency="credits"),
        price("least", minimum={"a": 1}),
    )
    others = (
        plan("old", status="archived"),
        plan("ann", price("x", external_price_id="both"), external_plan_id="twice"),
        plan("bob", price("y", external_price_id="both"), external_plan_id="twice"),
        plan("odd", *odd, price("one", **pair), price("two", **pair)),
    )
    found = asked(*lines, catalog=[*CATALOG, *others])
    assert any(words in each for each in found.unclear), (found.unclear, found.notes)


def test_nothing_that_costs_nothing_is_in_the_way() -> None:
    odd = plan("odd", price("steps", None), price("points", currency="credits"))
    found = asked(line("steps", 1, 0), line("points", 1, 0), catalog=[odd])
    assert (found.given, found.unclear) == ({"plan": "odd"}, ())


def test_prices_of_another_currency_are_not_compared() -> None:
    found = asked(line("pro", 2, 8), currency="EUR")
    assert found.given == {}
    assert "take a plan in EUR" in found.unclear[0]
    assert asked(line("pro", 2, 10), currency="USD").unclear == ()
