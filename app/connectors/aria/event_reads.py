"""Which event has what read again: data, since Aria's own list has gaps (aria.md §3.5, §3.6)."""

from collections.abc import Iterable

_PLANS = frozenset({
    "plan_instance", "plan_instance_rate", "queued_change", "plan_history", "account_coupon",
    "account_discount",
})  # fmt: skip
_PAYING = frozenset({"payment_method", "billing_group", "contact"})
_ORDERS = frozenset({"order", "order_item"})
_LEDGER = frozenset({"transaction", "invoice", "account"})
_PAID = _LEDGER | {"payment"}
_CREDITED = _LEDGER | {"credit"}
_MONEY = _PAID | _CREDITED | {"invoice_line", "refund", "write_off", "statement"}
_ACCOUNT = _PLANS | _PAYING | {"account", "status_history", "dunning_group", "contract", "comment"}
_CATALOG = frozenset({"plan_set", "plan", "plan_relationship", "service", "rate_schedule", "rate"})
_OFFERS = frozenset({"item", "item_price"})
_NOTHING = frozenset[str]()
_LONGEST = 9  # digits; more are no event id

READS: tuple[tuple[int, int, frozenset[str]], ...] = (
    (701, 701, _ACCOUNT),
    (702, 702, frozenset({"account", "contact"})),
    (703, 703, frozenset({"account"})),
    (704, 705, frozenset({"account", "status_history"})),
    (706, 711, frozenset({"account"})),
    (712, 712, frozenset({"comment"})),
    (713, 713, frozenset({"account"})),
    (714, 717, _PAYING),
    (718, 731, _PLANS),
    (732, 733, frozenset({"contract"})),
    (744, 744, _PLANS | {"dunning_group"}),
    (801, 805, _ORDERS),
    (901, 902, _LEDGER | {"invoice_line", "statement"}),
    (903, 906, _PAID),
    (907, 910, _LEDGER),
    (911, 912, _LEDGER | {"write_off"}),
    (913, 914, _CREDITED),
    (915, 916, _PAID | {"refund"}),
    (917, 918, _LEDGER),
    (919, 920, _CREDITED),
    (921, 951, _MONEY),
    (952, 953, _PAID),
    (954, 955, _MONEY),
    (956, 957, _CREDITED),
    (1001, 1099, _NOTHING),
    (1101, 1199, frozenset({"usage"})),
    (1201, 1210, _CATALOG),
    (1211, 1299, _CATALOG | _OFFERS),
)
"""From and to which event id, and what is read: 1001 upward are messages that were sent."""

_OF_CLASS = {"A": _ACCOUNT, "O": _ORDERS, "T": _MONEY, "P": _CATALOG | _OFFERS, "U": {"usage"}}
"""What is read for an event that is not known, by the letter of its class (§3.4)."""


def reads(event: str, letter: str) -> tuple[frozenset[str], bool]:
    """Return what an event has read again, and whether the event is known."""
    number = int(event) if event.isascii() and event.isdigit() and len(event) <= _LONGEST else 0
    for first, last, entities in READS:
        if first <= number <= last:
            return entities, True
    return frozenset(_OF_CLASS.get(letter[:1].upper(), ())), False


def is_plain(entities: Iterable[str]) -> bool:
    """Return whether nothing follows from a change of these: plans bring charges and new sums."""
    return not (set(entities) - _PAYING - {"account"})


def is_of_catalog(entities: Iterable[str]) -> bool:
    """Return whether what is read is the catalog's, which no account has."""
    return not (set(entities) - _CATALOG - _OFFERS)
