"""What happens of itself as the clock moves, and what it costs."""

from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.orb.client import Orb

Row = dict[str, Any]
DAY = "2030-01-01T00:00:00+00:00"


@pytest.fixture
def plan(orb: Orb) -> Row:
    """Return a plan of 31.00 a month in advance and 0.10 for each unit sent; all in test mode."""
    orb.ready["api_key"] = orb.ready["test_api_key"]  # where nobody else is billed
    orb.control("POST", "/clock", {"now": DAY})
    item = orb.make("/items", {"name": "Seat"})["id"]
    sql = "SELECT SUM(units) FROM events WHERE event_name = 'sent'"
    metric = {"name": "Sent", "description": None, "item_id": item, "sql": sql}
    common = {"model_type": "unit", "cadence": "monthly", "item_id": item}
    fee = {**common, "name": "Fee", "unit_config": {"unit_amount": "31.00"}}
    use = {**common, "name": "Use", "unit_config": {"unit_amount": "0.10"}}
    fee["fixed_price_quantity"] = 1
    use["billable_metric_id"] = orb.make("/metrics", metric)["id"]
    body = {"name": "P", "currency": "USD", "prices": [{"price": fee}, {"price": use}]}
    return dict(orb.make("/plans", body))


@pytest.fixture
def payer(orb: Orb, plan: Row) -> Row:
    body = {"name": "Payer", "email": "p@payer.example", "currency": plan["currency"]}
    body["payment_provider"] = "stripe_charge"
    return dict(orb.make("/customers", {**body, "external_customer_id": "payer"}))


def _subscribe(orb: Orb, plan: Row, customer: Row, **more: Any) -> Row:
    body = {"customer_id": customer["id"], "plan_id": plan["id"], **more}
    return dict(orb.make("/subscriptions", body))


def _send(orb: Orb, units: int, key: str) -> None:
    event = {"event_name": "sent", "timestamp": orb.control("GET", "/clock")["now"]}
    event |= {"properties": {"units": units}, "external_customer_id": "payer"}
    orb.post("/ingest", {"events": [{**event, "idempotency_key": key}]})


def _invoices(orb: Orb, customer: Row, *states: str) -> list[Row]:
    asked = "".join(f"&status[]={each}" for each in states)
    rows = orb.get(f"/invoices?limit=100&customer_id={customer['id']}{asked}")["data"]
    return list(reversed(rows))


def test_a_month_is_drafted_issued_and_paid_by_card(orb: Orb, plan: Row, payer: Row) -> None:
    _subscribe(orb, plan, payer)
    assert [row["status"] for row in _invoices(orb, payer, "draft")] == ["draft"]
    orb.advance(1)
    _send(orb, 50, "e1")
    _send(orb, 50, "e1")
    first = _invoices(orb, payer)[0]
    assert (first["status"], first["total"]) == ("paid", "31.00")
    orb.advance(31)
    second = _invoices(orb, payer)[1]
    assert {line["name"]: line["amount"] for line in second["line_items"]} == {
        "Fee": "31.00",
        "Use": "5.00",
    }
    assert second["payment_attempts"][0]["succeeded"] is True


def test_the_upcoming_invoice_is_what_then_comes(orb: Orb, plan: Row, payer: Row) -> None:
    row = _subscribe(orb, plan, payer)
    _send(orb, 120, "e1")
    promised = orb.get(f"/invoices/upcoming?subscription_id={row['id']}")
    assert promised["target_date"] == "2030-02-01T00:00:00+00:00"
    assert len(_invoices(orb, payer, "draft")) == 1
    orb.advance(32)
    assert _invoices(orb, payer)[1]["total"] == promised["total"] == "43.00"


def test_a_first_period_that_is_cut_costs_its_share(orb: Orb, plan: Row, payer: Row) -> None:
    orb.control("POST", "/clock", {"now": "2030-01-25T00:00:00+00:00"})
    row = _subscribe(orb, plan, payer)
    assert row["current_billing_period_end_date"] == "2030-02-01T00:00:00+00:00"
    assert _invoices(orb, payer, "draft")[0]["total"] == "7.00"


def test_a_trial_costs_nothing_until_it_ends(orb: Orb, plan: Row, payer: Row) -> None:
    _subscribe(orb, plan, payer, trial_duration_days=10)
    _send(orb, 1000, "e1")
    assert _invoices(orb, payer, "draft") == []
    orb.advance(32)
    fees, usage = _invoices(orb, payer)[:2]
    assert fees["total"] == "21.00"
    lines = {line["name"]: line for line in usage["line_items"]}
    assert (lines["Use"]["subtotal"], lines["Use"]["amount"]) == ("100.00", "0.00")
    assert lines["Use"]["adjustments"][0]["reason"] == "Trial"


