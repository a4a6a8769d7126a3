"""Subscriptions: overrides, phases, dates, changes of mind."""

from typing import Any

import pytest

from tests.sandbox.orb.client import Orb

Row = dict[str, Any]
UNIT = {"model_type": "unit", "cadence": "monthly", "fixed_price_quantity": 1}


def _fee(item: str, amount: str, **more: Any) -> Row:
    return {**UNIT, "name": f"Fee {amount}", "item_id": item, **more} | {
        "unit_config": {"unit_amount": amount}
    }


def _plan(orb: Orb, prices: list[Row], **more: Any) -> Row:
    body = {"name": "Plan", "currency": "USD", "prices": prices, **more}
    return dict(orb.make("/plans", body))


def _subscribe(orb: Orb, plan: Row, buyer: Row, **more: Any) -> Row:
    body = {"plan_id": plan["id"], "customer_id": buyer["id"], **more}
    return dict(orb.make("/subscriptions", body))


def _amounts(row: Row) -> list[str]:
    return [each["price"]["unit_config"]["unit_amount"] for each in row["price_intervals"]]


def test_prices_are_added_removed_and_replaced(orb: Orb, item: str, buyer: Row) -> None:
    plan = _plan(orb, [{"price": _fee(item, amount)} for amount in ("1.00", "2.00", "3.00")])
    first, second, third = (price["id"] for price in plan["prices"])
    row = _subscribe(
        orb,
        plan,
        buyer,
        add_prices=[{"price": _fee(item, "9.00")}],
        remove_prices=[{"price_id": first}],
        replace_prices=[
            {"replaces_price_id": second, "price": _fee(item, "2.50")},
            {"replaces_price_id": third, "fixed_price_quantity": 4},
        ],
    )
    assert _amounts(row) == ["2.50", "3.00", "9.00"]
    replaced = [each["price"]["replaces_price_id"] for each in row["price_intervals"]]
    assert replaced == [second, third, None]
    assert [each["quantity"] for each in row["fixed_fee_quantity_schedule"]] == [1, 4, 1]
    wrong = {"remove_prices": [{"price_id": "none"}], "plan_id": plan["id"]}
    path, body = "/subscriptions", {**wrong, "customer_id": buyer["id"]}
    assert orb.refused("POST", path, body) == "404-resource-not-found"


def test_each_phase_has_its_prices_in_its_time(orb: Orb, item: str, buyer: Row) -> None:
    phases = [{"order": 1, "duration": 2, "duration_unit": "monthly"}, {"order": 2}]
    prices = [
        {"price": _fee(item, "5.00"), "plan_phase_order": 1},
        {"price": _fee(item, "8.00"), "plan_phase_order": 2},
    ]
    plan = _plan(orb, prices, plan_phases=phases)
    row = _subscribe(orb, plan, buyer)
    low, high = row["price_intervals"]
    assert (low["end_date"], high["start_date"]) == (high["start_date"], low["end_date"])
    assert high["start_date"] == "2030-05-10T00:00:00+00:00"
    assert row["active_plan_phase_order"] == 1
    later = _subscribe(orb, plan, buyer, initial_phase_order=2)
    assert _amounts(later) == ["8.00"]
    now = orb.post(f"/subscriptions/{row['id']}/trigger_phase")
    assert now["active_plan_phase_order"] == 2


def test_a_pending_creation_makes_the_subscription_when_applied(
    orb: Orb, item: str, buyer: Row
) -> None:
    plan = _plan(orb, [{"price": _fee(item, "31.00")}])
    body = {"plan_id": plan["id"], "customer_id": buyer["id"], "start_date": "2030-03-01T00:00:00Z"}
    header = {"Create_Pending_Subscription_Change": "True"}
    shown = orb.ask("POST", "/subscriptions", body, **header).body
    assert shown["changed_resources"]["created_invoices"][0]["total"] == "31.00"
    assert orb.get("/subscriptions")["data"] == []
    change = f"/subscription_changes/{shown['pending_subscription_change']['id']}"
    paid = {"mark_as_paid": True, "payment_received_date": "2030-03-10"}
    made = orb.post(f"{change}/apply", paid)["subscription"]
    assert orb.get(f"/subscriptions/{made['id']}")["status"] == "active"
    assert [row["status"] for row in orb.get("/invoices")["data"]] == ["paid"]


