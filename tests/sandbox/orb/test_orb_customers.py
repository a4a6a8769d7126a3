"""Customers and what hangs on them: hierarchy, ids, metadata, credits."""

from typing import Any

import pytest

from tests.sandbox.orb.client import Orb

Row = dict[str, Any]
PATH = "/customers/external_customer_id/EXT%2F1%20%C3%A4"


def test_a_customer_is_found_by_an_external_id_with_a_slash(orb: Orb, customer: Row) -> None:
    assert orb.get(PATH) == orb.get(f"/customers/{customer['id']}")


def test_an_external_id_is_unique_and_set_once(orb: Orb, customer: Row) -> None:
    body = {"name": "Other", "email": "o@o.example"}
    taken = {**body, "external_customer_id": customer["external_customer_id"]}
    assert orb.refused("POST", "/customers", taken) == "400-duplicate-resource-creation"
    change = {"external_customer_id": "another"}
    path = f"/customers/{customer['id']}"
    assert orb.refused("PUT", path, change) == "400-constraint-violation"
    bare = orb.make("/customers", body)
    assert orb.put(f"/customers/{bare['id']}", change)["external_customer_id"] == "another"


def test_the_time_zone_is_real_and_fixed(orb: Orb, customer: Row) -> None:
    body = {"name": "Other", "email": "o@o.example", "timezone": "Mars/Olympus"}
    assert orb.refused("POST", "/customers", body) == "400-request-validation-errors"
    path = f"/customers/{customer['id']}"
    assert orb.refused("PUT", path, {"timezone": "Asia/Tokyo"}) == "400-request-validation-errors"


def test_metadata_merges_and_null_clears(orb: Orb, customer: Row) -> None:
    path = f"/customers/{customer['id']}"
    orb.put(path, {"metadata": {"a": "1", "b": "2"}})
    assert orb.put(path, {"metadata": {"a": None, "c": "3"}})["metadata"] == {"b": "2", "c": "3"}
    assert orb.put(path, {"name": "Same"})["metadata"] == {"b": "2", "c": "3"}
    assert orb.put(path, {"metadata": None})["metadata"] == {}
    big = {str(each): "x" for each in range(101)}
    assert orb.refused("PUT", path, {"metadata": big}) == "413-resource-too-large"


def test_a_hierarchy_has_one_level(orb: Orb, customer: Row) -> None:
    body = {"name": "Child", "email": "c@c.example"}
    parent = {"hierarchy": {"parent_customer_id": customer["id"]}}
    child = orb.make("/customers", {**body, **parent})
    assert child["hierarchy"]["parent"]["id"] == customer["id"]
    whole = orb.get(f"/customers/{customer['id']}")
    assert [each["id"] for each in whole["hierarchy"]["children"]] == [child["id"]]
    deeper = {**body, "hierarchy": {"parent_customer_id": child["id"]}}
    assert orb.refused("POST", "/customers", deeper) == "400-constraint-violation"
    free = {"hierarchy": {"child_customer_ids": []}}
    orb.put(f"/customers/{customer['id']}", free)
    assert orb.get(f"/customers/{child['id']}")["hierarchy"]["parent"] is None


def test_only_a_customer_without_issued_invoices_can_be_deleted(orb: Orb, customer: Row) -> None:
    orb.delete(f"/customers/{customer['id']}")
    assert orb.refused("GET", PATH) == "404-resource-not-found"
    billed = orb.get("/invoices?limit=1")["data"][0]["customer"]["id"]
    assert orb.refused("DELETE", f"/customers/{billed}") == "400-constraint-violation"


def test_the_soonest_expiring_and_cheapest_credits_go_first(orb: Orb, customer: Row) -> None:
    ledger = f"/customers/{customer['id']}/credits/ledger_entry"
    blocks = {}
    for name, more in {
        "open": {},
        "paid": {"expiry_date": "2099-01-01", "per_unit_cost_basis": "1.00"},
        "free": {"expiry_date": "2099-01-01", "per_unit_cost_basis": "0.00"},
    }.items():
        made = orb.make(ledger, {"entry_type": "increment", "amount": 10, **more})
        blocks[made["credit_block"]["id"]] = name
    orb.make(ledger, {"entry_type": "decrement", "amount": 25})
    rows = orb.get(f"/customers/{customer['id']}/credits/ledger?entry_type=decrement")["data"]
    assert [(blocks[each["credit_block"]["id"]], each["amount"]) for each in reversed(rows)] == [
        ("free", 10),
        ("paid", 10),
        ("open", 5),
    ]
    assert [each["ledger_sequence_number"] for each in reversed(rows)] == [4, 5, 6]


def test_a_balance_may_fall_below_zero(orb: Orb, customer: Row) -> None:
    ledger = f"/customers/{customer['id']}/credits/ledger_entry"
    entry = orb.make(ledger, {"entry_type": "decrement", "amount": 5})
    assert (entry["starting_balance"], entry["ending_balance"]) == (0, -5)


def test_credits_expire_by_the_clock(orb: Orb, customer: Row) -> None:
    base = f"/customers/{customer['id']}/credits"
    orb.control("POST", "/clock", {"now": "2031-01-01T00:00:00Z"})
    body = {"entry_type": "increment", "amount": 10, "expiry_date": "2031-01-10"}
    made = orb.make(f"{base}/ledger_entry", body)
    assert made["credit_block"]["expiry_date"] == "2031-01-09T23:00:00+00:00"
    orb.advance(10)
    rows = orb.get(f"{base}/ledger")["data"]
    assert (rows[0]["entry_type"], rows[0]["ending_balance"]) == ("credit_block_expiry", 0)
    assert orb.get(base)["data"] == []
    assert len(orb.get(f"{base}?include_all_blocks=true")["data"]) == 1


def test_a_top_up_buys_credits_when_they_run_low(orb: Orb, customer: Row) -> None:
    base = f"/customers/{customer['id']}/credits"
    orb.make(f"{base}/ledger_entry", {"entry_type": "increment", "amount": 10})
    body = {"currency": "credits", "threshold": "5", "amount": "20", "per_unit_cost_basis": "0.5"}
    body["invoice_settings"] = {"auto_collection": False, "net_terms": 0}
    orb.make(f"{base}/top_ups", body)
    orb.make(f"{base}/ledger_entry", {"entry_type": "decrement", "amount": 6})
    blocks = orb.get(base)["data"]
    assert sorted((each["credit_block_source"], each["balance"]) for each in blocks) == [
        ("manual", 4),
        ("top_up", 20),
    ]
    bought = orb.get(f"/invoices?customer_id={customer['id']}&status[]=issued&status[]=draft")
    assert bought["data"][0]["total"] == "10.00"


@pytest.mark.parametrize(
    "settings", [{"auto_collection": False}, {"auto_collection": False, "net_terms": 1}]
)
def test_bought_credits_need_a_cost_and_terms(orb: Orb, customer: Row, settings: Row) -> None:
    ledger = f"/customers/{customer['id']}/credits/ledger_entry"
    body = {"entry_type": "increment", "amount": 10, "invoice_settings": settings}
    assert orb.refused("POST", ledger, body) == "400-constraint-violation"


def test_a_person_may_edit_by_the_control_door_within_the_rules(orb: Orb, customer: Row) -> None:
    path = f"/edit/orb/customer/{customer['id']}"
    orb.control("POST", path, {"name": "By hand"})
    assert orb.get(PATH)["name"] == "By hand"
    answer = orb.session.post(orb.control_url + path, json={"name": ""}, timeout=5)
    assert answer.status_code == 400
