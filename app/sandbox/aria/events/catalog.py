"""Event classes and events (aria.md §3.5)."""

from app.sandbox.aria.accounts.ledger import TYPES

ACCOUNTS, ORDERS, FINANCIAL, PRODUCTS = 1, 2, 3, 6
LETTERS = {ACCOUNTS: "A", ORDERS: "O", FINANCIAL: "T", PRODUCTS: "P"}
VERSIONS = {"A": "3.8", "O": "3.0", "T": "3.5", "P": "2.0"}
_LAST_OF_ACCOUNTS, _LAST_OF_ORDERS, _LAST_FINANCIAL = 799, 899, 999

_ACCOUNT_EVENTS = {
    701: "Account Created",
    702: "Admin Contact Modified",
    703: "Authentication Data Modified",
    704: "Status Changed",
    705: "Status Change Queued",
    706: "Supplemental Field Value Added",
    707: "Supplemental Field Value Modified",
    708: "Supplemental Field Value Deleted",
    709: "Parent Assignment Modified",
    710: "Parent Received a Child",
    711: "Child De-Assigned",
    712: "Comment Added",
    713: "Notification Profile Modified",
    714: "Card Expiry Pending",
    715: "New Form of Payment",
    716: "Form of Payment Modified",
    717: "Billing Contact Modified",
    718: "Master Plan Instance Modified",
    719: "Supplemental Plan Instance Modified",
    720: "Master Plan Assignment Queued",
    721: "Supplemental Plan Assignment Queued",
    722: "Master Plan Queued Assignment Removed",
    723: "Supplemental Plan Queued Assignment Removed",
    724: "Master Plan Assigned",
    725: "Supplemental Plan Assigned",
    726: "Master Plan De-Assigned",
    727: "Supplemental Plan De-Assigned",
    728: "Master Plan De-Assignment Queued",
    729: "Supplemental Plan De-Assignment Queued",
    730: "Master Plan Modification Queued",
    731: "Supplemental Plan Modification Queued",
    732: "Contract Expiry Pending",
    744: "Plan Instance Dunning Degrade Date Changed",
}
_ORDER_EVENTS = {
    801: "Order Entered",
    802: "Order Eligible for Fulfilment",
    803: "Order Billed",
    804: "Order Paid",
    805: "Order Cancelled",
}
_FIRST_FINANCIAL, _FIRST_INFERRED, _FIRST_PAIRS = 901, 921, 10


def financial_event(kind: int) -> int:
    """Return the event of a transaction of a type, or of its void (from type 11 on inferred)."""
    number = abs(kind)
    created = _FIRST_FINANCIAL + 2 * (number - 1)
    if number > _FIRST_PAIRS:
        created = _FIRST_INFERRED + 2 * (number - 11)
    return created if kind > 0 else created + 1


EVENTS = {
    **_ACCOUNT_EVENTS,
    **_ORDER_EVENTS,
    **{financial_event(kind): f"{text} Created" for kind, text in TYPES.items()},
    **{financial_event(-kind): f"{text} Voided" for kind, text in TYPES.items()},
}


def class_of(event_id: int) -> int:
    """Return the class of an event."""
    if event_id <= _LAST_OF_ACCOUNTS:
        return ACCOUNTS
    if event_id <= _LAST_OF_ORDERS:
        return ORDERS
    return FINANCIAL if event_id <= _LAST_FINANCIAL else PRODUCTS