def test_a_pending_change_expires(orb: Orb, item: str, buyer: Row) -> None:
    row = _subscribe(orb, _plan(orb, [{"price": _fee(item, "1.00")}]), buyer)
    path = f"/subscriptions/{row['id']}"
    header = {"Create_Pending_Subscription_Change": "True"}
    shown = orb.ask("POST", f"{path}/cancel", {"cancel_option": "immediate"}, **header).body
    change = f"/subscription_changes/{shown['pending_subscription_change']['id']}"
    orb.advance(2)
    assert orb.get(change)["status"] == "cancelled"
    assert orb.refused("POST", f"{change}/apply", {}) == "400-constraint-violation"
    assert orb.get(path)["pending_subscription_change"] is None


def test_an_upcoming_subscription_is_cancelled_at_its_start(
    orb: Orb, item: str, buyer: Row
) -> None:
    plan = _plan(orb, [{"price": _fee(item, "1.00")}])
    row = _subscribe(orb, plan, buyer, start_date="2030-06-01T00:00:00Z")
    assert (row["status"], row["current_billing_period_start_date"]) == ("upcoming", None)
    path = f"/subscriptions/{row['id']}/cancel"
    late = {"cancel_option": "end_of_subscription_term"}
    assert orb.refused("POST", path, late) == "400-constraint-violation"
    ended = orb.post(path, {"cancel_option": "immediate"})
    assert ended["end_date"] == ended["start_date"]
    orb.advance(100)
    assert orb.get("/invoices?status[]=draft&status[]=issued")["data"] == []


def test_a_subscription_that_is_refused_leaves_nothing(orb: Orb, item: str, buyer: Row) -> None:
    plan = _plan(orb, [{"price": _fee(item, "1.00")}])
    unknown = {"replaces_price_id": "nope", "fixed_price_quantity": 5}
    body = {"plan_id": plan["id"], "customer_id": buyer["id"], "replace_prices": [unknown]}
    assert orb.refused("POST", "/subscriptions", body) == "404-resource-not-found"
    assert _subscribe(orb, plan, buyer)["status"] == "active"


@pytest.mark.parametrize("days", [10**9, 10**30])
def test_days_beyond_any_calendar_are_refused(orb: Orb, item: str, buyer: Row, days: int) -> None:
    plan = _plan(orb, [{"price": _fee(item, "1.00")}])
    body = {"plan_id": plan["id"], "customer_id": buyer["id"], "trial_duration_days": days}
    assert orb.refused("POST", "/subscriptions", body) == "400-request-validation-errors"


def test_a_cancellation_that_is_refused_leaves_all_as_it_was(
    orb: Orb, item: str, buyer: Row
) -> None:
    row = _subscribe(orb, _plan(orb, [{"price": _fee(item, "31.00")}]), buyer)
    orb.advance(2)  # the fee is issued by then
    path = f"/subscriptions/{row['id']}"
    before = orb.post(f"{path}/cancel", {"cancel_option": "end_of_subscription_term"})["end_date"]
    body = {"cancel_option": "immediate", "allow_invoice_credit_or_void": False}
    assert orb.refused("POST", f"{path}/cancel", body) == "400-constraint-violation"
    assert orb.get(path)["end_date"] == before


@pytest.mark.parametrize("paid", [True, False])
def test_a_cancellation_in_the_past_voids_what_is_not_paid(
    orb: Orb, item: str, buyer: Row, *, paid: bool
) -> None:
    row = _subscribe(orb, _plan(orb, [{"price": _fee(item, "31.00")}]), buyer)
    orb.advance(60)
    last = orb.get("/invoices?limit=1")["data"][0]
    if paid:
        orb.post(f"/invoices/{last['id']}/mark_paid", {"payment_received_date": "2030-05-02"})
    path = f"/subscriptions/{row['id']}/cancel"
    body = {"cancel_option": "requested_date", "cancellation_date": "2030-04-15T00:00:00Z"}
    if paid:
        assert orb.refused("POST", path, body) == "400-constraint-violation"
        return
    assert orb.post(path, body)["status"] == "ended"
    assert orb.get(f"/invoices/{last['id']}")["status"] == "void"


