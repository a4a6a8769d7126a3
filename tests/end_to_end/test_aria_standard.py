"""Aria in standard objects: plans as products, account plans as assets, contracts, orders."""

from collections.abc import Iterator

import pytest

from tests.end_to_end.front_door import Concord, Door
from tests.end_to_end.test_aria_whole import prepared

CATALOG = ("promotion", "plan_set", "plan", "plan_relationship", "service", "rate_schedule", "rate")
ACCOUNTS = (
    "account", "contact", "payment_method", "billing_group", "dunning_group", "plan_instance",
    "contract", "order", "order_item",
)  # fmt: skip
ENTITIES = [word for name in (*CATALOG, *ACCOUNTS) for word in ("--entity", name)]


def load(standard: Concord) -> dict[str, int]:
    """Load the catalog, then the accounts, which wait for their plans; return what was read."""
    for _ in range(2):
        read = standard.document("refresh", "--full", *ENTITIES)["read"]["billing"]
        assert standard.settle(*ENTITIES)["failures"] == []
    standard.document("refresh", *ENTITIES)
    found: dict[str, int] = read
    return found


@pytest.fixture
def standard(concord: Concord, door: Door) -> Iterator[Concord]:
    yield prepared(concord, door, "aria_standard")
    door.reset(drift=True)


def test_what_is_standard_is_loaded_and_agrees(standard: Concord, door: Door) -> None:
    read = load(standard)
    assert standard.counts() == {}
    held = {name: len(door.state("salesforce", name)) for name in ("Asset", "Contract", "Order")}
    wanted = {"Asset": "plan_instance", "Contract": "contract", "Order": "order"}
    assert all(held.values())
    assert held == {sobject: read[name] for sobject, name in wanted.items()}
