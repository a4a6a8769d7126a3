"""Reads of Orb's eight objects, against what the sandbox really holds."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.connectors.orb.action_list import NEW
from app.connectors.protocol import Scope
from app.domain.control import CancelToken
from app.domain.mapping_file import parse_mapping
from app.domain.record import Unreadable
from app.errors import CursorRefused, WrongUse
from tests.connectors.orb_world import OrbWorld, to_sandbox

KINDS = {
    "plan": "plan",
    "customer": "customer",
    "subscription": "subscription",
    "credit_ledger_entry": "ledger_entry",
    "invoice_line_item_billing": "invoice_line_item",
}
REVENUE = "daily_line_item_revenue"


@pytest.mark.parametrize("name", KINDS)
def test_every_record_is_read_once(name: str, orb: OrbWorld) -> None:
    found = Counter(record.key for record in orb.read(name))
    assert found == Counter(row["id"] for row in orb.state(KINDS[name]))


def test_invoices_are_read_but_for_drafts(orb: OrbWorld) -> None:
    held = {row["id"] for row in orb.state("invoice") if row["status"] != "draft"}
    assert {record.key for record in orb.read("invoice")} == held
    assert len(held) < len(orb.state("invoice"))


def test_one_call_reads_invoices_with_their_lines(orb: OrbWorld) -> None:
    before = orb.connector.calls
    pages = orb.pages("invoice", "invoice_line_item_billing")
    assert orb.connector.calls - before < len(orb.state("invoice")) / 20
    lines = [r for p in pages if p.entity != "invoice" for r in p.records]
    assert {record.parent for record in lines} <= {row["id"] for row in orb.state("invoice")}


def test_versions_are_keyed_by_subscription_and_start(orb: OrbWorld) -> None:
    found = {record.key for record in orb.read("subscription_version")}
    starts = {
        (row["subscription_id"], datetime.fromisoformat(row["start_date"]))
        for row in orb.state("subscription_version")
    }
    assert found == {f"{owner}|{start:%Y-%m-%dT%H:%M:%SZ}" for owner, start in starts}


def test_no_value_is_unreadable(orb: OrbWorld) -> None:
    for entity in orb.mapping.entities:
        for record in orb.read(entity.name):
            assert not [value for value in record.values if isinstance(value, Unreadable)]


def test_what_is_nested_is_compact_json_and_money_is_exact(orb: OrbWorld) -> None:
    row = next(row for row in orb.state("customer") if row["billing_address"])
    values = orb.values("customer", row["id"])
    assert values["billing_address"].startswith('{"city":"')
    assert values["auto_collection"] in {"true", "false"}
    assert values["title"] == values["name"][:80].strip()
    line = orb.state("invoice_line_item")[0]
    values = orb.values("invoice_line_item_billing", line["id"])
    assert values["amount"] == Decimal(line["amount"])
    assert values["invoice"] == line["invoice_id"]


def test_the_days_of_a_price_add_up_to_its_lines(orb: OrbWorld) -> None:
    """Usage in arrears: what the days cost is what the invoice says, but for rounding."""
    days: defaultdict[str, Decimal] = defaultdict(Decimal)
    index = orb.mapping.entity(REVENUE).index
    for record in orb.read(REVENUE):
        line = record.values[index["invoice_line_item_id"]]
        subtotal = record.values[index["subtotal"]]
        if isinstance(line, str) and isinstance(subtotal, Decimal):
            days[line] += subtotal
    lines = {row["id"]: row for row in orb.state("invoice_line_item")}
    usage = [key for key in days if lines[key]["price"]["price_type"] == "usage_price"]
    near = [abs(days[key] - Decimal(lines[key]["subtotal"])) <= Decimal("0.05") for key in usage]
    assert len(near) > 5
    assert sum(near) / len(near) > 0.9


def test_a_day_that_cost_nothing_makes_no_row(orb: OrbWorld) -> None:
    index = orb.mapping.entity(REVENUE).index
    amounts = [index[name] for name in ("quantity", "subtotal", "total")]
    assert all(any(record.values[place] for place in amounts) for record in orb.read(REVENUE))


@pytest.mark.parametrize("name", [REVENUE, "credit_ledger_entry"])
def test_a_cursor_reads_what_is_new(name: str, orb: OrbWorld) -> None:
    assert orb.connector.incremental(orb.mapping.entity(name))
    whole = orb.pages(name)
    cursor = whole[-1].cursor
    later = orb.pages(name, scope=Scope.SINCE, cursor=cursor)
    all_keys = {record.key for page in whole for record in page.records}
    new_keys = {record.key for page in later for record in page.records}
    assert new_keys < all_keys
    assert later[-1].cursor > cursor
    if name == REVENUE:
        assert new_keys
        assert any(page.gone for page in later)
        assert not {key for page in later for key in page.gone} & all_keys


def test_a_cursor_of_another_mode_is_refused(orb: OrbWorld) -> None:
    with pytest.raises(CursorRefused, match=r"127\.0\.0\.1 live"):
        orb.pages(REVENUE, scope=Scope.SINCE, cursor="127.0.0.1 live|2026-01-01T00:00:00+00:00")


@pytest.mark.parametrize("name", ["customer", "plan", "subscription", "invoice"])
def test_what_can_change_is_read_whole(name: str, orb: OrbWorld) -> None:
    assert not orb.connector.incremental(orb.mapping.entity(name))


def test_some_records_are_read_by_key(orb: OrbWorld) -> None:
    for entity in orb.mapping.entities:
        keys = [record.key for record in orb.read(entity.name)][:2]
        assert keys
        found = orb.read(entity.name, [*keys, "nosuch|nosuch|x"])
        assert sorted(record.key for record in found) == sorted(keys)
        assert orb.read(entity.name, []) == []


def test_what_has_no_id_yet_is_not_looked_for(orb: OrbWorld) -> None:
    before = orb.connector.calls
    assert orb.read("credit_ledger_entry", [f"{NEW}0a1b2c3d"]) == []
    assert orb.connector.calls == before


def test_currencies_of_ledgers_can_be_named(orb: OrbWorld) -> None:
    few = to_sandbox(orb.sandbox, orb.mapping, credit_currencies="credits")
    found = OrbWorld(orb.sandbox, orb.mapping, few).read("credit_ledger_entry")
    few.close()
    held = [row["id"] for row in orb.state("ledger_entry") if row["currency"] == "credits"]
    assert sorted(record.key for record in found) == sorted(held)
    assert len(held) < len(orb.state("ledger_entry"))


def test_an_entity_that_orb_has_not_is_refused(orb: OrbWorld) -> None:
    fields = '[{ name = "a", billing = "a", salesforce = "A__c", type = "text", owner = "both" }]'
    text = f"""schema = 1\nname = "m"\nbilling = "orb"\n[[entity]]\nname = "coupon"\nlabel = "C"
