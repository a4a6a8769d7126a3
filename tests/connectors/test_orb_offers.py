"""Orb's plans for a comparison of two catalogs: minimum, maximum and discount count too."""

from typing import Any

from app.connectors.orb.offers import offers
from app.connectors.orb.rows import json_text
from app.domain.mapping import WorkspaceMapping
from app.domain.offer import Offer, diff_offers
from app.domain.record import Record

SEAT: dict[str, Any] = {
    "name": "Seats", "model_type": "unit", "unit_config": {"unit_amount": "4.50"},
    "currency": "USD", "cadence": "monthly",
}  # fmt: skip


def offer(mapping: WorkspaceMapping, price: dict[str, Any] = SEAT, **more: Any) -> Offer:
    told = {"status": "active", "name": "Pro", "invoicing_currency": "USD", **more}
    told["prices"] = json_text([price])
    values = tuple(told.get(field.name) for field in mapping.entity("plan").fields)
    (found,) = offers(mapping, {"plan": [Record("p1", values, "p1", None)]})
    return found


def test_a_plain_price_is_told_by_its_tiers(orb_mapping: WorkspaceMapping) -> None:
    assert [price.text for price in offer(orb_mapping).prices] == ["USD 4.5 monthly"]


def test_a_minimum_makes_another_price(orb_mapping: WorkspaceMapping) -> None:
    least = offer(orb_mapping, {**SEAT, "minimum": {"minimum_amount": "50.00"}})
    (diff,) = diff_offers([offer(orb_mapping)], [least])
    (gap,) = diff.gaps
    assert gap.there == "unit: USD 4.50 per unit; in USD, monthly, at least USD 50.00"


def test_a_discount_of_the_whole_plan_is_a_difference(orb_mapping: WorkspaceMapping) -> None:
    discount = json_text({"discount_type": "percentage", "percentage_discount": 0.2})
    (diff,) = diff_offers([offer(orb_mapping)], [offer(orb_mapping, discount=discount)])
    assert [(gap.name, gap.here, gap.there) for gap in diff.gaps] == [
        ("Whole plan", "none", "20% off")
    ]


def test_two_models_without_tiers_differ_by_their_interval(orb_mapping: WorkspaceMapping) -> None:
    odd = {**SEAT, "model_type": "package", "package_config": {"package_amount": "5"}}
    (diff,) = diff_offers(
        [offer(orb_mapping, odd)], [offer(orb_mapping, {**odd, "cadence": "annual"})]
    )
    assert len(diff.gaps) == 1