def test_a_declined_card_is_dunned_and_then_left_alone(orb: Orb, plan: Row, payer: Row) -> None:
    orb.control("POST", f"/edit/orb/test:payment/{payer['id']}", {"declined": True})
    _subscribe(orb, plan, payer)
    orb.advance(1)
    row = _invoices(orb, payer)[0]
    assert (row["status"], row["auto_collection"]["num_attempts"]) == ("issued", 1)
    assert row["payment_failed_at"] is not None
    orb.advance(20)
    row = _invoices(orb, payer)[0]
    assert row["auto_collection"]["num_attempts"] == 4
    assert row["auto_collection"]["next_attempt_at"] is None
    assert orb.refused("POST", f"/invoices/{row['id']}/pay", {}).startswith("400")


def test_cancelling_now_gives_back_what_was_paid_in_advance(
    orb: Orb, plan: Row, payer: Row
) -> None:
    row = _subscribe(orb, plan, payer)
    orb.control("POST", "/clock", {"now": "2030-01-11T00:00:00+00:00"})
    path = f"/subscriptions/{row['id']}/cancel"
    body = {"cancel_option": "immediate", "allow_invoice_credit_or_void": False}
    assert orb.refused("POST", path, body) == "400-constraint-violation"
    ended = orb.post(path, {"cancel_option": "immediate"})
    assert ended["status"] == "ended"
    note = orb.get("/credit_notes?limit=1")["data"][0]
    assert (note["type"], note["reason"], note["total"]) == ("refund", "Order change", "21.00")
    assert orb.get(f"/customers/{payer['id']}")["balance"] == "21.00"


def test_a_cancellation_to_come_can_be_taken_back(orb: Orb, plan: Row, payer: Row) -> None:
    row = _subscribe(orb, plan, payer)
    one = f"/subscriptions/{row['id']}"
    ended = orb.post(f"{one}/cancel", {"cancel_option": "end_of_subscription_term"})
    assert ended["end_date"] == "2030-02-01T00:00:00+00:00"
    assert {each["end_date"] for each in ended["price_intervals"]} == {ended["end_date"]}
    back = orb.post(f"{one}/unschedule_cancellation")
    assert {each["end_date"] for each in back["price_intervals"]} == {None}
    orb.post(f"{one}/cancel", {"cancel_option": "end_of_subscription_term"})
    orb.advance(60)
    assert orb.get(one)["status"] == "ended"
    assert len(_invoices(orb, payer)) == 2
    assert orb.refused("POST", f"{one}/unschedule_cancellation") == "400-constraint-violation"


def test_a_planned_change_of_plan_happens_at_its_time(orb: Orb, plan: Row, payer: Row) -> None:
    row = _subscribe(orb, plan, payer)
    other = orb.get("/plans/external_plan_id/VOICE-STARTER")["id"]
    one = f"/subscriptions/{row['id']}"
    change = {"change_option": "end_of_subscription_term", "plan_id": other}
    assert orb.post(f"{one}/schedule_plan_change", change)["plan"]["id"] == plan["id"]
    planned = orb.get(f"{one}/schedule")["data"]
    assert [each["plan"]["id"] for each in planned] == [other, plan["id"]]
    orb.advance(32)
    now = orb.get(one)
    assert now["plan"]["id"] == other
    ends = {each["end_date"] for each in now["price_intervals"]}
    assert ends == {None, "2030-02-01T00:00:00+00:00"}
    lines = {line["name"] for line in _invoices(orb, payer)[1]["line_items"]}
    assert lines >= {"Use", "Cloud voice fee"}
    assert "Fee" not in lines


def test_more_seats_in_a_period_are_billed_for_its_rest(orb: Orb, plan: Row, payer: Row) -> None:
    row = _subscribe(orb, plan, payer)
    orb.control("POST", "/clock", {"now": "2030-01-11T00:00:00+00:00"})
    fee = row["price_intervals"][0]["price"]["id"]
    one = f"/subscriptions/{row['id']}"
    after = orb.post(f"{one}/update_fixed_fee_quantity", {"price_id": fee, "quantity": 3})
    assert [each["quantity"] for each in after["fixed_fee_quantity_schedule"]] == [1, 3]
    partial = _invoices(orb, payer)[1]
    assert (partial["invoice_source"], partial["total"]) == ("partial", "42.00")
    orb.advance(22)
    fees = [each for each in _invoices(orb, payer)[2]["line_items"] if each["name"] == "Fee"]
    assert (fees[0]["quantity"], fees[0]["amount"]) == (3, "93.00")


