"""The data set: made when first asked for, the same from the same seed, of every kind."""

from datetime import UTC, datetime

import pytest

from app.sandbox.__main__ import parse
from app.sandbox.clock import Clock
from app.sandbox.dataset import Dataset
from app.sandbox.dataset.orb import customer_count, orders
from app.sandbox.orb import OrbSystem, create
from app.sandbox.wire import SystemSettings, to_json

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def _system(seed: int = 1) -> OrbSystem:
    empty = Dataset(aria={}, salesforce={}, drift=())
    return create(SystemSettings(empty, Clock(NOW), seed=seed, size=900))


@pytest.fixture(scope="module")
def system() -> OrbSystem:
    return _system()


def test_nothing_is_made_before_it_is_asked_for() -> None:
    system = _system()
    ready = system.ready("http://127.0.0.1:1")
    assert system._account is None
    plans = {row["id"]: row for row in system.state("plan")}
    assert [plans[each]["currency"] for each in ready["plan_ids"]] == ["USD", "USD"]


def test_the_same_seed_makes_the_same_account(system: OrbSystem) -> None:
    for kind in ("customer", "subscription", "invoice", "ledger_entry"):
        assert to_json(system.state(kind)) == to_json(_system().state(kind))
    assert system.state("customer") != _system(seed=2).state("customer")


def test_every_kind_that_is_synced_is_there(system: OrbSystem) -> None:
    counts = {kind: len(system.state(kind)) for kind in system.types()}
    for kind in ("customer", "plan", "subscription", "invoice", "invoice_line_item"):
        assert counts[kind] >= 10, kind
    assert counts["ledger_entry"] >= 5
    assert counts["subscription_version"] > counts["subscription"]


def test_invoices_are_in_every_state_and_add_up(system: OrbSystem) -> None:
    rows = system.state("invoice")
    assert {"draft", "issued", "paid"} <= {row["status"] for row in rows}
    for row in rows:
        amounts = sum(round(float(line["amount"]) * 100) for line in row["line_items"])
        taxes = [tax for line in row["line_items"] for tax in line["tax_amounts"]]
        tax = sum(round(float(each["amount"]) * 100) for each in taxes)
        assert round(float(row["total"]) * 100) == amounts + tax, row["id"]


def test_a_ledger_goes_on_from_where_it_was(system: OrbSystem) -> None:
    ends: dict[tuple[str, str], tuple[int, object]] = {}
    for entry in system.state("ledger_entry"):
        key = entry["customer"]["id"], entry["currency"]
        number, balance = ends.get(key, (0, 0))
        assert entry["ledger_sequence_number"] == number + 1
        assert entry["starting_balance"] == balance
        ends[key] = number + 1, entry["ending_balance"]


def test_a_size_says_about_how_many_records_there_are() -> None:
    assert customer_count("small") == 40
    assert customer_count("large") == 4000
    assert customer_count(9000) == 236
    happened = orders(9000, "1", NOW)
    assert [each.at for each in happened] == sorted(each.at for each in happened)


def test_a_reset_goes_back_to_the_data_set() -> None:
    system = _system()
    before = to_json(system.state("customer"))
    system.edit("customer", "", {"name": "New", "email": "n@n.example"})
    assert to_json(system.state("customer")) != before
    system.reset(drift=False)
    assert to_json(system.state("customer")) == before


def test_the_command_line_takes_a_port_for_orb() -> None:
    assert parse(["--orb-port", "4711"]).ports["orb"] == 4711
