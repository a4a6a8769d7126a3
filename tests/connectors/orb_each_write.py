"""Every kind of write about subscriptions and credits, one after the other."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from app.domain.plan import OutcomeState, Verb
from app.domain.record import BaseValue
from tests.connectors.orb_world import OrbWorld

START = datetime(2026, 1, 1, tzinfo=UTC)
NEXT_YEAR = datetime(datetime.now(UTC).year + 1, 6, 1, tzinfo=UTC)


def usable_plans(world: OrbWorld) -> list[dict[str, Any]]:
    """Return plans of one currency with a fixed fee, none of which is a draft."""
    return [
        row
        for row in world.state("test:plan")
        if row["status"] != "draft"
        and row["invoicing_currency"] == "USD"
        and not row["plan_phases"]
        and any(price["price_type"] == "fixed_price" for price in row["prices"])
    ]


def made_subscription(world: OrbWorld, **more: BaseValue) -> str:
    """Make a customer with the external id ACC-1 and a subscription; return its id."""
    words = {"name": "Kestrel", "email": "ap@kestrel.example", "timezone": "Europe/Paris"}
    world.write("customer", "ACC-1", Verb.INSERT, **words)
    plan = usable_plans(world)[0]["id"]
    given: dict[str, BaseValue] = {"customer_id": "ACC-1", "plan_id": plan, "start_date": START}
    outcome = world.write("subscription", "new", Verb.INSERT, **given, **more)
    assert outcome.state is OutcomeState.WRITTEN, outcome.message
    return outcome.key


def write_each(world: OrbWorld) -> None:
    """Carry out each write once; each has to be written."""
    key = made_subscription(world, metadata='{"a":"1"}', net_terms=15)
    (row,) = world.state("test:subscription")
    later = {**row["fixed_fee_quantity_schedule"][0], "quantity": 7}
    later |= {"start_date": f"{NEXT_YEAR:%Y-%m-%d}T00:00:00+02:00", "end_date": None}
    schedule = row["fixed_fee_quantity_schedule"]
    price = row["price_intervals"][0]["price"]["id"]
    added = {"price_id": price, "start_date": NEXT_YEAR.isoformat()}
    for field, value in (
        ("net_terms", 30),
        ("metadata", '{"c":"1"}'),
        ("invoicing_threshold", Decimal("99.5")),
        ("end_date", NEXT_YEAR),
        ("end_date", None),
        ("fixed_fee_quantity_schedule", json.dumps([*schedule, later])),
        ("fixed_fee_quantity_schedule", json.dumps(schedule)),
        ("price_intervals", json.dumps([*row["price_intervals"], added])),
    ):
        _written(world, "subscription", key, Verb.UPDATE, **{field: value})
    version = f"{key}|{NEXT_YEAR + timedelta(days=9):%Y-%m-%dT%H:%M:%SZ}"
    other = usable_plans(world)[1]["id"]
    _written(world, "subscription_version", version, Verb.INSERT, plan_id=other)
    _written(world, "subscription_version", version, Verb.DELETE)
    given: dict[str, BaseValue] = {"customer_id": row["customer"]["id"], "amount": Decimal(5)}
    entry, verb = "credit_ledger_entry", Verb.INSERT
    expires = datetime(2099, 1, 1, tzinfo=UTC)
    more: dict[str, BaseValue] = {"credit_block_expiry_date": expires, "metadata": '{"a":"1"}'}
    _written(world, entry, "a", verb, **given, **more, entry_type="increment", description="x")
    block = world.state("test:ledger_entry")[0]["credit_block"]["id"]
    _written(world, entry, "b", verb, **given, entry_type="void", credit_block_id=block)
    _written(world, entry, "c", verb, **given, entry_type="decrement")


def _written(world: OrbWorld, entity: str, key: str, verb: Verb, **after: BaseValue) -> None:
    outcome = world.write(entity, key, verb, **after)
    assert outcome.state is OutcomeState.WRITTEN, (after, outcome.message)
