"""Fields of requests that were taken and changed nothing (orb.md §2)."""

from typing import Any

import pytest

from tests.sandbox.orb.client import Orb

Row = dict[str, Any]
UNIT = {"model_type": "unit", "cadence": "monthly", "fixed_price_quantity": 1}
HEADER = {"Create_Pending_Subscription_Change": "True"}


def _fee(item: str, amount: str, **more: Any) -> Row:
    price = {**UNIT, "name": f"Fee {amount}", "item_id": item, **more}
    return {"price": price | {"unit_config": {"unit_amount": amount}}}


def _plan(orb: Orb, prices: list[Row], **more: Any) -> Row:
    return dict(orb.make("/plans", {"name": "Plan", "currency": "USD", "prices": prices, **more}))


def _subscribe(orb: Orb, plan: Row, buyer: Row, **more: Any) -> Row:
    body = {"plan_id": plan["id"], "customer_id": buyer["id"], **more}
    return dict(orb.make("/subscriptions", body))


def _top_up(active_from: str) -> Row:
    return {
        "currency": "credits",
        "threshold": "5",
        "amount": "20",
        "per_unit_cost_basis": "0.5",
        "invoice_settings": {"auto_collection": False, "net_terms": 0},
        "active_from": active_from,
    }


def test_a_top_up_buys_nothing_before_it_is_active(orb: Orb, buyer: Row) -> None:
    base = f"/customers/{buyer['id']}/credits"
    orb.make(f"{base}/top_ups", _top_up("2030-03-12T00:00:00Z"))
    assert orb.get(base)["data"] == []
    orb.make(f"{base}/ledger_entry", {"entry_type": "increment", "amount": 6})
    orb.make(f"{base}/ledger_entry", {"entry_type": "decrement", "amount": 4})
    assert [each["balance"] for each in orb.get(base)["data"]] == [2]
    orb.advance(3)
    assert sorted(each["balance"] for each in orb.get(base)["data"]) == [2, 20]


def test_a_top_up_was_active_ten_days_ago_at_most(orb: Orb, buyer: Row) -> None:
    path = f"/customers/{buyer['id']}/credits/top_ups"
    assert orb.refused("POST", path, _top_up("2030-02-01T00:00:00Z")) == "400-constraint-violation"
    orb.make(path, _top_up("2030-03-05T00:00:00Z"))


@pytest.mark.parametrize(("paid", "balance"), [(False, "40.00"), (True, "9.00")])
def test_what_was_collected_before_goes_to_the_balance(
    orb: Orb, item: str, buyer: Row, *, paid: bool, balance: str
) -> None:
    plan = _plan(orb, [_fee(item, "31.00")])
    body = {"plan_id": plan["id"], "customer_id": buyer["id"], "start_date": "2030-03-01T00:00:00Z"}
    shown = orb.ask("POST", "/subscriptions", body, **HEADER).body
    change = f"/subscription_changes/{shown['pending_subscription_change']['id']}"
    collected = {"previously_collected_amount": "40.00", "description": "By cheque"}
    orb.post(f"{change}/apply", {**collected, "mark_as_paid": paid})
    path = f"/customers/{buyer['id']}"
    assert orb.get(path)["balance"] == balance
    booked = orb.get(f"{path}/balance_transactions")["data"]
    assert booked[0]["description"] == "By cheque"


@pytest.mark.parametrize("shift", [False, True])
def test_a_moved_trial_shifts_what_comes_after_it(
    orb: Orb, item: str, buyer: Row, *, shift: bool
) -> None:
    phases = [{"order": 1, "duration": 1, "duration_unit": "monthly"}, {"order": 2}]
    prices = [
        {**_fee(item, "5.00"), "plan_phase_order": 1},
        {**_fee(item, "8.00"), "plan_phase_order": 2},
    ]
    row = _subscribe(orb, _plan(orb, prices, plan_phases=phases), buyer, trial_duration_days=10)
    low, high = row["price_intervals"]
    end = "2030-03-30T00:00:00+00:00"
    body = {"trial_end_date": end, "shift": shift}
    moved = orb.post(f"/subscriptions/{row['id']}/update_trial", body)["price_intervals"]
    assert [low["start_date"], moved[0]["start_date"]] == ["2030-03-20T00:00:00+00:00", end]
    days = "2030-04-20T00:00:00+00:00" if shift else high["start_date"]
    assert [moved[0]["end_date"], moved[1]["start_date"]] == [days, days]


def test_a_phase_is_billed_on_the_day_it_begins(orb: Orb, item: str, buyer: Row) -> None:
    phases = [
        {"order": 1, "duration": 5, "duration_unit": "daily"},
        {"order": 2, "align_billing_with_phase_start_date": True},
    ]
    prices = [
        {**_fee(item, "5.00"), "plan_phase_order": 1},
        {**_fee(item, "8.00"), "plan_phase_order": 2},
    ]
    row = _subscribe(orb, _plan(orb, prices, plan_phases=phases), buyer)
    assert [each["billing_cycle_day"] for each in row["price_intervals"]] == [1, 15]


