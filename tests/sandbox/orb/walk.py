"""One call after another, until every operation that Orb publishes has answered well once."""

from typing import Any

from tests.sandbox.orb.client import Orb

Row = dict[str, Any]
UNIT = {"model_type": "unit", "unit_config": {"unit_amount": "10.00"}, "cadence": "monthly"}


def customers(orb: Orb) -> Row:
    body = {"name": "Walker", "email": "w@walker.example", "external_customer_id": "walk/1"}
    customer = orb.make("/customers", body)
    one, external = f"/customers/{customer['id']}", "/customers/external_customer_id/walk%2F1"
    orb.get("/customers?limit=5")
    for path in (one, external):
        orb.get(path)
        orb.put(path, {"metadata": {"a": "b"}, "payment_provider": "stripe_charge"})
        orb.make(f"{path}/portal_sessions", {})
        assert orb.ask("POST", f"{path}/sync_payment_methods_from_gateway").status == 204
    orb.post(f"{one}/balance_transactions", {"amount": "10.00", "type": "increment"})
    orb.get(f"{one}/balance_transactions")
    gone = orb.make("/customers", {"name": "Gone", "email": "g@gone.example"})
    orb.delete(f"/customers/{gone['id']}")
    return {"id": customer["id"], "one": one, "external": external}


def prepaid(orb: Orb, customer: Row) -> None:
    for path in (customer["one"], customer["external"]):
        ledger = f"{path}/credits/ledger_entry"
        added = orb.make(ledger, {"entry_type": "increment", "amount": 100})
        block = added["credit_block"]["id"]
        taken = orb.make(ledger, {"entry_type": "decrement", "amount": 5})["credit_block"]["id"]
        orb.make(ledger, {"entry_type": "amendment", "amount": 5, "block_id": taken})
        moved = {"entry_type": "expiration_change", "amount": 10, "block_id": block}
        orb.make(ledger, {**moved, "target_expiry_date": "2099-01-01"})
        orb.make(ledger, {"entry_type": "void", "amount": 5, "block_id": block})
        _bought(orb, path, ledger)


def _bought(orb: Orb, path: str, ledger: str) -> None:
    settings = {"auto_collection": False, "net_terms": 30}
    bought = {"entry_type": "increment", "amount": 10, "per_unit_cost_basis": "0.5"}
    entry = orb.make(ledger, {**bought, "invoice_settings": settings})
    orb.get(f"{path}/credits?include_all_blocks=true")
    orb.get(f"{path}/credits/ledger?limit=1000")
    body = {"currency": "credits", "threshold": "1", "amount": "5", "per_unit_cost_basis": "1"}
    top_up = orb.make(f"{path}/credits/top_ups", {**body, "invoice_settings": settings})
    orb.get(f"{path}/credits/top_ups")
    orb.delete(f"{path}/credits/top_ups/{top_up['id']}")
    bought_block = entry["credit_block"]["id"]
    orb.get(f"/credit_blocks/{bought_block}")
    orb.get(f"/credit_blocks/{bought_block}/invoices")
    orb.delete(f"/credit_blocks/{bought_block}")


def catalog(orb: Orb) -> Row:
    item = orb.make("/items", {"name": "Seat"})
    orb.get("/items")
    orb.get(f"/items/{item['id']}")
    orb.put(f"/items/{item['id']}", {"name": "Seats", "metadata": {"x": "y"}})
    orb.post(f"/items/{orb.make('/items', {'name': 'Old'})['id']}/archive")
    sql = "SELECT SUM(bytes) FROM events WHERE event_name = 'sent'"
    body = {"name": "Bytes", "description": None, "item_id": item["id"], "sql": sql}
    metric = orb.make("/metrics", body)
    orb.get("/metrics?limit=3")
    orb.get(f"/metrics/{metric['id']}")
    orb.put(f"/metrics/{metric['id']}", {"metadata": {"unit": "byte"}})
    return {"item": item["id"], "metric": metric["id"]}


def offers(orb: Orb, known: Row) -> Row:
    discount = {"discount_type": "percentage", "percentage_discount": 0.5}
    coupon = orb.make("/coupons", {"redemption_code": "HALF", "discount": discount})
    orb.get("/coupons")
    orb.get(f"/coupons/{coupon['id']}")
    orb.get(f"/coupons/{coupon['id']}/subscriptions")
    amount = {"discount_type": "amount", "amount_discount": "5"}
    old = orb.make("/coupons", {"redemption_code": "OLD", "discount": amount})
    orb.post(f"/coupons/{old['id']}/archive")
    price = {**UNIT, "name": "Add-on", "item_id": known["item"], "currency": "USD"}
    price |= {"fixed_price_quantity": 1, "external_price_id": "addon"}
    floating = orb.make("/prices", price)
    orb.get("/prices")
    for path in (f"/prices/{floating['id']}", "/prices/external_price_id/addon"):
        orb.get(path)
        orb.put(path, {"metadata": {"k": path}})
    return {"coupon": coupon["id"], "add_on": "addon"}


