"""What an independent Orb holds: one of each resource, by Orb's description (orb.md §2)."""

from copy import deepcopy
from decimal import Decimal
from typing import Any

Row = dict[str, Any]
ADA, BEN = "cUsT0mErAdA0001", "cUsT0mErBeN0002"
FIRST, LOOSE, ENDED = "sUb0000000000001", "sUb0000000000002", "sUb0000000000003"
SEATS, TIERS = "pRiCe00000000001", "pRiCe00000000002"
WHEN = "2026-10-01T07:00:00+00:00"
LONG = "Zweckgemeinschaft für " + "ausführliche Namen & Zeichen " * 6


def small(customer: Row) -> Row:
    return {name: customer[name] for name in ("id", "external_customer_id")}


def customer(key: str, created: str, **more: Any) -> Row:
    return {
        "id": key,
        "external_customer_id": None,
        "name": LONG,
        "email": "ap@example.com",
        "timezone": "America/Los_Angeles",
        "payment_provider": None,
        "payment_provider_id": None,
        "created_at": created,
        "shipping_address": None,
        "billing_address": None,
        "balance": "0.00",
        "currency": None,
        "tax_id": None,
        "auto_collection": True,
        "exempt_from_automated_tax": None,
        "email_delivery": True,
        "auto_issuance": None,
        "additional_emails": [],
        "portal_url": None,
        "hierarchy": {"parent": None, "children": []},
        "metadata": {},
        **more,
    }


def price(key: str, model: str, config: Row, **more: Any) -> Row:
    return {
        "id": key,
        "name": f"Price {model}",
        "model_type": model,
        f"{model}_config": config,
        "external_price_id": None,
        "replaces_price_id": None,
        "price_type": "usage_price",
        "created_at": WHEN,
        "cadence": "monthly",
        "billing_mode": "in_arrear",
        "billing_cycle_configuration": {"duration": 1, "duration_unit": "month"},
        "invoicing_cycle_configuration": None,
        "billable_metric": {"id": "mEtRiC1"},
        "fixed_price_quantity": None,
        "plan_phase_order": None,
        "currency": "USD",
        "conversion_rate": None,
        "conversion_rate_config": None,
        "item": {"id": "iTeM1", "name": "Calls"},
        "credit_allocation": None,
        "composite_price_filters": None,
        "invoice_grouping_key": None,
        "discount": None,
        "minimum": None,
        "minimum_amount": None,
        "maximum": None,
        "maximum_amount": None,
        "metadata": {},
        **more,
    }


def prices() -> list[Row]:
    tiers = [
        {"first_unit": Decimal(0), "last_unit": Decimal(10), "unit_amount": "1.50"},
        {"first_unit": Decimal(10), "last_unit": None, "unit_amount": "0.00000000125"},
    ]
    return [
        price(SEATS, "unit", {"unit_amount": "12.5"}),
        price(TIERS, "tiered", {"tiers": tiers}),
    ]


def plan(key: str, created: str, **more: Any) -> Row:
    return {
        "id": key,
        "name": f"Plan {key}",
        "description": "",
        "created_at": created,
        "status": "active",
        "version": 1,
        "product": {"id": "pRoD1", "name": "Cloud", "created_at": WHEN},
        "trial_config": {"trial_period": None, "trial_period_unit": "days"},
        "plan_phases": None,
        "base_plan": None,
        "base_plan_id": None,
        "external_plan_id": None,
        "currency": "USD",
        "invoicing_currency": "USD",
        "net_terms": None,
        "default_invoice_memo": None,
        "prices": prices(),
        "adjustments": [],
        "discount": None,
        "minimum": None,
        "minimum_amount": None,
        "maximum": None,
        "maximum_amount": None,
        "metadata": {"a": "ü/\"'"},
        **more,
    }


def subscription(key: str, created: str, owner: Row, held: Row | None, **more: Any) -> Row:
    return {
        "id": key,
        "customer": owner,
        "plan": held,
        "name": f"Subscription {key}",
        "start_date": WHEN,
        "end_date": None,
        "created_at": created,
        "current_billing_period_start_date": WHEN,
        "current_billing_period_end_date": None,
        "status": "active",
        "trial_info": {"end_date": None},
        "active_plan_phase_order": None,
        "fixed_fee_quantity_schedule": [],
        "default_invoice_memo": None,
        "auto_collection": None,
        "auto_issuance": None,
        "net_terms": 30,
        "redeemed_coupon": None,
        "billing_cycle_day": 1,
        "billing_cycle_anchor_configuration": {"day": 1},
        "invoicing_threshold": None,
        "price_intervals": [],
        "adjustment_intervals": [],
        "discount_intervals": [],
        "minimum_intervals": [],
        "maximum_intervals": [],
        "pending_subscription_change": None,
        "metadata": {},
        **more,
    }