def test_a_change_of_plan_takes_its_settings_over(orb: Orb, item: str, buyer: Row) -> None:
    row = _subscribe(orb, _plan(orb, [_fee(item, "5.00")]), buyer)
    other = _plan(orb, [_fee(item, "9.00")])
    body = {
        "plan_id": other["id"],
        "change_option": "immediate",
        "invoicing_threshold": "100.00",
        "trial_duration_days": 14,
        "billing_cycle_anchor_configuration": {"day": 20},
    }
    changed = orb.post(f"/subscriptions/{row['id']}/schedule_plan_change", body)
    assert changed["invoicing_threshold"] == "100.00"
    assert changed["billing_cycle_anchor_configuration"]["day"] == 20
    assert changed["trial_info"]["end_date"] == "2030-03-24T12:00:00+00:00"
    assert changed["price_intervals"][-1]["start_date"] == changed["trial_info"]["end_date"]


def test_what_a_change_of_plan_does_not_tell_is_the_new_plans(
    orb: Orb, item: str, buyer: Row
) -> None:
    own = {"net_terms": 5, "default_invoice_memo": "Ours", "invoicing_threshold": "9.00"}
    row = _subscribe(orb, _plan(orb, [_fee(item, "5.00")]), buyer, auto_collection=False, **own)
    other = _plan(orb, [_fee(item, "9.00")], net_terms=45, default_invoice_memo="The plan's")
    path = f"/subscriptions/{row['id']}/schedule_plan_change"
    change = {"plan_id": other["id"], "change_option": "immediate"}
    changed = orb.post(path, change)
    assert (changed["net_terms"], changed["default_invoice_memo"]) == (45, "The plan's")
    assert (changed["auto_collection"], changed["invoicing_threshold"]) == (None, None)
    changed = orb.post(path, {**change, "net_terms": 0, "auto_collection": True})
    assert (changed["net_terms"], changed["auto_collection"]) == (0, True)


def test_a_change_of_plan_counts_the_usage_of_others(orb: Orb, item: str, buyer: Row) -> None:
    metric = orb.make(
        "/metrics",
        {"name": "Calls", "item_id": item, "sql": "SELECT COUNT(*) FROM events", "description": ""},
    )
    used = {"item_id": item, "name": "Calls", "model_type": "unit", "cadence": "monthly"}
    used |= {"billable_metric_id": metric["id"], "unit_config": {"unit_amount": "1.00"}}
    child = orb.make("/customers", {"name": "Child", "email": "c@buyer.example"})
    row = _subscribe(orb, _plan(orb, [{"price": used}]), buyer)
    body = {"plan_id": _plan(orb, [{"price": used}])["id"], "change_option": "immediate"}
    path = f"/subscriptions/{row['id']}"
    orb.post(f"{path}/schedule_plan_change", {**body, "usage_customer_ids": [child["id"]]})
    event = {"event_name": "call", "timestamp": "2030-03-10T12:00:00Z", "properties": {}}
    events = [{**event, "idempotency_key": "e-1", "customer_id": child["id"]}]
    orb.post("/ingest", {"events": events})
    orb.advance(1)
    usage = orb.get(f"{path}/usage")["data"]
    assert sum(each["quantity"] for row in usage for each in row["usage"]) == 1


def test_an_interval_counts_the_usage_of_its_customers(orb: Orb, item: str, buyer: Row) -> None:
    sql = "SELECT COUNT(*) FROM events"
    metric = orb.make("/metrics", {"name": "C", "item_id": item, "sql": sql, "description": ""})
    used = {"item_id": item, "name": "Calls", "model_type": "unit", "cadence": "monthly"}
    used |= {"billable_metric_id": metric["id"], "unit_config": {"unit_amount": "7.00"}}
    used |= {"currency": "USD"}
    child = orb.make("/customers", {"name": "Child", "email": "c@buyer.example"})
    row = _subscribe(orb, _plan(orb, [_fee(item, "5.00")]), buyer)
    path = f"/subscriptions/{row['id']}"
    start = {"start_date": "2030-03-10T00:00:00Z", "usage_customer_ids": [child["id"]]}
    orb.post(f"{path}/price_intervals", {"add": [{"price": used, **start}]})
    event = {"event_name": "call", "timestamp": "2030-03-10T12:00:00Z", "properties": {}}
    events = [{**event, "idempotency_key": "e-2", "customer_id": child["id"]}]
    orb.post("/ingest", {"events": events})
    orb.advance(1)
    costs = orb.get(f"{path}/costs?view_mode=cumulative")["data"][-1]["per_price_costs"]
    assert "7.00" in [each["total"] for each in costs]


def test_a_price_is_converted_by_its_configuration(orb: Orb, item: str, buyer: Row) -> None:
    rate = {"conversion_rate_type": "unit", "unit_config": {"unit_amount": "0.5"}}
    plan = _plan(orb, [_fee(item, "10.00", conversion_rate_config=rate)])
    row = _subscribe(orb, plan, buyer, start_date="2030-03-01T00:00:00Z")
    orb.advance(1)
    (invoice,) = orb.get(f"/invoices?subscription_id={row['id']}")["data"]
    assert invoice["total"] == "5.00"
    wrong = _fee(item, "10.00", conversion_rate_config={**rate, "unit_config": {}})
    body = {"name": "Plan", "currency": "USD", "prices": [wrong]}
    assert orb.refused("POST", "/plans", body) == "400-request-validation-errors"
