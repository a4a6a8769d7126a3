"""What a type of service means: the flags that Core prints for it (aria.md §2.2, value lists)."""

from app.sandbox.aria.errors import invalid

USAGE_BASED = "Usage-Based"

# type of service -> the flag columns of get_client_plans_all_m that are 1
FLAGS: dict[str, frozenset[str]] = {
    USAGE_BASED: frozenset({"is_usage_based_ind"}),
    "Recurring": frozenset({"is_recurring_ind"}),
    "Recurring Arrears": frozenset({"is_recurring_ind", "is_arrears_ind"}),
    "Activation": frozenset({"is_setup_ind"}),
    "Order-Based": frozenset({"is_order_based_ind"}),
    "Cancellation": frozenset({"is_cancellation_ind"}),
    "Minimum Fee": frozenset({"is_min_fee_ind"}),
}
FLAG_COLUMNS = (
    "is_recurring_ind",
    "is_usage_based_ind",
    "is_tax_ind",
    "is_arrears_ind",
    "is_setup_ind",
    "is_misc_ind",
    "is_donation_ind",
    "is_order_based_ind",
    "is_cancellation_ind",
    "is_min_fee_ind",
)


def flags(service_type: str) -> dict[str, int]:
    """Return every flag column of a service with its 0 or 1."""
    return {column: int(column in FLAGS[service_type]) for column in FLAG_COLUMNS}


def service_type(sent: str, name: str) -> str:
    """Return the type as Aria spells it in answers; "Usage Based" is another spelling.

    Raises:
        AriaError: 1016 for a type that Aria does not have.
    """
    spelled = USAGE_BASED if sent == "Usage Based" else sent
    if spelled not in FLAGS:
        raise invalid(name, f"{sent[:40]} is not one of {', '.join(FLAGS)}")
    return spelled
