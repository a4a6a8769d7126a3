"""What moves on the accounts of an independent Aria: invoices, transactions, payments, orders."""

from datetime import date
from decimal import Decimal

from tests.connectors.independent_aria_truth import DAY, NOW, WHOLE, Row
from tests.connectors.independent_dialect import NONE_SUCH

_LINE: Row = {
    "line_item_no": 1,
    "plan_no": 10100,
    "plan_name": "Plan GOLD",
    "service_no": 30100,
    "service_name": "SEATS",
    "amount": Decimal("49.5"),
    "usage_units": None,
    "usage_rate": None,
    "start_date": DAY,
    "end_date": None,
    "master_plan_instance_id": 71001,
    "order_no": NONE_SUCH,
    "client_sku": None,
    "proration_factor": Decimal("0.3333333333"),
}
_INVOICE: Row = {
    "invoice_no": 90001,
    "acct_no": WHOLE,
    "amount": Decimal("49.5"),
    "bill_date": DAY,
    "due_date": date(2026, 3, 31),
    "paid_date": None,
    "from_date": DAY,
    "to_date": None,
    "currency_cd": "eur",
    "balance_forward": Decimal(0),
    "total_due": Decimal("49.5"),
    "last_updated": NOW,
    "aria_statement_no": 75300,
    "acct_statement_seq_str": "S-1",
    "invoice_type_cd": "C",
    "billing_group_no": WHOLE * 10,
    "voiding_event_no": NONE_SUCH,
    "invoice_line_m": [_LINE],
}
_PAYMENT: Row = {
    "payment_id": 99002,
    "acct_no": WHOLE,
    "currency_cd": "eur",
    "payment_date": DAY,
    "amount": Decimal(20),
    "collection_status_cd": None,
    "collection_status_text": "Approved",
    "method": "External",
    "reference_num": "WIRE",
    "last_updated": NOW,
    "voiding_event_no": NONE_SUCH,
}
_REFUND: Row = {
    "aria_event_no": 99004,
    "acct_no": WHOLE,
    "refund_amount": Decimal("1.5"),
    "create_date": DAY,
    "refund_reason_code": 1,
    "currency_cd": "eur",
    "ref_payment_event_no": 99002,
    "refund_transaction_type": 12,
    "refund_is_voided_ind": False,
}
_ORDER: Row = {
    "order_no": 95001,
    "acct_no": WHOLE,
    "invoice_no": NONE_SUCH,
    "create_date": DAY,
    "amount": Decimal(250),
    "currency_cd": "eur",
    "last_updated": NOW,
    "order_status": "Held",
    "po_num": None,
    "order_item": [
        {
            "sku": "SETUP",
            "description": "Setup",
            "units": Decimal(1),
            "unit_price": Decimal(250),
            "subtotal": Decimal(250),
        }
    ],
}


def moved() -> dict[str, list[Row]]:
    """Return the rows of each list of Object Query, by the call's own names (aria.md §2.11)."""
    return {
        "invoice": [dict(_INVOICE)],
        "transaction": [
            _event(99001, 1, "49.5", 90001, "Invoice"),
            _event(99002, 3, "20", 99002, "Payment"),
            _event(99003, 10, "10", 75001, "Credit"),
        ],
        "payment": [dict(_PAYMENT)],
        "refund": [dict(_REFUND)],
        "order": [{**_ORDER, "order_no": 95001 + place} for place in range(3)],
    }


def _event(number: int, kind: int, amount: str, source: int, words: str) -> Row:
    return {
        "aria_event_no": number,
        "transaction_date": NOW,
        "transaction_type": words,
        "transaction_type_no": kind,
        "is_charge_type": kind == 1,
        "type_specific_id": source,
        "acct_no": WHOLE,
        "amount": Decimal(amount),
        "currency_cd": "eur",
        "aria_statement_no": NONE_SUCH,
        "total_amount_applied": Decimal(0),
        "update_date": DAY,
        "void_date": None,
        "fully_applied_date": None,
        "master_plan_instance_no": 71001,
        "related_transaction": [],
    }
