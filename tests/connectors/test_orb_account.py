"""Reads of one customer's records: those and no others, each once, in few calls."""

from collections import Counter

import pytest

from app.connectors.protocol import Scope
from tests.connectors.orb_world import OrbWorld

BELONGING = (
    "customer",
    "subscription",
    "subscription_version",
    "invoice",
    "invoice_line_item_billing",
    "daily_line_item_revenue",
    "credit_ledger_entry",
)


def keys_of(world: OrbWorld, account: str, *names: str) -> dict[str, Counter[str]]:
    """Return what a read of one customer gives, by entity."""
    found: dict[str, Counter[str]] = {}
    for page in world.pages(*names, scope=Scope.ACCOUNT, account=account):
        found.setdefault(page.entity, Counter()).update(record.key for record in page.records)
    return {name: keys for name, keys in found.items() if keys}


def customers(world: OrbWorld) -> list[str]:
    """Return those with most invoices first."""
    invoices = Counter(row["customer"]["id"] for row in world.state("invoice"))
    rest = [row["id"] for row in world.state("customer") if row["id"] not in invoices]
    return [*(key for key, _ in invoices.most_common()), *rest]


def test_all_customers_together_are_what_the_whole_reads_give(orb: OrbWorld) -> None:
    whole = {name: Counter(record.key for record in orb.read(name)) for name in BELONGING}
    by_one: dict[str, Counter[str]] = {name: Counter() for name in BELONGING}
    for account in customers(orb):
        for name, keys in keys_of(orb, account, *BELONGING).items():
            by_one[name] += keys
    assert by_one == whole
    assert all(whole.values())


def test_a_record_is_the_same_in_both_reads(orb: OrbWorld) -> None:
    account = customers(orb)[0]
    whole = {(name, r.key): r.values for name in BELONGING for r in orb.read(name)}
    for page in orb.pages(*BELONGING, scope=Scope.ACCOUNT, account=account):
        for record in page.records:
            assert record.values == whole[page.entity, record.key]


@pytest.mark.parametrize("name", BELONGING)
def test_each_entity_can_be_read_alone(name: str, orb: OrbWorld) -> None:
    account = customers(orb)[0]
    both = keys_of(orb, account, *BELONGING)
    assert keys_of(orb, account, name).get(name) == both.get(name)
    assert set(keys_of(orb, account, name)) <= {name}


def test_nothing_is_asked_twice(orb: OrbWorld) -> None:
    account = customers(orb)[0]
    mine = [row for row in orb.state("subscription") if row["customer"]["id"] == account]
    before = orb.connector.calls
    found = keys_of(orb, account, "subscription", "subscription_version", "invoice")
    assert len(found) == 3
    assert orb.connector.calls - before == 3 + len(mine)


def test_an_account_that_orb_does_not_know_has_nothing(orb: OrbWorld) -> None:
    assert keys_of(orb, "no/such ä", *BELONGING) == {}


def test_what_belongs_to_customers_is_in_the_mapping(orb: OrbWorld) -> None:
    assert [one.name for one in orb.mapping.of_account()] == list(BELONGING)
    moving = {one.name for one in orb.mapping.of_account(moving=True)}
    assert moving == set(BELONGING[3:])