def plans(orb: Orb, known: Row) -> Row:
    fee = {**UNIT, "name": "Fee", "item_id": known["item"], "fixed_price_quantity": 2}
    use = {**UNIT, "name": "Use", "item_id": known["item"], "billable_metric_id": known["metric"]}
    body = {"name": "Walk", "currency": "USD", "external_plan_id": "walk", "net_terms": 0}
    phases = [{"order": 1, "duration": 1, "duration_unit": "monthly"}, {"order": 2}]
    prices = [{"price": fee, "plan_phase_order": 1}, {"price": use}]
    plan = orb.make("/plans", {**body, "prices": prices, "plan_phases": phases})
    other = orb.make("/plans", {"name": "Other", "currency": "USD", "prices": [{"price": use}]})
    orb.get("/plans?status=active")
    for number, path in enumerate((f"/plans/{plan['id']}", "/plans/external_plan_id/walk")):
        orb.get(path)
        orb.put(path, {"description": path})
        orb.get(f"{path}/versions/1")
        orb.make(f"{path}/versions", {"version": 2 + number, "add_prices": [{"price": fee}]})
        orb.post(f"{path}/set_default_version", {"version": 2 + number})
    migrations = f"/plans/{plan['id']}/migrations"
    one = f"{migrations}/{orb.get(migrations)['data'][0]['id']}"
    orb.get(one)
    orb.post(f"{one}/cancel")
    return {"plan": plan["id"], "other": other["id"], "fee": plan["prices"][0]["id"]}


def subscriptions(orb: Orb, known: Row) -> Row:
    body = {"customer_id": known["id"], "plan_id": known["plan"], "plan_version_number": 1}
    row = orb.make("/subscriptions", {**body, "trial_duration_days": 3})
    one = f"/subscriptions/{row['id']}"
    orb.get("/subscriptions?status[]=active&limit=2")
    orb.get(one)
    orb.put(one, {"metadata": {"a": "b"}, "net_terms": 5})
    orb.get(f"{one}/schedule")
    orb.post(f"{one}/update_trial", {"trial_end_date": "immediate"})
    coupon = {"coupon_id": known["coupon"], "change_option": "immediate"}
    orb.post(f"{one}/redeem_coupon", coupon)
    fee = row["price_intervals"][0]["price"]["id"]
    quantity = {"price_id": fee, "quantity": 5, "change_option": "upcoming_invoice"}
    orb.post(f"{one}/update_fixed_fee_quantity", quantity)
    orb.post(f"{one}/unschedule_fixed_fee_quantity_updates", {"price_id": fee})
    added = {"external_price_id": known["add_on"], "start_date": "end_of_term"}
    orb.post(f"{one}/price_intervals", {"add": [added]})
    orb.post(f"{one}/trigger_phase")
    orb.get(f"{one}/costs?view_mode=periodic")
    orb.get(f"{one}/usage")
    return {"subscription": row["id"]}


def changes(orb: Orb, known: Row) -> None:
    one = f"/subscriptions/{known['subscription']}"
    change = {"change_option": "end_of_subscription_term", "plan_id": known["other"]}
    orb.post(f"{one}/schedule_plan_change", change)
    orb.post(f"{one}/unschedule_pending_plan_changes")
    orb.post(f"{one}/cancel", {"cancel_option": "end_of_subscription_term"})
    orb.post(f"{one}/unschedule_cancellation")
    for path in ("one", "external"):
        orb.get(f"{known[path]}/costs")


def dry_runs(orb: Orb, known: Row) -> None:
    path = f"/subscriptions/{known['subscription']}/cancel"
    header = {"Create_Pending_Subscription_Change": "True"}
    for step in ("cancel", "apply"):
        answer = orb.ask("POST", path, {"cancel_option": "end_of_subscription_term"}, **header)
        change = f"/subscription_changes/{answer.body['pending_subscription_change']['id']}"
        orb.get("/subscription_changes?status=pending")
        orb.get(change)
        orb.post(f"{change}/{step}", {} if step == "apply" else None)


def _credit(orb: Orb, invoice: str) -> None:
    line = orb.get(invoice)["line_items"][0]["id"]
    body = {"reason": "order_change", "line_items": []}
    body["line_items"] = [{"invoice_line_item_id": line, "amount": "1.00"}]
    orb.get(f"/credit_notes/{orb.make('/credit_notes', body)['id']}")
    orb.get("/credit_notes")


