"""Orb's own SDK, unmodified and with its strict types, at work on the sandbox."""

from collections.abc import Iterator

import pytest

from app.sandbox.dataset import Dataset
from app.sandbox.launch import Sandbox, SandboxOptions
from app.sandbox.orb import OrbSystem
from app.sandbox.server import HttpServer
from app.sandbox.wire import Request, Response

orb = pytest.importorskip("orb", reason="the official SDK (orb-billing) is not installed")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    empty = Dataset(aria={}, salesforce={}, drift=())
    with Sandbox(SandboxOptions(systems=["orb"], dataset=empty, size=900)) as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator["orb.Orb"]:
    sandbox.systems["orb"].reset(drift=False)
    ready = sandbox.ready["orb"]
    with orb.Orb(
        api_key=ready["api_key"],
        base_url=ready["base_url"],
        webhook_secret=ready["webhook_secret"],
        max_retries=0,
        _strict_response_validation=True,
    ) as opened:
        yield opened


def test_the_sdk_pages_through_everything_there_is(client: "orb.Orb", sandbox: Sandbox) -> None:
    system = sandbox.systems["orb"]
    lists = {
        "customer": client.customers.list(limit=7),
        "plan": client.plans.list(limit=7),
        "subscription": client.subscriptions.list(limit=7),
        "item": client.items.list(limit=7),
        "metric": client.metrics.list(limit=7),
        "credit_note": client.credit_notes.list(limit=1),
        "coupon": client.coupons.list(limit=1),
    }
    for kind, rows in lists.items():
        found = [row.id for row in rows]
        assert sorted(found) == sorted(row["id"] for row in system.state(kind)), kind


def test_the_sdk_reads_every_invoice_with_its_lines(client: "orb.Orb", sandbox: Sandbox) -> None:
    rows = list(
        client.invoices.list(limit=50, status=["draft", "issued", "paid", "synced", "void"])
    )
    truth = {row["id"]: row for row in sandbox.systems["orb"].state("invoice")}
    assert {row.id for row in rows} == set(truth)
    assert {row.id: row.total for row in rows} == {key: row["total"] for key, row in truth.items()}
    models = {line.price.price_model_type for row in rows for line in row.line_items if line.price}
    assert len(models) > 10


def test_the_sdk_reads_every_price_model(client: "orb.Orb") -> None:
    prices = [price for plan in client.plans.list() for price in plan.prices]
    models = {price.price_model_type for price in prices}
    assert len(models) == 35
    assert client.prices.fetch(prices[0].id).id == prices[0].id


def test_the_sdk_creates_updates_and_finds_a_customer_again(client: "orb.Orb") -> None:
    made = client.customers.create(
        name="Stranger", email="s@stranger.example", external_customer_id="st/1 ö", currency="USD"
    )
    client.customers.update(made.id, name="Stranger & Sons", metadata={"a": "1", "b": "2"})
    client.customers.update(made.id, metadata={"a": None})
    found = client.customers.fetch_by_external_id("st/1 ö")
    assert (found.id, found.name, found.metadata) == (made.id, "Stranger & Sons", {"b": "2"})
    client.customers.delete(made.id)
    with pytest.raises(orb.NotFoundError):
        client.customers.fetch(made.id)


def test_the_sdk_carries_a_subscription_through_its_life(
    client: "orb.Orb", sandbox: Sandbox
) -> None:
    first, second = sandbox.ready["orb"]["plan_ids"]
    customer = client.customers.create(name="Life", email="l@life.example", timezone="Asia/Tokyo")
    row = client.subscriptions.create(customer_id=customer.id, plan_id=first, trial_duration_days=0)
    assert row.status == "active"
    fee = next(each for each in row.price_intervals if each.price.price_type == "fixed_price")
    client.subscriptions.update_fixed_fee_quantity(row.id, price_id=fee.price.id, quantity=3)
    client.subscriptions.schedule_plan_change(
        row.id, change_option="end_of_subscription_term", plan_id=second
    )
    assert len(list(client.subscriptions.fetch_schedule(row.id))) == 2
    client.subscriptions.unschedule_pending_plan_changes(row.id)
    gone = client.subscriptions.cancel(row.id, cancel_option="end_of_subscription_term")
    assert gone.end_date is not None
    assert client.subscriptions.unschedule_cancellation(row.id).end_date is None


def test_the_sdk_moves_credits_and_reads_the_ledger(client: "orb.Orb") -> None:
    customer = client.customers.create(name="Ledger", email="l@ledger.example")
    ledger = client.customers.credits.ledger
    ledger.create_entry(customer.id, entry_type="increment", amount=100)
    taken = ledger.create_entry(customer.id, entry_type="decrement", amount=30)
    assert (taken.starting_balance, taken.ending_balance) == (100, 70)
    kinds = [entry.entry_type for entry in ledger.list(customer.id)]
    assert kinds == ["decrement", "increment"]
    assert [block.balance for block in client.customers.credits.list(customer.id)] == [70]


def test_the_sdk_reads_costs_usage_and_the_upcoming_invoice(client: "orb.Orb") -> None:
    row = next(iter(client.subscriptions.list(status="active")))
    assert client.subscriptions.fetch_costs(row.id, view_mode="periodic").data
    assert client.subscriptions.fetch_usage(row.id).data
    assert client.invoices.fetch_upcoming(subscription_id=row.id).line_items


def test_refusals_reach_the_sdk_as_its_own_errors(client: "orb.Orb", sandbox: Sandbox) -> None:
    with pytest.raises(orb.APIStatusError) as wrong:
        client.customers.create(name="", email="nobody")
    assert type(wrong.value).__name__ == "RequestValidationError"
    with pytest.raises(orb.APIStatusError) as missing:
        client.plans.fetch("nothing")
    assert type(missing.value).__name__ == "ResourceNotFound"
    with pytest.raises(orb.AuthenticationError):
        client.with_options(api_key="wrong").top_level.ping()
    assert sandbox.systems["orb"].state("customer")


def test_a_key_makes_two_calls_of_the_sdk_one(client: "orb.Orb") -> None:
    made = [client.items.create(name="Once", idempotency_key="the-same-key").id for _ in range(2)]
    assert made[0] == made[1]
    with pytest.raises(orb.ConflictError):
        client.items.create(name="Twice", idempotency_key="the-same-key")


def test_the_sdk_verifies_the_signature_of_a_webhook(client: "orb.Orb", sandbox: Sandbox) -> None:
    taken: list[Request] = []

    def take(request: Request) -> Response:
        taken.append(request)
        return Response(200)

    system = sandbox.systems["orb"]
    assert isinstance(system, OrbSystem)
    with HttpServer(take) as server:
        system.edit("webhook_endpoint", "", {"url": server.url})
        client.customers.create(name="Told", email="t@told.example")
        assert system.wait_for_webhooks()
    got = taken[0]
    client.webhooks.verify_signature(got.body.decode(), got.headers, secret=None)
    with pytest.raises(ValueError, match="signature"):
        client.webhooks.verify_signature(got.body.decode() + " ", got.headers, secret=None)
