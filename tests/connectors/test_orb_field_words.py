"""Prices, intervals and adjustments in people's words, as the fields of a record show them."""

import json
from typing import Any

import pytest

from app.connectors.orb.field_words import field_words
from app.connectors.orb.rows import json_text
from tests.connectors.orb_world import OrbWorld

SEAT = {
    "name": "Seats", "model_type": "unit", "unit_config": {"unit_amount": "4.50"},
    "currency": "USD", "cadence": "monthly", "minimum_amount": "10",
}  # fmt: skip
SPAN = {"start_date": "2026-11-01T04:00:00+00:00", "end_date": None}
OFF = {"adjustment_type": "percentage_discount", "percentage_discount": 0.15}


SAID = "Seats: unit: USD 4.50 per unit; in USD, monthly, at least USD 10"
SOME = {"adjustment": OFF, **SPAN, "end_date": "2027-01-01T05:00:00+01:00"}
NEW = {"name": "X", "model_type": "warp"}


@pytest.mark.parametrize(
    ("entity", "field", "rows", "words"),
    [
        ("plan", "prices", [SEAT], SAID),
        ("plan", "prices", [NEW], 'X: warp: {"model_type":"warp","name":"X"}'),
        ("plan", "metadata", [SEAT], ""),
        (
            "subscription",
            "price_intervals",
            [{"price": SEAT, **SPAN}],
            f"{SAID}; from 2026-11-01 04:00 UTC on",
        ),
        (
            "subscription",
            "adjustment_intervals",
            [SOME],
            "15% off; from 2026-11-01 04:00 UTC to 2027-01-01 04:00 UTC",
        ),
        ("invoice_line_item_billing", "adjustments", [OFF, OFF], "15% off\n15% off"),
    ],
)
def test_nested_parts_are_told_line_by_line(
    entity: str, field: str, rows: list[dict[str, Any]], words: str
) -> None:
    assert field_words(entity, field, json_text(rows)) == words


@pytest.mark.parametrize("value", ["", "{}", "[1]", "nothing", '[{"price": 3}', "[[]]"])
def test_what_is_not_as_orb_describes_it_has_no_words(value: str) -> None:
    assert field_words("subscription", "price_intervals", value) == ""


@pytest.mark.parametrize("row", [{}, {"price": 3}, {"price": {}, "start_date": 5}])
def test_an_interval_that_lacks_parts_is_told_all_the_same(row: dict[str, Any]) -> None:
    assert field_words("subscription", "price_intervals", json.dumps([row]))


def test_every_price_of_every_plan_has_words(orb: OrbWorld) -> None:
    entity = orb.mapping.entity("plan")
    for record in orb.read("plan"):
        prices = str(record.values[entity.index["prices"]])
        told = orb.connector.told(entity, "prices", prices)
        assert len(told.splitlines()) == len(json.loads(prices))
        assert "?" not in told