def _change_draft(orb: Orb, invoice_id: str) -> None:
    extra = {"invoice_id": invoice_id, "amount": "5.00", "name": "Extra", "quantity": 1}
    extra |= {"start_date": "2026-01-01", "end_date": "2026-01-02"}
    added = orb.make("/invoice_line_items", extra)
    one = f"/invoices/{invoice_id}"
    orb.delete(f"{one}/invoice_line_items/{added['id']}")
    orb.put(one, {"net_terms": 3, "metadata": {"a": "b"}})
    orb.get(one)


def invoices(orb: Orb, known: Row) -> None:
    line = {"name": "Visit", "item_id": known["item"], "quantity": 2, "model_type": "unit"}
    line |= {"start_date": "2026-01-01", "end_date": "2026-01-02"}
    line["unit_config"] = {"unit_amount": "40.00"}
    body = {"customer_id": known["id"], "currency": "USD", "net_terms": 0, "line_items": [line]}
    body |= {"invoice_date": "2026-01-01T00:00:00Z", "auto_collection": False}
    made = [orb.make("/invoices", body)["id"] for _ in range(4)]
    _change_draft(orb, made[0])
    first = f"/invoices/{made[0]}"
    orb.post(f"{first}/issue", {"synchronous": True})
    for each in made[1:]:
        orb.post(f"/invoices/summary/{each}/issue")
    orb.post(f"{first}/regenerate_invoice_pdf")
    _credit(orb, first)
    paid = orb.post(f"/invoices/{made[1]}/mark_paid", {"payment_received_date": "2026-01-05"})
    assert paid["status"] == "paid"
    orb.post(f"/invoices/{made[2]}/pay", {"shared_payment_token_id": "spt_1"})
    orb.post(f"/invoices/{made[2]}/regenerate_receipt_pdf")
    orb.post(f"/invoices/{made[3]}/void")
    orb.get("/invoices?limit=50&status[]=draft&status[]=void&status[]=paid&status[]=issued")
    orb.get("/invoices/summary?limit=50")
    orb.get(f"/invoices/upcoming?subscription_id={known['subscription']}")


def alerts(orb: Orb, known: Row) -> None:
    made = orb.make(
        f"/alerts/customer_id/{known['id']}",
        {"type": "credit_balance_dropped", "currency": "credits", "thresholds": [{"value": 5}]},
    )
    depleted = {"type": "credit_balance_depleted", "currency": "credits"}
    orb.make("/alerts/external_customer_id/walk%2F1", depleted)
    use = {"type": "usage_exceeded", "metric_id": known["metric"], "thresholds": [{"value": 100}]}
    orb.make(f"/alerts/subscription_id/{known['subscription']}", use)
    cost = {"type": "cost_exceeded", "thresholds": [{"value": 1}]}
    orb.make(f"/alerts/plan_id/{known['plan']}", cost)
    one = f"/alerts/{made['id']}"
    orb.get(one)
    orb.put(one, {"thresholds": [{"value": 7}]})
    orb.post(f"{one}/disable")
    orb.post(f"{one}/enable")
    orb.get(f"/alerts?subscription_id={known['subscription']}")
    orb.delete(one)


def events(orb: Orb) -> None:
    now = orb.control("GET", "/clock")["now"]
    event = {"event_name": "sent", "timestamp": now, "properties": {"bytes": 7}}
    event["external_customer_id"] = "walk/1"
    sent = {"events": [{**event, "idempotency_key": f"e{each}"} for each in range(2)]}
    orb.post("/ingest", sent)
    orb.post("/events/search", {"event_ids": ["e0", "e1"]})
    orb.get("/events/volume?timeframe_start=" + now[:10])
    orb.put("/events/e0", event)
    orb.put("/events/e1/deprecate", None)
    fill = {"timeframe_start": "2026-01-01T00:00:00Z", "timeframe_end": "2026-01-05T00:00:00Z"}
    one = f"/events/backfills/{orb.post('/events/backfills', fill)['id']}"
    orb.get("/events/backfills")
    orb.get(one)
    orb.post(f"{one}/close")
    orb.post(f"{one}/revert")


def everything(orb: Orb) -> None:
    """Call every operation at least once."""
    orb.get("/ping")
    customer = customers(orb)
    known = {**customer, **catalog(orb)}
    known |= offers(orb, known)
    known |= plans(orb, known)
    known |= subscriptions(orb, known)
    changes(orb, known)
    dry_runs(orb, known)
    prepaid(orb, known)
    invoices(orb, known)
    alerts(orb, known)
    events(orb)
