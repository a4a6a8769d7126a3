"""The credit ledger: blocks, and the entries that move credits (orb.md §2.5)."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from app.sandbox.orb.amounts import number, plain
from app.sandbox.orb.world import Row, World, shown

CREDITS = "credits"  # the currency where none is named
_FAR = "9999"


def new_block(world: World, customer: Row, currency: str, values: Mapping[str, Any]) -> Row:
    """Store a block with `amount` credits and what else `values` says, and return it."""
    amount = plain(number(values["amount"]))
    row = {
        "metadata": values.get("metadata") or {},
        "id": world.new_id("credit_block"),
        "balance": amount,
        "effective_date": values.get("effective_date"),
        "expiry_date": values.get("expiry_date"),
        "per_unit_cost_basis": values.get("per_unit_cost_basis"),
        "status": values.get("status", "active"),
        "maximum_initial_balance": amount,
        "filters": values.get("filters") or [],
        "credit_block_source": values.get("source", "manual"),
        "credit_allocation": None,
        "credit_commitment": None,
        "_customer": customer["id"],
        "_currency": currency,
        "_invoices": [],
    }
    world.add("credit_block", row)
    customer.setdefault("_blocks", []).append(row["id"])
    if row["expiry_date"] is not None:
        world.later(row["expiry_date"], "expire_block", row["id"])
    return row


def balance_of(customer: Row, currency: str) -> Decimal:
    """Return the credits that a customer has."""
    return Decimal(customer["_credits"].get(currency, 0))


def post(world: World, block: Row, kind: str, change: Decimal, **values: Any) -> Row:
    """Write an entry about a block: the customer's balance moves by `change`.

    `amount` says what moved where that is not the size of `change`. The block's own balance is
    the caller's business. Returns the entry as Orb shows it.
    """
    customer = world.table("customer")[block["_customer"]]
    currency = block["_currency"]
    start = balance_of(customer, currency)
    customer["_credits"][currency] = start + change
    count = customer.setdefault("_sequences", {})
    count[currency] = count.get(currency, 0) + 1
    amount = values.pop("amount", abs(change))
    row = {
        "metadata": values.pop("metadata", None) or {},
        "id": world.new_id("ledger_entry"),
        "ledger_sequence_number": count[currency],
        "entry_status": "committed",
        "customer": {
            "id": customer["id"],
            "external_customer_id": customer["external_customer_id"],
        },
        "starting_balance": plain(start),
        "ending_balance": plain(start + change),
        "amount": plain(amount),
        "currency": currency,
        "created_at": world.now,
        "description": values.pop("description", None),
        "credit_block": {
            name: block[name] for name in ("id", "expiry_date", "per_unit_cost_basis", "filters")
        },
        "entry_type": kind,
        **values,
        "_customer": customer["id"],
    }
    world.add("ledger_entry", row)
    _watch(world, customer, currency, start, start + change)
    return row


def grant(world: World, customer: Row, currency: str, values: Mapping[str, Any]) -> Row:
    """Open a block with credits, enter it into the ledger, and return the entry."""
    block = new_block(world, customer, currency, values)
    entry = post(
        world,
        block,
        "increment",
        Decimal(0) if block["status"] == "pending_payment" else number(block["balance"]),
        amount=number(block["balance"]),
        description=values.get("description"),
        metadata=values.get("metadata"),
        created_invoices=None,
    )
    if block["status"] == "pending_payment":
        entry["entry_status"] = "pending"
    unit = {"name": currency}
    world.emit(
        "customer.credit_ledger_incremented", customer, block=shown(block), pricing_unit=unit
    )
    return entry


def blocks_of(world: World, customer: Row, currency: str) -> list[Row]:
    """Return the usable blocks, soonest expiring first, of those the cheaper first."""
    rows = world.table("credit_block").rows
    mine = (rows[each] for each in customer.get("_blocks", ()) if each in rows)
    found = [
        block
        for block in mine
        if block["_currency"] == currency
        and block["status"] == "active"
        and (block["effective_date"] is None or block["effective_date"] <= world.now)
        and (block["expiry_date"] is None or block["expiry_date"] > world.now)
    ]
    return sorted(
        found,
        key=lambda each: (each["expiry_date"] or _FAR, number(each["per_unit_cost_basis"] or 0)),
    )


def draw(
    world: World, customer: Row, currency: str, amount: Decimal, **values: Any
) -> Iterator[tuple[Row, Decimal]]:
    """Take credits out of the blocks, an entry for each; yield the entries and what each took."""
    left = amount
    for block in blocks_of(world, customer, currency):
        taken = min(left, number(block["balance"]))
        if taken <= 0:
            continue
        block["balance"] = plain(number(block["balance"]) - taken)
        left -= taken
        yield post(world, block, "decrement", -taken, event_id=None, **values), taken
        if left <= 0:
            return


def overdraw(world: World, customer: Row, currency: str, amount: Decimal, **values: Any) -> Row:
    """Take credits that no block has: the last block, or a new empty one, goes below zero."""
    blocks = blocks_of(world, customer, currency)
    block = blocks[-1] if blocks else new_block(world, customer, currency, {"amount": 0})
    block["balance"] = plain(number(block["balance"]) - amount)
    return post(world, block, "decrement", -amount, event_id=None, **values)


def expire_block(world: World, block_id: str) -> None:
    """Let what is left in a block expire, if it is its time."""
    block = world.table("credit_block").rows.get(block_id)
    if block is None or block["expiry_date"] is None or block["expiry_date"] > world.now:
        return
    left = number(block["balance"])
    if left > 0 and block["status"] == "active":
        block["balance"] = plain(Decimal(0))
        post(world, block, "credit_block_expiry", -left)


def _watch(world: World, customer: Row, currency: str, start: Decimal, end: Decimal) -> None:
    """Set off the customer's alerts on its credit balance and its top-up."""
    for alert in list(world.table("alert").rows.values()):
        mine = alert.get("_customer") == customer["id"] and alert["currency"] == currency
        if not mine or not alert["enabled"] or alert.get("_deleted"):
            continue
        for kind, properties in _crossed(alert, start, end):
            world.emit(
                f"customer.{kind}",
                customer,
                alert_configuration=shown(alert),
                pricing_unit={"name": currency},
                **properties,
            )
    for top_up in world.table("top_up").rows.values():
        if top_up["_customer"] == customer["id"] and top_up["currency"] == currency:
            limit = number(top_up["threshold"])
            if end <= limit < start:
                world.later(max(world.now, top_up["_active_from"]), "top_up", top_up["id"])


def _crossed(alert: Row, start: Decimal, end: Decimal) -> Iterator[tuple[str, Row]]:
    kind = alert["type"]
    if (kind == "credit_balance_depleted" and end <= 0 < start) or (
        kind == "credit_balance_recovered" and start <= 0 < end
    ):
        yield kind, {}
    elif kind == "credit_balance_dropped":
        for threshold in alert["thresholds"] or []:
            limit = number(threshold["value"])
            if end <= limit < start:
                yield kind, {"balance_threshold": threshold["value"]}
