"""Which event type has what read again (orb.md §4): data, since new types come."""

_CUSTOMER = frozenset({"customer"})
_CREDITS = frozenset({"credit_ledger_entry", "customer"})
_SUBSCRIPTION = frozenset({"subscription", "subscription_version"})
_INVOICE = frozenset({"invoice", "invoice_line_item_billing"})
_REVENUE = frozenset({"daily_line_item_revenue"})
_PLAN = frozenset({"plan"})
_NOTHING = frozenset[str]()

_OF_RESOURCE = {
    "customer": _CUSTOMER,
    "payment_method": _CUSTOMER,
    "subscription": _SUBSCRIPTION,
    "invoice": _INVOICE,
    "credit_note": _INVOICE,
    "plan": _PLAN,
    "price": _PLAN,
    "backfill": _REVENUE,
    "billable_metric": _NOTHING,
    "credit_block": _NOTHING,
    "data_exports": _NOTHING,
    "event": _NOTHING,
    "ingestion": _NOTHING,
    "invoice_due_date_recalculation": _NOTHING,
    "metric": _NOTHING,
    "resource_event": _NOTHING,
    "sales_order": _NOTHING,
    "transaction": _NOTHING,
}
"""What is read where the verb makes no difference; a type of another resource is not known."""

_OF_VERB = {
    "accounting_sync_failed": _NOTHING,  # Orb's own sync with a ledger changes no field of ours
    "accounting_sync_succeeded": _NOTHING,
    "alert_disabled": _NOTHING,
    "cost_data_exported": _NOTHING,
    "cost_exceeded": _NOTHING,
    "grouped_cost_exceeded": _NOTHING,
    "license_allocation_reset": _NOTHING,
    "license_balance_threshold_reached": _NOTHING,
    "spend_exceeded": _NOTHING,
    "usage_exceeded": _NOTHING,
    "credit_balance_depleted": _CREDITS,
    "credit_balance_dropped": _CREDITS,
    "credit_balance_recovered": _CREDITS,
    "credit_ledger_incremented": _CREDITS,
    "completed": _INVOICE,  # a recalculation of due dates
    "fixed_fee_quantity_updated": _SUBSCRIPTION | _INVOICE,
    "invoicing_threshold_exceeded": _SUBSCRIPTION | _INVOICE,
    "plan_changed": _SUBSCRIPTION | _INVOICE,
    "plan_version_changed": _SUBSCRIPTION | _INVOICE,
    "issued": _INVOICE | _CREDITS,  # it may draw credits, and move the customer's balance
    "issued_summary": _INVOICE | _CREDITS,
    "manually_marked_as_void": _INVOICE | _CREDITS,
    "marked_as_void": _INVOICE | _CREDITS,
}
"""What is read for these, whatever the resource."""

OF_ALL = _PLAN
"""Entities that are nobody's: an event about them has them read for all."""


def reads(kind: str) -> tuple[frozenset[str], bool]:
    """Return what an event of a type has read again, and whether its resource is known."""
    resource, _, verb = kind.partition(".")
    if resource not in _OF_RESOURCE:
        return _NOTHING, False
    return _OF_VERB.get(verb, _OF_RESOURCE[resource]), True