def test_a_coupon_is_taken_off_and_counted(orb: Orb, plan: Row, payer: Row) -> None:
    row = _subscribe(orb, plan, payer, coupon_redemption_code="WELCOME10")
    assert row["discount_intervals"][0]["percentage_discount"] == Decimal("0.1")
    line = _invoices(orb, payer, "draft")[0]["line_items"][0]
    assert (line["subtotal"], line["amount"]) == ("31.00", "27.90")
    assert line["adjustments"][0]["amount"] == "3.10"


def test_prepaid_credits_pay_for_use_and_enter_the_ledger(orb: Orb, plan: Row, payer: Row) -> None:
    _subscribe(orb, plan, payer)
    ledger = f"/customers/{payer['id']}/credits/ledger"
    entry = {"entry_type": "increment", "amount": 3, "currency": "USD"}
    orb.make(f"{ledger}_entry", entry)
    _send(orb, 50, "e1")
    orb.advance(32)
    lines = _invoices(orb, payer)[1]["line_items"]
    use = next(line for line in lines if line["name"] == "Use")
    assert (use["subtotal"], use["credits_applied"], use["amount"]) == ("5.00", "3.00", "2.00")
    taken = orb.get(f"{ledger}?currency=USD&entry_type=decrement")["data"][0]
    assert (taken["amount"], taken["ending_balance"]) == (3, 0)
    assert taken["invoice_id"] == _invoices(orb, payer)[1]["id"]


def test_a_void_invoice_gives_the_balance_back(orb: Orb, plan: Row) -> None:
    customer = orb.make("/customers", {"name": "V", "email": "v@v.example"})
    path = f"/customers/{customer['id']}"
    orb.post(f"{path}/balance_transactions", {"amount": "10.00", "type": "increment"})
    _subscribe(orb, plan, customer)
    orb.advance(1)
    row = _invoices(orb, customer)[0]
    assert (row["total"], row["amount_due"]) == ("31.00", "21.00")
    assert orb.get(path)["balance"] == "0.00"
    assert orb.post(f"/invoices/{row['id']}/void")["status"] == "void"
    assert orb.get(path)["balance"] == "10.00"
    assert _invoices(orb, customer) == []
    assert len(_invoices(orb, customer, "void")) == 1


def test_a_dry_run_shows_what_would_happen_and_changes_nothing(
    orb: Orb, plan: Row, payer: Row
) -> None:
    row = _subscribe(orb, plan, payer)
    orb.control("POST", "/clock", {"now": "2030-01-11T00:00:00+00:00"})
    one = f"/subscriptions/{row['id']}"
    header = {"Create_Pending_Subscription_Change": "True"}
    shown = orb.ask("POST", f"{one}/cancel", {"cancel_option": "immediate"}, **header).body
    assert shown["status"] == "ended"
    assert shown["changed_resources"]["created_credit_notes"][0]["total"] == "21.00"
    pending = orb.get(one)
    assert (pending["status"], pending["end_date"]) == ("active", None)
    change = f"/subscription_changes/{pending['pending_subscription_change']['id']}"
    again = {"cancel_option": "immediate"}
    assert orb.ask("POST", f"{one}/cancel", again, **header).status == 400
    assert orb.post(f"{change}/apply", {})["status"] == "applied"
    assert orb.get(one)["status"] == "ended"
    assert orb.get(f"/customers/{payer['id']}")["balance"] == "21.00"


def test_costs_by_day_add_up_to_the_costs_of_the_period(orb: Orb, plan: Row, payer: Row) -> None:
    row = _subscribe(orb, plan, payer)
    for day in range(4):
        _send(orb, 10 * day, f"e{day}")
        orb.advance(1)
    costs = f"/subscriptions/{row['id']}/costs"
    daily = orb.get(f"{costs}?view_mode=periodic")["data"]
    totals = [Decimal(each["total"]) for each in daily]
    assert totals[:4] == [Decimal("31.00"), Decimal("1.00"), Decimal("2.00"), Decimal("3.00")]
    cumulative = orb.get(costs)["data"][-1]
    assert Decimal(cumulative["total"]) == sum(totals) == Decimal("37.00")
