"""Counting Orb: lists exactly, what each customer and subscription has from a sample."""

import pytest

from app.connectors.counting import Counts, EntityCount
from app.domain.control import CancelToken
from tests.connectors.orb_world import OrbWorld


@pytest.fixture(scope="module")
def counted(orb: OrbWorld) -> dict[str, EntityCount]:
    assert isinstance(orb.connector, Counts)
    found = orb.connector.counts(orb.mapping.entities, CancelToken())
    return {one.entity: one for one in found}


def test_every_entity_is_counted_once(orb: OrbWorld, counted: dict[str, EntityCount]) -> None:
    names = [entity.name for entity in orb.mapping.entities]
    assert sorted(counted) == sorted(names)
    found = orb.connector.counts(orb.mapping.entities, CancelToken())
    assert sorted(one.entity for one in found) == sorted(names)


@pytest.mark.parametrize(
    "name", ["plan", "customer", "subscription", "invoice", "invoice_line_item_billing"]
)
def test_lists_are_counted(name: str, orb: OrbWorld, counted: dict[str, EntityCount]) -> None:
    assert counted[name].exact
    assert counted[name].records == len(orb.read(name))


@pytest.mark.parametrize(
    "name", ["subscription_version", "daily_line_item_revenue", "credit_ledger_entry"]
)
def test_the_rest_is_reckoned(name: str, orb: OrbWorld, counted: dict[str, EntityCount]) -> None:
    held = len(orb.read(name))
    if counted[name].exact:
        assert counted[name].records == held
    assert held / 4 <= counted[name].records <= held * 4
    assert counted[name].calls > 0


def test_what_is_not_asked_for_costs_nothing(orb: OrbWorld) -> None:
    before = orb.connector.calls
    (found,) = orb.connector.counts([orb.mapping.entity("plan")], CancelToken())
    assert found.entity == "plan"
    assert orb.connector.calls - before == found.calls