def line(key: str, sold: Row) -> Row:
    return {
        "id": key,
        "name": sold["name"],
        "amount": "25.00",
        "quantity": Decimal(2),
        "start_date": WHEN,
        "end_date": "2026-10-03T07:00:00+00:00",
        "grouping": None,
        "adjustments": [],
        "subtotal": "25.00",
        "adjusted_subtotal": "25.00",
        "credits_applied": "0.00",
        "partially_invoiced_amount": "0.00",
        "sub_line_items": [],
        "tax_amounts": [
            {"tax_rate_description": "VAT", "tax_rate_percentage": "8.1", "amount": "2.03"},
            {"tax_rate_description": "City", "tax_rate_percentage": None, "amount": "0.1"},
        ],
        "price": sold,
        "usage_customer_ids": None,
        "filter": None,
    }


_NO_TIMES = dict.fromkeys(
    (
        *("voided_at", "paid_at", "issued_at", "scheduled_issue_at", "issue_failed_at"),
        *("sync_failed_at", "payment_failed_at", "payment_started_at", "eligible_to_issue_at"),
    )
)
_NOTHING_MORE = dict.fromkeys(
    (
        *("shipping_address", "billing_address", "hosted_invoice_url", "invoice_pdf", "memo"),
        *("customer_tax_id", "discount", "minimum", "minimum_amount", "maximum"),
        *("maximum_amount", "due_date"),
    )
)


def invoice(number: int, status: str, owner: Row, held: str | None, lines: list[Row]) -> Row:
    return {
        **_NO_TIMES,
        **_NOTHING_MORE,
        "id": f"iNvOiCe{number:08}",
        "invoice_number": f"ORB-{number}",
        "status": status,
        "invoice_source": "one_off" if held is None else "subscription",
        "auto_collection": {
            "enabled": None,
            "next_attempt_at": None,
            "previously_attempted_at": None,
            "num_attempts": None,
        },
        "amount_due": "25.00",
        "created_at": f"2026-10-{number:02}T08:00:00+00:00",
        "invoice_date": f"2026-10-{number:02}T07:00:00+00:00",
        "currency": "USD",
        "customer": small(owner),
        "subscription": None if held is None else {"id": held},
        "subtotal": "25.00",
        "total": "12345678901.12345678901234567890",
        "customer_balance_transactions": [],
        "will_auto_issue": False,
        "credit_notes": [],
        "payment_attempts": [],
        "discounts": [],
        "line_items": lines,
        "metadata": {},
    }


def entry(number: int, owner: Row, currency: str, **more: Any) -> Row:
    return {
        "id": f"eNtRy{number:08}",
        "ledger_sequence_number": number,
        "entry_status": "committed",
        "entry_type": "increment",
        "customer": small(owner),
        "starting_balance": Decimal(0),
        "ending_balance": Decimal("10.5"),
        "amount": Decimal("10.5"),
        "currency": currency,
        "created_at": f"2026-10-{number:02}T09:00:00+00:00",
        "description": None,
        "credit_block": {
            "id": "bLoCk1",
            "expiry_date": None,
            "per_unit_cost_basis": None,
            "filters": [],
        },
        "metadata": {},
        **more,
    }


def truth() -> dict[str, list[Row]]:
    """Return all resources by the name of their list, newest first."""
    address = dict.fromkeys(("line1", "line2", "city", "state", "postal_code", "country"))
    ada = customer(
        ADA,
        "2026-10-02T10:00:00+00:00",
        external_customer_id="ACC/1 ü",
        currency="USD",
        billing_address={**address, "city": "Zürich", "country": "CH"},
        metadata={"sf": "001"},
        payment_provider="stripe_charge",
        payment_provider_id="cus_1",
    )
    ben = customer(BEN, "2026-10-01T10:00:00+00:00", timezone="UTC")
    ben["hierarchy"]["parent"] = small(ada)
    gold = plan("pLaN1", "2026-09-02T10:00:00+00:00", external_plan_id="gold")
    unit = plan("pLaN2", "2026-09-01T10:00:00+00:00", currency="tokens", status="archived")
    seats, tiers = prices()
    first = subscription(
        FIRST, "2026-10-03T10:00:00+00:00", ada, gold, invoicing_threshold="100.50"
    )
    loose = subscription(LOOSE, "2026-10-02T10:00:00+00:00", ben, None, status="upcoming")
    ended = subscription(
        ENDED,
        "2026-10-01T10:00:00+00:00",
        ben,
        unit,
        status="ended",
        end_date="2026-10-05T00:00:00+00:00",
    )
    paid = invoice(2, "paid", ada, FIRST, [line("lInE2", seats), line("lInE3", tiers)])
    paid |= {"paid_at": "2026-10-04T07:00:00+00:00", "issued_at": WHEN}
    spent = {"entry_type": "decrement", "price_id": SEATS, "invoice_id": paid["id"]}
    return deepcopy(
        {
            "customers": [ada, ben],
            "plans": [gold, unit],
            "subscriptions": [first, loose, ended],
            "invoices": [
                invoice(5, "draft", ada, FIRST, [line("lInE9", seats)]),
                invoice(4, "void", ada, FIRST, []),
                invoice(3, "issued", ben, None, [line("lInE1", seats)]),
                paid,
            ],
            "ledger": [
                entry(3, ada, "tokens"),
                entry(2, ada, "credits", **spent),
                entry(1, ada, "credits"),
            ],
        }
    )