plural = "C"\nsobject = "C__c"\nkey = {{ billing = "id", salesforce = "K__c" }}
title = "a"\nfields = {fields}"""
    with pytest.raises(WrongUse, match="'coupon'"):
        orb.connector.groups(parse_mapping(text, "m.toml").entities)


def test_a_void_invoice_stays_in_the_reading(own_orb: OrbWorld) -> None:
    made = _one_off(own_orb)
    own_orb.connector._client.post(f"invoices/{made}/issue", {}, "i", CancelToken())
    own_orb.connector._client.post(f"invoices/{made}/void", {}, "v", CancelToken())
    (record,) = own_orb.read("invoice")
    assert record.key == made
    index = own_orb.mapping.entity("invoice_line_item_billing").index
    (line,) = own_orb.read("invoice_line_item_billing")
    assert line.values[index["invoice_status"]] == "void"


def _one_off(world: OrbWorld) -> str:
    """Make a draft and return its id."""
    client = world.connector._client
    today = datetime.now(UTC).date()
    customer = client.post("customers", {"name": "A", "email": "a@b.example"}, "c", CancelToken())
    item = client.get("items", CancelToken())["data"][0]["id"]
    days = {"start_date": str(today - timedelta(days=9)), "end_date": str(today)}
    line: dict[str, Any] = {
        **days,
        "quantity": 2,
        "name": "Visit",
        "item_id": item,
        "model_type": "unit",
        "unit_config": {"unit_amount": "5.00"},
    }
    body = {
        "customer_id": customer["id"],
        "currency": "USD",
        "invoice_date": str(today - timedelta(days=2)),
        "net_terms": 0,
        "line_items": [line],
        "will_auto_issue": False,
    }
    return str(client.post("invoices", body, "d", CancelToken())["id"])