def test_a_plan_change_before_a_cancellation_lifts_it(orb: Orb, item: str, buyer: Row) -> None:
    first = _plan(orb, [{"price": _fee(item, "1.00")}])
    second = _plan(orb, [{"price": _fee(item, "2.00")}])
    path = f"/subscriptions/{_subscribe(orb, first, buyer)['id']}"
    orb.post(f"{path}/cancel", {"cancel_option": "end_of_subscription_term"})
    change = {"change_option": "immediate", "plan_id": second["id"]}
    row = orb.post(f"{path}/schedule_plan_change", change)
    assert (row["plan"]["id"], row["end_date"]) == (second["id"], None)
    assert [each["end_date"] is None for each in row["price_intervals"]] == [False, True]
    orb.advance(30)
    assert orb.get(path)["status"] == "active"


def test_intervals_are_added_moved_and_taken_away(orb: Orb, item: str, buyer: Row) -> None:
    row = _subscribe(orb, _plan(orb, [{"price": _fee(item, "1.00")}]), buyer)
    path = f"/subscriptions/{row['id']}/price_intervals"
    floating = _fee(item, "7.00", currency="USD")
    changes = [{"quantity": 3, "effective_date": "2030-05-01T00:00:00Z"}]
    added = {"price": floating, "start_date": "2030-04-01T00:00:00Z"}
    after = orb.post(path, {"add": [{**added, "fixed_fee_quantity_transitions": changes}]})
    new = after["price_intervals"][1]
    assert new["fixed_fee_quantity_transitions"][0]["quantity"] == 3
    edit = {"price_interval_id": new["id"], "end_date": "2030-06-01T00:00:00Z"}
    moved = orb.post(path, {"edit": [edit]})["price_intervals"][1]
    assert moved["end_date"] == "2030-06-01T00:00:00+00:00"
    gone = {**edit, "end_date": "2030-04-01T00:00:00Z"}
    assert len(orb.post(path, {"edit": [gone]})["price_intervals"]) == 1
    assert orb.refused("POST", path, {"edit": [edit]}) == "404-resource-not-found"


def test_an_interval_on_another_day_is_not_billed_twice(orb: Orb, item: str, buyer: Row) -> None:
    row = _subscribe(orb, _plan(orb, [{"price": _fee(item, "1.00")}]), buyer)
    orb.advance(60)
    path = f"/subscriptions/{row['id']}/price_intervals"
    edit = {"price_interval_id": row["price_intervals"][0]["id"]}
    moved = {"edit": [{**edit, "start_date": "2030-04-20T00:00:00Z"}]}
    assert orb.refused("POST", path, moved) == "400-constraint-violation"
    orb.post(path, {"edit": [{**edit, "billing_cycle_day": 15}]})
    orb.advance(60)
    lines = [line for each in orb.get("/invoices")["data"] for line in each["line_items"]]
    starts = [line["start_date"] for line in lines]
    assert len(set(starts)) == len(starts) == 5


def test_currencies_do_not_mix(orb: Orb, item: str, buyer: Row) -> None:
    dollars = _plan(orb, [{"price": _fee(item, "1.00")}])
    euros = _plan(orb, [{"price": _fee(item, "1.00")}], currency="EUR")
    path = f"/subscriptions/{_subscribe(orb, dollars, buyer)['id']}"
    body = {"plan_id": euros["id"], "customer_id": buyer["id"]}
    assert orb.refused("POST", "/subscriptions", body) == "400-constraint-violation"
    change = {"change_option": "immediate", "plan_id": euros["id"]}
    assert orb.refused("POST", f"{path}/schedule_plan_change", change) == "400-constraint-violation"


def test_days_are_those_of_the_customer(orb: Orb, item: str) -> None:
    body = {"name": "T", "email": "t@t.example", "timezone": "America/New_York"}
    buyer = orb.make("/customers", body)
    row = _subscribe(orb, _plan(orb, [{"price": _fee(item, "1.00")}]), buyer)
    assert row["start_date"] == "2030-03-10T05:00:00+00:00"  # the day on which clocks change
    assert row["current_billing_period_end_date"] == "2030-04-01T04:00:00+00:00"
